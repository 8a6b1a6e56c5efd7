/* src/connectors/postgresql/bind.c
 *
 * Values put into columns, as the text that the type's own input takes.  What the server would
 * change in silence (007 to 7 in an integer, the time of day in a date, digits that a double does
 * not have) is refused here; what it refuses by itself is left to it and its own words.
 */
#include "connectors/postgresql/writer.h"

#include <ctype.h>
#include <durable_sync/record.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ARRAY_DEPTH_MAX = 6 }; /* the server's own limit of dimensions */

/* ---- refusals -------------------------------------------------------------------------------- */

static const char *misfit(const ds_pg_column *c, const char *what, ds_arena *a)
{
    bool long_one = strlen(what) > 60;
    int n = 60;

    while (long_one && n > 0 && ((unsigned char)what[n] & 0xC0) == 0x80)
        n--; /* not in the middle of a character */
    return ds_arena_printf(a, "column \"%s\" is %s: \"%.*s%s\" does not fit", c->name, c->declared,
                           n, what, long_one ? "..." : "");
}

static const char *rounded(const ds_pg_column *c, const char *what, ds_arena *a)
{
    return ds_arena_printf(a, "column \"%s\" is %s: %.60s would lose digits", c->name, c->declared,
                           what);
}

static const char *misfit_value(const ds_pg_column *c, ds_value v, ds_arena *a)
{
    const char *text = ds_value_text(a, v);

    return misfit(c, text ? text : "", a);
}

static const char *take(ds_pg_cell *out, const char *text, size_t n)
{
    *out = (ds_pg_cell){.text = text, .n = n};
    return NULL;
}

/* printf would take a third of the time that all else here does. */
static const char *take_integer(ds_pg_cell *out, int64_t number, ds_arena *a)
{
    char *text = ds_arena_alloc(a, 24), *end = text + 23, *at = end;
    uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

    *end = '\0';
    do {
        *--at = (char)('0' + left % 10);
    } while (left /= 10);
    if (number < 0)
        *--at = '-';
    return take(out, at, (size_t)(end - at));
}

static const char *take_text(ds_pg_cell *out, const char *text)
{
    return take(out, text, strlen(text));
}

/* ---- numbers --------------------------------------------------------------------------------- */

static bool is_whole_text(const char *text)
{
    return text[strspn(text, "-0123456789")] == '\0';
}

/* 5.0 and 1e3 are integers, too; 3.00000000000000000001 is none, though no double knows. */
static const char *fit_whole(const ds_pg_column *c, const char *text, ds_arena *a, ds_pg_cell *out)
{
    double number = strtod(text, NULL);

    if (is_whole_text(text)) /* too large for 64 bits: the server says so */
        return take_text(out, text);
    if (!(fabs(number) <= 0x1p53) ||
        !ds_value_same(ds_number(text, strlen(text)), ds_int((int64_t)number)))
        return misfit(c, text, a);
    return take_text(out, ds_arena_printf(a, "%.0f", number));
}

static const char *fit_float(const ds_pg_column *c, const char *text, ds_arena *a, ds_pg_cell *out)
{
    double number = strtod(text, NULL);
    ds_value kept = ds_real(a, c->type.size == 4 ? (double)(float)number : number);

    if (is_whole_text(text) && !ds_value_same(ds_number(text, strlen(text)), kept))
        return rounded(c, text, a);
    return take_text(out, text);
}

static bool is_special_number(const char *text)
{
    return strcmp(text, "NaN") == 0 || strcmp(text, "Infinity") == 0 ||
           strcmp(text, "-Infinity") == 0;
}

static const char *fit_number(const ds_pg_column *c, ds_value v, ds_arena *a, ds_pg_cell *out)
{
    const char *text;

    if (v.type == DS_INT && c->type.kind != DS_PG_FLOAT)
        return take_integer(out, v.as.integer, a);
    text = v.type == DS_BOOL ? v.as.boolean ? "1" : "0" : ds_value_text(a, v);
    if (v.type == DS_TEXT) {
        ds_value number = ds_number(v.as.text, v.n); /* text again where it spells none */

        if (number.type == DS_TEXT && (c->type.kind == DS_PG_INT || !is_special_number(text)))
            return misfit(c, text, a);
        if (number.type == DS_TEXT)
            return take_text(out, text);
    } else if (v.type != DS_BOOL && v.type != DS_INT && v.type != DS_NUMBER) {
        return misfit_value(c, v, a);
    }
    if (c->type.kind == DS_PG_INT)
        return fit_whole(c, text, a, out);
    return c->type.kind == DS_PG_FLOAT ? fit_float(c, text, a, out) : take_text(out, text);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static const char *too_large(const ds_pg_column *c, ds_arena *a)
{
    return ds_arena_printf(a, "column \"%s\": the value is too large", c->name);
}

static const char *fit_as_json(const ds_pg_column *c, ds_value v, ds_arena *a, ds_pg_cell *out)
{
    DS_AUTO_BUF(json, DS_RECORD_MAX * 2);
    ds_json_writer w = ds_json_w(&json, false);

    w.exact = true;
    ds_json_w_value(&w, v);
    if (json.overflow)
        return too_large(c, a);
    return take(out, ds_arena_strndup(a, json.data, json.n), json.n);
}

/* Mapped objects and lists travel as their text. */
static const ds_json *composed(const char *text, size_t n, ds_arena *a)
{
    ds_err err = DS_ERR_INIT;

    return *text == '{' || *text == '[' ? ds_json_read(a, text, n, &err) : NULL;
}

static const char *fit_json(const ds_pg_column *c, ds_value v, ds_arena *a, ds_pg_cell *out)
{
    if (v.type == DS_TEXT && composed(v.as.text, v.n, a))
        return take(out, v.as.text, v.n);
    return fit_as_json(c, v, a, out);
}

/* ---- arrays ---------------------------------------------------------------------------------- */

static void quote_entry(ds_buf *b, const char *text)
{
    ds_buf_char(b, '"');
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\')
            ds_buf_char(b, '\\');
        ds_buf_char(b, *c);
    }
    ds_buf_char(b, '"');
}

static bool is_json(ds_pg_kind kind)
{
    return kind == DS_PG_JSON || kind == DS_PG_JSONB;
}

static bool add_text(ds_buf *b, const ds_pg_type *type, const char *text, ds_arena *a)
{
    size_t n = strlen(text);
    DS_AUTO_BUF(json, DS_RECORD_MAX);
    ds_json_writer w = ds_json_w(&json, false);

    if (!is_json(type->element) || composed(text, n, a)) {
        quote_entry(b, text);
        return true;
    }
    ds_json_w_value(&w, ds_text_n(text, n));
    quote_entry(b, json.data);
    return !json.overflow;
}

static bool add_entry(ds_buf *b, const ds_pg_type *type, const ds_json *entry, ds_arena *a)
{
    ds_json_kind kind = ds_json_kind_of(entry);
    DS_AUTO_BUF(json, DS_RECORD_MAX);
    ds_json_writer w = ds_json_w(&json, false);

    if (kind == DS_JSON_NULL) {
        ds_buf_text(b, "NULL");
        return true;
    }
    if (!is_json(type->element) && kind == DS_JSON_OBJECT)
        return false;
    if (!is_json(type->element) || kind == DS_JSON_TEXT)
        return add_text(b, type, ds_value_text(a, ds_from_json(a, entry)), a);
    w.exact = true;
    ds_json_w_json(&w, entry);
    quote_entry(b, json.data);
    return !json.overflow;
}

/* Of texts alone. */
static bool add_texts(ds_buf *b, const ds_pg_type *type, ds_value v, ds_arena *a)
{
    bool ok = true;

    ds_buf_char(b, '{');
    for (uint32_t i = 0; ok && i < v.n; i++) {
        if (i)
            ds_buf_char(b, type->delimiter);
        ok = add_text(b, type, v.as.list[i], a);
    }
    ds_buf_char(b, '}');
    return ok;
}

static bool add_list(ds_buf *b, const ds_pg_type *type, const ds_json *list, int depth, ds_arena *a)
{
    bool ok = depth <= ARRAY_DEPTH_MAX;

    ds_buf_char(b, '{');
    for (size_t i = 0; ok && i < ds_json_size(list); i++) {
        const ds_json *entry = ds_json_at(list, i);

        if (i)
            ds_buf_char(b, type->delimiter);
        if (ds_json_kind_of(entry) == DS_JSON_LIST)
            ok = add_list(b, type, entry, depth + 1, a);
        else
            ok = add_entry(b, type, entry, a);
    }
    ds_buf_char(b, '}');
    return ok;
}

/* An array as the server writes it: {a,b}, or [0:1]={a,b}. No list of JSON has `]=` in front. */
static bool is_array_text(const char *text)
{
    size_t bounds = *text == '[' ? strspn(text, "[]:-+0123456789") : 0;

    return bounds ? text[bounds - 1] == ']' && strncmp(text + bounds, "={", 2) == 0 : *text == '{';
}

static const char *fit_array(const ds_pg_column *c, ds_value v, ds_arena *a, ds_pg_cell *out)
{
    DS_AUTO_BUF(b, DS_RECORD_MAX * 2);
    const ds_json *list = v.type == DS_NESTED ? v.as.nested : NULL;

    if (v.type == DS_TEXT && is_array_text(v.as.text))
        return take(out, v.as.text, v.n);
    if (v.type == DS_TEXT)
        list = composed(v.as.text, v.n, a);
    if (v.type == DS_LIST
            ? !add_texts(&b, &c->type, v, a)
            : ds_json_kind_of(list) != DS_JSON_LIST || !add_list(&b, &c->type, list, 1, a))
        return misfit_value(c, v, a);
    return b.overflow ? too_large(c, a) : take(out, ds_arena_strndup(a, b.data, b.n), b.n);
}

/* ---- the rest -------------------------------------------------------------------------------- */

static const char *fit_bool(const ds_pg_column *c, ds_value v, ds_arena *a, ds_pg_cell *out)
{
    ds_err err = DS_ERR_INIT;
    ds_value truth;

    if (!ds_value_as(a, v, DS_BOOL, &truth, &err) || truth.type != DS_BOOL)
        return misfit_value(c, v, a);
    return take_text(out, truth.as.boolean ? "t" : "f");
}

/* A time of day would be cut off. */
static const char *fit_date(const ds_pg_column *c, ds_value v, ds_arena *a, ds_pg_cell *out)
{
    if (v.type != DS_DATE && (v.type != DS_TEXT || strchr(v.as.text, ':')))
        return misfit_value(c, v, a);
    return take(out, v.as.text, v.n);
}

/* A column without zone would drop an offset: it is turned into UTC first. The other kind reads one
 * by itself. */
static const char *fit_time(const ds_pg_column *c, ds_value v, ds_arena *a, ds_pg_cell *out)
{
    ds_err err = DS_ERR_INIT;
    ds_value utc = v;

    if (v.type != DS_DATE && v.type != DS_DATETIME && v.type != DS_TEXT)
        return misfit_value(c, v, a);
    if (v.type == DS_TEXT && c->type.kind == DS_PG_TIMESTAMP &&
        !ds_value_as(a, v, DS_DATETIME, &utc, &err))
        utc = v; /* "infinity": the server knows */
    return take(out, utc.as.text, utc.n);
}

static const char *fit_bytea(const ds_pg_column *c, ds_value v, ds_arena *a, ds_pg_cell *out)
{
    const char *hex = v.type == DS_TEXT ? v.as.text : "";
    size_t digits;

    if (strncmp(hex, "\\x", 2) != 0)
        return ds_arena_printf(a, "column \"%s\" is bytea: write it as \\x and hexadecimal digits",
                               c->name);
    digits = strspn(hex + 2, "0123456789abcdefABCDEF");
    if (digits + 2 != v.n || digits % 2)
        return misfit(c, hex, a);
    return take(out, v.as.text, v.n);
}

static bool is_cut_name(const ds_pg_column *c, size_t n)
{
    return c->type.oid == DS_PG_NAME && n > DS_PG_NAME_MAX;
}

/* Text that is too long for a varchar(n) the server refuses, but for blanks at its end: those it
 * cuts. */
static bool loses_blanks(const ds_pg_column *c, const char *text, size_t n)
{
    size_t characters = 0;

    if (!c->most || n <= c->most || text[n - 1] != ' ')
        return false;
    for (size_t i = 0; i < n; i++)
        characters += ((unsigned char)text[i] & 0xC0) != 0x80;
    return characters > c->most;
}

static const char *fit_text(const ds_pg_column *c, ds_value v, ds_arena *a, ds_pg_cell *out)
{
    if (v.type == DS_LIST || v.type == DS_NESTED)
        return fit_as_json(c, v, a, out);
    if (v.type == DS_INT || v.type == DS_BOOL)
        return take_text(out, ds_value_text(a, v));
    if (is_cut_name(c, v.n) || loses_blanks(c, v.as.text, v.n))
        return misfit(c, v.as.text, a);
    return take(out, v.as.text, v.n);
}

const char *ds_pg_fit(const ds_pg_column *c, ds_value v, ds_arena *a, ds_pg_cell *out)
{
    *out = (ds_pg_cell){0};
    if (v.type == DS_NULL || v.type == DS_ABSENT)
        return NULL;
    switch (c->type.kind) {
    case DS_PG_BOOL:
        return fit_bool(c, v, a, out);
    case DS_PG_INT:
    case DS_PG_FLOAT:
    case DS_PG_NUMERIC:
        return fit_number(c, v, a, out);
    case DS_PG_DATE:
        return fit_date(c, v, a, out);
    case DS_PG_TIMESTAMP:
    case DS_PG_TIMESTAMPTZ:
        return fit_time(c, v, a, out);
    case DS_PG_JSON:
    case DS_PG_JSONB:
        return fit_json(c, v, a, out);
    case DS_PG_ARRAY:
        return fit_array(c, v, a, out);
    case DS_PG_BYTEA:
        return fit_bytea(c, v, a, out);
    case DS_PG_OTHER:
    case DS_PG_TEXT:
    case DS_PG_UUID:
    case DS_PG_ENUM:
        break;
    }
    return fit_text(c, v, a, out);
}

/* ---- keys ------------------------------------------------------------------------------------ */

static const char *key_as_integer(const ds_pg_column *c, const char *key, ds_arena *a)
{
    ds_value number = ds_number(key, strlen(key));
    int64_t most = c->type.size == 2 ? INT16_MAX : c->type.size == 4 ? INT32_MAX : INT64_MAX;

    if (c->type.kind == DS_PG_NUMERIC && is_whole_text(key) &&
        (number.type == DS_INT || number.type == DS_NUMBER))
        return strcmp(key, "-0") == 0 ? misfit(c, key, a) : NULL;
    if (number.type != DS_INT || strcmp(ds_value_text(a, number), key) != 0 ||
        number.as.integer > most || number.as.integer < -most - 1)
        return misfit(c, key, a);
    return NULL;
}

static bool is_canonical_uuid(const char *key)
{
    static const char pattern[] = "hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh";

    if (strlen(key) != sizeof(pattern) - 1)
        return false;
    for (size_t i = 0; key[i]; i++) {
        bool hex = isdigit((unsigned char)key[i]) || (key[i] >= 'a' && key[i] <= 'f');

        if (pattern[i] == 'h' ? !hex : key[i] != '-')
            return false;
    }
    return true;
}

static bool is_canonical_date(const char *key, ds_arena *a)
{
    ds_err err = DS_ERR_INIT;
    ds_value day;

    return ds_value_as(a, ds_text(key), DS_DATE, &day, &err) && day.type == DS_DATE &&
           strcmp(day.as.text, key) == 0;
}

const char *ds_pg_fit_key(const ds_pg_column *c, const char *key, ds_arena *a)
{
    size_t n = strlen(key);

    switch (c->type.kind) {
    case DS_PG_INT:
    case DS_PG_NUMERIC:
        return key_as_integer(c, key, a);
    case DS_PG_UUID:
        return is_canonical_uuid(key) ? NULL : misfit(c, key, a);
    case DS_PG_DATE:
        return is_canonical_date(key, a) ? NULL : misfit(c, key, a);
    case DS_PG_TEXT: /* char(n) knows no blanks at the end */
        if (is_cut_name(c, n) || loses_blanks(c, key, n))
            return misfit(c, key, a);
        return c->type.oid == DS_PG_BPCHAR && n && key[n - 1] == ' ' ? misfit(c, key, a) : NULL;
    case DS_PG_OTHER:
    case DS_PG_BOOL:
    case DS_PG_FLOAT:
    case DS_PG_TIMESTAMP:
    case DS_PG_TIMESTAMPTZ:
    case DS_PG_ENUM:
    case DS_PG_JSON:
    case DS_PG_JSONB:
    case DS_PG_BYTEA:
    case DS_PG_ARRAY:
        break; /* no table with such a key is opened */
    }
    return misfit(c, key, a);
}
