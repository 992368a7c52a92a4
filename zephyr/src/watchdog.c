/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The watchdog that the devicetree's alias watchdog0 names.
 */
#include <zephyr/drivers/watchdog.h>

#include "glue.h"

#define PERIOD K_MSEC(CONFIG_EDGERM_WATCHDOG_MS / 2)

static void feed(struct k_work *work);

static const struct device *const watchdog = DEVICE_DT_GET(DT_ALIAS(watchdog0));
static int channel = -1;
static K_WORK_DELAYABLE_DEFINE(feeding, feed);

static void feed(struct k_work *work)
{
	edgerm_watchdog_feed();
	(void)k_work_schedule(k_work_delayable_from_work(work), PERIOD);
}

int edgerm_watchdog_start(void)
{
	const struct wdt_timeout_cfg timeout = {
		.flags = WDT_FLAG_RESET_SOC,
		.window = {.min = 0, .max = CONFIG_EDGERM_WATCHDOG_MS},
	};

	if (channel >= 0) {
		(void)k_work_cancel_delayable(&feeding);
		return 0;
	}
	if (!device_is_ready(watchdog)) {
		return -ENODEV;
	}
	channel = wdt_install_timeout(watchdog, &timeout);
	if (channel < 0) {
		return channel;
	}
	int error = wdt_setup(watchdog, WDT_OPT_PAUSE_HALTED_BY_DBG);

	/* Some cannot pause for a debugger. */
	return error == -ENOTSUP ? wdt_setup(watchdog, 0) : error;
}

void edgerm_watchdog_feed(void)
{
	if (channel >= 0) {
		(void)wdt_feed(watchdog, channel);
	}
}

void edgerm_watchdog_stop(void)
{
	if (channel < 0) {
		return;
	}
	if (wdt_disable(watchdog) == 0) {
		channel = -1;
	} else {
		/* Some cannot be stopped: this one is fed as long as the system's work queue is well. */
		(void)k_work_schedule(&feeding, K_NO_WAIT);
	}
}
