/* tests/unit/test_config_transform.c
 *
 * What is wrong with a route's program is said at its place in the file, however YAML has it
 * written there; where that place cannot be told, at the program's begin.  A program here is wrong
 * where it has a '!'.
 */
#include "config_fixture.h"

#define BODY(rest) ROUTE("    transform: " rest "\n")

static int column_of(const char *line, const char *at)
{
    int col = 1;

    for (; line < at; line++)
        col += ((unsigned char)*line & 0xc0) != 0x80;
    return col;
}

/* The first '!' of each line. "COLUMNLESS" in the program: only the line is known; "NOWHERE":
 * neither; "SECOND": the begin of the second line; "BEHIND": a line that is not there; "BUSY": it
 * was not looked at. */
static bool check(const ds_transformer *self, const char *program, ds_transform_say *say, void *to,
                  ds_err *err)
{
    bool columns = !strstr(program, "COLUMNLESS");
    int line = 1;

    (void)self;
    if (strstr(program, "BUSY"))
        return ds_fail(err, DS_ERR_TRANSIENT, "the worker did not start");
    if (strstr(program, "NOWHERE"))
        say(to, 0, 0, "it is wrong");
    if (strstr(program, "SECOND"))
        say(to, 2, 1, "it is wrong");
    if (strstr(program, "BEHIND"))
        say(to, 99, 1, "it is wrong");
    for (const char *at = program; at; line++) {
        const char *wrong = strchr(at, '!'), *end = strchr(at, '\n');

        if (wrong && (!end || wrong < end))
            say(to, line, columns ? column_of(at, wrong) : 0, "wrong here");
        at = end ? end + 1 : NULL;
    }
    return true;
}

static const ds_transformer transformer = {.check = check};

static ds_connectors compiling(bool compile)
{
    ds_connectors c = fake_connectors;

    c.transformer = &transformer;
    c.compile = compile;
    return c;
}

static const struct row {
    const char *name, *text, *first_line;
} rows[] = {
    {"on one line", BODY(".a | !b"), "t.yaml:5:21: transform: wrong here"},
    {"in quotes", BODY("'.a | !b'"), "t.yaml:5:22: transform: wrong here"},
    {"behind characters of several bytes", BODY("'.\"ä\" | !b'"),
     "t.yaml:5:24: transform: wrong here"},
    {"in a block", BODY("|\n      .a |\n      !b"), "t.yaml:7:7: transform: wrong here"},
    {"in a block, by the line alone", BODY("|\n      .a |\n        !b # COLUMNLESS"),
     "t.yaml:7:9: transform: wrong here"},
    {"in a block that is folded to other lines", BODY(">\n      .a |\n      .b |\n\n      !c"),
     "t.yaml:5:16: transform: in its line 2: wrong here"},
    {"in a folded block of one line", BODY(">\n      .a | !b"),
     "t.yaml:6:12: transform: wrong here"},
    {"on a line that is escaped", BODY("\".a |\\n\\x21b\""),
     "t.yaml:5:16: transform: in its line 2: wrong here"},
    {"on a line behind the end of the file", BODY("\".a\\n\\n\\n\\n!b\""),
     "t.yaml:5:16: transform: in its line 5: wrong here"},
    {"on the first line, escaped", BODY("\"\\x21b\""), "t.yaml:5:16: transform: wrong here"},
    {"from a variable", BODY("${DS_TEST_PROGRAM}"),
     "t.yaml:5:16: transform: in its line 2: wrong here"},
    {"somewhere", BODY("NOWHERE"), "t.yaml:5:16: transform: it is wrong"},
    {"on a line that the program has not", BODY("BEHIND"),
     "t.yaml:5:16: transform: in its line 99: it is wrong"},
    {"on a line without letters", BODY("|\n      .a\n\n      SECOND"),
     "t.yaml:5:16: transform: in its line 2: it is wrong"},
    {"on a line of blanks", BODY("|2\n      .a\n         \n      SECOND"),
     "t.yaml:5:16: transform: in its line 2: it is wrong"},
    {"not looked at", BODY("BUSY"), "t.yaml:5:5: transform: the worker did not start"},
    {"a list", BODY("[a]"), "t.yaml:5:16: transform: expected text, found a list"},
};

static void said_row(void **state)
{
    const struct row *row = *state;
    const ds_connectors c = compiling(true);

    assert_string_equal(first_line(refused_by(&c, row->text, strlen(row->text))), row->first_line);
}

static void too_large(void **state)
{
    const ds_connectors c = compiling(true);
    DS_AUTO_BUF(text, DS_MIB);

    (void)state;
    ds_buf_text(&text, ROUTE("    transform: '"));
    for (size_t i = 0; i < DS_PROGRAM_MAX + 1; i++)
        ds_buf_char(&text, '.');
    ds_buf_text(&text, "'\n");
    assert_string_equal(first_line(refused_by(&c, text.data, text.n)),
                        "t.yaml:5:5: transform: larger than 256 KiB, which is the most it may "
                        "have");
}

/* Whoever only wants to know the routes does not pay for compiling. */
static void compiled_only_when_asked(void **state)
{
    ds_connectors c = compiling(false);
    ds_config *config = sound_for(&c, BODY("'!'")), *other;

    (void)state;
    assert_string_equal(config->routes[0]->transform, "!");
    assert_ptr_equal(config->routes[0]->transformer, &transformer);
    c = compiling(true);
    other = sound_for(&c, BODY("."));
    assert_string_not_equal(config->routes[0]->fingerprint, other->routes[0]->fingerprint);
    ds_config_free(config);
    ds_config_free(other);
}

#define TWO(first, second) "routes:\n  a:\n" ENDS first "  b:\n" ENDS second
#define MAPPED "    fields: {A: a}\n    transform: .\n"

/* What comes out of a transform nobody knows before: its route owns all, but for what `owns` says.
 */
static void columns_of_a_transform(void **state)
{
    const ds_connectors c = compiling(true);
    static const char all[] = TWO(MAPPED, "    fields: {B: b}\n");
    ds_config *config;

    (void)state;
    assert_string_equal(first_line(refused_by(&c, all, strlen(all))),
                        "t.yaml:7:3: routes \"b\" and \"a\" share sqlite:/o.db#t, and \"a\" owns "
                        "all of it; give it \"owns\"");
    config = sound_for(&c, TWO(MAPPED "    owns: [A, C]\n", "    fields: {B: b}\n"));
    assert_int_equal(config->routes[0]->owns.n, 2);
    ds_config_free(config);
}

int main(void)
{
    setenv("DS_TEST_PROGRAM", ".a |\n!b", 1);
    add_table(rows, said_row);
    add_test(too_large);
    add_test(compiled_only_when_asked);
    add_test(columns_of_a_transform);
    return run_tests("programs of a configuration");
}
