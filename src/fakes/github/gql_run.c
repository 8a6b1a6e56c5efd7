/* src/fakes/github/gql_run.c - fields of objects, as far as a query asks for them. */
#include "fakes/github/gql_run.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

/* ---- types ----------------------------------------------------------------------------------- */

static bool has_word(const char *words, const char *word)
{
    size_t n = strlen(word);

    for (const char *at = words ? strstr(words, word) : NULL; at; at = strstr(at + 1, word))
        if (at > words && at[-1] == ' ' && at[n] == ' ')
            return true;
    return false;
}

bool ds_gql_is(const ds_gql_type *type, const char *condition)
{
    return strcmp(type->name, condition) == 0 || has_word(type->is, condition);
}

/* Of every type; ds_gql_show writes it, who knows which one it is. */
static const ds_gql_field type_name = {"__typename", NULL, NULL, false, NULL};

const ds_gql_field *ds_gql_find_field(const ds_gql_type *type, const char *name)
{
    for (size_t i = 0; i < type->fields_n; i++)
        if (strcmp(type->fields[i].name, name) == 0)
            return &type->fields[i];
    return strcmp(name, type_name.name) == 0 ? &type_name : NULL;
}

const ds_gql_fragment *ds_gql_find_fragment(const ds_gql_run *run, const char *name)
{
    for (const ds_gql_fragment *f = run->doc->fragments; f; f = f->next)
        if (strcmp(f->name, name) == 0)
            return f;
    return NULL;
}

/* ---- arguments ------------------------------------------------------------------------------- */

const ds_gql_value *ds_gql_resolve(const ds_gql_run *run, const ds_gql_value *value)
{
    if (!value || value->kind != DS_GQL_VARIABLE)
        return value;
    for (const ds_gql_variable *v = run->operation->variables; v; v = v->next)
        if (strcmp(v->name, value->text) == 0)
            return v->value;
    return NULL;
}

const ds_gql_value *ds_gql_arg_value(const ds_gql_run *run, const ds_gql_arg *args,
                                     const char *name)
{
    for (; args; args = args->next)
        if (strcmp(args->name, name) == 0) {
            const ds_gql_value *value = ds_gql_resolve(run, args->value);

            return value && value->kind != DS_GQL_NULL ? value : NULL;
        }
    return NULL;
}

const char *ds_gql_arg_text(const ds_gql_run *run, const ds_gql_arg *args, const char *name)
{
    const ds_gql_value *value = ds_gql_arg_value(run, args, name);

    return value ? value->text : NULL;
}

int64_t ds_gql_arg_int(const ds_gql_run *run, const ds_gql_arg *args, const char *name,
                       int64_t other)
{
    const ds_gql_value *value = ds_gql_arg_value(run, args, name);
    int64_t number;

    return value && value->kind == DS_GQL_INT && ds_parse_int(value->text, &number) ? number
                                                                                    : other;
}

int ds_gql_arg_flag(const ds_gql_run *run, const ds_gql_arg *args, const char *name)
{
    const ds_gql_value *value = ds_gql_arg_value(run, args, name);

    return value && value->kind == DS_GQL_BOOL ? value->truth : -1;
}

const char *ds_gql_member_text(const ds_gql_run *run, const ds_gql_value *object, const char *name)
{
    return object && object->kind == DS_GQL_OBJECT ? ds_gql_arg_text(run, object->members, name)
                                                   : NULL;
}

bool ds_gql_included(const ds_gql_run *run, const ds_gql_directive *directives)
{
    for (; directives; directives = directives->next) {
        int truth = ds_gql_arg_flag(run, directives->args, "if");

        if (strcmp(directives->name, "skip") == 0 && truth == 1)
            return false;
        if (strcmp(directives->name, "include") == 0 && truth == 0)
            return false;
    }
    return true;
}

/* ---- choosing -------------------------------------------------------------------------------- */

typedef struct choice {
    ds_gql_chosen *first, **end;
} choice;

static void add_set(ds_gql_run *run, ds_gql_chosen *chosen, const ds_gql_selection *first)
{
    ds_gql_set *set = ds_new_in(run->arena, ds_gql_set);

    set->first = first;
    set->next = chosen->sets;
    chosen->sets = set;
}

static void choose_field(ds_gql_run *run, const ds_gql_type *type, const ds_gql_selection *s,
                         choice *out)
{
    ds_gql_chosen *chosen = out->first;

    while (chosen && strcmp(chosen->key, s->key) != 0)
        chosen = chosen->next;
    if (!chosen) {
        chosen = ds_new_in(run->arena, ds_gql_chosen);
        chosen->key = s->key;
        chosen->field = ds_gql_find_field(type, s->name);
        chosen->args = s->args;
        *out->end = chosen;
        out->end = &chosen->next;
    }
    if (s->selections)
        add_set(run, chosen, s->selections);
}

static void choose(ds_gql_run *run, const ds_gql_type *type, const ds_gql_selection *s, choice *out)
{
    for (; s; s = s->next) {
        const ds_gql_fragment *f;

        if (!ds_gql_included(run, s->directives))
            continue;
        switch (s->sort) {
        case DS_GQL_FIELD:
            choose_field(run, type, s, out);
            break;
        case DS_GQL_SPREAD:
            f = ds_gql_find_fragment(run, s->name);
            if (f && ds_gql_is(type, f->type))
                choose(run, type, f->selections, out);
            break;
        case DS_GQL_INLINE:
            if (!s->type || ds_gql_is(type, s->type))
                choose(run, type, s->selections, out);
            break;
        }
    }
}

void ds_gql_show(ds_gql_run *run, const ds_gql_type *type, const void *object,
                 const ds_gql_set *sets)
{
    choice chosen = {.end = &chosen.first};

    for (; sets; sets = sets->next)
        choose(run, type, sets->first, &chosen);
    ds_json_w_begin_object(run->w);
    for (const ds_gql_chosen *c = chosen.first; c; c = c->next) {
        ds_json_w_name(run->w, c->key);
        ds_gql_push(run, c->key, 0);
        if (c->field == &type_name)
            ds_json_w_text(run->w, type->name);
        else
            c->field->show(run, object, c);
        ds_gql_pop(run);
    }
    ds_json_w_end_object(run->w);
}

/* ---- errors ---------------------------------------------------------------------------------- */

void ds_gql_push(ds_gql_run *run, const char *key, int64_t index)
{
    if (run->path_n < DS_GQL_PATH_MAX) {
        run->path[run->path_n].key = key;
        run->path[run->path_n].index = index;
    }
    run->path_n++;
}

void ds_gql_pop(ds_gql_run *run)
{
    run->path_n--;
}

static void show_path(ds_gql_run *run)
{
    ds_json_writer *w = &run->errors;

    ds_json_w_name(w, "path");
    ds_json_w_begin_list(w);
    for (size_t i = 0; i < DS_MIN(run->path_n, (size_t)DS_GQL_PATH_MAX); i++)
        if (run->path[i].key)
            ds_json_w_text(w, run->path[i].key);
        else
            ds_json_w_int(w, run->path[i].index);
    ds_json_w_end_list(w);
}

static void show_place(ds_gql_run *run, const ds_gql_place *place)
{
    ds_json_writer *w = &run->errors;

    ds_json_w_name(w, "locations");
    ds_json_w_begin_list(w);
    ds_json_w_begin_object(w);
    ds_gh_w_int(w, "line", place->line);
    ds_gh_w_int(w, "column", place->column);
    ds_json_w_end_object(w);
    ds_json_w_end_list(w);
}

void ds_gql_error(ds_gql_run *run, const char *type, const ds_gql_place *place, bool with_path,
                  const char *fmt, ...)
{
    char text[512];
    va_list args;

    if (run->errors_n++ >= DS_GQL_ERRORS_MAX)
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    ds_json_w_begin_object(&run->errors);
    if (type)
        ds_gh_w_text(&run->errors, "type", type);
    if (with_path)
        show_path(run);
    if (place)
        show_place(run, place);
    ds_gh_w_text(&run->errors, "message", text);
    ds_json_w_end_object(&run->errors);
}
