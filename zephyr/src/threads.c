/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The threads of the agent and of its tasks, their stacks, and the agent's heap.
 */
#include "glue.h"

/* What a task's thread uses beyond what the engine may: calls to the agent, interrupts on
 * processors that take them on the thread's stack. */
#define TASK_STACK_SIZE (CONFIG_EDGERM_TASK_NATIVE_STACK + 1024)

#define AGENT_PRIORITY K_PRIO_PREEMPT(CONFIG_EDGERM_AGENT_PRIORITY)
#define TASK_PRIORITY  K_PRIO_PREEMPT(CONFIG_EDGERM_AGENT_PRIORITY + 1)

BUILD_ASSERT(CONFIG_EDGERM_AGENT_PRIORITY + 1 < CONFIG_NUM_PREEMPT_PRIORITIES,
	     "tasks run at one priority below CONFIG_EDGERM_AGENT_PRIORITY");

K_HEAP_DEFINE(edgerm_heap, CONFIG_EDGERM_HEAP_SIZE);

static K_KERNEL_STACK_DEFINE(agent_stack, CONFIG_EDGERM_AGENT_STACK_SIZE);
static struct k_thread agent_thread;
static bool agent_was_started;

static K_KERNEL_STACK_ARRAY_DEFINE(task_stacks, CONFIG_EDGERM_SLOTS, TASK_STACK_SIZE);
static struct k_thread task_threads[CONFIG_EDGERM_SLOTS];

static void agent_main(void *p1, void *p2, void *p3)
{
	ARG_UNUSED(p1);
	ARG_UNUSED(p2);
	ARG_UNUSED(p3);
	edgerm_agent_main();
}

bool edgerm_agent_thread_start(void)
{
	/* One that has left may have yet to return from the firmware's hook. That hook itself cannot
	 * wait for it. */
	if (agent_was_started && k_thread_join(&agent_thread, K_FOREVER) != 0) {
		return false;
	}
	agent_was_started = true;
	k_thread_create(&agent_thread, agent_stack, K_KERNEL_STACK_SIZEOF(agent_stack), agent_main,
			NULL, NULL, NULL, AGENT_PRIORITY, 0, K_NO_WAIT);
	k_thread_name_set(&agent_thread, "edgerm");
	return true;
}

static void task_main(void *slot, void *p2, void *p3)
{
	ARG_UNUSED(p2);
	ARG_UNUSED(p3);
	edgerm_task_main((size_t)(uintptr_t)slot);
}

void edgerm_task_thread_start(size_t slot)
{
	struct k_thread *thread = &task_threads[slot];

	k_thread_create(thread, task_stacks[slot], TASK_STACK_SIZE, task_main,
			(void *)(uintptr_t)slot, NULL, NULL, TASK_PRIORITY, 0, K_FOREVER);
	k_thread_name_set(thread, "edgerm_task");
#ifdef CONFIG_EDGERM_TASK_SLICES
	k_thread_time_slice_set(thread, k_ms_to_ticks_ceil32(CONFIG_EDGERM_TASK_SLICE_MS), NULL,
				NULL);
#endif
	k_thread_start(thread);
}

void edgerm_task_thread_abort(size_t slot)
{
	k_thread_abort(&task_threads[slot]);
}

unsigned int edgerm_lock(void)
{
	return irq_lock();
}

void edgerm_unlock(unsigned int key)
{
	irq_unlock(key);
}

k_timeout_t edgerm_timeout(bool ends, uint32_t milliseconds)
{
	return ends ? K_MSEC(milliseconds) : K_FOREVER;
}

void edgerm_yield(void)
{
	k_yield();
}

static size_t unused(const struct k_thread *thread)
{
	size_t bytes = 0;
#if defined(CONFIG_INIT_STACKS) && defined(CONFIG_THREAD_STACK_INFO)
	(void)k_thread_stack_space_get(thread, &bytes);
#endif
	return bytes;
}

size_t edgerm_agent_stack_unused(void)
{
	return unused(&agent_thread);
}

size_t edgerm_task_stack_unused(size_t slot)
{
	return unused(&task_threads[slot]);
}

#ifdef CONFIG_EDGERM_AUTOSTART
static int autostart(void)
{
	return edgerm_start();
}
/* The last of the system, when networks and storage are up. */
SYS_INIT(autostart, APPLICATION, 99);
#endif
