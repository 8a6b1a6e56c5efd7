/* src/app/server.c - signals to units on a server, and what they are like. */
#include "app/server.h"

#include "app/commands.h"
#include "base/log.h"
#include <string.h>

bool ds_server_open(const ds_app *app, ds_server *out, ds_err *err)
{
    ds_level most;
    bool json;
    int fd;

    *out = (ds_server){.app = app, .table = ds_app_temporal_table(app, err)};
    if (!out->table)
        return false;
    ds_log_settings(&most, &json, &fd);
    out->client = out->table->open(app->config->temporal, most, json, fd, err);
    return out->client != NULL;
}

void ds_server_close(ds_server *s)
{
    if (s->client)
        s->table->close(s->client);
    s->client = NULL;
}

/* ---- which units ----------------------------------------------------------------------------- */

static bool has(const char **units, size_t n, const char *unit)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(units[i], unit) == 0)
            return true;
    }
    return false;
}

static bool stored_units(const ds_server *s, const ds_unit_ref *ref, ds_unit_row **rows, size_t *n,
                         ds_err *err)
{
    DS_AUTO(ds_reader) reader = ds_app_reader(s->app, err);

    return reader && ds_reader_units(reader, ref->route, ref->unit, s->app->arena, rows, n, err);
}

bool ds_server_units(const ds_server *s, const ds_unit_ref *ref, const char ***units, size_t *n,
                     ds_err *err)
{
    ds_arena *a = s->app->arena;
    ds_unit_row *rows = NULL;
    size_t rows_n = 0, listed;
    const char **found;

    if (ref->unit) {
        *units = ds_arena_alloc(a, sizeof(**units));
        (*units)[0] = ref->unit;
        *n = 1;
        return true;
    }
    if ((!s->no_store && !stored_units(s, ref, &rows, &rows_n, err)) ||
        !s->table->names(s->client, ref->route, a, &found, &listed, err))
        return false;
    *units =
        ds_arena_grow(a, found, listed * sizeof(*found), (listed + rows_n + 1) * sizeof(*found));
    *n = listed;
    for (size_t i = 0; i < rows_n; i++) {
        if (!has(*units, listed, rows[i].unit))
            (*units)[(*n)++] = rows[i].unit;
    }
    return true;
}

/* ---- signals --------------------------------------------------------------------------------- */

static bool tell(const ds_server *s, const ds_unit_ref *ref, const ds_event *event, int64_t *units,
                 bool *daemon, ds_err *err)
{
    ds_remote_workers workers;
    const char **names;
    size_t n;

    if (!ds_server_units(s, ref, &names, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        const ds_unit_ref one = {ref->route, names[i]};
        bool found;

        if (!s->table->signal(s->client, &one, event, &found, err))
            return false;
        *units += found;
    }
    if (*units == 0)
        return ds_fail(err, DS_ERR_CONFIG,
                       "%s%s%s has no workflow at %s: `durable-sync run` starts those of the "
                       "configuration",
                       ref->route, ref->unit ? "/" : "", ref->unit ? ref->unit : "",
                       s->app->config->temporal->address);
    if (!s->table->workers(s->client, s->app->arena, &workers, err))
        return false;
    *daemon = workers.n > 0;
    return true;
}

int ds_server_signal(ds_app *app, const ds_unit_ref *ref, const ds_event *event, int64_t *units,
                     bool *daemon)
{
    ds_server s;
    ds_err err = DS_ERR_INIT;

    *units = 0;
    *daemon = false;

    bool ok = ds_server_open(app, &s, &err) && tell(&s, ref, event, units, daemon, &err);

    ds_server_close(&s);
    return ok ? DS_EXIT_DONE : ds_app_fail(app, &err);
}

/* ---- how they are ---------------------------------------------------------------------------- */

typedef struct view {
    ds_server s;
    ds_unit_row *rows;
    size_t n;
    bool *embedded; /* of those rows that the store had: the unit lives on that engine */
    size_t embedded_n;
    ds_running *running;
    size_t running_n;
} view;

/* What the store knows of a unit on a server: its last pass. */
static bool last_known(ds_reader *reader, ds_unit_row *row, ds_arena *a, ds_err *err)
{
    ds_run_row *runs;
    size_t n;

    if (!ds_reader_runs(reader, row->route, row->unit, 1, a, &runs, &n, err))
        return false;
    if (n == 0)
        return true;
    row->state.last_run_ms = runs[0].ended_ms;
    row->state.last_stats = runs[0].totals;
    row->state.has_stats = true;
    if (ds_pass_ended_well(runs[0].outcome))
        row->state.last_note = runs[0].error;
    else
        row->state.last_error = runs[0].error;
    row->state.error_kind = runs[0].error_kind;
    return true;
}

static ds_unit_row *row_of(view *v, const char *route, const char *unit)
{
    ds_arena *a = v->s.app->arena;
    ds_unit_row *row;

    for (size_t i = 0; i < v->n; i++) {
        if (strcmp(v->rows[i].route, route) == 0 && strcmp(v->rows[i].unit, unit) == 0)
            return &v->rows[i];
    }
    v->rows = ds_arena_grow(a, v->rows, v->n * sizeof(*v->rows), (v->n + 1) * sizeof(*v->rows));
    row = &v->rows[v->n++];
    *row = (ds_unit_row){.route = route, .unit = unit};
    ds_unit_init(&row->state, ds_arena_printf(a, "%s:%s", route, unit), 0);
    return row;
}

static const char *why_none(const view *v, size_t i)
{
    const ds_app *app = v->s.app;

    if (i < v->embedded_n && v->embedded[i])
        return ds_arena_printf(app->arena,
                               "it lives on engine embedded: `durable-sync move %s --to temporal` "
                               "takes it along, `durable-sync run` starts it anew",
                               v->rows[i].route);
    return ds_arena_printf(app->arena,
                           "it has no workflow at %s: `durable-sync run` starts it, and looks for "
                           "it when the server was away, and once an hour",
                           app->config->temporal->address);
}

/* The store's row tells of its past. */
static void note_no_workflow(view *v, const char *route, const char *unit)
{
    for (size_t i = 0; i < v->n; i++) {
        ds_unit_row *row = &v->rows[i];

        if (strcmp(row->route, route) != 0 || strcmp(row->unit, unit) != 0)
            continue;
        row->state.last_error = why_none(v, i);
        row->state.error_kind = NULL;
        row->state.error_status = 0;
    }
}

static bool look_at(view *v, const char *route, const char *unit, ds_err *err)
{
    ds_arena *a = v->s.app->arena;
    const ds_unit_ref ref = {route, unit};
    ds_remote_unit found;

    if (!v->s.table->look(v->s.client, &ref, false, a, &found, err)) {
        if (err->kind != DS_ERR_PERMANENT && err->kind != DS_ERR_CONFIG)
            return false;
        row_of(v, route, unit)->state.last_error = ds_arena_strdup(a, err->text);
        *err = DS_ERR_INIT;
        return true; /* it is this one that cannot be told of, others can */
    }
    if (!found.there) {
        note_no_workflow(v, route, unit);
        return true;
    }
    row_of(v, route, unit)->state = *found.state;
    if (found.at_work) {
        v->running = ds_arena_grow(a, v->running, v->running_n * sizeof(*v->running),
                                   (v->running_n + 1) * sizeof(*v->running));
        v->running[v->running_n++] = found.pass;
    }
    return true;
}

static bool look_at_route(view *v, const char *route, const char *unit, ds_err *err)
{
    const ds_unit_ref ref = {route, unit};
    const char **names;
    size_t n;

    if (!ds_server_units(&v->s, &ref, &names, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!look_at(v, route, names[i], err))
            return false;
    }
    return true;
}

static bool look_at_all(view *v, const ds_unit_ref *ref, ds_err *err)
{
    const ds_config *config = v->s.app->config;

    if (ref->route)
        return look_at_route(v, ref->route, ref->unit, err);
    for (size_t i = 0; i < config->routes_n; i++) {
        if (!look_at_route(v, config->routes[i]->name, NULL, err))
            return false;
    }
    return true;
}

static bool see_workers(view *v, ds_live *live, ds_err *err)
{
    const ds_app *app = v->s.app;
    const ds_temporal *t = app->config->temporal;
    ds_remote_workers workers;

    if (!v->s.table->workers(v->s.client, app->arena, &workers, err))
        return false;
    live->daemon = workers.n > 0;
    live->holder = workers.pid ? (pid_t)workers.pid : workers.n ? -1 : 0;
    live->who =
        ds_arena_printf(app->arena, "%zu worker%s of task queue %s at %s%s", workers.n,
                        workers.n == 1 ? "" : "s", t->task_queue, t->address,
                        workers.n && !workers.served
                            ? ", and nothing is handed to them: `durable-sync check` says why"
                            : "");
    return true;
}

/* It has its times there. */
static bool is_embedded(const ds_unit *u)
{
    return (u->every_ms || u->cron) && !ds_unit_has_moved(u);
}

static bool read_store(view *v, const ds_unit_ref *ref, ds_err *err)
{
    ds_arena *a = v->s.app->arena;
    DS_AUTO(ds_reader) reader = ds_app_reader(v->s.app, err);

    if (!reader || !ds_reader_units(reader, ref->route, ref->unit, a, &v->rows, &v->n, err))
        return false;
    v->embedded = ds_arena_zalloc(a, (v->n + 1) * sizeof(*v->embedded));
    v->embedded_n = v->n;
    for (size_t i = 0; i < v->n; i++) {
        v->embedded[i] = is_embedded(&v->rows[i].state); /* by what the next line overwrites */
        if (!last_known(reader, &v->rows[i], a, err))
            return false;
    }
    return true;
}

static bool ask_server(view *v, const ds_unit_ref *ref, ds_live *live, ds_err *err)
{
    if (!ds_server_open(v->s.app, &v->s, err))
        return false;
    v->s.no_store = live->store_away;
    return see_workers(v, live, err) && look_at_all(v, ref, err);
}

/* One of the two that is away leaves what the other one knows, and `live` says so. */
bool ds_server_look(const ds_app *app, const ds_unit_ref *ref, ds_live *live, ds_unit_row **rows,
                    size_t *n, const ds_running **running, size_t *running_n, ds_err *err)
{
    view v = {.s.app = app};
    ds_err why = DS_ERR_INIT;

    *live = (ds_live){.holder = 0};
    if (!read_store(&v, ref, err)) {
        if (err->kind != DS_ERR_TRANSIENT)
            return false;
        live->store_away = ds_arena_strdup(app->arena, err->text);
        v.n = v.embedded_n = 0;
    }
    if (!ask_server(&v, ref, live, &why))
        live->away = ds_arena_strdup(app->arena, why.text);
    ds_server_close(&v.s);
    if (live->away && live->store_away)
        return ds_fail(err, DS_ERR_TRANSIENT, "%s; and of its server: %s", live->store_away,
                       live->away);
    *err = DS_ERR_INIT;
    *rows = v.rows;
    *n = v.n;
    *running = v.running;
    *running_n = v.running_n;
    return true;
}
