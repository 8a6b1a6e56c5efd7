/* src/store/lock.h
 *
 * One writer a store: a lock on PATH.lock that the kernel lets go when the process ends, however it
 * ends.  The file holds the process id, for people and for the message of the one that is refused.
 */
#ifndef DS_STORE_LOCK_H
#define DS_STORE_LOCK_H

#include <durable_sync/base.h>
#include <sys/types.h>

/* The locked file, or -1. *holder: who has it, 0 where that is not the reason, -1 where unknown. */
DS_MUST_USE int ds_lock_take(const char *store_path, pid_t *holder, ds_err *err);
void ds_lock_remove(const char *store_path);  /* its file, by whoever has it and goes */
void ds_lock_release(int lock);               /* -1 is fine */
pid_t ds_lock_holder(const char *store_path); /* 0: nobody; -1: somebody */

#endif
