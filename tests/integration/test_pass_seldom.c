/* tests/integration/test_pass_seldom.c
 *
 * What seldom comes together: a stop between two steps, a source that refuses the page ahead of a
 * write that fails, destinations of promise A whose writes come late, rows removed under the pass.
 */
#include "tests/integration/memory_world.h"

static ds_source_ops skipping; /* kind skipping: memory, which is asked again for what is gone */
static ds_destination_ops odd; /* kind odd: as one of the memory ones, and then as a test has it */

static void destination_like(const ds_destination_ops *like)
{
    odd = *like;
    odd.kind = "odd";
}

/* A service: each write is for good when it is sent, and may come as late as settle_ms. */
static void service_like(const ds_destination_ops *like, int64_t settle_ms)
{
    destination_like(like);
    odd.flush = odd.finish = NULL;
    odd.open = NULL; /* which knows nothing of generations */
    odd.settle_ms = settle_ms;
}

static int begin(void **state)
{
    skipping = ds_memory_source;
    skipping.kind = "skipping";
    skipping.may_skip = true;
    world_source = &skipping;
    world_destination = &odd;
    destination_like(&ds_memory_destination);
    return set_up(state);
}

static int end(void **state)
{
    world_source = NULL;
    world_destination = NULL;
    return tear_down(state);
}

#undef CASE
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

static void take(const char *key)
{
    ds_memory_take("in", "all", key);
}

static void lose_answer(bool never_arrives)
{
    ds_memory_fail("out", &(ds_memory_faults){.unknown_write = 1, .unknown_lost = never_arrives});
}

static void answers(void)
{
    ds_memory_fail("out", &(ds_memory_faults){0});
}

/* Killed when the first batch leaves, or arrives; the store knows that it was to. */
static void die_at_write(world *w)
{
    place p = {.w = w, .at = "write"};

    ds_memory_watch("out", die_there, &p);
    assert_int_equal(world_pass(w).outcome, DS_PASS_CANCELLED);
    ds_memory_watch("out", NULL, NULL);
}

/* ---- stops ----------------------------------------------------------------------------------- */

static world *three_of_which_one_leaves(void **state, const char *extra)
{
    world *w = *state;

    ds_memory_drop_all();
    world_free(w);
    *state = w = world_new();
    start(w, "    source: {kind: skipping, store: in, key: id}\n", TO("memory-b"), extra);
    put("a", "one");
    put("b", "two");
    put("c", "three");
    assert_string_equal(world_totals(w), "3 3 0 0 0 0");
    take("b");
    put("d", "four");
    return w;
}

static void a_stop_is_heard_behind_each_commit(void **state)
{
    static const char *const extras[] = {"    missing: delete\n", "    missing: {mark: Gone}\n"};

    for (size_t i = 0; i < DS_COUNT(extras); i++) {
        bool stopped = true;
        int nth = 0;

        while (stopped) {
            world *w = three_of_which_one_leaves(state, extras[i]);
            ds_pass_outcome outcome;

            w->stop_at_commit = ++nth;
            outcome = world_pass(w).outcome;
            stopped = atomic_exchange(&w->stop, false);
            assert_true(outcome == DS_PASS_DONE || (stopped && outcome == DS_PASS_CANCELLED));
            w->clock.now_ms += DS_HOUR_MS;
            (void)world_pass(w);
            assert_string_equal(world_totals(w), "3 0 0 3 0 0");
            assert_int_equal(ds_memory_count("out", "b"), i);
            assert_int_equal(ds_memory_count("out", "d"), 1);
        }
        assert_true(nth > 3);
    }
}

/* ---- what the source says of the page ahead -------------------------------------------------- */

/* The second page has been asked for when the first is written, and both fail. */
static void whoever_waits_longer_is_heard(void **state)
{
    static const struct {
        ds_memory_faults source, destination;
        const char *says;
        int64_t waits_ms;
    } rows[] = {
        {{.kind = DS_ERR_RATE_LIMITED, .retry_after_ms = 9000},
         {.kind = DS_ERR_RATE_LIMITED, .retry_after_ms = 5000},
         "source: page 2 fails",
         9000},
        {{.kind = DS_ERR_RATE_LIMITED, .retry_after_ms = 5000},
         {.kind = DS_ERR_RATE_LIMITED, .retry_after_ms = 9000},
         "the write fails",
         9000},
        {{.kind = DS_ERR_RATE_LIMITED, .retry_after_ms = 5000},
         {.kind = DS_ERR_TRANSIENT, .retry_after_ms = -1},
         "source: page 2 fails",
         5000},
        {{.kind = DS_ERR_AUTH, .retry_after_ms = -1},
         {.kind = DS_ERR_TRANSIENT, .retry_after_ms = -1},
         "source: page 2 fails",
         -1},
        {{.kind = DS_ERR_TRANSIENT, .retry_after_ms = -1},
         {.kind = DS_ERR_TRANSIENT, .retry_after_ms = -1},
         "the write fails",
         -1},
    };
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory"), "");
    put("a", "one");
    put("b", "two");
    w->page_records = 1;
    w->one_thread = true;
    for (size_t i = 0; i < DS_COUNT(rows); i++) {
        ds_memory_faults in = rows[i].source, out = rows[i].destination;
        ds_pass_result got;

        in.fail_page = 2;
        out.fail_write = 1;
        ds_memory_fail("in", &in);
        ds_memory_fail("out", &out);
        got = world_pass(w);
        assert_string_equal(got.err.text, rows[i].says);
        assert_int_equal(got.err.retry_after_ms, rows[i].waits_ms);
    }
    ds_memory_fail("in", &(ds_memory_faults){0});
    answers();
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
}

/* ---- promise A, and nothing is undone -------------------------------------------------------- */

/* Another's row may have been met: it is not ours to remove. */
static void a_row_that_was_perhaps_made_is_not_ours(void **state)
{
    world *w = *state;

    service_like(&ds_memory_destination, 1000);
    start(w, FROM_MEMORY, TO("odd"), "    missing: delete\n");
    put("a", "one");
    lose_answer(false);
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    answers();
    assert_string_equal(world_totals(w), "1 0 0 0 0 1"); /* it might come late */
    w->clock.now_ms += 1000;
    assert_string_equal(world_totals(w), "1 0 0 1 0 0");
    take("a");
    w->approved = true;
    assert_int_equal(world_pass(w).totals.missing, 0);
    assert_int_equal(ds_memory_count("out", "a"), 1);
}

static void one_of_a_lost_pass_whose_record_is_gone_neither(void **state)
{
    world *w = *state;

    service_like(&ds_memory_destination, 1000);
    start(w, FROM_MEMORY, TO("odd"), "    missing: delete\n");
    put("a", "one");
    die_at_write(w);
    put("b", "two");
    take("a");
    w->clock.now_ms += 1000;
    assert_int_equal(world_pass(w).totals.missing, 0);
    assert_int_equal(ds_memory_count("out", "a"), 1);
}

static void one_that_was_linked_before_stays_so(void **state)
{
    world *w = *state;

    service_like(&ds_memory_destination, 1000);
    start(w, FROM_MEMORY, TO("odd"), "    missing: delete\n");
    put("a", "one");
    put("b", "two");
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    put("a", "changed");
    die_at_write(w);
    take("a");
    w->clock.now_ms += 1000;
    assert_int_equal(world_pass(w).totals.missing, 1);
    assert_int_equal(ds_memory_count("out", "a"), 0);
}

/* What is undone with the process needs no announcement, however late it may come. */
static void one_that_flushes_waits_for_nothing(void **state)
{
    world *w = *state;

    odd.settle_ms = 1000;
    start(w, FROM_MEMORY, TO("odd"), "");
    put("a", "one");
    die_at_write(w);
    assert_string_equal(world_totals(w), "1 0 0 1 0 0");
}

static void one_that_settles_at_once_tells_its_doubts_alone(void **state)
{
    world *w = *state;

    service_like(&ds_memory_destination, 0);
    start(w, FROM_MEMORY, TO("odd"), "");
    put("a", "one");
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    put("a", "two");
    assert_string_equal(world_totals(w), "1 0 1 0 0 0");
    put("a", "three");
    die_at_write(w);
    put("a", "two");
    assert_string_equal(world_totals(w), "1 0 1 0 0 0"); /* though it was the last word before */
    assert_string_equal(ds_memory_text("out", "a", "Name", w->arena), "two");
}

/* ---- several rows of one key ----------------------------------------------------------------- */

static struct {
    const char *ids[6]; /* of the rows that hold any key; NULL: that one is not told */
    size_t n;           /* 0: as it is */
} several;

static bool find_several(ds_destination *self, ds_activity *act, const char *const *keys, size_t n,
                         ds_found *out, ds_err *err)
{
    if (!ds_memory_destination_b.find(self, act, keys, n, out, err))
        return false;
    for (size_t i = 0; i < n && several.n; i++) {
        ds_found *rows = ds_arena_zalloc(ds_activity_arena(act), several.n * sizeof(*rows));

        for (size_t k = 0; k < several.n; k++)
            rows[k] = (ds_found){.key = keys[i],
                                 .n = 1,
                                 .id = several.ids[k],
                                 .row = out[i].row,
                                 .other = k + 1 < several.n ? &rows[k + 1] : NULL};
        out[i] = rows[0];
        out[i].n = several.n;
    }
    return true;
}

static world *one_row(void **state)
{
    world *w = *state;

    destination_like(&ds_memory_destination_b);
    odd.find = find_several;
    several.n = 0;
    start(w, FROM_MEMORY, TO("odd"), "    verify: all\n");
    put("a", "one");
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    return w;
}

static void assert_held(world *w, const char *part)
{
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    if (!strstr(world_held(w), part))
        fail_msg("\"%s\" is not in \"%s\"", part, world_held(w));
}

static void those_that_are_told_are_named(void **state)
{
    world *w = one_row(state);

    several.ids[0] = "x";
    several.ids[1] = "y";
    several.ids[2] = NULL;
    several.n = 3;
    assert_held(w, "a: 3 rows at the destination have this key (x, y): none is written");
    several.n = 2;
    w->clock.now_ms += DS_DAY_MS;
    assert_held(w, "a: 2 rows at the destination have this key (x, y): none is written");
    several.ids[0] = NULL;
    w->clock.now_ms += DS_DAY_MS;
    assert_held(w, "a: 2 rows at the destination have this key: none is written");
    several.n = 0;
    w->clock.now_ms += DS_DAY_MS;
    assert_string_equal(world_totals(w), "1 0 0 1 0 0");
}

static void of_very_many_some_are_named(void **state)
{
    world *w = one_row(state);

    several.n = DS_COUNT(several.ids);
    for (size_t i = 0; i < several.n; i++)
        several.ids[i] = ds_arena_printf(w->arena, "%zu%099d", i, 0);
    assert_held(w, "a: 6 rows at the destination have this key (0000");
    assert_non_null(strstr(world_held(w), ", 2000"));
    assert_null(strstr(world_held(w), ", 3000"));
}

/* A row of ours whose answer was lost, and another's: which is which is for a person to say. */
static void a_lost_create_among_several_is_not_forgotten(void **state)
{
    world *w = *state;

    destination_like(&ds_memory_destination_b);
    start(w, FROM_MEMORY, TO("odd"), "    missing: delete\n");
    put("a", "one");
    put("b", "two");
    lose_answer(false);
    assert_string_equal(world_totals(w), "2 1 0 0 0 1");
    answers();
    ds_memory_put("out", "other", "a", "{\"Name\": \"by hand\"}");
    w->clock.now_ms += DS_HOUR_MS;
    assert_string_equal(world_totals(w), "2 0 0 1 0 1");
    assert_non_null(strstr(world_held(w), "a: 2 rows at the destination have this key"));
    ds_memory_drop_unit("out", "other");
    w->clock.now_ms += DS_HOUR_MS;
    assert_string_equal(world_totals(w), "2 0 0 2 0 0");
    take("a"); /* the one that is left is ours */
    assert_int_equal(world_pass(w).totals.missing, 1);
    assert_int_equal(ds_memory_count("out", "a"), 0);
}

/* ---- rows that are removed, or marked, by somebody else -------------------------------------- */

static bool write_nowhere(ds_destination *self, ds_activity *act, ds_write *writes, size_t n,
                          ds_err *err)
{
    (void)self, (void)act, (void)err;
    for (size_t i = 0; i < n; i++)
        writes[i].outcome = DS_OUT_GONE;
    return true;
}

static void a_row_that_is_removed_each_time_is_held(void **state)
{
    world *w = *state;

    destination_like(&ds_memory_destination_b);
    start(w, FROM_MEMORY, TO("odd"), "");
    put("a", "one");
    odd.write = write_nowhere;
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    assert_string_equal(world_held(w), "a: its row was removed while it was being written");
    odd.write = ds_memory_destination_b.write;
    w->clock.now_ms += DS_HOUR_MS;
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
}

static world *one_that_leaves_marked(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("odd"), "    missing: {mark: Gone}\n");
    put("a", "one");
    put("b", "two");
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    take("b");
    return w;
}

static void one_that_bears_the_mark_already_is_done(void **state)
{
    world *w = one_that_leaves_marked(state);

    ds_memory_put("out", "all", "b", "{\"Name\": \"two\", \"Size\": 1, \"Gone\": true}");
    assert_int_equal(world_pass(w).totals.missing, 1);
    assert_int_equal(world_pass(w).totals.missing, 0);
}

static void one_that_cannot_be_looked_for_and_is_gone_is_done(void **state)
{
    world *w;

    destination_like(&ds_memory_destination_b);
    odd.find = NULL;
    w = one_that_leaves_marked(state);
    ds_memory_take("out", "all", "b");
    assert_int_equal(world_pass(w).totals.missing, 1);
    assert_int_equal(world_pass(w).totals.missing, 0);
}

static void where_a_write_makes_what_is_gone_it_is_made_and_marked(void **state)
{
    world *w;

    odd.find = NULL;
    w = one_that_leaves_marked(state);
    ds_memory_take("out", "all", "b");
    assert_int_equal(world_pass(w).totals.missing, 1);
    assert_string_equal(ds_memory_text("out", "b", "Gone", w->arena), "true");
    assert_int_equal(world_pass(w).totals.missing, 0);
}

static void one_that_refuses_its_mark_is_tried_again(void **state)
{
    world *w = one_that_leaves_marked(state);

    ds_memory_fail("out", &(ds_memory_faults){.hold_key = "b"});
    assert_int_equal(world_pass(w).totals.missing, 0);
    answers();
    assert_int_equal(world_pass(w).totals.missing, 1);
    assert_string_equal(ds_memory_text("out", "b", "Gone", w->arena), "true");
}

/* A change was announced and never left; by now it has been taken back. */
static void what_was_only_announced_is_forgotten(void **state)
{
    world *w = *state;

    destination_like(&ds_memory_destination_b);
    start(w, FROM_MEMORY, TO("odd"), "");
    put("a", "one");
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    put("a", "two");
    lose_answer(true);
    die_at_write(w);
    answers();
    put("a", "one");
    w->clock.now_ms += DS_HOUR_MS;
    ds_memory_counted("out");
    assert_string_equal(world_totals(w), "1 0 0 1 0 0");
    assert_int_equal(ds_memory_counted("out").writes, 0);
    put("a", "three");
    assert_string_equal(world_totals(w), "1 0 1 0 0 0"); /* and nothing has to settle */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_stop_is_heard_behind_each_commit),
        CASE(whoever_waits_longer_is_heard),
        CASE(a_row_that_was_perhaps_made_is_not_ours),
        CASE(one_of_a_lost_pass_whose_record_is_gone_neither),
        CASE(one_that_was_linked_before_stays_so),
        CASE(one_that_flushes_waits_for_nothing),
        CASE(one_that_settles_at_once_tells_its_doubts_alone),
        CASE(those_that_are_told_are_named),
        CASE(of_very_many_some_are_named),
        CASE(a_lost_create_among_several_is_not_forgotten),
        CASE(a_row_that_is_removed_each_time_is_held),
        CASE(one_that_bears_the_mark_already_is_done),
        CASE(one_that_cannot_be_looked_for_and_is_gone_is_done),
        CASE(where_a_write_makes_what_is_gone_it_is_made_and_marked),
        CASE(one_that_refuses_its_mark_is_tried_again),
        CASE(what_was_only_announced_is_forgotten),
    };

    return cmocka_run_group_tests_name("what seldom comes together", tests, NULL, NULL);
}
