/* src/app/results.h - the passes that `once` and `sync --wait` saw end, and the exit code they
 * make. */
#ifndef DS_APP_RESULTS_H
#define DS_APP_RESULTS_H

#include "app/meter.h"
#include "app/out.h"

typedef struct ds_results {
    ds_app *app;
    ds_meter *meter; /* cleared before a line is printed; NULL: none */
    ds_buf doc;
    ds_json_writer w;
    const char **seen; /* ROUTE/UNIT of each pass */
    size_t seen_n, seen_cap;
    bool failed, person, held, cancelled, no_such_unit;
} ds_results;

void ds_results_begin(ds_results *r, ds_app *app, ds_meter *meter);
void ds_results_add(void *results, const ds_run_row *run);
/* Prints the document, refuses references that no pass answered to, and returns the exit code:
 * the first of 1, 3, 4 that applies. */
DS_MUST_USE int ds_results_end(ds_results *r, const ds_unit_ref *refs, size_t refs_n);

#endif
