/* src/app/recall.h
 *
 * What passes of a route have kept, for commands that only look: a destination that knows its
 * columns by ids recalls which ones they were, whatever they are called by now.
 */
#ifndef DS_APP_RECALL_H
#define DS_APP_RECALL_H

#include "app/app.h"
#include "base/activity.h"
#include "store/store.h"

#define DS_RECALL_UNITS 4 /* what is the destination's all units of a route know alike */

typedef struct ds_recall {
    ds_memory base;   /* for ds_activity.memory; it keeps nothing */
    bool shared_only; /* but not what is a unit's: a source that knows an ETag would be silent */
    ds_ledger *ledgers[DS_RECALL_UNITS];
    size_t n;
} ds_recall;

/* What cannot be read is not known. Borrows `reader`. */
void ds_recall_open(ds_recall *r, ds_reader *reader, const char *route);
void ds_recall_close(ds_recall *r);

/* What concerns all routes, as the limits of a credential do: nobody is asked whom a pass was told
 * to leave alone. NULL: nothing is known. As long as the command. */
ds_memory *ds_app_memory(ds_app *app);
void ds_app_memory_close(ds_app *app);

#endif
