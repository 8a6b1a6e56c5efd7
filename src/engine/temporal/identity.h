/* src/engine/temporal/identity.h
 *
 * By what name a process asks for work: PID@HOST@HERE-ITSELF, as "4711@db1@3f2a91c4-77e0b1d2".  The
 * first two are for people, and two containers may well have both in common.  HERE is of all that
 * see each other's process ids, ITSELF of this one process, so that no two have one name.
 */
#ifndef DS_ENGINE_TEMPORAL_IDENTITY_H
#define DS_ENGINE_TEMPORAL_IDENTITY_H

#include <durable_sync/base.h>

#define DS_IDENTITY_BYTES 128

void ds_identity_make(char out[DS_IDENTITY_BYTES]);
/* Its process, where that can be seen from the one that has `ours`; 0: it is elsewhere, or no name
 * of this form. */
int64_t ds_identity_pid(const char *ours, const char *identity);
/* It can be seen from here that this process is no more. */
bool ds_identity_has_left(const char *ours, const char *identity);

#endif
