/* src/sync/intent.c
 *
 * Writes whose answer may be lost.  Each has its durable intent before it leaves; what a later pass
 * finds of them waits until nothing can arrive late any more, is looked up, and only then written
 * again: made anew when it was looked for in vain, twice where rows show late.
 */
#include "sync/internal.h"

/* A destination of promise A settles creates by itself; updates that arrive late, and are not
 * undone with what was never flushed, could still leave an old value behind. */
bool intent_needed(const pass *p)
{
    return p->to->promise != DS_PROMISE_A || (p->settle_ms > 0 && !p->to->flush);
}

/* Where a create may meet any row, an intent without a link does not say whose the row is. */
bool intent_means_ours(const pass *p)
{
    return p->to->flush || !p->to->upserts;
}

static const char *key_of_intent(const void *intents, uint32_t index)
{
    return ((const ds_intent *)intents)[index].key;
}

const ds_intent *intent_of(const pass *p, const char *key, uint64_t hash)
{
    uint32_t index = keyset_find(&p->intent_keys, hash, key, key_of_intent, p->begin.intents);

    return index == UINT32_MAX ? NULL : &p->begin.intents[index];
}

static int64_t seconds(int64_t ms)
{
    return (ms + DS_SECOND_MS - 1) / DS_SECOND_MS;
}

static void hold_until(item *it, int64_t at_ms, const char *reason)
{
    it->decision = DO_HOLD;
    it->reason = reason;
    it->next_try_ms = at_ms;
}

static bool by_hand(const item *it) /* a person said: retry */
{
    return it->held && it->held->next_try_ms == 0;
}

/* Nothing that a pass could ask says whether the row is there. */
static bool only_a_person_knows(const pass *p, const item *it)
{
    return p->to->promise == DS_PROMISE_C && !p->to->find && !by_hand(it);
}

const char *intent_for_a_person(const pass *p, const item *it, ds_arena *a)
{
    return ds_arena_printf(
        a,
        "may have been created already, and nobody but you can tell: `held adopt %s %.200s ID` if "
        "the row is there, `held retry %s %.200s` if it is not",
        p->route->name, it->key, p->route->name, it->key);
}

const char *intent_lost_answer(const pass *p, const item *it, bool is_create, ds_arena *a)
{
    if (is_create && only_a_person_knows(p, it))
        return intent_for_a_person(p, it, a);
    return ds_arena_printf(a,
                           "sent, but the answer was lost: %s by the first pass after %lld s, "
                           "there is nothing to do",
                           is_create ? "looked up" : "written again",
                           (long long)seconds(p->settle_ms));
}

/* Nobody can hurry the wait: a row that has not arrived, or does not show, would be made twice. */
void intent_settle(pass *p, item *it, ds_arena *a)
{
    const ds_intent *intent = it->intent;
    int64_t now_ms = ds_activity_now_ms(&p->act);
    int64_t settled_ms = intent->issued_ms + p->settle_ms;
    int64_t again_ms = intent->looked_ms + p->lag_ms;

    if (!intent_needed(p))
        return;
    if (!it->link && only_a_person_knows(p, it)) {
        hold_until(it, HELD_FOR_A_PERSON, intent_for_a_person(p, it, a));
        return;
    }
    if (!intent->looked_ms && now_ms < settled_ms && !DS_PLANT("no settle"))
        hold_until(it, settled_ms, intent_lost_answer(p, it, !it->link, a));
    else if (intent->looked_ms && now_ms < again_ms)
        hold_until(it, again_ms, intent_looked_in_vain(p, a));
}

const char *intent_looked_in_vain(const pass *p, ds_arena *a)
{
    return ds_arena_printf(a,
                           "its create was sent, and it does not show: looked up once more by the "
                           "first pass after %lld s, then it is made again",
                           (long long)seconds(p->lag_ms));
}

bool intent_looks_again(pass *p, item *it)
{
    bool waits = it->intent && !it->intent->looked_ms && p->lag_ms > 0;

    if (!waits)
        return false;
    it->looked = true;
    it->next_try_ms = ds_activity_now_ms(&p->act) + p->lag_ms;
    it->reason = intent_looked_in_vain(p, p->batch);
    return true;
}

bool intent_refuses_create(pass *p, item *it)
{
    if (p->to->promise != DS_PROMISE_C || !it->intent || by_hand(it))
        return false;
    it->keep_intent = true;
    it->next_try_ms = HELD_FOR_A_PERSON;
    it->reason = intent_for_a_person(p, it, p->batch);
    return true;
}

/* A row that was met by its key is linked before it is written: an intent alone would say, later,
 * that it is of our making. So is one that another unit has made, which must not believe any more
 * what it knows of it. */
static bool links_ahead(const pass *p, const item *it, const ds_write *w)
{
    if (p->to->flush || it->link)
        return false;
    return it->left || (intent_needed(p) && w->adopted && !w->recovered);
}

static ds_link *link_ahead(pass *p, item *it, const ds_write *w)
{
    ds_link *link = ds_new_in(p->batch, ds_link);

    *link = (ds_link){.seq = p->next_seq++, .key = it->key, .id = w->id, .valid = true};
    link->flags = it->left ? flags_taken_over(it->left) : 0;
    mark_seen(p, link->seq);
    (void)meet_link(p, link->seq);
    it->link = link;
    return link;
}

/* What could arrive without our hearing of it; and where a write is for good when it is sent, which
 * rows may no longer be what their links say. */
static void declare(pass *p, item **items, const ds_write *writes, size_t n, ds_intent *intents,
                    ds_commit *c)
{
    bool any_claims = false;

    for (size_t i = 0; i < n; i++) {
        const ds_link *link = items[i]->link;
        bool makes_row = writes[i].op == DS_OP_CREATE;

        if (writes[i].outcome != DS_OUT_NONE)
            continue;
        any_claims |= !link || makes_row;
        if (intent_needed(p) && !DS_PLANT("no intent") &&
            !(link && DS_PLANT("updates unannounced")))
            intents[c->intents_n++] =
                (ds_intent){.key = items[i]->key, .claims = !link, .makes = makes_row};
        if (links_ahead(p, items[i], &writes[i]))
            c->puts[c->puts_n++] =
                (ds_link_put){.link = *link_ahead(p, items[i], &writes[i]), .is_new = true};
        if (!link || !link_may_mislead(link) || p->to->flush || DS_PLANT("hash kept"))
            continue;
        c->puts[c->puts_n].link = *link;
        c->puts[c->puts_n].link.flags = ds_link_mark_in_doubt(link->flags);
        c->puts[c->puts_n++].link.hash = (ds_hash){0, 0};
    }
    if (any_claims && c->intents_n)
        c->claimed = ds_arena_zalloc(p->batch, c->intents_n * sizeof(*c->claimed));
}

static bool commit_declared(pass *p, ds_commit *c, bool with_group, ds_err *err)
{
    if (with_group)
        return group_commit_ahead(p, c, err);
    if (!c->intents_n && !c->puts_n)
        return true;
    return p->in->ledger->ops->commit(p->in->ledger, c, err) ||
           ds_wrap(err, "note %zu writes before they are sent", DS_MAX(c->intents_n, c->puts_n));
}

/* Another unit has linked or announced the key since the row was looked for in vain, or an earlier
 * pass of it has: none is made here. Nor is one that another route makes, which shows soon. */
static void hold_claimed_one(pass *p, item *it, ds_write *w, const ds_claimed *claimed)
{
    int64_t wait_ms = DS_MAX(p->lag_ms, HELD_FIRST_MS);

    w->outcome = DS_OUT_HELD;
    if (!claimed->route) {
        w->reason = ds_arena_printf(p->batch, "claimed by %s", claimed->by);
        it->mapped.hash = (ds_hash){0, 0}; /* tried as soon as that one lets go of it */
        return;
    }
    w->reason = ds_arena_printf(p->batch,
                                "route \"%s\" makes this row: looked up by the first pass after "
                                "%lld s, there is nothing to do",
                                claimed->by, (long long)seconds(wait_ms));
    it->next_try_ms = ds_activity_now_ms(&p->act) + wait_ms;
}

static void hold_claimed(pass *p, item **items, ds_write *writes, const ds_commit *c)
{
    for (size_t at = 0, i = 0; c->claimed && at < c->intents_n; i++) {
        if (items[i]->key != c->intents[at].key)
            continue;
        if (c->claimed[at].by)
            hold_claimed_one(p, items[i], &writes[i], &c->claimed[at]);
        at++;
    }
}

ds_look intent_look(pass *p)
{
    return (ds_look){.at_ms = p->looked_ms,
                     .now_ms = ds_activity_now_ms(&p->act),
                     .settle_ms = p->settle_ms,
                     .lag_ms = p->lag_ms};
}

int64_t intent_settled_ms(pass *p)
{
    return ds_activity_now_ms(&p->act) - p->settle_ms - p->lag_ms;
}

bool intent_declare(pass *p, item **items, ds_write *writes, size_t n, bool with_group, ds_err *err)
{
    ds_intent *intents = ds_arena_zalloc(p->batch, n * sizeof(*intents));
    ds_commit c = {.intents = intents,
                   .puts = ds_arena_zalloc(p->batch, n * sizeof(*c.puts)),
                   .arena = p->batch,
                   .settled_ms = intent_settled_ms(p),
                   .look = intent_look(p)};

    declare(p, items, writes, n, intents, &c);
    if (!commit_declared(p, &c, with_group, err))
        return false;
    hold_claimed(p, items, writes, &c);
    return true;
}
