/* src/connectors/sqlite/target.c
 *
 * The table that is written: made where the settings say so, looked at closely where it is somebody
 * else's.  Everything that would go wrong with every row is said here, before the first one.
 */
#include "connectors/sqlite/value.h"
#include "connectors/sqlite/writer.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* ---- SQL ------------------------------------------------------------------------------------- */

const char *ds_sqlite_type_for(const ds_column *c)
{
    ds_type holds = ds_column_holds(c);

    /* Values stay as they come: integers integers, text text, and long fractions all their digits.
     */
    if (holds == DS_ABSENT || (holds == DS_NUMBER && !c->typed))
        return "";
    switch (holds) {
    case DS_BOOL:
        return "BOOLEAN";
    case DS_INT:
        return "INTEGER";
    case DS_NUMBER:
        return "NUMERIC";
    case DS_DATE:
        return "DATE";
    case DS_DATETIME:
        return "DATETIME";
    case DS_ABSENT:
    case DS_NULL:
    case DS_TEXT:
    case DS_LIST:
    case DS_NESTED:
        return "TEXT";
    }
    return "";
}

const char *ds_sqlite_quoted(ds_arena *a, const char *name)
{
    DS_AUTO_BUF(sql, DS_SQLITE_SQL_MAX);

    ds_sql_name(&sql, name);
    return ds_arena_strdup(a, sql.data);
}

bool ds_sqlite_add_column(ds_sqlite_writer *w, const char *name, const char *type, ds_err *err)
{
    DS_AUTO_BUF(sql, DS_SQLITE_SQL_MAX);

    ds_buf_printf(&sql, "ALTER TABLE main.%s ADD COLUMN ", w->name);
    ds_sql_name(&sql, name);
    ds_buf_printf(&sql, " %s", type);
    if (!ds_buf_ok(&sql, "a column's name", err) || !ds_sqlite_exec(&w->db, sql.data, err))
        return false;
    ds_sqlite_table_add(&w->shape, name, type);
    sqlite3_finalize(w->find); /* it reads all columns */
    w->find = NULL;
    w->changed = w->ddl = true;
    return true;
}

bool ds_sqlite_create_table(ds_sqlite_writer *w, ds_err *err)
{
    DS_AUTO_BUF(sql, DS_SQLITE_SQL_MAX);

    ds_buf_printf(&sql, "CREATE TABLE main.%s (%s TEXT PRIMARY KEY NOT NULL",
                  ds_sqlite_quoted(w->arena, w->table), ds_sqlite_quoted(w->arena, w->key));
    for (size_t i = 0; i < w->columns.n; i++) {
        if (sqlite3_stricmp(w->columns.items[i].name, w->key) == 0)
            continue;
        ds_buf_text(&sql, ", ");
        ds_sql_name(&sql, w->columns.items[i].name);
        ds_buf_printf(&sql, " %s", ds_sqlite_type_for(&w->columns.items[i]));
    }
    ds_buf_text(&sql, ")");
    if (!ds_buf_ok(&sql, "the table's columns", err) || !ds_sqlite_exec(&w->db, sql.data, err))
        return false;
    w->ddl = true;
    return ds_sqlite_table_read(&w->db, w->table, w->arena, &w->shape, err);
}

/* ---- the key --------------------------------------------------------------------------------- */

static bool fail_key(ds_sqlite_writer *w, ds_err *err, const char *what)
{
    return ds_fail(err, DS_ERR_CONFIG, "%s: table \"%.100s\": the key column \"%.100s\" %s",
                   w->path, w->shape.name, w->key, what);
}

/* A column without a type keeps 5 and '5' as two keys; ours are text. */
static bool only_text(ds_sqlite_writer *w, bool *only, ds_err *err)
{
    int64_t other;
    const char *sql = ds_arena_printf(
        w->arena,
        "SELECT (SELECT count(*) FROM (SELECT 1 FROM main.%s WHERE %s < '' LIMIT 1))"
        " + (SELECT count(*) FROM (SELECT 1 FROM main.%s WHERE %s >= x'' LIMIT 1))",
        w->name, ds_sqlite_quoted(w->arena, w->key), w->name, ds_sqlite_quoted(w->arena, w->key));

    if (!ds_sqlite_number(&w->db, sql, 0, &other, err))
        return false;
    *only = other == 0;
    return true;
}

static bool check_key(ds_sqlite_writer *w, ds_err *err)
{
    const ds_sqlite_column *c = ds_sqlite_column_named(&w->shape, w->key);
    bool ok;

    if (!c)
        return ds_fail(err, DS_ERR_CONFIG,
                       "%s: table \"%.100s\" has no column \"%.100s\" for `key`%s", w->path,
                       w->shape.name, w->key, ds_sqlite_guess_column(&w->shape, w->key, w->arena));
    if (c->generated)
        return fail_key(w, err, "is generated: it cannot be written");
    if (c->kind == DS_KIND_REAL)
        return fail_key(w, err, "is of a floating type: declare it TEXT or INTEGER");
    if (!ds_sqlite_is_unique(&w->db, &w->shape, c, &ok, err))
        return false;
    if (!ok)
        return ds_fail(
            err, DS_ERR_CONFIG,
            "%s: table \"%.100s\": nothing keeps \"%.100s\" unique: CREATE UNIQUE INDEX "
            "%.100s ON %.100s (%.100s COLLATE BINARY)",
            w->path, w->shape.name, c->name,
            ds_sqlite_quoted(w->arena, ds_arena_printf(w->arena, "%s_%s", w->table, w->key)),
            w->name, ds_sqlite_quoted(w->arena, c->name));
    if (c->kind == DS_KIND_ANY && !only_text(w, &ok, err))
        return false;
    if (!ok)
        return fail_key(w, err,
                        "has no type and holds numbers or blobs: declare it TEXT or INTEGER");
    w->key_column = *c;
    w->match = ds_arena_printf(w->arena, "%s = ?1%s", ds_sqlite_quoted(w->arena, c->name),
                               c->is_rowid ? "" : " COLLATE BINARY");
    return true;
}

/* ---- the columns ----------------------------------------------------------------------------- */

static bool is_writable(const ds_sqlite_writer *w, const char *name)
{
    const ds_sqlite_column *c = ds_sqlite_column_named(&w->shape, name);

    return c && !c->generated;
}

static bool add_missing_columns(ds_sqlite_writer *w, ds_err *err)
{
    for (size_t i = 0; i < w->columns.n; i++) {
        if (!ds_sqlite_column_named(&w->shape, w->columns.items[i].name) &&
            !ds_sqlite_add_column(w, w->columns.items[i].name,
                                  ds_sqlite_type_for(&w->columns.items[i]), err))
            return false;
    }
    return true;
}

static bool check_columns(ds_sqlite_writer *w, ds_err *err)
{
    const char *first = NULL;
    size_t more = 0;

    for (size_t i = 0; i < w->columns.n; i++) {
        if (is_writable(w, w->columns.items[i].name))
            continue;
        more += first != NULL;
        first = first ? first : w->columns.items[i].name;
    }
    if (!first)
        return true;
    if (ds_sqlite_column_named(&w->shape, first))
        return ds_fail(
            err, DS_ERR_CONFIG,
            "%s: column \"%.100s\" of table \"%.100s\" is generated: it cannot be written", w->path,
            first, w->shape.name);
    return ds_fail(err, DS_ERR_CONFIG, "%s: table \"%.100s\" has no column \"%.100s\"%s%s", w->path,
                   w->shape.name, first, ds_sqlite_guess_column(&w->shape, first, w->arena),
                   more ? ds_arena_printf(w->arena, " (and %zu more)", more) : "");
}

/* ---- opening --------------------------------------------------------------------------------- */

/* The instance outlives neither the pass nor what it is told of it; the rest is copied. */
void ds_sqlite_remember(ds_sqlite_writer *w, const ds_open_in *in)
{
    char *target = ds_arena_strdup(w->arena, w->table);

    for (char *c = target; *c; c++)
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
    ds_sql_columns_keep(&w->columns, in, w->arena);
    w->owner = ds_arena_strdup(w->arena, in->owner ? in->owner : "");
    w->target = target;
    w->name = ds_sqlite_quoted(w->arena, w->table);
}

static bool fail_missing(ds_sqlite_writer *w, ds_err *err)
{
    const char *guess;

    if (!ds_sqlite_guess_table(&w->db, w->table, w->arena, &guess, err))
        return false;
    return ds_fail(err, DS_ERR_CONFIG,
                   "%s: no such table: \"%.100s\"%s Make it, or say `create_table: true`", w->path,
                   w->table, *guess ? guess : ".");
}

static bool check_table(ds_sqlite_writer *w, ds_err *err)
{
    if (strcmp(w->shape.what, "table") != 0)
        return ds_fail(err, DS_ERR_CONFIG, "%s: \"%.100s\" is a %s%s: rows are written to tables",
                       w->path, w->table, w->shape.what,
                       strcmp(w->shape.what, "view") ? " table" : "");
    return check_key(w, err);
}

/* Inside the transaction: what is missing is made, and from here on we follow the table. */
static bool settle(ds_sqlite_writer *w, const char *known, ds_err *err)
{
    bool is_new;

    /* Between the look and the lock another unit may have made it. */
    if (!ds_sqlite_table_read(&w->db, w->table, w->arena, &w->shape, err) ||
        !ds_sqlite_state_read(w, known, err))
        return false;
    is_new = !w->shape.name;
    if (is_new && !ds_sqlite_create_table(w, err))
        return false;
    if (!check_table(w, err))
        return false;
    if ((w->create_table && !add_missing_columns(w, err)) || !check_columns(w, err))
        return false;
    if (is_new && w->continues) { /* the table alone was dropped */
        w->continues = false;
        w->generation += 2;
    }
    return w->continues || ds_sqlite_state_begin(w, is_new, err);
}

static bool needs_settling(const ds_sqlite_writer *w)
{
    if (!w->shape.name || !w->continues)
        return true;
    for (size_t i = 0; i < w->columns.n; i++) {
        if (!is_writable(w, w->columns.items[i].name))
            return true;
    }
    return false;
}

static bool open_to_write(ds_sqlite_writer *w, const char *known, ds_err *err)
{
    if (!w->shape.name && !w->create_table)
        return fail_missing(w, err);
    if (!needs_settling(w))
        return check_table(w, err);
    if (!ds_sqlite_lock(w, err))
        return false;
    return settle(w, known, err) && ds_sqlite_commit(w, err);
}

static bool open_to_read(ds_sqlite_writer *w, ds_open_out *out, ds_err *err)
{
    out->exists = w->shape.name != NULL;
    if (!out->exists)
        return w->create_table || fail_missing(w, err);
    return check_table(w, err);
}

static bool count_rows(ds_sqlite_writer *w, ds_open_out *out, ds_err *err)
{
    out->rows = -1;
    if (!w->shape.name || !w->shape.rowid || w->key_column.is_rowid)
        return true;
    return ds_sqlite_number(
        &w->db, ds_arena_printf(w->arena, "SELECT max(%s) FROM main.%s", w->shape.rowid, w->name),
        0, &out->rows, err);
}

static bool open_database(ds_sqlite_writer *w, ds_activity *act, const ds_open_in *in,
                          ds_open_out *out, ds_err *err)
{
    ds_sqlite_mode mode = w->create_table ? DS_SQLITE_CREATE : DS_SQLITE_WRITE;

    if (!ds_sqlite_open(&w->db, w->path, in->reading_only ? DS_SQLITE_READ : mode, act, err))
        return false;
    if (!ds_sqlite_exec(&w->db,
                        "PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;"
                        "PRAGMA foreign_keys = ON",
                        err))
        return false;
    if (!ds_sqlite_table_read(&w->db, w->table, w->arena, &w->shape, err) ||
        !ds_sqlite_state_read(w, in->generation, err))
        return false;
    if (in->reading_only ? !open_to_read(w, out, err) : !open_to_write(w, in->generation, err))
        return false;
    w->look_first = w->shape.name && w->shape.autoincrement_or_triggers;
    out->fragile = w->shape.rolls_back;
    out->whole_rows = !w->create_table;
    return count_rows(w, out, err);
}

bool ds_sqlite_target_open(ds_destination *self, ds_activity *act, const ds_open_in *in,
                           ds_open_out *out, ds_err *err)
{
    ds_sqlite_writer *w = (ds_sqlite_writer *)self;
    bool absent = false;

    ds_sqlite_target_close(self);
    *out = (ds_open_out){.exists = true, .rows = -1};
    if (in->reading_only && w->create_table && !ds_sqlite_absent(w->path, &absent, err))
        return false;
    w->arena = ds_arena_new();
    ds_sqlite_remember(w, in);
    if (absent) {
        out->exists = false;
        out->rows = 0;
        return true;
    }
    if (!open_database(w, act, in, out, err)) {
        ds_sqlite_target_close(self);
        return false;
    }
    out->continues = w->continues;
    return true;
}

void ds_sqlite_target_close(ds_destination *self)
{
    ds_sqlite_writer *w = (ds_sqlite_writer *)self;

    if (!w->arena)
        return;
    w->db.act = NULL; /* the one that opened us may be gone */
    ds_sqlite_plans_free(w);
    sqlite3_finalize(w->find);
    sqlite3_finalize(w->exists);
    sqlite3_finalize(w->remove);
    w->find = w->exists = w->remove = NULL;
    ds_sqlite_rollback(w);
    ds_sqlite_close(&w->db);
    ds_arena_free(w->arena);
    w->arena = NULL;
    w->shape = (ds_sqlite_table){0};
    w->lost = false;
}

/* Another unit added columns while we were between two transactions. */
bool ds_sqlite_reload(ds_sqlite_writer *w, ds_err *err)
{
    ds_sqlite_plans_free(w);
    sqlite3_finalize(w->find);
    w->find = NULL;
    if (!ds_sqlite_table_read(&w->db, w->table, w->arena, &w->shape, err))
        return false;
    if (!w->shape.name)
        return fail_missing(w, err);
    return check_table(w, err);
}

/* ---- check ----------------------------------------------------------------------------------- */

typedef struct say_to {
    void (*say)(void *to, bool is_error, const char *text, const char *remedy);
    void *to;
} say_to;

static bool is_number_kind(ds_sqlite_kind kind)
{
    return kind == DS_KIND_INTEGER || kind == DS_KIND_REAL || kind == DS_KIND_NUMERIC ||
           kind == DS_KIND_BOOL;
}

static void check_type(const ds_sqlite_column *c, const ds_column *wanted, const say_to *out,
                       ds_arena *a)
{
    bool words = wanted->type == DS_TEXT || wanted->type == DS_LIST || wanted->type == DS_DATE ||
                 wanted->type == DS_DATETIME;

    if (!wanted->typed || !words)
        return;
    if (is_number_kind(c->kind))
        out->say(out->to, false,
                 ds_arena_printf(a, "column \"%s\" is %s, the route writes %s", c->name, c->type,
                                 ds_type_name(wanted->type)),
                 "records whose value is no number will be held: change the column or `as`");
    else if (c->kind == DS_KIND_LOOSE)
        out->say(out->to, false,
                 ds_arena_printf(a, "column \"%s\" is declared %s, which SQLite keeps as a number",
                                 c->name, c->type),
                 "text that looks like a number will be held: declare the column TEXT");
}

static void check_column(ds_sqlite_writer *w, const ds_column *wanted, const say_to *out,
                         ds_arena *a)
{
    const ds_sqlite_column *c = ds_sqlite_column_named(&w->shape, wanted->name);

    if (c && c->generated)
        out->say(out->to, wanted->type != DS_ABSENT,
                 ds_arena_printf(a, "column \"%s\" is generated", c->name),
                 "take it out of `fields`: SQLite computes it");
    else if (c)
        check_type(c, wanted, out, a);
    else if (!w->create_table)
        out->say(out->to, wanted->type != DS_ABSENT,
                 ds_arena_printf(a, "table \"%s\" has no column \"%s\"%s", w->shape.name,
                                 wanted->name, ds_sqlite_guess_column(&w->shape, wanted->name, a)),
                 ds_arena_printf(a, "ALTER TABLE %s ADD COLUMN %s, or say `create_table: true`",
                                 w->name, ds_sqlite_quoted(a, wanted->name)));
}

/* Numbers in a text are texts like others; no list, object or date is a number. */
static bool never_fits(ds_type type, ds_sqlite_kind kind)
{
    return is_number_kind(kind) &&
           (type == DS_LIST || type == DS_NESTED || type == DS_DATE || type == DS_DATETIME);
}

static const char *refusal(ds_sqlite_writer *w, const ds_sqlite_column *c, ds_value value,
                           ds_arena *a)
{
    ds_err ignored = DS_ERR_INIT;
    DS_AUTO(sqlite3_stmt) st = ds_sqlite_prepare(&w->db, "SELECT ?1", &ignored);

    return st ? ds_sqlite_bind(st, 1, c, value, a) : NULL;
}

const char *ds_sqlite_target_misfit(ds_destination *self, ds_activity *act, const char *column,
                                    ds_type type, const ds_value *value)
{
    ds_sqlite_writer *w = (ds_sqlite_writer *)self;
    const ds_sqlite_column *c =
        w->db.handle && w->shape.name ? ds_sqlite_column_named(&w->shape, column) : NULL;
    ds_arena *a = ds_activity_arena(act);

    if (!c || c->generated)
        return NULL;
    if (value)
        return refusal(w, c, *value, a);
    return never_fits(type, c->kind) ? ds_arena_printf(a, "column \"%s\" is %s", c->name, c->type)
                                     : NULL;
}

bool ds_sqlite_target_check(ds_destination *self, ds_activity *act, const ds_column *columns,
                            size_t n,
                            void (*say)(void *to, bool is_error, const char *text,
                                        const char *remedy),
                            void *to, ds_err *err)
{
    ds_sqlite_writer *w = (ds_sqlite_writer *)self;
    const say_to out = {say, to};

    (void)err;
    if (!w->db.handle && !ds_sqlite_may_make(w->path))
        say(to, true,
            ds_arena_printf(ds_activity_arena(act),
                            "%s cannot be made: nothing can be written there", w->path),
            "give this user the right to write into the folder, or correct `path`");
    if (w->db.handle && faccessat(AT_FDCWD, w->path, W_OK, AT_EACCESS) != 0)
        say(to, true, ds_arena_printf(ds_activity_arena(act), "%s cannot be written", w->path),
            "let this user write the file");
    if (!w->shape.name)
        return true; /* it will be made as the route needs it */
    for (size_t i = 0; i < n; i++)
        check_column(w, &columns[i], &out, ds_activity_arena(act));
    return true;
}
