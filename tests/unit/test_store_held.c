/* tests/unit/test_store_held.c
 *
 * Held records and intents: as a pass sets them aside and settles them, and as a person does
 * (retry, drop, adopt).
 */
#include "store_fixture.h"

/* ---- from a pass ----------------------------------------------------------------------------- */

static const ds_checkpoint mark = {.cursor = "page 7"};

static void intents_stay_until_they_are_settled(void **state)
{
    fixture f = fixture_new();
    ds_ledger *l = pass_of(&f, "r", "all");
    const ds_intent intents[] = {{.key = "b", .issued_ms = 7}, {.key = "a", .issued_ms = 8}};
    const ds_intent later[] = {{.key = "a", .issued_ms = 9, .looked_ms = 30}};
    const char *const cleared[] = {"b", "never"};
    ds_ledger_begin begin;

    (void)state;
    must(&f, commit_to(&f, l, (ds_commit){.intents = intents, .intents_n = 2}));
    ds_ledger_close(l);
    fixture_reopen(&f);
    l = ledger_of(&f, start_pass(&f, "r", "all", "fp", true));
    assert_int_equal(begin_of(&f, l).intents_n, 2);
    must(&f, commit_to(&f, l,
                       (ds_commit){
                           .cleared = cleared, .cleared_n = 2, .intents = later, .intents_n = 1}));
    begin = begin_of(&f, l);
    assert_int_equal(begin.intents_n, 1);
    assert_string_equal(begin.intents[0].key, "a");
    assert_int_equal(begin.intents[0].looked_ms, 30); /* which leaves nothing else to be known */
    ds_ledger_close(l);
    fixture_end(&f);
}

static void held_records_come_in_pages_by_key(void **state)
{
    fixture f = fixture_new();
    ds_ledger *l = pass_of(&f, "r", "all");
    const ds_held put[] = {{.key = "m",
                            .reason = "too long",
                            .since_ms = 1,
                            .attempts = 2,
                            .next_try_ms = 3,
                            .hash = {4, 5}},
                           {.key = "line:3", .placed = true, .reason = "no JSON"},
                           {.key = "line:3", .reason = "a key that reads like a place"},
                           {.key = "a", .reason = "x"}};
    const ds_held *page;
    size_t n;

    (void)state;
    must(&f, commit_to(&f, l, (ds_commit){.held = put, .held_n = 4}));
    assert_int_equal(begin_of(&f, l).held, 4);
    must(&f, l->ops->held(l, NULL, 2, scratch, &page, &n, &f.err));
    assert_int_equal(n, 1); /* the two line:3 are not torn apart */
    assert_string_equal(page[0].key, "a");
    must(&f, l->ops->held(l, "a", 2, scratch, &page, &n, &f.err));
    assert_int_equal(n, 2);
    assert_false(page[0].placed);
    assert_true(page[1].placed);
    must(&f, l->ops->held(l, "line:3", 9, scratch, &page, &n, &f.err));
    assert_int_equal(n, 1);
    assert_string_equal(page[0].reason, "too long");
    assert_int_equal(page[0].since_ms, 1);
    assert_int_equal(page[0].attempts, 2);
    assert_int_equal(page[0].next_try_ms, 3);
    assert_int_equal(page[0].hash.low, 4);
    assert_int_equal(page[0].hash.high, 5);
    must(&f, l->ops->held(l, "m", 9, scratch, &page, &n, &f.err));
    assert_int_equal(n, 0);
    ds_ledger_close(l);
    fixture_end(&f);
}

/* A destination's words, cut in a character: a server takes nothing but text. */
static void a_reason_is_text(void **state)
{
    fixture f = fixture_new();
    ds_ledger *l = pass_of(&f, "r", "all");
    const ds_held put[] = {{.key = "k", .reason = "caf\xC3"}, {.key = "l"}};
    const ds_held *page;
    size_t n;

    (void)state;
    must(&f, commit_to(&f, l, (ds_commit){.held = put, .held_n = 2}));
    must(&f, l->ops->held(l, NULL, 9, scratch, &page, &n, &f.err));
    assert_int_equal(n, 2);
    assert_string_equal(page[0].reason, "caf\xEF\xBF\xBD");
    assert_string_equal(page[1].reason, "");
    ds_ledger_close(l);
    fixture_end(&f);
}

static void a_released_record_is_held_no_more(void **state)
{
    fixture f = fixture_new();
    ds_ledger *l = pass_of(&f, "r", "all");
    const ds_held put[] = {{.key = "a", .reason = "x"},
                           {.key = "b", .reason = "x"},
                           {.key = "b", .placed = true, .reason = "x"}};
    const ds_held again[] = {{.key = "a", .reason = "y", .attempts = 2}};
    const char *const released[] = {"b", "never"};
    const ds_held *page;
    size_t n;

    (void)state;
    must(&f, commit_to(&f, l, (ds_commit){.held = put, .held_n = 3}));
    must(&f,
         commit_to(&f, l,
                   (ds_commit){.held = again, .held_n = 1, .released = released, .released_n = 2}));
    must(&f, l->ops->held(l, NULL, 9, scratch, &page, &n, &f.err));
    assert_int_equal(n, 2);
    assert_string_equal(page[0].reason, "y");
    assert_int_equal(page[0].attempts, 2);
    assert_true(page[1].placed); /* leaves with a complete full pass only */
    assert_int_equal(begin_of(&f, l).held, 2);
    ds_ledger_close(l);
    fixture_end(&f);
}

static void a_complete_full_pass_replaces_what_was_held(void **state)
{
    fixture f = fixture_new();
    const ds_held old[] = {{.key = "line:1", .placed = true},
                           {.key = "line:2", .placed = true},
                           {.key = "k", .reason = "stays", .attempts = 3},
                           {.key = "left", .reason = "goes"}};
    const ds_held new[] = {{.key = "line:2", .placed = true}};
    const char *const met[] = {"k", "never"};
    const char *const asked[] = {"k", "line:2", "left"};
    const ds_held *of[3];
    const ds_held *page;
    ds_ledger *l = pass_of(&f, "r", "all");
    size_t n;

    (void)state;
    must(&f, commit_to(&f, l, (ds_commit){.held = old, .held_n = 4, .checkpoint = &mark}));
    ds_ledger_close(l);
    l = pass_of(&f, "r", "all");
    must(&f, commit_to(&f, l,
                       (ds_commit){
                           .held = new, .held_n = 1, .met = met, .met_n = 2, .checkpoint = &mark}));
    ds_ledger_close(l);
    l = ledger_of(&f, start_pass(&f, "r", "all", "fp", false)); /* a resumed pass is the same one */
    must(&f, commit_to(&f, l, (ds_commit){.replace_held = true}));
    must(&f, l->ops->held(l, NULL, 9, scratch, &page, &n, &f.err));
    assert_int_equal(n, 2);
    assert_string_equal(page[0].key, "k");
    assert_int_equal(page[0].attempts, 3);
    assert_string_equal(page[1].key, "line:2");
    assert_int_equal(begin_of(&f, l).held, 2);
    must(&f, l->ops->held_of(l, asked, 3, scratch, of, &f.err));
    assert_int_equal(of[0]->attempts, 3);
    assert_null(of[1]); /* a place is no key */
    assert_null(of[2]);
    ds_ledger_close(l);
    fixture_end(&f);
}

/* ---- by hand --------------------------------------------------------------------------------- */

typedef struct hand {
    bool (*retry_or_drop)(ds_tx *tx, const char *route, const char *key, bool *found, ds_err *err);
    const char *key;
    const char *id; /* adopt */
    bool found;
} hand;

static bool hand_in_tx(ds_tx *tx, void *arg, ds_err *err)
{
    hand *h = arg;

    if (h->id)
        return ds_tx_held_adopt(tx, "r", h->key, h->id, &h->found, err);
    return h->retry_or_drop(tx, "r", h->key, &h->found, err);
}

static bool by_hand(fixture *f, hand *h)
{
    h->found = false;
    return do_tx(f, hand_in_tx, h);
}

/* Units a and b of route r; both hold "k", a holds "line:2" too. No pass is under way. */
static fixture two_units(void)
{
    static const ds_held held[] = {{.key = "k", .reason = "x", .next_try_ms = NOW, .attempts = 3},
                                   {.key = "line:2", .placed = true, .reason = "y"}};
    static const ds_intent intents[] = {{.key = "k", .issued_ms = 5}};
    fixture f = fixture_new();

    for (size_t i = 0; i < 2; i++) {
        ds_unit_row *row = start_pass(&f, "r", i ? "b" : "a", "fp", true);
        ds_ledger *l = ledger_of(&f, row);

        must(&f, commit_to(&f, l,
                           (ds_commit){
                               .held = held, .held_n = 2 - i, .intents = intents, .intents_n = 1}));
        ds_ledger_close(l);
        end_pass(&f, row);
    }
    return f;
}

static const ds_held *held_of(fixture *f, const char *unit, size_t *n)
{
    ds_unit_row *row = start_pass(f, "r", unit, "fp", true);
    ds_ledger *l = ledger_of(f, row);
    const ds_held *held;

    must(f, l->ops->held(l, NULL, 99, scratch, &held, n, &f->err));
    assert_int_equal(begin_of(f, l).held, *n);
    ds_ledger_close(l);
    end_pass(f, row);
    return held;
}

static void held_records_of_all_routes_are_listed(void **state)
{
    fixture f = two_units();
    ds_reader *r = ds_reader_open_at(&f.at, &f.err);
    ds_held_row *rows;
    ds_unit_row *units;
    size_t n;

    (void)state;
    must(&f, r);
    must(&f, ds_reader_held(r, NULL, scratch, &rows, &n, &f.err));
    assert_int_equal(n, 3);
    assert_string_equal(rows[0].route, "r");
    assert_string_equal(rows[0].unit, "a");
    assert_string_equal(rows[0].held.key, "k");
    assert_int_equal(rows[0].held.attempts, 3);
    assert_string_equal(rows[2].unit, "b");
    must(&f, ds_reader_held(r, "other", scratch, &rows, &n, &f.err));
    assert_int_equal(n, 0);
    must(&f, ds_reader_units(r, "r", "a", scratch, &units, &n, &f.err));
    assert_int_equal(units[0].held, 2);
    ds_reader_close(r);
    fixture_end(&f);
}

static void retry_makes_it_due_at_once(void **state)
{
    fixture f = two_units();
    hand h = {.retry_or_drop = ds_tx_held_retry, .key = "k"};
    size_t n;

    (void)state;
    must(&f, by_hand(&f, &h));
    assert_true(h.found);
    assert_int_equal(held_of(&f, "a", &n)[0].next_try_ms, 0);
    assert_int_equal(held_of(&f, "b", &n)[0].next_try_ms, 0);
    assert_int_equal(held_of(&f, "a", &n)[0].attempts, 3);
    fixture_end(&f);
}

static void drop_forgets_it_in_every_unit(void **state)
{
    fixture f = two_units();
    hand h = {.retry_or_drop = ds_tx_held_drop, .key = "k"}, place = h;
    size_t n;

    (void)state;
    must(&f, by_hand(&f, &h));
    assert_true(h.found);
    held_of(&f, "b", &n);
    assert_int_equal(n, 0);
    assert_string_equal(held_of(&f, "a", &n)[0].key, "line:2");
    place.key = "line:2";
    must(&f, by_hand(&f, &place));
    held_of(&f, "a", &n);
    assert_int_equal(n, 0);
    fixture_end(&f);
}

static const struct refusal {
    const char *name;
    hand h;
    bool ok, found;
} refusals[] = {
    {"nobody holds the key: retry", {ds_tx_held_retry, "none", NULL, false}, true, false},
    {"nobody holds the key: drop", {ds_tx_held_drop, "none", NULL, false}, true, false},
    {"nobody holds the key: adopt", {NULL, "none", "id", false}, true, false},
    {"a place cannot be tried again", {ds_tx_held_retry, "line:2", NULL, false}, false, true},
    {"a place cannot be adopted", {NULL, "line:2", "id", false}, false, true},
};

static void refuses(void **state)
{
    const struct refusal *row = *state;
    fixture f = two_units();
    hand h = row->h;
    size_t n;

    assert_int_equal(by_hand(&f, &h), row->ok);
    assert_int_equal(h.found, row->found);
    if (!row->ok)
        assert_int_equal(f.err.kind, DS_ERR_CONFIG);
    held_of(&f, "a", &n);
    assert_int_equal(n, 2);
    fixture_end(&f);
}

/* ---- adopting -------------------------------------------------------------------------------- */

static ds_link_match match_in(fixture *f, ds_ledger *l, const char *key)
{
    ds_link_match match;

    must(f, l->ops->match(l, &key, 1, scratch, &match, &f->err));
    return match;
}

static void an_adopted_record_is_linked_and_to_be_compared(void **state)
{
    fixture f = two_units();
    hand h = {.key = "k", .id = "row-9"}, again = {.key = "k", .id = "row-8"};
    ds_ledger *l;
    size_t n;

    (void)state;
    must(&f, by_hand(&f, &h));
    assert_true(h.found);
    held_of(&f, "a", &n);
    assert_int_equal(n, 1);
    l = pass_of(&f, "r", "a");
    assert_string_equal(match_in(&f, l, "k").link->id, "row-9");
    assert_false(match_in(&f, l, "k").link->valid);
    assert_int_equal(match_in(&f, l, "k").link->flags, 0); /* not made by this route */
    assert_int_equal(begin_of(&f, l).links, 1);
    assert_int_equal(begin_of(&f, l).intents_n, 0);
    ds_ledger_close(l);
    /* b holds it as well, but the key belongs to a now */
    assert_false(by_hand(&f, &again));
    assert_int_equal(f.err.kind, DS_ERR_CONFIG);
    fixture_end(&f);
}

/* b's last full pass did not meet it: the key goes to whoever brings it. */
static void a_key_that_another_unit_no_longer_brings_can_be_adopted(void **state)
{
    fixture f = two_units();
    ds_ledger *l = pass_of(&f, "r", "b");
    ds_link_put puts[] = {LINK(1, "k", 1)};
    hand h = {.key = "k", .id = "row-9"};

    (void)state;
    puts[0].link.flags = DS_LINK_UNMET;
    must(&f, commit_to(&f, l, (ds_commit){PUTS(puts)}));
    ds_ledger_close(l);
    must(&f, by_hand(&f, &h));
    assert_true(h.found);
    l = pass_of(&f, "r", "a");
    assert_string_equal(match_in(&f, l, "k").link->id, "row-9");
    ds_ledger_close(l);
    l = pass_of(&f, "r", "b");
    assert_null(match_in(&f, l, "k").link);
    assert_int_equal(begin_of(&f, l).links, 0);
    ds_ledger_close(l);
    fixture_end(&f);
}

static void a_record_adopted_during_a_pass_is_linked_when_the_next_one_starts(void **state)
{
    static const ds_held tried[] = {{.key = "k", .reason = "again", .next_try_ms = NOW}};
    fixture f = two_units();
    ds_ledger *l = pass_of(&f, "r", "a");
    ds_link_put puts[] = {LINK(1, "new", 1)};
    hand h = {.key = "k", .id = "row-9"};
    const ds_held *held;
    ds_held_row *rows;
    ds_reader *r;
    size_t n;

    (void)state;
    must(&f, by_hand(&f, &h));
    assert_null(match_in(&f, l, "k").link);
    must(&f, commit_to(&f, l, (ds_commit){PUTS(puts), .held = tried, .held_n = 1}));
    must(&f, l->ops->held(l, NULL, 9, scratch, &held, &n, &f.err));
    assert_int_equal(held[0].next_try_ms, INT64_MAX); /* nobody tries it meanwhile */
    assert_int_equal(begin_of(&f, l).held, 1);        /* the place; this one is settled */
    r = ds_reader_open_at(&f.at, &f.err);
    must(&f, r);
    must(&f, ds_reader_held(r, "r", scratch, &rows, &n, &f.err));
    assert_int_equal(n, 2);
    ds_reader_close(r);
    ds_ledger_close(l);
    l = ledger_of(&f, start_pass(&f, "r", "a", "fp", false));
    assert_string_equal(match_in(&f, l, "k").link->id, "row-9");
    assert_int_equal(match_in(&f, l, "k").link->seq, 2);
    assert_int_equal(match_in(&f, l, "new").link->seq, 1);
    must(&f, l->ops->held(l, NULL, 9, scratch, &held, &n, &f.err));
    assert_int_equal(n, 1);
    assert_int_equal(begin_of(&f, l).held, 1);
    ds_ledger_close(l);
    fixture_end(&f);
}

int main(void)
{
    add_test(intents_stay_until_they_are_settled);
    add_test(held_records_come_in_pages_by_key);
    add_test(a_reason_is_text);
    add_test(a_released_record_is_held_no_more);
    add_test(a_complete_full_pass_replaces_what_was_held);
    add_test(held_records_of_all_routes_are_listed);
    add_test(retry_makes_it_due_at_once);
    add_test(drop_forgets_it_in_every_unit);
    add_table(refusals, refuses);
    add_test(an_adopted_record_is_linked_and_to_be_compared);
    add_test(a_key_that_another_unit_no_longer_brings_can_be_adopted);
    add_test(a_record_adopted_during_a_pass_is_linked_when_the_next_one_starts);
    return run_tests("store held");
}
