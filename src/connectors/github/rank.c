/* src/connectors/github/rank.c
 *
 * Languages by bytes and people by contributions, as lists of names: in an order that does not
 * change while nothing does.
 */
#include "connectors/github/enrich.h"

#include <stdlib.h>
#include <string.h>

typedef struct ranked {
    const char *name;
    int64_t weight;
} ranked;

static int by_weight(const void *a, const void *b)
{
    const ranked *x = a, *y = b;

    if (x->weight != y->weight)
        return x->weight < y->weight ? 1 : -1;
    return strcmp(x->name, y->name);
}

static const ds_json *name_list(ranked *items, size_t n, ds_arena *a)
{
    DS_AUTO_BUF(text, DS_MIB);
    ds_json_writer w = ds_json_w(&text, false);
    ds_err err = DS_ERR_INIT;

    qsort(items, n, sizeof(*items), by_weight);
    ds_json_w_begin_list(&w);
    for (size_t i = 0; i < n; i++)
        ds_json_w_text(&w, items[i].name);
    ds_json_w_end_list(&w);
    return text.overflow ? NULL : ds_json_read(a, text.data, text.n, &err);
}

const ds_json *ds_github_language_names(const ds_json *bytes, ds_arena *a)
{
    ranked *items = ds_arena_alloc(a, (ds_json_size(bytes) + 1) * sizeof(*items));
    ds_json_iter it = ds_json_iterate(bytes);
    const ds_json *value;
    size_t n = 0;

    if (ds_json_kind_of(bytes) != DS_JSON_OBJECT)
        return NULL;
    while ((value = ds_json_next(&it))) {
        items[n] = (ranked){ds_arena_strndup(a, it.name, it.name_n), 0};
        if (!ds_json_int(value, &items[n++].weight))
            return NULL;
    }
    return name_list(items, n, a);
}

const ds_json *ds_github_logins(const ds_json *people, ds_arena *a)
{
    ranked *items = ds_arena_alloc(a, (ds_json_size(people) + 1) * sizeof(*items));
    size_t n = 0;

    if (ds_json_kind_of(people) != DS_JSON_LIST)
        return NULL;
    DS_JSON_EACH (people, one) {
        const char *login = ds_json_text(one, "login");

        if (login)
            items[n++] = (ranked){login, ds_json_integer(one, "contributions", 0)};
    }
    return name_list(items, n, a);
}
