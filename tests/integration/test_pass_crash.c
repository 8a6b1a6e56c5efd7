/* tests/integration/test_pass_crash.c
 *
 * What is left when a pass dies between two commits, and what the world may have done by the time
 * the next one comes: the source took its change back, a record left, a row was removed by hand.
 */
#include "tests/integration/memory_world.h"

#include <pthread.h>
#include <unistd.h>

static void take(const char *key)
{
    ds_memory_take("in", "all", key);
}

static const char *name_of(world *w, const char *key)
{
    const char *name = ds_memory_text("out", key, "Name", w->arena);

    return name ? name : "(none)";
}

/* ---- the destination has it, the store does not ---------------------------------------------- */

static void a_change_taken_back_after_a_crash_is_written(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "");
    put("a", "one");
    put("b", "two");
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    put("a", "ONE");
    die_after_flush(w, 0);
    assert_string_equal(name_of(w, "a"), "ONE");
    put("a", "one");
    assert_string_equal(world_totals(w), "2 0 1 1 0 0");
    assert_string_equal(name_of(w, "a"), "one");
    assert_string_equal(world_totals(w), "2 0 0 2 0 0");
}

static void a_row_removed_before_a_crash_comes_back_with_its_record(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "    missing: delete\n");
    put("a", "one");
    put("b", "two");
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    take("b");
    die_after_flush(w, 0);
    assert_int_equal(ds_memory_count("out", "b"), 0);
    put("b", "two");
    assert_string_equal(world_totals(w), "2 1 0 1 0 0");
    assert_string_equal(name_of(w, "b"), "two");
    take("b"); /* and is ours to remove as before */
    assert_int_equal(world_pass(w).totals.missing, 1);
    assert_int_equal(ds_memory_count("out", "b"), 0);
}

static void a_mark_set_before_a_crash_is_taken_back(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "    missing: {mark: Gone}\n");
    put("a", "one");
    put("b", "two");
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    take("b");
    die_after_flush(w, 0);
    assert_string_equal(ds_memory_text("out", "b", "Gone", w->arena), "true");
    put("b", "two");
    assert_string_equal(world_totals(w), "2 0 1 1 0 0");
    assert_string_equal(ds_memory_text("out", "b", "Gone", w->arena), "false");
    assert_string_equal(world_totals(w), "2 0 0 2 0 0");
}

static void rows_gone_are_handled_after_a_crash(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "    missing: {mark: Gone}\n");
    put("a", "one");
    put("b", "two");
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    take("b");
    die_after_flush(w, 0);
    assert_int_equal(world_pass(w).totals.missing, 1);
    assert_int_equal(world_pass(w).totals.missing, 0);
    assert_string_equal(ds_memory_text("out", "b", "Gone", w->arena), "true");
}

/* ---- an interrupted pass --------------------------------------------------------------------- */

static void a_record_held_before_the_interruption_is_not_taken_for_gone(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory-b"), "    missing: delete\n");
    put("a", "one");
    put("b", "two");
    put("c", "three");
    w->page_records = w->group_records = 1;
    ds_memory_fail("out", &(ds_memory_faults){.unknown_write = 1});
    stop_at_write(w, 1);
    assert_string_equal(world_held(w), "a: sent, but the answer was lost: looked up by the first "
                                       "pass after 1 s, there is nothing to do");
    w->clock.now_ms += DS_HOUR_MS;
    w->resume = true;
    assert_int_equal(world_pass(w).totals.missing, 0);
    assert_int_equal(ds_memory_count("out", "a"), 1);
    w->resume = false;
    w->clock.now_ms += DS_HOUR_MS; /* b was about to be sent: it has settled by now, too */
    assert_string_equal(world_totals(w), "3 1 0 2 0 0");
    assert_int_equal(ds_memory_count("out", "a"), 1);
    assert_int_equal(ds_memory_count("out", "b"), 1);
}

static void a_held_record_that_left_is_forgotten_by_a_resumed_pass_too(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "");
    put("a", "one");
    put("b", "two");
    put("c", "three");
    w->page_records = w->group_records = 1;
    ds_memory_fail("out", &(ds_memory_faults){.hold_key = "b", .hold_reason = "too blue"});
    assert_string_equal(world_totals(w), "3 2 0 0 0 1");
    take("b");
    put("a", "ONE");
    put("c", "THREE");
    stop_at_write(w, 1);
    w->resume = true;
    assert_int_equal(world_pass(w).outcome, DS_PASS_DONE);
    assert_string_equal(world_held(w), "");
}

static void a_held_record_met_before_the_interruption_stays(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "");
    put("a", "one");
    put("b", "two");
    put("c", "three");
    w->page_records = w->group_records = 1;
    ds_memory_fail("out", &(ds_memory_faults){.hold_key = "a", .hold_reason = "too blue"});
    assert_string_equal(world_totals(w), "3 2 0 0 0 1");
    put("b", "TWO");
    put("c", "THREE");
    stop_at_write(w, 1); /* a is not due: it is met, and not tried */
    w->resume = true;
    assert_string_equal(world_totals(w), "3 0 2 0 0 1");
    assert_string_equal(world_held(w), "a: too blue");
}

static void what_where_drops_is_held_no_longer(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "    where: {name: [one, two]}\n");
    put("a", "one");
    ds_memory_fail("out", &(ds_memory_faults){.hold_key = "a", .hold_reason = "too blue"});
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    put("a", "three");
    assert_string_equal(world_totals(w), "1 0 0 0 1 0");
    assert_string_equal(world_held(w), "");
}

/* ---- a source that takes its time ------------------------------------------------------------ */

typedef struct gate {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    int pages;
    bool flushed;
} gate;

/* The second page comes only once what the first one brought is committed. */
static void hold_back(void *to, const char *what)
{
    gate *g = to;

    pthread_mutex_lock(&g->lock);
    if (!strcmp(what, "flush")) {
        g->flushed = true;
        pthread_cond_broadcast(&g->moved);
    } else if (!strcmp(what, "page") && ++g->pages == 2) {
        while (!g->flushed)
            pthread_cond_wait(&g->moved, &g->lock);
    }
    pthread_mutex_unlock(&g->lock);
}

static void a_slow_source_keeps_no_transaction_open(void **state)
{
    world *w = *state;
    gate g = {.lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER};

    start(w, FROM_MEMORY, TO("memory"), "");
    put("a", "one");
    put("b", "two");
    w->page_records = 1;
    ds_memory_watch("in", hold_back, &g);
    ds_memory_watch("out", hold_back, &g);
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    ds_memory_watch("in", NULL, NULL);
    ds_memory_watch("out", NULL, NULL);
}

/* ---- one key, many records ------------------------------------------------------------------- */

static void a_key_on_two_pages_is_created_once_where_creates_double(void **state)
{
    world *w = *state;

    w->page_records = 1;
    world_file(w, "in.jsonl",
               "{\"id\": \"a\", \"name\": \"one\"}\n{\"id\": \"b\", \"name\": \"two\"}\n"
               "{\"id\": \"a\", \"name\": \"ONE\"}\n");
    w->group_records = 1;
    start(w, FROM_FILE, TO("memory-c"), "");
    assert_string_equal(world_totals(w), "3 2 0 0 1 0");
    assert_int_equal(ds_memory_count("out", "a"), 1);
    assert_string_equal(name_of(w, "a"), "one");
}

static void a_key_on_two_pages_is_created_once_where_rows_show_late(void **state)
{
    world *w = *state;

    w->page_records = w->group_records = 1;
    world_file(w, "in.jsonl",
               "{\"id\": \"a\", \"name\": \"one\"}\n{\"id\": \"b\", \"name\": \"two\"}\n"
               "{\"id\": \"a\", \"name\": \"ONE\"}\n");
    start(w, FROM_FILE, TO("memory-b"), "");
    ds_memory_fail("out", &(ds_memory_faults){.lag_ms = 900});
    assert_string_equal(world_totals(w), "3 2 0 0 1 0");
    assert_int_equal(ds_memory_count("out", "a"), 1);
}

static void keys_that_come_again_before_they_are_committed_keep_their_links(void **state)
{
    world *w = *state;
    DS_AUTO_BUF(text, DS_MIB);

    w->page_records = 300;
    lines(&text, "a", 300, "one");
    lines(&text, "b", 250, "one"); /* so many that what waits for its commit moves in memory... */
    lines(&text, "a", 50, "two");  /* ...between the look-up of these and their write */
    world_file(w, "in.jsonl", text.data);
    start(w, FROM_FILE, TO("memory"), "");
    assert_string_equal(world_totals(w), "600 550 0 0 50 0");
    ds_buf_clear(&text);
    lines(&text, "a", 50, "one");
    lines(&text, "b", 250, "one");
    world_file(w, "in.jsonl", text.data);
    assert_string_equal(world_totals(w), "300 0 0 300 0 0");
}

static void a_commit_between_look_up_and_write_mixes_no_links(void **state)
{
    world *w = *state;
    DS_AUTO_BUF(text, DS_MIB);

    lines(&text, "a", 20, "one"); /* a page of this pace; its last two are not committed yet... */
    lines(&text, "b", 18, "one"); /* ...when the next page is looked at, and are before... */
    lines_from(&text, "a", 18, 20, "two"); /* ...these are written */
    world_file(w, "in.jsonl", text.data);
    start(w, FROM_FILE, TO("memory"), "    pace: 20/s\n    missing: delete\n");
    assert_string_equal(world_totals(w), "40 38 0 0 2 0");
    ds_buf_clear(&text);
    lines_from(&text, "a", 10, 20, "one");
    lines(&text, "b", 18, "one");
    world_file(w, "in.jsonl", text.data);
    assert_string_equal(world_totals(w), "28 0 0 28 0 0");
    assert_int_equal(ds_memory_count("out", NULL), 28); /* just the ten that left are gone */
    assert_int_equal(ds_memory_count("out", "a019"), 1);
}

/* ---- rows gone from the source, and from the destination ------------------------------------- */

static void a_row_gone_on_both_sides_is_not_made_again_to_be_marked(void **state)
{
    world *w = *state;

    start(w, FROM_FILE, TO_SQLITE, "    missing: {mark: Gone}\n");
    world_file(w, "in.jsonl",
               "{\"id\": \"a\", \"name\": \"one\"}\n{\"id\": \"b\", \"name\": \"two\"}\n"
               "{\"id\": \"c\", \"name\": \"three\"}\n");
    assert_string_equal(world_totals(w), "3 3 0 0 0 0");
    world_sql(w, "DELETE FROM things WHERE Id = 'b'");
    world_file(w, "in.jsonl", "{\"id\": \"a\", \"name\": \"one\"}\n");
    assert_int_equal(world_pass(w).outcome, DS_PASS_DONE);
    assert_string_equal(world_sql(w, "SELECT Id, Gone FROM things ORDER BY Id"), "a|NULL\nc|1");
    assert_int_equal(world_pass(w).totals.missing, 0);
    world_file(w, "in.jsonl",
               "{\"id\": \"a\", \"name\": \"one\"}\n{\"id\": \"b\", \"name\": \"two\"}\n");
    assert_string_equal(world_totals(w), "2 1 0 1 0 0"); /* back at the source: back here */
}

static void a_mark_that_is_refused_is_tried_again(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "    missing: {mark: Gone}\n");
    put("a", "one");
    put("b", "two");
    put("c", "three");
    assert_string_equal(world_totals(w), "3 3 0 0 0 0");
    take("b");
    take("c");
    ds_memory_fail("out", &(ds_memory_faults){.hold_key = "b"});
    assert_int_equal(world_pass(w).totals.missing, 1);
    assert_string_equal(ds_memory_text("out", "c", "Gone", w->arena), "true");
    ds_memory_fail("out", &(ds_memory_faults){0});
    assert_int_equal(world_pass(w).totals.missing, 1);
    assert_string_equal(ds_memory_text("out", "b", "Gone", w->arena), "true");
    assert_int_equal(world_pass(w).totals.missing, 0);
}

/* ---- creates whose answer was lost ----------------------------------------------------------- */

/* Sent long after it was announced, and then the process died: it may not show yet. */
static void slow_and_dead(void *to, const char *what)
{
    place *p = to;

    if (!strcmp(what, "write"))
        p->w->clock.now_ms += 10 * DS_SECOND_MS;
    die_there(to, what);
}

static void a_create_settles_from_when_it_can_have_left_at_last(void **state)
{
    world *w = *state;
    place p = {.w = w, .at = "flush"};

    start(w, FROM_MEMORY, TO("memory-b"), "");
    put("a", "one");
    ds_memory_fail("out", &(ds_memory_faults){.lag_ms = 900});
    ds_memory_watch("out", slow_and_dead, &p);
    assert_int_equal(world_pass(w).outcome, DS_PASS_CANCELLED);
    ds_memory_watch("out", NULL, NULL);
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    w->clock.now_ms += 2 * DS_SECOND_MS;
    assert_string_equal(world_totals(w), "1 0 0 1 0 0");
    assert_int_equal(ds_memory_count("out", "a"), 1);
}

static void a_changed_record_does_not_hurry_a_create_of_unknown_end(void **state)
{
    world *w = *state;
    place p = {.w = w, .at = "none"};

    start(w, FROM_MEMORY, TO("memory-b"), "");
    put("a", "one");
    ds_memory_fail("out", &(ds_memory_faults){.lag_ms = 900, .unknown_write = 1});
    ds_memory_watch("out", slow_and_dead, &p);
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    ds_memory_watch("out", NULL, NULL);
    put("a", "two");
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    w->clock.now_ms += 2 * DS_SECOND_MS;
    assert_string_equal(world_totals(w), "1 0 1 0 0 0");
    assert_int_equal(ds_memory_count("out", "a"), 1);
}

typedef struct by_hand {
    ds_job job; /* first */
    const char *key;
} by_hand;

static bool retry_held(ds_job *job, ds_tx *tx, ds_err *err)
{
    bool found;

    return ds_tx_held_retry(tx, "things", ((by_hand *)job)->key, &found, err) && found;
}

static void a_retry_by_hand_does_not_hurry_it_either(void **state)
{
    world *w = *state;
    by_hand retry = {.job.run = retry_held, .key = "a"};
    ds_err err = DS_ERR_INIT;

    start(w, FROM_MEMORY, TO("memory-b"), "");
    put("a", "one");
    ds_memory_fail("out", &(ds_memory_faults){.lag_ms = 900, .unknown_write = 1});
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    assert_true(ds_store_do(w->store, DS_LANE_EVENT, &retry.job, &err));
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    w->clock.now_ms += 2 * DS_SECOND_MS;
    assert_string_equal(world_totals(w), "1 0 0 1 0 0");
    assert_int_equal(ds_memory_count("out", "a"), 1);
}

/* The links are committed with the next try, and so must be what the flush before them answered:
 * else the destination takes back, when it is opened again, what the links say is there. */
static void a_commit_that_is_refused_once_loses_no_row(void **state)
{
    world *w = *state;

    for (int refused = 1; refused <= 4; refused++) {
        const char *out = ds_arena_printf(w->arena, "out%d.jsonl", refused);

        world_file(w, "in.jsonl", "{\"id\": \"a\", \"name\": \"one\"}\n");
        world_config(w, ds_arena_printf(w->arena,
                                        "  r%d:\n" FROM_FILE "    destination: {kind: file, path: "
                                        "%s, key: id}\n    missing: delete\n",
                                        refused, out));
        assert_string_equal(world_totals(w), "1 1 0 0 0 0");
        world_file(w, "in.jsonl", "{\"id\": \"a\", \"name\": \"two\"}\n");
        w->refuse_commit = refused;
        (void)world_pass(w);
        (void)world_totals(w); /* whatever it counts */
        assert_string_equal(world_totals(w), "1 0 0 1 0 0");
        assert_string_equal(world_read(w, out), "{\"id\":\"a\",\"name\":\"two\"}\n");
    }
}

static void a_row_made_again_before_a_crash_is_not_made_twice(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory-b"), "");
    put("a", "one");
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    ds_memory_drop("out"); /* another table: the link is void, the row is looked for and made */
    ds_memory_fail("out", &(ds_memory_faults){.lag_ms = 900});
    die_after_flush(w, 0);
    assert_int_equal(ds_memory_count("out", "a"), 1);
    assert_string_equal(world_totals(w), "1 0 0 0 0 1"); /* it may not show yet */
    w->clock.now_ms += 2 * DS_SECOND_MS;
    assert_int_equal(world_pass(w).outcome, DS_PASS_DONE);
    assert_int_equal(ds_memory_count("out", "a"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_change_taken_back_after_a_crash_is_written),
        CASE(a_row_removed_before_a_crash_comes_back_with_its_record),
        CASE(a_mark_set_before_a_crash_is_taken_back),
        CASE(rows_gone_are_handled_after_a_crash),
        CASE(a_record_held_before_the_interruption_is_not_taken_for_gone),
        CASE(a_held_record_that_left_is_forgotten_by_a_resumed_pass_too),
        CASE(a_held_record_met_before_the_interruption_stays),
        CASE(what_where_drops_is_held_no_longer),
        CASE(a_slow_source_keeps_no_transaction_open),
        CASE(a_key_on_two_pages_is_created_once_where_creates_double),
        CASE(a_key_on_two_pages_is_created_once_where_rows_show_late),
        CASE(keys_that_come_again_before_they_are_committed_keep_their_links),
        CASE(a_commit_between_look_up_and_write_mixes_no_links),
        CASE(a_row_gone_on_both_sides_is_not_made_again_to_be_marked),
        CASE(a_mark_that_is_refused_is_tried_again),
        CASE(a_create_settles_from_when_it_can_have_left_at_last),
        CASE(a_changed_record_does_not_hurry_a_create_of_unknown_end),
        CASE(a_retry_by_hand_does_not_hurry_it_either),
        CASE(a_commit_that_is_refused_once_loses_no_row),
        CASE(a_row_made_again_before_a_crash_is_not_made_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
