/* tests/integration/test_pass_marks.c
 *
 * Rows of records that are gone bear their mark, and no others do, whatever is lost on the way: the
 * commit behind a write, the answer to one, the destination itself.
 */
#include "tests/integration/memory_world.h"

static ds_destination_ops odd; /* kind odd: as a test has it */

static int leave(void **state)
{
    world_destination = NULL;
    return tear_down(state);
}

#undef CASE
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, leave)

#define MARK "    missing: {mark: Gone}\n"

static void take(const char *key)
{
    ds_memory_take("in", "all", key);
}

static const char *mark_of(world *w, const char *key)
{
    const char *mark = ds_memory_text("out", key, "Gone", w->arena);

    return mark ? mark : "(none)";
}

/* "b" has left and is marked. */
static void start_marked(world *w, const char *to, const char *more)
{
    start(w, FROM_MEMORY, to, more);
    put("a", "one");
    put("b", "two");
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    take("b");
    assert_int_equal(world_pass(w).totals.missing, 1);
    assert_string_equal(mark_of(w, "b"), "true");
}

static void is_marked_once_more(world *w, int missing)
{
    assert_int_equal(world_pass(w).totals.missing, missing);
    assert_string_equal(mark_of(w, "b"), "true");
    assert_int_equal(ds_memory_count("out", "b"), 1);
    (void)ds_memory_counted("out");
    assert_int_equal(world_pass(w).totals.missing, 0);
    assert_int_equal(ds_memory_counted("out").writes, 0);
}

/* ---- a pass that took it back is lost, and its record has left again by the next one --------- */

static void one_whose_writes_are_flushed(void **state)
{
    world *w = *state;

    start_marked(w, TO("memory"), MARK);
    put("b", "two");
    die_after_flush(w, 0);
    assert_string_equal(mark_of(w, "b"), "false");
    take("b");
    is_marked_once_more(w, 1);
}

/* Killed when a batch has left, behind so many others; the store knows that it was to. */
static void die_at_write(world *w, int others)
{
    place p = {.w = w, .at = "write", .left = others};

    ds_memory_watch("out", die_there, &p);
    assert_int_equal(world_pass(w).outcome, DS_PASS_CANCELLED);
    ds_memory_watch("out", NULL, NULL);
}

static void is_marked_where_writes_are_for_good(world *w, const ds_destination_ops *like)
{
    odd = *like;
    odd.kind = "odd";
    odd.flush = odd.finish = NULL;
    odd.open = NULL;
    world_destination = &odd;
    start_marked(w, TO("odd"), MARK);
    put("b", "two");
    die_at_write(w, 0);
    assert_string_equal(mark_of(w, "b"), "false");
    take("b");
    w->clock.now_ms += DS_HOUR_MS;
    is_marked_once_more(w, 1);
}

static void one_whose_writes_are_for_good(void **state)
{
    is_marked_where_writes_are_for_good(*state, &ds_memory_destination);
}

static void one_whose_writes_may_come_late(void **state)
{
    is_marked_where_writes_are_for_good(*state, &ds_memory_destination_b);
}

/* Nobody knows whether the write that takes the mark away has arrived. */
static void one_whose_answer_is_lost(void **state)
{
    world *w = *state;

    start_marked(w, TO("memory-b"), MARK);
    put("b", "two");
    ds_memory_fail("out", &(ds_memory_faults){.unknown_write = 1});
    assert_string_equal(world_totals(w), "2 0 0 1 0 1");
    assert_string_equal(mark_of(w, "b"), "false");
    ds_memory_fail("out", &(ds_memory_faults){0});
    take("b");
    w->clock.now_ms += DS_HOUR_MS;
    is_marked_once_more(w, 1);
}

static void one_of_another_unit(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), MARK);
    put_in("north", "b", "two");
    put_in("north", "a", "one");
    put_in("south", "c", "one");
    (void)pass_of(w, "north");
    (void)pass_of(w, "south");
    ds_memory_take("in", "north", "b");
    (void)pass_of(w, "north");
    assert_string_equal(mark_of(w, "b"), "true");
    put_in("south", "b", "two");
    w->unit = "south";
    die_after_flush(w, 0);
    assert_string_equal(mark_of(w, "b"), "false");
    ds_memory_take("in", "south", "b");
    is_marked_once_more(w, 1);
}

/* ---- the destination is made anew, or put back from an older copy ---------------------------- */

/* All that a destination can say of itself: what it was left as is not there any more. */
static bool open_another(ds_destination *self, ds_activity *act, const ds_open_in *in,
                         ds_open_out *out, ds_err *err)
{
    bool ok = ds_memory_destination.open(self, act, in, out, err);

    out->continues = false;
    return ok;
}

static void put_back(const char *b)
{
    odd.open = open_another;
    ds_memory_put("out", "all", "b", b);
}

static void start_odd(world *w, const char *more)
{
    odd = ds_memory_destination;
    odd.kind = "odd";
    world_destination = &odd;
    start_marked(w, TO("odd"), more);
}

static void an_older_copy_is_marked_again(void **state)
{
    world *w = *state;

    start_odd(w, MARK);
    start(w, FROM_MEMORY, TO("odd"), MARK "    limits: {changes: 10%}\n");
    put_back("{\"Name\": \"two\", \"Size\": 1}");
    assert_string_equal(world_plan(w), "1 0 0 1 0 0 missing 0");
    assert_int_equal(world_pass(w).totals.missing, 0); /* it was counted when it left */
    assert_string_equal(mark_of(w, "b"), "true");
    odd.open = ds_memory_destination.open;
    is_marked_once_more(w, 0);
    start(w, FROM_MEMORY, TO("odd"), MARK);
    put("b", "two");
    assert_string_equal(world_totals(w), "2 0 1 1 0 0");
    assert_string_equal(mark_of(w, "b"), "false");
}

static void with_others_that_leave(void **state)
{
    world *w = *state;

    start_odd(w, MARK);
    take("a");
    put("c", "three");
    put_back("{\"Name\": \"two\", \"Size\": 1}");
    assert_int_equal(world_pass(w).totals.missing, 1);
    assert_string_equal(mark_of(w, "a"), "true");
    assert_string_equal(mark_of(w, "b"), "true");
}

/* A row that was there before us bears no mark of ours, be it in an older copy or not. */
static void one_that_was_met_is_left_alone(void **state)
{
    world *w = *state;

    odd = ds_memory_destination;
    odd.kind = "odd";
    world_destination = &odd;
    ds_memory_put("out", "all", "c", "{\"Name\": \"three\", \"Size\": 1}");
    put("c", "three");
    start(w, FROM_MEMORY, TO("odd"), MARK);
    put("a", "one");
    put("b", "two");
    assert_string_equal(world_totals(w), "3 2 0 1 0 0");
    take("b");
    assert_int_equal(world_pass(w).totals.missing, 1);
    take("c");
    put_back("{\"Name\": \"two\", \"Size\": 1}");
    assert_int_equal(world_pass(w).totals.missing, 0);
    assert_string_equal(mark_of(w, "b"), "true");
    assert_string_equal(mark_of(w, "c"), "(none)");
}

static void nor_is_one_marked_whose_record_is_back_and_held(void **state)
{
    world *w = *state;

    start_odd(w, MARK);
    put_back("{\"Name\": \"two\", \"Size\": 1}");
    put("b", "two");
    ds_memory_fail("out", &(ds_memory_faults){.hold_key = "b"});
    assert_string_equal(world_totals(w), "2 0 0 1 0 1");
    assert_string_equal(mark_of(w, "b"), "(none)");
    ds_memory_fail("out", &(ds_memory_faults){0});
}

static void a_pass_that_is_lost_before_leaves_it_to_the_next(void **state)
{
    world *w = *state;

    start_odd(w, MARK);
    put_back("{\"Name\": \"two\", \"Size\": 1}");
    die_at_write(w, 0);
    odd.open = ds_memory_destination.open;
    is_marked_once_more(w, 0);
}

/* Whether the mark was set is not known: it leaves like any other. */
static void a_pass_that_is_lost_at_it_leaves_it_to_the_next(void **state)
{
    world *w = *state;

    start_odd(w, MARK);
    put_back("{\"Name\": \"two\", \"Size\": 1}");
    die_at_write(w, 1);
    odd.open = ds_memory_destination.open;
    ds_memory_put("out", "all", "b", "{\"Name\": \"two\", \"Size\": 1}");
    is_marked_once_more(w, 1);
}

static void what_is_not_there_is_not_made_to_be_marked(void **state)
{
    world *w = *state;

    start_odd(w, MARK);
    ds_memory_drop("out");
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    assert_int_equal(ds_memory_count("out", "b"), 0);
    put("b", "two");
    assert_string_equal(world_totals(w), "2 1 0 1 0 0");
    take("b");
    is_marked_once_more(w, 1);
}

/* Its record was back in a pass that was lost, and the row had been put back before. */
static void an_older_copy_and_a_lost_pass(void **state)
{
    world *w = *state;

    start_odd(w, MARK);
    put_back("{\"Name\": \"two\", \"Size\": 1, \"Gone\": true}");
    put("b", "two");
    die_after_flush(w, 0);
    assert_string_equal(mark_of(w, "b"), "false");
    odd.open = ds_memory_destination.open;
    take("b");
    is_marked_once_more(w, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(one_whose_writes_are_flushed),
        CASE(one_whose_writes_are_for_good),
        CASE(one_whose_writes_may_come_late),
        CASE(one_whose_answer_is_lost),
        CASE(one_of_another_unit),
        CASE(an_older_copy_is_marked_again),
        CASE(with_others_that_leave),
        CASE(one_that_was_met_is_left_alone),
        CASE(nor_is_one_marked_whose_record_is_back_and_held),
        CASE(a_pass_that_is_lost_before_leaves_it_to_the_next),
        CASE(a_pass_that_is_lost_at_it_leaves_it_to_the_next),
        CASE(what_is_not_there_is_not_made_to_be_marked),
        CASE(an_older_copy_and_a_lost_pass),
    };

    return cmocka_run_group_tests_name("marks", tests, NULL, NULL);
}
