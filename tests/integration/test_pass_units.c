/* tests/integration/test_pass_units.c - units of one route that bring the same keys. */
#include "tests/integration/memory_world.h"

static void a_claimed_key_that_where_drops_is_no_conflict(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "    where: {name: one}\n    missing: delete\n");
    put_in("north", "a", "one");
    put_in("south", "a", "two");
    assert_string_equal(pass_of(w, "north"), "1 1 0 0 0 0");
    assert_string_equal(pass_of(w, "south"), "1 0 0 0 1 0");
    put_in("south", "a", "one");
    assert_string_equal(pass_of(w, "south"), "1 0 0 0 0 1");
    assert_string_equal(world_held(w), "a: claimed by north");
    ds_memory_take("in", "south", "a");
    assert_string_equal(pass_of(w, "south"), "0 0 0 0 0 0");
    assert_int_equal(ds_memory_count("out", "a"), 1); /* it was never this unit's row */
}

typedef struct other_pass {
    world *w;
    const char *said;
} other_pass;

/* A whole pass of the other unit, between the look-up and the write of this one. */
static void be_first(void *to, const char *what)
{
    other_pass *other = to;

    if (strcmp(what, "write") != 0 || other->said)
        return;
    other->said = "begun";
    other->said = pass_of(other->w, "south");
}

static void of_two_passes_at_once_the_first_to_commit_has_the_key(void **state)
{
    world *w = *state;
    other_pass other = {.w = w};

    start(w, FROM_MEMORY, TO("memory"), "");
    put_in("north", "a", "one");
    put_in("north", "b", "one");
    put_in("north", "c", "one");
    put_in("south", "a", "two");
    put_in("south", "b", "two");
    ds_log_setup(DS_LOG_WARN, false, w->log_fd);
    ds_memory_watch("out", be_first, &other);
    assert_string_equal(pass_of(w, "north"), "3 1 2 0 0 0");
    ds_memory_watch("out", NULL, NULL);
    assert_string_equal(other.said, "2 2 0 0 0 0");
    assert_non_null(strstr(world_read(w, "log"),
                           "another unit claimed 2 of the same keys at the same time (a is one of "
                           "them)"));
    assert_string_equal(pass_of(w, "north"), "3 0 0 1 0 2");
    assert_string_equal(world_held(w), "a: claimed by south\nb: claimed by south");
    assert_string_equal(pass_of(w, "south"), "2 0 2 0 0 0"); /* over what north has written */
    assert_string_equal(ds_memory_text("out", "a", "Name", w->arena), "two");
    assert_int_equal(ds_memory_count("out", NULL), 3);
}

/* ---- and where each write makes a row -------------------------------------------------------- */

static void what_one_is_about_to_make_another_leaves(void **state)
{
    world *w = *state;
    other_pass other = {.w = w};

    start(w, FROM_MEMORY, TO("memory-b"), "");
    put_in("north", "a", "one");
    put_in("north", "b", "one");
    put_in("north", "c", "one");
    put_in("south", "a", "two");
    put_in("south", "b", "two");
    put_in("south", "d", "two");
    ds_memory_watch("out", be_first, &other);
    assert_string_equal(pass_of(w, "north"), "3 3 0 0 0 0");
    ds_memory_watch("out", NULL, NULL);
    assert_string_equal(other.said, "3 1 0 0 0 2");
    assert_int_equal(ds_memory_count("out", NULL), 4);
    assert_int_equal(ds_memory_count("out", "a"), 1);
    assert_string_equal(world_held(w), "a: claimed by north\nb: claimed by north");
    assert_string_equal(pass_of(w, "south"), "3 0 0 1 0 2");
    assert_string_equal(pass_of(w, "north"), "3 0 0 3 0 0");
}

static void be_first_to_look(void *to, const char *what)
{
    be_first(to, strcmp(what, "find") == 0 ? "write" : "");
}

static void and_what_it_has_made_meanwhile(void **state)
{
    world *w = *state;
    other_pass other = {.w = w};

    start(w, FROM_MEMORY, TO("memory-b"), "");
    ds_memory_fail("out", &(ds_memory_faults){.lag_ms = 3000}); /* no look-up would show it */
    put_in("north", "a", "one");
    put_in("north", "c", "one");
    put_in("south", "a", "two");
    ds_memory_watch("out", be_first_to_look, &other);
    assert_string_equal(pass_of(w, "north"), "2 1 0 0 0 1");
    ds_memory_watch("out", NULL, NULL);
    assert_string_equal(other.said, "1 1 0 0 0 0");
    assert_int_equal(ds_memory_count("out", "a"), 1);
    assert_string_equal(world_held(w), "a: claimed by south");
}

/* A destination where each write is for good when it is sent: a row that was met by its key is
 * linked before it is written, and slices are announced with the links of the one before. */
static void nor_does_it_take_what_it_finds_of_another(void **state)
{
    static ds_destination_ops service;
    world *w = *state;
    other_pass other = {.w = w};

    service = ds_memory_destination_b;
    service.flush = service.finish = NULL;
    service.open = NULL;
    start(w, FROM_MEMORY, TO("memory-b"), "");
    ((ds_route *)(uintptr_t)w->config->routes[0])->destination = &service;
    ds_memory_put("out", "all", "same", "{\"Name\": \"one\", \"Size\": 1}");
    ds_memory_put("out", "all", "met", "{\"Name\": \"zero\", \"Size\": 1}");
    put_in("north", "met", "one");
    put_in("north", "a", "one");
    put_in("north", "same", "one");
    put_in("north", "b", "one");
    put_in("north", "c", "one");
    put_in("south", "met", "two");
    put_in("south", "b", "two");
    w->intent_records = 2;
    ds_memory_watch("out", be_first, &other);
    assert_string_equal(pass_of(w, "north"), "5 2 1 1 0 1");
    ds_memory_watch("out", NULL, NULL);
    assert_string_equal(other.said, "2 1 0 0 0 1");
    assert_string_equal(ds_memory_text("out", "met", "Name", w->arena), "one");
    assert_string_equal(ds_memory_text("out", "b", "Name", w->arena), "two");
    assert_int_equal(ds_memory_count("out", NULL), 5);
    assert_string_equal(pass_of(w, "south"), "2 0 0 1 0 1");
    assert_string_equal(pass_of(w, "north"), "5 0 0 4 0 1");
}

static void a_record_that_moves_to_another_unit_takes_its_row_along(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "");
    put_in("north", "a", "one");
    put_in("north", "b", "one");
    put_in("south", "c", "one");
    assert_string_equal(pass_of(w, "north"), "2 2 0 0 0 0");
    assert_string_equal(pass_of(w, "south"), "1 1 0 0 0 0");
    ds_memory_take("in", "north", "a");
    put_in("south", "a", "two");
    assert_string_equal(pass_of(w, "south"), "2 0 0 1 0 1"); /* as far as anybody knows */
    assert_string_equal(world_held(w), "a: claimed by north");
    assert_string_equal(pass_of(w, "north"), "1 0 0 1 0 0");
    assert_string_equal(pass_of(w, "south"), "2 0 1 1 0 0");
    assert_string_equal(world_held(w), "");
    assert_string_equal(ds_memory_text("out", "a", "Name", w->arena), "two");
    assert_int_equal(ds_memory_count("out", NULL), 3);
    put_in("north", "a", "three"); /* and from here on the other way round */
    assert_string_equal(pass_of(w, "north"), "2 0 0 1 0 1");
    w->unit = "north";
    assert_string_equal(world_held(w), "a: claimed by south");
}

static void one_that_comes_back_is_its_units_again(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "");
    put_in("north", "a", "one");
    put_in("north", "b", "one");
    put_in("south", "c", "one");
    (void)pass_of(w, "north");
    (void)pass_of(w, "south");
    ds_memory_take("in", "north", "a");
    assert_string_equal(pass_of(w, "north"), "1 0 0 1 0 0");
    put_in("north", "a", "one");
    assert_string_equal(pass_of(w, "north"), "2 0 0 2 0 0");
    put_in("south", "a", "two");
    assert_string_equal(pass_of(w, "south"), "2 0 0 1 0 1");
    assert_string_equal(ds_memory_text("out", "a", "Name", w->arena), "one");
}

/* Noting it is a commit of its own: what stops there is done by the pass behind it. */
static void a_move_is_noted_whatever_commit_fails(void **state)
{
    bool failed = true;
    int nth = 0;

    for (; failed; nth++) {
        world *w;

        ds_memory_drop_all();
        world_free(*state);
        *state = w = world_new();
        start(w, FROM_MEMORY, TO("memory"), "");
        put_in("north", "a", "one");
        put_in("north", "b", "one");
        put_in("south", "c", "one");
        (void)pass_of(w, "north");
        (void)pass_of(w, "south");
        ds_memory_take("in", "north", "a");
        put_in("south", "a", "two");
        w->refuse_commit = nth + 1;
        failed = strcmp(pass_of(w, "north"), "1 0 0 1 0 0") != 0;
        assert_true(!failed || world_pass(w).outcome == DS_PASS_DONE);
        assert_string_equal(pass_of(w, "south"), "2 0 1 1 0 0");
        assert_string_equal(ds_memory_text("out", "a", "Name", w->arena), "two");
    }
    assert_true(nth > 2);
}

static void a_plan_of_one_unit_notes_nothing_for_the_others(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "");
    put_in("north", "a", "one");
    put_in("south", "c", "one");
    (void)pass_of(w, "north");
    (void)pass_of(w, "south");
    ds_memory_take("in", "north", "a");
    put_in("south", "a", "two");
    w->unit = "north";
    assert_string_equal(world_plan(w), "0 0 0 0 0 0 missing 0");
    assert_string_equal(pass_of(w, "south"), "2 0 0 1 0 1"); /* as far as anybody knows */
}

static void a_sweep_reads_nothing_and_takes_all_for_gone(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "    missing: delete\n");
    put_in("north", "a", "one");
    put_in("north", "b", "one");
    put_in("south", "c", "one");
    assert_string_equal(pass_of(w, "north"), "2 2 0 0 0 0");
    assert_string_equal(pass_of(w, "south"), "1 1 0 0 0 0");
    north_is_gone(w);
    ds_memory_counted("in");
    w->unit = "north";
    w->sweep = w->approved = true;
    assert_int_equal(world_pass(w).totals.missing, 2);
    assert_int_equal(ds_memory_counted("in").opens, 0);
    assert_int_equal(ds_memory_count("out", NULL), 1);
    assert_int_equal(ds_memory_count("out", "c"), 1);
}

/* With all that is known of it: that it is of our making, and marked. */
static void a_row_of_a_unit_that_is_gone_goes_to_the_one_that_brings_it(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory-b"), "    missing: {mark: Gone}\n");
    put_in("north", "a", "one");
    put_in("north", "b", "one");
    put_in("south", "c", "one");
    assert_string_equal(pass_of(w, "north"), "2 2 0 0 0 0");
    assert_string_equal(pass_of(w, "south"), "1 1 0 0 0 0");
    ds_memory_take("in", "north", "a");
    assert_string_equal(pass_of(w, "north"), "1 0 0 1 0 0");
    assert_string_equal(ds_memory_text("out", "a", "Gone", w->arena), "true");
    north_is_gone(w);
    put_in("south", "a", "one");
    assert_string_equal(pass_of(w, "south"), "2 0 1 1 0 0");
    assert_string_equal(ds_memory_text("out", "a", "Gone", w->arena), "false");
    assert_int_equal(ds_memory_count("out", "a"), 1);
    ds_memory_take("in", "south", "a");
    assert_int_equal(world_pass(w).totals.missing, 1);
    assert_string_equal(ds_memory_text("out", "a", "Gone", w->arena), "true");
}

/* Its answer is lost, at a destination where each write is for good when it is sent. */
static void such_a_row_stays_ours_when_its_answer_is_lost(void **state)
{
    static ds_destination_ops service;
    world *w = *state;

    service = ds_memory_destination_b;
    service.flush = service.finish = NULL;
    service.open = NULL; /* which knows nothing of generations */
    start(w, FROM_MEMORY, TO("memory-b"), "    missing: delete\n");
    ((ds_route *)(uintptr_t)w->config->routes[0])->destination = &service;
    put_in("north", "a", "one");
    put_in("south", "c", "one");
    assert_string_equal(pass_of(w, "north"), "1 1 0 0 0 0");
    assert_string_equal(pass_of(w, "south"), "1 1 0 0 0 0");
    north_is_gone(w);
    put_in("south", "a", "two");
    ds_memory_fail("out", &(ds_memory_faults){.unknown_write = 1});
    assert_string_equal(pass_of(w, "south"), "2 0 0 1 0 1");
    ds_memory_fail("out", &(ds_memory_faults){0});
    w->clock.now_ms += DS_HOUR_MS;
    assert_string_equal(pass_of(w, "south"), "2 0 0 2 0 0");
    ds_memory_take("in", "south", "a");
    assert_int_equal(world_pass(w).totals.missing, 1);
    assert_int_equal(ds_memory_count("out", "a"), 0);
}

static bool mark_back(ds_job *job, ds_tx *tx, ds_err *err)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    ds_unit_row *north;

    (void)job;
    if (!ds_tx_unit_get(tx, "things", "north", a, &north, err))
        return false;
    north->state.gone = false;
    return ds_tx_unit_save(tx, north, 0, err);
}

/* The one took over what the other had announced and not heard of, and did not hear of it either:
 * nobody waits for the other for good. */
static void nor_do_both_wait_for_each_other(void **state)
{
    static ds_destination_ops service;
    ds_job back = {.run = mark_back};
    ds_err err = DS_ERR_INIT;
    world *w = *state;

    service = ds_memory_destination_b;
    service.flush = service.finish = NULL;
    service.open = NULL;
    start(w, FROM_MEMORY, TO("memory-b"), "");
    ((ds_route *)(uintptr_t)w->config->routes[0])->destination = &service;
    ds_memory_fail("out", &(ds_memory_faults){.unknown_write = 1, .unknown_lost = true});
    put_in("north", "a", "one");
    assert_string_equal(pass_of(w, "north"), "1 0 0 0 0 1");
    north_is_gone(w);
    put_in("south", "a", "one");
    ds_memory_fail("out", &(ds_memory_faults){.unknown_write = 1, .unknown_lost = true});
    assert_string_equal(pass_of(w, "south"), "1 0 0 0 0 1");
    ds_memory_fail("out", &(ds_memory_faults){0});
    assert_true(ds_store_do(w->store, DS_LANE_EVENT, &back, &err));
    put_in("north", "a", "one");
    assert_string_equal(pass_of(w, "north"), "1 0 0 0 0 1");
    w->clock.now_ms += DS_HOUR_MS;
    assert_string_equal(pass_of(w, "south"), "1 0 0 0 0 1");
    assert_string_equal(pass_of(w, "north"), "1 1 0 0 0 0");
    assert_string_equal(pass_of(w, "south"), "1 0 0 0 0 1");
    assert_int_equal(ds_memory_count("out", "a"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_claimed_key_that_where_drops_is_no_conflict),
        CASE(a_record_that_moves_to_another_unit_takes_its_row_along),
        CASE(one_that_comes_back_is_its_units_again),
        CASE(a_move_is_noted_whatever_commit_fails),
        CASE(a_plan_of_one_unit_notes_nothing_for_the_others),
        CASE(of_two_passes_at_once_the_first_to_commit_has_the_key),
        CASE(what_one_is_about_to_make_another_leaves),
        CASE(and_what_it_has_made_meanwhile),
        CASE(nor_does_it_take_what_it_finds_of_another),
        CASE(a_sweep_reads_nothing_and_takes_all_for_gone),
        CASE(a_row_of_a_unit_that_is_gone_goes_to_the_one_that_brings_it),
        CASE(such_a_row_stays_ours_when_its_answer_is_lost),
        CASE(nor_do_both_wait_for_each_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
