/* tests/unit/test_http_tls.c - whom we talk to over TLS. Runs under tests/support/tlsserver.py. */
#include "support/run.h"

#include "base/activity.h"
#include <durable_sync/http.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct server {
    const char *name, *variable;
    bool with_ca;
    ds_err_kind kind;
    const char *text;
} servers[] = {
    {"a good certificate", "TLS_GOOD", true, DS_ERR_NONE, ""},
    {"one of an authority that nobody knows", "TLS_GOOD", false, DS_ERR_CONFIG, "ca_file"},
    {"an expired one", "TLS_EXPIRED", true, DS_ERR_CONFIG, "expired"},
    {"another host's", "TLS_OTHER_HOST", true, DS_ERR_CONFIG, "localhost"},
    {"one signed by itself", "TLS_SELF_SIGNED", true, DS_ERR_CONFIG, "not trusted"},
    {"TLS 1.1", "TLS_OLD", true, DS_ERR_TRANSIENT, "localhost"},
};

static const char *environment(const char *name)
{
    const char *value = getenv(name);

    if (!value)
        fail_msg("run me under tests/support/tlsserver.py: $%s is missing", name);
    return value;
}

static bool ask(const char *url, const char *ca, ds_http_request *req, ds_err *err)
{
    ds_http_settings settings = {.base_url = url, .ca_file = ca};
    ds_secret *token = ds_secret_new("tok_tls", 7);
    ds_activity act = {.arena = scratch, .clock = ds_clock_system(), .route = "tls"};
    ds_http *http =
        ds_http_open(&act, &(ds_http_setup){.settings = &settings, .token = token}, err);
    bool ok = http && ds_http_send(http, &act, req, 1, err);

    ds_http_close(http);
    ds_secret_free(token);
    return ok;
}

static void a_server(void **state)
{
    const struct server *row = *state;
    ds_http_request req = {
        .method = "POST", .path = "/pages", .body = "{}", .body_n = 2, .endpoint = "POST /pages"};
    ds_err err = DS_ERR_INIT;
    bool ok =
        ask(environment(row->variable), row->with_ca ? environment("TLS_CA") : NULL, &req, &err);

    assert_int_equal(ok, row->kind == DS_ERR_NONE);
    assert_int_equal(err.kind, row->kind);
    assert_non_null(strstr(err.text, row->text));
    assert_int_equal(req.fate, ok ? DS_HTTP_ANSWERED : DS_HTTP_NOT_SENT);
    if (ok)
        assert_string_equal(req.answer.body, "{}");
}

static void one_that_says_nothing_is_given_up(void **state)
{
    ds_http_request req = {
        .method = "POST", .path = "/pages", .body = "{}", .body_n = 2, .timeout_ms = 200};
    ds_err err = DS_ERR_INIT;

    (void)state;
    (void)!ask(environment("TLS_SILENT"), environment("TLS_CA"), &req, &err);
    assert_int_equal(req.err.kind, DS_ERR_TRANSIENT);
    assert_int_equal(req.fate, DS_HTTP_NOT_SENT);
}

static void an_authority_that_cannot_be_read(void **state)
{
    ds_http_request req = {.method = "GET", .path = "/"};
    ds_err err = DS_ERR_INIT;

    (void)state;
    assert_false(ask(environment("TLS_GOOD"), "/nonexistent/ca.pem", &req, &err));
    assert_int_equal(err.kind, DS_ERR_CONFIG);
    assert_non_null(strstr(err.text, "ca_file /nonexistent/ca.pem"));
    err = DS_ERR_INIT;
    assert_false(ask(environment("TLS_GOOD"), "/etc/passwd", &req, &err));
    assert_int_equal(err.kind, DS_ERR_CONFIG);
    assert_non_null(strstr(err.text, "ca_file /etc/passwd holds no certificate"));
}

int main(void)
{
    alarm(100);
    add_table(servers, a_server);
    add_test(one_that_says_nothing_is_given_up);
    add_test(an_authority_that_cannot_be_read);
    return run_tests("http tls");
}
