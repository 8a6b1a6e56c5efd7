/* include/durable_sync/record.h
 *
 * Records `{primary_key, properties, body}` and the pages they travel in.
 */
#ifndef DURABLE_SYNC_RECORD_H
#define DURABLE_SYNC_RECORD_H

#include <durable_sync/base.h>
#include <durable_sync/value.h>

#define DS_KEY_MAX ((size_t)1024) /* bytes of a primary key */
#define DS_PROPERTIES_MAX ((size_t)10000)
#define DS_RECORD_MAX (32 * DS_MIB) /* bytes of one record as its source writes it */

typedef struct ds_prop {
    const char *name;
    ds_value value;
} ds_prop;

typedef struct ds_record {
    const char *primary_key; /* NULL or "": none, the record is held */
    const char *hold;        /* not NULL: this is no record; hold it with this reason */
    const char *place;       /* "line:7", "item:7", "row:7": names a record that has no key */
    const char *body;        /* NULL: absent */
    ds_prop *props;
    uint32_t props_n;
    uint32_t props_cap;
    ds_arena *arena; /* the page's */
} ds_record;

/* What a source answers with. The core makes it, the source fills it. */
typedef struct ds_page {
    ds_arena *arena; /* everything on the page lives here */
    ds_record *records;
    size_t records_n;
    size_t records_cap;
    const char *next_cursor; /* NULL after the last page */
    bool restart;       /* the cursor no longer fits what it pointed into: this page starts over */
    int64_t total_hint; /* records the unit holds, for progress; -1 unknown */
    int64_t calls;      /* requests it took */
    const char **answers; /* items that were asked for, see ds_page_answers */
    size_t answers_n, answers_cap;
} ds_page;

DS_API void ds_page_init(ds_page *page, ds_arena *a);
DS_API ds_record *ds_page_add(ds_page *page); /* valid until the next ds_page_add */
/* Of a source that says names_items: a record on this page is what `item` of the ds_fetch names.
 * Needed where its key is spelt otherwise; of what nothing came for, whoever asked is told. The
 * item is borrowed. */
DS_API void ds_page_answers(ds_page *page, const char *item);

/* Sets one property; the name is borrowed like the texts of values. A second set replaces the
 * first. Beyond DS_PROPERTIES_MAX the record becomes a held one. */
DS_API void ds_record_set(ds_record *rec, const char *name, ds_value value);
/* The same for sources that set distinct names by construction (columns): no look-up. */
DS_API void ds_record_append(ds_record *rec, const char *name, ds_value value);
/* All members of a JSON object, in their order. */
DS_API void ds_record_set_json(ds_record *rec, const ds_json *object);
/* NULL where the record has no such property. */
DS_API const ds_value *ds_record_get(const ds_record *rec, const char *name);
/* By name, or by a path into nested values ("owner.login"). Null where the path leads through a
 * null or behind the end of a list; absent where nothing is there. */
DS_API ds_value ds_record_path(const ds_record *rec, const char *path, ds_arena *a);
/* "this is no record": holds it under `place` (made in the page's arena) with a reason. */
DS_API DS_PRINTF(3, 4) void ds_record_hold(ds_record *rec, const char *place, const char *fmt, ...);

/* NULL when `key` can serve as a primary key, else why not: "the key is missing", "the key is 2000
 * bytes long, the limit is 1024", "the key has a control character". */
DS_API const char *ds_key_problem(ds_arena *a, const char *key);

DS_API void ds_json_w_value(ds_json_writer *w, ds_value value); /* absent writes null */

#endif
