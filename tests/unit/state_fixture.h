/* tests/unit/state_fixture.h - a unit in which every field is set, and two of them compared. */
#ifndef TESTS_UNIT_STATE_FIXTURE_H
#define TESTS_UNIT_STATE_FIXTURE_H

#include "store_fixture.h"

static DS_UNUSED const char *const some_items[] = {"a", "b \"quoted\"", "\xc3\xa4"};
static DS_UNUSED const char *const other_items[] = {"z"};

static DS_UNUSED ds_unit full_unit(void)
{
    return (ds_unit){
        .key = "repos:github:acme",
        .paused = true,
        .interval_ms = 90001,
        .runs_completed = 12,
        .last_run_ms = 1700000000123,
        .last_stats = {1, 2, 3, 4, 5, 6, 7},
        .has_stats = true,
        .last_error = "it \"broke\"\n",
        .error_kind = "auth",
        .last_note = "nothing came from the source for x",
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

static DS_UNUSED void assert_same_want(const ds_want *is, const ds_want *want)
{
    assert_int_equal(is->any, want->any);
    assert_int_equal(is->full, want->full);
    assert_int_equal(is->changes, want->changes);
    assert_int_equal(is->items_n, want->items_n);
    assert_int_equal(is->items == NULL, want->items == NULL);
    for (size_t i = 0; i < is->items_n; i++)
        assert_string_equal(is->items[i], want->items[i]);
}

static DS_UNUSED void assert_same_text(const char *is, const char *want)
{
    if (want)
        assert_string_equal(is, want);
    else
        assert_null(is);
}

static DS_UNUSED void assert_same_unit(const ds_unit *is, const ds_unit *want)
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
    assert_same_text(is->last_note, want->last_note);
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

#endif
