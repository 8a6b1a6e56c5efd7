/* src/loader/trust.h
 *
 * Opens a path only where nobody else could have put something else in its place.  Code that is
 * loaded runs with all our rights, so whoever can change it can do what we can.
 *
 * Each folder on the way and the end itself must belong to root or to the effective user, and no
 * one else may write there.  A folder with the sticky bit (/tmp) may be on the way, since others
 * cannot move away what is not theirs, but not be the end.  Symbolic links are followed by hand, so
 * that the folders they lead through are looked at too.
 */
#ifndef DS_LOADER_TRUST_H
#define DS_LOADER_TRUST_H

#include <durable_sync/base.h>
#include <sys/types.h>

typedef struct ds_trust { /* who may own and write beside root and us */
    uid_t uid;
    bool group; /* members of gid may write */
    gid_t gid;
} ds_trust;

typedef enum ds_trust_end { DS_TRUST_FOLDER, DS_TRUST_FILE } ds_trust_end;

/* A descriptor to read from. `path` is relative to `from` (which is taken as it is), or absolute
 * with `from` -1. `also` NULL: nobody. -1: refused, `err` says why; or not there, which leaves
 * err->kind alone. */
DS_MUST_USE int ds_trust_open(int from, const char *path, ds_trust_end end, const ds_trust *also,
                              ds_err *err);

#endif
