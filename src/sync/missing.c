/* src/sync/missing.c
 *
 * Rows gone from the source: only after a complete full pass, only rows this route created, and
 * never before they are counted against the route's limits.
 */
#include "base/hash.h"
#include "sync/internal.h"

enum { INTENT_SETTLED = 2 }; /* in `intent_seen`: by this pass */

static bool is_missing(const pass *p, const ds_link *link)
{
    return (link->flags & DS_LINK_CREATED) && !(link->flags & DS_LINK_MARKED) &&
           !was_seen(p, link->seq);
}

/* Marked, in a destination that has been made anew or put back from an older copy since: limits
 * have counted it when it was marked first. */
static bool has_lost_mark(const pass *p, const ds_link *link)
{
    return p->route->missing == DS_MISSING_MARK && p->to->flush && !link->valid &&
           (link->flags & DS_LINK_MARKED) && !was_seen(p, link->seq);
}

static bool is_to_be_handled(const pass *p, const ds_link *link)
{
    return is_missing(p, link) || has_lost_mark(p, link);
}

/* Its record did not come: another unit may bring it now. */
static bool is_unmet(const pass *p, const ds_link *link)
{
    return !(link->flags & DS_LINK_UNMET) && !was_seen(p, link->seq);
}

typedef bool (*taker)(pass *p, void *to, const ds_link *links, size_t n, ds_err *err);

static bool for_links(pass *p, bool (*wanted)(const pass *p, const ds_link *link), taker each,
                      void *to, ds_err *err)
{
    DS_AUTO(ds_arena) memory = ds_arena_new();
    int64_t after = -1;
    size_t n = 1;

    while (n) {
        const ds_link *links;
        ds_link *gone;
        size_t gone_n = 0;

        ds_arena_reset(memory);
        if (!p->in->ledger->ops->walk(p->in->ledger, after, PAGE_RECORDS, memory, &links, &n, err))
            return ds_wrap(err, "walk the links");
        gone = ds_arena_alloc(memory, n * sizeof(*gone));
        for (size_t i = 0; i < n; i++)
            if (wanted(p, &links[i]))
                gone[gone_n++] = links[i];
        if (gone_n && !each(p, to, gone, gone_n, err))
            return false;
        after = n ? links[n - 1].seq : after;
        if (ds_activity_stopping(&p->act))
            return ds_fail(err, DS_ERR_CANCELLED, "stopped");
    }
    return true;
}

bool for_missing(pass *p, taker each, void *to, ds_err *err)
{
    return for_links(p, is_missing, each, to, err);
}

static bool count_some(pass *p, void *to, const ds_link *links, size_t n, ds_err *err)
{
    (void)to;
    (void)err;
    for (size_t i = 0; i < n; i++)
        *(is_missing(p, &links[i]) ? &p->missing_found : &p->marks_lost) += 1;
    return true;
}

bool looks_for_missing(const pass *p)
{
    return p->seen && !p->seen_void && !p->forgets;
}

bool count_missing(pass *p, int64_t *missing, ds_err *err)
{
    p->missing_found = p->marks_lost = 0;
    *missing = 0;
    if (!looks_for_missing(p))
        return true;
    if (!for_links(p, is_to_be_handled, count_some, NULL, err))
        return false;
    *missing = p->missing_found;
    return true;
}

typedef struct gone { /* links of one batch, and what became of their rows */
    const ds_link *links;
    bool *done; /* [n] */
    size_t n;
} gone;

/* The row is gone; one that an earlier pass may have made in its place is not. */
static void settle_leaving(pass *p, const char *key)
{
    const ds_intent *earlier = intent_of(p, key, ds_hash64(key, strlen(key)));

    if (earlier && p->intent_seen[earlier - p->begin.intents] != INTENT_SETTLED)
        group_sent(p, earlier);
    else if (intent_needed(p))
        group_clear_intent(p, key);
}

/* Rows whose records another unit has brought since the links were read: they are its. */
static void leave_out_taken(pass *p, gone *g, const ds_link_put *puts)
{
    ds_link *ours = ds_arena_alloc(p->batch, g->n * sizeof(*ours));
    size_t n = 0;

    for (size_t i = 0; i < g->n; i++) {
        if (puts[i].conflict)
            settle_leaving(p, g->links[i].key);
        else
            ours[n++] = g->links[i];
    }
    g->links = ours;
    g->n = n;
}

/* Should the commit behind this be lost, a record that comes back still finds its row written. From
 * here on no other unit may take the row over. */
static bool note_leaving(pass *p, gone *g, ds_err *err)
{
    ds_link_put *puts = ds_arena_zalloc(p->batch, g->n * sizeof(*puts));
    ds_intent *intents = ds_arena_zalloc(p->batch, g->n * sizeof(*intents));
    ds_commit c = {
        .puts = puts, .puts_n = g->n, .intents = intents, .intents_n = intent_needed(p) ? g->n : 0};

    for (size_t i = 0; i < g->n; i++) {
        intents[i].key = g->links[i].key;
        puts[i].link = g->links[i];
        puts[i].link.flags = ds_link_mark_in_doubt(g->links[i].flags) & (uint8_t)~DS_LINK_UNMET;
        puts[i].link.flags |= DS_LINK_LEAVING;
        puts[i].link.hash = (ds_hash){0, 0};
    }
    if (!p->in->ledger->ops->commit(p->in->ledger, &c, err))
        return ds_wrap(err, "note what leaves");
    leave_out_taken(p, g, puts);
    return true;
}

/* A row that a hand has removed is not made again to be marked. */
static bool find_there(pass *p, const gone *g, bool *there, ds_err *err)
{
    const char **keys = ds_arena_alloc(p->batch, g->n * sizeof(*keys));
    ds_found *found = ds_arena_zalloc(p->batch, g->n * sizeof(*found));

    for (size_t i = 0; i < g->n; i++)
        keys[i] = g->links[i].key;
    if (p->to->find && !find_keys(p, keys, g->n, found, err))
        return false;
    for (size_t i = 0; i < g->n; i++)
        there[i] = !p->to->find || found[i].n;
    return true;
}

static bool was_written(ds_outcome outcome)
{
    return outcome == DS_OUT_CREATED || outcome == DS_OUT_UPDATED || outcome == DS_OUT_UNCHANGED ||
           outcome == DS_OUT_GONE; /* nothing left to be marked */
}

static bool mark_rows(pass *p, const gone *g, ds_err *err)
{
    ds_write *writes = ds_arena_zalloc(p->batch, g->n * sizeof(*writes));
    bool *there = ds_arena_zalloc(p->batch, g->n * sizeof(*there));
    ds_prop mark = {p->route->missing_mark, ds_bool(true)};
    size_t n = 0, refused = 0;

    if (!find_there(p, g, there, err))
        return false;
    for (size_t i = 0; i < g->n; i++)
        if (there[i])
            writes[n++] = (ds_write){.op = DS_OP_UPDATE,
                                     .key = g->links[i].key,
                                     .id = g->links[i].id,
                                     .props = &mark,
                                     .props_n = 1};
    if (n && !send_writes(p, writes, n, err))
        return false;
    n = 0;
    for (size_t i = 0; i < g->n; i++) {
        g->done[i] = !there[i] || was_written(writes[n].outcome);
        n += there[i];
        refused += !g->done[i];
    }
    if (refused)
        ds_activity_warn(&p->act,
                         "%zu rows gone from the source could not be marked: the next full "
                         "pass tries again",
                         refused);
    return true;
}

static bool remove_rows(pass *p, const gone *g, ds_err *err)
{
    const char **keys = ds_arena_alloc(p->batch, g->n * sizeof(*keys));
    const char **ids = ds_arena_alloc(p->batch, g->n * sizeof(*ids));
    bool ok;

    for (size_t i = 0; i < g->n; i++) {
        keys[i] = g->links[i].key;
        ids[i] = g->links[i].id;
        g->done[i] = true;
    }
    if (ds_activity_stopping(&p->act))
        return ds_fail(err, DS_ERR_CANCELLED, "stopped");
    ds_crashpoint("remove");
    p->group.dirty = true;
    if (p->route->missing == DS_MISSING_ARCHIVE)
        ok = p->to->archive(p->dst, &p->act, keys, ids, g->n, err);
    else
        ok = p->to->remove(p->dst, &p->act, keys, ids, g->n, err);
    count_call(p, false);
    p->lost |= !ok && p->to->flush;
    ds_crashpoint("removed");
    return ok;
}

static void settle_gone(pass *p, const gone *g)
{
    /* Its record did not come: another unit may bring it as soon as the row has been dealt with. */
    int unmet = p->begin.alone || p->in->sweep ? 0 : DS_LINK_UNMET;

    for (size_t i = 0; i < g->n; i++) {
        ds_link link = g->links[i];
        bool counted = link.flags & DS_LINK_MARKED; /* when it was marked first */

        if (!g->done[i])
            continue;
        settle_leaving(p, link.key);
        link.flags = (uint8_t)((link.flags & ~DS_LINK_LEAVING) | DS_LINK_MARKED | unmet);
        link.hash = (ds_hash){0, 0};
        if (p->route->missing == DS_MISSING_DELETE)
            group_remove(p, &link);
        else
            group_put(p, &link, false);
        p->totals.missing += !counted;
        p->changes += !counted;
    }
    p->page_totals = p->totals; /* all pages are in: each batch is a step of its own */
}

static bool act_on_slice(pass *p, const ds_link *links, size_t n, ds_err *err)
{
    gone g = {.links = links, .n = n};
    bool ok;

    g.done = ds_arena_zalloc(p->batch, n * sizeof(*g.done));
    ok = note_leaving(p, &g, err) &&
         (!g.n ||
          (p->route->missing == DS_MISSING_MARK ? mark_rows(p, &g, err) : remove_rows(p, &g, err)));
    if (ok)
        settle_gone(p, &g);
    ds_arena_reset(p->batch);
    return ok ? group_commit(p, true, err) : ds_wrap(err, "rows gone from the source");
}

/* Each is a write, and goes at the route's pace. */
static bool act_on_some(pass *p, void *to, const ds_link *links, size_t n, ds_err *err)
{
    size_t some;

    (void)to;
    for (size_t at = 0; at < n; at += some) {
        some = (size_t)DS_MIN((int64_t)(n - at), pace_slice(p));
        if (!wait_for_turn(p, some, err) || !act_on_slice(p, links + at, some, err))
            return false;
    }
    return true;
}

/* Room in `seen` for n links that are about to be numbered: all that came in this pass were seen.
 */
static void extend_seen(pass *p, size_t n)
{
    size_t was = p->seen_n, needed = (size_t)p->next_seq / 8 + n / 8 + 2;

    if (needed <= was)
        return; /* an earlier part of the pass has made room already */
    p->seen_n = needed;
    p->seen = ds_realloc(p->seen, p->seen_n, 1);
    memset(p->seen + was, 0, p->seen_n - was);
    for (int64_t seq = (int64_t)was * 8; seq < p->next_seq; seq++)
        mark_seen(p, seq);
}

/* To be found missing with the others: a put counts as seen. */
static void put_unseen(pass *p, const ds_link *link, bool is_new)
{
    int64_t seq = is_new ? p->next_seq : link->seq;

    group_put(p, link, is_new);
    p->seen[seq / 8] &= (uint8_t) ~(1u << (seq % 8));
}

static void link_row(pass *p, const ds_found *found, const ds_link *known)
{
    ds_link link = {.key = found->key, .id = found->id, .flags = DS_LINK_CREATED};

    if (!known) {
        put_unseen(p, &link, true);
    } else if (found->id && known->id && /* GCOVR_EXCL_BR_LINE all rows have ids, or none has */
               strcmp(found->id, known->id) != 0) {
        link.seq = known->seq; /* its row was made again, and bears no mark yet */
        link.flags = (uint8_t)(known->flags & ~(DS_LINK_MARKED | DS_LINK_LEAVING));
        put_unseen(p, &link, false);
    }
}

static void settle_lost(pass *p, const ds_intent *intent, const ds_found *found,
                        const ds_link *known)
{
    int64_t now_ms = ds_activity_now_ms(&p->act);

    if (!found->n && p->to->promise == DS_PROMISE_C)
        return; /* it may be there all the same, should the record come back */
    if (found->n == 1 && (known || (intent_means_ours(p) && !intent->theirs)))
        link_row(p, found, known);
    else if (!found->n && p->lag_ms > 0 && !intent->looked_ms)
        group_sent(p, &(ds_intent){.key = intent->key, .looked_ms = now_ms}); /* looked for again */
    if (!found->n && p->lag_ms > 0 && !intent->looked_ms)
        return;
    group_clear_intent(p, intent->key);
    intent = intent_of(p, intent->key, ds_hash64(intent->key, strlen(intent->key)));
    p->intent_seen[intent - p->begin.intents] = INTENT_SETTLED;
}

static bool link_some(pass *p, const ds_intent *lost, size_t n, ds_err *err)
{
    ds_found *found = ds_arena_zalloc(p->batch, n * sizeof(*found));
    ds_link_match *known = ds_arena_zalloc(p->batch, n * sizeof(*known));
    const char **keys = ds_arena_alloc(p->batch, n * sizeof(*keys));

    for (size_t i = 0; i < n; i++)
        keys[i] = lost[i].key;
    if (!p->in->ledger->ops->match(p->in->ledger, keys, n, p->batch, known, err) ||
        !find_keys(p, keys, n, found, err))
        return ds_wrap(err, "rows of an interrupted pass");
    for (size_t i = 0; i < n; i++)
        settle_lost(p, &lost[i], &found[i], known[i].link);
    ds_arena_reset(p->batch);
    return true;
}

/* Of a pass that goes on from an interruption: what is held may have been met before it. */
static bool leave_out_held(pass *p, ds_intent *lost, size_t *n, ds_err *err)
{
    const ds_held **held = ds_arena_zalloc(p->keep, (*n + 1) * sizeof(*held));
    const char **keys = ds_arena_alloc(p->keep, (*n + 1) * sizeof(*keys));
    size_t kept = 0;

    for (size_t i = 0; i < *n; i++)
        keys[i] = lost[i].key;
    if (p->begin.resumed && !held_before(p, keys, *n, p->keep, held, err))
        return false;
    for (size_t i = 0; i < *n; i++)
        if (!held[i])
            lost[kept++] = lost[i];
    *n = kept;
    return true;
}

static bool has_settled(const pass *p, const ds_intent *intent, int64_t now_ms)
{
    if (intent->looked_ms)
        return now_ms >= intent->looked_ms + p->lag_ms;
    return now_ms >= intent->issued_ms + p->settle_ms;
}

/* Rows whose create was under way when a pass was lost, and whose record is gone since: they get
 * their link, and are then rows gone from the source like all others. */
static bool link_lost_creates(pass *p, ds_err *err)
{
    ds_intent *lost = ds_arena_alloc(p->keep, (p->begin.intents_n + 1) * sizeof(*lost));
    int64_t now_ms = ds_activity_now_ms(&p->act);
    size_t n = 0;

    for (size_t i = 0; i < p->begin.intents_n; i++)
        if (!p->intent_seen[i] && has_settled(p, &p->begin.intents[i], now_ms))
            lost[n++] = p->begin.intents[i];
    if (!n || !p->to->find || p->seen_void)
        return true;
    if (!leave_out_held(p, lost, &n, err))
        return false;
    extend_seen(p, n);
    for (size_t at = 0; at < n; at += FIND_BATCH)
        if (!link_some(p, lost + at, DS_MIN(n - at, FIND_BATCH), err))
            return false;
    return group_commit(p, true, err);
}

missing_result handle_missing(pass *p, page_taker take, void *to, ds_err *err)
{
    int64_t missing;

    if (!confirm_missing(p, take, to, err) || !link_lost_creates(p, err) ||
        !count_missing(p, &missing, err))
        return MISSING_FAILED;
    if (!missing && !p->marks_lost)
        return MISSING_DONE;
    if (missing && p->totals.total == 0 && !p->in->approved) {
        ds_fail(err, DS_ERR_CONFIG, "the source is empty: all %lld rows would be taken for gone",
                (long long)missing);
        return MISSING_APPROVAL;
    }
    if (over_limit(p, missing)) {
        ds_fail(err, DS_ERR_CONFIG,
                "%lld rows are gone from the source: with %lld changes more than "
                "`limits` allows (%lld)",
                (long long)missing, (long long)p->changes, (long long)p->allowed);
        return MISSING_APPROVAL;
    }
    return for_links(p, is_to_be_handled, act_on_some, NULL, err) ? MISSING_DONE : MISSING_FAILED;
}

/* ---- records that another unit may bring ----------------------------------------------------- */

static bool note_some(pass *p, void *to, const ds_link *links, size_t n, ds_err *err)
{
    (void)to;
    for (size_t i = 0; i < n; i++) {
        ds_link link = links[i];

        link.flags |= DS_LINK_UNMET;
        if (!link.valid) /* a put would make it so: the row may not be there any more */
            link.hash = (ds_hash){0, 0};
        group_put(p, &link, false);
    }
    return group_commit(p, true, err);
}

/* Each number was given out and seen: there is nothing to look for. */
static bool met_all(const pass *p)
{
    for (int64_t seq = 1; seq < p->next_seq; seq++) /* the first number there is */
        if (!was_seen(p, seq))
            return false;
    return true;
}

/* What a lost pass announced keeps other units from its key, too. Where missing rows are handled
 * that was settled with them. */
static bool settle_announced(pass *p, ds_err *err)
{
    return p->route->missing != DS_MISSING_IGNORE || link_lost_creates(p, err);
}

bool note_unmet(pass *p, ds_err *err)
{
    if (!looks_for_missing(p) || p->begin.alone || p->in->sweep)
        return true;
    if (!settle_announced(p, err))
        return false;
    return met_all(p) || for_links(p, is_unmet, note_some, NULL, err) ||
           ds_wrap(err, "records that did not come");
}
