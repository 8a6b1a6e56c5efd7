/* tests/unit/test_config_file.c - references out of a configuration, commands in it, its paths. */
#include "base/secret.h"
#include "config_fixture.h"
#include "support/tmpdir.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void put_file(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static tmpdir *enter_dir(void)
{
    tmpdir *dir = tmpdir_new();

    assert_int_equal(chdir(tmpdir_path(dir)), 0);
    return dir;
}

static void leave_dir(tmpdir *dir)
{
    assert_int_equal(chdir("/"), 0);
    tmpdir_free(dir);
}

/* ---- references ------------------------------------------------------------------------------ */

/* A file may be written anew while the program runs; what else a secret is made of stays. */
static void a_secret_out_of_a_file_is_read_anew(void **state)
{
    tmpdir *dir = enter_dir();
    ds_config *config;
    const ds_secret *token;
    ds_secret *now;

    (void)state;
    put_file("token", "first\n", 0600);
    config = sound(ds_arena_printf(scratch, LISTED_API("      token: '${file:%s}'\n"),
                                   tmpdir_file(dir, "token")));
    token = api_of(config)->token;
    assert_string_equal(ds_secret_reveal(token), "first");
    assert_null(ds_secret_renewed(token));
    put_file("token", "second\n", 0600);
    now = ds_secret_renewed(token);
    assert_non_null(now);
    assert_string_equal(ds_secret_reveal(now), "second");
    ds_secret_free(now);
    put_file("token", "\n", 0600);
    assert_null(ds_secret_renewed(token));
    assert_int_equal(unlink("token"), 0);
    assert_null(ds_secret_renewed(token));
    ds_config_free(config);
    config = sound(LISTED_API("      token: '${command:echo first}'\n"));
    assert_null(ds_secret_renewed(api_of(config)->token)); /* which might be slow, or ask */
    ds_config_free(config);
    leave_dir(dir);
}

/* A variable is there once: without it the rest of the secret would be another one. */
static void a_secret_with_a_variable_in_it_stays(void **state)
{
    tmpdir *dir = enter_dir();
    ds_config *config;
    const ds_secret *token;

    (void)state;
    put_file("token", "half\n", 0600);
    assert_int_equal(setenv("DS_TEST_REST", "rest", 1), 0);
    config =
        sound(ds_arena_printf(scratch, LISTED_API("      token: '${file:%s}-${DS_TEST_REST}'\n"),
                              tmpdir_file(dir, "token")));
    token = api_of(config)->token;
    assert_string_equal(ds_secret_reveal(token), "half-rest");
    ds_config_forget_environment(config);
    assert_string_equal(getenv("DS_TEST_REST"), "");
    assert_null(ds_secret_renewed(token));
    put_file("token", "other\n", 0600);
    assert_null(ds_secret_renewed(token));
    assert_int_equal(unsetenv("DS_TEST_REST"), 0);
    ds_config_free(config);
    config =
        sound(ds_arena_printf(scratch, LISTED_API("      token: '${file:%s}${DS_TEST_REST:-x}'\n"),
                              tmpdir_file(dir, "token")));
    assert_string_equal(ds_secret_reveal(api_of(config)->token), "otherx");
    assert_null(ds_secret_renewed(api_of(config)->token));
    ds_config_free(config);
    leave_dir(dir);
}

/* A dollar sign is written twice, and what follows it is no variable. */
static void a_secret_with_dollar_signs_is_read_anew(void **state)
{
    tmpdir *dir = enter_dir();
    ds_config *config;
    const ds_secret *token;
    ds_secret *now;

    (void)state;
    put_file("token", "first\n", 0600);
    config = sound(ds_arena_printf(scratch, LISTED_API("      token: '${file:%s}$${A}$1$'\n"),
                                   tmpdir_file(dir, "token")));
    token = api_of(config)->token;
    assert_string_equal(ds_secret_reveal(token), "first${A}$1$");
    put_file("token", "second\n", 0600);
    now = ds_secret_renewed(token);
    assert_non_null(now);
    assert_string_equal(ds_secret_reveal(now), "second${A}$1$");
    ds_secret_free(now);
    ds_config_free(config);
    leave_dir(dir);
}

static void references(void **state)
{
    tmpdir *dir = enter_dir();
    ds_buf errors;
    ds_config *config;
    const fake_api *api;
    static const char text[] =
        LISTED_API("      token: \"a-${file:token}-${DS_TEST_FIVE}\"\n"
                   "      base_url: '${command:printf \"%s\\n\" http://${HOST:-h}{x}; exit 0}'\n"
                   "      orgs: ['${credential:token}', \"$${x}\", '${DS_TEST_EMPTY:-none}']\n");

    (void)state;
    put_file("token", "s3cret\r\n\n", 0644);
    setenv("CREDENTIALS_DIRECTORY", tmpdir_path(dir), 1);
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
    leave_dir(dir);
}

/* The connector's own, in the one setting that has it; beside it the others are filled in. */
static void a_reference_that_a_setting_keeps(void **state)
{
    ds_config *config =
        sound(LISTED_API("      token: t\n"
                         "      query: 'a > ${since} or b = ${DS_TEST_FIVE} $$1 ${since:-now}'\n"));

    (void)state;
    assert_string_equal(api_of(config)->query, "a > ${since} or b = 5 $1 now");
    ds_config_free(config);
}

static void commands_run_where_the_file_is(void **state)
{
    tmpdir *dir = enter_dir();
    ds_buf out;
    ds_err err = DS_ERR_INIT;

    (void)state;
    ds_buf_init(&out, DS_KIB);
    assert_true(ds_command_read("pwd", tmpdir_path(dir), DS_MINUTE_MS, &out, &err));
    assert_memory_equal(out.data, tmpdir_path(dir), strlen(tmpdir_path(dir)));
    ds_buf_fini(&out);
    leave_dir(dir);
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

/* ---- the file itself ------------------------------------------------------------------------- */

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
    tmpdir *dir = enter_dir();
    ds_buf errors;
    ds_config *config;
    char want[128];

    (void)state;
    assert_int_equal(mkdir("sub", 0700), 0);
    put_file("sub/c.yaml", ROUTE(""), 0644);
    ds_buf_init(&errors, DS_MIB);
    config = ds_config_load("sub/c.yaml", &fake_connectors, &errors);
    assert_non_null(config);
    assert_string_equal(config->path, "sub/c.yaml");
    snprintf(want, sizeof(want), "%s/sub/durable-sync.db", tmpdir_path(dir));
    assert_string_equal(config->store_path, want);
    snprintf(want, sizeof(want), "%s/sub/a.jsonl", tmpdir_path(dir));
    assert_string_equal(((const fake_file *)config->routes[0]->source_settings)->path, want);
    ds_config_free(config);
    ds_buf_fini(&errors);
    leave_dir(dir);
}

static void the_file_that_is_found(void **state)
{
    tmpdir *dir = enter_dir();
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
    leave_dir(dir);
}

static void its_library_has_a_version(void **state)
{
    (void)state;
    assert_int_equal(strspn(ds_config_library(), "0123456789."), strlen(ds_config_library()));
    assert_true(*ds_config_library() != '\0');
}

int main(void)
{
    setenv("DS_TEST_FIVE", "5", 1);
    setenv("DS_TEST_EMPTY", "", 1);
    add_test(its_library_has_a_version);
    add_test(a_reference_that_a_setting_keeps);
    add_test(references);
    add_test(a_secret_out_of_a_file_is_read_anew);
    add_test(a_secret_with_a_variable_in_it_stays);
    add_test(a_secret_with_dollar_signs_is_read_anew);
    add_test(commands_run_where_the_file_is);
    add_test(a_command_is_stopped_at_its_limit);
    add_test(a_command_may_close_its_output_early);
    add_test(what_is_configured_under_etc_is_not_kept_there);
    add_test(paths_are_relative_to_the_file);
    add_test(the_file_that_is_found);
    return run_tests("the file of a configuration");
}
