/* tests/unit/sqlite_source_fixture.h - a database, a reader of it, and somebody else's connection.
 */
#ifndef TESTS_UNIT_SQLITE_SOURCE_FIXTURE_H
#define TESTS_UNIT_SQLITE_SOURCE_FIXTURE_H

#include "connectors/sqlite/reader.h"
#include "connectors/sqlite/sqlite.h"
#include "support/seam.h"
#include "support/tmpdir.h"

#include <string.h>

static tmpdir *dir;
static const char *path;
static ds_sqlite_reader reader;
static sqlite3 *other; /* the connection of somebody else */

static inline void sql(const char *text)
{
    char *why = NULL;

    if (sqlite3_exec(other, text, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", text, why);
}

static inline void begin(const char *text) /* a database with this in it */
{
    if (dir) { /* the test before failed */
        ds_sqlite_source.close(&reader.base);
        sqlite3_close(other);
        tmpdir_free(dir);
    }
    dir = tmpdir_new();
    path = tmpdir_file(dir, "a.db");
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    sql("PRAGMA synchronous = OFF"); /* disks are slow */
    sql(text);
    reader = (ds_sqlite_reader){
        .base = {.ops = &ds_sqlite_source}, .path = path, .key = "id", .since_as = "rfc3339"};
}

static inline void end(void)
{
    ds_sqlite_source.close(&reader.base);
    sqlite3_close(other);
    tmpdir_free(dir);
    dir = NULL;
}

static inline bool opens(void)
{
    return ds_sqlite_source.open(&reader.base, seam_activity(), &seam_err);
}

static inline void must_open(void)
{
    if (!opens())
        fail_msg("%s", seam_err.text);
}

static inline void another_instance(void)
{
    ds_sqlite_reader settings = {.base = {.ops = &ds_sqlite_source},
                                 .path = path,
                                 .table = reader.table,
                                 .query = reader.query,
                                 .key = reader.key,
                                 .since_as = reader.since_as};

    ds_sqlite_source.close(&reader.base);
    reader = settings;
    must_open();
}

#endif
