/* tests/unit/test_file_destination.c - the file destination: what is written, and what stays. */
#include "unit/file_rig.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const two_columns[] = {"Name", "Stars", NULL};

/* One pass over a file: what it made of it, and what a second one does. */
static const struct row {
    const char *name;
    const char *file;
    const char *before; /* NULL: no file */
    const char *steps;
    const char *outcomes;
    const char *after; /* NULL: no file */
    const char *key;
    const char *const *columns;
} rows[] = {
    {"a new file of lines", "a.jsonl", NULL, "+a {\"x\":1}\n+b {\"x\":\"two\",\"y\":null}", "CC",
     "{\"id\":\"a\",\"x\":1}\n{\"id\":\"b\",\"x\":\"two\",\"y\":null}\n", 0, 0},
    {"a new list", "a.json", NULL, "+a {\"x\":1}\n+b {\"x\":[\"p\",\"q\"]}", "CC",
     "[\n{\"id\":\"a\",\"x\":1},\n{\"id\":\"b\",\"x\":[\"p\",\"q\"]}\n]\n", 0, 0},
    {"a new CSV file", "a.csv", NULL, "+a {\"x\":1,\"y\":\"p,q\"}\n+b {\"z\":true,\"x\":null}",
     "CC", "id,x,y,z\na,1,\"p,q\",\nb,,,true\n", 0, 0},
    {"a new CSV file of a route with fields", "a.csv", NULL, "+a {\"Stars\":1}", "C",
     "id,Name,Stars\na,,1\n", 0, two_columns},
    {"a row without properties", "a.jsonl", NULL, "+a {}", "C", "{\"id\":\"a\"}\n", 0, 0},
    {"nothing to write makes no file", "a.jsonl", NULL, "-x", "-", NULL, 0, 0},
    {"made and removed again makes no file", "a.jsonl", NULL, "+a {\"x\":1}\n-a", "C-", NULL, 0, 0},
    {"numbers keep their text", "a.jsonl", NULL,
     "+a {\"x\":1.10,\"y\":9007199254740993,\"z\":18446744073709551616}", "C",
     "{\"id\":\"a\",\"x\":1.10,\"y\":9007199254740993,\"z\":18446744073709551616}\n", 0, 0},
    {"a key that is a number at its source stays one", "a.jsonl", NULL,
     "#5 {\"x\":1}\n#1.10 {\"id\":3,\"x\":2}\n+6 {}\n#007 {}", "CCCC",
     "{\"id\":5,\"x\":1}\n{\"id\":1.10,\"x\":2}\n{\"id\":\"6\"}\n{\"id\":\"007\"}\n", 0, 0},
    {"and where rows have numbers and texts", "a.jsonl", "{\"id\":5}\n{\"id\":\"6\"}\n",
     "#7 {}\n+8 {}", "CC", "{\"id\":5}\n{\"id\":\"6\"}\n{\"id\":7}\n{\"id\":\"8\"}\n", 0, 0},
    {"keys are numbers where those of the file are", "a.jsonl",
     "{\"id\":5}\n{\"note\":1}\n{\"id\":1.50}\n", "+6 {\"x\":1}\n#7 {}\n+008 {}", "CCC",
     "{\"id\":5}\n{\"note\":1}\n{\"id\":1.50}\n{\"id\":6,\"x\":1}\n{\"id\":7}\n{\"id\":\"008\"}\n",
     0, 0},
    {"and texts where those are", "a.jsonl", "{\"id\":\"5\"}\n", "#6 {}", "C",
     "{\"id\":\"5\"}\n{\"id\":\"6\"}\n", 0, 0},
    {"dates, nested values", "a.jsonl", NULL,
     "+a {\"d\":\"date:2026-01-31\",\"t\":\"datetime:2026-01-31T09:30:00Z\",\"n\":{\"m\":[1,{}]}}",
     "C",
     "{\"id\":\"a\",\"d\":\"2026-01-31\",\"t\":\"2026-01-31T09:30:00Z\",\"n\":{\"m\":[1,{}]}}\n", 0,
     0},
    {"CSV: lists, nested values, quotes, line breaks", "a.csv", NULL,
     "+a {\"l\":[\"p\",\"q\"],\"m\":[\"p, q\",\"r\"],\"n\":{\"x\":1.50},\"q\":\"a\\\"b\\nc\"}", "C",
     "id,l,m,n,q\na,\"p, q\",\"[\"\"p, q\"\",\"\"r\"\"]\",\"{\"\"x\"\":1.50}\",\"a\"\"b\nc\"\n", 0,
     0},
    {".tsv has tabs", "a.tsv", NULL, "+a {\"x\":\"p,q\"}", "C", "id\tx\na\tp,q\n", 0, 0},
    {"another name for the key", "a.jsonl", NULL, "+a {\"id\":1}", "C",
     "{\"Repo ID\":\"a\",\"id\":1}\n", "Repo ID", 0},
    {"a key twice is one row", "a.jsonl", NULL, "+a {\"x\":1,\"y\":1}\n+a {\"x\":2}\n=a {\"x\":2}",
     "CUa.", "{\"id\":\"a\",\"x\":2,\"y\":1}\n", 0, 0},

    {"only what differs is written", "a.jsonl",
     "{ \"x\": 1.0,  \"id\": \"a\" , \"mine\" : [ 1, 2 ] }\n\n  {\"id\":5,\"x\":7}  "
     "\r\n{\"note\":\"no key\"}",
     "+a {\"x\":2}\n=5 {\"x\":7}", "Ua.",
     "{ \"x\": 2,  \"id\": \"a\" , \"mine\" : [ 1, 2 ] }\n\n  {\"id\":5,\"x\":7}  "
     "\r\n{\"note\":\"no key\"}",
     0, 0},
    {"new members come behind the old ones", "a.jsonl",
     "{\"id\":\"a\",\"mine\":1}\n{\"id\":\"b\"}\n",
     "=a {\"x\":2,\"y\":null,\"z\":\"w\"}\n=b {\"x\":1}", "UU",
     "{\"id\":\"a\",\"mine\":1,\"x\":2,\"z\":\"w\"}\n{\"id\":\"b\",\"x\":1}\n", 0, 0},
    {"numbers keep their text in old rows too", "a.jsonl", "{\"id\":\"a\",\"x\":1}\n",
     "=a {\"x\":9007199254740993,\"y\":9007199254740993,\"z\":1.10}", "U",
     "{\"id\":\"a\",\"x\":9007199254740993,\"y\":9007199254740993,\"z\":1.10}\n", 0, 0},
    {"null clears, and says nothing where nothing is", "a.jsonl", "{\"id\":\"a\",\"x\":1}\n",
     "=a {\"x\":null,\"y\":null}\n=a {\"y\":null}", "U.", "{\"id\":\"a\",\"x\":null}\n", 0, 0},
    {"escaped names are the same names", "a.jsonl", "{\"id\":\"a\",\"\\u0078\":1}\n",
     "=a {\"x\":2}", "U", "{\"id\":\"a\",\"\\u0078\":2}\n", 0, 0},
    {"an update of a row that is gone makes it", "a.jsonl", "{\"id\":\"b\"}", "=a {\"x\":1}", "C",
     "{\"id\":\"b\"}\n{\"id\":\"a\",\"x\":1}\n", 0, 0},
    {"nothing differs: nothing is written", "a.jsonl", "{\"x\":\"1\",\"id\":\"a\"}",
     "+a {\"x\":\"1\"}", ".a", "{\"x\":\"1\",\"id\":\"a\"}", 0, 0},
    {"two rows of one key are held", "a.jsonl", "{\"id\":\"a\"}\n{\"id\":\"a\"}\n",
     "+a {\"x\":1}\n+b {}", "HC", "{\"id\":\"a\"}\n{\"id\":\"a\"}\n{\"id\":\"b\"}\n", 0, 0},
    {"rows are removed", "a.jsonl", "{\"id\":\"a\"}\n{\"id\":\"b\"}\n{\"id\":\"c\"}", "-b\n-c\n-x",
     "---", "{\"id\":\"a\"}\n", 0, 0},
    {"removed and made again is a new row", "a.jsonl",
     "{\"id\":\"a\",\"mine\":1}\n{\"id\":\"b\"}\n", "-a\n+a {\"x\":1}\n=a {\"x\":2}", "-CU",
     "{\"id\":\"b\"}\n{\"id\":\"a\",\"x\":2}\n", 0, 0},
    {"a property for creation only", "a.jsonl", "{\"id\":\"a\",\"o\":1,\"x\":1}\n",
     "=a {\"!o\":2,\"x\":1}\n=a {\"!o\":2,\"x\":2}\n+b {\"!o\":2,\"x\":1}\n=b {\"!o\":3,\"x\":2}",
     ".UCU", "{\"id\":\"a\",\"o\":1,\"x\":2}\n{\"id\":\"b\",\"o\":2,\"x\":2}\n", 0, 0},
    {"a stamp goes along, never alone", "a.jsonl", "{\"id\":\"a\",\"x\":1,\"s\":1}\n",
     "=a {\"x\":1,\"~s\":2}\n=a {\"x\":2,\"~s\":3}\n+b {\"~s\":4}", ".UC",
     "{\"id\":\"a\",\"x\":2,\"s\":3}\n{\"id\":\"b\",\"s\":4}\n", 0, 0},
    {"an empty file", "a.jsonl", "", "+a {}", "C", "{\"id\":\"a\"}\n", 0, 0},

    {"a pretty list stays pretty", "a.json",
     "[\n  {\n    \"id\": \"a\",\n    \"x\": 1\n  },\n  {\"id\": 2}\n]\n", "=a {\"x\":5}\n+c {}",
     "UC", "[\n  {\n    \"id\": \"a\",\n    \"x\": 5\n  },\n  {\"id\": 2},\n  {\"id\":\"c\"}\n]\n",
     0, 0},
    {"a compact list stays compact", "a.json", "[{\"id\":1},{\"id\":2}]", "+c {}", "C",
     "[{\"id\":1},{\"id\":2},{\"id\":\"c\"}]", 0, 0},
    {"an empty list", "a.json", "[]", "+a {}", "C", "[\n{\"id\":\"a\"}\n]", 0, 0},
    {"an empty file for a list", "a.json", "", "+a {}", "C", "[\n{\"id\":\"a\"}\n]\n", 0, 0},
    {"the first item is removed", "a.json", "[ {\"id\":1} , {\"id\":2} , {\"id\":3} ]", "-1", "-",
     "[ {\"id\":2} , {\"id\":3} ]", 0, 0},
    {"a middle item is removed", "a.json", "[ {\"id\":1} , {\"id\":2} , {\"id\":3} ]", "-2", "-",
     "[ {\"id\":1} , {\"id\":3} ]", 0, 0},
    {"the last items are removed", "a.json", "[ {\"id\":1} , {\"id\":2} , {\"id\":3} ]", "-3\n-2",
     "--", "[ {\"id\":1} ]", 0, 0},
    {"all items are removed", "a.json", "[\n{\"id\":1},\n{\"id\":2}\n]\n", "-1\n-2", "--", "[\n]\n",
     0, 0},
    {"all items are removed, one comes", "a.json", "[\n{\"id\":1},\n{\"id\":2}\n]\n",
     "-1\n-2\n+3 {}", "--C", "[\n{\"id\":3}\n]\n", 0, 0},
    {"the first two go, the third changes", "a.json", "[{\"id\":1},{\"id\":2},{\"id\":3,\"x\":1}]",
     "-1\n-2\n=3 {\"x\":2}", "--U", "[{\"id\":3,\"x\":2}]", 0, 0},

    {"CSV: only what differs is written", "a.csv",
     "\xEF\xBB\xBFx,id,mine\r\n1,a,\"p\"\r\n\r\n2,b\r\n3,,q",
     "=a {\"x\":1}\n=b {\"x\":\"5\"}\n+c {\"x\":7}", ".UC",
     "\xEF\xBB\xBFx,id,mine\r\n1,a,\"p\"\r\n\r\n5,b,\r\n3,,q\r\n7,c,\r\n", 0, 0},
    {"CSV: a new column at the end of every row", "a.csv", "id,mine\na,1\nb\nc,\"x\ny\"\n",
     "=a {\"z\":\"p\"}\n+d {\"z\":\"q\"}", "UC", "id,mine,z\na,1,p\nb,,\nc,\"x\ny\",\nd,,q\n", 0,
     0},
    {"CSV: null needs no new column", "a.csv", "id,x\na,1\n", "=a {\"z\":null}\n=a {\"x\":null}",
     ".U", "id,x\na,\n", 0, 0},
    {"CSV: a header without rows", "a.csv", "id", "+a {\"x\":1}", "C", "id,x\na,1\n", 0, 0},
    {"CSV: a row is removed", "a.csv", "id,x\na,1\nb,\"2\n2\"\nc,3\n", "-b", "-",
     "id,x\na,1\nc,3\n", 0, 0},
    {"CSV: an empty file", "a.csv", "", "+a {\"x\":1}", "C", "id,x\na,1\n", 0, 0},
};

static const char *content(tmpdir *dir, const char *name)
{
    return access(tmpdir_file(dir, name), F_OK) == 0 ? tmpdir_read(dir, name, NULL) : NULL;
}

static void assert_content(tmpdir *dir, const char *name, const char *expect)
{
    const char *text = content(dir, name);

    if (!expect)
        assert_null(text);
    else
        assert_string_equal(text ? text : "(no file)", expect);
}

static size_t files_in(tmpdir *dir)
{
    DIR *folder = opendir(tmpdir_path(dir));
    size_t n = 0;

    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        n += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
    closedir(folder);
    return n;
}

static void writes(void **state)
{
    const struct row *row = *state;
    DS_AUTO(tmpdir) dir = tmpdir_new();
    rig r = {.path = tmpdir_file(dir, row->file), .key = row->key, .columns = row->columns};

    if (row->before)
        tmpdir_write(dir, row->file, row->before, strlen(row->before));
    assert_string_equal(rig_pass(&r, row->steps), row->outcomes);
    assert_content(dir, row->file, row->after);
    assert_int_equal(files_in(dir), row->after ? 1 : 0); /* nothing else is left */
}

/* Flushed after each step, and stopped before the end: the next instance has it all. */
static void writes_in_pieces(void **state)
{
    const struct row *row = *state;
    DS_AUTO(tmpdir) dir = tmpdir_new();
    rig r = {.path = tmpdir_file(dir, row->file), .key = row->key, .columns = row->columns};
    char *text = ds_arena_strdup(scratch, row->steps), *left = text;

    if (row->before)
        tmpdir_write(dir, row->file, row->before, strlen(row->before));
    for (char *step = strtok_r(text, "\n", &left); step; step = strtok_r(NULL, "\n", &left)) {
        assert_true(rig_open(&r));
        assert_true(!r.generation || r.out.continues);
        rig_step(&r, step);
        assert_true(rig_flush(&r));
        rig_close(&r);
    }
    rig_pass(&r, "");
    assert_content(dir, row->file, row->after);
}

/* ---- broken files and settings --------------------------------------------------------------- */

static const struct refusal {
    const char *name, *file, *before, *error; /* '@' stands for the folder */
    ds_err_kind kind;
    bool by_merge; /* it does not matter before */
} refusals[] = {
    {"a line that is no JSON", "a.jsonl", "{\"id\":1}\n{oops\n",
     "@/a.jsonl, line 2 (byte 10): this row is not JSON", DS_ERR_PERMANENT, false},
    {"a line that is no object", "a.jsonl", "7\n",
     "@/a.jsonl, line 1 (byte 1): this row is JSON, but no object", DS_ERR_PERMANENT, false},
    {"a list that is cut off", "a.json", "[{\"id\":1},\n",
     "@/a.json, line 2 (byte 12): the file is cut off", DS_ERR_PERMANENT, false},
    {"a document that is no list", "a.json", "{\"a\":1}", "@/a.json holds an object", DS_ERR_CONFIG,
     false},
    {"CSV without the key's column", "a.csv", "x,y\n1,2\n", "@/a.csv has no column \"id\" (`key`)",
     DS_ERR_CONFIG, false},
    {"CSV with a row longer than the header, and a column to add", "a.csv", "id,y\nb,1\nc,1,2\n",
     "@/a.csv, line 3 (byte 10): this row has 3 values, the header 2; correct it, so that a column "
     "can be added",
     DS_ERR_PERMANENT, true},
    {"CSV with an open quote", "a.csv", "id,y\n1,\"2\n",
     "@/a.csv, line 2 (byte 6): row:1 begins here, and a quote", DS_ERR_PERMANENT, false},
};

static void refuses_broken_files(void **state)
{
    const struct refusal *row = *state;
    DS_AUTO(tmpdir) dir = tmpdir_new();
    rig r = {.path = tmpdir_file(dir, row->file)};
    const char *expect = ds_arena_printf(scratch, "%s%s", tmpdir_path(dir), row->error + 1);

    tmpdir_write(dir, row->file, row->before, strlen(row->before));
    assert_true(rig_open(&r));
    assert_string_equal(rig_step(&r, "+a {\"x\":1}"), row->by_merge ? "C" : "E");
    assert_int_equal(rig_finish(&r), !row->by_merge);
    assert_int_equal(r.err.kind, row->kind);
    assert_non_null(strstr(r.err.text, expect));
    rig_close(&r);
    assert_content(dir, row->file, row->before);
}

static const struct place {
    const char *name, *path, *error; /* '@' stands for the folder */
} places[] = {
    {"a folder that is not there", "@/no/a.jsonl",
     "there is no folder @/no: create it or correct `path`"},
    {"a folder in place of a file", "@/folder.jsonl",
     "@/folder.jsonl is a folder: name a file in `path`"},
    {"a link that leads nowhere", "@/link.jsonl",
     "@/link.jsonl is a link that leads nowhere: mend or remove it"},
    {"a pattern", "@/*.jsonl", "`path: @/*.jsonl` is a pattern: a destination is one file"},
    {"a name without a format", "@/a", "the name @/a does not tell its format"},
};

static const char *at_folder(tmpdir *dir, const char *text)
{
    const char *at = strchr(text, '@');

    return at ? ds_arena_printf(scratch, "%.*s%s%s", (int)(at - text), text, tmpdir_path(dir),
                                at + 1)
              : text;
}

static void refuses_wrong_places(void **state)
{
    const struct place *row = *state;
    DS_AUTO(tmpdir) dir = tmpdir_new();
    rig r = {.path = at_folder(dir, row->path)};
    const char *error = at_folder(dir, row->error);

    assert_int_equal(mkdir(tmpdir_file(dir, "folder.jsonl"), 0755), 0);
    assert_int_equal(symlink("nowhere", tmpdir_file(dir, "link.jsonl")), 0);
    assert_false(rig_open(&r));
    assert_int_equal(r.err.kind, DS_ERR_CONFIG);
    assert_memory_equal(r.err.text, error, strlen(error));
    rig_close(&r);
}

/* ---- the file itself ------------------------------------------------------------------------- */

static void an_unchanged_file_is_not_touched(void **state)
{
    DS_AUTO(tmpdir) dir = tmpdir_new();
    rig r = {.path = tmpdir_file(dir, "a.jsonl")};
    struct stat before, after;

    (void)state;
    rig_pass(&r, "+a {\"x\":1}");
    assert_int_equal(stat(r.path, &before), 0);
    assert_string_equal(rig_pass(&r, "=a {\"x\":1}\n+a {\"x\":1}"), "..a");
    assert_int_equal(stat(r.path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_memory_equal(&before.st_mtim, &after.st_mtim, sizeof(before.st_mtim));
}

static void the_mode_stays(void **state)
{
    DS_AUTO(tmpdir) dir = tmpdir_new();
    rig r = {.path = tmpdir_file(dir, "a.jsonl")};
    struct stat st;

    (void)state;
    rig_pass(&r, "+a {\"x\":1}");
    assert_int_equal(stat(r.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0644);
    assert_int_equal(chmod(r.path, 0640), 0);
    rig_pass(&r, "=a {\"x\":2}");
    assert_int_equal(stat(r.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
}

static void a_link_stays_a_link(void **state)
{
    DS_AUTO(tmpdir) dir = tmpdir_new();
    rig r = {.path = tmpdir_file(dir, "link.jsonl")};
    struct stat st;

    (void)state;
    tmpdir_write(dir, "real.jsonl", "{\"id\":\"a\"}\n", 11);
    assert_int_equal(symlink("real.jsonl", r.path), 0);
    rig_pass(&r, "=a {\"x\":2}");
    assert_int_equal(lstat(r.path, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_content(dir, "real.jsonl", "{\"id\":\"a\",\"x\":2}\n");
}

static void the_journal_is_for_its_owner_alone(void **state)
{
    DS_AUTO(tmpdir) dir = tmpdir_new();
    rig r = {.path = tmpdir_file(dir, "a.jsonl")};
    DIR *folder;
    int journals = 0;

    (void)state;
    assert_true(rig_open(&r));
    assert_string_equal(rig_steps(&r, "+a {\"x\":1}\nf"), "Cf");
    folder = opendir(tmpdir_path(dir));
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        struct stat st;

        if (!strstr(entry->d_name, ".a.jsonl.durable-sync-journal"))
            continue;
        assert_int_equal(stat(tmpdir_file(dir, entry->d_name), &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
        journals++;
    }
    closedir(folder);
    assert_int_equal(journals, 1);
    rig_close(&r);
}

static void many_rows_are_found_again(void **state)
{
    DS_AUTO(tmpdir) dir = tmpdir_new();
    rig r = {.path = tmpdir_file(dir, "a.csv")};

    (void)state;
    assert_true(rig_open(&r));
    for (int i = 0; i < 5000; i++)
        assert_string_equal(rig_step(&r, ds_arena_printf(scratch, "+k%d {\"x\":%d}", i, i)), "C");
    assert_true(rig_finish(&r));
    rig_close(&r);
    assert_true(rig_open(&r));
    for (int i = 4999; i >= 0; i--)
        assert_string_equal(
            rig_step(&r, ds_arena_printf(scratch, "=k%d {\"x\":%d}", i, i % 100 ? i : -1)),
            i % 100 ? "." : "U");
    assert_true(rig_finish(&r));
    rig_close(&r);
    assert_non_null(strstr(content(dir, "a.csv"), "\nk99,99\nk100,-1\nk101,101\n"));
}

static void one_batch_may_name_a_key_again(void **state)
{
    DS_AUTO(tmpdir) dir = tmpdir_new();
    rig r = {.path = tmpdir_file(dir, "a.jsonl")};
    ds_write w[200] = {0};

    (void)state;
    assert_true(rig_open(&r));
    for (size_t i = 0; i < DS_COUNT(w); i++) {
        w[i] = (ds_write){.op = i % 2 ? DS_OP_UPDATE : DS_OP_CREATE,
                          .key = ds_arena_printf(scratch, "k%zu", i / 2)};
        rig_props(&w[i], ds_arena_printf(scratch, "{\"x\":%zu}", i % 4 == 3 ? i : i / 2));
    }
    assert_true(ds_file_destination.write(r.dst, &r.act, w, DS_COUNT(w), &r.err));
    for (size_t i = 0; i < DS_COUNT(w); i++)
        assert_int_equal(w[i].outcome, i % 4 == 3   ? DS_OUT_UPDATED
                                       : i % 4 == 1 ? DS_OUT_UNCHANGED
                                                    : DS_OUT_CREATED);
    assert_true(rig_finish(&r));
    rig_close(&r);
    assert_non_null(
        strstr(content(dir, "a.jsonl"), "{\"id\":\"k98\",\"x\":98}\n{\"id\":\"k99\",\"x\":199}\n"));
}

static void a_row_that_would_be_too_long_is_held(void **state)
{
    DS_AUTO(tmpdir) dir = tmpdir_new();
    rig r = {.path = tmpdir_file(dir, "a.jsonl")};
    char *big = ds_arena_alloc(scratch, DS_RECORD_MAX + 1);
    ds_prop prop = {.name = "x"};
    ds_write w = {.op = DS_OP_CREATE, .key = "a", .props = &prop, .props_n = 1};

    (void)state;
    memset(big, 'y', DS_RECORD_MAX);
    big[DS_RECORD_MAX] = '\0';
    prop.value = ds_text(big);
    assert_true(rig_open(&r));
    assert_true(ds_file_destination.write(r.dst, &r.act, &w, 1, &r.err));
    assert_int_equal(w.outcome, DS_OUT_HELD);
    assert_string_equal(w.reason, "the row would be longer than 32 MiB");
    assert_string_equal(rig_step(&r, "+b {\"x\":1}"), "C");
    assert_true(rig_finish(&r));
    rig_close(&r);
    assert_content(dir, "a.jsonl", "{\"id\":\"b\",\"x\":1}\n");
}

static void a_stop_ends_it(void **state)
{
    DS_AUTO(tmpdir) dir = tmpdir_new();
    rig r = {.path = tmpdir_file(dir, "a.jsonl")};
    atomic_bool stop = true;

    (void)state;
    assert_true(rig_open(&r));
    r.act.stop = &stop;
    assert_string_equal(rig_step(&r, "+a {\"x\":1}"), "E");
    assert_int_equal(r.err.kind, DS_ERR_CANCELLED);
    rig_close(&r);
}

/* ---- reading --------------------------------------------------------------------------------- */

static const char *found(rig *r, const char *key)
{
    ds_found out;

    assert_true(ds_file_destination.find(r->dst, &r->act, &key, 1, &out, &r->err));
    if (!out.n)
        return "none";
    return ds_arena_printf(scratch, "%zu: %s", out.n,
                           show_props(scratch, out.row->props, out.row->props_n));
}

static void find_shows_rows_as_they_will_be(void **state)
{
    DS_AUTO(tmpdir) dir = tmpdir_new();
    rig r = {.path = tmpdir_file(dir, "a.jsonl")};

    (void)state;
    tmpdir_write(dir, "a.jsonl", "{\"id\":5,\"x\":1,\"m\":[1]}\n{\"id\":\"d\"}\n{\"id\":\"d\"}\n",
                 45);
    assert_true(rig_open(&r));
    assert_string_equal(found(&r, "5"), "1: id=5 x=1 m=[1]");
    assert_string_equal(found(&r, "d"), "2: id=\"d\"");
    assert_string_equal(found(&r, "no"), "none");
    assert_string_equal(rig_steps(&r, "=5 {\"x\":2}\n+n {\"x\":3}"), "UC");
    assert_string_equal(found(&r, "5"), "1: id=5 x=2 m=[1]");
    assert_string_equal(found(&r, "n"), "1: id=\"n\" x=3");
    rig_steps(&r, "-5");
    assert_string_equal(found(&r, "5"), "none");
    rig_close(&r);
}

static void find_reads_csv(void **state)
{
    DS_AUTO(tmpdir) dir = tmpdir_new();
    rig r = {.path = tmpdir_file(dir, "a.csv")};

    (void)state;
    tmpdir_write(dir, "a.csv", "x,id\n\"1\"\"2\",a\n", 15);
    assert_true(rig_open(&r));
    assert_string_equal(found(&r, "a"), "1: x=\"1\\\"2\" id=\"a\"");
    rig_steps(&r, "=a {\"x\":true}");
    assert_string_equal(found(&r, "a"), "1: x=\"true\" id=\"a\"");
    rig_close(&r);
}

static void reading_only_changes_nothing(void **state)
{
    DS_AUTO(tmpdir) dir = tmpdir_new();
    rig r = {.path = tmpdir_file(dir, "a.jsonl")};

    (void)state;
    assert_true(rig_open_as(&r, true));
    assert_false(r.out.exists);
    assert_string_equal(found(&r, "a"), "none");
    assert_true(rig_finish(&r));
    rig_close(&r);
    assert_int_equal(files_in(dir), 0);

    assert_true(rig_open(&r));
    rig_steps(&r, "+a {\"x\":1}\nf");
    rig_close(&r);
    assert_int_equal(files_in(dir), 1);
    assert_true(rig_open_as(&r, true));
    assert_true(r.out.exists);
    assert_string_equal(found(&r, "a"), "1: id=\"a\" x=1");
    rig_close(&r);
    assert_int_equal(files_in(dir), 1); /* the journal waits */
}

static const char *said;

static void say(void *to, bool is_error, const char *text, const char *remedy)
{
    (void)to, (void)remedy;
    said = ds_arena_printf(scratch, "%s%s", is_error ? "error: " : "", text);
}

static void check_names_what_is_wrong(void **state)
{
    DS_AUTO(tmpdir) dir = tmpdir_new();
    rig r = {.path = tmpdir_file(dir, "a.csv")};

    (void)state;
    said = NULL;
    assert_true(rig_open_as(&r, true));
    assert_true(ds_file_destination.check_schema(r.dst, &r.act, NULL, 0, say, NULL, &r.err));
    assert_null(said);
    rig_close(&r);
    tmpdir_write(dir, "a.csv", "x\n", 2);
    assert_true(rig_open_as(&r, true));
    assert_true(ds_file_destination.check_schema(r.dst, &r.act, NULL, 0, say, NULL, &r.err));
    assert_non_null(strstr(said, "error: "));
    assert_non_null(strstr(said, "has no column \"id\""));
    rig_close(&r);
}

static const struct identity_row {
    const char *name, *path, *identity;
} identities[] = {
    {"an absolute path", "/a/b.jsonl", "file:/a/b.jsonl"},
    {"slashes and dots without meaning", "//a/././b//c.jsonl", "file:/a/b/c.jsonl"},
};

static const char *identity_of(const char *path)
{
    rig r = {.path = path};
    const char *identity;

    r.dst = ds_calloc(1, ds_file_destination.instance_size);
    rig_option(&r, "path", path);
    identity = ds_file_destination.identity(r.dst, scratch);
    free(r.dst);
    return identity;
}

static void names_itself(void **state)
{
    const struct identity_row *row = *state;

    assert_string_equal(identity_of(row->path), row->identity);
}

/* Links of a route are kept by it: what a symbolic link leads to may change, or be away. */
static void keeps_its_name(void **state)
{
    DS_AUTO(tmpdir) dir = tmpdir_new();
    const char *path = tmpdir_file(dir, "folder/a.csv");
    const char *name = ds_arena_printf(scratch, "file:%s", path);

    (void)state;
    assert_string_equal(identity_of(path), name);
    assert_int_equal(symlink(".", tmpdir_file(dir, "folder")), 0);
    assert_string_equal(identity_of(path), name);
    tmpdir_write(dir, "a.csv", "id\n", 3);
    assert_string_equal(identity_of(path), name);
}

int main(void)
{
    umask(022);
    add_table(rows, writes);
    add_table(rows, writes_in_pieces);
    add_table(refusals, refuses_broken_files);
    add_table(places, refuses_wrong_places);
    add_table(identities, names_itself);
    add_test(keeps_its_name);
    add_test(an_unchanged_file_is_not_touched);
    add_test(the_mode_stays);
    add_test(a_link_stays_a_link);
    add_test(the_journal_is_for_its_owner_alone);
    add_test(many_rows_are_found_again);
    add_test(one_batch_may_name_a_key_again);
    add_test(a_row_that_would_be_too_long_is_held);
    add_test(a_stop_ends_it);
    add_test(find_shows_rows_as_they_will_be);
    add_test(find_reads_csv);
    add_test(reading_only_changes_nothing);
    add_test(check_names_what_is_wrong);
    return run_tests("file destination");
}
