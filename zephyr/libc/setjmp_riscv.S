/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#if __riscv_xlen == 64
#define STORE sd
#define LOAD  ld
#define W     8
#else
#define STORE sw
#define LOAD  lw
#define W     4
#endif

	.section .text.edgerm_setjmp, "ax", %progbits
	.global edgerm_setjmp
	.type edgerm_setjmp, %function
edgerm_setjmp:
	STORE s0, 0*W(a0)
	STORE s1, 1*W(a0)
	STORE s2, 2*W(a0)
	STORE s3, 3*W(a0)
	STORE s4, 4*W(a0)
	STORE s5, 5*W(a0)
	STORE s6, 6*W(a0)
	STORE s7, 7*W(a0)
	STORE s8, 8*W(a0)
	STORE s9, 9*W(a0)
	STORE s10, 10*W(a0)
	STORE s11, 11*W(a0)
	STORE sp, 12*W(a0)
	STORE ra, 13*W(a0)
	li a0, 0
	ret
	.size edgerm_setjmp, . - edgerm_setjmp

	.section .text.edgerm_longjmp, "ax", %progbits
	.global edgerm_longjmp
	.type edgerm_longjmp, %function
edgerm_longjmp:
	LOAD s0, 0*W(a0)
	LOAD s1, 1*W(a0)
	LOAD s2, 2*W(a0)
	LOAD s3, 3*W(a0)
	LOAD s4, 4*W(a0)
	LOAD s5, 5*W(a0)
	LOAD s6, 6*W(a0)
	LOAD s7, 7*W(a0)
	LOAD s8, 8*W(a0)
	LOAD s9, 9*W(a0)
	LOAD s10, 10*W(a0)
	LOAD s11, 11*W(a0)
	LOAD sp, 12*W(a0)
	LOAD ra, 13*W(a0)
	seqz a0, a1
	add a0, a0, a1
	ret
	.size edgerm_longjmp, . - edgerm_longjmp
