/* tests/integration/test_pass_confirm.c
 *
 * Sources whose listing may pass over a row: what seems gone is asked for before it counts as gone.
 */
#include "tests/integration/memory_world.h"

static struct {
    const char *passed_over; /* by the next full read; NULL: nothing */
    const char *changed;     /* this key has another name when it is asked for */
    const char *unreadable;  /* this key comes as a record that cannot be read */
    bool fails;              /* where items are asked for */
    bool untold;             /* what for */
    int asked;               /* pages of items */
    size_t items;
} listing;

static void drop(ds_page *page, size_t i)
{
    page->records[i] = page->records[--page->records_n];
}

static void leave_out(ds_page *page)
{
    for (size_t i = 0; listing.passed_over && i < page->records_n; i++)
        if (!strcmp(page->records[i].primary_key, listing.passed_over))
            drop(page, i--);
}

static bool look_again(const ds_fetch *want, ds_page *page, ds_err *err)
{
    listing.untold |= !want->seem_gone;
    listing.asked++;
    listing.items += want->items_n;
    if (listing.fails)
        return ds_fail(err, DS_ERR_TRANSIENT, "it is out");
    for (size_t i = 0; i < page->records_n; i++) {
        ds_record *rec = &page->records[i];

        if (listing.changed && !strcmp(rec->primary_key, listing.changed))
            ds_record_set(rec, "name", ds_text("new"));
        if (listing.unreadable && !strcmp(rec->primary_key, listing.unreadable)) {
            rec->primary_key = NULL;
            ds_record_hold(rec, "thing:b", "torn");
        }
    }
    return true;
}

static bool fetch_page(ds_source *self, ds_activity *act, const ds_fetch *want, ds_page *page,
                       ds_err *err)
{
    if (!ds_memory_source.fetch_page(self, act, want, page, err))
        return false;
    if (want->items)
        return look_again(want, page, err);
    leave_out(page);
    return true;
}

static ds_source_ops skipping;

static int begin(void **state)
{
    memset(&listing, 0, sizeof(listing));
    skipping = ds_memory_source;
    skipping.kind = "skipping";
    skipping.fetch_page = fetch_page;
    skipping.may_skip = true;
    world_source = &skipping;
    return set_up(state);
}

static int end(void **state)
{
    world_source = NULL;
    return tear_down(state);
}

#undef CASE
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
#define FROM_LISTING "    source: {kind: skipping, store: in, key: id}\n"

/* Three rows, mirrored; then b is passed over. */
static world *three(void **state, const char *more)
{
    world *w = *state;

    start(w, FROM_LISTING, TO("memory-b"), more);
    put("a", "one");
    put("b", "two");
    put("c", "three");
    assert_string_equal(world_totals(w), "3 3 0 0 0 0");
    assert_int_equal(listing.asked, 0);
    listing.passed_over = "b";
    return w;
}

static void what_was_passed_over_stays(void **state)
{
    world *w = three(state, "    missing: delete\n");

    assert_string_equal(world_plan(w), "3 0 0 3 0 0 missing 0");
    assert_int_equal(listing.asked, 1);
    assert_string_equal(world_totals(w), "3 0 0 3 0 0");
    assert_int_equal(listing.asked, 2);
    assert_int_equal(listing.items, 2);
    assert_false(listing.untold);
    assert_string_equal(ds_memory_text("out", "b", "Name", w->arena), "two");
}

static void what_has_changed_meanwhile_is_written(void **state)
{
    world *w = three(state, "    missing: delete\n");

    listing.changed = "b";
    assert_string_equal(world_plan(w), "3 0 1 2 0 0 missing 0\nb.Name: two -> new");
    assert_string_equal(world_totals(w), "3 0 1 2 0 0");
    assert_string_equal(ds_memory_text("out", "b", "Name", w->arena), "new");
}

static void what_is_gone_goes(void **state)
{
    world *w = three(state, "    missing: delete\n");
    ds_pass_result out;

    ds_memory_take("in", "all", "c");
    assert_string_equal(world_plan(w), "2 0 0 2 0 0 missing 1");
    out = world_pass(w);
    assert_int_equal(out.totals.missing, 1);
    assert_int_equal(out.totals.unchanged, 2);
    assert_int_equal(ds_memory_count("out", "c"), 0);
    assert_int_equal(ds_memory_count("out", "b"), 1);
}

static void what_cannot_be_asked_for_fails_the_pass(void **state)
{
    world *w = three(state, "    missing: delete\n");

    listing.fails = true;
    assert_string_equal(world_plan(w), "error: source: it is out");
    assert_string_equal(world_totals(w), "failed: source: it is out");
    assert_int_equal(ds_memory_count("out", NULL), 3);
    listing.fails = false;
    assert_string_equal(world_totals(w), "3 0 0 3 0 0");
}

static void one_that_cannot_be_read_keeps_all(void **state)
{
    world *w = three(state, "    missing: delete\n");
    ds_pass_result out;

    ds_memory_take("in", "all", "c");
    listing.unreadable = "b";
    out = world_pass(w);
    assert_int_equal(out.totals.missing, 0);
    assert_int_equal(out.totals.held, 1);
    assert_int_equal(ds_memory_count("out", NULL), 3);
}

static void a_limit_that_a_late_record_reaches_waits_for_a_person(void **state)
{
    world *w = three(state, "    missing: delete\n    limits: {changes: 0%}\n");
    ds_pass_result out;

    listing.changed = "b";
    out = world_pass(w);
    assert_int_equal(out.outcome, DS_PASS_APPROVAL);
    assert_int_equal(ds_memory_count("out", "b"), 1);
    assert_string_equal(ds_memory_text("out", "b", "Name", w->arena), "two");
}

static void a_write_that_fails_late_fails_the_pass(void **state)
{
    world *w = three(state, "    missing: delete\n");

    listing.changed = "b";
    ds_memory_fail("out", &(ds_memory_faults){.fail_write = 1, .kind = DS_ERR_TRANSIENT});
    assert_int_equal(world_pass(w).outcome, DS_PASS_FAILED);
    ds_memory_fail("out", &(ds_memory_faults){0});
    assert_string_equal(world_totals(w), "3 0 0 2 0 1"); /* it may have been written */
    w->clock.now_ms += DS_HOUR_MS;
    assert_string_equal(world_totals(w), "3 0 1 2 0 0");
}

/* It has no link yet, and its record has not come: its row is not one that is gone. */
static void what_may_have_been_made_is_asked_for_too(void **state)
{
    world *w = three(state, "    missing: delete\n");

    listing.passed_over = NULL;
    put("d", "four");
    ds_memory_fail("out", &(ds_memory_faults){.unknown_write = 1});
    assert_string_equal(world_totals(w), "4 0 0 3 0 1");
    ds_memory_fail("out", &(ds_memory_faults){0});
    listing.passed_over = "d";
    w->clock.now_ms += DS_HOUR_MS;
    assert_string_equal(world_totals(w), "4 0 0 4 0 0"); /* it had arrived, and is found */
    assert_int_equal(ds_memory_count("out", "d"), 1);
}

/* A row that may have been made needs no asking once its record has come. */
static void what_has_come_is_not_asked_for(void **state)
{
    world *w = three(state, "    missing: delete\n");

    listing.passed_over = NULL;
    put("d", "four");
    ds_memory_fail("out", &(ds_memory_faults){.unknown_write = 1});
    assert_string_equal(world_totals(w), "4 0 0 3 0 1");
    ds_memory_fail("out", &(ds_memory_faults){0});
    listing.passed_over = "b";
    listing.items = 0;
    w->clock.now_ms += DS_HOUR_MS;
    assert_string_equal(world_totals(w), "4 0 0 4 0 0");
    assert_int_equal(listing.items, 1);
}

static void nobody_is_asked_where_nothing_would_follow(void **state)
{
    world *w = three(state, "");

    assert_string_equal(world_totals(w), "2 0 0 2 0 0");
    assert_string_equal(world_plan(w), "2 0 0 2 0 0 missing 0");
    assert_int_equal(listing.asked, 0);
}

static void a_source_that_skips_nothing_is_believed(void **state)
{
    world *w = *state;

    skipping.may_skip = false;
    three(state, "    missing: delete\n");
    assert_int_equal(world_pass(w).totals.missing, 1);
    assert_int_equal(listing.asked, 0);
}

static void a_unit_that_is_gone_is_not_asked(void **state)
{
    world *w = three(state, "    missing: delete\n");

    w->sweep = w->approved = true;
    assert_int_equal(world_pass(w).totals.missing, 3);
    assert_int_equal(listing.asked, 0);
}

static void a_plan_that_has_shown_enough_asks_for_nothing(void **state)
{
    world *w = three(state, "    missing: delete\n");

    w->plan_everything = true;
    w->plan_most = 1;
    (void)world_plan(w);
    assert_int_equal(listing.asked, 0);
}

/* A thousand rows are no slip of a listing: that is what `limits` is for. */
static void many_are_believed(void **state)
{
    for (int n = 1000; n <= 1001; n++) {
        world *w = *state;

        ds_memory_drop_all();
        world_free(w);
        *state = w = world_new();
        start(w, FROM_LISTING, TO("memory"), "    missing: delete\n");
        put("stays", "one");
        for (int i = 0; i < n; i++)
            put(ds_arena_printf(w->arena, "k%04d", i), "one");
        (void)world_totals(w);
        for (int i = 0; i < n; i++)
            ds_memory_take("in", "all", ds_arena_printf(w->arena, "k%04d", i));
        listing.asked = 0;
        assert_int_equal(world_pass(w).totals.missing, n);
        assert_int_equal(listing.asked > 0, n == 1000);
    }
}

/* One of them may have been made without our hearing of it. */
static void very_many_are_believed(void **state)
{
    world *w = *state;

    start(w, FROM_LISTING, TO("memory-b"), "    missing: delete\n");
    put("stays", "one");
    for (int i = 0; i < 1003; i++)
        put(ds_arena_printf(w->arena, "k%04d", i), "one");
    ds_memory_fail("out", &(ds_memory_faults){.unknown_write = 1004});
    assert_string_equal(world_totals(w), "1004 1003 0 0 0 1");
    ds_memory_fail("out", &(ds_memory_faults){0});
    for (int i = 0; i < 1003; i++)
        ds_memory_take("in", "all", ds_arena_printf(w->arena, "k%04d", i));
    listing.asked = 0;
    w->clock.now_ms += DS_HOUR_MS;
    assert_int_equal(world_pass(w).totals.missing, 1003);
    assert_int_equal(listing.asked, 0);
    assert_int_equal(ds_memory_count("out", NULL), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_was_passed_over_stays),
        CASE(what_has_changed_meanwhile_is_written),
        CASE(what_is_gone_goes),
        CASE(what_cannot_be_asked_for_fails_the_pass),
        CASE(one_that_cannot_be_read_keeps_all),
        CASE(a_limit_that_a_late_record_reaches_waits_for_a_person),
        CASE(a_write_that_fails_late_fails_the_pass),
        CASE(what_may_have_been_made_is_asked_for_too),
        CASE(what_has_come_is_not_asked_for),
        CASE(nobody_is_asked_where_nothing_would_follow),
        CASE(a_source_that_skips_nothing_is_believed),
        CASE(a_unit_that_is_gone_is_not_asked),
        CASE(a_plan_that_has_shown_enough_asks_for_nothing),
        CASE(many_are_believed),
        CASE(very_many_are_believed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
