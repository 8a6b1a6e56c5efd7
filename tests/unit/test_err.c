/* tests/unit/test_err.c - errors: their kind, their text, where a long text is cut. */
#include "base/text.h"
#include "support/run.h"

#include <string.h>

#define TEXT_MOST (sizeof(((ds_err *)NULL)->text) - 1)

static void a_failure_sets_everything(void **state)
{
    ds_err err = {.kind = DS_ERR_RATE_LIMITED, .http_status = 429, .retry_after_ms = 5000};

    (void)state;
    assert_false(ds_fail(&err, DS_ERR_AUTH, "HTTP %d: %s", 401, "Bad credentials"));
    assert_int_equal(err.kind, DS_ERR_AUTH);
    assert_int_equal(err.http_status, 0);
    assert_int_equal(err.retry_after_ms, -1);
    assert_string_equal(err.text, "HTTP 401: Bad credentials");
}

static void wrapping_prepends_and_keeps_the_rest(void **state)
{
    ds_err err = DS_ERR_INIT;

    (void)state;
    ds_fail(&err, DS_ERR_RATE_LIMITED, "HTTP 429");
    err.http_status = 429;
    err.retry_after_ms = 7000;
    assert_false(ds_wrap(&err, "list repositories of %s", "acme"));
    ds_wrap(&err, "github:acme");
    assert_string_equal(err.text, "github:acme: list repositories of acme: HTTP 429");
    assert_int_equal(err.kind, DS_ERR_RATE_LIMITED);
    assert_int_equal(err.http_status, 429);
    assert_int_equal(err.retry_after_ms, 7000);
}

static void an_error_may_name_itself(void **state)
{
    ds_err err = DS_ERR_INIT;

    (void)state;
    ds_fail(&err, DS_ERR_TRANSIENT, "reset");
    ds_fail(&err, DS_ERR_PERMANENT, "gave up after: %s", err.text);
    assert_string_equal(err.text, "gave up after: reset");
    ds_wrap(&err, "twice (%s)", err.text);
    assert_string_equal(err.text, "twice (gave up after: reset): gave up after: reset");
}

static const struct row {
    const char *name;
    const char *character; /* stands at the cut, wherever in it the cut falls */
} rows[] = {
    {"a cut between letters", "a"},
    {"a cut in a character of two bytes", "\xC3\xA9"},
    {"a cut in a character of three bytes", "\xE2\x82\xAC"},
    {"a cut in a character of four bytes", "\xF0\x9F\x98\x80"},
};

/* `n` bytes of filler, then characters up to beyond the end. */
static const char *long_text(size_t n, const char *character)
{
    DS_AUTO_BUF(b, 4 * DS_KIB);

    while (b.n < n)
        ds_buf_char(&b, 'x');
    while (b.n < TEXT_MOST + 20)
        ds_buf_text(&b, character);
    return ds_arena_strdup(scratch, b.data);
}

static void assert_cut_well(const ds_err *err, const char *whole)
{
    size_t n = strlen(err->text);

    assert_true(n <= TEXT_MOST && n > TEXT_MOST - 4);
    assert_true(ds_utf8_ok(err->text, n));
    assert_int_equal(strncmp(err->text, whole, n), 0);
}

static void cut(void **state)
{
    const struct row *row = *state;

    for (size_t n = 0; n < 8; n++) {
        const char *whole = long_text(n, row->character);
        ds_err err = DS_ERR_INIT;

        ds_fail(&err, DS_ERR_PERMANENT, "%s", whole);
        assert_cut_well(&err, whole);
        ds_wrap(&err, "w"); /* what was there is pushed over the end */
        assert_cut_well(&err, ds_arena_printf(scratch, "w: %s", whole));
        ds_wrap(&err, "%s", whole); /* the context alone is too long */
        assert_cut_well(&err, whole);
    }
}

static const struct part {
    const char *name, *fmt, *said, *text, *wrapping;
} parts[] = {
    {"a name cut in a character", "no event is called \"%.6s\"", "resum\xC3\xA9",
     "no event is called \"resum?\"", "no event is called \"resum?\": why"},
    {"a name cut in a character at the end", "no event is called %.6s", "resum\xC3\xA9",
     "no event is called resum", "no event is called resum?: why"},
    {"bytes that are no characters", "open %s: not found", "\xFF\xFE/\xE2\x82/a",
     "open ?/?/a: not found", "open ?/?/a: not found: why"},
    {"a lone byte of the middle", "%s.", "\x80", "?.", "?.: why"},
    {"characters of every length", "%s.", "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80",
     "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80.", "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80.: why"},
};

static void only_characters(void **state)
{
    const struct part *row = *state;
    ds_err err = DS_ERR_INIT;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    ds_fail(&err, DS_ERR_PERMANENT, row->fmt, row->said);
    assert_string_equal(err.text, row->text);
    ds_fail(&err, DS_ERR_PERMANENT, "why");
    ds_wrap(&err, row->fmt, row->said);
#pragma GCC diagnostic pop
    assert_string_equal(err.text, row->wrapping);
}

static void a_text_that_just_fits_is_whole(void **state)
{
    const char *whole = ds_arena_strndup(scratch, long_text(0, "x"), TEXT_MOST - 2);
    const char *with_euro = ds_arena_printf(scratch, "%.*s\xE2\x82\xAC", (int)TEXT_MOST - 3, whole);
    ds_err err = DS_ERR_INIT;

    (void)state;
    ds_fail(&err, DS_ERR_PERMANENT, "%s", with_euro);
    assert_string_equal(err.text, with_euro);
}

static void kinds_have_names_of_their_own(void **state)
{
    static const char *const names[] = {"none",      "config",    "auth",     "rate_limited",
                                        "transient", "permanent", "cancelled"};

    (void)state;
    for (int kind = DS_ERR_NONE; kind <= DS_ERR_CANCELLED; kind++)
        assert_string_equal(ds_err_kind_name((ds_err_kind)kind), names[kind]);
    assert_string_equal(ds_err_kind_name((ds_err_kind)99), "none");
}

int main(void)
{
    add_test(a_failure_sets_everything);
    add_test(wrapping_prepends_and_keeps_the_rest);
    add_test(an_error_may_name_itself);
    add_table(rows, cut);
    add_table(parts, only_characters);
    add_test(a_text_that_just_fits_is_whole);
    add_test(kinds_have_names_of_their_own);
    return run_tests("errors");
}
