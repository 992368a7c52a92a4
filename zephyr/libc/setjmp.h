/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * setjmp for Zephyr's minimal libc, which has none: what a function must leave as it was, of the
 * procedure call standards of Arm and RISC-V, without floating point.
 */
#ifndef EDGERM_SETJMP_H
#define EDGERM_SETJMP_H

#if defined(__arm__)
typedef unsigned long jmp_buf[10]; /* r4 to r11, sp, lr */
#elif defined(__riscv)
typedef unsigned long jmp_buf[14]; /* s0 to s11, sp, ra */
#else
#error "the minimal libc has no setjmp for this processor: choose another libc"
#endif

int edgerm_setjmp(jmp_buf) __attribute__((returns_twice));
void edgerm_longjmp(jmp_buf, int) __attribute__((noreturn));
#define setjmp  edgerm_setjmp
#define longjmp edgerm_longjmp

#endif
