/* tests/unit/test_config_notify.c - `notify`: who is told, by which way, and what is no such way.
 */
#include "config_fixture.h"
#include "support/tmpdir.h"

#include <sys/stat.h>

static void all_that_may_be_said(void **state)
{
    ds_config *config = sound("notify:\n"
                              "  url: http://10.0.0.1/hook?x=1\n"
                              "  token: sesame\n"
                              "  ca_file: ca.pem\n"
                              "  private_network: true\n"
                              "  command: [mail, '', root]\n"
                              "  on: [approval, recovered]\n" ROUTE(""));
    const ds_notify_to *to = config->notify;

    (void)state;
    assert_string_equal(ds_secret_reveal(to->url), "http://10.0.0.1/hook?x=1");
    assert_string_equal(ds_secret_reveal(to->token), "sesame");
    assert_string_equal(to->ca_file, "/ca.pem");
    assert_true(to->private_network);
    assert_string_equal(to->command[0], "mail");
    assert_string_equal(to->command[1], "");
    assert_string_equal(to->command[2], "root");
    assert_null(to->command[3]);
    assert_string_equal(to->dir, "/");
    assert_int_equal(to->on, DS_NOTICE_APPROVAL | DS_NOTICE_RECOVERED);
    ds_config_free(config);
}

static void everything_is_told_where_nothing_is_named(void **state)
{
    ds_config *config = sound("notify: {url: 'https://example.org'}\n" ROUTE(""));

    (void)state;
    assert_int_equal(config->notify->on,
                     DS_NOTICE_PAUSED | DS_NOTICE_APPROVAL | DS_NOTICE_HELD | DS_NOTICE_RECOVERED);
    assert_null(config->notify->command);
    ds_config_free(config);
}

/* The address is hidden like a secret. But the file needs not be: many have nothing secret in it.
 */
static void an_address_may_stand_in_a_file_that_others_read(void **state)
{
    static const char text[] = "notify: {url: 'https://example.org/hook'}\n" ROUTE("");
    DS_AUTO(tmpdir) dir = tmpdir_new();
    DS_AUTO_BUF(errors, DS_MIB);
    ds_config *config;

    (void)state;
    tmpdir_write(dir, "t.yaml", text, strlen(text));
    assert_int_equal(chmod(tmpdir_file(dir, "t.yaml"), 0644), 0);
    config = ds_config_load(tmpdir_file(dir, "t.yaml"), &fake_connectors, &errors);
    assert_non_null(config);
    assert_string_equal(ds_secret_reveal(config->notify->url), "https://example.org/hook");
    ds_config_free(config);
}

#define NO_ADDRESS                                                                                 \
    "t.yaml:1:15: url: expected an address such as https://example.org/hook, with no user in it"

static const struct wrong {
    const char *name, *notify, *error;
} wrongs[] = {
    {"no table", "mail root",
     "t.yaml:1:9: notify: expected a table of settings, found \"mail "
     "root\""},
    {"an address as a list", "{url: [x]}",
     "t.yaml:1:15: url: expected text, best as ${NAME} or ${file:PATH}, found a list"},
    {"an address without a host", "{url: 'https:///hook'}", NO_ADDRESS},
    {"an address with a blank", "{url: 'http://a b/hook'}", NO_ADDRESS},
    {"an address with a user", "{url: 'http://a@b/hook'}", NO_ADDRESS},
    {"a command of no words", "{command: []}",
     "t.yaml:1:19: command: expected a list such as [mail, -s, durable-sync, root], found a list"},
    {"events as one word", "{command: [mail], on: held}",
     "t.yaml:1:31: on: expected a list such as [paused, held], found \"held\""},
};

static void wrong(void **state)
{
    const struct wrong *row = *state;
    const char *text = ds_arena_printf(scratch, "notify: %s\n" ROUTE(""), row->notify);

    assert_string_equal(first_line(refused(text)), row->error);
}

static void a_command_of_too_many_words(void **state)
{
    DS_AUTO_BUF(text, DS_MIB);

    (void)state;
    ds_buf_text(&text, "notify: {command: [mail");
    for (int i = 0; i < 100; i++)
        ds_buf_printf(&text, ", %d", i);
    ds_buf_text(&text, "]}\n" ROUTE(""));
    assert_non_null(strstr(refused(text.data), "command: expected a list such as [mail"));
}

int main(void)
{
    add_test(all_that_may_be_said);
    add_test(everything_is_told_where_nothing_is_named);
    add_test(an_address_may_stand_in_a_file_that_others_read);
    add_table(wrongs, wrong);
    add_test(a_command_of_too_many_words);
    return run_tests("notify of the configuration");
}
