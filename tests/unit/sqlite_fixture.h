/* tests/unit/sqlite_fixture.h - a database, a destination on it, and somebody else's connection. */
#ifndef TESTS_UNIT_SQLITE_FIXTURE_H
#define TESTS_UNIT_SQLITE_FIXTURE_H

#include "connectors/sqlite/sqlite.h"
#include "connectors/sqlite/writer.h"
#include "support/seam.h"
#include "support/tmpdir.h"

#include <string.h>

static tmpdir *dir;
static const char *path;
static ds_sqlite_writer to;
static sqlite3 *other;
static ds_open_out opened;
static const ds_column *columns; /* of the route; none where it has no fields */
static size_t columns_n;
static const char *owner = "store/route/unit";

static inline void sql(const char *text)
{
    char *why = NULL;

    if (sqlite3_exec(other, text, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", text, why);
}

/* Rows as sqlite3 would print them: a|b, one after the other with a blank between. */
static inline const char *query(const char *text)
{
    DS_AUTO_BUF(out, DS_MIB);
    sqlite3_stmt *st;

    if (sqlite3_prepare_v2(other, text, -1, &st, NULL) != SQLITE_OK)
        fail_msg("%s: %s", text, sqlite3_errmsg(other));
    while (sqlite3_step(st) == SQLITE_ROW) {
        ds_buf_text(&out, out.n ? " " : "");
        for (int i = 0; i < sqlite3_column_count(st); i++) {
            const char *value = (const char *)sqlite3_column_text(st, i);

            ds_buf_printf(&out, "%s%s", i ? "|" : "", value ? value : "NULL");
        }
    }
    sqlite3_finalize(st);
    return ds_arena_strdup(scratch, out.data ? out.data : "");
}

/* A directory, and a database in it with this; "" for none yet. */
static inline void begin(const char *text)
{
    if (dir) { /* the test before failed */
        ds_sqlite_destination.close(&to.base);
        sqlite3_close(other);
        tmpdir_free(dir);
    }
    dir = tmpdir_new();
    path = tmpdir_file(dir, "a.db");
    other = NULL;
    columns = NULL;
    columns_n = 0;
    owner = "store/route/unit";
    to = (ds_sqlite_writer){
        .base = {.ops = &ds_sqlite_destination}, .path = path, .table = "t", .key = "id"};
    if (!*text)
        return;
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    sql("PRAGMA synchronous = OFF");
    sql(text);
}

static inline void look(void) /* the database that the destination made */
{
    if (!other)
        assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
}

static inline void end(void)
{
    ds_sqlite_destination.close(&to.base);
    sqlite3_close(other);
    tmpdir_free(dir);
    dir = NULL;
}

static inline bool opens_as(const char *generation, bool reading_only)
{
    ds_open_in in = {.owner = owner,
                     .generation = generation,
                     .columns = columns,
                     .columns_n = columns_n,
                     .reading_only = reading_only};

    return ds_sqlite_destination.open(&to.base, seam_activity(), &in, &opened, &seam_err);
}

static inline void must_open(const char *generation)
{
    if (!opens_as(generation, false))
        fail_msg("%s", seam_err.text);
    sqlite3_exec(to.db.handle, "PRAGMA synchronous = OFF", NULL, NULL, NULL); /* disks are slow */
}

static inline void must_create(const char *generation)
{
    to.create_table = true;
    must_open(generation);
}

static inline ds_write *create(const char *key, const char *props)
{
    return seam_write(&to.base, DS_OP_CREATE, key, props);
}

static inline ds_write *update(const char *key, const char *props)
{
    return seam_write(&to.base, DS_OP_UPDATE, key, props);
}

static inline const char *finish(const char *before)
{
    return seam_finish(&to.base, before);
}

#define assert_outcome(row, outcome_) assert_int_equal((row)->outcome, DS_OUT_##outcome_)

static inline void assert_held(const ds_write *row, const char *part)
{
    assert_int_equal(row->outcome, DS_OUT_HELD);
    if (!strstr(row->reason, part))
        fail_msg("\"%s\" does not say \"%s\"", row->reason, part);
}

#endif
