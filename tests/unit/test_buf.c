/* tests/unit/test_buf.c - the growable buffer and its cap. */
#include "support/run.h"

#include <string.h>
#include <wchar.h>

static const struct row {
    const char *name;
    size_t max;
    const char *adds[4]; /* each with another of the four ways to add */
    const char *text;
    bool overflow;
} rows[] = {
    {"what fits is there", 100, {"ab", "cd", "e", "fg"}, "abcdefg", false},
    {"up to the last byte of the cap", 7, {"ab", "cd", "e", "fg"}, "abcdefg", false},
    {"one byte more is refused as a whole", 6, {"ab", "cd", "e", "fg"}, "abcde", true},
    {"after a refusal nothing is added, even if it would fit",
     4,
     {"ab", "cde", "e", ""},
     "ab",
     true},
    {"a cap of nothing takes nothing", 0, {"", "", "a", ""}, NULL, true},
    {"nor does one that has no memory yet", 0, {NULL, NULL, NULL, "a"}, NULL, true},
    {"empty texts leave an empty text", 10, {"", "", NULL, ""}, "", false},
};

static void add(ds_buf *b, int way, const char *text)
{
    if (way == 0)
        ds_buf_add(b, text, strlen(text));
    else if (way == 1)
        ds_buf_text(b, text);
    else if (way == 2)
        ds_buf_char(b, *text);
    else
        ds_buf_printf(b, "%s", text);
}

static void fills(void **state)
{
    const struct row *row = *state;
    ds_err err = DS_ERR_INIT;
    ds_buf b;

    ds_buf_init(&b, row->max);
    assert_null(b.data);
    for (int way = 0; way < 4; way++)
        if (row->adds[way])
            add(&b, way, row->adds[way]);
    if (row->text && *row->text) {
        assert_string_equal(b.data, row->text);
        assert_int_equal(b.n, strlen(row->text));
    } else {
        assert_int_equal(b.n, 0);
    }
    assert_int_equal(b.overflow, row->overflow);
    assert_int_equal(ds_buf_ok(&b, "the answer", &err), !row->overflow);
    if (row->overflow) {
        assert_int_equal(err.kind, DS_ERR_PERMANENT);
        assert_string_equal(
            err.text, ds_arena_printf(scratch, "the answer is larger than %zu bytes", row->max));
    }
    ds_buf_fini(&b);
}

static void what_is_added_is_what_is_there(void **state)
{
    enum { N = 40000 };
    char *model = ds_arena_alloc(scratch, N * 8);
    DS_AUTO_BUF(b, N * 8);
    size_t n = 0;

    (void)state;
    for (unsigned i = 0; i < N; i++) {
        size_t add_n = i % 7;

        memset(model + n, (int)(i % 255), add_n); /* NULs too */
        ds_buf_add(&b, model + n, add_n);
        n += add_n;
        assert_int_equal(b.data[b.n], '\0');
    }
    assert_int_equal(b.n, n);
    assert_memory_equal(b.data, model, n);
    assert_false(b.overflow);
}

static void memory_stays_within_the_cap(void **state)
{
    DS_AUTO_BUF(b, 1000);

    (void)state;
    for (int i = 0; i < 2000; i++)
        ds_buf_char(&b, 'x');
    assert_int_equal(b.n, 1000);
    assert_true(b.cap <= 1001);
}

static void growing_byte_by_byte_doubles(void **state)
{
    DS_AUTO_BUF(b, 100 * DS_MIB);
    size_t moves = 0, cap = 0;

    (void)state;
    for (size_t i = 0; i < DS_MIB; i++) {
        ds_buf_char(&b, 'x');
        moves += b.cap != cap;
        cap = b.cap;
    }
    assert_true(moves < 20);
}

static void a_cleared_buffer_keeps_its_memory(void **state)
{
    DS_AUTO_BUF(b, 10);
    char *data;

    (void)state;
    ds_buf_text(&b, "0123456789");
    data = b.data;
    ds_buf_char(&b, 'x');
    assert_true(b.overflow);
    ds_buf_clear(&b);
    assert_false(b.overflow);
    assert_string_equal(b.data, "");
    ds_buf_text(&b, "again");
    assert_ptr_equal(b.data, data);
    assert_string_equal(b.data, "again");
}

static void a_finished_buffer_can_be_used_again(void **state)
{
    DS_AUTO_BUF(b, 5);

    (void)state;
    ds_buf_text(&b, "12345");
    ds_buf_fini(&b);
    assert_null(b.data);
    assert_int_equal(b.n, 0);
    ds_buf_text(&b, "123456");
    assert_true(b.overflow);
    ds_buf_clear(&b);
    ds_buf_text(&b, "67890");
    assert_string_equal(b.data, "67890");
}

static void a_length_that_wraps_is_refused(void **state)
{
    DS_AUTO_BUF(b, SIZE_MAX / 2);

    (void)state;
    ds_buf_text(&b, "abc");
    ds_buf_add(&b, "x", SIZE_MAX - 1);
    assert_true(b.overflow);
    assert_string_equal(b.data, "abc");
}

static void printf_appends_any_length(void **state)
{
    DS_AUTO_BUF(b, DS_MIB);

    (void)state;
    ds_buf_printf(&b, "%d-", 1);
    ds_buf_printf(&b, "%*s-", 5000, "");
    ds_buf_printf(&b, "%s", "end");
    assert_int_equal(b.n, 2 + 5001 + 3);
    assert_string_equal(b.data + 5002, "-end");
}

/* A letter that the locale cannot write: nothing of it is added, and the buffer is as it was. */
static void printf_that_fails_adds_nothing(void **state)
{
    DS_AUTO_BUF(b, DS_MIB);

    (void)state;
    ds_buf_text(&b, "abc");
    ds_buf_printf(&b, "d%lc", (wint_t)0x20AC);
    assert_string_equal(b.data, "abc");
    assert_int_equal(b.n, 3);
    assert_false(b.overflow);
    ds_buf_printf(&b, "d");
    assert_string_equal(b.data, "abcd");
}

int main(void)
{
    add_table(rows, fills);
    add_test(what_is_added_is_what_is_there);
    add_test(memory_stays_within_the_cap);
    add_test(growing_byte_by_byte_doubles);
    add_test(a_cleared_buffer_keeps_its_memory);
    add_test(a_finished_buffer_can_be_used_again);
    add_test(a_length_that_wraps_is_refused);
    add_test(printf_appends_any_length);
    add_test(printf_that_fails_adds_nothing);
    return run_tests("buffer");
}
