/* src/engine/common/notifier.h
 *
 * What is recorded for people leaves from here where an engine's own loop does not see to it: a
 * thread for each channel.  Any number of processes do this on one store: each takes a notice with
 * a lease, and one that dies leaves it to the others.
 */
#ifndef DS_ENGINE_COMMON_NOTIFIER_H
#define DS_ENGINE_COMMON_NOTIFIER_H

#include "base/clock.h"
#include "base/notice.h"
#include "store/store.h"

typedef struct ds_notifier ds_notifier;

/* All that is given outlives it. */
DS_MUST_USE ds_notifier *ds_notifier_start(ds_store *store, const ds_notices *notices,
                                           ds_clock *clock, ds_err *err);
void ds_notifier_hurry(ds_notifier *n); /* something was recorded. NULL is fine */
void ds_notifier_stop(ds_notifier *n);  /* ends what is on its way soon, and waits for it */

#endif
