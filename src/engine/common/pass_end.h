/* src/engine/common/pass_end.h - one pass on the store, and what is told of its end. */
#ifndef DS_ENGINE_COMMON_PASS_END_H
#define DS_ENGINE_COMMON_PASS_END_H

#include "store/store.h"
#include "sync/pass.h"

/* Runs it on the unit's links as the activity of that epoch; sets in->ledger for the time. */
void ds_pass_on_store(ds_store *store, int64_t unit_id, int64_t epoch, ds_pass_in *in,
                      ds_pass_result *out);
/* For the history. Borrows from `in` and `result`. */
ds_run_row ds_pass_row(const ds_pass_in *in, const ds_pass_result *result, int64_t started_ms,
                       int64_t ended_ms);
/* Keys of held records that a changes pass which ended well had no reason to meet, and that became
 * due meanwhile, in `a`; *n 0: there are none, or they cannot be told. */
const char *const *ds_pass_due(ds_store *store, int64_t unit_id, int64_t epoch,
                               const ds_pass_in *in, const ds_pass_result *result, ds_arena *a,
                               size_t *n);
/* For the unit. */
ds_event ds_pass_event(const ds_pass_result *result, const ds_run_row *run);
void ds_pass_log(const ds_run_row *run);

#endif
