/* src/app/serve.h - an engine in this process: for `run`, and for `once` without a daemon. */
#ifndef DS_APP_SERVE_H
#define DS_APP_SERVE_H

#include "app/meter.h"
#include "app/service.h"

typedef struct ds_serve {
    bool once;
    const ds_unit_ref *only;
    size_t only_n;
    const char *const *items;
    size_t items_n;
    ds_meter *meter;     /* NULL: none */
    ds_service *service; /* who watches over `run`; NULL: nobody is asked */
    void (*ended)(void *to, const ds_run_row *run);
    void *to;
} ds_serve;

/* Until it is done or told to stop. 0 or an exit code with the error printed; *stopped_by: the
 * signal that asked for the end, 0 for none. */
DS_MUST_USE int ds_serve_run(ds_app *app, const ds_serve *what, int *stopped_by);

#endif
