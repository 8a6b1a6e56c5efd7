/* src/connectors/sql/sql.h
 *
 * What connectors of SQL databases have in common.  Each of them has a copy of its own linked in;
 * like a connector it knows the public headers alone.
 */
#ifndef DS_CONNECTORS_SQL_SQL_H
#define DS_CONNECTORS_SQL_SQL_H

#include <durable_sync/destination.h>

/* ---- names ----------------------------------------------------------------------------------- */

/* An identifier, quoted so that it can be nothing else. The only way a name gets into SQL. */
void ds_sql_name(ds_buf *sql, const char *name);
const char *ds_sql_quoted(ds_arena *a, const char *name);

/* `; did you mean "x"?`; "" where x is NULL. And of the candidate that is near. */
const char *ds_sql_guess_text(const char *near, ds_arena *a);
const char *ds_sql_guess(const char *name, const char *const *candidates, size_t n, ds_arena *a);

/* The query with `mark` and a number, from 1, in the place of each ${since}; *places: so many. */
#define DS_SQL_SINCE "${since}"
const char *ds_sql_since(const char *query, const char *before, const char *behind, ds_arena *a,
                         size_t *places);
/* Bytes without the blanks and semicolons that end it. */
size_t ds_sql_trimmed(const char *query, size_t n);

/* ---- columns --------------------------------------------------------------------------------- */

typedef struct ds_sql_columns {
    const ds_column *items; /* of a route with fields; NULL: whatever comes */
    size_t n;
    const ds_property *known; /* of what comes */
    size_t known_n;
} ds_sql_columns;

/* Copies what is told at opening, which lives no longer than that call. */
void ds_sql_columns_keep(ds_sql_columns *to, const ds_open_in *in, ds_arena *a);
/* One that no mapping names, with what is known of it. */
ds_column ds_sql_column_that_comes(const ds_sql_columns *of, const char *name);

/* ---- generations ----------------------------------------------------------------------------- */

typedef struct ds_sql_column_mark { /* what a column is known by, in the order of the table */
    const char *name;
    int number;
} ds_sql_column_mark;

/* "12 3:0a1b2c3d": so many commits, and so many columns, which are these. */
const char *ds_sql_generation(int64_t number, const ds_sql_column_mark *columns, size_t n,
                              ds_arena *a);
int64_t ds_sql_generation_number(const char *generation); /* 0: none */
/* The first columns are those of that generation. *known: how many it has. */
bool ds_sql_same_columns(const char *generation, const ds_sql_column_mark *columns, size_t n,
                         size_t *known);

/* ---- plans ----------------------------------------------------------------------------------- */

/* What is the same for all records with the same properties. First member of a connector's own. */
typedef struct ds_sql_plan {
    size_t n;
    char **names;  /* of the properties, in the order of the records */
    uint8_t *how;  /* [n], or NULL: all DS_HOW_ALWAYS */
    int *params;   /* [n]: the number of the parameter; 0: the property is left out */
    size_t key_at; /* the property that has the key's name; n: none */
    char *refusal; /* why no such record can be written; NULL: it can */
    uint64_t used; /* when, counted in look-ups */
} ds_sql_plan;

void ds_sql_plan_init(ds_sql_plan *p, const ds_write *row);
void ds_sql_plan_fini(ds_sql_plan *p);
/* The first reason counts. */
DS_PRINTF(2, 3) void ds_sql_refuse(ds_sql_plan *p, const char *fmt, ...);
/* Whether an update writes property i; and whether it is asked if it differs. */
bool ds_sql_updates(const ds_sql_plan *p, size_t i);
bool ds_sql_compares(const ds_sql_plan *p, size_t i);
/* Says once which properties have no column. */
void ds_sql_warn_left_out(const ds_sql_plan *p, const char *table, bool *warned, ds_activity *act);

#define DS_SQL_PLANS 64

typedef struct ds_sql_plans {
    ds_sql_plan *items[DS_SQL_PLANS];
    size_t n;
    uint64_t lookups;
} ds_sql_plans;

/* NULL: there is none yet. What is found counts as used. */
ds_sql_plan *ds_sql_plans_find(ds_sql_plans *plans, const ds_write *row);
/* Takes it in. Returns the one that made room, which was not used for longest, to be freed by the
 * caller; NULL: there was room. */
ds_sql_plan *ds_sql_plans_add(ds_sql_plans *plans, ds_sql_plan *p);

#endif
