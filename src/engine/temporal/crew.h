/* src/engine/temporal/crew.h
 *
 * The same done for many things, several at a time: calls to a server wait for its answers, and one
 * after the other a thousand of them are minutes.
 */
#ifndef DS_ENGINE_TEMPORAL_CREW_H
#define DS_ENGINE_TEMPORAL_CREW_H

#include <durable_sync/base.h>
#include <stdatomic.h>

typedef struct ds_crew_work {
    /* For 0 to n - 1, once each, in any order, from any thread; `a` is emptied behind it. */
    bool (*one)(void *to, size_t i, ds_arena *a, ds_err *err);
    void *to;
    size_t n;
    const atomic_bool *stop; /* begins nothing more; what is left undone then is no failure */
} ds_crew_work;

/* Returns when all that was begun has ended. false: one failed; *err is the first that did. The
 * rest was not begun then, unless that is wrong with it alone: DS_ERR_PERMANENT. Where there are no
 * threads to be had the caller's own does it all. */
DS_MUST_USE bool ds_crew_do(const ds_crew_work *work, ds_err *err);

#endif
