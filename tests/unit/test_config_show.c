/* tests/unit/test_config_show.c - lines of a configuration as they are shown, and what is hidden.
 */
#include "config/show.h"
#include "support/run.h"

#include <string.h>

static const char *const own_names[] = {"pin", NULL};

static ds_shown shown_of(const char *text)
{
    return (ds_shown){.path = "t", .text = text, .n = strlen(text), .secret_names = own_names};
}

/* ---- heads ----------------------------------------------------------------------------------- */

static const struct head {
    const char *name, *text, *want;
} heads[] = {
    {"a password in an address", "at db://u:pass@h/x", "t:1:1: at db://u:[secret]@h/x\n"},
    {"an @ in front of the port", "at db://u@h:80/x", "t:1:1: at db://u@h:80/x\n"},
    {"a password that is empty", "at db://u:@h/x", "t:1:1: at db://u:@h/x\n"},
    {"a password with a colon in it", "at db://u:a:b@h/x", "t:1:1: at db://u:[secret]@h/x\n"},
    {"a control character", "a\x01\x7f z", "t:1:1: a\xef\xbf\xbd\xef\xbf\xbd z\n"},
    {"a control character of two bytes", "a\xc2\x80z", "t:1:1: a\xef\xbf\xbdz\n"},
    {"other characters of two bytes", "\xc2\xa7\xc3\xa4", "t:1:1: \xc2\xa7\xc3\xa4\n"},
    {"a tab", "a\tz", "t:1:1: a z\n"},
    {"a byte that is no character", "a\xffz", "t:1:1: a\xef\xbf\xbdz\n"},
};

static void head_row(void **state)
{
    const struct head *row = *state;
    DS_AUTO_BUF(out, DS_KIB);
    const ds_shown shown = shown_of("");

    ds_shown_head(&shown, (ds_at){1, 1}, row->text, &out);
    assert_string_equal(out.data, row->want);
}

/* ---- lines ----------------------------------------------------------------------------------- */

static const struct line {
    const char *name, *text;
    ds_at at;
    ds_span hidden[3];
    const char *want;
} lines[] = {
    {"a line that is not there", "a\n", {9, 1}, {{{0}, {0}}}, ""},
    {"a caret behind the line", "a\n", {1, 9}, {{{0}, {0}}}, "    1 | a\n      |  ^\n"},
    {"a caret on what is hidden",
     "a: bcd e\n",
     {1, 5},
     {{{1, 4}, {1, 7}}},
     "    1 | a: [secret] e\n      |           ^\n"},
    {"a caret where the hidden begins",
     "a: bcd e\n",
     {1, 4},
     {{{1, 4}, {1, 7}}},
     "    1 | a: [secret] e\n      |    ^\n"},
    {"a caret behind what is hidden",
     "a: bcd e\n",
     {1, 7},
     {{{1, 4}, {1, 7}}},
     "    1 | a: [secret] e\n      |            ^\n"},
    {"hidden over several lines, the first",
     "a: b\nc\nd e\n",
     {1, 1},
     {{{1, 4}, {3, 2}}},
     "    1 | a: [secret]\n      | ^\n"},
    {"hidden over several lines, one between",
     "a: b\nc\nd e\n",
     {2, 1},
     {{{1, 4}, {3, 2}}},
     "    2 | [secret]\n      | ^\n"},
    {"hidden over several lines, the last",
     "a: b\nc\nd e\n",
     {3, 1},
     {{{1, 4}, {3, 2}}},
     "    3 | [secret] e\n      | ^\n"},
    {"hidden on other lines",
     "a\nb\nc\n",
     {2, 1},
     {{{1, 1}, {1, 2}}, {{3, 1}, {3, 2}}},
     "    2 | b\n      | ^\n"},
    {"a password in an address",
     "\xc3\xa4: db://u:p\xc3\xa4ss@h\n",
     {1, 1},
     {{{0}, {0}}},
     "    1 | \xc3\xa4: db://u:[secret]@h\n      | ^\n"},
};

static size_t spans_of(const struct line *row)
{
    size_t n = 0;

    while (n < DS_COUNT(row->hidden) && row->hidden[n].from.line)
        n++;
    return n;
}

static void line_row(void **state)
{
    struct line row = *(const struct line *)*state;
    DS_AUTO_BUF(out, DS_KIB);
    ds_shown shown = shown_of(row.text);

    shown.hidden = row.hidden;
    shown.hidden_n = spans_of(&row);
    ds_buf_text(&out, "");
    ds_shown_put(&shown, row.at, &out);
    assert_string_equal(out.n ? out.data : "", row.want);
}

/* Of a line with more secrets than there is room for, nothing is shown. */
static void very_many_secrets_on_a_line(void **state)
{
    DS_AUTO_BUF(out, DS_KIB);
    ds_span spans[40];
    ds_shown shown = shown_of("abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz\n");

    (void)state;
    for (int i = 0; i < 15; i++)
        spans[i] = (ds_span){{1, 2 * i + 1}, {1, 2 * i + 2}};
    shown.hidden = spans;
    shown.hidden_n = 15;
    ds_shown_put(&shown, (ds_at){1, 2}, &out);
    assert_non_null(strstr(out.data, "[secret]b[secret]d["));
    for (int i = 15; i < 40; i++)
        spans[i] = (ds_span){{1, 2 * i + 1}, {1, 2 * i + 2}};
    shown.hidden_n = 40;
    ds_buf_clear(&out);
    ds_shown_put(&shown, (ds_at){1, 2}, &out);
    assert_string_equal(out.data, "    1 | [secret]\n      |        ^\n");
}

static void places(void **state)
{
    const ds_shown shown = shown_of("a\r\n\xc3\xa4z\n");
    static const struct {
        size_t offset;
        ds_at want;
    } rows[] = {{0, {1, 1}}, {1, {1, 2}}, {3, {2, 1}}, {5, {2, 2}}, {7, {3, 1}}, {99, {3, 1}}};

    (void)state;
    for (size_t i = 0; i < DS_COUNT(rows); i++) {
        ds_at at = ds_shown_at(&shown, rows[i].offset);

        assert_int_equal(at.line, rows[i].want.line);
        assert_int_equal(at.col, rows[i].want.col);
    }
}

/* ---- guesses --------------------------------------------------------------------------------- */

static const struct guess {
    const char *name, *text;
    int col; /* where the secret begins; 0: there is none */
} guesses[] = {
    {"a name that says so", "token: abc", 8},
    {"a name of a setting", "pin: abc", 6},
    {"a name that is longer", "pinned: abc", 0},
    {"a name that is as long", "pan: abc", 0},
    {"any other", "name: abc", 0},
    {"no colon", "token abc", 0},
    {"an empty line", "", 0},
    {"nothing behind it", "token:", 7},
    {"blanks behind it", "token:   ", 10},
    {"characters of several bytes in front", "\xc3\xa4 token: abc", 10},
    {"quotes around the name", "\"token\" : \"abc\"", 11},
    {"a quote with no name in it", "\": token", 0},
    {"a reference", "token: ${A}", 0},
    {"a reference in quotes", "token: '${A}'", 0},
    {"a reference in a flow table", "{token: ${A}, b: c}", 0},
    {"a reference at the end of a flow list", "[token: ${A}]", 0},
    {"a reference and a blank", "token: ${A} # x:-", 0},
    {"a reference with more behind it", "token: ${A}bc", 8},
    {"a default", "token: ${A:-bc}", 8},
    {"a reference left open", "token: ${A", 8},
    {"a brace alone", "token: $A}", 8},
    {"a brace without a dollar", "token: {A}", 8},
    {"a reference, and a secret behind it", "{token: ${A}, password: bc}", 25},
};

static void guess_row(void **state)
{
    const struct guess *row = *state;
    const ds_shown shown = shown_of(row->text);
    ds_span secret = {{0}, {0}};

    assert_int_equal(ds_shown_guess(&shown, 1, &secret), row->col > 0);
    assert_int_equal(secret.from.col, row->col);
    assert_int_equal(secret.to.line, row->col ? 2 : 0); /* up to the end of the line */
    assert_false(ds_shown_guess(&shown, 5, &secret));
}

int main(void)
{
    add_table(heads, head_row);
    add_table(lines, line_row);
    add_test(very_many_secrets_on_a_line);
    add_test(places);
    add_table(guesses, guess_row);
    return run_tests("lines that are shown");
}
