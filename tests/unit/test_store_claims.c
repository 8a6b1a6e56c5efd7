/* tests/unit/test_store_claims.c - who makes the row of a key, of several that announce it. */
#include "store_fixture.h"

enum { LAG_MS = 60000, SETTLE_MS = 2 * DS_HOUR_MS };

static bool announce(fixture *f, ds_ledger *l, const char *const keys[3], ds_claimed claimed[3])
{
    ds_intent intents[3];
    ds_link_put puts[] = {LINK(7, keys[0], 1), LINK(8, "own", 1)};

    for (int i = 0; i < 3; i++) {
        intents[i] = (ds_intent){.key = keys[i], .claims = true};
        claimed[i] = (ds_claimed){0};
    }
    return commit_to(f, l,
                     (ds_commit){PUTS(puts), .intents = intents, .intents_n = 3, .claimed = claimed,
                                 .arena = scratch});
}

static void whoever_announces_a_key_first_makes_its_row(void **state)
{
    static const char *const of_a[] = {"x", "y", "a"}, *const of_b[] = {"linked", "y", "b"};
    static const char *const of_c[] = {"left", "x", "c"};
    fixture f = fixture_new();
    ds_ledger *a = pass_of(&f, "r", "a"), *b = pass_of(&f, "r", "b"), *c = pass_of(&f, "r", "c");
    ds_ledger *gone = pass_of(&f, "r", "gone"), *other = pass_of(&f, "other", "a");
    ds_link_put links[] = {LINK(1, "linked", 1)}, left[] = {LINK(1, "left", 1)};
    const ds_intent sent = {.key = "c"};
    ds_claimed claimed[3];

    (void)state;
    must(&f, announce(&f, other, of_a, claimed)); /* which is another route */
    must(&f, announce(&f, a, of_a, claimed));
    assert_null(claimed[0].by);
    assert_null(claimed[1].by);
    must(&f, announce(&f, a, of_a, claimed)); /* again: they are its own */
    assert_null(claimed[0].by);
    must(&f, commit_to(&f, a, (ds_commit){PUTS(links)}));
    must(&f, commit_to(&f, gone, (ds_commit){PUTS(left), .intents = &sent, .intents_n = 1}));
    must(&f, do_tx(&f, exec_in_tx,
                   (char *)(uintptr_t) "UPDATE machine SET state = '{\"gone\":true}'"
                                       " WHERE unit = 'gone'"));

    must(&f, announce(&f, b, of_b, claimed));
    assert_string_equal(claimed[0].by, "a");
    assert_string_equal(claimed[1].by, "a");
    assert_null(claimed[2].by);
    assert_int_equal(begin_of(&f, b).intents_n, 1);
    assert_string_equal(begin_of(&f, b).intents[0].key, "b");
    assert_string_equal(match_one(&f, b, "linked").claimed_by, "a"); /* no link was made of it */
    assert_int_equal(begin_of(&f, b).links, 0); /* the other one is `a`s, too */

    must(&f, announce(&f, c, of_c, claimed)); /* what a unit left that is gone holds nobody up */
    assert_null(claimed[0].by);
    assert_string_equal(claimed[1].by, "a");
    assert_null(claimed[2].by);
    ds_ledger_close(a);
    ds_ledger_close(b);
    ds_ledger_close(c);
    ds_ledger_close(gone);
    ds_ledger_close(other);
    fixture_end(&f);
}

static void announced(fixture *f, ds_ledger *l, const char *key, int64_t issued_ms)
{
    const ds_intent sent = {.key = key, .issued_ms = issued_ms};

    must(f, commit_to(f, l, (ds_commit){.intents = &sent, .intents_n = 1}));
}

/* Whom the key belongs to, should `l` claim it. */
static const char *claim_of(fixture *f, ds_ledger *l, const char *key, int64_t settled_ms)
{
    const ds_intent intent = {.key = key, .claims = true};
    ds_claimed claimed = {0};

    must(f, commit_to(f, l,
                      (ds_commit){.intents = &intent,
                                  .intents_n = 1,
                                  .claimed = &claimed,
                                  .arena = scratch,
                                  .settled_ms = settled_ms}));
    return claimed.by ? claimed.by : "";
}

static bool makes(fixture *f, ds_ledger *l, const char *key, ds_look look, ds_claimed claimed[2])
{
    const ds_intent intents[] = {{.key = key, .claims = true, .makes = true}, {.key = "update"}};

    memset(claimed, 0, 2 * sizeof(*claimed));
    return commit_to(f, l,
                     (ds_commit){.intents = intents,
                                 .intents_n = 2,
                                 .claimed = claimed,
                                 .arena = scratch,
                                 .look = look});
}

static ds_look look_of(int64_t looked_ms, int64_t now_ms)
{
    return (ds_look){
        .at_ms = looked_ms, .now_ms = now_ms, .settle_ms = SETTLE_MS, .lag_ms = LAG_MS};
}

/* Which route `l` waits for, should it make the row; `looked_ms` is before `now_ms`. */
static const char *maker_of(fixture *f, ds_ledger *l, const char *key, int64_t looked_ms,
                            int64_t now_ms)
{
    ds_claimed claimed[2];

    must(f, makes(f, l, key, look_of(looked_ms, now_ms), claimed));
    assert_null(claimed[1].by);
    assert_true(!claimed[0].by || claimed[0].route);
    return claimed[0].by ? claimed[0].by : "";
}

static void is_made(fixture *f, ds_ledger *l, const char *key, int64_t now_ms)
{
    must(f,
         commit_to(f, l,
                   (ds_commit){.cleared = &key, .cleared_n = 1, .look = look_of(now_ms, now_ms)}));
}

static void writes_to(fixture *f, ds_ledger *l, const char *identity)
{
    must(f, commit_to(f, l, (ds_commit){.identity = identity}));
}

/* By the server's clock, where there is one: what has passed there is not tried. */
static void of_two_routes_one_makes_a_row(void **state)
{
    fixture f = fixture_new();
    ds_ledger *a = pass_of(&f, "one", "u"), *b = pass_of(&f, "two", "u");
    ds_ledger *other = pass_of(&f, "other", "u");

    (void)state;
    assert_string_equal(maker_of(&f, a, "k", 100, 100), ""); /* nobody knows where it writes */
    writes_to(&f, a, "table");
    writes_to(&f, b, "table");
    writes_to(&f, other, "another table");
    assert_string_equal(maker_of(&f, a, "k", 100, 100), "");
    assert_string_equal(maker_of(&f, a, "k", 100, 100), ""); /* again: it is its own */
    assert_string_equal(maker_of(&f, other, "k", 100, 100), "");
    assert_string_equal(maker_of(&f, b, "k", 100, 100), "one");
    assert_string_equal(maker_of(&f, b, "l", 100, 100), "");
    is_made(&f, b, "k", 100); /* which tells of no row but its own */
    assert_string_equal(maker_of(&f, b, "k", 105, 110), "one");
    is_made(&f, a, "k", 100);
    assert_string_equal(maker_of(&f, b, "k", 105, 110), "one"); /* it may not show yet */
#ifndef STORE_ON_POSTGRESQL
    const int64_t shown = 100 + LAG_MS, later = shown + 100,
                  given_up = later + DS_HOUR_MS + SETTLE_MS + LAG_MS;

    assert_string_equal(maker_of(&f, b, "k", shown, later), "one");
    assert_string_equal(maker_of(&f, b, "k", shown + 1, later), "");
    assert_string_equal(maker_of(&f, a, "k", later, later), "two");
    assert_string_equal(maker_of(&f, a, "k", given_up, given_up), "two");
    assert_string_equal(maker_of(&f, a, "k", given_up + 1, given_up + 1), "");
    assert_string_equal(maker_of(&f, b, "k", given_up, given_up), "one"); /* it was not first */
#endif
    ds_ledger_close(a);
    ds_ledger_close(b);
    ds_ledger_close(other);
    fixture_end(&f);
}

/* By then it would not be known any more what was made meanwhile. */
static void after_an_old_look_nothing_is_made(void **state)
{
    fixture f = fixture_new();
    ds_ledger *a = pass_of(&f, "one", "u");
    const int64_t now_ms = 1000, old_ms = now_ms + DS_HOUR_MS;
    ds_claimed claimed[2];

    (void)state;
    writes_to(&f, a, "table");
    must(&f, makes(&f, a, "k", look_of(now_ms, old_ms - 2000), claimed));
    assert_false(makes(&f, a, "l", look_of(now_ms, old_ms + 1), claimed));
    assert_int_equal(f.err.kind, DS_ERR_TRANSIENT);
    assert_int_equal(begin_of(&f, a).intents_n, 2);
    ds_ledger_close(a);
    fixture_end(&f);
}

/* One was gone while the other took the key over, and both were lost: they would wait for each
 * other for good. */
static void of_two_that_announced_a_key_one_goes_on(void **state)
{
    fixture f = fixture_new();
    ds_ledger *a = pass_of(&f, "r", "a"), *b = pass_of(&f, "r", "b");
    const ds_intent looked = {.key = "k", .looked_ms = 70};

    (void)state;
    announced(&f, a, "k", 4);
    announced(&f, b, "k", 0); /* which may be leaving just now */
    assert_string_equal(claim_of(&f, a, "k", 100), "b");
    announced(&f, b, "k", 50);
    assert_string_equal(claim_of(&f, a, "k", 49), "b"); /* may still arrive */
    assert_string_equal(claim_of(&f, b, "k", 100), "a");
    assert_string_equal(claim_of(&f, a, "k", 50), "");
    must(&f, commit_to(&f, b, (ds_commit){.intents = &looked, .intents_n = 1}));
    assert_string_equal(claim_of(&f, a, "k", 69), "b"); /* may still show */
    assert_string_equal(claim_of(&f, a, "k", 70), "");
    announced(&f, b, "new", 50);
    assert_string_equal(claim_of(&f, a, "new", 100), "b");
    ds_ledger_close(a);
    ds_ledger_close(b);
    fixture_end(&f);
}

/* One that is gone holds nobody up, and does not hide who does. */
static void each_unit_that_announced_a_key_is_asked(void **state)
{
    fixture f = fixture_new();
    ds_ledger *units[] = {pass_of(&f, "r", "a"), pass_of(&f, "r", "gone"), pass_of(&f, "r", "c")};
    ds_ledger *last = pass_of(&f, "r", "d");

    (void)state;
    for (size_t i = 0; i < DS_COUNT(units); i++) {
        announced(&f, units[i], i == 2 ? "second" : "first", 1);
        announced(&f, units[i], i == 0 ? "third" : "second", 1);
    }
    must(&f, do_tx(&f, exec_in_tx,
                   (char *)(uintptr_t) "UPDATE machine SET state = '{\"gone\":true}'"
                                       " WHERE unit = 'gone'"));
    assert_string_equal(claim_of(&f, last, "first", 9), "a");
    assert_string_equal(claim_of(&f, last, "second", 9), "c");
    for (size_t i = 0; i < DS_COUNT(units); i++)
        ds_ledger_close(units[i]);
    ds_ledger_close(last);
    fixture_end(&f);
}

int main(void)
{
    add_test(whoever_announces_a_key_first_makes_its_row);
    add_test(of_two_that_announced_a_key_one_goes_on);
    add_test(each_unit_that_announced_a_key_is_asked);
    add_test(of_two_routes_one_makes_a_row);
    add_test(after_an_old_look_nothing_is_made);
    return run_tests("store claims");
}
