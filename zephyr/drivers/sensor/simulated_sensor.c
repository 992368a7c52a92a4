/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A sensor that gives the readings of its devicetree node, one after the other.
 */
#define DT_DRV_COMPAT edgerm_simulated_sensor

#include <zephyr/drivers/sensor.h>

struct simulated_sensor_config {
	enum sensor_channel channel;
	const int32_t *readings; /* In millionths of the channel's unit. */
	size_t count;
};

struct simulated_sensor_data {
	size_t next;
	int32_t sample;
};

static int simulated_sensor_sample_fetch(const struct device *dev, enum sensor_channel channel)
{
	const struct simulated_sensor_config *config = dev->config;
	struct simulated_sensor_data *data = dev->data;

	if (channel != SENSOR_CHAN_ALL && channel != config->channel) {
		return -ENOTSUP;
	}
	data->sample = config->readings[data->next];
	data->next = (data->next + 1) % config->count;
	return 0;
}

static int simulated_sensor_channel_get(const struct device *dev, enum sensor_channel channel,
					struct sensor_value *value)
{
	const struct simulated_sensor_config *config = dev->config;
	const struct simulated_sensor_data *data = dev->data;

	if (channel != config->channel) {
		return -ENOTSUP;
	}
	value->val1 = data->sample / 1000000;
	value->val2 = data->sample % 1000000;
	return 0;
}

static const struct sensor_driver_api simulated_sensor_api = {
	.sample_fetch = simulated_sensor_sample_fetch,
	.channel_get = simulated_sensor_channel_get,
};

#define SIMULATED_SENSOR(n)                                                                        \
	static const int32_t simulated_sensor_readings_##n[] = DT_INST_PROP(n, readings_micro);    \
	static const struct simulated_sensor_config simulated_sensor_config_##n = {                \
		.channel = _CONCAT(SENSOR_CHAN_, DT_INST_STRING_UPPER_TOKEN(n, channel)),          \
		.readings = simulated_sensor_readings_##n,                                         \
		.count = ARRAY_SIZE(simulated_sensor_readings_##n),                                \
	};                                                                                         \
	static struct simulated_sensor_data simulated_sensor_data_##n;                             \
	SENSOR_DEVICE_DT_INST_DEFINE(n, NULL, NULL, &simulated_sensor_data_##n,                    \
				     &simulated_sensor_config_##n, POST_KERNEL,                    \
				     CONFIG_SENSOR_INIT_PRIORITY, &simulated_sensor_api);

DT_INST_FOREACH_STATUS_OKAY(SIMULATED_SENSOR)
