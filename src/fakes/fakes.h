/* src/fakes/fakes.h
 *
 * How the command `fake` reaches the stand-ins.  They are a shared object of their own, so that the
 * HTTP server is mapped by nobody else; it gives out one table under one name.
 */
#ifndef DS_FAKES_FAKES_H
#define DS_FAKES_FAKES_H

#include "fakes/router.h"

#define DS_FAKES_SYMBOL "ds_fakes"
#define DS_FAKES_REVISION 1

typedef struct ds_fake_table {
    int revision; /* another one than DS_FAKES_REVISION: of another release */
    const ds_fake_kind *const *kinds;
    size_t kinds_n;
    /* Listens, tells `ready` the port, serves until SIGTERM or SIGINT. */
    bool (*serve)(const ds_fake_kind *kind, const ds_fake_options *options,
                  void (*ready)(void *to, int port), void *to, ds_err *err);
} ds_fake_table;

#endif
