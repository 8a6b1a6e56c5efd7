/* tests/unit/test_file_source.c - the file source: formats, bad input, settings, size. */
#include "unit/file_source_rig.h"

#define BOM "\xEF\xBB\xBF"
#define BAD "\xEF\xBF\xBD" /* U+FFFD */

/* ---- what a file says, one line a record ----------------------------------------------------- */

static void show_record(ds_buf *out, const ds_record *rec)
{
    const char *parser = rec->hold ? strstr(rec->hold, "not JSON: ") : NULL;

    if (parser) /* the parser's own words are not ours to pin down */
        ds_buf_printf(out, "%s held: %.*s...\n", rec->place, (int)(parser - rec->hold) + 9,
                      rec->hold);
    else if (rec->hold)
        ds_buf_printf(out, "%s held: %s\n", rec->place, rec->hold);
    else if (rec->place)
        ds_buf_printf(out, "%s without a good key: %s\n", rec->place,
                      show_props(scratch, rec->props, rec->props_n));
    else
        ds_buf_printf(out, "%s: %s\n", rec->primary_key,
                      show_props(scratch, rec->props, rec->props_n));
}

/* Reads a file to its end; `fresh`: each page by an instance of its own, as after a crash. */
static const char *read_all(const settings *s, size_t limit, bool fresh)
{
    DS_AUTO_BUF(out, 64 * DS_MIB);
    DS_AUTO(ds_arena) a = ds_arena_new();
    DS_AUTO(ds_source) src = source_new(s);
    ds_activity act = activity(a);
    ds_fetch want = {.unit = "all", .since_ms = -1, .limit = limit};
    ds_page page;
    ds_err err = DS_ERR_INIT;

    do {
        ds_arena_reset(a);
        ds_page_init(&page, a);
        if (!ds_file_source.fetch_page(src, &act, &want, &page, &err)) {
            ds_buf_printf(&out, "%s: %s\n", ds_err_kind_name(err.kind), err.text);
            break;
        }
        for (size_t i = 0; i < page.records_n; i++)
            show_record(&out, &page.records[i]);
        assert_false(page.restart);
        want.cursor = ds_arena_strdup(scratch, page.next_cursor);
        if (fresh) {
            source_free(src);
            src = source_new(s);
        }
    } while (page.next_cursor);
    return ds_arena_strdup(scratch, out.data ? out.data : "");
}

static const struct row {
    const char *name;
    const char *file;
    settings settings; /* without path */
    const char *content;
    const char *records; /* '@' stands for the folder */
    size_t content_n;    /* 0: up to the NUL */
} rows[] = {
    {"one object a line",
     "a.jsonl",
     {0},
     "{\"id\":\"a\",\"x\":1}\n{\"id\":\"b\",\"x\":null}\n",
     "a: id=\"a\" x=1\nb: id=\"b\" x=null\n",
     0},
    {".ndjson is JSON lines", "a.ndjson", {0}, "{\"id\":1}\n", "1: id=1\n", 0},
    {"`format` wins over the name", "a.json", {.format = "jsonl"}, "{\"id\":1}\n", "1: id=1\n", 0},
    {"an empty file has no records", "a.jsonl", {0}, "", "", 0},
    {"empty lines are skipped and counted",
     "a.jsonl",
     {0},
     "\n{\"id\":1}\n  \n\r\nx\n",
     "1: id=1\nline:5 held: this is not JSON:...\n",
     0},
    {"lines may end in CRLF",
     "a.jsonl",
     {0},
     "{\"id\":1}\r\n{\"id\":2}\r\n",
     "1: id=1\n2: id=2\n",
     0},
    {"the last line needs no end",
     "a.jsonl",
     {0},
     "{\"id\":1}\n{\"id\":2}",
     "1: id=1\n2: id=2\n",
     0},
    {"a byte order mark is skipped", "a.jsonl", {0}, BOM "{\"id\":1}\n", "1: id=1\n", 0},
    {"a line cut in the middle is held, the rest goes on",
     "a.jsonl",
     {0},
     "{\"id\":1}\n{\"id\":2,\"x\n{\"id\":3}\n",
     "1: id=1\nline:2 held: this is not JSON:...\n3: id=3\n",
     0},
    {"a line that is no object is held",
     "a.jsonl",
     {0},
     "[1]\n7\n\"x\"\n{\"id\":1}\n",
     "line:1 held: this is JSON, but no object\nline:2 held: this is JSON, but no object\n"
     "line:3 held: this is JSON, but no object\n1: id=1\n",
     0},
    {"NaN and Infinity are not JSON",
     "a.jsonl",
     {0},
     "{\"id\":1,\"x\":NaN}\n{\"id\":2,\"x\":Infinity}\n",
     "line:1 held: this is not JSON:...\n"
     "line:2 held: this is not JSON:...\n",
     0},
    {"a missing key has a place",
     "a.jsonl",
     {0},
     "{\"x\":1}\n",
     "line:1 without a good key: x=1\n",
     0},
    {"an empty key has a place",
     "a.jsonl",
     {0},
     "{\"id\":\"\"}\n",
     "line:1 without a good key: id=\"\"\n",
     0},
    {"a key with a control character has a place",
     "a.jsonl",
     {0},
     "{\"id\":\"a\\nb\"}\n",
     "line:1 without a good key: id=\"a\\nb\"\n",
     0},
    {"null is no key",
     "a.jsonl",
     {0},
     "{\"id\":null}\n",
     "line:1 held: the key \"id\" is null, not text or a number\n",
     0},
    {"true is no key",
     "a.jsonl",
     {0},
     "{\"id\":true}\n",
     "line:1 held: the key \"id\" is true or false, not text or a number\n",
     0},
    {"a list is no key",
     "a.jsonl",
     {0},
     "{\"id\":[1]}\n",
     "line:1 held: the key \"id\" is a list, not text or a number\n",
     0},
    {"an object is no key",
     "a.jsonl",
     {0},
     "{\"id\":{}}\n",
     "line:1 held: the key \"id\" is an object, not text or a number\n",
     0},
    {"numbers keep their text, as keys too",
     "a.jsonl",
     {0},
     "{\"id\":1.10,\"x\":9007199254740993,\"y\":18446744073709551616,\"z\":2.50}\n",
     "1.10: id=1.10 x=9007199254740993 y=18446744073709551616 z=2.50\n",
     0},
    {"a key may be nested",
     "a.jsonl",
     {.key = "owner.login"},
     "{\"owner\":{\"login\":\"a\"}}\n",
     "a: owner={\"login\":\"a\"}\n",
     0},
    {"a member whose name has a dot is found as well",
     "a.jsonl",
     {.key = "a.b"},
     "{\"a.b\":\"k\"}\n",
     "k: a.b=\"k\"\n",
     0},
    {"of a member named twice the last one counts",
     "a.jsonl",
     {0},
     "{\"id\":1,\"id\":2}\n",
     "2: id=2\n",
     0},
    {"bad UTF-8 and NUL are repaired",
     "a.jsonl",
     {0},
     "{\"id\":\"\xFF\",\"x\":\"a\\u0000b\"}\n",
     BAD ": id=\"" BAD "\" x=\"a" BAD "b\"\n",
     0},

    {"a JSON list",
     "a.json",
     {0},
     "[{\"id\":1},\n {\"id\":2,\"x\":[1,{\"y\":\"]}\"}]} ]\n",
     "1: id=1\n2: id=2 x=[1,{\"y\":\"]}\"}]\n",
     0},
    {"an empty JSON list", "a.json", {0}, " [ ] ", "", 0},
    {"a byte order mark before JSON", "a.json", {0}, BOM "[{\"id\":1}]", "1: id=1\n", 0},
    {"items that are no objects are held",
     "a.json",
     {0},
     "[1,\"a,]\",null,[2],{\"id\":3}]",
     "item:1 held: this is JSON, but no object\nitem:2 held: this is JSON, but no object\n"
     "item:3 held: this is JSON, but no object\nitem:4 held: this is JSON, but no object\n"
     "3: id=3\n",
     0},
    {"an item that is no JSON is held",
     "a.json",
     {0},
     "[{\"id\":NaN},{\"id\":2}]",
     "item:1 held: this is not JSON:...\n2: id=2\n",
     0},
    {"`items` names a member",
     "a.json",
     {.items = "639-3"},
     "{\"v\":[9],\"639-3\":[{\"id\":1},{\"id\":2}],\"z\":{\"a\":[]}}",
     "1: id=1\n2: id=2\n",
     0},
    {"a member's name may be escaped",
     "a.json",
     {.items = "r\"s"},
     "{\"r\\u0022s\":[{\"id\":1}]}",
     "1: id=1\n",
     0},
    {"`items` is a pointer",
     "a.json",
     {.items = "/a/1/b~1c"},
     "{\"x\":\"}\",\"a\":[0,{\"b/c\":[{\"id\":1}],\"d\":2}, 3]} ",
     "1: id=1\n",
     0},
    {"the empty pointer is the document", "a.json", {.items = ""}, "[{\"id\":1}]", "1: id=1\n", 0},
    {"items that are not there",
     "a.json",
     {.items = "/a/rows"},
     "{\"a\":{\"x\":1,\"y\":2}}",
     "config: `items: /a/rows` names nothing in @/a.json: there is no \"rows\" among x, y\n",
     0},
    {"an entry that is not there",
     "a.json",
     {.items = "/2"},
     "[[],[]]",
     "config: `items: /2` names nothing in @/a.json: there is no \"2\" among the list's entries\n",
     0},
    {"items that are no list",
     "a.json",
     {.items = "a"},
     "{\"a\":7}",
     "config: `items` a in @/a.json is no list; name the list with `items`\n",
     0},
    {"an object without `items`",
     "a.json",
     {0},
     "{\"639-3\":[{\"id\":1}],\"n\":1}",
     "config: @/a.json holds an object, not a list: say with `items` which member holds the rows, "
     "for example one of 639-3, n\n",
     0},
    {"an empty file is no JSON",
     "a.json",
     {0},
     "",
     "permanent: @/a.json, line 1 (byte 1): the file ends before any JSON\n",
     0},
    {"a list cut behind an item",
     "a.json",
     {0},
     "[{\"id\":1},\n{\"id\":2}",
     "1: id=1\n2: id=2\npermanent: @/a.json, line 2 (byte 20): the file is cut off behind item:2\n",
     0},
    {"a list cut behind a comma",
     "a.json",
     {0},
     "[{\"id\":1},",
     "1: id=1\npermanent: @/a.json, line 1 (byte 11): the file is cut off inside its list of "
     "rows\n",
     0},
    {"a list cut inside an item",
     "a.json",
     {0},
     "[{\"id\":1},\n{\"id\":",
     "1: id=1\npermanent: @/a.json, line 2 (byte 12): item:2 begins here and does not end: the "
     "file "
     "is cut off\n",
     0},
    {"a list cut inside a text",
     "a.json",
     {0},
     "[\"a",
     "permanent: @/a.json, line 1 (byte 2): item:1 begins here and does not end: the file is cut "
     "off\n",
     0},
    {"a document cut behind its list",
     "a.json",
     {.items = "a"},
     "{\"a\":[{\"id\":1}]",
     "1: id=1\npermanent: @/a.json, line 1 (byte 16): the file is cut off behind its list of "
     "rows\n",
     0},
    {"a bracket of the wrong kind",
     "a.json",
     {0},
     "[{\"id\":1},{\"x\":[2},{\"id\":3}]",
     "1: id=1\npermanent: @/a.json, line 1 (byte 18): item:2 has a bracket or comma too many\n",
     0},
    {"a comma is missing",
     "a.json",
     {0},
     "[{\"id\":1}\n{\"id\":2}]",
     "1: id=1\npermanent: @/a.json, line 2 (byte 11): a ',' is missing here\n",
     0},
    {"a comma too many",
     "a.json",
     {0},
     "[{\"id\":1},]",
     "1: id=1\npermanent: @/a.json, line 1 (byte 11): item:2 has a bracket or comma too many\n",
     0},
    {"something behind the document",
     "a.json",
     {0},
     "[{\"id\":1}] []",
     "1: id=1\npermanent: @/a.json, line 1 (byte 12): something follows the end of the document\n",
     0},

    {"CSV: the header names, all is text",
     "a.csv",
     {0},
     "id,x,y\na,1,\nb,\"\",null\n",
     "a: id=\"a\" x=\"1\" y=\"\"\nb: id=\"b\" x=\"\" y=\"null\"\n",
     0},
    {"CSV: quotes, doubled quotes, line breaks inside",
     "a.csv",
     {0},
     "id,x\r\na,\"say \"\"hi\"\", you\"\r\n\"b\",\"two\r\nlines\"\r\nc,in\"side\r\n",
     "a: id=\"a\" x=\"say \\\"hi\\\", you\"\nb: id=\"b\" x=\"two\\r\\nlines\"\n"
     "c: id=\"c\" x=\"in\\\"side\"\n",
     0},
    {"CSV: a byte order mark, no last line end",
     "a.csv",
     {0},
     BOM "id\na\nb",
     "a: id=\"a\"\nb: id=\"b\"\n",
     0},
    {"CSV: a row with missing columns leaves them absent",
     "a.csv",
     {0},
     "x,id,y\n1,a\n\n2,b,3\n",
     "a: x=\"1\" id=\"a\"\nb: x=\"2\" id=\"b\" y=\"3\"\n",
     0},
    {"CSV: a row with a column too many is held",
     "a.csv",
     {0},
     "id,x\na,1,2\nb,1\n",
     "row:1 held: row:1 has 3 values, the header 2\nb: id=\"b\" x=\"1\"\n",
     0},
    {"CSV: text behind a closing quote is held",
     "a.csv",
     {0},
     "id,x\na,\"1\"2\nb,1\n",
     "row:1 held: row:1, column 2: text follows the closing quote\nb: id=\"b\" x=\"1\"\n",
     0},
    {"CSV: a row without key",
     "a.csv",
     {0},
     "x,id\n1\n2,\n",
     "row:1 without a good key: x=\"1\"\nrow:2 without a good key: x=\"2\" id=\"\"\n",
     0},
    {"CSV: a quote that is never closed",
     "a.csv",
     {0},
     "id,x\na,1\nb,\"2\nc,3\n",
     "a: id=\"a\" x=\"1\"\npermanent: @/a.csv, line 3 (byte 10): row:2 begins here, and a quote in "
     "it "
     "is never closed\n",
     0},
    {"CSV: only a header", "a.csv", {0}, "id,x\n", "", 0},
    {"CSV: no header",
     "a.csv",
     {0},
     "",
     "permanent: @/a.csv is empty: its first line must name the columns\n",
     0},
    {"CSV: lines that end in CR alone",
     "a.csv",
     {0},
     "id,x\ra,1\rb,2\r",
     "permanent: @/a.csv: its lines end in CR alone; save it with LF or CRLF line ends\n",
     0},
    {"CSV: a line end inside a quoted name",
     "a.csv",
     {0},
     "id,\"x\r\ny\"\na,1\n",
     "a: id=\"a\" x\r\ny=\"1\"\n",
     0},
    {"UTF-16",
     "a.csv",
     {0},
     "\xFF\xFE"
     "i",
     "permanent: @/a.csv is UTF-16; save it as UTF-8 (iconv -f utf-16 -t utf-8)\n",
     0},
    {"UTF-16 of the other order",
     "a.jsonl",
     {0},
     "\xFE\xFF",
     "permanent: @/a.jsonl is UTF-16; save it as UTF-8 (iconv -f utf-16 -t utf-8)\n",
     0},
    {"gzip",
     "a.json",
     {0},
     "\x1F\x8B\b",
     "permanent: @/a.json is compressed by gzip; unpack it (gzip -d)\n",
     0},
    {"zstd",
     "a.jsonl",
     {0},
     "\x28\xB5\x2F\xFD",
     "permanent: @/a.jsonl is compressed by zstd; unpack it (zstd -d)\n",
     0},
    {"a spreadsheet",
     "a.csv",
     {0},
     "PK\x03\x04",
     "permanent: @/a.csv is a zip archive or a spreadsheet; unpack it, or save the sheet as CSV\n",
     0},
    {"CSV: an empty name",
     "a.csv",
     {0},
     "id,,x\n",
     "permanent: @/a.csv, column 2: its name in the header is empty\n",
     0},
    {"CSV: a doubled name",
     "a.csv",
     {0},
     "id,x,id\n",
     "permanent: @/a.csv, column 3: the header names \"id\" twice; rename one\n",
     0},
    {"CSV: the key is no column",
     "a.csv",
     {.key = "no"},
     "id,x\n",
     "config: `key: no` is no column of @/a.csv: its header begins with id, x\n",
     0},
    {"CSV: another delimiter",
     "a.csv",
     {.delimiter = ";"},
     "id;x\na;1,5\n",
     "a: id=\"a\" x=\"1,5\"\n",
     0},
    {".tsv has tabs, and rows of empty values",
     "a.tsv",
     {0},
     "id\tx\na\t1\n\t\n",
     "a: id=\"a\" x=\"1\"\nrow:2 without a good key: id=\"\" x=\"\"\n",
     0},
    {"CSV: bad UTF-8 and NUL are repaired",
     "a.csv",
     {0},
     "id,x\na,b\0c\xC3(\xED\xA0\x80\n",
     "a: id=\"a\" x=\"b" BAD "c" BAD "(" BAD BAD BAD "\"\n",
     16},
};

static void reads(void **state)
{
    const struct row *row = *state;
    DS_AUTO(tmpdir) dir = tmpdir_new();
    settings s = row->settings;
    const char *at = strchr(row->records, '@'), *expect = row->records;

    s.path = tmpdir_file(dir, row->file);
    tmpdir_write(dir, row->file, row->content,
                 row->content_n ? row->content_n : strlen(row->content));
    if (at)
        expect = ds_arena_printf(scratch, "%.*s%s%s", (int)(at - expect), expect, tmpdir_path(dir),
                                 at + 1);
    assert_string_equal(read_all(&s, 1000, false), expect);
    assert_string_equal(read_all(&s, 1, false), expect);
    assert_string_equal(read_all(&s, 2, true), expect);
}

/* ---- settings -------------------------------------------------------------------------------- */

static const struct setting_row {
    const char *name;
    settings settings;
    const char *error; /* NULL: fine */
} setting_rows[] = {
    {"a known ending", {.path = "x.JSONL", .key = "id"}, NULL},
    {"an unknown ending needs `format`",
     {.path = "x.txt", .key = "id"},
     "the name x.txt does not tell its format: say `format: jsonl`, `json` or `csv`"},
    {"and with it is fine", {.path = "x.txt", .key = "id", .format = "csv"}, NULL},
    {"items for lines",
     {.path = "x.jsonl", .key = "id", .items = "a"},
     "`items` belongs to json files, and x.jsonl is none"},
    {"delimiter for lines",
     {.path = "x.jsonl", .key = "id", .delimiter = ";"},
     "`delimiter` belongs to csv files, and x.jsonl is none"},
    {"a delimiter of two characters",
     {.path = "x.csv", .key = "id", .delimiter = "::"},
     "`delimiter` is one character such as \";\" or \"\\t\", not \"::\""},
    {"a quote is no delimiter",
     {.path = "x.csv", .key = "id", .delimiter = "\""},
     "`delimiter` is one character such as \";\" or \"\\t\", not \"\"\""},
    {"a tab in words", {.path = "x.csv", .key = "id", .delimiter = "tab"}, NULL},
    {"an empty key",
     {.path = "x.csv", .key = ""},
     "`key` is empty: name the property that tells rows apart"},
    {"an empty path", {.path = "", .key = "id"}, "`path` is empty: name the file to read"},
};

static void validates(void **state)
{
    const struct setting_row *row = *state;
    DS_AUTO(ds_source) src = source_new(&row->settings);
    ds_err err = DS_ERR_INIT;

    assert_int_equal(ds_file_source.validate(src, &err), !row->error);
    if (row->error) {
        assert_int_equal(err.kind, DS_ERR_CONFIG);
        assert_string_equal(err.text, row->error);
    }
}

/* ---- large and hostile ----------------------------------------------------------------------- */

static void fill_with(char *text, size_t n, const char *begin, char c, const char *end)
{
    memset(text, c, n);
    memcpy(text, begin, strlen(begin));
    memcpy(text + n - strlen(end), end, strlen(end));
}

/* A line of `n` bytes between two short ones; what became of it. */
static const char *long_line(size_t n, const char *begin, char c, const char *end)
{
    DS_AUTO(tmpdir) dir = tmpdir_new();
    settings s = {.path = tmpdir_file(dir, "a.jsonl")};
    char *text = ds_calloc(n + 32, 1);

    memcpy(text, "{\"id\":1}\n", 9);
    fill_with(text + 9, n, begin, c, end);
    memcpy(text + 9 + n, "\n{\"id\":3}\n", 10);
    tmpdir_write(dir, "a.jsonl", text, n + 19);
    free(text);
    return read_all(&s, 1000, false);
}

static void a_line_over_many_blocks_is_whole(void **state)
{
    const char *text = long_line(5000000, "{\"id\":2,\"x\":\"", 'y', "z\"}");

    (void)state;
    assert_int_equal(strspn(strstr(text, "yyyy"), "y"), 5000000 - 16);
    assert_non_null(strstr(text, "yz\"\n3: id=3\n"));
}

static void a_line_that_is_too_long_is_held(void **state)
{
    (void)state;
    assert_string_equal(long_line(DS_RECORD_MAX + 1, "{\"id\":2,\"x\":\"", 'y', "\"}"),
                        "1: id=1\nline:2 held: the record is longer than 32 MiB\n3: id=3\n");
}

static void a_line_of_100000_brackets_is_held(void **state)
{
    (void)state;
    assert_string_equal(long_line(100000, "{\"id\":2,\"x\":[", '[', "["),
                        "1: id=1\nline:2 held: this is not JSON:...\n"
                        "3: id=3\n");
}

static void an_item_over_many_blocks_is_whole(void **state)
{
    DS_AUTO(tmpdir) dir = tmpdir_new();
    settings s = {.path = tmpdir_file(dir, "a.json")};
    const char *begin = "[{\"id\":\"a\"},{\"id\":\"b\",\"x\":\"", *end = "\"},{\"id\":\"c\"}]";
    size_t n = strlen(begin) + 200000 + strlen(end);
    char *text = ds_arena_alloc(scratch, n);
    const char *records;

    (void)state;
    fill_with(text, n, begin, '\\', end);
    tmpdir_write(dir, "a.json", text, n);
    records = read_all(&s, 2, true);
    assert_memory_equal(records, "a: id=\"a\"\nb: id=\"b\" x=\"", 23);
    assert_int_equal(strspn(records + 23, "\\"), 200000);
    assert_string_equal(records + 23 + 200000, "\"\nc: id=\"c\"\n");
}

static void memory_stays_the_same_for_any_size(void **state)
{
    DS_AUTO(tmpdir) dir = tmpdir_new();
    DS_AUTO(ds_arena) a = ds_arena_new();
    DS_AUTO_BUF(text, 64 * DS_MIB);
    settings s = {.path = tmpdir_file(dir, "a.jsonl")};
    DS_AUTO(ds_source) src = source_new(&s);
    ds_activity act = activity(a);
    ds_fetch want = {.unit = "all", .since_ms = -1, .limit = 1000000};
    size_t most = 0, records = 0, pages = 0;
    ds_page page;

    (void)state;
    for (int i = 0; i < 40000; i++)
        ds_buf_printf(&text, "{\"id\":%d,\"x\":\"%0240d\"}\n", i, i);
    tmpdir_write(dir, "a.jsonl", text.data, text.n);
    do {
        ds_err err = DS_ERR_INIT;

        ds_arena_reset(a);
        ds_page_init(&page, a);
        assert_true(ds_file_source.fetch_page(src, &act, &want, &page, &err));
        records += page.records_n;
        most = DS_MAX(most, ds_arena_size(a));
        assert_in_range(page.total_hint, 39000, 41000);
        want.cursor = ds_arena_strdup(scratch, page.next_cursor);
        pages++;
    } while (page.next_cursor);
    assert_int_equal(records, 40000);
    assert_in_range(pages, text.n / DS_MIB, text.n / DS_MIB + 2);
    assert_in_range(most, 1, 8 * DS_MIB);
}

int main(void)
{
    add_table(rows, reads);
    add_table(setting_rows, validates);
    add_test(a_line_over_many_blocks_is_whole);
    add_test(a_line_that_is_too_long_is_held);
    add_test(a_line_of_100000_brackets_is_held);
    add_test(an_item_over_many_blocks_is_whole);
    add_test(memory_stays_the_same_for_any_size);
    return run_tests("file source");
}
