/* tests/unit/test_http_network.c
 *
 * Names that lead into a private network, proxies, and secrets: whatever goes wrong, none is told.
 */
#include "http_rig.h"

#include "support/tmpdir.h"
#include "base/log.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>

/* ---- names, as this test has them: libcurl finds this before the one of libc -------------------
 */

static const char *leads_to = "127.0.0.1";

DS_API int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                       struct addrinfo **out)
{
    struct {
        struct addrinfo info;
        struct sockaddr_in at;
    } *found = calloc(1, sizeof(*found));

    (void)name, (void)hints;
    if (!found)
        return EAI_MEMORY;
    found->at.sin_family = AF_INET;
    found->at.sin_port = htons((uint16_t)strtoul(service ? service : "0", NULL, 10));
    inet_pton(AF_INET, leads_to, &found->at.sin_addr);
    found->info = (struct addrinfo){.ai_family = AF_INET,
                                    .ai_socktype = SOCK_STREAM,
                                    .ai_protocol = IPPROTO_TCP,
                                    .ai_addrlen = sizeof(found->at),
                                    .ai_addr = (struct sockaddr *)&found->at};
    *out = &found->info;
    return 0;
}

DS_API void freeaddrinfo(struct addrinfo *info)
{
    free(info);
}

static void say_ok(http_conn *c)
{
    while (http_conn_read(c))
        http_conn_answer(c, 200, "", c->head);
}

/* The rig's server under another name. */
static bool ask(http_rig *rig, const char *scheme, bool private_network, ds_http_request *req)
{
    const char *port = strrchr(http_server_url(rig->server), ':');
    ds_http_settings settings = {.base_url =
                                     ds_arena_printf(scratch, "%s://api.test%s", scheme, port),
                                 .private_network = private_network};
    ds_http *http;
    bool ok;

    rig->err = DS_ERR_INIT;
    http = ds_http_open(&rig->act, &(ds_http_setup){.settings = &settings}, &rig->err);
    ok = http && ds_http_send(http, &rig->act, req, 1, &rig->err);
    ds_http_close(http);
    return ok;
}

static void a_name_that_leads_inside_is_refused_where_it_connects(void **state)
{
    static const char *const inside[] = {"127.0.0.1", "10.1.2.3", "169.254.169.254", "192.168.0.1"};
    http_rig *rig = rig_new(say_ok, NULL, false);

    (void)state;
    for (size_t i = 0; i < DS_COUNT(inside); i++) {
        ds_http_request req = get("/latest/meta-data");

        leads_to = inside[i];
        assert_false(ask(rig, "https", false, &req));
        assert_int_equal(rig->err.kind, DS_ERR_CONFIG);
        assert_non_null(strstr(rig->err.text, inside[i]));
        assert_non_null(strstr(rig->err.text, "private_network"));
        assert_int_equal(req.fate, DS_HTTP_NOT_SENT);
    }
    leads_to = "127.0.0.1";
    assert_int_equal(http_server_connections(rig->server), 0);
    rig_free(rig);
}

static void unless_that_is_meant(void **state)
{
    http_rig *rig = rig_new(say_ok, NULL, false);
    ds_http_request req = get("/");

    (void)state;
    assert_true(ask(rig, "http", true, &req));
    assert_int_equal(req.status, 200);
    rig_free(rig);
}

/* ---- proxies -----------------------------------------------------------------------------------
 */

static void a_proxy_is_the_one_of_the_settings(void **state)
{
    http_rig *rig = rig_new(say_ok, NULL, false);
    const char *proxy =
        ds_arena_printf(scratch, "http://me:pr0xy_s3cret@%s", http_server_url(rig->server) + 7);
    ds_http_settings settings = {.base_url = "http://127.0.0.1:9",
                                 .proxy = ds_secret_new(proxy, strlen(proxy))};
    ds_http_request req = get("/x");
    ds_http *http;

    (void)state;
    http = ds_http_open(&rig->act, &(ds_http_setup){.settings = &settings}, &rig->err);
    assert_non_null(http);
    assert_true(ds_http_send(http, &rig->act, &req, 1, &rig->err));
    assert_memory_equal(req.answer.body, "GET http://127.0.0.1:9/x HTTP", 29);
    assert_non_null(strstr(req.answer.body, "\r\nProxy-Authorization: Basic "));
    ds_http_close(http);
    ds_secret_free(settings.proxy);
    rig_free(rig);
}

static void want_a_password(http_conn *c)
{
    if (http_conn_read(c))
        http_conn_answer(c, 407, "Proxy-Authenticate: Basic realm=\"p\"\r\n", "");
}

static void a_proxy_that_refuses_the_password_is_asked_once(void **state)
{
    http_rig *rig = rig_new(want_a_password, NULL, false);
    const char *proxy =
        ds_arena_printf(scratch, "http://me:pr0xy_s3cret@%s", http_server_url(rig->server) + 7);
    ds_http_settings settings = {.base_url = "https://127.0.0.1:9",
                                 .proxy = ds_secret_new(proxy, strlen(proxy))};
    ds_http_request req = get("/x");
    ds_http *http;

    (void)state;
    http = ds_http_open(&rig->act, &(ds_http_setup){.settings = &settings}, &rig->err);
    assert_non_null(http);
    assert_false(ds_http_send(http, &rig->act, &req, 1, &rig->err));
    assert_int_equal(rig->err.kind, DS_ERR_CONFIG);
    assert_non_null(strstr(rig->err.text, "407"));
    assert_null(strstr(rig->err.text, "pr0xy_s3cret"));
    assert_int_equal(http_server_connections(rig->server), 1);
    ds_http_close(http);
    ds_secret_free(settings.proxy);
    rig_free(rig);
}

static void the_environments_proxy_is_not_used(void **state)
{
    http_rig *rig;
    ds_http_request req = get("/x");

    (void)state;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    rig = rig_new(say_ok, NULL, false);
    assert_true(rig_send(rig, &req, 1));
    assert_memory_equal(req.answer.body, "GET /x HTTP", 11);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
    rig_free(rig);
}

/* ---- secrets -----------------------------------------------------------------------------------
 */

#define CANARY_TOKEN "canary_token_1a2b3c"
#define CANARY_BASIC "canary_user:canary_password_4d5e6f"
#define CANARY_OWN "canary_own_7a8b9c"
#define CANARY_PROXY "canary_proxy_0d1e2f"
#define CANARY_QUERY "canary_query_3a4b5c"
#define CANARY_BODY "canary_body_6d7e8f"

static const char *const canaries[] = {
    CANARY_TOKEN, CANARY_BASIC, "Y2FuYXJ5X3VzZXI6Y2FuYXJ5X3Bhc3N3b3JkXzRkNWU2Zg==",
    CANARY_OWN,   CANARY_PROXY, CANARY_QUERY,
    CANARY_BODY};

static void repeat_it_all(http_conn *c) /* an answer that holds whatever was sent */
{
    static const int status[] = {400, 401, 403, 404, 422, 429, 500, 503};

    while (http_conn_read(c)) {
        char *credential = strstr(c->head, "canary_token");

        credential = credential ? credential : strstr(c->head, "canary_own");
        credential = credential ? credential : strstr(c->head, "Basic ");
        http_conn_answer(c, status[c->request % 8], "Retry-After: 60\r\n",
                         credential ? credential : "");
    }
}

static void hang_up(http_conn *c)
{
    (void)!http_conn_read(c);
}

static void reset(http_conn *c)
{
    if (http_conn_read(c))
        http_conn_reset(c);
}

static void nonsense(http_conn *c)
{
    if (http_conn_read(c))
        http_conn_say(c, "%s", c->head);
}

static void lead_away(http_conn *c)
{
    while (http_conn_read(c))
        http_conn_answer(c, 302, "Location: https://evil.test/?t=" CANARY_QUERY "\r\n", "");
}

static void a_lot(http_conn *c)
{
    while (http_conn_read(c))
        http_conn_answer(c, 200, "", CANARY_BODY " and more than may come");
}

static void tell_body(const ds_http_answer *answer, ds_arena *a, ds_http_verdict *v)
{
    (void)a;
    v->text = answer->body;
}

static void assert_no_canary(const char *text)
{
    for (size_t i = 0; i < DS_COUNT(canaries); i++) {
        if (strstr(text, canaries[i]))
            fail_msg("%s is told in: %s", canaries[i], text);
    }
}

static void one_fault(http_serve serve, ds_http_scheme scheme, const char *text, bool write,
                      const char *proxy)
{
    http_rig *rig = rig_new(serve, NULL, false);
    ds_http_settings settings = rig->settings;
    ds_secret *token = ds_secret_new(text, strlen(text));
    ds_http_request req = write ? create("{\"a\":\"" CANARY_BODY "\"}") : get("");
    ds_http_setup setup = {.settings = &settings,
                           .token = token,
                           .scheme = scheme,
                           .token_header = "X-Key",
                           .judge = tell_body};
    ds_http *http;

    settings.proxy = proxy ? ds_secret_new(proxy, strlen(proxy)) : NULL;
    req.path = "/pages?q=" CANARY_QUERY;
    req.answer_max = 16;
    http = ds_http_open(&rig->act, &setup, &rig->err);
    assert_non_null(http);
    (void)!ds_http_send(http, &rig->act, &req, 1, &rig->err);
    (void)!ds_http_json(&rig->act, &req, &rig->err);
    ds_wrap(&req.err, "the request");
    assert_no_canary(req.err.text);
    assert_no_canary(rig->err.text);
    ds_http_close(http);
    ds_secret_free(token);
    ds_secret_free(settings.proxy);
    rig_free(rig);
}

static void no_fault_tells_a_secret(void **state)
{
    static const http_serve faults[] = {repeat_it_all, hang_up, reset, nonsense, lead_away, a_lot};
    static const char gone[] = "http://me:" CANARY_PROXY "@127.0.0.1:1";
    tmpdir *dir = tmpdir_new();
    int fd = open(tmpdir_file(dir, "log"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    (void)state;
    ds_log_setup(DS_LOG_DEBUG, false, fd);
    for (size_t i = 0; i < DS_COUNT(faults); i++) {
        one_fault(faults[i], DS_HTTP_BEARER, CANARY_TOKEN, true, NULL);
        one_fault(faults[i], DS_HTTP_BASIC, CANARY_BASIC, true, NULL);
        one_fault(faults[i], DS_HTTP_OWN, CANARY_OWN, true, NULL);
    }
    one_fault(hang_up, DS_HTTP_BEARER, CANARY_TOKEN, false, NULL);
    one_fault(hang_up, DS_HTTP_BEARER, CANARY_TOKEN, true, gone);
    ds_log_setup(DS_LOG_INFO, false, STDERR_FILENO);
    close(fd);
    assert_no_canary(tmpdir_read(dir, "log", NULL));
    tmpdir_free(dir);
}

int main(void)
{
    add_test(a_name_that_leads_inside_is_refused_where_it_connects);
    add_test(unless_that_is_meant);
    add_test(a_proxy_is_the_one_of_the_settings);
    add_test(a_proxy_that_refuses_the_password_is_asked_once);
    add_test(the_environments_proxy_is_not_used);
    add_test(no_fault_tells_a_secret);
    return run_tests("http network");
}
