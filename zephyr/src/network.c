/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The master's address, and what wakes the agent's thread besides its socket.
 */
#include <errno.h>
#include <string.h>

#include "compat.h"
#include "glue.h"

static void set_port(struct sockaddr *address)
{
	uint16_t port = htons(CONFIG_EDGERM_MASTER_PORT);

	if (address->sa_family == AF_INET6) {
		net_sin6(address)->sin6_port = port;
	} else {
		net_sin(address)->sin_port = port;
	}
}

#if defined(CONFIG_DNS_RESOLVER) && defined(CONFIG_NET_SOCKETS)
#define CAN_RESOLVE
static int resolve(const char *host, struct sockaddr *address, socklen_t *length)
{
	const struct zsock_addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_DGRAM,
	};
	struct zsock_addrinfo *found = NULL;

	if (zsock_getaddrinfo(host, NULL, &hints, &found) != 0) {
		return -EHOSTUNREACH;
	}
	memcpy(address, found->ai_addr, MIN(found->ai_addrlen, *length));
	*length = MIN(found->ai_addrlen, *length);
	zsock_freeaddrinfo(found);
	return 0;
}
#endif

int edgerm_master_address(struct sockaddr *address, socklen_t *length)
{
	static const char host[] = CONFIG_EDGERM_MASTER_HOST;

	if (net_ipaddr_parse(host, sizeof(host) - 1, address)) {
		*length = address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
							 : sizeof(struct sockaddr_in);
	} else {
#ifdef CAN_RESOLVE
		int error = resolve(host, address, length);

		if (error) {
			return error;
		}
#else
		return -EINVAL;
#endif
	}
	set_port(address);
	return 0;
}

#ifdef CONFIG_EDGERM_SOCKETS
int edgerm_errno(void)
{
	return errno;
}

int edgerm_waker_open(void)
{
	int waker = edgerm_eventfd(0, EDGERM_EVENTFD_NONBLOCK);

	return waker < 0 ? -errno : waker;
}

void edgerm_waker_wake(int waker)
{
	(void)edgerm_eventfd_write(waker, 1);
}

void edgerm_waker_clear(int waker)
{
	edgerm_eventfd_t count;

	(void)edgerm_eventfd_read(waker, &count);
}
#endif
