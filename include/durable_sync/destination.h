/* include/durable_sync/destination.h
 *
 * The seam of destinations.  One instance serves one pass on one thread.  The destination owns its
 * wire encoding; the core decides what is written.
 */
#ifndef DURABLE_SYNC_DESTINATION_H
#define DURABLE_SYNC_DESTINATION_H

#include <durable_sync/activity.h>
#include <durable_sync/base.h>
#include <durable_sync/option.h>
#include <durable_sync/record.h>
#include <durable_sync/source.h> /* DS_CONNECTOR_ABI */

struct ds_destination_ops;

typedef struct ds_destination { /* first member of every destination's instance */
    const struct ds_destination_ops *ops;
    const char *route;
} ds_destination;

/* What a destination promises about a create whose answer was lost:
 * A exactly one row whatever happens (it refuses or merges the second),
 * B exactly one row within settle_ms; a later double is reported,
 * C never a blind second create: the record is held for a person. */
typedef enum ds_promise { DS_PROMISE_A = 'A', DS_PROMISE_B = 'B', DS_PROMISE_C = 'C' } ds_promise;

/* One column as the route would write it: what ensure_schema and check_schema are told. */
typedef struct ds_column {
    const char *name;
    ds_type type; /* DS_TEXT where the mapping says nothing; DS_ABSENT: no mapping names it, records
                   * bring it, and where there is no such column it is left out */
    bool typed;   /* the mapping says it (`as`, `value`): a table created by us takes it */
    ds_type comes; /* the source says it of what is written as it comes; DS_ABSENT: not known */
    /* Texts that are known to come, from `value`, `default` and `map`; the source's own may come
     * beside them. */
    const char *const *texts;
    size_t texts_n;
} ds_column;

/* What a column that we make is to hold: what the mapping says, else what the source knows;
 * DS_ABSENT: whatever comes. */
static inline ds_type ds_column_holds(const ds_column *c)
{
    return c->typed ? c->type : c->comes;
}

/* One column as the destination has it. */
typedef struct ds_column_there {
    const char *name;
    const char *type;  /* in the destination's own words; "" where it names none */
    bool is_key;       /* the one that `key` names */
    const char *takes; /* the wanted column that goes into it; NULL: none */
} ds_column_there;

typedef struct ds_open_in {
    /* Whose writes these are, unique and stable: the store's id, the route and the unit. */
    const char *owner;
    /* What flush or finish answered last, as committed by the core; NULL when it knows of nothing.
     * A destination that was recreated, or put back from an old copy, notices by it. */
    const char *generation;
    /* The columns of a route with `fields`; columns_n 0 where it takes the source's names. */
    const ds_column *columns;
    size_t columns_n;
    /* Of a route without `fields`: what the source knows of the properties that come. */
    const ds_property *known;
    size_t known_n;
    bool reading_only; /* check, plan, explain: change nothing, create nothing */
} ds_open_in;

typedef struct ds_open_out {
    bool continues;  /* everything written up to `generation` is still there */
    bool exists;     /* reading_only: false where the table or file is yet to be created */
    int64_t rows;    /* about how many it holds, for progress; -1 unknown */
    bool fragile;    /* a row may undo all that was not flushed: flush after each page */
    bool has_delays; /* settle_ms and lag_ms are by the settings of this instance, 0 too; false:
                        those of the ops hold */
    int64_t settle_ms, lag_ms;
    /* A look-up shows all that can be written: what a row lacks, but for the case of its name, has
     * no place there, and a write leaves it out. */
    bool whole_rows;
} ds_open_out;

typedef enum ds_op {
    DS_OP_CREATE, /* the core knows of no row; where there is one, adopt it: update what differs */
    DS_OP_UPDATE, /* row `id` is ours: write what differs; where it is gone, answer GONE (one that
                   * meets rows by key itself, promise A, may create it again) */
} ds_op;

typedef enum ds_outcome {
    DS_OUT_NONE = 0, /* not tried (an earlier error ended the batch) */
    DS_OUT_CREATED,
    DS_OUT_UPDATED,
    DS_OUT_UNCHANGED, /* the row already said so: nothing was written */
    DS_OUT_HELD,      /* refused for good: `reason` */
    DS_OUT_UNKNOWN,   /* sent, no answer: may or may not be there */
    DS_OUT_GONE, /* UPDATE: there is no row `id`; nothing was written, the core makes it anew */
} ds_outcome;

enum { /* when a property is written */
       DS_HOW_ALWAYS = 0,
       DS_HOW_ONLY_NEW = 1, /* when the row is created, never again */
       DS_HOW_ALONG = 2,    /* with any other property that is written, never alone: a stamp */
};

typedef struct ds_write {
    ds_op op;
    const char *key;
    const char *id;       /* UPDATE: the destination's own id; NULL where it is the key itself */
    const ds_prop *props; /* absent ones are left out before they come here */
    size_t props_n;
    const uint8_t *how; /* [props_n] DS_HOW_*; NULL: all are DS_HOW_ALWAYS */
    const char *body;   /* NULL: absent */
    /* UPDATE of a row that an earlier create of ours has made, and nobody heard of it: what takes
     * more requests than the one (a long body) may lack. */
    bool recovered;
    /* UPDATE: no row shows the key, and this one is known by its id: the row may lack it. */
    bool unfound;
    /* The record has its key as a number, under the name that the setting `key` gives it here. */
    bool is_number;
    /* answers */
    ds_outcome outcome;
    bool adopted;       /* CREATE met a row that was there before */
    const char *new_id; /* in the activity's arena; NULL: the key itself */
    const char *reason; /* HELD: one line, in the activity's arena */
} ds_write;

typedef struct ds_found {
    const char *key;
    size_t n;       /* rows that hold this key: 0, 1, more = a conflict to report */
    const char *id; /* of the first; NULL: the key itself */
    ds_record *row; /* of the first: its properties as they are; in the activity's arena */
    const struct ds_found *other; /* the next row of this key, n 1; NULL: there is none, or it is
                                   * not told. In the activity's arena. */
} ds_found;

/* What a pass would ask of a destination. */
typedef struct ds_work_ahead {
    int64_t creates, updates; /* records that write would be given */
    int64_t finds;            /* keys that find would be given before */
    int64_t archives, removes;
    int64_t bodies; /* of the updates, those that bring a body */
} ds_work_ahead;

#define DS_COST_ENDPOINTS 16

typedef struct ds_cost { /* what that costs */
    struct {
        const char *endpoint; /* "POST /v1/pages", as for ds_activity_count */
        int64_t calls;
    } lines[DS_COST_ENDPOINTS];
    size_t n;
    int64_t ms; /* how long it takes at the limits that are known; -1: not known */
} ds_cost;

/* Adds a line; none where there are no calls, nor beyond the last. */
static inline void ds_cost_add(ds_cost *cost, const char *endpoint, int64_t calls)
{
    if (calls <= 0 || cost->n == DS_COST_ENDPOINTS)
        return;
    cost->lines[cost->n].endpoint = endpoint;
    cost->lines[cost->n++].calls = calls;
}

typedef struct ds_destination_ops {
    const char *kind;
    const char *help;
    uint32_t abi;
    const ds_option *options;
    size_t instance_size;

    ds_promise promise;
    /* How long after its time-out a write whose answer was lost may still be applied: not before
     * that is it looked up (B), or an update written again. 0 where nothing arrives late. */
    int64_t settle_ms;
    /* How long a row that is there may be missing in look-ups: one that was looked for in vain once
     * it had settled is looked for again after this, then created again. */
    int64_t lag_ms;
    bool upserts;    /* write meets existing rows by key itself (CREATE adopts): no find before */
    bool has_bodies; /* understands ds_write.body */
    bool any_case;   /* columns whose names differ in no more than the case of a-z are one */
    /* What nobody can know before the first write, for `check` to say: "whether ..."; NULL. */
    const char *unknown;

    /* MUST. Which thing out there is written to, from the settings alone, without I/O: "sqlite:/abs
     * path/db#table". Two routes with equal identities share it. Made in `a`. */
    const char *(*identity)(const ds_destination *self, ds_arena *a);

    /* MUST. Writes n records and sets each one's outcome. false only for what concerns the batch
     * as a whole (locked, login refused, disk full). Without `flush` the outcomes set before still
     * count; with it, everything since the last flush counts as not written. */
    bool (*write)(ds_destination *self, ds_activity *act, ds_write *writes, size_t n, ds_err *err);

    /* MUST for promise A and B. Looks up keys, up to 500 at once: out[i] answers keys[i]. Reads
     * only. At promise C a row that it finds is adopted, and one that it does not find may be there
     * all the same. */
    bool (*find)(ds_destination *self, ds_activity *act, const char *const *keys, size_t n,
                 ds_found *out, ds_err *err);

    /* MAY: before the first call and after the last one. */
    bool (*open)(ds_destination *self, ds_activity *act, const ds_open_in *in, ds_open_out *out,
                 ds_err *err);
    void (*close)(ds_destination *self);

    /* MAY. Makes all that was written durable: links are committed only after it. NULL: a write is
     * durable when it returns. What was not flushed when a pass ended, the next open drops.
     * *generation (in the activity's arena) changes with each call that had something to make
     * durable; leave it alone otherwise. */
    bool (*flush)(ds_destination *self, ds_activity *act, const char **generation, ds_err *err);
    /* MAY. The last flush of a pass that came to its end: files are put in place here. */
    bool (*finish)(ds_destination *self, ds_activity *act, const char **generation, ds_err *err);

    /* MAY. Rows gone from the source; ids[i] NULL: the key itself. Each is done or the call fails;
     * a row that is not there is done. Needed for `missing: archive` and `missing: delete`. */
    bool (*archive)(ds_destination *self, ds_activity *act, const char *const *keys,
                    const char *const *ids, size_t n, ds_err *err);
    bool (*remove)(ds_destination *self, ds_activity *act, const char *const *keys,
                   const char *const *ids, size_t n, ds_err *err);

    /* MAY. What `check` should say about the columns: calls say() once a finding. Reads only. */
    bool (*check_schema)(ds_destination *self, ds_activity *act, const ds_column *columns, size_t n,
                         void (*say)(void *to, bool is_error, const char *text, const char *remedy),
                         void *to, ds_err *err);

    /* MAY. The columns there are, in their order, made in the activity's arena; *out_n 0 where the
     * table is yet to be made. `columns` are those wanted. On an instance that is not open, and
     * left like that. Reads only. */
    bool (*list_columns)(ds_destination *self, ds_activity *act, const ds_column *columns, size_t n,
                         const ds_column_there **out, size_t *out_n, ds_err *err);
    /* MAY. Makes what a pass would miss: the table with its key, those of `columns` that it does
     * not have, and what keeps the key unique. All or nothing; what is there is left as it is.
     * Calls did() once a thing made, after all of it is durable: "column \"name\" added". On an
     * instance that is not open, and left like that. */
    bool (*ensure_schema)(ds_destination *self, ds_activity *act, const ds_column *columns,
                          size_t n, void (*did)(void *to, const char *what), void *to, ds_err *err);

    /* MAY. Why the column of that name cannot take the value, or (`value` NULL) why it takes no
     * value of that type whatever it says; NULL: it may. In the activity's arena, and naming
     * the column: "column "Stars" is INTEGER: "many" does not fit". On an instance that is open
     * with reading_only; without I/O. Of what may fit nothing is said, and nothing while the
     * columns are not known: they are after check_schema at the latest. */
    const char *(*misfit)(ds_destination *self, ds_activity *act, const char *column, ds_type type,
                          const ds_value *value);

    /* MAY. As for sources. */
    bool (*validate)(const ds_destination *self, ds_err *err);

    /* MAY. The id of a row as `find` and `write` answer it, in what a person may write for it (an
     * address, other letters); made in `a`. NULL: it names no row. Without I/O. */
    const char *(*id_of)(const char *text, ds_arena *a);

    /* MAY, for a destination whose calls are dear: what `plan` says that the work costs. On an
     * instance that is open with reading_only; no I/O. `out` comes empty, with ms -1. */
    void (*estimate)(const ds_destination *self, const ds_work_ahead *work, ds_cost *out);

    /* MAY. Whether a write of `wanted` would leave the column of that name as it is; `there` is
     * what `find` answered of it, DS_NULL where it answered nothing. Asked only of values that do
     * not mean the same by themselves: an empty text where empty is nothing, a text that is written
     * as a list. Scratch memory in `a`; no I/O. */
    bool (*same)(ds_destination *self, const char *column, ds_value wanted, ds_value there,
                 ds_arena *a);
} ds_destination_ops;

#endif
