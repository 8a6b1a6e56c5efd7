/* src/connectors/file/cell.c - values in and out of files, exactly. */
#include "connectors/file/cell.h"
#include <durable_sync/record.h>

#include <string.h>

#define NO_CAP (SIZE_MAX / 4) /* what is written here came in under a cap */

static ds_json_writer exact_writer(ds_buf *out)
{
    ds_json_writer w = ds_json_w(out, false);

    w.exact = true;
    return w;
}

const char *ds_file_json_text(ds_arena *a, const ds_json *json)
{
    DS_AUTO_BUF(out, NO_CAP);
    ds_json_writer w = exact_writer(&out);

    ds_json_w_json(&w, json);
    return ds_arena_strndup(a, out.data, out.n);
}

static const char *value_json(ds_arena *a, ds_value v)
{
    DS_AUTO_BUF(out, NO_CAP);
    ds_json_writer w = exact_writer(&out);

    ds_json_w_value(&w, v);
    return ds_arena_strndup(a, out.data, out.n);
}

const char *ds_file_cell_text(ds_arena *a, ds_value v)
{
    const char *text;

    for (uint32_t i = 0; v.type == DS_LIST && i < v.n; i++)
        if (strstr(v.as.list[i], ", "))
            return value_json(a, v);
    text = ds_value_text(a, v);
    return text ? text : "";
}

bool ds_file_same_json(ds_arena *a, const ds_json *json, ds_value v)
{
    ds_json_kind kind = ds_json_kind_of(json);
    int64_t integer;
    const char *text;
    size_t n;

    switch (v.type) {
    case DS_ABSENT:
    case DS_NULL:
        return kind == DS_JSON_NULL;
    case DS_BOOL:
        return kind == DS_JSON_BOOL && ds_json_truth(json) == v.as.boolean;
    case DS_INT:
        return ds_json_int(json, &integer) && integer == v.as.integer;
    case DS_NUMBER:
    case DS_TEXT:
    case DS_DATE:
    case DS_DATETIME:
        if (kind != (v.type == DS_NUMBER ? DS_JSON_NUMBER : DS_JSON_TEXT))
            return false;
        text = ds_json_str(json, &n);
        return n == v.n && !memcmp(text, v.as.text, n);
    case DS_LIST:
    case DS_NESTED:
        return (kind == DS_JSON_LIST || kind == DS_JSON_OBJECT) &&
               !strcmp(ds_file_json_text(a, json), value_json(a, v));
    }
    return false;
}
