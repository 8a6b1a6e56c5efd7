/* tests/unit/test_file_large.c - large and hostile files for the file source. */
#include "unit/file_source_rig.h"

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
    add_test(a_line_over_many_blocks_is_whole);
    add_test(a_line_that_is_too_long_is_held);
    add_test(a_line_of_100000_brackets_is_held);
    add_test(an_item_over_many_blocks_is_whole);
    add_test(memory_stays_the_same_for_any_size);
    return run_tests("large files");
}
