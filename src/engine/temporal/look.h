/* src/engine/temporal/look.h
 *
 * How a unit is, found by replaying its workflow's history here: no worker has to answer, and what
 * has reached the server is seen though nobody has acted on it yet.
 */
#ifndef DS_ENGINE_TEMPORAL_LOOK_H
#define DS_ENGINE_TEMPORAL_LOOK_H

#include "engine/temporal/client.h"
#include "engine/temporal/module.h"
#include "engine/temporal/replay.h"

/* Events into a replay; then a page of them, asked for. *token: where to go on, none at the end;
 * `wait`: an answer of the server's may be a while, and then have no events. */
DS_MUST_USE bool ds_client_feed(ds_replay *r, const Ds__History *history, ds_arena *a, ds_err *err);
DS_MUST_USE bool ds_client_feed_page(ds_client *c, ds_replay *r, Ds__WorkflowExecution *run,
                                     bool wait, ProtobufCBinaryData *token, ds_arena *a,
                                     ds_err *err);

/* out->there false: it has no workflow that runs. `now_ms`: for what nobody has acted on yet. */
DS_MUST_USE bool ds_client_look(ds_client *c, const ds_unit_ref *ref, int64_t now_ms, ds_arena *a,
                                ds_remote_unit *out, ds_err *err);
/* Waits until nothing is asked of the unit and nothing runs, or it waits for a person or for its
 * time; then as ds_client_look. */
DS_MUST_USE bool ds_client_settle(ds_client *c, const ds_unit_ref *ref, ds_clock *clock,
                                  ds_arena *a, ds_remote_unit *out, ds_err *err);

#endif
