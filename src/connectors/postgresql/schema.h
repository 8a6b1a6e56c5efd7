/* src/connectors/postgresql/schema.h
 *
 * What a table looks like: its columns with their types and what this user may do with them, and
 * whether a column can serve as a key.
 */
#ifndef DS_CONNECTORS_POSTGRESQL_SCHEMA_H
#define DS_CONNECTORS_POSTGRESQL_SCHEMA_H

#include "connectors/postgresql/value.h"

#define DS_PG_NAME_MAX ((size_t)63) /* bytes of a name; the server cuts longer ones */

typedef struct ds_pg_column {
    const char *name;
    const char *declared; /* as SQL, with its length: "character varying(10)" */
    Oid declared_oid;     /* a domain's own */
    size_t most;          /* characters, of a varchar(n); 0: no such limit */
    int number;           /* pg_attribute.attnum: no other column of the table had it before */
    ds_pg_type type;
    bool generated; /* or GENERATED ALWAYS AS IDENTITY: the server alone fills it */
    bool unique;    /* a unique index on it alone, whole and checked at once, byte by byte */
    bool blurred;   /* its collation takes texts for equal that are not the same */
    const char *deferrable; /* a constraint that may check it at the end only; NULL: none */
    bool may_be_emptied;    /* in a unique index, and NULL for a moment is seen by nobody */
    bool may_select, may_insert, may_update;
} ds_pg_column;

typedef struct ds_pg_table {
    Oid oid;            /* 0: there is no such table */
    const char *schema; /* of the table, or where it would be made; NULL: there is none */
    const char *name;
    bool schema_there;
    const char *sql;    /* schema and name, quoted; NULL where the schema is */
    const char *what;   /* "table", "view", ... */
    Oid filenode;       /* another one after TRUNCATE and whatever writes it anew */
    bool writable_kind; /* a table, partitioned or not */
    bool plain;         /* not partitioned */
    bool unlogged;      /* empty after a crash of the server */
    bool has_rules;
    bool may_delete, may_make; /* rows removed; tables made in its schema */
    bool leaves_traces;  /* even an INSERT that inserts nothing: sequences, triggers before it */
    bool has_own_mind;   /* triggers, or row security, that may leave a row out or change it */
    Oid state;           /* the table of that name beside it; 0: none yet */
    bool may_keep_state; /* read and write it, where it is there */
    int64_t rows;        /* about; -1: unknown */
    ds_pg_column *columns;
    size_t columns_n;
} ds_pg_table;

#define DS_PG_STATE "durable_sync_state"

/* `schema` NULL: as the search path finds it. */
DS_MUST_USE bool ds_pg_table_read(ds_pg *db, const char *schema, const char *name, ds_arena *a,
                                  ds_pg_table *out, ds_err *err);
/* Exactly this name; NULL: no such column. */
const ds_pg_column *ds_pg_column_named(const ds_pg_table *t, const char *name);

/* `; did you mean "Stars"?`, or "" where nothing is near. */
const char *ds_pg_guess_column(const ds_pg_table *t, const char *name, ds_arena *a);
DS_MUST_USE bool ds_pg_guess_table(ds_pg *db, const char *name, ds_arena *a, const char **guess,
                                   ds_err *err);

#endif
