/* src/sync/write.c
 *
 * From decisions to rows.  A create at a destination of promise B or C has its durable intent
 * before the request leaves.
 */
#include "base/hash.h"
#include "sync/internal.h"

typedef struct batch { /* writes of one slice, in p->batch */
    item **items;
    ds_write *writes;
    size_t n;
} batch;

#define CONFLICT_IDS_MAX ((size_t)300)

/* What is known of the item's row. */
static const ds_link *known_link(const item *it)
{
    return it->link ? it->link : it->left;
}

bool loses_mark(const pass *p, const item *it)
{
    const ds_link *link = known_link(it);

    return p->route->missing_mark && link && (link->flags & (DS_LINK_MARKED | DS_LINK_LEAVING));
}

static const ds_prop *with_extras(pass *p, const item *it, size_t *n, const uint8_t **how)
{
    bool unmark = loses_mark(p, it);
    size_t extra = (p->route->stamp ? 1u : 0u) + unmark;
    ds_prop *props;
    uint8_t *hows;

    *n = it->mapped.n;
    *how = it->mapped.how;
    if (!extra)
        return it->mapped.props;
    props = ds_arena_alloc(p->batch, (*n + extra) * sizeof(*props));
    hows = ds_arena_zalloc(p->batch, *n + extra);
    if (*n)
        memcpy(props, it->mapped.props, *n * sizeof(*props));
    if (*how)
        memcpy(hows, *how, *n);
    if (unmark)
        props[(*n)++] = (ds_prop){p->route->missing_mark, ds_bool(false)};
    if (p->route->stamp) {
        hows[*n] = DS_HOW_ALONG;
        props[(*n)++] =
            (ds_prop){p->route->stamp, ds_datetime_ms(p->batch, ds_activity_now_ms(&p->act))};
    }
    *how = hows;
    return props;
}

/* Its key is a number under the name it has in the destination too. */
static bool has_number(const pass *p, const item *it)
{
    const char *name = p->route->destination_key;

    for (size_t i = 0; name && i < it->rec->props_n; i++) {
        const ds_prop *prop = &it->rec->props[i];

        if (!strcmp(prop->name, name))
            return (prop->value.type == DS_INT || prop->value.type == DS_NUMBER) &&
                   !strcmp(ds_value_text(p->batch, prop->value), it->key);
    }
    return false;
}

static void fill_write(pass *p, const item *it, ds_write *w)
{
    const ds_link *link = known_link(it);

    *w = (ds_write){
        .op = link ? DS_OP_UPDATE : DS_OP_CREATE, .key = it->key, .body = it->mapped.body};
    w->is_number = has_number(p, it);
    w->id = link ? link->id : NULL;
    w->props = with_extras(p, it, &w->props_n, &w->how);
}

bool needs_find(const pass *p, const item *it)
{
    if (p->to->upserts || !p->to->find)
        return false;
    if (DS_PLANT("no look-up"))
        return false;
    return !it->link || !it->link->valid || (it->link->flags & (DS_LINK_LEAVING | DS_LINK_TWICE)) ||
           it->decision == DO_COMPARE || it->intent || it->gone;
}

static void hold_write(ds_write *w, const char *reason)
{
    w->outcome = DS_OUT_HELD;
    w->reason = reason;
}

/* No row shows the key: it is made, unless one of our making may still be on its way. One that has
 * a link is asked for by its id first. */
static void settle_absent(pass *p, item *it, ds_write *w)
{
    const ds_link *link = known_link(it);

    if (link && link->id && !it->gone && !DS_PLANT("look-up believed")) {
        w->unfound = true;
        return;
    }
    if (intent_looks_again(p, it) || intent_refuses_create(p, it)) {
        hold_write(w, it->reason);
        return;
    }
    w->op = DS_OP_CREATE;
    w->id = NULL;
}

/* Which rows they are, as far as that is told: the first one is. */
static const char *ids_of(const pass *p, const ds_found *found)
{
    const char *text = "";

    for (const ds_found *one = found; one && one->id && strlen(text) < CONFLICT_IDS_MAX;
         one = one->other)
        text = ds_arena_printf(p->batch, "%s%s%.100s", text, *text ? ", " : " (", one->id);
    return ds_arena_printf(p->batch, "%s)", text);
}

static const char *conflict_text(const pass *p, const item *it, const ds_found *found)
{
    const char *key = it->key, *route = p->route->name;

    if (!found->id || !found->other)
        return ds_arena_printf(p->batch,
                               "%zu rows at the destination have this key: none is written; remove "
                               "all but one, then `held retry %s %.200s`",
                               found->n, route, key);
    return ds_arena_printf(p->batch,
                           "%zu rows at the destination have this key%s: none is written; remove "
                           "all but one, then `held retry %s %.200s`, or say which is meant: `held "
                           "adopt %s %.200s %.100s`",
                           found->n, ids_of(p, found), route, key, route, key, found->id);
}

bool is_looked_at_only(const pass *p, const item *it)
{
    return it->link && it->link->valid && it->link->flags & DS_LINK_TWICE &&
           ds_hash_same(it->link->hash, it->mapped.hash) && !p->route->verify_all;
}

static void settle_found(pass *p, item *it, ds_write *w, const ds_found *found)
{
    if (found->n > 1) {
        hold_write(w, conflict_text(p, it, found));
        return;
    }
    if (!found->n) {
        settle_absent(p, it, w);
        return;
    }
    w->op = DS_OP_UPDATE;
    w->id = found->id;
    w->adopted = !it->link;
    w->recovered = it->intent && !it->intent->theirs &&
                   !known_link(it); /* its create looked first: it met no row */
    if ((!row_is_same(p, it, found->row) && !is_looked_at_only(p, it)) || p->route->write_always ||
        loses_mark(p, it))
        return;
    w->outcome = DS_OUT_UNCHANGED;
    w->new_id = found->id;
}

/* Looks up what needs it; what that settles gets its outcome and is not sent. */
static bool look_first(pass *p, batch *b, ds_err *err)
{
    item **asked = ds_arena_alloc(p->batch, b->n * sizeof(*asked));
    ds_write **answered = ds_arena_alloc(p->batch, b->n * sizeof(*answered));
    ds_found *found = ds_arena_alloc(p->batch, b->n * sizeof(*found));
    size_t n = 0;

    for (size_t i = 0; i < b->n; i++) {
        if (!needs_find(p, b->items[i]))
            continue;
        asked[n] = b->items[i];
        answered[n++] = &b->writes[i];
    }
    if (n)
        p->looked_ms = ds_activity_now_ms(&p->act);
    if (!find_rows(p, asked, n, found, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        p->found_some |= found[i].n > 0;
        settle_found(p, asked[i], answered[i], &found[i]);
    }
    return true;
}

bool send_writes(pass *p, ds_write *writes, size_t n, ds_err *err)
{
    bool ok;

    if (ds_activity_stopping(&p->act))
        return ds_fail(err, DS_ERR_CANCELLED, "stopped");
    ds_crashpoint("write");
    p->group.dirty = true;
    ok = p->to->write(p->dst, &p->act, writes, n, err);
    p->lost |= !ok && p->to->flush;
    count_call(p, false);
    ds_crashpoint("written");
    return ok;
}

/* Sends what has no outcome yet, as one batch of the destination's. */
static bool send_open(pass *p, batch *b, ds_err *err)
{
    ds_write *open = ds_arena_alloc(p->batch, b->n * sizeof(*open));
    size_t n = 0, at = 0;
    bool ok;

    for (size_t i = 0; i < b->n; i++) {
        if (b->writes[i].outcome != DS_OUT_NONE)
            continue;
        open[n++] = b->writes[i];
        b->items[i]->sent = true;
    }
    if (!n)
        return true;
    ok = send_writes(p, n == b->n ? b->writes : open, n, err);
    for (size_t i = 0; i < b->n && n != b->n; i++)
        if (b->writes[i].outcome == DS_OUT_NONE)
            b->writes[i] = open[at++];
    return ok;
}

/* Another route may have lost the same rows, and make them just now. */
static bool announce_again(pass *p, batch *b, ds_err *err)
{
    return !p->looked_ms || intent_declare(p, b->items, b->writes, b->n, false, err);
}

/* Rows that were removed by hand: the links lead nowhere. Each is looked for by its key, since an
 * earlier pass may have made it again, and else made, under the intent it has already. */
static bool make_again(pass *p, batch *b, ds_err *err)
{
    batch gone = {.items = ds_arena_alloc(p->batch, b->n * sizeof(*gone.items)),
                  .writes = ds_arena_alloc(p->batch, b->n * sizeof(*gone.writes))};
    int64_t looked_ms = p->looked_ms;
    size_t at = 0;
    bool ok;

    for (size_t i = 0; i < b->n; i++) {
        item *it = b->items[i];

        if (b->writes[i].outcome != DS_OUT_GONE)
            continue;
        it->gone = true;
        fill_write(p, it, &b->writes[i]);
        b->writes[i].op = DS_OP_CREATE;
        b->writes[i].id = NULL;
        if (!p->to->find && intent_refuses_create(p, it))
            hold_write(&b->writes[i], it->reason);
        gone.items[gone.n] = it;
        gone.writes[gone.n++] = b->writes[i];
    }
    if (!gone.n)
        return true;
    ok = look_first(p, &gone, err) && announce_again(p, &gone, err) && send_open(p, &gone, err);
    p->looked_ms = looked_ms ? looked_ms : p->looked_ms; /* those of the next slices are as old */
    for (size_t i = 0; i < b->n && at < gone.n; i++)
        if (b->items[i] == gone.items[at])
            b->writes[i] = gone.writes[at++];
    return ok;
}

static bool write_slice(pass *p, batch *b, bool follows, ds_err *err)
{
    bool ok;

    p->act.arena = p->slice;
    ok = intent_declare(p, b->items, b->writes, b->n, follows, err) && send_open(p, b, err) &&
         make_again(p, b, err);
    for (size_t i = 0; i < b->n; i++)
        settle_write(p, b->items[i], &b->writes[i]);
    p->act.arena = p->batch;
    ds_arena_reset(p->slice);
    return ok;
}

/* Where a crash can lose answers, fewer are sent at once than are looked up. */
static size_t slice_limit(const pass *p)
{
    if (!intent_needed(p))
        return PAGE_RECORDS;
    return p->in->intent_records ? p->in->intent_records : INTENT_BATCH;
}

/* A bug on purpose: it need not go well. */
static void link_early(pass *p, const batch *b)
{
    ds_err unheard = DS_ERR_INIT;

    for (size_t i = 0; i < b->n; i++)
        settle_link(p, b->items[i], &b->writes[i]);
    (void)!group_commit(p, false, &unheard);
}

/* What is for good at once is linked at once, in the commit that announces the next slice: a crash
 * leaves few rows to be looked up. */
static bool write_batch(pass *p, batch *b, ds_err *err)
{
    bool at_once = !p->to->flush;
    size_t at = 0;
    bool ok;

    for (size_t i = 0; i < b->n; i++)
        fill_write(p, b->items[i], &b->writes[i]);
    if (DS_PLANT("link before create"))
        link_early(p, b);
    ok = look_first(p, b, err);
    for (; at < b->n && ok; at += slice_limit(p)) {
        batch slice = {b->items + at, b->writes + at, DS_MIN(b->n - at, slice_limit(p))};

        ok = write_slice(p, &slice, at > 0 && at_once, err);
    }
    ok = ok && (!at_once || group_commit(p, false, err));
    for (; at < b->n; at++) /* not sent: what the look-up said of them counts */
        settle_write(p, b->items[at], &b->writes[at]);
    return ok;
}

int64_t pace_slice(const pass *p)
{
    return p->route->pace > 0 ? DS_MAX((int64_t)(p->route->pace / 10), 1) : INT64_MAX;
}

/* Waits until the route may send n more; what is written so far is committed first, so that no
 * transaction of a destination stays open while nothing happens. */
static bool wait_for_pace(pass *p, size_t n, ds_err *err)
{
    _Atomic int64_t *next = p->route->pace_next_us ? p->route->pace_next_us : &p->own_pace_us;
    ds_clock *clock = p->in->clock;
    int64_t takes_us, now_us, free_us, mine_us;
    bool ours;

    if (p->route->pace <= 0)
        return true;
    takes_us = (int64_t)((double)n * 1e6 / p->route->pace);
    do {
        now_us = clock->mono_us(clock);
        free_us = atomic_load(next);
        mine_us = DS_MAX(free_us, now_us);
        ours = atomic_compare_exchange_weak(next, &free_us, mine_us + takes_us);
    } while (!ours); /* GCOVR_EXCL_BR_LINE another unit of the route may have been faster, or not */
    if (mine_us <= now_us)
        return true;
    if (p->group.dirty && !group_commit(p, false, err))
        return false;
    atomic_store(&p->in->progress->waiting_ms, ds_activity_now_ms(&p->act));
    clock->wait_us(clock, mine_us - now_us, p->in->stop);
    atomic_store(&p->in->progress->waiting_ms, 0);
    return true;
}

bool wait_for_turn(pass *p, size_t n, ds_err *err)
{
    if (!wait_for_pace(p, n, err))
        return false;
    return !ds_activity_stopping(&p->act) || ds_fail(err, DS_ERR_CANCELLED, "stopped");
}

static size_t batch_limit(const pass *p)
{
    size_t most = intent_needed(p) ? p->find_batch : PAGE_RECORDS;

    return (size_t)DS_MIN((int64_t)most, pace_slice(p));
}

/* Many keys are looked up at once where they are soon written, since while a row waits for its turn
 * somebody else may make it; and where none is there, since rows that are found take memory. */
static void learn_batch(pass *p, size_t n, int64_t took_us)
{
    int64_t soon = (int64_t)n * FIND_FRESH_US / DS_MAX(took_us, 1) / (int64_t)FIND_BATCH;

    p->find_batch = FIND_BATCH;
    if (!p->found_some && soon > 1)
        p->find_batch = DS_MIN(FIND_BATCH * (size_t)soon, PAGE_RECORDS);
    p->found_some = false;
}

static bool flush_batch(pass *p, batch *b, ds_err *err)
{
    ds_clock *clock = p->in->clock;
    int64_t begin_us;
    bool ok;

    if (!b->n)
        return true;
    if (!wait_for_turn(p, b->n, err)) {
        p->changes -= (int64_t)b->n; /* each was given room, and is not sent */
        return false;
    }
    begin_us = clock->mono_us(clock);
    ok = write_batch(p, b, err);
    learn_batch(p, b->n, clock->mono_us(clock) - begin_us);
    b->n = 0;
    ds_arena_reset(p->batch);
    return ok;
}

/* What needs no request is settled at once. true: it goes into the batch. */
static bool must_send(pass *p, item *it)
{
    switch (it->decision) {
    case DO_SKIP:
        p->totals.skipped++;
        return false;
    case DO_HOLD:
        hold_item(p, it);
        return false;
    case DO_NOTHING:
        p->totals.unchanged++;
        if (it->link->flags & DS_LINK_UNMET)
            settle_met(p, it);
        if (it->intent)
            group_clear_intent(p, it->key);
        if (it->held)
            group_release(p, it->key);
        return false;
    case DO_COMPARE:
    case DO_WRITE:
        break;
    }
    return true;
}

/* The row at the destination says already what the item would write: it is settled. */
static bool settle_equal(pass *p, item *it, bool *equal, ds_err *err)
{
    ds_found found;
    ds_write w;

    *equal = false;
    if (!p->to->find || p->route->write_always || loses_mark(p, it))
        return true;
    if (!find_rows(p, &it, 1, &found, err))
        return false;
    *equal = found.n == 1 && (is_looked_at_only(p, it) || row_is_same(p, it, found.row));
    if (*equal) {
        fill_write(p, it, &w);
        w.outcome = DS_OUT_UNCHANGED;
        w.new_id = found.id;
        settle_write(p, it, &w);
    }
    ds_arena_reset(p->batch);
    return true;
}

typedef enum room { ROOM, ROOM_NOT_NEEDED, ROOM_NONE, ROOM_FAILED } room;

/* Room for one write under `limits`. What waits to be sent may turn out to be there already, and
 * gives its room back; so may this one, and needs none. */
static room find_room(pass *p, batch *b, item *it, ds_err *err)
{
    bool equal;

    if (over_limit(p, 1) && !flush_batch(p, b, err))
        return ROOM_FAILED;
    if (!over_limit(p, 1)) {
        it->counted = true;
        p->changes++;
        return ROOM;
    }
    if (!settle_equal(p, it, &equal, err))
        return ROOM_FAILED;
    return equal ? ROOM_NOT_NEEDED : ROOM_NONE;
}

write_result write_items(pass *p, item *items, size_t n, ds_err *err)
{
    item *pending[PAGE_RECORDS];
    DS_AUTO(ds_arena) memory = ds_arena_new();
    batch b = {.items = pending, .writes = NULL};
    room now = ROOM;

    for (size_t i = 0; i < n && now != ROOM_NONE; i++) {
        if (DS_PLANT("held blocks others") && items[i].decision == DO_HOLD)
            return ds_fail(err, DS_ERR_PERMANENT, "a record is held"), WROTE_FAILED;
        if (!must_send(p, &items[i]))
            continue;
        now = find_room(p, &b, &items[i], err);
        if (now == ROOM_FAILED)
            return WROTE_FAILED;
        if (now != ROOM)
            continue;
        if (!b.writes)
            b.writes = ds_arena_alloc(memory, PAGE_RECORDS * sizeof(*b.writes));
        pending[b.n++] = &items[i];
        if (b.n >= batch_limit(p) && !flush_batch(p, &b, err))
            return WROTE_FAILED;
    }
    if (!flush_batch(p, &b, err))
        return WROTE_FAILED;
    return now == ROOM_NONE ? WROTE_LIMIT : WROTE;
}
