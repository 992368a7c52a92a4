/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Where a thread keeps its task: engine-wasm3/shim/edgerm_wasm3.h.
 */
#include <zephyr/kernel.h>

#include "edgerm_wasm3.h"

void **edgerm_wasm3_current(void)
{
	return &k_current_get()->custom_data;
}
