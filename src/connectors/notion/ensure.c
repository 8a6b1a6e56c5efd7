/* src/connectors/notion/ensure.c
 *
 * Makes what a route would miss: columns, in one change of the table; or a whole database below the
 * page that `parent` names.
 */
#include "connectors/notion/writer.h"

#include <string.h>
#include <strings.h>

typedef struct maker {
    ds_notion_writer *w;
    ds_activity *act;
    const ds_column *columns;
    size_t n;
    ds_json_writer *json;
    const char **made; /* what is to be said once it is there */
    size_t made_n;
} maker;

static const char *type_for(const maker *m, const ds_column *c)
{
    switch (ds_column_holds(c)) {
    case DS_BOOL:
        return "checkbox";
    case DS_INT:
    case DS_NUMBER:
        return "number";
    case DS_DATE:
    case DS_DATETIME:
        return "date";
    case DS_LIST: /* a new column has no option yet: what may not make any could write none */
        return c->typed || m->w->policy.create_options ? "multi_select" : "rich_text";
    default:
        return "rich_text";
    }
}

static void put_column(maker *m, const char *name, const char *type)
{
    bool options = strcmp(type, "multi_select") == 0;

    ds_json_w_name(m->json, name);
    ds_json_w_begin_object(m->json);
    ds_json_w_name(m->json, type);
    ds_json_w_begin_object(m->json);
    if (options) {
        ds_json_w_name(m->json, "options");
        ds_json_w_raw(m->json, "[]", 2);
    }
    ds_json_w_end_object(m->json);
    ds_json_w_end_object(m->json);
    m->made[m->made_n++] =
        ds_arena_printf(ds_activity_arena(m->act), "column \"%s\" added, of type %s", name, type);
}

static bool send(maker *m, const char *method, const char *path, const char *endpoint,
                 const ds_json **doc, ds_err *err)
{
    ds_http_request req = {.method = method,
                           .path = path,
                           .body = m->json->out->data,
                           .body_n = m->json->out->n,
                           .endpoint = endpoint};

    *doc = ds_notion_ask(m->w->http, m->act, &req, err);
    if (*doc)
        return true;
    if (err->kind == DS_ERR_PERMANENT)
        err->kind = DS_ERR_CONFIG;
    return ds_wrap(err, "change the columns");
}

/* ---- columns --------------------------------------------------------------------------------- */

static bool has_rows(maker *m, bool *has, ds_err *err)
{
    ds_arena *a = ds_activity_arena(m->act);
    static const char body[] = "{\"page_size\":1}";
    ds_http_request req = {.method = "POST",
                           .path = ds_notion_path(&m->w->settings, &m->w->table, "/query", a),
                           .body = body,
                           .body_n = sizeof(body) - 1,
                           .repeatable = true,
                           .endpoint = "POST /v1/data_sources/{id}/query"};
    const ds_json *doc = ds_notion_ask(m->w->http, m->act, &req, err), *rows;
    const char *next;

    if (!doc || !ds_notion_list(doc, NULL, &rows, &next, err))
        return false;
    *has = next || ds_json_size(rows) > 0;
    return true;
}

/* A table with rows that has no such column was hardly meant to be matched by it: each of its rows
 * would come a second time. */
static bool add_key(maker *m, ds_err *err)
{
    const ds_notion_column *c = ds_notion_bind(m->w, m->w->key);
    const char *problem;
    bool has;

    if (c) {
        problem = ds_notion_key_column_problem(m->w, c, ds_activity_arena(m->act));
        return !problem || ds_fail(err, DS_ERR_CONFIG, "%s", problem);
    }
    if (!has_rows(m, &has, err))
        return false;
    if (has)
        return ds_fail(err, DS_ERR_CONFIG,
                       "the table has rows, but no column \"%.100s\" for `key`: each of them would "
                       "come a second time; make the column in Notion and fill it",
                       m->w->key);
    put_column(m, m->w->key, "rich_text");
    return true;
}

static bool add_columns(maker *m, ds_err *err)
{
    if (!add_key(m, err))
        return false;
    for (size_t i = 0; i < m->n; i++)
        if (!ds_notion_bind(m->w, m->columns[i].name) && strcmp(m->columns[i].name, m->w->key) != 0)
            put_column(m, m->columns[i].name, type_for(m, &m->columns[i]));
    return true;
}

static bool change_table(maker *m, ds_err *err)
{
    const char *path = ds_notion_path(&m->w->settings, &m->w->table, "", ds_activity_arena(m->act));
    const ds_json *doc;

    ds_json_w_begin_object(m->json);
    ds_json_w_name(m->json, "properties");
    ds_json_w_begin_object(m->json);
    if (!add_columns(m, err))
        return false;
    ds_json_w_end_object(m->json);
    ds_json_w_end_object(m->json);
    return !m->made_n || send(m, "PATCH", path, "PATCH /v1/data_sources/{id}", &doc, err);
}

/* ---- a database ------------------------------------------------------------------------------ */

/* Each table has one title: the column that is called so, else the first that holds any text. */
static const char *title_of(const maker *m)
{
    static const char *const usual[] = {"Name", "Title"};

    for (size_t i = 0; i < m->n; i++)
        for (size_t k = 0; k < DS_COUNT(usual); k++)
            if (strcasecmp(m->columns[i].name, usual[k]) == 0)
                return m->columns[i].name;
    for (size_t i = 0; i < m->n; i++)
        if (strcmp(type_for(m, &m->columns[i]), "rich_text") == 0 &&
            strcmp(m->columns[i].name, m->w->key) != 0)
            return m->columns[i].name;
    return m->w->key;
}

static void put_new_columns(maker *m)
{
    const char *title = title_of(m);

    ds_json_w_name(m->json, "properties");
    ds_json_w_begin_object(m->json);
    put_column(m, title, "title");
    if (strcmp(title, m->w->key) != 0)
        put_column(m, m->w->key, "rich_text");
    for (size_t i = 0; i < m->n; i++)
        if (strcmp(m->columns[i].name, title) != 0 && strcmp(m->columns[i].name, m->w->key) != 0)
            put_column(m, m->columns[i].name, type_for(m, &m->columns[i]));
    ds_json_w_end_object(m->json);
}

static void put_database(maker *m)
{
    const char *name = m->w->base.route ? m->w->base.route : "durable-sync";
    bool old = ds_notion_is_old(&m->w->settings);

    ds_json_w_begin_object(m->json);
    ds_json_w_name(m->json, "parent");
    ds_json_w_begin_object(m->json);
    ds_json_w_name(m->json, "type");
    ds_json_w_text(m->json, "page_id");
    ds_json_w_name(m->json, "page_id");
    ds_json_w_text(m->json, ds_notion_id(m->w->parent, ds_activity_arena(m->act)));
    ds_json_w_end_object(m->json);
    ds_json_w_name(m->json, "title");
    ds_json_w_begin_list(m->json);
    ds_notion_runs(m->json, name, strlen(name));
    ds_json_w_end_list(m->json);
    if (!old) {
        ds_json_w_name(m->json, "initial_data_source");
        ds_json_w_begin_object(m->json);
    }
    put_new_columns(m);
    if (!old)
        ds_json_w_end_object(m->json);
    ds_json_w_end_object(m->json);
}

static bool make_database(maker *m, ds_err *err)
{
    ds_arena *a = ds_activity_arena(m->act);
    const ds_json *doc;
    const char *id;

    put_database(m);
    if (!send(m, "POST", "/v1/databases", "POST /v1/databases", &doc, err))
        return false;
    id = ds_notion_id(ds_json_text(doc, "id"), a);
    if (!id)
        return ds_fail(err, DS_ERR_TRANSIENT,
                       "the answer does not say which database was made: look below the page that "
                       "`parent` names before you try again");
    m->made[m->made_n++] =
        ds_arena_printf(a, "a database made: in place of `parent`, write `database: %s`", id);
    return true;
}

/* ---- both ------------------------------------------------------------------------------------ */

static bool open_table(ds_notion_writer *w, ds_activity *act, ds_err *err)
{
    ds_err misfit = DS_ERR_INIT;

    if (w->parent) {
        w->http = ds_notion_open(&w->settings, act, 1, err);
        return w->http != NULL;
    }
    w->table.id = NULL;
    if (ds_notion_renew(w, act, &misfit) || w->table.id)
        return true;
    *err = misfit;
    return false;
}

bool ds_notion_ensure(ds_destination *self, ds_activity *act, const ds_column *columns, size_t n,
                      void (*did)(void *to, const char *what), void *to, ds_err *err)
{
    ds_notion_writer *w = (ds_notion_writer *)self;
    DS_AUTO_BUF(out, 4 * DS_MIB);
    ds_json_writer json = ds_json_w(&out, false);
    maker m = {.w = w, .act = act, .columns = columns, .n = n, .json = &json};
    bool ok;

    m.made = ds_arena_alloc(ds_activity_arena(act), (n + 3) * sizeof(*m.made));
    ds_notion_begin(w);
    ok = open_table(w, act, err) && (w->parent ? make_database(&m, err) : change_table(&m, err));
    for (size_t i = 0; ok && i < m.made_n; i++)
        did(to, m.made[i]);
    ds_notion_end(w);
    return ok;
}
