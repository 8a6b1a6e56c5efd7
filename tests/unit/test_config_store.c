/* tests/unit/test_config_store.c - `store`: where it is, what it is called, and what stays secret.
 */
#include "config_fixture.h"

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

/* The line with the password is shown for another error in it. */
static void a_password_is_shown_nowhere(void **state)
{
    static const char text[] =
        "store: {url: 'postgresql://u:" SECRET "@h/d', shema: s}\nroutes: {}\n";

    (void)state;
    assert_null(strstr(refused(text), SECRET));
}

int main(void)
{
    add_table(rows, is_read);
    add_test(each_has_a_place_of_its_own);
    add_test(a_password_is_shown_nowhere);
    return run_tests("store of the configuration");
}
