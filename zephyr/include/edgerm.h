/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * EdgeRM for authors of firmware.
 *
 * The agent starts with edgerm_start(), or by itself with CONFIG_EDGERM_AUTOSTART, and has a
 * thread of its own, on which every callback below is called: they are to return soon. Sensors
 * and actuators of the devicetree are offered without a word here.
 *
 *     static int read_level(int64_t *micro, void *user)
 *     {
 *             *micro = 1000000LL * tank_level_m();
 *             return 0;
 *     }
 *     EDGERM_SENSOR_DEFINE(tank, "tank", "distance", read_level, NULL);
 */
#ifndef EDGERM_H
#define EDGERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zephyr/init.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How many tasks may use a device at once. */
enum edgerm_access {
	EDGERM_SHARED = 0,    /**< Any number. */
	EDGERM_EXCLUSIVE = 1, /**< One. */
};

/** Reads a sensor: 0 and a value in millionths of the unit of its kind, or a negative errno. */
typedef int (*edgerm_read_fn)(int64_t *micro, void *user);

/**
 * Writes an actuator: a value in millionths of the unit of its kind. 0, -EINVAL for a value that
 * it does not have, or another negative errno.
 */
typedef int (*edgerm_write_fn)(int64_t micro, void *user);

/**
 * A sensor or actuator of the firmware's own. It stays where it is from its registration on, and
 * so do its texts. Exactly one of `read` and `write` is set: it is a sensor or an actuator. Names
 * are 1 to 32 bytes of UTF-8 without control characters.
 */
struct edgerm_device {
	const char *label;         /**< What it is called: a name, its own on the node. */
	const char *kind;          /**< What it measures or moves: a name of docs/resources.md. */
	enum edgerm_access access; /**< How many tasks may use it at once. */
	edgerm_read_fn read;       /**< Of a sensor. */
	edgerm_write_fn write;     /**< Of an actuator. */
	void *user;                /**< What its function is called with. */
	struct edgerm_device *next; /**< The agent's. */
};

/**
 * Something true of the node, besides what the agent tells by itself: `text`, or `number` where
 * that is NULL. It stays where it is from edgerm_attribute_add() on. Both texts are UTF-8 without
 * control characters.
 */
struct edgerm_attribute {
	const char *name; /**< 1 to 32 bytes, its own on the node. */
	const char *text; /**< 1 to 64 bytes, or NULL. */
	uint64_t number;
	struct edgerm_attribute *next; /**< The agent's. */
};

/** What happened, for edgerm_hook(). */
enum edgerm_event {
	EDGERM_REGISTERED = 1,  /**< The master knows the node. */
	EDGERM_REFUSED = 2,     /**< The master does not want it, for now. */
	EDGERM_TASK_STARTED = 3,
	EDGERM_TASK_REFUSED = 4, /**< A task cannot run here. */
	EDGERM_TASK_ENDED = 5,
	EDGERM_STOPPED = 6, /**< As edgerm_stop() asked. */
};

/** Told what happened, and the task where it happened to one, else 0. */
typedef void (*edgerm_hook_fn)(enum edgerm_event event, uint64_t task, void *user);

/** How the agent fares. */
struct edgerm_state {
	bool running;    /**< It was started, and has not stopped. */
	bool registered; /**< The master knows it. */
	uint64_t agent;  /**< By this id, while it does. */
	uint32_t tasks;  /**< Tasks that have not ended. */
};

/**
 * Starts the agent.
 *
 * @return 0, -EALREADY where it runs, or another negative errno; the log tells more.
 */
int edgerm_start(void);

/**
 * Ends all tasks, tells the master, and stops the agent: EDGERM_STOPPED follows. It can be
 * started again.
 *
 * @return 0, or -EALREADY where it does not run.
 */
int edgerm_stop(void);

/**
 * Keeps the credential that the node proves itself with, before edgerm_start(), with
 * CONFIG_EDGERM_SECURITY_SETTINGS: the 29 bytes that `edgerm enroll NAME --form settings` wrote.
 * They are in the flash of the settings, as they are. With NULL, forgets it.
 *
 * @return 0, -EINVAL where they are not as many, or what the settings say.
 */
int edgerm_credential_set(const uint8_t *credential, size_t length);

/** Tells how the agent fares. */
void edgerm_state(struct edgerm_state *state);

/**
 * Offers a sensor or actuator, before or after edgerm_start().
 *
 * @return 0, -EINVAL where its label or kind is no name or has a control character, or it is not
 *         just one of a sensor and an actuator, or -EALREADY where it is registered.
 */
int edgerm_device_register(struct edgerm_device *device);

/**
 * Tells something true of the node, before or after edgerm_start().
 *
 * @return 0, -EINVAL where its texts are too long, none, or have a control character, or -EALREADY
 *         where it is added.
 */
int edgerm_attribute_add(struct edgerm_attribute *attribute);

/** Has `hook` told what happens, in the place of an earlier one; NULL: nobody. */
void edgerm_hook(edgerm_hook_fn hook, void *user);

#define EDGERM_DEVICE_REGISTER(_name)                                                              \
	static int edgerm_register_##_name(void)                                                   \
	{                                                                                          \
		return edgerm_device_register(&_name);                                             \
	}                                                                                          \
	SYS_INIT(edgerm_register_##_name, APPLICATION, CONFIG_APPLICATION_INIT_PRIORITY)

/** Defines a sensor that any number of tasks may read, and registers it when the system starts. */
#define EDGERM_SENSOR_DEFINE(_name, _label, _kind, _read, _user)                                   \
	static struct edgerm_device _name = {                                                      \
		.label = _label,                                                                   \
		.kind = _kind,                                                                     \
		.access = EDGERM_SHARED,                                                           \
		.read = _read,                                                                     \
		.user = _user,                                                                     \
	};                                                                                         \
	EDGERM_DEVICE_REGISTER(_name)

/** Defines an actuator for one task at a time, and registers it when the system starts. */
#define EDGERM_ACTUATOR_DEFINE(_name, _label, _kind, _write, _user)                                \
	static struct edgerm_device _name = {                                                      \
		.label = _label,                                                                   \
		.kind = _kind,                                                                     \
		.access = EDGERM_EXCLUSIVE,                                                        \
		.write = _write,                                                                   \
		.user = _user,                                                                     \
	};                                                                                         \
	EDGERM_DEVICE_REGISTER(_name)

#ifdef __cplusplus
}
#endif

#endif
