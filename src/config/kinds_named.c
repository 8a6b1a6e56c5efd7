/* src/config/kinds_named.c
 *
 * Which connectors a file names, before it is read for good.  A connector that is loaded brings
 * names of secrets with it, and those must be known before the first line is shown.
 */
#include "config/load.h"

#include <ctype.h>
#include <string.h>

static void load(const ds_connectors *c, const char *kind)
{
    ds_err err = DS_ERR_INIT; /* said where the kind is read */

    (void)!ds_connectors_have(c, kind, &err);
}

/* `kind: x` of a table. One with ${...} in it is loaded when it is read. */
static void load_kind(const ds_connectors *c, const ds_node *table)
{
    const ds_member *kind = ds_node_member(table, "kind");

    if (kind && kind->value->kind == DS_NODE_SCALAR)
        load(c, kind->value->raw);
}

void ds_kinds_load_named(const ds_connectors *c, const ds_node *root)
{
    const ds_member *accounts = ds_node_member(root, "accounts");
    const ds_member *routes = ds_node_member(root, "routes");
    const ds_node *list = accounts ? accounts->value : NULL;

    if (!c->more)
        return;
    for (size_t i = 0; list && list->kind == DS_NODE_MAP && i < list->n; i++)
        load_kind(c, list->members[i].value);
    list = routes ? routes->value : NULL;
    for (size_t i = 0; list && list->kind == DS_NODE_MAP && i < list->n; i++) {
        const ds_member *source = ds_node_member(list->members[i].value, "source");
        const ds_member *destination = ds_node_member(list->members[i].value, "destination");

        if (source)
            load_kind(c, source->value);
        if (destination)
            load_kind(c, destination->value);
    }
}

static bool is_kind_char(char c)
{
    return islower((unsigned char)c) || isdigit((unsigned char)c) || c == '-';
}

static const char *skip_any(const char *at, const char *end, const char *of)
{
    while (at < end && strchr(of, *at))
        at++;
    return at;
}

static void load_all(const ds_connectors *c)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    size_t n;
    const char *const *kinds = c->more->kinds(c->more, a, &n);

    for (size_t i = 0; i < n; i++)
        load(c, kinds[i]);
}

/* A file that is no YAML has no tables: every word behind a `kind:` or `"kind":` may be meant, and
 * where it is no word, but ${...} say, everything. */
void ds_kinds_load_guessed(const ds_connectors *c, const char *text, size_t n)
{
    static const char word[] = "kind";
    const char *end = text + n, *at = text;

    while (c->more && (at = memmem(at, (size_t)(end - at), word, strlen(word)))) {
        char kind[65];
        size_t len = 0;

        at = skip_any(at + strlen(word), end, " \"'");
        if (at == end || *at != ':')
            continue;
        at = skip_any(at + 1, end, " \"'");
        while (at < end && len < sizeof kind - 1 && is_kind_char(*at))
            kind[len++] = *at++;
        kind[len] = '\0';
        if (len)
            load(c, kind);
        else
            load_all(c);
    }
}
