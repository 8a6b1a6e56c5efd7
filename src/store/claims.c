/* src/store/claims.c
 *
 * Who may make the row of a key.  Two units of a route may bring one record at the same time, and
 * where a destination meets no row by its key each would make one.  So what is announced is looked
 * for among what the others have linked and announced, within the transaction that announces it.
 */
#include "store/internal.h"
#include "store/links.h"
#include "store/rows.h"

#include <stdlib.h>

typedef struct rival { /* a unit that has announced the key, too */
    int64_t unit_id;
    const char *unit;
    bool settled; /* what it sent has arrived, or never will */
    struct rival *next;
} rival;

typedef struct claim {
    const char *key;
    size_t at; /* among the intents */
    rival *rivals;
    bool known; /* an earlier pass of this unit has announced it */
} claim;

typedef struct claims {
    claim *items; /* in the order of their keys */
    const char **keys;
    size_t n;
} claims;

static int by_key(const void *a, const void *b)
{
    return strcmp(((const claim *)a)->key, ((const claim *)b)->key);
}

static claims claims_of(const ds_commit *c)
{
    claims all = {.items = ds_arena_zalloc(c->arena, c->intents_n * sizeof(claim)),
                  .keys = ds_arena_alloc(c->arena, c->intents_n * sizeof(char *))};

    for (size_t i = 0; i < c->intents_n; i++) {
        if (c->intents[i].claims)
            all.items[all.n++] = (claim){.key = c->intents[i].key, .at = i};
    }
    qsort(all.items, all.n, sizeof(claim), by_key);
    for (size_t i = 0; i < all.n; i++)
        all.keys[i] = all.items[i].key;
    return all;
}

/* Whoever else announces waits until this transaction has ended: on a server there may be several
 * at once, and none of them would see the others. */
static bool wait_for_others(ds_db *db, ds_err *err)
{
    int64_t unused;

    return ds_db_int(db, "SELECT 0 FROM meta WHERE key = 'id'" DS_SQL_FOR_UPDATE, 0, &unused, err);
}

static void meet(claim *met, ds_stmt *st, ds_link_place at, const ds_commit *c)
{
    int64_t unit_id = ds_col_int(st, 1), issued = ds_col_int(st, 3);
    rival *other;

    if (unit_id == at.unit_id) {
        met->known = true;
        return;
    }
    other = ds_new_in(c->arena, rival);
    *other = (rival){.unit_id = unit_id,
                     .unit = ds_col_text(st, 2, c->arena),
                     .settled = issued != 0 && DS_MAX(issued, -issued) <= c->settled_ms,
                     .next = met->rivals};
    met->rivals = other;
}

/* Looked at before the links: what was taken back meanwhile has its link by then. */
static bool look_among_intents(ds_db *db, ds_link_place at, const ds_commit *c, const claims *all,
                               ds_err *err)
{
    static const char sql[] = "SELECT i.key, m.id, m.unit, i.issued FROM intent i"
                              " JOIN machine m ON m.id = i.unit_id WHERE m.route_id = ?1";
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);
    bool row = true;
    size_t n;

    if (!st)
        return false;
    ds_bind_int(st, 1, at.route_id);
    while (row) {
        claim *met = NULL;

        if (!ds_db_next(db, st, &row, err))
            return false;
        if (row)
            met = bsearch(&(claim){.key = ds_col_peek(st, 0, &n)}, all->items, all->n,
                          sizeof(claim), by_key);
        if (met)
            meet(met, st, at, c);
    }
    return true;
}

/* A unit that is gone holds nobody up. Nor do two that both have announced the key for good, when
 * one of them was gone meanwhile: the older one goes first. */
static bool holds_up(ds_db *db, ds_link_place at, const claim *one, const rival *other, bool *holds,
                     ds_err *err)
{
    bool gone = false;

    *holds = false;
    if (one->known && other->settled && at.unit_id < other->unit_id)
        return true;
    if (!ds_links_may_take(db, other->unit_id, &gone, err))
        return false;
    *holds = !gone;
    return true;
}

static bool look(ds_db *db, ds_link_place at, const ds_commit *c, ds_key_order *order, ds_err *err)
{
    claims all = claims_of(c);
    ds_link_match *links = ds_arena_alloc(c->arena, all.n * sizeof(*links));

    if (!look_among_intents(db, at, c, &all, err) ||
        !ds_links_match_here(db, at, all.keys, all.n, order, c->arena, links, err))
        return false;
    for (size_t i = 0; i < all.n; i++) {
        const claim *one = &all.items[i];
        const char **claimed = &c->claimed[one->at].by;

        *claimed = links[i].claimed_by;
        for (const rival *other = one->rivals; other && !*claimed; other = other->next) {
            bool holds;

            if (!holds_up(db, at, one, other, &holds, err))
                return false;
            *claimed = holds ? other->unit : NULL;
        }
    }
    return true;
}

bool ds_intents_claim(ds_db *db, ds_link_place at, const ds_commit *c, ds_key_order *order,
                      ds_err *err)
{
    bool alone = true;

    if (!c->claimed)
        return true;
    memset(c->claimed, 0, c->intents_n * sizeof(*c->claimed)); /* of a run that was undone */
    return wait_for_others(db, err) && ds_links_alone(db, at, &alone, err) &&
           (alone || look(db, at, c, order, err));
}
