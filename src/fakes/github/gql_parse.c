/* src/fakes/github/gql_parse.c - from words to a document, by recursive descent. */
#include "fakes/github/gql.h"

#include <string.h>

typedef struct parser {
    ds_gql_lexer lex;
    ds_err *err;
    ds_gql_place *place;
    int depth;
} parser;

/* ---- words ----------------------------------------------------------------------------------- */

static bool fail(parser *p, const char *wanted)
{
    const ds_gql_lexer *l = &p->lex;

    if (p->err->kind != DS_ERR_NONE) /* the first one counts */
        return false;
    *p->place = l->place;
    if (l->word == DS_GQL_WRONG)
        return ds_fail(p->err, DS_ERR_PERMANENT, "%s", l->value);
    if (l->word == DS_GQL_END)
        return ds_fail(p->err, DS_ERR_PERMANENT, "the end, where %s was expected", wanted);
    return ds_fail(p->err, DS_ERR_PERMANENT, "\"%.60s\", where %s was expected", l->value, wanted);
}

static bool at_sign(const parser *p, char sign)
{
    return p->lex.word == DS_GQL_SIGN && p->lex.value[0] == sign;
}

static bool at_name(const parser *p, const char *name)
{
    return p->lex.word == DS_GQL_NAME && strcmp(p->lex.value, name) == 0;
}

static bool take_sign(parser *p, char sign)
{
    if (!at_sign(p, sign))
        return false;
    ds_gql_next(&p->lex);
    return true;
}

static bool need_sign(parser *p, char sign)
{
    char wanted[] = {'"', sign, '"', '\0'};

    return take_sign(p, sign) || fail(p, wanted);
}

/* NULL: it is none. */
static const char *take_name(parser *p)
{
    const char *name = p->lex.value;

    if (p->lex.word != DS_GQL_NAME)
        return NULL;
    ds_gql_next(&p->lex);
    return name;
}

static bool need_name(parser *p, const char **name)
{
    *name = take_name(p);
    return *name || fail(p, "a name");
}

static bool deeper(parser *p)
{
    if (p->depth++ < DS_GQL_DEPTH_MAX)
        return true;
    if (p->err->kind == DS_ERR_NONE) {
        *p->place = p->lex.place;
        ds_fail(p->err, DS_ERR_PERMANENT, "nested deeper than %d", DS_GQL_DEPTH_MAX);
    }
    return false;
}

/* ---- values ---------------------------------------------------------------------------------- */

static ds_gql_value *parse_value(parser *p);

static bool parse_items(parser *p, ds_gql_value *list)
{
    ds_gql_value *last = NULL;

    while (!take_sign(p, ']')) {
        ds_gql_value *item = parse_value(p);

        if (!item)
            return false;
        if (last)
            last->next = item;
        else
            list->items = item;
        last = item;
    }
    return true;
}

/* name: value, up to the sign that ends them, which is taken. */
static bool parse_args(parser *p, char end, const ds_gql_arg **first)
{
    ds_gql_arg *last = NULL;

    while (!take_sign(p, end)) {
        ds_gql_arg *arg = ds_new_in(p->lex.arena, ds_gql_arg);

        if (!need_name(p, &arg->name) || !need_sign(p, ':') || !(arg->value = parse_value(p)))
            return false;
        if (last)
            last->next = arg;
        else
            *first = arg;
        last = arg;
    }
    return true;
}

static bool parse_word_value(parser *p, ds_gql_value *value)
{
    value->text = p->lex.value;
    switch (p->lex.word) {
    case DS_GQL_NUMBER:
        value->kind = DS_GQL_INT;
        break;
    case DS_GQL_REAL:
        value->kind = DS_GQL_FLOAT;
        break;
    case DS_GQL_TEXT:
        value->kind = DS_GQL_STRING;
        break;
    case DS_GQL_NAME:
        value->truth = at_name(p, "true");
        value->kind = value->truth || at_name(p, "false") ? DS_GQL_BOOL
                      : at_name(p, "null")                ? DS_GQL_NULL
                                                          : DS_GQL_ENUM;
        break;
    default:
        return fail(p, "a value");
    }
    ds_gql_next(&p->lex);
    return true;
}

static ds_gql_value *parse_value(parser *p)
{
    ds_gql_value *value = ds_new_in(p->lex.arena, ds_gql_value);
    bool good;

    if (!deeper(p))
        return NULL;
    if (take_sign(p, '$')) {
        value->kind = DS_GQL_VARIABLE;
        good = need_name(p, &value->text);
    } else if (take_sign(p, '[')) {
        value->kind = DS_GQL_LIST;
        good = parse_items(p, value);
    } else if (take_sign(p, '{')) {
        value->kind = DS_GQL_OBJECT;
        good = parse_args(p, '}', &value->members);
    } else {
        good = parse_word_value(p, value);
    }
    p->depth--;
    return good ? value : NULL;
}

/* ---- selections ------------------------------------------------------------------------------ */

static bool parse_selections(parser *p, const ds_gql_selection **first);

/* Arguments in brackets, where there are some: an empty pair is none. */
static bool maybe_args(parser *p, const ds_gql_arg **first)
{
    if (!take_sign(p, '('))
        return true;
    return !at_sign(p, ')') ? parse_args(p, ')', first) : fail(p, "a name");
}

static bool parse_directives(parser *p, const ds_gql_directive **first)
{
    ds_gql_directive *last = NULL;

    while (take_sign(p, '@')) {
        ds_gql_directive *directive = ds_new_in(p->lex.arena, ds_gql_directive);

        if (!need_name(p, &directive->name) || !maybe_args(p, &directive->args))
            return false;
        if (last)
            last->next = directive;
        else
            *first = directive;
        last = directive;
    }
    return true;
}

static bool parse_field(parser *p, ds_gql_selection *s)
{
    if (!need_name(p, &s->key))
        return false;
    s->name = s->key;
    if (take_sign(p, ':') && !need_name(p, &s->name))
        return false;
    return maybe_args(p, &s->args) && parse_directives(p, &s->directives) &&
           (!at_sign(p, '{') || parse_selections(p, &s->selections));
}

/* Behind the three points. */
static bool parse_fragment_use(parser *p, ds_gql_selection *s)
{
    if (p->lex.word == DS_GQL_NAME && !at_name(p, "on")) {
        s->sort = DS_GQL_SPREAD;
        s->name = take_name(p);
        return parse_directives(p, &s->directives);
    }
    s->sort = DS_GQL_INLINE;
    if (take_name(p) && !need_name(p, &s->type))
        return false;
    return parse_directives(p, &s->directives) && parse_selections(p, &s->selections);
}

static bool parse_selections(parser *p, const ds_gql_selection **first)
{
    ds_gql_selection *last = NULL;

    if (!deeper(p) || !need_sign(p, '{'))
        return false;
    do {
        ds_gql_selection *s = ds_new_in(p->lex.arena, ds_gql_selection);

        s->place = p->lex.place;
        if (p->lex.word == DS_GQL_SPREAD_WORD) {
            ds_gql_next(&p->lex);
            if (!parse_fragment_use(p, s))
                return false;
        } else if (!parse_field(p, s)) {
            return false;
        }
        if (last)
            last->next = s;
        else
            *first = s;
        last = s;
    } while (!take_sign(p, '}'));
    p->depth--;
    return true;
}

/* ---- definitions ----------------------------------------------------------------------------- */

static bool parse_type(parser *p, ds_gql_variable *v, bool outermost)
{
    bool good;

    if (!deeper(p))
        return false;
    if (take_sign(p, '[')) {
        v->list = true;
        good = parse_type(p, v, false) && need_sign(p, ']');
    } else {
        good = need_name(p, &v->type);
    }
    p->depth--;
    if (good && take_sign(p, '!') && outermost)
        v->required = true;
    return good;
}

static bool parse_variables(parser *p, ds_gql_variable **first)
{
    ds_gql_variable *last = NULL;
    const ds_gql_directive *ignored = NULL;

    if (!take_sign(p, '('))
        return true;
    do {
        ds_gql_variable *v = ds_new_in(p->lex.arena, ds_gql_variable);

        v->place = p->lex.place;
        if (!need_sign(p, '$') || !need_name(p, &v->name) || !need_sign(p, ':') ||
            !parse_type(p, v, true))
            return false;
        if (take_sign(p, '=') && !(v->value = parse_value(p)))
            return false;
        if (!parse_directives(p, &ignored))
            return false;
        if (last)
            last->next = v;
        else
            *first = v;
        last = v;
    } while (!take_sign(p, ')'));
    return true;
}

static bool parse_operation(parser *p, ds_gql_operation *o)
{
    const ds_gql_directive *ignored = NULL;

    if (at_sign(p, '{')) {
        o->kind = "query";
        return parse_selections(p, &o->selections);
    }
    if (!at_name(p, "query") && !at_name(p, "mutation") && !at_name(p, "subscription"))
        return fail(p, "a query");
    o->kind = take_name(p);
    o->name = take_name(p);
    return parse_variables(p, &o->variables) && parse_directives(p, &ignored) &&
           parse_selections(p, &o->selections);
}

static bool parse_fragment(parser *p, ds_gql_fragment *f)
{
    const ds_gql_directive *ignored = NULL;

    f->place = p->lex.place;
    take_name(p);
    if (at_name(p, "on"))
        return fail(p, "the fragment's name");
    if (!need_name(p, &f->name) || !at_name(p, "on"))
        return fail(p, "\"on\"");
    take_name(p);
    return need_name(p, &f->type) && parse_directives(p, &ignored) &&
           parse_selections(p, &f->selections);
}

static bool parse_document(parser *p, ds_gql_document *doc)
{
    ds_gql_operation **operation = &doc->operations;
    ds_gql_fragment **fragment = &doc->fragments;

    while (p->lex.word != DS_GQL_END) {
        if (at_name(p, "fragment")) {
            *fragment = ds_new_in(p->lex.arena, ds_gql_fragment);
            if (!parse_fragment(p, *fragment))
                return false;
            fragment = &(*fragment)->next;
        } else {
            *operation = ds_new_in(p->lex.arena, ds_gql_operation);
            if (!parse_operation(p, *operation))
                return false;
            operation = &(*operation)->next;
        }
    }
    return doc->operations || fail(p, "a query");
}

ds_gql_document *ds_gql_parse(ds_arena *a, const char *text, size_t n, ds_gql_place *place,
                              ds_err *err)
{
    ds_gql_document *doc = ds_new_in(a, ds_gql_document);
    parser p = {.lex = {.arena = a, .text = text, .n = n, .line = 1}, .err = err, .place = place};

    *place = (ds_gql_place){1, 1};
    if (n > DS_GQL_TEXT_MAX) {
        ds_fail(err, DS_ERR_PERMANENT, "longer than %zu bytes", DS_GQL_TEXT_MAX);
        return NULL;
    }
    ds_gql_next(&p.lex);
    return parse_document(&p, doc) ? doc : NULL;
}
