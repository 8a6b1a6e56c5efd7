/* src/app/server.h
 *
 * The units of engine temporal, for commands: each lives in a workflow on a server, and what
 * belongs to its records is in the store as ever.
 */
#ifndef DS_APP_SERVER_H
#define DS_APP_SERVER_H

#include "app/findings.h"
#include "app/live.h"
#include "app/temporal.h"

typedef struct ds_server {
    const ds_app *app;
    const ds_temporal_table *table;
    ds_client *client;
    bool no_store; /* it does not answer: what the server knows has to do */
} ds_server;

DS_MUST_USE bool ds_server_open(const ds_app *app, ds_server *out, ds_err *err);
void ds_server_close(ds_server *s);

/* The units that a reference may mean, those of the server's lists and those of the store. */
DS_MUST_USE bool ds_server_units(const ds_server *s, const ds_unit_ref *ref, const char ***units,
                                 size_t *n, ds_err *err);

/* As the functions of live.h of that name. */
DS_MUST_USE int ds_server_signal(ds_app *app, const ds_unit_ref *ref, const ds_event *event,
                                 int64_t *units, bool *daemon);
DS_MUST_USE bool ds_server_look(const ds_app *app, const ds_unit_ref *ref, ds_live *live,
                                ds_unit_row **rows, size_t *n, const ds_running **running,
                                size_t *running_n, ds_err *err);
/* Signals, and waits until each unit rests. Returns the exit code. */
DS_MUST_USE int ds_server_passes(ds_app *app, const ds_unit_ref *refs, size_t refs_n,
                                 const char *const *items, size_t items_n);

/* The server, its namespace and the workers, for `check` and `doctor`; nothing on the embedded
 * engine. */
void ds_server_check(const ds_app *app, ds_findings *f, const char *where);

#endif
