/* tests/temporal/wire_turn.c
 *
 * Reads messages and says what it read, for test_wire.py: a line `NAME HEX` is answered by a line
 * `HEX JSON`, the message written again and its fields, or `malformed`.  In the JSON bytes are
 * hexadecimal, enums numbers, integers text, and fields that nobody knows are counted as `?`.
 */
#include "wire_turn.h"

#include <durable_sync/json.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES (64 * DS_MIB)

static void print_hex(ds_buf *out, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ds_buf_printf(out, "%02x", bytes[i]);
}

static void print_message(ds_json_writer *w, const ProtobufCMessage *m);

static void print_number(ds_json_writer *w, const ProtobufCFieldDescriptor *field, const void *at)
{
    char text[64];

    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_ENUM:
        snprintf(text, sizeof text, "%" PRId32, *(const int32_t *)at);
        break;
    case PROTOBUF_C_TYPE_UINT32:
        snprintf(text, sizeof text, "%" PRIu32, *(const uint32_t *)at);
        break;
    case PROTOBUF_C_TYPE_INT64:
        snprintf(text, sizeof text, "%" PRId64, *(const int64_t *)at);
        break;
    case PROTOBUF_C_TYPE_FLOAT:
        snprintf(text, sizeof text, "%.9g", (double)*(const float *)at);
        break;
    case PROTOBUF_C_TYPE_DOUBLE:
        snprintf(text, sizeof text, "%.17g", *(const double *)at);
        break;
    default:
        snprintf(text, sizeof text, "a type that the messages have none of");
        break;
    }
    ds_json_w_text(w, text);
}

static void print_value(ds_json_writer *w, const ProtobufCFieldDescriptor *field, const void *at)
{
    DS_AUTO_BUF(bytes, LINE_MAX_BYTES);
    const ProtobufCBinaryData *data = at;

    switch (field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        print_message(w, *(const ProtobufCMessage *const *)at);
        break;
    case PROTOBUF_C_TYPE_STRING:
        ds_json_w_text(w, *(const char *const *)at);
        break;
    case PROTOBUF_C_TYPE_BYTES:
        print_hex(&bytes, data->data, data->len);
        ds_json_w_text(w, bytes.data ? bytes.data : "");
        break;
    case PROTOBUF_C_TYPE_BOOL:
        ds_json_w_bool(w, *(const protobuf_c_boolean *)at);
        break;
    default:
        print_number(w, field, at);
    }
}

static size_t value_size(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_MESSAGE:
    case PROTOBUF_C_TYPE_STRING:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    default:
        return 4;
    }
}

static void print_list(ds_json_writer *w, const ProtobufCFieldDescriptor *field, const char *at,
                       size_t n)
{
    ds_json_w_begin_list(w);
    for (size_t i = 0; i < n; i++)
        print_value(w, field, *(const char *const *)at + i * value_size(field));
    ds_json_w_end_list(w);
}

/* Whether a field that is no list is there. */
static bool is_set(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *field)
{
    const char *at = (const char *)m + field->offset;
    const char *quantifier = (const char *)m + field->quantifier_offset;

    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        return *(const uint32_t *)quantifier == field->id;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE || field->type == PROTOBUF_C_TYPE_STRING)
        return *(const void *const *)at != NULL;
    return *(const protobuf_c_boolean *)quantifier;
}

static void print_message(ds_json_writer *w, const ProtobufCMessage *m)
{
    ds_json_w_begin_object(w);
    for (unsigned i = 0; i < m->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &m->descriptor->fields[i];
        const char *at = (const char *)m + field->offset;
        bool list = field->label == PROTOBUF_C_LABEL_REPEATED;
        size_t n = list ? *(const size_t *)((const char *)m + field->quantifier_offset) : 0;

        if (list ? !n : !is_set(m, field))
            continue;
        ds_json_w_name(w, field->name);
        if (list)
            print_list(w, field, at, n);
        else
            print_value(w, field, at);
    }
    if (m->n_unknown_fields) {
        ds_json_w_name(w, "?");
        ds_json_w_int(w, m->n_unknown_fields);
    }
    ds_json_w_end_object(w);
}

static const ProtobufCMessageDescriptor *find(const char *name)
{
    for (const struct named_descriptor *d = named_descriptors; d->name; d++)
        if (strcmp(d->name, name) == 0)
            return d->descriptor;
    fprintf(stderr, "wire_turn: there is no message %s\n", name);
    exit(2);
}

static uint8_t *from_hex(const char *digits, size_t *n, ds_arena *a)
{
    uint8_t *out = ds_arena_alloc(a, strlen(digits) / 2 + 1);
    unsigned value;

    for (*n = 0; sscanf(digits + 2 * *n, "%2x", &value) == 1; ++*n)
        out[*n] = (uint8_t)value;
    return out;
}

static void turn(const char *name, const char *digits)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    DS_AUTO_BUF(out, LINE_MAX_BYTES);
    ds_json_writer w = ds_json_w(&out, false);
    size_t n;
    const uint8_t *bytes = from_hex(digits, &n, a);
    const ProtobufCMessage *m = ds_wire_unpack(find(name), bytes, n, a);

    if (!m) {
        puts("malformed");
        return;
    }
    bytes = ds_wire_pack(m, a, &n);
    print_hex(&out, bytes, n);
    ds_buf_char(&out, ' ');
    print_message(&w, m);
    puts(out.data);
}

int main(void)
{
    char *line = NULL;
    size_t room = 0;

    while (getline(&line, &room, stdin) > 0) {
        char *space = strchr(line, ' ');

        line[strcspn(line, "\n")] = '\0';
        if (space)
            *space = '\0';
        turn(line, space ? space + 1 : "");
        fflush(stdout);
    }
    free(line);
    return 0;
}
