/* tests/unit/test_config_store.c - `store`: where it is, what it is called, and what stays secret.
 */
#include "config_fixture.h"
#include "support/tmpdir.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET "hunter2"

static const struct row {
    const char *name, *text;
    const char *path; /* as messages show it */
    const char *url;  /* as libpq gets it; NULL: a file */
    const char *schema;
} rows[] = {
    {"a file", "sqlite:s.db", "/s.db", NULL, NULL},
    {"a file in a table", "{url: 'sqlite:s.db'}", "/s.db", NULL, NULL},
    {"an address", "postgresql://u@h:5433/d", "postgresql://u@h:5433/d", "postgresql://u@h:5433/d",
     "durable_sync"},
    {"its other name", "postgres://h/d", "postgresql://h/d", "postgres://h/d", "durable_sync"},
    {"a password", "postgresql://u:" SECRET "@h/d", "postgresql://u@h/d",
     "postgresql://u:" SECRET "@h/d", "durable_sync"},
    {"a password with an @", "postgresql://u:" SECRET "@" SECRET "@h/d", "postgresql://u@h/d",
     "postgresql://u:" SECRET "@" SECRET "@h/d", "durable_sync"},
    {"a password among the options", "postgresql://h/d?password=" SECRET "&sslmode=require",
     "postgresql://h/d", "postgresql://h/d?password=" SECRET "&sslmode=require", "durable_sync"},
    {"a service in an address", "postgresql:///?service=mine", "postgresql:service=mine",
     "postgresql:///?service=mine", "durable_sync"},
    {"a service and no more", "postgresql://?service=mine", "postgresql:service=mine",
     "postgresql://?service=mine", "durable_sync"},
    {"a service beside a host", "postgresql://h/d?service=mine", "postgresql://h/d",
     "postgresql://h/d?service=mine", "durable_sync"},
    {"a socket's folder", "postgresql:///d?host=/run/pg", "postgresql:///d?host=/run/pg",
     "postgresql:///d?host=/run/pg", "durable_sync"},
    {"nothing but the scheme", "postgresql:///", "postgresql:///", "postgresql:///",
     "durable_sync"},
    {"a service", "postgresql:service=mine", "postgresql:service=mine", "service=mine",
     "durable_sync"},
    {"words", "'postgres:host=h port=1 dbname=d user=u password=" SECRET "'",
     "postgresql:host=h port=1 dbname=d user=u", "host=h port=1 dbname=d user=u password=" SECRET,
     "durable_sync"},
    {"words in which a name ends another", "postgresql:superuser=x hostaddr=1",
     "postgresql:", "superuser=x hostaddr=1", "durable_sync"},
    {"a schema", "{url: 'postgresql://h/d', schema: mirror}", "postgresql://h/d",
     "postgresql://h/d", "mirror"},
};

static void is_read(void **state)
{
    const struct row *row = *state;
    ds_config *config = sound(ds_arena_printf(scratch, "store: %s\n" ROUTE(""), row->text));

    assert_string_equal(config->store_path, row->path);
    assert_null(strstr(config->store_local, SECRET));
    if (row->url) {
        assert_string_equal(ds_secret_reveal(config->store_url), row->url);
        assert_string_equal(config->store_schema, row->schema);
        assert_int_equal(strncmp(config->store_local, "/durable-sync-", 14), 0);
    } else {
        assert_null(config->store_url);
        assert_string_equal(config->store_local, row->path);
    }
    ds_config_free(config);
}

static const char *local_of(const char *store)
{
    ds_config *config = sound(ds_arena_printf(scratch, "store: %s\n" ROUTE(""), store));
    const char *local = ds_arena_strdup(scratch, config->store_local);

    ds_config_free(config);
    return local;
}

/* Two stores of one folder, and the sockets of their daemons. */
static void each_has_a_place_of_its_own(void **state)
{
    const char *one = local_of("postgresql://h/d");

    (void)state;
    assert_string_equal(local_of("postgresql://h/d"), one);
    assert_string_not_equal(local_of("postgresql://h/e"), one);
    assert_string_not_equal(local_of("{url: 'postgresql://h/d', schema: s}"), one);
}

/* A file has one lock and one socket, by whatever name it is asked for. */
static void a_link_is_the_file_itself(void **state)
{
    tmpdir *dir = tmpdir_new();
    const char *file = tmpdir_file(dir, "s.db"), *link = tmpdir_file(dir, "l.db");

    (void)state;
    assert_int_equal(symlink(file, link), 0);
    assert_string_equal(local_of(ds_arena_printf(scratch, "sqlite:%s", link)), link);
    fclose(fopen(file, "w"));
    assert_string_equal(local_of(ds_arena_printf(scratch, "sqlite:%s", link)), file);
    assert_string_equal(local_of(ds_arena_printf(scratch, "sqlite:%s", file)), file);
    tmpdir_free(dir);
}

/* The line with the password is shown for another error in it. */
static void a_password_is_shown_nowhere(void **state)
{
    static const char text[] =
        "store: {url: 'postgresql://u:" SECRET "@h/d', shema: s}\nroutes: {}\n";

    (void)state;
    assert_null(strstr(refused(text), SECRET));
}

/* What the file says where everybody may read it. */
static bool is_taken_from_an_open_file(const char *store, const char **said)
{
    tmpdir *dir = tmpdir_new();
    const char *path = tmpdir_file(dir, "t.yaml");
    DS_AUTO_BUF(errors, DS_MIB);
    FILE *file = fopen(path, "w");
    ds_config *config;

    assert_non_null(file);
    assert_true(fprintf(file, "store: '%s'\n" ROUTE(""), store) > 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0644), 0);
    config = ds_config_load(path, &fake_connectors, &errors);
    *said = ds_arena_strndup(scratch, errors.data ? errors.data : "", errors.n);
    ds_config_free(config);
    tmpdir_free(dir);
    return config != NULL;
}

static void a_password_is_not_for_everybody(void **state)
{
    static const char *const with[] = {"postgresql://u:" SECRET "@h/d",
                                       "postgresql://h/d?password=" SECRET,
                                       "postgresql:host=h password=" SECRET};
    static const char *const without[] = {"postgresql://u@h:1/d", "postgresql://h:1/d",
                                          "postgresql:service=s"};
    const char *said;

    (void)state;
    for (size_t i = 0; i < DS_COUNT(with); i++) {
        assert_false(is_taken_from_an_open_file(with[i], &said));
        assert_non_null(strstr(said, "store is written out in a file that others may read"));
        assert_null(strstr(said, SECRET));
    }
    for (size_t i = 0; i < DS_COUNT(without); i++)
        assert_true(is_taken_from_an_open_file(without[i], &said));
}

static void a_list_is_no_place(void **state)
{
    (void)state;
    assert_string_equal(first_line(refused("store: {url: [sqlite:x]}\n" ROUTE(""))),
                        "t.yaml:1:14: url: expected text, found a list");
    assert_string_equal(
        first_line(refused("store: {url: 'postgresql://h/d', schema: [x]}\n" ROUTE(""))),
        "t.yaml:1:42: schema: expected text, found a list");
}

/* Nothing is kept under /etc, the socket's place either. */
static void a_service_of_the_machine_has_its_folder(void **state)
{
    static const char text[] = "store: postgresql://h/d\n" ROUTE("");
    DS_AUTO_BUF(errors, DS_MIB);
    ds_config *config = ds_config_parse("t.yaml", text, strlen(text), "/etc/durable-sync",
                                        &fake_connectors, &errors);

    (void)state;
    assert_non_null(config);
    assert_int_equal(strncmp(config->store_local, "/var/lib/durable-sync/durable-sync-", 35), 0);
    ds_config_free(config);
}

static const char *writing_to(const char *store, const char *path)
{
    return ds_arena_printf(scratch,
                           "store: sqlite:%s\nroutes:\n  r:\n"
                           "    source: {kind: file, path: a.jsonl, key: id}\n"
                           "    destination: {kind: sqlite, path: %s, table: t, key: code}\n",
                           store, path);
}

/* A pass that has its destination locked would wait for the store, in the same file. */
static void no_route_writes_to_it(void **state)
{
    DS_AUTO(tmpdir) dir = tmpdir_new();
    const char *file = tmpdir_file(dir, "o.db");

    (void)state;
    assert_string_equal(
        first_line(refused(writing_to(file, tmpdir_file(dir, "./o.db")))),
        "t.yaml:5:18: destination: `path` is the store of this configuration; name another file");
    tmpdir_write(dir, "o.db", "", 0);
    assert_int_equal(symlink("o.db", tmpdir_file(dir, "link.db")), 0);
    assert_non_null(strstr(refused(writing_to(file, tmpdir_file(dir, "link.db"))), "is the store"));
    assert_int_equal(symlink(".", tmpdir_file(dir, "folder")), 0);
    for (int i = 0; i < 2; i++) { /* it is there, and is not there yet */
        assert_non_null(
            strstr(refused(writing_to(tmpdir_file(dir, "folder/o.db"), file)), "is the store"));
        (void)unlink(file);
    }
    ds_config_free(sound(writing_to(file, tmpdir_file(dir, "other.db"))));
    ds_config_free(sound(writing_to(file, tmpdir_file(dir, "nowhere/o.db"))));
}

int main(void)
{
    add_table(rows, is_read);
    add_test(each_has_a_place_of_its_own);
    add_test(a_link_is_the_file_itself);
    add_test(a_password_is_shown_nowhere);
    add_test(a_password_is_not_for_everybody);
    add_test(a_list_is_no_place);
    add_test(a_service_of_the_machine_has_its_folder);
    add_test(no_route_writes_to_it);
    return run_tests("store of the configuration");
}
