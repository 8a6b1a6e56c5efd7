/* src/engine/temporal/wire.h
 *
 * The messages of the .proto files beside this one, made and read in an arena.  A message X of them
 * is the C struct Ds__X, described by ds__x__descriptor:
 *
 *   Ds__TimerFired *m = ds_wire_unpack(&ds__timer_fired__descriptor, bytes, n, arena);
 *
 * A field that was not there is NULL (messages, texts), n_X 0 (lists) or has_X false (numbers,
 * truths, bytes); to send one of the latter set has_X.  A map is a list of entries {key, value};
 * either may be missing: an empty key, an empty value.
 */
#ifndef DS_ENGINE_TEMPORAL_WIRE_H
#define DS_ENGINE_TEMPORAL_WIRE_H

#include <durable_sync/base.h>

#include "engine/temporal/common.pb-c.h"
#include "engine/temporal/history.pb-c.h"
#include "engine/temporal/service.pb-c.h"

#define DS_WIRE_DEPTH_MAX 100 /* messages in messages; what protobuf's own readers allow */

/* A message of that kind; everything in it belongs to `a`, nothing of it to `bytes`. NULL: the
 * bytes are none (cut short, nested beyond DS_WIRE_DEPTH_MAX, text that is no UTF-8), or would take
 * far more memory than any message of their size does. A text ends at its first NUL. */
DS_MUST_USE void *ds_wire_unpack(const ProtobufCMessageDescriptor *d, const uint8_t *bytes,
                                 size_t n, ds_arena *a);

/* The bytes of a message, fields in the order of their numbers. Never fails. */
const uint8_t *ds_wire_pack(const ProtobufCMessage *m, ds_arena *a, size_t *n);

/* An empty message of that kind. */
void *ds_wire_new(const ProtobufCMessageDescriptor *d, ds_arena *a);

#endif
