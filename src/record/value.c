/* src/record/value.c - making neutral values, and reading them as text. */
#include "base/text.h"
#include <durable_sync/value.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

ds_value ds_text_n(const char *text, size_t n)
{
    if (!text)
        return DS_VALUE_NULL;
    return (ds_value){.type = DS_TEXT, .n = (uint32_t)n, .as.text = text};
}

ds_value ds_text(const char *text)
{
    return text ? ds_text_n(text, strlen(text)) : DS_VALUE_NULL;
}

ds_value ds_bool(bool boolean)
{
    return (ds_value){.type = DS_BOOL, .as.boolean = boolean};
}

ds_value ds_int(int64_t integer)
{
    return (ds_value){.type = DS_INT, .as.integer = integer};
}

/* Digits of an integer that surely fits 64 bits; the usual case, without strtoll. */
static bool short_int(const char *text, size_t n, int64_t *out)
{
    size_t at = n && *text == '-';
    int64_t number = 0;

    if (n - at == 0 || n - at > 18 || (text[at] == '0' && n - at > 1))
        return false;
    for (; at < n; at++) {
        if (text[at] < '0' || text[at] > '9')
            return false;
        number = number * 10 + (text[at] - '0');
    }
    *out = *text == '-' ? -number : number;
    return *out || *text != '-'; /* -0 keeps its text */
}

ds_value ds_number(const char *text, size_t n)
{
    int64_t integer;

    if (!text)
        return DS_VALUE_NULL;
    if (short_int(text, n, &integer))
        return ds_int(integer);
    if (!ds_is_number(text, n))
        return ds_text_n(text, n);
    if (strcmp(text, "-0") && ds_parse_int(text, &integer))
        return ds_int(integer);
    return (ds_value){.type = DS_NUMBER, .n = (uint32_t)n, .as.text = text};
}

ds_value ds_real(ds_arena *a, double number)
{
    char text[40];
    int n = 0;

    if (!isfinite(number))
        return DS_VALUE_NULL;
    for (int digits = 15; digits <= 17; digits++) { /* the shortest that reads back the same */
        n = snprintf(text, sizeof(text), "%.*g", digits, number);
        if (strtod(text, NULL) == number)
            break;
    }
    if (!strpbrk(text, ".e") && n < 32) /* a real stays one: 5.0, not 5 */
        n += snprintf(text + n, sizeof(text) - (size_t)n, ".0");
    return (ds_value){
        .type = DS_NUMBER, .n = (uint32_t)n, .as.text = ds_arena_strndup(a, text, (size_t)n)};
}

ds_value ds_date(const char *text)
{
    ds_value v = ds_text(text);

    if (text)
        v.type = DS_DATE;
    return v;
}

ds_value ds_datetime(const char *text)
{
    ds_value v = ds_text(text);

    if (text)
        v.type = DS_DATETIME;
    return v;
}

ds_value ds_datetime_ms(ds_arena *a, int64_t utc_ms)
{
    return ds_datetime(ds_time_text(a, utc_ms, false));
}

ds_value ds_list(const char *const *texts, size_t n)
{
    return (ds_value){.type = DS_LIST, .n = (uint32_t)n, .as.list = texts};
}

static ds_value list_from_json(ds_arena *a, const ds_json *json)
{
    size_t n = ds_json_size(json), at = 0;
    const char **texts = ds_arena_alloc(a, (n + 1) * sizeof(*texts));

    DS_JSON_EACH (json, item) {
        if (ds_json_kind_of(item) != DS_JSON_TEXT)
            return (ds_value){.type = DS_NESTED, .as.nested = json};
        texts[at++] = ds_json_str(item, NULL);
    }
    return ds_list(texts, n);
}

ds_value ds_from_json(ds_arena *a, const ds_json *json)
{
    size_t n;
    const char *text;

    switch (ds_json_kind_of(json)) {
    case DS_JSON_NULL:
        return DS_VALUE_NULL;
    case DS_JSON_BOOL:
        return ds_bool(ds_json_truth(json));
    case DS_JSON_NUMBER:
        text = ds_json_str(json, &n);
        return ds_number(text, n);
    case DS_JSON_TEXT:
        text = ds_json_str(json, &n);
        return ds_text_n(text, n);
    case DS_JSON_LIST:
        return list_from_json(a, json);
    case DS_JSON_OBJECT:
        return (ds_value){.type = DS_NESTED, .as.nested = json};
    }
    return DS_VALUE_NULL;
}

const char *ds_type_name(ds_type type)
{
    static const char *const names[] = {
        [DS_ABSENT] = "absent", [DS_NULL] = "null",     [DS_BOOL] = "boolean",
        [DS_INT] = "integer",   [DS_NUMBER] = "number", [DS_TEXT] = "text",
        [DS_LIST] = "list",     [DS_DATE] = "date",     [DS_DATETIME] = "datetime",
        [DS_NESTED] = "nested",
    };

    return names[type];
}

static const char *joined(ds_arena *a, ds_value list)
{
    size_t n = 1, used = 0;
    char *text;

    for (uint32_t i = 0; i < list.n; i++)
        n += strlen(list.as.list[i]) + 2;
    text = ds_arena_alloc(a, n);
    for (uint32_t i = 0; i < list.n; i++)
        used += (size_t)snprintf(text + used, n - used, "%s%s", i ? ", " : "", list.as.list[i]);
    text[used] = '\0';
    return text;
}

static const char *compact(ds_arena *a, ds_value v)
{
    DS_AUTO_BUF(out, SIZE_MAX / 2); /* the source's own size was capped */
    ds_json_writer w = ds_json_w(&out, false);

    w.exact = true;
    ds_json_w_json(&w, v.as.nested);
    return ds_arena_strndup(a, out.data, out.n);
}

const char *ds_value_text(ds_arena *a, ds_value v)
{
    switch (v.type) {
    case DS_ABSENT:
    case DS_NULL:
        return NULL;
    case DS_BOOL:
        return v.as.boolean ? "true" : "false";
    case DS_INT:
        return ds_arena_printf(a, "%lld", (long long)v.as.integer);
    case DS_NUMBER:
    case DS_TEXT:
    case DS_DATE:
    case DS_DATETIME:
        return v.as.text;
    case DS_LIST:
        return joined(a, v);
    case DS_NESTED:
        return compact(a, v);
    }
    return NULL;
}
