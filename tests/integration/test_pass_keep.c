/* tests/integration/test_pass_keep.c
 *
 * What connectors keep between passes: it is there in the next one, it never tells of records that
 * were lost, and it goes when the destination is no longer what it was.
 */
#include "tests/integration/script.h"

#define REC(key_, name_)                                                                           \
    {                                                                                              \
        .key = (key_), .name = (name_)                                                             \
    }

static ds_source_ops keeping;     /* a script whose pages are known by a mark */
static ds_destination_ops noting; /* memory, which counts its own requests and keeps a note */
static char recalled[256];        /* "0=- 1=m1": what the source knew of each page */
static char noted[64];            /* what the destination knew when it wrote */
static const char *mark = "m";    /* the source keeps this and the page's number */
static int requests;              /* of each fetch and each write */

static bool fetch_and_keep(ds_source *self, ds_activity *act, const ds_fetch *want, ds_page *page,
                           ds_err *err)
{
    const char *at = want->cursor ? want->cursor : "0";
    const char *key = ds_arena_printf(page->arena, "page:%s", at);
    const char *known = ds_activity_recall(act, key);
    size_t n = strlen(recalled);

    snprintf(recalled + n, sizeof(recalled) - n, "%s%s=%s", n ? " " : "", at, known ? known : "-");
    for (int i = 0; i < requests; i++)
        ds_activity_count(act, "GET /page");
    ds_activity_keep(act, key, mark ? ds_arena_printf(page->arena, "%s%s", mark, at) : NULL);
    ds_activity_keep_shared(act, "limit", ds_arena_printf(page->arena, "after %s", at));
    return script_fetch(self, act, want, page, err);
}

static bool write_and_note(ds_destination *self, ds_activity *act, ds_write *writes, size_t n,
                           ds_err *err)
{
    const char *known = ds_activity_recall(act, "schema");

    snprintf(noted, sizeof(noted), "%s", known ? known : "-");
    ds_activity_keep(act, "schema", "as it was");
    for (int i = 0; i < requests; i++)
        ds_activity_count(act, "POST /rows");
    return ds_memory_destination.write(self, act, writes, n, err);
}

static int begin(void **state)
{
    keeping = script_source;
    keeping.fetch_page = fetch_and_keep;
    noting = ds_memory_destination;
    noting.kind = "noting";
    noting.write = write_and_note;
    world_source = &keeping;
    world_destination = &noting;
    script.refuses = false;
    mark = "m";
    requests = 0;
    return set_up(state);
}

#undef CASE
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, tear_down)

static const char *recalls(world *w)
{
    const char *totals;

    recalled[0] = '\0';
    totals = world_totals(w);
    return ds_arena_printf(w->arena, "%s / %s", recalled, totals);
}

static const char *kept(world *w)
{
    sqlite3 *db;
    sqlite3_stmt *st;
    DS_AUTO_BUF(out, DS_MIB);

    assert_int_equal(sqlite3_open(world_path(w, "state.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db,
                                        "SELECT (unit_id = 0) || ' ' || key || '=' || value"
                                        " FROM memo ORDER BY 1",
                                        -1, &st, NULL),
                     SQLITE_OK);
    while (sqlite3_step(st) == SQLITE_ROW)
        ds_buf_printf(&out, "%s%s", out.n ? ", " : "", sqlite3_column_text(st, 0));
    sqlite3_finalize(st);
    sqlite3_close(db);
    return ds_arena_strdup(w->arena, out.data ? out.data : "");
}

static void the_next_pass_knows_it(void **state)
{
    world *w = *state;

    start(w, FROM_SCRIPT, TO("noting"), "");
    SCRIPT({.records = {REC("a", "one")}}, {.records = {REC("b", "two")}});
    assert_string_equal(recalls(w), "0=- 1=- / 2 2 0 0 0 0");
    assert_string_equal(noted, "as it was"); /* of this very pass: the second batch */
    assert_string_equal(kept(w), "0 page:0=m0, 0 page:1=m1, 0 schema=as it was, 1 limit=after 1");
    mark = "n";
    assert_string_equal(recalls(w), "0=m0 1=m1 / 2 0 0 2 0 0");
    mark = NULL;
    assert_string_equal(recalls(w), "0=n0 1=n1 / 2 0 0 2 0 0");
    assert_string_equal(kept(w), "0 schema=as it was, 1 limit=after 1");
}

/* The second page is fetched while the first is written, and fails there. */
static void a_page_that_was_not_dealt_with_is_not_known(void **state)
{
    world *w = *state;

    start(w, FROM_SCRIPT, TO("noting"), "");
    SCRIPT({.records = {REC("a", "one")}}, {.records = {REC("b", "two")}},
           {.records = {REC("c", "three")}});
    w->group_records = 1;
    ds_memory_fail("out", &(ds_memory_faults){.fail_write = 2, .kind = DS_ERR_TRANSIENT});
    assert_non_null(strstr(recalls(w), "/ failed: the write fails"));
    ds_memory_fail("out", &(ds_memory_faults){0});
    assert_null(strstr(kept(w), "page:1"));
    assert_null(strstr(kept(w), "page:2"));
    assert_string_equal(recalls(w), "0=m0 1=- 2=- / 3 2 0 1 0 0");
}

static void a_page_that_fails_is_not_known_but_limits_are(void **state)
{
    world *w = *state;

    start(w, FROM_SCRIPT, TO("noting"), "");
    SCRIPT({.records = {REC("a", "one")}}, {.fails = true});
    assert_non_null(strstr(recalls(w), "/ failed: source: page 1 fails"));
    assert_string_equal(kept(w), "0 page:0=m0, 0 schema=as it was, 1 limit=after 1");
}

static void a_commit_that_is_refused_takes_it_along(void **state)
{
    world *w = *state;

    start(w, FROM_SCRIPT, TO("noting"), "");
    SCRIPT({.records = {REC("a", "one")}});
    assert_string_equal(recalls(w), "0=- / 1 1 0 0 0 0");
    mark = "n";
    w->refuse_commit = 1;
    assert_non_null(strstr(recalls(w), "0=m0 / failed: commit links"));
    assert_non_null(strstr(kept(w), "page:0="));
    assert_string_equal(recalls(w), "0=n0 / 1 0 0 1 0 0"); /* saved with what stands */
}

static void it_goes_with_the_destination(void **state)
{
    world *w = *state;

    start(w, FROM_SCRIPT, TO("noting"), "");
    SCRIPT({.records = {REC("a", "one")}});
    assert_string_equal(recalls(w), "0=- / 1 1 0 0 0 0");
    ds_memory_drop("out");
    assert_string_equal(recalls(w), "0=- / 1 1 0 0 0 0");
    assert_non_null(strstr(kept(w), "1 limit=after 0"));
}

static void a_plan_knows_and_keeps_nothing(void **state)
{
    world *w = *state;
    const char *before;

    start(w, FROM_SCRIPT, TO("noting"), "");
    SCRIPT({.records = {REC("a", "one")}});
    recalls(w);
    before = kept(w);
    mark = "n";
    recalled[0] = '\0';
    (void)world_plan(w);
    assert_string_equal(recalled, "0=m0");
    assert_string_equal(kept(w), before);
}

static void requests_that_a_connector_counts_are_the_calls(void **state)
{
    world *w = *state;
    ds_pass_result pass;

    start(w, FROM_SCRIPT, TO("noting"), "");
    SCRIPT({.records = {REC("a", "one")}}, {.records = {REC("b", "two")}});
    requests = 3;
    pass = world_pass(w);
    assert_int_equal(pass.source_calls, 6);
    assert_int_equal(pass.destination_calls, 6);
    requests = 0; /* one that counts none: each write is one */
    SCRIPT({.records = {REC("a", "ONE")}}, {.records = {REC("b", "TWO")}});
    pass = world_pass(w);
    assert_int_equal(pass.source_calls, 0);
    assert_int_equal(pass.destination_calls, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_next_pass_knows_it),
        CASE(a_page_that_was_not_dealt_with_is_not_known),
        CASE(a_page_that_fails_is_not_known_but_limits_are),
        CASE(a_commit_that_is_refused_takes_it_along),
        CASE(it_goes_with_the_destination),
        CASE(a_plan_knows_and_keeps_nothing),
        CASE(requests_that_a_connector_counts_are_the_calls),
    };

    return cmocka_run_group_tests_name("what connectors keep", tests, NULL, NULL);
}
