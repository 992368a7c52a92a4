/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What is free, in one line of the log, for tests that look for leaks.
 */
#include <zephyr/logging/log.h>
#include <zephyr/net/net_pkt.h>
#include <zephyr/sys/fdtable.h>
#include <zephyr/sys/sys_heap.h>

#include "glue.h"

LOG_MODULE_DECLARE(edgerm, CONFIG_EDGERM_LOG_LEVEL);

static void count(const struct k_thread *thread, void *threads)
{
	ARG_UNUSED(thread);
	++*(unsigned int *)threads;
}

/* Descriptors that stand for nothing. */
static unsigned int free_descriptors(void)
{
	unsigned int free = 0;

	for (int fd = 0; fd < CONFIG_POSIX_MAX_FDS; ++fd) {
		free += z_get_fd_obj(fd, NULL, 0) == NULL;
	}
	return free;
}

void edgerm_diagnostics(void)
{
	struct sys_memory_stats heap;
	struct k_mem_slab *rx;
	struct k_mem_slab *tx;
	struct net_buf_pool *rx_data;
	struct net_buf_pool *tx_data;
	unsigned int threads = 0;

	sys_heap_runtime_stats_get(&edgerm_heap.heap, &heap);
	net_pkt_get_info(&rx, &tx, &rx_data, &tx_data);
	k_thread_foreach(count, &threads);
	LOG_INF("free: heap %u, rx %u, tx %u, rx data %ld, tx data %ld, descriptors %u, threads %u, "
		"agent stack %u, task stack %u",
		(unsigned int)heap.free_bytes, k_mem_slab_num_free_get(rx),
		k_mem_slab_num_free_get(tx), atomic_get(&rx_data->avail_count),
		atomic_get(&tx_data->avail_count), free_descriptors(), threads,
		(unsigned int)edgerm_agent_stack_unused(), (unsigned int)edgerm_task_stack_unused(0));
}
