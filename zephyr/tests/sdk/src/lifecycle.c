/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The agent starts, stops and starts again. No master answers it.
 */
#include <errno.h>

#include <zephyr/ztest.h>

#include <edgerm.h>

/* A bound on failure. */
#define PATIENCE K_SECONDS(300)

static K_SEM_DEFINE(stopped, 0, 1);

static void on_event(enum edgerm_event event, uint64_t task, void *user)
{
	zassert_equal(event, EDGERM_STOPPED);
	zassert_equal(task, 0);
	k_sem_give(user);
}

static struct edgerm_state state(void)
{
	struct edgerm_state state;

	edgerm_state(&state);
	return state;
}

static void stop(void)
{
	zassert_ok(edgerm_stop());
	zassert_ok(k_sem_take(&stopped, PATIENCE));
}

static void after(void *fixture)
{
	ARG_UNUSED(fixture);
	if (state().running) {
		stop();
	}
	edgerm_hook(NULL, NULL);
}

static void before(void *fixture)
{
	ARG_UNUSED(fixture);
	k_sem_reset(&stopped);
	edgerm_hook(on_event, &stopped);
}

ZTEST_SUITE(lifecycle, NULL, NULL, before, after, NULL);

ZTEST(lifecycle, test_an_agent_that_does_not_run_cannot_be_stopped)
{
	zassert_false(state().running);
	zassert_equal(edgerm_stop(), -EALREADY);
}

ZTEST(lifecycle, test_starts_once)
{
	zassert_ok(edgerm_start());
	zassert_true(state().running);
	zassert_equal(edgerm_start(), -EALREADY);
	zassert_true(state().running);
	zassert_false(state().registered);
	zassert_equal(state().agent, 0);
	zassert_equal(state().tasks, 0);
}

ZTEST(lifecycle, test_starts_again_once_it_has_stopped)
{
	for (int i = 0; i < 3; ++i) {
		zassert_ok(edgerm_start(), "start %d", i);
		stop();
		zassert_false(state().running);
		zassert_equal(edgerm_stop(), -EALREADY);
	}
}

/* A sensor of the devicetree has a control character in its name. */
ZTEST(lifecycle, test_a_name_that_is_none_keeps_nobody_out)
{
	zassert_ok(edgerm_start());
	zassert_equal(k_sem_take(&stopped, K_SECONDS(1)), -EAGAIN);
	zassert_true(state().running);
}

static void start_again(enum edgerm_event event, uint64_t task, void *started)
{
	ARG_UNUSED(event);
	ARG_UNUSED(task);
	*(int *)started = edgerm_start();
	k_sem_give(&stopped);
}

/* The hook is called on the thread that stops. */
ZTEST(lifecycle, test_a_hook_cannot_start_it_again_and_others_can)
{
	int started = 0;

	edgerm_hook(start_again, &started);
	zassert_ok(edgerm_start());
	stop();
	zassert_equal(started, -EALREADY);
	zassert_false(state().running);
	edgerm_hook(on_event, &stopped);
	zassert_ok(edgerm_start());
}
