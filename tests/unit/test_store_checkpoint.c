/* tests/unit/test_store_checkpoint.c
 *
 * What a commit keeps beside links: what is known of the destination, the checkpoint, links in
 * doubt; that a pass that was given up can write nothing; and ledgers that only look.
 */
#include "store_fixture.h"

/* ---- what is known of the destination; the checkpoint ---------------------------------------- */

static void what_is_not_said_stays_as_it_was(void **state)
{
    fixture f = fixture_new();
    ds_ledger *l = pass_of(&f, "r", "all");
    ds_ledger_begin begin;

    (void)state;
    must(&f,
         commit_to(
             &f, l,
             (ds_commit){.generation = "g", .identity = "i", .key_signature = "k", .encoder = 3}));
    must(&f, commit_to(&f, l, (ds_commit){.generation = "h"}));
    must(&f, commit_to(&f, l, (ds_commit){.identity = NULL}));
    begin = begin_of(&f, l);
    assert_string_equal(begin.generation, "h");
    assert_string_equal(begin.identity, "i");
    assert_string_equal(begin.key_signature, "k");
    assert_int_equal(begin.encoder, 3);
    assert_true(begin.first);
    must(&f, commit_to(&f, l, (ds_commit){.replace_held = true}));
    assert_false(begin_of(&f, l).first);
    must(&f, commit_to(&f, l, (ds_commit){.generation = "h"}));
    assert_false(begin_of(&f, l).first);
    ds_ledger_close(l);
    fixture_end(&f);
}

static const uint8_t seen_bits[] = {0xff, 0, 0x81};
static const ds_checkpoint mark = {
    .cursor = "page 7",
    .source_done = true,
    .totals = {.total = 21,
               .created = 1,
               .updated = 2,
               .unchanged = 3,
               .skipped = 4,
               .held = 11,
               .missing = 12},
    .changes = 13,
    .source_calls = 14,
    .destination_calls = 15,
    .seen = seen_bits,
    .seen_n = sizeof seen_bits,
};

static void links_in_doubt_are_void_unless_their_commit_comes(void **state)
{
    static const int64_t seqs[] = {1, 3, 77};
    fixture f = fixture_new();
    ds_ledger *l = pass_of(&f, "r", "all");
    ds_link_put puts[] = {LINK(1, "a", 1), LINK(2, "b", 2), LINK(3, "c", 3)};

    (void)state;
    must(&f, commit_to(&f, l, (ds_commit){PUTS(puts)}));
    must(&f, commit_to(&f, l, (ds_commit){.doubts = seqs, .doubts_n = 3}));
    must(&f, commit_to(&f, l, (ds_commit){.checkpoint = &mark})); /* it came */
    ds_ledger_close(l);
    l = ledger_of(&f, start_pass(&f, "r", "all", "fp", false));
    assert_true(match_one(&f, l, "a").link->valid);
    must(&f, commit_to(&f, l, (ds_commit){.doubts = seqs, .doubts_n = 3}));
    ds_ledger_close(l);
    l = ledger_of(&f, start_pass(&f, "r", "all", "fp", false));
    assert_false(match_one(&f, l, "a").link->valid);
    assert_true(match_one(&f, l, "b").link->valid);
    assert_false(match_one(&f, l, "c").link->valid);
    ds_ledger_close(l);
    fixture_end(&f);
}

static void assert_mark(const ds_checkpoint *p)
{
    assert_string_equal(p->cursor, "page 7");
    assert_true(p->source_done);
    assert_memory_equal(&p->totals, &mark.totals, sizeof p->totals);
    assert_int_equal(p->changes, 13);
    assert_int_equal(p->source_calls, 14);
    assert_int_equal(p->destination_calls, 15);
    assert_int_equal(p->seen_n, sizeof seen_bits);
    assert_memory_equal(p->seen, seen_bits, sizeof seen_bits);
}

static const struct resume_row {
    const char *name;
    const char *fingerprint;
    bool fresh;
    bool restart; /* the process, in between */
    bool resumed;
} resume_rows[] = {
    {"an interrupted pass goes on from its checkpoint", "fp", false, false, true},
    {"also in the next process", "fp", false, true, true},
    {"not when the route has changed", "other", false, false, false},
    {"not when a new pass is started", "fp", true, false, false},
};

static void resumes(void **state)
{
    const struct resume_row *row = *state;
    fixture f = fixture_new();
    ds_unit_row *unit = start_pass(&f, "r", "all", "fp", true);
    ds_ledger *l = ledger_of(&f, unit);
    int64_t epoch = unit->epoch;
    ds_ledger_begin begin;

    must(&f, commit_to(&f, l, (ds_commit){.checkpoint = &mark}));
    must(&f, commit_to(&f, l, (ds_commit){.generation = "the checkpoint is left"}));
    ds_ledger_close(l);
    assert_int_equal(unit_of(&f, "r", "all")->running_totals.total, 21);
    if (row->restart)
        fixture_reopen(&f);
    unit = start_pass(&f, "r", "all", row->fingerprint, row->fresh);
    assert_int_equal(unit->epoch, epoch + 1);
    assert_int_equal(unit->running_totals.total, row->resumed ? 21 : 0);
    l = ledger_of(&f, unit);
    begin = begin_of(&f, l);
    assert_int_equal(begin.resumed, row->resumed);
    if (row->resumed)
        assert_mark(&begin.checkpoint);
    else
        assert_null(begin.checkpoint.cursor);
    ds_ledger_close(l);
    end_pass(&f, unit);
    assert_int_equal(unit_of(&f, "r", "all")->running_totals.total, 0);
    fixture_end(&f);
}

static void a_pass_that_never_committed_does_not_resume(void **state)
{
    fixture f = fixture_new();
    ds_ledger *l;

    (void)state;
    start_pass(&f, "r", "all", "fp", true);
    l = ledger_of(&f, start_pass(&f, "r", "all", "fp", false));
    assert_false(begin_of(&f, l).resumed);
    ds_ledger_close(l);
    fixture_end(&f);
}

static void a_pass_that_was_given_up_can_write_nothing(void **state)
{
    fixture f = fixture_new();
    ds_unit_row *unit = start_pass(&f, "r", "all", "fp", true);
    ds_ledger *old = ledger_of(&f, unit), *now;
    ds_link_put puts[] = {LINK(1, "a", 1)};
    ds_ledger_begin begin;

    (void)state;
    now = ledger_of(&f, start_pass(&f, "r", "all", "fp", false));
    assert_false(commit_to(&f, old, (ds_commit){PUTS(puts)}));
    assert_int_equal(f.err.kind, DS_ERR_CANCELLED);
    assert_false(old->ops->begin(old, scratch, &begin, &f.err));
    assert_int_equal(f.err.kind, DS_ERR_CANCELLED);
    assert_null(match_one(&f, now, "a").link);
    must(&f, commit_to(&f, now, (ds_commit){PUTS(puts)}));
    end_pass(&f, unit);
    assert_false(commit_to(&f, now, (ds_commit){.generation = "late"}));
    assert_int_equal(f.err.kind, DS_ERR_CANCELLED);
    ds_ledger_close(old);
    ds_ledger_close(now);
    fixture_end(&f);
}

/* ---- looking only ---------------------------------------------------------------------------- */

static void a_readers_ledger_sees_and_writes_nothing(void **state)
{
    fixture f = fixture_new();
    ds_ledger *l = pass_of(&f, "r", "a"), *plan, *stranger;
    ds_link_put puts[] = {LINK(1, "k", 5)};
    ds_reader *r;

    (void)state;
    must(&f, commit_to(&f, l, (ds_commit){PUTS(puts), .checkpoint = &mark}));
    r = ds_reader_open_at(&f.at, &f.err);
    must(&f, r);
    plan = ds_reader_ledger(r, "r", "a", &f.err);
    must(&f, plan);
    assert_int_equal(begin_of(&f, plan).links, 1);
    assert_false(begin_of(&f, plan).resumed); /* a plan is of a whole pass */
    assert_int_equal(match_one(&f, plan, "k").link->hash.low, 5);
    assert_false(commit_to(&f, plan, (ds_commit){PUTS(puts)}));
    stranger = ds_reader_ledger(r, "r", "not yet", &f.err);
    must(&f, stranger);
    assert_true(begin_of(&f, stranger).first);
    assert_string_equal(match_one(&f, stranger, "k").claimed_by, "a");
    ds_ledger_close(stranger);
    stranger = ds_reader_ledger(r, "no such route", "a", &f.err);
    assert_null(match_one(&f, stranger, "k").claimed_by);
    ds_ledger_close(stranger);
    ds_ledger_close(plan);
    ds_reader_close(r);
    ds_ledger_close(l);
    fixture_end(&f);
}

static void without_a_file_a_ledger_is_empty(void **state)
{
    tmpdir *dir = tmpdir_new();
    fixture f = {.dir = dir, .err = DS_ERR_INIT};
    ds_reader *r = ds_reader_open(tmpdir_file(dir, "none.db"), &f.err);
    ds_ledger *l = r ? ds_reader_ledger(r, "r", "all", &f.err) : NULL;
    const ds_link *links;
    const ds_held *held;
    size_t n;

    (void)state;
    must(&f, l);
    assert_int_equal(begin_of(&f, l).next_seq, 1);
    assert_int_equal(walk_all(&f, l, &links), 0);
    assert_null(match_one(&f, l, "k").link);
    must(&f, l->ops->held(l, NULL, 5, scratch, &held, &n, &f.err));
    assert_int_equal(n, 0);
    ds_ledger_close(l);
    ds_reader_close(r);
    tmpdir_free(dir);
}

int main(void)
{
    add_test(what_is_not_said_stays_as_it_was);
    add_table(resume_rows, resumes);
    add_test(links_in_doubt_are_void_unless_their_commit_comes);
    add_test(a_pass_that_never_committed_does_not_resume);
    add_test(a_pass_that_was_given_up_can_write_nothing);
    add_test(a_readers_ledger_sees_and_writes_nothing);
    add_test(without_a_file_a_ledger_is_empty);
    return run_tests("store checkpoint");
}
