/* src/connectors/memory/memory.h
 *
 * Tables that live in this process and die with it, to read from and to write to: for tests of
 * everything above the connectors.  Tables have names; whoever says the name has the table.  Safe
 * from any thread.
 */
#ifndef DS_CONNECTORS_MEMORY_MEMORY_H
#define DS_CONNECTORS_MEMORY_MEMORY_H

#include <durable_sync/destination.h>
#include <durable_sync/source.h>

extern const ds_source_ops ds_memory_source;         /* kind memory: targets items */
extern const ds_source_ops ds_memory_source_changes; /* kind memory-changes: lists changes, too */

extern const ds_destination_ops ds_memory_destination;   /* kind memory: promise A, upserts */
extern const ds_destination_ops ds_memory_destination_b; /* kind memory-b: finds, ids of its own */
extern const ds_destination_ops ds_memory_destination_c; /* kind memory-c: the same, promise C */

/* Settings of all of them, first in every instance. */
typedef struct ds_memory_settings {
    const char *store; /* name of the table */
    const char *key;   /* told back in signatures; means nothing else here */
} ds_memory_settings;

/* ---- for tests: what a table holds ----------------------------------------------------------- */

void ds_memory_drop(const char *store); /* the next one to say the name gets an empty table */
void ds_memory_drop_all(void);

/* Adds or replaces the row; `json` is the object of its properties. The order is that of adding. */
void ds_memory_put(const char *store, const char *unit, const char *key, const char *json);
/* The same, told by a changes pass from `changed_ms` on. */
void ds_memory_put_at(const char *store, const char *unit, const char *key, const char *json,
                      int64_t changed_ms);
/* Something the source cannot read as a record: held under `place`. */
void ds_memory_put_held(const char *store, const char *unit, const char *place, const char *reason);
void ds_memory_take(const char *store, const char *unit, const char *key); /* no such row: fine */
void ds_memory_add_unit(const char *store, const char *unit);              /* may stay empty */
void ds_memory_drop_unit(const char *store, const char *unit);             /* with its rows */

/* Rows of the key; archived ones are not counted. NULL: all. */
size_t ds_memory_count(const char *store, const char *key);
size_t ds_memory_archived(const char *store);
/* The property of the first row of the key as text, made in `a`; NULL: no row, absent or null. */
const char *ds_memory_text(const char *store, const char *key, const char *property, ds_arena *a);
/* Its body; NULL: no row, or it has none. */
const char *ds_memory_body(const char *store, const char *key, ds_arena *a);
/* The whole row as JSON (members in their order); NULL: no row. */
const char *ds_memory_row(const char *store, const char *key, ds_arena *a);

/* ---- for tests: what goes wrong -------------------------------------------------------------- */

typedef struct ds_memory_faults { /* all counted from when they are set; 0 and NULL: none */
    int64_t fail_page;            /* the n-th page fails */
    int64_t stuck_page;           /* from the n-th on, a page gives back the cursor it was given */
    int64_t fail_write;           /* the batch fails at the n-th record */
    int64_t fail_find;            /* the n-th look-up fails */
    int64_t fail_flush;
    ds_err_kind kind; /* of the failures above */
    int64_t retry_after_ms;
    int64_t unknown_write; /* the n-th record is sent and no answer comes... */
    bool unknown_lost;     /* ...and it never arrived */
    const char *hold_key;  /* this key is refused for good... */
    const char *hold_reason;
    int64_t lag_ms;   /* memory-b: a new row shows in look-ups after this long */
    size_t page_rows; /* at most this many rows a page, whatever is asked for */
} ds_memory_faults;

void ds_memory_fail(const char *store, const ds_memory_faults *faults);

typedef struct ds_memory_counts {
    int64_t pages, opens, writes, creates, updates, finds, removes, flushes, finishes;
} ds_memory_counts;

ds_memory_counts ds_memory_counted(const char *store); /* and starts counting anew */

/* Called before each page and each batch ("page", "write", "find", "flush", "remove"), without any
 * lock held: a test can stop the pass there, or change the table under it. NULL: nobody is called.
 */
void ds_memory_watch(const char *store, void (*seen)(void *to, const char *what), void *to);

#endif
