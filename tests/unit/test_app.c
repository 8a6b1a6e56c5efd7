/* tests/unit/test_app.c - the command line as data: reading it, and text made safe for terminals.
 */
#include "app/args.h"
#include "app/out.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WORDS(...)                                                                                 \
    (const char *const[])                                                                          \
    {                                                                                              \
        "program", __VA_ARGS__, NULL                                                               \
    }

static int nothing(struct ds_app *app)
{
    (void)app;
    return 0;
}

static const ds_flag once_flags[] = {
    {"items", 'i', "KEY,KEY", "which"},
    {"all", 'a', NULL, "all of them"},
    {NULL, 0, NULL, NULL},
};

static const ds_command commands[] = {
    {"once", "[ROUTE...]", "a pass", NULL, once_flags, 0, -1, nothing},
    {"status", "[ROUTE]", "the units", NULL, NULL, 0, 1, nothing},
    {"pause", "ROUTE", "stop", NULL, NULL, 1, 1, nothing},
    {"fake", "KIND", "of later", NULL, NULL, 0, -1, NULL},
    {.name = NULL},
};

/* What a line is read as: "command|word,word|option=value;..." or the error. */
static const struct line {
    const char *name;
    const char *const *words;
    const char *expect;
} lines[] = {
    {"a command", WORDS("once"), "once||"},
    {"words after it", WORDS("once", "a", "b/c"), "once|a,b/c|"},
    {"options before the command", WORDS("-q", "--json", "status", "a"), "status|a|json;quiet;"},
    {"options after the command", WORDS("status", "a", "--json", "-v"), "status|a|json;verbose;"},
    {"short options in one word", WORDS("-qv", "status"), "status||quiet;verbose;"},
    {"a value in the next word", WORDS("-c", "f.yaml", "status"), "status||config=f.yaml;"},
    {"a value behind =", WORDS("status", "--config=f.yaml"), "status||config=f.yaml;"},
    {"a value behind the letter", WORDS("-cf.yaml", "status"), "status||config=f.yaml;"},
    {"an empty value", WORDS("status", "--config="), "status||config=;"},
    {"a command's own option", WORDS("once", "--items", "1,2", "-a"), "once||items=1,2;all;"},
    {"the last one of two counts", WORDS("once", "--items=1", "--items=2"), "once||items=2;"},
    {"words only behind --", WORDS("once", "--", "-5", "--json"), "once|-5,--json|"},
    {"a dash alone is a word", WORDS("once", "-"), "once|-|"},
    {"no command", WORDS("--version"), "|| version;"},
    {"a log format", WORDS("status", "--log-format", "json"), "status||log-format=json;"},
    {"help needs no words", WORDS("pause", "-h"), "pause||help;"},
    {"a later command takes anything", WORDS("fake", "github"), "fake|github|"},
    {"an unknown command", WORDS("onec"), "unknown command \"onec\"; did you mean \"once\"?"},
    {"a far command", WORDS("xyzzyx"), "unknown command \"xyzzyx\"; -h lists them all"},
    {"an unknown option", WORDS("status", "--jsno"),
     "unknown option \"--jsno\"; did you mean \"--json\"?"},
    {"an unknown option of a command", WORDS("once", "--itmes=3"),
     "unknown option \"--itmes=3\"; did you mean \"--items\"?"},
    {"another command's option", WORDS("status", "--items", "1"),
     "unknown option \"--items\" (a word that begins with \"-\" goes after \"--\")"},
    {"an unknown letter", WORDS("status", "-x"),
     "unknown option \"-x\" (a word that begins with \"-\" goes after \"--\")"},
    {"a number that is a key", WORDS("once", "-5"),
     "unknown option \"-5\" (a word that begins with \"-\" goes after \"--\")"},
    {"a value that is missing", WORDS("status", "-c"), "--config needs a value: FILE"},
    {"a long value that is missing", WORDS("once", "--items"), "--items needs a value: KEY,KEY"},
    {"a value too many", WORDS("status", "--json=yes"), "--json takes no value"},
    {"a word too few", WORDS("pause"), "pause needs more: pause ROUTE"},
    {"a word too many", WORDS("status", "a", "b"), "status does not take \"b\": status [ROUTE]"},
    {"a wrong log format", WORDS("status", "--log-format", "xml"),
     "--log-format is text or json, not \"xml\""},
};

static void describe_flags(ds_buf *out, const ds_flag *flags, const char *const *values)
{
    for (size_t i = 0; flags && flags[i].name; i++) {
        if (!values[i])
            continue;
        ds_buf_text(out, flags[i].name);
        if (flags[i].value)
            ds_buf_printf(out, "=%s", values[i]);
        ds_buf_char(out, ';');
    }
}

static void reads_a_line(void **state)
{
    const struct line *line = *state;
    char *argv[16] = {NULL};
    int argc = 0;
    ds_args args;
    ds_err err = DS_ERR_INIT;
    ds_arena *a = ds_arena_new();
    ds_buf got;

    ds_buf_init(&got, DS_MIB);
    for (; line->words[argc]; argc++)
        argv[argc] = ds_arena_strdup(a, line->words[argc]);
    if (ds_args_parse(argc, argv, commands, a, &args, &err)) {
        ds_buf_printf(&got, "%s|", args.command ? args.command->name : "");
        for (size_t i = 0; i < args.words_n; i++)
            ds_buf_printf(&got, "%s%s", i ? "," : "", args.words[i]);
        ds_buf_text(&got, args.command ? "|" : "| ");
        if (args.command)
            describe_flags(&got, args.command->flags, args.flags);
        describe_flags(&got, ds_global_flags, args.globals);
    } else {
        assert_int_equal(err.kind, DS_ERR_CONFIG);
        ds_buf_text(&got, err.text);
    }
    assert_string_equal(got.data, line->expect);
    ds_buf_fini(&got);
    ds_arena_free(a);
}

static void a_flag_is_found_by_its_name(void **state)
{
    char program[] = "program", command[] = "once", all[] = "--all", file[] = "-cF";
    char *argv[] = {program, command, all, file, NULL};
    ds_args args;
    ds_err err = DS_ERR_INIT;
    ds_arena *a = ds_arena_new();

    (void)state;
    assert_true(ds_args_parse(4, argv, commands, a, &args, &err));
    assert_string_equal(ds_args_flag(&args, "config"), "F");
    assert_string_equal(ds_args_flag(&args, "all"), "");
    assert_null(ds_args_flag(&args, "items"));
    assert_null(ds_args_flag(&args, "nonsense"));
    ds_arena_free(a);
}

static void help_names_every_command_and_option(void **state)
{
    ds_buf text;

    (void)state;
    ds_buf_init(&text, DS_MIB);
    ds_help_all(&text, "program", commands);
    for (const ds_command *c = commands; c->name; c++)
        assert_non_null(strstr(text.data, c->name));
    assert_non_null(strstr(text.data, "-c, --config FILE"));
    ds_buf_clear(&text);
    ds_help_command(&text, "program", &commands[0]);
    assert_non_null(strstr(text.data, "usage: program once [ROUTE...]"));
    assert_non_null(strstr(text.data, "-i, --items KEY,KEY"));
    ds_buf_fini(&text);
}

static const struct safe {
    const char *name, *text, *expect;
} safes[] = {
    {"plain text stays", "a b", "a b"},
    {"text beyond ASCII stays", "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
    {"an escape sequence loses its escape", "\033[31mred", "?[31mred"},
    {"a bell and a DEL", "a\ab\x7f", "a?b?"},
    {"line breaks become blanks", "a\nb\tc\r", "a b c "},
    {"a C1 control",
     "a\xc2\x9b"
     "31m",
     "a?31m"},
    {"text that would turn around",
     "a\xe2\x80\xae"
     "b",
     "a?b"},
    {"an isolate",
     "a\xe2\x81\xa6"
     "b",
     "a?b"},
};

static void makes_text_safe(void **state)
{
    const struct safe *row = *state;
    ds_arena *a = ds_arena_new();

    assert_string_equal(ds_safe(a, row->text), row->expect);
    ds_arena_free(a);
}

static void cuts_at_characters(void **state)
{
    ds_arena *a = ds_arena_new();

    (void)state;
    assert_string_equal(ds_safe_cut(a, "abcdef", 6), "abcdef");
    assert_string_equal(ds_safe_cut(a, "abcdefg", 6), "abc...");
    assert_string_equal(ds_safe_cut(a,
                                    "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f"
                                    "efg",
                                    6),
                        "\xc3\xa4\xc3\xb6\xc3\xbc...");
    assert_null(ds_safe_cut(a, NULL, 6));
    ds_arena_free(a);
}

static void writes_counts_in_groups(void **state)
{
    ds_arena *a = ds_arena_new();

    (void)state;
    assert_string_equal(ds_count_text(a, 0), "0");
    assert_string_equal(ds_count_text(a, 999), "999");
    assert_string_equal(ds_count_text(a, 1000), "1,000");
    assert_string_equal(ds_count_text(a, -123456), "-123,456");
    assert_string_equal(ds_count_text(a, INT64_MAX), "9,223,372,036,854,775,807");
    assert_string_equal(ds_bytes_text(a, 1023), "1023 bytes");
    assert_string_equal(ds_bytes_text(a, 1536), "1.5 KiB");
    ds_arena_free(a);
}

/* cmocka hands rows on without changing them, but asks for a pointer that could. */
static void *state_of(const void *row)
{
    union {
        const void *in;
        void *out;
    } both = {row};

    return both.out;
}

int main(void)
{
    static const struct CMUnitTest singles[] = {
        cmocka_unit_test(a_flag_is_found_by_its_name),
        cmocka_unit_test(help_names_every_command_and_option),
        cmocka_unit_test(cuts_at_characters),
        cmocka_unit_test(writes_counts_in_groups),
    };
    static struct CMUnitTest tests[DS_COUNT(lines) + DS_COUNT(safes) + DS_COUNT(singles)];
    size_t n = 0;

    for (size_t i = 0; i < DS_COUNT(lines); i++)
        tests[n++] =
            (struct CMUnitTest){lines[i].name, reads_a_line, NULL, NULL, state_of(&lines[i])};
    for (size_t i = 0; i < DS_COUNT(safes); i++)
        tests[n++] =
            (struct CMUnitTest){safes[i].name, makes_text_safe, NULL, NULL, state_of(&safes[i])};
    memcpy(&tests[n], singles, sizeof singles);
    return cmocka_run_group_tests_name("command line", tests, NULL, NULL);
}
