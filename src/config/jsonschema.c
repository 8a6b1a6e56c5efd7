/* src/config/jsonschema.c
 *
 * The tables as a JSON Schema, for editors and for validators of the user's own.  It is draft 7 and
 * uses only what later drafts understand as well.  What it accepts and what `check` accepts is the
 * same, but for what no schema can know:
 *
 *   - whether the names in `owns`, `create_only`, `stamp` and `missing` fit the fields and the key,
 *     whether two routes own one property, whether an account exists and is of the kind that is
 *     wanted
 *   - what a connector finds out by looking at its settings together, but for `one_of`
 *   - bounds of a duration above 1s, and one that is a sum of milliseconds
 *   - which zones and which days there are, which steps of a cron expression make sense, whether
 *     `quiet` leaves nothing of a day, and what is wrong with a program of `transform`; of names
 * such as @daily the schema knows small letters alone
 *   - what ${...} stands for: a text that holds one is accepted wherever text is; `kind` has none
 *   - quotes: YAML's "true" and "5" are text, which the schema refuses where they are not wanted,
 *     but which it cannot tell from a value that a reference stands for
 */
#include "config/sketch.h"

/* ---- shapes ---------------------------------------------------------------------------------- */

static void put_text(ds_sketch *s, const ds_shape *shape)
{
    if (!shape->pattern) {
        ds_sk_ref(s, "text");
        return;
    }
    ds_sk_begin_any(s);
    ds_w_text(s->w, "type", "string");
    ds_w_text(s->w, "pattern", shape->pattern);
    if (shape->rules) {
        ds_sk_end(s);
        ds_sk_begin(s, NULL);
        ds_sk_rules(s, shape->rules);
    }
    ds_sk_end_any(s);
}

static void put_value(ds_sketch *s, bool list)
{
    if (!list) {
        ds_sk_ref(s, "value");
        return;
    }
    ds_sk_begin_list(s, "anyOf");
    ds_sk_begin(s, NULL);
    ds_sk_ref(s, "value");
    ds_sk_end(s);
    ds_sk_begin(s, NULL);
    ds_w_text(s->w, "type", "array");
    ds_sk_begin(s, "items");
    ds_sk_names(s, "type", DS_SCALARS);
    ds_sk_end(s);
    ds_sk_end(s);
    ds_sk_end_list(s);
}

static void put_list(ds_sketch *s, const ds_shape *shape)
{
    ds_w_text(s->w, "type", "array");
    ds_w_int(s->w, "minItems", 1);
    ds_sk_begin(s, "items");
    ds_sk_shape(s, shape->of);
    ds_sk_end(s);
}

static void put_map(ds_sketch *s, const ds_shape *shape)
{
    ds_w_text(s->w, "type", "object");
    if (!shape->may_be_empty)
        ds_w_int(s->w, "minProperties", 1);
    if (shape->most)
        ds_w_int(s->w, "maxProperties", (int64_t)shape->most);
    if (shape->pattern) {
        ds_sk_begin(s, "propertyNames");
        ds_w_text(s->w, "pattern", shape->pattern);
        ds_sk_end(s);
    }
    ds_sk_begin(s, "additionalProperties");
    ds_sk_shape(s, shape->of);
    ds_sk_end(s);
}

static void put_either(ds_sketch *s, const ds_shape *shape)
{
    ds_sk_begin_list(s, "anyOf");
    for (const ds_shape *const *one = shape->either; *one; one++) {
        ds_sk_begin(s, NULL);
        ds_sk_shape(s, *one);
        ds_sk_end(s);
    }
    ds_sk_end_list(s);
}

void ds_sk_key(ds_sketch *s, const ds_key *key)
{
    ds_sk_begin(s, key->name);
    ds_sk_help(s, key->help, key->fallback);
    if (key->fallback && (key->type == DS_KEY_DURATION || key->type == DS_KEY_CHOICE))
        ds_w_text(s->w, "default", key->fallback);
    switch (key->type) {
    case DS_KEY_TEXT:
    case DS_KEY_MEMBER:
        if (key->shape)
            ds_sk_shape(s, key->shape);
        else
            ds_sk_ref(s, "text");
        break;
    case DS_KEY_DURATION:
        ds_sk_duration(s, key->min);
        break;
    case DS_KEY_CHOICE:
        ds_sk_choice(s, key->choices);
        break;
    }
    ds_sk_end(s);
}

static void put_table(ds_sketch *s, const ds_shape *shape)
{
    const char *required = "";

    ds_w_text(s->w, "type", "object");
    ds_w_bool(s->w, "additionalProperties", false);
    ds_sk_begin(s, "properties");
    for (const ds_key *key = shape->keys; key->name; key++) {
        ds_sk_key(s, key);
        if (key->required)
            required = ds_arena_printf(s->a, "%s%s%s", required, *required ? "|" : "", key->name);
    }
    ds_sk_end(s);
    if (*required)
        ds_sk_names(s, "required", required);
    if (shape->rules)
        ds_sk_rules(s, shape->rules);
    if (shape == &ds_shape_route)
        ds_sk_abilities(s);
}

void ds_sk_shape(ds_sketch *s, const ds_shape *shape)
{
    switch (shape->type) {
    case DS_SHAPE_TEXT:
        put_text(s, shape);
        break;
    case DS_SHAPE_ANY_TEXT:
        ds_sk_names(s, "type", DS_SCALARS);
        break;
    case DS_SHAPE_CHOICE:
        ds_sk_choice(s, shape->choices);
        break;
    case DS_SHAPE_VALUE:
        put_value(s, shape->list);
        break;
    case DS_SHAPE_NAMES:
        ds_sk_names_list(s, shape->may_be_empty);
        break;
    case DS_SHAPE_LIST:
        put_list(s, shape);
        break;
    case DS_SHAPE_TABLE:
        put_table(s, shape);
        break;
    case DS_SHAPE_MAP:
        put_map(s, shape);
        break;
    case DS_SHAPE_EITHER:
        put_either(s, shape);
        break;
    case DS_SHAPE_SOURCE:
    case DS_SHAPE_DESTINATION:
    case DS_SHAPE_ACCOUNT:
        ds_sk_kinds(s, shape->type);
        break;
    }
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void put_definitions(ds_sketch *s)
{
    ds_sk_begin(s, "definitions");
    ds_sk_begin(s, "text");
    ds_sk_names(s, "type", DS_SCALARS);
    ds_w_int(s->w, "minLength", 1);
    ds_sk_end(s);
    ds_sk_begin(s, "value");
    ds_sk_names(s, "type", DS_SCALARS "|null");
    ds_sk_end(s);
    ds_sk_begin(s, "reference");
    ds_w_text(s->w, "type", "string");
    ds_w_text(s->w, "pattern", "\\$\\{.+\\}");
    ds_sk_end(s);
    ds_sk_kind_definitions(s);
    ds_sk_end(s);
}

void ds_config_schema(const ds_connectors *connectors, ds_arena *a, ds_json_writer *w)
{
    ds_sketch s = {.w = w, .a = a, .connectors = connectors};

    ds_sk_begin(&s, NULL);
    ds_w_text(w, "$schema", "http://json-schema.org/draft-07/schema#");
    ds_w_text(w, "title", "Configuration of durable-sync");
    put_table(&s, &ds_shape_file);
    put_definitions(&s);
    ds_sk_end(&s);
}
