/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What the node is called.
 */
#include <string.h>

#include <zephyr/net/net_if.h>
#include <zephyr/sys/printk.h>

#include "glue.h"

const char edgerm_board[] = CONFIG_BOARD;

void edgerm_node_name(char *name, size_t capacity)
{
	const struct net_if *interface = net_if_get_default();
	const struct net_linkaddr *link = interface ? net_if_get_link_addr((void *)interface) : NULL;

	if (sizeof(CONFIG_EDGERM_NAME) > 1) {
		snprintk(name, capacity, "%s", CONFIG_EDGERM_NAME);
	} else if (link && link->addr && link->len >= 3) {
		const uint8_t *end = link->addr + link->len;
		/* The board's name is cut, the number is not. */
		const int room = (int)capacity - 1 - 7;

		snprintk(name, capacity, "%.*s-%02x%02x%02x", MIN(room, (int)strlen(edgerm_board)),
			 edgerm_board, end[-3], end[-2], end[-1]);
	} else {
		snprintk(name, capacity, "%s", edgerm_board);
	}
}
