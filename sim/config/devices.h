/* devices.h: the devices that pagefile.device names. */
#ifndef CONFIG_DEVICES_H
#define CONFIG_DEVICES_H

#include "config/config.h"

/* Values of the device.* options, as they are written in a configuration. */
struct device_preset {
	const char *read_latency, *write_latency, *read_bandwidth, *write_bandwidth, *channels;
	const char *seek, *seek_min, *seek_max, *rotation, *size; /* NULL: "0", it is no disk */
	enum device_queue queue;
};

/* kind: enum device_kind */
const struct device_preset *device_preset(int kind);

#endif
