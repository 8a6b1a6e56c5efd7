/* src/connectors/file/units.h - a path may be a pattern: one unit for each file that fits. */
#ifndef DS_CONNECTORS_FILE_UNITS_H
#define DS_CONNECTORS_FILE_UNITS_H

#include <durable_sync/source.h>

bool ds_file_is_pattern(const char *path);
/* Bytes of the folder before the first part with a wildcard, with its slash. */
size_t ds_file_fixed(const char *pattern);
/* Adds the files that fit, as paths relative to the fixed folder, in byte order. */
DS_MUST_USE bool ds_file_list(const char *pattern, ds_activity *act, ds_units *units, ds_err *err);
/* The file of a unit; NULL with DS_ERR_CONFIG where the pattern no longer covers it. */
const char *ds_file_of_unit(ds_arena *a, const char *pattern, const char *unit, ds_err *err);

#endif
