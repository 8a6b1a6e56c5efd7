/* tests/integration/test_pass_plan.c
 *
 * What looks and does not write: plans, with the reasons for what they say, and single records
 * through the mapping (`try`).
 */
#include "tests/integration/script.h"
#include "tests/integration/tried.h"

static ds_destination_ops odd;

static int begin(void **state)
{
    odd = ds_memory_destination_b;
    odd.kind = "odd";
    world_destination = &odd;
    world_source = &script_source;
    script.refuses = false;
    return set_up(state);
}

#undef CASE
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, tear_down)

static void put_many(world *w, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        put(ds_arena_printf(w->arena, "k%03d", i), name);
}

/* ---- what would be written ------------------------------------------------------------------- */

static void a_plan_looks_rows_up_where_the_pass_would(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory-b"), "    create_only: [Size]\n");
    put("a", "one");
    put("b", "two");
    put("c", "three");
    put("d", "four");
    ds_memory_put("out", "all", "b", "{\"Name\": \"old\", \"Size\": 7}");
    ds_memory_put("out", "all", "c", "{\"Size\": 7}");
    ds_memory_put("out", "one", "d", "{}");
    ds_memory_put("out", "two", "d", "{}");
    assert_string_equal(world_plan(w), "4 1 2 0 0 1 missing 0\nb.Name: old -> two\n"
                                       "c.Name: null -> three\n"
                                       "d: 2 rows at the destination have this key");
    assert_string_equal(world_totals(w), "4 1 2 0 0 1");
    assert_string_equal(ds_memory_text("out", "b", "Size", w->arena), "7");
}

/* A hundred keys a look-up, one write a call: the memory destination tells what it would cost. */
static void a_plan_tells_what_the_pass_then_asks(void **state)
{
    world *w = *state;
    ds_memory_counts counts;

    start(w, FROM_MEMORY, TO("memory-b"), "    missing: archive\n");
    put_many(w, 250, "one");
    (void)world_plan(w);
    assert_string_equal(w->plan_cost, "find 3, create 250, 2530 ms");
    ds_memory_counted("out");
    assert_string_equal(world_totals(w), "250 250 0 0 0 0");
    counts = ds_memory_counted("out");
    assert_int_equal(counts.finds, 250);
    assert_int_equal(counts.creates, 250);
    (void)world_plan(w);
    assert_string_equal(w->plan_cost, "0 ms");
    put("k000", "two");
    ds_memory_take("in", "all", "k249");
    (void)world_plan(w);
    assert_string_equal(w->plan_cost, "update 1, archive 1, 20 ms");
    ds_memory_counted("out");
    assert_string_equal(world_totals(w), "249 0 1 248 0 0");
    counts = ds_memory_counted("out");
    assert_int_equal(counts.updates, 1);
    assert_int_equal(counts.removes, 1);
    assert_int_equal(counts.finds, 0);
}

static void a_destination_may_not_know_what_it_costs(void **state)
{
    world *w = *state;

    odd.estimate = NULL;
    start(w, FROM_MEMORY, TO("odd"), "");
    put("a", "one");
    (void)world_plan(w);
    assert_null(w->plan_cost);
}

/* Where rows can be looked for, each is, before it is marked. */
static void a_plan_tells_what_marks_cost(void **state)
{
    world *w = *state;

    for (int finds = 1; finds >= 0; finds--) {
        ds_memory_drop_all();
        odd.find = finds ? ds_memory_destination_b.find : NULL;
        start(w, FROM_MEMORY, TO("odd"), "    missing: {mark: Gone}\n");
        put("a", "one");
        put("b", "two");
        (void)world_totals(w);
        ds_memory_take("in", "all", "b");
        (void)world_plan(w);
        assert_string_equal(w->plan_cost, finds ? "find 1, update 1, 20 ms" : "update 1, 10 ms");
    }
}

/* The mark goes with the record's return, though all else is the same. */
static void a_plan_tells_of_marks_that_go(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "    missing: {mark: Gone}\n");
    put("a", "one");
    put("b", "two");
    (void)world_totals(w);
    ds_memory_take("in", "all", "b");
    assert_string_equal(world_totals(w), "1 0 0 1 0 0");
    put("b", "two");
    assert_string_equal(world_plan(w), "2 0 1 1 0 0 missing 0\nb.Gone: true -> false");
    assert_string_equal(world_totals(w), "2 0 1 1 0 0");
    assert_string_equal(world_plan(w), "2 0 0 2 0 0 missing 0");
}

static const char *only_short(ds_destination *self, ds_activity *act, const char *column,
                              ds_type type, const ds_value *value)
{
    (void)self;
    (void)type;
    return value->type == DS_TEXT && value->n > 3
               ? ds_arena_printf(ds_activity_arena(act), "%s is too long", column)
               : NULL;
}

static void a_plan_tells_what_does_not_fit(void **state)
{
    world *w = *state;

    odd.misfit = only_short;
    start(w, FROM_MEMORY, TO("odd"), "    create_only: [Name]\n");
    put("a", "one");
    put("b", "three");
    assert_string_equal(world_plan(w), "2 1 0 0 0 1 missing 0\nb: Name is too long");
    put("b", "two");
    (void)world_totals(w);
    ds_memory_put("in", "all", "b", "{\"name\": \"three\", \"size\": 2}"); /* not for old rows */
    assert_string_equal(world_plan(w), "2 0 1 1 0 0 missing 0\nb.Size: 1 -> 2");
    start(w, FROM_MEMORY, TO("odd"), "    verify: all\n");
    assert_string_equal(world_plan(w), "2 0 0 1 0 1 missing 0\nb: Name is too long");
}

/* In a file of CSV an empty cell is all there is of a null, and a list is its text. */
static void a_plan_takes_for_a_change_what_would_be_one(void **state)
{
    world *w = *state;

    start(w, FROM_FILE, "    destination: {kind: file, path: out.csv, key: Id}\n",
          "    verify: all\n");
    world_file(w, "in.jsonl",
               "{\"id\": \"a\", \"name\": null}\n{\"id\": \"b\", \"name\": [\"x\", \"y\"]}\n");
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    assert_string_equal(world_plan(w), "2 0 0 2 0 0 missing 0");
    world_file(w, "in.jsonl",
               "{\"id\": \"a\", \"name\": null}\n{\"id\": \"b\", \"name\": [\"x\", \"z\"]}\n");
    assert_string_equal(world_plan(w), "2 0 1 1 0 0 missing 0\nb.Name: x, y -> x, z");
}

static void a_plan_can_show_all_there_is(void **state)
{
    world *w = *state;

    w->plan_everything = true;
    start(w, FROM_MEMORY, TO("memory"), "    where: {name: [one, two]}\n    verify: all\n");
    put("a", "one");
    put("b", "two");
    put("c", "three");
    assert_string_equal(world_totals(w), "3 2 0 0 1 0");
    put("b", "one");
    assert_string_equal(world_plan(w), "3 0 1 1 1 0 missing 0\na: verify: all\nb.Name: two -> one");
    start(w, FROM_MEMORY, TO("memory"), "");
    put("b", "two");
    assert_string_equal(world_plan(w), "3 1 0 2 0 0 missing 0\na: the same as last written\n"
                                       "b: the same as last written");
}

/* ---- bodies ---------------------------------------------------------------------------------- */

static void put_text(const char *key, const char *text)
{
    ds_memory_put("in", "all", key, text);
}

static void a_body_is_made_of_a_property_and_planned_by_its_lines(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory-b"), "    body: text\n");
    put_text("a", "{\"name\": \"one\", \"text\": \"first\\nsecond\"}");
    put_text("b", "{\"name\": \"two\"}");
    assert_string_equal(world_plan(w),
                        "2 2 0 0 0 0 missing 0\na: 12 bytes, line 1: nothing -> first");
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    assert_string_equal(ds_memory_body("out", "a", w->arena), "first\nsecond");
    assert_null(ds_memory_body("out", "b", w->arena));
    put_text("a", "{\"name\": \"one\", \"text\": \"first\\n2nd\\nthird\"}");
    assert_string_equal(world_plan(w), "2 0 1 1 0 0 missing 0\na: 15 bytes, line 2: second -> 2nd");
    put_text("a", "{\"name\": \"one\", \"text\": \"first\\nsecond\\n\"}");
    assert_string_equal(world_plan(w), "2 0 1 1 0 0 missing 0\na: 13 bytes, line 3: nothing -> ");
    put_text("a", "{\"name\": \"one\", \"text\": \"first\\nsecant\"}");
    assert_string_equal(world_plan(w),
                        "2 0 1 1 0 0 missing 0\na: 12 bytes, line 2: second -> secant");
    put_text("a", "{\"name\": \"one\", \"text\": \"first\"}");
    assert_string_equal(world_plan(w),
                        "2 0 1 1 0 0 missing 0\na: 5 bytes, line 2: second -> nothing");
    put_text("a", "{\"name\": \"two\", \"text\": \"first\\nsecond\"}"); /* as it was */
    assert_string_equal(world_plan(w), "2 0 1 1 0 0 missing 0\na.Name: one -> two");
    put_text("a", "{\"name\": \"one\", \"text\": null}");
    assert_string_equal(world_plan(w), "2 0 1 1 0 0 missing 0\na: 0 bytes, line 1: first -> ");
    assert_string_equal(world_totals(w), "2 0 1 1 0 0");
    assert_string_equal(ds_memory_body("out", "a", w->arena), "");
    assert_string_equal(world_plan(w), "2 0 0 2 0 0 missing 0");
}

/* Whatever the destination: what the configuration says of those that write bodies once. */
static void write_bodies_once(world *w)
{
    ((ds_route *)(uintptr_t)w->config->routes[0])->body_once = true;
}

static void a_body_that_is_written_once_is_planned_for_new_rows_alone(void **state)
{
    static const char *const kinds[] = {"memory", "memory-b"};
    world *w = *state;

    for (size_t i = 0; i < DS_COUNT(kinds); i++) {
        ds_memory_drop_all();
        start(w, FROM_MEMORY, ds_arena_printf(w->arena, TO("%s"), kinds[i]),
              i ? "    body: text\n    verify: all\n" : "    body: text\n");
        write_bodies_once(w);
        put_text("a", "{\"name\": \"one\", \"text\": \"first\"}");
        assert_string_equal(world_plan(w), "1 1 0 0 0 0 missing 0\n"
                                           "a: 5 bytes, line 1: nothing -> first");
        assert_string_equal(world_totals(w), "1 1 0 0 0 0");
        assert_string_equal(ds_memory_body("out", "a", w->arena), "first");
        put_text("a", "{\"name\": \"one\", \"text\": \"second\"}");
        assert_string_equal(world_plan(w), "1 0 0 1 0 0 missing 0");
        assert_string_equal(world_totals(w), "1 0 0 1 0 0");
        put_text("a", "{\"name\": \"two\", \"text\": \"second\"}");
        assert_non_null(strstr(world_plan(w), "1 0 1 0 0 0 missing 0"));
        assert_null(strstr(world_plan(w), "bytes"));
    }
}

/* What stands there is not asked for: the destination is told that the create was lost. */
static void nor_is_a_body_left_short_whose_create_was_lost(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory-b"), "    body: text\n");
    write_bodies_once(w);
    put_text("a", "{\"name\": \"one\", \"text\": \"first\"}");
    put_text("b", "{\"name\": \"two\"}");
    ds_memory_fail("out", &(ds_memory_faults){.unknown_write = 1});
    assert_string_equal(world_totals(w), "2 1 0 0 0 1");
    ds_memory_fail("out", &(ds_memory_faults){0});
    w->clock.now_ms += DS_HOUR_MS;
    ds_memory_counted("out");
    assert_string_equal(world_totals(w), "2 0 0 2 0 0");
    assert_int_equal(ds_memory_counted("out").writes, 1);
    assert_string_equal(world_totals(w), "2 0 0 2 0 0");
    assert_int_equal(ds_memory_counted("out").writes, 0);
}

static void a_plan_ends_when_its_reader_has_seen_enough(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "");
    put_many(w, 10, "one");
    w->page_records = 4;
    w->plan_most = 3;
    assert_string_equal(world_plan(w), "3 3 0 0 0 0 missing 0"); /* within a page */
    w->plan_most = 4;
    assert_string_equal(world_plan(w), "4 4 0 0 0 0 missing 0"); /* at its end */
    w->plan_most = 5;
    assert_string_equal(world_plan(w), "5 5 0 0 0 0 missing 0");
}

static void write_always_is_planned_as_an_update(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "    write: always\n");
    put("a", "one");
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    assert_string_equal(world_plan(w), "1 0 1 0 0 0 missing 0");
}

static void a_plan_takes_nothing_for_gone_that_cannot_be_read(void **state)
{
    world *w = *state;

    start(w, FROM_FILE, TO("memory"), "    missing: delete\n");
    world_file(w, "in.jsonl", "{\"id\": \"a\"}\n{\"id\": \"b\"}\n");
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    world_file(w, "in.jsonl", "{\"id\": \"a\"}\n[]\n");
    assert_non_null(strstr(world_plan(w), "2 0 0 1 0 1 missing 0\nline:2: "));
    world_file(w, "in.jsonl", "{\"id\": \"a\"}\n{\"id\": \"c\", \"size\": \"x\"}\n");
    assert_string_equal(world_plan(w), "2 0 0 1 0 1 missing 1\nc: Size: \"x\" is not a number");
}

/* ---- what it would wait for ------------------------------------------------------------------ */

static void a_plan_says_what_waits_for_approval(void **state)
{
    world *w = *state;

    start(w, FROM_FILE, TO("memory"), "    missing: delete\n    limits: {changes: 25%}\n");
    world_file(w, "in.jsonl", "{\"id\": \"a\"}\n{\"id\": \"b\"}\n");
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    world_file(w, "in.jsonl", "{\"id\": \"a\"}\n");
    assert_string_equal(world_plan(w),
                        "1 0 0 1 0 0 missing 1 approval: more changes than `limits` allows");
    world_file(w, "in.jsonl", "");
    start(w, FROM_FILE, TO("memory"), "    missing: delete\n");
    assert_string_equal(world_plan(w), "0 0 0 0 0 0 missing 2 approval: the source is empty");
    start(w, "    source: {kind: file, path: in.jsonl, key: name}\n", TO("memory"), "");
    assert_string_equal(world_plan(w), "0 0 0 0 0 0 missing 0 approval: `key` has changed");
}

/* What it has read before the source started over is not to be counted twice. */
static void a_plan_over_a_source_that_starts_over_counts_once(void **state)
{
    world *w = *state;

    SCRIPT({.records = {{.key = "a", .name = "one"}, {.key = "b", .name = "one"}}},
           {.records = {{.key = "c", .name = "one"}, {.key = "d", .name = "one"}}});
    start(w, FROM_SCRIPT, TO("memory"), "    limits: {changes: 25%}\n");
    assert_string_equal(world_totals(w), "4 4 0 0 0 0");
    SCRIPT({.records = {{.key = "a", .name = "two"}}},
           {.records = {{.key = "a", .name = "two"}, {.key = "b", .name = "one"}}, .restart = true},
           {.records = {{.key = "c", .name = "one"}, {.key = "d", .name = "one"}}});
    assert_string_equal(world_plan(w), "4 0 1 3 0 0 missing 0\na.Name: one -> two\n"
                                       "a.Name: one -> two");
}

/* ---- what fails ------------------------------------------------------------------------------ */

static void a_plan_says_what_it_could_not_look_at(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory-b"), "");
    put("a", "one");
    ds_memory_fail("in", &(ds_memory_faults){.fail_page = 1, .kind = DS_ERR_TRANSIENT});
    assert_string_equal(world_plan(w), "error: source: page 1 fails");
    ds_memory_fail("in", &(ds_memory_faults){0});
    ds_memory_fail("out", &(ds_memory_faults){.fail_find = 1, .kind = DS_ERR_TRANSIENT});
    assert_string_equal(world_plan(w),
                        "error: look up 1 keys at the destination: the look-up fails");
}

/* ---- one record ------------------------------------------------------------------------------ */

static void one_record_is_shown_stage_by_stage(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "    where: {name: [one, two]}\n    owns: [Name]\n");
    put("a", "three");
    put("b", "two");
    assert_string_equal(try_key(w, NULL), "b | Name=two Size=1 | Name=two: written");
    assert_string_equal(try_key(w, "a"), "a | |: dropped `where` does not want it");
    assert_string_equal(try_key(w, "b"), "b | Name=two Size=1 | Name=two: written");
    assert_string_equal(try_key(w, "c"), "no such record");
    ds_memory_take("in", "all", "b"); /* none that `where` keeps: the first one says why */
    assert_string_equal(try_key(w, NULL), "a | |: dropped `where` does not want it");
    ds_memory_take("in", "all", "a");
    assert_string_equal(try_key(w, NULL), "no such record");
    assert_int_equal(ds_memory_count("out", NULL), 0);
}

static void a_record_is_looked_for_page_by_page(void **state)
{
    world *w = *state;

    SCRIPT({.records = {{.hold = "torn", .name = "x"}, {.key = "a", .name = "one"}}},
           {.records = {{.name = "no key"}, {.key = "b", .name = "two", .body = "text"}}});
    start(w, FROM_SCRIPT, TO("odd"), "");
    assert_string_equal(try_key(w, NULL), "a | Name=one | Name=one: written");
    assert_string_equal(try_key(w, "b"), "b | Name=two | Name=two: written/");
    assert_string_equal(try_key(w, "c"), "no such record");
    odd.has_bodies = false;
    assert_string_equal(try_key(w, "b"), "b | Name=two | Name=two: written");
    SCRIPT({.records = {{.hold = "torn", .name = "x"}}},
           {.records = {{.key = "a", .name = "one"}}});
    assert_string_equal(try_key(w, NULL), " | |: held torn");
    SCRIPT({.records = {{.key = "a", .name = "one"}}}, {.fails = true});
    assert_string_equal(try_key(w, "b"), "error: source: page 1 fails");
    SCRIPT({.restart = false}, {.records = {{.key = "a", .name = "one"}}}); /* an empty page */
    assert_string_equal(try_key(w, NULL), "a | Name=one | Name=one: written");
    script.refuses = true;
    assert_string_equal(try_key(w, "a"), "error: source: the door is shut");
    script.refuses = false;
    atomic_store(&w->stop, true);
    assert_string_equal(try_key(w, "a"), "error: stopped");
}

static bool huge_cursor(ds_source *self, ds_activity *act, const ds_fetch *want, ds_page *page,
                        ds_err *err)
{
    char *cursor = ds_arena_alloc(page->arena, 100 * DS_KIB);

    (void)self, (void)act, (void)want, (void)err;
    memset(cursor, 'c', 100 * DS_KIB);
    cursor[100 * DS_KIB - 1] = '\0';
    page->next_cursor = cursor;
    return true;
}

static void a_cursor_beyond_measure_ends_the_search(void **state)
{
    world *w = *state;
    ds_source_ops huge = script_source;

    huge.fetch_page = huge_cursor;
    world_source = &huge;
    start(w, FROM_SCRIPT, TO("memory"), "");
    assert_string_equal(try_key(w, "a"),
                        "error: source: the source's cursor is larger than 65536 bytes");
    huge.open = NULL;
    assert_string_equal(try_key(w, "a"),
                        "error: source: the source's cursor is larger than 65536 bytes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_plan_looks_rows_up_where_the_pass_would),
        CASE(a_plan_tells_what_the_pass_then_asks),
        CASE(a_destination_may_not_know_what_it_costs),
        CASE(a_plan_tells_what_marks_cost),
        CASE(a_plan_tells_of_marks_that_go),
        CASE(a_plan_tells_what_does_not_fit),
        CASE(a_plan_takes_for_a_change_what_would_be_one),
        CASE(a_plan_can_show_all_there_is),
        CASE(a_body_is_made_of_a_property_and_planned_by_its_lines),
        CASE(a_body_that_is_written_once_is_planned_for_new_rows_alone),
        CASE(nor_is_a_body_left_short_whose_create_was_lost),
        CASE(a_plan_ends_when_its_reader_has_seen_enough),
        CASE(write_always_is_planned_as_an_update),
        CASE(a_plan_takes_nothing_for_gone_that_cannot_be_read),
        CASE(a_plan_says_what_waits_for_approval),
        CASE(a_plan_over_a_source_that_starts_over_counts_once),
        CASE(a_plan_says_what_it_could_not_look_at),
        CASE(one_record_is_shown_stage_by_stage),
        CASE(a_record_is_looked_for_page_by_page),
        CASE(a_cursor_beyond_measure_ends_the_search),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
