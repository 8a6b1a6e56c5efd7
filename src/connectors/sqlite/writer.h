/* src/connectors/sqlite/writer.h
 *
 * The inside of the destination, shared by its files.
 *
 * One transaction is open from the first write until flush.  Beside the rows it keeps one line per
 * owner in a table of its own, so that a database that was made anew, or put back from an old copy,
 * is noticed:
 *
 *   durable_sync_state(owner, target, generation, schema, probe)
 *   generation   goes up with every commit that changed rows
 *   schema       PRAGMA schema_version as of then; another program's change of tables (it may have
 *                dropped ours and made it again) shows by it.  Our own changes take it along.
 *   probe        a key that was there then: while it still is, such a change was none of ours (a
 *                column added by hand, an index, a VACUUM)
 */
#ifndef DS_CONNECTORS_SQLITE_WRITER_H
#define DS_CONNECTORS_SQLITE_WRITER_H

#include "connectors/sqlite/schema.h"
#include <durable_sync/destination.h>

#define DS_SQLITE_STATE "durable_sync_state"

/* Records with the same properties share their statements. */
typedef struct ds_sqlite_plan {
    ds_sql_plan base;              /* parameters from 2 (?1 is the key), of all statements */
    ds_sqlite_column *columns;     /* [n] */
    sqlite3_stmt *insert, *update; /* update NULL: nothing to update */
    sqlite3_stmt *differs;         /* NULL: no trigger can ignore an update */
} ds_sqlite_plan;

typedef struct ds_sqlite_writer {
    ds_destination base;
    const char *path, *table, *key; /* settings */
    bool create_table;

    ds_sqlite db;
    ds_arena *arena; /* of this open; NULL while closed */
    ds_sqlite_table shape;
    ds_sqlite_column key_column;
    const char *name;  /* the table, as SQL */
    const char *match; /* `"key" = ?1`, as SQL */
    const char *owner, *target;
    ds_sql_columns columns;

    int64_t schema;             /* as we know the database */
    int64_t generation;         /* of the last commit */
    bool continues;             /* the core knows `generation`, or will with the next flush */
    bool in_tx;                 /* a transaction is open... */
    bool changed;               /* ...with changes... */
    bool ddl;                   /* ...to tables, too */
    char probe[DS_KEY_MAX + 1]; /* the last key written; "": none */
    bool taken;                 /* the last refusal was for a unique value that another row has */
    const char *undone;         /* by a trigger, with the row that woke it: its words */
    bool lost;                  /* rows reported as written were rolled back: nothing goes on */

    sqlite3_stmt *find, *exists, *remove;
    ds_sql_plans plans;
    bool look_first; /* the last create met a row: likely the next one does, too */
    bool warned_columns, warned_key;
} ds_sqlite_writer;

/* target.c: the table and its columns. */
bool ds_sqlite_target_open(ds_destination *self, ds_activity *act, const ds_open_in *in,
                           ds_open_out *out, ds_err *err);
void ds_sqlite_target_close(ds_destination *self);
const char *ds_sqlite_target_misfit(ds_destination *self, ds_activity *act, const char *column,
                                    ds_type type, const ds_value *value);
bool ds_sqlite_target_check(ds_destination *self, ds_activity *act, const ds_column *columns,
                            size_t n,
                            void (*say)(void *to, bool is_error, const char *text,
                                        const char *remedy),
                            void *to, ds_err *err);
/* The settings as SQL, and what is told at opening; into w->arena. */
void ds_sqlite_remember(ds_sqlite_writer *w, const ds_open_in *in);
const char *ds_sqlite_quoted(ds_arena *a, const char *name);
const char *ds_sqlite_type_for(const ds_column *c); /* of a column we make; "" for any */
/* Inside the transaction. */
DS_MUST_USE bool ds_sqlite_create_table(ds_sqlite_writer *w, ds_err *err);
DS_MUST_USE bool ds_sqlite_add_column(ds_sqlite_writer *w, const char *name, const char *type,
                                      ds_err *err);
DS_MUST_USE bool ds_sqlite_reload(ds_sqlite_writer *w, ds_err *err);

/* ensure.c: the table without its rows. */
bool ds_sqlite_list_columns(ds_destination *self, ds_activity *act, const ds_column *columns,
                            size_t n, const ds_column_there **out, size_t *out_n, ds_err *err);
bool ds_sqlite_ensure_schema(ds_destination *self, ds_activity *act, const ds_column *columns,
                             size_t n, void (*did)(void *to, const char *what), void *to,
                             ds_err *err);

/* state.c: transactions, and what they leave behind. */
DS_MUST_USE bool ds_sqlite_lock(ds_sqlite_writer *w, ds_err *err); /* whatever is there now */
/* Only where the tables are as we know them; nothing to do where a transaction is open. */
DS_MUST_USE bool ds_sqlite_begin(ds_sqlite_writer *w, ds_err *err);
DS_MUST_USE bool ds_sqlite_commit(ds_sqlite_writer *w, ds_err *err);
void ds_sqlite_rollback(ds_sqlite_writer *w);
/* Whether everything up to `known` is still there. */
DS_MUST_USE bool ds_sqlite_state_read(ds_sqlite_writer *w, const char *known, ds_err *err);
/* From here on this table is ours to follow; inside the transaction. */
DS_MUST_USE bool ds_sqlite_state_begin(ds_sqlite_writer *w, bool table_is_new, ds_err *err);
bool ds_sqlite_flush(ds_destination *self, ds_activity *act, const char **generation, ds_err *err);

/* plan.c: statements for a set of properties. NULL: the batch fails. */
DS_MUST_USE ds_sqlite_plan *ds_sqlite_plan_for(ds_sqlite_writer *w, const ds_write *row,
                                               ds_err *err);
void ds_sqlite_plans_free(ds_sqlite_writer *w);

/* write.c: rows. */
bool ds_sqlite_write(ds_destination *self, ds_activity *act, ds_write *writes, size_t n,
                     ds_err *err);
bool ds_sqlite_remove(ds_destination *self, ds_activity *act, const char *const *keys,
                      const char *const *ids, size_t n, ds_err *err);

#endif
