/* src/app/cmd_check.c
 *
 * Everything that can be known before the first write: the configuration, both ends of each route,
 * the columns, the promise, and whether a changed key waits for approval.  Writes nothing.
 */
#include "app/commands.h"
#include "app/findings.h"
#include "app/server.h"
#include "app/kinds.h"
#include "app/misfits.h"
#include "app/notices.h"
#include "app/peek.h"
#include "app/recall.h"
#include "app/temporal.h"
#include "base/activity.h"
#include "base/text.h"
#include "schedule/schedule.h"
#include "sync/map.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define ERRORS_MAX (4 * DS_MIB)

typedef struct checking {
    ds_app *app;
    ds_findings *f;
    ds_reader *reader;
    const ds_route *route;
    ds_arena *arena; /* of this route */
    ds_activity act;
    ds_peek *peek; /* at its source, as far as that could be read; else NULL */
} checking;

static const char *remedy_of(const ds_err *err)
{
    switch (err->kind) {
    case DS_ERR_AUTH:
        return "put a valid credential into the account, or sign in again";
    case DS_ERR_RATE_LIMITED:
    case DS_ERR_TRANSIENT:
        return "put right what it names, or try again in a while: it may pass by itself";
    case DS_ERR_CONFIG:
    case DS_ERR_PERMANENT:
    case DS_ERR_NONE:
    case DS_ERR_CANCELLED:
        break;
    }
    return "correct the route's settings, or what they point at";
}

static void failed(checking *c, const char *what, const ds_err *err)
{
    ds_finding(c->f, DS_FINDING_ERROR, c->route->name, remedy_of(err), "%s: %s", what, err->text);
}

/* A table that is not there, and that another command would make. */
static bool lacks_table(checking *c, ds_destination *destination, const ds_open_in *in,
                        const ds_err *why)
{
    const ds_destination_ops *ops = destination->ops;
    const ds_column_there *there;
    ds_err err = DS_ERR_INIT;
    size_t n;

    return why->kind == DS_ERR_CONFIG && ops->list_columns && ops->ensure_schema &&
           ops->list_columns(destination, &c->act, in->columns, in->columns_n, &there, &n, &err) &&
           n == 0;
}

static void not_opened(checking *c, ds_destination *destination, const char *what,
                       const ds_open_in *in, const ds_err *err)
{
    const char *remedy = remedy_of(err);

    if (lacks_table(c, destination, in, err))
        remedy = ds_arena_printf(c->arena,
                                 "correct the route's settings, or make the table with "
                                 "`%s schema %s --create`",
                                 c->app->program, c->route->name);
    ds_finding(c->f, DS_FINDING_ERROR, c->route->name, remedy, "%s: %s", what, err->text);
}

/* A property that the route takes, and the first record has under a name that is nearly the same:
 * absent is a value like another, so no pass would say a word. */
static void check_name(checking *c, const char *what, const ds_record *rec, const char *wanted)
{
    const char **names = ds_arena_zalloc(c->arena, (rec->props_n + 1) * sizeof(*names));
    const char *head = ds_arena_strndup(c->arena, wanted, strcspn(wanted, ".")), *near;

    for (size_t i = 0; i < rec->props_n; i++) {
        names[i] = rec->props[i].name;
        if (!strcmp(names[i], wanted) || !strcmp(names[i], head))
            return;
    }
    near = ds_nearest(head, names, rec->props_n);
    if (near)
        ds_finding(c->f, DS_FINDING_WARNING, c->route->name,
                   "correct the name; where other records have it, all is well",
                   "%s: its first record has no \"%.100s\"; did you mean \"%.100s\"?", what, head,
                   near);
}

static void look_at(checking *c, const char *what, const ds_record *rec)
{
    if (rec->hold) {
        ds_finding(c->f, DS_FINDING_WARNING, c->route->name,
                   "each pass sets it aside, and reads all else", "%s: %s: %s", what,
                   rec->place ? rec->place : "its first record", rec->hold);
        return;
    }
    for (size_t i = 0; i < c->act.wanted_n; i++)
        check_name(c, what, rec, c->act.wanted[i]);
}

/* What only a look at the first record shows: a header without the key, a list that is not there.
 */
static void check_source(checking *c)
{
    const char *what = ds_arena_printf(c->arena, "source %s", c->route->source->kind);
    ds_err err = DS_ERR_INIT;
    size_t units;

    c->peek = ds_peek_open(c->route, &c->act, &err);
    if (!c->peek || !ds_peek_read(c->peek, &err)) {
        ds_peek_close(DS_TAKE(&c->peek));
        failed(c, what, &err);
        return;
    }
    units = c->peek->units.n;
    if (c->peek->page.records_n)
        look_at(c, what, &c->peek->page.records[0]);
    if (units == 0)
        ds_finding(c->f, DS_FINDING_WARNING, c->route->name,
                   "nothing is mirrored until it has one; look at the source's settings",
                   "%s has no units", what);
    else
        ds_finding(c->f, DS_FINDING_OK, c->route->name, NULL, "%s can be read: %zu unit%s", what,
                   units, units == 1 ? "" : "s");
}

typedef struct said {
    struct said *next;
    const char *text, *remedy;
    bool is_error;
} said;

typedef struct sayings { /* of the columns, until it is known that they could be looked at */
    ds_arena *arena;
    said *first, **end;
    size_t errors;
} sayings;

static void note_column(void *to, bool is_error, const char *text, const char *remedy)
{
    sayings *all = to;
    said *it = ds_arena_zalloc(all->arena, sizeof(*it));

    *it = (said){.text = ds_arena_strdup(all->arena, text),
                 .remedy = ds_arena_strdup(all->arena, remedy),
                 .is_error = is_error};
    *all->end = it;
    all->end = &it->next;
    all->errors += is_error;
}

static void say_columns(checking *c, const sayings *all)
{
    for (const said *it = all->first; it; it = it->next)
        ds_finding(c->f, it->is_error ? DS_FINDING_ERROR : DS_FINDING_WARNING, c->route->name,
                   it->remedy, "%s", it->text);
}

typedef struct left_out {
    ds_arena *arena;
    const char *text, *remedy; /* of the first */
    size_t n;
} left_out;

static void note_left_out(void *to, bool is_error, const char *text, const char *remedy)
{
    left_out *l = to;

    if (is_error) /* said already, of the columns that the route names */
        return;
    if (!l->n++) {
        l->text = ds_arena_strdup(l->arena, text);
        l->remedy = ds_arena_strdup(l->arena, remedy);
    }
}

/* Where the names come with the records, what has no column is left out by each pass. */
static void check_what_comes(checking *c, ds_destination *destination, const ds_column *columns,
                             size_t n)
{
    left_out l = {.arena = c->arena};
    ds_err err = DS_ERR_INIT;

    if (n &&
        c->route->destination->check_schema(destination, &c->act, columns, n, note_left_out, &l,
                                            &err) &&
        l.n)
        ds_finding(c->f, DS_FINDING_WARNING, c->route->name,
                   ds_arena_printf(c->arena, "%s; or name in `fields` what is wanted", l.remedy),
                   "%s%s: left out", l.text,
                   l.n > 1 ? ds_arena_printf(c->arena, ", and so %zu more", l.n - 1) : "");
}

/* With what the source knows and the first records bring. */
static void check_values(checking *c, ds_destination *destination)
{
    ds_column *columns;
    ds_err err = DS_ERR_INIT;
    size_t n;

    if (!c->peek)
        return; /* of the source it was said */
    if (!ds_peek_columns(c->peek, &columns, &n, &err)) {
        failed(c, ds_arena_printf(c->arena, "source %s", c->route->source->kind), &err);
        return;
    }
    if (ds_peek_is_needed(c->route))
        check_what_comes(c, destination, columns, n);
    if (!ds_misfits_find(c->f, c->peek, destination, columns, n, &err))
        failed(c, ds_arena_printf(c->arena, "source %s", c->route->source->kind), &err);
}

static void say_reached(checking *c, const char *what, const ds_open_out *out)
{
    if (!out->exists)
        ds_finding(c->f, DS_FINDING_OK, c->route->name, NULL,
                   "%s is not there yet: the first pass creates it", what);
    else if (out->rows >= 0)
        ds_finding(c->f, DS_FINDING_OK, c->route->name, NULL, "%s can be reached: %s row%s", what,
                   ds_count_text(c->arena, out->rows), out->rows == 1 ? "" : "s");
    else
        ds_finding(c->f, DS_FINDING_OK, c->route->name, NULL, "%s can be reached", what);

    if (c->route->destination->unknown)
        ds_finding(c->f, DS_FINDING_OK, c->route->name, NULL, "%s: only a write tells %s", what,
                   c->route->destination->unknown);
}

/* Settings that look for a lost write before it can be there: it may come all the same, later. Of
 * promise A no row is made twice, whenever it comes. */
static void check_delays(checking *c, const ds_open_out *out)
{
    const ds_destination_ops *ops = c->route->destination;
    bool settle = out->settle_ms < ops->settle_ms, lag = out->lag_ms < ops->lag_ms;
    int64_t least_ms = settle ? ops->settle_ms : ops->lag_ms;

    if (!out->has_delays || ops->promise == DS_PROMISE_A || (!settle && !lag))
        return;
    ds_finding(
        c->f, DS_FINDING_WARNING, c->route->name,
        ds_arena_printf(c->arena, "leave `%s` out, or let it be %s or more",
                        settle ? "settle" : "lag", ds_duration_text(c->arena, least_ms)),
        "%s: promise %c holds for what arrives within %s and shows within %s, shorter than %s can "
        "be "
        "trusted to take (%s and %s): a create that comes later than that becomes a second row",
        ops->kind, ops->promise, ds_duration_text(c->arena, out->settle_ms),
        ds_duration_text(c->arena, out->lag_ms), ops->kind,
        ds_duration_text(c->arena, ops->settle_ms), ds_duration_text(c->arena, ops->lag_ms));
}

/* Opening may cost no call: whether anybody is there, the look at the columns tells. */
static void check_destination(checking *c)
{
    const ds_destination_ops *ops = c->route->destination;
    const char *what = ds_arena_printf(c->arena, "destination %s", ops->kind);
    DS_AUTO(ds_destination) destination = ds_destination_new(c->route);
    ds_open_in in = {.owner = "check", .reading_only = true};
    ds_open_out out = {.exists = true, .rows = -1};
    sayings columns = {.arena = c->arena, .end = &columns.first};
    ds_err err = DS_ERR_INIT;

    in.columns = ds_mapping_columns(c->route, c->arena, &in.columns_n);
    if (ops->open && !ops->open(destination, &c->act, &in, &out, &err)) {
        not_opened(c, destination, what, &in, &err);
        return;
    }
    if (ops->check_schema && !ops->check_schema(destination, &c->act, in.columns, in.columns_n,
                                                note_column, &columns, &err)) {
        say_columns(c, &columns);
        failed(c, what, &err);
        return;
    }
    if (out.exists || !columns.errors)
        say_reached(c, what, &out);
    check_delays(c, &out);
    say_columns(c, &columns);
    if (ops->check_schema && out.exists)
        check_values(c, destination);
}

static void key_changed(checking *c, const char *unit, const char *before)
{
    const char *remedy = ds_arena_printf(
        c->arena,
        "undo the change, or let the rows be matched anew: once a pass has stopped for it, "
        "%s approve %s",
        c->app->program, c->route->name);

    ds_finding(c->f, DS_FINDING_ERROR, c->route->name, remedy,
               "the key of unit %s was \"%s\" and is \"%s\" now", unit, before,
               c->route->key_signature);
}

/* By cron or in quiet hours: what the settings mean, in figures. */
static void check_schedule(checking *c)
{
    const ds_schedule *s = c->route->schedule;
    int64_t now_ms = c->app->clock->now_ms(c->app->clock);
    int64_t next_ms = ds_schedule_next(s, now_ms), until_ms = ds_schedule_quiet_until(s, now_ms);

    if (next_ms)
        ds_finding(c->f, DS_FINDING_OK, c->route->name, NULL,
                   "runs by cron \"%s\", next at %s (%s)", s->cron,
                   ds_zone_text(s->zone, next_ms, c->arena),
                   ds_time_text(c->arena, next_ms, false));
    if (until_ms)
        ds_finding(c->f, DS_FINDING_OK, c->route->name, NULL, "is in its quiet hours until %s (%s)",
                   ds_zone_text(s->zone, until_ms, c->arena),
                   ds_time_text(c->arena, until_ms, false));
}

static void check_state(checking *c, const ds_unit_row *row)
{
    const ds_unit *u = &row->state;

    if (u->paused && ds_unit_has_moved(u)) /* to resume it would start it beside its workflow */
        ds_finding(c->f, DS_FINDING_WARNING, c->route->name, NULL, "unit %s is paused: %s",
                   row->unit, u->last_error);
    else if (u->approval)
        ds_finding(c->f, DS_FINDING_WARNING, c->route->name,
                   ds_arena_printf(c->arena, "%s approve %s", c->app->program, c->route->name),
                   "unit %s waits for approval: %s", row->unit, u->approval);
    else if (u->paused)
        ds_finding(c->f, DS_FINDING_WARNING, c->route->name,
                   ds_arena_printf(c->arena, "%s resume %s", c->app->program, c->route->name),
                   "unit %s is paused", row->unit);
}

/* A unit with links whose key is another now waits for approval: better said before the pass. */
static void check_keys(checking *c)
{
    ds_unit_row *rows;
    size_t n = 0;
    ds_err err = DS_ERR_INIT;

    if (!ds_reader_units(c->reader, c->route->name, NULL, c->arena, &rows, &n, &err)) {
        failed(c, "store", &err);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        DS_AUTO(ds_ledger) ledger = ds_reader_ledger(c->reader, c->route->name, rows[i].unit, &err);
        ds_ledger_begin begin;

        if (!ledger || !ledger->ops->begin(ledger, c->arena, &begin, &err)) {
            failed(c, "store", &err);
            return;
        }
        if (begin.links && begin.key_signature && c->route->key_signature &&
            strcmp(begin.key_signature, c->route->key_signature) != 0)
            key_changed(c, rows[i].unit, begin.key_signature);
        if (!ds_app_is_temporal(c->app)) /* there `status` asks its workflow */
            check_state(c, &rows[i]);
    }
}

static void check_route(checking *c, const ds_route *route)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    ds_recall recall;

    c->route = route;
    c->arena = a;
    c->act = (ds_activity){.arena = a, .clock = c->app->clock, .route = route->name, .unit = "-"};
    ds_recall_open(&recall, c->reader, route->name);
    c->act.memory = &recall.base;
    recall.shared_only = true;
    check_source(c);
    recall.shared_only = false;
    check_destination(c);
    ds_peek_close(DS_TAKE(&c->peek));
    c->act.memory = NULL;
    ds_recall_close(&recall);
    check_keys(c);
    check_schedule(c);
    ds_finding(c->f, DS_FINDING_OK, route->name, NULL, "%s",
               ds_promise_text(route->destination->promise));
}

/* The first pass would find out; a person who asks wants to know before. */
static void check_store(ds_app *app, ds_findings *f)
{
    const char *path = app->config->store_local, *slash = strrchr(path, '/');
    const char *folder = slash ? ds_arena_strndup(app->arena, path, (size_t)(slash - path)) : ".";
    ds_err err = DS_ERR_INIT;

    if (slash == path)
        folder = "/";
    if (faccessat(AT_FDCWD, folder, F_OK, AT_EACCESS) != 0 && errno == ENOENT)
        ds_finding(f, DS_FINDING_ERROR, NULL, "make it, or set `store` to another path",
                   "store %s: its directory does not exist", path);
    else if (faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) != 0)
        ds_finding(f, DS_FINDING_ERROR, NULL,
                   "run this as root or as the user it belongs to, or set `store` to another path",
                   "store %s: its directory cannot be written (%s)", path, strerror(errno));
    else if (!app->config->store_url && faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) != 0 &&
             errno != ENOENT)
        ds_finding(f, DS_FINDING_ERROR, NULL, "give this user the right to write the file",
                   "store %s cannot be written (%s)", path, strerror(errno));
    if (!ds_app_left_no_store(app, &err))
        ds_finding(f, DS_FINDING_ERROR, NULL, NULL, "%s", err.text);
}

static void check_notify(ds_app *app, ds_findings *f)
{
    ds_notices notices;
    ds_err err = DS_ERR_INIT;

    if (!ds_app_notices(app, &notices, &err))
        ds_finding(f, DS_FINDING_ERROR, NULL, "correct `notify`", "%s", err.text);
}

/* Blocks of lines, a blank line between: the first line of each says place and error. */
static void config_findings(ds_findings *f, char *errors)
{
    for (char *block = errors; *block;) {
        char *end = strstr(block, "\n\n");
        char *next = end ? end + 2 : block + strlen(block);

        block[strcspn(block, "\n")] = '\0';
        ds_finding(f, DS_FINDING_ERROR, NULL, "correct the configuration", "%s", block);
        block = next;
    }
}

static int config_broken(ds_app *app, ds_buf *errors)
{
    ds_findings f;

    if (!errors->data)
        ds_buf_text(errors, "the configuration cannot be read\n");
    if (!app->json) {
        fputs(errors->data, stderr);
        return DS_EXIT_USAGE;
    }
    ds_findings_begin(&f, app, "findings", "route");
    config_findings(&f, errors->data);
    return ds_findings_end(&f);
}

int ds_cmd_check(ds_app *app)
{
    DS_AUTO_BUF(errors, ERRORS_MAX);
    ds_unit_ref *refs;
    size_t refs_n = 0;
    ds_err err = DS_ERR_INIT;

    app->connectors->compile = true;
    if (ds_app_config_errors(app, &errors))
        return config_broken(app, &errors);
    if (!ds_app_refs(app, app->args->words, app->args->words_n, &refs, &refs_n, &err))
        return ds_app_fail(app, &err);

    DS_AUTO(ds_reader) reader = ds_app_reader(app, &err);
    bool away = !reader && app->config->store_url;
    ds_findings f;
    checking c = {.app = app, .f = &f};

    if (away) /* all else can be looked at as where nothing was written yet */
        reader = ds_reader_open("", &(ds_err){0});
    if (!reader)
        return ds_app_fail(app, &err);
    c.reader = reader;
    ds_findings_begin(&f, app, "findings", "route");
    ds_finding(&f, DS_FINDING_OK, NULL, NULL, "%s: %zu route%s", app->config->path,
               app->config->routes_n, app->config->routes_n == 1 ? "" : "s");
    check_store(app, &f);
    if (away)
        ds_finding(&f, DS_FINDING_ERROR, NULL, NULL, "%s", err.text);
    check_notify(app, &f);
    ds_server_check(app, &f, NULL);
    for (size_t i = 0; i < refs_n; i++)
        check_route(&c, ds_config_route(app->config, refs[i].route));
    return ds_findings_end(&f);
}
