/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Attributes that the firmware adds.
 */
#include <errno.h>

#include <zephyr/ztest.h>

#include <edgerm.h>

#define BYTES_16 "0123456789abcdef"
#define BYTES_32 BYTES_16 BYTES_16
#define BYTES_64 BYTES_32 BYTES_32

ZTEST_SUITE(attributes, NULL, NULL, NULL, NULL, NULL);

ZTEST(attributes, test_texts_and_numbers_are_told)
{
	static struct edgerm_attribute text = {.name = BYTES_32, .text = BYTES_64};
	static struct edgerm_attribute number = {.name = "floor", .number = UINT64_MAX};

	zassert_ok(edgerm_attribute_add(&text));
	zassert_ok(edgerm_attribute_add(&number));
	zassert_equal(edgerm_attribute_add(&text), -EALREADY);
	zassert_equal(edgerm_attribute_add(&number), -EALREADY);
}

ZTEST(attributes, test_a_name_has_1_to_32_bytes)
{
	static const char *const no_names[] = {NULL, "", BYTES_32 ".", "\xff", "a\tb"};

	for (size_t i = 0; i < ARRAY_SIZE(no_names); ++i) {
		struct edgerm_attribute attribute = {.name = no_names[i]};

		zassert_equal(edgerm_attribute_add(&attribute), -EINVAL, "name %zu", i);
	}
	zassert_equal(edgerm_attribute_add(NULL), -EINVAL);
}

ZTEST(attributes, test_a_text_has_1_to_64_bytes)
{
	static const char *const no_texts[] = {"", BYTES_64 ".", "\xff", "a\tb"};

	for (size_t i = 0; i < ARRAY_SIZE(no_texts); ++i) {
		struct edgerm_attribute attribute = {.name = "text", .text = no_texts[i]};

		zassert_equal(edgerm_attribute_add(&attribute), -EINVAL, "text %zu", i);
	}
}
