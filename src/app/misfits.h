/* src/app/misfits.h - values that their columns will not take, found before the first write. */
#ifndef DS_APP_MISFITS_H
#define DS_APP_MISFITS_H

#include "app/findings.h"
#include "app/peek.h"

/* Says of each field whose values cannot go into the column it names, where in the configuration
 * that is, and what to do: an error where none can, a warning where some may. `to` is open with
 * reading_only, and its columns were looked at. */
DS_MUST_USE bool ds_misfits_find(ds_findings *f, ds_peek *p, ds_destination *to,
                                 const ds_column *columns, size_t n, ds_err *err);

#endif
