/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What an EdgeRM task may call, version 1.0. Written by `cargo xtask host-api` out of task-abi/src/table.rs. */
#ifndef EDGERM_TASK_H
#define EDGERM_TASK_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The task: define it. What it returns is the exit code; 0 is success. */
int32_t _start(void);

/* What a call returns where it fails. */
#define EDGERM_ERROR_NOT_PERMITTED (-1) /* the launch did not grant the permission, or not this device */
#define EDGERM_ERROR_NOT_FOUND (-2) /* nothing has this name */
#define EDGERM_ERROR_INVALID_ARGUMENT (-3) /* text that is no UTF-8, an empty name, a handle or a level that does not exist */
#define EDGERM_ERROR_OUT_OF_BOUNDS (-4) /* a pointer and its length reach beyond the task's memory */
#define EDGERM_ERROR_BUFFER_TOO_SMALL (-5) /* the result is longer than the buffer; nothing was written, nothing is lost */
#define EDGERM_ERROR_TOO_LONG (-6) /* a name, a value or a payload is longer than its limit */
#define EDGERM_ERROR_TOO_MANY (-7) /* the node holds as many of these as it can */
#define EDGERM_ERROR_TIMED_OUT (-8) /* it did not happen in the time given */
#define EDGERM_ERROR_NOT_SUPPORTED (-9) /* this node does not have what the function needs */
#define EDGERM_ERROR_IO (-10) /* the device or the storage behind it does not work now */

/* Levels of edgerm_log. */
#define EDGERM_LOG_ERROR 1
#define EDGERM_LOG_WARNING 2
#define EDGERM_LOG_INFO 3
#define EDGERM_LOG_DEBUG 4

/* Timeouts besides milliseconds. */
#define EDGERM_NO_WAIT 0
#define EDGERM_WAIT_FOREVER (-1)

/* Bytes at most. */
#define EDGERM_MAX_EMIT 800
#define EDGERM_MAX_MESSAGE 800
#define EDGERM_MAX_LOG 200
#define EDGERM_MAX_NAME 32
#define EDGERM_MAX_VALUE 256
#define EDGERM_MAX_URI 255

#define EDGERM_IMPORT(name) \
    __attribute__((import_module("edgerm"), import_name(name)))

/*
 * Tells the version of the host API that the node serves.
 * Returns the major version times 65,536, plus the minor one.
 */
EDGERM_IMPORT("abi_version")
int32_t edgerm_abi_version(void);

/*
 * Ends the task with an exit code: 0 is success.
 * Does not return.
 */
EDGERM_IMPORT("exit")
__attribute__((noreturn))
void edgerm_exit(int32_t code);

/*
 * Waits for this many milliseconds, 0 to 4,294,967,295. The node may sleep meanwhile.
 * Returns 0.
 */
EDGERM_IMPORT("sleep_ms")
int32_t edgerm_sleep_ms(uint32_t duration_ms);

/*
 * Writes one line of UTF-8 to the task's log, at level 1 (error), 2 (warning), 3 (info) or 4
 * (debug). A line longer than 200 bytes is cut. The node keeps the newest lines, and sends
 * those that somebody reads: logging never waits, and costs no message where nobody does.
 * Returns 0, or a negative error code.
 * Permission: log.
 */
EDGERM_IMPORT("log")
int32_t edgerm_log(int32_t level, const char *line, uint32_t length);

/*
 * Tells the milliseconds since an instant that the node chose. They never go backwards.
 * Returns the milliseconds, or a negative error code.
 * Permission: clock.
 */
EDGERM_IMPORT("clock_monotonic_ms")
int64_t edgerm_clock_monotonic_ms(void);

/*
 * Tells the milliseconds since 1970-01-01 UTC. They may jump when the node's clock is set.
 * Returns the milliseconds, or a negative error code.
 * Permission: clock.
 */
EDGERM_IMPORT("clock_unix_ms")
int64_t edgerm_clock_unix_ms(void);

/*
 * Copies the value of an environment variable of the launch into the buffer.
 * Returns the bytes of the value, or a negative error code.
 * Permission: env.
 */
EDGERM_IMPORT("env_get")
int32_t edgerm_env_get(const char *key, uint32_t key_length, void *value, uint32_t value_length);

/*
 * Opens a sensor by its label or, for the first one of a kind, by its kind (`temperature`). The
 * sensor must be among the devices of the launch.
 * Returns a handle, 0 or more, which lasts as long as the task, or a negative error code.
 * Permission: sensor.
 */
EDGERM_IMPORT("sensor_open")
int32_t edgerm_sensor_open(const char *name, uint32_t length);

/*
 * Reads a sensor. The value is in millionths of the unit that Zephyr's `sensor_value` has for
 * the sensor's kind: a temperature of 21.5 degrees Celsius is 21,500,000.
 * Returns 0, or a negative error code.
 * Permission: sensor.
 */
EDGERM_IMPORT("sensor_read")
int32_t edgerm_sensor_read(int32_t sensor, int64_t *value);

/*
 * Opens an actuator, as `sensor_open` does a sensor.
 * Returns a handle, 0 or more, which lasts as long as the task, or a negative error code.
 * Permission: actuator.
 */
EDGERM_IMPORT("actuator_open")
int32_t edgerm_actuator_open(const char *name, uint32_t length);

/*
 * Sets an actuator. The value is in millionths of the unit of the actuator's kind; what is on
 * or off is on at any value but 0.
 * Returns 0, or a negative error code.
 * Permission: actuator.
 */
EDGERM_IMPORT("actuator_write")
int32_t edgerm_actuator_write(int32_t actuator, int64_t value);

/*
 * Queues 0 to 800 bytes for the task's framework. While the queue is full, as it will be when
 * the master is out of reach, the call waits for room.
 * Returns 0, or a negative error code.
 * Permission: emit.
 */
EDGERM_IMPORT("emit")
int32_t edgerm_emit(const void *payload, uint32_t length, int32_t timeout_ms);

/*
 * Takes the oldest message from the task's framework, waiting for one where there is none. A
 * buffer of 800 bytes holds any message.
 * Returns the bytes of the message, or a negative error code.
 * Permission: receive.
 */
EDGERM_IMPORT("message_receive")
int32_t edgerm_message_receive(void *message, uint32_t length, int32_t timeout_ms);

/*
 * Copies what is stored under a key into the buffer. A buffer of 256 bytes holds any value.
 * Returns the bytes of the value, or a negative error code.
 * Permission: kv.
 */
EDGERM_IMPORT("kv_get")
int32_t edgerm_kv_get(const char *key, uint32_t key_length, void *value, uint32_t value_length);

/*
 * Stores at most 256 bytes under a key. Each task has its own keys, for as long as it runs; a
 * node with storage may keep them until it starts the task again. An empty value removes the
 * key.
 * Returns 0, or a negative error code.
 * Permission: kv.
 */
EDGERM_IMPORT("kv_set")
int32_t edgerm_kv_set(const char *key, uint32_t key_length, const void *value, uint32_t value_length);

/*
 * Posts at most 800 bytes to a `coap://` URI of at most 255 bytes and waits for the response.
 * Returns the response's code: 204 for 2.04 Changed, or a negative error code.
 * Permission: network.
 */
EDGERM_IMPORT("coap_post")
int32_t edgerm_coap_post(const char *uri, uint32_t uri_length, const void *payload, uint32_t payload_length, int32_t timeout_ms);

#undef EDGERM_IMPORT

#ifdef __cplusplus
}
#endif

#endif /* EDGERM_TASK_H */
