/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What Rust calls memcpy, memmove and memset on Arm: "Run-time ABI for the Arm Architecture",
 * section 5.3.4. Weak, for C libraries that have them.
 */
#include <string.h>

#include <zephyr/toolchain.h>

#define COPY(suffix)                                                                               \
	__weak void __aeabi_memcpy##suffix(void *to, const void *from, size_t length)              \
	{                                                                                          \
		memcpy(to, from, length);                                                          \
	}                                                                                          \
	__weak void __aeabi_memmove##suffix(void *to, const void *from, size_t length)             \
	{                                                                                          \
		memmove(to, from, length);                                                         \
	}                                                                                          \
	__weak void __aeabi_memset##suffix(void *to, size_t length, int byte)                      \
	{                                                                                          \
		memset(to, byte, length);                                                          \
	}                                                                                          \
	__weak void __aeabi_memclr##suffix(void *to, size_t length)                                \
	{                                                                                          \
		memset(to, 0, length);                                                             \
	}

/* For any address, and for those that are multiples of 4 and of 8. */
COPY()
COPY(4)
COPY(8)
