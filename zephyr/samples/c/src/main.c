/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A pump that fills a tank: firmware of somebody's own, which lets tasks of EdgeRM watch the
 * level and switch the pump. Both are simulated here.
 */
#include <errno.h>

#include <zephyr/kernel.h>
#include <zephyr/sys/printk.h>

#include <edgerm.h>

#define FULL_M    2
#define MICRO     1000000
#define STEP      (MICRO / 10)

/* Tasks' calls come on the agent's thread alone. */
static bool pump_is_on;
static int64_t level_micro;

/* Each look finds more water in the tank, or less. */
static int read_level(int64_t *micro, void *user)
{
	ARG_UNUSED(user);
	level_micro = CLAMP(level_micro + (pump_is_on ? STEP : -STEP), 0, FULL_M * MICRO);
	*micro = level_micro;
	return 0;
}
EDGERM_SENSOR_DEFINE(level, "level", "distance", read_level, NULL);

static int switch_pump(int64_t micro, void *user)
{
	ARG_UNUSED(user);
	if (micro != 0 && micro != MICRO) {
		return -EINVAL;
	}
	pump_is_on = micro != 0;
	printk("pump %s\n", pump_is_on ? "on" : "off");
	return 0;
}
EDGERM_ACTUATOR_DEFINE(pump, "pump", "relay", switch_pump, NULL);

static struct edgerm_attribute site = {.name = "site", .text = "north"};

static void on_event(enum edgerm_event event, uint64_t task, void *user)
{
	ARG_UNUSED(task);
	ARG_UNUSED(user);
	/* Nobody looks after the pump any more. */
	if (event == EDGERM_TASK_ENDED || event == EDGERM_STOPPED) {
		pump_is_on = false;
	}
}

int main(void)
{
	int error = edgerm_attribute_add(&site);

	edgerm_hook(on_event, NULL);
	error = error ? error : edgerm_start();
	if (error) {
		printk("EdgeRM does not start: %d\n", error);
	}
	return error;
}
