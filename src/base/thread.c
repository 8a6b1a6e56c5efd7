/* src/base/thread.c - starting a thread. */
#include "base/thread.h"

#include <string.h>

bool ds_thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg, const char *what,
                     ds_err *err)
{
    int failed = pthread_create(thread, NULL, run, arg);

    return !failed ||
           ds_fail(err, DS_ERR_TRANSIENT,
                   "no thread %s: %s; the limit on processes and threads (`ulimit -u`, a service's "
                   "TasksMax) or memory is used up",
                   what, strerror(failed));
}
