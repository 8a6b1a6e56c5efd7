/* src/base/child.h
 *
 * A program that is run for its answer, with a limit in time and bytes.  It has a process group of
 * its own, so that at the limit all it started goes with it.
 */
#ifndef DS_BASE_CHILD_H
#define DS_BASE_CHILD_H

#include <durable_sync/base.h>
#include <stdatomic.h>

typedef struct ds_child {
    const char *file;        /* looked for in PATH where it holds no slash */
    char *const *argv;       /* ended by NULL, like env */
    char *const *env;        /* NULL: ours */
    const char *dir;         /* where it runs */
    const char *input;       /* its standard input; NULL: nothing to read */
    bool errors_too;         /* what it writes to its standard error is output as well */
    int64_t limit_ms;        /* then it is killed */
    bool discard;            /* output beyond out->max is lost; else it is an error */
    const atomic_bool *stop; /* set: it gets grace_ms more, and is killed; NULL: nobody sets it */
    int64_t grace_ms;
} ds_child;

/* Runs it and collects its output. false with PERMANENT: it could not be started, did not end in
 * time, printed too much, failed or was ended by a signal; with CANCELLED: it was stopped. */
DS_MUST_USE bool ds_child_run(const ds_child *child, ds_buf *out, ds_err *err);

#endif
