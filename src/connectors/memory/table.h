/* src/connectors/memory/table.h - the inside of the tables. */
#ifndef DS_CONNECTORS_MEMORY_TABLE_H
#define DS_CONNECTORS_MEMORY_TABLE_H

#include "connectors/memory/memory.h"

typedef struct ds_memory_line { /* a row */
    int64_t seq;                /* in the order of adding */
    char *unit, *key, *id;
    ds_arena *arena; /* of what follows: made anew with each change */
    ds_prop *props;
    size_t props_n;
    const char *body;
    const char *place, *hold; /* no record */
    int64_t created_ms, changed_ms;
    bool archived;
} ds_memory_line;

typedef struct ds_memory_table {
    struct ds_memory_table *next;
    char *name;
    int64_t born; /* tells a table from the one that had its name before */
    int64_t flushes;
    int64_t next_seq;
    ds_memory_line **lines;
    size_t lines_n, lines_cap;
    char **units;
    size_t units_n, units_cap;
    ds_memory_faults faults;
    int64_t at_page, at_write, at_find, at_flush; /* since the faults were set */
    ds_memory_counts counts;
    void (*seen)(void *to, const char *what);
    void *seen_to;
} ds_memory_table;

/* The table of that name, made when it is not there, and the lock on all of them. */
ds_memory_table *ds_memory_lock(const char *store);
void ds_memory_unlock(ds_memory_table *t);
/* Tells the watcher; call without the lock. */
void ds_memory_tell(const char *store, const char *what);

ds_memory_line *ds_memory_add(ds_memory_table *t, const char *unit, const char *key);
ds_memory_line *ds_memory_find(ds_memory_table *t, const char *key, const char *id); /* either */
void ds_memory_delete(ds_memory_table *t, ds_memory_line *line);
void ds_memory_unit(ds_memory_table *t, const char *unit); /* notes it */

/* Puts `props` over those the row has; a body of NULL leaves the old one. */
void ds_memory_merge(ds_memory_line *line, const ds_prop *props, size_t n, const char *body);
const ds_value *ds_memory_value(const ds_memory_line *line, const char *name); /* NULL: absent */
ds_value ds_memory_copy(ds_arena *a, ds_value v);

#endif
