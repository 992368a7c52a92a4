/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The driver of simulated sensors, and how the agent finds sensors.
 */
#include <errno.h>
#include <string.h>

#include <zephyr/ztest.h>

#include "glue.h"

#define ENDS DEVICE_DT_GET(DT_NODELABEL(test_ends))

ZTEST_SUITE(simulated_sensor, NULL, NULL, NULL, NULL, NULL);

static void assert_reads(int64_t micro)
{
	struct sensor_value value;

	zassert_ok(sensor_channel_get(ENDS, SENSOR_CHAN_VOLTAGE, &value));
	zassert_equal(sensor_value_to_micro(&value), micro);
}

ZTEST(simulated_sensor, test_readings_come_in_turn_and_again)
{
	static const int32_t readings[] = {INT32_MIN, INT32_MAX, -1500000, 0, INT32_MIN, INT32_MAX};

	for (size_t i = 0; i < ARRAY_SIZE(readings); ++i) {
		zassert_ok(sensor_sample_fetch(ENDS));
		assert_reads(readings[i]);
		assert_reads(readings[i]);
	}
}

ZTEST(simulated_sensor, test_a_channel_that_it_has_not_is_told)
{
	struct sensor_value value;

	zassert_equal(sensor_sample_fetch_chan(ENDS, SENSOR_CHAN_LIGHT), -ENOTSUP);
	zassert_equal(sensor_channel_get(ENDS, SENSOR_CHAN_LIGHT, &value), -ENOTSUP);
}

/* Each under its friendly name, once. */
ZTEST(simulated_sensor, test_the_agent_finds_the_sensors)
{
	const char *label = NULL;
	size_t thermometers = 0;
	size_t ends = 0;
	size_t count = 0;

	for (const struct device *sensor; (sensor = edgerm_sensor(count, &label)); ++count) {
		thermometers += sensor == DEVICE_DT_GET(DT_NODELABEL(thermometer)) &&
				strcmp(label, "thermometer") == 0;
		ends += sensor == ENDS && strcmp(label, "ends") == 0;
	}
	zassert_equal(thermometers, 1);
	zassert_equal(ends, 1);
	zassert_is_null(edgerm_sensor(count + 1, &label));
}
