/* src/sync/confirm.c
 *
 * A listing by page numbers passes over a row when one before it is deleted meanwhile.  Where a
 * source says so of itself, what was not seen is asked for by its key before it counts as gone;
 * what comes is a record like all others.
 */
#include "sync/internal.h"

#define CONFIRM_MOST ((size_t)1000) /* more than these are no slip of a listing */

typedef struct doubted {
    const char **keys;
    size_t n;
} doubted;

static bool note_keys(pass *p, void *to, const ds_link *links, size_t n, ds_err *err)
{
    doubted *d = to;

    (void)err;
    for (size_t i = 0; i < n && d->n <= CONFIRM_MOST; i++)
        d->keys[d->n++] = ds_arena_strdup(p->keep, links[i].key);
    return true;
}

/* Rows that may have been made, and whose record has not come. */
static void note_intents(pass *p, doubted *d)
{
    for (size_t i = 0; i < p->begin.intents_n && d->n <= CONFIRM_MOST; i++)
        if (!p->intent_seen[i])
            d->keys[d->n++] = p->begin.intents[i].key;
}

bool confirm_missing(pass *p, page_taker take, void *to, ds_err *err)
{
    doubted d = {.n = 0};
    fetched *got;

    if (!p->src->ops->may_skip || p->in->sweep || !looks_for_missing(p))
        return true;
    d.keys = ds_arena_alloc(p->keep, (CONFIRM_MOST + 1) * sizeof(*d.keys));
    if (!for_missing(p, note_keys, &d, err))
        return false;
    note_intents(p, &d);
    if (!d.n || d.n > CONFIRM_MOST)
        return true;

    DS_AUTO(fetcher) f = pass_fetch_items(p, d.keys, d.n);

    while ((got = fetcher_next(f)) != NULL) {
        p->source_calls += got->page.calls;
        if (!got->ok) {
            *err = got->err;
            return ds_wrap(err, "source");
        }
        if (!take(p, got, to, err))
            return false;
    }
    return true;
}
