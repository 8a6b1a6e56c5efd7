/* tests/integration/test_pass_stops.c
 *
 * A pass that is stopped, or whose commit is refused, at one place after another: it says so, and
 * what stood by then stands.
 */
#include "tests/integration/memory_world.h"

#include <pthread.h>

#define BUSY "the store is locked by another program"

static void put_many(world *w, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        put(ds_arena_printf(w->arena, "k%03d", i), name);
}

static const char *name_of(world *w, const char *key)
{
    const char *name = ds_memory_text("out", key, "Name", w->arena);

    return name ? name : "(none)";
}

/* ---- commits that are refused ---------------------------------------------------------------- */

static void a_pass_that_cannot_note_its_destination_writes_nothing(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "");
    put("a", "one");
    w->refuse_commit = 1;
    assert_string_equal(world_totals(w), "failed: note the destination's identity: " BUSY);
    assert_int_equal(ds_memory_count("out", NULL), 0);
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
}

static void a_commit_between_two_pages_is_refused(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "");
    put_many(w, 6, "one");
    w->page_records = w->group_records = 2;
    w->refuse_commit = 2;
    assert_string_equal(world_totals(w), "failed: commit links and checkpoint: " BUSY);
    assert_string_equal(world_totals(w), "6 4 0 2 0 0"); /* the next try saved the first page */
    assert_int_equal(ds_memory_count("out", NULL), 6);
}

static void the_commit_at_the_limit_is_refused(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "    limits: {changes: 25%}\n");
    put_many(w, 8, "one");
    assert_string_equal(world_totals(w), "8 8 0 0 0 0");
    put_many(w, 3, "two");
    w->refuse_commit = 2; /* behind the one that tells of the rows' doubts */
    assert_string_equal(world_totals(w), "failed: commit links and checkpoint: " BUSY);
    assert_string_equal(name_of(w, "k001"), "two");
    assert_string_equal(name_of(w, "k002"), "one");
    assert_string_equal(world_totals(w), "8 0 1 7 0 0"); /* the next try saved the two */
}

static void the_commit_of_a_slice_is_refused(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "    pace: 10/s\n");
    put_many(w, 20, "one");
    w->page_records = 10;
    w->slice_ms = 1;
    w->refuse_commit = 11; /* the tenth of the writes is committed when its slice is over */
    assert_string_equal(world_totals(w), "failed: commit links and checkpoint: " BUSY);
    w->slice_ms = 0;
    w->resume = true;
    assert_int_equal(world_pass(w).outcome, DS_PASS_DONE);
    assert_int_equal(ds_memory_count("out", NULL), 20);
}

/* ---- a source that takes its time ------------------------------------------------------------ */

typedef struct gate {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    int pages;
    bool flushed;
} gate;

/* The second page comes only once what the first one brought is flushed. */
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

static void a_flush_that_fails_while_the_source_is_awaited_ends_the_pass(void **state)
{
    world *w = *state;
    gate g = {.lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER};

    start(w, FROM_MEMORY, TO("memory"), "");
    put("a", "one");
    put("b", "two");
    w->page_records = 1;
    ds_memory_watch("in", hold_back, &g);
    ds_memory_watch("out", hold_back, &g);
    ds_memory_fail("out", &(ds_memory_faults){.fail_flush = 1, .kind = DS_ERR_TRANSIENT});
    assert_string_equal(world_totals(w), "failed: the flush fails");
    ds_memory_watch("in", NULL, NULL);
    ds_memory_watch("out", NULL, NULL);
    assert_int_equal(world_pass(w).outcome, DS_PASS_DONE);
    assert_int_equal(ds_memory_count("out", NULL), 2);
}

/* ---- what stands ------------------------------------------------------------------------------
 */

static void what_was_held_before_the_end_came_stays_held(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "");
    ds_memory_put("in", "all", "a", "{\"size\": \"many\"}");
    put("b", "two");
    w->page_records = 1;
    ds_memory_fail("in", &(ds_memory_faults){.fail_page = 2, .kind = DS_ERR_TRANSIENT});
    assert_string_equal(world_totals(w), "failed: source: page 2 fails");
    assert_string_equal(world_held(w), "a: Size: \"many\" is not a number");
}

static void what_was_adopted_before_the_end_came_stays_adopted(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory-b"), "");
    put("z", "there");
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    put("a", "one");
    put("b", "two");
    ds_memory_put("out", "all", "a", "{\"Name\": \"one\", \"Size\": 1}");
    w->page_records = 1;
    ds_memory_fail("in", &(ds_memory_faults){.fail_page = 3, .kind = DS_ERR_TRANSIENT});
    assert_string_equal(world_totals(w), "failed: source: page 3 fails");
    ds_memory_fail("in", &(ds_memory_faults){0});
    ds_memory_counted("out");
    assert_string_equal(world_totals(w), "3 1 0 2 0 0");
    assert_int_equal(ds_memory_counted("out").finds, 1); /* b: a has its link */
}

static void a_failed_first_page_leaves_nothing_to_save(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "");
    put("a", "one");
    ds_memory_fail("in", &(ds_memory_faults){.fail_page = 1, .kind = DS_ERR_TRANSIENT});
    assert_string_equal(world_totals(w), "failed: source: page 1 fails");
    assert_int_equal(ds_memory_counted("out").flushes, 0);
}

/* ---- stops ----------------------------------------------------------------------------------- */

static void a_stop_is_heard_between_batches_of_missing_rows(void **state)
{
    world *w = *state;
    place p = {.w = w, .at = "flush", .stop = true};

    start(w, FROM_MEMORY, TO("memory"), "    missing: delete\n");
    put_many(w, 1200, "one");
    put("z", "stays");
    assert_string_equal(world_totals(w), "1201 1201 0 0 0 0");
    for (int i = 0; i < 1200; i++)
        ds_memory_take("in", "all", ds_arena_printf(w->arena, "k%03d", i));
    ds_memory_watch("out", die_there, &p);
    assert_string_equal(world_totals(w), "cancelled: stopped");
    ds_memory_watch("out", NULL, NULL);
    assert_int_equal(ds_memory_count("out", NULL), 701); /* one batch is gone, and committed */
    atomic_store(&w->stop, false);
    w->resume = true;
    assert_int_equal(world_pass(w).totals.missing, 1200); /* with those before the stop */
    assert_int_equal(ds_memory_count("out", NULL), 1);
}

static void a_stop_is_heard_behind_the_wait_for_the_pace(void **state)
{
    world *w = *state;
    place p = {.w = w, .at = "flush", .stop = true};

    start(w, FROM_MEMORY, TO("memory"), "    pace: 10/s\n");
    put_many(w, 5, "one");
    ds_memory_watch("out", die_there, &p);
    assert_string_equal(world_totals(w), "cancelled: stopped");
    ds_memory_watch("out", NULL, NULL);
    assert_int_equal(ds_memory_count("out", NULL), 1);
}

static void status_says_when_a_pass_waits_for_its_pace(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "    pace: 10/s\n");
    put_many(w, 2, "one");
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    assert_true(w->clock.shown_ms > 0);
    assert_int_equal(atomic_load(&w->progress.waiting_ms), 0);
    assert_int_equal(atomic_load(&w->progress.created), 2);
}

/* ---- at the limit ---------------------------------------------------------------------------- */

static void a_batch_that_fails_at_the_limit_fails_the_pass(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "    limits: {changes: 25%}\n");
    put_many(w, 8, "one");
    assert_string_equal(world_totals(w), "8 8 0 0 0 0");
    put_many(w, 3, "two");
    ds_memory_fail("out", &(ds_memory_faults){.fail_write = 2, .kind = DS_ERR_TRANSIENT});
    assert_string_equal(world_totals(w), "failed: the write fails");
}

static void a_look_up_that_fails_at_the_limit_fails_the_pass(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "    limits: {changes: 25%}\n    verify: all\n");
    put("a", "one");
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    ds_memory_fail("out", &(ds_memory_faults){.fail_find = 1, .kind = DS_ERR_TRANSIENT});
    assert_string_equal(world_totals(w),
                        "failed: look up 1 keys at the destination: the look-up fails");
    ds_memory_fail("out", &(ds_memory_faults){0});
    assert_string_equal(world_totals(w), "1 0 0 1 0 0");
}

static void write_always_needs_room_for_each_row(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "    limits: {changes: 25%}\n    write: always\n");
    put("a", "one");
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    assert_int_equal(world_pass(w).outcome, DS_PASS_APPROVAL);
}

/* A row whose record is back loses its mark: that is a change, however equal the rest is. */
static void taking_a_mark_back_needs_room(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "    limits: {changes: 25%}\n    missing: {mark: Gone}\n");
    put_many(w, 4, "one");
    assert_string_equal(world_totals(w), "4 4 0 0 0 0");
    ds_memory_take("in", "all", "k003");
    assert_int_equal(world_pass(w).totals.missing, 1);
    put("k000", "two");
    put("k003", "one");
    assert_non_null(strstr(world_totals(w), "approval: more than 1 changes"));
    assert_string_equal(ds_memory_text("out", "k003", "Gone", w->arena), "true");
    w->approved = true;
    assert_int_equal(world_pass(w).outcome, DS_PASS_DONE);
    assert_string_equal(ds_memory_text("out", "k003", "Gone", w->arena), "false");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_pass_that_cannot_note_its_destination_writes_nothing),
        CASE(a_commit_between_two_pages_is_refused),
        CASE(the_commit_at_the_limit_is_refused),
        CASE(the_commit_of_a_slice_is_refused),
        CASE(a_flush_that_fails_while_the_source_is_awaited_ends_the_pass),
        CASE(what_was_held_before_the_end_came_stays_held),
        CASE(what_was_adopted_before_the_end_came_stays_adopted),
        CASE(a_failed_first_page_leaves_nothing_to_save),
        CASE(a_stop_is_heard_between_batches_of_missing_rows),
        CASE(a_stop_is_heard_behind_the_wait_for_the_pace),
        CASE(status_says_when_a_pass_waits_for_its_pace),
        CASE(a_batch_that_fails_at_the_limit_fails_the_pass),
        CASE(a_look_up_that_fails_at_the_limit_fails_the_pass),
        CASE(write_always_needs_room_for_each_row),
        CASE(taking_a_mark_back_needs_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
