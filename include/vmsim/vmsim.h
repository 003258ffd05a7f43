/* vmsim.h: the whole public interface of libvmsim. */
#ifndef VMSIM_VMSIM_H
#define VMSIM_VMSIM_H

#include <vmsim/config.h>
#include <vmsim/event.h>
#include <vmsim/machine.h>
#include <vmsim/output.h>
#include <vmsim/policy.h>
#include <vmsim/trace.h>
#include <vmsim/types.h>
#include <vmsim/win32.h>

#endif
