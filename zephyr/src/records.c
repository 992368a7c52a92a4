/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Records in Zephyr's settings, under edgerm/KEY.
 */
#include <errno.h>

#include <zephyr/settings/settings.h>
#include <zephyr/sys/printk.h>

#include "glue.h"

#define TREE     "edgerm"
#define RECORD_NAME_SIZE sizeof(TREE "/4294967295")

struct reading {
	uint8_t *buffer;
	size_t capacity;
	int length; /* -ENOENT until it is found. */
};

static void name_of(uint32_t key, char *name)
{
	snprintk(name, RECORD_NAME_SIZE, TREE "/%u", key);
}

static int load(const char *key, size_t length, settings_read_cb read_cb, void *cb_arg, void *param)
{
	struct reading *reading = param;

	/* What is below the name asked for is none of ours. */
	if (settings_name_next(key, NULL) != 0) {
		return 0;
	}
	if (length > reading->capacity) {
		reading->length = -ENOMEM;
		return 0;
	}
	reading->length = (int)read_cb(cb_arg, reading->buffer, length);
	return 0;
}

int edgerm_records_init(void)
{
	return settings_subsys_init();
}

int edgerm_record_read(uint32_t key, uint8_t *buffer, size_t capacity)
{
	struct reading reading = {.buffer = buffer, .capacity = capacity, .length = -ENOENT};
	char name[RECORD_NAME_SIZE];

	name_of(key, name);
	int error = settings_load_subtree_direct(name, load, &reading);

	return error ? error : reading.length;
}

int edgerm_record_write(uint32_t key, const uint8_t *record, size_t length)
{
	char name[RECORD_NAME_SIZE];

	name_of(key, name);
	return settings_save_one(name, record, length);
}

int edgerm_record_erase(uint32_t key)
{
	char name[RECORD_NAME_SIZE];

	name_of(key, name);
	return settings_delete(name);
}
