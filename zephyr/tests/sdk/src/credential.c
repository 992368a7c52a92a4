/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A credential in the settings: without one the node stays out. No master answers it.
 */
#include <errno.h>
#include <string.h>

#include <zephyr/ztest.h>

#include "glue.h"

/* A bound on failure. */
#define PATIENCE K_SECONDS(300)

static const uint8_t credential[29] = {1, 0, 0, 0, 7, 's', 'e', 'c', 'r', 'e', 't'};

static K_SEM_DEFINE(stopped, 0, 1);

static void on_event(enum edgerm_event event, uint64_t task, void *user)
{
	ARG_UNUSED(task);
	if (event == EDGERM_STOPPED) {
		k_sem_give(user);
	}
}

static bool is_running(void)
{
	struct edgerm_state state;

	edgerm_state(&state);
	return state.running;
}

static void before(void *fixture)
{
	ARG_UNUSED(fixture);
	k_sem_reset(&stopped);
	edgerm_hook(on_event, &stopped);
	zassert_ok(edgerm_credential_set(NULL, 0));
}

ZTEST_SUITE(credential, NULL, NULL, before, NULL, NULL);

static void assert_stays_out(void)
{
	zassert_ok(edgerm_start());
	zassert_ok(k_sem_take(&stopped, PATIENCE));
	zassert_false(is_running());
}

ZTEST(credential, test_a_node_without_one_stays_out)
{
	assert_stays_out();
}

ZTEST(credential, test_a_node_with_one_runs)
{
	uint8_t buffer[sizeof(credential)];

	zassert_ok(edgerm_credential_set(credential, sizeof(credential)));
	zassert_equal(edgerm_credential_read(buffer, sizeof(buffer)), (int)sizeof(credential));
	zassert_mem_equal(buffer, credential, sizeof(credential));
	zassert_ok(edgerm_start());
	zassert_equal(k_sem_take(&stopped, K_SECONDS(1)), -EAGAIN);
	zassert_true(is_running());
	zassert_ok(edgerm_stop());
	zassert_ok(k_sem_take(&stopped, PATIENCE));
}

ZTEST(credential, test_one_that_is_forgotten_is_gone)
{
	zassert_ok(edgerm_credential_set(credential, sizeof(credential)));
	zassert_ok(edgerm_credential_set(NULL, 0));
	assert_stays_out();
}

ZTEST(credential, test_bytes_that_are_none_are_refused)
{
	zassert_equal(edgerm_credential_set(credential, sizeof(credential) - 1), -EINVAL);
	zassert_equal(edgerm_credential_set(credential, 0), -EINVAL);
	assert_stays_out();
}

ZTEST(credential, test_one_of_an_unknown_form_keeps_the_node_out)
{
	uint8_t unknown[sizeof(credential)];

	memcpy(unknown, credential, sizeof(credential));
	unknown[0] = 2;
	zassert_ok(edgerm_credential_set(unknown, sizeof(unknown)));
	assert_stays_out();
}
