/* src/app/live.h
 *
 * Who holds the store, and what is said to a daemon that does.  A command works on the store itself
 * only where nobody else holds it.
 */
#ifndef DS_APP_LIVE_H
#define DS_APP_LIVE_H

#include "app/app.h"

typedef struct ds_live {
    pid_t holder;       /* 0: nobody; -1: somebody elsewhere */
    const char *who;    /* as messages name the holder; NULL: nobody */
    bool daemon;        /* and it answers on its socket */
    const char *socket; /* path */
    /* Of engine temporal: why its server cannot be asked, or why the store cannot; NULL: it was. */
    const char *away, *store_away;
} ds_live;

/* `patient`: a holder that does not answer yet gets a second, it may just be starting. */
ds_live ds_live_look(const ds_app *app, bool patient);

/* The units, and the passes that run right now, in app->arena: as the store and the daemon have
 * them, or their workflows. */
DS_MUST_USE bool ds_live_units(const ds_app *app, const ds_unit_ref *ref, ds_live *live,
                               ds_unit_row **rows, size_t *n, const ds_running **running,
                               size_t *running_n, ds_err *err);

/* A durable signal, through the daemon or on the store itself. 0 or an exit code, with the error
 * printed. *units: how many units it reached. */
DS_MUST_USE int ds_live_signal(ds_app *app, const ds_unit_ref *ref, const ds_event *event,
                               int64_t *units, bool *daemon);

/* What a person says about a held record (`verb` retry, drop or adopt), the same two ways. */
DS_MUST_USE int ds_live_held(ds_app *app, const char *verb, const char *route, const char *key,
                             const char *id, bool *found);

/* Passes run by the daemon; each one's end is handed to `ended`. false: the talk broke off. */
DS_MUST_USE bool ds_live_once(const ds_live *live, const ds_unit_ref *refs, size_t refs_n,
                              const char *const *items, size_t items_n,
                              void (*ended)(void *to, const ds_run_row *run), void *to,
                              ds_err *err);

#endif
