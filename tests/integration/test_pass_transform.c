/* tests/integration/test_pass_transform.c
 *
 * What a pass does with a transform, whatever is behind it: here one that is told by its program
 * what to do with which keys, and counts what it is given.
 */
#include "tests/integration/script.h"
#include "tests/integration/tried.h"

static struct {
    int64_t opened, closed, batches, records;
    bool fails;
} seen;

struct ds_transform {
    const char *program; /* letters: d drop, h hold the keys that begin with one */
};

static ds_transform *open_program(const ds_transformer *self, const char *program)
{
    ds_transform *t = ds_calloc(1, sizeof(*t));

    (void)self;
    t->program = program;
    seen.opened++;
    return t;
}

static void close_program(ds_transform *t)
{
    seen.closed++;
    free(t);
}

/* The property "Name" gets the program behind it, and "Made" is new. */
static void make(const ds_transform *t, const ds_transform_in *in, ds_arena *a,
                 ds_transform_out *out)
{
    *out = (ds_transform_out){.fate = DS_TRANSFORM_KEPT, .body = in->body};
    out->props = ds_arena_alloc(a, (in->n + 1) * sizeof(ds_prop));
    for (size_t i = 0; i < in->n; i++) {
        out->props[out->n++] = in->props[i];
        if (!strcmp(in->props[i].name, "Name"))
            out->props[i].value = ds_text(
                ds_arena_printf(a, "%s %s", ds_value_text(a, in->props[i].value), t->program));
    }
    out->props[out->n++] = (ds_prop){"Made", ds_bool(true)};
}

static bool apply(ds_transform *t, ds_activity *act, const ds_transform_in *in, size_t n,
                  ds_arena *a, ds_transform_out *out, ds_err *err)
{
    (void)act;
    if (seen.fails)
        return ds_fail(err, DS_ERR_PERMANENT, "no worker will have it");
    seen.batches++;
    seen.records += (int64_t)n;
    for (size_t i = 0; i < n; i++) {
        bool named = strchr(t->program, *in[i].key);

        if (named && *in[i].key == 'd')
            out[i] = (ds_transform_out){.fate = DS_TRANSFORM_DROPPED};
        else if (named && *in[i].key == 'h')
            out[i] = (ds_transform_out){.fate = DS_TRANSFORM_HELD, .reason = "transform: no"};
        else
            make(t, &in[i], a, &out[i]);
    }
    return true;
}

static bool check(const ds_transformer *self, const char *program, ds_transform_say *say, void *to,
                  ds_err *err)
{
    (void)self, (void)program, (void)say, (void)to, (void)err;
    return true;
}

static const ds_transformer fake = {check, open_program, apply, close_program};

static int begin(void **state)
{
    memset(&seen, 0, sizeof(seen));
    world_transformer = &fake;
    return set_up(state);
}

static int end(void **state)
{
    world_transformer = NULL;
    return tear_down(state);
}

#undef CASE
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

static void begin_with(world *w, const char *program)
{
    start(w, FROM_MEMORY, TO_SQLITE, ds_arena_printf(w->arena, "    transform: %s\n", program));
}

#define ROWS "SELECT Id, Name, Size, Made FROM things ORDER BY Id"

static void rows_are_what_comes_out(void **state)
{
    world *w = *state;

    begin_with(w, "d");
    put("a", "one");
    put("d", "two");
    put("h", "three");
    assert_string_equal(world_totals(w), "3 2 0 0 1 0");
    assert_string_equal(world_sql(w, ROWS), "a|one d|1|1\nh|three d|1|1");
    assert_int_equal(seen.batches, 1); /* the page as one */
    assert_string_equal(world_totals(w), "3 0 0 2 1 0");
    assert_int_equal(seen.opened, 2);
    assert_int_equal(seen.closed, 2);
}

static void another_program_updates_what_differs(void **state)
{
    world *w = *state;

    begin_with(w, "d");
    put("a", "one");
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    begin_with(w, "x");
    assert_string_equal(world_totals(w), "1 0 1 0 0 0");
    assert_string_equal(world_sql(w, ROWS), "a|one x|1|1");
}

static void a_pass_with_nothing_to_do_opens_none(void **state)
{
    world *w = *state;

    begin_with(w, "d");
    assert_string_equal(world_totals(w), "0 0 0 0 0 0");
    assert_int_equal(seen.opened, 0);
}

/* It may have cost a worker: it is not run again before it is due. */
static void a_held_record_is_not_run_before_it_is_due(void **state)
{
    world *w = *state;

    begin_with(w, "h");
    put("a", "one");
    put("h", "two");
    assert_string_equal(world_totals(w), "2 1 0 0 0 1");
    assert_string_equal(world_held(w), "h: transform: no");
    assert_int_equal(seen.records, 2);
    assert_string_equal(world_totals(w), "2 0 0 1 0 1");
    assert_int_equal(seen.records, 3); /* a alone */
    w->clock.now_ms += DS_MINUTE_MS;
    assert_string_equal(world_totals(w), "2 0 0 1 0 1");
    assert_int_equal(seen.records, 5); /* due: both */
    w->clock.now_ms += DS_MINUTE_MS;
    assert_string_equal(world_totals(w), "2 0 0 1 0 1");
    assert_int_equal(seen.records, 6); /* it waits for two minutes now */
    assert_string_equal(world_held(w), "h: transform: no");
}

static void a_changed_record_or_program_is_run_at_once(void **state)
{
    world *w = *state;

    begin_with(w, "h");
    put("h", "two");
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    put("h", "three");
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    assert_int_equal(seen.records, 2);
    begin_with(w, "x");
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    assert_string_equal(world_held(w), "");
    assert_string_equal(world_sql(w, ROWS), "h|three x|1|1");
}

/* As by `where`: it is there, and it takes nothing away from another of its key. */
static void a_dropped_record_supersedes_nothing_and_is_not_missing(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO_SQLITE, "    transform: x\n    missing: delete\n");
    put("a", "one");
    put("d", "two");
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    start(w, FROM_MEMORY, TO_SQLITE, "    transform: d\n    missing: delete\n");
    assert_string_equal(world_totals(w), "2 0 1 0 1 0");
    assert_string_equal(world_sql(w, ROWS), "a|one d|1|1\nd|two x|1|1");
}

static void a_transform_that_cannot_run_fails_the_pass(void **state)
{
    world *w = *state;

    begin_with(w, "d");
    put("a", "one");
    seen.fails = true;
    assert_string_equal(world_totals(w), "failed: transform: no worker will have it");
    seen.fails = false;
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
}

static void names_that_the_route_writes_by_itself(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO_SQLITE, "    transform: x\n    stamp: Made\n");
    put("a", "one");
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    assert_string_equal(world_held(w),
                        "a: transform: \"Made\" is the stamp, which is written by itself");
    start(w, FROM_MEMORY, TO_SQLITE, "    transform: x\n    missing: {mark: Made}\n");
    w->clock.now_ms += DS_MINUTE_MS;
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    assert_string_equal(
        world_held(w),
        "a: transform: \"Made\" is the mark of missing rows, which is written by itself");
}

static void owns_and_create_only_come_behind(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO_SQLITE,
          "    transform: x\n    owns: [Name, Made]\n    create_only: [Name]\n");
    put("a", "one");
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    assert_string_equal(world_sql(w, "SELECT * FROM things"), "a|one x|1");
    put("a", "two");
    assert_string_equal(world_totals(w), "1 0 0 1 0 0");
}

static void a_plan_runs_it_too(void **state)
{
    world *w = *state;

    begin_with(w, "dh");
    put("a", "one");
    put("d", "two");
    put("h", "three");
    assert_non_null(strstr(world_plan(w), "3 1 0 0 1 1"));
}

static void bodies_go_through_where_they_are_understood(void **state)
{
    world *w = *state;

    world_source = &script_source;
    SCRIPT({.records = {{.key = "a", .name = "one", .body = "text"}}});
    start(w, FROM_SCRIPT, TO("memory"), "    transform: x\n");
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    SCRIPT({.records = {{.key = "a", .name = "one", .body = "words"}}});
    assert_string_equal(world_totals(w), "1 0 1 0 0 0");
    start(w, FROM_SCRIPT, TO_SQLITE, "    transform: x\n"); /* that knows no bodies */
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    SCRIPT({.records = {{.key = "a", .name = "one", .body = "text"}}});
    assert_string_equal(world_totals(w), "1 0 0 1 0 0");
}

/* What has no key goes through nothing. */
static void a_record_that_is_held_already_is_not_run(void **state)
{
    world *w = *state;

    start(w, FROM_FILE, TO_SQLITE, "    transform: x\n");
    world_file(w, "in.jsonl", "{\"id\": \"a\", \"name\": \"one\"}\n[]\n");
    assert_string_equal(world_totals(w), "2 1 0 0 0 1");
    assert_int_equal(seen.records, 1);
}

static void a_page_of_records_that_wait_opens_none(void **state)
{
    world *w = *state;

    begin_with(w, "h");
    put("h", "two");
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    assert_int_equal(seen.opened, 1);
    assert_int_equal(seen.batches, 1);
}

static void one_worker_does_all_pages(void **state)
{
    world *w = *state;

    begin_with(w, "x");
    w->page_records = 1;
    put("a", "one");
    put("b", "two");
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    assert_int_equal(seen.batches, 2);
    assert_int_equal(seen.opened, 1);
}

static void try_shows_what_comes_out(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO_SQLITE, "    transform: dh\n    owns: [Name]\n");
    put("a", "one");
    put("d", "two");
    put("h", "three");
    assert_string_equal(try_key(w, "a"), "a | Name=one Size=1 > Name=one dh Size=1 Made=true | "
                                         "Name=one dh: written");
    assert_string_equal(try_key(w, "d"), "d | Name=two Size=1 |: dropped `transform` drops it");
    assert_string_equal(try_key(w, "h"), "h | Name=three Size=1 |: held transform: no");
    start(w, FROM_MEMORY, TO_SQLITE, "    transform: x\n    stamp: Made\n");
    assert_string_equal(try_key(w, "a"),
                        "a | Name=one Size=1 > Name=one x Size=1 Made=true |: held transform: "
                        "\"Made\" is the stamp, which is written by itself");
    seen.fails = true;
    assert_string_equal(try_key(w, "a"), "error: transform: no worker will have it");
    assert_int_equal(seen.opened, seen.closed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(rows_are_what_comes_out),
        CASE(another_program_updates_what_differs),
        CASE(a_pass_with_nothing_to_do_opens_none),
        CASE(a_held_record_is_not_run_before_it_is_due),
        CASE(a_changed_record_or_program_is_run_at_once),
        CASE(a_dropped_record_supersedes_nothing_and_is_not_missing),
        CASE(a_transform_that_cannot_run_fails_the_pass),
        CASE(names_that_the_route_writes_by_itself),
        CASE(owns_and_create_only_come_behind),
        CASE(a_plan_runs_it_too),
        CASE(bodies_go_through_where_they_are_understood),
        CASE(a_record_that_is_held_already_is_not_run),
        CASE(a_page_of_records_that_wait_opens_none),
        CASE(one_worker_does_all_pages),
        CASE(try_shows_what_comes_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
