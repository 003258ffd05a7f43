/* device.h: the device of the pagefile (timing T17, T18).
 *
 * A request waits for one of the channels, in the order of device.queue; its latency overlaps those
 * of others; its transfer takes the one link, which serves one transfer after another. The device
 * runs on events of its own: a channel taken, a latency over, a transfer over.
 *
 * device.queue: fifo, in order of arrival; read-first, no write while a read waits (a write may
 * wait for ever); elevator, on in one direction by place, of one place by request number, until
 * nothing is left there, then back. A disk has one channel, its arm; its latency is in seek.h, and
 * a request that continues the last has none of it. */
#ifndef ENGINE_DEVICE_H
#define ENGINE_DEVICE_H

#include "config/config.h"
#include "vmm/vmm.h"

struct device;

#define DEVICE_NEVER UINT64_MAX

struct device *device_new(const struct config *config);
void device_free(struct device *device);

/* device_submit: a request arrives now. => events up to now have been taken */
void device_submit(struct device *device, struct io *io, vmsim_cycles now);
/* device_next: when something will happen next, or DEVICE_NEVER. */
vmsim_cycles device_next(const struct device *device);
/* device_take: the next request that is complete by `now`, or NULL; its `done` says when. */
struct io *device_take(struct device *device, vmsim_cycles now);

#endif
