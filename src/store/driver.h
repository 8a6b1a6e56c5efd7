/* src/store/driver.h
 *
 * Where a store is, and the table of a database that is no part of this library: a shared object
 * gives it out under one name, and is mapped only where a store asks for it.
 */
#ifndef DS_STORE_DRIVER_H
#define DS_STORE_DRIVER_H

#include "store/db.h"
#include "store/store.h"
#include <sys/types.h>

#define DS_PGSTORE_FILE "pgstore.so"
#define DS_PGSTORE_SYMBOL "ds_pgstore"

struct ds_db_driver {
    uint32_t bytes; /* sizeof(ds_db) + sizeof(ds_db_ops): both sides are of one build */
    /* For writing: makes what is missing around the tables, and keeps others who do the same out
     * until `ready`. *holder as ds_store_open's. */
    ds_db *(*open)(const ds_store_at *at, ds_db_mode mode, pid_t *holder, ds_err *err);
    /* The tables are there: the writer shows itself, and can come back from now on. */
    bool (*ready)(ds_db *db, ds_err *err);
    /* Who writes, for people, in `a`; NULL: nobody, or it cannot be told. *pid as
     * ds_store_holder's. */
    const char *(*holder)(const ds_store_at *at, pid_t *pid, ds_arena *a);
    const char *(*library)(ds_arena *a); /* "libpq 15.10" */
};

static inline uint32_t ds_db_driver_bytes(void)
{
    return (uint32_t)(sizeof(ds_db) + sizeof(ds_db_ops));
}

#endif
