/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What is read of Zephyr's settings.
 */
#include <errno.h>

#include <zephyr/settings/settings.h>

#include "glue.h"

struct reading {
	uint8_t *buffer;
	size_t capacity;
	int length; /* -ENOENT until it is found. */
};

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

int edgerm_settings_init(void)
{
	return settings_subsys_init();
}

int edgerm_setting_read(const char *name, uint8_t *buffer, size_t capacity)
{
	struct reading reading = {.buffer = buffer, .capacity = capacity, .length = -ENOENT};
	int error = settings_load_subtree_direct(name, load, &reading);

	return error ? error : reading.length;
}

#ifdef CONFIG_EDGERM_SECURITY_SETTINGS
/* A form, a key id, a secret and a salt: Credential::LENGTH of the crate edgerm-coap. */
#define CREDENTIAL_LENGTH 29
#define CREDENTIAL_NAME   "edgerm/credential"

int edgerm_credential_read(uint8_t *buffer, size_t capacity)
{
	return edgerm_setting_read(CREDENTIAL_NAME, buffer, capacity);
}

int edgerm_credential_set(const uint8_t *credential, size_t length)
{
	int error = edgerm_settings_init();

	if (error) {
		return error;
	}
	if (!credential) {
		return settings_delete(CREDENTIAL_NAME);
	}
	if (length != CREDENTIAL_LENGTH) {
		return -EINVAL;
	}
	return settings_save_one(CREDENTIAL_NAME, credential, length);
}
#endif
