/* src/app/cmd_move.c
 *
 * Units change the engine that they live in.  Each is moved for itself, in steps that may be done
 * again: first its state is written where it goes to, then it is ended where it was.  Links and
 * checkpoints stay in the store, which is the same for both.
 *
 * A unit that lives on a server leaves its row in the store: paused, with a note, so that a daemon
 * whose configuration was not changed does not start it beside its workflow.
 */
#include "app/commands.h"
#include "app/out.h"
#include "app/server.h"
#include <string.h>
#include <time.h>

#define MOVED "moved" /* error_kind of the row that a unit leaves behind */
#define MOVED_PAUSED "moved, paused"

typedef enum moved_how {
    MOVED_NOW,
    MOVED_BEFORE,  /* it lives there already */
    MOVED_NOTHING, /* there is nothing of it to be moved */
} moved_how;

typedef struct moving {
    ds_app *app;
    ds_server s;
    ds_store *store;
    const char *route;
    ds_buf doc;
    ds_json_writer w;
} moving;

static int64_t now_ms(const moving *m)
{
    return m->app->clock->now_ms(m->app->clock);
}

/* ---- the row in the store -------------------------------------------------------------------- */

typedef struct save_job {
    ds_job job; /* first */
    ds_arena *arena;
    const char *route, *unit;
    const ds_unit *state;
    int64_t now_ms;
    bool sleeps;
} save_job;

static bool save(ds_job *job, ds_tx *tx, ds_err *err)
{
    save_job *s = (save_job *)job;
    ds_unit_row *row = NULL;

    if (!ds_tx_unit_get(tx, s->route, s->unit, s->arena, &row, err) ||
        (!row && !ds_tx_unit_add(tx, s->route, s->unit, s->now_ms, s->arena, &row, err)))
        return false;
    row->state = *s->state;
    return ds_tx_unit_save(tx, row, s->sleeps ? 0 : s->now_ms, err);
}

static bool save_state(const moving *m, const char *unit, const ds_unit *state, bool sleeps,
                       ds_err *err)
{
    save_job s = {.job.run = save,
                  .arena = m->app->arena,
                  .route = m->route,
                  .unit = unit,
                  .state = state,
                  .now_ms = now_ms(m),
                  .sleeps = sleeps};

    return ds_store_do(m->store, DS_LANE_EVENT, &s.job, err);
}

bool ds_unit_has_moved(const ds_unit *u)
{
    return u->error_kind &&
           (strcmp(u->error_kind, MOVED) == 0 || strcmp(u->error_kind, MOVED_PAUSED) == 0);
}

static ds_unit left_behind(const moving *m, const ds_unit *state)
{
    ds_unit left = *state;

    left.error_kind = state->paused ? MOVED_PAUSED : MOVED;
    left.paused = true;
    left.last_error =
        ds_arena_printf(m->app->arena,
                        "it lives on engine temporal: `durable-sync move %s --to embedded` "
                        "brings it back",
                        m->route);
    return left;
}

/* As it was before it moved. */
static ds_unit brought_back(const ds_unit *left)
{
    ds_unit state = *left;

    state.paused = strcmp(left->error_kind, MOVED_PAUSED) == 0;
    state.error_kind = state.last_error = NULL;
    return state;
}

/* Nobody works on its pass any more: wherever it goes, it goes on from the checkpoint. */
static ds_unit interrupted(const moving *m, const ds_unit *state)
{
    static const ds_event death = {
        .type = DS_EV_PASS_ENDED, .outcome = DS_PASS_CANCELLED, .retry_after_ms = -1};
    ds_unit u = *state;

    if (u.running && !u.retry_ms)
        ds_unit_apply(&u, &death, now_ms(m), m->app->arena);
    return u;
}

/* ---- one unit to a server -------------------------------------------------------------------- */

static bool to_temporal(const moving *m, const ds_unit_row *row, moved_how *how, ds_err *err)
{
    const ds_unit_ref ref = {m->route, row->unit};
    bool before = ds_unit_has_moved(&row->state), started;
    const ds_unit was = before ? brought_back(&row->state) : row->state;
    const ds_unit state = interrupted(m, &was), left = left_behind(m, &state);

    if (!m->s.table->start(m->s.client, &ref, &state, &started, err))
        return false;
    *how = started ? MOVED_NOW : MOVED_BEFORE;
    return before || save_state(m, row->unit, &left, true, err);
}

/* ---- one unit to the store ------------------------------------------------------------------- */

/* A worker that was stopped a moment ago has its pass for the server until its sign of life has
 * been missed. */
static bool wait_for_pass(const moving *m, const ds_unit_ref *ref, ds_remote_unit *found,
                          ds_err *err)
{
    bool told = false;

    for (;;) {
        if (!m->s.table->look(m->s.client, ref, false, m->app->arena, found, err))
            return false;
        if (!found->there || !found->at_work)
            return true;
        if (!told && !m->app->quiet)
            fprintf(stderr, "%s/%s: a worker has its pass: waits for its end\n", ref->route,
                    ref->unit);
        told = true;
        nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
    }
}

static bool row_in_store(const moving *m, const char *unit, ds_unit_row **row, ds_err *err)
{
    DS_AUTO(ds_reader) reader = ds_app_reader(m->app, err);
    size_t n = 0;

    if (!reader || !ds_reader_units(reader, m->route, unit, m->app->arena, row, &n, err))
        return false;
    if (n == 0)
        *row = NULL;
    return true;
}

/* Its workflow is over: by an earlier try, or by hand, and then its state of before counts. */
static bool is_over(const moving *m, const char *unit, moved_how *how, ds_err *err)
{
    ds_unit_row *row;
    ds_unit state;

    if (!row_in_store(m, unit, &row, err))
        return false;
    *how = row ? MOVED_BEFORE : MOVED_NOTHING;
    if (!row || !ds_unit_has_moved(&row->state))
        return true;
    *how = MOVED_NOW;
    state = brought_back(&row->state);
    return save_state(m, unit, &state, false, err);
}

static bool to_embedded(const moving *m, const char *unit, moved_how *how, ds_err *err)
{
    const ds_unit_ref ref = {m->route, unit};
    ds_remote_unit found;
    ds_unit state;

    if (!wait_for_pass(m, &ref, &found, err))
        return false;
    if (!found.there)
        return is_over(m, unit, how, err);
    *how = MOVED_NOW;
    state = interrupted(m, found.state);
    return save_state(m, unit, &state, false, err) &&
           m->s.table->end(m->s.client, &ref, "moved to the embedded engine", err);
}

/* ---- all of a route -------------------------------------------------------------------------- */

static void say(moving *m, const char *unit, moved_how how, const char *to)
{
    ds_arena *a = m->app->arena;

    if (m->app->json) {
        ds_json_w_begin_object(&m->w);
        ds_w_text(&m->w, "route", m->route);
        ds_w_text(&m->w, "unit", unit);
        ds_w_bool(&m->w, "moved", how == MOVED_NOW);
        ds_json_w_end_object(&m->w);
    } else if (!m->app->quiet) {
        printf("%s: %s:%s\n",
               how == MOVED_NOW ? ds_arena_printf(a, "moved to %s", to)
                                : ds_arena_printf(a, "is on %s already", to),
               m->route, ds_safe(a, unit));
    }
}

static bool all_to_temporal(moving *m, ds_err *err)
{
    DS_AUTO(ds_reader) reader = ds_app_reader(m->app, err);
    ds_unit_row *rows;
    size_t n = 0;

    if (!reader || !ds_reader_units(reader, m->route, NULL, m->app->arena, &rows, &n, err))
        return false;
    if (n == 0)
        return ds_fail(err, DS_ERR_CONFIG,
                       "the store %s knows no unit of route %s, so there is nothing to move: "
                       "`durable-sync store copy FILE` takes what a store in a file knows into "
                       "one on a server; a route that never ran begins with `durable-sync run`",
                       m->app->config->store_path, m->route);
    for (size_t i = 0; i < n; i++) {
        moved_how how;

        if (!to_temporal(m, &rows[i], &how, err))
            return ds_wrap(err, "%s/%s", m->route, rows[i].unit);
        say(m, rows[i].unit, how, "temporal");
    }
    return true;
}

/* One that runs would start anew what is ended here. */
static bool nobody_works(const moving *m, ds_err *err)
{
    ds_remote_workers workers;

    if (!m->s.table->workers(m->s.client, m->app->arena, &workers, err))
        return false;
    return workers.n == 0 ||
           ds_fail(err, DS_ERR_CONFIG,
                   "%zu worker%s still ask%s for the units' work (%s): stop %s first; a server "
                   "remembers one of another machine for 45 seconds",
                   workers.n, workers.n == 1 ? "" : "s", workers.n == 1 ? "s" : "",
                   workers.identities[0], workers.n == 1 ? "it" : "them");
}

static bool all_to_embedded(moving *m, ds_err *err)
{
    const ds_unit_ref ref = {m->route, NULL};
    const char **names;
    size_t n;

    if (!nobody_works(m, err) || !ds_server_units(&m->s, &ref, &names, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        moved_how how = MOVED_NOTHING;

        if (!to_embedded(m, names[i], &how, err))
            return ds_wrap(err, "%s/%s", m->route, names[i]);
        if (how != MOVED_NOTHING)
            say(m, names[i], how, "embedded");
    }
    return true;
}

static int report(moving *m, bool back)
{
    if (m->app->json) {
        ds_json_w_end_list(&m->w);
        ds_json_w_end_object(&m->w);
        return ds_out_doc(m->app, &m->doc);
    }
    if (m->app->quiet)
        return DS_EXIT_DONE;
    if (back)
        printf("now set `engine: embedded` in %s; `durable-sync run` goes on with them\n",
               m->app->config->path);
    else
        puts("`durable-sync run` goes on with them");
    return DS_EXIT_DONE;
}

static int move(moving *m, bool back)
{
    ds_err err = DS_ERR_INIT;
    int code = DS_EXIT_DONE;
    DS_AUTO(ds_store) store = ds_app_store_open(m->app, &code);

    if (!store)
        return code;
    m->store = store;
    ds_json_w_begin_object(&m->w);
    ds_json_w_name(&m->w, "units");
    ds_json_w_begin_list(&m->w);

    bool ok = ds_server_open(m->app, &m->s, &err) &&
              (back ? all_to_embedded(m, &err) : all_to_temporal(m, &err));

    ds_server_close(&m->s);
    if (ok)
        return report(m, back);
    ds_app_fail(m->app, &err);
    return err.kind == DS_ERR_CONFIG ? DS_EXIT_USAGE : DS_EXIT_FAILED;
}

int ds_cmd_move(ds_app *app)
{
    const char *to = ds_args_flag(app->args, "to");
    moving m = {.app = app, .s.app = app};
    ds_err err = DS_ERR_INIT;
    ds_unit_ref ref;
    int code = ds_app_config(app);

    if (code)
        return code;
    if (!to || (strcmp(to, "temporal") != 0 && strcmp(to, "embedded") != 0))
        return ds_app_refuse(app, "where to? `--to temporal` or `--to embedded`");
    if (!ds_app_ref(app, app->args->words[0], true, &ref, &err))
        return ds_app_fail(app, &err);
    if (ref.unit)
        return ds_app_refuse(app, "a route is moved as a whole: move %s --to %s", ref.route, to);
    if (!ds_app_is_temporal(app))
        return ds_app_refuse(app,
                             "%s says where the server is once it has `engine: temporal`: stop the "
                             "daemon, write that, then move",
                             app->config->path);
    m.route = ref.route;
    ds_buf_init(&m.doc, DS_DOC_MAX);
    m.w = ds_out_writer(&m.doc);
    code = move(&m, strcmp(to, "embedded") == 0);
    ds_buf_fini(&m.doc);
    return code;
}
