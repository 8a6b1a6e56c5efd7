/* src/json/write.c - writing JSON into a buffer; commas are the writer's business. */
#include "base/text.h"
#include "json/json.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define SAFE_INTEGER (INT64_C(1) << 53)

ds_json_writer ds_json_w(ds_buf *out, bool pretty)
{
    return (ds_json_writer){.out = out, .pretty = pretty, .first = {1}};
}

static void new_line(ds_json_writer *w)
{
    if (!w->pretty)
        return;
    ds_buf_char(w->out, '\n');
    for (int i = 0; i < w->depth; i++)
        ds_buf_add(w->out, "  ", 2);
}

/* What stands before the next value: nothing after a name, else a comma and a line. */
static void before_value(ds_json_writer *w)
{
    if (w->after_name) {
        w->after_name = false;
        return;
    }
    if (!w->first[w->depth])
        ds_buf_char(w->out, ',');
    w->first[w->depth] = 0;
    if (w->depth)
        new_line(w);
}

static void begin(ds_json_writer *w, char bracket)
{
    before_value(w);
    ds_buf_char(w->out, bracket);
    assert(w->depth + 1 < (int)DS_COUNT(w->first)); /* a whole document fits, deep inside another */
    w->first[++w->depth] = 1;
}

static void end(ds_json_writer *w, char bracket)
{
    bool empty = w->first[w->depth];

    assert(w->depth > 0);
    w->depth--;
    if (!empty)
        new_line(w);
    ds_buf_char(w->out, bracket);
}

void ds_json_w_begin_object(ds_json_writer *w)
{
    begin(w, '{');
}

void ds_json_w_end_object(ds_json_writer *w)
{
    end(w, '}');
}

void ds_json_w_begin_list(ds_json_writer *w)
{
    begin(w, '[');
}

void ds_json_w_end_list(ds_json_writer *w)
{
    end(w, ']');
}

static const char *short_escape(char c)
{
    switch (c) {
    case '"':
        return "\\\"";
    case '\\':
        return "\\\\";
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\t':
        return "\\t";
    case '\b':
        return "\\b";
    case '\f':
        return "\\f";
    default:
        return NULL;
    }
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\' && c != 0x7F;
}

static void add_quoted(ds_buf *out, const char *text, size_t n)
{
    ds_buf_char(out, '"');
    while (n) {
        size_t plain = 0, step;

        while (plain < n && is_plain((unsigned char)text[plain]))
            plain++;
        ds_buf_add(out, text, plain);
        text += plain;
        n -= plain;
        if (!n)
            break;
        step = ds_utf8_step(text, n);
        if (short_escape(*text))
            ds_buf_text(out, short_escape(*text));
        else if (step == 1)
            ds_buf_printf(out, "\\u%04x", (unsigned char)*text);
        else
            ds_buf_add(out, step ? text : "\xEF\xBF\xBD", step ? step : 3);
        step = DS_MAX(step, (size_t)1);
        text += step;
        n -= step;
    }
    ds_buf_char(out, '"');
}

void ds_json_w_name(ds_json_writer *w, const char *name)
{
    before_value(w);
    add_quoted(w->out, name, strlen(name));
    ds_buf_text(w->out, w->pretty ? ": " : ":");
    w->after_name = true;
}

void ds_json_w_text_n(ds_json_writer *w, const char *text, size_t n)
{
    before_value(w);
    add_quoted(w->out, text, n);
}

void ds_json_w_text(ds_json_writer *w, const char *text)
{
    if (text)
        ds_json_w_text_n(w, text, strlen(text));
    else
        ds_json_w_null(w);
}

static bool is_safe(int64_t number)
{
    return number <= SAFE_INTEGER && number >= -SAFE_INTEGER;
}

void ds_json_w_int(ds_json_writer *w, int64_t number)
{
    before_value(w);
    ds_buf_printf(w->out, w->exact || is_safe(number) ? "%lld" : "\"%lld\"", (long long)number);
}

/* Whether a reader that knows only doubles gets an integer right, and something finite. */
static bool is_safe_text(const char *text)
{
    int64_t integer;
    double real;

    if (ds_parse_int(text, &integer))
        return is_safe(integer);
    real = strtod(text, NULL);
    return real < (double)SAFE_INTEGER && real > -(double)SAFE_INTEGER;
}

void ds_json_w_number(ds_json_writer *w, const char *text, size_t n)
{
    if (w->exact || is_safe_text(text))
        ds_json_w_raw(w, text, n);
    else
        ds_json_w_text_n(w, text, n);
}

void ds_json_w_raw(ds_json_writer *w, const char *json, size_t n)
{
    before_value(w);
    ds_buf_add(w->out, json, n);
}

void ds_json_w_bool(ds_json_writer *w, bool boolean)
{
    before_value(w);
    ds_buf_text(w->out, boolean ? "true" : "false");
}

void ds_json_w_null(ds_json_writer *w)
{
    before_value(w);
    ds_buf_text(w->out, "null");
}

static void write_entries(ds_json_writer *w, const ds_json *json)
{
    ds_json_iter it = ds_json_iterate(json);
    const ds_json *value;

    while ((value = ds_json_next(&it)) != NULL) {
        if (it.object) {
            before_value(w);
            add_quoted(w->out, it.name, it.name_n);
            ds_buf_text(w->out, w->pretty ? ": " : ":");
            w->after_name = true;
        }
        ds_json_w_json(w, value);
    }
}

void ds_json_w_json(ds_json_writer *w, const ds_json *json)
{
    size_t n;
    const char *text;

    switch (ds_json_kind_of(json)) {
    case DS_JSON_NULL:
        ds_json_w_null(w);
        break;
    case DS_JSON_BOOL:
        ds_json_w_bool(w, ds_json_truth(json));
        break;
    case DS_JSON_NUMBER:
        text = ds_json_str(json, &n);
        ds_json_w_number(w, text, n);
        break;
    case DS_JSON_TEXT:
        text = ds_json_str(json, &n);
        ds_json_w_text_n(w, text, n);
        break;
    case DS_JSON_LIST:
    case DS_JSON_OBJECT: /* at most 64 deep: the reader saw to it */
        if (ds_json_kind_of(json) == DS_JSON_LIST)
            ds_json_w_begin_list(w);
        else
            ds_json_w_begin_object(w);
        write_entries(w, json);
        if (ds_json_kind_of(json) == DS_JSON_LIST)
            ds_json_w_end_list(w);
        else
            ds_json_w_end_object(w);
        break;
    }
}
