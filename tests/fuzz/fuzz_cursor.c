/* tests/fuzz/fuzz_cursor.c
 *
 * Cursors of the file and the sqlite source, as a damaged store might hand them back: reading goes
 * on behind one, starts over, or fails with a word; it never invents rows and never goes round in
 * circles.
 *
 * Input: two bytes (which source, records of a page), then the cursor.  In it @ stands for the
 * state of the file or the fingerprint of the table, as a true cursor has it.
 */
#include "fuzz/pages.h"

#include "connectors/file/file.h"
#include "connectors/sqlite/sqlite.h"

#include <sqlite3.h>
#include <string.h>

#define ROWS 7

typedef struct stand {
    fuzz_source from;
    const char *own; /* what @ stands for */
    size_t rows;
} stand;

static const struct {
    const char *name, *text;
} files[] = {
    {"a.jsonl", "{\"id\":1}\n{\"id\":2}\n\n{\"id\":\"x\\ny\"}\nnot JSON\n{\"id\":5}\n{}\n"},
    {"a.json", "[{\"id\":1},{\"id\":2}, {\"id\":[1,[2]]},4,{\"id\":5} ,{\"id\":\"]\"}]"},
    {"a.csv", "id,b\n1,2\n\"x\ny\",3\n,4\n5,6,7\n8\n\"a\"b,1\n"},
};

static const struct {
    const char *table, *query;
} tables[] = {
    {"keyed", NULL},                   /* pages by an index of its key */
    {"plain", NULL},                   /* by the rowid */
    {NULL, "SELECT id, v FROM plain"}, /* a snapshot in the order of the key */
};

static const char schema[] =
    "CREATE TABLE keyed(id PRIMARY KEY, v);"
    "CREATE TABLE plain(id, v);"
    "INSERT INTO keyed VALUES(NULL,1),(NULL,2),(3,3),(4.5,4),('t',5),(x'00ff',6),('a'||char(10),7);"
    "INSERT INTO plain SELECT * FROM keyed;";

static void make_database(const char *path)
{
    sqlite3 *db = NULL;

    fuzz_must(sqlite3_open(path, &db) == SQLITE_OK &&
                  sqlite3_exec(db, schema, NULL, NULL, NULL) == SQLITE_OK,
              "%s: %s", path, sqlite3_errmsg(db));
    sqlite3_close(db);
}

static const char *only_digits(const char *text)
{
    return text + strspn(text, "0123456789");
}

/* The part of a true cursor that names the state it belongs to. */
static void learn(stand *s, bool file, ds_arena *a)
{
    ds_source *source = fuzz_source_new(&s->from);
    ds_activity act = fuzz_activity(a);
    ds_fetch want = {.unit = "all", .since_ms = -1, .limit = 1};
    ds_page *page = ds_new_in(a, ds_page);
    ds_err err = DS_ERR_INIT;

    ds_page_init(page, a);
    fuzz_must((!s->from.ops->open || s->from.ops->open(source, &act, &err)) &&
                  s->from.ops->fetch_page(source, &act, &want, page, &err) && page->next_cursor,
              "%s", err.text);
    if (file) /* OFFSET:NUMBER:@ */
        s->own = only_digits(only_digits(page->next_cursor) + 1) + 1;
    else /* @:ROWS:SKIP:VALUE */
        s->own = ds_arena_strndup(a, page->next_cursor, strcspn(page->next_cursor, ":"));
    fuzz_source_free(source);
    s->rows = fuzz_pages(&s->from, &(fuzz_how){.limit = 100}, a).n;
}

static void make_stands(stand *stands, ds_arena *a)
{
    const char *path = fuzz_path(a, "a.db");

    for (size_t i = 0; i < DS_COUNT(files); i++) {
        stands[i].from =
            (fuzz_source){&ds_file_source, {{"path", fuzz_path(a, files[i].name)}, {"key", "id"}}};
        fuzz_put(stands[i].from.settings[0][1], files[i].text, strlen(files[i].text));
        learn(&stands[i], true, a);
    }
    make_database(path);
    for (size_t i = 0; i < DS_COUNT(tables); i++) {
        stand *s = &stands[DS_COUNT(files) + i];

        s->from = (fuzz_source){&ds_sqlite_source,
                                {{"path", path},
                                 {"key", "id"},
                                 {"table", tables[i].table},
                                 {"query", tables[i].query}}};
        learn(s, false, a);
    }
}

static const stand *stand_of(unsigned byte)
{
    static stand stands[DS_COUNT(files) + DS_COUNT(tables)];
    static ds_arena *forever;

    if (!forever) {
        forever = ds_arena_new();
        make_stands(stands, forever);
    }
    return &stands[byte % DS_COUNT(stands)];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const items[] = {"3", "t", "none", "4.5", "3"};
    DS_AUTO(ds_arena) a = ds_arena_new();
    fuzz_input in = {(const char *)data, n};
    unsigned which = fuzz_byte(&in), limit = fuzz_byte(&in);
    const stand *s = stand_of(which);
    fuzz_how how = {.limit = limit % 8 + 1, .fresh = limit & 8};

    if (which & 128 && s->from.ops->targets_items) {
        how.items = items;
        how.items_n = DS_COUNT(items);
    }
    how.cursor = fuzz_fill(a, fuzz_rest(&in, a, NULL), "@", s->own);
    fuzz_must(fuzz_pages(&s->from, &how, a).n <= s->rows + how.items_n, "rows out of nowhere");
    return 0;
}
