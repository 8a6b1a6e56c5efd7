/* tests/unit/test_store_units.c - units as rows: who is due, the inbox, the history. */
#include "store/names.h"
#include "state_fixture.h"

#include <time.h>

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
    r = ds_reader_open_at(&f.at, &f.err);
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
    r = ds_reader_open_at(&f.at, &f.err);
    must(&f, r);
    assert_false(ds_reader_units(r, NULL, NULL, scratch, &units, &n, &f.err));
    assert_int_equal(f.err.kind, DS_ERR_CONFIG);
    assert_non_null(strstr(f.err.text, row->says));
    assert_non_null(strstr(f.err.text, "move it away ("));
    ds_reader_close(r);
    fixture_end(&f);
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
                      .totals = {6, 1, 1, 1, 1, 2, 0},
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
    r = ds_reader_open_at(&f.at, &f.err);
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

static bool ask_the_time(ds_tx *tx, void *arg, ds_err *err)
{
    return ds_tx_now(tx, NOW, arg, err);
}

/* Of processes that share a store none has the clock that counts. */
static void the_time_is_the_stores(void **state)
{
    fixture f = fixture_new();
    int64_t told;

    (void)state;
    must(&f, do_tx(&f, ask_the_time, &told));
#ifdef STORE_ON_POSTGRESQL
    assert_in_range(told, (time(NULL) - 3600) * 1000, (time(NULL) + 3600) * 1000);
#else
    assert_int_equal(told, NOW);
#endif
    fixture_end(&f);
}

int main(void)
{
    add_test(the_time_is_the_stores);
    add_test(a_saved_unit_is_found_again);
    add_test(units_that_are_due_come_in_their_order);
    add_test(a_unit_is_added_once);
    add_test(units_are_listed_by_route_and_name);
    add_table(damages, a_damaged_unit_says_what_to_do);
    add_test(signals_wait_for_whom_they_are_sent_to);
    add_test(the_inbox_has_an_end);
    add_test(the_history_keeps_the_last_passes);
    return run_tests("store units");
}
