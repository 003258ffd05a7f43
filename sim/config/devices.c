/* devices.c: what a pagefile device sets, where device.* options do not say otherwise.
 *
 * Figures for 4 KiB at queue 1 contain the transfer, which T17 adds by itself: it is taken off
 * here. The number of channels is what a device serves at once. */
#include "config/devices.h"

static const struct device_preset presets[] = {
	/* 7200 rpm, 4 TB: seek 8.2 ms (HGST 7K4000), 1 ms from track to track and 20 ms over the
	 * whole disk (shape of Hitachi's 5K320), half a turn 4.17 ms; no cache on writes; 150 MB/s
	 * between 210 outside and half of it inside; one arm, which takes requests on its way. */
	[DEVICE_HDD] = {"0", "0", "150MB", "150MB", "1", "8.2ms", "1ms", "20ms", "4.17ms", "4TB",
			QUEUE_ELEVATOR},
	/* Samsung 850 EVO: 10,000 reads/s and 40,000 writes/s of 4 KiB at queue 1, so 100 us less
	 * 7.585 us at 540 MB/s and 25 us less 7.877 us at 520 MB/s. 98,000 reads/s at queue 32
	 * are ten reads of 100 us at once. */
	[DEVICE_SATA_SSD] = {"92.415us", "17.123us", "540MB", "520MB", "10", .queue = QUEUE_FIFO},
	/* Samsung 970 EVO Plus: 19,000 reads/s and 60,000 writes/s of 4 KiB at queue 1, so 53 us
	 * less 1.17 us at 3500 MB/s and 17 us less 1.241 us at 3300 MB/s. 600,000 reads/s at queue
	 * 32 to 128 are 32 reads of 53 us at once, as it has dies. */
	[DEVICE_NVME] = {"51.83us", "15.759us", "3500MB", "3300MB", "32", .queue = QUEUE_FIFO},
	/* Costs nothing: for comparing policies. */
	[DEVICE_IDEAL] = {"0", "0", "0", "0", "1", .queue = QUEUE_FIFO},
};

const struct device_preset *device_preset(int kind)
{
	return &presets[kind];
}
