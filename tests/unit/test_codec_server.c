/* tests/unit/test_codec_server.c - what the codec server answers, without the network. */
#include "codec/proto_json.h"
#include "codec/server.h"
#include "temporal_fixture.h"

#define KEY "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=" /* bytes 00 to 1f */
#define OTHER "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
#define PAGE "http://localhost:8233"
#define CLEAR "{\"metadata\":{\"encoding\":\"anNvbi9wbGFpbg==\"},\"data\":\"ImhlbGxvIg==\"}"
/* "hello" under KEY. */
#define SEALED                                                                                     \
    "{\"metadata\":{\"encoding\":\"YmluYXJ5L2VuY3J5cHRlZA==\"},"                                   \
    "\"data\":\"AAECAwQFBgcICQoLTRTcE6CLoXTpKPnso+MSHuy4qEScGjYSKmDH7XgFbN0jPk+8VCV+"              \
    "0kAADnCBYhw8RQ==\"}"

static const char *said;

static void on_said(void *to, const char *message)
{
    (void)to;
    said = ds_arena_strdup(scratch, message);
}

static void on_ready(void *to, int port)
{
    (void)to;
    (void)port;
}

static const ds_codec_watch watch = {on_ready, on_said, NULL};

static ds_codec_server *server_of(const ds_codec_options *options)
{
    ds_err err = DS_ERR_INIT;
    ds_codec_server *s = ds_codec_server_new(options, &watch, &err);

    assert_non_null(s);
    return s;
}

static const struct row {
    const char *name;
    ds_codec_request request;
    const char *token;
    int status;
    const char *body; /* whole, or what a text has in it; NULL: none */
    bool readable;    /* by the page that asked */
} rows[] = {
    {"decodes",
     {"POST", "/decode", .body = "{\"payloads\":[" SEALED "]}"},
     NULL,
     200,
     "{\"payloads\":[" CLEAR "]}",
     false},
    {"below any path",
     {"POST", "/codec/default/decode", .body = "{\"payloads\":[" SEALED "]}"},
     NULL,
     200,
     "{\"payloads\":[" CLEAR "]}",
     false},
    {"as many in the same order, what is in clear as it is",
     {"POST", "/decode", .body = "{\"payloads\":[" CLEAR "," SEALED ",{}," CLEAR "]}"},
     NULL,
     200,
     "{\"payloads\":[" CLEAR "," CLEAR ",{\"metadata\":{},\"data\":\"\"}," CLEAR "]}",
     false},
    {"no payloads",
     {"POST", "/decode", .body = "{\"payloads\":[]}"},
     NULL,
     200,
     "{\"payloads\":[]}",
     false},
    {"nor the list of them",
     {"POST", "/decode", .body = "{}"},
     NULL,
     200,
     "{\"payloads\":[]}",
     false},
    {"a page that may",
     {"POST", "/decode", .origin = PAGE, .body = "{}"},
     NULL,
     200,
     "{\"payloads\":[]}",
     true},
    {"a page that may, second of the list",
     {"POST", "/decode", .origin = "https://ui.example", .body = "{}"},
     NULL,
     200,
     "{\"payloads\":[]}",
     true},
    {"a page that may not",
     {"POST", "/decode", .origin = "http://localhost:82330", .body = "{}"},
     NULL,
     403,
     "--origin",
     false},
    {"a page of nowhere",
     {"POST", "/decode", .origin = "null", .body = "{}"},
     NULL,
     403,
     "--origin",
     false},
    {"a browser asks first", {"OPTIONS", "/decode", .origin = PAGE}, NULL, 204, NULL, true},
    {"and needs no token for that",
     {"OPTIONS", "/decode", .origin = PAGE},
     "secret",
     204,
     NULL,
     true},
    {"with the token",
     {"POST", "/decode", .authorization = "Bearer secret", .body = "{}"},
     "secret",
     200,
     "{\"payloads\":[]}",
     false},
    {"the scheme in any case",
     {"POST", "/decode", .authorization = "bearer secret", .body = "{}"},
     "secret",
     200,
     "{\"payloads\":[]}",
     false},
    {"without it", {"POST", "/decode", .body = "{}"}, "secret", 401, "token", false},
    {"with another one",
     {"POST", "/decode", .authorization = "Bearer secres", .body = "{}"},
     "secret",
     401,
     "token",
     false},
    {"with a part of it",
     {"POST", "/decode", .authorization = "Bearer secre", .body = "{}"},
     "secret",
     401,
     "token",
     false},
    {"with more than it",
     {"POST", "/decode", .authorization = "Bearer secret1", .body = "{}"},
     "secret",
     401,
     "token",
     false},
    {"with none",
     {"POST", "/decode", .authorization = "Bearer ", .body = "{}"},
     "secret",
     401,
     "token",
     false},
    {"by another scheme",
     {"POST", "/decode", .authorization = "Basic secret", .body = "{}"},
     "secret",
     401,
     "token",
     false},
    {"who may not read hears why",
     {"POST", "/decode", .origin = PAGE, .body = "{}"},
     "secret",
     401,
     "token",
     true},
    {"another path", {"POST", "/payloads", .body = "{}"}, NULL, 404, "/decode", false},
    {"another method", {"GET", "/decode", .body = NULL}, NULL, 405, "POST", false},
    {"a body too large", {"POST", "/decode", .too_large = true}, NULL, 413, "large", false},
    {"no body", {"POST", "/decode", .body = NULL}, NULL, 400, "", false},
    {"no JSON", {"POST", "/decode", .body = "payloads"}, NULL, 400, "line 1", false},
    {"another document", {"POST", "/decode", .body = "[]"}, NULL, 400, "payloads", false},
    {"payloads that are no list",
     {"POST", "/decode", .body = "{\"payloads\":{}}"},
     NULL,
     400,
     "payloads",
     false},
    {"a payload that is none",
     {"POST", "/encode", .body = "{\"payloads\":[" CLEAR ",1]}"},
     NULL,
     400,
     "payload 2",
     false},
    {"metadata that are none",
     {"POST", "/encode", .body = "{\"payloads\":[{\"metadata\":[]}]}"},
     NULL,
     400,
     "payload 1",
     false},
    {"metadata that are not base64",
     {"POST", "/encode", .body = "{\"payloads\":[{\"metadata\":{\"a\":\"?\"}}]}"},
     NULL,
     400,
     "payload 1",
     false},
    {"data that are a number",
     {"POST", "/encode", .body = "{\"payloads\":[{\"data\":1}]}"},
     NULL,
     400,
     "payload 1",
     false},
};

static void is_answered(void **state)
{
    const struct row *row = *state;
    ds_codec_options options = {.keys = OTHER "," KEY,
                                .host = "127.0.0.1",
                                .token = row->token,
                                .origins = PAGE ",https://ui.example"};
    DS_AUTO(ds_codec_server) s = server_of(&options);
    ds_codec_request request = row->request;
    ds_codec_reply reply = {.body = {.max = DS_MIB}};

    request.body_n = request.body ? strlen(request.body) : 0;
    ds_codec_answer(s, &request, scratch, &reply);
    assert_int_equal(reply.status, row->status);
    assert_int_equal(reply.origin != NULL, row->readable);
    if (!row->body)
        assert_int_equal(reply.body.n, 0);
    else if (row->status == 200)
        assert_string_equal(reply.body.data, row->body);
    else
        assert_non_null(strstr(reply.body.data, row->body));
    ds_buf_fini(&reply.body);
}

static const char *post(const ds_codec_server *s, const char *path, const char *body)
{
    ds_codec_request request = {"POST", path, .body = body, .body_n = strlen(body)};
    ds_codec_reply reply = {.body = {.max = DS_MIB}};
    const char *text;

    ds_codec_answer(s, &request, scratch, &reply);
    assert_int_equal(reply.status, 200);
    text = ds_arena_strdup(scratch, reply.body.data);
    ds_buf_fini(&reply.body);
    return text;
}

static void what_it_encodes_it_decodes(void **state)
{
    ds_codec_options options = {.keys = KEY, .host = "::1", .origins = ""};
    DS_AUTO(ds_codec_server) s = server_of(&options);
    const char *sealed = post(s, "/encode", "{\"payloads\":[" CLEAR "]}");

    (void)state;
    said = NULL;
    assert_non_null(strstr(sealed, "YmluYXJ5L2VuY3J5cHRlZA=="));
    assert_null(strstr(sealed, "ImhlbGxvIg"));
    assert_string_equal(post(s, "/decode", sealed), "{\"payloads\":[" CLEAR "]}");
    assert_null(said);
}

static void what_no_key_opens_stays_and_is_said(void **state)
{
    ds_codec_options options = {.keys = OTHER, .host = "127.0.0.1", .origins = ""};
    DS_AUTO(ds_codec_server) s = server_of(&options);

    (void)state;
    assert_string_equal(post(s, "/decode", "{\"payloads\":[" CLEAR "," SEALED "]}"),
                        "{\"payloads\":[" CLEAR "," SEALED "]}");
    assert_string_equal(said, "no key opens 1 of 2 payloads");
}

static const struct refused {
    const char *name;
    ds_codec_options options;
    const char *says;
} refused[] = {
    {"no key", {.keys = "", .host = "127.0.0.1", .origins = ""}, "key 1 of"},
    {"everywhere without a token", {.keys = KEY, .host = "0.0.0.0", .origins = ""}, "TOKEN"},
    {"all of IPv6 without a token", {.keys = KEY, .host = "::", .origins = ""}, "TOKEN"},
    {"an origin without a scheme", {.keys = KEY, .host = "::1", .origins = "localhost"}, "origin"},
    {"an origin with a path", {.keys = KEY, .host = "::1", .origins = PAGE "/"}, "origin"},
    {"an origin with a path, and another one",
     {.keys = KEY, .host = "::1", .origins = "https://a," PAGE "/x,https://b"},
     "origin"},
    {"every origin", {.keys = KEY, .host = "::1", .origins = "*"}, "origin"},
    {"too many of them",
     {.keys = KEY,
      .host = "::1",
      .origins = "http://1,http://2,http://3,http://4,http://5,http://6,http://7,http://8,http://9,"
                 "http://10,http://11,http://12,http://13,http://14,http://15,http://16,http://17"},
     "more than 16"},
};

static void does_not_start(void **state)
{
    const struct refused *row = *state;
    ds_err err = DS_ERR_INIT;

    assert_null(ds_codec_server_new(&row->options, &watch, &err));
    assert_int_equal(err.kind, DS_ERR_CONFIG);
    assert_non_null(strstr(err.text, row->says));
}

static void elsewhere_with_a_token_it_starts(void **state)
{
    ds_codec_options options = {.keys = KEY, .host = "0.0.0.0", .token = "t", .origins = NULL};

    (void)state;
    ds_codec_server_free(server_of(&options));
}

int main(void)
{
    add_table(rows, is_answered);
    add_test(what_it_encodes_it_decodes);
    add_test(what_no_key_opens_stays_and_is_said);
    add_table(refused, does_not_start);
    add_test(elsewhere_with_a_token_it_starts);
    return run_tests("codec server");
}
