/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The agent's lines in Zephyr's log.
 */
#include <zephyr/logging/log.h>

#include "glue.h"

LOG_MODULE_REGISTER(edgerm, EDGERM_LOG_LEVEL);

void edgerm_log(uint8_t level, const char *text)
{
	switch (level) {
	case LOG_LEVEL_ERR:
		LOG_ERR("%s", text);
		break;
	case LOG_LEVEL_WRN:
		LOG_WRN("%s", text);
		break;
	case LOG_LEVEL_INF:
		LOG_INF("%s", text);
		break;
	default:
		LOG_DBG("%s", text);
		break;
	}
}
