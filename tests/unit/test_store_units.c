/* tests/unit/test_store_units.c
 *
 * Units as rows: their state as JSON, who is due, the inbox, the history, and what a person does
 * with held records.
 */
#include "store/names.h"
#include "store/state_json.h"
#include "store_fixture.h"

/* ---- the state as JSON ----------------------------------------------------------------------- */

static const char *const some_items[] = {"a", "b \"quoted\"", "\xc3\xa4"};
static const char *const other_items[] = {"z"};

static ds_unit full_unit(void)
{
    return (ds_unit){
        .key = "repos:github:acme",
        .paused = true,
        .interval_ms = 90001,
        .runs_completed = 12,
        .last_run_ms = 1700000000123,
        .last_stats = {1, 2, 3, 4, 5, 6},
        .has_stats = true,
        .last_error = "it \"broke\"\n",
        .error_kind = "auth",
        .error_status = 401,
        .approval = "more than 25%",
        .approved = true,
        .gone = true,
        .running = true,
        .run_kind = DS_PASS_TARGETED,
        .run = {.any = true, .items = some_items, .items_n = 3},
        .run_approved = true,
        .run_since_ms = 1700000000001,
        .run_started_ms = 1700000000002,
        .cancelling = true,
        .want = {.any = true, .full = true, .changes = true, .items = other_items, .items_n = 1},
        .due_ms = 1700000000003,
        .retry_ms = 1700000000004,
        .attempts = 7,
        .every_ms = 1800000,
        .full_every_ms = 86400000,
        .full_due_ms = 1700000000005,
        .changes_from_ms = INT64_C(9007199254740993), /* beyond 2^53: our own text stays exact */
        .lists_changes = true,
        .cron = "0 6 * * 1-5",
        .zone = "Europe/Berlin",
        .next_ms = 1700000000006,
        .planned_ms = 1700000000007,
        .quiet_until_ms = 1700000000008,
    };
}

static void assert_same_want(const ds_want *is, const ds_want *want)
{
    assert_int_equal(is->any, want->any);
    assert_int_equal(is->full, want->full);
    assert_int_equal(is->changes, want->changes);
    assert_int_equal(is->items_n, want->items_n);
    assert_int_equal(is->items == NULL, want->items == NULL);
    for (size_t i = 0; i < is->items_n; i++)
        assert_string_equal(is->items[i], want->items[i]);
}

static void assert_same_text(const char *is, const char *want)
{
    if (want)
        assert_string_equal(is, want);
    else
        assert_null(is);
}

static void assert_same_unit(const ds_unit *is, const ds_unit *want)
{
    assert_string_equal(is->key, want->key);
    assert_int_equal(is->paused, want->paused);
    assert_int_equal(is->interval_ms, want->interval_ms);
    assert_int_equal(is->runs_completed, want->runs_completed);
    assert_int_equal(is->last_run_ms, want->last_run_ms);
    assert_memory_equal(&is->last_stats, &want->last_stats, sizeof is->last_stats);
    assert_int_equal(is->has_stats, want->has_stats);
    assert_same_text(is->last_error, want->last_error);
    assert_same_text(is->error_kind, want->error_kind);
    assert_int_equal(is->error_status, want->error_status);
    assert_same_text(is->approval, want->approval);
    assert_int_equal(is->approved, want->approved);
    assert_int_equal(is->gone, want->gone);
    assert_int_equal(is->running, want->running);
    assert_int_equal(is->run_kind, want->run_kind);
    assert_same_want(&is->run, &want->run);
    assert_int_equal(is->run_approved, want->run_approved);
    assert_int_equal(is->run_since_ms, want->run_since_ms);
    assert_int_equal(is->run_started_ms, want->run_started_ms);
    assert_int_equal(is->cancelling, want->cancelling);
    assert_same_want(&is->want, &want->want);
    assert_int_equal(is->due_ms, want->due_ms);
    assert_int_equal(is->retry_ms, want->retry_ms);
    assert_int_equal(is->attempts, want->attempts);
    assert_int_equal(is->every_ms, want->every_ms);
    assert_int_equal(is->full_every_ms, want->full_every_ms);
    assert_int_equal(is->full_due_ms, want->full_due_ms);
    assert_int_equal(is->changes_from_ms, want->changes_from_ms);
    assert_int_equal(is->lists_changes, want->lists_changes);
    assert_same_text(is->cron, want->cron);
    assert_same_text(is->zone, want->zone);
    assert_int_equal(is->next_ms, want->next_ms);
    assert_int_equal(is->planned_ms, want->planned_ms);
    assert_int_equal(is->quiet_until_ms, want->quiet_until_ms);
}

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
        .totals = {1, 2, 3, 4, 5, 6},
        .error = "e",
        .error_kind = "auth",
        .error_status = 401,
        .retry_after_ms = 9,
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

/* ---- units ----------------------------------------------------------------------------------- */

typedef struct save_call {
    ds_unit_row *row;
    int64_t due_ms;
} save_call;

static bool save_in_tx(ds_tx *tx, void *arg, ds_err *err)
{
    save_call *call = arg;

    return ds_tx_unit_save(tx, call->row, call->due_ms, err);
}

static void save(fixture *f, ds_unit_row *row, int64_t due_ms)
{
    must(f, do_tx(f, save_in_tx, &(save_call){row, due_ms}));
}

static bool get_by_id(ds_tx *tx, void *arg, ds_err *err)
{
    ds_unit_row **row = arg;

    return ds_tx_unit_by_id(tx, (*row)->id, scratch, row, err);
}

static void a_saved_unit_is_found_again(void **state)
{
    fixture f = fixture_new();
    ds_unit_row *row = unit_of(&f, "repos", "github:acme"), *by_id = row;
    ds_unit want = full_unit();
    int64_t id = row->id;

    (void)state;
    row->state = want;
    save(&f, row, NOW);
    fixture_reopen(&f);
    row = unit_of(&f, "repos", "github:acme");
    assert_int_equal(row->id, id);
    assert_string_equal(row->route, "repos");
    assert_string_equal(row->unit, "github:acme");
    assert_same_unit(&row->state, &want);
    must(&f, do_tx(&f, get_by_id, &by_id));
    assert_same_unit(&by_id->state, &want);
    by_id = &(ds_unit_row){.id = 999};
    must(&f, do_tx(&f, get_by_id, &by_id));
    assert_null(by_id);
    fixture_end(&f);
}

typedef struct due_call {
    size_t max;
    const int64_t *ids;
    size_t n;
    int64_t next_ms;
} due_call;

static bool due_in_tx(ds_tx *tx, void *arg, ds_err *err)
{
    due_call *call = arg;

    return ds_tx_machines_due(tx, "unit", NOW, call->max, scratch, &call->ids, &call->n,
                              &call->next_ms, err);
}

static void units_that_are_due_come_in_their_order(void **state)
{
    static const int64_t due[] = {NOW + 50, NOW, 0, NOW - 5, NOW + 40};
    fixture f = fixture_new();
    ds_unit_row *rows[5];
    due_call call = {.max = 10};

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        rows[i] = unit_of(&f, "r", ds_arena_printf(scratch, "u%zu", i));
        save(&f, rows[i], due[i]);
    }
    must(&f, do_tx(&f, due_in_tx, &call));
    assert_int_equal(call.n, 2);
    assert_int_equal(call.ids[0], rows[3]->id);
    assert_int_equal(call.ids[1], rows[1]->id);
    assert_int_equal(call.next_ms, NOW + 40);
    call.max = 1;
    must(&f, do_tx(&f, due_in_tx, &call));
    assert_int_equal(call.n, 1);
    assert_int_equal(call.next_ms, NOW); /* the one that did not fit */
    for (size_t i = 0; i < 5; i++) {
        save(&f, rows[i], 0);
    }
    must(&f, do_tx(&f, due_in_tx, &call));
    assert_int_equal(call.n, 0);
    assert_int_equal(call.next_ms, 0);
    fixture_end(&f);
}

static bool add_again(ds_tx *tx, void *arg, ds_err *err)
{
    ds_unit_row *row;

    (void)arg;
    return ds_tx_unit_add(tx, "r", "all", NOW, scratch, &row, err);
}

static void a_unit_is_added_once(void **state)
{
    fixture f = fixture_new();

    (void)state;
    unit_of(&f, "r", "all");
    assert_false(do_tx(&f, add_again, NULL));
    assert_non_null(strstr(f.err.text, "r:all"));
    fixture_end(&f);
}

static void units_are_listed_by_route_and_name(void **state)
{
    fixture f = fixture_new();
    ds_unit_row *rows;
    ds_reader *r;
    size_t n;

    (void)state;
    unit_of(&f, "q", "b");
    unit_of(&f, "q", "a");
    unit_of(&f, "p", "z");
    r = ds_reader_open(f.path, &f.err);
    must(&f, r);
    must(&f, ds_reader_units(r, NULL, NULL, scratch, &rows, &n, &f.err));
    assert_int_equal(n, 3);
    assert_string_equal(rows[0].unit, "z");
    assert_string_equal(rows[1].unit, "a");
    must(&f, ds_reader_units(r, "q", NULL, scratch, &rows, &n, &f.err));
    assert_int_equal(n, 2);
    must(&f, ds_reader_units(r, "q", "b", scratch, &rows, &n, &f.err));
    assert_int_equal(n, 1);
    assert_string_equal(rows[0].state.key, "q:b");
    must(&f, ds_reader_units(r, "p", "b", scratch, &rows, &n, &f.err));
    assert_int_equal(n, 0);
    ds_reader_close(r);
    fixture_end(&f);
}

static const struct damage {
    const char *name;
    char *sql;
    const char *says;
} damages[] = {
    {"a state that is no JSON", (char[]){"UPDATE machine SET state = '{'"},
     "state of r:all: line 1"},
    {"a unit without a name", (char[]){"UPDATE machine SET unit = NULL"}, "a unit has no name"},
};

static void a_damaged_unit_says_what_to_do(void **state)
{
    const struct damage *row = *state;
    fixture f = fixture_new();
    ds_reader *r;
    ds_unit_row *units;
    size_t n;

    unit_of(&f, "r", "all");
    must(&f, do_tx(&f, exec_in_tx, row->sql));
    r = ds_reader_open(f.path, &f.err);
    must(&f, r);
    assert_false(ds_reader_units(r, NULL, NULL, scratch, &units, &n, &f.err));
    assert_int_equal(f.err.kind, DS_ERR_CONFIG);
    assert_non_null(strstr(f.err.text, row->says));
    assert_non_null(strstr(f.err.text, "move it away (mv "));
    ds_reader_close(r);
    fixture_end(&f);
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

/* ---- the inbox ------------------------------------------------------------------------------- */

typedef struct mail {
    const char *route, *unit;
    ds_event event;
    const ds_event *taken;
    size_t n;
} mail;

static bool put_mail(ds_tx *tx, void *arg, ds_err *err)
{
    mail *m = arg;

    return ds_tx_inbox_put(tx, m->route, m->unit, &m->event, NOW, err);
}

static bool take_mail(ds_tx *tx, void *arg, ds_err *err)
{
    mail *m = arg;

    if (m->unit)
        return ds_tx_inbox_take(tx, m->route, m->unit, scratch, &m->taken, &m->n, err);
    return ds_tx_inbox_take_route(tx, m->route, scratch, &m->taken, &m->n, err);
}

static void signals_wait_for_whom_they_are_sent_to(void **state)
{
    static char stray[] = "INSERT INTO inbox(route, unit, event, at) VALUES"
                          "('r', 'a', '{\"type\":\"of the future\"}', 1), ('r', 'a', '{', 1)";
    fixture f = fixture_new();
    mail to_a = {.route = "r", .unit = "a", .event = {.type = DS_EV_PAUSE}};
    mail to_a_too = {.route = "r",
                     .unit = "a",
                     .event = {.type = DS_EV_SYNC_NOW, .items = some_items, .items_n = 3}};
    mail to_all = {.route = "r", .event = {.type = DS_EV_RESUME}};

    (void)state;
    must(&f, do_tx(&f, put_mail, &to_a));
    must(&f, do_tx(&f, exec_in_tx, stray));
    must(&f, do_tx(&f, put_mail, &to_all));
    must(&f, do_tx(&f, put_mail, &to_a_too));
    fixture_reopen(&f);
    must(&f, do_tx(&f, take_mail, &(mail){.route = "r", .unit = "b"}));
    must(&f, do_tx(&f, take_mail, &to_a));
    assert_int_equal(to_a.n, 2); /* the strays are absorbed */
    assert_int_equal(to_a.taken[0].type, DS_EV_PAUSE);
    assert_null(to_a.taken[0].items);
    assert_int_equal(to_a.taken[1].items_n, 3);
    must(&f, do_tx(&f, take_mail, &to_a));
    assert_int_equal(to_a.n, 0);
    must(&f, do_tx(&f, take_mail, &to_all));
    assert_int_equal(to_all.n, 1);
    assert_int_equal(to_all.taken[0].type, DS_EV_RESUME);
    must(&f, do_tx(&f, take_mail, &to_all));
    assert_int_equal(to_all.n, 0);
    fixture_end(&f);
}

static void the_inbox_has_an_end(void **state)
{
    static char fill[] = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
                         " WHERE i < 9999) INSERT INTO inbox(route, unit, event, at)"
                         " SELECT 'r', 'nobody', '{\"type\":\"pause\"}', i FROM n";
    fixture f = fixture_new();
    mail m = {.route = "r", .unit = "x", .event = {.type = DS_EV_PAUSE}};

    (void)state;
    must(&f, do_tx(&f, exec_in_tx, fill));
    must(&f, do_tx(&f, put_mail, &m));
    assert_false(do_tx(&f, put_mail, &m));
    assert_int_equal(f.err.kind, DS_ERR_PERMANENT);
    assert_non_null(strstr(f.err.text, "10000 signals wait"));
    must(&f, do_tx(&f, take_mail, &m));
    assert_int_equal(m.n, 1);
    must(&f, do_tx(&f, put_mail, &m));
    fixture_end(&f);
}

/* ---- the history ----------------------------------------------------------------------------- */

static bool add_runs(ds_tx *tx, void *arg, ds_err *err)
{
    int64_t more = *(int64_t *)arg;
    ds_run_row run = {.route = "r",
                      .unit = "all",
                      .kind = DS_PASS_CHANGES,
                      .outcome = DS_PASS_APPROVAL,
                      .totals = {6, 1, 1, 1, 1, 2},
                      .source_calls = 8,
                      .destination_calls = 9,
                      .error = "e",
                      .error_kind = "auth",
                      .error_status = 401};

    for (int64_t i = 0; i < more; i++) {
        run.started_ms = i;
        run.ended_ms = i + 1;
        if (!ds_tx_run_add(tx, &run, err))
            return false;
    }
    run.unit = "other";
    return ds_tx_run_add(tx, &run, err);
}

static void the_history_keeps_the_last_passes(void **state)
{
    fixture f = fixture_new();
    int64_t more = DS_RUNS_KEPT + 3;
    ds_run_row *runs;
    ds_reader *r;
    size_t n;

    (void)state;
    unit_of(&f, "r", "all");
    assert_false(do_tx(&f, add_runs, &more)); /* no unit "other" yet: nothing is added */
    unit_of(&f, "r", "other");
    must(&f, do_tx(&f, add_runs, &more));
    r = ds_reader_open(f.path, &f.err);
    must(&f, r);
    must(&f, ds_reader_runs(r, "r", "all", SIZE_MAX, scratch, &runs, &n, &f.err));
    assert_int_equal(n, DS_RUNS_KEPT);
    assert_int_equal(runs[0].started_ms, more - 1); /* newest first */
    assert_int_equal(runs[n - 1].started_ms, 3);
    assert_int_equal(runs[0].ended_ms, more);
    assert_int_equal(runs[0].kind, DS_PASS_CHANGES);
    assert_int_equal(runs[0].outcome, DS_PASS_APPROVAL);
    assert_int_equal(runs[0].totals.held, 2);
    assert_int_equal(runs[0].source_calls, 8);
    assert_int_equal(runs[0].destination_calls, 9);
    assert_string_equal(runs[0].error, "e");
    assert_string_equal(runs[0].error_kind, "auth");
    assert_int_equal(runs[0].error_status, 401);
    must(&f, ds_reader_runs(r, NULL, NULL, 2, scratch, &runs, &n, &f.err));
    assert_int_equal(n, 2);
    assert_string_equal(runs[0].unit, "other");
    assert_string_equal(runs[1].unit, "all");
    ds_reader_close(r);
    fixture_end(&f);
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
    add_test(every_word_is_read_back);
    add_test(a_saved_unit_is_found_again);
    add_test(units_that_are_due_come_in_their_order);
    add_test(a_unit_is_added_once);
    add_test(units_are_listed_by_route_and_name);
    add_table(damages, a_damaged_unit_says_what_to_do);
    add_test(a_state_beyond_all_numbers_lives_on);
    add_test(signals_wait_for_whom_they_are_sent_to);
    add_test(the_inbox_has_an_end);
    add_test(the_history_keeps_the_last_passes);
    return run_tests("store units");
}
