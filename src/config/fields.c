/* src/config/fields.c - `fields` in all its forms, `body`, and `where`. */
#include "base/text.h"
#include "config/load.h"

#include <string.h>

#define WHERE_MAX ((size_t)10000)

/* ---- one field as a table -------------------------------------------------------------------- */

typedef struct form { /* what was written */
    const char *from, *template, *split, *as;
    const ds_member *value, *fallback, *join, *map;
} form;

static const ds_shape any_text_shape = {.type = DS_SHAPE_ANY_TEXT, .takes = "text"};
static const ds_shape value_shape = {.type = DS_SHAPE_VALUE, .takes = "a value"};
static const ds_shape value_or_list_shape = {
    .type = DS_SHAPE_VALUE, .takes = "a value or a list of texts", .list = true};
static const ds_shape values_shape = {
    .type = DS_SHAPE_LIST, .takes = "a list of values", .of = &value_shape};
static const ds_shape pairs_shape = {
    .type = DS_SHAPE_MAP, .takes = "a table from old values to new ones", .of = &value_shape};
static const ds_shape template_shape = {
    .type = DS_SHAPE_TEXT,
    .takes = "text with names in braces",
    .pattern = "^(\\{\\{|\\}\\}|[^{}]|\\{[^{} ]([^{}]*[^{} ])?\\})+$",
};

static const ds_key form_keys[] = {
    {.name = "from",
     .type = DS_KEY_TEXT,
     .offset = offsetof(form, from),
     .help = "the source's property; `owner.login` names a part of a nested one"},
    {.name = "value",
     .type = DS_KEY_MEMBER,
     .offset = offsetof(form, value),
     .shape = &value_or_list_shape,
     .help = "always the same"},
    {.name = "template",
     .type = DS_KEY_TEXT,
     .offset = offsetof(form, template),
     .shape = &template_shape,
     .help = "several properties in one text: `{owner.login}/{name}`; a brace is written twice"},
    {.name = "as",
     .type = DS_KEY_CHOICE,
     .offset = offsetof(form, as),
     .choices = "text|integer|number|boolean|date|datetime|list",
     .fallback = "as it comes",
     .help = "the type to make of it; a value that does not fit holds its record"},
    {.name = "default",
     .type = DS_KEY_MEMBER,
     .offset = offsetof(form, fallback),
     .shape = &value_or_list_shape,
     .fallback = "none",
     .help = "what to take for null and absent, and for what `map` does not name"},
    {.name = "join",
     .type = DS_KEY_MEMBER,
     .offset = offsetof(form, join),
     .shape = &any_text_shape,
     .help = "makes one text of a list, with this between the entries"},
    {.name = "split",
     .type = DS_KEY_TEXT,
     .offset = offsetof(form, split),
     .help = "makes a list of one text, cut at this"},
    {.name = "map",
     .type = DS_KEY_MEMBER,
     .offset = offsetof(form, map),
     .shape = &pairs_shape,
     .help = "puts new values in the place of old ones, in a list entry by entry: `{\"true\": "
             "Archived, \"false\": Live}`"},
    {.name = NULL},
};

/* What contradiction() says, as far as a schema can. */
#define HAS(name_) "{\"required\":[\"" name_ "\"]}"
#define IF(name_, then_) "{\"if\":" HAS(name_) ",\"then\":" then_ "}"
#define TEXTUAL "{\"properties\":{\"as\":{\"enum\":[\"text\",\"list\"]}}}"
#define ALONE                                                                                      \
    "{\"not\":{\"anyOf\":[" HAS("default") "," HAS("join") "," HAS("split") "," HAS("map") "]}}"
const ds_shape ds_shape_field = {
    .type = DS_SHAPE_TABLE,
    .takes = "a table with one of `from`, `value` and `template`",
    .keys = form_keys,
    .rules = "\"oneOf\":[" HAS("from") "," HAS("value") "," HAS(
        "template") "],"
                    "\"allOf\":[" IF("join", TEXTUAL) "," IF("split", TEXTUAL) "," IF("value",
                                                                                      ALONE) "]",
};

static const ds_shape property_shape = {.type = DS_SHAPE_TEXT, .takes = "a property of the source"};
static const ds_shape field_shape = {
    .type = DS_SHAPE_EITHER,
    .takes = "a property of the source, or a table",
    .either = (const ds_shape *const[]){&property_shape, &ds_shape_field, NULL},
};
const ds_shape ds_shape_body = {
    .type = DS_SHAPE_EITHER,
    .takes = "a property of the source, or a table as in `fields`",
    .either = (const ds_shape *const[]){&property_shape, &ds_shape_field, NULL},
};
const ds_shape ds_shape_fields = {
    .type = DS_SHAPE_MAP,
    .takes = "a table, destination property from source property",
    .pattern = "^[\\s\\S]",
    .of = &field_shape,
    .most = DS_PROPERTIES_MAX,
};

static const ds_shape condition_shape = {
    .type = DS_SHAPE_EITHER,
    .takes = "a value, or a list of values",
    .either = (const ds_shape *const[]){&value_shape, &values_shape, NULL},
};
const ds_shape ds_shape_where = {
    .type = DS_SHAPE_MAP,
    .takes = "a table from source properties to the value or values to keep",
    .of = &condition_shape,
    .may_be_empty = true,
    .most = WHERE_MAX,
};

static const struct {
    const char *name;
    ds_type type;
} types[] = {
    {"text", DS_TEXT}, {"integer", DS_INT},       {"number", DS_NUMBER}, {"boolean", DS_BOOL},
    {"date", DS_DATE}, {"datetime", DS_DATETIME}, {"list", DS_LIST},
};

static ds_type type_named(const char *name)
{
    for (size_t i = 0; name && i < DS_COUNT(types); i++) /* GCOVR_EXCL_BR_LINE it is one of them */
        if (!strcmp(types[i].name, name))
            return types[i].type;
    return DS_ABSENT;
}

/* Settings that contradict one another; NULL: none do. */
static const char *contradiction(ds_load *ld, const form *f, ds_type as)
{
    const char *idle = f->fallback ? "default"
                       : f->join   ? "join"
                       : f->split  ? "split"
                       : f->map    ? "map"
                                   : NULL;
    int ways = !!f->from + !!f->value + !!f->template;
    bool textual = as == DS_ABSENT || as == DS_LIST || as == DS_TEXT;

    if (ways == 0)
        return "needs one of \"from\", \"value\" and \"template\"";
    if (ways > 1)
        return "takes only one of \"from\", \"value\" and \"template\"";
    if (f->value && idle)
        return ds_arena_printf(ld->arena, "\"%s\" does nothing beside \"value\"", idle);
    if (f->join && !textual)
        return "\"join\" makes text: \"as\" can only be text or list beside it";
    if (f->split && !textual)
        return "\"split\" makes a list: \"as\" can only be list or text beside it";
    return NULL;
}

/* Reads a value that will stand where `as` is wanted. */
static bool read_typed(ds_load *ld, const ds_member *m, bool list, ds_type as, ds_value *out)
{
    ds_err err = DS_ERR_INIT;
    ds_value v;

    if (!ds_read_literal(ld, m, list, &v))
        return false;
    *out = v;
    if (as == DS_ABSENT || ds_value_as(ld->arena, v, as, out, &err))
        return true;
    return ds_issue(ld->issues, m->value->at, "%s: %s", m->name, err.text);
}

static void read_pairs(ds_load *ld, const ds_member *m, ds_type as, ds_field *field)
{
    ds_map_pair *pairs;

    if (!m || !ds_read_map(ld, m, "a table from old values to new ones"))
        return;
    if (!m->value->n) {
        ds_issue(ld->issues, m->value->at, "map: nothing in it");
        return;
    }
    pairs = ds_arena_zalloc(ld->arena, m->value->n * sizeof(*pairs));
    for (size_t i = 0; i < m->value->n; i++) {
        const ds_member *pair = &m->value->members[i];
        ds_value fits;

        pairs[i].from = pair->name;
        if (read_typed(ld, pair, false, as == DS_LIST ? DS_ABSENT : as, &fits))
            (void)!ds_read_literal(ld, pair, false, &pairs[i].to); /* the pass converts it */
    }
    field->map = pairs;
    field->map_n = m->value->n;
}

static void read_template(ds_load *ld, const ds_member *table, const form *f, ds_field *field)
{
    const char *problem = ds_template_problem(f->template);

    field->kind = DS_FIELD_TEMPLATE;
    field->template = f->template;
    if (problem)
        ds_issue(ld->issues, ds_node_member(table->value, "template")->value->at, "template: %s",
                 problem);
}

static void read_form(ds_load *ld, const ds_member *m, ds_field *field)
{
    form f = {0};
    bool ok = ds_schema_read(ld, m, form_keys, &f);
    const char *wrong = contradiction(ld, &f, type_named(f.as));

    field->as = type_named(f.as);
    if (ok && wrong)
        ds_issue(ld->issues, m->at, "%s: %s", m->name, wrong);
    if (!ok || wrong)
        return;
    field->from = f.from;
    field->split = f.split;
    if (f.template)
        read_template(ld, m, &f, field);
    if (f.value) {
        field->kind = DS_FIELD_VALUE;
        (void)!read_typed(ld, f.value, true, field->as, &field->value);
    }
    if (f.join)
        (void)!ds_read_any_text(ld, f.join, &field->join);
    if (f.fallback)
        (void)!read_typed(ld, f.fallback, !f.join, f.join ? DS_ABSENT : field->as,
                          &field->fallback);
    read_pairs(ld, f.map, field->as, field);
}

/* ---- all of them
 * --------------------------------------------------------------------------------- */

static void read_field(ds_load *ld, const ds_member *m, ds_field *field)
{
    *field = (ds_field){.to = m->name, .kind = DS_FIELD_FROM, .at = m->at};
    if (!*m->name)
        ds_issue(ld->issues, m->at, "a field needs a name");
    else if (m->value->kind == DS_NODE_SCALAR)
        (void)!ds_read_text(ld, m, &field->from);
    else if (m->value->kind == DS_NODE_MAP)
        read_form(ld, m, field);
    else
        ds_expected(ld, m, "a source property, or a table such as {from: size, as: number}");
}

void ds_fields_read(ds_load *ld, const ds_member *m, ds_route *route)
{
    ds_field *fields;

    if (!m || !ds_read_map(ld, m, "a table from destination properties to source properties"))
        return;
    if (!m->value->n || m->value->n > DS_PROPERTIES_MAX) {
        ds_issue(ld->issues, m->at,
                 m->value->n ? "fields: more than 10000 of them"
                             : "fields: nothing in it; leave it out to take all properties");
        return;
    }
    fields = ds_arena_zalloc(ld->arena, m->value->n * sizeof(*fields));
    for (size_t i = 0; i < m->value->n; i++)
        read_field(ld, &m->value->members[i], &fields[i]);
    route->has_fields = true;
    route->fields = fields;
    route->fields_n = m->value->n;
}

const char *ds_body_choice(const ds_route *route)
{
    const ds_option *option =
        route->destination ? ds_option_find(route->destination->options, "body") : NULL;
    const char *choice = NULL;

    if (option && option->type == DS_OPTION_CHOICE && route->destination_settings)
        memcpy(&choice, (const char *)route->destination_settings + option->offset, sizeof(choice));
    return choice ? choice : "";
}

void ds_body_read(ds_load *ld, const ds_member *m, ds_route *route)
{
    ds_field *body;

    if (!m)
        return;
    body = ds_new_in(ld->arena, ds_field);
    read_field(ld, m, body);
    route->body = body;
}

static void read_condition(ds_load *ld, const ds_member *m, ds_where *out)
{
    const ds_node *v = m->value;
    size_t n = v->kind == DS_NODE_LIST ? v->n : 1;
    ds_value *any = ds_arena_zalloc(ld->arena, (n + 1) * sizeof(*any));

    *out = (ds_where){.name = m->name, .any = any, .any_n = n, .at = m->at};
    if (v->kind == DS_NODE_LIST && !n)
        ds_issue(ld->issues, v->at, "%s: an empty list keeps nothing", m->name);
    for (size_t i = 0; i < n; i++) {
        ds_member one = {m->name, m->at, v->kind == DS_NODE_LIST ? v->items[i] : m->value};

        (void)!ds_read_literal(ld, &one, false, &any[i]);
    }
}

void ds_where_read(ds_load *ld, const ds_member *m, ds_route *route)
{
    ds_where *where;

    if (!m || !ds_read_map(ld, m, "a table from source properties to the values to keep"))
        return;
    if (m->value->n > WHERE_MAX) {
        ds_issue(ld->issues, m->at, "where: more than %zu conditions", WHERE_MAX);
        return;
    }
    where = ds_arena_zalloc(ld->arena, (m->value->n + 1) * sizeof(*where));
    for (size_t i = 0; i < m->value->n; i++)
        read_condition(ld, &m->value->members[i], &where[i]);
    route->where = where;
    route->where_n = m->value->n;
}
