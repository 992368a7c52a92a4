/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What the Rust part calls of the C part, and the other way round: only what Zephyr has as
 * macros. All else is called directly, as bindgen finds it in Zephyr's headers.
 */
#ifndef EDGERM_GLUE_H
#define EDGERM_GLUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zephyr/device.h>
#include <zephyr/drivers/gpio.h>
#include <zephyr/drivers/sensor.h>
#include <zephyr/kernel.h>
#include <zephyr/net/net_context.h>
#include <zephyr/net/net_ip.h>
#include <zephyr/net/net_pkt.h>
#ifdef CONFIG_NET_SOCKETS
#include <zephyr/net/socket.h>
#endif
#include <zephyr/storage/flash_map.h>

#include <edgerm.h>

/* What is logged at most: nothing, where the image has no log. */
#ifdef CONFIG_EDGERM_LOG_LEVEL
#define EDGERM_LOG_LEVEL CONFIG_EDGERM_LOG_LEVEL
#else
#define EDGERM_LOG_LEVEL 0
#endif

/* log.c: a text that ends with a NUL, as an error (1), a warning (2), for information (3) or for
 * debugging (4). */
void edgerm_log(uint8_t level, const char *text);

/* threads.c */
extern struct k_heap edgerm_heap;
/* Starts the thread of the agent. False where it runs. */
bool edgerm_agent_thread_start(void);
/* Starts the thread of a slot, which is not running. */
void edgerm_task_thread_start(size_t slot);
/* Ends the thread of a slot wherever it is. */
void edgerm_task_thread_abort(size_t slot);
/* Locks out all other threads, and gives the key to let them in again. */
unsigned int edgerm_lock(void);
void edgerm_unlock(unsigned int key);
/* Lets a thread above this one run, where there is one. */
void edgerm_yield(void);
/* Bytes of a stack that were never used, where the kernel looks (INIT_STACKS), else 0. */
size_t edgerm_agent_stack_unused(void);
size_t edgerm_task_stack_unused(size_t slot);

/* threads.c: so many milliseconds or, where there is no end, K_FOREVER. */
k_timeout_t edgerm_timeout(bool ends, uint32_t milliseconds);

/* network.c */
/* The master's address. 0, or a negative errno. */
int edgerm_master_address(struct sockaddr *address, socklen_t *length);
/* The errno of the last call of a socket that failed. */
int edgerm_errno(void);
/* With sockets: something for poll() that another thread can make readable. A descriptor, or a negative errno. */
int edgerm_waker_open(void);
void edgerm_waker_wake(int waker);
void edgerm_waker_clear(int waker);

/* random.c: fills with bytes that no other boot had. False where they come of a generator for
 * tests. */
int edgerm_random(uint8_t *bytes, size_t length);
bool edgerm_random_is_for_tests(void);

/* describe.c: the node's name, as configured or made up. */
void edgerm_node_name(char *name, size_t capacity);
extern const char edgerm_board[];

/* modules.c: the partition of modules, whose bytes can be read at `mapped`, or NULL. */
int edgerm_modules_open(const struct flash_area **area, size_t *erase_unit);
const uint8_t *edgerm_modules_mapped(const struct flash_area *area);
uint8_t edgerm_modules_erased(const struct flash_area *area);

/* sensors.c: the sensor of this number; NULL beyond the last one. */
const struct device *edgerm_sensor(size_t index, const char **label);

/* actuators.c: the actuator of this number; false beyond the last one. */
struct edgerm_gpio_actuator {
	struct gpio_dt_spec gpio;
	const char *label;
	const char *kind;
};
const struct edgerm_gpio_actuator *edgerm_gpio_actuator(size_t index);

/* settings.c: a value by its name. Each gives a negative errno where it fails. */
int edgerm_settings_init(void);
int edgerm_setting_read(const char *name, uint8_t *buffer, size_t capacity);
int edgerm_credential_read(uint8_t *buffer, size_t capacity);

/* records.c: a record by its key. Each gives a negative errno where it fails. */
int edgerm_record_read(uint32_t key, uint8_t *buffer, size_t capacity);
int edgerm_record_write(uint32_t key, const uint8_t *record, size_t length);
int edgerm_record_erase(uint32_t key);

/* watchdog.c */
int edgerm_watchdog_start(void);
void edgerm_watchdog_feed(void);
/* The agent does not run from now on, and feeds it no more. */
void edgerm_watchdog_stop(void);

/* diagnostics.c: logs what is free. */
void edgerm_diagnostics(void);

/* fatal.c: does not return. */
FUNC_NORETURN void edgerm_panic(void);

/* In Rust. */
void edgerm_agent_main(void);
void edgerm_task_main(size_t slot);

#endif
