/* tests/unit/test_toml.c - the subset of TOML that a profile may be written in. */
#include "support/run.h"

#include "config/toml.h"

#include <string.h>

static const struct row {
    const char *name, *text;
    const char *items; /* "line path=value" of each, the names of a path with | between */
} rows[] = {
    {"nothing", "", ""},
    {"comments and empty lines", "# a\n\n  \t\n#b", ""},
    {"text", "a = \"x\"", "1 a=x;"},
    {"tables", "[profile.default]\naddress = \"h:1\"\n[profile.b.tls]\ndisabled = true\n",
     "1 profile|default=;2 profile|default|address=h:1;3 profile|b|tls=;4 profile|b|tls|disabled="
     "true;"},
    {"blanks wherever they may be", " [ a . b ] # x\n c . d  =  'e' # f\n", "1 a|b=;2 a|b|c|d=e;"},
    {"names in quotes", "[\"a.b\".'c d']\n\"e\\u0020f\" = '1'", "1 a.b|c d=;2 a.b|c d|e f=1;"},
    {"escapes", "a = \"\\t\\\"\\\\\\u00e9\\U0001F600\"", "1 a=\t\"\\\xc3\xa9\xf0\x9f\x98\x80;"},
    {"characters of every length", "a = \"\\u0041\\u20ac\\ue000\"",
     "1 a=A\xe2\x82\xac\xee\x80\x80;"},
    {"literal text", "a = 'C:\\x'", "1 a=C:\\x;"},
    {"text of several lines", "a = \"\"\"\nx\ny\\\n   z\"\"\"\nb = 1", "4 a=x\nyz;5 b=1;"},
    {"text of several lines, of Windows", "a = \"\"\"\r\nx\"\"\"", "2 a=x;"},
    {"literal text of several lines", "a = '''\nx\\n\n'''\nb = 1", "3 a=x\\n\n;4 b=1;"},
    {"empty text", "a = \"\"\nb = ''", "1 a=;2 b=;"},
    {"numbers, dates and lists are stepped over",
     "a = -1.5e3\nb = 2026-01-01T00:00:00Z\nc = [1, \"]\", [2], {d = '}'},\n]\nd = inf",
     "1 a=-1.5e3;2 b=2026-01-01T00:00:00Z;4 c=a list;5 d=inf;"},
    {"words of a truth's length", "a = 1234\nb = 12345", "1 a=1234;2 b=12345;"},
    {"tables on one line", "a = {b = \"x\", c.d = {}, e = {f = true}}",
     "1 a|b=x;1 a|c|d=;1 a|e|f=true;"},
    {"lists of tables", "[[a]]\nb = 1\n[[a]]\nb = 2", "1 a|[1]=;2 a|[1]|b=1;3 a|[3]=;4 a|[3]|b=2;"},
    {"a list of tables, too deep for a name of its own", "[[a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a]]",
     "1 a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a=;"},
    {"a comment that ends with the file", "a = 'x' # y", "1 a=x;"},
    {"lines of Windows", "[a]\r\nb = \"x\"\r\n# c\r\n", "1 a=;2 a|b=x;"},
    {"a byte order mark",
     "\xef\xbb\xbf"
     "a = 'x'",
     "1 a=x;"},
};

static void reads(void **state)
{
    const struct row *row = *state;
    DS_AUTO_BUF(out, DS_MIB);
    ds_toml doc;
    ds_err err;

    if (!ds_toml_read(row->text, strlen(row->text), scratch, &doc, &err))
        fail_msg("%s", err.text);
    for (size_t i = 0; i < doc.n; i++) {
        ds_buf_printf(&out, "%d ", doc.items[i].line);
        for (size_t j = 0; j < doc.items[i].path_n; j++)
            ds_buf_printf(&out, "%s%s", j ? "|" : "", doc.items[i].path[j]);
        ds_buf_printf(&out, "=%s;", doc.items[i].text);
    }
    assert_string_equal(out.data ? out.data : "", row->items);
    ds_toml_wipe(&doc);
    for (size_t i = 0; i < doc.n; i++)
        assert_string_equal(doc.items[i].text, "");
}

static const struct wrong {
    const char *name, *text, *err;
} wrongs[] = {
    {"a name without a value", "\na\n", "line 2: expected = behind the name"},
    {"a name that ends with the file", "a", "line 1: expected = behind the name"},
    {"no value", "a = \n", "line 1: expected a value here; text stands in quotes"},
    {"text without quotes", "a = secret", "line 1: a value that is none: text stands in quotes"},
    {"text without an end", "a = \"x", "line 1: text that has no end"},
    {"text that ends on another line", "a = \"x\ny\"",
     "line 1: text that does not end on its line"},
    {"text of several lines without an end", "a = '''x\n\n", "line 3: text that has no end"},
    {"two values", "a = 'x' 'y'", "line 1: more stands here than one value"},
    {"a value and a letter", "a = 'x' y", "line 1: more stands here than one value"},
    {"a line that does not end as any do", "a = 'x'\ry", "line 1: more stands here than one value"},
    {"a name twice", "a = 'x'\nb = 1\na = 'y'", "line 3: a name that has been given before"},
    {"a table twice", "[a]\n[a]", "line 2: a name that has been given before"},
    {"a name of two lines", "'a\nb' = 1", "line 1: text that does not end on its line"},
    {"a list twice", "a = []\na = []", "line 2: a name that has been given before"},
    {"a text twice", "a = ''\na = ''", "line 2: a name that has been given before"},
    {"a list of tables without its bracket", "[[a]\n",
     "line 1: expected ] behind the table's name"},
    {"a table without its bracket", "[a\nb = 1", "line 1: expected ] behind the table's name"},
    {"an empty name", "[a.]", "line 1: expected a name here"},
    {"an unknown escape", "a = \"\\x41\"", "line 1: an unknown character behind a backslash"},
    {"an unknown escape in several lines", "a = \"\"\"\\x\"\"\"",
     "line 1: an unknown character behind a backslash"},
    {"a backslash at the end", "a = \"\\", "line 1: an unknown character behind a backslash"},
    {"the same in several lines", "a = \"\"\"\\",
     "line 1: an unknown character behind a backslash"},
    {"a backslash and blanks at the end", "a = \"\"\"\\ \n ", "line 2: text that has no end"},
    {"a number beyond all characters", "a = \"\\U00110000\"",
     "line 1: a \\u that stands for no character"},
    {"half of a pair", "a = \"\\ud800\"", "line 1: a \\u that stands for no character"},
    {"a NUL by its number", "a = \"\\u0000\"", "line 1: a \\u that stands for no character"},
    {"digits that are none", "a = \"\\u00-1\"", "line 1: a \\u that stands for no character"},
    {"digits with a sign", "a = \"\\u+041\"", "line 1: a \\u that stands for no character"},
    {"digits behind a tab", "a = \"\\u\t041\"", "line 1: a \\u that stands for no character"},
    {"digits as C has them", "a = \"\\u0x41\"", "line 1: a \\u that stands for no character"},
    {"digits that are missing", "a = \"\\u00", "line 1: a \\u without its digits"},
    {"a control character", "a = \"\x01\"", "line 1: a control character in text"},
    {"bytes that are no UTF-8", "a = \"\xff\"", "not UTF-8 text"},
    {"a list with a text without an end", "a = ['x", "line 1: text that has no end"},
    {"a list without an end", "a = [1, [2]", "line 1: a list that has no end"},
    {"a table on one line without an end", "a = {b = 1", "line 1: expected } or , here"},
    {"tables too deep", "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a = 1",
     "line 1: more than 16 tables in one another"},
    {"tables too deep on one line",
     "a={a={a={a={a={a={a={a={a={a={a={a={a={a={a={a={a={a={a=1}}}}}}}}}}}}}}}}}}}",
     "line 1: more than 16 tables in one another"},
};

static void refuses(void **state)
{
    const struct wrong *row = *state;
    ds_toml doc;
    ds_err err;

    assert_false(ds_toml_read(row->text, strlen(row->text), scratch, &doc, &err));
    assert_int_equal(err.kind, DS_ERR_CONFIG);
    assert_string_equal(err.text, row->err);
}

static void what_is_too_much_or_no_text(void **state)
{
    DS_AUTO_BUF(text, 2 * DS_MIB);
    ds_toml doc;
    ds_err err;

    (void)state;
    assert_false(ds_toml_read("a = 'x\0'", 8, scratch, &doc, &err));
    assert_string_equal(err.text, "not UTF-8 text");
    for (int i = 0; i < 2001; i++)
        ds_buf_printf(&text, "a%d = 1\n", i);
    assert_false(ds_toml_read(text.data, text.n, scratch, &doc, &err));
    assert_string_equal(err.text, "line 2001: more than 2000 values");
    while (text.n <= DS_MIB)
        ds_buf_text(&text, "# and so on, and so on, and so on, and so on, and so on, and so on\n");
    assert_false(ds_toml_read(text.data, text.n, scratch, &doc, &err));
    assert_string_equal(err.text, "line 1: larger than 1 MiB");
}

int main(void)
{
    add_table(rows, reads);
    add_table(wrongs, refuses);
    add_test(what_is_too_much_or_no_text);
    return run_tests("toml");
}
