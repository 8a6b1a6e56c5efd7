/* src/connectors/notion/target.c - the table that is written to, and which column is which. */
#include "connectors/notion/writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEPT_TABLE "table"     /* "MS\n" and the answer that told of it */
#define KEPT_COLUMNS "columns" /* {"Stars": "n1"}: names in the mapping, and their columns' ids */
#define KEPT_REMADE "remade"   /* a column was made anew: all rows lack what they had in it */
#define KEPT_FOR_MS DS_DAY_MS

ds_notion_body ds_notion_body_of(const ds_notion_writer *w)
{
    if (strcmp(w->body, "none") == 0)
        return DS_NOTION_NO_BODY;
    return strcmp(w->body, "create") == 0 ? DS_NOTION_BODY_ONCE : DS_NOTION_BODY;
}

ds_notion_trash ds_notion_trash_of(const ds_notion_writer *w)
{
    if (strcmp(w->trashed, "restore") == 0)
        return DS_NOTION_RESTORE;
    return strcmp(w->trashed, "recreate") == 0 ? DS_NOTION_RECREATE : DS_NOTION_LEAVE;
}

void ds_notion_begin(ds_notion_writer *w)
{
    ds_notion_end(w);
    w->arena = ds_arena_new();
    w->seen_arena = ds_arena_new();
    w->policy.create_options = strcmp(w->options, "create") == 0;
    w->policy.overflow = strcmp(w->on_overflow, "split") == 0      ? DS_NOTION_SPLIT
                         : strcmp(w->on_overflow, "truncate") == 0 ? DS_NOTION_TRUNCATE
                                                                   : DS_NOTION_HOLD;
}

void ds_notion_end(ds_notion_writer *w)
{
    ds_http_close(DS_TAKE(&w->http));
    ds_arena_free(DS_TAKE(&w->arena));
    ds_arena_free(DS_TAKE(&w->seen_arena));
    w->known = w->recent = w->warned_cut = w->warned_columns = w->unkept = false;
    w->remade = w->refills = false;
    w->bound = NULL;
    w->bound_n = w->bound_cap = w->seen_n = w->wanted_n = 0;
    w->names = NULL;
}

bool ds_notion_client(ds_notion_writer *w, ds_activity *act, ds_err *err)
{
    if (!w->settings.data_source && !w->settings.database)
        return ds_fail(
            err, DS_ERR_CONFIG,
            "there is no database yet: `durable-sync schema %s --create` makes one below "
            "`parent`, and says what to write here",
            w->base.route ? w->base.route : "ROUTE");
    if (!w->http)
        w->http = ds_notion_open(&w->settings, act, DS_NOTION_IN_FLIGHT, err);
    return w->http != NULL;
}

/* ---- columns --------------------------------------------------------------------------------- */

/* By the id that was met under this name; one of that id stays it whatever it is called. Where that
 * is gone, and there is another of the name, the column was deleted and made anew: it is empty. */
static const ds_notion_column *column_for(ds_notion_writer *w, const char *name)
{
    const char *id = ds_json_text(w->names, name);
    const ds_notion_column *c = id ? ds_notion_column_of_id(&w->table, id) : NULL;

    if (c)
        return c;
    c = ds_notion_column_named(&w->table, name);
    w->remade |= id && c;
    w->unkept |= c != NULL;
    return c;
}

const ds_notion_column *ds_notion_bind(ds_notion_writer *w, const char *name)
{
    const ds_notion_column *c;

    for (size_t i = 0; i < w->bound_n; i++)
        if (strcmp(w->bound[i].name, name) == 0)
            return w->bound[i].column;
    if (w->bound_n == w->bound_cap) {
        size_t cap = w->bound_cap ? w->bound_cap * 2 : 32, each = sizeof(*w->bound);

        w->bound = ds_arena_grow(w->arena, w->bound, w->bound_cap * each, cap * each);
        w->bound_cap = cap;
    }
    c = column_for(w, name);
    w->bound[w->bound_n++] = (ds_notion_bound){ds_arena_strdup(w->arena, name), c};
    return c;
}

static const char *guess(const ds_notion_writer *w, const char *name, ds_arena *a)
{
    const char **names = ds_arena_alloc(a, (w->table.columns_n + 1) * sizeof(*names));
    const char *near;

    for (size_t i = 0; i < w->table.columns_n; i++)
        names[i] = w->table.columns[i].name;
    near = ds_nearest(name, names, w->table.columns_n);
    return near ? ds_arena_printf(a, "; did you mean \"%.100s\"?", near) : "";
}

const char *ds_notion_column_problem(const ds_notion_writer *w, const ds_notion_column *c,
                                     const char *name, ds_arena *a)
{
    if (!c)
        return ds_arena_printf(a, "the table has no column \"%.100s\"%s", name, guess(w, name, a));
    if (!ds_notion_is_writable(c->type))
        return ds_arena_printf(
            a, "column \"%.100s\" is of type %.40s, which Notion fills in by itself", c->name,
            c->type_name);
    return NULL;
}

const char *ds_notion_key_column_problem(const ds_notion_writer *w, const ds_notion_column *c,
                                         ds_arena *a)
{
    if (!c)
        return ds_arena_printf(a, "the table has no column \"%.100s\" for `key`%s", w->key,
                               guess(w, w->key, a));
    if (!ds_notion_can_be_key(c->type))
        return ds_arena_printf(
            a,
            "the key column \"%.100s\" is of type %.40s: a key is a title, text, "
            "number or url",
            c->name, c->type_name);
    return NULL;
}

static bool bind_all(ds_notion_writer *w, ds_arena *a, ds_err *err)
{
    const char *problem;

    w->bound = NULL;
    w->bound_n = w->bound_cap = 0;
    w->key_column = ds_notion_bind(w, w->key);
    problem = ds_notion_key_column_problem(w, w->key_column, a);
    for (size_t i = 0; i < w->wanted_n && !problem; i++) {
        const char *name = w->wanted[i].name;

        problem = ds_notion_column_problem(w, ds_notion_bind(w, name), name, a);
    }
    return !problem || ds_fail(err, DS_ERR_CONFIG, "%s", problem);
}

/* ---- what is kept between passes ------------------------------------------------------------- */

static const ds_json *recall_names(ds_notion_writer *w, ds_activity *act)
{
    const char *text = ds_activity_recall(act, KEPT_COLUMNS);
    ds_err err = DS_ERR_INIT;

    return text ? ds_json_read(w->arena, text, strlen(text), &err) : NULL;
}

void ds_notion_keep_columns(ds_notion_writer *w, ds_activity *act)
{
    DS_AUTO_BUF(out, DS_MIB);
    ds_json_writer json = ds_json_w(&out, false);

    if (!w->unkept)
        return;
    w->unkept = false;
    ds_json_w_begin_object(&json);
    for (size_t i = 0; i < w->bound_n; i++) {
        if (!w->bound[i].column)
            continue;
        ds_json_w_name(&json, w->bound[i].name);
        ds_json_w_text(&json, w->bound[i].column->id);
    }
    ds_json_w_end_object(&json);
    if (!out.overflow)
        ds_activity_keep(act, KEPT_COLUMNS, out.data);
}

/* What is remembered ends with the links' hashes: what was known before they became void stays
 * known to this instance. */
static bool take(ds_notion_writer *w, ds_activity *act, const char *text, size_t n, ds_err *err)
{
    const ds_json *names = recall_names(w, act);

    w->names = names ? names : w->names;
    w->remade = false;
    w->known = ds_notion_table_read(text, n, w->arena, &w->table) &&
               bind_all(w, ds_activity_arena(act), err);
    return w->known;
}

/* Only a pass that compares every row fills an empty column: the next one is told to. */
static void tell_remade(ds_notion_writer *w, ds_activity *act)
{
    if (!w->remade || w->refills)
        return;
    ds_activity_warn(act,
                     "a column of the route was deleted and made anew in Notion: the next pass "
                     "writes what its rows lack");
    ds_activity_keep(act, KEPT_REMADE, "column");
}

static bool recall_table(ds_notion_writer *w, ds_activity *act)
{
    const char *kept = ds_activity_recall(act, KEPT_TABLE);
    const char *text = kept ? strchr(kept, '\n') : NULL;
    ds_err err = DS_ERR_INIT;
    int64_t age_ms;

    if (!text)
        return false;
    age_ms = ds_activity_now_ms(act) - strtoll(kept, NULL, 10);
    return age_ms >= 0 && age_ms < KEPT_FOR_MS && take(w, act, text + 1, strlen(text + 1), &err);
}

bool ds_notion_renew(ds_notion_writer *w, ds_activity *act, ds_err *err)
{
    ds_arena *a = ds_activity_arena(act);
    ds_notion_table table;

    if (!ds_notion_client(w, act, err) ||
        !ds_notion_table_fetch(&w->settings, w->http, act, &table, err))
        return false;
    w->recent = true;
    if (!take(w, act, table.text, table.text_n, err))
        return ds_wrap(err, "table %s", table.id);
    tell_remade(w, act);
    ds_activity_keep(
        act, KEPT_TABLE,
        ds_arena_printf(a, "%lld\n%s", (long long)ds_activity_now_ms(act), table.text));
    return true;
}

bool ds_notion_was_remade(ds_activity *act)
{
    return ds_activity_recall(act, KEPT_REMADE) != NULL;
}

/* The table that is kept is too old to be believed. */
static bool is_stale(ds_activity *act)
{
    const char *kept = ds_activity_recall(act, KEPT_TABLE);

    return kept && ds_activity_now_ms(act) - strtoll(kept, NULL, 10) >= KEPT_FOR_MS;
}

bool ds_notion_look_again(ds_notion_writer *w, ds_activity *act, ds_err *err)
{
    ds_err ignored = DS_ERR_INIT;

    w->refills = ds_notion_was_remade(act);
    w->names = recall_names(w, act);
    w->unkept = w->refills; /* else they would be forgotten with the hashes */
    if (w->refills || !is_stale(act))
        return true;
    w->refills = true; /* from here on it is this pass that fills it */
    if (!ds_notion_renew(w, act, &ignored) &&
        (ignored.kind == DS_ERR_AUTH || ignored.kind == DS_ERR_CONFIG ||
         ignored.kind == DS_ERR_CANCELLED)) {
        *err = ignored;
        return false;
    }
    w->refills = w->remade;
    return true;
}

bool ds_notion_ready(ds_notion_writer *w, ds_activity *act, ds_err *err)
{
    if (w->known)
        return true;
    if (!ds_notion_client(w, act, err))
        return false;
    return recall_table(w, act) || ds_notion_renew(w, act, err);
}
