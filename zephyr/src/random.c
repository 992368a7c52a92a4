/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Entropy: of the hardware or, where Kconfig chose so, of Zephyr's generator for tests.
 */
#include <zephyr/drivers/entropy.h>

#include "compat.h"
#include "glue.h"

#if !defined(CONFIG_ENTROPY_HAS_DRIVER) && !defined(CONFIG_TEST_RANDOM_GENERATOR)
#error "this board has no source of entropy, so its node stays out of any cluster; for tests\
 alone, CONFIG_TEST_RANDOM_GENERATOR=y chooses a generator that anybody can foretell"
#endif

/* The fake of native_sim is a driver as any other, and its readings are known. */
#define IS_FAKE                                                                                    \
	(IS_ENABLED(CONFIG_TEST_RANDOM_GENERATOR) || IS_ENABLED(CONFIG_FAKE_ENTROPY_NATIVE_POSIX) ||  \
	 IS_ENABLED(CONFIG_FAKE_ENTROPY_NATIVE_SIM))

bool edgerm_random_is_for_tests(void)
{
	return IS_FAKE;
}

int edgerm_random(uint8_t *bytes, size_t length)
{
#if DT_HAS_CHOSEN(zephyr_entropy)
	const struct device *entropy = DEVICE_DT_GET(DT_CHOSEN(zephyr_entropy));

	if (!device_is_ready(entropy)) {
		return -ENODEV;
	}
	return entropy_get_entropy(entropy, bytes, length);
#else
	sys_rand_get(bytes, length);
	return 0;
#endif
}
