/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Two kinds of Rust in one image: each has its own heap, and does what it does alone.
 */
#include <zephyr/sys/sys_heap.h>
#include <zephyr/ztest.h>

#include <edgerm.h>

/* In the other Rust. */
uint32_t other_sum(uint32_t count);
uint64_t other_round_trip(uint64_t task);

/* The agent's, which the other Rust must not use. */
extern struct k_heap edgerm_heap;

/* What an agent takes at least. */
#define AGENT_BYTES 1024

K_HEAP_DEFINE(other_heap, 4096);
static size_t allocated;

void *other_alloc(size_t align, size_t size)
{
	++allocated;
	return k_heap_aligned_alloc(&other_heap, MAX(align, sizeof(void *)), size, K_NO_WAIT);
}

void other_free(void *block)
{
	k_heap_free(&other_heap, block);
}

FUNC_NORETURN void other_panic(void)
{
	k_panic();
	CODE_UNREACHABLE;
}

ZTEST_SUITE(coexistence, NULL, NULL, NULL, NULL, NULL);

static void on_event(enum edgerm_event event, uint64_t task, void *stopped)
{
	ARG_UNUSED(task);
	if (event == EDGERM_STOPPED) {
		k_sem_give(stopped);
	}
}

ZTEST(coexistence, test_each_has_its_own_heap)
{
	static K_SEM_DEFINE(stopped, 0, 1);
	const size_t before = allocated;
	struct sys_memory_stats agents;

	edgerm_hook(on_event, &stopped);
	zassert_ok(edgerm_start());
	zassert_ok(edgerm_stop());
	zassert_ok(k_sem_take(&stopped, K_SECONDS(300)));
	zassert_ok(sys_heap_runtime_stats_get(&edgerm_heap.heap, &agents));
	zassert_true(agents.max_allocated_bytes > AGENT_BYTES);
	zassert_equal(allocated, before);

	zassert_equal(other_sum(100), 4950);
	zassert_true(allocated > before);
}

ZTEST(coexistence, test_a_crate_of_both_is_two)
{
	zassert_equal(other_round_trip(0x123456789abcdef0), 0x123456789abcdef0);
}
