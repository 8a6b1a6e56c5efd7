/* tests/unit/test_unit.c
 *
 * The rules of a sync unit: whole lives as strings of events with the actions they must lead to,
 * then the figures (times, counts, requests), then random lives against the invariants.
 */
#include "flow/unit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define T0 INT64_C(1700000000000)
#define EVERY (30 * DS_MINUTE_MS)
#define ITEMS(...) ((const char *const[]){__VA_ARGS__})

typedef struct life {
    ds_unit unit;
    ds_arena *arena;
    int64_t now;
    int64_t timer; /* as last set; 0: none */
    ds_actions last;
} life;

static ds_event event_of(ds_event_type type)
{
    return (ds_event){.type = type, .retry_after_ms = -1};
}

static ds_event ensure_event(int64_t every_ms, bool lists_changes, int64_t spread_ms)
{
    ds_event ev = event_of(DS_EV_ENSURE);

    ev.interval_ms = every_ms;
    ev.full_every_ms = DS_DAY_MS;
    ev.lists_changes = lists_changes;
    ev.spread_ms = spread_ms;
    return ev;
}

static ds_event ended_event(ds_pass_outcome outcome, const char *error, const char *kind)
{
    ds_event ev = event_of(DS_EV_PASS_ENDED);

    ev.outcome = outcome;
    ev.error = error;
    ev.error_kind = kind;
    ev.totals = (ds_totals){.total = 3, .created = 1, .unchanged = 2};
    return ev;
}

static ds_event items_event(const char *const *items, size_t n)
{
    ds_event ev = event_of(DS_EV_SYNC_NOW);

    ev.items = items;
    ev.items_n = n;
    return ev;
}

static void tell(life *l, ds_event ev)
{
    ds_unit_apply(&l->unit, &ev, l->now, l->arena);
    ds_unit_decide(&l->unit, l->now, &l->last);
}

static bool acted(const life *l, ds_action_type type)
{
    for (size_t i = 0; i < l->last.n; i++) {
        if (l->last.items[i].type == type)
            return true;
    }
    return false;
}

static int64_t wake(const life *l)
{
    for (size_t i = 0; i < l->last.n; i++) {
        if (l->last.items[i].type == DS_ACT_TIMER)
            return l->last.items[i].at_ms;
    }
    return -1;
}

/* A unit that has done its first pass and waits for its interval. */
static void life_idle(life *l, bool lists_changes)
{
    l->arena = ds_arena_new();
    l->now = T0;
    ds_unit_init(&l->unit, "repos:all", T0);
    tell(l, ensure_event(EVERY, lists_changes, 0));
    tell(l, ended_event(DS_PASS_DONE, NULL, NULL));
    l->timer = wake(l);
}

static int with_idle(void **state)
{
    static life l;

    memset(&l, 0, sizeof(l));
    life_idle(&l, false);
    *state = &l;
    return 0;
}

static int with_idle_listing_changes(void **state)
{
    static life l;

    memset(&l, 0, sizeof(l));
    life_idle(&l, true);
    *state = &l;
    return 0;
}

static int free_life(void **state)
{
    life *l = *state;

    ds_arena_free(l->arena);
    return 0;
}

/* ---- whole lives --------------------------------------------------------------------------------- */

static const struct row {
    const char *name;
    /* s sync_now  w webhook (one item)  t the interval is over  y the retry is due  p pause
     * r resume  i set_interval  A approve  g gone  e ensure  q ensure with another `every`
     * d done  h done, records held  a 401  f failed  F failed for good  c cancelled  l sliced
     * v rate limit  x limits trip */
    const char *events;
    /* S start a pass  G go on with it  C cancel it  T timer at a new time  K timer as it was */
    const char *actions;
} rows[] = {
    {"the timer starts a pass and its end re-arms the timer", "td", "ST"},
    {"a request during a pass is served right after it", "tsd", "SS"},
    {"two requests during a pass become one", "tssd", "SS"},
    {"a webhook's small pass keeps the full one's time", "wd", "SK"},
    {"a pause stops the running pass, resume catches up", "tpdr", "SCS"},
    {"a paused unit ignores its timer", "pt", ""},
    {"resume catches up at once", "ptr", "S"},
    {"a refused credential pauses the unit", "tasst", "S"},
    {"and resume starts it again", "tar", "SS"},

    {"a request starts a pass at once and keeps the interval's time", "sd", "SK"},
    {"two requests during a pass are both served by the next", "tssdd", "SST"},
    {"a webhook during a pass gets its own pass", "twdd", "SST"},
    {"a webhook during a full request's pass gets its own pass", "swdd", "SSK"},
    {"a pass that ends with held records has ended well", "th", "ST"},
    {"the interval that ends during a full pass starts no second one", "std", "ST"},
    {"the interval that ends during a targeted pass is served after it", "wtdd", "SST"},
    {"a stray end of a pass is absorbed", "d", "K"},
    {"a timer that comes too late for its pass is absorbed", "tdee", "STKK"},
    {"ensuring a known unit changes nothing", "e", "K"},
    {"ensuring during a pass changes nothing", "ted", "ST"},
    {"another `every` counts from now", "q", "T"},
    {"an interval set by hand counts from now", "i", "T"},
    {"an interval set during a pass is armed at its end", "tid", "ST"},

    {"a pause is felt once", "tpp", "SC"},
    {"a request while paused waits for resume", "psr", "S"},
    {"a paused unit stays paused when its pass ends", "tpd", "SC"},
    {"a pass cancelled by a pause goes on from its checkpoint, then catches up", "tpcrdd", "SCGST"},
    {"resume before the cancelled pass has ended lets it go on", "tprcdd", "SCGST"},
    {"pause, resume, pause cancel the pass once", "tprp", "SC"},
    {"a pass cancelled without a pause goes on at once", "tc", "SG"},
    {"a second pause cancels the pass that went on", "tpcrp", "SCGC"},
    {"a slice that is over goes on at once", "tlld", "SGGT"},
    {"a slice that is over while paused goes on with resume", "tplr", "SCG"},
    {"a request does not interrupt a sliced pass", "tsld", "SGS"},

    {"a failed pass is tried again", "tfyd", "STST"},
    {"a second failure waits again", "tfyfyd", "STSTST"},
    {"a request ends the back-off", "tfs", "STS"},
    {"a webhook ends the back-off", "tfw", "STS"},
    {"a pass that failed for good waits for its interval", "tFtd", "STST"},
    {"a request retries what failed for good", "tFs", "STS"},
    {"a failed pass of a paused unit waits for resume", "tpfr", "SCS"},

    {"a rate limit goes on when told", "tvyd", "STGT"},
    {"a request does not override a rate limit", "tvsyd", "STKGS"},
    {"a pause during a rate limit stops its timer, resume sets it again", "tvpry", "STKG"},
    {"a second rate limit waits again", "tvyvyd", "STGTGT"},

    {"tripped limits wait for a person", "txt", "S"},
    {"a request does not override limits", "txs", "S"},
    {"approve lets it go on", "txAd", "SST"},
    {"resume tries again under the same limits", "txr", "SS"},
    {"approve for nothing is absorbed", "A", "K"},
    {"approve while paused waits for resume", "txpAr", "SS"},

    {"a unit that is gone starts nothing", "gts", ""},
    {"a unit that came back starts at once", "ge", "S"},
    {"a pass of a unit that is gone ends in peace", "tgd", "S"},
    {"a cancelled pass of a unit that is gone goes on once it is back", "tgce", "SG"},
};

static int64_t retry_or_due(const life *l)
{
    return l->unit.retry_ms ? l->unit.retry_ms : l->unit.due_ms;
}

static void move_to(life *l, int64_t at_ms)
{
    l->now = DS_MAX(l->now, at_ms);
}

static ds_event event_for(life *l, char letter)
{
    static const char *const one_item[] = {"octo/hello"};

    switch (letter) {
    case 's':
        return event_of(DS_EV_SYNC_NOW);
    case 'w':
        return items_event(one_item, 1);
    case 't':
        move_to(l, l->unit.due_ms);
        return event_of(DS_EV_TIMER);
    case 'y':
        move_to(l, retry_or_due(l));
        return event_of(DS_EV_TIMER);
    case 'p':
        return event_of(DS_EV_PAUSE);
    case 'r':
        return event_of(DS_EV_RESUME);
    case 'i':
        return (ds_event){.type = DS_EV_SET_INTERVAL, .interval_ms = 7 * DS_MINUTE_MS};
    case 'A':
        return event_of(DS_EV_APPROVE);
    case 'g':
        return event_of(DS_EV_GONE);
    case 'e':
        return ensure_event(EVERY, false, 0);
    case 'q':
        return ensure_event(EVERY * 2, false, 0);
    case 'd':
        return ended_event(DS_PASS_DONE, NULL, NULL);
    case 'h':
        return ended_event(DS_PASS_PARTIAL, NULL, NULL);
    case 'a':
        return ended_event(DS_PASS_PAUSED, "HTTP 401", "auth");
    case 'f':
        return ended_event(DS_PASS_FAILED, "connection refused", "transient");
    case 'F':
        return ended_event(DS_PASS_FAILED, "no such table", "config");
    case 'c':
        return ended_event(DS_PASS_CANCELLED, NULL, NULL);
    case 'l':
        return ended_event(DS_PASS_SLICED, NULL, NULL);
    case 'v':
        return ended_event(DS_PASS_WAITING, "HTTP 429", "rate_limited");
    case 'x':
        return ended_event(DS_PASS_APPROVAL, "25 of 50 rows would change", "approval");
    default:
        fail_msg("no event is called %c", letter);
        return event_of(DS_EV_TIMER);
    }
}

static void note_timer(life *l, int64_t at_ms, char **out)
{
    if (at_ms == 0)
        return;
    *(*out)++ = at_ms == l->timer ? 'K' : 'T';
    l->timer = at_ms;
}

static void play(life *l, char letter, char **out)
{
    tell(l, event_for(l, letter));
    for (size_t i = 0; i < l->last.n; i++) {
        switch (l->last.items[i].type) {
        case DS_ACT_START_PASS:
            *(*out)++ = 'S';
            break;
        case DS_ACT_GO_ON_PASS:
            *(*out)++ = 'G';
            break;
        case DS_ACT_CANCEL_PASS:
            *(*out)++ = 'C';
            break;
        case DS_ACT_TIMER:
            note_timer(l, l->last.items[i].at_ms, out);
            break;
        }
    }
}

static void steps(void **state)
{
    const struct row *row = *state;
    life l = {0};
    char actions[64] = "", *out = actions;

    life_idle(&l, false);
    for (const char *event = row->events; *event; event++)
        play(&l, *event, &out);
    ds_arena_free(l.arena);
    assert_string_equal(actions, row->actions);
}

/* ---- ensure and intervals ------------------------------------------------------------------------- */

static void first_pass_within_spread(void **state)
{
    ds_arena *a = ds_arena_new();
    int64_t earliest = INT64_MAX, latest = 0, span = 50 * DS_SECOND_MS;
    char key[32];

    (void)state;
    for (int i = 0; i < 1000; i++) {
        life l = {.arena = a, .now = T0};

        snprintf(key, sizeof(key), "repos:unit%d", i);
        ds_unit_init(&l.unit, key, T0);
        tell(&l, ensure_event(EVERY, false, span));
        assert_false(acted(&l, DS_ACT_START_PASS));
        assert_in_range(wake(&l), T0 + 1, T0 + span);
        assert_int_equal(wake(&l), l.unit.due_ms);
        earliest = DS_MIN(earliest, wake(&l));
        latest = DS_MAX(latest, wake(&l));
    }
    ds_arena_free(a);
    assert_true(earliest < T0 + span / 50); /* they use the span, and from its start to its end */
    assert_true(latest > T0 + span - span / 50);
}

static void first_pass_without_spread_is_now(void **state)
{
    life *l = *state;

    ds_unit_init(&l->unit, "repos:new", T0);
    tell(l, ensure_event(EVERY, false, 0));
    assert_true(acted(l, DS_ACT_START_PASS));
    assert_int_equal(l->unit.run_kind, DS_PASS_FULL);
    assert_int_equal(l->unit.due_ms, T0 + EVERY);
}

static void the_spread_is_the_same_every_time(void **state)
{
    life *l = *state;
    int64_t first;

    ds_unit_init(&l->unit, "repos:new", T0);
    tell(l, ensure_event(EVERY, false, EVERY));
    first = l->unit.due_ms;
    ds_unit_init(&l->unit, "repos:new", T0);
    tell(l, ensure_event(EVERY, false, EVERY));
    assert_int_equal(l->unit.due_ms, first);
}

static void an_overdue_unit_is_spread(void **state)
{
    life *l = *state;

    l->now = l->unit.due_ms + DS_DAY_MS;
    tell(l, ensure_event(EVERY, false, 10 * DS_SECOND_MS));
    assert_false(acted(l, DS_ACT_START_PASS));
    assert_in_range(wake(l), l->now + 1, l->now + 10 * DS_SECOND_MS);
}

static void a_unit_not_yet_due_is_not_spread(void **state)
{
    life *l = *state;
    int64_t due = l->unit.due_ms;

    l->now = due - 1;
    tell(l, ensure_event(EVERY, false, 10 * DS_SECOND_MS));
    assert_int_equal(wake(l), due);
}

static void an_overdue_unit_keeps_its_phase(void **state)
{
    life *l = *state;
    int64_t due = l->unit.due_ms;

    l->now = due + 5 * EVERY + 17;
    tell(l, event_of(DS_EV_TIMER));
    assert_true(acted(l, DS_ACT_START_PASS));
    assert_int_equal(l->unit.due_ms, due + 6 * EVERY);
}

static void a_changed_every_resets_the_interval_set_by_hand(void **state)
{
    life *l = *state;

    tell(l, (ds_event){.type = DS_EV_SET_INTERVAL, .interval_ms = 5 * DS_MINUTE_MS});
    tell(l, ensure_event(EVERY, false, 0));
    assert_int_equal(l->unit.interval_ms, 5 * DS_MINUTE_MS);
    l->now += 1000;
    tell(l, ensure_event(EVERY * 3, false, 0));
    assert_int_equal(l->unit.interval_ms, EVERY * 3);
    assert_int_equal(wake(l), l->now + EVERY * 3);
}

static const struct interval_row {
    const char *name;
    int64_t asked, becomes;
} intervals[] = {
    {"set_interval: zero becomes a minute", 0, DS_MINUTE_MS},
    {"set_interval: negative becomes a minute", -1, DS_MINUTE_MS},
    {"set_interval: the least there is becomes a minute", INT64_MIN, DS_MINUTE_MS},
    {"set_interval: a second becomes a minute", 1000, DS_MINUTE_MS},
    {"set_interval: a minute stays", DS_MINUTE_MS, DS_MINUTE_MS},
    {"set_interval: 90 seconds stay", 90000, 90000},
    {"set_interval: the most there is becomes ten years", INT64_MAX, 3650 * DS_DAY_MS},
};

static void set_interval_row(void **state)
{
    const struct interval_row *row = *state;
    life l = {0};

    life_idle(&l, false);
    l.now += 12345;
    tell(&l, (ds_event){.type = DS_EV_SET_INTERVAL, .interval_ms = row->asked});
    ds_arena_free(l.arena);
    assert_int_equal(l.unit.interval_ms, row->becomes);
    assert_int_equal(wake(&l), l.now + row->becomes);
}

static void every_of_a_second_is_allowed(void **state)
{
    life *l = *state;

    tell(l, ensure_event(DS_SECOND_MS, false, 0));
    assert_int_equal(l->unit.interval_ms, DS_SECOND_MS);
    tell(l, ensure_event(0, false, 0));
    assert_int_equal(l->unit.interval_ms, DS_SECOND_MS);
}

static void an_interval_set_while_gone_counts_from_the_return(void **state)
{
    life *l = *state;

    tell(l, event_of(DS_EV_GONE));
    tell(l, (ds_event){.type = DS_EV_SET_INTERVAL, .interval_ms = 2 * DS_MINUTE_MS});
    assert_int_equal(l->unit.due_ms, 0);
    tell(l, ensure_event(EVERY, false, 0));
    assert_true(acted(l, DS_ACT_START_PASS));
    assert_int_equal(l->unit.due_ms, l->now + 2 * DS_MINUTE_MS);
}

static void a_clock_set_back_does_not_stop_the_unit(void **state)
{
    life *l = *state;

    l->now -= 365 * DS_DAY_MS;
    tell(l, event_of(DS_EV_TIMER));
    assert_int_equal(wake(l), l->now + EVERY);
}

static void a_clock_set_back_does_not_hold_a_retry(void **state)
{
    life *l = *state;

    tell(l, event_of(DS_EV_SYNC_NOW));
    tell(l, ended_event(DS_PASS_WAITING, "HTTP 429", "rate_limited"));
    l->now -= 365 * DS_DAY_MS;
    tell(l, event_of(DS_EV_TIMER));
    assert_true(wake(l) <= l->now + DS_DAY_MS);
}

static void a_state_without_interval_is_repaired(void **state)
{
    life *l = *state;

    l->unit.interval_ms = 0;
    tell(l, event_of(DS_EV_TIMER));
    assert_true(wake(l) > l->now);
}

/* ---- requests ---------------------------------------------------------------------------------------- */

static void items_are_kept_once_each_and_in_order(void **state)
{
    life *l = *state;

    tell(l, event_of(DS_EV_PAUSE));
    tell(l, items_event(ITEMS("b", "a", "b"), 3));
    tell(l, items_event(ITEMS("a", "c", "", NULL), 4));
    assert_int_equal(l->unit.want.items_n, 3);
    assert_string_equal(l->unit.want.items[0], "b");
    assert_string_equal(l->unit.want.items[1], "a");
    assert_string_equal(l->unit.want.items[2], "c");
    assert_true(l->unit.want.any);
    assert_false(l->unit.want.full);
}

static void items_are_copied(void **state)
{
    life *l = *state;
    char item[] = "octo/hello";

    tell(l, items_event(ITEMS(item), 1));
    memset(item, 'x', sizeof(item) - 1);
    assert_int_equal(l->unit.run_kind, DS_PASS_TARGETED);
    assert_string_equal(l->unit.run.items[0], "octo/hello");
}

static void an_empty_list_of_items_asks_for_everything(void **state)
{
    life *l = *state;

    tell(l, items_event(ITEMS("x"), 0));
    assert_int_equal(l->unit.run_kind, DS_PASS_FULL);
}

static void items_that_name_no_record_ask_for_nothing(void **state)
{
    life *l = *state;
    char *key = calloc(1, 2000);

    memset(key, 'k', 1999);
    tell(l, items_event(ITEMS("", NULL, key), 3));
    free(key);
    assert_false(acted(l, DS_ACT_START_PASS));
    assert_false(l->unit.want.any);
}

static void a_full_request_swallows_items_and_is_never_swallowed(void **state)
{
    life *l = *state;

    tell(l, event_of(DS_EV_PAUSE));
    tell(l, items_event(ITEMS("a"), 1));
    tell(l, event_of(DS_EV_SYNC_NOW));
    tell(l, items_event(ITEMS("b"), 1));
    assert_true(l->unit.want.full);
    assert_int_equal(l->unit.want.items_n, 0);
}

static void too_many_items_become_a_full_pass(void **state)
{
    life *l = *state;
    char (*names)[16] = calloc(DS_UNIT_ITEMS_MAX + 1, sizeof(*names));
    const char **items = calloc(DS_UNIT_ITEMS_MAX + 1, sizeof(*items));

    for (size_t i = 0; i <= DS_UNIT_ITEMS_MAX; i++) {
        snprintf(names[i], sizeof(names[i]), "key%zu", i);
        items[i] = names[i];
    }
    tell(l, event_of(DS_EV_PAUSE));
    tell(l, items_event(items, DS_UNIT_ITEMS_MAX));
    assert_false(l->unit.want.full);
    assert_int_equal(l->unit.want.items_n, DS_UNIT_ITEMS_MAX);
    tell(l, items_event(items, DS_UNIT_ITEMS_MAX)); /* all there already */
    assert_false(l->unit.want.full);
    tell(l, items_event(items + DS_UNIT_ITEMS_MAX, 1));
    free(items);
    free(names);
    assert_true(l->unit.want.full);
    assert_int_equal(l->unit.want.items_n, 0);
}

static void too_much_text_becomes_a_full_pass(void **state)
{
    life *l = *state;
    char key[1025];

    tell(l, event_of(DS_EV_PAUSE));
    memset(key, 'k', sizeof(key));
    key[1024] = '\0';
    for (int i = 0; i < 1100 && !l->unit.want.full; i++) {
        snprintf(key, 8, "%07d", i);
        key[7] = 'k';
        tell(l, items_event(ITEMS(key), 1));
        assert_true(l->unit.want.full || l->unit.want.items_n == (size_t)i + 1);
    }
    assert_true(l->unit.want.full);
}

static void items_of_a_failed_pass_are_asked_for_again(void **state)
{
    life *l = *state;

    tell(l, items_event(ITEMS("a", "b"), 2));
    tell(l, items_event(ITEMS("b", "c"), 2));
    tell(l, ended_event(DS_PASS_FAILED, "cut", "transient"));
    assert_int_equal(l->unit.want.items_n, 3);
    assert_false(l->unit.running);
    l->now = wake(l);
    tell(l, event_of(DS_EV_TIMER));
    assert_int_equal(l->unit.run_kind, DS_PASS_TARGETED);
    assert_int_equal(l->unit.run.items_n, 3);
    assert_int_equal(l->unit.want.items_n, 0);
}

static void a_failed_full_pass_stays_full(void **state)
{
    life *l = *state;

    tell(l, event_of(DS_EV_SYNC_NOW));
    tell(l, items_event(ITEMS("a"), 1));
    tell(l, ended_event(DS_PASS_FAILED, "cut", "transient"));
    assert_true(l->unit.want.full);
    assert_int_equal(l->unit.want.items_n, 0); /* the full pass reads it as well */
}

static void items_under_a_refused_credential_are_not_lost(void **state)
{
    life *l = *state;

    tell(l, items_event(ITEMS("a"), 1));
    tell(l, ended_event(DS_PASS_PAUSED, "HTTP 401", "auth"));
    assert_true(l->unit.paused);
    assert_string_equal(l->unit.error_kind, "auth");
    assert_int_equal(l->unit.want.items_n, 1);
    tell(l, event_of(DS_EV_RESUME));
    assert_int_equal(l->unit.run_kind, DS_PASS_FULL);
}

/* ---- sources that list changes ------------------------------------------------------------------------ */

static void the_interval_asks_for_changes(void **state)
{
    life *l = *state;

    l->now = l->unit.due_ms;
    tell(l, event_of(DS_EV_TIMER));
    assert_int_equal(l->unit.run_kind, DS_PASS_CHANGES);
    assert_int_equal(l->unit.run_since_ms, T0 - DS_UNIT_OVERLAP_MS);
}

static void changes_are_counted_from_the_start_of_the_last_pass(void **state)
{
    life *l = *state;
    int64_t started = l->now = l->unit.due_ms;

    tell(l, event_of(DS_EV_TIMER));
    l->now += 7 * DS_MINUTE_MS;
    tell(l, ended_event(DS_PASS_PARTIAL, NULL, NULL));
    assert_int_equal(l->unit.changes_from_ms, started);
    l->now = l->unit.due_ms;
    tell(l, event_of(DS_EV_TIMER));
    assert_int_equal(l->unit.run_since_ms, started - DS_UNIT_OVERLAP_MS);
}

static void a_failed_changes_pass_does_not_move_the_start(void **state)
{
    life *l = *state;

    l->now = l->unit.due_ms;
    tell(l, event_of(DS_EV_TIMER));
    tell(l, ended_event(DS_PASS_FAILED, "cut", "transient"));
    assert_int_equal(l->unit.changes_from_ms, T0);
    l->now = wake(l);
    tell(l, event_of(DS_EV_TIMER));
    assert_int_equal(l->unit.run_kind, DS_PASS_CHANGES);
    assert_int_equal(l->unit.run_since_ms, T0 - DS_UNIT_OVERLAP_MS);
}

static void a_targeted_pass_does_not_move_the_start(void **state)
{
    life *l = *state;

    l->now += 1000;
    tell(l, items_event(ITEMS("a"), 1));
    tell(l, ended_event(DS_PASS_DONE, NULL, NULL));
    assert_int_equal(l->unit.changes_from_ms, T0);
    assert_int_equal(l->unit.full_due_ms, T0 + DS_DAY_MS);
}

static void a_full_pass_comes_when_it_is_due(void **state)
{
    life *l = *state;

    l->now = T0 + DS_DAY_MS;
    tell(l, event_of(DS_EV_TIMER));
    assert_int_equal(l->unit.run_kind, DS_PASS_FULL);
    tell(l, ended_event(DS_PASS_DONE, NULL, NULL));
    assert_int_equal(l->unit.full_due_ms, l->now + DS_DAY_MS);
}

static void another_full_every_moves_the_full_pass(void **state)
{
    life *l = *state;
    ds_event ev = ensure_event(EVERY, true, 0);

    ev.full_every_ms = DS_HOUR_MS;
    tell(l, ev);
    assert_int_equal(l->unit.full_due_ms, T0 + DS_HOUR_MS);
}

static void a_request_reads_everything(void **state)
{
    life *l = *state;

    tell(l, event_of(DS_EV_SYNC_NOW));
    assert_int_equal(l->unit.run_kind, DS_PASS_FULL);
    assert_int_equal(l->unit.run_since_ms, -1);
}

static void changes_leave_named_items_to_the_next_pass(void **state)
{
    life *l = *state;

    tell(l, event_of(DS_EV_SYNC_NOW));
    tell(l, items_event(ITEMS("a"), 1));
    l->unit.want.any = l->unit.want.changes = true;
    tell(l, ended_event(DS_PASS_DONE, NULL, NULL));
    assert_int_equal(l->unit.run_kind, DS_PASS_CHANGES);
    assert_int_equal(l->unit.run.items_n, 0);
    assert_int_equal(l->unit.want.items_n, 1);
    tell(l, ended_event(DS_PASS_DONE, NULL, NULL));
    assert_int_equal(l->unit.run_kind, DS_PASS_TARGETED);
    assert_string_equal(l->unit.run.items[0], "a");
}

static void a_source_that_no_longer_lists_changes_is_read_whole(void **state)
{
    life *l = *state;

    tell(l, ensure_event(EVERY, false, 0));
    l->now = l->unit.due_ms;
    tell(l, event_of(DS_EV_TIMER));
    assert_int_equal(l->unit.run_kind, DS_PASS_FULL);
}

/* ---- ends of passes ------------------------------------------------------------------------------------- */

static void only_passes_that_ended_well_count(void **state)
{
    static const ds_pass_outcome not_well[] = {DS_PASS_FAILED, DS_PASS_PAUSED, DS_PASS_APPROVAL,
                                               DS_PASS_WAITING, DS_PASS_CANCELLED, DS_PASS_SLICED};

    (void)state;
    for (size_t i = 0; i < DS_COUNT(not_well); i++) {
        life l = {0};
        ds_event ev = ended_event(not_well[i], "no", "transient");

        life_idle(&l, false);
        l.now += 1000;
        ev.totals = (ds_totals){.total = 99};
        tell(&l, event_of(DS_EV_SYNC_NOW));
        tell(&l, ev);
        ds_arena_free(l.arena);
        assert_int_equal(l.unit.runs_completed, 1);
        assert_int_equal(l.unit.last_run_ms, T0);
        assert_int_equal(l.unit.last_stats.total, 3);
    }
}

static void a_pass_that_ends_well_clears_the_error(void **state)
{
    life *l = *state;
    ds_event ev = ended_event(DS_PASS_FAILED, "HTTP 503", "transient");

    ev.error_status = 503;
    tell(l, event_of(DS_EV_SYNC_NOW));
    tell(l, ev);
    assert_string_equal(l->unit.last_error, "HTTP 503");
    assert_string_equal(l->unit.error_kind, "transient");
    assert_int_equal(l->unit.error_status, 503);
    assert_int_equal(l->unit.attempts, 1);
    tell(l, event_of(DS_EV_SYNC_NOW));
    assert_string_equal(l->unit.last_error, "HTTP 503"); /* until the next has ended */
    l->now += 5;
    tell(l, ended_event(DS_PASS_PARTIAL, NULL, NULL));
    assert_null(l->unit.last_error);
    assert_null(l->unit.error_kind);
    assert_int_equal(l->unit.error_status, 0);
    assert_int_equal(l->unit.attempts, 0);
    assert_int_equal(l->unit.runs_completed, 2);
    assert_int_equal(l->unit.last_run_ms, T0 + 5);
}

static void errors_without_text_are_shown_too(void **state)
{
    life *l = *state;

    tell(l, event_of(DS_EV_SYNC_NOW));
    tell(l, ended_event(DS_PASS_FAILED, NULL, NULL));
    assert_non_null(l->unit.last_error);
    assert_null(l->unit.error_kind);
}

static void the_back_off_doubles_up_to_five_minutes(void **state)
{
    life *l = *state;
    int64_t most = DS_UNIT_RETRY_FIRST_MS;

    tell(l, event_of(DS_EV_SYNC_NOW));
    for (int attempt = 1; attempt <= 70; attempt++) {
        l->unit.due_ms = l->now + EVERY; /* far away */
        tell(l, ended_event(DS_PASS_FAILED, "cut", "transient"));
        assert_int_equal(l->unit.attempts, attempt);
        assert_in_range(wake(l) - l->now, most - most / 5, most);
        l->now = wake(l);
        tell(l, event_of(DS_EV_TIMER));
        assert_true(acted(l, DS_ACT_START_PASS));
        most = DS_MIN(most * 2, DS_UNIT_RETRY_MOST_MS);
    }
}

static void units_that_failed_together_come_back_apart(void **state)
{
    life *l = *state;
    int64_t first = 0, differ = 0;
    char key[16];

    for (int i = 0; i < 20; i++) {
        snprintf(key, sizeof(key), "repos:%d", i);
        ds_unit_init(&l->unit, key, T0);
        tell(l, ensure_event(EVERY, false, 0));
        tell(l, ended_event(DS_PASS_FAILED, "cut", "transient"));
        differ += i > 0 && wake(l) != first;
        first = wake(l);
    }
    assert_true(differ >= 17);
}

static void a_retry_is_never_later_than_the_interval(void **state)
{
    life *l = *state;

    tell(l, event_of(DS_EV_SYNC_NOW));
    l->now = l->unit.due_ms - 100;
    tell(l, ended_event(DS_PASS_FAILED, "cut", "transient"));
    assert_int_equal(wake(l), l->now + 100);
}

static void a_shorter_interval_brings_a_retry_nearer(void **state)
{
    life *l = *state;

    tell(l, event_of(DS_EV_SYNC_NOW));
    tell(l, ended_event(DS_PASS_FAILED, "no such table", "permanent"));
    assert_int_equal(wake(l), T0 + EVERY);
    tell(l, (ds_event){.type = DS_EV_SET_INTERVAL, .interval_ms = DS_MINUTE_MS});
    assert_int_equal(wake(l), T0 + DS_MINUTE_MS);
}

static const struct wait_row {
    const char *name;
    int64_t told, waits;
} waits[] = {
    {"rate limit: not said is a minute", -1, DS_MINUTE_MS},
    {"rate limit: nothing is a second", 0, DS_SECOND_MS},
    {"rate limit: as told", 90000, 90000},
    {"rate limit: at most a day", INT64_MAX, DS_DAY_MS},
    {"rate limit: longer than the interval", 2 * DS_HOUR_MS, 2 * DS_HOUR_MS},
};

static void wait_row(void **state)
{
    const struct wait_row *row = *state;
    ds_event ev = ended_event(DS_PASS_WAITING, "HTTP 429", "rate_limited");
    life l = {0};

    life_idle(&l, false);
    ev.retry_after_ms = row->told;
    tell(&l, event_of(DS_EV_SYNC_NOW));
    tell(&l, ev);
    assert_int_equal(wake(&l), T0 + row->waits);
    assert_string_equal(ds_unit_state_name(&l.unit, T0), "waiting");
    assert_string_equal(l.unit.last_error, "HTTP 429");
    assert_int_equal(l.unit.attempts, 0);
    l.now = T0 + row->waits - 1;
    tell(&l, event_of(DS_EV_TIMER));
    assert_false(acted(&l, DS_ACT_GO_ON_PASS));
    l.now++;
    tell(&l, event_of(DS_EV_TIMER));
    ds_arena_free(l.arena);
    assert_true(acted(&l, DS_ACT_GO_ON_PASS));
    assert_true(l.unit.due_ms > l.now);
}

static void going_on_keeps_when_and_what(void **state)
{
    life *l = *state;

    tell(l, items_event(ITEMS("a"), 1));
    l->now += 1000;
    tell(l, ended_event(DS_PASS_SLICED, NULL, NULL));
    assert_true(acted(l, DS_ACT_GO_ON_PASS));
    assert_int_equal(l->unit.run_started_ms, T0);
    assert_int_equal(l->unit.run_kind, DS_PASS_TARGETED);
    assert_string_equal(l->unit.run.items[0], "a");
}

static void a_death_is_a_cancel(void **state)
{
    life *l = *state;

    tell(l, event_of(DS_EV_SYNC_NOW)); /* and the process is gone; the next one starts: */
    tell(l, ended_event(DS_PASS_CANCELLED, NULL, NULL));
    assert_true(acted(l, DS_ACT_GO_ON_PASS));
    assert_null(l->unit.last_error);
}

/* ---- limits ------------------------------------------------------------------------------------------------ */

static void approve_is_for_one_pass(void **state)
{
    life *l = *state;

    tell(l, items_event(ITEMS("a"), 1));
    tell(l, ended_event(DS_PASS_APPROVAL, "25 of 50 rows would change", "approval"));
    assert_string_equal(l->unit.approval, "25 of 50 rows would change");
    assert_string_equal(ds_unit_state_name(&l->unit, l->now), "waiting");
    tell(l, event_of(DS_EV_APPROVE));
    assert_null(l->unit.approval);
    assert_true(l->unit.run_approved);
    assert_int_equal(l->unit.run_kind, DS_PASS_FULL);
    tell(l, ended_event(DS_PASS_DONE, NULL, NULL));
    tell(l, event_of(DS_EV_SYNC_NOW));
    assert_false(l->unit.run_approved);
}

static void an_approved_pass_that_failed_is_still_approved(void **state)
{
    life *l = *state;

    tell(l, event_of(DS_EV_SYNC_NOW));
    tell(l, ended_event(DS_PASS_APPROVAL, "shrunk", "approval"));
    tell(l, event_of(DS_EV_APPROVE));
    tell(l, ended_event(DS_PASS_FAILED, "cut", "transient"));
    assert_true(l->unit.approved);
    l->now = wake(l);
    tell(l, event_of(DS_EV_TIMER));
    assert_true(l->unit.run_approved);
    assert_false(l->unit.approved);
}

static void an_approved_pass_that_goes_on_is_still_approved(void **state)
{
    life *l = *state;

    tell(l, event_of(DS_EV_SYNC_NOW));
    tell(l, ended_event(DS_PASS_APPROVAL, "shrunk", "approval"));
    tell(l, event_of(DS_EV_APPROVE));
    tell(l, ended_event(DS_PASS_SLICED, NULL, NULL));
    assert_true(acted(l, DS_ACT_GO_ON_PASS));
    assert_true(l->unit.run_approved);
}

static void an_early_approve_is_no_blank_cheque(void **state)
{
    life *l = *state;

    tell(l, event_of(DS_EV_APPROVE));
    tell(l, event_of(DS_EV_SYNC_NOW));
    assert_false(l->unit.run_approved);
}

/* ---- names --------------------------------------------------------------------------------------------------- */

static const struct state_row {
    const char *name, *events, *state;
} states[] = {
    {"state: idle", "", "idle"},
    {"state: running", "s", "running"},
    {"state: running with more to do", "ss", "running"},
    {"state: waiting for a retry", "sf", "waiting"},
    {"state: waiting for a rate limit", "sv", "waiting"},
    {"state: waiting for approval", "sx", "waiting"},
    {"state: paused", "p", "paused"},
    {"state: paused by a credential", "sa", "paused"},
    {"state: paused in a pass", "sp", "paused"},
    {"state: idle after a pass", "sd", "idle"},
    {"state: gone", "g", "idle"},
};

static void state_row(void **state)
{
    const struct state_row *row = *state;
    life l = {0};
    char actions[64], *out = actions;

    life_idle(&l, false);
    for (const char *event = row->events; *event; event++)
        play(&l, *event, &out);
    ds_arena_free(l.arena);
    assert_string_equal(ds_unit_state_name(&l.unit, l.now), row->state);
}

static void names(void **state)
{
    (void)state;
    assert_string_equal(ds_pass_kind_name(DS_PASS_FULL), "full");
    assert_string_equal(ds_pass_kind_name(DS_PASS_CHANGES), "changes");
    assert_string_equal(ds_pass_kind_name(DS_PASS_TARGETED), "targeted");
    assert_string_equal(ds_pass_kind_name((ds_pass_kind)77), "unknown");
    assert_string_equal(ds_pass_outcome_name(DS_PASS_DONE), "done");
    assert_string_equal(ds_pass_outcome_name(DS_PASS_PARTIAL), "partial");
    assert_string_equal(ds_pass_outcome_name(DS_PASS_FAILED), "failed");
    assert_string_equal(ds_pass_outcome_name(DS_PASS_PAUSED), "paused");
    assert_string_equal(ds_pass_outcome_name(DS_PASS_APPROVAL), "paused");
    assert_string_equal(ds_pass_outcome_name(DS_PASS_WAITING), "waiting");
    assert_string_equal(ds_pass_outcome_name(DS_PASS_CANCELLED), "cancelled");
    assert_string_equal(ds_pass_outcome_name(DS_PASS_SLICED), "sliced");
    assert_string_equal(ds_pass_outcome_name((ds_pass_outcome)77), "unknown");
}

/* ---- random lives ---------------------------------------------------------------------------------------------- */

#define RANDOM_LIVES 10000
#define RANDOM_EVENTS 40
#define RANDOM_ITEMS 6

typedef struct chance {
    uint64_t x;
} chance;

static unsigned roll(chance *c, unsigned sides)
{
    c->x ^= c->x << 13;
    c->x ^= c->x >> 7;
    c->x ^= c->x << 17;
    return (unsigned)((c->x >> 33) % sides);
}

/* What an onlooker knows: which pass runs, and what was asked for and not yet served. */
typedef struct onlooker {
    bool passing, interrupted;
    bool full_asked;                /* and not served by a pass that started later and ended well */
    bool asked[RANDOM_ITEMS];
    bool full_in_pass;              /* what the pass that runs was started with */
    bool in_pass[RANDOM_ITEMS];
    int64_t completed;
} onlooker;

static void look_at_start(onlooker *o, const ds_unit *u)
{
    bool all = u->run_kind == DS_PASS_FULL;

    assert_false(o->passing || o->interrupted); /* never two at once */
    o->passing = true;
    o->full_in_pass = all && o->full_asked;
    for (size_t i = 0; i < RANDOM_ITEMS; i++) {
        char item[2] = {(char)('a' + (int)i), '\0'};
        bool named = false;

        for (size_t k = 0; k < u->run.items_n; k++)
            named = named || strcmp(u->run.items[k], item) == 0;
        o->in_pass[i] = o->asked[i] && (all || (named && u->run_kind == DS_PASS_TARGETED));
    }
}

static void look_at_end(onlooker *o, ds_pass_outcome outcome)
{
    if (!o->passing)
        return;
    o->passing = false;
    o->interrupted = outcome == DS_PASS_WAITING || outcome == DS_PASS_CANCELLED ||
                     outcome == DS_PASS_SLICED;
    if (outcome != DS_PASS_DONE && outcome != DS_PASS_PARTIAL)
        return;
    o->completed++;
    o->full_asked = o->full_asked && !o->full_in_pass;
    for (size_t i = 0; i < RANDOM_ITEMS; i++)
        o->asked[i] = o->asked[i] && !o->in_pass[i];
}

static void check(const life *l, const onlooker *o)
{
    const ds_unit *u = &l->unit;
    bool timer = false;

    for (size_t i = 0; i < l->last.n; i++)
        timer = timer || l->last.items[i].type == DS_ACT_TIMER;
    assert_true(timer);
    assert_true(u->gone ? u->due_ms == 0 : u->due_ms > l->now);
    assert_true(u->gone || u->due_ms <= l->now + u->interval_ms);
    assert_true(wake(l) == 0 || wake(l) > l->now);
    assert_int_equal(u->running, o->passing || o->interrupted);
    assert_int_equal(u->runs_completed, o->completed);
    assert_true(u->want.any == (u->want.full || u->want.changes || u->want.items_n > 0));
    assert_false(u->want.full && u->want.items_n > 0);
    if (!o->passing && !u->paused && !u->approval && !u->gone)
        assert_true(wake(l) > 0); /* someone will wake it */
    if (u->paused || u->approval || u->gone)
        assert_int_equal(wake(l), 0);
}

static void watch(life *l, onlooker *o, ds_event ev)
{
    if (ev.type == DS_EV_PASS_ENDED)
        look_at_end(o, ev.outcome);
    tell(l, ev);
    for (size_t i = 0; i < l->last.n; i++) {
        ds_action_type type = l->last.items[i].type;

        if (type == DS_ACT_START_PASS || type == DS_ACT_GO_ON_PASS) {
            assert_false(l->unit.paused || l->unit.gone || l->unit.approval);
            assert_false(o->passing);
        }
        if (type == DS_ACT_START_PASS)
            look_at_start(o, &l->unit);
        if (type == DS_ACT_GO_ON_PASS) {
            assert_true(o->interrupted);
            o->interrupted = false;
            o->passing = true;
        }
        if (type == DS_ACT_CANCEL_PASS)
            assert_true(o->passing && l->unit.paused);
    }
    check(l, o);
}

static ds_event random_request(chance *c, onlooker *o, const char *items[2])
{
    static const char *const names[RANDOM_ITEMS] = {"a", "b", "c", "d", "e", "f"};
    size_t first = roll(c, RANDOM_ITEMS), second = roll(c, RANDOM_ITEMS);

    if (roll(c, 4) == 0) {
        o->full_asked = true;
        return event_of(DS_EV_SYNC_NOW);
    }
    o->asked[first] = o->asked[second] = true;
    items[0] = names[first];
    items[1] = names[second];
    return items_event(items, 2);
}

static ds_event random_event(chance *c, life *l, onlooker *o, const char *items[2])
{
    static const char calm[] = "ttttyyypprrriAAgeeeqddddddhhafffFclvvx";

    if (roll(c, 3) == 0)
        return random_request(c, o, items);
    if (roll(c, 3) == 0)
        l->now += roll(c, 3 * (unsigned)DS_HOUR_MS);
    return event_for(l, calm[roll(c, sizeof(calm) - 1)]);
}

/* From whatever state: once someone has resumed it and its passes end well, all is served. */
static void come_to_rest(life *l, onlooker *o)
{
    watch(l, o, ensure_event(EVERY, l->unit.lists_changes, 0));
    if (l->unit.paused || l->unit.approval)
        watch(l, o, event_of(DS_EV_RESUME));
    for (int i = 0; i < 20 && (o->passing || o->interrupted || l->unit.want.any); i++) {
        if (o->passing)
            watch(l, o, ended_event(DS_PASS_DONE, NULL, NULL));
        else
            watch(l, o, event_for(l, 'y'));
    }
    assert_false(o->passing || o->interrupted || l->unit.want.any);
    assert_false(o->full_asked);
    for (size_t i = 0; i < RANDOM_ITEMS; i++)
        assert_false(o->asked[i]);
}

static void random_lives_keep_the_invariants(void **state)
{
    ds_arena *a = ds_arena_new();

    (void)state;
    for (uint64_t seed = 1; seed <= RANDOM_LIVES; seed++) {
        chance c = {seed * UINT64_C(0x9e3779b97f4a7c15)};
        onlooker o = {0};
        life l = {.arena = a, .now = T0};
        const char *items[2];

        ds_arena_reset(a);
        ds_unit_init(&l.unit, "repos:all", T0);
        watch(&l, &o, ensure_event(EVERY, seed % 2 == 0, 0));
        for (int i = 0; i < RANDOM_EVENTS; i++)
            watch(&l, &o, random_event(&c, &l, &o, items));
        come_to_rest(&l, &o);
    }
    ds_arena_free(a);
}

/* ---- all of them -------------------------------------------------------------------------------------------------- */

#define IDLE(test) cmocka_unit_test_setup_teardown(test, with_idle, free_life)
#define CHANGES(test) cmocka_unit_test_setup_teardown(test, with_idle_listing_changes, free_life)

static const struct CMUnitTest single_tests[] = {
    cmocka_unit_test(first_pass_within_spread),
    IDLE(first_pass_without_spread_is_now),
    IDLE(the_spread_is_the_same_every_time),
    IDLE(an_overdue_unit_is_spread),
    IDLE(a_unit_not_yet_due_is_not_spread),
    IDLE(an_overdue_unit_keeps_its_phase),
    IDLE(a_changed_every_resets_the_interval_set_by_hand),
    IDLE(every_of_a_second_is_allowed),
    IDLE(an_interval_set_while_gone_counts_from_the_return),
    IDLE(a_clock_set_back_does_not_stop_the_unit),
    IDLE(a_clock_set_back_does_not_hold_a_retry),
    IDLE(a_state_without_interval_is_repaired),
    IDLE(items_are_kept_once_each_and_in_order),
    IDLE(items_are_copied),
    IDLE(an_empty_list_of_items_asks_for_everything),
    IDLE(items_that_name_no_record_ask_for_nothing),
    IDLE(a_full_request_swallows_items_and_is_never_swallowed),
    IDLE(too_many_items_become_a_full_pass),
    IDLE(too_much_text_becomes_a_full_pass),
    IDLE(items_of_a_failed_pass_are_asked_for_again),
    IDLE(a_failed_full_pass_stays_full),
    IDLE(items_under_a_refused_credential_are_not_lost),
    CHANGES(the_interval_asks_for_changes),
    CHANGES(changes_are_counted_from_the_start_of_the_last_pass),
    CHANGES(a_failed_changes_pass_does_not_move_the_start),
    CHANGES(a_targeted_pass_does_not_move_the_start),
    CHANGES(a_full_pass_comes_when_it_is_due),
    CHANGES(another_full_every_moves_the_full_pass),
    CHANGES(a_request_reads_everything),
    CHANGES(changes_leave_named_items_to_the_next_pass),
    CHANGES(a_source_that_no_longer_lists_changes_is_read_whole),
    cmocka_unit_test(only_passes_that_ended_well_count),
    IDLE(a_pass_that_ends_well_clears_the_error),
    IDLE(errors_without_text_are_shown_too),
    IDLE(the_back_off_doubles_up_to_five_minutes),
    IDLE(units_that_failed_together_come_back_apart),
    IDLE(a_retry_is_never_later_than_the_interval),
    IDLE(a_shorter_interval_brings_a_retry_nearer),
    IDLE(going_on_keeps_when_and_what),
    IDLE(a_death_is_a_cancel),
    IDLE(approve_is_for_one_pass),
    IDLE(an_approved_pass_that_failed_is_still_approved),
    IDLE(an_approved_pass_that_goes_on_is_still_approved),
    IDLE(an_early_approve_is_no_blank_cheque),
    cmocka_unit_test(names),
    cmocka_unit_test(random_lives_keep_the_invariants),
};

#define ROWS (DS_COUNT(rows) + DS_COUNT(intervals) + DS_COUNT(waits) + DS_COUNT(states))

#define ADD_TABLE(table, function)                                                                 \
    for (size_t i = 0; i < DS_COUNT(table); i++)                                                   \
    tests[n++] = (struct CMUnitTest){(table)[i].name, function, NULL, NULL, state_of(&(table)[i])}

/* cmocka hands rows on without changing them, but asks for a pointer that could. */
static void *state_of(const void *row)
{
    union {
        const void *in;
        void *out;
    } both = {row};

    return both.out;
}

int main(void)
{
    static struct CMUnitTest tests[ROWS + DS_COUNT(single_tests)];
    size_t n = 0;

    ADD_TABLE(rows, steps);
    ADD_TABLE(intervals, set_interval_row);
    ADD_TABLE(waits, wait_row);
    ADD_TABLE(states, state_row);
    memcpy(&tests[n], single_tests, sizeof(single_tests));
    return cmocka_run_group_tests_name("sync unit", tests, NULL, NULL);
}
