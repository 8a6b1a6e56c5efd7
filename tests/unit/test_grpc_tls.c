/* tests/unit/test_grpc_tls.c - calls over TLS, and what is said where it cannot be. Runs under
 * tests/support/tlsserver.py. */
#include "grpc_rig.h"

#include <unistd.h>

static const char *environment(const char *name)
{
    const char *value = getenv(name);

    if (!value)
        fail_msg("run me under tests/support/tlsserver.py: $%s is missing", name);
    return value;
}

/* One call of a command. */
static asked ask_server(const char *variable, ds_grpc_options o)
{
    const char *address = environment(variable) + strlen("https://");
    ds_err err = DS_ERR_INIT;
    rig r = {0};
    asked q;

    o.address =
        o.address ? ds_arena_printf(scratch, "%s%s", o.address, strchr(address, ':')) : address;
    o.fail_fast = true;
    r.g = ds_grpc_open(&o, &err);
    if (!r.g)
        fail_msg("%s", err.text);
    q = ask(&r, "GetSystemInfo", "", LONG_MS);
    ds_grpc_close(r.g);
    return q;
}

/* ---- whom we talk to ------------------------------------------------------------------------- */

static const struct server {
    const char *name, *variable, *host; /* NULL: localhost */
    const char *server_name;            /* NULL: the host */
    bool no_ca, no_verify, plain;
    int64_t connect_ms;
    ds_err_kind kind;
    const char *text;
} servers[] = {
    {"a good certificate", "TLS_H2", .kind = DS_ERR_NONE},
    {"one for an address", "TLS_H2", .host = "127.0.0.1", .kind = DS_ERR_NONE},
    {"one of an authority that nobody knows", "TLS_H2", .no_ca = true, .kind = DS_ERR_CONFIG,
     .text = "signed by nobody this machine trusts"},
    {"an expired one", "TLS_H2_EXPIRED", .kind = DS_ERR_CONFIG,
     .text = "it must be renewed, or the clock is wrong"},
    {"another host's", "TLS_H2_OTHER_HOST", .kind = DS_ERR_CONFIG,
     .text = "is not for \"localhost\""},
    {"another address's", "TLS_H2_OTHER_HOST", .host = "127.0.0.1", .kind = DS_ERR_CONFIG,
     .text = "is not for \"127.0.0.1\""},
    {"another host's, whose name was given", "TLS_H2_OTHER_HOST",
     .server_name = "elsewhere.example", .kind = DS_ERR_NONE},
    {"one signed by itself", "TLS_H2_SELF_SIGNED", .kind = DS_ERR_CONFIG,
     .text = "tls.server_ca_cert_path"},
    {"the same, not looked at", "TLS_H2_SELF_SIGNED", .no_verify = true, .kind = DS_ERR_NONE},
    {"a server without HTTP/2", "TLS_GOOD", .kind = DS_ERR_CONFIG, .text = "does not offer HTTP/2"},
    {"TLS 1.1", "TLS_OLD", .kind = DS_ERR_CONFIG,
     .text = "no TLS as new as 1.2: bring it up to date"},
    {"one that says nothing", "TLS_SILENT", .connect_ms = 30, .kind = DS_ERR_TRANSIENT,
     .text = "in 30 ms"},
    {"one that wants a certificate", "TLS_H2_MUTUAL", .kind = DS_ERR_CONFIG,
     .text = "asks for a client certificate"},
    {"plain text to a server of TLS", "TLS_H2", .plain = true, .text = "tls: true"},
};

static void a_server(void **state)
{
    const struct server *row = *state;
    ds_grpc_options o = {.address = row->host,
                         .tls = !row->plain,
                         .server_name = row->server_name,
                         .no_verify = row->no_verify,
                         .connect_ms = row->connect_ms,
                         .ca_file = row->no_ca || row->plain ? NULL : environment("TLS_CA")};
    asked q = ask_server(row->variable, o);

    if (!row->text) {
        assert_answer(&q, "");
        return;
    }
    assert_failed(&q, DS_GRPC_UNAVAILABLE, false, row->text);
    if (row->kind != DS_ERR_NONE)
        assert_int_equal(q.err.kind, row->kind);
}

/* ---- who we are ------------------------------------------------------------------------------ */

static ds_grpc_options with(const char *cert, const char *key)
{
    return (ds_grpc_options){.tls = true,
                             .ca_file = environment("TLS_CA"),
                             .cert_file = environment(cert),
                             .key_file = environment(key)};
}

static void a_certificate_of_our_own(void **state)
{
    asked q = ask_server("TLS_H2_MUTUAL", with("TLS_CLIENT", "TLS_CLIENT_KEY"));

    (void)state;
    assert_answer(&q, "");
}

static void one_that_the_server_does_not_know(void **state)
{
    asked q = ask_server("TLS_H2_MUTUAL", with("TLS_STRANGER", "TLS_STRANGER_KEY"));

    (void)state;
    assert_failed(&q, DS_GRPC_UNAVAILABLE, false,
                  "the server refused the client certificate: set tls.client_cert_path");
    assert_int_equal(q.err.kind, DS_ERR_CONFIG);
}

static ds_secret *file_text(const char *variable)
{
    char text[16 * 1024];
    FILE *in = fopen(environment(variable), "r");
    size_t n;

    assert_non_null(in);
    n = fread(text, 1, sizeof(text), in);
    fclose(in);
    return ds_secret_new(text, n);
}

static void all_of_it_as_text(void **state)
{
    ds_secret *ca = file_text("TLS_CA"), *cert = file_text("TLS_CLIENT");
    ds_secret *key = file_text("TLS_CLIENT_KEY");
    asked q = ask_server(
        "TLS_H2_MUTUAL",
        (ds_grpc_options){.tls = true, .ca_data = ca, .cert_data = cert, .key_data = key});

    (void)state;
    assert_answer(&q, "");
    ds_secret_free(ca);
    ds_secret_free(cert);
    ds_secret_free(key);
}

static void keys_that_cannot_be_used(void **state)
{
    static const struct {
        const char *cert, *key, *text;
    } rows[] = {
        {"TLS_CLIENT", "TLS_STRANGER_KEY", "is not the key of the client certificate"},
        {"TLS_CLIENT", "TLS_LOCKED_KEY", "locked by a passphrase"},
        {"TLS_CLIENT", "TLS_CA", "holds no private key"},
        {"TLS_CLIENT_KEY", "TLS_CLIENT_KEY", "holds no certificate"},
    };

    (void)state;
    for (size_t i = 0; i < DS_COUNT(rows); i++) {
        ds_grpc_options o = with(rows[i].cert, rows[i].key);
        ds_err err = DS_ERR_INIT;

        o.address = "localhost:1";
        assert_null(ds_grpc_open(&o, &err));
        assert_int_equal(err.kind, DS_ERR_CONFIG);
        if (!strstr(err.text, rows[i].text))
            fail_msg("%s", err.text);
    }
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void serve_plain(http_conn *c)
{
    http_conn_write(c, "\0\0\0\4\0\0\0\0\0", 9); /* settings */
    http_conn_hang(c);
}

static void tls_to_a_server_of_plain_text(void **state)
{
    rig r = {0};
    asked q;

    (void)state;
    rig_open(&r, serve_plain, (ds_grpc_options){.tls = true, .fail_fast = true});
    q = ask(&r, "Do", "", LONG_MS);
    assert_failed(&q, DS_GRPC_UNAVAILABLE, false, "does it speak plain text (tls: false)?");
    assert_int_equal(q.err.kind, DS_ERR_CONFIG);
    rig_close(&r);
}

#define MANY 24

static void many_calls_share_one_connection(void **state)
{
    ds_secret *key = ds_secret_new("key-4711", 8);
    ds_grpc_options o = {.address = environment("TLS_H2") + strlen("https://"),
                         .tls = true,
                         .api_key = key,
                         .ca_file = environment("TLS_CA")};
    ds_err err = DS_ERR_INIT;
    rig r = {.g = ds_grpc_open(&o, &err)};
    asked *all[MANY];
    ds_grpc_tally tally;

    (void)state;
    assert_non_null(r.g);
    for (int i = 0; i < MANY; i++)
        all[i] = ask_begin(&r, "Do", "some words", LONG_MS);
    for (int i = 0; i < MANY; i++) {
        ask_end(all[i]);
        assert_answer(all[i], "");
        ask_free(all[i]);
    }
    ds_grpc_tally_of(r.g, &tally);
    assert_int_equal(tally.calls, MANY);
    assert_int_equal(tally.refused + tally.lost + tally.failed, 0);
    ds_grpc_close(r.g);
    ds_secret_free(key);
}

int main(void)
{
    add_table(servers, a_server);
    add_test(a_certificate_of_our_own);
    add_test(one_that_the_server_does_not_know);
    add_test(all_of_it_as_text);
    add_test(keys_that_cannot_be_used);
    add_test(tls_to_a_server_of_plain_text);
    add_test(many_calls_share_one_connection);
    return run_tests("grpc tls");
}
