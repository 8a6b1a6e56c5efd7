/* src/transform/transform.h
 *
 * `transform`: jq expressions over mapped records.  libjq 1.6 aborts, hangs, eats memory and shows
 * its environment, so it runs in a worker process of its own (durable-sync-jq, worker*.c, the only
 * code that knows it); this is the side that starts the worker, sends it pages of records and
 * watches it. What goes wrong costs the one record that it was at, with a reason, and a new worker.
 *
 * Numbers.  jq knows doubles only, so a number that a double does not hold for sure (from 2^53 on,
 * or of more than 17 digits) reaches the expression as text, and one beyond 2^53 that comes out of
 * it holds the record: nothing is rounded unseen.  A property that comes out as it went in keeps
 * the very value it had.
 */
#ifndef DS_TRANSFORM_TRANSFORM_H
#define DS_TRANSFORM_TRANSFORM_H

#include "base/transform.h"

typedef struct ds_jq {
    ds_transformer base; /* first */
    const char *worker;  /* absolute path; NULL: the one that came with this program */
} ds_jq;

extern const ds_jq ds_jq_installed;
ds_jq ds_jq_with(const char *worker); /* the path is borrowed */

/* Where the worker that came with this program is; NULL: nowhere that it should be. */
const char *ds_jq_find_worker(ds_arena *a);

typedef struct ds_jq_facts {
    const char *worker;
    const char *libjq; /* "1.6" */
    bool calls;        /* its system calls are filtered */
    bool privileges;   /* it cannot gain any */
    bool memory;       /* it has a limit */
} ds_jq_facts;

/* For `doctor`: starts a worker and asks. */
DS_MUST_USE bool ds_jq_look(const ds_jq *jq, ds_arena *a, ds_jq_facts *out, ds_err *err);

#endif
