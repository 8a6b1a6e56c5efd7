/* src/config/jsonschema_kinds.c
 *
 * The connectors in the JSON Schema: one definition for each side of each kind, chosen by `kind`.
 */
#include "config/load.h"
#include "config/sketch.h"

#include <string.h>

/* ---- which kinds there are ------------------------------------------------------------------- */

static bool listed(const char *const *kinds, const char *kind)
{
    for (; *kinds; kinds++)
        if (!strcmp(*kinds, kind))
            return true;
    return false;
}

/* Each once: sources, destinations, or (for accounts) both; ended by NULL. */
static const char *const *kinds_of(ds_sketch *s, ds_shape_type type)
{
    const ds_connectors *c = s->connectors;
    const char **kinds =
        ds_arena_zalloc(s->a, (c->sources_n + c->destinations_n + 1) * sizeof(*kinds));
    size_t n = 0;

    for (size_t i = 0; type != DS_SHAPE_DESTINATION && i < c->sources_n; i++)
        kinds[n++] = c->sources[i]->kind;
    for (size_t i = 0; type != DS_SHAPE_SOURCE && i < c->destinations_n; i++)
        if (!listed(kinds, c->destinations[i]->kind))
            kinds[n++] = c->destinations[i]->kind;
    return kinds;
}

/* An option before this one shares its word. */
static bool group_began(const ds_option *options, const ds_option *here)
{
    for (; options < here; options++)
        if (options->one_of && !strcmp(options->one_of, here->one_of))
            return true;
    return false;
}

/* "if": the kind that stands here, or in the member `of`, is this one. */
static void put_if_kind(ds_sketch *s, const char *of, const char *kind)
{
    ds_sk_begin(s, "if");
    if (of) {
        ds_sk_names(s, "required", of);
        ds_sk_begin(s, "properties");
        ds_sk_begin(s, of);
    }
    ds_sk_names(s, "required", "kind");
    ds_sk_begin(s, "properties");
    ds_sk_begin(s, "kind");
    ds_w_text(s->w, "const", kind);
    ds_sk_end(s);
    ds_sk_end(s);
    if (of) {
        ds_sk_end(s);
        ds_sk_end(s);
    }
    ds_sk_end(s);
}

/* ---- kinds ----------------------------------------------------------------------------------- */

static void put_option_default(ds_sketch *s, const ds_option *o)
{
    ds_json_w_name(s->w, "default");
    if (o->type == DS_OPTION_BOOL)
        ds_json_w_bool(s->w, strcmp(o->fallback, "true") == 0);
    else if (o->type == DS_OPTION_INT)
        ds_json_w_number(s->w, o->fallback, strlen(o->fallback));
    else
        ds_json_w_text(s->w, o->fallback);
}

static void put_option_int(ds_sketch *s, const ds_option *o)
{
    ds_sk_begin_any(s);
    ds_w_text(s->w, "type", "integer");
    if (o->min || o->max) {
        ds_w_int(s->w, "minimum", o->min);
        ds_w_int(s->w, "maximum", o->max);
    }
    ds_sk_end_any(s);
}

static void put_option_type(ds_sketch *s, const ds_option *o)
{
    switch (o->type) {
    case DS_OPTION_TEXT:
        if (o->required)
            ds_sk_ref(s, "text");
        else
            ds_sk_names(s, "type", DS_SCALARS);
        break;
    case DS_OPTION_PATH:
    case DS_OPTION_SECRET:
        ds_sk_ref(s, "text");
        break;
    case DS_OPTION_INT:
        put_option_int(s, o);
        break;
    case DS_OPTION_BOOL:
        ds_sk_begin_any(s);
        ds_w_text(s->w, "type", "boolean");
        ds_sk_end_any(s);
        break;
    case DS_OPTION_DURATION:
        ds_sk_duration(s, o->min);
        break;
    case DS_OPTION_CHOICE:
        ds_sk_choice(s, o->choices);
        break;
    case DS_OPTION_LIST:
        ds_sk_names_list(s, true);
        break;
    }
}

static void put_option(ds_sketch *s, const ds_option *o)
{
    ds_sk_begin(s, o->name);
    ds_sk_help(s, o->help,
               o->fallback ? o->fallback
               : o->env    ? ds_arena_printf(s->a, "the environment variable %s", o->env)
                           : NULL);
    if (o->fallback)
        put_option_default(s, o);
    put_option_type(s, o);
    ds_sk_end(s);
}

static void put_options(ds_sketch *s, const ds_option *options, const ds_option *but)
{
    for (const ds_option *o = options; o && o->name; o++)
        if (!ds_option_find(but, o->name))
            put_option(s, o);
}

/* Exactly one of the options that share a word. */
static void put_groups(ds_sketch *s, const ds_option *options)
{
    ds_sk_begin_list(s, "allOf");
    for (const ds_option *o = options; o->name; o++) {
        if (!o->one_of || group_began(options, o))
            continue;
        ds_sk_begin(s, NULL);
        ds_sk_begin_list(s, "oneOf");
        for (const ds_option *other = o; other->name; other++) {
            if (!other->one_of || strcmp(other->one_of, o->one_of) != 0)
                continue;
            ds_sk_begin(s, NULL);
            ds_sk_names(s, "required", other->name);
            ds_sk_end(s);
        }
        ds_sk_end_list(s);
        ds_sk_end(s);
    }
    ds_sk_end_list(s);
}

/* What must be there, unless an account may hold it. What the environment may hold need not. */
static void put_needs(ds_sketch *s, const ds_option *options)
{
    const char *required = "";
    bool groups = false;

    for (const ds_option *o = options; o && o->name; o++) {
        groups |= o->one_of != NULL;
        if (o->required && !o->fallback && !o->env)
            required = ds_arena_printf(s->a, "%s%s%s", required, *required ? "|" : "", o->name);
    }
    if (!*required && !groups)
        return;
    ds_sk_begin_list(s, "anyOf");
    ds_sk_begin(s, NULL);
    ds_sk_names(s, "required", "account");
    ds_sk_end(s);
    ds_sk_begin(s, NULL);
    if (*required)
        ds_sk_names(s, "required", required);
    if (groups)
        put_groups(s, options);
    ds_sk_end(s);
    ds_sk_end_list(s);
}

static void begin_kind(ds_sketch *s, const char *role, const char *kind, const char *help)
{
    ds_sk_begin(s, ds_arena_printf(s->a, "%s-%s", role, kind));
    ds_sk_help(s, help, NULL);
    ds_w_text(s->w, "type", "object");
    ds_w_bool(s->w, "additionalProperties", false);
    ds_sk_begin(s, "properties");
    ds_sk_begin(s, "kind");
    ds_w_text(s->w, "const", kind);
    ds_sk_end(s);
}

static void put_side(ds_sketch *s, const char *role, const char *kind, const char *help,
                     const ds_option *options)
{
    begin_kind(s, role, kind, help);
    for (const ds_key *key = ds_side_keys; key->name; key++)
        if (strcmp(key->name, "kind") != 0)
            ds_sk_key(s, key);
    put_options(s, options, NULL);
    ds_sk_end(s);
    put_needs(s, options);
    ds_sk_end(s);
}

/* Both sides of a kind may have settings; an account may hold any of them, and none must be. */
static void put_account(ds_sketch *s, const char *kind)
{
    const ds_source_ops *source = ds_connectors_source(s->connectors, kind);
    const ds_destination_ops *destination = ds_connectors_destination(s->connectors, kind);

    begin_kind(s, "account", kind, NULL);
    if (source)
        put_options(s, source->options, NULL);
    if (destination)
        put_options(s, destination->options, source ? source->options : NULL);
    ds_sk_end(s);
    ds_sk_end(s);
}

void ds_sk_kind_definitions(ds_sketch *s)
{
    const char *const *kinds = kinds_of(s, DS_SHAPE_ACCOUNT);

    for (; *kinds; kinds++) {
        const ds_source_ops *source = ds_connectors_source(s->connectors, *kinds);
        const ds_destination_ops *destination = ds_connectors_destination(s->connectors, *kinds);

        if (source)
            put_side(s, "source", *kinds, source->help, source->options);
        if (destination)
            put_side(s, "destination", *kinds, destination->help, destination->options);
        put_account(s, *kinds);
    }
}

/* A kind, and by it one of the definitions above. */
void ds_sk_kinds(ds_sketch *s, ds_shape_type type)
{
    const char *role = type == DS_SHAPE_SOURCE        ? "source"
                       : type == DS_SHAPE_DESTINATION ? "destination"
                                                      : "account";
    const char *const *kinds = kinds_of(s, type);

    ds_w_text(s->w, "type", "object");
    ds_sk_names(s, "required", "kind");
    ds_sk_begin(s, "properties");
    ds_sk_begin(s, "kind");
    ds_sk_help(s, ds_side_keys[0].help, NULL);
    ds_sk_begin_list(s, "enum");
    for (size_t i = 0; kinds[i]; i++)
        ds_json_w_text(s->w, kinds[i]);
    ds_sk_end_list(s);
    ds_sk_end(s);
    ds_sk_end(s);
    ds_sk_begin_list(s, "allOf");
    for (size_t i = 0; kinds[i]; i++) {
        ds_sk_begin(s, NULL);
        put_if_kind(s, NULL, kinds[i]);
        ds_sk_begin(s, "then");
        ds_sk_ref(s, ds_arena_printf(s->a, "%s-%s", role, kinds[i]));
        ds_sk_end(s);
        ds_sk_end(s);
    }
    ds_sk_end_list(s);
}

static void put_inability(ds_sketch *s, const char *kind, const char *word)
{
    ds_sk_begin(s, NULL);
    put_if_kind(s, "destination", kind);
    ds_sk_begin(s, "then");
    ds_sk_begin(s, "properties");
    ds_sk_begin(s, "missing");
    ds_sk_begin(s, "not");
    ds_w_text(s->w, "const", word);
    ds_sk_end(s);
    ds_sk_end(s);
    ds_sk_end(s);
    ds_sk_end(s);
    ds_sk_end(s);
}

/* A route may not ask its destination for what that cannot do. */
void ds_sk_abilities(ds_sketch *s)
{
    ds_sk_begin_list(s, "allOf");
    for (const char *const *kinds = kinds_of(s, DS_SHAPE_DESTINATION); *kinds; kinds++) {
        const ds_destination_ops *ops = ds_connectors_destination(s->connectors, *kinds);

        if (!ops->archive)
            put_inability(s, *kinds, "archive");
        if (!ops->remove)
            put_inability(s, *kinds, "delete");
    }
    ds_sk_end_list(s);
}
