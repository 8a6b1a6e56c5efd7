/* src/app/misfits.c
 *
 * Types that do not meet.  What the source knows of a property settles it where no value of that
 * type fits; else the first records are put to the destination, value by value, as a pass would.
 * A wrong alarm is worse than none: what a later record may do better is a doubt.
 */
#include "app/misfits.h"

#include <string.h>

#define MANY ((size_t)5) /* records in a row of which none fits speak for all */

typedef struct finder {
    ds_findings *f;
    const ds_peek *p;
    ds_destination *to;
    ds_arena *a;
    const ds_column *column;
    const ds_field *field; /* NULL: names come with the records */
} finder;

static const char *ask(const finder *m, ds_type type, const ds_value *value)
{
    return m->to->ops->misfit(m->to, m->p->act, m->column->name, type, value);
}

static const ds_field *field_of(const ds_route *r, const char *name)
{
    for (size_t i = 0; i < r->fields_n; i++)
        if (!strcmp(r->fields[i].to, name))
            return &r->fields[i];
    return NULL;
}

/* "durable-sync.yaml:14:7: "Stars" takes `description`" */
static const char *place_of(const finder *m)
{
    const ds_field *field = m->field;
    const char *what = ds_arena_printf(m->a, "\"%.100s\"", m->column->name);

    if (field && field->kind == DS_FIELD_FROM)
        what = ds_arena_printf(m->a, "%s takes `%.100s`", what, field->from);
    if (!field || !field->at.line)
        return what;
    return ds_arena_printf(m->a, "%s:%d:%d: %s", m->f->app->config->path, field->at.line,
                           field->at.col, what);
}

static void say(const finder *m, ds_finding_level level, const char *text)
{
    ds_finding(m->f, level, m->p->route->name,
               m->field
                   ? "take another property, turn it into what the column holds (`as`, `map`), or "
                     "change the column's type"
                   : "name in `fields` what goes into it, or change the column's type",
               "%s: %s", place_of(m), text);
}

/* Whatever the source says there: its type is known, and no value of it fits. */
static bool never_fits(const finder *m)
{
    ds_type type = m->column->comes;
    const char *why = type != DS_ABSENT && type != DS_TEXT ? ask(m, type, NULL) : NULL;

    if (!why)
        return false;
    say(m, DS_FINDING_ERROR,
        ds_arena_printf(m->a, "its values are of type %s, and %s: none of them fits",
                        ds_type_name(type), why));
    return true;
}

/* Of each value seen its type alone tells that it cannot fit. */
static bool all_hopeless(const finder *m, const ds_peeked *seen)
{
    for (size_t i = 0; i < seen->n; i++)
        if (!ask(m, seen->values[i].type, NULL))
            return false;
    return seen->n > 0;
}

static bool speaks_for_all(const finder *m, const ds_peeked *seen)
{
    return m->column->comes != DS_ABSENT || m->p->is_all || seen->n >= MANY ||
           all_hopeless(m, seen);
}

/* Nothing has come yet. A text may spell what the column holds, and mostly does not. */
static void doubt(const finder *m)
{
    ds_value word = ds_text("text");
    const char *why = m->column->comes == DS_TEXT ? ask(m, DS_TEXT, &word) : NULL;

    if (why)
        say(m, DS_FINDING_WARNING,
            ds_arena_printf(m->a,
                            "its values are text, which may not fit, and the first records have "
                            "none to tell: %s",
                            why));
}

static void judge(const finder *m, const ds_peeked *seen)
{
    const char *first = NULL;
    size_t bad = 0;

    for (size_t i = 0; i < seen->n; i++) {
        const char *why = ask(m, seen->values[i].type, &seen->values[i]);

        bad += why != NULL;
        first = first ? first : why;
    }
    if (!seen->n)
        doubt(m);
    if (!bad)
        return;
    say(m, bad == seen->n && speaks_for_all(m, seen) ? DS_FINDING_ERROR : DS_FINDING_WARNING,
        ds_arena_printf(m->a, "%s; of the first %zu value%s %zu would be held", first, seen->n,
                        seen->n == 1 ? "" : "s", bad));
}

/* What is fixed by the mapping was looked at with the columns. */
static bool is_open(const finder *m)
{
    return (!m->field || m->field->kind != DS_FIELD_VALUE) &&
           (!m->column->typed || m->column->type == DS_TEXT);
}

bool ds_misfits_find(ds_findings *f, ds_peek *p, ds_destination *to, const ds_column *columns,
                     size_t n, ds_err *err)
{
    ds_peeked *seen;

    if (!to->ops->misfit)
        return true;
    if (!ds_peek_values(p, columns, n, &seen, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        finder m = {.f = f,
                    .p = p,
                    .to = to,
                    .a = p->act->arena,
                    .column = &columns[i],
                    .field = field_of(p->route, columns[i].name)};

        if (is_open(&m) && !never_fits(&m))
            judge(&m, &seen[i]);
    }
    return true;
}
