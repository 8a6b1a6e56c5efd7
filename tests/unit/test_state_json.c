/* tests/unit/test_state_json.c - a unit's state and its events as JSON, there and back. */
#include "store/names.h"
#include "store/state_json.h"
#include "state_fixture.h"

static ds_unit read_state(const char *text, const char *key)
{
    ds_err err = DS_ERR_INIT;
    const ds_json *json = ds_json_read(scratch, text, strlen(text), &err);
    ds_unit unit;

    if (!json)
        fail_msg("%s", err.text);
    ds_state_read(json, key, scratch, &unit);
    return unit;
}

static ds_unit through_json(const ds_unit *unit)
{
    DS_AUTO_BUF(text, DS_MIB);
    ds_json_writer w = ds_json_w(&text, false);

    ds_state_write(&w, unit);
    return read_state(text.data, unit->key);
}

static void every_field_of_a_unit_survives(void **state)
{
    ds_unit unit = full_unit(), again = through_json(&unit);

    (void)state;
    assert_same_unit(&again, &unit);
}

static void a_new_unit_survives(void **state)
{
    ds_unit unit, again;

    (void)state;
    ds_unit_init(&unit, "r:all", NOW);
    again = through_json(&unit);
    assert_same_unit(&again, &unit);
}

static void the_text_has_the_peers_names(void **state)
{
    static const char *const members[] = {
        "\"key\":\"repos:github:acme\"",
        "\"paused\":true",
        "\"interval_minutes\":2", /* rounded up */
        "\"runs_completed\":12",
        "\"last_run\":\"2023-11-14T22:13:20.123+00:00\"",
        "\"last_stats\":{\"total\":1,\"created\":2,\"updated\":3,\"unchanged\":4,\"skipped\":5",
        "\"last_error\":\"it \\\"broke\\\"\\n\"",
        "\"sync_pending\":true",
    };
    DS_AUTO_BUF(text, DS_MIB);
    ds_json_writer w = ds_json_w(&text, false);
    ds_unit unit = full_unit();

    (void)state;
    unit.cron = unit.zone = NULL;
    ds_state_write(&w, &unit);
    for (size_t i = 0; i < DS_COUNT(members); i++) {
        if (!strstr(text.data, members[i]))
            fail_msg("no %s in %s", members[i], text.data);
    }
}

static void a_unit_by_cron_has_no_interval(void **state)
{
    DS_AUTO_BUF(text, DS_MIB);
    ds_json_writer w = ds_json_w(&text, false);
    ds_unit unit = full_unit();

    (void)state;
    ds_state_write(&w, &unit);
    assert_non_null(strstr(text.data, "\"interval_minutes\":null,"));
    assert_non_null(strstr(text.data, "\"cron\":\"0 6 * * 1-5\",\"zone\":\"Europe/Berlin\""));
}

static void what_is_missing_gets_its_default(void **state)
{
    ds_unit unit = read_state("{\"from_the_future\":{\"x\":[1]},\"attempts\":\"many\"}", "r:all");
    ds_unit fresh;

    (void)state;
    ds_unit_init(&fresh, "r:all", 0);
    assert_same_unit(&unit, &fresh);
}

static void a_peers_status_is_understood(void **state)
{
    ds_unit unit = read_state("{\"key\":\"other\",\"paused\":true,\"interval_minutes\":15,"
                              "\"runs_completed\":3,\"last_run\":\"2026-01-01T00:00:00+00:00\","
                              "\"last_stats\":{\"total\":5},\"last_error\":null,"
                              "\"sync_pending\":true}",
                              "r:all");

    (void)state;
    assert_string_equal(unit.key, "r:all"); /* the row's name counts */
    assert_true(unit.paused);
    assert_int_equal(unit.interval_ms, 15 * DS_MINUTE_MS);
    assert_int_equal(unit.last_run_ms, 1767225600000);
    assert_true(unit.has_stats);
    assert_int_equal(unit.last_stats.total, 5);
    assert_null(unit.last_error);
    assert_true(unit.want.any);
    assert_true(unit.want.full);
}

static void every_field_of_an_event_survives(void **state)
{
    const ds_event event = {
        .type = DS_EV_PASS_ENDED,
        .items = some_items,
        .items_n = 3,
        .interval_ms = 1,
        .full_every_ms = 2,
        .lists_changes = true,
        .spread_ms = 3,
        .outcome = DS_PASS_APPROVAL,
        .totals = {1, 2, 3, 4, 5, 6, 7},
        .error = "e",
        .error_kind = "auth",
        .error_status = 401,
        .retry_after_ms = 9,
        .wants_full = true,
        .put_off = true,
        .tells_times = true,
        .next_ms = 10,
        .quiet_until_ms = 11,
        .cron = "* * * * *",
        .zone = "UTC",
        .first_ms = 12,
    };
    DS_AUTO_BUF(text, DS_MIB);
    ds_json_writer w = ds_json_w(&text, false);
    ds_err err = DS_ERR_INIT;
    ds_event again;

    (void)state;
    ds_event_write(&w, &event);
    assert_true(
        ds_event_read(ds_json_read(scratch, text.data, text.n, &err), scratch, &again, &err));
    assert_int_equal(again.type, event.type);
    assert_int_equal(again.items_n, 3);
    assert_string_equal(again.items[1], some_items[1]);
    assert_int_equal(again.interval_ms, 1);
    assert_int_equal(again.full_every_ms, 2);
    assert_true(again.lists_changes);
    assert_int_equal(again.spread_ms, 3);
    assert_int_equal(again.outcome, DS_PASS_APPROVAL);
    assert_memory_equal(&again.totals, &event.totals, sizeof again.totals);
    assert_string_equal(again.error, "e");
    assert_string_equal(again.error_kind, "auth");
    assert_int_equal(again.error_status, 401);
    assert_int_equal(again.retry_after_ms, 9);
    assert_true(again.wants_full);
    assert_true(again.put_off);
    assert_true(again.tells_times);
    assert_int_equal(again.next_ms, 10);
    assert_int_equal(again.quiet_until_ms, 11);
    assert_string_equal(again.cron, "* * * * *");
    assert_string_equal(again.zone, "UTC");
    assert_int_equal(again.first_ms, 12);
}

/* By an interval, as most are: there is no zone without a cron. */
static void an_event_that_tells_times_without_cron(void **state)
{
    static const char text[] =
        "{\"type\":\"ensure\",\"times\":{\"next_ms\":10,\"zone\":\"UTC\",\"first_ms\":12}}";
    ds_err err = DS_ERR_INIT;
    ds_event event;

    (void)state;
    assert_true(
        ds_event_read(ds_json_read(scratch, text, strlen(text), &err), scratch, &event, &err));
    assert_true(event.tells_times);
    assert_int_equal(event.next_ms, 10);
    assert_int_equal(event.first_ms, 12);
    assert_null(event.cron);
    assert_null(event.zone);
}

static void every_word_is_read_back(void **state)
{
    ds_event_type type;

    (void)state;
    for (int i = DS_PASS_FULL; i <= DS_PASS_TARGETED; i++)
        assert_int_equal(ds_kind_of_word(ds_kind_word((ds_pass_kind)i)), i);
    for (int i = DS_PASS_DONE; i <= DS_PASS_SLICED; i++)
        assert_int_equal(ds_outcome_of_word(ds_outcome_word((ds_pass_outcome)i)), i);
    for (int i = DS_EV_ENSURE; i <= DS_EV_PASS_ENDED; i++) {
        assert_true(ds_event_of_word(ds_event_word((ds_event_type)i), &type));
        assert_int_equal(type, i);
    }
    assert_false(ds_event_of_word("explode", &type));
    assert_false(ds_event_of_word(NULL, &type));
    assert_int_equal(ds_kind_of_word("?"), DS_PASS_FULL);
    assert_int_equal(ds_outcome_of_word(NULL), DS_PASS_FAILED);
}

static const char *with_numbers(const char *number)
{
    static const char *const names[] = {
        "interval_ms",    "interval_minutes", "runs_completed", "due_ms",        "retry_ms",
        "attempts",       "every_ms",         "full_every_ms",  "full_due_ms",   "changes_from_ms",
        "run_started_ms", "next_ms",          "planned_ms",     "quiet_until_ms"};
    const char *text =
        ds_arena_printf(scratch, "{\"running\":true,\"last_stats\":{\"total\":%s}", number);

    for (size_t i = 0; i < DS_COUNT(names); i++)
        text = ds_arena_printf(scratch, "%s,\"%s\":%s", text, names[i], number);
    return ds_arena_printf(scratch, "%s}", text);
}

/* The machine adds and subtracts what it is given; UBSan looks on. */
static void a_state_beyond_all_numbers_lives_on(void **state)
{
    static const char *const numbers[] = {"9223372036854775807", "-9223372036854775808"};
    static const ds_event_type events[] = {DS_EV_ENSURE, DS_EV_TIMER, DS_EV_PASS_ENDED,
                                           DS_EV_TIMER};

    (void)state;
    for (size_t i = 0; i < DS_COUNT(numbers); i++) {
        const char *text = with_numbers(numbers[i]);
        ds_unit unit = read_state(text, "r:all"), again;
        ds_actions actions;

        for (size_t e = 0; e < DS_COUNT(events); e++) {
            ds_event event = {.type = events[e], .outcome = DS_PASS_FAILED, .interval_ms = 60000};

            ds_unit_apply(&unit, &event, NOW, scratch);
            ds_unit_decide(&unit, NOW, &actions);
            again = through_json(&unit);
            assert_same_unit(&again, &unit);
        }
        assert_true(unit.interval_ms > 0 && unit.attempts > 0 && unit.last_stats.total >= 0);
    }
}

int main(void)
{
    add_test(every_field_of_a_unit_survives);
    add_test(a_new_unit_survives);
    add_test(the_text_has_the_peers_names);
    add_test(a_unit_by_cron_has_no_interval);
    add_test(what_is_missing_gets_its_default);
    add_test(a_peers_status_is_understood);
    add_test(every_field_of_an_event_survives);
    add_test(an_event_that_tells_times_without_cron);
    add_test(every_word_is_read_back);
    add_test(a_state_beyond_all_numbers_lives_on);
    return run_tests("state as JSON");
}
