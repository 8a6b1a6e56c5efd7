/* tests/unit/test_base64.c - base64 both ways, and what is none. */
#include "base/base64.h"
#include "support/run.h"

#include <string.h>

static const struct row {
    const char *name;
    const char *bytes, *text;
} rows[] = {
    {"nothing", "", ""},
    {"one byte", "f", "Zg=="},
    {"two bytes", "fo", "Zm8="},
    {"three bytes", "foo", "Zm9v"},
    {"more", "foobar", "Zm9vYmFy"},
    {"every kind of digit", "\xfb\xff\xbf\x69", "+/+/aQ=="},
};

static void both_ways(void **state)
{
    const struct row *row = *state;
    size_t n = strlen(row->bytes), got_n;
    uint8_t *got = ds_base64_read(row->text, strlen(row->text), scratch, &got_n);

    assert_string_equal(ds_base64_write((const uint8_t *)row->bytes, n, scratch), row->text);
    assert_non_null(got);
    assert_int_equal(got_n, n);
    assert_memory_equal(got, row->bytes, n);
}

static const struct reading {
    const char *name, *text;
    int n; /* bytes; -1: it is none */
} readings[] = {
    {"the alphabet of URLs", "-_-_", 3},
    {"padding may be missing", "Zg", 1},
    {"and in longer texts", "Zm9vYg", 4},
    {"padding alone", "====", -1},
    {"a lone digit", "Z", -1},
    {"padding that fills nothing", "Zg=", -1},
    {"padding in the middle", "Zg==Zg==", -1},
    {"a character of no alphabet", "Zm9*", -1},
    {"a character behind all of them", "Zm9~", -1},
    {"a blank", "Zm 9", -1},
    {"bits that mean nothing", "Zh==", -1},
};

static void reading(void **state)
{
    const struct reading *row = *state;
    size_t n = 0;
    uint8_t *got = ds_base64_read(row->text, strlen(row->text), scratch, &n);

    assert_int_equal(got ? (int)n : -1, row->n);
}

int main(void)
{
    add_table(rows, both_ways);
    add_table(readings, reading);
    return run_tests("base64");
}
