/* src/sync/open.c
 *
 * What comes before the first page: the ledger's memory, the two ends, and the questions whether
 * the links still speak of this destination and whether an interrupted pass goes on.
 */
#include "base/hash.h"
#include "sync/internal.h"

#include <stdlib.h>

bool over_limit(const pass *p, int64_t more)
{
    return p->allowed >= 0 && p->changes + more > p->allowed;
}

static void set_up(pass *p, const ds_pass_in *in, bool planning)
{
    *p = (pass){.in = in,
                .route = in->route,
                .to = in->route->destination,
                .planning = planning,
                .allowed = -1};
    p->keep = ds_arena_new();
    p->batch = ds_arena_new();
    p->slice = ds_arena_new();
    p->find_batch = FIND_BATCH;
    p->act = (ds_activity){.arena = p->batch,
                           .clock = in->clock,
                           .stop = in->stop,
                           .stop_bell = in->stop_bell,
                           .lease_us = DS_PLANT("lease ignored") ? NULL : in->lease_us,
                           .route = in->route->name,
                           .unit = in->unit};
    p->act.limited_ms = in->progress ? &in->progress->destination_limited_ms : NULL;
    p->act.asked = in->progress ? &in->progress->destination_calls : NULL;
    p->act.wanted = ds_mapping_wanted(in->route, p->keep, &p->act.wanted_n);
    p->map = ds_mapping_new(in->route);
    p->started_us = p->checkpoint_us = in->clock->mono_us(in->clock);
    ds_buf_init(&p->cursor_buf, 64 * DS_KIB);
    group_init(&p->group);
    p->keeper = keeper_new(in->ledger, planning);
    p->act.memory = keeper_destination(p->keeper);
    p->src = ds_source_new(in->route);
    p->dst = ds_destination_new(in->route);
}

void pass_close(pass *p)
{
    ds_activity_log_calls(&p->act, "destination");
    ds_source_free(p->src);
    ds_destination_free(p->dst);
    ds_mapping_free(p->map);
    if (p->transform)
        p->route->transformer->close(p->transform);
    group_fini(&p->group);
    keeper_free(p->keeper);
    keyset_fini(&p->page_keys);
    keyset_fini(&p->items_wanted);
    keyset_fini(&p->held_keys);
    keyset_fini(&p->intent_keys);
    ds_buf_fini(&p->cursor_buf);
    free(p->seen);
    free(p->met);
    free(p->unsure.items);
    keyset_fini(&p->unsure_keys);
    ds_arena_free(p->keep);
    ds_arena_free(p->batch);
    ds_arena_free(p->slice);
}

static void remember_intents(pass *p)
{
    p->intent_seen = ds_arena_zalloc(p->keep, p->begin.intents_n + 1);
    for (size_t i = 0; i < p->begin.intents_n; i++)
        keyset_put(&p->intent_keys,
                   ds_hash64(p->begin.intents[i].key, strlen(p->begin.intents[i].key)),
                   (uint32_t)i);
}

/* All held records of the unit, if there are few: a look at the store for each record of the source
 * would cost more than the rest of an unchanged pass. */
static bool remember_held(pass *p, ds_err *err)
{
    size_t got = 1;

    p->held_many = p->begin.held > HELD_KNOWN;
    if (p->held_many || !p->begin.held)
        return true;
    while (got) { /* a page may have one less than it could, and not be the last */
        const char *after = p->held_n ? p->held[p->held_n - 1].key : NULL;
        const ds_held *some;

        if (!p->in->ledger->ops->held(p->in->ledger, after, PAGE_RECORDS, p->keep, &some, &got,
                                      err))
            return ds_wrap(err, "read held records");
        p->held = ds_arena_grow(p->keep, p->held, p->held_n * sizeof(*some),
                                (p->held_n + got) * sizeof(*some));
        for (size_t i = 0; i < got; i++) {
            if (!some[i].placed)
                keyset_put(&p->held_keys, ds_hash64(some[i].key, strlen(some[i].key)),
                           (uint32_t)p->held_n);
            p->held[p->held_n++] = some[i];
        }
    }
    return true;
}

static bool differs(const char *known, const char *now)
{
    return known && strcmp(known, now) != 0;
}

/* What was counted and seen before an interruption. */
static void resume(pass *p)
{
    const ds_checkpoint *c = &p->begin.checkpoint;

    p->totals = p->page_totals = p->committed_totals = c->totals;
    p->changes = c->changes;
    p->source_calls = c->source_calls;
    p->destination_calls = c->destination_calls;
    p->source_done = c->source_done;
    if (c->cursor) {
        ds_buf_text(&p->cursor_buf, c->cursor);
        p->cursor = p->cursor_buf.data;
    }
}

void pass_restart(pass *p)
{
    p->totals = p->page_totals = p->committed_totals = (ds_totals){0};
    /* `changes` stay: what was written is written */
    p->cursor = NULL;
    p->walk_after = -1;
    p->source_done = p->seen_void = false;
    if (p->seen)
        memset(p->seen, 0, p->seen_n);
    if (p->met)
        memset(p->met, 0, p->met_n);
}

static void prepare_seen(pass *p, bool resumed)
{
    const ds_checkpoint *c = &p->begin.checkpoint;

    bool for_others = !p->begin.alone && !p->planning;

    if ((p->route->missing == DS_MISSING_IGNORE && !for_others) || p->in->kind != DS_PASS_FULL)
        return;
    p->seen_n = resumed ? c->seen_n : (size_t)(p->begin.next_seq + 7) / 8;
    p->seen_void = resumed && !c->seen;
    p->seen = ds_calloc(p->seen_n, 1);
    if (resumed && c->seen)
        memcpy(p->seen, c->seen, c->seen_n);
}

/* As the destination's, with what is the source's own. */
static ds_activity source_activity(const pass *p)
{
    ds_activity act = p->act;

    act.memory = keeper_source(p->keeper);
    act.limited_ms = p->in->progress ? &p->in->progress->source_limited_ms : NULL;
    act.asked = p->in->progress ? &p->in->progress->source_calls : NULL;
    return act;
}

/* What the source knows of their types is for columns that the destination may make. */
static bool find_columns(pass *p, ds_open_in *in, ds_err *err)
{
    ds_activity act = source_activity(p);
    ds_column *columns = ds_mapping_columns(p->route, p->keep, &in->columns_n);

    in->columns = columns;
    act.arena = p->keep;
    if (p->in->sweep || p->planning || !p->to->ensure_schema)
        return true;
    return (p->route->has_fields
                ? ds_mapping_learn(p->route, p->src, &act, columns, in->columns_n, err)
                : ds_mapping_known(p->route, p->src, &act, &in->known, &in->known_n, err)) ||
           ds_wrap(err, "source");
}

static bool open_destination(pass *p, bool *continues, ds_err *err)
{
    ds_open_in in = {
        .owner = p->in->owner, .generation = p->begin.generation, .reading_only = p->planning};
    ds_open_out out = {.continues = true, .exists = true, .rows = -1};

    if (!find_columns(p, &in, err))
        return false;
    if (p->to->open && !p->to->open(p->dst, &p->act, &in, &out, err))
        return ds_wrap(err, "destination");
    p->destination_exists = out.exists;
    p->fragile = out.fragile;
    p->settle_ms = out.has_delays ? out.settle_ms : p->to->settle_ms;
    p->lag_ms = out.has_delays ? out.lag_ms : p->to->lag_ms;
    p->whole_rows = out.whole_rows;
    *continues = out.continues || (!p->begin.generation && !p->begin.links);
    return true;
}

static bool open_source(pass *p, ds_err *err)
{
    ds_activity act = source_activity(p);
    bool ok;

    act.arena = p->keep;
    ok = p->in->sweep || !p->src->ops->open || p->src->ops->open(p->src, &act, err);
    p->opening_calls = act.calls;
    return ok || ds_wrap(err, "source");
}

/* What a pass would find once that is committed, which a plan does not do. */
static void as_if_settled(pass *p, const ds_commit *c)
{
    p->distrust = c->void_hashes;
    p->forgets = c->drop_links;
    if (!c->drop_links)
        return;
    p->begin.links = p->begin.held = 0;
    p->begin.intents_n = 0;
    p->begin.first = true;
}

/* Writes down at whose rows the links point from now on; hashes are void where that changed. */
static bool settle_identity(pass *p, bool continues, bool *fresh, ds_err *err)
{
    const ds_ledger_begin *b = &p->begin;
    bool moved = differs(b->identity, p->route->identity);
    bool rekeyed = differs(b->key_signature, p->route->key_signature);
    ds_commit c = {
        .drop_links = moved || rekeyed,
        .void_hashes = !continues || (b->identity && b->encoder != DS_ENCODER),
        .identity = p->route->identity,
        .key_signature = p->route->key_signature,
        .encoder = DS_ENCODER,
    };

    *fresh = c.drop_links || c.void_hashes;
    p->compares_all = *fresh;
    if (p->planning) {
        as_if_settled(p, &c);
        return true;
    }
    if (c.void_hashes && b->links)
        ds_activity_warn(&p->act,
                         "the destination is not as it was left (made anew, or an old copy): "
                         "every row is compared with it in %s",
                         p->in->kind == DS_PASS_FULL ? "this pass" : "the full pass that follows");
    if (!*fresh && b->identity) /* the three are noted together */
        return true;
    if (!p->in->ledger->ops->commit(p->in->ledger, &c, err))
        return ds_wrap(err, "note the destination's identity");
    if (!*fresh)
        return true;
    return p->in->ledger->ops->begin(p->in->ledger, p->keep, &p->begin, err);
}

/* Links that there were when this pass began: those that it has made since were not among them,
 * those of rows that it has removed were. */
static int64_t known_at_start(const pass *p, bool resumed)
{
    const ds_totals *t = &p->begin.checkpoint.totals;
    int64_t known = p->begin.links;

    if (!resumed)
        return known;
    known -= DS_MIN(known, t->created);
    return p->route->missing == DS_MISSING_DELETE ? known + t->missing : known;
}

static void prepare_counters(pass *p, bool resumed)
{
    bool exempt = p->in->approved || p->begin.first || p->route->limit_changes < 0;

    if (!exempt)
        p->allowed = (int64_t)(p->route->limit_changes * (double)known_at_start(p, resumed));
    p->next_seq = p->begin.next_seq;
    p->walk_after = -1;
    /* Where a create meets no row by its key, one that this pass has made itself must be known. */
    p->skip_lookup =
        p->forgets || (p->begin.alone && !p->begin.links && (p->to->upserts || p->planning));
    prepare_seen(p, resumed);
    if (resumed)
        resume(p);
    p->source_calls += p->opening_calls;
    count_call(p, true);
    p->source_done |= p->in->sweep;
}

open_result pass_open(pass *p, const ds_pass_in *in, bool planning, ds_err *err)
{
    bool continues = true, fresh = false;

    set_up(p, in, planning);
    if (!in->ledger->ops->begin(in->ledger, p->keep, &p->begin, err))
        return OPEN_FAILED;
    p->act.haste = in->items_n ? DS_HASTE_ASKED : p->begin.first ? DS_HASTE_FILL : DS_HASTE_USUAL;
    if (p->begin.links && differs(p->begin.key_signature, in->route->key_signature) &&
        !in->approved) {
        ds_fail(err, DS_ERR_CONFIG,
                "`key` has changed (%s, was %s): every row would be matched anew",
                in->route->key_signature, p->begin.key_signature);
        return OPEN_APPROVAL;
    }
    if (!open_source(p, err) || !open_destination(p, &continues, err) ||
        !settle_identity(p, continues, &fresh, err))
        return OPEN_FAILED;
    prepare_counters(p, p->begin.resumed && !fresh);
    asked_begin(p);
    remember_intents(p);
    p->wants_full = (p->compares_all && in->kind != DS_PASS_FULL) || route_changed(p);
    return remember_held(p, err) ? OPENED : OPEN_FAILED;
}

static fetcher *start(pass *p, const ds_fetch *want)
{
    ds_activity act = source_activity(p);

    return p->in->one_thread ? fetcher_start_here(p->src, &act, want)
                             : fetcher_start(p->src, &act, want);
}

fetcher *pass_fetch_items(pass *p, const char *const *keys, size_t n)
{
    ds_fetch want = {.unit = p->in->unit,
                     .items = keys,
                     .items_n = n,
                     .since_ms = -1,
                     .limit = PAGE_RECORDS,
                     .seem_gone = true};

    return start(p, &want);
}

fetcher *pass_fetch(pass *p)
{
    ds_fetch want = {.unit = p->in->unit,
                     .cursor = p->cursor,
                     .since_ms = p->in->kind == DS_PASS_CHANGES ? p->in->since_ms : -1,
                     .limit = p->in->page_records ? p->in->page_records : PAGE_RECORDS};

    if (p->route->pace > 0) /* pages of about a second, so that checkpoints keep up */
        want.limit = (size_t)DS_MAX(DS_MIN((int64_t)p->route->pace, (int64_t)PAGE_RECORDS), 10);
    if (p->src->ops->targets_items && p->in->items) {
        want.items = p->in->items;
        want.items_n = p->in->items_n;
    }
    return start(p, &want);
}
