/* src/app/app.h - what every subcommand is handed, and the way from an error to an exit code. */
#ifndef DS_APP_APP_H
#define DS_APP_APP_H

#include "app/args.h"
#include "base/clock.h"
#include "config/config.h"
#include "engine/engine.h"
#include "loader/loader.h"
#include <durable_sync/base.h>

enum { /* a contract: scripts outside depend on it */
       DS_EXIT_DONE = 0,
       DS_EXIT_FAILED = 1,      /* a pass failed */
       DS_EXIT_USAGE = 2,       /* usage or configuration */
       DS_EXIT_PERSON = 3,      /* waiting for a person: paused, approval */
       DS_EXIT_HELD = 4,        /* done, but records are held */
       DS_EXIT_IN_USE = 5,      /* another process has the store */
       DS_EXIT_WOULD_WRITE = 10 /* plan --exit-code */
};

typedef struct ds_app {
    const char *program; /* name for messages, and of the route of ds_main_route */
    ds_arena *arena;     /* of the whole run of the command */
    const ds_args *args;
    ds_loader *loader; /* of connectors that are not built in */
    ds_connectors *connectors;
    const ds_source_ops *own_source; /* ds_main_route; else NULL */
    const ds_destination_ops *own_destination;
    ds_config *config; /* NULL until ds_app_config */
    ds_clock *clock;
    struct ds_app_recall *recall; /* of recall.h; NULL until it is asked for */
    bool json;
    bool quiet, verbose;
    bool color;    /* stdout */
    bool progress; /* stderr is a terminal and may show a moving line */
} ds_app;

/* Loads the configuration once. 0, or an exit code with every error printed. */
DS_MUST_USE int ds_app_config(ds_app *app);
/* The same for commands that run what it holds: programs in it are compiled, to say what is wrong.
 */
DS_MUST_USE int ds_app_config_to_run(ds_app *app);
/* For a command that tells a unit something: where somebody holds the store, he has read the
 * configuration, and only the routes' names are read here. */
DS_MUST_USE int ds_app_config_to_tell(ds_app *app);
/* As ds_app_config, with the errors handed out instead of printed (for check --json). */
DS_MUST_USE int ds_app_config_errors(ds_app *app, ds_buf *errors);

/* Loads every connector that the folders have, for those who list them all. One that cannot be used
 * is a line on stderr. */
void ds_app_load_all(ds_app *app);

/* "PROGRAM: text" on stderr; returns DS_EXIT_USAGE, so that `return ds_app_fail(...)` reads well.
 */
int ds_app_fail(const ds_app *app, const ds_err *err);
DS_PRINTF(2, 3) int ds_app_refuse(const ds_app *app, const char *fmt, ...);
/* Another process has the store: says which and returns DS_EXIT_IN_USE. `who` as
 * ds_store_holder_at names it. */
int ds_app_in_use(const ds_app *app, const char *who);

/* Where the configuration's store is, with what speaks to its server mapped. */
DS_MUST_USE bool ds_app_store(const ds_app *app, ds_store_at *out, ds_err *err);
DS_MUST_USE ds_reader *ds_app_reader(const ds_app *app, ds_err *err);
/* Says why it could not be opened; `held`: because somebody has it. Returns the exit code. */
int ds_app_store_failed(const ds_app *app, const ds_err *err, bool held);
/* NULL with *code set and the reason printed. */
DS_MUST_USE ds_store *ds_app_store_open(const ds_app *app, int *code);
/* False, with what to do about it: the store on a server knows nothing yet, and the file that would
 * be the store without it knows rows of the configuration's routes. Afterwards it is too late to
 * take that along. */
DS_MUST_USE bool ds_app_left_no_store(const ds_app *app, ds_err *err);
/* It knows of no unit: no pass has ever run on it. */
bool ds_app_store_knows_nothing(const ds_app *app);
/* Who has it, as a message names him; NULL: nobody, or it cannot be told. */
const char *ds_app_holder(const ds_app *app);

/* ROUTE[/UNIT] words to references; all routes of the configuration where there are none. A name
 * that the configuration does not have is refused with the nearest one. */
DS_MUST_USE bool ds_app_refs(ds_app *app, const char *const *words, size_t n, ds_unit_ref **out,
                             size_t *out_n, ds_err *err);
/* One word; `stored` allows routes that only the store knows. */
DS_MUST_USE bool ds_app_ref(ds_app *app, const char *word, bool stored, ds_unit_ref *out,
                            ds_err *err);
/* Refuses a unit that its route does not have, where the route's units are known. */
DS_MUST_USE bool ds_app_known_unit(ds_app *app, const ds_unit_ref *ref, ds_err *err);

/* The units of a route as its source lists them now (those of `only`, where given). */
DS_MUST_USE bool ds_app_units(ds_app *app, const ds_route *route, const char *only, ds_units *units,
                              ds_err *err);

#endif
