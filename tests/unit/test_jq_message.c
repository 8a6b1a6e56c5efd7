/* tests/unit/test_jq_message.c - what libjq says of a program, in words and with its place. */
#include "support/run.h"
#include "transform/internal.h"

#include <string.h>

#define FFFD "\xEF\xBF\xBD"

static const struct row {
    const char *name, *program, *said;
    const char *words; /* "LINE:COL: text"; "": nothing is said */
} rows[] = {
    {"the end of the program", ".a |",
     "jq: error: syntax error, unexpected $end (Unix shell quoting issues?) at <top-level>, line "
     "1:\n"
     ".a |    ",
     "1:5: syntax error, unexpected the end of it"},
    {"a place in characters", "\xC3\xA9 !",
     "jq: error: syntax error, unexpected INVALID_CHARACTER at <top-level>, line 1:\n"
     "\xC3\xA9 !   ",
     "1:3: syntax error, unexpected a character that belongs nowhere here"},
    {"a line without a column", "a\nb", "jq: error: b/0 is not defined at <top-level>, line 2:\nc",
     "2:0: b/0 is not defined"},
    {"no place at all", ".", "error: out of luck", "0:0: out of luck"},
    {"a line that no program has", ".", "jq: error: no at <top-level>, line 99999999999:\n.",
     "0:0: no"},
    {"a line below the first", ".", "jq: error: no at <top-level>, line -3:\n.", "0:0: no"},
    {"bytes that are no characters", ".", "jq: error: \xFF\xFE said \xE2\x82",
     "0:0: " FFFD FFFD " said " FFFD FFFD},
    {"how many errors there were", ".", "jq: 2 compile errors", ""},
};

static void hear(void *to, int line, int col, const char *text)
{
    const char **words = to;

    *words = ds_arena_printf(scratch, "%d:%d: %s", line, col, text);
}

static void in_words(void **state)
{
    const struct row *row = *state;
    const char *words = "";

    ds_jq_message(scratch, row->program, row->said, strlen(row->said), hear, &words);
    assert_string_equal(words, row->words);
}

int main(void)
{
    return run_table("messages of jq", rows, in_words);
}
