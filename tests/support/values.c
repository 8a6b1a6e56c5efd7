/* tests/support/values.c - see values.h. */
#include "support/values.h"
#include "support/run.h"

#include <string.h>

static const struct {
    const char *prefix;
    ds_type type;
} marked[] = {{"date:", DS_DATE}, {"datetime:", DS_DATETIME}};

/* The type a text says it has, with the mark taken off. */
static ds_value marked_text(ds_value v)
{
    for (size_t i = 0; v.type == DS_TEXT && i < DS_COUNT(marked); i++) {
        size_t n = strlen(marked[i].prefix);

        if (!strncmp(v.as.text, marked[i].prefix, n))
            return (ds_value){
                .type = marked[i].type, .n = v.n - (uint32_t)n, .as.text = v.as.text + n};
    }
    return v.type == DS_TEXT && !strcmp(v.as.text, "absent") ? DS_VALUE_ABSENT : v;
}

ds_value value_of(ds_arena *a, const char *notation)
{
    ds_err err = DS_ERR_INIT;
    ds_value v = marked_text(ds_text(ds_arena_strdup(a, notation)));
    const ds_json *json;

    if (v.type != DS_TEXT)
        return v;
    json = ds_json_read(a, notation, strlen(notation), &err);
    if (!json)
        fail_msg("%s: %s", notation, err.text);
    return ds_from_json(a, json);
}

const char *show_value(ds_arena *a, ds_value v)
{
    DS_AUTO_BUF(out, DS_RECORD_MAX * 4);
    ds_json_writer w = ds_json_w(&out, false);

    if (v.type == DS_ABSENT)
        return "absent";
    for (size_t i = 0; i < DS_COUNT(marked); i++)
        if (v.type == marked[i].type)
            return ds_arena_printf(a, "%s%s", marked[i].prefix, v.as.text);
    w.exact = true;
    ds_json_w_value(&w, v);
    return ds_arena_strndup(a, out.data, out.n);
}

ds_record *record_of(ds_arena *a, const char *json)
{
    ds_err err = DS_ERR_INIT;
    ds_record *rec = ds_new_in(a, ds_record);
    const ds_json *object = ds_json_read(a, json, strlen(json), &err);

    if (!object)
        fail_msg("%s: %s", json, err.text);
    rec->arena = a;
    ds_record_set_json(rec, object);
    for (uint32_t i = 0; i < rec->props_n; i++)
        rec->props[i].value = marked_text(rec->props[i].value);
    return rec;
}

const char *show_props(ds_arena *a, const ds_prop *props, size_t n)
{
    const char *text = "";

    for (size_t i = 0; i < n; i++)
        text = ds_arena_printf(a, "%s%s%s=%s", text, i ? " " : "", props[i].name,
                               show_value(a, props[i].value));
    return text;
}
