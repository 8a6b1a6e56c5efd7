/* src/config/kinds.c - the kinds of connectors that are there, and those that will be. */
#include "config/load.h"

#include <string.h>

const char *const ds_kinds_later[] = {"asana",  "contentful", "github", "jira",   "luma",    "mcp",
                                      "notion", "postgresql", "rest",   "singer", "youtube", NULL};

bool ds_kind_is_later(const char *kind)
{
    for (size_t i = 0; ds_kinds_later[i]; i++)
        if (!strcmp(ds_kinds_later[i], kind))
            return true;
    return false;
}

const ds_source_ops *ds_connectors_source(const ds_connectors *c, const char *kind)
{
    for (size_t i = 0; i < c->sources_n; i++)
        if (!strcmp(c->sources[i]->kind, kind))
            return c->sources[i];
    return NULL;
}

const ds_destination_ops *ds_connectors_destination(const ds_connectors *c, const char *kind)
{
    for (size_t i = 0; i < c->destinations_n; i++)
        if (!strcmp(c->destinations[i]->kind, kind))
            return c->destinations[i];
    return NULL;
}

bool ds_connectors_have(const ds_connectors *c, const char *kind, ds_err *err)
{
    if (ds_connectors_source(c, kind) || ds_connectors_destination(c, kind))
        return true;
    return c->more && c->more->load(c->more, kind, err);
}

bool ds_side_of_kind(const ds_connectors *c, const char *kind, ds_side_word word, ds_side *out)
{
    const ds_source_ops *source = NULL;
    const ds_destination_ops *destination = NULL;
    ds_err err = DS_ERR_INIT; /* ds_no_such_kind asks again and says it */

    if (ds_connectors_have(c, kind, &err)) {
        source = word == DS_SOURCE ? ds_connectors_source(c, kind) : NULL;
        destination = word == DS_DESTINATION ? ds_connectors_destination(c, kind) : NULL;
    }
    *out = (ds_side){.word = word, .source = source, .destination = destination};
    if (source) {
        out->kind = source->kind;
        out->options = source->options;
        out->instance_size = source->instance_size;
    }
    if (destination) {
        out->kind = destination->kind;
        out->options = destination->options;
        out->instance_size = destination->instance_size;
    }
    return source || destination;
}

size_t ds_kinds_of(const ds_connectors *c, ds_side_word word, const char **kinds)
{
    size_t n = word == DS_SOURCE ? c->sources_n : c->destinations_n;

    for (size_t i = 0; i < n; i++)
        kinds[i] = word == DS_SOURCE ? c->sources[i]->kind : c->destinations[i]->kind;
    return n;
}

/* All that could be loaded, those that were among them. */
static const char *const *loadable(const ds_connectors *c, ds_arena *a, size_t *n)
{
    *n = 0;
    return c->more ? c->more->kinds(c->more, a, n) : NULL;
}

const char *ds_kind_guess(ds_load *ld, const char *kind, const char *const *own, size_t own_n)
{
    size_t n = own_n, more_n;
    const char *const *more = loadable(ld->connectors, ld->arena, &more_n);
    const char **known =
        ds_arena_alloc(ld->arena, (own_n + DS_COUNT(ds_kinds_later) + more_n) * sizeof(*known));

    for (size_t i = 0; i < own_n; i++)
        known[i] = own[i];
    for (size_t i = 0; ds_kinds_later[i]; i++)
        known[n++] = ds_kinds_later[i];
    for (size_t i = 0; i < more_n; i++)
        known[n++] = more[i];
    return ds_guess(ld, kind, known, n);
}

/* `list`, and those that can be loaded and are not yet: what they are is known only then. */
static const char *with_loadable(const ds_connectors *c, ds_arena *a, const char *list)
{
    size_t n;
    const char *const *more = loadable(c, a, &n);
    const char *lead = "; it can load ";

    for (size_t i = 0; i < n; i++) {
        if (ds_connectors_source(c, more[i]) || ds_connectors_destination(c, more[i]))
            continue;
        list = ds_arena_printf(a, "%s%s%s", list, lead, more[i]);
        lead = ", ";
    }
    return list;
}

const char *ds_kind_unloaded(const ds_connectors *c, ds_arena *a, const char *kind, ds_err *err)
{
    if (!c->more)
        return "";
    (void)!ds_connectors_have(c, kind, err); /* no: it was asked for */
    if (err->kind != DS_ERR_NONE)
        return NULL;
    return ds_arena_printf(a, "; no connector folder has a %.64s.so (`doctor` lists them)", kind);
}

bool ds_no_such_kind(ds_load *ld, const ds_member *m, const char *kind, ds_side_word word)
{
    static const char *const words[] = {"source", "destination"};
    const ds_connectors *c = ld->connectors;
    const char **kinds =
        ds_arena_alloc(ld->arena, (c->sources_n + c->destinations_n + 1) * sizeof(*kinds));
    size_t n = ds_kinds_of(c, word, kinds);
    const char *list = "", *unloaded, *guess;
    ds_err err = DS_ERR_INIT;
    ds_side other;

    for (size_t i = 0; i < n; i++)
        list = ds_arena_printf(ld->arena, "%s%s%s", list, i ? ", " : "", kinds[i]);
    if (ds_side_of_kind(c, kind, word == DS_SOURCE ? DS_DESTINATION : DS_SOURCE, &other))
        return ds_issue(ld->issues, m->value->at, "%s cannot be a %s; what can: %s", kind,
                        words[word], with_loadable(c, ld->arena, list));
    unloaded = ds_kind_unloaded(c, ld->arena, kind, &err);
    if (!unloaded)
        return ds_issue(ld->issues, m->value->at, "%s", err.text);
    if (ds_kind_is_later(kind))
        return ds_issue(ld->issues, m->value->at, "%s %s is not in this build; it has %s%s",
                        words[word], kind, with_loadable(c, ld->arena, list), unloaded);
    guess = ds_kind_guess(ld, kind, kinds, n);
    return ds_issue(ld->issues, m->value->at, "unknown %s kind \"%s\"%s", words[word], kind,
                    *guess ? guess : unloaded);
}

static size_t add_secret_names(const ds_option *options, const char **names)
{
    size_t n = 0;

    for (; options && options->name; options++)
        if (options->type == DS_OPTION_SECRET)
            names[n++] = options->name;
    return n;
}

const char *const *ds_kinds_secret_names(const ds_connectors *c, ds_arena *a)
{
    static const char *const own[] = {"encryption_key", "client_key_data"};
    size_t n = DS_COUNT(own), room = 1 + n;
    const char **names;

    for (size_t i = 0; i < c->sources_n; i++)
        room += ds_options_count(c->sources[i]->options);
    for (size_t i = 0; i < c->destinations_n; i++)
        room += ds_options_count(c->destinations[i]->options);
    names = ds_arena_zalloc(a, room * sizeof(*names));
    memcpy(names, own, sizeof(own));
    for (size_t i = 0; i < c->sources_n; i++)
        n += add_secret_names(c->sources[i]->options, names + n);
    for (size_t i = 0; i < c->destinations_n; i++)
        n += add_secret_names(c->destinations[i]->options, names + n);
    return names;
}
