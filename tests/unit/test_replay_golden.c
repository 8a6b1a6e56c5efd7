/* tests/unit/test_replay_golden.c
 *
 * Histories that a real server has kept of units of ours, one folder for each revision of the
 * rules: whatever was released must be replayed for ever, in pages of any size and from task to
 * task. $DS_HISTORIES of tests/temporal/worker.py keeps them, tests/temporal/histories.py makes
 * these files of them: the bytes of a History.
 *
 *   replay_golden [FOLDER]    of a whole suite, before they are forgotten
 */
#include "../support/run.h"
#include "engine/temporal/replay.h"
#include "engine/temporal/wire.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER TEST_DATA "/temporal/golden/2"
#define FILES_MAX 1999 /* tests of one program */
#define FILE_MOST (16 * DS_MIB)

typedef struct row {
    const char *name;
    char path[512];
} row;

static Ds__History *read_history(const char *path)
{
    FILE *f = fopen(path, "rb");
    uint8_t *bytes = ds_arena_alloc(scratch, FILE_MOST);
    size_t n;
    Ds__History *history;

    assert_non_null(f);
    n = fread(bytes, 1, FILE_MOST, f);
    fclose(f);
    assert_true(n < FILE_MOST);
    history = ds_wire_unpack(&ds__history__descriptor, bytes, n, scratch);
    assert_non_null(history);
    assert_true(history->n_events > 3);
    return history;
}

static ds_hevent *events_of(const Ds__History *history)
{
    ds_hevent *events = ds_arena_alloc(scratch, history->n_events * sizeof(*events));
    ds_err err = DS_ERR_INIT;

    assert_true(ds_history_read(history->events, history->n_events, scratch, events, &err));
    return events;
}

static const ds_carry *replay(const ds_hevent *events, size_t n, size_t page, int64_t started,
                              ds_arena *a)
{
    ds_replay *r = ds_replay_new(a, NULL);
    ds_err err = DS_ERR_INIT;
    bool ok = true;

    for (size_t at = 0; ok && at < n; at += page)
        ok = ds_replay_feed(r, events + at, DS_MIN(page, n - at), &err);
    if (!ok || !ds_replay_end(r, started, &err))
        fail_msg("%s", err.text);
    assert_int_equal(ds_replay_tally_of(r).events, n);
    return ds_replay_state(r);
}

static void in_pages_of_any_size(const ds_hevent *events, size_t n)
{
    const ds_carry *whole = replay(events, n, n, 0, scratch);
    DS_AUTO(ds_arena) a = ds_arena_new();

    assert_non_null(whole);
    for (size_t page = 1; page < n; page++) {
        const ds_carry *carry = replay(events, n, page, 0, a);

        assert_int_equal(carry->unit.runs_completed, whole->unit.runs_completed);
        assert_int_equal(carry->unit.due_ms, whole->unit.due_ms);
        ds_arena_reset(a);
    }
}

/* As the workers of the time saw it: each task that was answered was the last event once. */
static void from_task_to_task(const ds_hevent *events, size_t n)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    size_t tasks = 0;

    for (size_t i = 0; i + 1 < n; i++) {
        if (events[i].type != DS_HE_TASK_STARTED || events[i + 1].type != DS_HE_TASK_COMPLETED)
            continue;
        (void)replay(events, i + 1, i + 1, events[i].id, a);
        ds_arena_reset(a);
        tasks++;
    }
    assert_true(tasks > 0);
}

static void is_replayed(void **state)
{
    const row *file = *state;
    const Ds__History *history = read_history(file->path);
    const ds_hevent *events = events_of(history);

    in_pages_of_any_size(events, history->n_events);
    from_task_to_task(events, history->n_events);
}

/* Its pass is no failed one: who has told it to stop goes on with it. */
static void a_worker_that_stops_says_so(void **state)
{
    const Ds__History *history = read_history(FOLDER "/a_pause_that_a_stopping_worker_met-1.bin");
    const ds_hevent *events = events_of(history);
    size_t found = 0;

    (void)state;
    for (size_t i = 0; i < history->n_events; i++) {
        if (events[i].type != DS_HE_ACTIVITY_FAILED)
            continue;
        assert_int_equal(events[i].error_kind, DS_ERR_CANCELLED);
        found++;
    }
    assert_int_equal(found, 1);
}

static size_t find_files(const char *folder, row *rows)
{
    DIR *dir = opendir(folder);
    size_t n = 0;

    for (struct dirent *d; dir && (d = readdir(dir)) != NULL;) {
        if (d->d_name[0] == '.')
            continue;
        if (n == FILES_MAX) {
            fprintf(stderr, "more than %d histories in %s: not all are replayed\n", FILES_MAX,
                    folder);
            break;
        }
        snprintf(rows[n].path, sizeof(rows[n].path), "%s/%s", folder, d->d_name);
        rows[n].name = strrchr(rows[n].path, '/') + 1;
        n++;
    }
    if (dir)
        closedir(dir);
    return n;
}

int main(int argc, char **argv)
{
    static row rows[FILES_MAX];
    const char *folder = argc > 1 ? argv[1] : FOLDER;
    size_t n = find_files(folder, rows);

    if (n < (argc > 1 ? 1 : 10)) {
        fprintf(stderr, "only %zu histories in %s\n", n, folder);
        return 1;
    }
    add_rows(rows, n, sizeof(rows[0]), is_replayed);
    add_test(a_worker_that_stops_says_so);
    return run_tests("replay_golden");
}
