/* tests/integration/world.c - see world.h. */
#include "tests/integration/world.h"

#include "connectors/file/file.h"
#include "connectors/memory/memory.h"
#include "connectors/print/print.h"
#include "connectors/sqlite/sqlite.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* The last of each is the test's own, if it has one. */
static const ds_source_ops *sources[] = {&ds_file_source, &ds_sqlite_source, &ds_memory_source,
                                         &ds_memory_source_changes, NULL};
static const ds_destination_ops *destinations[] = {
    &ds_file_destination,
    &ds_sqlite_destination,
    &ds_print_destination,
    &ds_memory_destination,
    &ds_memory_destination_b,
    &ds_memory_destination_c,
    NULL,
};
const ds_transformer *world_transformer;
const ds_source_ops *world_source;
const ds_destination_ops *world_destination;

static ds_connectors known_connectors(void)
{
    sources[DS_COUNT(sources) - 1] = world_source;
    destinations[DS_COUNT(destinations) - 1] = world_destination;
    return (ds_connectors){
        .sources = sources,
        .sources_n = DS_COUNT(sources) - !world_source,
        .destinations = destinations,
        .destinations_n = DS_COUNT(destinations) - !world_destination,
        .transformer = world_transformer,
    };
}

static int64_t now_ms(ds_clock *clock)
{
    return ((world_clock *)clock)->now_ms;
}

static int64_t mono_us(ds_clock *clock)
{
    return ((world_clock *)clock)->mono_us;
}

static void wait_us(ds_clock *clock, int64_t us, const atomic_bool *stop)
{
    world_clock *c = (world_clock *)clock;

    (void)stop;
    c->shown_ms = atomic_load(&c->progress->waiting_ms);
    c->mono_us += us;
    c->now_ms += us / 1000;
    c->waited_us += us;
}

const char *world_path(world *w, const char *name)
{
    return ds_arena_printf(w->arena, "%s/%s", w->dir, name);
}

world *world_new(void)
{
    world *w = ds_calloc(1, sizeof(*w));
    ds_err err = DS_ERR_INIT;
    pid_t holder;

    ds_log_setup(DS_LOG_ERROR, false, STDERR_FILENO);
    w->arena = ds_arena_new();
    w->clock = (world_clock){
        .base = {now_ms, mono_us, wait_us}, .now_ms = INT64_C(1767225600000), .mono_us = 1000000};
    w->clock.progress = &w->progress;
    w->unit = "all";
    w->since_ms = -1;
    snprintf(w->dir, sizeof(w->dir), "%s/durable-sync-world-XXXXXX",
             getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    assert_non_null(mkdtemp(w->dir));
    w->log_fd = open(world_path(w, "log"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(w->log_fd >= 0);
    w->store = ds_store_open(world_path(w, "state.db"), &holder, &err);
    if (!w->store)
        fail_msg("%s", err.text);
    return w;
}

void world_free(world *w)
{
    char command[512];

    ds_log_setup(DS_LOG_ERROR, false, STDERR_FILENO);
    close(w->log_fd);
    ds_store_close(w->store);
    ds_config_free(w->config);
    ds_arena_free(w->arena);
    snprintf(command, sizeof(command), "rm -rf '%s'", w->dir);
    assert_int_equal(system(command), 0);
    free(w);
}

void world_file(world *w, const char *name, const char *text)
{
    FILE *f = fopen(world_path(w, name), "w");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

void world_config(world *w, const char *routes)
{
    const char *text = ds_arena_printf(w->arena, "store: sqlite:state.db\nroutes:\n%s", routes);
    DS_AUTO_BUF(errors, DS_MIB);

    const ds_connectors connectors = known_connectors();

    ds_config_free(w->config);
    w->config =
        ds_config_parse("durable-sync.yaml", text, strlen(text), w->dir, &connectors, &errors);
    if (!w->config)
        fail_msg("%s", errors.data);
}

/* ---- one pass -------------------------------------------------------------------------------- */

typedef struct begin_job {
    ds_job job; /* first */
    world *w;
    const ds_route *route;
    ds_unit_row *row;
} begin_job;

static bool begin_pass(ds_job *job, ds_tx *tx, ds_err *err)
{
    begin_job *b = (begin_job *)job;
    int64_t now = b->w->clock.now_ms;

    return ds_tx_unit_get(tx, b->route->name, b->w->unit, b->w->arena, &b->row, err) &&
           (b->row ||
            ds_tx_unit_add(tx, b->route->name, b->w->unit, now, b->w->arena, &b->row, err)) &&
           ds_tx_activity_start(tx, b->row, b->route->fingerprint, !b->w->resume, now, err);
}

static const ds_route *route_named(world *w, const char *name)
{
    const ds_route *route = name ? ds_config_route(w->config, name) : w->config->routes[0];

    assert_non_null(route);
    return route;
}

/* ---- a store that refuses one commit, or sees a stop, and is fine again behind it ------------ */

static struct {
    ds_ledger_ops ops;
    bool (*commit)(ds_ledger *, ds_commit *, ds_err *);
    int left;
    world *stops; /* it is stopped, or does something, in place of a refusal; NULL */
} refusing;

static bool commit_or_refuse(ds_ledger *ledger, ds_commit *c, ds_err *err)
{
    if (--refusing.left != 0)
        return refusing.commit(ledger, c, err);
    if (!refusing.stops)
        return ds_fail(err, DS_ERR_TRANSIENT, "the store is locked by another program");
    if (refusing.stops->at_commit)
        refusing.stops->at_commit(refusing.stops);
    else
        atomic_store(&refusing.stops->stop, true);
    return refusing.commit(ledger, c, err);
}

static void refuse_commit(world *w, ds_ledger *ledger)
{
    if (!w->refuse_commit && !w->stop_at_commit)
        return;
    refusing.ops = *ledger->ops;
    refusing.commit = ledger->ops->commit;
    refusing.ops.commit = commit_or_refuse;
    refusing.left = w->refuse_commit + w->stop_at_commit;
    refusing.stops = w->stop_at_commit ? w : NULL;
    ledger->ops = &refusing.ops;
    w->refuse_commit = w->stop_at_commit = 0;
}

ds_pass_result world_pass_of(world *w, const char *name)
{
    begin_job b = {.job = {.run = begin_pass}, .w = w, .route = route_named(w, name)};
    ds_pass_result out;
    ds_err err = DS_ERR_INIT;
    ds_pass_in in = {
        .route = b.route,
        .unit = w->unit,
        .kind = w->kind,
        .items = w->items,
        .items_n = w->items_n,
        .since_ms = w->since_ms,
        .approved = w->approved,
        .sweep = w->sweep,
        .clock = &w->clock.base,
        .stop = &w->stop,
        .lease_us = w->lease_us,
        .slice_ms = w->slice_ms,
        .progress = &w->progress,
        .page_records = w->page_records,
        .group_records = w->group_records,
        .intent_records = w->intent_records,
        .one_thread = w->one_thread,
    };

    if (!ds_store_do(w->store, DS_LANE_EVENT, &b.job, &err))
        fail_msg("%s", err.text);
    in.owner = ds_arena_printf(w->arena, "%s/%s/%s", ds_store_id(w->store), b.route->name, w->unit);
    in.ledger = ds_store_ledger(w->store, b.row->id, b.row->epoch, &err);
    if (!in.ledger)
        fail_msg("%s", err.text);
    refuse_commit(w, in.ledger);
    ds_pass_run(&in, &out);
    ds_ledger_close(in.ledger);
    return out;
}

ds_pass_result world_pass(world *w)
{
    return world_pass_of(w, NULL);
}

void world_steal(world *w)
{
    begin_job b = {.job = {.run = begin_pass}, .w = w, .route = route_named(w, NULL)};
    bool resume = w->resume;
    ds_err err = DS_ERR_INIT;

    w->resume = true; /* with the checkpoint that it has left */
    if (!ds_store_do(w->store, DS_LANE_EVENT, &b.job, &err))
        fail_msg("%s", err.text);
    w->resume = resume;
}

static const char *totals_text(world *w, const ds_totals *t)
{
    return ds_arena_printf(w->arena, "%lld %lld %lld %lld %lld %lld", (long long)t->total,
                           (long long)t->created, (long long)t->updated, (long long)t->unchanged,
                           (long long)t->skipped, (long long)t->held);
}

const char *world_totals_of(world *w, const char *route)
{
    ds_pass_result out = world_pass_of(w, route);

    if (out.outcome == DS_PASS_DONE || out.outcome == DS_PASS_PARTIAL)
        return totals_text(w, &out.totals);
    if (out.outcome == DS_PASS_APPROVAL)
        return ds_arena_printf(w->arena, "approval: %s", out.err.text);
    return ds_arena_printf(w->arena, "%s: %s", ds_pass_outcome_name(out.outcome), out.err.text);
}

const char *world_totals(world *w)
{
    return world_totals_of(w, NULL);
}

/* ---- looking --------------------------------------------------------------------------------- */

static int add_row(void *to, int n, char **values, char **names)
{
    ds_buf *out = to;

    (void)names;
    if (out->n)
        ds_buf_char(out, '\n');
    for (int i = 0; i < n; i++)
        ds_buf_printf(out, "%s%s", i ? "|" : "", values[i] ? values[i] : "NULL");
    return 0;
}

const char *world_sql(world *w, const char *sql)
{
    DS_AUTO_BUF(out, DS_MIB);
    sqlite3 *db;
    int rc;

    assert_int_equal(sqlite3_open(world_path(w, "out.db"), &db), SQLITE_OK);
    rc = sqlite3_exec(db, sql, add_row, &out, NULL);
    if (rc != SQLITE_OK)
        ds_buf_printf(&out, "error: %s", sqlite3_errmsg(db));
    sqlite3_close(db);
    return ds_arena_strdup(w->arena, out.n ? out.data : "");
}

const char *world_read(world *w, const char *name)
{
    FILE *f = fopen(world_path(w, name), "r");
    char *text = ds_arena_zalloc(w->arena, DS_MIB);

    if (!f)
        return "(no file)";
    (void)!fread(text, 1, DS_MIB - 1, f);
    fclose(f);
    return text;
}

const char *world_held(world *w)
{
    DS_AUTO_BUF(out, DS_MIB);
    ds_err err = DS_ERR_INIT;
    DS_AUTO(ds_reader) r = ds_reader_open(world_path(w, "state.db"), &err);
    ds_held_row *rows = NULL;
    size_t n = 0;

    if (!r || !ds_reader_held(r, NULL, w->arena, &rows, &n, &err))
        fail_msg("%s", err.text);
    for (size_t i = 0; i < n; i++)
        ds_buf_printf(&out, "%s%s: %s", i ? "\n" : "", rows[i].held.key, rows[i].held.reason);
    return ds_arena_strdup(w->arena, out.n ? out.data : "");
}

typedef struct planned_lines {
    world *w;
    int left; /* so many more records are wanted; 0: all */
    ds_buf out;
} planned_lines;

static const char *shown(world *w, ds_value v)
{
    const char *text = ds_value_text(w->arena, v);

    return text ? text : "null";
}

static bool add_planned(void *to, const ds_planned *planned)
{
    planned_lines *lines = to;

    for (size_t i = 0; i < planned->changes_n; i++)
        ds_buf_printf(&lines->out, "\n%s.%s: %s -> %s", planned->key, planned->changes[i].name,
                      shown(lines->w, planned->changes[i].from),
                      shown(lines->w, planned->changes[i].to));
    if (planned->body)
        ds_buf_printf(&lines->out, "\n%s: %zu bytes, line %zu: %s -> %s", planned->key,
                      planned->body->bytes, planned->body->line,
                      planned->body->from ? planned->body->from : "nothing",
                      planned->body->to ? planned->body->to : "nothing");
    if (planned->outcome == DS_OUT_HELD)
        ds_buf_printf(&lines->out, "\n%s: %s", planned->key, planned->reason);
    else if (planned->outcome == DS_OUT_UNCHANGED)
        ds_buf_printf(&lines->out, "\n%s: %s", planned->key, planned->why);
    return lines->left == 0 || --lines->left > 0;
}

static const char *cost_text(world *w, const ds_plan_result *out)
{
    const char *text = "";

    for (size_t i = 0; i < out->cost.n; i++)
        text = ds_arena_printf(w->arena, "%s%s %lld, ", text, out->cost.lines[i].endpoint,
                               (long long)out->cost.lines[i].calls);
    return out->has_cost ? ds_arena_printf(w->arena, "%s%lld ms", text, (long long)out->cost.ms)
                         : NULL;
}

const char *world_plan(world *w)
{
    planned_lines lines = {.w = w, .left = w->plan_most};
    const ds_route *route = route_named(w, NULL);
    ds_err err = DS_ERR_INIT;
    DS_AUTO(ds_reader) r = ds_reader_open(world_path(w, "state.db"), &err);
    ds_plan_result out;
    ds_pass_in in = {.route = route,
                     .unit = w->unit,
                     .owner = "plan",
                     .kind = w->kind,
                     .items = w->items,
                     .items_n = w->items_n,
                     .since_ms = -1,
                     .approved = w->approved,
                     .clock = &w->clock.base,
                     .stop = &w->stop,
                     .page_records = w->page_records};
    const char *text;

    in.owner = ds_arena_printf(w->arena, "%s/%s/%s", ds_store_id(w->store), route->name, w->unit);
    ds_buf_init(&lines.out, DS_MIB);
    in.ledger = r ? ds_reader_ledger(r, route->name, w->unit, &err) : NULL;
    if (!in.ledger)
        fail_msg("%s", err.text);
    if (ds_pass_plan(&in, w->plan_everything, add_planned, &lines, &out))
        text = ds_arena_printf(w->arena, "%s missing %lld%s%s%s", totals_text(w, &out.totals),
                               (long long)out.totals.missing, out.approval ? " approval: " : "",
                               out.approval ? out.approval : "", lines.out.n ? lines.out.data : "");
    else
        text = ds_arena_printf(w->arena, "error: %s", out.err.text);
    w->plan_cost = cost_text(w, &out);
    ds_ledger_close(in.ledger);
    ds_buf_fini(&lines.out);
    return text;
}
