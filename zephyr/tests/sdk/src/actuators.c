/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Outputs that the agent finds in the devicetree, on pins that are emulated.
 */
#include <string.h>

#include <zephyr/drivers/gpio/gpio_emul.h>
#include <zephyr/ztest.h>

#include "glue.h"

ZTEST_SUITE(actuators, NULL, NULL, NULL, NULL, NULL);

static const struct edgerm_gpio_actuator *find(const char *label)
{
	const struct edgerm_gpio_actuator *actuator;

	for (size_t i = 0; (actuator = edgerm_gpio_actuator(i)); ++i) {
		if (strcmp(actuator->label, label) == 0) {
			return actuator;
		}
	}
	return NULL;
}

/* The level of its pin as it is on the wire. */
static int level(const struct edgerm_gpio_actuator *actuator)
{
	return gpio_emul_output_get(actuator->gpio.port, actuator->gpio.pin);
}

ZTEST(actuators, test_an_led_of_the_board_is_offered)
{
	const struct edgerm_gpio_actuator *led = find("Green LED");

	zassert_not_null(led);
	zassert_ok(strcmp(led->kind, "led"));
}

/* Its node has no label, so its node's name is it. */
ZTEST(actuators, test_an_output_switches_its_pin)
{
	const struct edgerm_gpio_actuator *pump = find("pump");

	zassert_not_null(pump);
	zassert_ok(strcmp(pump->kind, "relay"));
	zassert_ok(gpio_pin_configure_dt(&pump->gpio, GPIO_OUTPUT_INACTIVE));
	zassert_equal(level(pump), 1, "active low: off");
	zassert_ok(gpio_pin_set_dt(&pump->gpio, 1));
	zassert_equal(level(pump), 0);
	zassert_ok(gpio_pin_set_dt(&pump->gpio, 0));
	zassert_equal(level(pump), 1);
}

ZTEST(actuators, test_the_list_ends)
{
	zassert_is_null(edgerm_gpio_actuator(2));
	zassert_is_null(edgerm_gpio_actuator(SIZE_MAX));
}
