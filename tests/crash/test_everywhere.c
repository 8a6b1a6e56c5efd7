/* tests/crash/test_everywhere.c [SCENARIO [N]]
 *
 * The claim that everything rests on: the process may die at any instruction.  Each scenario is run
 * once per durable step and per outgoing write, killed there, started again, and must come out as
 * if nothing had happened: every row once, none lost, hand-made rows and columns intact, and a
 * further run writes nothing.  With N, each N-th step only: under a sanitizer, which looks at how a
 * run goes on and not at what a kill leaves, so that one step says what its neighbours would.
 */
#include "base/crashpoint.h"
#include "base/log.h"
#include "config/config.h"
#include "connectors/file/file.h"
#include "connectors/postgresql/postgresql.h"
#include "connectors/sqlite/sqlite.h"
#include "engine/engine.h"
#include "server.h"
#include "store/driver.h"
#include "support/leave.h"

#include <fcntl.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { CRASHED = 86, RECORDS = 64, STEPS_MOST = 3000 };

extern const ds_db_driver ds_pgstore;

typedef struct scenario {
    const char *name;
    const char *destination; /* sqlite, jsonl, csv, postgresql */
    bool from_table;         /* the source is a table of PostgreSQL, else a file */
    bool server_keeps;       /* the store is on a PostgreSQL server, else a file */
    const char *missing;
    bool prior;   /* a pass before: the one that is killed finds links */
    bool reorder; /* and the source in another order */
    bool back;    /* once the process is dead, the source goes back to what it was before */
    int gone, changed, added; /* what happened to the source since */
} scenario;

static const scenario scenarios[] = {
    {.name = "sqlite, first pass", .destination = "sqlite", .missing = "ignore", .added = RECORDS},
    {.name = "sqlite, update pass",
     .destination = "sqlite",
     .missing = "ignore",
     .prior = true,
     .changed = 30},
    {.name = "sqlite, mixed pass",
     .destination = "sqlite",
     .missing = "delete",
     .prior = true,
     .gone = 9,
     .changed = 17,
     .added = 13,
     .reorder = true},
    {.name = "sqlite, rows marked",
     .destination = "sqlite",
     .missing = "{mark: Gone}",
     .prior = true,
     .gone = 20,
     .changed = 3},
    {.name = "sqlite, taken back",
     .destination = "sqlite",
     .missing = "delete",
     .prior = true,
     .gone = 9,
     .changed = 17,
     .added = 13,
     .back = true},
    {.name = "postgresql, first pass",
     .destination = "postgresql",
     .missing = "ignore",
     .added = RECORDS},
    {.name = "postgresql, update pass",
     .destination = "postgresql",
     .missing = "ignore",
     .prior = true,
     .changed = 30},
    {.name = "postgresql, mixed pass",
     .destination = "postgresql",
     .missing = "delete",
     .from_table = true,
     .prior = true,
     .gone = 9,
     .changed = 17,
     .added = 13},
    {.name = "postgresql, rows marked",
     .destination = "postgresql",
     .missing = "{mark: Gone}",
     .prior = true,
     .gone = 20,
     .changed = 3},
    {.name = "stored on a server, mixed pass",
     .destination = "sqlite",
     .server_keeps = true,
     .missing = "delete",
     .prior = true,
     .gone = 9,
     .changed = 17,
     .added = 13,
     .reorder = true},
    {.name = "jsonl, first pass", .destination = "jsonl", .missing = "ignore", .added = RECORDS},
    {.name = "jsonl, update pass",
     .destination = "jsonl",
     .missing = "ignore",
     .prior = true,
     .changed = 30},
    {.name = "jsonl, mixed pass",
     .destination = "jsonl",
     .missing = "delete",
     .prior = true,
     .gone = 9,
     .changed = 17,
     .added = 13},
    {.name = "jsonl, taken back",
     .destination = "jsonl",
     .missing = "delete",
     .prior = true,
     .gone = 9,
     .changed = 17,
     .added = 13,
     .back = true},
    {.name = "csv, mixed pass",
     .destination = "csv",
     .missing = "delete",
     .prior = true,
     .gone = 9,
     .changed = 17,
     .added = 13},
};

static const ds_source_ops *const sources[] = {&ds_file_source, &ds_postgresql_source};
static const ds_destination_ops *const destinations[] = {
    &ds_file_destination, &ds_sqlite_destination, &ds_postgresql_destination};
static const ds_connectors connectors = {.sources = sources,
                                         .sources_n = DS_COUNT(sources),
                                         .destinations = destinations,
                                         .destinations_n = DS_COUNT(destinations)};

/* ---- the process under test ------------------------------------------------------------------ */

static atomic_int steps_left;
static int stride = 1; /* from one step to the next that is tried */

static void crash_at_zero(const char *where)
{
    (void)where;
    if (atomic_fetch_sub(&steps_left, 1) == 1)
        leave(CRASHED);
}

static int run_once(const char *dir)
{
    char path[512];
    ds_err err = DS_ERR_INIT;
    DS_AUTO_BUF(errors, DS_MIB);
    pid_t holder;
    bool ok;

    snprintf(path, sizeof(path), "%s/durable-sync.yaml", dir);
    DS_AUTO(ds_config) config = ds_config_load(path, &connectors, &errors);
    if (!config) {
        fprintf(stderr, "%s\n", errors.data);
        return 3;
    }
    const ds_store_at at = {.path = config->store_path,
                            .driver = config->store_url ? &ds_pgstore : NULL,
                            .url = config->store_url,
                            .schema = config->store_schema};
    ds_engine_options options = {.routes = config->routes,
                                 .routes_n = config->routes_n,
                                 .clock = ds_clock_system(),
                                 .once = true,
                                 .workers = 1,
                                 .page_records = 7,
                                 .group_records = 16};
    DS_AUTO(ds_store) store = ds_store_open_at(&at, &holder, &err);
    DS_AUTO(ds_engine) engine = store ? ds_engine_embedded(store, &options, &err) : NULL;
    ok = engine && ds_engine_run(engine, &err);
    if (!ok)
        fprintf(stderr, "%s\n", err.text);
    return ok ? 0 : 4;
}

/* The exit code of a run in a process of its own; `kill_at` 0: nowhere. */
static int in_child(const char *dir, int kill_at)
{
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (!pid) {
        ds_log_setup(DS_LOG_ERROR, false, STDERR_FILENO);
        atomic_store(&steps_left, kill_at);
        ds_crash_hook = kill_at ? crash_at_zero : NULL;
        leave(run_once(dir));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* ---- the world around it --------------------------------------------------------------------- */

static void write_file(const char *dir, const char *name, const char *text)
{
    char path[512];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static bool needs_server(const scenario *sc)
{
    return sc->server_keeps || !strcmp(sc->destination, "postgresql");
}

static bool is_table(const scenario *sc)
{
    return !strcmp(sc->destination, "sqlite") || !strcmp(sc->destination, "postgresql");
}

static void write_config(const char *dir, const scenario *sc)
{
    DS_AUTO_BUF(text, 4 * DS_KIB);

    if (sc->server_keeps)
        ds_buf_printf(&text, "store: \"%s\"\n", server_url());
    ds_buf_text(&text, "routes:\n  things:\n    source: ");
    if (sc->from_table)
        ds_buf_printf(&text, "{kind: postgresql, url: \"%s\", table: origin, key: id}\n",
                      server_url());
    else
        ds_buf_text(&text, "{kind: file, path: in.jsonl, key: id}\n");
    ds_buf_text(&text, "    destination: ");
    if (!strcmp(sc->destination, "postgresql"))
        ds_buf_printf(&text, "{kind: postgresql, url: \"%s\", table: things, ", server_url());
    else if (is_table(sc))
        ds_buf_text(&text, "{kind: sqlite, path: out.db, table: things, ");
    else
        ds_buf_printf(&text, "{kind: file, path: out.%s, ", sc->destination);
    ds_buf_printf(&text,
                  "key: Id%s}\n"
                  "    fields: {Name: name, Size: size, First: {from: name}}\n"
                  "    create_only: [First]\n    missing: %s\n",
                  is_table(sc) ? ", create_table: true" : "", sc->missing);
    write_file(dir, "durable-sync.yaml", text.data);
}

static const char *name_of(const scenario *sc, int i, bool after)
{
    return after && i >= sc->gone && i < sc->gone + sc->changed ? "changed" : "first";
}

/* Records 0..n-1 before; after: the first `gone` are gone, the next `changed` are other, new
 * follow. */
static void write_source(const char *dir, const scenario *sc, bool after)
{
    DS_AUTO_BUF(text, DS_MIB);
    int from = after ? sc->gone : 0, to = (sc->prior ? RECORDS : 0) + (after ? sc->added : 0);

    if (sc->from_table)
        ds_buf_text(&text, "CREATE TABLE IF NOT EXISTS origin (id text PRIMARY KEY, name text,"
                           " size numeric); TRUNCATE origin;");
    for (int n = from; n < to; n++) {
        int i = after && sc->reorder ? to - 1 - (n - from) : n;

        if (sc->from_table)
            ds_buf_printf(&text, "INSERT INTO origin VALUES ('k%03d', '%s %d', %d.10);", i,
                          name_of(sc, i, after), i, i);
        else
            ds_buf_printf(&text, "{\"id\": \"k%03d\", \"name\": \"%s %d\", \"size\": %d.10}\n", i,
                          name_of(sc, i, after), i, i);
    }
    if (sc->from_table)
        server_exec(text.data);
    else
        write_file(dir, "in.jsonl", text.n ? text.data : "");
}

static void exec_sql(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
}

static sqlite3 *open_out(const char *dir)
{
    char path[512];
    sqlite3 *db;

    snprintf(path, sizeof(path), "%s/out.db", dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    return db;
}

/* What people do to the destination between two passes. */
static void edit_by_hand(const char *dir, const scenario *sc)
{
    static const char sql[] =
        "ALTER TABLE things ADD COLUMN note TEXT; UPDATE things SET note = 'mine ' || \"Id\";"
        "INSERT INTO things(\"Id\", \"Name\", note) VALUES('by-hand', 'hand', 'row')";

    if (!strcmp(sc->destination, "sqlite")) {
        sqlite3 *db = open_out(dir);

        exec_sql(db, sql);
        sqlite3_close(db);
    } else if (is_table(sc)) {
        server_exec(sql);
    }
}

static int is_same_row(void *to, int n, char **values, char **names)
{
    ds_buf *out = to;

    (void)names;
    for (int i = 0; i < n; i++)
        ds_buf_printf(out, "%s%s", i ? "|" : "", values[i] ? values[i] : "NULL");
    ds_buf_char(out, '\n');
    return 0;
}

/* Of rows that went and came back, what a hand had added is gone: only ours is compared. */
static void dump_sqlite(const char *dir, const scenario *sc, ds_buf *out)
{
    sqlite3 *db = open_out(dir);
    const char *sql = sc->back ? "SELECT Id, Name, Size, First FROM things ORDER BY Id"
                               : "SELECT * FROM things ORDER BY Id";

    if (sqlite3_exec(db, sql, is_same_row, out, NULL) != SQLITE_OK)
        fail_msg("%s", sqlite3_errmsg(db));
    sqlite3_close(db);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void dump_file(const char *dir, const char *format, ds_buf *out)
{
    char path[512], line[512];
    char *lines[4 * RECORDS];
    size_t n = 0;
    FILE *f;

    snprintf(path, sizeof(path), "%s/out.%s", dir, format);
    f = fopen(path, "r");
    assert_non_null(f);
    while (n < 4 * RECORDS && fgets(line, sizeof(line), f))
        lines[n++] = ds_strdup(line);
    fclose(f);
    qsort(lines, n, sizeof(lines[0]), by_text);
    for (size_t i = 0; i < n; i++) {
        ds_buf_text(out, lines[i]);
        free(lines[i]);
    }
}

static void dump(const char *dir, const scenario *sc, ds_buf *out)
{
    ds_buf_clear(out);
    if (!strcmp(sc->destination, "sqlite"))
        dump_sqlite(dir, sc, out);
    else if (is_table(sc))
        server_dump("SELECT * FROM things ORDER BY \"Id\"", out);
    else
        dump_file(dir, sc->destination, out);
}

static void make_dir(char *dir, size_t n)
{
    snprintf(dir, n, "%s/durable-sync-crash-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    assert_non_null(mkdtemp(dir));
}

static void remove_dir(const char *dir)
{
    char command[600];

    snprintf(command, sizeof(command), "rm -rf '%s'", dir);
    assert_int_equal(system(command), 0);
}

/* The state in which the pass to be killed starts. */
static void set_up(const char *dir, const scenario *sc)
{
    if (needs_server(sc))
        server_reset();
    write_config(dir, sc);
    if (sc->prior) {
        write_source(dir, sc, false);
        assert_int_equal(in_child(dir, 0), 0);
        edit_by_hand(dir, sc);
    }
    write_source(dir, sc, true);
}

/* No row is another version of itself, be it one of ours or one by which the table is known. */
static void further_run_is_idle_there(const char *dir)
{
    static const char versions[] = "SELECT 1, xmin, ctid FROM things UNION ALL"
                                   " SELECT 2, xmin, ctid FROM durable_sync_state ORDER BY 1, 3";
    DS_AUTO_BUF(before, DS_MIB);
    DS_AUTO_BUF(after, DS_MIB);

    server_dump(versions, &before);
    assert_int_equal(in_child(dir, 0), 0);
    server_dump(versions, &after);
    assert_string_equal(before.data, after.data);
}

/* Nothing is written by a run that finds nothing to do: not a byte, not a time. */
static void further_run_is_idle(const char *dir, const scenario *sc)
{
    struct stat before, after;
    char path[512];

    snprintf(path, sizeof(path), "%s/out.%s", dir,
             strcmp(sc->destination, "sqlite") ? sc->destination : "db");
    assert_int_equal(stat(path, &before), 0);
    assert_int_equal(in_child(dir, 0), 0);
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
    assert_int_equal(before.st_mtim.tv_sec, after.st_mtim.tv_sec);
    assert_int_equal(before.st_ino, after.st_ino);
}

/* The pass that was killed is gone on with, and followed by a whole one, which would mend what that
 * has left: it has to find nothing to do. */
static void the_rest_was_done_at_once(const char *dir, const scenario *sc)
{
    static const char written[] = "SELECT created + updated + missing FROM run"
                                  " ORDER BY id DESC LIMIT (SELECT count(*) > ? FROM run)";
    sqlite3 *db;
    sqlite3_stmt *st;
    char path[512];

    if (sc->server_keeps || sc->back) /* elsewhere; and then it is another source */
        return;
    snprintf(path, sizeof(path), "%s/durable-sync.db", dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, written, -1, &st, NULL), SQLITE_OK);
    sqlite3_bind_int(st, 1, sc->prior + 1);
    if (sqlite3_step(st) == SQLITE_ROW)
        assert_int_equal(sqlite3_column_int(st, 0), 0);
    sqlite3_finalize(st);
    sqlite3_close(db);
}

/* What a run without a kill leaves: checked by hand-made counts, then the yardstick of all others.
 */
static void expectation(const scenario *sc, ds_buf *out)
{
    int rows =
        (sc->prior ? RECORDS : 0) + sc->added - (strcmp(sc->missing, "delete") ? 0 : sc->gone);
    int lines = 0, changed = 0;
    char dir[256];

    make_dir(dir, sizeof(dir));
    set_up(dir, sc);
    assert_int_equal(in_child(dir, 0), 0);
    dump(dir, sc, out);
    for (const char *at = out->data; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    for (const char *at = out->data; (at = strstr(at, "changed")) != NULL; at++)
        changed++;
    if (is_table(sc))
        rows += sc->prior; /* the row made by hand */
    else if (!strcmp(sc->destination, "csv"))
        rows++; /* the header */
    assert_int_equal(lines, rows);
    assert_int_equal(changed, sc->changed); /* once in Name; First is create-only */
    remove_dir(dir);
}

/* Taken back: as if the pass had never been. */
static void expectation_before(const scenario *sc, ds_buf *out)
{
    char dir[256];
    int lines = 0;

    make_dir(dir, sizeof(dir));
    set_up(dir, sc);
    dump(dir, sc, out);
    for (const char *at = out->data; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    assert_int_equal(lines,
                     RECORDS + !strcmp(sc->destination, "sqlite")); /* the row made by hand */
    remove_dir(dir);
}

static void survives_a_kill_at_every_step(void **state)
{
    const scenario *sc = *state;
    DS_AUTO_BUF(expected, DS_MIB);
    DS_AUTO_BUF(got, DS_MIB);
    int step = 1 - stride, kills = -1, left = CRASHED;

    if (sc->back)
        expectation_before(sc, &expected);
    else
        expectation(sc, &expected);
    while (left == CRASHED) {
        char dir[256];

        step += stride;
        kills++;
        assert_true(step < STEPS_MOST);
        make_dir(dir, sizeof(dir));
        set_up(dir, sc);
        left = in_child(dir, step);
        assert_true(left == CRASHED || left == 0);
        if (sc->back)
            write_source(dir, sc, false);
        assert_int_equal(in_child(dir, 0), 0);
        dump(dir, sc, &got);
        if (strcmp(got.data, expected.data) != 0)
            fail_msg("killed at step %d:\n%s\nexpected:\n%s", step, got.data, expected.data);
        the_rest_was_done_at_once(dir, sc);
        if (strcmp(sc->destination, "postgresql") != 0)
            further_run_is_idle(dir, sc);
        else
            further_run_is_idle_there(dir);
        remove_dir(dir);
    }
    assert_true(step > 12); /* there were steps to be killed at */
    print_message("# %s: killed at %d steps, each %d\n", sc->name, kills, stride);
}

/* With the name of a scenario: just that one, so that they can run side by side. */
int main(int argc, char **argv)
{
    struct CMUnitTest tests[DS_COUNT(scenarios)];
    size_t n = 0;
    int failed;

    if (argc > 2)
        stride = DS_MAX(atoi(argv[2]), 1);
    for (size_t i = 0; i < DS_COUNT(scenarios); i++)
        if (argc < 2 ? !needs_server(&scenarios[i]) || server_is_there()
                     : !strcmp(argv[1], scenarios[i].name))
            tests[n++] = (struct CMUnitTest){
                .name = scenarios[i].name,
                .test_func = survives_a_kill_at_every_step,
                .initial_state = (void *)(uintptr_t)&scenarios[i],
            };
    failed = n ? _cmocka_run_group_tests("crash", tests, n, NULL, NULL) : 2;
    server_leave();
    return failed;
}
