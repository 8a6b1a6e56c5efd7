/* src/transform/process.h
 *
 * One worker process as the program sees it: started, spoken to in frames, watched, ended.  Nothing
 * it does can hurt the one who watches: its bytes are capped, its time is counted, and a new one is
 * 20 ms away.
 */
#ifndef DS_TRANSFORM_PROCESS_H
#define DS_TRANSFORM_PROCESS_H

#include "transform/wire.h"
#include <durable_sync/activity.h>

#define DS_JQ_RECORD_MS INT64_C(250)   /* of processor time, for one record */
#define DS_JQ_COMPILE_MS INT64_C(2000) /* for a program: libjq takes 18 for any */

typedef struct ds_jq_process ds_jq_process;

typedef enum ds_jq_end {
    DS_JQ_FRAME,     /* a whole one came */
    DS_JQ_TOO_LONG,  /* at one record for longer than its limit */
    DS_JQ_NO_MEMORY, /* it left for want of memory */
    DS_JQ_CRASHED,   /* it ended by itself */
    DS_JQ_SPENT,     /* it has answered for the record it was at, and goes no further */
    DS_JQ_LOST,      /* ended from outside, or not moving: nothing is to blame */
    DS_JQ_GARBAGE,   /* what it sends makes no sense */
    DS_JQ_STOPPED,   /* the pass is to end */
} ds_jq_end;

/* NULL: TRANSIENT or CONFIG, with the remedy. */
DS_MUST_USE ds_jq_process *ds_jq_start(const char *path, ds_err *err);
void ds_jq_stop(ds_jq_process *p); /* at once; NULL is fine */

/* The frame in p's send buffer, to be filled between begin and end. */
ds_buf *ds_jq_out(ds_jq_process *p);
/* Sends what is in the buffer, waits for the next frame and gives its bytes, which live until the
 * next call. `act` NULL: nobody stops it. */
DS_MUST_USE ds_jq_end ds_jq_exchange(ds_jq_process *p, ds_activity *act, int64_t limit_ms,
                                     uint32_t *type, ds_wire_in *frame);
uint32_t ds_jq_at(const ds_jq_process *p); /* the record it was at, from 1; 0: none */
int ds_jq_signal(ds_jq_process *p);        /* after CRASHED: what ended it; 0: it left by itself */

DS_AUTO_DEFINE(ds_jq_process, ds_jq_stop)

#endif
