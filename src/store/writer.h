/* src/store/writer.h - the one thread that writes, and its groups. */
#ifndef DS_STORE_WRITER_H
#define DS_STORE_WRITER_H

#include "store/db.h"
#include "store/store.h"

typedef struct ds_writer ds_writer;

/* Starts the thread, which owns `db` until ds_writer_stop returns. NULL: there is none left. */
DS_MUST_USE ds_writer *ds_writer_start(ds_db *db, ds_err *err);
/* None: each job is done on the thread that submits it, alone in its transaction. */
ds_writer *ds_writer_here(ds_db *db);
void ds_writer_stop(ds_writer *w); /* does all that was submitted first */
void ds_writer_submit(ds_writer *w, int lane, ds_job *job);
bool ds_writer_is_me(const ds_writer *w);

/* For tests, before the first job: what happens instead of leaving the process when a commit fails.
 * When it returns, every job from then on fails with the same error. */
void ds_writer_on_fatal(ds_writer *w, void (*fatal)(void *to, const ds_err *err), void *to);

#endif
