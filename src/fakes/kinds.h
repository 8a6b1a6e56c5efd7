/* src/fakes/kinds.h - the stand-ins there are; a new one is declared and listed here. */
#ifndef DS_FAKES_KINDS_H
#define DS_FAKES_KINDS_H

#include "fakes/router.h"

extern const ds_fake_kind ds_fake_github;
extern const ds_fake_kind ds_fake_notion;

#define DS_FAKE_KINDS_N 2
extern const ds_fake_kind *const ds_fake_kinds[DS_FAKE_KINDS_N];

/* As ds_fake_table.serve. */
DS_MUST_USE bool ds_fakes_serve(const ds_fake_kind *kind, const ds_fake_options *options,
                                void (*ready)(void *to, int port), void *to, ds_err *err);

#endif
