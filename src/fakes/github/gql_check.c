/* src/fakes/github/gql_check.c
 *
 * What GitHub looks at before it runs a query: variables, fields, arguments, fragments, pages of a
 * sensible size, the nodes they could bring.
 */
#include "fakes/github/gql_run.h"

#include <inttypes.h>
#include <string.h>

#define PAGE_MOST 100
#define IDS_MOST 100
#define FIELDS_MOST 10000 /* visited, with those of fragments each time they are spread */

typedef struct checker {
    ds_gql_run *run;
    int depth;
    int fields;
} checker;

/* ---- variables ------------------------------------------------------------------------------- */

static ds_gql_value *from_json(ds_arena *a, const ds_json *json);

static void members_from_json(ds_arena *a, const ds_json *json, ds_gql_value *to)
{
    ds_gql_arg *last_member = NULL;
    ds_gql_value *last_item = NULL;

    DS_JSON_EACH (json, part) {
        ds_gql_value *value = from_json(a, part);

        if (to->kind == DS_GQL_LIST) {
            if (last_item)
                last_item->next = value;
            else
                to->items = value;
            last_item = value;
        } else {
            ds_gql_arg *member = ds_new_in(a, ds_gql_arg);

            *member = (ds_gql_arg){.name = part_it.name, .value = value};
            if (last_member)
                last_member->next = member;
            else
                to->members = member;
            last_member = member;
        }
    }
}

static ds_gql_value *from_json(ds_arena *a, const ds_json *json)
{
    ds_gql_value *value = ds_new_in(a, ds_gql_value);
    int64_t whole;

    switch (ds_json_kind_of(json)) {
    case DS_JSON_NULL:
        value->kind = DS_GQL_NULL;
        break;
    case DS_JSON_BOOL:
        value->kind = DS_GQL_BOOL;
        value->truth = ds_json_truth(json);
        break;
    case DS_JSON_NUMBER:
        value->kind = ds_json_int(json, &whole) ? DS_GQL_INT : DS_GQL_FLOAT;
        value->text = ds_json_str(json, NULL);
        break;
    case DS_JSON_TEXT:
        value->kind = DS_GQL_STRING;
        value->text = ds_json_str(json, NULL);
        break;
    case DS_JSON_LIST:
        value->kind = DS_GQL_LIST;
        members_from_json(a, json, value);
        break;
    case DS_JSON_OBJECT:
        value->kind = DS_GQL_OBJECT;
        members_from_json(a, json, value);
        break;
    }
    return value;
}

/* The kinds a named type takes; a type of GitHub's own is an enum or an input object. */
static bool kind_fits(const ds_gql_variable *v, ds_gql_kind kind)
{
    if (v->list)
        return kind == DS_GQL_LIST;
    if (strcmp(v->type, "Int") == 0)
        return kind == DS_GQL_INT;
    if (strcmp(v->type, "Float") == 0)
        return kind == DS_GQL_INT || kind == DS_GQL_FLOAT;
    if (strcmp(v->type, "Boolean") == 0)
        return kind == DS_GQL_BOOL;
    if (strcmp(v->type, "ID") == 0)
        return kind == DS_GQL_STRING || kind == DS_GQL_INT;
    if (strcmp(v->type, "String") == 0)
        return kind == DS_GQL_STRING;
    return kind == DS_GQL_STRING || kind == DS_GQL_ENUM || kind == DS_GQL_OBJECT;
}

static bool set_variable(ds_gql_run *run, ds_gql_variable *v, const ds_json *given)
{
    if (given)
        v->value = from_json(run->arena, given);
    if ((!v->value || v->value->kind == DS_GQL_NULL) && !v->required)
        return true;
    if (v->value && kind_fits(v, v->value->kind))
        return true;
    ds_gql_error(run, NULL, &v->place, false,
                 "Variable $%.60s of type %s%.60s%s%s was provided "
                 "invalid value",
                 v->name, v->list ? "[" : "", v->type, v->list ? "]" : "", v->required ? "!" : "");
    return false;
}

/* ---- fields ---------------------------------------------------------------------------------- */

static bool check_selections(checker *c, const ds_gql_type *type, const ds_gql_selection *s,
                             int64_t times);

static bool takes(const ds_gql_field *field, const char *name, ds_arena *a)
{
    return field->args && strstr(field->args, ds_arena_printf(a, " %s ", name)) != NULL;
}

static bool check_args(checker *c, const ds_gql_field *field, const ds_gql_selection *s)
{
    ds_gql_run *run = c->run;

    for (const ds_gql_arg *arg = s->args; arg; arg = arg->next) {
        bool known = arg->value->kind != DS_GQL_VARIABLE;

        if (!takes(field, arg->name, run->arena)) {
            ds_gql_error(run, NULL, &s->place, false,
                         "Field '%.60s' doesn't accept argument '%.60s'", s->name, arg->name);
            return false;
        }
        for (const ds_gql_variable *v = run->operation->variables; v && !known; v = v->next)
            known = strcmp(v->name, arg->value->text) == 0;
        if (!known) {
            ds_gql_error(run, NULL, &s->place, false, "Variable $%.60s is used but not declared",
                         arg->value->text);
            return false;
        }
    }
    return true;
}

static bool wants_nodes(const ds_gql_selection *s)
{
    for (s = s->selections; s; s = s->next)
        if (s->sort != DS_GQL_FIELD || strcmp(s->name, "nodes") == 0 ||
            strcmp(s->name, "edges") == 0)
            return true;
    return false;
}

/* A page is counted; *times is then how often what is in it may come. */
static bool check_page(checker *c, const ds_gql_selection *s, int64_t *times)
{
    ds_gql_run *run = c->run;
    int64_t first = ds_gql_arg_int(run, s->args, "first", -1);

    run->requests += *times;
    if (first < 0 && !wants_nodes(s))
        return true;
    if (first < 0) {
        ds_gql_error(run, "MISSING_PAGINATION_BOUNDARIES", &s->place, false,
                     "You must provide a `first` or `last` value to properly paginate the `%.60s` "
                     "connection.",
                     s->name);
        return false;
    }
    if (first < 1 || first > PAGE_MOST) {
        ds_gql_error(run, "EXCESSIVE_PAGINATION", &s->place, false,
                     "Requesting %" PRId64 " records on the `%.60s` connection exceeds the `first` "
                     "limit of %d records.",
                     first, s->name, PAGE_MOST);
        return false;
    }
    *times *= first;
    run->nodes += *times;
    if (strcmp(s->name, "repositories") == 0)
        run->page_most = DS_MAX(run->page_most, first);
    return true;
}

/* nodes(ids:) brings as many as it names. */
static bool check_ids(checker *c, const ds_gql_selection *s, int64_t *times)
{
    const ds_gql_value *ids = ds_gql_arg_value(c->run, s->args, "ids");
    int64_t n = 0;

    for (const ds_gql_value *id = ids ? ids->items : NULL; id; id = id->next)
        n++;
    if (n > IDS_MOST) {
        ds_gql_error(c->run, "ARGUMENT_LIMIT", &s->place, false,
                     "You may not provide more than %d node ids; you provided %" PRId64 ".",
                     IDS_MOST, n);
        return false;
    }
    *times *= DS_MAX(1, n);
    c->run->nodes += n;
    c->run->page_most = DS_MAX(c->run->page_most, n);
    return true;
}

static bool check_field(checker *c, const ds_gql_type *type, const ds_gql_selection *s,
                        int64_t times)
{
    const ds_gql_field *field = ds_gql_find_field(type, s->name);

    if (!field) {
        ds_gql_error(c->run, NULL, &s->place, false, "Field '%.60s' doesn't exist on type '%s'",
                     s->name, type->name);
        return false;
    }
    if ((field->type == NULL) != (s->selections == NULL)) {
        ds_gql_error(c->run, NULL, &s->place, false,
                     field->type ? "Field '%.60s' must have selections"
                                 : "Selections can't be made on scalars (field '%.60s')",
                     s->name);
        return false;
    }
    if (!check_args(c, field, s))
        return false;
    if (field->connection && !check_page(c, s, &times))
        return false;
    if (strcmp(s->name, "nodes") == 0 && s->args && !check_ids(c, s, &times))
        return false;
    if (c->run->nodes > DS_GQL_NODES_MOST) {
        ds_gql_error(c->run, "MAX_NODE_LIMIT_EXCEEDED", &s->place, false,
                     "This query requests up to %" PRId64 " possible nodes which exceeds the "
                     "maximum limit of %d.",
                     c->run->nodes, DS_GQL_NODES_MOST);
        return false;
    }
    return !field->type || check_selections(c, field->type, s->selections, times);
}

/* ---- fragments ------------------------------------------------------------------------------- */

static const ds_gql_type *type_named(const char *name)
{
    for (size_t i = 0; ds_gql_types[i]; i++)
        if (strcmp(ds_gql_types[i]->name, name) == 0)
            return ds_gql_types[i];
    return NULL;
}

static bool check_fragment(checker *c, const ds_gql_type *type, const char *condition,
                           const ds_gql_selection *selections, const ds_gql_place *place,
                           int64_t times)
{
    const ds_gql_type *narrow = condition ? type_named(condition) : type;

    if (!narrow) {
        ds_gql_error(c->run, NULL, place, false,
                     "No such type %.60s, so it can't be a fragment condition", condition);
        return false;
    }
    if (!ds_gql_is(narrow, type->name) && !ds_gql_is(type, narrow->name)) {
        ds_gql_error(c->run, NULL, place, false, "Fragment on %.60s can't be spread inside %s",
                     condition, type->name);
        return false;
    }
    return check_selections(c, narrow, selections, times);
}

static bool check_spread(checker *c, const ds_gql_type *type, const ds_gql_selection *s,
                         int64_t times)
{
    const ds_gql_fragment *f = ds_gql_find_fragment(c->run, s->name);

    if (f)
        return check_fragment(c, type, f->type, f->selections, &s->place, times);
    ds_gql_error(c->run, NULL, &s->place, false, "Fragment %.60s was used, but not defined",
                 s->name);
    return false;
}

/* A fragment that leads to itself ends at the depth. */
static bool check_selections(checker *c, const ds_gql_type *type, const ds_gql_selection *s,
                             int64_t times)
{
    bool good = true;

    if (++c->depth > DS_GQL_DEPTH_MAX || c->fields > FIELDS_MOST) {
        ds_gql_error(c->run, NULL, s ? &s->place : NULL, false, "Query is too complex");
        return false;
    }
    for (; s && good; s = s->next) {
        c->fields++;
        if (s->sort == DS_GQL_FIELD)
            good = check_field(c, type, s, times);
        else if (s->sort == DS_GQL_SPREAD)
            good = check_spread(c, type, s, times);
        else
            good = check_fragment(c, type, s->type, s->selections, &s->place, times);
    }
    c->depth--;
    return good;
}

bool ds_gql_check(ds_gql_run *run, const ds_json *variables)
{
    checker c = {.run = run};

    for (ds_gql_variable *v = run->operation->variables; v; v = v->next)
        if (!set_variable(run, v, ds_json_get(variables, v->name)))
            return false;
    if (!check_selections(&c, &ds_gql_query, run->operation->selections, 1))
        return false;
    run->cost = DS_MAX(1, (run->requests + 50) / 100);
    return true;
}
