/* src/fakes/module.c - the one name that the shared object gives out. */
#include "fakes/fakes.h"
#include "fakes/kinds.h"

extern DS_API const ds_fake_table ds_fakes;

const ds_fake_table ds_fakes = {
    .revision = DS_FAKES_REVISION,
    .kinds = ds_fake_kinds,
    .kinds_n = DS_FAKE_KINDS_N,
    .serve = ds_fakes_serve,
};
