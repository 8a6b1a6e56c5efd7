/* tests/fuzz/fuzz_store.c
 *
 * A store whose file was damaged: values of any type in any column of its rows, or bytes of the
 * file itself.  Everything that reads it finds something or says why not, and a pass that works on
 * it commits or is refused.
 *
 * Input: a line for each damage.  "TABLE COLUMN ROW VALUE", each of the first three one byte and
 * VALUE an SQL literal by its first letter: iINTEGER, rREAL, tTEXT, bBYTES, n.  A line that begins
 * with # is offset (3 bytes) and a byte to put there.
 */
#include "fuzz/fuzz.h"

#include "base/text.h"
#include "store/sqlite.h"
#include "store/internal.h"
#include "store/schema.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOW INT64_C(1767225600000)

/* ---- a store with a row in every table ------------------------------------------------------- */

static const char *const rows[] = {
    "INSERT INTO route VALUES(1,'r'),(2,'other')",
    "INSERT INTO machine VALUES(1,'unit','r:all',1,'all',1,'{\"paused\":false,\"due_ms\":5,"
    "\"run\":{\"any\":true,\"items\":[\"a\",\"b\"]},\"running\":true}',5,1,3),"
    "(2,'unit','other:all',2,'all',1,'{}',0,0,1)",
    "INSERT INTO inbox VALUES(1,'r','all','{\"type\":\"sync_now\",\"items\":[\"a\"]}',7),"
    "(2,'r',NULL,'{\"type\":\"pause\"}',8)",
    "INSERT INTO activity(unit_id,epoch,run,fingerprint,started,kept,cursor,seen)"
    " VALUES(1,3,2,'fp',6,2,'c1',x'05')",
    "INSERT INTO ledger VALUES(1,'g1','file:/x','id',1,2,1,4,3,2),(2,NULL,NULL,NULL,0,1,0,1,0,0)",
    "INSERT INTO link VALUES((1<<40)|1,'a',NULL,zeroblob(16),1,2),((1<<40)|2,'b','B',"
    "zeroblob(16),0,2),((1<<40)|3,'c',NULL,zeroblob(16),4,1)",
    "INSERT INTO link_key VALUES(1,'a',(1<<40)|1,NULL,zeroblob(16),1,2),(1,'b',(1<<40)|2,'B',"
    "zeroblob(16),0,2),(1,'c',(1<<40)|3,NULL,zeroblob(16),4,1)",
    "INSERT INTO intent VALUES(1,'i',0),(1,'j',9)",
    "INSERT INTO doubt VALUES(1,x'0100000000000000')",
    "INSERT INTO held VALUES(1,'h',0,'why',1,2,3,zeroblob(16),2,NULL),"
    "(1,'line:7',1,'why',1,2,3,zeroblob(16),2,NULL),(1,'k',0,'w',1,1,1,zeroblob(16),1,'K')",
    "INSERT INTO run VALUES(1,1,'full','done',1,2,3,1,1,1,0,0,1,1,NULL,NULL,0,0),"
    "(2,1,'targeted','failed',1,2,3,1,1,1,0,0,1,1,'oh','transient',503,4)",
    "INSERT INTO token VALUES('t',x'00',1)",
};

/* Without STRICT, so that a damage may be of any type. */
static void make_table(sqlite3 *db, const char *sql, ds_arena *a)
{
    const char *loose = fuzz_fill(a, fuzz_fill(a, sql, ") STRICT, ", ") "), ") STRICT", ")");

    fuzz_must(sqlite3_exec(db, loose, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", loose,
              sqlite3_errmsg(db));
}

static const char *template_store(size_t *n)
{
    static ds_arena *a;
    static const char *bytes;
    static size_t bytes_n;
    const char *path;
    sqlite3 *db = NULL;

    if (!bytes) {
        a = ds_arena_new();
        path = fuzz_path(a, "template.db");
        fuzz_must(sqlite3_open(path, &db) == SQLITE_OK, "%s", path);
        for (size_t i = 0; i < DS_STORE_VERSION; i++) {
            for (const char *const *sql = ds_schema_steps[i]; *sql; sql++)
                make_table(db, *sql, a);
        }
        make_table(
            db, "UPDATE meta SET value = '0123456789abcdef0123456789abcdef' WHERE key = 'id'", a);
        for (size_t i = 0; i < DS_COUNT(rows); i++)
            make_table(db, rows[i], a);
        make_table(db,
                   ds_arena_printf(a, "PRAGMA application_id=%d; PRAGMA user_version=%d",
                                   DS_STORE_APPLICATION, DS_STORE_VERSION),
                   a);
        sqlite3_close(db);
        bytes = fuzz_get(path, a, &bytes_n);
    }
    *n = bytes_n;
    return bytes;
}

/* ---- damages --------------------------------------------------------------------------------- */

static const struct {
    const char *table, *columns[18];
} tables[] = {
    {"meta", {"key", "value"}},
    {"route", {"id", "name"}},
    {"machine",
     {"id", "kind", "name", "route_id", "unit", "logic", "state", "next_due", "running", "epoch"}},
    {"inbox", {"id", "route", "unit", "event", "at"}},
    {"activity",
     {"unit_id", "epoch", "run", "fingerprint", "started", "kept", "cursor", "source_done", "total",
      "created", "held", "missing", "changes", "source_calls", "seen"}},
    {"ledger",
     {"unit_id", "generation", "identity", "key_signature", "encoder", "gen", "full_done",
      "next_seq", "links", "held"}},
    {"link", {"id", "key", "dest", "hash", "flags", "gen"}},
    {"link_key", {"route_id", "key", "id", "dest", "hash", "flags", "gen"}},
    {"intent", {"unit_id", "key", "issued"}},
    {"doubt", {"unit_id", "seqs"}},
    {"held",
     {"unit_id", "key", "placed", "reason", "since", "attempts", "next_try", "hash", "run",
      "adopt"}},
    {"run",
     {"id", "unit_id", "kind", "outcome", "started", "ended", "total", "created", "held",
      "source_calls", "error", "error_kind", "error_status", "missing"}},
    {"token", {"name", "sealed", "at"}},
};

static void bind_value(sqlite3_stmt *st, const char *text, size_t n)
{
    switch (n ? text[0] : 'n') {
    case 'i':
        sqlite3_bind_int64(st, 1, strtoll(text + 1, NULL, 10));
        break;
    case 'r':
        sqlite3_bind_double(st, 1, strtod(text + 1, NULL));
        break;
    case 't':
        sqlite3_bind_text(st, 1, text + 1, (int)n - 1, SQLITE_TRANSIENT);
        break;
    case 'b':
        sqlite3_bind_blob(st, 1, text + 1, (int)n - 1, SQLITE_TRANSIENT);
        break;
    default:
        sqlite3_bind_null(st, 1);
    }
}

/* One value of one row; what a constraint refuses stays as it was. */
static void damage_row(sqlite3 *db, fuzz_input *line, ds_arena *a)
{
    unsigned table = fuzz_byte(line) % DS_COUNT(tables), column = fuzz_byte(line), n = 0;
    unsigned row = fuzz_byte(line) % 4;
    const char *const *columns = tables[table].columns, *rest, *name;
    sqlite3_stmt *st = NULL;
    size_t rest_n;

    while (n < DS_COUNT(tables[table].columns) && columns[n])
        n++;
    name = columns[column % n];
    rest = fuzz_rest(line, a, &rest_n);
    sqlite3_prepare_v2(db,
                       ds_arena_printf(a,
                                       "UPDATE %s SET %s = ?1 WHERE (%s, 0) IN (SELECT %s, 0"
                                       " FROM %s LIMIT 1 OFFSET %u)",
                                       tables[table].table, name, columns[0], columns[0],
                                       tables[table].table, row),
                       -1, &st, NULL);
    fuzz_must(st, "%s", sqlite3_errmsg(db));
    bind_value(st, rest, rest_n);
    sqlite3_step(st);
    sqlite3_finalize(st);
}

static void damage_byte(const char *path, fuzz_input *line)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    off_t end = lseek(fd, 0, SEEK_END);
    uint8_t byte;
    off_t at = 0;

    for (int i = 0; i < 3; i++)
        at = at << 8 | (off_t)fuzz_byte(line);
    byte = (uint8_t)fuzz_byte(line);
    fuzz_must(fd >= 0 && pwrite(fd, &byte, 1, at % end) == 1, "%s", path);
    close(fd);
}

static void damage(fuzz_input *in, const char *path, ds_arena *a)
{
    for (int i = 0; in->left && i < 50; i++) {
        fuzz_input line = {NULL, 0};
        sqlite3 *db = NULL;

        line.at = fuzz_piece(in, "\n", a, &line.left);
        if (line.left && *line.at == '#') {
            fuzz_byte(&line);
            damage_byte(path, &line);
            continue;
        }
        sqlite3_open(path, &db);
        if (sqlite3_exec(db, "PRAGMA synchronous=OFF; PRAGMA journal_mode=OFF", NULL, NULL, NULL) ==
            SQLITE_OK)
            damage_row(db, &line, a);
        sqlite3_close(db);
    }
}

/* ---- readers --------------------------------------------------------------------------------- */

static bool said(bool ok, ds_err *err)
{
    if (!ok)
        fuzz_error(err);
    *err = DS_ERR_INIT;
    return ok;
}

static void read_all(const char *path, ds_arena *a)
{
    ds_err err = DS_ERR_INIT;
    DS_AUTO(ds_reader) r = ds_reader_open(path, &err);
    const char *text;
    ds_unit_row *units;
    ds_run_row *runs;
    ds_held_row *held;
    ds_link_count *counts;
    int64_t version;
    size_t n;

    if (!said(r != NULL, &err))
        return;
    said(ds_reader_id(r, a, &text, &err), &err);
    said(ds_reader_format(r, &version, &err), &err);
    if (said(ds_reader_units(r, NULL, NULL, a, &units, &n, &err), &err)) {
        for (size_t i = 0; i < n; i++)
            fuzz_must(units[i].route && units[i].unit, "a unit without a name");
    }
    said(ds_reader_runs(r, "r", NULL, 10, a, &runs, &n, &err), &err);
    if (said(ds_reader_held(r, NULL, a, &held, &n, &err), &err)) {
        for (size_t i = 0; i < n; i++)
            fuzz_must(held[i].route && held[i].held.key && held[i].held.reason, "half a record");
    }
    said(ds_reader_link_counts(r, a, &counts, &n, &err), &err);
    said(ds_reader_quick_check(r, a, &text, &err), &err);
}

/* ---- a pass ---------------------------------------------------------------------------------- */

static void walk(ds_ledger *l, ds_arena *a)
{
    static const char *const keys[] = {"a", "b", "none", "h"};
    ds_err err = DS_ERR_INIT;
    ds_link_match matches[DS_COUNT(keys)];
    const ds_held *helds, *of[DS_COUNT(keys)];
    const ds_link *links;
    int64_t after = 0;
    size_t n = 1, steps = 0;

    while (n && said(l->ops->walk(l, after, 2, a, &links, &n, &err), &err) && n) {
        fuzz_must(links[n - 1].seq > after && ++steps < 100, "a walk without an end");
        for (size_t i = 0; i < n; i++)
            fuzz_must(links[i].key, "a link without a key");
        after = links[n - 1].seq;
    }
    said(l->ops->match(l, keys, DS_COUNT(keys), a, matches, &err), &err);
    said(l->ops->held(l, NULL, 10, a, &helds, &n, &err), &err);
    said(l->ops->held_of(l, keys, DS_COUNT(keys), a, of, &err), &err);
}

static void commit(ds_ledger *l, const ds_ledger_begin *begin)
{
    ds_err err = DS_ERR_INIT;
    ds_link_put puts[] = {
        {.link = {.seq = 1, .key = "a", .hash = {1, 2}}},
        {.link = {.seq = begin->next_seq, .key = "new", .hash = {3, 4}}, .is_new = true}};
    const ds_link removes[] = {{.seq = 2, .key = "b"}};
    const ds_held held[] = {{.key = "h", .reason = "again", .since_ms = NOW}};
    const char *const released[] = {"k"};
    const ds_intent intents[] = {{.key = "i2"}};
    const ds_checkpoint checkpoint = {.cursor = "c2", .totals = {.total = 2, .created = 2}};
    ds_commit c = {.puts = puts,
                   .puts_n = 2,
                   .removes = removes,
                   .removes_n = 1,
                   .held = held,
                   .held_n = 1,
                   .released = released,
                   .released_n = 1,
                   .intents = intents,
                   .intents_n = 1,
                   .checkpoint = &checkpoint,
                   .generation = "g2"};

    said(l->ops->commit(l, &c, &err), &err);
}

static void work(ds_store *s, int64_t unit_id, int64_t epoch, ds_arena *a)
{
    ds_err err = DS_ERR_INIT;
    DS_AUTO(ds_ledger) l = ds_store_ledger(s, unit_id, epoch, &err);
    ds_ledger_begin begin;

    if (!said(l != NULL, &err) || !said(l->ops->begin(l, a, &begin, &err), &err))
        return;
    walk(l, a);
    commit(l, &begin);
}

/* ---- jobs ------------------------------------------------------------------------------------ */

typedef struct job {
    ds_job base; /* first */
    ds_arena *arena;
    ds_unit_row *row;
} job;

/* What a start and a signal do. */
static bool run_job(ds_job *base, ds_tx *tx, ds_err *err)
{
    job *j = (job *)base;
    const ds_event *events;
    const int64_t *ids;
    int64_t next;
    ds_unit_row *by_id;
    ds_machine_row *machine;
    bool found;
    size_t n;

    if (!ds_tx_unit_get(tx, "r", "all", j->arena, &j->row, err) ||
        !ds_tx_machines_due(tx, "unit", NOW, 10, j->arena, &ids, &n, &next, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!ds_tx_unit_by_id(tx, ids[i], j->arena, &by_id, err) ||
            !ds_tx_machine_get(tx, "unit", ids[i], NULL, j->arena, &machine, err))
            return false;
    }
    if (!ds_tx_inbox_take(tx, "r", "all", j->arena, &events, &n, err) ||
        !ds_tx_inbox_take_route(tx, "r", j->arena, &events, &n, err) ||
        !ds_tx_held_retry(tx, "r", "h", &found, err) ||
        !ds_tx_held_adopt(tx, "r", "h", "H", &found, err))
        return false;
    return !j->row || (ds_tx_activity_start(tx, j->row, "fp", false, NOW, err) &&
                       ds_tx_unit_save(tx, j->row, NOW, err));
}

/* The process would leave here, with these words. */
static void left(void *to, const ds_err *err)
{
    (void)to;
    fuzz_error(err);
}

static void live_on(const char *path, ds_arena *a)
{
    ds_err err = DS_ERR_INIT;
    DS_AUTO(ds_store) s = ds_store_open(path, NULL, &err);
    job j = {.base = {.run = run_job}, .arena = a};

    if (!said(s != NULL, &err))
        return;
    ds_writer_on_fatal(ds_store_writer(s), left, NULL);
    if (said(ds_store_do(s, DS_LANE_EVENT, &j.base, &err), &err) && j.row)
        work(s, j.row->id, j.row->epoch, a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const beside[] = {"-wal", "-shm", "-journal"};
    DS_AUTO(ds_arena) a = ds_arena_new();
    fuzz_input in = {(const char *)data, n};
    const char *path = fuzz_path(a, "s.db"), *bytes;
    size_t bytes_n;

    bytes = template_store(&bytes_n);
    for (size_t i = 0; i < DS_COUNT(beside); i++)
        unlink(ds_arena_printf(a, "%s%s", path, beside[i]));
    fuzz_put(path, bytes, bytes_n);
    damage(&in, path, a);
    read_all(path, a);
    live_on(path, a);
    read_all(path, a);
    return 0;
}
