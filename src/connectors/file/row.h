/* src/connectors/file/row.h - what the text of a row is to be: new ones, and old ones changed. */
#ifndef DS_CONNECTORS_FILE_ROW_H
#define DS_CONNECTORS_FILE_ROW_H

#include "connectors/file/journal.h"
#include "connectors/file/names.h"
#include "connectors/file/table.h"

/* All return false with *err set when an entry cannot be read; `a` is for what they need on the
 * way. CSV rows follow `columns`, the header as it will be. */
DS_MUST_USE bool ds_file_new_json(const char *key_name, ds_file_entry *entry, ds_buf *out);
DS_MUST_USE bool ds_file_new_csv(const ds_file_table *t, const ds_names *columns, ds_arena *a,
                                 ds_file_entry *entry, ds_buf *out, ds_err *err);
/* The old text with the entry's values in it; every other byte stays as it was. */
DS_MUST_USE bool ds_file_changed_json(ds_arena *a, const ds_file_old *old, ds_file_entry *entry,
                                      ds_buf *out, ds_err *err);
DS_MUST_USE bool ds_file_changed_csv(const ds_file_table *t, const ds_names *columns, ds_arena *a,
                                     const ds_file_old *old, ds_file_entry *entry, ds_buf *out,
                                     ds_err *err);
/* The entry's value for a row that exists: NULL where it has none for it. */
const ds_json *ds_file_entry_get(const ds_file_entry *entry, const char *name);

#endif
