/* tests/unit/test_config_safety.c
 *
 * What a configuration cannot do: show a secret, hide an error behind another one, exhaust memory
 * or the stack.  And how errors look, to the letter.
 */
#include "config/config.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/fake_connectors.h"

#define DESTINATION "    destination: {kind: sqlite, path: o.db, table: t, key: code}\n"
#define ENDS "    source: {kind: file, path: a.jsonl, key: id}\n" DESTINATION
#define API(rest) "routes:\n  r:\n" DESTINATION "    source:\n      kind: api\n" rest

/* What is said about a text that is wrong; the caller's buffer. */
static const char *said(ds_buf *errors, const char *text, size_t n)
{
    ds_buf_init(errors, 8 * DS_MIB);
    assert_null(ds_config_parse("t.yaml", text, n, "/", &fake_connectors, errors));
    assert_true(errors->n > 0);
    return errors->data;
}

/* ---- how errors look
 * --------------------------------------------------------------------------------- */

static const struct look {
    const char *name, *text, *block;
} looks[] = {
    {"a caret under the name", "routes:\n  r:\n" ENDS "    feilds: {A: a}\n",
     "t.yaml:5:5: unknown key \"feilds\"; did you mean \"fields\"?\n"
     "    5 |     feilds: {A: a}\n"
     "      |     ^\n"},
    {"both lines of a double", "store: sqlite:a\nroutes:\n  r:\n" ENDS "store: sqlite:b\n",
     "t.yaml:6:1: \"store\" is here twice; the first is on line 1\n"
     "    1 | store: sqlite:a\n"
     "      | ^\n"
     "    6 | store: sqlite:b\n"
     "      | ^\n"},
    {"columns are characters", "routes:\n  r:\n" ENDS "    'äöü': 1 # grüße\n",
     "t.yaml:5:5: unknown key \"äöü\"\n"
     "    5 |     'äöü': 1 # grüße\n"
     "      |     ^\n"},
    {"control characters do not reach the terminal", "routes:\n  r:\n" ENDS "    \"\\e[31m\": 1\n",
     "t.yaml:5:5: unknown key \"\xef\xbf\xbd[31m\"\n"
     "    5 |     \"\\e[31m\": 1\n"
     "      |     ^\n"},
    {"what came from elsewhere is shown as it is written",
     "engine: a${DS_TEST_SECRET}${DS_TEST_SECRET}b\nroutes:\n  r:\n" ENDS,
     "t.yaml:1:9: unknown engine \"a${DS_TEST_SECRET}${DS_TEST_SECRET}b\"\n"
     "    1 | engine: a${DS_TEST_SECRET}${DS_TEST_SECRET}b\n"
     "      |         ^\n"},
    {"several, in the order of the file",
     "stor: x\nroutes:\n  r:\n" ENDS "    every: x\n    pace: y\n",
     "t.yaml:1:1: unknown key \"stor\"; did you mean \"store\"?\n"
     "    1 | stor: x\n"
     "      | ^\n"
     "\n"
     "t.yaml:6:12: every: expected a duration such as 90s, 15m, 12h or 1d, found \"x\"\n"
     "    6 |     every: x\n"
     "      |            ^\n"
     "\n"
     "t.yaml:7:11: pace: expected writes in a time, such as 500/s, 90/m or 100/h, found \"y\"\n"
     "    7 |     pace: y\n"
     "      |           ^\n"},
    {"what is wrong with an account is said once",
     "accounts:\n  m: {kind: api, token: x, page: y, list_id: l}\nroutes:\n"
     "  a:\n    source: {kind: api, account: m}\n"
     "    destination: {kind: sqlite, path: o.db, table: a, key: k}\n"
     "  b:\n    source: {kind: api, account: m}\n"
     "    destination: {kind: sqlite, path: o.db, table: b, key: k}\n",
     "t.yaml:2:34: page: expected a whole number, found \"y\"\n"
     "    2 |   m: {kind: api, token: [secret], page: y, list_id: l}\n"
     "      |                                         ^\n"},
    {"an end of the file", "routes: [a\n",
     "t.yaml:2:1: not valid YAML: did not find expected ',' or ']' while parsing a flow sequence "
     "that begins on line 1\n"
     "    1 | routes: [a\n"
     "      |         ^\n"
     "    2 | \n"
     "      | ^\n"},
};

static void look_row(void **state)
{
    const struct look *row = *state;
    ds_buf errors;

    assert_string_equal(said(&errors, row->text, strlen(row->text)), row->block);
    ds_buf_fini(&errors);
}

static void a_long_line_is_a_window(void **state)
{
    ds_buf errors, text;
    const char *shown;

    (void)state;
    ds_buf_init(&text, DS_MIB);
    ds_buf_text(&text, "routes: {");
    for (int i = 0; i < 1000; i++)
        ds_buf_text(&text, "          ");
    ds_buf_text(&text, "r: x");
    for (int i = 0; i < 1000; i++)
        ds_buf_text(&text, "          ");
    ds_buf_text(&text, "}\n");
    shown = said(&errors, text.data, text.n);
    assert_true(errors.n < 500);
    assert_non_null(strstr(shown, "t.yaml:1:10013: r: expected a table"));
    assert_non_null(strstr(shown, "    1 | ...   "));
    assert_non_null(strstr(shown, "r: x"));
    ds_buf_fini(&text);
    ds_buf_fini(&errors);
}

static void at_most_fifty(void **state)
{
    ds_buf errors, text;
    size_t blocks = 0;

    (void)state;
    ds_buf_init(&text, DS_MIB);
    for (int i = 0; i < 60; i++)
        ds_buf_printf(&text, "wrong%d: 1\n", i);
    ds_buf_text(&text, "routes:\n  r:\n" ENDS);
    said(&errors, text.data, text.n);
    for (const char *at = errors.data; (at = strstr(at, "unknown key")) != NULL; at++)
        blocks++;
    assert_int_equal(blocks, 50);
    assert_non_null(strstr(errors.data, "\n\nand 10 more\n"));
    ds_buf_fini(&text);
    ds_buf_fini(&errors);
}

/* ---- secrets
 * ------------------------------------------------------------------------------------------ */

/* None of these may show the word hunter2, whatever else is wrong. */
static const struct secret {
    const char *name, *text;
} secrets[] = {
    {"beside a wrong setting", API("      page: x\n      token: hunter2\n")},
    {"on the line of a wrong setting",
     "routes:\n  r:\n" DESTINATION "    source: {kind: api, token: hunter2, page: x}\n"},
    {"under a name spelt wrong", API("      list_id: l\n      tokn: hunter2\n")},
    {"under an unknown name that says so", API("      list_id: l\n      my_password: hunter2\n")},
    {"twice", API("      token: hunter2\n      token: hunter2b\n")},
    {"twice under a name that does not say so", API("      dsn: hunter2\n      dsn: hunter2b\n")},
    {"on a line that is no YAML, under such a name", API("      dsn: hunter2 {[}]: ]\n")},
    {"in a table that is there twice",
     API("      x: {token: hunter2}\n      x: {token: hunter2}\n")},
    {"in a list", API("      token: [hunter2]\n")},
    {"in a table", API("      token: {value: hunter2}\n")},
    {"in an account of a later kind",
     "accounts:\n  a: {kind: github, token: hunter2}\nroutes:\n  r:\n" ENDS},
    {"in an account that has none",
     "accounts:\n  a: {kind: file, token: hunter2}\nroutes:\n  r:\n" ENDS},
    {"in the address of the store",
     "store: {url: \"postgresql://u:hunter2@h/db\", shema: x}\nroutes:\n  r:\n" ENDS},
    {"in a value that is quoted in a message",
     "store: mysql://u:hunter2@h/db\nroutes:\n  r:\n" ENDS},
    {"on a line that is no YAML", API("      token: hunter2 {[}]: ]\n")},
    {"on a line with a flow table cut short", API("      x: {password: hunter2, y: ${A}}\n")},
    {"on a line with a tag", API("      token: !!str hunter2\n")},
    {"on a line with an unknown alias", API("      x: {token: hunter2, y: *z}\n")},
    {"in quotes left open", API("      token: \"hunter2\n")},
    {"in a default",
     API("      list_id: l\n      page: x\n      token: ${DS_TEST_UNSET:-hunter2}\n")},
    {"in the environment", API("      token: t\n      page: ${DS_TEST_SECRET}\n")},
    {"in a choice from the environment", API("      token: t\n      mode: ${DS_TEST_SECRET}\n")},
    {"in the name of an engine", "engine: x${DS_TEST_SECRET}y\nroutes:\n  r:\n" ENDS},
    {"in the name of an account", API("      account: ${DS_TEST_SECRET}\n")},
    {"in a kind", "routes:\n  r:\n" DESTINATION "    source: {kind: \"${DS_TEST_SECRET}\"}\n"},
    {"in the name of a column",
     "routes:\n  r:\n" ENDS "    fields: {A: a}\n    owns: [\"${DS_TEST_SECRET}\"]\n"},
    {"cut short in a message, from the environment",
     API("      account: ${DS_TEST_LONG_SECRET}\n")},
    {"from a command", API("      token: t\n      page: '${command:echo hunter; }'\n")},
    {"in a block of lines",
     API("      page: x\n      token: |\n        hunter2\n        hunter2\n")},
};

/* Longer than any message. */
static const char *long_secret(void)
{
    static char text[3000];

    for (size_t i = 0; i + 7 < sizeof(text); i += 7)
        memcpy(text + i, "hunter2", 7);
    return text;
}

static void never_shown(void **state)
{
    const struct secret *row = *state;
    ds_buf errors;

    assert_null(strstr(said(&errors, row->text, strlen(row->text)), "hunter2"));
    ds_buf_fini(&errors);
}

static int enter_dir(void **state)
{
    char *dir = strdup("/tmp/test-config-XXXXXX");

    *state = dir;
    return mkdtemp(dir) ? chdir(dir) : -1;
}

static int leave_dir(void **state)
{
    (void)remove("c.yaml");
    (void)!chdir("/");
    rmdir(*state);
    free(*state);
    return 0;
}

static void put_file(const char *text, size_t n, mode_t mode)
{
    int fd = open("c.yaml", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, n), n);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static ds_config *load(ds_buf *errors, const char *text, mode_t mode)
{
    ds_buf_init(errors, DS_MIB);
    put_file(text, strlen(text), mode);
    return ds_config_load("c.yaml", &fake_connectors, errors);
}

static void a_literal_secret_others_may_read(void **state)
{
    static const char written_out[] = API("      list_id: l\n      token: hunter2\n");
    static const mode_t open_modes[] = {0644, 0640, 0604, 0620, 0660};
    ds_buf errors;

    (void)state;
    for (size_t i = 0; i < DS_COUNT(open_modes); i++) {
        assert_null(load(&errors, written_out, open_modes[i]));
        assert_string_equal(
            errors.data,
            "c.yaml:7:14: token is written out in a file that others may read: run chmod "
            "600 c.yaml, or write ${NAME} or ${file:PATH} here\n"
            "    7 |       token: [secret]\n"
            "      |              ^\n");
        ds_buf_fini(&errors);
    }
}

static void a_literal_secret_only_the_owner_may_read(void **state)
{
    ds_buf errors;
    ds_config *config = load(&errors, API("      list_id: l\n      token: hunter2\n"), 0600);

    (void)state;
    assert_non_null(config);
    assert_string_equal(
        ds_secret_reveal(((const fake_api *)config->routes[0]->source_settings)->token), "hunter2");
    ds_config_free(config);
    ds_buf_fini(&errors);
}

static void a_reference_others_may_read(void **state)
{
    ds_buf errors;
    ds_config *config =
        load(&errors, API("      list_id: l\n      token: ${DS_TEST_SECRET}\n"), 0644);

    (void)state;
    assert_non_null(config);
    ds_config_free(config);
    ds_buf_fini(&errors);
}

static void a_default_others_may_read(void **state)
{
    ds_buf errors;

    (void)state;
    assert_null(
        load(&errors, API("      list_id: l\n      token: ${DS_TEST_UNSET:-hunter2}\n"), 0644));
    assert_non_null(strstr(errors.data, "token is written out"));
    assert_null(strstr(errors.data, "hunter2"));
    ds_buf_fini(&errors);
}

static void an_unused_account_others_may_read(void **state)
{
    ds_buf errors;

    (void)state;
    assert_null(
        load(&errors, "accounts:\n  a: {kind: api, token: hunter2}\nroutes:\n  r:\n" ENDS, 0644));
    assert_non_null(strstr(errors.data, "token is written out"));
    ds_buf_fini(&errors);
}

/* A secret that is used twice is wiped after the last use, and what else names it stays. */
static void a_secret_shared_by_an_alias(void **state)
{
    ds_buf errors;
    ds_config *config = load(&errors, API("      token: &t abc\n      list_id: *t\n"), 0600);
    const fake_api *api;

    (void)state;
    assert_non_null(config);
    api = config->routes[0]->source_settings;
    assert_string_equal(api->list_id, "abc");
    assert_string_equal(ds_secret_reveal(api->token), "abc");
    ds_config_free(config);
    ds_buf_fini(&errors);
}

/* ---- files that cannot be read
 * ------------------------------------------------------------------------- */

static void no_file(void **state)
{
    ds_buf errors;

    (void)state;
    ds_buf_init(&errors, DS_MIB);
    assert_null(ds_config_load("c.yaml", &fake_connectors, &errors));
    assert_string_equal(errors.data,
                        "c.yaml: cannot be read: No such file or directory; `durable-sync "
                        "init` writes a first one\n");
    ds_buf_fini(&errors);
}

static void a_directory(void **state)
{
    ds_buf errors;

    (void)state;
    ds_buf_init(&errors, DS_MIB);
    assert_null(ds_config_load("/tmp", &fake_connectors, &errors));
    assert_string_equal(errors.data, "/tmp: cannot be read: Is a directory\n");
    ds_buf_fini(&errors);
}

static void two_mebibytes(void **state)
{
    ds_buf errors;
    char *text = malloc(2 * DS_MIB);

    (void)state;
    assert_non_null(text);
    memset(text, '#', 2 * DS_MIB);
    put_file(text, 2 * DS_MIB, 0600);
    ds_buf_init(&errors, DS_MIB);
    assert_null(ds_config_load("c.yaml", &fake_connectors, &errors));
    assert_string_equal(errors.data,
                        "c.yaml: larger than 1 MiB, which is the most a configuration may have\n");
    ds_buf_fini(&errors);
    assert_string_equal(said(&errors, text, DS_MIB + 1),
                        "t.yaml: larger than 1 MiB, which is the most a configuration may have\n");
    ds_buf_fini(&errors);
    free(text);
}

/* ---- files made to hurt
 * --------------------------------------------------------------------------------- */

static void first_line(const char *text, size_t n, const char *want)
{
    ds_buf errors;

    said(&errors, text, n);
    errors.data[strcspn(errors.data, "\n")] = '\0';
    assert_string_equal(errors.data, want);
    ds_buf_fini(&errors);
}

static void a_bomb_of_aliases(void **state)
{
    ds_buf text;

    (void)state;
    ds_buf_init(&text, DS_MIB);
    ds_buf_text(&text, "a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 9; i++) {
        ds_buf_printf(&text, "a%d: &a%d [", i, i);
        for (int k = 0; k < 9; k++)
            ds_buf_printf(&text, "%s*a%d", k ? ", " : "", i - 1);
        ds_buf_text(&text, "]\n");
    }
    first_line(text.data, text.n,
               "t.yaml:4:10: aliases stand for more than 1000 values in this file");
    ds_buf_fini(&text);
}

static void deep(const char *open, const char *want)
{
    ds_buf text;

    ds_buf_init(&text, DS_MIB);
    for (int i = 0; i < 50000; i++)
        ds_buf_text(&text, open);
    first_line(text.data, text.n, want);
    ds_buf_fini(&text);
}

static void deep_lists(void **state)
{
    (void)state;
    deep("[", "t.yaml:1:65: nested more than 64 levels deep");
}

static void deep_tables(void **state)
{
    (void)state;
    deep("{a: ", "t.yaml:1:257: nested more than 64 levels deep");
}

static void deep_blocks(void **state)
{
    (void)state;
    deep("- ", "t.yaml:1:129: nested more than 64 levels deep");
}

static void sixty_four_levels(void **state)
{
    char text[200] = "x: ";

    (void)state;
    for (int i = 0; i < 62; i++)
        strcat(text, "[");
    strcat(text, "1");
    for (int i = 0; i < 62; i++)
        strcat(text, "]");
    first_line(text, strlen(text), "t.yaml:1:1: unknown key \"x\"");
}

static void very_many_values(void **state)
{
    ds_buf text;

    (void)state;
    ds_buf_init(&text, DS_MIB);
    ds_buf_text(&text, "x: [");
    for (int i = 0; i < 100001; i++)
        ds_buf_text(&text, "1,");
    ds_buf_text(&text, "]\n");
    first_line(text.data, text.n, "t.yaml:1:199999: more than 100000 values in one file");
    ds_buf_fini(&text);
}

static void very_many_anchors(void **state)
{
    ds_buf text;

    (void)state;
    ds_buf_init(&text, DS_MIB);
    for (int i = 0; i < 1001; i++)
        ds_buf_printf(&text, "- &a%d x\n", i);
    first_line(text.data, text.n, "t.yaml:1001:3: more than 1000 anchors in one file");
    ds_buf_fini(&text);
}

static void a_nul_byte(void **state)
{
    static const char text[] = "store: sqlite:a\0b\n";

    (void)state;
    first_line(text, sizeof(text) - 1, "t.yaml:1:16: a NUL character; this is no text file");
}

static void utf16(void **state)
{
    static const char text[] = "\xff\xfer\0o\0";

    (void)state;
    first_line(text, sizeof(text) - 1,
               "t.yaml:1:1: byte 0xff is not UTF-8; save the file as UTF-8");
}

static void very_many_errors(void **state)
{
    ds_buf errors, text;

    (void)state;
    ds_buf_init(&text, DS_MIB);
    ds_buf_text(&text, "routes:\n");
    for (int i = 0; i < 9000; i++)
        ds_buf_printf(&text, "  r%d: {source: x, destination: y, z: 1, token: hunter2}\n", i);
    said(&errors, text.data, text.n);
    assert_true(errors.n < 20000);
    assert_null(strstr(errors.data, "hunter2"));
    assert_non_null(strstr(errors.data, "\nand 35950 more\n"));
    ds_buf_fini(&text);
    ds_buf_fini(&errors);
}

/* ---- all of them
 * ------------------------------------------------------------------------------------------ */

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, enter_dir, leave_dir)

static const struct CMUnitTest single_tests[] = {
    cmocka_unit_test(a_long_line_is_a_window),
    cmocka_unit_test(at_most_fifty),
    IN_DIR(a_literal_secret_others_may_read),
    IN_DIR(a_literal_secret_only_the_owner_may_read),
    IN_DIR(a_reference_others_may_read),
    IN_DIR(a_default_others_may_read),
    IN_DIR(an_unused_account_others_may_read),
    IN_DIR(a_secret_shared_by_an_alias),
    IN_DIR(no_file),
    cmocka_unit_test(a_directory),
    IN_DIR(two_mebibytes),
    cmocka_unit_test(a_bomb_of_aliases),
    cmocka_unit_test(deep_lists),
    cmocka_unit_test(deep_tables),
    cmocka_unit_test(deep_blocks),
    cmocka_unit_test(sixty_four_levels),
    cmocka_unit_test(very_many_values),
    cmocka_unit_test(very_many_anchors),
    cmocka_unit_test(a_nul_byte),
    cmocka_unit_test(utf16),
    cmocka_unit_test(very_many_errors),
};

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
    static struct CMUnitTest tests[DS_COUNT(looks) + DS_COUNT(secrets) + DS_COUNT(single_tests)];
    size_t n = 0;

    setenv("DS_TEST_SECRET", "hunter2", 1);
    setenv("DS_TEST_LONG_SECRET", long_secret(), 1);
    unsetenv("DS_TEST_UNSET");
    unsetenv("FAKE_API_TOKEN");
    for (size_t i = 0; i < DS_COUNT(looks); i++)
        tests[n++] = (struct CMUnitTest){looks[i].name, look_row, NULL, NULL, state_of(&looks[i])};
    for (size_t i = 0; i < DS_COUNT(secrets); i++)
        tests[n++] =
            (struct CMUnitTest){secrets[i].name, never_shown, NULL, NULL, state_of(&secrets[i])};
    memcpy(&tests[n], single_tests, sizeof(single_tests));
    return cmocka_run_group_tests_name("a configuration that is hostile", tests, NULL, NULL);
}
