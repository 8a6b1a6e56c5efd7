/* src/engine/temporal/answer.h - what a replay has come to, as the wire wants it. */
#ifndef DS_ENGINE_TEMPORAL_ANSWER_H
#define DS_ENGINE_TEMPORAL_ANSWER_H

#include "engine/temporal/client.h"
#include "engine/temporal/replay.h"

/* A worker that has died has said nothing for so long when its pass is given to another one. */
#define DS_HEARTBEAT_TIMEOUT_MS (15 * DS_SECOND_MS)
/* Of one attempt of a pass: nothing takes so long, since it hands back slices. */
#define DS_PASS_ATTEMPT_MS (24 * DS_HOUR_MS)

/* The commands of the task in hand; NULL with *err: one of them is too large. */
DS_MUST_USE Ds__Command **ds_answer_commands(const ds_client *c, const ds_replay *r, ds_arena *a,
                                             size_t *n, ds_err *err);

/* The answer to a query; `now_ms` is the clock's. NULL with *err: there is none, the text says why
 * to whoever asked. */
DS_MUST_USE Ds__Payloads *ds_answer_query(const ds_replay *r, const char *query, int64_t now_ms,
                                          ds_arena *a, ds_err *err);

#endif
