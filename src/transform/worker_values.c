/* src/transform/worker_values.c
 *
 * Records to libjq's values and back, without text in between.  jv values are consumed by what they
 * are given to, unless copied first; the comments here say only where that is not plain.
 */
#include "transform/worker.h"

#include <durable_sync/record.h>
#include <math.h>
#include <stdio.h>

#define DEPTH_MAX DS_JSON_DEPTH_MAX
#define REASON_MAX ((size_t)300) /* bytes of what an expression says when it fails */

/* ---- in -------------------------------------------------------------------------------------- */

static jv take_text(ds_wire_in *in)
{
    size_t n;
    const char *text = ds_wire_text(in, &n);

    return text ? jv_string_sized(text, (int)n) : jv_invalid();
}

static jv take_value(ds_wire_in *in, int depth);

static jv take_list(ds_wire_in *in, int depth)
{
    uint32_t n = ds_wire_u32(in);
    jv list = jv_array();

    for (uint32_t i = 0; i < n && !in->bad; i++)
        list = jv_array_append(list, take_value(in, depth + 1));
    return list;
}

static jv take_members(ds_wire_in *in, int depth)
{
    uint32_t n = ds_wire_u32(in);
    jv object = jv_object();

    for (uint32_t i = 0; i < n && !in->bad; i++) {
        jv name = take_text(in);

        if (!jv_is_valid(name)) {
            jv_free(name);
            break;
        }
        object = jv_object_set(object, name, take_value(in, depth + 1));
    }
    return object;
}

static jv take_value(ds_wire_in *in, int depth)
{
    in->bad |= depth > 2 * DEPTH_MAX;
    switch (ds_wire_letter(in)) {
    case DS_WIRE_NULL:
        return jv_null();
    case DS_WIRE_FALSE:
        return jv_false();
    case DS_WIRE_TRUE:
        return jv_true();
    case DS_WIRE_NUMBER:
        return jv_number(ds_wire_number(in));
    case DS_WIRE_TEXT:
        return take_text(in);
    case DS_WIRE_LIST:
        return take_list(in, depth);
    case DS_WIRE_OBJECT:
        return take_members(in, depth);
    default:
        in->bad = true;
        return jv_null();
    }
}

jv ds_worker_take(ds_wire_in *in, ds_worker_record *rec)
{
    jv input;

    rec->key = take_text(in);
    rec->has_body = ds_wire_letter(in) == 1;
    rec->body = rec->has_body ? take_text(in) : jv_null();
    rec->props = take_members(in, 0);
    if (in->bad)
        return jv_invalid();
    input = jv_object_set(jv_object(), jv_string("primary_key"), jv_copy(rec->key));
    input = jv_object_set(input, jv_string("properties"), jv_copy(rec->props));
    return jv_object_set(input, jv_string("body"), jv_copy(rec->body));
}

void ds_worker_record_free(ds_worker_record *rec)
{
    jv_free(rec->key);
    jv_free(rec->props);
    jv_free(rec->body);
}

/* ---- out ------------------------------------------------------------------------------------- */

void ds_worker_hold(ds_buf *out, const char *reason)
{
    size_t n = strlen(reason);

    ds_buf_char(out, 'h');
    ds_wire_put_text(out, reason,
                     DS_MIN(n, REASON_MAX)); /* whoever reads it mends a cut character */
}

/* What is wrong with a value, for the reason; NULL: nothing. The value is borrowed. */
static const char *put_value(ds_buf *out, jv value, int depth);

static void put_string(ds_buf *out, jv text)
{
    ds_wire_put_text(out, jv_string_value(text), (size_t)jv_string_length_bytes(jv_copy(text)));
}

static const char *put_number(ds_buf *out, double number)
{
    if (isnan(number))
        return "is no number (nan)";
    if (isinf(number))
        return "is infinite";
    if (fabs(number) > DS_WIRE_SAFE)
        return "is a number beyond 2^53, which jq cannot compute exactly: make it text";
    ds_wire_put_number(out, number);
    return NULL;
}

static const char *put_list(ds_buf *out, jv list, int depth)
{
    int n = jv_array_length(jv_copy(list));
    const char *wrong = NULL;

    ds_buf_char(out, DS_WIRE_LIST);
    ds_wire_put_u32(out, (uint32_t)n);
    for (int i = 0; i < n && !wrong; i++) {
        jv item = jv_array_get(jv_copy(list), i);

        wrong = put_value(out, item, depth + 1);
        jv_free(item);
    }
    return wrong;
}

static const char *put_object(ds_buf *out, jv object, int depth)
{
    const char *wrong = NULL;

    ds_buf_char(out, DS_WIRE_OBJECT);
    ds_wire_put_u32(out, (uint32_t)jv_object_length(jv_copy(object)));
    for (int at = jv_object_iter(object); jv_object_iter_valid(object, at) && !wrong;
         at = jv_object_iter_next(object, at)) {
        jv name = jv_object_iter_key(object, at), value = jv_object_iter_value(object, at);

        put_string(out, name);
        wrong = put_value(out, value, depth + 1);
        jv_free(name);
        jv_free(value);
    }
    return wrong;
}

static const char *put_value(ds_buf *out, jv value, int depth)
{
    if (depth > DEPTH_MAX)
        return "is nested more than 64 levels deep";
    if (out->overflow)
        return "makes the record larger than 32 MiB";
    switch (jv_get_kind(value)) {
    case JV_KIND_NULL:
        ds_buf_char(out, DS_WIRE_NULL);
        return NULL;
    case JV_KIND_FALSE:
        ds_buf_char(out, DS_WIRE_FALSE);
        return NULL;
    case JV_KIND_TRUE:
        ds_buf_char(out, DS_WIRE_TRUE);
        return NULL;
    case JV_KIND_NUMBER:
        return put_number(out, jv_number_value(value));
    case JV_KIND_STRING:
        ds_buf_char(out, DS_WIRE_TEXT);
        put_string(out, value);
        return NULL;
    case JV_KIND_ARRAY:
        return put_list(out, value, depth);
    case JV_KIND_OBJECT:
        return put_object(out, value, depth);
    case JV_KIND_INVALID:
        break;
    }
    return "is no value";
}

/* The value is what went in by that name. Comparing goes no deeper than what went in is. */
static bool is_untouched(const ds_worker_record *rec, jv name, jv value)
{
    jv was;

    if (!jv_object_has(jv_copy(rec->props), jv_copy(name)))
        return false;
    was = jv_object_get(jv_copy(rec->props), jv_copy(name));
    if (jv_get_kind(was) == jv_get_kind(value))
        return jv_equal(was, jv_copy(value));
    jv_free(was);
    return false;
}

DS_PRINTF(2, 3) static void hold(ds_buf *out, const char *fmt, ...)
{
    char reason[512];
    va_list args;

    va_start(args, fmt);
    /* clang-tidy 14 does not see va_start where a jv was passed by value before.
     * NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
    vsnprintf(reason, sizeof(reason), fmt, args);
    va_end(args);
    ds_worker_hold(out, reason);
}

/* The properties; false: held instead, from `began` on. */
static bool put_props(ds_buf *out, size_t began, const ds_worker_record *rec, jv props)
{
    int n = jv_object_length(jv_copy(props));

    ds_wire_put_u32(out, (uint32_t)n);
    for (int at = jv_object_iter(props); jv_object_iter_valid(props, at);
         at = jv_object_iter_next(props, at)) {
        jv name = jv_object_iter_key(props, at), value = jv_object_iter_value(props, at);
        const char *wrong = NULL;

        put_string(out, name);
        if (is_untouched(rec, name, value))
            ds_buf_char(out, DS_WIRE_SAME);
        else
            wrong = put_value(out, value, 1);
        if (!wrong && out->overflow)
            wrong = "makes the record larger than 32 MiB";
        if (wrong) {
            out->n = began;
            out->overflow = false;
            hold(out, "property \"%.100s\" %s", jv_string_value(name), wrong);
        }
        jv_free(name);
        jv_free(value);
        if (wrong)
            return false;
    }
    return true;
}

/* A member the program has left out stays as it was; the body has to be there to be kept. */
static const char *not_a_record(const ds_worker_record *rec, jv made)
{
    jv key, body, props;
    const char *wrong = NULL;

    for (int at = jv_object_iter(made); jv_object_iter_valid(made, at) && !wrong;
         at = jv_object_iter_next(made, at)) {
        jv name = jv_object_iter_key(made, at);
        const char *text = jv_string_value(name);

        if (strcmp(text, "primary_key") != 0 && strcmp(text, "properties") != 0 &&
            strcmp(text, "body") != 0)
            wrong = "has other members than primary_key, properties and body: what is to be "
                    "written belongs into properties";
        jv_free(name);
    }
    key = jv_object_get(jv_copy(made), jv_string("primary_key"));
    props = jv_object_get(jv_copy(made), jv_string("properties"));
    body = jv_object_get(jv_copy(made), jv_string("body"));
    if (!wrong && jv_get_kind(props) != JV_KIND_OBJECT)
        wrong = "has no properties that are an object";
    if (!wrong && jv_is_valid(body) && jv_get_kind(body) != JV_KIND_NULL &&
        jv_get_kind(body) != JV_KIND_STRING)
        wrong = "has a body that is not text";
    if (!wrong && jv_is_valid(key) && !jv_equal(jv_copy(key), jv_copy(rec->key)))
        wrong = "has another primary_key: it names the row for ever, so it cannot be changed here";
    jv_free(key);
    jv_free(props);
    jv_free(body);
    return wrong;
}

static void put_body(ds_buf *out, const ds_worker_record *rec, jv body)
{
    if (jv_get_kind(body) == JV_KIND_STRING && rec->has_body &&
        jv_equal(jv_copy(body), jv_copy(rec->body))) {
        ds_buf_char(out, DS_WIRE_SAME);
    } else if (jv_get_kind(body) == JV_KIND_STRING) {
        ds_buf_char(out, DS_WIRE_TEXT);
        put_string(out, body);
    } else {
        ds_buf_char(out, DS_WIRE_NULL);
    }
    jv_free(body);
}

static void put_record(ds_buf *out, const ds_worker_record *rec, jv made)
{
    size_t began = out->n;
    const char *wrong = not_a_record(rec, made);
    jv props;

    if (wrong) {
        hold(out, "what comes out %s", wrong);
        return;
    }
    ds_buf_char(out, 'r');
    put_body(out, rec, jv_object_get(jv_copy(made), jv_string("body")));
    props = jv_object_get(jv_copy(made), jv_string("properties"));
    (void)!put_props(out, began, rec, props);
    jv_free(props);
}

void ds_worker_put(ds_buf *out, const ds_worker_record *rec, jv made)
{
    size_t most = out->max;
    jv_kind kind = jv_get_kind(made);

    out->max = DS_MIN(most, out->n + DS_RECORD_MAX);
    if (kind == JV_KIND_NULL || kind == JV_KIND_INVALID)
        ds_buf_char(out, 'd');
    else if (kind == JV_KIND_OBJECT)
        put_record(out, rec, made);
    else
        hold(out, "what comes out is no record but %s %s", kind == JV_KIND_ARRAY ? "an" : "a",
             jv_kind_name(kind));
    out->max = most;
    jv_free(made);
}
