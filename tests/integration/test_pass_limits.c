/* tests/integration/test_pass_limits.c
 *
 * How much one pass may change, whatever comes in between; that its pages have an end; and plans,
 * which say beforehand what it will be.
 */
#include "tests/integration/memory_world.h"

#include <unistd.h>

/* ---- limits ---------------------------------------------------------------------------------- */

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

static ds_destination_ops service; /* kind service: what is sent to it is for good */

static bool open_service(ds_destination *self, ds_activity *act, const ds_open_in *in,
                         ds_open_out *out, ds_err *err)
{
    bool ok = ds_memory_destination_b.open(self, act, in, out, err);

    out->continues = true;
    return ok;
}

static void put_numbered(char letter, int n, const char *name)
{
    char key[16];

    for (int i = 0; i < n; i++) {
        snprintf(key, sizeof(key), "%c%04d", letter, i);
        put(key, name);
    }
}

static void what_was_not_sent_takes_no_room(void **state)
{
    static const ds_memory_faults limited = {
        .fail_write = 3, .kind = DS_ERR_RATE_LIMITED, .retry_after_ms = 60000};
    world *w = *state;

    service = ds_memory_destination_b;
    service.kind = "service";
    service.open = open_service;
    service.flush = service.finish = NULL;
    world_destination = &service;
    start(w, FROM_MEMORY, TO("service"), "    limits: {changes: 25%}\n");
    put_numbered('a', 40, "one");
    assert_string_equal(world_totals(w), "40 40 0 0 0 0");
    put_numbered('b', 10, "one");
    for (int i = 0; i < 3; i++) { /* each time two of them are made */
        ds_memory_fail("out", &limited);
        assert_int_equal(world_pass(w).outcome, DS_PASS_WAITING);
        w->resume = true;
    }
    ds_memory_fail("out", &(ds_memory_faults){0});
    assert_string_equal(world_totals(w), "50 4 0 46 0 0");
    world_destination = NULL;
}

static void stop_once(void *to, const char *what)
{
    if (!strcmp(what, "remove"))
        atomic_store(&((world *)to)->stop, true);
}

/* Rows that are removed are rows no more, but it is the same pass. */
static void what_was_removed_before_an_interruption_leaves_its_room(void **state)
{
    world *w = *state;
    char key[16];

    start(w, FROM_MEMORY, TO("memory"), "    missing: delete\n    limits: {changes: 25%}\n");
    put_numbered('a', 1200, "one");
    assert_int_equal(world_pass(w).outcome, DS_PASS_DONE);
    for (int i = 0; i < 1160; i += 4) {
        snprintf(key, sizeof(key), "a%04d", i);
        ds_memory_take("in", "all", key);
    }
    ds_memory_watch("out", stop_once, w);
    assert_int_equal(world_pass(w).outcome, DS_PASS_CANCELLED);
    ds_memory_watch("out", NULL, NULL);
    assert_int_equal(ds_memory_count("out", NULL), 1200 - 125);
    atomic_store(&w->stop, false);
    w->resume = true;
    assert_string_equal(world_totals(w), "910 0 0 910 0 0");
    assert_int_equal(ds_memory_count("out", NULL), 910);
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
    world_file(w, "in.jsonl",
               "{\"id\": \"a\", \"name\": \"one\"}\n{\"id\": \"b\", \"name\": \"two\"}\n");
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    assert_string_equal(world_totals(w), "2 0 0 2 0 0"); /* a quarter of two is none at all */
    world_sql(w, "DELETE FROM durable_sync_state"); /* as an old copy has it: all is compared */
    assert_string_equal(world_totals(w), "2 0 0 2 0 0");
}

/* ---- plan ------------------------------------------------------------------------------------ */

static void a_plan_knows_of_a_destination_that_is_not_as_it_was_left(void **state)
{
    world *w = *state;

    start(w, FROM_FILE, TO_SQLITE, "");
    world_file(w, "in.jsonl",
               "{\"id\": \"a\", \"name\": \"one\"}\n{\"id\": \"b\", \"name\": \"two\"}\n");
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
    world_file(w, "in.jsonl",
               "{\"id\": \"a\", \"name\": \"one\"}\n{\"id\": \"b\", \"name\": \"two\"}\n");
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    world_sql(w, "CREATE TABLE other(Id TEXT PRIMARY KEY, Name, Size)");
    world_sql(w, "INSERT INTO other VALUES('a', 'one', NULL)");
    start(w, FROM_FILE, "    destination: {kind: sqlite, path: out.db, table: other, key: Id}\n",
          "    missing: delete\n");
    world_file(w, "in.jsonl",
               "{\"id\": \"a\", \"name\": \"one\"}\n{\"id\": \"c\", \"name\": \"three\"}\n");
    assert_string_equal(world_plan(w), "2 1 0 1 0 0 missing 0");
    assert_string_equal(world_totals(w), "2 1 0 1 0 0");
}

/* ---- a source without end -------------------------------------------------------------------- */

static void a_source_that_goes_in_a_circle_ends_the_pass(void **state)
{
    static const ds_memory_faults stuck = {.page_rows = 1, .stuck_page = 3};
    static const ds_memory_faults none = {0};
    world *w = *state;
    ds_pass_result out;

    put("a", "one");
    put("b", "two");
    put("c", "three");
    put("d", "four");
    start(w, FROM_MEMORY, TO("memory"), "");
    ds_memory_fail("in", &stuck);
    out = world_pass(w);
    assert_int_equal(out.outcome, DS_PASS_FAILED);
    assert_int_equal(out.err.kind, DS_ERR_PERMANENT);
    assert_non_null(strstr(out.err.text, "source: memory gave the cursor \"2\" a second time"));
    assert_int_equal(ds_memory_count("out", NULL), 2);
    assert_int_equal(ds_memory_counted("in").pages, 3);
    assert_non_null(strstr(world_plan(w), "a second time"));
    ds_memory_fail("in", &none);
    assert_string_equal(world_totals(w), "4 2 0 2 0 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_source_that_starts_over_does_not_start_the_limits_over),
        CASE(an_interruption_gives_no_more_room),
        CASE(what_was_not_sent_takes_no_room),
        CASE(what_was_removed_before_an_interruption_leaves_its_room),
        CASE(verify_may_not_mend_more_than_the_limits_allow),
        CASE(rows_found_equal_need_no_room_under_the_limits),
        CASE(a_plan_knows_of_a_destination_that_is_not_as_it_was_left),
        CASE(a_plan_for_another_destination_looks_there),
        CASE(a_source_that_goes_in_a_circle_ends_the_pass),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
