/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * In the instructions that every Cortex-M has.
 */
	.syntax unified
	.thumb

	.section .text.edgerm_setjmp, "ax", %progbits
	.global edgerm_setjmp
	.type edgerm_setjmp, %function
	.thumb_func
edgerm_setjmp:
	stmia r0!, {r4-r7}
	mov r1, r8
	mov r2, r9
	mov r3, r10
	stmia r0!, {r1-r3}
	mov r1, r11
	mov r2, sp
	mov r3, lr
	stmia r0!, {r1-r3}
	movs r0, #0
	bx lr
	.size edgerm_setjmp, . - edgerm_setjmp

	.section .text.edgerm_longjmp, "ax", %progbits
	.global edgerm_longjmp
	.type edgerm_longjmp, %function
	.thumb_func
edgerm_longjmp:
	mov r12, r1
	adds r0, #16
	ldmia r0!, {r1-r3}
	mov r8, r1
	mov r9, r2
	mov r10, r3
	ldmia r0!, {r1-r3}
	mov r11, r1
	mov sp, r2
	mov lr, r3
	subs r0, #40
	ldmia r0!, {r4-r7}
	mov r0, r12
	cmp r0, #0
	bne 1f
	movs r0, #1
1:
	bx lr
	.size edgerm_longjmp, . - edgerm_longjmp
