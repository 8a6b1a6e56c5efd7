/* src/sync/changed.c
 *
 * A source that lists changes tells nothing of records that the route alone sees otherwise: with
 * another field, another condition.  What it was when all of them were read last is kept with the
 * unit, so that a pass over some of them can ask for one over all.
 */
#include "sync/internal.h"

#define AS_READ "the route, as a full pass read it"

/* Others read everything each time. */
static bool lists_changes(const pass *p)
{
    return p->src->ops->lists_changes && p->src->ops->lists_changes(p->src);
}

bool route_changed(pass *p)
{
    const char *read;

    if (p->planning || p->in->kind == DS_PASS_FULL || !lists_changes(p))
        return false;
    read = ds_activity_recall(&p->act, AS_READ);
    return read && strcmp(read, p->route->fingerprint) != 0;
}

void route_was_read(pass *p)
{
    if (p->in->kind == DS_PASS_FULL && !p->in->sweep && lists_changes(p))
        ds_activity_keep(&p->act, AS_READ, p->route->fingerprint);
}
