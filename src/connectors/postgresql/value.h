/* src/connectors/postgresql/value.h
 *
 * Between the types of PostgreSQL, as text, and neutral values.
 *
 *   read   boolean -> boolean; smallint, integer, bigint -> integer
 *          numeric, real, double precision -> number by its own digits (1.10 stays 1.10); NaN and
 *          the infinities -> text
 *          date -> date; timestamp and timestamptz -> datetime in UTC; infinity, years before 1 or
 *          beyond 9999 -> text
 *          json, jsonb -> the value; arrays of text (enum, uuid, ...) -> list, other arrays nested;
 *          those that no list is the same as -> text
 *          bytea -> text, hexadecimal behind \x
 *          all else -> text as the server writes it
 *   write  the other way; what a column would change beyond recognition does not fit
 */
#ifndef DS_CONNECTORS_POSTGRESQL_VALUE_H
#define DS_CONNECTORS_POSTGRESQL_VALUE_H

#include "connectors/postgresql/conn.h"
#include <durable_sync/value.h>

#define DS_PG_BPCHAR 1042 /* the type char(n) */
#define DS_PG_NAME 19     /* the type name, which cuts what is longer than a name */

typedef enum ds_pg_kind {
    DS_PG_OTHER, /* text as the server writes it */
    DS_PG_BOOL,
    DS_PG_INT,
    DS_PG_FLOAT,
    DS_PG_NUMERIC,
    DS_PG_TEXT, /* text, varchar, char(n), name */
    DS_PG_DATE,
    DS_PG_TIMESTAMP,
    DS_PG_TIMESTAMPTZ,
    DS_PG_UUID,
    DS_PG_ENUM,
    DS_PG_JSON,
    DS_PG_JSONB,
    DS_PG_BYTEA,
    DS_PG_ARRAY,
} ds_pg_kind;

typedef struct ds_pg_type { /* what is behind a domain, and in an array */
    Oid oid;                /* of the type itself; a domain's base */
    const char *name;       /* of `oid` as SQL, without a length: "character varying" */
    ds_pg_kind kind;
    ds_pg_kind element; /* ARRAY: of its entries */
    char delimiter;     /* ARRAY: between them, ',' but for box[] */
    int size;           /* bytes, as pg_type.typlen: 2, 4, 8 of integers and floats; -1: any */
    const char *home;   /* the schema that its operators are in, quoted */
    bool composite;     /* a row of several columns */
} ds_pg_type;

/* What the types with these oids (of PQftype, or pg_attribute.atttypid) are. One query. */
DS_MUST_USE bool ds_pg_types_read(ds_pg *db, const Oid *oids, size_t n, ds_arena *a,
                                  ds_pg_type *out, ds_err *err);

/* One field of an answer in text format, copied into `a`; and one that is not null as the text that
 * the server wrote. */
ds_value ds_pg_value(ds_arena *a, const PGresult *res, int row, int column, const ds_pg_type *type);
const char *ds_pg_written(ds_arena *a, const PGresult *res, int row, int column);

#endif
