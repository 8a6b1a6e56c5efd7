/* src/connectors/notion/check.c - what `check` says of the table, and which columns it has. */
#include "connectors/notion/writer.h"

#include <string.h>

typedef struct listener {
    void (*say)(void *to, bool is_error, const char *text, const char *remedy);
    void *to;
} listener;

/* Values of the one type never fit a column of the other. */
static bool never_fits(ds_type type, ds_notion_type column)
{
    switch (column) {
    case DS_NOTION_NUMBER:
        return type == DS_DATE || type == DS_DATETIME || type == DS_LIST;
    case DS_NOTION_CHECKBOX:
        return type == DS_DATE || type == DS_DATETIME || type == DS_LIST || type == DS_NUMBER;
    case DS_NOTION_DATE:
        return type == DS_BOOL || type == DS_LIST;
    case DS_NOTION_PEOPLE:
    case DS_NOTION_RELATION:
    case DS_NOTION_FILES:
    case DS_NOTION_PLACE:
        return type != DS_TEXT && type != DS_LIST && type != DS_NESTED;
    default:
        return false;
    }
}

/* The same of a source's property, among whose numbers may be 0 and 1. */
static bool never_comes_to_fit(ds_type type, ds_notion_type column)
{
    bool plain =
        column == DS_NOTION_NUMBER || column == DS_NOTION_CHECKBOX || column == DS_NOTION_DATE;

    if (type == DS_NUMBER && column == DS_NOTION_CHECKBOX)
        return false;
    return never_fits(type, column) || (type == DS_NESTED && plain);
}

const char *ds_notion_misfit(ds_destination *self, ds_activity *act, const char *column,
                             ds_type type, const ds_value *value)
{
    ds_notion_writer *w = (ds_notion_writer *)self;
    const ds_notion_column *c = w->known ? ds_notion_bind(w, column) : NULL;
    ds_arena *a = ds_activity_arena(act);
    const char *problem = NULL;
    ds_notion_cell cell;

    if (!c || !ds_notion_is_writable(c->type))
        return NULL;
    if (value)
        problem = ds_notion_encode(c, *value, &w->policy, a, &cell);
    else if (!never_comes_to_fit(type, c->type))
        return NULL;
    if (value && !problem)
        return NULL;
    return ds_arena_printf(a, "column \"%.100s\" is of type %s%s%s", c->name, c->type_name,
                           problem ? ": " : "", problem ? problem : "");
}

/* What the mapping writes whatever the source says must fit: an option that is not there, above
 * all.
 */
static bool say_texts(ds_notion_writer *w, const ds_column *wanted, const ds_notion_column *c,
                      const listener *l, ds_arena *a)
{
    bool said = false;

    for (size_t i = 0; i < wanted->texts_n; i++) {
        ds_notion_cell cell;
        const char *problem = ds_notion_encode(c, ds_text(wanted->texts[i]), &w->policy, a, &cell);

        if (problem)
            l->say(
                l->to, true,
                ds_arena_printf(a,
                                "column \"%.100s\" does not take \"%.100s\", which `fields` would "
                                "write: %s",
                                c->name, wanted->texts[i], problem),
                c->options ? "make the option in Notion, or write one that is there"
                           : "correct the value in `fields`");
        said |= problem != NULL;
    }
    return said;
}

static void say_column(ds_notion_writer *w, const ds_column *wanted, const listener *l, ds_arena *a)
{
    const ds_notion_column *c = ds_notion_bind(w, wanted->name);
    const char *problem = ds_notion_column_problem(w, c, wanted->name, a);

    if (problem && !c)
        l->say(
            l->to, wanted->type != DS_ABSENT, problem,
            "make it in Notion, or with `durable-sync schema ROUTE --create`; one that was renamed "
            "there is still written");
    else if (problem)
        l->say(l->to, wanted->type != DS_ABSENT, problem,
               "leave it out of `fields`, or write to another column");
    else if (wanted->typed && never_fits(wanted->type, c->type))
        l->say(l->to, true,
               ds_arena_printf(a, "column \"%.100s\" is of type %s, its values would be %s",
                               c->name, c->type_name, ds_type_name(wanted->type)),
               "change the column's type in Notion, or the field's `as`");
    else if (!say_texts(w, wanted, c, l, a) && strcmp(c->name, wanted->name) != 0)
        l->say(l->to, false,
               ds_arena_printf(a, "column \"%.100s\" is now called \"%.100s\"; it is still written",
                               wanted->name, c->name),
               "write the new name into `fields` at leisure");
}

static void say_key(ds_notion_writer *w, const listener *l, ds_arena *a)
{
    const char *problem = ds_notion_key_column_problem(w, ds_notion_bind(w, w->key), a);

    if (problem)
        l->say(l->to, true, problem, "name another column in `key`, or make one in Notion");
}

/* Reads the table without a word on whether it fits. */
static bool look(ds_notion_writer *w, ds_activity *act, ds_err *err)
{
    ds_err misfit = DS_ERR_INIT;

    if (ds_notion_renew(w, act, &misfit) || w->table.id)
        return true;
    *err = misfit;
    return false;
}

bool ds_notion_check(ds_destination *self, ds_activity *act, const ds_column *columns, size_t n,
                     void (*say)(void *to, bool is_error, const char *text, const char *remedy),
                     void *to, ds_err *err)
{
    ds_notion_writer *w = (ds_notion_writer *)self;
    ds_arena *a = ds_activity_arena(act);
    const listener l = {say, to};

    if (!w->settings.data_source && !w->settings.database) {
        say(to, true, "there is no database yet",
            "`durable-sync schema ROUTE --create` makes one below `parent`, and says what to write "
            "in its place");
        return true;
    }
    w->table.id = NULL;
    if (!look(w, act, err))
        return false;
    say_key(w, &l, a);
    for (size_t i = 0; i < n; i++)
        say_column(w, &columns[i], &l, a);
    return true;
}

/* ---- listing --------------------------------------------------------------------------------- */

static const char *wanted_for(ds_notion_writer *w, const ds_notion_column *c,
                              const ds_column *columns, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (ds_notion_bind(w, columns[i].name) == c)
            return columns[i].name;
    return NULL;
}

bool ds_notion_list_columns(ds_destination *self, ds_activity *act, const ds_column *columns,
                            size_t n, const ds_column_there **out, size_t *out_n, ds_err *err)
{
    ds_notion_writer *w = (ds_notion_writer *)self;
    ds_arena *a = ds_activity_arena(act);
    ds_column_there *all;
    bool ok;

    *out_n = 0;
    *out = NULL;
    if (!w->settings.data_source && !w->settings.database)
        return true;
    ds_notion_begin(w);
    w->table.id = NULL;
    ok = look(w, act, err);
    all = ds_arena_zalloc(a, ((ok ? w->table.columns_n : 0) + 1) * sizeof(*all));
    for (size_t i = 0; ok && i < w->table.columns_n; i++) {
        const ds_notion_column *c = &w->table.columns[i];

        all[(*out_n)++] = (ds_column_there){.name = ds_arena_strdup(a, c->name),
                                            .type = ds_arena_strdup(a, c->type_name),
                                            .is_key = ds_notion_bind(w, w->key) == c,
                                            .takes = wanted_for(w, c, columns, n)};
    }
    *out = all;
    ds_notion_end(w);
    return ok;
}
