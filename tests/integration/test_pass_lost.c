/* tests/integration/test_pass_lost.c
 *
 * What a pass that was lost has left behind at the destination, and what becomes of it when the
 * record is gone, or back, by the time the next one comes: rows it made, marks it set.
 */
#include "tests/integration/memory_world.h"

static void take(const char *key)
{
    ds_memory_take("in", "all", key);
}

/* Rows a, b, c are made, and the process dies before any link is committed. */
static void die_with_three_rows(world *w, const char *to, const char *extra)
{
    start(w, FROM_MEMORY, to, ds_arena_printf(w->arena, "    missing: delete\n%s", extra));
    put("a", "one");
    put("b", "two");
    put("c", "three");
    die_after_flush(w, 0);
    assert_int_equal(ds_memory_count("out", NULL), 3);
}

/* ---- rows whose record is gone --------------------------------------------------------------- */

static void a_row_made_by_a_lost_pass_leaves_with_its_record(void **state)
{
    world *w = *state;
    ds_pass_result out;

    die_with_three_rows(w, TO("memory"), "");
    take("b");
    put("d", "four");
    out = world_pass(w);
    assert_int_equal(out.totals.missing, 1);
    assert_int_equal(out.totals.created, 1);
    assert_int_equal(out.totals.unchanged, 2);
    assert_int_equal(ds_memory_count("out", "b"), 0);
    assert_int_equal(ds_memory_count("out", NULL), 3);
    assert_string_equal(world_totals(w), "3 0 0 3 0 0");
}

static void one_that_a_hand_has_removed_is_no_row_of_ours(void **state)
{
    world *w = *state;

    die_with_three_rows(w, TO("memory"), "");
    take("b");
    ds_memory_take("out", "all", "b");
    assert_int_equal(world_pass(w).totals.missing, 0);
    ds_memory_put("out", "all", "b", "{\"Name\": \"by hand\"}"); /* its intent is forgotten */
    assert_int_equal(world_pass(w).totals.missing, 0);
    assert_int_equal(ds_memory_count("out", "b"), 1);
}

static void very_many_are_looked_up_in_turn(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "    missing: delete\n");
    for (int i = 0; i < 250; i++)
        put(ds_arena_printf(w->arena, "k%03d", i), "one");
    die_after_flush(w, 0);
    for (int i = 0; i < 240; i++)
        take(ds_arena_printf(w->arena, "k%03d", i));
    w->approved = true;
    assert_int_equal(world_pass(w).totals.missing, 240);
    assert_int_equal(ds_memory_count("out", NULL), 10);
}

static void one_that_cannot_be_looked_up_fails_the_pass(void **state)
{
    world *w = *state;

    die_with_three_rows(w, TO("memory"), "");
    take("b");
    ds_memory_fail("out", &(ds_memory_faults){.fail_find = 1, .kind = DS_ERR_TRANSIENT});
    assert_string_equal(world_totals(w), "failed: rows of an interrupted pass: look up 1 keys at "
                                         "the destination: the look-up fails");
    assert_int_equal(world_pass(w).totals.missing, 1);
    assert_int_equal(ds_memory_count("out", "b"), 0);
}

static void one_that_may_not_show_yet_is_left_for_a_later_pass(void **state)
{
    world *w = *state;

    die_with_three_rows(w, TO("memory-b"), "");
    take("b");
    assert_int_equal(world_pass(w).totals.missing, 0);
    assert_int_equal(ds_memory_count("out", "b"), 1);
    w->clock.now_ms += DS_HOUR_MS;
    assert_int_equal(world_pass(w).totals.missing, 1);
    assert_int_equal(ds_memory_count("out", "b"), 0);
}

static void nothing_is_taken_for_gone_while_a_record_cannot_be_read(void **state)
{
    world *w = *state;

    die_with_three_rows(w, TO("memory"), "");
    take("b");
    ds_memory_put_held("in", "all", "row:9", "torn");
    assert_int_equal(world_pass(w).totals.missing, 0);
    assert_int_equal(ds_memory_count("out", "b"), 1);
}

/* Its page was before the interruption: it has come. */
static void what_cannot_be_read_is_remembered_over_an_interruption(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "    missing: delete\n");
    ds_memory_put_held("in", "all", "row:0", "fine by now");
    put("a", "one");
    put("b", "two");
    put("c", "three");
    assert_string_equal(world_totals(w), "4 3 0 0 0 1");
    take("a");
    put("b", "TWO");
    put("c", "THREE");
    w->page_records = w->group_records = 1;
    stop_at_write(w, 1);
    w->resume = true;
    assert_int_equal(world_pass(w).totals.missing, 0);
    assert_int_equal(ds_memory_count("out", "a"), 1);
}

/* The find that was to tell what has become of the lost create fails, and with it the batch; a held
 * record of the same page is saved all the same.  That must not save that nothing was lost. */
static void a_look_up_that_fails_settles_no_lost_create(void **state)
{
    world *w = *state;

    die_with_three_rows(w, TO("memory-b"), "");
    ds_memory_put("in", "all", "d", "{\"size\": \"many\"}");
    w->clock.now_ms += DS_HOUR_MS;
    ds_memory_fail("out", &(ds_memory_faults){.fail_find = 1, .kind = DS_ERR_TRANSIENT});
    assert_int_equal(world_pass(w).outcome, DS_PASS_FAILED);
    assert_string_equal(world_held(w), "d: Size: \"many\" is not a number");
    ds_memory_fail("out", &(ds_memory_faults){0});
    take("b");
    w->clock.now_ms += DS_HOUR_MS;
    assert_int_equal(world_pass(w).totals.missing, 1); /* still known to be of our making */
    assert_int_equal(ds_memory_count("out", "b"), 0);
}

/* ---- creates that nobody can look up --------------------------------------------------------- */

static bool retry_held(ds_job *job, ds_tx *tx, ds_err *err)
{
    bool found;

    (void)job;
    return ds_tx_held_retry(tx, "things", "a", &found, err) && found;
}

static void a_person_may_say_that_it_never_arrived(void **state)
{
    world *w = *state;
    ds_job retry = {.run = retry_held};
    ds_err err = DS_ERR_INIT;

    start(w, FROM_MEMORY, TO("memory-c"), "");
    put("a", "one");
    ds_memory_fail("out", &(ds_memory_faults){.unknown_write = 1, .unknown_lost = true});
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    assert_int_equal(ds_memory_count("out", NULL), 0);
    assert_true(ds_store_do(w->store, DS_LANE_EVENT, &retry, &err));
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    assert_int_equal(ds_memory_count("out", "a"), 1);
}

/* ---- rows and marks whose record is back ----------------------------------------------------- */

/* By the look-up the row is what its record says; but for the mark. */
static void a_mark_set_by_a_lost_pass_is_taken_back_by_look_up_too(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory-b"), "    missing: {mark: Gone}\n");
    put("a", "one");
    put("b", "two");
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    take("b");
    die_after_flush(w, 0);
    assert_string_equal(ds_memory_text("out", "b", "Gone", w->arena), "true");
    put("b", "two");
    assert_string_equal(world_totals(w), "2 0 0 1 0 1"); /* it might still be on its way */
    w->clock.now_ms += ds_memory_destination_b.settle_ms;
    assert_string_equal(world_totals(w), "2 0 1 1 0 0");
    assert_string_equal(ds_memory_text("out", "b", "Gone", w->arena), "false");
    assert_string_equal(world_totals(w), "2 0 0 2 0 0");
}

static void a_row_about_to_be_removed_that_stayed_is_kept(void **state)
{
    world *w = *state;
    place p = {.w = w, .at = "flush"};

    start(w, FROM_MEMORY, TO("memory-b"), "    missing: delete\n");
    put("a", "one");
    put("b", "two");
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    take("b");
    ds_memory_watch("out", die_there, &p);
    assert_int_equal(world_pass(w).outcome, DS_PASS_CANCELLED);
    ds_memory_watch("out", NULL, NULL);
    ds_memory_put("out", "all", "b", "{\"Name\": \"two\", \"Size\": 1}"); /* as if never removed */
    put("b", "two");
    w->clock.now_ms += ds_memory_destination_b.settle_ms;
    assert_string_equal(world_totals(w), "2 0 0 2 0 0");
    assert_int_equal(ds_memory_count("out", "b"), 1);
    take("b"); /* it is ours as before */
    assert_int_equal(world_pass(w).totals.missing, 1);
    assert_int_equal(ds_memory_count("out", "b"), 0);
}

static void a_mark_that_a_hand_took_back_is_set_again(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "    missing: {mark: Gone}\n");
    put("a", "one");
    put("b", "two");
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    take("b");
    assert_int_equal(world_pass(w).totals.missing, 1);
    ds_memory_put("out", "all", "b", "{\"Name\": \"two\", \"Size\": 1, \"Gone\": false}");
    put("b", "two");
    assert_string_equal(world_totals(w), "2 0 0 2 0 0");
    take("b"); /* its link is one of a row that is there: it can leave once more */
    assert_int_equal(world_pass(w).totals.missing, 1);
    assert_string_equal(ds_memory_text("out", "b", "Gone", w->arena), "true");
}

/* The row was found gone and is made again, the process dies; then nobody compares any more. */
static void a_row_made_again_by_a_lost_pass_is_looked_for(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory-b"), "    verify: all\n");
    put("a", "one");
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    ds_memory_take("out", "all", "a");
    die_after_flush(w, 0);
    assert_int_equal(ds_memory_count("out", "a"), 1);
    start(w, FROM_MEMORY, TO("memory-b"), "");
    put("a", "two");
    w->clock.now_ms += DS_HOUR_MS;
    assert_string_equal(world_totals(w), "1 0 1 0 0 0");
    assert_int_equal(ds_memory_count("out", "a"), 1);
    assert_string_equal(ds_memory_text("out", "a", "Name", w->arena), "two");
}

/* ---- a destination that is another one ------------------------------------------------------- */

static void an_empty_table_made_anew_is_nothing_to_warn_of(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "    missing: delete\n");
    put("a", "one");
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    take("a");
    w->approved = true;
    assert_int_equal(world_pass(w).totals.missing, 1);
    ds_memory_drop("out");
    ds_log_setup(DS_LOG_WARN, false, w->log_fd);
    put("a", "one");
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    assert_string_equal(world_read(w, "log"), "");
    ds_memory_drop("out");
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    assert_non_null(strstr(world_read(w, "log"), "the destination is not as it was left"));
}

/* What the checkpoint counted was written to the table before. */
static void a_pass_goes_on_only_where_it_was_writing(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "");
    put("a", "one");
    put("b", "two");
    put("c", "three");
    w->page_records = w->group_records = 1;
    stop_at_write(w, 2);
    ds_memory_drop("out");
    w->resume = true;
    assert_string_equal(world_totals(w), "3 3 0 0 0 0");
    assert_int_equal(ds_memory_count("out", NULL), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_row_made_by_a_lost_pass_leaves_with_its_record),
        CASE(one_that_a_hand_has_removed_is_no_row_of_ours),
        CASE(very_many_are_looked_up_in_turn),
        CASE(one_that_cannot_be_looked_up_fails_the_pass),
        CASE(one_that_may_not_show_yet_is_left_for_a_later_pass),
        CASE(nothing_is_taken_for_gone_while_a_record_cannot_be_read),
        CASE(what_cannot_be_read_is_remembered_over_an_interruption),
        CASE(a_look_up_that_fails_settles_no_lost_create),
        CASE(a_person_may_say_that_it_never_arrived),
        CASE(a_mark_set_by_a_lost_pass_is_taken_back_by_look_up_too),
        CASE(a_row_about_to_be_removed_that_stayed_is_kept),
        CASE(a_mark_that_a_hand_took_back_is_set_again),
        CASE(a_row_made_again_by_a_lost_pass_is_looked_for),
        CASE(an_empty_table_made_anew_is_nothing_to_warn_of),
        CASE(a_pass_goes_on_only_where_it_was_writing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
