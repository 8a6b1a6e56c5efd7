/* tests/unit/test_store_copy.c
 *
 * A store into another one: every column of every table arrives, what cannot be copied is refused
 * with words, and a copy that fails anywhere leaves the other one as empty as it was.
 */
#include "store/copy.h"

#include "store_faults.h"

#include <unistd.h>

/* From the stand's store, which nobody has open, into an empty one. */
typedef struct pair {
    stand from;
    fixture to;
    const ds_copied *copied;
    size_t n;
    pid_t holder;
} pair;

static void would_leave_too(void *to, const ds_err *err)
{
    (void)err;
    *(bool *)to = true;
}

static pair pair_new(void)
{
    pair p = {.to = fixture_new()};

    stand_up(&p.from);
    ds_ledger_close(p.from.ledger);
    ds_store_close(p.from.f.store);
    p.from.ledger = NULL;
    p.from.f.store = NULL;
    return p;
}

static void pair_end(pair *p)
{
    stand_down(&p->from);
    fixture_end(&p->to);
}

static bool copy(pair *p)
{
    p->to.err = DS_ERR_INIT;
    return ds_store_copy(p->from.f.path, p->to.store, &p->holder, scratch, &p->copied, &p->n,
                         &p->to.err);
}

/* ---- every column ---------------------------------------------------------------------------- */

/* What SQL answers there: a line a row. */
static const char *asked_of(const char *path, const char *sql)
{
    DS_AUTO_BUF(out, DS_MIB);
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
    while (sqlite3_step(st) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(st); i++)
            ds_buf_printf(&out, "%s%s", i ? "|" : "", (const char *)sqlite3_column_text(st, i));
        ds_buf_char(&out, '\n');
    }
    sqlite3_finalize(st);
    sqlite3_close(db);
    return ds_arena_strdup(scratch, out.n ? out.data : "");
}

#define TABLES                                                                                     \
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY "   \
    "name"

/* A row with something in every column, beside those that are there; other rows have nulls. */
static const char *full_row(const char *path, const char *table)
{
    return asked_of(path,
                    ds_arena_printf(scratch,
                                    "SELECT 'INSERT INTO %s VALUES(' || group_concat(CASE type"
                                    " WHEN 'INTEGER' THEN '777'"
                                    " WHEN 'BLOB' THEN 'x''0102030405060708090a0b0c0d0e0f10'''"
                                    " ELSE '''tree''' END) || ');' FROM pragma_table_info('%s')",
                                    table, table));
}

/* The values with their types: an empty text is no null. */
static const char *rows_of(const char *path, const char *table)
{
    const char *sql = ds_arena_printf(scratch,
                                      "SELECT 'SELECT ' || group_concat('quote(' || name || ')')"
                                      " || ' FROM %s ORDER BY 1, 2' FROM pragma_table_info('%s')",
                                      table, table);

    return asked_of(path, asked_of(path, sql));
}

static int64_t lines_in(const char *text)
{
    int64_t n = 0;

    for (; (text = strchr(text, '\n')); text++)
        n++;
    return n;
}

static int64_t copied_of(const pair *p, const char *table)
{
    for (size_t i = 0; i < p->n; i++) {
        if (strcmp(p->copied[i].table, table) == 0)
            return p->copied[i].rows;
    }
    fail_msg("table %s is not among those that are copied", table);
    return -1;
}

static void no_column_is_left_out(void **state)
{
    pair p = pair_new();
    const char *path = p.from.f.path;
    char *names = ds_arena_strdup(scratch, asked_of(path, TABLES)), *rest = NULL;
    const char *all = "PRAGMA foreign_keys=OFF; UPDATE activity SET seen = zeroblob(0);";
    size_t n = 0;

    (void)state;
    for (char *at = strtok_r(names, "\n", &rest); at; at = strtok_r(NULL, "\n", &rest))
        all = ds_arena_printf(scratch, "%s%s", all, full_row(path, at));
    tamper_here(&p.from.f, all);
    must(&p.to, copy(&p));
    ds_store_close(p.to.store);
    names = ds_arena_strdup(scratch, asked_of(path, TABLES));
    for (char *at = strtok_r(names, "\n", &rest); at; at = strtok_r(NULL, "\n", &rest), n++) {
        const char *rows = rows_of(path, at);

        assert_string_equal(rows_of(p.to.path, at), rows);
        assert_true(lines_in(rows) > 0);
        assert_int_equal(copied_of(&p, at), lines_in(rows));
    }
    assert_int_equal(n, p.n);
    fixture_open(&p.to);
    pair_end(&p);
}

/* ---- what is refused ------------------------------------------------------------------------- */

static bool copy_through_a_link(pair *p)
{
    const char *file = p->from.f.path;
    bool ok;

    p->from.f.path = tmpdir_file(p->from.f.dir, "link.db");
    assert_int_equal(symlink(file, p->from.f.path), 0);
    ok = copy(p);
    p->from.f.path = file;
    return ok;
}

static void what_cannot_be_copied_is_refused(void **state)
{
    pair p = pair_new();
    ds_store *user;

    (void)state;
    user = ds_store_open(p.from.f.path, NULL, &p.to.err);
    must(&p.to, user);
    assert_false(copy(&p));
    assert_says(&p.to, DS_ERR_CONFIG, "in use by process");
    assert_int_equal(p.holder, getpid());
    assert_false(copy_through_a_link(&p));
    assert_says(&p.to, DS_ERR_CONFIG, "in use by process");
    ds_store_close(user);

    unit_of(&p.to, "r", "all");
    assert_false(copy(&p));
    assert_says(&p.to, DS_ERR_CONFIG, "is not empty: table route has 1 row;");
    assert_int_equal(p.holder, 0);
    unit_of(&p.to, "s", "all");
    assert_false(copy(&p));
    assert_says(&p.to, DS_ERR_CONFIG, "is not empty: table route has 2 rows;");

    tamper_here(&p.from.f, "PRAGMA foreign_keys=OFF; DELETE FROM machine");
    assert_false(copy(&p));
    assert_says(&p.to, DS_ERR_CONFIG, "there is nothing to copy");
    tmpdir_write(p.from.f.dir, "s.db", "no database, and longer than what SQLite looks at", 40);
    assert_false(copy(&p));
    assert_says(&p.to, DS_ERR_CONFIG, "s.db");
    assert_int_equal(unlink(p.from.f.path), 0);
    assert_false(copy(&p));
    assert_says(&p.to, DS_ERR_CONFIG, "there is no store at ");
    assert_int_equal(access(p.from.f.path, F_OK), -1);
    pair_end(&p);
}

/* Rows are counted by an index where there is one, and read from the table. */
static void what_was_not_read_or_did_not_arrive_is_missed(void **state)
{
    static const char damage[] =
        "INSERT INTO memo VALUES(1, 'a', '1'); CREATE INDEX odd ON link(flags);"
        "CREATE TABLE kept AS SELECT * FROM sqlite_master WHERE name = 'odd';"
        "PRAGMA writable_schema=ON; DELETE FROM sqlite_master WHERE name = 'odd'";
    static const char hidden[] =
        "INSERT INTO link VALUES(9, 'x', NULL, zeroblob(16), 0, 1); PRAGMA writable_schema=ON;"
        "INSERT INTO sqlite_master SELECT * FROM kept; DROP TABLE kept";
    static const char mended[] = "PRAGMA writable_schema=RESET; REINDEX";
    static const char thief[] = "CREATE TRIGGER thief BEFORE INSERT ON memo BEGIN"
                                " SELECT RAISE(IGNORE); END";
    pair p = pair_new();

    (void)state;
    tamper_here(&p.from.f, damage);
    tamper_here(&p.from.f, hidden);
    assert_false(copy(&p));
    assert_says(&p.to, DS_ERR_PERMANENT,
                "copy table link: of 5 rows of table link 6 were read and 6 arrived");
    tamper_here(&p.from.f, mended);
    tamper(&p.to, thief);
    assert_false(copy(&p));
    assert_says(&p.to, DS_ERR_PERMANENT,
                "copy table memo: of 1 rows of table memo 1 were read and 0 arrived");
    tamper(&p.to, "DROP TRIGGER thief");
    must(&p.to, copy(&p));
    pair_end(&p);
}

/* ---- numbers that a server gives ------------------------------------------------------------- */

static struct {
    const char *table; /* of this one they cannot be told */
    int told;
} ids;

static bool take_ids(ds_db *db, const char *table, ds_err *err)
{
    (void)db;
    if (ids.table && strcmp(ids.table, table) == 0)
        return ds_fail(err, DS_ERR_PERMANENT, "no such sequence");
    ids.told++;
    return true;
}

static bool swap_ops(ds_tx *tx, void *ops, ds_err *err)
{
    (void)err;
    tx->db->ops = ops;
    return true;
}

static void a_server_is_told_which_numbers_are_taken(void **state)
{
    pair p = pair_new();
    ds_db *db = ds_db_open(p.from.f.path, DS_DB_READ, &p.to.err);
    const ds_db_ops *plain;
    ds_db_ops ops;

    (void)state;
    must(&p.to, db);
    plain = db->ops;
    ops = *plain;
    ops.ids_taken = take_ids;
    ds_db_close(db);
    must(&p.to, do_tx(&p.to, swap_ops, &ops));
    ids.table = "run";
    assert_false(copy(&p));
    assert_says(&p.to, DS_ERR_PERMANENT, "copy table run: no such sequence");
    ids.table = NULL;
    ids.told = 0;
    must(&p.to, copy(&p));
    assert_int_equal(ids.told, 4);
    must(&p.to, do_tx(&p.to, swap_ops, (void *)(uintptr_t)plain));
    pair_end(&p);
}

/* ---- faults ---------------------------------------------------------------------------------- */

static bool is_as_empty_as_it_was(pair *p)
{
    static const char sql[] = "SELECT (SELECT count(*) FROM meta), (SELECT count(*) FROM route),"
                              " (SELECT count(*) FROM link)";

    return strcmp(asked_of(p->to.path, sql), "1|0|0\n") == 0;
}

/* Statements that fail, each once, or (else) the n-th step. true: it went well, without a fault. */
static bool copies(pair *p, int step, bool *left)
{
    bool ok;

    faults.code = SQLITE_ERROR;
    faults.statements = !step;
    faults.step = step;
    ok = copy(p);
    faults.statements = false;
    faults.step = 0;
    if (faults.hit == ok)
        fail_msg("%s: %s", faults.hit ? faults.sql : "without a fault", p->to.err.text);
    faults.hit = false;
    if (!ok && !is_as_empty_as_it_was(p))
        fail_msg("half a copy is there after a fault in %s", faults.sql);
    if (*left) { /* the next process tries again */
        *left = false;
        fixture_reopen(&p->to);
        ds_writer_on_fatal(ds_store_writer(p->to.store), would_leave_too, left);
    }
    return ok;
}

static const struct way {
    const char *name;
    int step;
} ways[] = {{"every statement fails once", 0}, {"every step fails once", 1}};

static void a_copy_is_whole_or_not_there(void **state)
{
    const struct way *way = *state;
    pair p = pair_new();
    bool left = false;
    int n = 0;

    ds_writer_on_fatal(ds_store_writer(p.to.store), would_leave_too, &left);
    for (int step = way->step; !copies(&p, step, &left); step += way->step)
        assert_true(++n < STEPS_MOST);
    assert_true(n > 30);
    for (size_t i = 0; i < faults.failed_n; i++)
        free(faults.failed[i]);
    faults.failed_n = 0;
    pair_end(&p);
}

int main(void)
{
    alarm(300); /* of a test that hangs */
    add_test(no_column_is_left_out);
    add_test(what_cannot_be_copied_is_refused);
    add_test(what_was_not_read_or_did_not_arrive_is_missed);
    add_test(a_server_is_told_which_numbers_are_taken);
    add_table(ways, a_copy_is_whole_or_not_there);
    return run_tests("a store is copied");
}
