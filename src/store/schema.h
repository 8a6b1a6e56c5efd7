/* src/store/schema.h
 *
 * The format of the file: which program and version wrote it, and how an older one becomes the
 * present one.  A released step never changes; a new format is a new step.
 */
#ifndef DS_STORE_SCHEMA_H
#define DS_STORE_SCHEMA_H

#include "store/db.h"

#define DS_STORE_APPLICATION 0x4453796E /* "DSyn", at byte 68 of the file */
#define DS_STORE_VERSION 5

/* Step i takes a file from version i to version i + 1: statements, NULL behind the last. */
extern const char *const *const ds_schema_steps[DS_STORE_VERSION];

/* *version 0: an empty file. CONFIG: another program's database, or one of a newer version. */
DS_MUST_USE bool ds_schema_version(ds_db *db, int64_t known, int64_t *version, ds_err *err);
/* Takes the file through steps[version..n) in one transaction: all of them or none. */
DS_MUST_USE bool ds_schema_upgrade(ds_db *db, int64_t version, const char *const *const *steps,
                                   size_t n, ds_err *err);

#endif
