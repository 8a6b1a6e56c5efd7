/* tests/integration/test_pass_rules.c
 *
 * The rules that settle questions: held records, rows gone from the source, limits, interruptions.
 * Mostly on memory connectors, which can be told to fail.  test_pass_intents.c goes on with writes
 * whose answer was lost.
 */
#include "tests/integration/memory_world.h"

/* ---- held records ---------------------------------------------------------------------------- */

static void one_record_that_is_refused_does_not_block_the_others(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "");
    put("a", "one");
    put("b", "two");
    put("c", "three");
    ds_memory_fail("out", &(ds_memory_faults){.hold_key = "b", .hold_reason = "too blue"});
    assert_string_equal(world_totals(w), "3 2 0 0 0 1");
    assert_string_equal(world_held(w), "b: too blue");
    ds_memory_fail("out", &(ds_memory_faults){0});
    w->clock.now_ms += 61 * DS_SECOND_MS;
    assert_string_equal(world_totals(w), "3 1 0 2 0 0");
    assert_string_equal(world_held(w), "");
}

static void a_held_record_waits_longer_each_time(void **state)
{
    world *w = *state;
    int64_t waits_ms[] = {60, 120, 240, 480};

    start(w, FROM_MEMORY, TO("memory"), "");
    put("b", "two");
    ds_memory_fail("out", &(ds_memory_faults){.hold_key = "b", .hold_reason = "too blue"});
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    for (size_t i = 0; i < DS_COUNT(waits_ms); i++) {
        ds_memory_counted("out");
        w->clock.now_ms += waits_ms[i] * 1000 - 1;
        assert_string_equal(world_totals(w), "1 0 0 0 0 1");
        assert_int_equal(ds_memory_counted("out").writes, 0); /* not yet due */
        w->clock.now_ms += 1;
        assert_string_equal(world_totals(w), "1 0 0 0 0 1");
        assert_int_equal(ds_memory_counted("out").writes, 1);
    }
}

static void a_held_record_waits_a_day_at_most(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "");
    put("b", "two");
    ds_memory_fail("out", &(ds_memory_faults){.hold_key = "b", .hold_reason = "too blue"});
    for (int i = 0; i < 15; i++) {
        assert_string_equal(world_totals(w), "1 0 0 0 0 1");
        w->clock.now_ms += DS_DAY_MS;
    }
    assert_int_equal(ds_memory_counted("out").writes, 15);
}

static void a_changed_record_is_tried_at_once(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "");
    put("b", "two");
    ds_memory_fail("out", &(ds_memory_faults){.hold_key = "b", .hold_reason = "too blue"});
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    ds_memory_fail("out", &(ds_memory_faults){0});
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    put("b", "other");
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
}

static void a_held_record_that_left_the_source_is_forgotten(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "");
    put("a", "one");
    ds_memory_put("in", "all", "b", "{\"size\": \"many\"}");
    assert_string_equal(world_totals(w), "2 1 0 0 0 1");
    assert_string_equal(world_held(w), "b: Size: \"many\" is not a number");
    ds_memory_take("in", "all", "b");
    assert_string_equal(world_totals(w), "1 0 0 1 0 0");
    assert_string_equal(world_held(w), "");
}

/* More than are kept in mind: each record is looked up. */
static void very_many_held_records_are_handled_like_few(void **state)
{
    world *w = *state;
    DS_AUTO_BUF(bad, DS_MIB);
    DS_AUTO_BUF(good, DS_MIB);

    for (int i = 0; i < 2100; i++)
        ds_buf_printf(&bad, "{\"id\": \"k%04d\", \"size\": \"x\"}\n", i);
    for (int i = 100; i < 2100; i++)
        ds_buf_printf(&good, "{\"id\": \"k%04d\", \"size\": %s}\n", i, i < 1100 ? "\"x\"" : "1");
    start(w, FROM_FILE, TO("memory"), "");
    world_file(w, "in.jsonl", bad.data);
    assert_string_equal(world_totals(w), "2100 0 0 0 0 2100");
    assert_string_equal(world_totals(w), "2100 0 0 0 0 2100");
    world_file(w, "in.jsonl", good.data);
    assert_string_equal(world_totals(w), "2000 1000 0 0 0 1000");
    assert_int_equal(strncmp(world_held(w), "k0100: ", 7), 0); /* those that left are forgotten */
    w->clock.now_ms += DS_HOUR_MS;
    assert_string_equal(world_totals(w), "2000 0 0 1000 0 1000");
}

static void places_are_replaced_by_each_full_pass(void **state)
{
    world *w = *state;

    start(w, FROM_FILE, TO("memory"), "");
    world_file(w, "in.jsonl",
               "{\"id\": \"a\"}\nnonsense\n{\"name\": \"no key\"}\n{\"id\": \"\"}\n");
    assert_string_equal(world_totals(w), "4 1 0 0 0 3");
    assert_non_null(strstr(world_held(w), "line:2: "));
    assert_non_null(strstr(world_held(w), "line:3: the key is missing"));
    assert_non_null(strstr(world_held(w), "line:4: the key is empty"));
    world_file(w, "in.jsonl", "{\"id\": \"a\"}\n{\"id\": \"b\"}\n[1]\n");
    assert_string_equal(world_totals(w), "3 1 0 1 0 1");
    assert_true(strncmp(world_held(w), "line:3: ", 8) == 0);
    assert_null(strchr(world_held(w), '\n'));
}

static void held_with_a_key_and_without_one_live_side_by_side(void **state)
{
    world *w = *state;

    start(w, FROM_FILE, TO("memory"), "");
    world_file(w, "in.jsonl", "{\"id\": \"a\", \"size\": \"x\"}\n[]\n{\"id\": \"b\"}\n");
    assert_string_equal(world_totals(w), "3 1 0 0 0 2");
    assert_string_equal(world_totals(w), "3 0 0 1 0 2");
    assert_non_null(strstr(world_held(w), "a: Size: \"x\" is not a number\nline:2: "));
}

/* ---- rows gone from the source --------------------------------------------------------------- */

static void missing_rows_are_deleted_when_told_to(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "    missing: delete\n");
    put("a", "one");
    put("b", "two");
    ds_memory_put("out", "all", "hand", "{\"Name\": \"mine\"}");
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    ds_memory_take("in", "all", "b");
    assert_int_equal(world_pass(w).totals.missing, 1);
    assert_int_equal(ds_memory_count("out", "b"), 0);
    assert_int_equal(ds_memory_count("out", "hand"), 1);
    assert_int_equal(world_pass(w).totals.missing, 0);
    put("b", "again");
    assert_string_equal(world_totals(w), "2 1 0 1 0 0");
}

static void missing_rows_are_kept_when_not_told(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "");
    put("a", "one");
    put("b", "two");
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    ds_memory_take("in", "all", "b");
    assert_string_equal(world_totals(w), "1 0 0 1 0 0");
    assert_int_equal(ds_memory_count("out", "b"), 1);
}

static void a_mark_is_set_and_taken_back(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "    missing: {mark: Gone}\n");
    put("a", "one");
    put("b", "two");
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    ds_memory_take("in", "all", "b");
    assert_int_equal(world_pass(w).totals.missing, 1);
    assert_string_equal(ds_memory_text("out", "b", "Gone", w->arena), "true");
    assert_int_equal(world_pass(w).totals.missing, 0);
    put("b", "two");
    assert_string_equal(world_totals(w), "2 0 1 1 0 0");
    assert_string_equal(ds_memory_text("out", "b", "Gone", w->arena), "false");
    assert_string_equal(world_totals(w), "2 0 0 2 0 0");
}

static void missing_rows_are_archived(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory-b"), "    missing: archive\n");
    put("a", "one");
    put("b", "two");
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    ds_memory_take("in", "all", "b");
    assert_int_equal(world_pass(w).totals.missing, 1);
    assert_int_equal(ds_memory_archived("out"), 1);
    assert_int_equal(world_pass(w).totals.missing, 0);
}

static void only_rows_of_our_making_are_taken_for_gone(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "    missing: delete\n");
    put("a", "one");
    put("b", "two");
    ds_memory_put("out", "all", "b", "{\"Name\": \"before us\"}");
    assert_string_equal(world_totals(w), "2 1 1 0 0 0");
    ds_memory_take("in", "all", "b");
    assert_int_equal(world_pass(w).totals.missing, 0);
    assert_int_equal(ds_memory_count("out", "b"), 1);
}

static void an_empty_source_waits_for_approval(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "    missing: delete\n");
    put("a", "one");
    put("b", "two");
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    ds_memory_take("in", "all", "a");
    ds_memory_take("in", "all", "b");
    assert_string_equal(world_totals(w),
                        "approval: the source is empty: all 2 rows would be taken for gone");
    assert_int_equal(ds_memory_count("out", NULL), 2);
    w->approved = true;
    assert_int_equal(world_pass(w).totals.missing, 2);
    assert_int_equal(ds_memory_count("out", NULL), 0);
}

static void what_cannot_be_read_is_not_taken_for_gone(void **state)
{
    world *w = *state;

    start(w, FROM_FILE, TO("memory"), "    missing: delete\n");
    world_file(w, "in.jsonl", "{\"id\": \"a\"}\n{\"id\": \"b\"}\n");
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    world_file(w, "in.jsonl", "{\"id\": \"a\"}\n{\"id\": \"b\n");
    assert_string_equal(world_totals(w), "2 0 0 1 0 1");
    assert_int_equal(ds_memory_count("out", "b"), 1);
}

static void what_where_drops_is_not_taken_for_gone(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "    missing: delete\n    where: {name: one}\n");
    put("a", "one");
    put("b", "one");
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    put("b", "two");
    assert_string_equal(world_totals(w), "2 0 0 1 1 0");
    assert_int_equal(ds_memory_count("out", "b"), 1);
}

/* ---- limits ---------------------------------------------------------------------------------- */

static void put_many(int n, const char *name)
{
    char key[16];

    for (int i = 0; i < n; i++) {
        snprintf(key, sizeof(key), "k%03d", i);
        put(key, name);
    }
}

static void limits_stop_before_the_write_that_passes_them(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "    limits: {changes: 25%}\n");
    put_many(40, "one");
    assert_string_equal(world_totals(w), "40 40 0 0 0 0"); /* a first pass is exempt */
    put_many(11, "two");
    assert_string_equal(
        world_totals(w),
        "approval: more than 10 changes in one pass: `limits` allows no more of 40 rows");
    assert_string_equal(ds_memory_text("out", "k009", "Name", w->arena), "two"); /* stays */
    assert_string_equal(ds_memory_text("out", "k010", "Name", w->arena), "one");
    w->approved = true;
    assert_string_equal(world_totals(w), "40 0 1 39 0 0");
}

static void limits_count_missing_rows_before_any_is_touched(void **state)
{
    world *w = *state;
    char key[16];

    start(w, FROM_MEMORY, TO("memory"), "    limits: {changes: 25%}\n    missing: delete\n");
    put_many(40, "one");
    assert_string_equal(world_totals(w), "40 40 0 0 0 0");
    for (int i = 0; i < 11; i++) {
        snprintf(key, sizeof(key), "k%03d", i);
        ds_memory_take("in", "all", key);
    }
    assert_true(strncmp(world_totals(w), "approval: 11 rows are gone", 26) == 0);
    assert_int_equal(ds_memory_count("out", NULL), 40);
    put("k000", "one");
    assert_int_equal(world_pass(w).totals.missing, 10);
}

/* ---- interruptions --------------------------------------------------------------------------- */

static void a_stopped_pass_goes_on_where_it_was(void **state)
{
    world *w = *state;
    place s = {.w = w, .at = "write", .left = 5, .stop = true};
    ds_pass_result out;

    start(w, FROM_MEMORY, TO("memory"), "");
    put_many(100, "one");
    w->page_records = 10;
    w->group_records = 10;
    ds_memory_watch("out", die_there, &s);
    out = world_pass(w);
    assert_int_equal(out.outcome, DS_PASS_CANCELLED);
    assert_in_range(out.totals.created, 50, 60);
    ds_memory_watch("out", NULL, NULL);
    atomic_store(&w->stop, false);
    ds_memory_counted("out");
    w->resume = true;
    assert_string_equal(world_totals(w), "100 100 0 0 0 0"); /* with what came before */
    assert_in_range(ds_memory_counted("out").creates, 40, 50);
    assert_int_equal(ds_memory_count("out", NULL), 100);
}

static void a_slow_pass_keeps_its_checkpoint_up_to_date(void **state)
{
    world *w = *state;
    place s = {.w = w, .at = "write", .left = 39, .stop = true};
    ds_ledger_begin begin;
    ds_err err = DS_ERR_INIT;
    ds_ledger *l;

    start(w, FROM_MEMORY, TO("memory"), "    pace: 20/s\n");
    put_many(100, "one");
    ds_memory_watch("out", die_there, &s);
    ds_memory_fail("out", &(ds_memory_faults){.fail_flush = 38, .kind = DS_ERR_TRANSIENT});
    assert_int_equal(world_pass(w).outcome, DS_PASS_FAILED);
    l = ds_store_ledger(w->store, 1, 1, &err);
    assert_non_null(l);
    assert_true(l->ops->begin(l, w->arena, &begin, &err));
    assert_true(begin.resumed);
    assert_in_range(begin.checkpoint.totals.created, 40, 80); /* 2 a slice, 20 a second */
    ds_ledger_close(l);
}

static void other_settings_start_over(void **state)
{
    world *w = *state;
    place s = {.w = w, .at = "write", .left = 5, .stop = true};

    start(w, FROM_MEMORY, TO("memory"), "");
    put_many(100, "one");
    w->page_records = w->group_records = 10;
    ds_memory_watch("out", die_there, &s);
    assert_int_equal(world_pass(w).outcome, DS_PASS_CANCELLED);
    ds_memory_watch("out", NULL, NULL);
    atomic_store(&w->stop, false);
    world_config(w, "  things:\n" FROM_MEMORY TO("memory") "    fields: {Name: name}\n");
    w->resume = true;
    ds_memory_counted("in");
    assert_int_equal(world_pass(w).totals.total, 100);
    assert_in_range(ds_memory_counted("in").pages, 10, 11);
}

static void a_time_slice_hands_the_pass_back(void **state)
{
    world *w = *state;
    ds_pass_result out;

    start(w, FROM_MEMORY, TO("memory"), "    pace: 10/s\n");
    put_many(100, "one");
    w->page_records = 10;
    w->slice_ms = 3000;
    out = world_pass(w);
    assert_int_equal(out.outcome, DS_PASS_SLICED);
    assert_in_range(out.totals.created, 20, 50);
    w->resume = true;
    w->slice_ms = 0;
    assert_string_equal(world_totals(w), "100 100 0 0 0 0");
}

static void a_failing_destination_loses_nothing(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "");
    put_many(100, "one");
    w->page_records = 10;
    w->group_records = 30;
    ds_memory_fail("out", &(ds_memory_faults){.fail_write = 75, .kind = DS_ERR_TRANSIENT});
    assert_int_equal(world_pass(w).outcome, DS_PASS_FAILED);
    ds_memory_fail("out", &(ds_memory_faults){0});
    w->resume = true;
    assert_int_equal(world_pass(w).outcome, DS_PASS_DONE);
    assert_int_equal(ds_memory_count("out", NULL), 100);
    w->resume = false;
    assert_string_equal(world_totals(w), "100 0 0 100 0 0");
}

static const struct {
    ds_err_kind kind;
    const char *said;
} reactions[] = {
    {DS_ERR_AUTH, "paused"},      {DS_ERR_RATE_LIMITED, "waiting"}, {DS_ERR_TRANSIENT, "failed"},
    {DS_ERR_PERMANENT, "failed"}, {DS_ERR_CONFIG, "failed"},        {DS_ERR_CANCELLED, "cancelled"},
};

static void each_kind_of_error_has_its_reaction_on_both_sides(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "");
    for (size_t i = 0; i < DS_COUNT(reactions); i++) {
        put_many(3, ds_err_kind_name(reactions[i].kind));
        ds_memory_fail("in", &(ds_memory_faults){.fail_page = 1, .kind = reactions[i].kind});
        assert_string_equal(ds_pass_outcome_name(world_pass(w).outcome), reactions[i].said);
        ds_memory_fail("in", &(ds_memory_faults){0});
        ds_memory_fail("out", &(ds_memory_faults){.fail_write = 1, .kind = reactions[i].kind});
        assert_string_equal(ds_pass_outcome_name(world_pass(w).outcome), reactions[i].said);
        ds_memory_fail("out", &(ds_memory_faults){0});
        assert_int_equal(world_pass(w).outcome, DS_PASS_DONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(one_record_that_is_refused_does_not_block_the_others),
        CASE(a_held_record_waits_longer_each_time),
        CASE(a_held_record_waits_a_day_at_most),
        CASE(a_changed_record_is_tried_at_once),
        CASE(a_held_record_that_left_the_source_is_forgotten),
        CASE(very_many_held_records_are_handled_like_few),
        CASE(places_are_replaced_by_each_full_pass),
        CASE(held_with_a_key_and_without_one_live_side_by_side),
        CASE(missing_rows_are_deleted_when_told_to),
        CASE(missing_rows_are_kept_when_not_told),
        CASE(a_mark_is_set_and_taken_back),
        CASE(missing_rows_are_archived),
        CASE(only_rows_of_our_making_are_taken_for_gone),
        CASE(an_empty_source_waits_for_approval),
        CASE(what_cannot_be_read_is_not_taken_for_gone),
        CASE(what_where_drops_is_not_taken_for_gone),
        CASE(limits_stop_before_the_write_that_passes_them),
        CASE(limits_count_missing_rows_before_any_is_touched),
        CASE(a_stopped_pass_goes_on_where_it_was),
        CASE(a_slow_pass_keeps_its_checkpoint_up_to_date),
        CASE(other_settings_start_over),
        CASE(a_time_slice_hands_the_pass_back),
        CASE(a_failing_destination_loses_nothing),
        CASE(each_kind_of_error_has_its_reaction_on_both_sides),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
