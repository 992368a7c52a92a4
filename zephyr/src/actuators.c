/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * LEDs and other outputs of the devicetree.
 */
#include "glue.h"

#define LED(node)                                                                                  \
	{                                                                                          \
		.gpio = GPIO_DT_SPEC_GET(node, gpios),                                             \
		.label = DT_PROP_OR(node, label, DT_NODE_FULL_NAME(node)),                         \
		.kind = "led",                                                                     \
	},

#define OUTPUT(node)                                                                               \
	{                                                                                          \
		.gpio = GPIO_DT_SPEC_GET(node, gpios),                                             \
		.label = DT_PROP_OR(node, label, DT_NODE_FULL_NAME(node)),                         \
		.kind = DT_PROP(node, kind),                                                       \
	},

#define LEDS(node)    DT_FOREACH_CHILD_STATUS_OKAY(node, LED)
#define OUTPUTS(node) DT_FOREACH_CHILD_STATUS_OKAY(node, OUTPUT)

static const struct edgerm_gpio_actuator actuators[] = {
	DT_FOREACH_STATUS_OKAY(gpio_leds, LEDS)
	DT_FOREACH_STATUS_OKAY(edgerm_gpio_actuators, OUTPUTS)
};

const struct edgerm_gpio_actuator *edgerm_gpio_actuator(size_t index)
{
	return index < ARRAY_SIZE(actuators) ? &actuators[index] : NULL;
}
