/* src/transform/decode.c
 *
 * The worker's bytes to a mapped record.  Every length is looked at before it is believed, texts
 * are made valid, and what makes no sense is said to make none.
 */
#include "base/text.h"
#include "transform/internal.h"

#include <math.h>

#define DEPTH_MAX DS_JSON_DEPTH_MAX

/* Valid UTF-8 without NUL, ended by one, in `a`. */
static const char *take_text(ds_wire_in *in, ds_arena *a, size_t *n)
{
    const char *text = ds_wire_text(in, n);

    if (!text)
        return NULL;
    text = ds_utf8_repair(a, text, n);
    return ds_arena_strndup(a, text, *n);
}

static bool take_number(ds_wire_in *in, double *number)
{
    *number = ds_wire_number(in);
    return !in->bad && fabs(*number) <= DS_WIRE_SAFE;
}

static ds_value number_value(ds_arena *a, double number)
{
    if (number == trunc(number))
        return ds_int((int64_t)number);
    return ds_real(a, number);
}

/* ---- lists and objects: compact JSON, as nested values travel -------------------------------- */

static bool write_json(ds_json_writer *w, ds_wire_in *in, ds_arena *a, int depth);

static bool write_entries(ds_json_writer *w, ds_wire_in *in, ds_arena *a, bool object, int depth)
{
    uint32_t count = ds_wire_u32(in);

    for (uint32_t i = 0; i < count && !in->bad; i++) {
        size_t n;
        const char *name = object ? take_text(in, a, &n) : NULL;

        if (object && !name)
            return false;
        if (name)
            ds_json_w_name(w, name);
        if (!write_json(w, in, a, depth + 1))
            return false;
    }
    return !in->bad;
}

static bool write_number(ds_json_writer *w, ds_wire_in *in, ds_arena *a)
{
    double number;
    const char *text;

    if (!take_number(in, &number))
        return false;
    text = ds_value_text(a, number_value(a, number));
    ds_json_w_raw(w, text, strlen(text));
    return true;
}

static bool write_text(ds_json_writer *w, ds_wire_in *in, ds_arena *a)
{
    size_t n;
    const char *text = ds_wire_text(in, &n);

    if (!text)
        return false;
    text = ds_utf8_repair(a, text, &n);
    ds_json_w_text_n(w, text, n);
    return true;
}

static bool write_json(ds_json_writer *w, ds_wire_in *in, ds_arena *a, int depth)
{
    bool ok;

    if (depth > DEPTH_MAX)
        return false;
    switch (ds_wire_letter(in)) {
    case DS_WIRE_NULL:
        ds_json_w_null(w);
        return !in->bad;
    case DS_WIRE_FALSE:
        ds_json_w_bool(w, false);
        return true;
    case DS_WIRE_TRUE:
        ds_json_w_bool(w, true);
        return true;
    case DS_WIRE_NUMBER:
        return write_number(w, in, a);
    case DS_WIRE_TEXT:
        return write_text(w, in, a);
    case DS_WIRE_LIST:
        ds_json_w_begin_list(w);
        ok = write_entries(w, in, a, false, depth);
        ds_json_w_end_list(w);
        return ok;
    case DS_WIRE_OBJECT:
        ds_json_w_begin_object(w);
        ok = write_entries(w, in, a, true, depth);
        ds_json_w_end_object(w);
        return ok;
    default:
        return false;
    }
}

static bool take_nested(ds_wire_in *in, ds_arena *a, ds_value *out)
{
    DS_AUTO_BUF(text, 8 * DS_RECORD_MAX); /* escapes */
    ds_json_writer w = ds_json_w(&text, false);

    if (!write_json(&w, in, a, 1) || text.overflow)
        return false;
    *out = ds_text_n(ds_arena_strndup(a, text.data, text.n), text.n);
    return true;
}

/* ---- values ---------------------------------------------------------------------------------- */

/* A list of nothing but texts is a list; `in` is behind its letter. */
static bool take_texts(ds_wire_in *in, ds_arena *a, ds_value *out)
{
    ds_wire_in look = *in;
    uint32_t count = ds_wire_u32(&look);
    const char **texts;

    if (count > look.left / 5) /* a letter and a length each */
        return false;
    texts = ds_arena_alloc(a, (count + 1) * sizeof(*texts));
    for (uint32_t i = 0; i < count; i++) {
        size_t n;

        if (ds_wire_letter(&look) != DS_WIRE_TEXT)
            return false;
        texts[i] = take_text(&look, a, &n);
        if (!texts[i])
            return false;
    }
    *in = look;
    *out = ds_list(texts, count);
    return true;
}

/* What went in by this name: mostly where the last one was found plus one. */
static bool take_same(const ds_transform_in *rec, const char *name, size_t *next, ds_value *out)
{
    for (size_t i = 0; i < rec->n; i++) {
        size_t at = (*next + i) % rec->n;

        if (strcmp(rec->props[at].name, name) != 0)
            continue;
        *out = rec->props[at].value;
        *next = at + 1;
        return true;
    }
    return false;
}

static bool take_value(ds_wire_in *in, ds_arena *a, ds_value *out)
{
    ds_wire_in whole = *in;
    double number;
    size_t n;
    const char *text;

    switch (ds_wire_letter(in)) {
    case DS_WIRE_NULL:
        *out = DS_VALUE_NULL;
        return true;
    case DS_WIRE_FALSE:
    case DS_WIRE_TRUE:
        *out = ds_bool(in->at[-1] == DS_WIRE_TRUE);
        return true;
    case DS_WIRE_NUMBER:
        if (!take_number(in, &number))
            return false;
        *out = number_value(a, number);
        return true;
    case DS_WIRE_TEXT:
        text = take_text(in, a, &n);
        *out = ds_text_n(text, n);
        return text != NULL;
    case DS_WIRE_LIST:
        if (take_texts(in, a, out))
            return true;
        break;
    case DS_WIRE_OBJECT:
        break;
    default:
        return false;
    }
    *in = whole;
    return take_nested(in, a, out);
}

static bool take_prop(ds_wire_in *in, const ds_transform_in *rec, ds_arena *a, size_t *next,
                      ds_prop *out)
{
    size_t n;

    out->name = take_text(in, a, &n);
    if (!out->name)
        return false;
    if (in->left && *in->at == DS_WIRE_SAME) {
        ds_wire_letter(in);
        return take_same(rec, out->name, next, &out->value);
    }
    return take_value(in, a, &out->value);
}

/* ---- records --------------------------------------------------------------------------------- */

static bool take_body(ds_wire_in *in, const ds_transform_in *rec, ds_arena *a, const char **body)
{
    size_t n;

    *body = NULL;
    switch (ds_wire_letter(in)) {
    case DS_WIRE_NULL:
        return true;
    case DS_WIRE_SAME:
        *body = rec->body;
        return true;
    case DS_WIRE_TEXT:
        *body = take_text(in, a, &n);
        return *body != NULL;
    default:
        return false;
    }
}

static bool take_record(ds_wire_in *in, const ds_transform_in *rec, ds_arena *a,
                        ds_transform_out *out)
{
    uint32_t count;
    size_t next = 0;

    if (!take_body(in, rec, a, &out->body))
        return false;
    count = ds_wire_u32(in);
    if (in->bad || count > in->left / 5) /* a name's length and a letter each */
        return false;
    out->props = ds_arena_alloc(a, (count + 1) * sizeof(*out->props));
    for (out->n = 0; out->n < count; out->n++)
        if (!take_prop(in, rec, a, &next, &out->props[out->n]))
            return false;
    out->fate = DS_TRANSFORM_KEPT;
    if (out->n <= DS_PROPERTIES_MAX)
        return true;
    out->fate = DS_TRANSFORM_HELD;
    out->reason = ds_arena_printf(a, "transform: %zu properties come out, %zu are the most", out->n,
                                  DS_PROPERTIES_MAX);
    return true;
}

/* One line of it: what an expression says may hold anything. */
static const char *one_line(ds_arena *a, const char *text)
{
    char *line = ds_arena_strdup(a, text);

    for (char *at = line; *at; at++)
        if ((unsigned char)*at < ' ')
            *at = ' ';
    return line;
}

bool ds_jq_take_result(ds_wire_in *in, const ds_transform_in *rec, ds_arena *a,
                       ds_transform_out *out)
{
    ds_transform_out result = {.fate = DS_TRANSFORM_DROPPED};
    const char *text;
    size_t n;

    switch (ds_wire_letter(in)) {
    case 'd':
        break;
    case 'h':
        text = take_text(in, a, &n);
        if (!text)
            return false;
        result.fate = DS_TRANSFORM_HELD;
        result.reason = ds_arena_printf(a, "transform: %s", one_line(a, text));
        break;
    case 'r':
        if (!take_record(in, rec, a, &result))
            return false;
        break;
    default:
        return false;
    }
    if (in->bad)
        return false;
    *out = result;
    return true;
}
