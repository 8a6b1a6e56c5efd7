/* src/connectors/notion/part.c - pieces of a value, and values that a page shows but a part of. */
#include "connectors/notion/notion.h"

#include <string.h>

static const ds_json *value_of(const ds_json *property, const char **type)
{
    *type = ds_json_text(property, "type");
    return *type ? ds_json_get(property, *type) : NULL;
}

ds_value ds_notion_part(const ds_json *property, const char *part, ds_arena *a)
{
    const char *type, **texts;
    const ds_json *value = value_of(property, &type), *found;
    size_t n = 0;

    if (ds_json_kind_of(value) != DS_JSON_LIST) {
        found = ds_json_path(value, part);
        return found ? ds_from_json(a, found) : DS_VALUE_NULL;
    }
    texts = ds_arena_alloc(a, (ds_json_size(value) + 1) * sizeof(*texts));
    DS_JSON_EACH (value, entry) {
        const char *one;

        found = ds_json_path(entry, part);
        one = found ? ds_value_text(a, ds_from_json(a, found)) : NULL;
        if (one)
            texts[n++] = one;
    }
    return n ? ds_list(texts, n) : DS_VALUE_NULL;
}

static size_t mentions_in(const ds_json *rich)
{
    size_t n = 0;

    DS_JSON_EACH (rich, run) {
        const char *kind = ds_json_text(run, "type");

        n += kind && strcmp(kind, "mention") == 0;
    }
    return n;
}

bool ds_notion_is_cut(const ds_json *property)
{
    const char *type;
    const ds_json *value = value_of(property, &type);

    if (!type)
        return false;
    if (strcmp(type, "rollup") == 0) {
        const char *what = ds_json_text(value, "type");

        return what && (strcmp(what, "incomplete") == 0 ||
                        ds_json_size(ds_json_get(value, "array")) >= DS_NOTION_SHOWN);
    }
    if (strcmp(type, "relation") == 0 || strcmp(type, "people") == 0)
        return ds_json_bool(property, "has_more") || ds_json_size(value) >= DS_NOTION_SHOWN;
    if (strcmp(type, "rich_text") == 0 || strcmp(type, "title") == 0)
        return mentions_in(value) >= DS_NOTION_SHOWN;
    return false;
}
