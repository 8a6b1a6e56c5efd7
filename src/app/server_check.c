/* src/app/server_check.c - what `check` and `doctor` say of the server of engine temporal. */
#include "app/server.h"

#include <stdlib.h>
#include <string.h>

#define SKEW_MS (5 * DS_SECOND_MS)

typedef struct checking {
    const ds_app *app;
    ds_findings *f;
    const char *where;
    const ds_temporal *t;
} checking;

static void check_workers(const checking *c, const ds_remote_workers *w)
{
    if (w->n == 0) {
        ds_finding(c->f, DS_FINDING_WARNING, c->where, "durable-sync run",
                   "no worker asks for work of task queue %s: no pass runs", c->t->task_queue);
        return;
    }
    ds_finding(c->f, DS_FINDING_OK, c->where, NULL, "%zu worker%s of task queue %s: %s%s", w->n,
               w->n == 1 ? "" : "s", c->t->task_queue, w->identities[0], w->n > 1 ? ", ..." : "");
    if (w->n > 1 && !c->app->config->store_url)
        ds_finding(c->f, DS_FINDING_ERROR, c->where,
                   "give them all one store on a PostgreSQL server: docs/operations.md says how",
                   "%zu workers, and the store %s is a file of this machine: each would know only "
                   "its own rows",
                   w->n, c->app->config->store_path);
}

/* Nothing is handed to a version that is not the current one, and nothing says so. */
static void check_version(const checking *c, const ds_remote_facts *facts)
{
    const ds_remote_workers *w = &facts->workers;
    const char *build = w->build_id ? w->build_id : c->t->build_id;

    if (!build && w->current)
        ds_finding(c->f, DS_FINDING_WARNING, c->where,
                   "start workers of that version, or set none as the current one",
                   "work goes to workers of version %s, and this configuration names no version",
                   w->current);
    else if (build && (!w->current || strcmp(build, w->current) != 0))
        ds_finding(c->f, DS_FINDING_WARNING, c->where,
                   ds_arena_printf(c->app->arena,
                                   "temporal worker deployment set-current-version "
                                   "--deployment-name %s --build-id %s",
                                   facts->deployment, build),
                   "version %s of the workers is not the current one: nothing is handed to it",
                   build);
}

static void check_facts(const checking *c, const ds_remote_facts *facts)
{
    if (!facts->keeps_memos) {
        ds_finding(c->f, DS_FINDING_ERROR, c->where, DS_TEMPORAL_USE, DS_TEMPORAL_TOO_OLD,
                   c->t->address, facts->version);
        return;
    }
    ds_finding(c->f, DS_FINDING_OK, c->where, NULL, "Temporal server %s at %s, namespace %s%s",
               facts->version, c->t->address, c->t->namespace_,
               c->t->encryption_key ? ", payloads encrypted" : "");
    if (llabs(facts->ahead_ms) > SKEW_MS)
        ds_finding(c->f, DS_FINDING_WARNING, c->where, "timedatectl set-ntp true on both",
                   "this machine's clock is %lld seconds %s the server's",
                   llabs(facts->ahead_ms) / DS_SECOND_MS,
                   facts->ahead_ms > 0 ? "behind" : "ahead of");
    check_workers(c, &facts->workers);
    check_version(c, facts);
}

void ds_server_check(const ds_app *app, ds_findings *f, const char *where)
{
    const checking c = {.app = app, .f = f, .where = where, .t = app->config->temporal};
    ds_remote_facts facts;
    ds_server s;
    ds_err err = DS_ERR_INIT;

    if (!c.t)
        return;
    if (ds_server_open(app, &s, &err) && s.table->ask(s.client, app->arena, &facts, &err))
        check_facts(&c, &facts);
    else
        ds_finding(f, DS_FINDING_ERROR, where,
                   err.kind == DS_ERR_TRANSIENT
                       ? "see that the server runs, and that the engine's `address` or "
                         "$TEMPORAL_ADDRESS is that of its gRPC port (7233)"
                       : NULL,
                   "%s", err.text);
    ds_server_close(&s);
}
