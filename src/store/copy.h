/* src/store/copy.h - all that one store knows, into another one that knows nothing yet. */
#ifndef DS_STORE_COPY_H
#define DS_STORE_COPY_H

#include "store/store.h"

typedef struct ds_copied {
    const char *table;
    int64_t rows;
} ds_copied;

/* From the file at `path`, which nobody has meanwhile, in one transaction: all of it or nothing.
 * Every table's rows are counted on both sides. Errors: CONFIG: no store there, one that somebody
 * has (then *holder as ds_store_open's), or `to` is not empty. *out: static but for the rows. */
DS_MUST_USE bool ds_store_copy(const char *path, ds_store *to, pid_t *holder, ds_arena *a,
                               const ds_copied **out, size_t *n, ds_err *err);

#endif
