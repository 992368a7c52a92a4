/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What is free, in one line of the log, for tests that look for leaks.
 */
#include <zephyr/fs/nvs.h>
#include <zephyr/logging/log.h>
#include <zephyr/net/net_context.h>
#include <zephyr/net/net_pkt.h>
#include <zephyr/settings/settings.h>
#include <zephyr/sys/sys_heap.h>

#include "glue.h"

LOG_MODULE_DECLARE(edgerm, CONFIG_EDGERM_LOG_LEVEL);

static void count(const struct k_thread *thread, void *threads)
{
	ARG_UNUSED(thread);
	++*(unsigned int *)threads;
}

static void count_context(struct net_context *context, void *contexts)
{
	ARG_UNUSED(context);
	++*(unsigned int *)contexts;
}

/* Bytes that settings may still take, once what is overwritten or deleted there is given up. */
static int free_settings(void)
{
#if defined(CONFIG_EDGERM_RECORDS) && defined(CONFIG_SETTINGS_NVS)
	void *nvs;

	return settings_storage_get(&nvs) ? -1 : (int)nvs_calc_free_space(nvs);
#else
	return 0;
#endif
}

void edgerm_diagnostics(void)
{
	struct sys_memory_stats heap;
	struct k_mem_slab *rx;
	struct k_mem_slab *tx;
	struct net_buf_pool *rx_data;
	struct net_buf_pool *tx_data;
	unsigned int threads = 0;
	unsigned int contexts = 0;

	sys_heap_runtime_stats_get(&edgerm_heap.heap, &heap);
	net_pkt_get_info(&rx, &tx, &rx_data, &tx_data);
	net_context_foreach(count_context, &contexts);
	k_thread_foreach(count, &threads);
	LOG_INF("free: heap %u, rx %u, tx %u, rx data %ld, tx data %ld, contexts %u, threads %u, "
		"settings %d, agent stack %u, task stack %u",
		(unsigned int)heap.free_bytes, k_mem_slab_num_free_get(rx),
		k_mem_slab_num_free_get(tx), atomic_get(&rx_data->avail_count),
		atomic_get(&tx_data->avail_count), CONFIG_NET_MAX_CONTEXTS - contexts, threads,
		free_settings(), (unsigned int)edgerm_agent_stack_unused(),
		(unsigned int)edgerm_task_stack_unused(0));
}
