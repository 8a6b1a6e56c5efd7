/* tests/unit/test_config.c - what a sound configuration becomes, setting by setting. */
#include "config/config.h"
#include "config/load.h"

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

#define ENDS                                                                                       \
    "    source: {kind: file, path: a.jsonl, key: id}\n"                                           \
    "    destination: {kind: sqlite, path: o.db, table: t, key: code}\n"
#define ROUTE(rest) "routes:\n  r:\n" ENDS rest
#define API(rest)                                                                                  \
    "routes:\n  r:\n    destination: {kind: sqlite, path: o.db, table: t, key: code}\n"            \
    "    source:\n      kind: api\n      list_id: l\n" rest

/* Parses what must be right; what is said otherwise is printed. */
static ds_config *sound(const char *text)
{
    ds_buf errors;
    ds_config *config;

    ds_buf_init(&errors, DS_MIB);
    config = ds_config_parse("t.yaml", text, strlen(text), "/base", &fake_connectors, &errors);
    if (!config)
        print_error("%s", errors.data);
    ds_buf_fini(&errors);
    assert_non_null(config);
    return config;
}

static const fake_api *api_of(const ds_config *config)
{
    return config->routes[0]->source_settings;
}

static void put_file(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

/* A directory of the test's own, in *state. */
static int enter_dir(void **state)
{
    char *dir = strdup("/tmp/test-config-XXXXXX");

    *state = dir;
    return mkdtemp(dir) ? chdir(dir) : -1;
}

static int leave_dir(void **state)
{
    static const char *const files[] = {"token", "durable-sync.yaml", "c.yaml", "sub/c.yaml",
                                        "sub"};

    for (size_t i = 0; i < DS_COUNT(files); i++)
        (void)remove(files[i]);
    (void)!chdir("/");
    rmdir(*state);
    free(*state);
    return 0;
}

/* ---- the whole
 * ----------------------------------------------------------------------------------- */

static void defaults(void **state)
{
    ds_config *config = sound(ROUTE(""));
    const ds_route *r = ds_config_route(config, "r");
    const fake_file *source = r->source_settings;
    const fake_sqlite *destination = r->destination_settings;

    (void)state;
    assert_string_equal(config->store_path, "/base/durable-sync.db");
    assert_string_equal(config->path, "t.yaml");
    assert_int_equal(config->routes_n, 1);
    assert_int_equal(config->accounts_n, 0);
    assert_null(ds_config_route(config, "s"));
    assert_string_equal(r->name, "r");
    assert_int_equal(r->at.line, 2);
    assert_int_equal(r->at.col, 3);
    assert_ptr_equal(r->source, &fake_file_source);
    assert_ptr_equal(source->base.ops, &fake_file_source);
    assert_string_equal(source->base.route, "r");
    assert_string_equal(source->path, "/base/a.jsonl");
    assert_string_equal(source->key, "id");
    assert_null(source->format);
    assert_ptr_equal(destination->base.ops, &fake_sqlite_destination);
    assert_string_equal(destination->base.route, "r");
    assert_string_equal(destination->path, "/base/o.db");
    assert_false(destination->create_table);
    assert_string_equal(r->identity, "sqlite:/base/o.db#t");
    assert_string_equal(r->key_signature, "id|code");
    assert_int_equal(strlen(r->fingerprint), 32);
    assert_int_equal(r->every_ms, 30 * DS_MINUTE_MS);
    assert_int_equal(r->full_every_ms, DS_DAY_MS);
    assert_null(r->schedule);
    assert_false(r->has_fields || r->has_owns || r->write_always || r->verify_all);
    assert_int_equal(r->fields_n + r->where_n + r->owns.n + r->create_only.n, 0);
    assert_null(r->stamp);
    assert_true(r->pace == 0);
    assert_null(r->pace_next_us);
    assert_int_equal(r->missing, DS_MISSING_IGNORE);
    assert_true(r->limit_changes < 0);
    ds_config_free(config);
}

#define TO_TABLE(name)                                                                             \
    "  " name ":\n    source: {kind: file, path: a.jsonl, key: id}\n"                              \
    "    destination: {kind: sqlite, path: o.db, table: " name ", key: code}\n"

#define ON_WORKDAYS "    cron: 0 6 * * 1-5\n    zone: Europe/Berlin\n"
#define DAILY_BUT_AT_NIGHT "    cron: '@daily'\n    zone: Europe/Berlin\n    quiet: 22:00-06:00\n"
#define NOT_AT_NOON "    every: 5m\n    zone: UTC\n    quiet: ['22:00-06:00', 12:00-13:00]\n"
#define AT_SIX "    cron: '0 6 * * *'\n"

/* The routes of one file share what they name alike. */
static void schedules(void **state)
{
    ds_config *config = sound("routes:\n" TO_TABLE("a") ON_WORKDAYS TO_TABLE(
        "b") DAILY_BUT_AT_NIGHT TO_TABLE("c") NOT_AT_NOON TO_TABLE("d") TO_TABLE("e") AT_SIX);
    const ds_schedule *a = config->routes[0]->schedule, *b = config->routes[1]->schedule,
                      *c = config->routes[2]->schedule;

    (void)state;
    assert_string_equal(a->cron, "0 6 * * 1-5");
    assert_int_equal(a->times.hours, 1 << 6);
    assert_string_equal(ds_zone_name(a->zone), "Europe/Berlin");
    assert_false(a->has_quiet);
    assert_string_equal(b->cron, "@daily");
    assert_ptr_equal(b->zone, a->zone);
    assert_true(b->has_quiet);
    assert_null(c->cron);
    assert_int_equal(config->routes[2]->every_ms, 5 * DS_MINUTE_MS);
    assert_int_equal(ds_schedule_quiet_until(c, 12 * DS_HOUR_MS), 13 * DS_HOUR_MS);
    assert_int_equal(ds_schedule_quiet_until(c, 23 * DS_HOUR_MS), 30 * DS_HOUR_MS);
    assert_null(config->routes[3]->schedule);
    assert_non_null(config->routes[4]->schedule->zone); /* the machine's */
    ds_config_free(config);
}

static void every_setting(void **state)
{
    ds_config *config = sound("store: 'sqlite:./state//s.db'\nengine: {kind: embedded}\n" ROUTE(
        "    every: 15m\n    full_every: 12h\n    fields: {Name: name, Stars: stars, Owner: "
        "o.login}\n"
        "    where: {fork: false, language: [C, 7, null]}\n    owns: [Name, Owner]\n"
        "    create_only: [Owner]\n    stamp: Last synced\n    write: always\n    verify: all\n"
        "    pace: 90/m\n    missing: {mark: Gone}\n    limits: {changes: 25%}\n"));
    const ds_route *r = config->routes[0];

    (void)state;
    assert_string_equal(config->store_path, "/base/state/s.db");
    assert_int_equal(r->every_ms, 15 * DS_MINUTE_MS);
    assert_int_equal(r->full_every_ms, 12 * DS_HOUR_MS);
    assert_int_equal(r->fields_n, 3);
    assert_string_equal(r->fields[2].to, "Owner");
    assert_string_equal(r->fields[2].from, "o.login");
    assert_int_equal(r->fields[2].at.line, 9);
    assert_int_equal(r->where_n, 2);
    assert_string_equal(r->where[0].name, "fork");
    assert_int_equal(r->where[0].any[0].type, DS_BOOL);
    assert_int_equal(r->where[1].any_n, 3);
    assert_int_equal(r->where[1].any[0].type, DS_TEXT);
    assert_int_equal(r->where[1].any[1].type, DS_INT);
    assert_int_equal(r->where[1].any[2].type, DS_NULL);
    assert_true(r->has_owns);
    assert_int_equal(r->owns.n, 2);
    assert_string_equal(r->owns.items[1], "Owner");
    assert_string_equal(r->create_only.items[0], "Owner");
    assert_string_equal(r->stamp, "Last synced");
    assert_true(r->write_always && r->verify_all);
    assert_true(r->pace == 1.5);
    assert_int_equal(*r->pace_next_us, 0);
    assert_int_equal(r->missing, DS_MISSING_MARK);
    assert_string_equal(r->missing_mark, "Gone");
    assert_true(r->limit_changes == 0.25);
    ds_config_free(config);
}

static void routes_keep_their_order(void **state)
{
    ds_config *config =
        sound("routes:\n  z:\n" ENDS "    owns: [A]\n  a:\n" ENDS "    owns: [B]\n");

    (void)state;
    assert_int_equal(config->routes_n, 2);
    assert_string_equal(config->routes[0]->name, "z");
    assert_string_equal(config->routes[1]->name, "a");
    ds_config_free(config);
}

static void json_is_yaml_too(void **state)
{
    ds_config *config =
        sound("{\"routes\": {\"r\": {\"source\": {\"kind\": \"file\", \"path\": \"/x\", \"key\": "
              "\"id\"},\n \"destination\": {\"kind\": \"sqlite\", \"path\": \"o.db\", \"table\": "
              "\"t\", \"key\": \"code\", \"create_table\": true}}}}");

    (void)state;
    assert_true(((const fake_sqlite *)config->routes[0]->destination_settings)->create_table);
    ds_config_free(config);
}

static void a_byte_order_mark_and_crlf(void **state)
{
    ds_config *config = sound("\xef\xbb\xbfstore: sqlite:x.db\r\nroutes:\r\n  r:\r\n"
                              "    source: {kind: file, path: a, key: id}\r\n"
                              "    destination: {kind: sqlite, path: o, table: t, key: k}\r\n");

    (void)state;
    assert_string_equal(config->store_path, "/base/x.db");
    assert_int_equal(config->routes[0]->at.line, 3);
    ds_config_free(config);
}

static void an_alias_is_what_it_stands_for(void **state)
{
    ds_config *config = sound("routes:\n  a:\n    source: &s {kind: file, path: p, key: id}\n"
                              "    destination: {kind: sqlite, path: o.db, table: a, key: k}\n"
                              "  b:\n    source: *s\n"
                              "    destination: {kind: sqlite, path: o.db, table: b, key: k}\n");

    (void)state;
    assert_string_equal(((const fake_file *)config->routes[1]->source_settings)->path, "/base/p");
    assert_string_equal(((const fake_file *)config->routes[1]->source_settings)->base.route, "b");
    ds_config_free(config);
}

static void one_table_may_be_shared(void **state)
{
    ds_config *config =
        sound("routes:\n  a:\n" ENDS "    fields: {A: a, B: b}\n    owns: [A]\n    stamp: S1\n"
              "  b:\n" ENDS "    fields: {A: a, B: b}\n    owns: [B]\n    stamp: S2\n");

    (void)state;
    assert_string_equal(config->routes[0]->identity, config->routes[1]->identity);
    ds_config_free(config);
}

/* Destinations without a look-up, such as a printer, know no rows that could be shared. */
static void two_routes_to_a_printer(void **state)
{
    ds_config *config = sound("routes:\n"
                              "  a:\n    source: {kind: file, path: p, key: id}\n"
                              "    destination: {kind: api, list_id: l, token: t}\n"
                              "  b:\n    source: {kind: file, path: q, key: id}\n"
                              "    destination: {kind: api, list_id: l, token: t}\n");

    (void)state;
    assert_string_equal(config->routes[0]->identity, config->routes[1]->identity);
    ds_config_free(config);
}

/* The example of the manual: all of it is known, and what is not there yet is all that is said. */
static const char manual[] =
    "store: sqlite:durable-sync.db\n"
    "engine: embedded\n"
    "accounts:\n"
    "  github:\n"
    "    kind: github\n"
    "    token: ${GITHUB_TOKEN}\n"
    "  workspace:\n"
    "    kind: notion\n"
    "    login: oauth\n"
    "notify: {url: \"https://example.com/hook\", on: [paused, approval, held, recovered]}\n"
    "routes:\n"
    "  repos:\n"
    "    source:\n"
    "      kind: github\n"
    "      account: github\n"
    "      orgs: [acme]\n"
    "      repos: [octo/hello]\n"
    "    destination:\n"
    "      kind: notion\n"
    "      account: workspace\n"
    "      data_source: 3f2a\n"
    "      key: Repo ID\n"
    "    every: 15m\n"
    "    fields:\n"
    "      Name: name\n"
    "      Stars: stargazers_count\n"
    "      Link: {from: html_url}\n"
    "      Topics: {from: topics, join: \", \"}\n"
    "      Size: {from: size, as: number, default: 0}\n"
    "      Team: {value: Platform}\n"
    "      Owner: owner.login\n"
    "      Label: {template: \"{owner.login}/{name}\"}\n"
    "      State: {from: archived, map: {\"true\": Archived, \"false\": Live}}\n"
    "    where: {fork: false, language: [C, Rust]}\n"
    "    transform: '.properties.Name |= ascii_downcase'\n"
    "    owns: [Name, Stars, Topics, Owner]\n"
    "    create_only: [Owner]\n"
    "    stamp: Last synced\n"
    "    write: changed\n"
    "    verify: never\n"
    "    pace: 500/s\n"
    "    full_every: 1d\n"
    "    missing: ignore\n"
    "    limits: {changes: 25%}\n";

static void the_manual_is_known(void **state)
{
    static const int lines[] = {5, 8, 9, 10, 14, 19, 35};
    ds_buf errors;
    char *at;
    size_t n = 0;

    (void)state;
    ds_buf_init(&errors, DS_MIB);
    assert_null(
        ds_config_parse("m.yaml", manual, strlen(manual), "/base", &fake_connectors, &errors));
    for (at = strtok(errors.data, "\n"); at; at = strtok(NULL, "\n")) {
        if (strncmp(at, "m.yaml:", 7) != 0)
            continue;
        assert_in_range(n, 0, DS_COUNT(lines) - 1);
        assert_int_equal(atoi(at + 7), lines[n++]);
        assert_non_null(strstr(at, "is not in this build"));
    }
    assert_int_equal(n, DS_COUNT(lines));
    ds_buf_fini(&errors);
}

/* ---- fields
 * --------------------------------------------------------------------------------------- */

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

/* ---- options and accounts
 * -------------------------------------------------------------------------- */

static void options_of_every_type(void **state)
{
    ds_config *config =
        sound(API("      token: t\n      mode: slow\n      archived: true\n"
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
    config = sound(API(""));
    unsetenv("FAKE_API_TOKEN");
    api = api_of(config);
    assert_string_equal(ds_secret_reveal(api->token), "from outside");
    assert_string_equal(api->mode, "fast");
    assert_string_equal(api->cache, "/base/cache.db");
    assert_int_equal(api->page, 50);
    assert_int_equal(api->wait_ms, 90000);
    assert_int_equal(api->orgs.n, 0);
    ds_config_free(config);
}

static void numbers_from_references(void **state)
{
    ds_config *config = sound(API("      token: t\n      page: \"${DS_TEST_FIVE}\"\n"
                                  "      archived: ${DS_TEST_UNSET:-true}\n"));

    (void)state;
    assert_int_equal(api_of(config)->page, 5);
    assert_true(api_of(config)->archived);
    ds_config_free(config);
}

static void an_account_gives_what_is_left_out(void **state)
{
    ds_config *config =
        sound("accounts:\n  mine: {kind: api, token: t1, page: 9, mode: slow}\n" API(
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

/* ---- references
 * ------------------------------------------------------------------------------------- */

static void references(void **state)
{
    ds_buf errors;
    ds_config *config;
    const fake_api *api;
    static const char text[] =
        API("      token: \"a-${file:token}-${DS_TEST_FIVE}\"\n"
            "      base_url: '${command:printf \"%s\\n\" http://${HOST:-h}{x}; exit 0}'\n"
            "      orgs: ['${credential:token}', \"$${x}\", '${DS_TEST_EMPTY:-none}']\n");

    put_file("token", "s3cret\r\n\n", 0644);
    setenv("CREDENTIALS_DIRECTORY", *state, 1);
    unsetenv("HOST");
    ds_buf_init(&errors, DS_MIB);
    config = ds_config_parse("t.yaml", text, strlen(text), ".", &fake_connectors, &errors);
    unsetenv("CREDENTIALS_DIRECTORY");
    assert_non_null(config);
    ds_buf_fini(&errors);
    api = api_of(config);
    assert_string_equal(ds_secret_reveal(api->token), "a-s3cret-5");
    assert_string_equal(api->base_url, "http://h{x}");
    assert_string_equal(api->orgs.items[0], "s3cret");
    assert_string_equal(api->orgs.items[1], "${x}");
    assert_string_equal(api->orgs.items[2], "none");
    ds_config_free(config);
}

/* The connector's own, in the one setting that has it; beside it the others are filled in. */
static void a_reference_that_a_setting_keeps(void **state)
{
    ds_config *config =
        sound(API("      token: t\n"
                  "      query: 'a > ${since} or b = ${DS_TEST_FIVE} $$1 ${since:-now}'\n"));

    (void)state;
    assert_string_equal(api_of(config)->query, "a > ${since} or b = 5 $1 now");
    ds_config_free(config);
}

static void commands_run_where_the_file_is(void **state)
{
    ds_buf out;
    ds_err err = DS_ERR_INIT;

    ds_buf_init(&out, DS_KIB);
    assert_true(ds_command_read("pwd", *state, DS_MINUTE_MS, &out, &err));
    assert_memory_equal(out.data, *state, strlen(*state));
    ds_buf_fini(&out);
}

static void a_command_is_stopped_at_its_limit(void **state)
{
    ds_buf out;
    ds_err err = DS_ERR_INIT;

    (void)state;
    ds_buf_init(&out, DS_KIB);
    assert_false(ds_command_read("while :; do :; done", "/", 0, &out, &err));
    assert_string_equal(err.text, "the command did not end within 0 s");
    ds_buf_fini(&out);
}

static void a_command_may_close_its_output_early(void **state)
{
    ds_buf out;
    ds_err err = DS_ERR_INIT;

    (void)state;
    ds_buf_init(&out, DS_KIB);
    assert_false(ds_command_read("echo x; exec >&-; exit 4", "/", DS_MINUTE_MS, &out, &err));
    assert_string_equal(err.text, "the command failed with exit code 4");
    assert_int_equal(out.n, 2);
    ds_buf_fini(&out);
}

/* ---- the file itself
 * --------------------------------------------------------------------------------- */

static void what_is_configured_under_etc_is_not_kept_there(void **state)
{
    static const struct {
        const char *dir, *text, *want;
    } rows[] = {
        {"/etc/durable-sync", ROUTE(""), "/var/lib/durable-sync/durable-sync.db"},
        {"/etc/durable-sync", "store: sqlite:mine.db\n" ROUTE(""), "/etc/durable-sync/mine.db"},
        {"/etc/durable-sync.d", ROUTE(""), "/etc/durable-sync.d/durable-sync.db"},
    };

    (void)state;
    for (size_t i = 0; i < DS_COUNT(rows); i++) {
        ds_buf errors;
        ds_config *config;

        ds_buf_init(&errors, DS_MIB);
        config = ds_config_parse("t.yaml", rows[i].text, strlen(rows[i].text), rows[i].dir,
                                 &fake_connectors, &errors);
        assert_non_null(config);
        assert_string_equal(config->store_path, rows[i].want);
        ds_config_free(config);
        ds_buf_fini(&errors);
    }
}

static void paths_are_relative_to_the_file(void **state)
{
    ds_buf errors;
    ds_config *config;
    char want[128];

    assert_int_equal(mkdir("sub", 0700), 0);
    put_file("sub/c.yaml", ROUTE(""), 0644);
    ds_buf_init(&errors, DS_MIB);
    config = ds_config_load("sub/c.yaml", &fake_connectors, &errors);
    assert_non_null(config);
    assert_string_equal(config->path, "sub/c.yaml");
    snprintf(want, sizeof(want), "%s/sub/durable-sync.db", (const char *)*state);
    assert_string_equal(config->store_path, want);
    snprintf(want, sizeof(want), "%s/sub/a.jsonl", (const char *)*state);
    assert_string_equal(((const fake_file *)config->routes[0]->source_settings)->path, want);
    ds_config_free(config);
    ds_buf_fini(&errors);
}

static void the_file_that_is_found(void **state)
{
    ds_arena *a = ds_arena_new();

    (void)state;
    unsetenv("DURABLE_SYNC_CONFIG");
    put_file("durable-sync.yaml", "x", 0600);
    assert_string_equal(ds_config_find(NULL, a), "durable-sync.yaml");
    setenv("DURABLE_SYNC_CONFIG", "env.yaml", 1);
    assert_string_equal(ds_config_find(NULL, a), "env.yaml");
    assert_string_equal(ds_config_find("option.yaml", a), "option.yaml");
    unsetenv("DURABLE_SYNC_CONFIG");
    ds_arena_free(a);
}

/* ---- one route without a file
 * -------------------------------------------------------------------------- */

static void a_route_from_the_environment(void **state)
{
    ds_buf errors;
    ds_config *config;
    const fake_api *api, *destination;

    (void)state;
    setenv("MY_TASKS_LIST_ID", "shared", 1);
    setenv("MY_TASKS_DESTINATION_LIST_ID", "own", 1);
    setenv("MY_TASKS_ORGS", "acme, octo ,", 1);
    setenv("MY_TASKS_SOURCE_PAGE", "3", 1);
    setenv("FAKE_API_TOKEN", "tok", 1);
    ds_buf_init(&errors, DS_MIB);
    config =
        ds_config_single("my-tasks", "/s/x.db", &fake_api_source, &fake_api_destination, &errors);
    assert_non_null(config);
    assert_string_equal(config->store_path, "/s/x.db");
    assert_string_equal(config->routes[0]->name, "my-tasks");
    assert_string_equal(config->routes[0]->identity, "api:own");
    api = config->routes[0]->source_settings;
    destination = config->routes[0]->destination_settings;
    assert_ptr_equal(api->base.source.ops, &fake_api_source);
    assert_string_equal(api->list_id, "shared");
    assert_string_equal(destination->list_id, "own");
    assert_int_equal(api->page, 3);
    assert_int_equal(destination->page, 50);
    assert_int_equal(api->orgs.n, 2);
    assert_string_equal(api->orgs.items[1], "octo");
    assert_string_equal(ds_secret_reveal(destination->token), "tok");
    assert_int_equal(strlen(config->routes[0]->fingerprint), 32);
    ds_config_free(config);
    ds_buf_fini(&errors);
    unsetenv("MY_TASKS_LIST_ID");
    unsetenv("MY_TASKS_DESTINATION_LIST_ID");
    unsetenv("MY_TASKS_ORGS");
    unsetenv("MY_TASKS_SOURCE_PAGE");
    unsetenv("FAKE_API_TOKEN");
}

static void errors_name_the_variable(void **state)
{
    ds_buf errors;

    (void)state;
    setenv("T_PAGE", "many", 1);
    setenv("T_PATH", "o.db", 1);
    ds_buf_init(&errors, DS_MIB);
    assert_null(ds_config_single("t", "x.db", &fake_api_source, &fake_sqlite_destination, &errors));
    assert_string_equal(errors.data, "T_LIST_ID is not set: list to read, from its URL\n\n"
                                     "FAKE_API_TOKEN is not set: personal access token\n\n"
                                     "T_PAGE: expected a whole number, found \"many\"\n\n"
                                     "T_TABLE is not set: the table\n\n"
                                     "T_KEY is not set: the column that holds the primary key\n");
    ds_buf_fini(&errors);
    unsetenv("T_PAGE");
    unsetenv("T_PATH");
}

/* ---- the fingerprint
 * ------------------------------------------------------------------------------------ */

#define BASE API("      token: t\n") "    fields: {A: a, B: b}\n"

static const struct seal {
    const char *name, *text;
    bool same; /* as BASE's */
} seals[] = {
    {"the same again", BASE, true},
    {"another secret", API("      token: u\n") "    fields: {A: a, B: b}\n", true},
    {"another interval", BASE "    every: 1h\n", true},
    {"another pace", BASE "    pace: 1/s\n", true},
    {"another account of the same settings",
     "accounts:\n  m: {kind: api, token: t}\n" API(
         "      account: m\n") "    fields: {A: a, B: b}\n",
     true},
    {"another setting of the source",
     API("      token: t\n      page: 2\n") "    fields: {A: a, B: b}\n", false},
    {"another list", API("      token: t\n      orgs: [a]\n") "    fields: {A: a, B: b}\n", false},
    {"another field", API("      token: t\n") "    fields: {A: a, B: c}\n", false},
    {"another type", API("      token: t\n") "    fields: {A: a, B: {from: b, as: text}}\n", false},
    {"another default", API("      token: t\n") "    fields: {A: a, B: {from: b, default: 5}}\n",
     false},
    {"a condition", BASE "    where: {a: 1}\n", false},
    {"owns", BASE "    owns: [A]\n", false},
    {"create_only", BASE "    create_only: [A]\n", false},
    {"a stamp", BASE "    stamp: S\n", false},
    {"missing", BASE "    missing: delete\n", false},
};

static void seal_row(void **state)
{
    const struct seal *row = *state;
    ds_config *base = sound(BASE), *other = sound(row->text);

    assert_int_equal(!strcmp(base->routes[0]->fingerprint, other->routes[0]->fingerprint),
                     row->same);
    ds_config_free(base);
    ds_config_free(other);
}

static void text_and_number_differ(void **state)
{
    ds_config *number = sound(ROUTE("    fields: {A: {value: 5}}\n"));
    ds_config *text = sound(ROUTE("    fields: {A: {value: '5'}}\n"));

    (void)state;
    assert_string_not_equal(number->routes[0]->fingerprint, text->routes[0]->fingerprint);
    ds_config_free(number);
    ds_config_free(text);
}

/* ---- all of them
 * ------------------------------------------------------------------------------------------ */

static const struct CMUnitTest single_tests[] = {
    cmocka_unit_test(defaults),
    cmocka_unit_test(schedules),
    cmocka_unit_test(schedules),
    cmocka_unit_test(every_setting),
    cmocka_unit_test(routes_keep_their_order),
    cmocka_unit_test(json_is_yaml_too),
    cmocka_unit_test(a_byte_order_mark_and_crlf),
    cmocka_unit_test(an_alias_is_what_it_stands_for),
    cmocka_unit_test(one_table_may_be_shared),
    cmocka_unit_test(two_routes_to_a_printer),
    cmocka_unit_test(the_manual_is_known),
    cmocka_unit_test(forms_of_fields),
    cmocka_unit_test(options_of_every_type),
    cmocka_unit_test(options_left_out),
    cmocka_unit_test(numbers_from_references),
    cmocka_unit_test(an_account_gives_what_is_left_out),
    cmocka_unit_test(a_reference_that_a_setting_keeps),
    cmocka_unit_test_setup_teardown(references, enter_dir, leave_dir),
    cmocka_unit_test_setup_teardown(commands_run_where_the_file_is, enter_dir, leave_dir),
    cmocka_unit_test(a_command_is_stopped_at_its_limit),
    cmocka_unit_test(a_command_may_close_its_output_early),
    cmocka_unit_test(what_is_configured_under_etc_is_not_kept_there),
    cmocka_unit_test_setup_teardown(paths_are_relative_to_the_file, enter_dir, leave_dir),
    cmocka_unit_test_setup_teardown(the_file_that_is_found, enter_dir, leave_dir),
    cmocka_unit_test(a_route_from_the_environment),
    cmocka_unit_test(errors_name_the_variable),
    cmocka_unit_test(text_and_number_differ),
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
    static struct CMUnitTest
        tests[DS_COUNT(literals) + DS_COUNT(numbers) + DS_COUNT(seals) + DS_COUNT(single_tests)];
    size_t n = 0;

    setenv("DS_TEST_FIVE", "5", 1);
    setenv("DS_TEST_EMPTY", "", 1);
    unsetenv("DS_TEST_UNSET");
    unsetenv("FAKE_API_TOKEN");
    for (size_t i = 0; i < DS_COUNT(literals); i++)
        tests[n++] = (struct CMUnitTest){literals[i].written, literal_value, NULL, NULL,
                                         state_of(&literals[i])};
    for (size_t i = 0; i < DS_COUNT(numbers); i++)
        tests[n++] =
            (struct CMUnitTest){numbers[i].name, number_row, NULL, NULL, state_of(&numbers[i])};
    for (size_t i = 0; i < DS_COUNT(seals); i++)
        tests[n++] = (struct CMUnitTest){seals[i].name, seal_row, NULL, NULL, state_of(&seals[i])};
    memcpy(&tests[n], single_tests, sizeof(single_tests));
    return cmocka_run_group_tests_name("configuration", tests, NULL, NULL);
}
