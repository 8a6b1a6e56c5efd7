/* tests/unit/test_hostport.c - "host:port" as people write it, and which hosts are this machine. */
#include "base/hostport.h"
#include "support/run.h"

static const struct row {
    const char *name, *text;
    const char *host, *port; /* NULL: it is none */
} rows[] = {
    {"a host alone", "temporal.example", "temporal.example", "7233"},
    {"with its port", "temporal.example:80", "temporal.example", "80"},
    {"the last port", "h:65535", "h", "65535"},
    {"IPv4", "10.0.0.1:1", "10.0.0.1", "1"},
    {"IPv6 without a port", "::1", "::1", "7233"},
    {"IPv6 in brackets", "[::1]", "::1", "7233"},
    {"IPv6 with its port", "[fe80::1]:81", "fe80::1", "81"},
    {"nothing", "", NULL, NULL},
    {"a port alone", ":80", NULL, NULL},
    {"empty brackets", "[]:80", NULL, NULL},
    {"brackets that do not close", "[::1", NULL, NULL},
    {"something behind the brackets", "[::1]80", NULL, NULL},
    {"no port behind its colon", "h:", NULL, NULL},
    {"none behind brackets", "[::1]:", NULL, NULL},
    {"a port that is no number", "h:http", NULL, NULL},
    {"port 0", "h:0", NULL, NULL},
    {"a port that is too large", "h:65536", NULL, NULL},
    {"a port with too many digits", "h:000080", NULL, NULL},
    {"a blank", "a b:80", NULL, NULL},
    {"a delete character", "a\x7f:80", NULL, NULL},
    {"a path", "h/x", NULL, NULL},
    {"a user", "me@h", NULL, NULL},
};

static void row(void **state)
{
    const struct row *row = *state;
    const char *host, *port;

    assert_int_equal(ds_hostport_read(row->text, "7233", scratch, &host, &port), row->host != NULL);
    if (row->host) {
        assert_string_equal(host, row->host);
        assert_string_equal(port, row->port);
    }
}

static const struct local {
    const char *name, *host;
    bool here;
} locals[] = {
    {"its name", "localhost", true},
    {"another name", "localhost.example", false},
    {"IPv4", "127.0.0.1", true},
    {"the whole network of it", "127.9.9.9", true},
    {"another address", "128.0.0.1", false},
    {"IPv6", "::1", true},
    {"another address of IPv6", "::2", false},
    {"and others", "::1:0:1", false},
    {"that begin", "0:0:1::1", false},
    {"or end like it", "1::1", false},
};

static void local(void **state)
{
    const struct local *row = *state;

    assert_int_equal(ds_host_is_local(row->host), row->here);
}

int main(void)
{
    add_table(rows, row);
    add_table(locals, local);
    return run_tests("hostport");
}
