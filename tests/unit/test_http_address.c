/* tests/unit/test_http_address.c - which addresses are private, which settings can be used. */
#include "http/internal.h"
#include "http_rig.h"

#include <arpa/inet.h>
#include <netinet/in.h>

static const struct address {
    const char *name; /* the address itself */
    bool is_private;
} addresses[] = {
    {"0.0.0.0", true},
    {"0.1.2.3", true},
    {"1.1.1.1", false},
    {"8.8.8.8", false},
    {"9.255.255.255", false},
    {"10.0.0.0", true},
    {"10.255.255.255", true},
    {"11.0.0.0", false},
    {"100.63.255.255", false},
    {"100.64.0.0", true},
    {"100.127.255.255", true},
    {"100.128.0.0", false},
    {"126.255.255.255", false},
    {"127.0.0.1", true},
    {"127.255.255.254", true},
    {"128.0.0.1", false},
    {"140.82.121.6", false},
    {"169.253.255.255", false},
    {"169.254.169.254", true},
    {"169.255.0.0", false},
    {"172.15.255.255", false},
    {"172.16.0.1", true},
    {"172.31.255.255", true},
    {"172.32.0.0", false},
    {"192.0.0.170", true},
    {"192.0.1.0", false},
    {"192.0.2.1", true},
    {"192.88.99.1", true},
    {"192.167.255.255", false},
    {"192.168.0.1", true},
    {"192.168.255.255", true},
    {"192.169.0.0", false},
    {"198.17.255.255", false},
    {"198.18.0.1", true},
    {"198.19.255.255", true},
    {"198.20.0.0", false},
    {"198.51.100.7", true},
    {"203.0.113.9", true},
    {"223.255.255.255", false},
    {"224.0.0.1", true},
    {"239.255.255.255", true},
    {"240.0.0.1", true},
    {"255.255.255.255", true},
    {"::", true},
    {"::1", true},
    {"::2", true},
    {"::7f00:1", true},
    {"::ffff:127.0.0.1", true},
    {"::ffff:10.1.2.3", true},
    {"::ffff:8.8.8.8", false},
    {"::8.8.8.8", true},
    {"64:ff9b::8.8.8.8", false},
    {"64:ff9b::192.168.1.1", true},
    {"64:ff9b:1::10.0.0.1", true},
    {"100::1", true},
    {"2001::1", true},
    {"2001:db8::1", true},
    {"2002:7f00:1::1", true},
    {"2002:808:808::1", false},
    {"2606:50c0:8000::153", false},
    {"2a00:1450:4001:829::200e", false},
    {"3fff::1", true},
    {"4000::1", true},
    {"fc00::1", true},
    {"fd12:3456::1", true},
    {"fe80::1", true},
    {"fec0::1", true},
    {"ff02::1", true},
};

static void an_address(void **state)
{
    const struct address *row = *state;
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    bool v4 = inet_pton(AF_INET, row->name, &in.sin_addr) == 1, literal, loopback;

    if (!v4)
        assert_int_equal(inet_pton(AF_INET6, row->name, &in6.sin6_addr), 1);
    assert_int_equal(address_is_private(v4 ? (struct sockaddr *)&in : (struct sockaddr *)&in6),
                     row->is_private);
    assert_int_equal(address_is_private_text(row->name, &literal, &loopback), row->is_private);
    assert_true(literal);
}

static void another_family_is_private(void **state)
{
    struct sockaddr any = {.sa_family = AF_UNIX};

    (void)state;
    assert_true(address_is_private(&any));
}

static const struct base {
    const char *name, *url, *origin, *prefix; /* origin NULL: refused */
    bool private_network;
} bases[] = {
    {"an API", "https://api.github.com", "https://api.github.com", "", false},
    {"a path and a blank end", "https://GitHub.Example/api/v3/", "https://github.example",
     "/api/v3", false},
    {"a port", "https://h.example:8443", "https://h.example:8443", "", false},
    {"the usual port", "https://h.example:443/", "https://h.example", "", false},
    {"this machine", "http://127.0.0.1:9", "http://127.0.0.1:9", "", false},
    {"this machine by name", "http://localhost:9", "http://localhost:9", "", false},
    {"this machine by IPv6", "http://[::1]:9", "http://[::1]:9", "", false},
    {"this machine in disguise", "http://0x7f.1", "http://127.0.0.1", "", false},
    {"this machine as a number", "http://2130706433", "http://127.0.0.1", "", false},
    {"http to elsewhere", "http://api.example", NULL, NULL, false},
    {"http to a private address", "http://10.0.0.1", NULL, NULL, false},
    {"http to elsewhere in one's own network", "http://mock:80", "http://mock", "", true},
    {"ftp", "ftp://h.example", NULL, NULL, false},
    {"a file", "file:///etc/passwd", NULL, NULL, false},
    {"no scheme", "api.github.com", NULL, NULL, false},
    {"a user", "https://me@h.example", NULL, NULL, false},
    {"a password", "https://me:hunter2@h.example", NULL, NULL, false},
    {"a query", "https://h.example/?a=b", NULL, NULL, false},
    {"a fragment", "https://h.example/#a", NULL, NULL, false},
    {"a blank", "https://h.example/a b", NULL, NULL, false},
    {"a line break", "https://h.example/\r\nX: 1", NULL, NULL, false},
    {"nothing", "", NULL, NULL, false},
    {"no host", "https://", NULL, NULL, false},
    {"a port beyond all", "https://h.example:99999", NULL, NULL, false},
};

static void a_base_url(void **state)
{
    const struct base *row = *state;
    ds_http_settings settings = {.base_url = row->url, .private_network = row->private_network};
    ds_err err = DS_ERR_INIT;
    url_base base;

    assert_int_equal(ds_http_settings_ok(&settings, &err), row->origin != NULL);
    if (!row->origin) {
        assert_int_equal(err.kind, DS_ERR_CONFIG);
        assert_null(strstr(err.text, "hunter2"));
        return;
    }
    assert_true(url_read_base(row->url, scratch, &base, &err));
    assert_string_equal(base.origin, row->origin);
    assert_string_equal(base.prefix, row->prefix);
}

static void a_path_is_put_behind_the_base(void **state)
{
    ds_err err = DS_ERR_INIT;
    url_base base;

    (void)state;
    assert_true(url_read_base("https://h.example/api/v3", scratch, &base, &err));
    assert_string_equal(url_of(&base, "/a?b", scratch, &err), "https://h.example/api/v3/a?b");
    assert_string_equal(url_of(&base, "", scratch, &err), "https://h.example/api/v3");
    assert_string_equal(url_of(&base, "https://H.example/x", scratch, &err), "https://h.example/x");
    assert_string_equal(url_of(&base, "/a?u=https://evil.test/", scratch, &err),
                        "https://h.example/api/v3/a?u=https://evil.test/");
    assert_null(url_of(&base, "https://h.example.evil.test/x", scratch, &err));
    assert_null(url_of(&base, "https://h.example:8443/x", scratch, &err));
    assert_null(url_of(&base, "https://h.example@evil.test/x", scratch, &err));
    assert_string_equal(ds_http_escape(scratch, "a/b c?\xc3\xa4&.~"), "a%2Fb%20c%3F%C3%A4%26.~");
}

static const struct wait {
    const char *name; /* the header */
    int64_t ms;
} waits[] = {
    {"0", 0},
    {"7", 7000},
    {"86400", 86400000},
    {"86401", 86400000},
    {"1000000000000", 86400000},
    {"99999999999999999999999", 86400000},
    {"Thu, 01 Jan 1970 00:01:40 GMT", 70000},
    {"Thu Jan  1 00:01:40 1970", 70000},
    {"Thu, 01 Jan 1970 00:00:10 GMT", 0},
    {"Fri, 01 Jan 2099 00:00:00 GMT", 86400000},
    {"-5", -1},
    {"1.5", -1},
    {"soon", -1},
    {"", -1},
    {"7 seconds", -1},
};

static void a_retry_after(void **state)
{
    const struct wait *row = *state;

    assert_true(http_start());
    assert_int_equal(retry_after_ms(row->name, 30000), row->ms);
}

static void links_are_found_by_their_rel(void **state)
{
    static const char *const rows[][2] = {
        {"<https://h/?page=2>; rel=\"next\"", "https://h/?page=2"},
        {"<https://h/1>; rel=prev, <https://h/3>; rel=next", "https://h/3"},
        {"<https://h/3>; title=\"x\"; rel=\"last next\"", "https://h/3"},
        {"<https://h/3>; rel=\"nextone\"", NULL},
        {"<https://h/3>; norel=\"next\"", NULL},
        {"<https://h/3", NULL},
        {"", NULL},
        {"<>; rel=next", ""},
    };

    (void)state;
    for (size_t i = 0; i < DS_COUNT(rows); i++) {
        ds_http_header header = {"link", rows[i][0]};
        ds_http_answer answer = {.headers = &header, .headers_n = 1};
        const char *got = ds_http_link(&answer, "next", scratch);

        if (rows[i][1])
            assert_string_equal(got, rows[i][1]);
        else
            assert_null(got);
    }
}

static void a_token_that_cannot_be_one(void **state)
{
    static const char *const tokens[] = {"", "a\nb", "a\r\nX: 1", " a", "a ", "a\x7f"};
    ds_http_settings settings = {.base_url = "http://127.0.0.1:9"};
    ds_activity act = {.arena = scratch, .clock = ds_clock_system()};

    (void)state;
    for (size_t i = 0; i < DS_COUNT(tokens); i++) {
        ds_secret *token = ds_secret_new(tokens[i], strlen(tokens[i]));
        ds_err err = DS_ERR_INIT;

        assert_null(
            ds_http_open(&act, &(ds_http_setup){.settings = &settings, .token = token}, &err));
        assert_int_equal(err.kind, DS_ERR_CONFIG);
        ds_secret_free(token);
    }
    assert_true(ds_http_proxy_is_harmless("http://proxy:3128"));
    assert_false(ds_http_proxy_is_harmless("http://u:p@proxy:3128"));
}

static const struct proxy {
    const char *name, *text;
    bool ok;
} proxies[] = {
    {"host and port", "http://proxy:3128", true},
    {"an address", "http://10.0.0.1:3128/", true},
    {"one that speaks TLS itself", "https://proxy:443", true},
    {"user and password", "http://me:s%40cret@proxy:3128", true},
    {"no scheme", "proxy:3128", false},
    {"no port", "http://proxy", false},
    {"another protocol", "socks5://proxy:1080", false},
    {"a line break", "http://proxy:3128\r\nX: s%40cret", false},
    {"a path", "http://proxy:3128/s%40cret", false},
    {"a query", "http://proxy:3128?s%40cret", false},
    {"nothing", "", false},
};

static void a_proxy(void **state)
{
    const struct proxy *row = *state;
    ds_secret *secret = ds_secret_new(row->text, strlen(row->text));
    ds_http_settings settings = {.base_url = "https://h.example", .proxy = secret};
    ds_err err = DS_ERR_INIT;
    bool ok = ds_http_settings_ok(&settings, &err);

    ds_secret_free(secret);
    assert_int_equal(ok, row->ok);
    assert_int_equal(err.kind, ok ? DS_ERR_NONE : DS_ERR_CONFIG);
    assert_null(strstr(err.text, "s%40cret"));
}

int main(void)
{
    add_table(addresses, an_address);
    add_test(another_family_is_private);
    add_table(bases, a_base_url);
    add_table(proxies, a_proxy);
    add_test(a_path_is_put_behind_the_base);
    add_table(waits, a_retry_after);
    add_test(links_are_found_by_their_rel);
    add_test(a_token_that_cannot_be_one);
    return run_tests("http address");
}
