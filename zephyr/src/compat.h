/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What moved between Zephyr's releases: the one place that knows of them.
 */
#ifndef EDGERM_COMPAT_H
#define EDGERM_COMPAT_H

#include <zephyr/kernel.h>

/* Since 3.5 all of random is in one header. */
#if __has_include(<zephyr/random/random.h>)
#include <zephyr/random/random.h>
#else
#include <zephyr/random/rand32.h>
#endif

#ifdef CONFIG_EDGERM_SOCKETS
/* Since 4.0 what POSIX has in common with sockets stands beside both, as zvfs. */
#if __has_include(<zephyr/zvfs/eventfd.h>)
#include <zephyr/zvfs/eventfd.h>
#define EDGERM_EVENTFD_NONBLOCK ZVFS_EFD_NONBLOCK
#define edgerm_eventfd          zvfs_eventfd
#define edgerm_eventfd_read     zvfs_eventfd_read
#define edgerm_eventfd_write    zvfs_eventfd_write
typedef zvfs_eventfd_t edgerm_eventfd_t;
#else
#include <zephyr/posix/sys/eventfd.h>
#define EDGERM_EVENTFD_NONBLOCK EFD_NONBLOCK
#define edgerm_eventfd          eventfd
#define edgerm_eventfd_read     eventfd_read
#define edgerm_eventfd_write    eventfd_write
typedef eventfd_t edgerm_eventfd_t;
#endif
#endif

#endif
