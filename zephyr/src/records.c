/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Records in Zephyr's settings, under edgerm/KEY.
 */
#include <zephyr/settings/settings.h>
#include <zephyr/sys/printk.h>

#include "glue.h"

#define TREE     "edgerm"
#define RECORD_NAME_SIZE sizeof(TREE "/4294967295")

static void name_of(uint32_t key, char *name)
{
	snprintk(name, RECORD_NAME_SIZE, TREE "/%u", key);
}

int edgerm_record_read(uint32_t key, uint8_t *buffer, size_t capacity)
{
	char name[RECORD_NAME_SIZE];

	name_of(key, name);
	return edgerm_setting_read(name, buffer, capacity);
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
