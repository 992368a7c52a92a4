/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Devices that the firmware registers.
 */
#include <errno.h>

#include <zephyr/ztest.h>

#include <edgerm.h>

#define LONGEST "a label that has just 32 bytes.."

BUILD_ASSERT(sizeof(LONGEST) - 1 == 32);

static int read_nothing(int64_t *micro, void *user)
{
	ARG_UNUSED(user);
	*micro = 0;
	return 0;
}

static int write_nothing(int64_t micro, void *user)
{
	ARG_UNUSED(micro);
	ARG_UNUSED(user);
	return 0;
}

/* Registered before main() by its macro. */
EDGERM_SENSOR_DEFINE(at_start, "at_start", "distance", read_nothing, NULL);
EDGERM_ACTUATOR_DEFINE(valve_at_start, "valve_at_start", "valve", write_nothing, NULL);

ZTEST_SUITE(devices, NULL, NULL, NULL, NULL, NULL);

ZTEST(devices, test_macros_have_registered)
{
	zassert_equal(edgerm_device_register(&at_start), -EALREADY);
	zassert_equal(at_start.access, EDGERM_SHARED);
	zassert_equal(edgerm_device_register(&valve_at_start), -EALREADY);
	zassert_equal(valve_at_start.access, EDGERM_EXCLUSIVE);
}

ZTEST(devices, test_twice_is_once)
{
	static struct edgerm_device sensor = {
		.label = "twice",
		.kind = "distance",
		.read = read_nothing,
	};

	zassert_ok(edgerm_device_register(&sensor));
	zassert_equal(edgerm_device_register(&sensor), -EALREADY);
}

ZTEST(devices, test_a_device_is_a_sensor_or_an_actuator)
{
	struct edgerm_device neither = {.label = "neither", .kind = "relay"};
	struct edgerm_device both = {
		.label = "both",
		.kind = "relay",
		.read = read_nothing,
		.write = write_nothing,
	};

	zassert_equal(edgerm_device_register(&neither), -EINVAL);
	zassert_equal(edgerm_device_register(&both), -EINVAL);
	zassert_equal(edgerm_device_register(NULL), -EINVAL);
}

/* In UTF-8 a control character may be two bytes: U+0085. */
ZTEST(devices, test_a_text_has_1_to_32_bytes_and_no_control_character)
{
	static const char *const no_texts[] = {
		NULL, "", LONGEST ".", "\xff\xfe", "two\nlines", "\x1b[2J", "\x7f", "\xc2\x85",
	};
	static struct edgerm_device longest = {
		.label = LONGEST,
		.kind = LONGEST,
		.read = read_nothing,
	};
	static struct edgerm_device not_ascii = {
		.label = "K\xc3\xbc" "che",
		.kind = "distance",
		.read = read_nothing,
	};

	for (size_t i = 0; i < ARRAY_SIZE(no_texts); ++i) {
		struct edgerm_device label = {
			.label = no_texts[i],
			.kind = "distance",
			.read = read_nothing,
		};
		struct edgerm_device kind = {
			.label = "kind",
			.kind = no_texts[i],
			.read = read_nothing,
		};

		zassert_equal(edgerm_device_register(&label), -EINVAL, "label %zu", i);
		zassert_equal(edgerm_device_register(&kind), -EINVAL, "kind %zu", i);
	}
	zassert_ok(edgerm_device_register(&longest));
	zassert_ok(edgerm_device_register(&not_ascii));
}
