/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What bindgen reads.
 */
#include <errno.h>

#include <zephyr/irq.h>

#include "../../src/glue.h"
