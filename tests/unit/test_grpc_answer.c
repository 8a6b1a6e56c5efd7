/* tests/unit/test_grpc_answer.c - what a server may say to a call, and what it means. */
#include "support/run.h"

#include "engine/temporal/grpc_answer.h"

#include <stdlib.h>
#include <string.h>

#define HEAD "=\n:status: 200\ncontent-type: application/grpc\n"
#define FINE "$\ngrpc-status: 0\n"
#define REFUSAL "$\n:status: 200\ncontent-type: application/grpc\n"
/* google.rpc.Status {5, "gone", [Any of NamespaceNotFoundFailure {"x"}]} */
#define DETAILS                                                                                    \
    "CAUSBGdvbmUaUApJdHlwZS5nb29nbGVhcGlzLmNvbS90ZW1wb3JhbC5hcGkuZXJyb3JkZXRhaWxzLnYx"             \
    "Lk5hbWVzcGFjZU5vdEZvdW5kRmFpbHVyZRIDCgF4"

/* A script: "=" begins a block of headers, "$" the last one, "d HEX" is data, the rest headers. */
static const struct row {
    const char *name, *script;
    const char *message; /* NULL: a failure */
    int status;
    const char *text; /* in the failure's text */
    const char *detail;
} rows[] = {
    {"success", HEAD "d 00000000026869\n" FINE, "hi", 0, "", ""},
    {"an empty message", HEAD "d 0000000000\n" FINE, "", 0, "", ""},
    {"a message split anywhere", HEAD "d 0000\nd 000002\nd 68\nd 69\n" FINE, "hi", 0, "", ""},
    {"data that is empty", HEAD "d \nd 00000000026869\nd \n" FINE, "hi", 0, "", ""},
    {"with +proto",
     "=\n:status: 200\ncontent-type: application/grpc+proto\nd 00000000026869\n" FINE, "hi", 0, "",
     ""},
    {"an informational block first", "=\n:status: 103\n" HEAD "d 00000000026869\n" FINE, "hi", 0,
     "", ""},
    {"trailers alone", REFUSAL "grpc-status: 5\ngrpc-message: not here\n", NULL, 5, "not here", ""},
    {"a refusal behind headers", HEAD "$\ngrpc-status: 3\ngrpc-message: bad\n", NULL, 3, "bad", ""},
    {"a refusal behind a message", HEAD "d 00000000026869\n$\ngrpc-status: 13\n", NULL, 13, "", ""},
    {"success without a message", REFUSAL "grpc-status: 0\n", NULL, 13, "no message", ""},
    {"a message that breaks off", HEAD "d 00000000056869\n" FINE, NULL, 13, "breaks off", ""},
    {"a message's head that breaks off", HEAD "d 0000\n" FINE, NULL, 13, "no message", ""},
    {"more than one message", HEAD "d 000000000268690000000000\n" FINE, NULL, 13, "more", ""},
    {"a compressed message", HEAD "d 01000000026869\n" FINE, NULL, 13, "compressed", ""},
    {"a message that would be too large", HEAD "d 00000003e9\n" FINE, NULL, 8, "larger than max",
     ""},
    {"one of the greatest length there is", HEAD "d 00ffffffff\n" FINE, NULL, 8, "larger than max",
     ""},
    {"no trailers", HEAD "d 00000000026869\n", NULL, 2, "no grpc-status", ""},
    {"a status in the first block alone",
     "=\n:status: 200\ncontent-type: application/grpc\ngrpc-status: 0\nd 00000000026869\n$\nx: y\n",
     NULL, 2, "no grpc-status", ""},
    {"a status that is no number", REFUSAL "grpc-status: all well\n", NULL, 2, "", ""},
    {"a status without a name", REFUSAL "grpc-status: 99\ngrpc-message: odd\n", NULL, 2, "odd", ""},
    {"a status that overflows", REFUSAL "grpc-status: 4294967296\n", NULL, 2, "", ""},
    {"two of them", REFUSAL "grpc-status: 7\ngrpc-status: 0\n", NULL, 7, "", ""},
    {"a proxy's page", "=\n:status: 502\ncontent-type: text/html\nd 3c68\n$\n", NULL, 14,
     "HTTP 502, text/html", ""},
    {"a page with 200", "=\n:status: 200\ncontent-type: text/html\nd 3c68\n$\n", NULL, 2,
     "none of gRPC's", ""},
    {"a proxy's 401", "$\n:status: 401\n", NULL, 16, "HTTP 401", ""},
    {"a proxy's 403", "$\n:status: 403\n", NULL, 7, "HTTP 403", ""},
    {"a proxy's 404", "$\n:status: 404\n", NULL, 12, "HTTP 404", ""},
    {"a proxy's 400", "$\n:status: 400\n", NULL, 13, "HTTP 400", ""},
    {"a proxy's 429", "$\n:status: 429\n", NULL, 14, "HTTP 429", ""},
    {"a proxy's 418", "$\n:status: 418\n", NULL, 2, "HTTP 418", ""},
    {"a message in percent code", REFUSAL "grpc-status: 3\ngrpc-message: a%C3%A9%25%20b\n", NULL, 3,
     "a\xc3\xa9% b", ""},
    {"a lone percent sign stays", REFUSAL "grpc-status: 3\ngrpc-message: 5%! %4 %zz%\n", NULL, 3,
     "5%! %4 %zz%", ""},
    {"bytes that are no UTF-8", REFUSAL "grpc-status: 3\ngrpc-message: a%ff%00b%0ac\n", NULL, 3,
     "a\xef\xbf\xbd", ""},
    {"details without padding", REFUSAL "grpc-status: 5\ngrpc-status-details-bin: " DETAILS "\n",
     NULL, 5, "gone", "NamespaceNotFoundFailure"},
    {"several details: the first",
     REFUSAL "grpc-status: 5\ngrpc-message: own\ngrpc-status-details-bin: " DETAILS ",AAAA\n", NULL,
     5, "own", "NamespaceNotFoundFailure"},
    {"details that are none", REFUSAL "grpc-status: 5\ngrpc-status-details-bin: !!!\n", NULL, 5, "",
     ""},
    {"details that are no protobuf", REFUSAL "grpc-status: 5\ngrpc-status-details-bin: Gv///w==\n",
     NULL, 5, "", ""},
};

static void feed_data(ds_answer *an, const char *hex, bool *fine)
{
    for (; hex[0] && hex[1]; hex += 2) {
        char pair[3] = {hex[0], hex[1], '\0'};
        uint8_t byte = (uint8_t)strtoul(pair, NULL, 16);

        *fine = *fine && ds_answer_data(an, &byte, 1);
    }
}

static void feed_whole(ds_answer *an, const char *hex, bool *fine)
{
    uint8_t data[64];
    size_t n = 0;

    for (; hex[0] && hex[1]; hex += 2) {
        char pair[3] = {hex[0], hex[1], '\0'};

        data[n++] = (uint8_t)strtoul(pair, NULL, 16);
    }
    *fine = *fine && ds_answer_data(an, data, n);
}

static void feed(ds_answer *an, const char *script, bool byte_by_byte)
{
    char *save = NULL, *text = ds_arena_strdup(scratch, script);
    bool fine = true;

    for (char *line = strtok_r(text, "\n", &save); line && fine;
         line = strtok_r(NULL, "\n", &save)) {
        char *colon = strstr(line, ": ");

        if (!strcmp(line, "=") || !strcmp(line, "$"))
            ds_answer_block(an, *line == '$');
        else if (colon)
            fine = ds_answer_header(an, (uint8_t *)line, (size_t)(colon - line),
                                    (uint8_t *)colon + 2, strlen(colon + 2));
        else
            (byte_by_byte ? feed_data : feed_whole)(an, line + 2, &fine);
    }
    assert_int_equal(fine, !an->wrong);
}

static void check(const struct row *row, bool byte_by_byte)
{
    ds_answer an;
    ds_grpc_failure failure;
    const uint8_t *message;
    size_t n;

    ds_answer_init(&an, 1000);
    feed(&an, row->script, byte_by_byte);
    if (row->message) {
        assert_true(ds_answer_read(&an, scratch, &message, &n, &failure));
        assert_int_equal(n, strlen(row->message));
        assert_memory_equal(message, row->message, n);
    } else {
        assert_false(ds_answer_read(&an, scratch, &message, &n, &failure));
        assert_int_equal(failure.status, row->status);
        assert_non_null(strstr(failure.text, row->text));
        assert_string_equal(failure.detail_type, row->detail);
        assert_true(failure.sent);
        if (*row->detail) {
            assert_int_equal(failure.detail_n, 3);
            assert_memory_equal(failure.detail, "\x0a\x01x", 3);
        }
    }
    ds_answer_fini(&an);
}

static void an_answer(void **state)
{
    check(*state, false);
    check(*state, true);
}

/* ---- what has no end ------------------------------------------------------------------------- */

static void headers_have_a_limit(void **state)
{
    ds_answer an;
    uint8_t value[1000];
    size_t lines = 0;

    (void)state;
    memset(value, 'x', sizeof(value));
    ds_answer_init(&an, 1000);
    ds_answer_block(&an, true);
    while (ds_answer_header(&an, (const uint8_t *)"n", 1, value, sizeof(value)))
        assert_true(++lines < 70);
    assert_int_equal(an.wrong, DS_GRPC_INTERNAL);
    ds_answer_fini(&an);

    ds_answer_init(&an, 1000);
    for (lines = 0; ds_answer_header(&an, (const uint8_t *)"n", 1, value, 1); lines++)
        assert_true(lines < 1000);
    assert_int_equal(an.wrong, DS_GRPC_INTERNAL);
    ds_answer_fini(&an);
}

static void a_page_without_end_is_given_up(void **state)
{
    ds_answer an;
    uint8_t data[1000] = {0};
    size_t n = 0;

    (void)state;
    ds_answer_init(&an, 1000);
    while (ds_answer_data(&an, data, sizeof(data)))
        assert_true((n += sizeof(data)) < 2 * DS_MIB);
    assert_int_equal(an.wrong, DS_GRPC_UNKNOWN);
    assert_int_equal(an.body.n, 0);
    ds_answer_fini(&an);
}

/* A length alone costs nothing: room is made for what comes. */
static void a_great_length_takes_no_memory(void **state)
{
    static const uint8_t head[] = {0, 3, 0, 0, 0};
    ds_answer an;

    (void)state;
    ds_answer_init(&an, 64 * DS_MIB);
    feed(&an, HEAD, false);
    assert_true(ds_answer_data(&an, head, sizeof(head)));
    assert_true(an.body.cap < 1000);
    ds_answer_fini(&an);
}

int main(void)
{
    add_table(rows, an_answer);
    add_test(headers_have_a_limit);
    add_test(a_page_without_end_is_given_up);
    add_test(a_great_length_takes_no_memory);
    return run_tests("grpc answer");
}
