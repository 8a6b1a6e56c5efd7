/* src/sync/prepare.c
 *
 * What is to become of each record of a page: mapped, guarded, matched with its link, compared.
 * Nothing is written here.
 */
#include "base/hash.h"
#include "base/log.h"
#include "sync/internal.h"

static void hold(item *it, const char *reason)
{
    it->decision = DO_HOLD;
    it->reason = reason;
}

static const char *key_of_held(const void *held, uint32_t index)
{
    return ((const ds_held *)held)[index].key;
}

static const char *key_of_item(const void *items, uint32_t index)
{
    return ((const item *)items)[index].key;
}

static const ds_held *remembered(const pass *p, const char *key)
{
    uint64_t hash = ds_hash64(key, strlen(key));
    uint32_t index = keyset_find(&p->held_keys, hash, key, key_of_held, p->held);

    return index == UINT32_MAX ? NULL : &p->held[index];
}

bool held_before(pass *p, const char *const *keys, size_t n, ds_arena *a, const ds_held **out,
                 ds_err *err)
{
    if (p->held_many)
        return p->in->ledger->ops->held_of(p->in->ledger, keys, n, a, out, err) ||
               ds_wrap(err, "look up held records");
    for (size_t i = 0; i < n; i++)
        out[i] = remembered(p, keys[i]);
    return true;
}

/* The items' held records, as they were before. */
static bool find_held(pass *p, item *items, size_t n, ds_arena *a, ds_err *err)
{
    const char **keys;
    const ds_held **held;
    size_t keyed = 0;

    if (!p->held_many && !p->held_keys.n)
        return true;
    keys = ds_arena_alloc(a, n * sizeof(*keys));
    held = ds_arena_alloc(a, n * sizeof(*held));
    for (size_t i = 0; i < n; i++)
        if (!items[i].placed)
            keys[keyed++] = items[i].key;
    if (!held_before(p, keys, keyed, a, held, err))
        return false;
    keyed = 0;
    for (size_t i = 0; i < n; i++)
        if (!items[i].placed)
            items[i].held = held[keyed++];
    return true;
}

/* A record without a usable key is held under its place. */
static void hold_placed(item *it, size_t nth, const char *reason, ds_arena *a)
{
    it->placed = true;
    it->key = it->rec->place ? it->rec->place : ds_arena_printf(a, "record:%zu", nth + 1);
    hold(it, reason);
}

/* As it goes into the transform: what comes out takes its place. */
static ds_map_result map_half(pass *p, item *it, ds_arena *a, const char **reason)
{
    ds_transform_in in;
    ds_map_result result = ds_mapping_before(p->map, it->rec, a, &in, reason);

    it->mapped = (ds_mapped){.props = in.props, .n = in.n, .body = in.body};
    return result;
}

static void map_item(pass *p, item *it, ds_arena *a)
{
    const char *reason = NULL;
    ds_map_result result = p->route->transform
                               ? map_half(p, it, a, &reason)
                               : ds_mapping_apply(p->map, it->rec, a, &it->mapped, &reason);

    switch (result) {
    case DS_MAPPED:
        it->decision = DO_WRITE;
        break;
    case DS_MAP_DROPPED:
        it->decision = DO_SKIP;
        it->dropped = true;
        it->why = "`where` does not want it";
        break;
    case DS_MAP_HELD:
        hold(it, reason);
        break;
    }
    if (!p->to->has_bodies && !p->route->transform) /* which may read it */
        it->mapped.body = NULL;
}

/* false: a targeted pass that was not asked for this one. */
static bool look_at(pass *p, item *it, size_t nth, ds_arena *a)
{
    const char *problem = it->rec->hold ? it->rec->hold : ds_key_problem(a, it->rec->primary_key);

    if (problem) {
        hold_placed(it, nth, problem, a);
        return !p->in->items;
    }
    it->key = it->rec->primary_key;
    it->key_hash = ds_hash64(it->key, strlen(it->key));
    if (!asked_for(p, it->key, it->key_hash))
        return false;
    it->intent = intent_of(p, it->key, it->key_hash);
    if (it->intent)
        p->intent_seen[it->intent - p->begin.intents] = 1;
    map_item(p, it, a);
    return true;
}

/* A key should name one record; the first that does not is told, the totals count them. */
void warn_doubled(pass *p, const char *key)
{
    if (p->doubled++ == 0)
        ds_log(DS_LOG_WARN, "key_doubled", "route", p->route->name, "unit", p->act.unit, "key", key,
               "text", "several records have this key: one is taken, the others are skipped", NULL);
}

/* Two records of one page with one key: the last wins. */
static void supersede(pass *p, item *items, size_t n, keyset *set)
{
    keyset_clear(set);
    for (size_t i = n; i-- > 0;) {
        item *it = &items[i];

        if (it->placed || it->dropped)
            continue;
        if (keyset_find(set, it->key_hash, it->key, key_of_item, items) == UINT32_MAX) {
            keyset_put(set, it->key_hash, (uint32_t)i);
            continue;
        }
        it->decision = DO_SKIP;
        it->why = "a later record of the same page has this key";
        warn_doubled(p, it->key);
    }
}

bool held_waits(pass *p, const ds_held *held)
{
    int64_t most_ms = DS_MAX(HELD_MOST_MS, DS_MAX(p->settle_ms, p->lag_ms));
    int64_t now_ms = ds_activity_now_ms(&p->act);

    if (held->next_try_ms == HELD_FOR_A_PERSON)
        return true;
    return held->next_try_ms > now_ms && held->next_try_ms - now_ms <= most_ms;
}

static bool not_yet_due(pass *p, const item *it)
{
    return it->held && ds_hash_same(it->held->hash, it->mapped.hash) && held_waits(p, it->held);
}

static void compare(pass *p, item *it)
{
    const ds_link *link = it->link;

    if (!link) {
        it->why = "no link: new, or to be adopted";
    } else if (p->route->write_always) {
        it->why = "write: always";
    } else if (link->flags & (DS_LINK_MARKED | DS_LINK_LEAVING)) {
        it->why = "it was gone and is back";
    } else if (!link->valid) {
        it->why = "the destination has changed: the row is compared";
    } else if (link->flags & DS_LINK_TWICE) {
        it->why = "its create was sent twice: its key is looked up";
    } else if (!ds_hash_same(link->hash, it->mapped.hash)) {
        it->why = "differs from what was last written";
    } else if (p->route->verify_all) {
        it->decision = DO_COMPARE;
        it->why = "verify: all";
    } else {
        it->decision = DO_NOTHING;
        it->why = "the same as last written";
    }
}

static void decide(pass *p, item *it, ds_arena *a)
{
    if (it->decision == DO_HOLD) {
        it->quiet = it->held && !strcmp(it->held->reason, it->reason) && held_waits(p, it->held);
        return;
    }
    if (it->decision != DO_WRITE)
        return;
    if (it->intent)
        intent_settle(p, it, a);
    if (it->decision == DO_WRITE && not_yet_due(p, it)) {
        hold(it, it->held->reason);
        it->quiet = true;
    }
    if (it->decision == DO_WRITE)
        compare(p, it);
}

bool prepare_page(pass *p, const ds_page *page, ds_arena *a, item **out, size_t *out_n, ds_err *err)
{
    item *items = ds_arena_zalloc(a, (page->records_n + 1) * sizeof(*items));
    size_t n = 0;

    for (size_t i = 0; i < page->records_n; i++) {
        item *it = &items[n];

        *it = (item){.rec = &page->records[i]};
        n += look_at(p, it, i, a);
    }
    if (!find_held(p, items, n, a, err) || !transform_items(p, items, n, a, err))
        return false;
    supersede(p, items, n, &p->page_keys);
    if (!match_items(p, items, n, a, err))
        return false;
    for (size_t i = 0; i < n; i++)
        decide(p, &items[i], a);
    *out = items;
    *out_n = n;
    return true;
}
