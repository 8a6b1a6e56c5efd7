/* tests/integration/test_pass_routes.c
 *
 * Two routes that bring the same records, each with columns of its own, to a destination where rows
 * are met by look-ups alone: whoever is there first makes a row, and the other one adopts it.
 */
#include "tests/integration/memory_world.h"

enum { MINUTE_MS = 60000 };

static void two_routes(world *w, const char *kind)
{
    world_config(
        w, ds_arena_printf(w->arena,
                           "  names:\n" FROM_MEMORY TO(
                               "%s") "    fields: {Name: name}\n"
                                     "  sizes:\n" FROM_MEMORY TO(
                                         "%s") "    fields: {Size: {from: size, as: number}}\n",
                           kind, kind));
}

static void pass_by(world *w, int64_t ms)
{
    w->clock.now_ms += ms;
    w->clock.mono_us += ms * 1000;
}

typedef struct other_route { /* passes of `sizes` while one of `names` is under way */
    world *w;
    const char *when; /* before the first call of this name... */
    int64_t then_ms;  /* passes after it */
    const char *said; /* of the last pass */
} other_route;

static void be_first(void *to, const char *what)
{
    other_route *other = to;

    if (strcmp(what, other->when) != 0 || other->said)
        return;
    other->said = "begun";
    other->said = world_totals_of(other->w, "sizes");
    pass_by(other->w, other->then_ms);
}

static const char *meet(world *w, other_route *other)
{
    const char *said;

    ds_memory_watch("out", be_first, other);
    said = world_totals_of(w, "names");
    ds_memory_watch("out", NULL, NULL);
    return said;
}

static void assert_mirrored(world *w, const char *keys)
{
    for (const char *key = keys; *key; key++) {
        const char one[] = {*key, '\0'};

        assert_int_equal(ds_memory_count("out", one), 1);
        assert_string_equal(ds_memory_text("out", one, "Name", w->arena), "one");
        assert_string_equal(ds_memory_text("out", one, "Size", w->arena), "1");
    }
    assert_int_equal(ds_memory_count("out", NULL), strlen(keys));
}

/* `names` has looked in vain and says that it makes the rows; `sizes` comes right then. */
static void what_one_route_makes_another_waits_for(void **state)
{
    world *w = *state;
    other_route sizes = {.w = w, .when = "write"};

    two_routes(w, "memory-b");
    put("a", "one");
    put("b", "one");
    assert_string_equal(meet(w, &sizes), "2 2 0 0 0 0");
    assert_string_equal(sizes.said, "2 0 0 0 0 2");
    assert_string_equal(
        world_held(w), "a: route \"names\" makes this row: looked up by the first pass after 60 s, "
                       "there is nothing to do\n"
                       "b: route \"names\" makes this row: looked up by the first pass after 60 s, "
                       "there is nothing to do");
    assert_string_equal(world_totals_of(w, "sizes"), "2 0 0 0 0 2"); /* it waits */
    pass_by(w, MINUTE_MS);
    assert_string_equal(world_totals_of(w, "sizes"), "2 0 2 0 0 0");
    assert_mirrored(w, "ab");
    assert_string_equal(world_held(w), "");
}

/* `sizes` has made the rows between the look-up of `names` and what that says it makes. */
static void nor_is_made_again_what_does_not_show_yet(void **state)
{
    world *w = *state;
    other_route sizes = {.w = w, .when = "find"};

    two_routes(w, "memory-b");
    ds_memory_fail("out", &(ds_memory_faults){.lag_ms = 3000});
    put("a", "one");
    put("b", "one");
    assert_string_equal(meet(w, &sizes), "2 0 0 0 0 2");
    assert_string_equal(sizes.said, "2 2 0 0 0 0");
    pass_by(w, MINUTE_MS);
    assert_string_equal(world_totals_of(w, "names"), "2 0 2 0 0 0");
    assert_mirrored(w, "ab");
}

/* A person has removed rows of both: each finds that out for itself. */
static void of_rows_that_were_removed_one_is_made_again(void **state)
{
    world *w = *state;
    other_route sizes = {.w = w, .when = "find"};

    two_routes(w, "memory-b");
    put("a", "one");
    assert_string_equal(world_totals_of(w, "names"), "1 1 0 0 0 0");
    assert_string_equal(world_totals_of(w, "sizes"), "1 0 1 0 0 0");
    pass_by(w, MINUTE_MS);
    ds_memory_fail("out", &(ds_memory_faults){.lag_ms = 3000});
    ds_memory_take("out", "all", "a");
    ds_memory_put("in", "all", "a", "{\"name\": \"two\", \"size\": 2}");
    assert_string_equal(meet(w, &sizes), "1 0 0 0 0 1");
    assert_string_equal(sizes.said, "1 1 0 0 0 0");
    assert_int_equal(ds_memory_count("out", "a"), 1);
    pass_by(w, MINUTE_MS);
    assert_string_equal(world_totals_of(w, "names"), "1 0 1 0 0 0");
    assert_int_equal(ds_memory_count("out", "a"), 1);
}

/* Its process died, and nobody goes on: the row may have been made or not. */
static void a_route_that_is_gone_for_good_holds_nobody_up(void **state)
{
    world *w = *state;
    place dies = {.w = w, .at = "write"};

    two_routes(w, "memory-b");
    put("a", "one");
    ds_memory_watch("out", die_there, &dies);
    assert_int_equal(world_pass_of(w, "names").outcome, DS_PASS_CANCELLED);
    ds_memory_watch("out", NULL, NULL);
    ds_memory_take("out", "all", "a"); /* as if it had not arrived */
    assert_string_equal(world_totals_of(w, "sizes"), "1 0 0 0 0 1");
    pass_by(w, 59 * MINUTE_MS);
    assert_string_equal(world_totals_of(w, "sizes"), "1 0 0 0 0 1");
    pass_by(w, 2 * MINUTE_MS);
    assert_string_equal(world_totals_of(w, "sizes"), "1 1 0 0 0 0");
}

/* Where the other one's clock was a year ahead, the wait ends all the same. */
static void nor_does_one_whose_clock_was_ahead(void **state)
{
    world *w = *state;
    other_route sizes = {.w = w, .when = "find"};

    two_routes(w, "memory-b");
    put("a", "one");
    pass_by(w, 365 * 24 * 60 * (int64_t)MINUTE_MS);
    assert_string_equal(world_totals_of(w, "sizes"), "1 1 0 0 0 0");
    ds_memory_take("out", "all", "a");
    pass_by(w, -365 * 24 * 60 * (int64_t)MINUTE_MS);
    assert_string_equal(meet(w, &sizes), "1 1 0 0 0 0");
    assert_string_equal(sizes.said, "1 0 0 1 0 0");
}

/* ---- whose row it is ------------------------------------------------------------------------- */

/* `names` announced the rows of `a` and `b`, and was killed before that of `a` was there; `sizes`,
 * which has records of its own, makes it. */
static void names_is_killed(world *w)
{
    place dies = {.w = w, .at = "flush"};

    world_config(w,
                 "  names:\n" FROM_MEMORY TO(
                     "memory") "    fields: {Name: name}\n"
                               "    missing: delete\n"
                               "  sizes:\n    source: {kind: memory, store: other, key: id}\n" TO(
                                   "memory") "    fields: {Size: {from: size, as: number}}\n");
    put("a", "one");
    put("b", "one");
    ds_memory_put("other", "all", "a", "{\"size\": 1}");
    ds_memory_watch("out", die_there, &dies);
    assert_int_equal(world_pass_of(w, "names").outcome, DS_PASS_CANCELLED);
    ds_memory_watch("out", NULL, NULL);
    ds_memory_take("out", "all", "a");
    assert_string_equal(world_totals_of(w, "sizes"), "1 1 0 0 0 0");
}

/* Two passes of `names` after the records have left its source. */
static void assert_one_is_ours(world *w)
{
    ds_memory_take("in", "all", "a");
    ds_memory_take("in", "all", "b");
    put("c", "one");
    w->approved = true;
    assert_string_equal(world_totals_of(w, "names"), "1 1 0 0 0 0");
    assert_string_equal(world_totals_of(w, "names"), "1 0 0 1 0 0");
    assert_int_equal(ds_memory_count("out", "a"), 1);
    assert_int_equal(ds_memory_count("out", "b"), 0);
}

static void what_another_has_made_meanwhile_is_not_ours(void **state)
{
    world *w = *state;

    names_is_killed(w);
    assert_string_equal(world_totals_of(w, "names"), "2 0 1 1 0 0");
    assert_one_is_ours(w);
}

static void nor_where_its_record_is_gone_by_then(void **state)
{
    names_is_killed(*state);
    assert_one_is_ours(*state);
}

/* While one unit makes a row, another one of its route brings the record, too, and is told that it
 * is taken: that says nothing of when the row is there. */
static void make_while_a_sister_is_told_no(void *to, const char *what)
{
    other_route *other = to;

    if (strcmp(what, "write") != 0 || other->said)
        return;
    other->said = "begun";
    other->w->unit = "south";
    assert_string_equal(world_totals_of(other->w, "names"), "1 0 0 0 0 1");
    other->w->unit = "north";
    pass_by(other->w, 1000);
    other->said = world_totals_of(other->w, "sizes");
}

static void nor_does_another_unit_of_the_maker_end_the_wait(void **state)
{
    world *w = *state;
    other_route sizes = {.w = w};

    two_routes(w, "memory-b");
    put_in("north", "a", "one");
    put_in("south", "a", "one");
    w->unit = "north";
    ds_memory_watch("out", make_while_a_sister_is_told_no, &sizes);
    assert_string_equal(world_totals_of(w, "names"), "1 1 0 0 0 0");
    ds_memory_watch("out", NULL, NULL);
    assert_string_equal(sizes.said, "1 0 0 0 0 1");
    assert_int_equal(ds_memory_count("out", "a"), 1);
}

/* It has its link: among the units of its route nobody has to be asked. */
static void a_row_that_was_removed_is_made_again_beside_a_sister(void **state)
{
    world *w = *state;

    two_routes(w, "memory-b");
    put_in("north", "a", "one");
    put_in("south", "b", "one");
    w->unit = "south";
    assert_string_equal(world_totals_of(w, "names"), "1 1 0 0 0 0");
    w->unit = "north";
    assert_string_equal(world_totals_of(w, "names"), "1 1 0 0 0 0");
    ds_memory_take("out", "all", "a");
    put_in("north", "a", "two");
    assert_string_equal(world_totals_of(w, "names"), "1 1 0 0 0 0");
    assert_int_equal(ds_memory_count("out", "a"), 1);
    assert_int_equal(ds_memory_count("out", "b"), 1);
}

/* `b` was looked for with `a`, whose row turns out to be gone and is looked for again meanwhile:
 * that was no look for `b`, which `sizes` has made in between. */
static void a_row_is_as_old_as_its_own_look_up(void **state)
{
    world *w = *state;
    other_route sizes = {.w = w, .when = "write", .then_ms = 1000};

    two_routes(w, "memory-b");
    put("a", "one");
    assert_string_equal(world_totals_of(w, "names"), "1 1 0 0 0 0");
    pass_by(w, 1000);
    ds_memory_take("out", "all", "a");
    put("a", "two");
    put("b", "one");
    w->intent_records = 1;
    assert_string_equal(meet(w, &sizes), "2 0 1 0 0 1");
    assert_string_equal(sizes.said, "2 2 0 0 0 0");
    assert_int_equal(ds_memory_count("out", "a"), 1);
    assert_int_equal(ds_memory_count("out", "b"), 1);
}

/* Of two that announce a row at once the first one may have read the clock last. */
static void announce_first_and_die(world *w)
{
    place dies = {.w = w, .at = "write"};

    pass_by(w, 1000);
    ds_memory_watch("out", die_there, &dies);
    assert_int_equal(world_pass_of(w, "names").outcome, DS_PASS_CANCELLED);
    ds_memory_watch("out", NULL, NULL);
}

static void nor_who_has_read_the_clock_before(void **state)
{
    world *w = *state;

    two_routes(w, "memory-b");
    assert_string_equal(world_totals_of(w, "sizes"), "0 0 0 0 0 0");
    put("a", "one");
    w->stop_at_commit = 1;
    w->at_commit = announce_first_and_die;
    assert_string_equal(world_totals_of(w, "sizes"), "1 0 0 0 0 1");
    assert_int_equal(ds_memory_count("out", "a"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_one_route_makes_another_waits_for),
        CASE(nor_is_made_again_what_does_not_show_yet),
        CASE(of_rows_that_were_removed_one_is_made_again),
        CASE(a_route_that_is_gone_for_good_holds_nobody_up),
        CASE(nor_does_one_whose_clock_was_ahead),
        CASE(what_another_has_made_meanwhile_is_not_ours),
        CASE(nor_where_its_record_is_gone_by_then),
        CASE(nor_does_another_unit_of_the_maker_end_the_wait),
        CASE(a_row_that_was_removed_is_made_again_beside_a_sister),
        CASE(a_row_is_as_old_as_its_own_look_up),
        CASE(nor_who_has_read_the_clock_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
