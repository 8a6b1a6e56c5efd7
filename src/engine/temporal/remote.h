/* src/engine/temporal/remote.h - the functions of the table that commands use; module.h says what
 * each is for. */
#ifndef DS_ENGINE_TEMPORAL_REMOTE_H
#define DS_ENGINE_TEMPORAL_REMOTE_H

#include "engine/temporal/client.h"
#include "engine/temporal/module.h"

DS_MUST_USE bool ds_remote_names(ds_client *c, const char *route, ds_arena *a, const char ***units,
                                 size_t *n, ds_err *err);
DS_MUST_USE bool ds_remote_signal(ds_client *c, const ds_unit_ref *ref, const ds_event *event,
                                  bool *found, ds_err *err);
DS_MUST_USE bool ds_remote_look(ds_client *c, const ds_unit_ref *ref, bool settled, ds_arena *a,
                                ds_remote_unit *out, ds_err *err);
DS_MUST_USE bool ds_remote_start(ds_client *c, const ds_unit_ref *ref, const ds_unit *state,
                                 bool *started, ds_err *err);
DS_MUST_USE bool ds_remote_end(ds_client *c, const ds_unit_ref *ref, const char *reason,
                               ds_err *err);
DS_MUST_USE bool ds_remote_workers_of(ds_client *c, ds_arena *a, ds_remote_workers *out,
                                      ds_err *err);
/* Those of them that ask for passes. */
DS_MUST_USE bool ds_remote_runners_of(ds_client *c, ds_arena *a, ds_remote_workers *out,
                                      ds_err *err);
DS_MUST_USE bool ds_remote_ask(ds_client *c, ds_arena *a, ds_remote_facts *out, ds_err *err);
/* ds_remote_facts of the same names. */
const char *ds_remote_version(const Ds__GetSystemInfoResponse *info);
bool ds_remote_keeps_memos(const Ds__GetSystemInfoResponse *info);

#endif
