/* tests/support/gql_print.c - see gql_print.h. */
#include "support/gql_print.h"

static void print_selections(ds_buf *out, const ds_gql_selection *s);
static void print_value(ds_buf *out, const ds_gql_value *v);

static void print_args(ds_buf *out, const ds_gql_arg *arg)
{
    for (; arg; arg = arg->next) {
        ds_buf_printf(out, "%s:", arg->name);
        print_value(out, arg->value);
        if (arg->next)
            ds_buf_char(out, ' ');
    }
}

static void print_string(ds_buf *out, const char *text)
{
    ds_buf_char(out, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            ds_buf_printf(out, "\\%c", *text);
        else if ((unsigned char)*text < ' ')
            ds_buf_printf(out, "\\u%04x", (unsigned)*text);
        else
            ds_buf_char(out, *text);
    }
    ds_buf_char(out, '"');
}

static void print_value(ds_buf *out, const ds_gql_value *v)
{
    switch (v->kind) {
    case DS_GQL_STRING:
        print_string(out, v->text);
        break;
    case DS_GQL_LIST:
        ds_buf_char(out, '[');
        for (const ds_gql_value *item = v->items; item; item = item->next) {
            print_value(out, item);
            if (item->next)
                ds_buf_char(out, ' ');
        }
        ds_buf_char(out, ']');
        break;
    case DS_GQL_OBJECT:
        ds_buf_char(out, '{');
        print_args(out, v->members);
        ds_buf_char(out, '}');
        break;
    case DS_GQL_VARIABLE:
        ds_buf_printf(out, "$%s", v->text);
        break;
    default:
        ds_buf_text(out, v->text);
    }
}

static void print_some_args(ds_buf *out, const ds_gql_arg *args)
{
    if (!args)
        return;
    ds_buf_char(out, '(');
    print_args(out, args);
    ds_buf_char(out, ')');
}

static void print_selection(ds_buf *out, const ds_gql_selection *s)
{
    if (s->sort == DS_GQL_FIELD)
        ds_buf_printf(out, "%s:%s", s->key, s->name);
    else if (s->sort == DS_GQL_SPREAD)
        ds_buf_printf(out, "...%s", s->name);
    else
        ds_buf_printf(out, "...%s%s", s->type ? "on " : "", s->type ? s->type : "");
    print_some_args(out, s->args);
    for (const ds_gql_directive *d = s->directives; d; d = d->next) {
        ds_buf_printf(out, "@%s", d->name);
        print_some_args(out, d->args);
    }
    if (s->selections)
        print_selections(out, s->selections);
}

static void print_selections(ds_buf *out, const ds_gql_selection *s)
{
    ds_buf_char(out, '{');
    for (; s; s = s->next) {
        print_selection(out, s);
        if (s->next)
            ds_buf_char(out, ' ');
    }
    ds_buf_char(out, '}');
}

static void print_variables(ds_buf *out, const ds_gql_variable *v)
{
    if (!v)
        return;
    ds_buf_char(out, '(');
    for (; v; v = v->next) {
        ds_buf_printf(out, "$%s:%s%s%s%s", v->name, v->list ? "[" : "", v->type, v->list ? "]" : "",
                      v->required ? "!" : "");
        if (v->value) {
            ds_buf_char(out, '=');
            print_value(out, v->value);
        }
        if (v->next)
            ds_buf_char(out, ' ');
    }
    ds_buf_char(out, ')');
}

void gql_print(ds_buf *out, const ds_gql_document *doc)
{
    for (const ds_gql_operation *o = doc->operations; o; o = o->next) {
        ds_buf_printf(out, "%s %s", o->kind, o->name ? o->name : "");
        print_variables(out, o->variables);
        print_selections(out, o->selections);
        ds_buf_char(out, '\n');
    }
    for (const ds_gql_fragment *f = doc->fragments; f; f = f->next) {
        ds_buf_printf(out, "fragment %s on %s", f->name, f->type);
        print_selections(out, f->selections);
        ds_buf_char(out, '\n');
    }
}
