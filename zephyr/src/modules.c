/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The flash partition that keeps modules.
 */
#include <zephyr/drivers/flash.h>
#ifdef CONFIG_FLASH_SIMULATOR
#include <zephyr/drivers/flash/flash_simulator.h>
#endif

#include "glue.h"

#define PARTITION DT_NODELABEL(edgerm_modules_partition)

#if !DT_NODE_EXISTS(PARTITION)
#error "no partition for modules: give one the node label edgerm_modules_partition, docs/zephyr.md"
#endif

/* What erases and writes, and the memory that it does that to. */
#define FLASH_NODE  DT_MTD_FROM_FIXED_PARTITION(PARTITION)
#define MEMORY_NODE DT_MEM_FROM_FIXED_PARTITION(PARTITION)

int edgerm_modules_open(const struct flash_area **area, size_t *erase_unit)
{
	struct flash_pages_info page;
	int error = flash_area_open(DT_FIXED_PARTITION_ID(PARTITION), area);

	if (!error) {
		error = flash_get_page_info_by_offs(DEVICE_DT_GET(FLASH_NODE), (*area)->fa_off, &page);
	}
	*erase_unit = error ? 0 : page.size;
	return error;
}

const uint8_t *edgerm_modules_mapped(const struct flash_area *area)
{
#if defined(CONFIG_FLASH_SIMULATOR)
	size_t size;

	return (const uint8_t *)flash_simulator_get_memory(DEVICE_DT_GET(FLASH_NODE), &size) +
	       area->fa_off;
#elif DT_SAME_NODE(MEMORY_NODE, DT_CHOSEN(zephyr_flash)) && DT_REG_HAS_IDX(MEMORY_NODE, 0)
	/* The flash that the image runs from. */
	return (const uint8_t *)DT_REG_ADDR(MEMORY_NODE) + area->fa_off;
#else
	return NULL;
#endif
}

uint8_t edgerm_modules_erased(const struct flash_area *area)
{
	return flash_area_erased_val(area);
}
