/* tests/unit/test_config_edges.c
 *
 * Where a configuration ends to be one: the largest that is taken and the next one that is not,
 * what is only just understood, and what is wrong in two ways at once.
 */
#include "config_fixture.h"

#include "support/tmpdir.h"

#include <stdio.h>
#include <unistd.h>

/* ---- refused --------------------------------------------------------------------------------- */

#define FIELD(form) ROUTE("    fields:\n      N: " form "\n")

static const struct row {
    const char *name, *text, *first_line;
} rows[] = {
    {"an engine left empty", "engine:\n" ROUTE(""),
     "t.yaml:1:8: engine: expected text, found nothing"},
    {"accounts as a list", "accounts: [a]\n" ROUTE(""),
     "t.yaml:1:11: accounts: expected a table of accounts, found a list"},
    {"an account whose kind is empty", "accounts:\n  g: {kind: }\n" ROUTE(""),
     "t.yaml:2:13: kind: expected text, found nothing"},
    {"an account of a destination alone", "accounts:\n  s: {kind: sqlite, tabel: t}\n" ROUTE(""),
     "t.yaml:2:21: unknown key \"tabel\"; did you mean \"table\"?"},
    {"a wrong setting of a destination's account",
     "accounts:\n  s: {kind: sqlite, create_table: 1}\n" ROUTE(""),
     "t.yaml:2:35: create_table: expected true or false, found \"1\""},
    {"an account named by a list", "accounts:\n  m: {kind: api}\n" API("      account: [m]\n"),
     "t.yaml:8:16: account: expected text, found a list"},
    {"an account that has no kind, where it is used",
     "accounts:\n  m: {token: t}\n" API("      account: m\n      list_id: l\n"),
     "t.yaml:2:3: m: \"kind\" is missing"},
    {"an account whose kind is a list, where it is used",
     "accounts:\n  m: {kind: [api]}\n" API("      account: m\n      list_id: l\n"),
     "t.yaml:2:13: kind: expected text, found a list"},
    {"an account whose kind is unknown, where it is used",
     "accounts:\n  m: {kind: ${DS_TEST_UNSET}}\n" API("      account: m\n      list_id: l\n"),
     "t.yaml:2:14: inside { } a reference needs quotes: write \"${NAME}\""},
    {"an account whose kind is not set, where it is used",
     "accounts:\n  m:\n    kind: ${DS_TEST_UNSET}\n" API("      account: m\n      list_id: l\n"),
     "t.yaml:3:11: ${DS_TEST_UNSET}: the environment variable DS_TEST_UNSET is not set; set it, or "
     "write ${DS_TEST_UNSET:-DEFAULT}"},
    {"a kind left empty", "routes:\n  r:\n    source: {kind: }\n" DESTINATION,
     "t.yaml:3:20: kind: expected text, found nothing"},
    {"a secret left empty", API("      list_id: l\n      token:\n"),
     "t.yaml:7:13: token: expected a secret, found an empty one"},
    {"a secret that is not there", API("      list_id: l\n      token: ${DS_TEST_UNSET}\n"),
     "t.yaml:7:14: ${DS_TEST_UNSET}: the environment variable DS_TEST_UNSET is not set; set it, or "
     "write ${DS_TEST_UNSET:-DEFAULT}"},
    {"a duration as a list", API("      list_id: l\n      token: t\n      wait: [1s]\n"),
     "t.yaml:8:13: wait: expected a duration such as 90s, 15m, 12h or 1d, found a list"},
    {"a route's name of 65 letters",
     "routes:\n  aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:\n" ENDS,
     "t.yaml:2:3: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" cannot "
     "name a route: 1 to 64 of a-z, 0-9 and \"-\""},
    {"a route's name with a letter of another kind", "routes:\n  a_b:\n" ENDS,
     "t.yaml:2:3: \"a_b\" cannot name a route: 1 to 64 of a-z, 0-9 and \"-\""},
    {"missing as a list", ROUTE("    missing: [delete]\n"),
     "t.yaml:5:14: missing: expected ignore, archive, delete or {mark: NAME}, found a list"},
    {"a limit left empty", ROUTE("    limits: {changes: }\n"),
     "t.yaml:5:23: changes: expected text, found nothing"},
    {"a pace left empty", ROUTE("    pace:\n"), "t.yaml:5:10: pace: expected text, found nothing"},
    {"a pace that is no number", ROUTE("    pace: many/s\n"),
     "t.yaml:5:11: pace: expected writes in a time, such as 500/s, 90/m or 100/h, found "
     "\"many/s\""},
    {"a pace that is too small", ROUTE("    pace: 0/s\n"),
     "t.yaml:5:11: pace: expected writes in a time, such as 500/s, 90/m or 100/h, found \"0/s\""},
    {"a pace that is too large", ROUTE("    pace: 1e10/s\n"),
     "t.yaml:5:11: pace: expected writes in a time, such as 500/s, 90/m or 100/h, found "
     "\"1e10/s\""},
    {"a limit that is no number", ROUTE("    limits: {changes: half}\n"),
     "t.yaml:5:23: changes: expected a share such as 25% or 0.25, found \"half\""},
    {"cron that is wrong beside quiet hours that are not",
     ROUTE("    cron: x\n    quiet: 22:00-06:00\n"),
     "t.yaml:5:11: cron: found 1 field and not 5: minute, hour, day of the month, month, day of "
     "the week"},
    {"cron and quiet hours that are both wrong", ROUTE("    cron: x\n    quiet: y\n"),
     "t.yaml:5:11: cron: found 1 field and not 5: minute, hour, day of the month, month, day of "
     "the week"},
    {"a value that is a table", FIELD("{value: {a: b}}"),
     "t.yaml:6:18: value: expected a value or a list of texts, found a table"},
    {"a value that is not there", FIELD("{value: '${DS_TEST_UNSET}'}"),
     "t.yaml:6:18: ${DS_TEST_UNSET}: the environment variable DS_TEST_UNSET is not set; set it, or "
     "write ${DS_TEST_UNSET:-DEFAULT}"},
    {"a template with a blank before the name", FIELD("{template: '{ a}'}"),
     "t.yaml:6:21: template: a name in braces has no spaces around it"},
    {"a template with a blank behind the name", FIELD("{template: '{a }'}"),
     "t.yaml:6:21: template: a name in braces has no spaces around it"},
    {"a long text that is cut",
     "engine: embedded\nroutes:\n  r:\n" ENDS
     "    every: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaäbbb\n",
     "t.yaml:6:12: every: expected a duration such as 90s, 15m, 12h or 1d, found "
     "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\""},
    {"a letter that begins nothing", "a: @b\n",
     "t.yaml:1:4: not valid YAML: what begins with @ has to stand in quotes"},
    {"a sign of a text over several lines, in a list", "a: [|]\n",
     "t.yaml:1:5: not valid YAML: found character that cannot start any token while scanning for "
     "the next token that begins on line 1"},
    {"a flow table that is not closed, without a reference", "a: {b: c d: e}\n",
     "t.yaml:1:11: not valid YAML: did not find expected ',' or '}' while parsing a flow mapping "
     "that begins on line 1"},
    {"an escape nobody knows", "a: \"\\q\"\n",
     "t.yaml:1:5: not valid YAML: found unknown escape character while parsing a quoted scalar "
     "that begins on line 1"},
    {"a directive nobody knows", "%YAML 3.0\n---\na: 1\n",
     "t.yaml:1:1: not valid YAML: found incompatible YAML document"},
    {"nothing readable at the start of the document", "--- @\n",
     "t.yaml:1:5: not valid YAML: what begins with @ has to stand in quotes"},
    {"nothing readable behind the document", "a: 1\n...\n@\n",
     "t.yaml:3:1: not valid YAML: what begins with @ has to stand in quotes"},
    {"a name that holds a NUL", "\"a\\0b\": 1\n",
     "t.yaml:1:1: a NUL character cannot be part of a setting"},
    {"a name that is nothing readable", "? @\n: 1\n",
     "t.yaml:1:3: not valid YAML: what begins with @ has to stand in quotes"},
    {"a list that is nothing readable", "- @\n",
     "t.yaml:1:3: not valid YAML: what begins with @ has to stand in quotes"},
    {"a list that ends in nothing readable", "[a, @\n",
     "t.yaml:1:5: not valid YAML: what begins with @ has to stand in quotes"},
    {"a list with a tag", "!!seq [a]\n",
     "t.yaml:1:1: tags such as tag:yaml.org,2002:seq are not understood here; leave it out"},
    {"nothing readable behind a table's document", "{a: 1}\n...\n@\n",
     "t.yaml:3:1: not valid YAML: what begins with @ has to stand in quotes"},
    {"a text that is followed by nothing readable", "--- |\n  a\n@\n",
     "t.yaml:3:1: not valid YAML: what begins with @ has to stand in quotes"},
    {"a table that is followed by nothing readable", "{a: 1}\n@\n",
     "t.yaml:2:1: not valid YAML: what begins with @ has to stand in quotes"},
    {"a value that is nothing readable", "a: \"b\n",
     "t.yaml:1:4: not valid YAML: the quote that opens here is not closed where it should be"},
};

#define TWO(first, second) "routes:\n  a:\n" ENDS first "  b:\n" ENDS second
#define AT(line, rest) "t.yaml:" line ": routes \"b\" and \"a\" " rest

static const struct row owner_rows[] = {
    {"the later of two fields stands in the later line",
     TWO("    fields: {A: a, C: c}\n", "    fields:\n      A: a\n      C: c\n"),
     AT("10:7", "both own \"A\" and 1 more of sqlite:/o.db#t; leave each to one of them")},
    {"the first owns everything, the second two fields", TWO("", "    fields: {A: a, B: b}\n"),
     AT("5:3", "share sqlite:/o.db#t, and \"a\" owns all of it; give it \"owns\"")},
    {"the second owns everything, the first two fields", TWO("    fields: {A: a, B: b}\n", ""),
     AT("6:3", "share sqlite:/o.db#t, and \"b\" owns all of it; give it \"owns\"")},
    {"two routes spell a column in two ways",
     TWO("    fields: {Name: a}\n", "    fields: {NAME: a}\n"),
     AT("9:14", "both own \"NAME\" of sqlite:/o.db#t; leave it to one of them")},
    {"one route spells a column in two ways", ROUTE("    fields: {name: a, other: b, NAME: c}\n"),
     "t.yaml:5:14: \"name\" and \"NAME\" are one column of sqlite:/o.db#t; leave one out"},
    {"a stamp spells a column in another way", ROUTE("    fields: {Name: a}\n    stamp: NAME\n"),
     "t.yaml:5:14: \"Name\" and \"NAME\" are one column of sqlite:/o.db#t; leave one out"},
    {"a field spells the key in another way", ROUTE("    fields: {Code: a}\n"),
     "t.yaml:5:14: \"Code\" holds the key, which is written by itself; leave it out here"},
};

static void refused_row(void **state)
{
    const struct row *row = *state;

    assert_string_equal(first_line(refused(row->text)), row->first_line);
}

static const struct row reference_rows[] = {
    {"a variable whose name begins with a digit", "store: ${1A}\n" ROUTE(""),
     "t.yaml:1:8: ${1A}: a reference is ${NAME}, ${NAME:-DEFAULT}, ${file:PATH}, "
     "${credential:NAME} or ${command:...}; a dollar sign is $$"},
    {"a variable that is not UTF-8", "store: ${DS_TEST_LATIN}\n" ROUTE(""),
     "t.yaml:1:8: ${DS_TEST_LATIN}: the environment variable DS_TEST_LATIN is not UTF-8 text"},
    {"a credential without a name", "store: '${credential:}'\n" ROUTE(""),
     "t.yaml:1:8: ${credential:}: a credential is a name without a slash"},
    {"the folder of all credentials", "store: '${credential:..}'\n" ROUTE(""),
     "t.yaml:1:8: ${credential:..}: a credential is a name without a slash"},
    {"a credential with an empty folder", "store: ${credential:db}\n" ROUTE(""),
     "t.yaml:1:8: ${credential:db}: CREDENTIALS_DIRECTORY is not set; systemd sets it for "
     "LoadCredential=db:PATH"},
    {"output with a NUL in it", "store: '${command:printf \"a\\\\000b\"}'\n" ROUTE(""),
     "t.yaml:1:8: ${command:...}: gives bytes that are not UTF-8 text"},
    {"a variable that is empty", "store: '${DS_TEST_EMPTY}'\n" ROUTE(""),
     "t.yaml:1:8: store: expected text, found an empty one"},
    {"output that is empty", "store: '${command:true}'\n" ROUTE(""),
     "t.yaml:1:8: store: expected text, found an empty one"},
    {"a reference of a hundred letters",
     "store: "
     "${vault:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}\n" ROUTE(
         ""),
     "t.yaml:1:8: ${vault:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}: a reference is "
     "${NAME}, ${NAME:-DEFAULT}, ${file:PATH}, ${credential:NAME} or ${command:...}; a dollar sign "
     "is $$"},
    {"what was masked once is masked at each place",
     "engine: ${DS_TEST_A}${DS_TEST_B}${DS_TEST_C}${DS_TEST_D}${DS_TEST_A}\n" ROUTE(""),
     "t.yaml:1:9: unknown engine "
     "\"${DS_TEST_A}${DS_TEST_B}${DS_TEST_C}${DS_TEST_D}${DS_TEST_A}\""},
};

/* A setting of an account that cannot be read is read by each route that uses it, and said once. */
static void said_once(void **state)
{
    const char *said = refused("accounts:\n  m:\n    kind: api\n    page: ${DS_TEST_UNSET}\n"
                               "    token: t\nroutes:\n"
                               "  a:\n    source: {kind: api, account: m, list_id: l}\n"
                               "    destination: {kind: sqlite, path: o.db, table: a, key: k}\n");

    (void)state;
    assert_string_equal(said, "t.yaml:4:11: ${DS_TEST_UNSET}: the environment variable "
                              "DS_TEST_UNSET is not set; set it, or write "
                              "${DS_TEST_UNSET:-DEFAULT}\n"
                              "    4 |     page: ${DS_TEST_UNSET}\n"
                              "      |           ^\n");
}

/* ---- sound ----------------------------------------------------------------------------------- */

static void only_just_right(void **state)
{
    ds_config *config = sound("store: sqlite:///var/x.db\n" ROUTE(
        "    fields:\n"
        "      A: {from: a, split: ',', as: list, map: {x: 5}}\n"
        "      B: {from: b, default: [u, v]}\n"
        "      C: {from: c, join: '', default: w, as: text}\n"
        "      D: {template: '{a}{{}}b'}\n"));
    const ds_field *fields = config->routes[0]->fields;

    (void)state;
    assert_string_equal(config->store_path, "/var/x.db");
    assert_int_equal(fields[0].map_n, 1);
    assert_int_equal(fields[0].map[0].to.type, DS_INT);
    assert_int_equal(fields[1].fallback.type, DS_LIST);
    assert_int_equal(fields[2].fallback.type, DS_TEXT);
    assert_string_equal(fields[3].template, "{a}{{}}b");
    ds_config_free(config);
}

#define TO(table, rest)                                                                            \
    "  " table ":\n    source: {kind: file, path: a.jsonl, key: id}\n"                             \
    "    destination: {kind: sqlite, path: o.db, table: " table ", key: k}\n" rest

/* Columns of one name in several tables, one of them owned as a whole: nobody shares any. */
static void columns_of_many_tables(void **state)
{
    DS_AUTO_BUF(text, DS_MIB);
    ds_config *config;

    (void)state;
    ds_buf_text(&text, "routes:\n" TO("a", "") TO("b", "    fields: {A: a}\n") TO("c", "")
                           TO("d", "    fields: {A: a}\n") TO("e", "    fields:\n"));
    for (int i = 0; i < 70; i++)
        ds_buf_printf(&text, "      C%d: c\n", i);
    config = sound(text.data);
    assert_int_equal(config->routes_n, 5);
    assert_int_equal(config->routes[4]->fields_n, 70);
    ds_config_free(config);
}

static void false_and_empty(void **state)
{
    ds_config *config = sound(API("      list_id: l\n      token: t\n      archived: false\n"
                                  "      query: '${DS_TEST_EMPTY}'\n"));
    const fake_api *api = config->routes[0]->source_settings;

    (void)state;
    assert_false(api->archived);
    assert_string_equal(api->query, "");
    ds_config_free(config);
    setenv("FAKE_API_TOKEN", "", 1); /* empty: nothing is set */
    assert_string_equal(first_line(refused(API("      list_id: l\n"))),
                        "t.yaml:4:5: source: \"token\" is missing: personal access token");
    unsetenv("FAKE_API_TOKEN");
}

static void zones_from_another_folder(void **state)
{
    static const char *const dirs[] = {"/usr/share/zoneinfo", ""};

    (void)state;
    for (size_t i = 0; i < DS_COUNT(dirs); i++) {
        ds_config *config;

        setenv("TZDIR", dirs[i], 1);
        config = sound(ROUTE("    zone: Europe/Berlin\n    cron: '@daily'\n"));
        assert_non_null(config->routes[0]->schedule);
        ds_config_free(config);
    }
    setenv("TZDIR", "/nowhere", 1);
    assert_non_null(
        strstr(refused(ROUTE("    zone: Europe/Berlin\n    cron: '@daily'\n")), "zone: "));
    unsetenv("TZDIR");
}

static void six_secrets(void **state)
{
    DS_AUTO_BUF(text, DS_MIB);
    ds_config *config;

    (void)state;
    ds_buf_text(&text, "accounts:\n");
    for (int i = 0; i < 6; i++)
        ds_buf_printf(&text, "  a%d: {kind: api, token: t%d}\n", i, i);
    ds_buf_text(&text, API("      account: a5\n      list_id: l\n"));
    config = sound(text.data);
    assert_string_equal(
        ds_secret_reveal(((const fake_api *)config->routes[0]->source_settings)->token), "t5");
    ds_config_free(config);
}

/* ---- sizes ----------------------------------------------------------------------------------- */

static const struct many {
    const char *name, *head, *before, *after; /* the number of each */
    int n;
    const char *first_line;
} many_rows[] = {
    {"routes", "routes:\n", "  r", ": 1\n", 10001, "t.yaml:1:1: routes: more than 10000 of them"},
    {"fields", ROUTE("    fields:\n"), "      f", ": a\n", 10001,
     "t.yaml:5:5: fields: more than 10000 of them"},
    {"conditions", ROUTE("    where:\n"), "      f", ": 1\n", 10001,
     "t.yaml:5:5: where: more than 10000 conditions"},
    {"entries of a list", ROUTE("    owns:\n"), "      - f", "\n", 10001,
     "t.yaml:6:7: owns: more than 10000 entries"},
    {"quiet hours", ROUTE("    quiet:\n"), "      - 00:00-00:", "\n", 101,
     "t.yaml:6:7: quiet: expected 1 to 100 periods, found 101"},
};

static void too_many(void **state)
{
    const struct many *row = *state;
    DS_AUTO_BUF(text, DS_MIB);

    ds_buf_text(&text, row->head);
    for (int i = 0; i < row->n; i++)
        ds_buf_printf(&text, "%s%d%s", row->before, i, row->after);
    assert_string_equal(first_line(refused(text.data)), row->first_line);
}

/* ${...} that stand for more than there may be. */
static void more_than_two_mebibytes(void **state)
{
    char *big = ds_arena_zalloc(scratch, 100 * DS_KIB);
    DS_AUTO_BUF(text, DS_MIB);

    (void)state;
    memset(big, 'x', 100 * DS_KIB - 1);
    setenv("DS_TEST_BIG", big, 1);
    ds_buf_text(&text, "store: ");
    for (int i = 0; i < 21; i++)
        ds_buf_text(&text, "${DS_TEST_BIG}");
    assert_string_equal(first_line(refused(ds_arena_printf(scratch, "%s\n" ROUTE(""), text.data))),
                        "t.yaml:1:8: longer than 2 MiB once its references are filled in");
    assert_string_equal(
        first_line(refused(ds_arena_printf(scratch, "%s${}\n" ROUTE(""), text.data))),
        "t.yaml:1:8: ${}: a reference is ${NAME}, ${NAME:-DEFAULT}, ${file:PATH}, "
        "${credential:NAME} or ${command:...}; a dollar sign is $$");
    unsetenv("DS_TEST_BIG");
}

static void a_file_of_more_than_64_kibibytes(void **state)
{
    char path[] = "/tmp/test-config-XXXXXX";
    int fd = mkstemp(path);
    FILE *to = fd < 0 ? NULL : fdopen(fd, "w");
    const char *said;

    (void)state;
    assert_non_null(to);
    for (int i = 0; i < 65537; i++)
        fputc('x', to);
    assert_int_equal(fclose(to), 0);
    said = refused(ds_arena_printf(scratch, "store: ${file:%s}\n" ROUTE(""), path));
    remove(path);
    assert_string_equal(first_line(said), ds_arena_printf(scratch,
                                                          "t.yaml:1:8: ${file:%s}: gives "
                                                          "more than 64 KiB",
                                                          path));
}

static void an_empty_file(void **state)
{
    char path[] = "/tmp/test-config-XXXXXX";
    int fd = mkstemp(path);
    DS_AUTO_BUF(errors, DS_MIB);

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    assert_null(ds_config_load(path, &fake_connectors, &errors));
    remove(path);
    assert_non_null(strstr(errors.data, ": nothing in it; `durable-sync init` writes a first"));
    ds_config_free(NULL); /* as what was not made */
}

/* ---- names of routes, for completion --------------------------------------------------------- */

static const struct named {
    const char *name, *text;
    size_t n;
} named_rows[] = {
    {"of a file with two", "routes: {a: 1, b: 2}\n", 2},
    {"of an empty file", "", 0},
    {"of a file that is no YAML", "routes: {a: [\n", 0},
    {"of routes that are a list", "routes: [a]\n", 0},
    {"of a file that is too large", NULL, 0},
};

static void named_row(void **state)
{
    const struct named *row = *state;
    char path[] = "/tmp/test-config-XXXXXX";
    int fd = mkstemp(path);
    FILE *to = fd < 0 ? NULL : fdopen(fd, "w");
    const char *const *names;
    size_t n;

    assert_non_null(to);
    for (size_t i = 0; !row->text && i < 2 * DS_MIB; i++)
        fputc('#', to);
    fputs(row->text ? row->text : "\nroutes: {a: 1}\n", to);
    assert_int_equal(fclose(to), 0);
    n = ds_config_route_names(path, scratch, &names);
    remove(path);
    assert_int_equal(n, row->n);
    if (n)
        assert_string_equal(names[n - 1], "b");
    assert_null(names[n]);
}

/* What a daemon's caller reads of a file: no kind is looked at, no setting, no reference. */
static const struct outlined {
    const char *name, *text;
    const char *store; /* what the place of the store ends in; NULL: no outline */
} outlined_rows[] = {
    {"names and the store", "store: sqlite:here.db\nroutes: {a: {source: {kind: none}}, b: 7}\n",
     "/here.db"},
    {"the usual store", "routes: {b: {destination: {token: \"${DS_TEST_UNSET}\"}}}\n",
     "/durable-sync.db"},
    {"its place by reference", "store: \"sqlite:${DS_TEST_A}.db\"\nroutes: {b: 1}\n", "/aaaa1.db"},
    {"a store that is none", "store: mysql:x\nroutes: {b: 1}\n", NULL},
    {"a key that is none", "stor: sqlite:x\nroutes: {b: 1}\n", NULL},
    {"no table of settings", "- b\n", NULL},
    {"an engine that is none", "engine: other\nroutes: {b: 1}\n", NULL},
    {"an engine of no kind", "engine: {address: h}\nroutes: {b: 1}\n", NULL},
    {"our own engine", "engine: embedded\nroutes: {b: 1}\n", "/durable-sync.db"},
    {"another engine", "engine: temporal\nroutes: {b: 1}\n", NULL},
    {"one with settings", "engine: {kind: temporal}\nroutes: {b: 1}\n", NULL},
    {"a store of its own server, with a password in it",
     "store: postgresql://u:p@h/d\nroutes: {b: 1}\n", NULL},
    {"no routes", "store: sqlite:x\n", NULL},
    {"nothing in them", "routes: {}\n", NULL},
    {"a list of them", "routes: [b]\n", NULL},
    {"no YAML", "routes: {b: [\n", NULL},
    {"nothing", "", NULL},
};

static void outlined_row(void **state)
{
    const struct outlined *row = *state;
    char path[] = "/tmp/test-config-XXXXXX";
    int fd = mkstemp(path);
    FILE *to = fd < 0 ? NULL : fdopen(fd, "w");
    static const ds_connectors none;
    ds_config *config;

    assert_non_null(to);
    fputs(row->text, to);
    assert_int_equal(fclose(to), 0);
    config = ds_config_outline(path, &none);
    remove(path);
    assert_int_equal(config != NULL, row->store != NULL);
    if (!config)
        return;
    assert_non_null(ds_config_route(config, "b"));
    assert_null(ds_config_route(config, "c"));
    assert_string_equal(strrchr(config->store_path, '/'), row->store);
    ds_config_free(config);
}

static void no_file_has_no_outline(void **state)
{
    static const ds_connectors none;
    DS_AUTO(tmpdir) dir = tmpdir_new();
    char *large = ds_arena_alloc(scratch, 2 * DS_MIB);

    (void)state;
    assert_null(ds_config_outline(tmpdir_file(dir, "none.yaml"), &none));
    memset(large, '#', 2 * DS_MIB);
    tmpdir_write(dir, "large.yaml", large, 2 * DS_MIB);
    assert_null(ds_config_outline(tmpdir_file(dir, "large.yaml"), &none));
}

int main(void)
{
    setenv("DS_TEST_EMPTY", "", 1);
    setenv("DS_TEST_LATIN", "gr\xfc\xdf", 1);
    setenv("DS_TEST_A", "aaaa1", 1);
    setenv("DS_TEST_B", "bbbb2", 1);
    setenv("DS_TEST_C", "cccc3", 1);
    setenv("DS_TEST_D", "dddd4", 1);
    unsetenv("DS_TEST_UNSET");
    setenv("CREDENTIALS_DIRECTORY", "", 1);
    unsetenv("FAKE_API_TOKEN");
    add_table(rows, refused_row);
    add_table(reference_rows, refused_row);
    add_table(owner_rows, refused_row);
    add_test(said_once);
    add_test(only_just_right);
    add_test(columns_of_many_tables);
    add_test(false_and_empty);
    add_test(zones_from_another_folder);
    add_test(six_secrets);
    add_table(many_rows, too_many);
    add_test(more_than_two_mebibytes);
    add_test(a_file_of_more_than_64_kibibytes);
    add_test(an_empty_file);
    add_table(named_rows, named_row);
    add_table(outlined_rows, outlined_row);
    add_test(no_file_has_no_outline);
    return run_tests("the edges of a configuration");
}
