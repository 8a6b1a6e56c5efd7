/* tests/unit/test_config_temporal.c - the settings of engine temporal, from three places. */
#include "config_fixture.h"

#include "support/tmpdir.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENGINE(rest) "engine:\n  kind: temporal\n" rest ROUTE("")

/* ---- where a setting comes from -------------------------------------------------------------- */

/* No home, and none of the variables that the engine reads. */
static void bare_environment(void)
{
    static const char *const heads[] = {"TEMPORAL_", "DURABLE_SYNC_", "HOME=", "XDG_CONFIG_HOME="};

    for (size_t i = 0; environ[i];) {
        bool ours = false;

        for (size_t j = 0; j < DS_COUNT(heads); j++)
            ours |= !strncmp(environ[i], heads[j], strlen(heads[j]));
        if (ours) {
            char *name = ds_arena_strndup(scratch, environ[i], strcspn(environ[i], "="));

            unsetenv(name);
            i = 0;
        } else {
            i++;
        }
    }
}

/* "A=b;C=d" */
static void set_environment(const char *pairs)
{
    char *save = NULL;

    bare_environment();
    for (char *pair = strtok_r(ds_arena_strdup(scratch, pairs), ";", &save); pair;
         pair = strtok_r(NULL, ";", &save)) {
        char *is = strchr(pair, '=');

        *is = '\0';
        setenv(pair, is + 1, 1);
    }
}

static char home[256];

static void write_profiles(const char *toml)
{
    char path[400];
    FILE *out;

    snprintf(path, sizeof(path), "%s/temporalio", home);
    (void)mkdir(path, 0700);
    snprintf(path, sizeof(path), "%s/temporalio/temporal.toml", home);
    out = fopen(path, "w");
    assert_non_null(out);
    fputs(toml, out);
    fclose(out);
    setenv("XDG_CONFIG_HOME", home, 1);
}

static const char *secret_text(const ds_secret *secret)
{
    return secret ? ds_secret_reveal(secret) : "-";
}

static const char *or_none(const char *text)
{
    return text ? text : "-";
}

/* All that was read, in few words. */
static const char *settings_text(const ds_temporal *t)
{
    DS_AUTO_BUF(out, DS_MIB);

    ds_buf_printf(&out, "%s %s %s %s key=%s", t->address, t->namespace_, t->task_queue, t->prefix,
                  secret_text(t->api_key));
    if (t->tls)
        ds_buf_printf(&out, " tls ca=%s/%s cert=%s/%s own=%s/%s name=%s%s", or_none(t->ca_file),
                      secret_text(t->ca_data), or_none(t->cert_file), secret_text(t->cert_data),
                      or_none(t->key_file), secret_text(t->key_data), or_none(t->server_name),
                      t->no_verify ? " unverified" : "");
    if (t->authority || t->build_id)
        ds_buf_printf(&out, " as %s of %s", or_none(t->authority), or_none(t->build_id));
    if (t->encryption_key)
        ds_buf_printf(&out, " sealed by %s%s", secret_text(t->encryption_key),
                      t->encryption_required ? " always" : "");
    for (size_t i = 0; i < t->headers_n; i++)
        ds_buf_printf(&out, " %s:%s", t->headers[i].name, t->headers[i].value);
    return ds_arena_strndup(scratch, out.data, out.n);
}

#define USUAL "localhost:7233 default durable-sync durable-sync:{route}: key=-"
#define TLS(rest) " tls ca=-/- cert=-/- own=-/- name=" rest

static const struct row {
    const char *name, *text, *environment, *profiles; /* NULL: no such file */
    const char *settings;
} rows[] = {
    {"the word alone", "engine: temporal\n" ROUTE(""), "", NULL, USUAL},
    {"a table with the kind alone", ENGINE(""), "", NULL, USUAL},
    {"the configuration",
     ENGINE("  address: h:1\n  namespace: n\n  task_queue: q\n  prefix: 'p:'\n  authority: a\n"
            "  build_id: b\n  encryption_key: k\n  encryption_required: true\n"
            "  grpc_meta: {X_Own: '1', y: ''}\n"),
     "", NULL, "h:1 n q p: key=- as a of b sealed by k always x-own:1"},
    {"the environment", "engine: temporal\n" ROUTE(""),
     "TEMPORAL_ADDRESS=h:1;TEMPORAL_NAMESPACE=n;DURABLE_SYNC_TASK_QUEUE=q;DURABLE_SYNC_BUILD_ID=b;"
     "DURABLE_SYNC_ENC_KEY=k1,k2;TEMPORAL_CLIENT_AUTHORITY=a;TEMPORAL_GRPC_META_X_OWN=1",
     NULL, "h:1 n q durable-sync:{route}: key=- as a of b sealed by k1,k2 x-own:1"},
    {"the environment wins over the configuration",
     ENGINE("  address: h:1\n  namespace: n\n  grpc_meta: {x: '1', y: '2'}\n"),
     "TEMPORAL_ADDRESS=g:2;TEMPORAL_GRPC_META_X=;TEMPORAL_GRPC_META_Z=3", NULL,
     "g:2 n durable-sync durable-sync:{route}: key=- y:2 z:3"},
    {"an empty variable is none", ENGINE("  address: h:1\n"), "TEMPORAL_ADDRESS=", NULL,
     "h:1 default durable-sync durable-sync:{route}: key=-"},
    {"a profile", "engine: temporal\n" ROUTE(""), "",
     "[profile.default]\naddress = 'h:1'\nnamespace = 'n'\n[profile.default.grpc_meta]\nx_y = '1'\n"
     "[profile.other]\naddress = 'o:1'\n",
     "h:1 n durable-sync durable-sync:{route}: key=- x-y:1"},
    {"the configuration wins over a profile", ENGINE("  address: c:1\n"), "",
     "[profile.default]\naddress = 'h:1'\nnamespace = 'n'\n",
     "c:1 n durable-sync durable-sync:{route}: key=-"},
    {"a profile by the configuration", ENGINE("  profile: cloud\n"), "",
     "[profile.cloud]\naddress = 'c:1'\nnamespace = 'n.a'\napi_key = 'k'\n",
     "c:1 n.a durable-sync durable-sync:{route}: key=k" TLS("-")},
    {"a profile by the environment", ENGINE("  profile: other\n"), "TEMPORAL_PROFILE=cloud",
     "[profile.cloud]\naddress = 'c:1'\n[profile.other]\n",
     "c:1 default durable-sync durable-sync:{route}: key=-"},
    {"no default profile is none", "engine: temporal\n" ROUTE(""), "", "[profile.other]\n", USUAL},
    {"a key turns TLS on", ENGINE("  api_key: k\n"), "", NULL,
     "localhost:7233 default durable-sync durable-sync:{route}: key=k" TLS("-")},
    {"unless it is off", ENGINE("  api_key: k\n  tls: false\n"), "", NULL,
     "localhost:7233 default durable-sync durable-sync:{route}: key=k"},
    {"a key in the environment, TLS off there", "engine: temporal\n" ROUTE(""),
     "TEMPORAL_API_KEY=k;TEMPORAL_TLS=0", NULL,
     "localhost:7233 default durable-sync durable-sync:{route}: key=k"},
    {"TLS in the environment", ENGINE("  tls: false\n"), "TEMPORAL_TLS=1", NULL, USUAL TLS("-")},
    {"true is a word for it", ENGINE(""), "TEMPORAL_TLS=true", NULL, USUAL TLS("-")},
    {"a table means TLS", ENGINE("  tls: {server_name: s}\n"), "", NULL, USUAL TLS("s")},
    {"a variable of TLS means TLS", ENGINE(""), "TEMPORAL_TLS_SERVER_NAME=s", NULL, USUAL TLS("s")},
    {"TLS of a profile", ENGINE(""), "",
     "[profile.default.tls]\nserver_name = 's'\ndisable_host_verification = true\n",
     USUAL TLS("s unverified")},
    {"TLS disabled in a profile", ENGINE(""), "",
     "[profile.default]\napi_key = 'k'\n[profile.default.tls]\ndisabled = true\n",
     "localhost:7233 default durable-sync durable-sync:{route}: key=k"},
    {"certificates as text", ENGINE("  tls: {client_cert_data: c, client_key_data: k}\n"), "", NULL,
     USUAL " tls ca=-/- cert=-/c own=-/k name=-"},
    {"a path takes the place of a text below it", ENGINE("  tls: {server_ca_cert_data: c}\n"),
     "TEMPORAL_TLS_SERVER_CA_CERT_PATH=/dev/null", NULL,
     USUAL " tls ca=/dev/null/- cert=-/- own=-/- name=-"},
    {"empty variables name no profile", ENGINE("  profile: default\n"),
     "TEMPORAL_CONFIG_FILE=;TEMPORAL_PROFILE=", "[profile.default]\naddress = 'h:1'\n",
     "h:1 default durable-sync durable-sync:{route}: key=-"},
    {"a profile's TLS that is not disabled", ENGINE(""), "",
     "[profile.default.tls]\ndisabled = false\n", USUAL TLS("-")},
    {"a profile's tables that nobody knows", ENGINE(""), "",
     "[profile]\n[profile.default.tls.disabled.x]\ny = 1\n[profile.default.grpc_meta.x.y]\nz = 1\n",
     USUAL TLS("-")},
    {"an empty value of a profile", ENGINE("  address: h:1\n"), "",
     "[profile.default]\naddress = ''\n", "h:1 default durable-sync durable-sync:{route}: key=-"},
    {"an empty profile", ENGINE(""), "", "", USUAL},
    {"a folder of settings that is relative", ENGINE(""), "XDG_CONFIG_HOME=here", NULL, USUAL},
    {"an empty home", ENGINE(""), "HOME=", NULL, USUAL},
    {"a home without a profile", ENGINE(""), "HOME=/nowhere", NULL, USUAL},
    {"a home that is a file", ENGINE(""), "HOME=/dev/null", NULL, USUAL},
    {"TLS by a reference", ENGINE("  tls: ${ON}\n"), "ON=true", NULL, USUAL TLS("-")},
    {"a header without a name in the environment", ENGINE(""), "TEMPORAL_GRPC_META_=1", NULL,
     USUAL},
    {"what other tools keep in a profile", ENGINE(""), "",
     "[profile.default.codec]\nendpoint = 'http://x'\n[profile.default]\nnew = [1, 2]\n[other]\n",
     USUAL},
};

static void settings(void **state)
{
    const struct row *row = *state;
    ds_config *config;

    set_environment(row->environment);
    if (row->profiles)
        write_profiles(row->profiles);
    config = sound(row->text);
    assert_non_null(config->temporal);
    assert_string_equal(settings_text(config->temporal), row->settings);
    ds_config_free(config);
}

static void the_embedded_engine_has_none(void **state)
{
    ds_config *config = sound("engine: embedded\n" ROUTE(""));

    (void)state;
    assert_null(config->temporal);
    ds_config_free(config);
}

/* ---- a key that others renew ----------------------------------------------------------------- */

static void write_key(const char *text)
{
    char path[400];
    FILE *out;

    snprintf(path, sizeof(path), "%s/key", home);
    out = fopen(path, "w");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
}

static void assert_key(const ds_temporal *t, const char *text)
{
    ds_secret *now = t->api_key_now(t);

    assert_string_equal(secret_text(now), text);
    ds_secret_free(now);
}

static void a_key_from_a_file_is_read_again(void **state)
{
    ds_config *config;

    (void)state;
    set_environment("");
    write_key("first\n");
    config = sound(ds_arena_printf(scratch, ENGINE("  api_key: ${file:%s/key}\n"), home));
    assert_string_equal(secret_text(config->temporal->api_key), "first");
    write_key("second\n");
    assert_key(config->temporal, "second");
    write_key("");
    assert_key(config->temporal, "-");
    assert_int_equal(unlink(ds_arena_printf(scratch, "%s/key", home)), 0);
    assert_key(config->temporal, "-");
    ds_config_free(config);

    set_environment("TEMPORAL_API_KEY=k");
    config = sound(ENGINE("  api_key: ${file:/nowhere}\n"));
    assert_null(config->temporal->api_key_now);
    ds_config_forget_environment(config);
    assert_string_equal(getenv("TEMPORAL_API_KEY"), "");
    assert_string_equal(secret_text(config->temporal->api_key), "k");
    ds_config_free(config);
}

static void so_is_one_from_a_credential_or_a_command(void **state)
{
    const char *const keys[] = {"${credential:key}",
                                ds_arena_printf(scratch, "${command:cat %s/key}", home)};

    (void)state;
    for (size_t i = 0; i < DS_COUNT(keys); i++) {
        ds_config *config;

        set_environment("");
        setenv("CREDENTIALS_DIRECTORY", home, 1);
        write_key("first\n");
        config = sound(ds_arena_printf(scratch, ENGINE("  api_key: '%s'\n"), keys[i]));
        write_key("second\n");
        assert_key(config->temporal, "second");
        ds_config_free(config);
    }
    unsetenv("CREDENTIALS_DIRECTORY");
}

/* What is wiped once it has been read is what references name, those that are not set among it. */
static void a_key_of_many_variables(void **state)
{
    ds_config *config;

    (void)state;
    set_environment("DURABLE_SYNC_A=first");
    config = sound(ENGINE("  api_key: ${DURABLE_SYNC_A}${DURABLE_SYNC_B:-2}${DURABLE_SYNC_C:-3}"
                          "${DURABLE_SYNC_D:-4}${DURABLE_SYNC_E:-5}\n"));
    assert_string_equal(secret_text(config->temporal->api_key), "first2345");
    ds_config_forget_environment(config);
    assert_string_equal(getenv("DURABLE_SYNC_A"), "");
    assert_null(getenv("DURABLE_SYNC_E"));
    ds_config_free(config);
}

/* ---- what is wrong --------------------------------------------------------------------------- */

#define LOOKED_FOR                                                                                 \
    " is looked for there: write it, or name another file in `profile_file` or "                   \
    "$TEMPORAL_CONFIG_FILE"

static const struct wrong {
    const char *name, *text, *environment, *profiles, *err;
} wrongs[] = {
    {"an unknown key", ENGINE("  adress: h\n"), "", NULL,
     "t.yaml:3:3: unknown key \"adress\"; did you mean \"address\"?"},
    {"an unknown key of TLS", ENGINE("  tls: {servername: h}\n"), "", NULL,
     "t.yaml:3:9: unknown key \"servername\"; did you mean \"server_name\"?"},
    {"no address", ENGINE("  address: 'http://h:1'\n"), "", NULL,
     "t.yaml:3:12: address: expected HOST:PORT, found \"http://h:1\""},
    {"no address in the environment", ENGINE(""), "TEMPORAL_ADDRESS=h:x", NULL,
     "t.yaml: TEMPORAL_ADDRESS: expected HOST:PORT, found \"h:x\""},
    {"no routes", "engine: temporal\n", "", NULL, "t.yaml:1:1: \"routes\" is missing"},
    {"a list for a namespace", ENGINE("  namespace: [n]\n"), "", NULL,
     "t.yaml:3:14: namespace: expected text, found a list"},
    {"a list for a profile", ENGINE("  profile: [p]\n"), "", NULL,
     "t.yaml:3:12: profile: expected text, found a list"},
    {"a list for a file", ENGINE("  profile_file: [p]\n"), "", NULL,
     "t.yaml:3:17: profile_file: expected text, found a list"},
    {"a list for a certificate", ENGINE("  tls: {server_ca_cert_path: [p]}\n"), "", NULL,
     "t.yaml:3:30: server_ca_cert_path: expected text, found a list"},
    {"headers that are none", ENGINE("  grpc_meta: x\n"), "", NULL,
     "t.yaml:3:14: grpc_meta: expected a table from names to texts, found \"x\""},
    {"a list for a header", ENGINE("  grpc_meta: {x: [y]}\n"), "", NULL,
     "t.yaml:3:18: x: expected text, found a list"},
    {"a header without a name", ENGINE("  grpc_meta: {'': y}\n"), "", NULL,
     "t.yaml:3:15: grpc_meta: \"\" is no header of one's own"},
    {"a header of HTTP's", ENGINE("  grpc_meta: {te: y}\n"), "", NULL,
     "t.yaml:3:15: grpc_meta: \"te\" is no header of one's own"},
    {"another", ENGINE("  grpc_meta: {Content_Type: y}\n"), "", NULL,
     "t.yaml:3:15: grpc_meta: \"Content_Type\" is no header of one's own"},
    {"and another", ENGINE("  grpc_meta: {connection: y}\n"), "", NULL,
     "t.yaml:3:15: grpc_meta: \"connection\" is no header of one's own"},
    {"a delete character", ENGINE("  namespace: \"a\\x7f\"\n"), "", NULL,
     "t.yaml:3:14: namespace: a control character is in it"},
    {"a file beside us that is not there", ENGINE(""), "TEMPORAL_TLS_SERVER_CA_CERT_PATH=none.pem",
     NULL, "t.yaml: TEMPORAL_TLS_SERVER_CA_CERT_PATH: HERE/none.pem cannot be read"},
    {"a key in plain text to another machine",
     ENGINE("  address: h.example\n  tls: false\n  api_key: k\n"), "", NULL,
     "t.yaml:5:3: api_key: it would go to h.example in plain text, where others can read it: set "
     "tls: true"},
    {"the same from the environment", ENGINE("  address: h.example\n  tls: false\n"),
     "TEMPORAL_API_KEY=k", NULL,
     "t.yaml:2:3: TEMPORAL_API_KEY: it would go to h.example in plain text, where others can read "
     "it: set tls: true"},
    {"TLS that is no truth", ENGINE(""), "TEMPORAL_TLS=yes", NULL,
     "t.yaml: TEMPORAL_TLS: expected true or false, found \"yes\""},
    {"a path and a text",
     ENGINE("  tls: {server_ca_cert_path: /dev/null, server_ca_cert_data: c}\n"), "", NULL,
     "t.yaml:3:41: server_ca_cert_path and server_ca_cert_data: only one of both"},
    {"a certificate without its key", ENGINE("  tls: {client_cert_path: /dev/null}\n"), "", NULL,
     "t.yaml:3:9: client_cert_path: its key (tls.client_key_path) is missing"},
    {"a key without its certificate", ENGINE(""), "TEMPORAL_TLS_CLIENT_KEY_PATH=/dev/null", NULL,
     "t.yaml: TEMPORAL_TLS_CLIENT_KEY_PATH: its certificate (tls.client_cert_path) is missing"},
    {"a file that is not there", ENGINE("  tls: {server_ca_cert_path: none.pem}\n"), "", NULL,
     "t.yaml:3:30: server_ca_cert_path: /none.pem cannot be read"},
    {"required encryption without a key", ENGINE("  encryption_required: true\n"), "", NULL,
     "t.yaml:3:3: encryption_required: there is no encryption_key"},
    {"a header that is none", ENGINE("  grpc_meta: {'a b': '1'}\n"), "", NULL,
     "t.yaml:3:15: grpc_meta: \"a b\" is no header of one's own"},
    {"a header of gRPC's", ENGINE("  grpc_meta: {grpc-timeout: '1'}\n"), "", NULL,
     "t.yaml:3:15: grpc_meta: \"grpc-timeout\" is no header of one's own"},
    {"the key as a header", ENGINE("  grpc_meta: {Authorization: Bearer x}\n"), "", NULL,
     "t.yaml:3:15: grpc_meta: write api_key in place of authorization"},
    {"a header of two lines", ENGINE("  grpc_meta: {a: \"1\\n2\"}\n"), "", NULL,
     "t.yaml:3:18: a: a line break is in it"},
    {"a namespace of two lines", ENGINE("  namespace: \"1\\n2\"\n"), "", NULL,
     "t.yaml:3:14: namespace: a control character is in it"},
    {"no such profile", ENGINE("  profile: clud\n"), "", "[profile.cloud]\n",
     "t.yaml:2:3: HOME/temporalio/temporal.toml: there is no profile \"clud\"; did you mean "
     "\"cloud\"?"},
    {"a profile like no other", ENGINE("  profile: staging\n"), "", "[profile.cloud]\n",
     "t.yaml:2:3: HOME/temporalio/temporal.toml: there is no profile \"staging\": write "
     "[profile.staging] there, or name another one in `profile` or $TEMPORAL_PROFILE"},
    {"a profile without a file", ENGINE("  profile: cloud\n"), "HOME=/nowhere", NULL,
     "t.yaml:2:3: /nowhere/.config/temporalio/temporal.toml: No such file or directory; the "
     "profile \"cloud\"" LOOKED_FOR},
    {"a file that is named and not there", ENGINE(""), "TEMPORAL_CONFIG_FILE=/nowhere/t.toml", NULL,
     "t.yaml:2:3: /nowhere/t.toml: No such file or directory; the profile \"default\"" LOOKED_FOR},
    {"a file that is named here", ENGINE("  profile_file: nowhere.toml\n"), "", NULL,
     "t.yaml:2:3: /nowhere.toml: No such file or directory; the profile \"default\"" LOOKED_FOR},
    {"a file that is none", ENGINE(""), "TEMPORAL_CONFIG_FILE=/dev/null", NULL,
     "t.yaml:2:3: /dev/null: not a plain file"},
    {"a profile that is no TOML", ENGINE(""), "", "[profile.default]\naddress = h\n",
     "t.yaml:2:3: HOME/temporalio/temporal.toml: line 2: a value that is none: text stands in "
     "quotes"},
    {"a profile's value of another type", ENGINE(""), "", "[profile.default]\naddress = 7\n",
     "t.yaml:2:3: HOME/temporalio/temporal.toml:2: address: expected text in quotes"},
    {"a profile's truth that is none", ENGINE(""), "", "[profile.default.tls]\ndisabled = 'no'\n",
     "t.yaml:2:3: HOME/temporalio/temporal.toml:2: disabled: expected true or false"},
    {"a profile's other truth that is none", ENGINE(""), "",
     "[profile.default.tls]\ndisable_host_verification = 'no'\n",
     "t.yaml:2:3: HOME/temporalio/temporal.toml:2: disable_host_verification: expected true or "
     "false"},
    {"a profile's header that is no text", ENGINE(""), "", "[profile.default.grpc_meta]\nx = 1\n",
     "t.yaml:2:3: HOME/temporalio/temporal.toml:2: x: expected text in quotes"},
    {"a profile's address", ENGINE(""), "", "[profile.default]\naddress = 'h:x'\n",
     "t.yaml: HOME/temporalio/temporal.toml:2: address: expected HOST:PORT, found \"h:x\""},
};

static const char *without(const char *text, const char *folder, const char *name)
{
    const char *at = strstr(text, folder);

    if (!at)
        return text;
    return ds_arena_printf(scratch, "%.*s%s%s", (int)(at - text), text, name, at + strlen(folder));
}

static const char *without_folders(const char *text)
{
    char here[4096];

    assert_non_null(getcwd(here, sizeof(here)));
    return without(without(text, home, "HOME"), here, "HERE");
}

static void a_wrong_setting(void **state)
{
    const struct wrong *row = *state;

    set_environment(row->environment);
    if (row->profiles)
        write_profiles(row->profiles);
    assert_string_equal(without_folders(first_line(refused(row->text))), row->err);
}

static void units_of_two_routes_do_not_share_a_workflow(void **state)
{
    static const char two[] = "engine: {kind: temporal, prefix: 'p:'}\n" ROUTE("") "  s:\n" ENDS;

    (void)state;
    set_environment("");
    assert_string_equal(first_line(refused(two)),
                        "t.yaml:1:34: prefix: with more than one route it needs {route}, or units "
                        "of one name would share a workflow");
}

#define OTHER                                                                                      \
    "  s:\n    source: {kind: file, path: a.jsonl, key: id}\n"                                     \
    "    destination: {kind: sqlite, path: o.db, table: s, key: code}\n"

static void or_have_a_prefix_of_their_own(void **state)
{
    static const char *const two[] = {
        "engine: {kind: temporal, prefix: 'p:{route}:'}\n" ROUTE("") OTHER,
        "engine: temporal\n" ROUTE("") OTHER,
    };

    (void)state;
    set_environment("");
    for (size_t i = 0; i < DS_COUNT(two); i++)
        ds_config_free(sound(two[i]));
}

/* From a folder that is gone a path stands for nothing. */
static void nowhere_to_look_from(void **state)
{
    char before[4096], here[400];

    (void)state;
    assert_non_null(getcwd(before, sizeof(before)));
    snprintf(here, sizeof(here), "%s/here", home);
    assert_int_equal(mkdir(here, 0700), 0);
    assert_int_equal(chdir(here), 0);
    assert_int_equal(rmdir(here), 0);
    set_environment("TEMPORAL_TLS_SERVER_CA_CERT_PATH=none.pem");
    assert_string_equal(first_line(refused(ENGINE(""))),
                        "t.yaml: TEMPORAL_TLS_SERVER_CA_CERT_PATH: /none.pem cannot be read");
    assert_int_equal(chdir(before), 0);
}

/* Whoever starts a program may hand it lines that are no variables. */
static void a_variable_that_is_none(void **state)
{
    char none[] = "TEMPORAL_GRPC_META_X", one[] = "TEMPORAL_GRPC_META_Y=1";
    char *own[] = {none, one, NULL}, **before = environ;
    ds_config *config;

    (void)state;
    environ = own;
    config = sound(ENGINE(""));
    environ = before;
    assert_int_equal(config->temporal->headers_n, 1);
    assert_string_equal(config->temporal->headers[0].name, "y");
    ds_config_free(config);
}

static void more_than_there_is_room_for(void **state)
{
    DS_AUTO_BUF(text, 2 * DS_MIB);
    char *large = ds_arena_zalloc(scratch, 1002);

    (void)state;
    set_environment("");
    memset(large, 'n', 1001);
    assert_string_equal(
        first_line(refused(ds_arena_printf(scratch, ENGINE("  namespace: %s\n"), large))),
        "t.yaml:3:14: namespace: longer than 1000 bytes");

    ds_buf_text(&text, "engine:\n  kind: temporal\n  grpc_meta:\n");
    for (int i = 0; i < 41; i++)
        ds_buf_printf(&text, "    x%d: y\n", i);
    ds_buf_text(&text, ROUTE(""));
    assert_string_equal(first_line(refused(text.data)),
                        "t.yaml:44:5: grpc_meta: more than 40 headers");

    ds_buf_clear(&text);
    for (int i = 0; i < 60; i++)
        ds_buf_printf(&text, "[profile.p%d]\n", i);
    write_profiles(text.data);
    assert_non_null(strstr(refused(ENGINE("  profile: p49x\n")), "did you mean \"p49\"?"));

    while (text.n <= DS_MIB)
        ds_buf_text(&text, "# and so on, and so on, and so on, and so on, and so on, and so on\n");
    write_profiles(text.data);
    assert_string_equal(without_folders(first_line(refused(ENGINE("")))),
                        "t.yaml:2:3: HOME/temporalio/temporal.toml: cannot be read, or is larger "
                        "than 1 MiB");
}

static void no_secret_is_shown(void **state)
{
    const char *said;

    (void)state;
    set_environment("TEMPORAL_API_KEY=sesame-1");
    write_profiles("[profile.default]\napi_key = sesame-2\n");
    said = refused(ENGINE("  api_key: sesame-3\n  encryption_key: [sesame-4]\n  address: ':'\n"));
    assert_null(strstr(said, "sesame"));
}

int main(void)
{
    DS_AUTO(tmpdir) dir = tmpdir_new();

    snprintf(home, sizeof(home), "%s", tmpdir_path(dir));
    add_table(rows, settings);
    add_test(the_embedded_engine_has_none);
    add_test(a_key_from_a_file_is_read_again);
    add_test(so_is_one_from_a_credential_or_a_command);
    add_test(a_key_of_many_variables);
    add_table(wrongs, a_wrong_setting);
    add_test(units_of_two_routes_do_not_share_a_workflow);
    add_test(or_have_a_prefix_of_their_own);
    add_test(nowhere_to_look_from);
    add_test(a_variable_that_is_none);
    add_test(more_than_there_is_room_for);
    add_test(no_secret_is_shown);
    return run_tests("config temporal");
}
