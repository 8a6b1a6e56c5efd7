/* tests/integration/test_pass_odd.c
 *
 * Connectors that do less than ours, or answer oddly, within what the seams allow: a destination
 * that neither flushes nor finds, one that gives no reasons, a source that starts over.
 */
#include "tests/integration/script.h"

static ds_destination_ops odd; /* kind odd: as one of the memory ones, and then as a test has it */

static void destination_like(const ds_destination_ops *like)
{
    odd = *like;
    odd.kind = "odd";
    world_destination = &odd;
    world_source = &script_source;
}

/* A service: each write is for good when it is sent. */
static void remote_like(const ds_destination_ops *like)
{
    destination_like(like);
    odd.flush = odd.finish = NULL;
}

static int begin(void **state)
{
    destination_like(&ds_memory_destination);
    script.refuses = false;
    return set_up(state);
}

#undef CASE
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, tear_down)

static const char *name_of(world *w, const char *key)
{
    const char *name = ds_memory_text("out", key, "Name", w->arena);

    return name ? name : "(none)";
}

/* ---- a destination that writes for good when it is sent -------------------------------------- */

static void a_remote_destination_is_kept_like_the_others(void **state)
{
    world *w = *state;

    remote_like(&ds_memory_destination_b);
    odd.open = NULL;
    start(w, FROM_MEMORY, TO("odd"), "    missing: delete\n");
    put("a", "one");
    put("b", "two");
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    assert_string_equal(world_totals(w), "2 0 0 2 0 0");
    put("a", "ONE");
    ds_memory_take("in", "all", "b");
    assert_string_equal(world_totals(w), "1 0 1 0 0 0");
    assert_string_equal(name_of(w, "a"), "ONE");
    assert_int_equal(ds_memory_count("out", NULL), 1);
    assert_string_equal(world_totals(w), "1 0 0 1 0 0");
}

/* What was sent, and was there already, need not be sent by the next pass. */
static void a_write_that_changed_nothing_is_known_as_done(void **state)
{
    world *w = *state;

    remote_like(&ds_memory_destination);
    odd.open = NULL;
    start(w, FROM_MEMORY, TO("odd"), "    write: always\n");
    put("a", "one");
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    ds_memory_counted("out");
    assert_string_equal(world_totals(w), "1 0 0 1 0 0");
    assert_int_equal(ds_memory_counted("out").writes, 1);
    start(w, FROM_MEMORY, TO("odd"), "");
    assert_string_equal(world_totals(w), "1 0 0 1 0 0");
    assert_int_equal(ds_memory_counted("out").writes, 0);
}

/* Its rows are not what the links say from when the batch was announced. */
static void a_change_taken_back_after_a_failed_batch_is_written(void **state)
{
    world *w = *state;

    remote_like(&ds_memory_destination);
    start(w, FROM_MEMORY, TO("odd"), "");
    put("a", "one");
    put("b", "two");
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    put("a", "ONE");
    put("b", "TWO");
    ds_memory_fail("out", &(ds_memory_faults){.fail_write = 2, .kind = DS_ERR_TRANSIENT});
    assert_string_equal(world_totals(w), "failed: the write fails");
    ds_memory_fail("out", &(ds_memory_faults){0});
    assert_string_equal(name_of(w, "a"), "ONE");
    put("a", "one");
    put("b", "two");
    assert_int_equal(world_pass(w).outcome, DS_PASS_DONE);
    assert_string_equal(name_of(w, "a"), "one");
    assert_string_equal(name_of(w, "b"), "two");
}

/* Its row was removed by hand: a pass finds that out, and is killed when it has sent so many
 * batches more. */
static void lose_a_pass_that_finds_it_gone(world *w, int more)
{
    place p = {.w = w, .at = "write", .left = more};

    remote_like(&ds_memory_destination_b);
    odd.open = NULL;
    start(w, FROM_MEMORY, TO("odd"), "    verify: all\n");
    put("a", "one");
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    ds_memory_take("out", "all", "a");
    ds_memory_watch("out", die_there, &p);
    assert_int_equal(world_pass(w).outcome, DS_PASS_CANCELLED);
    ds_memory_watch("out", NULL, NULL);
}

/* It was made again; then nobody compares any more. */
static void a_row_made_again_by_a_lost_pass_is_looked_for(void **state)
{
    world *w = *state;

    lose_a_pass_that_finds_it_gone(w, 1);
    assert_int_equal(ds_memory_count("out", "a"), 1);
    start(w, FROM_MEMORY, TO("odd"), "");
    put("a", "two");
    w->clock.now_ms += DS_HOUR_MS;
    assert_string_equal(world_totals(w), "1 0 1 0 0 0");
    assert_int_equal(ds_memory_count("out", "a"), 1);
    assert_string_equal(name_of(w, "a"), "two");
}

/* A pass that has lost the store by then makes nothing. */
static void nothing_is_made_by_a_pass_that_is_lost_before(void **state)
{
    world *w = *state;

    lose_a_pass_that_finds_it_gone(w, 0);
    assert_int_equal(ds_memory_count("out", "a"), 0);
    w->clock.now_ms += DS_HOUR_MS;
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    assert_int_equal(ds_memory_count("out", "a"), 1);
}

/* So each page is committed when it is written. */
static void each_page_is_committed_at_once(void **state)
{
    world *w = *state;

    remote_like(&ds_memory_destination);
    odd.open = NULL;
    start(w, FROM_MEMORY, TO("odd"), "");
    put("a", "one");
    put("b", "two");
    put("c", "three");
    w->page_records = 1;
    ds_memory_fail("out", &(ds_memory_faults){.fail_write = 3, .kind = DS_ERR_TRANSIENT});
    assert_string_equal(world_totals(w), "failed: the write fails");
    ds_memory_fail("out", &(ds_memory_faults){0});
    ds_memory_counted("out");
    assert_string_equal(world_totals(w), "3 1 0 2 0 0");
    assert_int_equal(ds_memory_counted("out").writes, 1);
}

/* It opens and never says what state it has reached: nobody knows whether it was put back. */
static void one_that_names_no_state_is_compared_each_time(void **state)
{
    world *w = *state;

    remote_like(&ds_memory_destination);
    start(w, FROM_MEMORY, TO("odd"), "");
    put("a", "one");
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    ds_memory_put("out", "all", "a", "{\"Name\": \"old\", \"Size\": 1}");
    assert_string_equal(world_totals(w), "1 0 1 0 0 0");
    assert_string_equal(name_of(w, "a"), "one");
}

static void one_without_finish_is_flushed_at_the_end(void **state)
{
    world *w = *state;

    odd.finish = NULL;
    start(w, FROM_MEMORY, TO("odd"), "");
    put("a", "one");
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    assert_int_equal(ds_memory_counted("out").flushes, 1);
    assert_string_equal(world_totals(w), "1 0 0 1 0 0");
}

/* Rows that a look-up settles are not sent; the others of the batch are. */
static void only_what_the_look_up_leaves_is_sent(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory-b"), "");
    put("a", "one");
    put("b", "two");
    put("c", "three");
    ds_memory_put("out", "all", "a", "{\"Name\": \"one\", \"Size\": 1}");
    ds_memory_put("out", "all", "b", "{}"); /* it has none of the columns */
    assert_string_equal(world_totals(w), "3 1 1 1 0 0");
    assert_int_equal(ds_memory_counted("out").writes, 2);
    assert_string_equal(name_of(w, "b"), "two");
    assert_string_equal(name_of(w, "c"), "three");
    assert_string_equal(world_totals(w), "3 0 0 3 0 0");
}

static void write_always_sends_what_a_look_up_finds_equal(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory-b"), "    write: always\n");
    put("a", "one");
    ds_memory_put("out", "all", "a", "{\"Name\": \"one\", \"Size\": 1}");
    assert_string_equal(world_totals(w), "1 0 0 1 0 0");
    assert_int_equal(ds_memory_counted("out").writes, 1);
    assert_int_equal(ds_memory_count("out", "a"), 1);
}

/* ---- one that finds nothing ------------------------------------------------------------------ */

static void one_that_finds_nothing_makes_and_updates(void **state)
{
    world *w = *state;

    destination_like(&ds_memory_destination_c);
    odd.find = NULL;
    start(w, FROM_MEMORY, TO("odd"), "    missing: {mark: Gone}\n");
    put("a", "one");
    put("b", "two");
    assert_string_equal(world_plan(w), "2 2 0 0 0 0 missing 0");
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    put("a", "ONE");
    assert_string_equal(world_plan(w), "2 0 1 1 0 0 missing 0");
    assert_string_equal(world_totals(w), "2 0 1 1 0 0");
    ds_memory_take("in", "all", "b");
    assert_int_equal(world_pass(w).totals.missing, 1);
    assert_string_equal(ds_memory_text("out", "b", "Gone", w->arena), "true");
    ds_memory_take("in", "all", "a");
    ds_memory_take("out", "all", "a"); /* gone on both sides, as the update is told: none is made */
    w->approved = true;
    assert_int_equal(world_pass(w).totals.missing, 1);
    assert_int_equal(ds_memory_count("out", "a"), 0);
}

static void a_row_gone_on_both_sides_needs_no_write(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("odd"), "    missing: {mark: Gone}\n");
    put("a", "one");
    put("b", "two");
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    ds_memory_take("in", "all", "b");
    ds_memory_take("out", "all", "b");
    ds_memory_counted("out");
    assert_int_equal(world_pass(w).totals.missing, 1);
    assert_int_equal(ds_memory_counted("out").writes, 0);
    assert_int_equal(ds_memory_count("out", "b"), 0);
}

/* Rows of a lost create cannot be looked for: they are nobody's. */
static void its_lost_creates_are_left_alone(void **state)
{
    world *w = *state;

    odd.find = NULL;
    start(w, FROM_MEMORY, TO("odd"), "    missing: delete\n");
    put("a", "one");
    put("b", "two");
    die_after_flush(w, 0);
    ds_memory_take("in", "all", "b");
    assert_string_equal(world_totals(w), "1 0 0 1 0 0");
    assert_int_equal(ds_memory_count("out", "b"), 1);
}

static void limits_do_not_look_where_nothing_is_found(void **state)
{
    world *w = *state;

    odd.find = NULL;
    start(w, FROM_MEMORY, TO("odd"), "    limits: {changes: 25%}\n");
    put("a", "one");
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    put("a", "two");
    assert_int_equal(world_pass(w).outcome, DS_PASS_APPROVAL);
    assert_string_equal(name_of(w, "a"), "one");
}

/* ---- answers --------------------------------------------------------------------------------- */

static ds_outcome answer;

static bool answer_all(ds_destination *self, ds_activity *act, ds_write *writes, size_t n,
                       ds_err *err)
{
    (void)self, (void)act, (void)err;
    for (size_t i = 0; i < n; i++)
        writes[i].outcome = answer;
    return true;
}

static void a_refusal_without_a_reason_gets_one(void **state)
{
    world *w = *state;

    odd.write = answer_all;
    answer = DS_OUT_HELD;
    start(w, FROM_MEMORY, TO("odd"), "");
    put("a", "one");
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    assert_string_equal(world_held(w), "a: refused by the destination");
}

static void a_refused_update_keeps_its_link(void **state)
{
    world *w = *state;

    destination_like(&ds_memory_destination_b);
    start(w, FROM_MEMORY, TO("odd"), "");
    put("a", "one");
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    put("a", "two");
    odd.write = answer_all;
    answer = DS_OUT_HELD;
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    odd.write = ds_memory_destination_b.write;
    put("a", "one"); /* taken back: there is nothing to do, and nothing held */
    assert_string_equal(world_totals(w), "1 0 0 1 0 0");
    assert_string_equal(world_held(w), "");
}

/* More than fit where the first ones do. */
static void many_answers_may_be_lost_at_once(void **state)
{
    world *w = *state;

    destination_like(&ds_memory_destination_b);
    odd.write = answer_all;
    answer = DS_OUT_UNKNOWN;
    start(w, FROM_MEMORY, TO("odd"), "");
    for (int i = 0; i < 200; i++)
        put(ds_arena_printf(w->arena, "k%03d", i), "one");
    assert_string_equal(world_totals(w), "200 0 0 0 0 200");
    odd.write = ds_memory_destination_b.write;
    assert_string_equal(world_totals(w), "200 0 0 0 0 200"); /* not before they have settled */
    w->clock.now_ms += DS_HOUR_MS;
    assert_string_equal(world_totals(w), "200 200 0 0 0 0");
    assert_int_equal(ds_memory_count("out", NULL), 200);
}

/* It adopts a row that says the same by itself, for good, and remembers it. */
static void an_unknown_answer_of_one_that_upserts_is_just_sent_again(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("odd"), "");
    put("a", "one");
    odd.write = answer_all;
    answer = DS_OUT_UNKNOWN;
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    odd.write = ds_memory_destination.write;
    w->clock.now_ms += DS_SECOND_MS;
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
}

static bool refuse_to_open(ds_destination *self, ds_activity *act, const ds_open_in *in,
                           ds_open_out *out, ds_err *err)
{
    (void)self, (void)act, (void)in, (void)out;
    return ds_fail(err, DS_ERR_AUTH, "who are you?");
}

static void a_login_refused_at_the_door_pauses_on_both_sides(void **state)
{
    world *w = *state;

    SCRIPT({.records = {{.key = "a", .name = "one"}}});
    start(w, FROM_SCRIPT, TO("odd"), "");
    script.refuses = true;
    assert_string_equal(world_totals(w), "paused: source: the door is shut");
    assert_string_equal(world_plan(w), "error: source: the door is shut");
    script.refuses = false;
    odd.open = refuse_to_open;
    assert_string_equal(world_totals(w), "paused: destination: who are you?");
    odd.open = NULL;
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
}

static bool refuse_to_remove(ds_destination *self, ds_activity *act, const char *const *keys,
                             const char *const *ids, size_t n, ds_err *err)
{
    (void)self, (void)act, (void)keys, (void)ids, (void)n;
    return ds_fail(err, DS_ERR_PERMANENT, "they are dear to me");
}

static void rows_that_cannot_be_removed_fail_the_pass(void **state)
{
    world *w = *state;

    for (int flushes = 0; flushes < 2; flushes++) {
        ds_memory_drop_all();
        destination_like(&ds_memory_destination);
        if (!flushes)
            remote_like(&ds_memory_destination);
        world_config(w, ds_arena_printf(w->arena,
                                        "  r%d:\n" FROM_MEMORY TO("odd") FIELDS
                                        "    missing: delete\n",
                                        flushes));
        put("a", "one");
        put("b", "two");
        assert_string_equal(world_totals(w), "2 2 0 0 0 0");
        ds_memory_take("in", "all", "b");
        odd.remove = refuse_to_remove;
        assert_string_equal(world_totals(w),
                            "failed: rows gone from the source: they are dear to me");
        odd.remove = ds_memory_destination.remove;
        assert_int_equal(world_pass(w).totals.missing, 1);
        assert_int_equal(ds_memory_count("out", NULL), 1);
    }
}

/* ---- sources --------------------------------------------------------------------------------- */

/* What it has written of the first try counts as changed once, and is written once more where it
 * differs: in the same group, before any commit. */
static void a_source_that_starts_over_is_read_from_there(void **state)
{
    world *w = *state;

    SCRIPT({.records = {{.key = "a", .name = "one"}, {.key = "b", .name = "two"}}},
           {.records = {{.key = "c", .name = "three"}}});
    start(w, FROM_SCRIPT, TO("odd"), "    missing: delete\n");
    assert_string_equal(world_totals(w), "3 3 0 0 0 0");
    SCRIPT({.records = {{.key = "a", .name = "ONE"}, {.key = "b", .name = "TWO"}}},
           {.records = {{.key = "a", .name = "one"}, {.key = "b", .name = "2"}}, .restart = true},
           {.records = {{.key = "d", .name = "four"}}});
    assert_string_equal(world_plan(w), "3 1 1 1 0 0 missing 1\na.Name: one -> ONE\n"
                                       "b.Name: two -> TWO\nb.Name: two -> 2");
    assert_string_equal(world_totals(w), "3 1 2 0 0 0");
    assert_string_equal(name_of(w, "a"), "one");
    assert_string_equal(name_of(w, "b"), "2");
    assert_string_equal(name_of(w, "c"), "(none)");      /* gone, by the pages that count */
    assert_string_equal(world_totals(w), "3 0 2 1 0 0"); /* the script is the same again */
}

static void a_source_need_not_be_opened(void **state)
{
    world *w = *state;
    ds_source_ops ops = script_source;

    ops.open = NULL;
    world_source = &ops;
    script.refuses = true;
    SCRIPT({.records = {{.key = "a", .name = "one"}}});
    start(w, FROM_SCRIPT, TO("odd"), "");
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    world_config(w, "  things:\n" FROM_MEMORY TO("memory")); /* nothing points to `ops` any more */
}

/* Nothing that has come is kept in mind where nobody asks what is missing. */
static void starting_over_forgets_the_keys_that_came(void **state)
{
    world *w = *state;

    SCRIPT({.records = {{.key = "a", .name = "one"}}},
           {.records = {{.key = "a", .name = "two"}}, .restart = true});
    start(w, FROM_SCRIPT, TO("odd"), "");
    assert_string_equal(world_totals(w), "1 0 1 0 0 0");
    assert_string_equal(name_of(w, "a"), "two");
    SCRIPT({.records = {{.name = "no key"}}},
           {.records = {{.key = "a", .name = "three"}}, .restart = true});
    assert_string_equal(world_totals(w), "1 0 1 0 0 0");
    assert_string_equal(name_of(w, "a"), "three");
}

static void a_record_without_a_place_is_named_by_its_number(void **state)
{
    world *w = *state;

    SCRIPT({.records = {{.key = "a", .name = "one"}, {.name = "no key"}}});
    start(w, FROM_SCRIPT, TO("odd"), "");
    assert_string_equal(world_totals(w), "2 1 0 0 0 1");
    assert_string_equal(world_held(w), "record:2: the key is missing");
    assert_int_equal(atomic_load(&w->progress.total), 0); /* nobody said how many there are */
    assert_string_equal(world_totals(w), "2 0 0 1 0 1");
    assert_int_equal(atomic_load(&w->progress.total), -1); /* nor does the one row that is known */
    SCRIPT({.records = {{.key = "a", .name = "one"}}});
    assert_string_equal(world_totals(w), "1 0 0 1 0 0");
    assert_int_equal(atomic_load(&w->progress.total), 1);
}

static void bodies_are_compared_too(void **state)
{
    world *w = *state;

    destination_like(&ds_memory_destination_b);
    SCRIPT({.records = {{.key = "a", .name = "one", .body = "text"}, {.key = "b", .name = "two"}}});
    start(w, FROM_SCRIPT, TO("odd"), "    verify: all\n");
    ds_memory_put("out", "all", "a", "{\"Name\": \"one\", \"Size\": null}");
    assert_string_equal(world_totals(w), "2 1 1 0 0 0"); /* a's row has no body */
    assert_string_equal(world_totals(w), "2 0 0 2 0 0");
    SCRIPT(
        {.records = {{.key = "a", .name = "one", .body = "words"}, {.key = "b", .name = "two"}}});
    assert_string_equal(world_plan(w), "2 0 1 1 0 0 missing 0\na: 5 bytes, line 1: text -> words");
    assert_string_equal(world_totals(w), "2 0 1 1 0 0");
    odd.has_bodies = false; /* then they are none of our business */
    SCRIPT(
        {.records = {{.key = "a", .name = "one", .body = "other"}, {.key = "b", .name = "two"}}});
    assert_string_equal(world_totals(w), "2 0 0 2 0 0");
}

static void a_record_of_nothing_but_its_key_is_stamped(void **state)
{
    world *w = *state;

    world_config(w, "  things:\n    source: {kind: file, path: in.jsonl, key: id}\n"
                    "    destination: {kind: sqlite, path: out.db, table: things, key: id, "
                    "create_table: true}\n    stamp: At\n");
    world_file(w, "in.jsonl", "{\"id\": \"a\"}\n");
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    assert_string_equal(world_sql(w, "SELECT id, At FROM things"), "a|2026-01-01T00:00:00Z");
    assert_string_equal(world_totals(w), "1 0 0 1 0 0");
}

static void a_changes_pass_asks_for_what_changed(void **state)
{
    world *w = *state;

    start(w, "    source: {kind: memory-changes, store: in, key: id}\n", TO("odd"),
          "    missing: delete\n");
    ds_memory_put_at("in", "all", "a", "{\"name\": \"one\"}", 1000);
    ds_memory_put_at("in", "all", "b", "{\"name\": \"two\"}", 2000);
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    ds_memory_put_at("in", "all", "b", "{\"name\": \"TWO\"}", 3000);
    w->kind = DS_PASS_CHANGES;
    w->since_ms = 2500;
    assert_string_equal(world_totals(w), "1 0 1 0 0 0");
    assert_int_equal(ds_memory_count("out", NULL), 2); /* a is not missing: nobody asked for it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_write_that_changed_nothing_is_known_as_done),
        CASE(a_remote_destination_is_kept_like_the_others),
        CASE(a_change_taken_back_after_a_failed_batch_is_written),
        CASE(a_row_made_again_by_a_lost_pass_is_looked_for),
        CASE(nothing_is_made_by_a_pass_that_is_lost_before),
        CASE(each_page_is_committed_at_once),
        CASE(one_that_names_no_state_is_compared_each_time),
        CASE(a_row_gone_on_both_sides_needs_no_write),
        CASE(a_source_need_not_be_opened),
        CASE(one_without_finish_is_flushed_at_the_end),
        CASE(only_what_the_look_up_leaves_is_sent),
        CASE(write_always_sends_what_a_look_up_finds_equal),
        CASE(one_that_finds_nothing_makes_and_updates),
        CASE(its_lost_creates_are_left_alone),
        CASE(limits_do_not_look_where_nothing_is_found),
        CASE(a_refusal_without_a_reason_gets_one),
        CASE(a_refused_update_keeps_its_link),
        CASE(many_answers_may_be_lost_at_once),
        CASE(an_unknown_answer_of_one_that_upserts_is_just_sent_again),
        CASE(a_login_refused_at_the_door_pauses_on_both_sides),
        CASE(rows_that_cannot_be_removed_fail_the_pass),
        CASE(a_source_that_starts_over_is_read_from_there),
        CASE(starting_over_forgets_the_keys_that_came),
        CASE(a_record_without_a_place_is_named_by_its_number),
        CASE(bodies_are_compared_too),
        CASE(a_record_of_nothing_but_its_key_is_stamped),
        CASE(a_changes_pass_asks_for_what_changed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
