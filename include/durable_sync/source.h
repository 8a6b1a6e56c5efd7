/* include/durable_sync/source.h
 *
 * The seam of sources.  One instance serves one pass (or one `check`) on one thread: it is made
 * from the route's settings, opened, asked for pages until there are none, closed and thrown away.
 */
#ifndef DURABLE_SYNC_SOURCE_H
#define DURABLE_SYNC_SOURCE_H

#include <durable_sync/activity.h>
#include <durable_sync/base.h>
#include <durable_sync/option.h>
#include <durable_sync/record.h>

#define DS_CONNECTOR_ABI 1

struct ds_source_ops;

typedef struct ds_source { /* first member of every source's instance */
    const struct ds_source_ops *ops;
    const char *route; /* the name in the configuration */
} ds_source;

/* The independent pieces of a source: an organisation, a calendar, a file. */
typedef struct ds_units {
    ds_arena *arena;
    const char **keys;
    size_t n, cap;
    uint32_t *slots; /* [2 * cap] for ds_units_add: indexes + 1 by the key's hash */
} ds_units;

DS_API void ds_units_add(ds_units *units, const char *key); /* copies; doubles are dropped */
/* `units` of a source with one piece: adds "all". */
DS_API DS_MUST_USE bool ds_one_unit(ds_source *self, ds_activity *act, ds_units *units,
                                    ds_err *err);

typedef struct ds_fetch {
    const char *unit;
    const char *cursor;       /* NULL: the first page; else what the last page's next_cursor said */
    const char *const *items; /* targeted pass: only these keys; NULL for all */
    size_t items_n;
    int64_t since_ms; /* changes pass: only what changed since; -1: everything */
    size_t limit;     /* records wanted on the page; a source may give fewer or more */
    bool seem_gone;   /* a full read of this unit did not bring the items: which of them are still
                         among its records? Only where the source says may_skip */
} ds_fetch;

/* What is known of a property before any record is read. */
typedef struct ds_property {
    const char *name; /* or a path into nested values: "owner.login" */
    ds_type type;     /* of each of its values that is not null */
} ds_property;

typedef struct ds_source_ops {
    const char *kind; /* as in `kind:` */
    const char *help; /* one line */
    uint32_t abi;     /* DS_CONNECTOR_ABI */
    const ds_option *options;
    size_t instance_size;

    /* MUST. Adds the keys of all units to `units`. */
    bool (*units)(ds_source *self, ds_activity *act, ds_units *units, ds_err *err);

    /* MUST. Fills `page` (empty when called). page->next_cursor is copied before the page dies.
     * A cursor names a place in the source by itself: it is stored, and after a crash handed to a
     * fresh instance. So each page leads on: next_cursor is neither the cursor that was given nor
     * one of a page before, except on a page that starts over (page->restart). A pass that is given
     * a cursor a second time ends as PERMANENT. A source that has nothing to tell yet waits in here
     * (see ds_activity_stopping), or fails as TRANSIENT or RATE_LIMITED. Records that cannot be
     * read are put on the page with ds_record_hold. */
    bool (*fetch_page)(ds_source *self, ds_activity *act, const ds_fetch *want, ds_page *page,
                       ds_err *err);

    /* MAY. Before the first call and after the last one. Reads only. */
    bool (*open)(ds_source *self, ds_activity *act, ds_err *err);
    void (*close)(ds_source *self);

    /* MAY. Settings that the option table cannot judge alone ("table or query, not both"): false
     * with DS_ERR_CONFIG. No I/O. */
    bool (*validate)(const ds_source *self, ds_err *err);

    /* MAY. True: with these settings the source understands since_ms. No I/O. NULL: it never does,
     * and every pass reads everything. */
    bool (*lists_changes)(const ds_source *self);

    bool targets_items; /* understands items; else the core filters a full read */
    /* With targets_items: an item may be named otherwise than by its key ("acme/loom"), so the core
     * takes whatever records come for them; ds_page_answers says which of them have come. */
    bool names_items;
    /* With targets_items: a full read may pass over a record that is there (page numbers shift when
     * a row before them is deleted). What seems gone is then asked for by its key, up to a thousand
     * of them, before it counts as gone. */
    bool may_skip;

    /* MAY. The properties whose type is known for sure, made in the activity's arena; of one that
     * is not listed nothing is known. On an instance that is open; reads only. From it `check` says
     * what can never fit, and tables that are made get columns of these types. */
    bool (*describe)(ds_source *self, ds_activity *act, const ds_property **out, size_t *n,
                     ds_err *err);
} ds_source_ops;

#endif
