/* tests/unit/test_config_kinds.c
 *
 * Connectors with odd settings, with a thousand of them and with none: what a configuration makes
 * of them, and what people and validators are told.
 */
#include "config_fixture.h"

#include "config/tables.h"

#include <stdio.h>
#include <sys/stat.h>

/* ---- connectors with odd settings ------------------------------------------------------------ */

typedef struct odd {
    union {
        ds_source source;
        ds_destination destination;
    } base;
    const char *note, *mode, *from, *until;
    ds_secret *address;
    int64_t key, count, least, wait_ms, pause_ms;
    bool deep;
    ds_texts names;
} odd;

static bool names_no_password(const char *address)
{
    return !strchr(address, '@');
}

static const ds_option odd_options[] = {
    DS_OPT_TEXT_OR(odd, note, "", NULL),
    DS_OPT_CHOICE(odd, mode, "quick", "", "how"),
    {.name = "address",
     .type = DS_OPTION_SECRET,
     .offset = offsetof(odd, address),
     .harmless = names_no_password},
    {.name = "key", .type = DS_OPTION_INT, .offset = offsetof(odd, key), .required = true},
    {.name = "count",
     .type = DS_OPTION_INT,
     .offset = offsetof(odd, count),
     .max = 5,
     .fallback = "2",
     .help = "how many"},
    {.name = "least", .type = DS_OPTION_INT, .offset = offsetof(odd, least), .min = -5},
    {.name = "wait", .type = DS_OPTION_DURATION, .offset = offsetof(odd, wait_ms)},
    {.name = "deep",
     .type = DS_OPTION_BOOL,
     .offset = offsetof(odd, deep),
     .fallback = "true",
     .help = "all of it"},
    {.name = "names", .type = DS_OPTION_LIST, .offset = offsetof(odd, names)},
    {.name = "from", .type = DS_OPTION_TEXT, .offset = offsetof(odd, from), .one_of = "end"},
    {.name = "until", .type = DS_OPTION_PATH, .offset = offsetof(odd, until), .one_of = "end"},
    {.name = "pause",
     .type = DS_OPTION_DURATION,
     .offset = offsetof(odd, pause_ms),
     .required = true,
     .fallback = "1s",
     .min = 1,
     .max = DS_HOUR_MS},
    DS_OPT_END,
};

/* Nothing is required of it, and one of each two must be there. */
static const ds_option choosy_options[] = {
    {.name = "from", .type = DS_OPTION_TEXT, .offset = offsetof(odd, from), .one_of = "end"},
    {.name = "until", .type = DS_OPTION_TEXT, .offset = offsetof(odd, until), .one_of = "end"},
    {.name = "mode", .type = DS_OPTION_CHOICE, .offset = offsetof(odd, mode), .choices = "a|b|c"},
    {.name = "note", .type = DS_OPTION_TEXT, .offset = offsetof(odd, note), .one_of = "word"},
    {.name = "names", .type = DS_OPTION_LIST, .offset = offsetof(odd, names), .one_of = "word"},
    DS_OPT_END,
};

static bool odd_valid(const ds_destination *self, ds_err *err)
{
    return strcmp(((const odd *)self)->note, "bad") != 0 ||
           ds_fail(err, DS_ERR_CONFIG, "this is no note");
}

static const char *odd_identity(const ds_destination *self, ds_arena *a)
{
    (void)self;
    return ds_arena_strdup(a, "odd:");
}

static const ds_source_ops odd_source = {
    .kind = "odd", .options = odd_options, .instance_size = sizeof(odd)};
static const ds_source_ops bare_source = {.kind = "bare", .instance_size = sizeof(ds_source)};
static const ds_source_ops choosy_source = {
    .kind = "choosy", .options = choosy_options, .instance_size = sizeof(odd)};
static const ds_destination_ops odd_destination = {.kind = "odd",
                                                   .options = odd_options,
                                                   .instance_size = sizeof(odd),
                                                   .validate = odd_valid,
                                                   .identity = odd_identity};
static const ds_destination_ops bare_destination = {.kind = "bare",
                                                    .instance_size = sizeof(ds_destination),
                                                    .identity = odd_identity,
                                                    .archive = fake_remove,
                                                    .remove = fake_remove};
static const ds_source_ops *const odd_sources[] = {&odd_source, &bare_source, &choosy_source};
static const ds_destination_ops *const odd_destinations[] = {&odd_destination, &bare_destination};
static const ds_connectors odd_connectors = {.sources = odd_sources,
                                             .sources_n = DS_COUNT(odd_sources),
                                             .destinations = odd_destinations,
                                             .destinations_n = DS_COUNT(odd_destinations)};

#define ODD(rest)                                                                                  \
    "routes:\n  r:\n    source: {kind: odd, key: 1" rest "}\n    destination: {kind: bare}\n"
#define TO_ODD(rest)                                                                               \
    "routes:\n  r:\n    source: {kind: bare}\n    destination: {kind: odd, key: 1" rest "}\n"

static void odd_settings(void **state)
{
    ds_config *config =
        sound_for(&odd_connectors, ODD(", count: 0, least: -5, wait: 4000d, deep: false"));
    const odd *made = config->routes[0]->source_settings;

    (void)state;
    assert_string_equal(made->note, ""); /* a default that is empty is one, for a text */
    assert_null(made->mode);             /* for a choice it is none */
    assert_int_equal(made->count, 0);
    assert_int_equal(made->least, -5);
    assert_int_equal(made->wait_ms, 4000 * DS_DAY_MS);
    assert_false(made->deep);
    assert_string_equal(config->routes[0]->key_signature, "|"); /* a key that is no text is none */
    assert_string_equal(config->routes[0]->identity, "odd:");
    ds_config_free(config);
    config = sound_for(&odd_connectors, ODD(""));
    made = config->routes[0]->source_settings;
    assert_int_equal(made->count, 2);
    assert_true(made->deep);
    ds_config_free(config);
    config = sound_for(&odd_connectors, TO_ODD(", note: good"));
    assert_string_equal(config->routes[0]->key_signature, "|");
    ds_config_free(config);
}

static const struct row {
    const char *name, *text, *first_line;
} odd_rows[] = {
    {"a number below its bound", ODD(", count: -1"),
     "t.yaml:3:40: count: expected a whole number from 0 to 5, found \"-1\""},
    {"a number above its bound", ODD(", least: 1"),
     "t.yaml:3:40: least: expected a whole number from -5 to 0, found \"1\""},
    {"a missing setting that has no help",
     "routes:\n  r:\n    source: {kind: odd}\n"
     "    destination: {kind: bare}\n",
     "t.yaml:3:5: source: \"key\" is missing: see the connector's page"},
    {"what the destination itself refuses", TO_ODD(", note: bad"),
     "t.yaml:4:5: odd: this is no note"},
    {"a setting of a kind that has none",
     "routes:\n  r:\n    source: {kind: bare, kin: 1}\n    destination: {kind: bare}\n",
     "t.yaml:3:26: unknown key \"kin\"; did you mean \"kind\"?"},
    {"an account of a kind that has no settings",
     "accounts:\n  b: {kind: bare, tokne: 1}\n" ODD(""),
     "t.yaml:2:19: unknown key \"tokne\"; did you mean \"token\"?"},
    {"an account of a kind that has the setting on both sides",
     "accounts:\n  b: {kind: odd, count: 9}\n" ODD(""),
     "t.yaml:2:25: count: expected a whole number from 0 to 5, found \"9\""},
    {"archive by what cannot", TO_ODD("") "    missing: archive\n",
     "t.yaml:5:14: missing: odd cannot archive"},
    {"delete by what cannot", TO_ODD("") "    missing: delete\n",
     "t.yaml:5:14: missing: odd cannot delete"},
    {"one of several words",
     "routes:\n  r:\n    source: {kind: choosy, mode: ab}\n"
     "    destination: {kind: bare}\n",
     "t.yaml:3:34: mode: expected a, b or c, found \"ab\"; did you mean \"a\"?"},
};

static void odd_refused(void **state)
{
    const struct row *row = *state;

    assert_string_equal(first_line(refused_by(&odd_connectors, row->text, strlen(row->text))),
                        row->first_line);
}

static void a_destination_that_can_do_all(void **state)
{
    static const char *const ways[] = {"archive", "delete"};

    (void)state;
    for (size_t i = 0; i < DS_COUNT(ways); i++) {
        ds_config *config = sound_for(
            &odd_connectors, ds_arena_printf(scratch, "%s    missing: %s\n", ODD(""), ways[i]));

        assert_int_equal(config->routes[0]->missing, i ? DS_MISSING_DELETE : DS_MISSING_ARCHIVE);
        ds_config_free(config);
    }
}

/* ---- what a program of one route has of it --------------------------------------------------- */

static const char *single_refused(const ds_source_ops *source, const ds_destination_ops *to)
{
    DS_AUTO_BUF(errors, DS_MIB);

    assert_null(ds_config_single("one", "/s.db", source, to, &errors));
    return ds_arena_strndup(scratch, errors.data, errors.n);
}

static void one_route_of_odd_ends(void **state)
{
    static const char stray[] =
        "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80"
        "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80"
        "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80";

    (void)state;
    setenv("ONE_KEY", "", 1); /* an empty one counts as none */
    assert_string_equal(single_refused(&odd_source, &bare_destination),
                        "ONE_KEY is not set: key\n");
    setenv("ONE_KEY", stray, 1); /* no character begins anywhere in it */
    assert_string_equal(single_refused(&odd_source, &bare_destination),
                        "ONE_KEY: expected a whole number, found \"...\"\n");
    unsetenv("ONE_KEY");
}

static void a_list_from_a_variable(void **state)
{
    DS_AUTO_BUF(errors, DS_MIB);
    ds_config *config;
    const odd *made;

    (void)state;
    setenv("ONE_KEY", "1", 1);
    setenv("ONE_NAMES", " a b  ,c, ,d", 1);
    config = ds_config_single("one", "/s.db", &odd_source, &bare_destination, &errors);
    assert_non_null(config);
    made = config->routes[0]->source_settings;
    assert_int_equal(made->names.n, 3);
    assert_string_equal(made->names.items[0], "a b");
    assert_string_equal(made->names.items[1], "c");
    assert_string_equal(made->names.items[2], "d");
    ds_config_free(config);
    unsetenv("ONE_KEY");
    unsetenv("ONE_NAMES");
}

/* ---- a thousand of them ---------------------------------------------------------------------- */

#define MANY 1000

/* However many settings and kinds there are: each is known, and each secret is hidden. */
static void very_many_settings(void **state)
{
    ds_option *options = ds_arena_zalloc(scratch, (MANY + 1) * sizeof(*options));
    ds_source_ops ops = {.kind = "many", .options = options, .instance_size = sizeof(odd)};
    const ds_source_ops *sources[] = {&ops};
    const ds_connectors many = {
        .sources = sources, .sources_n = 1, .destinations = fake_destinations, .destinations_n = 1};
    static const char text[] =
        "routes:\n  r:\n" DESTINATION "    source: {kind: many, last9999: 4711, lost: 1}\n";
    const char *said;

    (void)state;
    for (size_t i = 0; i < MANY; i++)
        options[i] = (ds_option){.name = ds_arena_printf(scratch, "x%zu", i),
                                 .type = DS_OPTION_SECRET,
                                 .offset = offsetof(odd, address)};
    options[MANY - 1].name = "last9999";
    said = refused_by(&many, text, strlen(text));
    assert_null(strstr(said, "4711"));
    assert_non_null(strstr(said, "unknown key \"lost\""));
}

/* ---- a secret that is none ------------------------------------------------------------------- */

static ds_config *of_a_file_others_read(const char *text, ds_buf *errors)
{
    char path[] = "/tmp/test-config-XXXXXX";
    int fd = mkstemp(path);
    FILE *to = fd < 0 ? NULL : fdopen(fd, "w");
    ds_config *config;

    assert_non_null(to);
    fputs(text, to);
    assert_int_equal(fclose(to), 0);
    assert_int_equal(chmod(path, 0644), 0);
    config = ds_config_load(path, &odd_connectors, errors);
    remove(path);
    return config;
}

static void an_address_without_a_password(void **state)
{
    DS_AUTO_BUF(errors, DS_MIB);
    ds_config *config = of_a_file_others_read(ODD(", address: 'db://host'"), &errors);

    (void)state;
    assert_non_null(config);
    ds_config_free(config);
    assert_null(of_a_file_others_read(ODD(", address: 'db:u@host'"), &errors));
    assert_non_null(strstr(errors.data, "address is written out in a file that others may read"));
}

/* ---- what they take, in words ---------------------------------------------------------------- */

static const struct takes {
    const char *name, *want;
} takes_rows[] = {
    {"note", "text"},
    {"mode", "quick"},
    {"address", "a secret, best as ${NAME} or ${file:PATH}"},
    {"key", "a whole number"},
    {"count", "a whole number from 0 to 5"},
    {"least", "a whole number from -5 to 0"},
    {"wait", "a duration: 90s, 15m, 12h, 1d"},
    {"deep", "true or false"},
    {"names", "a list of texts"},
    {"until", "a path"},
};

static void takes_row(void **state)
{
    const struct takes *row = *state;

    assert_string_equal(ds_option_takes(ds_option_find(odd_options, row->name), scratch),
                        row->want);
}

static void what_keys_take(void **state)
{
    static const ds_shape said = {.type = DS_SHAPE_TEXT, .takes = "a word"};
    static const ds_shape chosen = {.type = DS_SHAPE_CHOICE, .choices = "a|b|c"};
    static const ds_shape any = {.type = DS_SHAPE_TEXT};
    static const struct {
        ds_key key;
        const char *want;
    } rows[] = {
        {{.type = DS_KEY_TEXT}, "text"},
        {{.type = DS_KEY_MEMBER, .shape = &said}, "a word"},
        {{.type = DS_KEY_MEMBER, .shape = &chosen}, "a, b or c"},
        {{.type = DS_KEY_TEXT, .shape = &any}, "text"},
        {{.type = DS_KEY_DURATION, .min = 1000, .max = DS_HOUR_MS}, "a duration from 1s to 1h"},
        {{.type = DS_KEY_DURATION, .max = DS_HOUR_MS}, "a duration from 0s to 1h"},
        {{.type = DS_KEY_CHOICE, .choices = "on|off"}, "on or off"},
    };

    (void)state;
    for (size_t i = 0; i < DS_COUNT(rows); i++)
        assert_string_equal(ds_key_takes(&rows[i].key, scratch), rows[i].want);
}

/* ---- what a validator is told ---------------------------------------------------------------- */

/* A part of the schema as text, by the names that lead to it. */
static const char *part_of(const ds_connectors *c, const char *path)
{
    DS_AUTO_BUF(text, DS_MIB);
    DS_AUTO_BUF(part, DS_MIB);
    ds_json_writer w = ds_json_w(&text, false), out = ds_json_w(&part, false);
    ds_err err = DS_ERR_INIT;
    const ds_json *at;

    ds_config_schema(c, scratch, &w);
    at = ds_json_read(scratch, text.data, text.n, &err);
    assert_non_null(at);
    for (const char *name = path; *name; name += strcspn(name, "/"), name += *name == '/') {
        at = ds_json_get(at, ds_arena_strndup(scratch, name, strcspn(name, "/")));
        if (!at)
            fail_msg("the schema has no %s", path);
    }
    ds_json_w_json(&out, at);
    return ds_arena_strndup(scratch, part.data, part.n);
}

#define OR_REFERENCE(part) "\"anyOf\":[{" part "},{\"$ref\":\"#/definitions/reference\"}]}"

static const struct part {
    const char *name, *want;
} part_rows[] = {
    {"definitions/source-odd/properties/note", "{\"default\":\"\","
                                               "\"type\":[\"string\",\"number\",\"boolean\"]}"},
    {"definitions/source-odd/properties/key", "{" OR_REFERENCE("\"type\":\"integer\"")},
    {"definitions/source-odd/properties/count",
     "{\"description\":\"how many.\\nDefault: 2.\",\"default\":2," OR_REFERENCE(
         "\"type\":\"integer\",\"minimum\":0,\"maximum\":5")},
    {"definitions/source-odd/properties/least",
     "{" OR_REFERENCE("\"type\":\"integer\",\"minimum\":-5,\"maximum\":0")},
    {"definitions/source-odd/properties/wait",
     "{" OR_REFERENCE("\"type\":\"string\",\"pattern\":\"^([0-9]{1,15}(w|d|h|m|s|ms))+$\"")},
    {"definitions/source-odd/properties/deep",
     "{\"description\":\"all of it.\\nDefault: true.\",\"default\":true," OR_REFERENCE(
         "\"type\":\"boolean\"")},
    {"definitions/source-odd/properties/names",
     "{\"type\":\"array\",\"minItems\":0,\"maxItems\":10000,\"uniqueItems\":true,"
     "\"items\":{\"$ref\":\"#/definitions/text\"}}"},
    {"definitions/source-odd/properties/address", "{\"$ref\":\"#/definitions/text\"}"},
    {"definitions/source-odd/anyOf",
     "[{\"required\":[\"account\"]},{\"required\":[\"key\"],\"allOf\":[{\"oneOf\":["
     "{\"required\":[\"from\"]},{\"required\":[\"until\"]}]}]}]"},
    {"definitions/source-choosy/anyOf",
     "[{\"required\":[\"account\"]},{\"allOf\":[{\"oneOf\":["
     "{\"required\":[\"from\"]},{\"required\":[\"until\"]}]},{\"oneOf\":["
     "{\"required\":[\"note\"]},{\"required\":[\"names\"]}]}]}]"},
    {"definitions/source-odd/properties/pause",
     "{\"description\":\"Default: 1s.\",\"default\":\"1s\"," OR_REFERENCE(
         "\"type\":\"string\",\"pattern\":\"^(?=.*[1-9])([0-9]{1,15}(w|d|h|m|s|ms))+$\"")},
    {"definitions/account-bare/properties", "{\"kind\":{\"const\":\"bare\"}}"},
    {"properties/accounts/additionalProperties/properties/kind/enum",
     "[\"odd\",\"bare\",\"choosy\"]"},
    {"properties/routes/additionalProperties/allOf",
     "[{\"if\":{\"required\":[\"destination\"],\"properties\":{\"destination\":{\"required\":["
     "\"kind\"],\"properties\":{\"kind\":{\"const\":\"odd\"}}}}},\"then\":{\"properties\":{"
     "\"missing\":{\"not\":{\"const\":\"archive\"}}}}},{\"if\":{\"required\":[\"destination\"],"
     "\"properties\":{\"destination\":{\"required\":[\"kind\"],\"properties\":{\"kind\":{"
     "\"const\":\"odd\"}}}}},\"then\":{\"properties\":{\"missing\":{\"not\":{"
     "\"const\":\"delete\"}}}}}]"},
};

static void part_row(void **state)
{
    const struct part *row = *state;

    assert_string_equal(part_of(&odd_connectors, row->name), row->want);
}

/* Of kinds that are a source only or a destination only, or both. */
static void schema_of_both_sides(void **state)
{
    (void)state;
    assert_string_equal(
        part_of(&fake_connectors, "properties/accounts/additionalProperties/properties/kind/enum"),
        "[\"file\",\"api\",\"sqlite\"]");
    assert_string_equal(part_of(&fake_connectors, "definitions/account-sqlite/properties/table"),
                        "{\"description\":\"the table\",\"$ref\":\"#/definitions/text\"}");
    assert_string_equal(part_of(&fake_connectors, "definitions/source-api/properties/token"),
                        "{\"description\":\"personal access token.\\nDefault: the environment "
                        "variable FAKE_API_TOKEN.\",\"$ref\":\"#/definitions/text\"}");
    assert_string_equal(part_of(&fake_connectors, "definitions/source-api/anyOf"),
                        "[{\"required\":[\"account\"]},{\"required\":[\"list_id\"]}]");
}

int main(void)
{
    unsetenv("FAKE_API_TOKEN");
    add_test(odd_settings);
    add_table(odd_rows, odd_refused);
    add_test(a_destination_that_can_do_all);
    add_test(one_route_of_odd_ends);
    add_test(a_list_from_a_variable);
    add_test(very_many_settings);
    add_test(an_address_without_a_password);
    add_table(takes_rows, takes_row);
    add_test(what_keys_take);
    add_table(part_rows, part_row);
    add_test(schema_of_both_sides);
    return run_tests("connectors of a configuration");
}
