/* tests/integration/test_pass_again.c
 *
 * What a later pass knows of an earlier one: whose row it is, how long a record has been held; and
 * that rows which leave go at the route's pace as those do that come.
 */
#include "tests/integration/memory_world.h"

/* ---- a key that comes twice ------------------------------------------------------------------ */

/* The second record meets the row that the first has made, in the first pass even without a look at
 * the links: that row is of our making all the same. */
static void a_row_that_came_twice_leaves_with_its_record(void **state)
{
    world *w = *state;

    start(w, FROM_FILE, TO("memory"), "    missing: delete\n");
    w->page_records = w->group_records = 1;
    world_file(w, "in.jsonl",
               "{\"id\": \"a\", \"name\": \"one\"}\n{\"id\": \"b\", \"name\": \"two\"}\n"
               "{\"id\": \"a\", \"name\": \"three\"}\n");
    assert_int_equal(world_pass(w).outcome, DS_PASS_DONE);
    world_file(w, "in.jsonl", "{\"id\": \"b\", \"name\": \"two\"}\n");
    assert_int_equal(world_pass(w).totals.missing, 1);
    assert_int_equal(ds_memory_count("out", NULL), 1);
}

/* Where a listing shifts while it is read: what became of the first create nobody knows yet. */
static void a_key_that_comes_again_behind_a_lost_answer_is_not_made_twice(void **state)
{
    static const ds_memory_faults lost = {.unknown_write = 1, .unknown_lost = true};
    world *w = *state;

    start(w, FROM_FILE, TO("memory-b"), "");
    w->page_records = w->group_records = 1;
    world_file(w, "in.jsonl",
               "{\"id\": \"a\", \"name\": \"one\"}\n{\"id\": \"b\", \"name\": \"two\"}\n"
               "{\"id\": \"a\", \"name\": \"one\"}\n");
    ds_memory_fail("out", &lost);
    assert_string_equal(world_totals(w), "3 1 0 0 1 1");
    assert_int_equal(ds_memory_count("out", "a"), 0); /* it may be on its way */
    ds_memory_fail("out", &(ds_memory_faults){0});
    w->clock.now_ms += DS_HOUR_MS;
    assert_int_equal(world_pass(w).totals.created, 1);
    assert_int_equal(ds_memory_count("out", "a"), 1);
}

/* ---- held records ---------------------------------------------------------------------------- */

static void held_since(world *w, const char *key, int64_t *since_ms)
{
    ds_err err = DS_ERR_INIT;
    DS_AUTO(ds_reader) r = ds_reader_open(world_path(w, "state.db"), &err);
    ds_held_row *rows;
    size_t n = 0;

    *since_ms = 0;
    assert_true(r && ds_reader_held(r, NULL, w->arena, &rows, &n, &err));
    for (size_t i = 0; i < n; i++)
        if (!strcmp(rows[i].held.key, key) && !rows[i].held.placed)
            *since_ms = rows[i].held.since_ms;
}

/* A key and a place that read alike are one look at the store, which has one record less then. */
static void all_held_records_are_known_however_they_are_called(void **state)
{
    world *w = *state;
    DS_AUTO_BUF(text, DS_MIB);
    int64_t first_ms, later_ms;

    for (int i = 0; i < 498; i++)
        ds_buf_printf(&text, "{\"id\": \"a%03d\", \"size\": \"many\"}\n", i);
    ds_buf_printf(&text, "{\"id\": \"line:500\", \"size\": \"many\"}\n{\"no key\": 1}\n");
    ds_buf_printf(&text,
                  "{\"id\": \"b\", \"size\": \"many\"}\n{\"id\": \"z\", \"size\": \"many\"}\n");
    world_file(w, "in.jsonl", text.data);
    start(w, FROM_FILE, TO("memory"), "");
    assert_int_equal(world_pass(w).totals.held, 502);
    held_since(w, "z", &first_ms);
    assert_int_equal(first_ms, w->clock.now_ms);
    w->clock.now_ms += DS_HOUR_MS;
    assert_int_equal(world_pass(w).totals.held, 502);
    held_since(w, "z", &later_ms);
    assert_int_equal(later_ms, first_ms);
}

/* ---- pace ------------------------------------------------------------------------------------ */

static void rows_that_leave_go_at_the_pace_of_the_route(void **state)
{
    static const char *const ways[] = {"delete", "archive", "{mark: Gone}"};
    world *w = *state;
    char key[16];

    for (size_t way = 0; way < DS_COUNT(ways); way++) {
        ds_memory_drop_all();
        for (int i = 0; i < 30; i++) {
            snprintf(key, sizeof(key), "k%02d", i);
            put(key, "one");
        }
        start(w, FROM_MEMORY, TO("memory"),
              ds_arena_printf(w->arena, "    pace: 10/s\n    missing: %s\n", ways[way]));
        (void)world_pass(w);
        for (int i = 0; i < 20; i++) {
            snprintf(key, sizeof(key), "k%02d", i);
            ds_memory_take("in", "all", key);
        }
        w->clock.mono_us += 60 * DS_SECOND_MS * 1000;
        w->clock.waited_us = 0;
        assert_int_equal(world_pass(w).totals.missing, 20);
        assert_int_equal(w->clock.waited_us / 1000, 1900);
    }
}

static world *waiting;

static void stop_meanwhile(ds_clock *clock, int64_t us, const atomic_bool *stop)
{
    (void)clock;
    (void)us;
    (void)stop;
    atomic_store(&waiting->stop, true);
}

static void a_stop_is_heard_while_rows_that_leave_wait(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "    pace: 10/s\n    missing: delete\n");
    put("a", "one");
    put("b", "one");
    put("c", "one");
    (void)world_pass(w);
    ds_memory_take("in", "all", "a");
    ds_memory_take("in", "all", "b");
    w->clock.mono_us += 60 * DS_SECOND_MS * 1000; /* the first of them need not wait */
    waiting = w;
    w->clock.base.wait_us = stop_meanwhile;
    assert_int_equal(world_pass(w).outcome, DS_PASS_CANCELLED);
    assert_int_equal(ds_memory_count("out", NULL), 2);
    atomic_store(&w->stop, false);
    w->resume = true;
    w->clock.mono_us += 60 * DS_SECOND_MS * 1000;
    assert_int_equal(world_pass(w).totals.missing, 2);
    assert_int_equal(ds_memory_count("out", NULL), 1);
}

/* ---- another configuration ------------------------------------------------------------------- */

static bool wants_full(world *w, ds_pass_kind kind)
{
    static const char *const items[] = {"a"};
    ds_pass_result out;

    w->kind = kind;
    w->since_ms = kind == DS_PASS_CHANGES ? 0 : -1;
    w->items = kind == DS_PASS_TARGETED ? items : NULL;
    w->items_n = kind == DS_PASS_TARGETED;
    out = world_pass(w);
    assert_int_equal(out.outcome, DS_PASS_DONE);
    return out.wants_full;
}

static void a_changed_route_is_read_whole_where_changes_alone_are_listed(void **state)
{
    static const char listing[] = "    source: {kind: memory-changes, store: in, key: id}\n";
    world *w = *state;

    start(w, listing, TO("memory"), "");
    put("a", "one");
    assert_false(wants_full(w, DS_PASS_CHANGES)); /* of a store that does not say how it was read */
    assert_false(wants_full(w, DS_PASS_FULL));
    assert_false(wants_full(w, DS_PASS_CHANGES));
    start(w, listing, TO("memory"), "    where: {name: one}\n");
    assert_true(wants_full(w, DS_PASS_CHANGES));
    assert_true(wants_full(w, DS_PASS_TARGETED)); /* until it was read whole */
    assert_false(wants_full(w, DS_PASS_FULL));
    assert_false(wants_full(w, DS_PASS_TARGETED));
    start(w, FROM_MEMORY, TO("memory"), "");
    assert_false(wants_full(w, DS_PASS_TARGETED)); /* its next regular pass is a full one anyway */
}

static void a_unit_that_was_swept_was_not_read(void **state)
{
    static const char listing[] = "    source: {kind: memory-changes, store: in, key: id}\n";
    world *w = *state;

    start(w, listing, TO("memory"), "");
    put("a", "one");
    assert_false(wants_full(w, DS_PASS_FULL));
    start(w, listing, TO("memory"), "    where: {name: one}\n");
    w->sweep = w->approved = true;
    assert_false(wants_full(w, DS_PASS_FULL));
    w->sweep = w->approved = false;
    assert_true(wants_full(w, DS_PASS_CHANGES));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_row_that_came_twice_leaves_with_its_record),
        CASE(a_key_that_comes_again_behind_a_lost_answer_is_not_made_twice),
        CASE(all_held_records_are_known_however_they_are_called),
        CASE(rows_that_leave_go_at_the_pace_of_the_route),
        CASE(a_stop_is_heard_while_rows_that_leave_wait),
        CASE(a_changed_route_is_read_whole_where_changes_alone_are_listed),
        CASE(a_unit_that_was_swept_was_not_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
