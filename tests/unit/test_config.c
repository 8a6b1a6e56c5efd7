/* tests/unit/test_config.c - what a sound configuration becomes, as a whole. */
#include "config_fixture.h"

/* ---- the whole ------------------------------------------------------------------------------- */

static void defaults(void **state)
{
    ds_config *config = sound(ROUTE(""));
    const ds_route *r = ds_config_route(config, "r");
    const fake_file *source = r->source_settings;
    const fake_sqlite *destination = r->destination_settings;

    (void)state;
    assert_string_equal(config->store_path, "/durable-sync.db");
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
    assert_string_equal(source->path, "/a.jsonl");
    assert_string_equal(source->key, "id");
    assert_null(source->format);
    assert_ptr_equal(destination->base.ops, &fake_sqlite_destination);
    assert_string_equal(destination->base.route, "r");
    assert_string_equal(destination->path, "/o.db");
    assert_false(destination->create_table);
    assert_string_equal(r->identity, "sqlite:/o.db#t");
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
    assert_string_equal(config->store_path, "/state/s.db");
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
    assert_string_equal(config->store_path, "/x.db");
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
    assert_string_equal(((const fake_file *)config->routes[1]->source_settings)->path, "/p");
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
    static const int lines[] = {5, 8, 9, 14, 19, 35};
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

/* ---- one route without a file ---------------------------------------------------------------- */

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

/* ---- the fingerprint ------------------------------------------------------------------------- */

#define BASE LISTED_API("      token: t\n") "    fields: {A: a, B: b}\n"

static const struct seal {
    const char *name, *text;
    bool same; /* as BASE's */
} seals[] = {
    {"the same again", BASE, true},
    {"another secret", LISTED_API("      token: u\n") "    fields: {A: a, B: b}\n", true},
    {"another interval", BASE "    every: 1h\n", true},
    {"another pace", BASE "    pace: 1/s\n", true},
    {"another account of the same settings",
     "accounts:\n  m: {kind: api, token: t}\n" LISTED_API(
         "      account: m\n") "    fields: {A: a, B: b}\n",
     true},
    {"another setting of the source",
     LISTED_API("      token: t\n      page: 2\n") "    fields: {A: a, B: b}\n", false},
    {"another list", LISTED_API("      token: t\n      orgs: [a]\n") "    fields: {A: a, B: b}\n",
     false},
    {"another field", LISTED_API("      token: t\n") "    fields: {A: a, B: c}\n", false},
    {"another type", LISTED_API("      token: t\n") "    fields: {A: a, B: {from: b, as: text}}\n",
     false},
    {"another default",
     LISTED_API("      token: t\n") "    fields: {A: a, B: {from: b, default: 5}}\n", false},
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

static const char *identity_in(const char *dir)
{
    static const char text[] = ROUTE("");
    DS_AUTO_BUF(errors, DS_MIB);
    ds_config *config =
        ds_config_parse("t.yaml", text, strlen(text), dir, &fake_connectors, &errors);
    const char *identity;

    assert_non_null(config);
    identity = ds_arena_strdup(scratch, config->routes[0]->identity);
    ds_config_free(config);
    return identity;
}

/* A store on a server takes no other bytes, and two folders are two. */
static void an_identity_is_text(void **state)
{
    (void)state;
    assert_string_equal(identity_in("/caf\xC3\xA9"), "sqlite:/caf\xC3\xA9/o.db#t");
    assert_int_equal(strncmp(identity_in("/caf\xE9"), "sqlite:/caf\xEF\xBF\xBD/o.db#t#", 22), 0);
    assert_string_not_equal(identity_in("/caf\xE9"), identity_in("/caf\xE8"));
}

int main(void)
{
    unsetenv("FAKE_API_TOKEN");
    add_table(seals, seal_row);
    add_test(defaults);
    add_test(schedules);
    add_test(every_setting);
    add_test(routes_keep_their_order);
    add_test(json_is_yaml_too);
    add_test(a_byte_order_mark_and_crlf);
    add_test(an_alias_is_what_it_stands_for);
    add_test(one_table_may_be_shared);
    add_test(two_routes_to_a_printer);
    add_test(the_manual_is_known);
    add_test(a_route_from_the_environment);
    add_test(errors_name_the_variable);
    add_test(text_and_number_differ);
    add_test(an_identity_is_text);
    return run_tests("configuration");
}
