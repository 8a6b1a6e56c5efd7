/* src/engine/temporal/grpc_answer.c - one answer, read as it comes in. */
#include "engine/temporal/grpc_answer.h"

#include "base/base64.h"

#include <string.h>

#define HEAD_MAX (64 * DS_KIB) /* of all its headers and trailers */
#define HEAD_LINES_MAX ((size_t)200)
#define MESSAGE_MAX (8 * DS_KIB)
#define IGNORED_MAX DS_MIB

void ds_answer_init(ds_answer *an, size_t max)
{
    *an = (ds_answer){.max = max, .status = -1};
    ds_buf_init(&an->body, DS_FRAME_HEAD + max);
    ds_buf_init(&an->message, MESSAGE_MAX);
    ds_buf_init(&an->details, HEAD_MAX);
}

void ds_answer_fini(ds_answer *an)
{
    ds_buf_fini(&an->body);
    ds_buf_fini(&an->message);
    ds_buf_fini(&an->details);
}

static bool wrong(ds_answer *an, int status, const char *why)
{
    if (!an->wrong) {
        an->wrong = status;
        an->why = why;
    }
    return false;
}

/* ---- headers --------------------------------------------------------------------------------- */

void ds_answer_block(ds_answer *an, bool last)
{
    an->last = last;
}

/* A whole number of up to `digits` digits; -1: none. */
static int number(const uint8_t *text, size_t n, size_t digits)
{
    int value = 0;

    if (!n || n > digits)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

static void read_type(ds_answer *an, const uint8_t *value, size_t n)
{
    static const char grpc[] = "application/grpc";
    size_t head = sizeof(grpc) - 1, shown = DS_MIN(n, sizeof(an->type) - 1);

    an->is_grpc = n >= head && !memcmp(value, grpc, head) &&
                  (n == head || value[head] == '+' || value[head] == ';');
    for (size_t i = 0; i < shown; i++)
        an->type[i] = (char)(value[i] >= ' ' && value[i] < 127 ? value[i] : '?');
    an->type[shown] = '\0';
}

/* What ends an answer stands in its last block alone. The first of two wins. */
static void read_trailer(ds_answer *an, const uint8_t *name, size_t name_n, const uint8_t *value,
                         size_t n)
{
    if (name_n == 11 && !memcmp(name, "grpc-status", 11) && an->status < 0) {
        an->status = number(value, n, 4);
        if (an->status < 0)
            an->status = DS_GRPC_UNKNOWN;
    }
    if (name_n == 12 && !memcmp(name, "grpc-message", 12) && !an->message.n)
        ds_buf_add(&an->message, value, DS_MIN(n, MESSAGE_MAX - 1));
    if (name_n == 23 && !memcmp(name, "grpc-status-details-bin", 23) && !an->details.n)
        ds_buf_add(&an->details, value, n);
}

bool ds_answer_header(ds_answer *an, const uint8_t *name, size_t name_n, const uint8_t *value,
                      size_t value_n)
{
    an->head_n += name_n + value_n;
    if (an->head_n > HEAD_MAX || ++an->head_lines > HEAD_LINES_MAX)
        return wrong(an, DS_GRPC_INTERNAL, "the server's headers are larger than 64 KiB");
    if (name_n == 7 && !memcmp(name, ":status", 7))
        an->http_status = number(value, value_n, 3);
    else if (name_n == 12 && !memcmp(name, "content-type", 12))
        read_type(an, value, value_n);
    else if (an->last)
        read_trailer(an, name, name_n, value, value_n);
    return true;
}

/* ---- data ------------------------------------------------------------------------------------ */

static size_t message_n(const uint8_t *head)
{
    return (size_t)head[1] << 24 | (size_t)head[2] << 16 | (size_t)head[3] << 8 | head[4];
}

/* The five bytes are there: what they say must be fit to be waited for. */
static bool check_head(ds_answer *an)
{
    const uint8_t *head = (const uint8_t *)an->body.data;

    if (head[0])
        return wrong(an, DS_GRPC_INTERNAL,
                     "the answer is compressed, though we accept none that is");
    if (message_n(head) > an->max)
        return wrong(an, DS_GRPC_RESOURCE_EXHAUSTED, "an answer is larger than max");
    an->body.max = DS_FRAME_HEAD + message_n(head); /* no more room is made than it asks for */
    return true;
}

bool ds_answer_data(ds_answer *an, const uint8_t *data, size_t n)
{
    size_t head = an->body.n < DS_FRAME_HEAD ? DS_MIN(n, DS_FRAME_HEAD - an->body.n) : 0;

    if (an->wrong)
        return false;
    if (!an->is_grpc || an->http_status != 200) { /* a proxy's page */
        an->ignored += n;
        return an->ignored <= IGNORED_MAX ||
               wrong(an, DS_GRPC_UNKNOWN, "the answer is none of gRPC's, and has no end");
    }
    ds_buf_add(&an->body, data, head);
    if (an->body.n < DS_FRAME_HEAD)
        return true;
    if (head && !check_head(an))
        return false;
    if (n - head > DS_FRAME_HEAD + message_n((const uint8_t *)an->body.data) - an->body.n)
        return wrong(an, DS_GRPC_INTERNAL, "there is more in the answer than one message");
    ds_buf_add(&an->body, data + head, n - head);
    return true;
}

/* ---- details --------------------------------------------------------------------------------- */

/* Of several values, with commas between, the first. NULL: it is none. */
static const uint8_t *from_base64(const ds_buf *text, ds_arena *a, size_t *n)
{
    return text->data ? ds_base64_read(text->data, strcspn(text->data, ","), a, n) : NULL;
}

typedef struct bytes {
    const uint8_t *at, *end;
} bytes;

static bool take_varint(bytes *b, uint64_t *out)
{
    *out = 0;
    for (int shift = 0; shift < 64 && b->at < b->end; shift += 7) {
        uint8_t byte = *b->at++;

        *out |= (uint64_t)(byte & 127) << shift;
        if (!(byte & 128))
            return true;
    }
    return false;
}

/* The next field: its number, and its bytes where it has some. false: the end, or no protobuf. */
static bool take_field(bytes *b, uint64_t *number, bytes *value)
{
    uint64_t key, n;

    *value = (bytes){b->at, b->at};
    if (!take_varint(b, &key))
        return false;
    *number = key >> 3;
    switch (key & 7) {
    case 0:
        return take_varint(b, &n);
    case 1:
        n = 8;
        break;
    case 2:
        if (!take_varint(b, &n))
            return false;
        break;
    case 5:
        n = 4;
        break;
    default:
        return false;
    }
    if (n > (uint64_t)(b->end - b->at))
        return false;
    *value = (bytes){b->at, b->at + n};
    b->at += n;
    return true;
}

/* The first field of that number; empty where there is none. */
static bytes field(bytes b, uint64_t wanted)
{
    bytes value;
    uint64_t number;

    while (take_field(&b, &number, &value)) {
        if (number == wanted)
            return value;
    }
    return (bytes){b.end, b.end};
}

static const char *text_of(ds_arena *a, const char *text, size_t n)
{
    char *clean = ds_arena_strndup(a, text, n);

    for (size_t i = 0; i < n; i++)
        clean[i] = (char)((unsigned char)clean[i] < ' ' || clean[i] == 127 ? ' ' : clean[i]);
    return ds_utf8_repair(a, clean, &n);
}

/* google.rpc.Status: 2 message, 3 details; of these the first, an Any: 1 type_url, 2 value. */
static void read_details(const ds_answer *an, ds_arena *a, ds_grpc_failure *out)
{
    size_t n;
    const uint8_t *raw = from_base64(&an->details, a, &n);
    bytes status = {raw, raw ? raw + n : raw}, any, type, message;
    const char *slash;

    if (!raw)
        return;
    any = field(status, 3);
    type = field(any, 1);
    message = field(status, 2);
    if (!*out->text)
        out->text = text_of(a, (const char *)message.at, (size_t)(message.end - message.at));
    if (type.at == type.end)
        return;
    out->detail_type = text_of(a, (const char *)type.at, (size_t)(type.end - type.at));
    slash = strrchr(out->detail_type, '.');
    out->detail_type = slash ? slash + 1 : out->detail_type;
    out->detail = field(any, 2).at;
    out->detail_n = (size_t)(field(any, 2).end - out->detail);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* grpc-message: %XX for what is no plain ASCII; a % that stands for nothing stays. */
static const char *read_message(const ds_answer *an, ds_arena *a)
{
    const char *in = an->message.data;
    size_t n = 0;
    char *out = ds_arena_alloc(a, an->message.n + 1);

    for (size_t i = 0; i < an->message.n; i++) {
        bool coded =
            in[i] == '%' && i + 2 < an->message.n && hex(in[i + 1]) >= 0 && hex(in[i + 2]) >= 0;

        out[n++] = coded ? (char)(unsigned char)(hex(in[i + 1]) * 16 + hex(in[i + 2])) : in[i];
        i += coded ? 2 : 0;
    }
    return text_of(a, out, n);
}

static int status_of_http(int status)
{
    switch (status) {
    case 400:
        return DS_GRPC_INTERNAL;
    case 401:
        return DS_GRPC_UNAUTHENTICATED;
    case 403:
        return DS_GRPC_PERMISSION_DENIED;
    case 404:
        return DS_GRPC_UNIMPLEMENTED;
    case 429:
    case 502:
    case 503:
    case 504:
        return DS_GRPC_UNAVAILABLE;
    default:
        return DS_GRPC_UNKNOWN;
    }
}

static bool no_status(const ds_answer *an, ds_arena *a, ds_grpc_failure *out)
{
    out->status = status_of_http(an->http_status);
    if (an->http_status == 200 && an->is_grpc)
        out->text = "the answer broke off: it has no grpc-status";
    else
        out->text = ds_arena_printf(a, "an answer that is none of gRPC's: HTTP %d%s%s; a proxy?",
                                    DS_MAX(an->http_status, 0), *an->type ? ", " : "", an->type);
    return false;
}

static bool no_message(ds_grpc_failure *out, const char *why)
{
    out->status = DS_GRPC_INTERNAL;
    out->text = why;
    return false;
}

bool ds_answer_read(const ds_answer *an, ds_arena *a, const uint8_t **message, size_t *n,
                    ds_grpc_failure *out)
{
    *out = (ds_grpc_failure){.text = "", .detail_type = "", .sent = true};
    if (an->wrong) {
        out->status = an->wrong;
        out->text = an->why;
        return false;
    }
    if (an->status < 0)
        return no_status(an, a, out);
    if (an->status) {
        out->answered = true;
        out->status = an->status <= DS_GRPC_UNAUTHENTICATED ? an->status : DS_GRPC_UNKNOWN;
        out->text = read_message(an, a);
        read_details(an, a, out);
        return false;
    }
    if (an->body.n < DS_FRAME_HEAD)
        return no_message(out, "the answer says that all is well, and holds no message");
    *n = an->body.n - DS_FRAME_HEAD;
    if (*n < message_n((const uint8_t *)an->body.data))
        return no_message(out, "the answer says that all is well, and its message breaks off");
    *message = memcpy(ds_arena_alloc(a, *n + 1), an->body.data + DS_FRAME_HEAD, *n);
    return true;
}
