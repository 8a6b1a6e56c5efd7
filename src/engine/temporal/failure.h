/* src/engine/temporal/failure.h
 *
 * Our errors as Temporal's failures and back.  The kind is the failure's type, by the names that
 * the Python program of the same name uses where it has one:
 *
 *   DS_ERR_AUTH          AuthError, not retried         DS_ERR_RATE_LIMITED  RateLimited, next
 * retry DS_ERR_CONFIG        ConfigError, not retried                            after the delay
 * named DS_ERR_PERMANENT     PermanentError, not retried    DS_ERR_CANCELLED     WorkerShutdown
 *   DS_ERR_TRANSIENT     TransientError
 *
 * A failure's message is in clear in the history, whatever the codec does: no secret in it.
 */
#ifndef DS_ENGINE_TEMPORAL_FAILURE_H
#define DS_ENGINE_TEMPORAL_FAILURE_H

#include "engine/temporal/wire.h"

#define DS_FAILURE_SOURCE "durable-sync-c"

Ds__Failure *ds_failure_of(const ds_err *err, ds_arena *a);
/* One of a type of its own. */
Ds__Failure *ds_failure_new(const char *type, bool non_retryable, const char *message, ds_arena *a);

/* The kind (AuthError anywhere in the chain of causes is DS_ERR_AUTH; else the outermost one that
 * says something counts: a timeout or a type nobody knows is transient unless it says otherwise),
 * the text as below, the HTTP status and the delay that ds_failure_of put in. NULL: transient,
 * "unknown error". */
void ds_failure_read(const Ds__Failure *failure, ds_err *out);

/* The messages of the chain, outermost first, with " ← " between; a generic one in front and
 * repetitions are left out. Valid UTF-8, at most 4 KiB (1 KiB of each), in `a`; "unknown error":
 * there is none. */
const char *ds_failure_text(const Ds__Failure *failure, ds_arena *a);

#endif
