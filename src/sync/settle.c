/* src/sync/settle.c
 *
 * From answers to memory: every write's outcome becomes a link, a held record, or an unknown that a
 * later pass settles, and is counted.
 */
#include "base/hash.h"
#include "sync/internal.h"

/* What a write that ends well takes off a link. */
#define PASSING_FLAGS (DS_LINK_MARKED | DS_LINK_LEAVING | DS_LINK_UNMET | DS_LINK_TWICE)

static int64_t backed_off(int64_t attempts)
{
    int64_t wait_ms = HELD_FIRST_MS;

    for (int64_t i = 1; i < attempts && wait_ms < HELD_MOST_MS; i++)
        wait_ms *= 2;
    return DS_MIN(wait_ms, HELD_MOST_MS);
}

void hold_item(pass *p, const item *it)
{
    int64_t now_ms = ds_activity_now_ms(&p->act);
    ds_held held = {.key = it->key,
                    .placed = it->placed,
                    .reason = it->reason,
                    .attempts = 1,
                    .since_ms = now_ms,
                    .hash = it->mapped.hash};
    bool tried = it->sent || !it->next_try_ms; /* else it only waits */

    p->totals.held++;
    if (it->placed)
        p->seen_void = true; /* who knows whose row it was: none is taken for gone */
    if (it->quiet) {
        group_meet(p, it->key);
        return;
    }
    if (it->held) {
        held.since_ms = it->held->since_ms;
        held.attempts = ds_hash_same(it->held->hash, held.hash) ? it->held->attempts + tried : 1;
    }
    held.next_try_ms = it->next_try_ms ? it->next_try_ms : now_ms + backed_off(held.attempts);
    group_hold(p, &held);
}

/* The first create, given up after it was looked for, may be applied after all. */
static bool was_sent_twice(const pass *p, const item *it, const ds_write *w)
{
    return w->outcome == DS_OUT_CREATED && it->intent && p->to->promise == DS_PROMISE_B;
}

/* Its create was announced, and this is the row that was found. */
static bool is_of_our_making(const pass *p, const item *it)
{
    if (it->link || it->left) /* GCOVR_EXCL_BR_LINE what is taken over is linked, or flushed */
        return false;
    return it->intent && !it->intent->theirs && intent_means_ours(p);
}

void settle_link(pass *p, const item *it, const ds_write *w)
{
    ds_link link = {.key = it->key, .hash = it->mapped.hash, .id = w->new_id ? w->new_id : w->id};

    if (it->left)
        link.flags = it->left->flags & DS_LINK_CREATED;
    if (it->link) {
        link.seq = it->link->seq;
        link.flags = (uint8_t)(it->link->flags & ~PASSING_FLAGS);
    }
    if (w->outcome == DS_OUT_CREATED || DS_PLANT("every row ours") || is_of_our_making(p, it))
        link.flags |= DS_LINK_CREATED;
    if (was_sent_twice(p, it, w))
        link.flags |= DS_LINK_TWICE;
    if (it->link && link_may_mislead(it->link) && p->to->flush && w->outcome != DS_OUT_UNCHANGED)
        group_doubt(p, it->link);
    group_put(p, &link, !it->link);
    if (it->left && !it->link && p->to->flush && w->outcome != DS_OUT_UNCHANGED)
        group_take_over(p, it->left);
}

/* Where a write is for good when it is sent, the link was made to say nothing before it was. */
static bool link_is_current(const pass *p, const item *it, const ds_write *w)
{
    if (it->sent && !p->to->flush)
        return false;
    return w->outcome == DS_OUT_UNCHANGED && it->link && it->link->valid &&
           !(it->link->flags & PASSING_FLAGS) && ds_hash_same(it->link->hash, it->mapped.hash);
}

void settle_met(pass *p, const item *it)
{
    ds_link link = *it->link;

    link.flags &= (uint8_t)~DS_LINK_UNMET;
    group_put(p, &link, false);
}

/* Surely not done. One that was announced by an earlier pass, and not settled here, stays so. */
static void settle_refused(pass *p, const item *it)
{
    if (it->looked)
        group_sent(p, &(ds_intent){.key = it->key,
                                   .issued_ms = it->intent->issued_ms,
                                   .looked_ms = ds_activity_now_ms(&p->act)});
    else if (it->intent && (it->keep_intent || !it->sent))
        group_sent(p, it->intent);
    else if (intent_needed(p))
        group_clear_intent(p, it->key);
}

static void settle_written(pass *p, const item *it, const ds_write *w)
{
    if (!link_is_current(p, it, w))
        settle_link(p, it, w);
    if (it->held)
        group_release(p, it->key);
    if (it->intent || intent_needed(p))
        group_clear_intent(p, it->key);
}

static void settle_unknown(pass *p, item *it, const ds_write *w)
{
    bool for_a_person = p->to->promise == DS_PROMISE_C && !p->to->find && w->op == DS_OP_CREATE;
    int64_t now_ms = ds_activity_now_ms(&p->act);

    it->reason = intent_lost_answer(p, it, w->op == DS_OP_CREATE, p->batch);
    it->next_try_ms = for_a_person ? HELD_FOR_A_PERSON : now_ms + p->settle_ms;
    hold_item(p, it);
    if (DS_PLANT("unknown is no"))
        group_clear_intent(p, it->key);
    else if (intent_needed(p))
        group_sent(p, &(ds_intent){.key = it->key, .issued_ms = now_ms});
    if (it->link) { /* the update may or may not be there: a later pass writes again */
        ds_link link = *it->link;

        link.flags = ds_link_mark_in_doubt(link.flags);
        link.hash = (ds_hash){0, 0};
        group_put(p, &link, false);
    } else {
        meet_unsure(p, it);
    }
}

/* Where its batch failed before it could be made again, that is no fault of the record's: the next
 * pass does it, and need not wait. */
static void settle_removed(pass *p, item *it)
{
    it->keep_intent = true; /* an earlier pass may have made it again */
    if (it->gone) {
        it->reason = "its row was removed while it was being written";
        hold_item(p, it);
    }
    settle_refused(p, it);
}

/* What was not sent takes no room under `limits`: an interrupted pass sends it when it goes on. */
static bool changes_row(ds_outcome outcome)
{
    return outcome == DS_OUT_CREATED || outcome == DS_OUT_UPDATED || outcome == DS_OUT_UNKNOWN;
}

void settle_write(pass *p, item *it, const ds_write *w)
{
    switch (w->outcome) {
    case DS_OUT_CREATED:
        p->totals.created++;
        settle_written(p, it, w);
        break;
    case DS_OUT_UPDATED:
        p->totals.updated++;
        settle_written(p, it, w);
        break;
    case DS_OUT_UNCHANGED:
        p->totals.unchanged++;
        settle_written(p, it, w);
        break;
    case DS_OUT_HELD:
        it->reason = w->reason ? w->reason : "refused by the destination";
        hold_item(p, it);
        settle_refused(p, it);
        break;
    case DS_OUT_UNKNOWN:
        settle_unknown(p, it, w);
        break;
    case DS_OUT_GONE: /* the row, and nothing was made of it */
        settle_removed(p, it);
        break;
    case DS_OUT_NONE: /* never sent; what an earlier pass sent is as unknown as it was */
        it->keep_intent = true;
        settle_refused(p, it);
        break;
    }
    if (it->counted && !changes_row(w->outcome))
        p->changes--;
}
