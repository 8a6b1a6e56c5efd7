/* tests/unit/test_config_values.c - what fields, settings and accounts become. */
#include "config_fixture.h"

#include <stdio.h>

/* ---- fields ---------------------------------------------------------------------------------- */

static void forms_of_fields(void **state)
{
    ds_config *config =
        sound(ROUTE("    fields:\n      Link: {from: html_url}\n"
                    "      Topics: {from: topics, split: ',', join: ''}\n"
                    "      Size: {from: size, as: number, default: 0}\n"
                    "      Team: {value: Platform}\n"
                    "      Label: {template: '{a.b}/{{x}}'}\n"
                    "      State: {from: archived, map: {true: Archived, 'false': 5}}\n"
                    "      Tags: {value: [a, b], as: list}\n"
                    "      Day: {value: 2024-05-01, as: date}\n"
                    "      None: {from: x, default: null}\n"));
    const ds_field *f = config->routes[0]->fields;

    (void)state;
    assert_int_equal(f[0].kind, DS_FIELD_FROM);
    assert_string_equal(f[0].from, "html_url");
    assert_int_equal(f[0].fallback.type, DS_ABSENT);
    assert_int_equal(f[0].as, DS_ABSENT);
    assert_string_equal(f[1].split, ",");
    assert_string_equal(f[1].join, "");
    assert_int_equal(f[2].as, DS_NUMBER);
    assert_string_equal(ds_value_text(config->arena, f[2].fallback), "0");
    assert_int_equal(f[3].kind, DS_FIELD_VALUE);
    assert_string_equal(f[3].value.as.text, "Platform");
    assert_int_equal(f[4].kind, DS_FIELD_TEMPLATE);
    assert_string_equal(f[4].template, "{a.b}/{{x}}");
    assert_int_equal(f[5].map_n, 2);
    assert_string_equal(f[5].map[0].from, "true");
    assert_string_equal(f[5].map[0].to.as.text, "Archived");
    assert_int_equal(f[5].map[1].to.type, DS_INT);
    assert_int_equal(f[6].value.type, DS_LIST);
    assert_string_equal(f[6].value.as.list[1], "b");
    assert_int_equal(f[7].value.type, DS_DATE);
    assert_int_equal(f[8].fallback.type, DS_NULL);
    ds_config_free(config);
}

static const struct literal {
    const char *written;
    ds_type type;
    const char *text; /* NULL: null */
} literals[] = {
    {"true", DS_BOOL, "true"},
    {"'true'", DS_TEXT, "true"},
    {"True", DS_TEXT, "True"},
    {"yes", DS_TEXT, "yes"},
    {"on", DS_TEXT, "on"},
    {"null", DS_NULL, NULL},
    {"~", DS_NULL, NULL},
    {"'null'", DS_TEXT, "null"},
    {"''", DS_TEXT, ""},
    {"5", DS_INT, "5"},
    {"\"5\"", DS_TEXT, "5"},
    {"-12", DS_INT, "-12"},
    {"012", DS_TEXT, "012"},
    {"0x1f", DS_TEXT, "0x1f"},
    {"1_000", DS_TEXT, "1_000"},
    {"1.10", DS_NUMBER, "1.10"},
    {"9007199254740993", DS_INT, "9007199254740993"},
    {"18446744073709551616", DS_NUMBER, "18446744073709551616"},
    {".5", DS_TEXT, ".5"},
    {"nan", DS_TEXT, "nan"},
    {"2024-05-01", DS_TEXT, "2024-05-01"},
    {"12:30", DS_TEXT, "12:30"},
    {"${DS_TEST_FIVE}", DS_TEXT, "5"},
    {"a$$b", DS_TEXT, "a$b"},
    {"$5", DS_TEXT, "$5"},
};

static void literal_value(void **state)
{
    const struct literal *l = *state;
    char text[512];
    ds_config *config;
    ds_value v;

    snprintf(text, sizeof(text), ROUTE("    fields:\n      F:\n        value: %s\n"), l->written);
    config = sound(text);
    v = config->routes[0]->fields[0].value;
    assert_int_equal(v.type, l->type);
    if (l->text)
        assert_string_equal(ds_value_text(config->arena, v), l->text);
    ds_config_free(config);
}

static const struct number {
    const char *name, *setting;
    double pace, limit;
} numbers[] = {
    {"a pace a second", "pace: 500/s", 500, -1},
    {"a pace an hour", "pace: 1800/h", 0.5, -1},
    {"a pace of fractions", "pace: 0.5/s", 0.5, -1},
    {"a limit as a fraction", "limits: {changes: 0.5}", 0, 0.5},
    {"a limit of everything", "limits: {changes: 100%}", 0, 1},
    {"a limit of nothing", "limits: {changes: 0%}", 0, 0},
    {"a limit of part of a percent", "limits: {changes: 12.5%}", 0, 0.125},
};

static void number_row(void **state)
{
    const struct number *row = *state;
    char text[512];
    ds_config *config;

    snprintf(text, sizeof(text), ROUTE("    %s\n"), row->setting);
    config = sound(text);
    assert_true(config->routes[0]->pace == row->pace);
    assert_true(config->routes[0]->limit_changes == row->limit);
    ds_config_free(config);
}

/* ---- options and accounts -------------------------------------------------------------------- */

static void options_of_every_type(void **state)
{
    ds_config *config =
        sound(LISTED_API("      token: t\n      mode: slow\n      archived: true\n"
                         "      cache: /var//./c.db\n      page: 7\n      wait: 2m\n"
                         "      orgs: [acme, octo]\n      base_url: http://localhost:1\n"));
    const fake_api *api = api_of(config);

    (void)state;
    assert_string_equal(ds_secret_reveal(api->token), "t");
    assert_string_equal(api->mode, "slow");
    assert_true(api->archived);
    assert_string_equal(api->cache, "/var/c.db");
    assert_int_equal(api->page, 7);
    assert_int_equal(api->wait_ms, 120000);
    assert_int_equal(api->orgs.n, 2);
    assert_string_equal(api->orgs.items[1], "octo");
    assert_string_equal(api->base_url, "http://localhost:1");
    ds_config_free(config);
}

static void options_left_out(void **state)
{
    ds_config *config;
    const fake_api *api;

    (void)state;
    setenv("FAKE_API_TOKEN", "from outside", 1);
    config = sound(LISTED_API(""));
    unsetenv("FAKE_API_TOKEN");
    api = api_of(config);
    assert_string_equal(ds_secret_reveal(api->token), "from outside");
    assert_string_equal(api->mode, "fast");
    assert_string_equal(api->cache, "/cache.db");
    assert_int_equal(api->page, 50);
    assert_int_equal(api->wait_ms, 90000);
    assert_int_equal(api->orgs.n, 0);
    ds_config_free(config);
}

static void numbers_from_references(void **state)
{
    ds_config *config = sound(LISTED_API("      token: t\n      page: \"${DS_TEST_FIVE}\"\n"
                                         "      archived: ${DS_TEST_UNSET:-true}\n"));

    (void)state;
    assert_int_equal(api_of(config)->page, 5);
    assert_true(api_of(config)->archived);
    ds_config_free(config);
}

static void an_account_gives_what_is_left_out(void **state)
{
    ds_config *config =
        sound("accounts:\n  mine: {kind: api, token: t1, page: 9, mode: slow}\n" LISTED_API(
            "      account: mine\n      page: 8\n"));
    const fake_api *api = api_of(config);

    (void)state;
    assert_int_equal(config->accounts_n, 1);
    assert_string_equal(config->accounts[0].name, "mine");
    assert_string_equal(config->accounts[0].kind, "api");
    assert_int_equal(config->accounts[0].at.line, 2);
    assert_string_equal(ds_secret_reveal(api->token), "t1");
    assert_string_equal(api->mode, "slow");
    assert_int_equal(api->page, 8); /* the route's own wins */
    ds_config_free(config);
}

int main(void)
{
    setenv("DS_TEST_FIVE", "5", 1);
    unsetenv("DS_TEST_UNSET");
    unsetenv("FAKE_API_TOKEN");
    add_table(literals, literal_value);
    add_table(numbers, number_row);
    add_test(forms_of_fields);
    add_test(options_of_every_type);
    add_test(options_left_out);
    add_test(numbers_from_references);
    add_test(an_account_gives_what_is_left_out);
    return run_tests("values of a configuration");
}
