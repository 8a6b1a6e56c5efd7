/* src/connectors/file/state.h - the file destination's instance; see destination.c. */
#ifndef DS_CONNECTORS_FILE_STATE_H
#define DS_CONNECTORS_FILE_STATE_H

#include "connectors/file/journal.h"
#include "connectors/file/names.h"
#include "connectors/file/table.h"
#include <durable_sync/destination.h>

typedef struct ds_file_dest {
    ds_destination base;
    const char *path, *format, *key, *delimiter; /* settings */

    ds_arena *own;     /* NULL: not open */
    ds_arena *scratch; /* of one write */
    bool reading_only;
    const char *target; /* `path`, with a symbolic link followed */
    const char *temp;
    int folder_fd;       /* -1: reading only */
    const char *known;   /* generation the core knew when it opened us; NULL */
    ds_file_id standing; /* the file we found, or left behind in our last merge */
    ds_names columns;    /* CSV: the route's, for a new file */
    ds_file_table table;
    ds_file_journal journal; /* to be merged */
    ds_file_journal past;    /* merged, kept until the core has committed what came of it */
    int64_t left_over;       /* bytes of either that were there when we opened */
    ds_buf body;
} ds_file_dest;

DS_MUST_USE bool ds_file_dest_open(ds_file_dest *d, ds_activity *act, const ds_open_in *in,
                                   ds_open_out *out, ds_err *err);
void ds_file_dest_close(ds_file_dest *d);
/* Merges what the journal holds; *generation as for ds_destination_ops.finish. */
DS_MUST_USE bool ds_file_dest_finish(ds_file_dest *d, ds_activity *act, const char **generation,
                                     ds_err *err);
DS_MUST_USE bool ds_file_dest_flush(ds_file_dest *d, ds_activity *act, const char **generation,
                                    ds_err *err);

#endif
