/* src/base/thread.h - starting a thread, which a limit on processes may forbid at any time. */
#ifndef DS_BASE_THREAD_H
#define DS_BASE_THREAD_H

#include <durable_sync/base.h>
#include <pthread.h>

/* TRANSIENT, with what to do, where the system has none left. `what` the thread is for. */
DS_MUST_USE bool ds_thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg,
                                 const char *what, ds_err *err);

#endif
