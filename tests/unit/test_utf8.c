/* tests/unit/test_utf8.c - valid UTF-8, by every code point there is, and its repair. */
#include "base/text.h"
#include "support/run.h"

#include <string.h>

static size_t encode(uint32_t point, char *out)
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        out[0] = (char)(0xC0 | point >> 6);
        out[1] = (char)(0x80 | (point & 0x3F));
        return 2;
    }
    if (point < 0x10000) {
        out[0] = (char)(0xE0 | point >> 12);
        out[1] = (char)(0x80 | (point >> 6 & 0x3F));
        out[2] = (char)(0x80 | (point & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | point >> 18);
    out[1] = (char)(0x80 | (point >> 12 & 0x3F));
    out[2] = (char)(0x80 | (point >> 6 & 0x3F));
    out[3] = (char)(0x80 | (point & 0x3F));
    return 4;
}

static void every_code_point_is_one_step(void **state)
{
    (void)state;
    for (uint32_t point = 0; point <= 0x1FFFFF; point++) {
        char text[4];
        size_t n = encode(point, text), expected = n;

        if ((point >= 0xD800 && point <= 0xDFFF) || point > 0x10FFFF)
            expected = 0;
        if (ds_utf8_step(text, n) != expected)
            fail_msg("U+%04X", point);
        for (size_t part = 0; part < n; part++) /* cut, it is no character */
            if (ds_utf8_step(text, part) != 0)
                fail_msg("U+%04X cut", point);
    }
}

/* As many sequences of n bytes are valid as there are code points of that length: none has a
 * second spelling. */
static void no_code_point_has_two_spellings(void **state)
{
    size_t found[5] = {0};

    (void)state;
    for (unsigned lead = 0; lead < 256; lead++) {
        for (unsigned rest = 0; rest < 0x10000; rest++) {
            char text[3] = {(char)lead, (char)(rest >> 8), (char)rest};
            size_t n = ds_utf8_step(text, 3);

            found[n] += n == 3 || (n == 2 && !(rest & 0xFF)) || (n == 1 && !rest);
        }
    }
    assert_int_equal(found[1], 0x80);
    assert_int_equal(found[2], 0x800 - 0x80);
    assert_int_equal(found[3], 0x10000 - 0x800 - 0x800);
    for (unsigned lead = 0xE8; lead < 256; lead++) {
        for (unsigned rest = 0; rest < 0x10000; rest++) {
            char text[4] = {(char)lead, (char)(rest >> 8), (char)rest, (char)0xBF};

            found[4] += ds_utf8_step(text, 4) == 4;
        }
    }
    assert_int_equal(found[4], 0x100000 / 64);
}

static const struct row {
    const char *name;
    const char *text;
    size_t n;
    const char *repaired; /* NULL: it is valid, and stays where it is */
} rows[] = {
    {"nothing", "", 0, NULL},
    {"ASCII", "abc", 3, NULL},
    {"a character of each length", "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", 10, NULL},
    {"U+FFFD itself", "\xEF\xBF\xBD", 3, NULL},
    {"the last code point", "\xF4\x8F\xBF\xBF", 4, NULL},
    {"a NUL", "a\0b", 3,
     "a\xEF\xBF\xBD"
     "b"},
    {"a lone tail",
     "a\x80"
     "b",
     3,
     "a\xEF\xBF\xBD"
     "b"},
    {"a cut character", "a\xE2\x82", 3, "a\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"a cut character before another", "\xE2\x82\xC3\xA9", 4, "\xEF\xBF\xBD\xEF\xBF\xBD\xC3\xA9"},
    {"a character of four bytes whose last is none of it", "\xF0\x9F\x98z", 4,
     "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz"},
    {"a slash in two bytes", "\xC0\xAF", 2, "\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"a surrogate", "\xED\xA0\x80", 3, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"beyond the last code point", "\xF4\x90\x80\x80", 4,
     "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"Latin-1", "caf\xE9", 4, "caf\xEF\xBF\xBD"},
    {"bytes that never occur", "\xFE\xFF", 2, "\xEF\xBF\xBD\xEF\xBF\xBD"},
};

static void repair(void **state)
{
    const struct row *row = *state;
    char *text = ds_arena_strndup(scratch, row->text, row->n);
    size_t n = row->n;
    const char *repaired = ds_utf8_repair(scratch, text, &n);

    if (!row->repaired) {
        assert_true(ds_utf8_ok(text, row->n));
        assert_ptr_equal(repaired, text);
        assert_int_equal(n, row->n);
        return;
    }
    assert_int_equal(ds_utf8_ok(text, row->n), memchr(row->text, '\0', row->n) != NULL);
    assert_string_equal(repaired, row->repaired);
    assert_int_equal(n, strlen(row->repaired));
    assert_ptr_equal(ds_utf8_repair(scratch, repaired, &n), repaired); /* once is enough */
}

int main(void)
{
    add_test(every_code_point_is_one_step);
    add_test(no_code_point_has_two_spellings);
    add_table(rows, repair);
    return run_tests("UTF-8");
}
