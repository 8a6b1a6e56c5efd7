/* src/config/sketch.c - the small pieces a JSON Schema is put together from. */
#include "config/sketch.h"

#include <assert.h>
#include <string.h>

#define ENTRIES_MAX 10000
#define DURATION "([0-9]{1,15}(w|d|h|m|s|ms))+$"
#define DURATION_NOT_ZERO "^(?=.*[1-9])" DURATION
#define DURATION_OF_SECONDS "^(?=.*[1-9][0-9]*(w|d|h|m|s)([0-9]|$)|.*[1-9][0-9]{3,}ms)" DURATION

void ds_sk_begin(ds_sketch *s, const char *name)
{
    if (name)
        ds_json_w_name(s->w, name);
    ds_json_w_begin_object(s->w);
}

void ds_sk_end(ds_sketch *s)
{
    ds_json_w_end_object(s->w);
}

void ds_sk_begin_list(ds_sketch *s, const char *name)
{
    ds_json_w_name(s->w, name);
    ds_json_w_begin_list(s->w);
}

void ds_sk_end_list(ds_sketch *s)
{
    ds_json_w_end_list(s->w);
}

void ds_sk_ref(ds_sketch *s, const char *definition)
{
    ds_w_text(s->w, "$ref", ds_arena_printf(s->a, "#/definitions/%s", definition));
}

/* Members that a table has written down as JSON. */
void ds_sk_rules(ds_sketch *s, const char *rules)
{
    const char *text = ds_arena_printf(s->a, "{%s}", rules);
    ds_err err = DS_ERR_INIT;
    const ds_json *doc = ds_json_read(s->a, text, strlen(text), &err);

    assert(doc); /* a constant of ours */
    DS_JSON_EACH (doc, value) {
        ds_json_w_name(s->w, value_it.name);
        ds_json_w_json(s->w, value);
    }
}

void ds_sk_help(ds_sketch *s, const char *help, const char *fallback)
{
    const char *text = help ? help : "";

    if (fallback && *fallback)
        text = ds_arena_printf(s->a, "%s%sDefault: %s.", text, *text ? ".\n" : "", fallback);
    if (*text)
        ds_w_text(s->w, "description", text);
}

/* What stands between the two, or a reference that will stand for it. */
void ds_sk_begin_any(ds_sketch *s)
{
    ds_sk_begin_list(s, "anyOf");
    ds_sk_begin(s, NULL);
}

void ds_sk_end_any(ds_sketch *s)
{
    ds_sk_end(s);
    ds_sk_begin(s, NULL);
    ds_sk_ref(s, "reference");
    ds_sk_end(s);
    ds_sk_end_list(s);
}

void ds_sk_names(ds_sketch *s, const char *list, const char *names)
{
    ds_sk_begin_list(s, list);
    for (const char *at = names; *at;) {
        size_t n = strcspn(at, "|");

        ds_json_w_text_n(s->w, at, n);
        at += n + (at[n] != '\0');
    }
    ds_sk_end_list(s);
}

void ds_sk_choice(ds_sketch *s, const char *choices)
{
    ds_sk_begin_any(s);
    ds_sk_names(s, "enum", choices);
    ds_sk_end_any(s);
}

void ds_sk_pattern(ds_sketch *s, const char *pattern)
{
    ds_sk_begin_any(s);
    ds_w_text(s->w, "type", "string");
    ds_w_text(s->w, "pattern", pattern);
    ds_sk_end_any(s);
}

void ds_sk_duration(ds_sketch *s, int64_t min)
{
    ds_sk_pattern(s, min >= DS_SECOND_MS ? DURATION_OF_SECONDS
                     : min > 0           ? DURATION_NOT_ZERO
                                         : "^" DURATION);
}

void ds_sk_names_list(ds_sketch *s, bool may_be_empty)
{
    ds_w_text(s->w, "type", "array");
    ds_w_int(s->w, "minItems", !may_be_empty);
    ds_w_int(s->w, "maxItems", ENTRIES_MAX);
    ds_w_bool(s->w, "uniqueItems", true);
    ds_sk_begin(s, "items");
    ds_sk_ref(s, "text");
    ds_sk_end(s);
}
