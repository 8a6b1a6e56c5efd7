/* tests/integration/test_pass_told.c
 *
 * What the two ends tell of themselves when they are opened, and the pass goes by: what the source
 * knows of its properties, the instance's own delays, rows that show all that can be written, and
 * those that may undo what was not flushed.
 */
#include "tests/integration/memory_world.h"

static ds_source_ops knowing;  /* kind knowing: memory, which knows of types */
static ds_destination_ops odd; /* kind odd: as one of the memory ones, and then as a test has it */

static struct {
    ds_open_out tells;   /* what is told beside what a memory table tells */
    const char *columns; /* heard: "Name=text Size" */
    const char *known;   /* heard: "name=text" */
    bool service;        /* each write is for good when it is sent */
    bool describe_fails;
    int described;
    world *w;
} ends;

static bool describe(ds_source *self, ds_activity *act, const ds_property **out, size_t *n,
                     ds_err *err)
{
    static const ds_property known[] = {{"name", DS_TEXT}, {"size", DS_INT}};

    (void)self, (void)act;
    ends.described++;
    *out = known;
    *n = DS_COUNT(known);
    return !ends.describe_fails || ds_fail(err, DS_ERR_TRANSIENT, "no types today");
}

static const char *with_type(const char *text, const char *name, ds_type type)
{
    return ds_arena_printf(ends.w->arena, "%s%s%s%s%s", text, *text ? " " : "", name,
                           type == DS_ABSENT ? "" : "=",
                           type == DS_ABSENT ? "" : ds_type_name(type));
}

static bool open_telling(ds_destination *self, ds_activity *act, const ds_open_in *in,
                         ds_open_out *out, ds_err *err)
{
    ends.columns = ends.known = "";
    for (size_t i = 0; i < in->columns_n; i++)
        ends.columns = with_type(ends.columns, in->columns[i].name, in->columns[i].comes);
    for (size_t i = 0; i < in->known_n; i++)
        ends.known = with_type(ends.known, in->known[i].name, in->known[i].type);
    if (!ds_memory_destination.open(self, act, in, out, err))
        return false;
    out->continues |= ends.service;
    out->fragile = ends.tells.fragile;
    out->has_delays = ends.tells.has_delays;
    out->settle_ms = ends.tells.settle_ms;
    out->lag_ms = ends.tells.lag_ms;
    out->whole_rows = ends.tells.whole_rows;
    return true;
}

static bool make_nothing(ds_destination *self, ds_activity *act, const ds_column *columns, size_t n,
                         void (*did)(void *to, const char *what), void *to, ds_err *err)
{
    (void)self, (void)act, (void)columns, (void)n, (void)did, (void)to, (void)err;
    return true;
}

static void destination_like(const ds_destination_ops *like)
{
    odd = *like;
    odd.kind = "odd";
    odd.open = open_telling;
    odd.ensure_schema = make_nothing;
}

static void service_like(const ds_destination_ops *like)
{
    destination_like(like);
    odd.flush = odd.finish = NULL;
    ends.service = true;
}

static int begin(void **state)
{
    memset(&ends, 0, sizeof(ends));
    knowing = ds_memory_source;
    knowing.kind = "knowing";
    knowing.describe = describe;
    world_source = &knowing;
    world_destination = &odd;
    destination_like(&ds_memory_destination);
    set_up(state);
    ends.w = *state;
    return 0;
}

static int end(void **state)
{
    world_source = NULL;
    world_destination = NULL;
    return tear_down(state);
}

#undef CASE
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
#define FROM_KNOWING "    source: {kind: knowing, store: in, key: id}\n"

/* ---- types ----------------------------------------------------------------------------------- */

static void columns_come_with_what_the_source_knows(void **state)
{
    world *w = *state;

    start(w, FROM_KNOWING, TO("odd"), "");
    put("a", "one");
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    assert_string_equal(ends.columns, "Name=text Size"); /* `as` says what that one holds */
    assert_string_equal(ends.known, "");
    assert_int_equal(ends.described, 1);
    assert_string_equal(world_plan(w), "1 0 0 1 0 0 missing 0"); /* which makes no column */
    assert_string_equal(ends.columns, "Name Size");
    assert_int_equal(ends.described, 1);
}

static void properties_that_come_as_they_are_come_with_it_too(void **state)
{
    world *w = *state;

    world_config(w, "  things:\n" FROM_KNOWING TO("odd"));
    put("a", "one");
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    assert_string_equal(ends.columns, "");
    assert_string_equal(ends.known, "name=text size=integer");
}

static void one_that_cannot_say_what_it_knows_fails_the_pass(void **state)
{
    world *w = *state;

    start(w, FROM_KNOWING, TO("odd"), "");
    put("a", "one");
    ends.describe_fails = true;
    assert_string_equal(world_totals(w), "failed: source: types of its properties: no types today");
    assert_int_equal(ds_memory_counted("out").opens, 0);
    world_config(w, "  things:\n" FROM_KNOWING TO("odd"));
    assert_string_equal(world_totals(w), "failed: source: types of its properties: no types today");
    ends.describe_fails = false;
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
}

/* ---- delays ---------------------------------------------------------------------------------- */

static void an_instance_has_delays_of_its_own(void **state)
{
    static const char shows_late[] =
        "a: its create was sent, and it does not show: looked up once more by the first pass after "
        "7 s, then it is made again";
    world *w = *state;

    service_like(&ds_memory_destination_b);
    odd.settle_ms = odd.lag_ms = DS_HOUR_MS;
    ends.tells = (ds_open_out){.has_delays = true, .settle_ms = 5000, .lag_ms = 7000};
    start(w, FROM_MEMORY, TO("odd"), "");
    put("a", "one");
    ds_memory_fail("out", &(ds_memory_faults){.unknown_write = 1, .unknown_lost = true});
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    assert_string_equal(world_held(w), "a: sent, but the answer was lost: looked up by the first "
                                       "pass after 5 s, there is nothing to do");
    ds_memory_fail("out", &(ds_memory_faults){0});
    w->clock.now_ms += 5000;
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    assert_string_equal(world_held(w), shows_late);
    w->clock.now_ms += 7000;
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
}

/* ---- a create that was sent twice ------------------------------------------------------------ */

static world *sent_twice(void **state, const char *extra)
{
    world *w = *state;

    ds_memory_drop_all();
    service_like(&ds_memory_destination_b);
    ends.tells = (ds_open_out){.has_delays = true, .settle_ms = 1000, .lag_ms = 1000};
    start(w, FROM_MEMORY, TO("odd"), extra);
    put("a", "one");
    ds_memory_fail("out", &(ds_memory_faults){.unknown_write = 1, .unknown_lost = true});
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    ds_memory_fail("out", &(ds_memory_faults){0});
    w->clock.now_ms += 1000;
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    w->clock.now_ms += 1000;
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    return w;
}

static bool find_changed(ds_destination *self, ds_activity *act, const char *const *keys, size_t n,
                         ds_found *out, ds_err *err)
{
    if (!ds_memory_destination_b.find(self, act, keys, n, out, err))
        return false;
    for (size_t i = 0; i < n; i++)
        if (out[i].row)
            ds_record_set(out[i].row, "Name", ds_text("by hand"));
    return true;
}

/* The next pass looks whether both have arrived; what a hand has changed is for `verify` alone. */
static void one_that_is_only_looked_at_is_not_written(void **state)
{
    static const struct {
        const char *extra, *name, *totals;
        int64_t writes;
    } rows[] = {
        {"", "one", "1 0 0 1 0 0", 0},
        {"    verify: all\n", "one", "1 0 0 1 0 0", 1}, /* it is sent, and is there already */
        {"", "two", "1 0 1 0 0 0", 1},
    };

    for (size_t i = 0; i < DS_COUNT(rows); i++) {
        world *w = *state;

        if (i) {
            world_free(w);
            *state = ends.w = w = world_new();
        }
        sent_twice(state, rows[i].extra);
        odd.find = find_changed;
        put("a", rows[i].name);
        ds_memory_counted("out");
        assert_string_equal(world_totals(w), rows[i].totals);
        assert_int_equal(ds_memory_counted("out").writes, rows[i].writes);
        assert_string_equal(ds_memory_text("out", "a", "Name", w->arena), rows[i].name);
    }
}

/* ---- rows that show all that can be written -------------------------------------------------- */

/* The table has one of the columns in other letters, and the other one not at all. */
static bool find_less(ds_destination *self, ds_activity *act, const char *const *keys, size_t n,
                      ds_found *out, ds_err *err)
{
    if (!ds_memory_destination_b.find(self, act, keys, n, out, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        ds_record *less = ds_new_in(ds_activity_arena(act), ds_record);
        const ds_value *name = out[i].row ? ds_record_get(out[i].row, "Name") : NULL;

        if (!name)
            continue;
        *less = (ds_record){.arena = out[i].row->arena};
        ds_record_set(less, "Other", ds_text("x"));
        ds_record_set(less, "NAME", *name);
        out[i].row = less;
    }
    return true;
}

static void what_has_no_place_there_is_no_difference(void **state)
{
    world *w = *state;

    destination_like(&ds_memory_destination_b);
    odd.find = find_less;
    start(w, FROM_MEMORY, TO("odd"), "    verify: all\n");
    put("a", "one");
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    ds_memory_counted("out");
    assert_string_equal(world_totals(w), "1 0 0 1 0 0");
    assert_int_equal(ds_memory_counted("out").writes, 1); /* for all that is known, it lacks both */
    ends.tells.whole_rows = true;
    assert_string_equal(world_totals(w), "1 0 0 1 0 0");
    assert_int_equal(ds_memory_counted("out").writes, 0);
    put("a", "two");
    assert_string_equal(world_plan(w), "1 0 1 0 0 0 missing 0\na.Name: one -> two");
    assert_string_equal(world_totals(w), "1 0 1 0 0 0");
}

/* ---- rows that undo others ------------------------------------------------------------------- */

static int64_t flushes_of_three_pages(world *w)
{
    ds_memory_drop_all();
    put("a", "one");
    put("b", "two");
    put("c", "three");
    ds_memory_counted("out");
    assert_string_equal(world_totals(w), "3 3 0 0 0 0");
    return ds_memory_counted("out").flushes;
}

static void where_a_row_may_undo_others_each_page_is_flushed(void **state)
{
    world *w = *state;
    int64_t before;

    start(w, FROM_MEMORY, TO("odd"), "");
    w->page_records = 1;
    before = flushes_of_three_pages(w);
    ends.tells.fragile = true;
    assert_true(flushes_of_three_pages(w) >= before + 2);
}

/* ---- items that have other names than keys --------------------------------------------------- */

static const char *const asked[] = {"the first one"};

static bool fetch_named(ds_source *self, ds_activity *act, const ds_fetch *want, ds_page *page,
                        ds_err *err)
{
    static const char *const keys[] = {"a"};
    ds_fetch by_key = *want;

    if (want->items && strcmp(want->items[0], asked[0]) == 0) {
        by_key.items = keys;
        by_key.items_n = 1;
        ds_page_answers(page, asked[0]);
        ds_page_answers(page, "one that nobody asked for");
    }
    return ds_memory_source.fetch_page(self, act, &by_key, page, err);
}

static void what_comes_for_an_item_of_another_name_is_taken(void **state)
{
    world *w = *state;

    knowing.fetch_page = fetch_named;
    knowing.names_items = true;
    start(w, FROM_KNOWING, TO("odd"), "");
    put("a", "one");
    put("b", "two");
    w->kind = DS_PASS_TARGETED;
    w->items = asked;
    w->items_n = 1;
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    assert_int_equal(ds_memory_count("out", NULL), 1);
    assert_int_equal(ds_memory_count("out", "a"), 1);
    assert_string_equal(world_pass(w).err.text, "");
}

static void whoever_asked_hears_what_did_not_come(void **state)
{
    static const char *const slips[] = {"a", "b1", "b1", "c", "a", "d", "e", "f"};
    static const struct {
        size_t from, n;
        const char *told;
    } rows[] = {
        {0, 1, ""},
        {0, 2, "nothing came from the source for b1"},
        {0, 4, "nothing came from the source for b1, c"},
        {2, 4, "nothing came from the source for b1, c, d"},
        {1, 7, "nothing came from the source for b1, c, d and 2 more"},
    };
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "");
    put("a", "one");
    w->kind = DS_PASS_TARGETED;
    for (size_t i = 0; i < DS_COUNT(rows); i++) {
        ds_pass_result result;

        w->items = slips + rows[i].from;
        w->items_n = rows[i].n;
        result = world_pass(w);
        assert_int_equal(result.outcome, DS_PASS_DONE);
        assert_int_equal(result.err.kind, DS_ERR_NONE);
        assert_string_equal(result.err.text, rows[i].told);
    }
}

static void and_of_a_name_that_its_source_does_not_know(void **state)
{
    static const char *const other[] = {"the first one", "the last one"};
    world *w = *state;

    knowing.fetch_page = fetch_named;
    knowing.names_items = true;
    start(w, FROM_KNOWING, TO("odd"), "");
    put("a", "one");
    w->kind = DS_PASS_TARGETED;
    w->items = other;
    w->items_n = 2;
    assert_string_equal(world_pass(w).err.text, "nothing came from the source for the last one");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(columns_come_with_what_the_source_knows),
        CASE(properties_that_come_as_they_are_come_with_it_too),
        CASE(one_that_cannot_say_what_it_knows_fails_the_pass),
        CASE(an_instance_has_delays_of_its_own),
        CASE(one_that_is_only_looked_at_is_not_written),
        CASE(what_has_no_place_there_is_no_difference),
        CASE(where_a_row_may_undo_others_each_page_is_flushed),
        CASE(what_comes_for_an_item_of_another_name_is_taken),
        CASE(whoever_asked_hears_what_did_not_come),
        CASE(and_of_a_name_that_its_source_does_not_know),
    };

    return cmocka_run_group_tests_name("what both ends tell", tests, NULL, NULL);
}
