/* src/sync/asked.c
 *
 * What a targeted pass was asked for by name.  Whoever asked is told of what did not come: a slip
 * would else look like a record that needed nothing.
 */
#include "base/hash.h"
#include "sync/internal.h"

#define NAMES_TOLD 3

static const char *key_of_wanted(const void *items, uint32_t index)
{
    return ((const char *const *)items)[index];
}

static uint32_t find(const pass *p, const char *name, uint64_t hash)
{
    return keyset_find(&p->items_wanted, hash, name, key_of_wanted, p->in->items);
}

void asked_begin(pass *p)
{
    for (size_t i = 0; i < p->in->items_n; i++)
        keyset_put(&p->items_wanted, ds_hash64(p->in->items[i], strlen(p->in->items[i])),
                   (uint32_t)i);
    p->items_came = ds_arena_zalloc(p->keep, p->in->items_n + 1);
}

bool asked_for(pass *p, const char *key, uint64_t hash)
{
    uint32_t index = p->in->items ? find(p, key, hash) : UINT32_MAX;

    if (index != UINT32_MAX)
        p->items_came[index] = 1;
    return !p->in->items || (p->src->ops->targets_items && p->src->ops->names_items) ||
           index != UINT32_MAX;
}

void asked_came(pass *p, const ds_page *page)
{
    for (size_t i = 0; p->in->items && i < page->answers_n; i++) {
        const char *name = page->answers[i];
        uint32_t index = find(p, name, ds_hash64(name, strlen(name)));

        if (index != UINT32_MAX)
            p->items_came[index] = 1;
    }
}

void asked_tell(const pass *p, ds_err *out)
{
    const char *names[NAMES_TOLD] = {"", "", ""};
    size_t n = 0;

    *out = DS_ERR_INIT; /* one that was overcome */
    /* What came before an interruption is not known any more. */
    for (size_t i = 0; !p->begin.resumed && i < p->in->items_n; i++) {
        const char *name = p->in->items[i];
        uint32_t index = find(p, name, ds_hash64(name, strlen(name))); /* of doubles: of one */

        if (index == i && !p->items_came[i] && n++ < NAMES_TOLD)
            names[n - 1] = name;
    }
    if (n)
        ds_fail(out, DS_ERR_NONE, "nothing came from the source for %.100s%s%.100s%s%.100s%s",
                names[0], n > 1 ? ", " : "", names[1], n > 2 ? ", " : "", names[2],
                n > NAMES_TOLD ? ds_arena_printf(p->keep, " and %zu more", n - NAMES_TOLD) : "");
}
