/* tests/integration/test_pass_crash.c
 *
 * What is left when a pass dies between two commits, and what the world may have done by the time
 * the next one comes: the source took its change back, a record left, a row was removed by hand.
 */
#include "tests/integration/memory_world.h"

#include <pthread.h>
#include <unistd.h>

#define TO_SQLITE                                                                                  \
    "    destination: {kind: sqlite, path: out.db, table: things, key: Id, create_table: true}\n"

static void take(const char *key)
{
    ds_memory_take("in", "all", key);
}

static const char *name_of(world *w, const char *key)
{
    const char *name = ds_memory_text("out", key, "Name", w->arena);

    return name ? name : "(none)";
}

/* ---- dying at a chosen place ------------------------------------------------------------------- */

typedef struct place {
    world *w;
    const char *at;
    int left; /* so many times it is passed */
    bool stop; /* as asked to, at the next record; else as killed, right there */
} place;

static void die_there(void *to, const char *what)
{
    place *p = to;

    if (strcmp(what, p->at) != 0 || p->left-- != 0)
        return;
    if (p->stop)
        atomic_store(&p->w->stop, true);
    else
        world_steal(p->w);
}

/* A pass that is killed once the destination has made its writes durable, before the store has. */
static void die_after_flush(world *w, int flushes)
{
    place p = {.w = w, .at = "flush", .left = flushes};

    ds_memory_watch("out", die_there, &p);
    assert_int_equal(world_pass(w).outcome, DS_PASS_CANCELLED);
    ds_memory_watch("out", NULL, NULL);
}

static void stop_at_write(world *w, int writes)
{
    place p = {.w = w, .at = "write", .left = writes, .stop = true};

    ds_memory_watch("out", die_there, &p);
    assert_int_equal(world_pass(w).outcome, DS_PASS_CANCELLED);
    ds_memory_watch("out", NULL, NULL);
    atomic_store(&w->stop, false);
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
    assert_int_equal(world_pass(w).missing, 1);
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
    assert_int_equal(world_pass(w).missing, 1);
    assert_int_equal(world_pass(w).missing, 0);
    assert_string_equal(ds_memory_text("out", "b", "Gone", w->arena), "true");
}

/* ---- an interrupted pass ----------------------------------------------------------------------- */

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
    assert_string_equal(world_held(w), "a: sent, but the answer was lost");
    w->clock.now_ms += DS_HOUR_MS;
    w->resume = true;
    assert_int_equal(world_pass(w).missing, 0);
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

/* ---- a source that takes its time ---------------------------------------------------------------- */

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

/* ---- one key, many records --------------------------------------------------------------------- */

static void a_key_on_two_pages_is_created_once_where_creates_double(void **state)
{
    world *w = *state;

    w->page_records = 1;
    world_file(w, "in.jsonl", "{\"id\": \"a\", \"name\": \"one\"}\n{\"id\": \"b\", \"name\": \"two\"}\n"
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
    world_file(w, "in.jsonl", "{\"id\": \"a\", \"name\": \"one\"}\n{\"id\": \"b\", \"name\": \"two\"}\n"
                              "{\"id\": \"a\", \"name\": \"ONE\"}\n");
    start(w, FROM_FILE, TO("memory-b"), "");
    ds_memory_fail("out", &(ds_memory_faults){.lag_ms = 900});
    assert_string_equal(world_totals(w), "3 2 0 0 1 0");
    assert_int_equal(ds_memory_count("out", "a"), 1);
}

static void lines_from(ds_buf *text, const char *prefix, int from, int to, const char *name)
{
    for (int i = from; i < to; i++)
        ds_buf_printf(text, "{\"id\": \"%s%03d\", \"name\": \"%s\"}\n", prefix, i, name);
}

static void lines(ds_buf *text, const char *prefix, int n, const char *name)
{
    lines_from(text, prefix, 0, n, name);
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

/* ---- rows gone from the source, and from the destination -------------------------------------- */

static void a_row_gone_on_both_sides_is_not_made_again_to_be_marked(void **state)
{
    world *w = *state;

    start(w, FROM_FILE, TO_SQLITE, "    missing: {mark: Gone}\n");
    world_file(w, "in.jsonl", "{\"id\": \"a\", \"name\": \"one\"}\n{\"id\": \"b\", \"name\": \"two\"}\n"
                              "{\"id\": \"c\", \"name\": \"three\"}\n");
    assert_string_equal(world_totals(w), "3 3 0 0 0 0");
    world_sql(w, "DELETE FROM things WHERE Id = 'b'");
    world_file(w, "in.jsonl", "{\"id\": \"a\", \"name\": \"one\"}\n");
    assert_int_equal(world_pass(w).outcome, DS_PASS_DONE);
    assert_string_equal(world_sql(w, "SELECT Id, Gone FROM things ORDER BY Id"), "a|NULL\nc|1");
    assert_int_equal(world_pass(w).missing, 0);
    world_file(w, "in.jsonl", "{\"id\": \"a\", \"name\": \"one\"}\n{\"id\": \"b\", \"name\": \"two\"}\n");
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
    assert_int_equal(world_pass(w).missing, 1);
    assert_string_equal(ds_memory_text("out", "c", "Gone", w->arena), "true");
    ds_memory_fail("out", &(ds_memory_faults){0});
    assert_int_equal(world_pass(w).missing, 1);
    assert_string_equal(ds_memory_text("out", "b", "Gone", w->arena), "true");
    assert_int_equal(world_pass(w).missing, 0);
}

/* ---- limits --------------------------------------------------------------------------------------- */

typedef struct rewriter {
    world *w;
    const char *text;
} rewriter;

static void rewrite_source(void *to, const char *what)
{
    rewriter *r = to;

    if (strcmp(what, "write") != 0 || !r->text)
        return;
    world_file(r->w, "in.new", r->text); /* in one stroke: the source may be reading */
    assert_int_equal(rename(world_path(r->w, "in.new"), world_path(r->w, "in.jsonl")), 0);
    r->text = NULL;
}

static void a_source_that_starts_over_does_not_start_the_limits_over(void **state)
{
    world *w = *state;
    DS_AUTO_BUF(text, DS_MIB);
    DS_AUTO_BUF(other, DS_MIB);
    rewriter r = {.w = w};
    const char *said;

    w->page_records = 10;
    lines(&text, "k", 40, "one");
    world_file(w, "in.jsonl", text.data);
    start(w, FROM_FILE, TO("memory"), "    limits: {changes: 25%}\n");
    assert_string_equal(world_totals(w), "40 40 0 0 0 0");
    ds_buf_clear(&text);
    lines(&text, "k", 8, "two");
    lines(&text, "z", 60, "filler"); /* never reached: the file has changed by then */
    world_file(w, "in.jsonl", text.data);
    lines(&other, "k", 8, "two");
    lines(&other, "y", 8, "new");
    r.text = other.data;
    ds_memory_watch("out", rewrite_source, &r);
    said = world_totals(w);
    ds_memory_watch("out", NULL, NULL);
    if (strncmp(said, "approval: more than 10 changes", 30) != 0)
        fail_msg("%s", said);
    assert_in_range(ds_memory_count("out", NULL), 40, 42); /* 8 updates, and at most 2 new rows */
}

static void an_interruption_gives_no_more_room(void **state)
{
    world *w = *state;
    const char *said;
    char key[16];

    start(w, FROM_MEMORY, TO("memory"), "    limits: {changes: 25%}\n");
    for (int i = 0; i < 40; i++) {
        snprintf(key, sizeof(key), "a%02d", i);
        put(key, "one");
    }
    assert_string_equal(world_totals(w), "40 40 0 0 0 0");
    for (int i = 0; i < 12; i++) {
        snprintf(key, sizeof(key), "b%02d", i);
        put(key, "one");
    }
    w->page_records = w->group_records = 2;
    stop_at_write(w, 4);
    w->resume = true;
    said = world_totals(w);
    if (strncmp(said, "approval: more than 10 changes", 30) != 0)
        fail_msg("%s", said);
    assert_int_equal(ds_memory_count("out", NULL), 50);
}

static void verify_may_not_mend_more_than_the_limits_allow(void **state)
{
    world *w = *state;

    start(w, FROM_FILE, TO_SQLITE, "    verify: all\n    limits: {changes: 25%}\n");
    DS_AUTO_BUF(text, DS_MIB);
    lines(&text, "k", 40, "one");
    world_file(w, "in.jsonl", text.data);
    assert_string_equal(world_totals(w), "40 40 0 0 0 0");
    assert_string_equal(world_totals(w), "40 0 0 40 0 0");
    world_sql(w, "UPDATE things SET Name = 'x' WHERE Id < 'k010'");
    assert_string_equal(world_totals(w), "40 0 10 30 0 0");
    world_sql(w, "UPDATE things SET Name = 'x'");
    assert_true(strncmp(world_totals(w), "approval: more than 10 changes", 30) == 0);
    assert_string_equal(world_sql(w, "SELECT count(*) FROM things WHERE Name = 'one'"), "10");
}

static void rows_found_equal_need_no_room_under_the_limits(void **state)
{
    world *w = *state;

    start(w, FROM_FILE, TO_SQLITE, "    verify: all\n    limits: {changes: 25%}\n");
    world_file(w, "in.jsonl", "{\"id\": \"a\", \"name\": \"one\"}\n{\"id\": \"b\", \"name\": \"two\"}\n");
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    assert_string_equal(world_totals(w), "2 0 0 2 0 0"); /* a quarter of two is none at all */
    world_sql(w, "DELETE FROM durable_sync_state"); /* as an old copy has it: all is compared */
    assert_string_equal(world_totals(w), "2 0 0 2 0 0");
}

/* ---- creates whose answer was lost ------------------------------------------------------------- */

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

/* ---- plan ---------------------------------------------------------------------------------------- */

static void a_plan_knows_of_a_destination_that_is_not_as_it_was_left(void **state)
{
    world *w = *state;

    start(w, FROM_FILE, TO_SQLITE, "");
    world_file(w, "in.jsonl", "{\"id\": \"a\", \"name\": \"one\"}\n{\"id\": \"b\", \"name\": \"two\"}\n");
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    assert_string_equal(world_plan(w), "2 0 0 2 0 0 missing 0");
    assert_int_equal(unlink(world_path(w, "out.db")), 0);
    assert_string_equal(world_plan(w), "2 2 0 0 0 0 missing 0");
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    world_sql(w, "UPDATE things SET Name = 'x' WHERE Id = 'b'");
    world_sql(w, "DELETE FROM durable_sync_state");
    assert_string_equal(world_plan(w), "2 0 1 1 0 0 missing 0\nb.Name: x -> two");
}

static void a_plan_for_another_destination_looks_there(void **state)
{
    world *w = *state;

    start(w, FROM_FILE, TO_SQLITE, "    missing: delete\n");
    world_file(w, "in.jsonl", "{\"id\": \"a\", \"name\": \"one\"}\n{\"id\": \"b\", \"name\": \"two\"}\n");
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    world_sql(w, "CREATE TABLE other(Id TEXT PRIMARY KEY, Name, Size)");
    world_sql(w, "INSERT INTO other VALUES('a', 'one', NULL)");
    start(w, FROM_FILE,
          "    destination: {kind: sqlite, path: out.db, table: other, key: Id}\n",
          "    missing: delete\n");
    world_file(w, "in.jsonl", "{\"id\": \"a\", \"name\": \"one\"}\n{\"id\": \"c\", \"name\": \"three\"}\n");
    assert_string_equal(world_plan(w), "2 1 0 1 0 0 missing 0");
    assert_string_equal(world_totals(w), "2 1 0 1 0 0");
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
        CASE(a_source_that_starts_over_does_not_start_the_limits_over),
        CASE(an_interruption_gives_no_more_room),
        CASE(verify_may_not_mend_more_than_the_limits_allow),
        CASE(rows_found_equal_need_no_room_under_the_limits),
        CASE(a_create_settles_from_when_it_can_have_left_at_last),
        CASE(a_changed_record_does_not_hurry_a_create_of_unknown_end),
        CASE(a_retry_by_hand_does_not_hurry_it_either),
        CASE(a_row_made_again_before_a_crash_is_not_made_twice),
        CASE(a_plan_knows_of_a_destination_that_is_not_as_it_was_left),
        CASE(a_plan_for_another_destination_looks_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
