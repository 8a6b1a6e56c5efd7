/* src/transform/encode.c - a mapped record to the worker's bytes. */
#include "transform/internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define DIGITS_SURE 15   /* so many survive a double, whatever they are */
#define REAL_TINY 1e-300 /* below, a double has fewer digits */

static size_t digits_of(const char *text)
{
    size_t n = 0;
    bool leading = true;

    for (; *text && *text != 'e' && *text != 'E'; text++) {
        leading &= *text < '1' || *text > '9';
        n += !leading && *text >= '0' && *text <= '9';
    }
    return n;
}

/* A double says just what the text says, at 15, 16 or 17 digits. */
static bool is_exact(const char *text, double number)
{
    char back[40];

    if (fabs(number) > DS_WIRE_SAFE) /* infinite ones too */
        return false;
    if (digits_of(text) <= DIGITS_SURE && fabs(number) >= REAL_TINY)
        return true;
    for (int digits = DIGITS_SURE; digits <= 17; digits++) {
        int n = snprintf(back, sizeof(back), "%.*g", digits, number);

        if (ds_value_same(ds_number(text, strlen(text)), ds_number(back, (size_t)n)))
            return true;
    }
    return false;
}

static void put_text(ds_buf *out, const char *text, size_t n)
{
    ds_buf_char(out, DS_WIRE_TEXT);
    ds_wire_put_text(out, text, n);
}

static void put_number(ds_buf *out, const char *text, size_t n)
{
    double number = strtod(text, NULL);

    if (is_exact(text, number))
        ds_wire_put_number(out, number);
    else
        put_text(out, text, n);
}

static void put_int(ds_buf *out, ds_arena *a, int64_t integer)
{
    const char *text;

    if (integer <= (int64_t)DS_WIRE_SAFE && integer >= -(int64_t)DS_WIRE_SAFE) {
        ds_wire_put_number(out, (double)integer);
        return;
    }
    text = ds_value_text(a, ds_int(integer));
    put_text(out, text, strlen(text));
}

/* At most 64 deep: the reader saw to it. */
static void put_json(ds_buf *out, const ds_json *json)
{
    ds_json_kind kind = ds_json_kind_of(json);
    size_t n;
    const char *text;

    switch (kind) {
    case DS_JSON_NULL:
        ds_buf_char(out, DS_WIRE_NULL);
        break;
    case DS_JSON_BOOL:
        ds_buf_char(out, ds_json_truth(json) ? DS_WIRE_TRUE : DS_WIRE_FALSE);
        break;
    case DS_JSON_NUMBER:
        text = ds_json_str(json, &n);
        put_number(out, text, n);
        break;
    case DS_JSON_TEXT:
        text = ds_json_str(json, &n);
        put_text(out, text, n);
        break;
    case DS_JSON_LIST:
    case DS_JSON_OBJECT:
        ds_buf_char(out, kind == DS_JSON_LIST ? DS_WIRE_LIST : DS_WIRE_OBJECT);
        ds_wire_put_u32(out, (uint32_t)ds_json_size(json));
        DS_JSON_EACH (json, item) {
            if (item_it.name)
                ds_wire_put_text(out, item_it.name, item_it.name_n);
            put_json(out, item);
        }
        break;
    }
}

static void put_list(ds_buf *out, ds_value list)
{
    ds_buf_char(out, DS_WIRE_LIST);
    ds_wire_put_u32(out, list.n);
    for (uint32_t i = 0; i < list.n; i++)
        put_text(out, list.as.list[i], strlen(list.as.list[i]));
}

static void put_value(ds_buf *out, ds_arena *a, ds_value v)
{
    switch (v.type) {
    case DS_ABSENT:
    case DS_NULL:
        ds_buf_char(out, DS_WIRE_NULL);
        break;
    case DS_BOOL:
        ds_buf_char(out, v.as.boolean ? DS_WIRE_TRUE : DS_WIRE_FALSE);
        break;
    case DS_INT:
        put_int(out, a, v.as.integer);
        break;
    case DS_NUMBER:
        put_number(out, v.as.text, v.n);
        break;
    case DS_TEXT:
    case DS_DATE:
    case DS_DATETIME:
        put_text(out, v.as.text, v.n);
        break;
    case DS_LIST:
        put_list(out, v);
        break;
    case DS_NESTED:
        put_json(out, v.as.nested);
        break;
    }
}

bool ds_jq_put_record(ds_buf *out, ds_arena *a, const ds_transform_in *rec)
{
    size_t before = out->n;

    ds_wire_put_text(out, rec->key, strlen(rec->key));
    ds_buf_char(out, rec->body ? 1 : 0);
    if (rec->body)
        ds_wire_put_text(out, rec->body, strlen(rec->body));
    ds_wire_put_u32(out, (uint32_t)rec->n);
    for (size_t i = 0; i < rec->n; i++) {
        ds_wire_put_text(out, rec->props[i].name, strlen(rec->props[i].name));
        put_value(out, a, rec->props[i].value);
    }
    if (!out->overflow)
        return true;
    out->n = before;
    out->overflow = false;
    return false;
}
