/* tests/unit/test_store_gone.c
 *
 * The links of a unit that its source no longer has: it keeps them, until another unit of the route
 * brings the key, or a person has what it left swept.
 */
#include "store_fixture.h"

static bool save_in_tx(ds_tx *tx, void *arg, ds_err *err)
{
    return ds_tx_unit_save(tx, arg, 0, err);
}

/* A unit with two keys, in this state; and the pass of another one. */
static ds_ledger *beside(fixture *f, ds_unit state)
{
    ds_unit_row *row = start_pass(f, "r", "a.jsonl", "fp", true);
    ds_ledger *a = ledger_of(f, row);
    ds_link_put puts[] = {LINK(1, "k", 1), LINK(2, "m", 2)};

    puts[0].link.id = "row-7";
    puts[0].link.flags = DS_LINK_CREATED;
    must(f, commit_to(f, a, (ds_commit){PUTS(puts)}));
    ds_ledger_close(a);
    state.key = row->state.key;
    row->state = state;
    must(f, do_tx(f, save_in_tx, row));
    return pass_of(f, "r", "b.jsonl");
}

static int64_t links_of(fixture *f, const char *unit)
{
    ds_ledger *l = ledger_of(f, start_pass(f, "r", unit, "fp", true));
    int64_t links = begin_of(f, l).links;

    ds_ledger_close(l);
    return links;
}

static void its_keys_go_to_the_unit_that_brings_them(void **state)
{
    fixture f = fixture_new();
    ds_ledger *b = beside(&f, (ds_unit){.gone = true});
    ds_link_match match = match_one(&f, b, "k");
    ds_link_put puts[] = {LINK(1, "k", 5)};

    (void)state;
    assert_null(match.link);
    assert_null(match.claimed_by);
    assert_string_equal(match.left->id, "row-7");
    assert_int_equal(match.left->flags, DS_LINK_CREATED);
    must(&f, commit_to(&f, b, (ds_commit){PUTS(puts)}));
    assert_false(puts[0].conflict);
    assert_int_equal(match_one(&f, b, "k").link->hash.low, 5);
    assert_null(match_one(&f, b, "k").left);
    assert_int_equal(begin_of(&f, b).links, 1);
    assert_int_equal(links_of(&f, "a.jsonl"), 1); /* what nobody else brings stays its own */
    ds_ledger_close(b);
    fixture_end(&f);
}

static const struct keeps_row {
    const char *name;
    ds_unit unit;
} keeps_rows[] = {
    {"a unit that is there keeps its keys", {.gone = false}},
    {"so does one that is to be swept", {.gone = true, .sweep = true}},
    {"and one that is being swept", {.gone = true, .running = true, .run_sweep = true}},
};

static void keeps(void **state)
{
    const struct keeps_row *row = *state;
    fixture f = fixture_new();
    ds_ledger *b = beside(&f, row->unit);
    ds_link_put puts[] = {LINK(1, "k", 5)};

    assert_string_equal(match_one(&f, b, "k").claimed_by, "a.jsonl");
    assert_null(match_one(&f, b, "k").left);
    must(&f, commit_to(&f, b, (ds_commit){PUTS(puts)}));
    assert_true(puts[0].conflict);
    assert_int_equal(begin_of(&f, b).links, 0);
    assert_int_equal(links_of(&f, "a.jsonl"), 2);
    ds_ledger_close(b);
    fixture_end(&f);
}

static void once_swept_it_may_lose_what_is_left(void **state)
{
    fixture f = fixture_new();
    ds_ledger *b = beside(&f, (ds_unit){.gone = true, .run_sweep = true});

    (void)state;
    assert_non_null(match_one(&f, b, "m").left);
    ds_ledger_close(b);
    fixture_end(&f);
}

static void one_that_reads_on_may_lose_them_too(void **state)
{
    fixture f = fixture_new();
    ds_ledger *b = beside(&f, (ds_unit){.gone = true, .running = true});

    (void)state;
    assert_non_null(match_one(&f, b, "m").left);
    ds_ledger_close(b);
    fixture_end(&f);
}

static void a_state_that_cannot_be_read(void **state)
{
    fixture f = fixture_new();
    ds_ledger *b = beside(&f, (ds_unit){.gone = true});
    const char *key = "m";
    ds_link_match match;

    (void)state;
    must(&f, do_tx(&f, exec_in_tx, (char[]){"UPDATE machine SET state = '{'"}));
    assert_false(b->ops->match(b, &key, 1, scratch, &match, &f.err));
    assert_says(&f, DS_ERR_CONFIG, "state of a unit: line 1");
    ds_ledger_close(b);
    fixture_end(&f);
}

int main(void)
{
    add_test(its_keys_go_to_the_unit_that_brings_them);
    add_table(keeps_rows, keeps);
    add_test(once_swept_it_may_lose_what_is_left);
    add_test(one_that_reads_on_may_lose_them_too);
    add_test(a_state_that_cannot_be_read);
    return run_tests("store: units that are gone");
}
