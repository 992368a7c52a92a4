/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Records, in settings that are in flash.
 */
#include <errno.h>
#include <string.h>

#include <zephyr/settings/settings.h>
#include <zephyr/ztest.h>

#include "glue.h"

static uint8_t buffer[256];

static void *init(void)
{
	zassert_ok(edgerm_settings_init());
	return NULL;
}

ZTEST_SUITE(records, NULL, init, NULL, NULL, NULL);

static void assert_reads(uint32_t key, const char *expected)
{
	const int length = strlen(expected);

	zassert_equal(edgerm_record_read(key, buffer, sizeof(buffer)), length);
	zassert_mem_equal(buffer, expected, length);
}

static void write(uint32_t key, const char *record)
{
	zassert_ok(edgerm_record_write(key, (const uint8_t *)record, strlen(record)));
}

ZTEST(records, test_a_record_that_was_not_written_is_not_there)
{
	zassert_equal(edgerm_record_read(4711, buffer, sizeof(buffer)), -ENOENT);
	zassert_ok(edgerm_record_erase(4711));
}

ZTEST(records, test_what_is_written_last_is_read)
{
	write(1, "first");
	write(1, "the second one");
	assert_reads(1, "the second one");
}

ZTEST(records, test_an_erased_record_is_gone_and_others_stay)
{
	write(2, "two");
	write(23, "twenty-three");
	zassert_ok(edgerm_record_erase(2));
	zassert_equal(edgerm_record_read(2, buffer, sizeof(buffer)), -ENOENT);
	assert_reads(23, "twenty-three");
	write(2, "again");
	assert_reads(2, "again");
}

ZTEST(records, test_every_key_is_one)
{
	write(UINT32_MAX, "last");
	write(0, "zero");
	assert_reads(UINT32_MAX, "last");
	assert_reads(0, "zero");
}

ZTEST(records, test_a_record_that_does_not_fit_is_refused_whole)
{
	write(3, "three");
	memset(buffer, 0xaa, sizeof(buffer));
	zassert_equal(edgerm_record_read(3, buffer, 4), -ENOMEM);
	zassert_equal(buffer[0], 0xaa);
	zassert_equal(edgerm_record_read(3, buffer, 5), 5);
}

/* What the firmware keeps below a record's name is none of the agent's. */
ZTEST(records, test_settings_below_a_record_are_not_it)
{
	zassert_ok(settings_save_one("edgerm/5/of/the/firmware", "x", 1));
	zassert_equal(edgerm_record_read(5, buffer, sizeof(buffer)), -ENOENT);
}

/* As often as flash is erased many times over. */
ZTEST(records, test_flash_is_used_again)
{
	char record[128];

	memset(record, 'r', sizeof(record));
	for (unsigned int i = 0; i < 500; ++i) {
		record[0] = 'a' + i % 26;
		zassert_ok(edgerm_record_write(6, (const uint8_t *)record, sizeof(record)), "%u", i);
	}
	zassert_equal(edgerm_record_read(6, buffer, sizeof(buffer)), (int)sizeof(record));
	zassert_mem_equal(buffer, record, sizeof(record));
}
