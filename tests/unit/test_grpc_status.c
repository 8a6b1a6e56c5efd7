/* tests/unit/test_grpc_status.c - what a failed call means, and when it is repeated. */
#include "support/run.h"

#include "base/hostport.h"
#include "engine/temporal/grpc_status.h"
#include "engine/temporal/settings.h"

#include <string.h>

static const ds_grpc_scene scene = {"temporal.example:7233", "main", "StartWorkflowExecution",
                                    true};

static const struct meaning {
    const char *name;
    ds_grpc_failure failure;
    ds_err_kind kind;
    const char *text;
    int64_t first_ms, fifth_ms; /* waits of a call, without the spread; -1: not repeated */
    int64_t poll_ms;            /* of a poll, the fifth */
} meanings[] = {
    {"the key refused",
     {.status = 16, .text = "no", .detail_type = "", .answered = true},
     DS_ERR_AUTH,
     "refused the API key: no; is it of this namespace's account, and still valid?",
     -1,
     -1,
     -1},
    {"not allowed",
     {.status = 7, .text = "no", .detail_type = "PermissionDeniedFailure", .answered = true},
     DS_ERR_AUTH,
     "is not allowed with this API key in the namespace \"main\": no; grant it the right",
     -1,
     -1,
     -1},
    {"no such namespace",
     {.status = 5, .text = "", .detail_type = "NamespaceNotFoundFailure", .answered = true},
     DS_ERR_CONFIG,
     "there is no namespace \"main\" at temporal.example:7233: create it",
     -1,
     -1,
     -1},
    {"no such workflow",
     {.status = 5, .text = "gone", .detail_type = "NotFoundFailure", .answered = true},
     DS_ERR_PERMANENT,
     "NOT_FOUND: gone",
     -1,
     -1,
     -1},
    {"too much asked",
     {.status = 8, .text = "slow", .detail_type = "ResourceExhaustedFailure", .answered = true},
     DS_ERR_RATE_LIMITED,
     "slow",
     1000,
     10000,
     10000},
    {"a message too large",
     {.status = 8,
      .text = "grpc: received message larger than max (5 vs. 4)",
      .detail_type = "",
      .answered = true},
     DS_ERR_PERMANENT,
     "larger than max",
     -1,
     -1,
     -1},
    {"a workflow that is not ready",
     {.status = 9, .text = "", .detail_type = "WorkflowNotReadyFailure", .answered = true},
     DS_ERR_TRANSIENT,
     "FAILED_PRECONDITION",
     100,
     835,
     3200},
    {"a namespace that fails over",
     {.status = 9, .text = "", .detail_type = "NamespaceNotActiveFailure", .answered = true},
     DS_ERR_TRANSIENT,
     "",
     100,
     835,
     3200},
    {"another precondition",
     {.status = 9, .text = "", .detail_type = "ClientVersionNotSupportedFailure", .answered = true},
     DS_ERR_PERMANENT,
     "",
     -1,
     -1,
     -1},
    {"an old server",
     {.status = 12, .text = "unknown method", .detail_type = "", .answered = true},
     DS_ERR_PERMANENT,
     "unknown method; use one of version 1.20 or later, or correct the address",
     -1,
     -1,
     -1},
    {"a lost connection",
     {.status = 14, .text = "lost", .detail_type = "", .sent = true},
     DS_ERR_TRANSIENT,
     "StartWorkflowExecution at temporal.example:7233: lost",
     100,
     835,
     3200},
    {"a deadline",
     {.status = 4, .text = "no answer in time", .detail_type = "", .sent = true},
     DS_ERR_TRANSIENT,
     "no answer in time",
     -1,
     -1,
     3200},
    {"stopped by us",
     {.status = 1, .text = "stopped", .detail_type = ""},
     DS_ERR_CANCELLED,
     "stopped",
     -1,
     -1,
     -1},
    {"cancelled by the server",
     {.status = 1, .text = "", .detail_type = "", .answered = true},
     DS_ERR_TRANSIENT,
     "",
     -1,
     -1,
     3200},
    {"a bug of ours",
     {.status = 3, .text = "bad", .detail_type = "", .answered = true},
     DS_ERR_PERMANENT,
     "INVALID_ARGUMENT: bad",
     -1,
     -1,
     -1},
    {"the server's trouble",
     {.status = 13, .text = "", .detail_type = "", .answered = true},
     DS_ERR_TRANSIENT,
     "",
     100,
     835,
     3200},
};

/* The middle of the spread. */
static int64_t again(const ds_grpc_failure *f, bool poll, unsigned tries)
{
    return ds_grpc_again_ms(f, poll, tries, UINT32_MAX / 2);
}

static void a_failure(void **state)
{
    const struct meaning *row = *state;
    ds_err err = DS_ERR_INIT;

    assert_false(ds_grpc_fail(&err, &scene, &row->failure));
    assert_int_equal(err.kind, row->kind);
    assert_non_null(strstr(err.text, row->text));
    assert_in_range(again(&row->failure, false, 1) + 2, row->first_ms + 1, row->first_ms + 3);
    assert_in_range(again(&row->failure, false, 5) + 2, row->fifth_ms + 1, row->fifth_ms + 3);
    assert_in_range(again(&row->failure, true, 5) + 2, row->poll_ms + 1, row->poll_ms + 3);
}

static void a_call_is_given_up_a_poll_never(void **state)
{
    ds_grpc_failure lost = {.status = DS_GRPC_UNAVAILABLE, .text = "", .detail_type = ""};

    (void)state;
    assert_true(again(&lost, false, 9) > 0);
    assert_int_equal(again(&lost, false, 10), -1);
    assert_in_range(again(&lost, true, 4000000000u), 9999, 10000);
}

static void the_spread_is_a_fifth(void **state)
{
    ds_grpc_failure lost = {.status = DS_GRPC_UNAVAILABLE, .text = "", .detail_type = ""};

    (void)state;
    assert_int_equal(ds_grpc_again_ms(&lost, false, 1, 0), 80);
    assert_int_equal(ds_grpc_again_ms(&lost, false, 1, UINT32_MAX), 120);
}

static void without_a_key_it_is_asked_for(void **state)
{
    ds_grpc_scene bare = {"h:1", NULL, "/grpc.health.v1.Health/Check", false};
    ds_grpc_failure refused = {.status = 16, .text = "no", .detail_type = ""};
    ds_grpc_failure denied = {.status = 7, .text = "no", .detail_type = ""};
    ds_err err = DS_ERR_INIT;

    (void)state;
    assert_false(ds_grpc_fail(&err, &bare, &refused));
    assert_string_equal(err.text,
                        "h:1 wants an API key or a client certificate: no; set api_key or "
                        "tls in the engine's settings");
    assert_false(ds_grpc_fail(&err, &bare, &denied));
    assert_non_null(strstr(err.text, "Check at h:1 is not allowed"));
}

static const struct reset {
    const char *name;
    uint32_t code;
    bool late;
    int status;
    bool sent;
} resets[] = {
    {"refused unread", 7, false, DS_GRPC_UNAVAILABLE, false},
    {"cancelled by the transport", 8, false, DS_GRPC_UNAVAILABLE, true},
    {"the deadline", 8, true, DS_GRPC_DEADLINE_EXCEEDED, true},
    {"be calm", 11, false, DS_GRPC_RESOURCE_EXHAUSTED, true},
    {"not secure", 12, false, DS_GRPC_PERMISSION_DENIED, true},
    {"an internal error", 2, false, DS_GRPC_INTERNAL, true},
    {"another one after the deadline", 2, true, DS_GRPC_INTERNAL, true},
    {"a code of nobody", 4711, false, DS_GRPC_INTERNAL, true},
};

static void a_reset(void **state)
{
    const struct reset *row = *state;
    ds_grpc_failure f;

    ds_grpc_of_reset(row->code, row->late, &f);
    assert_int_equal(f.status, row->status);
    assert_int_equal(f.sent, row->sent);
    assert_true(*f.text);
}

static const struct address {
    const char *name, *host, *port; /* the name is the text; host NULL: it is none */
} addresses[] = {
    {"localhost", "localhost", "7233"},
    {"localhost:1", "localhost", "1"},
    {"10.1.2.3:65535", "10.1.2.3", "65535"},
    {"[::1]:7234", "::1", "7234"},
    {"[::1]", "::1", "7233"},
    {"fe80::1", "fe80::1", "7233"},
    {"my-ns.acct.tmprl.cloud:7233", "my-ns.acct.tmprl.cloud", "7233"},
    {"", NULL, NULL},
    {":7233", NULL, NULL},
    {"host:", NULL, NULL},
    {"host:0", NULL, NULL},
    {"host:65536", NULL, NULL},
    {"host:99999999999", NULL, NULL},
    {"host:http", NULL, NULL},
    {"[::1", NULL, NULL},
    {"[::1]x", NULL, NULL},
    {"[]:1", NULL, NULL},
    {"http://host:7233", NULL, NULL},
    {"host/path:1", NULL, NULL},
    {"user@host:1", NULL, NULL},
    {"a b:1", NULL, NULL},
};

static void an_address(void **state)
{
    const struct address *row = *state;
    const char *host, *port;

    assert_int_equal(ds_hostport_read(row->name, "7233", scratch, &host, &port), row->host != NULL);
    if (row->host) {
        assert_string_equal(host, row->host);
        assert_string_equal(port, row->port);
    }
}

static void an_address_of_one_line(void **state)
{
    const char *host, *port;

    (void)state;
    assert_false(ds_hostport_read("a\nb:1", "7233", scratch, &host, &port));
}

static void which_hosts_are_this_machine(void **state)
{
    (void)state;
    assert_true(ds_host_is_local("localhost"));
    assert_true(ds_host_is_local("127.9.9.9"));
    assert_true(ds_host_is_local("::1"));
    assert_false(ds_host_is_local("128.0.0.1"));
    assert_false(ds_host_is_local("::2"));
    assert_false(ds_host_is_local("localhost.example"));
}

static void a_units_workflow_id(void **state)
{
    ds_temporal t = {.prefix = "durable-sync:{route}:"};

    (void)state;
    assert_string_equal(ds_temporal_workflow_id(&t, "r", "a:b", scratch), "durable-sync:r:a:b");
    t.prefix = "durable-sync:";
    assert_string_equal(ds_temporal_workflow_id(&t, "r", "a:b", scratch), "durable-sync:a:b");
}

static void settings_reach_the_connection(void **state)
{
    ds_temporal_header headers[] = {{"x", "1"}};
    ds_secret *key = ds_secret_new("k", 1);
    ds_temporal t = {.address = "h:1",
                     .namespace_ = "n",
                     .api_key = key,
                     .tls = true,
                     .server_name = "s",
                     .headers = headers,
                     .headers_n = 1};
    ds_grpc_options o = ds_temporal_options(&t, true);

    (void)state;
    assert_string_equal(o.address, "h:1");
    assert_string_equal(o.namespace_, "n");
    assert_string_equal(o.server_name, "s");
    assert_ptr_equal(o.api_key, key);
    assert_ptr_equal(o.headers, headers);
    assert_true(o.tls && o.fail_fast && !o.no_verify && o.headers_n == 1);
    ds_secret_free(key);
}

int main(void)
{
    add_table(meanings, a_failure);
    add_test(a_call_is_given_up_a_poll_never);
    add_test(the_spread_is_a_fifth);
    add_test(without_a_key_it_is_asked_for);
    add_table(resets, a_reset);
    add_test(a_units_workflow_id);
    add_test(settings_reach_the_connection);
    add_table(addresses, an_address);
    add_test(an_address_of_one_line);
    add_test(which_hosts_are_this_machine);
    return run_tests("grpc status");
}
