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
        CASE(verify_may_not_mend_more_than_the_limits_allow),
        CASE(rows_found_equal_need_no_room_under_the_limits),
        CASE(a_plan_knows_of_a_destination_that_is_not_as_it_was_left),
        CASE(a_plan_for_another_destination_looks_there),
        CASE(a_source_that_goes_in_a_circle_ends_the_pass),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
