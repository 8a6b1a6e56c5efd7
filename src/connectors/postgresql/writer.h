/* src/connectors/postgresql/writer.h
 *
 * The inside of the destination, shared by its files.
 *
 * One transaction is open from the first write until flush.  Beside the rows it keeps one line per
 * owner in a table of its own, in the schema of the table it writes, so that a database that was
 * made anew, or put back from an old copy, is noticed:
 *
 *   durable_sync_state(owner, target, generation, relation, filenode, probe)
 *   generation   goes up with every commit that changed rows
 *   relation     the table's oid as of then: one that was dropped and made again has another
 *   filenode     where its rows lie: TRUNCATE changes it, but so does VACUUM FULL
 *   probe        a key that was there then: while it still is, it was none of ours (no TRUNCATE)
 */
#ifndef DS_CONNECTORS_POSTGRESQL_WRITER_H
#define DS_CONNECTORS_POSTGRESQL_WRITER_H

#include "connectors/postgresql/schema.h"
#include <durable_sync/destination.h>

typedef struct ds_pg_cell { /* one value as the type's input takes it; text NULL: null */
    const char *text;
    size_t n;
} ds_pg_cell;

/* Records with the same properties share their statements. */
typedef struct ds_pg_plan {
    ds_sql_plan base;             /* parameters from 2 ($1 is the key), of all statements */
    const ds_pg_column **columns; /* [n] */
    size_t params_n;              /* the key's included */
    char *insert;                 /* makes new rows; gives their keys */
    char *copy;                   /* makes new rows, if they are that */
    char *meet; /* gives the number of each row that is there, whether it was changed, and
                 * whether the table did something else with it */
} ds_pg_plan;

typedef struct ds_pg_writer {
    ds_destination base;
    ds_pg_settings settings; /* settings... */
    const char *table, *key;
    bool create_table;

    ds_pg db;
    ds_arena *arena;           /* of this open; NULL while closed */
    const char *schema, *name; /* of `table`; schema NULL: the search path's */
    ds_pg_table shape;
    const ds_pg_column *key_column;
    const char *key_value; /* `v.k` as the key column's type, as SQL */
    const char *state;     /* the table of lines, as SQL */
    const char *owner, *target;
    ds_sql_columns columns;

    int64_t generation;         /* of the last commit */
    bool continues;             /* the core knows `generation`, or will with the next flush */
    bool in_tx;                 /* a transaction is open... */
    bool changed;               /* ...with changes */
    char probe[DS_KEY_MAX + 1]; /* the last key written; "": none */
    bool lost;                  /* rows reported as written were rolled back: nothing goes on */

    ds_sql_plans plans;
    ds_buf *arrays; /* parameters of the last batch: their memory serves the next one */
    size_t arrays_n;
    ds_buf copy_data;
    int copy_wait, copy_every; /* batches until COPY is tried again; more with each failure */
    bool look_first;           /* the last create met a row: likely the next one does, too */
    bool warned_columns, warned_key;
} ds_pg_writer;

/* bind.c: values as text. NULL; else why it does not fit, in `a`. */
DS_MUST_USE const char *ds_pg_fit(const ds_pg_column *c, ds_value v, ds_arena *a, ds_pg_cell *out);
/* The same for a primary key: the column must give back the very same text. */
DS_MUST_USE const char *ds_pg_fit_key(const ds_pg_column *c, const char *key, ds_arena *a);

/* target.c: the table and its columns. */
DS_MUST_USE bool ds_pg_connect(ds_pg_writer *w, ds_activity *act, bool reading_only, ds_err *err);
bool ds_pg_target_open(ds_destination *self, ds_activity *act, const ds_open_in *in,
                       ds_open_out *out, ds_err *err);
void ds_pg_target_close(ds_destination *self);
/* What is told at opening, into w->arena. */
void ds_pg_remember(ds_pg_writer *w, const ds_open_in *in);
DS_MUST_USE bool ds_pg_names_fit(const ds_pg_writer *w, ds_err *err);
/* Reads what the table looks like, and the line of the owner. */
DS_MUST_USE bool ds_pg_look(ds_pg_writer *w, const char *known, ds_err *err);
/* The type of a column that we make. */
typedef struct ds_pg_made_type {
    const char *name, *sql; /* for people; for the server */
} ds_pg_made_type;
ds_pg_made_type ds_pg_type_for(const ds_column *c);
#define DS_PG_KEY_TYPE "pg_catalog.text COLLATE pg_catalog.\"C\""
DS_MUST_USE bool ds_pg_reload(ds_pg_writer *w, ds_err *err); /* what the table looks like now */
/* Inside the transaction. */
DS_MUST_USE bool ds_pg_create_table(ds_pg_writer *w, ds_err *err);
DS_MUST_USE bool ds_pg_add_column(ds_pg_writer *w, const char *name, const char *type, ds_err *err);

/* ensure.c: the table without its rows. */
bool ds_pg_list_columns(ds_destination *self, ds_activity *act, const ds_column *columns, size_t n,
                        const ds_column_there **out, size_t *out_n, ds_err *err);
bool ds_pg_ensure_schema(ds_destination *self, ds_activity *act, const ds_column *columns, size_t n,
                         void (*did)(void *to, const char *what), void *to, ds_err *err);

/* check.c: what `check` says, and what an open refuses. */
DS_MUST_USE bool ds_pg_check_table(ds_pg_writer *w, ds_err *err);
DS_MUST_USE bool ds_pg_check_columns(ds_pg_writer *w, ds_err *err);
const char *ds_pg_target_misfit(ds_destination *self, ds_activity *act, const char *column,
                                ds_type type, const ds_value *value);
bool ds_pg_target_check(ds_destination *self, ds_activity *act, const ds_column *columns, size_t n,
                        void (*say)(void *to, bool is_error, const char *text, const char *remedy),
                        void *to, ds_err *err);
bool ds_pg_is_writable(const ds_pg_column *c);
const char *ds_pg_state_remedy(const ds_pg_writer *w, ds_arena *a);

/* state.c: transactions, and what they leave behind. */
DS_MUST_USE bool ds_pg_lock(ds_pg_writer *w, ds_err *err); /* alone among our kind */
/* Only where the table is the one we know; nothing to do where a transaction is open. */
DS_MUST_USE bool ds_pg_begin(ds_pg_writer *w, ds_err *err);
DS_MUST_USE bool ds_pg_commit(ds_pg_writer *w, ds_err *err);
void ds_pg_rollback(ds_pg_writer *w);
/* Whether everything up to `known` is still there. */
DS_MUST_USE bool ds_pg_state_read(ds_pg_writer *w, const char *known, ds_err *err);
/* From here on this table is ours to follow; inside the transaction. */
DS_MUST_USE bool ds_pg_state_begin(ds_pg_writer *w, bool table_is_new, ds_err *err);
bool ds_pg_flush(ds_destination *self, ds_activity *act, const char **generation, ds_err *err);

/* plan.c: statements for a set of properties. NULL: the batch fails. */
DS_MUST_USE ds_pg_plan *ds_pg_plan_for(ds_pg_writer *w, const ds_write *row, ds_err *err);
void ds_pg_plans_free(ds_pg_writer *w);

/* sql.c: their text. */
void ds_pg_plan_sql(const ds_pg_writer *w, ds_pg_plan *p);
/* `v.k` (or another name) as a type that the column can be compared with. */
const char *ds_pg_as_type(const ds_pg_column *c, const char *value, ds_arena *a);

/* batch.c: many rows in one statement; what it is refused for is found in halves. */
typedef struct ds_pg_row {
    ds_write *write;
    ds_pg_cell *cells;   /* [plan->params_n], the key's first */
    bool done;           /* the last statement had an answer for it */
    bool taken;          /* it was refused last since another row has a value of it */
    const char *refused; /* why it could not be made; NULL: it was not tried, or could be */
} ds_pg_row;
DS_MUST_USE bool ds_pg_insert_rows(ds_pg_writer *w, const ds_pg_plan *p, ds_pg_row **rows, size_t n,
                                   ds_err *err);
DS_MUST_USE bool ds_pg_meet_rows(ds_pg_writer *w, const ds_pg_plan *p, ds_pg_row **rows, size_t n,
                                 ds_err *err);
void ds_pg_hold(ds_pg_row *row, const char *reason);
void ds_pg_arrays_free(ds_pg_writer *w);
#define DS_PG_IGNORED "the table ignores this row: a trigger or row security of its own refuses it"
/* n texts as one parameter of type text[], in binary form. false: larger than a message may be. */
DS_MUST_USE bool ds_pg_text_array(ds_buf *out, const ds_pg_cell *cells, size_t n, size_t stride);
/* A refusal of what is in a row, and no trouble of the server's or of the table as a whole. */
DS_MUST_USE bool ds_pg_is_rows_fault(ds_pg_writer *w, bool *is, ds_err *err);

/* put.c: rows of one kind, to their outcome. */
/* First as new rows, then as ones that are there; and the other way round. */
DS_MUST_USE bool ds_pg_put_new(ds_pg_writer *w, const ds_pg_plan *p, ds_pg_row **rows, size_t n,
                               ds_err *err);
DS_MUST_USE bool ds_pg_put_known(ds_pg_writer *w, const ds_pg_plan *p, ds_pg_row **rows, size_t n,
                                 ds_err *err);
/* Held, and another row has what it wants: once all are written, it is for put_again. */
bool ds_pg_is_taken(const ds_pg_row *row);
DS_MUST_USE bool ds_pg_put_again(ds_pg_writer *w, const ds_pg_plan *p, ds_pg_row **rows, size_t n,
                                 ds_err *err);

/* copy.c: new rows, one after the other; after the end, those that are not `done` have yet to be
 * written another way. */
bool ds_pg_copy_is_worth_it(ds_pg_writer *w, size_t n);
DS_MUST_USE bool ds_pg_copy_begin(ds_pg_writer *w, const ds_pg_plan *p, ds_err *err);
void ds_pg_copy_add(ds_pg_writer *w, const ds_pg_plan *p, const ds_pg_row *row);
DS_MUST_USE bool ds_pg_copy_end(ds_pg_writer *w, ds_pg_row **rows, size_t n, ds_err *err);

/* write.c: rows. */
bool ds_pg_write(ds_destination *self, ds_activity *act, ds_write *writes, size_t n, ds_err *err);
bool ds_pg_remove(ds_destination *self, ds_activity *act, const char *const *keys,
                  const char *const *ids, size_t n, ds_err *err);

#endif
