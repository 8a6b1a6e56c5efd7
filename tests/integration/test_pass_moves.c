/* tests/integration/test_pass_moves.c - records that move from unit to unit, while passes of both
 * are under way.
 */
#include "engine/common/host.h"
#include "tests/integration/memory_world.h"

/* What is known of a row that was lost with its table stays void, though its record is away. */
static void a_void_link_stays_void_until_its_record_is_back(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "");
    put_in("north", "a", "one");
    put_in("north", "b", "one");
    put_in("south", "c", "one");
    assert_string_equal(pass_of(w, "north"), "2 2 0 0 0 0");
    assert_string_equal(pass_of(w, "south"), "1 1 0 0 0 0");
    ds_memory_take("in", "north", "a");
    ds_memory_drop("out");
    (void)pass_of(w, "north");
    assert_int_equal(ds_memory_count("out", "b"), 1);
    put_in("north", "a", "one");
    (void)pass_of(w, "north");
    assert_int_equal(ds_memory_count("out", "a"), 1);
    assert_string_equal(pass_of(w, "north"), "2 0 0 2 0 0");
}

static void pass_of_the_other(world *w)
{
    assert_string_equal(pass_of(w, "south"), "2 0 1 1 0 0");
    w->unit = "north";
}

/* The other unit's pass takes the row over after this one has read that its record is gone. */
static void what_another_unit_brings_meanwhile_is_not_removed(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "");
    put_in("north", "a", "one");
    put_in("north", "b", "one");
    put_in("south", "c", "one");
    (void)pass_of(w, "north");
    (void)pass_of(w, "south");
    ds_memory_take("in", "north", "a");
    (void)pass_of(w, "north");
    start(w, FROM_MEMORY, TO("memory"), "    missing: delete\n");
    put_in("south", "a", "two");
    w->approved = true;
    w->stop_at_commit = 2; /* that rows are about to leave */
    w->at_commit = pass_of_the_other;
    w->unit = "north";
    assert_int_equal(world_pass(w).totals.missing, 0);
    assert_int_equal(w->stop_at_commit, 0);
    assert_string_equal(ds_memory_text("out", "a", "Name", w->arena), "two");
    assert_string_equal(pass_of(w, "south"), "2 0 0 2 0 0");
    ds_memory_take("in", "south", "a");
    assert_int_equal(world_pass(w).totals.missing, 1); /* it is of our making still */
    assert_int_equal(ds_memory_count("out", "a"), 0);
}

/* As with rows of its own: the id that is known says more than a look-up that shows rows late. */
static void a_row_that_is_taken_over_is_asked_for_by_its_id(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory-b"), "");
    put_in("north", "a", "one");
    put_in("north", "b", "one");
    put_in("south", "c", "one");
    (void)pass_of(w, "north");
    (void)pass_of(w, "south");
    ds_memory_take("in", "north", "a");
    (void)pass_of(w, "north");
    put_in("south", "a", "two");
    ds_memory_fail("out", &(ds_memory_faults){.lag_ms = DS_HOUR_MS});
    assert_string_equal(pass_of(w, "south"), "2 0 1 1 0 0");
    assert_int_equal(ds_memory_count("out", "a"), 1);
    assert_string_equal(ds_memory_text("out", "a", "Name", w->arena), "two");
}

typedef struct other_pass {
    world *w;
    const char *said; /* NULL: there was none yet */
} other_pass;

static void try_to_take_it(void *to, const char *what)
{
    other_pass *other = to;

    if (strcmp(what, "remove") != 0 || other->said)
        return;
    other->said = pass_of(other->w, "south");
    other->w->unit = "north";
}

/* Else the removal would come behind the write, and nobody would know that the row is lost. */
static void nobody_takes_over_what_is_about_to_be_removed(void **state)
{
    world *w = *state;
    other_pass other = {.w = w};

    start(w, FROM_MEMORY, TO("memory"), "");
    put_in("north", "a", "one");
    put_in("north", "b", "one");
    put_in("south", "c", "one");
    (void)pass_of(w, "north");
    (void)pass_of(w, "south");
    ds_memory_take("in", "north", "a");
    (void)pass_of(w, "north");
    start(w, FROM_MEMORY, TO("memory"), "    missing: delete\n");
    put_in("south", "a", "two");
    w->approved = true;
    ds_memory_watch("out", try_to_take_it, &other);
    w->unit = "north";
    assert_int_equal(world_pass(w).totals.missing, 1);
    ds_memory_watch("out", NULL, NULL);
    assert_string_equal(other.said, "2 0 0 1 0 1");
    assert_string_equal(pass_of(w, "south"), "2 1 0 1 0 0");
    assert_string_equal(ds_memory_text("out", "a", "Name", w->arena), "two");
}

/* Where units live elsewhere, and the store hears of a sweep by its passes alone. */
static void nobody_takes_over_what_a_host_sweeps(void **state)
{
    world *w = *state;
    other_pass other = {.w = w};
    ds_err err = DS_ERR_INIT;
    ds_event ended;

    start(w, FROM_MEMORY, TO("memory"), "    missing: delete\n");
    put_in("north", "a", "one");
    put_in("south", "c", "one");
    (void)pass_of(w, "north");
    (void)pass_of(w, "south");
    north_is_gone(w);
    put_in("south", "a", "two");

    const ds_engine_options options = {.routes = (const ds_route *const *)w->config->routes,
                                       .routes_n = w->config->routes_n,
                                       .clock = &w->clock.base};
    const ds_host_task task = {.route = "things",
                               .unit = "north",
                               .kind = DS_PASS_FULL,
                               .since_ms = -1,
                               .approved = true,
                               .sweep = true,
                               .fresh = true};
    ds_host_pass pass = {.lease_us = INT64_MAX};
    ds_store_host_of host;

    assert_true(ds_host_open(&host, w->store, &options, &err));
    ds_memory_watch("out", try_to_take_it, &other);
    assert_int_equal(host.host.run_pass(&host.host, &task, &pass, w->arena, &ended, &err),
                     DS_HOST_ENDED);
    ds_memory_watch("out", NULL, NULL);
    ds_host_close(&host);
    assert_int_equal(ended.totals.missing, 1);
    assert_string_equal(other.said, "2 0 0 1 0 1");
    assert_string_equal(pass_of(w, "south"), "2 1 0 1 0 0");
    assert_string_equal(ds_memory_text("out", "a", "Name", w->arena), "two");
}

/* The unit that took it over died between its row and its link; and the record went back. */
static void a_row_that_was_taken_over_by_a_lost_pass_is_compared(void **state)
{
    static const char *const kinds[] = {"memory", "memory-b"};
    world *w = *state;

    for (size_t i = 0; i < DS_COUNT(kinds); i++) {
        ds_memory_drop_all();
        start(w, FROM_MEMORY, i ? TO("memory-b") : TO("memory"), "");
        put_in("north", "a", "one");
        put_in("north", "b", "one");
        put_in("north", "d", "one");
        put_in("south", "c", "one");
        (void)pass_of(w, "north");
        (void)pass_of(w, "south");
        ds_memory_take("in", "north", "a");
        ds_memory_take("in", "north", "d");
        (void)pass_of(w, "north");
        put_in("south", "a", "two");
        put_in("south", "d", "one"); /* there is nothing to write */
        w->unit = "south";
        die_after_flush(w, 0);
        assert_string_equal(ds_memory_text("out", "a", "Name", w->arena), "two");
        ds_memory_take("in", "south", "a");
        put_in("north", "a", "one");
        (void)pass_of(w, "north");
        w->clock.now_ms += DS_HOUR_MS;
        (void)pass_of(w, "south");
        (void)pass_of(w, "north");
        assert_string_equal(ds_memory_text("out", "a", "Name", w->arena), "one");
        assert_int_equal(ds_memory_count("out", "a"), 1);
    }
}

/* ... before its row was written: that still bears the mark of those that are gone. */
static void a_mark_of_a_row_that_was_to_be_taken_over_is_known(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "    missing: {mark: Gone}\n");
    put_in("north", "a", "one");
    put_in("north", "b", "one");
    put_in("south", "c", "one");
    (void)pass_of(w, "north");
    (void)pass_of(w, "south");
    ds_memory_take("in", "north", "a");
    (void)pass_of(w, "north");
    put_in("south", "a", "one");
    ds_memory_fail("out", &(ds_memory_faults){.fail_flush = 1, .kind = DS_ERR_TRANSIENT});
    assert_string_equal(pass_of(w, "south"), "failed: the flush fails");
    ds_memory_fail("out", &(ds_memory_faults){0});
    ds_memory_put("out", "all", "a", "{\"Name\": \"one\", \"Size\": null, \"Gone\": true}");
    assert_string_equal(pass_of(w, "south"), "2 0 1 1 0 0");
    assert_string_equal(ds_memory_text("out", "a", "Gone", w->arena), "false");
    ds_memory_take("in", "south", "a");
    assert_int_equal(world_pass(w).totals.missing, 1); /* and it is of our making */
}

static bool open_service(ds_destination *self, ds_activity *act, const ds_open_in *in,
                         ds_open_out *out, ds_err *err)
{
    bool ok = ds_memory_destination_b.open(self, act, in, out, err);

    out->continues = true;
    return ok;
}

/* The same where what is sent is for good: its answer is lost. */
static void an_answer_that_was_lost_leaves_no_old_word_of_the_row(void **state)
{
    static ds_destination_ops service;
    world *w = *state;

    service = ds_memory_destination_b;
    service.kind = "service";
    service.open = open_service;
    service.flush = service.finish = NULL;
    world_destination = &service;
    start(w, FROM_MEMORY, TO("service"), "");
    put_in("north", "a", "one");
    put_in("north", "b", "one");
    put_in("north", "d", "one");
    put_in("south", "c", "one");
    (void)pass_of(w, "north");
    (void)pass_of(w, "south");
    ds_memory_take("in", "north", "a");
    ds_memory_take("in", "north", "d");
    (void)pass_of(w, "north");
    put_in("south", "a", "two");
    put_in("south", "d", "one"); /* there is nothing to write */
    w->unit = "south";
    w->stop_at_commit = 2; /* of the row that was written */
    w->at_commit = world_steal;
    assert_int_equal(world_pass(w).outcome, DS_PASS_CANCELLED);
    assert_string_equal(ds_memory_text("out", "a", "Name", w->arena), "two");
    ds_memory_take("in", "south", "a");
    put_in("north", "a", "one");
    for (int i = 0; i < 4; i++) {
        w->clock.now_ms += DS_HOUR_MS;
        (void)pass_of(w, i % 2 ? "south" : "north");
    }
    assert_string_equal(pass_of(w, "north"), "2 0 0 2 0 0");
    assert_string_equal(ds_memory_text("out", "a", "Name", w->arena), "one");
    assert_int_equal(ds_memory_count("out", "a"), 1);
    world_destination = NULL;
}

/* What it has announced keeps the others from the key no longer than until a whole pass of its unit
 * has seen what became of it. */
static void a_record_that_a_lost_pass_was_about_to_write_goes_to_another_unit(void **state)
{
    static ds_destination_ops service;
    world *w = *state;

    service = ds_memory_destination_b;
    service.kind = "service";
    service.open = open_service;
    service.flush = service.finish = NULL;
    world_destination = &service;
    start(w, FROM_MEMORY, TO("service"), "");
    put_in("north", "b", "one");
    put_in("south", "c", "one");
    (void)pass_of(w, "north");
    (void)pass_of(w, "south");
    put_in("south", "a", "two");
    w->unit = "south";
    w->stop_at_commit = 2; /* of the row that was made */
    w->at_commit = world_steal;
    assert_int_equal(world_pass(w).outcome, DS_PASS_CANCELLED);
    ds_memory_take("in", "south", "a");
    put_in("north", "a", "one");
    assert_string_equal(pass_of(w, "north"), "2 0 0 1 0 1");
    assert_string_equal(world_held(w), "a: claimed by south");
    w->clock.now_ms += DS_HOUR_MS;
    ds_memory_fail("out", &(ds_memory_faults){.fail_find = 1, .kind = DS_ERR_TRANSIENT});
    assert_non_null(strstr(pass_of(w, "south"), "the look-up fails"));
    (void)pass_of(w, "south");
    assert_string_equal(pass_of(w, "north"), "2 0 1 1 0 0");
    assert_string_equal(ds_memory_text("out", "a", "Name", w->arena), "one");
    assert_int_equal(ds_memory_count("out", "a"), 1);
    world_destination = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_void_link_stays_void_until_its_record_is_back),
        CASE(what_another_unit_brings_meanwhile_is_not_removed),
        CASE(a_row_that_is_taken_over_is_asked_for_by_its_id),
        CASE(nobody_takes_over_what_is_about_to_be_removed),
        CASE(nobody_takes_over_what_a_host_sweeps),
        CASE(a_row_that_was_taken_over_by_a_lost_pass_is_compared),
        CASE(a_mark_of_a_row_that_was_to_be_taken_over_is_known),
        CASE(an_answer_that_was_lost_leaves_no_old_word_of_the_row),
        CASE(a_record_that_a_lost_pass_was_about_to_write_goes_to_another_unit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
