/* src/connectors/file/merge.h
 *
 * The old file and the journal become the new file: written under another name, synced, renamed
 * into place.  At every moment the path holds either the old file or the new one, whole.
 */
#ifndef DS_CONNECTORS_FILE_MERGE_H
#define DS_CONNECTORS_FILE_MERGE_H

#include "connectors/file/journal.h"
#include "connectors/file/names.h"
#include "connectors/file/table.h"

typedef struct ds_file_merge_in {
    ds_activity *act;
    ds_file_table *table; /* the old file, in the state the merge is to be of */
    ds_file_journal *journal;
    const char *temp; /* the other name */
    int folder_fd;
    const ds_names *columns; /* CSV: names for the header of a file that is yet to be made */
} ds_file_merge_in;

/* *changed: somebody wrote to the file in the meantime; nothing was done, try again. Else *id is
 * the file that stands there now. */
DS_MUST_USE bool ds_file_merge(const ds_file_merge_in *in, ds_file_id *id, bool *changed,
                               ds_err *err);

#endif
