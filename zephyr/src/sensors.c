/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The sensors of the devicetree, as their drivers tell of them.
 */
#include "glue.h"

const struct device *edgerm_sensor(size_t index, const char **label)
{
	STRUCT_SECTION_FOREACH(sensor_info, info) {
		if (!device_is_ready(info->dev)) {
			continue;
		}
		if (index-- == 0) {
			*label = info->friendly_name ? info->friendly_name : info->dev->name;
			return info->dev;
		}
	}
	return NULL;
}
