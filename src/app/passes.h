/* src/app/passes.h - passes now, here or in the daemon, and their results: `once`, `sync --wait`.
 */
#ifndef DS_APP_PASSES_H
#define DS_APP_PASSES_H

#include "app/app.h"

/* Returns the exit code. */
int ds_passes_run(ds_app *app, const ds_unit_ref *refs, size_t refs_n, const char *const *items,
                  size_t items_n);

#endif
