/* tests/unit/test_file_changes.c - the file source: files that change or cannot be had, units. */
#include "unit/file_source_rig.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- files that change ----------------------------------------------------------------------- */

typedef struct reading {
    ds_source *src;
    ds_arena *a;
    ds_activity act;
    const char *cursor;
    ds_page page;
    ds_err err;
} reading;

static bool fetch(reading *r, size_t limit)
{
    ds_fetch want = {.unit = "all", .cursor = r->cursor, .since_ms = -1, .limit = limit};

    ds_page_init(&r->page, scratch);
    r->err = DS_ERR_INIT;
    r->act = activity(scratch);
    if (!ds_file_source.fetch_page(r->src, &r->act, &want, &r->page, &r->err))
        return false;
    r->cursor = r->page.next_cursor;
    return true;
}

static void write_text(tmpdir *dir, const char *text)
{
    tmpdir_write(dir, "a.jsonl", text, strlen(text));
}

static void a_changed_file_starts_over(void **state)
{
    DS_AUTO(tmpdir) dir = tmpdir_new();
    settings s = {.path = tmpdir_file(dir, "a.jsonl")};
    DS_AUTO(ds_source) src = source_new(&s);
    reading r = {.src = src};

    (void)state;
    write_text(dir, "{\"id\":1}\n{\"id\":2}\n{\"id\":3}\n");
    assert_true(fetch(&r, 1));
    assert_false(r.page.restart);
    write_text(dir, "{\"id\":7}\n{\"id\":8}\n");
    assert_true(fetch(&r, 1));
    assert_true(r.page.restart);
    assert_string_equal(r.page.records[0].primary_key, "7");
    assert_true(fetch(&r, 5));
    assert_false(r.page.restart);
    assert_string_equal(r.page.records[0].primary_key, "8");
    assert_null(r.cursor);
}

static void a_replaced_file_starts_over(void **state)
{
    DS_AUTO(tmpdir) dir = tmpdir_new();
    settings s = {.path = tmpdir_file(dir, "a.jsonl")};
    DS_AUTO(ds_source) src = source_new(&s);
    reading r = {.src = src};
    struct stat st;
    struct timespec times[2];

    (void)state;
    write_text(dir, "{\"id\":1}\n{\"id\":2}\n");
    assert_true(fetch(&r, 1));
    assert_int_equal(stat(s.path, &st), 0);
    tmpdir_write(dir, "b", "{\"id\":3}\n{\"id\":4}\n", 18);
    times[0] = times[1] = st.st_mtim; /* same size, same time: another file all the same */
    assert_int_equal(utimensat(AT_FDCWD, tmpdir_file(dir, "b"), times, 0), 0);
    assert_int_equal(rename(tmpdir_file(dir, "b"), s.path), 0);
    assert_true(fetch(&r, 5));
    assert_true(r.page.restart);
    assert_int_equal(r.page.records_n, 2);
    assert_string_equal(r.page.records[0].primary_key, "3");
}

static void a_file_that_keeps_changing_is_left(void **state)
{
    DS_AUTO(tmpdir) dir = tmpdir_new();
    settings s = {.path = tmpdir_file(dir, "a.jsonl")};
    DS_AUTO(ds_source) src = source_new(&s);
    reading r = {.src = src};
    const char *text = "{\"id\":1}\n{\"id\":2}\n";

    (void)state;
    write_text(dir, text);
    assert_true(fetch(&r, 1));
    for (int i = 0; i < 3; i++) {
        text = ds_arena_printf(scratch, "%s\n", text);
        write_text(dir, text);
        assert_true(fetch(&r, 1));
        assert_true(r.page.restart);
    }
    write_text(dir, ds_arena_printf(scratch, "%s\n", text));
    assert_false(fetch(&r, 1));
    assert_int_equal(r.err.kind, DS_ERR_TRANSIENT);
    assert_non_null(strstr(r.err.text, "keeps changing while it is read"));
    r.cursor = NULL; /* a new pass has its tries again */
    assert_true(fetch(&r, 1));
}

/* Somebody writes while a page is read: the reader looks at this clock before each block. */
typedef struct meddler {
    ds_clock base;
    tmpdir *dir;
    int left; /* so many blocks are read before */
} meddler;

static int64_t meddle(ds_clock *self)
{
    meddler *m = (meddler *)self;

    if (m->left-- == 0)
        write_text(m->dir, "{\"id\":\"new\"}\n");
    return 0;
}

/* Else what came before the cut would be all there is, and the rest taken for gone. */
static void a_file_cut_under_its_last_page_is_read_anew(void **state)
{
    DS_AUTO(tmpdir) dir = tmpdir_new();
    settings s = {.path = tmpdir_file(dir, "a.jsonl")};
    DS_AUTO(ds_source) src = source_new(&s);
    meddler m = {.base = *ds_clock_system(), .dir = dir, .left = 4};
    ds_activity act = activity(scratch);
    ds_fetch want = {.unit = "all", .since_ms = -1, .limit = 10000};
    const _Atomic int64_t never = INT64_MAX;
    DS_AUTO_BUF(text, DS_MIB);
    ds_page page;
    ds_err err = DS_ERR_INIT;

    (void)state;
    m.base.mono_us = meddle;
    act.clock = &m.base;
    act.lease_us = &never;
    for (int i = 0; i < 8000; i++)
        ds_buf_printf(&text, "{\"id\":\"k%05d\"}\n", i);
    write_text(dir, text.data);
    ds_page_init(&page, scratch);
    assert_true(ds_file_source.fetch_page(src, &act, &want, &page, &err));
    assert_true(m.left < 0);
    assert_int_equal(page.records_n, 1);
    assert_string_equal(page.records[0].primary_key, "new");
    assert_null(page.next_cursor);
}

static void a_cursor_that_is_none_starts_over(void **state)
{
    static const char *const cursors[] = {
        "", "x", "1:1", "9:1:1:1:1", "-1:0:absent", "1:1:99:3:5x", "99999999999999999999:1:1:1:1"};
    DS_AUTO(tmpdir) dir = tmpdir_new();
    settings s = {.path = tmpdir_file(dir, "a.jsonl")};

    (void)state;
    write_text(dir, "{\"id\":1}\n{\"id\":2}\n");
    for (size_t i = 0; i < DS_COUNT(cursors); i++) {
        DS_AUTO(ds_source) src = source_new(&s);
        reading r = {.src = src, .cursor = cursors[i]};

        assert_true(fetch(&r, 9));
        assert_true(r.page.restart);
        assert_int_equal(r.page.records_n, 2);
    }
}

/* ---- errors of the file system --------------------------------------------------------------- */

static void a_missing_file_is_tried_again(void **state)
{
    settings s = {.path = "/nonexistent/a.jsonl"};
    DS_AUTO(ds_source) src = source_new(&s);
    reading r = {.src = src, .act = activity(scratch)};

    (void)state;
    assert_false(fetch(&r, 1));
    assert_int_equal(r.err.kind, DS_ERR_TRANSIENT);
    assert_string_equal(r.err.text,
                        "there is no file /nonexistent/a.jsonl; put it there or correct `path`");
    assert_false(ds_file_source.open(src, &r.act, &r.err));
    assert_int_equal(r.err.kind, DS_ERR_TRANSIENT);
}

static void a_folder_is_no_file(void **state)
{
    settings s = {.path = "/usr", .format = "jsonl"};
    DS_AUTO(ds_source) src = source_new(&s);
    reading r = {.src = src};

    (void)state;
    assert_false(fetch(&r, 1));
    assert_int_equal(r.err.kind, DS_ERR_CONFIG);
    assert_string_equal(r.err.text,
                        "/usr is a folder: name a file, or a pattern such as /usr/*.jsonl");
}

static void a_pipe_is_no_file(void **state)
{
    DS_AUTO(tmpdir) dir = tmpdir_new();
    settings s = {.path = tmpdir_file(dir, "a.jsonl")};
    DS_AUTO(ds_source) src = source_new(&s);
    reading r = {.src = src};

    (void)state;
    assert_int_equal(mkfifo(s.path, 0600), 0);
    assert_false(fetch(&r, 1)); /* and does not hang */
    assert_int_equal(r.err.kind, DS_ERR_CONFIG);
}

/* As another user, since root may read everything. */
static void a_forbidden_file_needs_a_person(void **state)
{
    DS_AUTO(tmpdir) dir = tmpdir_new();
    settings s = {.path = tmpdir_file(dir, "a.jsonl")};
    int status;
    pid_t child;

    (void)state;
    write_text(dir, "{\"id\":1}\n");
    assert_int_equal(chmod(s.path, 0), 0);
    assert_int_equal(chmod(tmpdir_path(dir), 0755), 0);
    child = fork();
    if (!child) {
        ds_source *src = source_new(&s);
        reading r = {.src = src};

        if (geteuid() == 0 && setuid(65534) != 0)
            _exit(1);
        _exit(!fetch(&r, 1) && r.err.kind == DS_ERR_CONFIG && strstr(r.err.text, "right to it")
                  ? 0
                  : 2);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void a_stop_ends_it(void **state)
{
    DS_AUTO(tmpdir) dir = tmpdir_new();
    settings s = {.path = tmpdir_file(dir, "a.jsonl")};
    DS_AUTO(ds_source) src = source_new(&s);
    atomic_bool stop = true;
    ds_activity act = activity(scratch);
    ds_fetch want = {.unit = "all", .since_ms = -1, .limit = 1};
    ds_page page;
    ds_err err = DS_ERR_INIT;

    (void)state;
    act.stop = &stop;
    write_text(dir, "{\"id\":1}\n");
    ds_page_init(&page, scratch);
    assert_false(ds_file_source.fetch_page(src, &act, &want, &page, &err));
    assert_int_equal(err.kind, DS_ERR_CANCELLED);
}

/* ---- units ----------------------------------------------------------------------------------- */

static const char *units_of(const char *path, ds_err *err)
{
    settings s = {.path = path};
    DS_AUTO(ds_source) src = source_new(&s);
    ds_activity act = activity(scratch);
    ds_units units = {.arena = scratch};
    const char *text = "";

    if (!ds_file_source.units(src, &act, &units, err))
        return NULL;
    for (size_t i = 0; i < units.n; i++)
        text = ds_arena_printf(scratch, "%s%s ", text, units.keys[i]);
    return text;
}

static void make_tree(tmpdir *dir)
{
    static const char *const names[] = {"b.jsonl", "a.jsonl", "c.txt", "sub/d.jsonl",
                                        "sub/.e.jsonl"};

    assert_int_equal(mkdir(tmpdir_file(dir, "sub"), 0755), 0);
    assert_int_equal(mkdir(tmpdir_file(dir, "folder.jsonl"), 0755), 0);
    for (size_t i = 0; i < DS_COUNT(names); i++)
        tmpdir_write(dir, names[i], "{\"id\":1}\n", 9);
}

static const struct unit_row {
    const char *name, *pattern, *units;
} unit_rows[] = {
    {"one path is one unit, there or not", "a.jsonl", "all "},
    {"a star", "*.jsonl", "a.jsonl b.jsonl "},
    {"a star in the folder", "*/*.jsonl", "sub/d.jsonl "},
    {"a question mark below a fixed folder", "sub/?.jsonl", "d.jsonl "},
    {"a set", "[bx].jsonl", "b.jsonl "},
    {"nothing fits", "*.csv", ""},
};

static void lists_units(void **state)
{
    const struct unit_row *row = *state;
    DS_AUTO(tmpdir) dir = tmpdir_new();
    ds_err err = DS_ERR_INIT;

    make_tree(dir);
    assert_string_equal(units_of(tmpdir_file(dir, row->pattern), &err), row->units);
}

static void a_folder_that_is_gone_is_no_empty_one(void **state)
{
    ds_err err = DS_ERR_INIT;

    (void)state;
    assert_null(units_of("/nonexistent/*.jsonl", &err));
    assert_int_equal(err.kind, DS_ERR_TRANSIENT);
}

static void a_unit_is_read(void **state)
{
    DS_AUTO(tmpdir) dir = tmpdir_new();
    settings s = {.path = tmpdir_file(dir, "*/*.jsonl")};
    DS_AUTO(ds_source) src = source_new(&s);
    ds_activity act = activity(scratch);
    ds_fetch want = {.unit = "sub/d.jsonl", .since_ms = -1, .limit = 9};
    ds_page page;
    ds_err err = DS_ERR_INIT;

    (void)state;
    make_tree(dir);
    ds_page_init(&page, scratch);
    assert_true(ds_file_source.fetch_page(src, &act, &want, &page, &err));
    assert_int_equal(page.records_n, 1);
    want.unit = "../b.jsonl/../../etc/passwd";
    assert_false(ds_file_source.fetch_page(src, &act, &want, &page, &err));
    assert_int_equal(err.kind, DS_ERR_CONFIG);
}

int main(void)
{
    add_table(unit_rows, lists_units);
    add_test(a_changed_file_starts_over);
    add_test(a_replaced_file_starts_over);
    add_test(a_file_that_keeps_changing_is_left);
    add_test(a_file_cut_under_its_last_page_is_read_anew);
    add_test(a_cursor_that_is_none_starts_over);
    add_test(a_missing_file_is_tried_again);
    add_test(a_folder_is_no_file);
    add_test(a_pipe_is_no_file);
    add_test(a_forbidden_file_needs_a_person);
    add_test(a_stop_ends_it);
    add_test(a_folder_that_is_gone_is_no_empty_one);
    add_test(a_unit_is_read);
    return run_tests("file source, changes");
}
