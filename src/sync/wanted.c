/* src/sync/wanted.c
 *
 * Which properties of its source a route reads: what `fields` and `body` take, by name or in a
 * template, and what `where` compares.  A source asks before it fetches what costs calls of its
 * own.
 */
#include "sync/map.h"

#include <string.h>

typedef struct names {
    ds_arena *arena;
    const char **items;
    size_t n, cap;
} names;

static void add(names *to, const char *name, size_t length)
{
    for (size_t i = 0; i < to->n; i++) {
        if (strlen(to->items[i]) == length && memcmp(to->items[i], name, length) == 0)
            return;
    }
    if (to->n == to->cap) {
        size_t cap = 2 * to->cap;

        to->items = ds_arena_grow(to->arena, to->items, to->n * sizeof(*to->items),
                                  cap * sizeof(*to->items));
        to->cap = cap;
    }
    to->items[to->n++] = ds_arena_strndup(to->arena, name, length);
}

/* "{owner.login}/{name}"; {{ is a brace. */
static void add_of_template(names *to, const char *text)
{
    while ((text = strchr(text, '{'))) {
        size_t length = strcspn(text + 1, "}");

        if (text[1] == '{') {
            text += 2;
            continue;
        }
        add(to, text + 1, length);
        text += 1 + length;
    }
}

static void add_of_field(names *to, const ds_field *field)
{
    if (field->kind == DS_FIELD_FROM)
        add(to, field->from, strlen(field->from));
    if (field->kind == DS_FIELD_TEMPLATE)
        add_of_template(to, field->template);
}

const char *const *ds_mapping_wanted(const ds_route *route, ds_arena *a, size_t *n)
{
    names to = {.arena = a};

    *n = 0;
    if (!route->has_fields && (!route->has_owns || route->transform))
        return NULL;
    to.items = ds_arena_alloc(a, 16 * sizeof(*to.items));
    to.cap = 16;
    for (size_t i = 0; i < route->fields_n; i++)
        add_of_field(&to, &route->fields[i]);
    if (route->body)
        add_of_field(&to, route->body);
    for (size_t i = 0; !route->has_fields && i < route->owns.n; i++)
        add(&to, route->owns.items[i], strlen(route->owns.items[i]));
    for (size_t i = 0; i < route->where_n; i++)
        add(&to, route->where[i].name, strlen(route->where[i].name));
    *n = to.n;
    return to.items;
}
