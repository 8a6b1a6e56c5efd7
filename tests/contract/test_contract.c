/* tests/contract/test_contract.c - the contract, for every connector that is built in. */
#include "contract.h"

#include "connectors/file/file.h"
#include "connectors/memory/memory.h"
#include "connectors/sqlite/sqlite.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

/* ---- sqlite ---------------------------------------------------------------------------------- */

static void sql(tmpdir *dir, const char *text)
{
    sqlite3 *db = NULL;
    char *why = NULL;

    assert_int_equal(sqlite3_open(tmpdir_file(dir, "a.db"), &db), SQLITE_OK);
    if (sqlite3_exec(db, "PRAGMA synchronous = OFF", NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(db, text, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", text, why);
    sqlite3_close(db);
}

static void fill_as(tmpdir *dir, const char *columns, const char *tail, size_t n)
{
    sql(dir,
        ds_arena_printf(scratch,
                        "CREATE TABLE t (%s)%s; WITH RECURSIVE c(i) AS (SELECT 0 UNION ALL SELECT"
                        " i + 1 FROM c WHERE i < %zu) INSERT INTO t (id, Name, n) SELECT"
                        " printf('k%%04d', i), printf('name of k%%04d', i), i FROM c WHERE i < %zu",
                        columns, tail, n, n));
}

static void fill_by_key(tmpdir *dir, size_t n)
{
    fill_as(dir, "id TEXT PRIMARY KEY, Name TEXT, n INTEGER", "", n);
}

static void fill_by_rowid(tmpdir *dir, size_t n)
{
    fill_as(dir, "id TEXT, Name TEXT, n INTEGER", "", n);
}

static void fill_sorted(tmpdir *dir, size_t n)
{
    fill_as(dir, "n INTEGER PRIMARY KEY, id TEXT, Name TEXT", " WITHOUT ROWID", n);
}

static void sqlite_by_hand(tmpdir *dir)
{
    sql(dir, "ALTER TABLE t ADD COLUMN Note; UPDATE t SET Note = 'mine' WHERE id = 'k1';"
             "INSERT INTO t (id, Name) VALUES ('hand', 'by hand')");
}

/* ---- files ----------------------------------------------------------------------------------- */

static void fill_file(tmpdir *dir, const char *name, const char *head, const char *line,
                      const char *between, const char *tail, size_t n)
{
    DS_AUTO_BUF(out, DS_MIB);
    char key[32], number[32];

    ds_buf_text(&out, head);
    for (size_t i = 0; i < n; i++) {
        snprintf(key, sizeof(key), "k%04zu", i);
        snprintf(number, sizeof(number), "%zu", i);
        ds_buf_text(&out, i ? between : "");
        for (const char *c = line; *c; c++) { /* %K is the key, %N the number */
            if (*c == '%')
                ds_buf_text(&out, *++c == 'K' ? key : number);
            else
                ds_buf_char(&out, *c);
        }
    }
    ds_buf_text(&out, tail);
    tmpdir_write(dir, name, out.data ? out.data : "", out.n);
}

#define OBJECT "{\"id\":\"%K\",\"Name\":\"name of %K\",\"n\":%N}"

static void fill_jsonl(tmpdir *dir, size_t n)
{
    fill_file(dir, "a.jsonl", "", OBJECT, "\n", n ? "\n" : "", n);
}

static void fill_json(tmpdir *dir, size_t n)
{
    fill_file(dir, "a.json", "[", OBJECT, ",\n", "]\n", n);
}

static void fill_csv(tmpdir *dir, size_t n)
{
    fill_file(dir, "a.csv", "id,Name,n\n", "%K,name of %K,%N", "\n", n ? "\n" : "", n);
}

/* Puts `note` behind the first `before` of the file. */
static void edit(tmpdir *dir, const char *name, const char *before, const char *note)
{
    const char *text = tmpdir_read(dir, name, NULL), *at = strstr(text, before);

    assert_non_null(at);
    text = ds_arena_printf(scratch, "%.*s%s%s", (int)(at - text + (ptrdiff_t)strlen(before)), text,
                           note, at + strlen(before));
    tmpdir_write(dir, name, text, strlen(text));
}

static void jsonl_by_hand(tmpdir *dir)
{
    edit(dir, "a.jsonl", "\"k1\"", ",\"Note\":\"mine\"");
    edit(dir, "a.jsonl", "}\n", "{\"Name\":\"by hand\",\"id\":\"hand\"}\n");
}

static void json_by_hand(tmpdir *dir)
{
    edit(dir, "a.json", "\"k1\"", ",\"Note\":\"mine\"");
    edit(dir, "a.json", "[", "{\"Name\":\"by hand\",\"id\":\"hand\"},");
}

static void csv_by_hand(tmpdir *dir)
{
    static const char text[] = "id,Name,Note,n\nk1,x,mine,1\nk2,y,,2\nhand,by hand,,\n";

    tmpdir_write(dir, "a.csv", text, sizeof(text) - 1);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static void fill_memory(tmpdir *dir, size_t n)
{
    (void)dir;
    ds_memory_drop_all();
    for (size_t i = 0; i < n; i++) {
        const char *key = ds_arena_printf(scratch, "k%04zu", i);

        ds_memory_put("t", "all", key,
                      ds_arena_printf(scratch, "{\"Name\": \"name of %s\", \"n\": %zu}", key, i));
    }
}

static void memory_by_hand(tmpdir *dir)
{
    (void)dir;
    ds_memory_put("t", "all", "k1", "{\"Name\": \"x\", \"n\": 1, \"Note\": \"mine\"}");
    ds_memory_put("t", "all", "hand", "{\"Name\": \"by hand\"}");
}

/* ---- all of them ----------------------------------------------------------------------------- */

#define SQLITE_TABLE                                                                               \
    {                                                                                              \
        {"path", "@a.db"}, {"table", "t"},                                                         \
        {                                                                                          \
            "key", "id"                                                                            \
        }                                                                                          \
    }
#define SQLITE_MADE                                                                                \
    {                                                                                              \
        {"path", "@a.db"}, {"table", "t"}, {"key", "id"},                                          \
        {                                                                                          \
            "create_table", "true"                                                                 \
        }                                                                                          \
    }
#define FILE_NAMED(name)                                                                           \
    {                                                                                              \
        {"path", "@" name},                                                                        \
        {                                                                                          \
            "key", "id"                                                                            \
        }                                                                                          \
    }
#define MEMORY                                                                                     \
    {                                                                                              \
        {                                                                                          \
            "store", "t"                                                                           \
        }                                                                                          \
    }

static const contract_source sources[] = {
    {"sqlite table, by key", &ds_sqlite_source, SQLITE_TABLE, fill_by_key, "a.db"},
    {"sqlite table, by rowid", &ds_sqlite_source, SQLITE_TABLE, fill_by_rowid, "a.db"},
    {"sqlite table, sorted", &ds_sqlite_source, SQLITE_TABLE, fill_sorted, "a.db"},
    {"sqlite query",
     &ds_sqlite_source,
     {{"path", "@a.db"}, {"query", "SELECT id, Name, n FROM t"}, {"key", "id"}},
     fill_by_rowid,
     "a.db"},
    {"jsonl file", &ds_file_source, FILE_NAMED("a.jsonl"), fill_jsonl, "a.jsonl"},
    {"json file", &ds_file_source, FILE_NAMED("a.json"), fill_json, "a.json"},
    {"csv file", &ds_file_source, FILE_NAMED("a.csv"), fill_csv, "a.csv"},
    {"memory", &ds_memory_source, MEMORY, fill_memory, NULL},
    {"memory-changes", &ds_memory_source_changes, MEMORY, fill_memory, NULL},
};

static const contract_destination destinations[] = {
    {"sqlite", &ds_sqlite_destination, SQLITE_MADE, &ds_sqlite_source, SQLITE_TABLE, sqlite_by_hand,
     "a.db", .reset = NULL},
    {"jsonl file", &ds_file_destination, FILE_NAMED("a.jsonl"), &ds_file_source,
     FILE_NAMED("a.jsonl"), jsonl_by_hand, "a.jsonl", .reset = NULL},
    {"json file", &ds_file_destination, FILE_NAMED("a.json"), &ds_file_source, FILE_NAMED("a.json"),
     json_by_hand, "a.json", .reset = NULL},
    {"csv file", &ds_file_destination, FILE_NAMED("a.csv"), &ds_file_source, FILE_NAMED("a.csv"),
     csv_by_hand, "a.csv", .no_null = true},
    {"memory", &ds_memory_destination, MEMORY, &ds_memory_source, MEMORY, memory_by_hand, NULL,
     .reset = ds_memory_drop_all},
    {"memory-b", &ds_memory_destination_b, MEMORY, &ds_memory_source, MEMORY, memory_by_hand, NULL,
     .reset = ds_memory_drop_all},
    {"memory-c", &ds_memory_destination_c, MEMORY, &ds_memory_source, MEMORY, memory_by_hand, NULL,
     .reset = ds_memory_drop_all},
};

int main(void)
{
    for (size_t i = 0; i < DS_COUNT(sources); i++)
        contract_add_source(&sources[i]);
    for (size_t i = 0; i < DS_COUNT(destinations); i++)
        contract_add_destination(&destinations[i]);
    return run_tests("contract");
}
