/* src/connectors/notion/value.c - properties of pages as neutral values. */
#include "connectors/notion/notion.h"

#include <string.h>

#define TEXT_MAX (8 * DS_MIB)

const char *ds_notion_plain(const ds_json *rich_text, ds_arena *a, size_t *n)
{
    DS_AUTO_BUF(text, TEXT_MAX);

    if (ds_json_size(rich_text) == 1) {
        const char *only = ds_json_text(ds_json_at(rich_text, 0), "plain_text");

        *n = only ? strlen(only) : 0;
        return only ? only : "";
    }
    DS_JSON_EACH (rich_text, item) {
        const char *part = ds_json_text(item, "plain_text");

        if (part)
            ds_buf_text(&text, part);
    }
    *n = text.n;
    return text.n ? ds_arena_strndup(a, text.data, text.n) : "";
}

/* "10:00:00.000Z" is "10:00:00Z" elsewhere: the API always writes milliseconds. */
static ds_value without_zeros(const char *text, ds_arena *a)
{
    const char *dot = strchr(text, '.');
    size_t end;

    if (!dot)
        return ds_datetime(text);
    end = 1 + strspn(dot + 1, "0123456789");
    while (end > 1 && dot[end - 1] == '0')
        end--;
    return ds_datetime(
        ds_arena_printf(a, "%.*sZ", (int)(dot - text) + (end > 1 ? (int)end : 0), text));
}

ds_value ds_notion_time(const char *text, ds_arena *a)
{
    ds_err err = DS_ERR_INIT;
    ds_value v;

    if (!text)
        return DS_VALUE_NULL;
    if (!ds_value_as(a, ds_text(text), strlen(text) == 10 ? DS_DATE : DS_DATETIME, &v, &err))
        return ds_text(text);
    return v.type == DS_DATETIME ? without_zeros(v.as.text, a) : v;
}

static bool has_offset(const char *time)
{
    const char *clock = strchr(time, 'T');

    return !clock || strpbrk(clock, "Z+-");
}

/* A time of a zone that is named beside it comes with that name: which moment it is, only the
 * zone's rules tell. */
static ds_value time_in(const char *time, const char *zone, ds_arena *a)
{
    if (time && zone && !has_offset(time))
        return ds_text(ds_arena_printf(a, "%s[%s]", time, zone));
    return ds_notion_time(time, a);
}

static ds_value date(const ds_json *json, ds_arena *a)
{
    const char *start = ds_json_text(json, "start"), *end = ds_json_text(json, "end");
    const char *zone = ds_json_text(json, "time_zone");

    if (!start || !end)
        return time_in(start, zone, a);
    return ds_text(ds_arena_printf(a, "%s/%s", ds_value_text(a, time_in(start, zone, a)),
                                   ds_value_text(a, time_in(end, zone, a))));
}

/* ---- lists ----------------------------------------------------------------------------------- */

/* The members `name` of the entries. */
static ds_value list_of(const ds_json *entries, const char *name, ds_arena *a)
{
    const char **texts = ds_arena_alloc(a, (ds_json_size(entries) + 1) * sizeof(*texts));
    size_t n = 0;

    DS_JSON_EACH (entries, entry) {
        const char *text = ds_json_text(entry, name);

        if (text)
            texts[n++] = text;
    }
    return n ? ds_list(texts, n) : DS_VALUE_NULL;
}

const char *ds_notion_file_url(const ds_json *file, ds_arena *a)
{
    const char *type = ds_json_text(file, "type");
    const char *url = type ? ds_json_text(ds_json_get(file, type), "url") : NULL;

    return url && strcmp(type, "file") == 0 ? ds_arena_strndup(a, url, strcspn(url, "?#")) : url;
}

static ds_value files(const ds_json *entries, ds_arena *a)
{
    const char **texts = ds_arena_alloc(a, (ds_json_size(entries) + 1) * sizeof(*texts));
    size_t n = 0;

    DS_JSON_EACH (entries, entry) {
        const char *url = ds_notion_file_url(entry, a);

        if (url || ds_json_text(entry, "name"))
            texts[n++] = url ? url : ds_json_text(entry, "name");
    }
    return n ? ds_list(texts, n) : DS_VALUE_NULL;
}

static bool is(const char *type, const char *one, const char *other)
{
    return type && (strcmp(type, one) == 0 || (other && strcmp(type, other) == 0));
}

/* ---- what Notion computes -------------------------------------------------------------------- */

static ds_value unique_id(const ds_json *json, ds_arena *a)
{
    const char *prefix = ds_json_text(json, "prefix");
    const char *number = ds_json_str(ds_json_get(json, "number"), NULL);

    if (!number)
        return DS_VALUE_NULL;
    if (prefix && *prefix)
        return ds_text(ds_arena_printf(a, "%s-%s", prefix, number));
    return ds_number(number, strlen(number));
}

static bool all_texts(const ds_value *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (values[i].type != DS_TEXT && values[i].type != DS_DATE && values[i].type != DS_DATETIME)
            return false;
    return true;
}

/* Of texts a list; of anything else what was read of each, as JSON. */
static ds_value rolled_up(const ds_json *entries, ds_arena *a)
{
    size_t n = ds_json_size(entries), got = 0;
    ds_value *values = ds_arena_alloc(a, (n + 1) * sizeof(*values));
    const char **texts = ds_arena_alloc(a, (n + 1) * sizeof(*texts));
    DS_AUTO_BUF(out, TEXT_MAX);
    ds_json_writer w = ds_json_w(&out, false);
    ds_err err = DS_ERR_INIT;

    DS_JSON_EACH (entries, entry)
        values[got++] = ds_notion_value(entry, a);
    if (!got)
        return DS_VALUE_NULL;
    if (all_texts(values, got)) {
        for (size_t i = 0; i < got; i++)
            texts[i] = values[i].as.text;
        return ds_list(texts, got);
    }
    ds_json_w_begin_list(&w);
    for (size_t i = 0; i < got; i++)
        ds_json_w_value(&w, values[i]);
    ds_json_w_end_list(&w);
    if (out.overflow)
        return DS_VALUE_NULL;
    return ds_from_json(a, ds_json_read(a, out.data, out.n, &err));
}

/* A formula or a rollup: {"type": "number", "number": 3}. */
static ds_value computed(const ds_json *json, ds_arena *a)
{
    const char *type = ds_json_text(json, "type");
    const ds_json *inner = type ? ds_json_get(json, type) : NULL;

    if (!type || is(type, "unsupported", "incomplete")) /* there is one, and nobody tells it */
        return DS_VALUE_ABSENT;
    if (ds_json_kind_of(inner) == DS_JSON_NULL)
        return DS_VALUE_NULL;
    if (strcmp(type, "date") == 0)
        return date(inner, a);
    if (strcmp(type, "array") == 0)
        return rolled_up(inner, a);
    return ds_json_kind_of(inner) == DS_JSON_OBJECT ? DS_VALUE_NULL : ds_from_json(a, inner);
}

/* ---- all of them ----------------------------------------------------------------------------- */

static ds_value text_of(const ds_json *rich_text, ds_arena *a)
{
    size_t n;
    const char *text = ds_notion_plain(rich_text, a, &n);

    return n ? ds_text_n(text, n) : DS_VALUE_NULL;
}

ds_value ds_notion_value(const ds_json *property, ds_arena *a)
{
    const char *type = ds_json_text(property, "type");
    const ds_json *json = type ? ds_json_get(property, type) : NULL;

    if (ds_json_kind_of(json) == DS_JSON_NULL)
        return DS_VALUE_NULL;
    if (is(type, "title", "rich_text"))
        return text_of(json, a);
    if (is(type, "select", "status"))
        return ds_text(ds_json_text(json, "name"));
    if (is(type, "multi_select", NULL))
        return list_of(json, "name", a);
    if (is(type, "people", "relation"))
        return list_of(json, "id", a);
    if (is(type, "date", NULL))
        return date(json, a);
    if (is(type, "created_time", "last_edited_time"))
        return ds_notion_time(ds_json_str(json, NULL), a);
    if (is(type, "created_by", "last_edited_by"))
        return ds_text(ds_json_text(json, "id"));
    if (is(type, "files", NULL))
        return files(json, a);
    if (is(type, "unique_id", NULL))
        return unique_id(json, a);
    if (is(type, "formula", "rollup"))
        return computed(json, a);
    if (is(type, "button", NULL))
        return DS_VALUE_NULL;
    return ds_from_json(a, json);
}
