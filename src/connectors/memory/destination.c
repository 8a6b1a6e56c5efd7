/* src/connectors/memory/destination.c
 *
 * A named table that is written to.  The plain kind knows rows by their keys and meets what is
 * there (promise A).  The b and c kinds are like a service: each create is a new row with an id of
 * its own, whatever else holds the key, so that a double shows.
 */
#include "connectors/memory/table.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef struct writer {
    ds_destination base;
    ds_memory_settings set;
    bool written; /* since the last flush */
} writer;

static const ds_option options[] = {
    {.name = "store",
     .type = DS_OPTION_TEXT,
     .offset = offsetof(writer, set.store),
     .required = true,
     .help = "name of the table in this process"},
    {.name = "key",
     .type = DS_OPTION_TEXT,
     .offset = offsetof(writer, set.key),
     .help = "told back in the route's key signature"},
    DS_OPT_END,
};

static const char *identity(const ds_destination *self, ds_arena *a)
{
    return ds_arena_printf(a, "memory:%s", ((const writer *)self)->set.store);
}

/* A generation is BORN.FLUSHES: a table that was dropped and made again is born anew. */
static bool open_destination(ds_destination *self, ds_activity *act, const ds_open_in *in,
                             ds_open_out *out, ds_err *err)
{
    writer *w = (writer *)self;
    ds_memory_table *t = ds_memory_lock(w->set.store);

    (void)act;
    (void)err;
    t->counts.opens++;
    *out = (ds_open_out){.exists = true, .rows = (int64_t)t->lines_n};
    out->continues = in->generation && strtoll(in->generation, NULL, 10) == t->born;
    ds_memory_unlock(t);
    return true;
}

/* ---- one record ------------------------------------------------------------------------------ */

static bool differs(const ds_memory_line *line, const ds_write *row)
{
    for (size_t i = 0; i < row->props_n; i++) {
        const ds_value *there = ds_memory_value(line, row->props[i].name);

        if (row->how && row->how[i] != DS_HOW_ALWAYS)
            continue;
        if (!ds_value_same(there ? *there : DS_VALUE_NULL, row->props[i].value))
            return true;
    }
    return row->body && (!line->body || strcmp(line->body, row->body) != 0);
}

static void change(ds_memory_line *line, const ds_write *row, bool is_new, ds_activity *act)
{
    ds_prop *props = ds_arena_alloc(ds_activity_arena(act), (row->props_n + 1) * sizeof(*props));
    size_t n = 0;

    for (size_t i = 0; i < row->props_n; i++) {
        if (is_new || !row->how || row->how[i] != DS_HOW_ONLY_NEW)
            props[n++] = row->props[i];
    }
    ds_memory_merge(line, props, n, row->body);
    line->changed_ms = ds_activity_now_ms(act);
}

static ds_memory_line *there(ds_memory_table *t, const ds_destination *self, const ds_write *row)
{
    if (self->ops->upserts)
        return ds_memory_find(t, row->key, NULL);
    return row->op == DS_OP_UPDATE ? ds_memory_find(t, row->key, row->id) : NULL;
}

static void create(ds_memory_table *t, const ds_destination *self, ds_write *row, ds_activity *act)
{
    ds_memory_line *line = ds_memory_add(t, "all", row->key);

    if (!self->ops->upserts) {
        row->new_id = ds_arena_printf(ds_activity_arena(act), "id-%" PRId64, line->seq);
        line->id = ds_strdup(row->new_id);
    }
    line->created_ms = ds_activity_now_ms(act);
    change(line, row, true, act);
    row->outcome = DS_OUT_CREATED;
    t->counts.creates++;
}

static void put(ds_memory_table *t, const ds_destination *self, ds_write *row, ds_activity *act)
{
    ds_memory_line *line = there(t, self, row);

    if (!line && row->op == DS_OP_UPDATE && !self->ops->upserts) {
        row->outcome = DS_OUT_GONE;
        return;
    }
    if (!line) {
        create(t, self, row, act);
        return;
    }
    row->adopted = row->op == DS_OP_CREATE;
    row->outcome = DS_OUT_UNCHANGED;
    if (!differs(line, row))
        return;
    change(line, row, false, act);
    row->outcome = DS_OUT_UPDATED;
    t->counts.updates++;
}

/* ---- batches --------------------------------------------------------------------------------- */

static bool fail(const ds_memory_table *t, const char *what, ds_err *err)
{
    ds_fail(err, t->faults.kind, "the %s fails", what);
    err->retry_after_ms = t->faults.retry_after_ms;
    return false;
}

static bool write_one(ds_memory_table *t, const ds_destination *self, ds_write *row,
                      ds_activity *act, ds_err *err)
{
    const ds_memory_faults *f = &t->faults;

    t->counts.writes++;
    if (++t->at_write == f->fail_write)
        return fail(t, "write", err);
    if (f->hold_key && strcmp(f->hold_key, row->key) == 0) {
        row->outcome = DS_OUT_HELD;
        row->reason = f->hold_reason ? f->hold_reason : "refused";
        return true;
    }
    if (t->at_write != f->unknown_write || !f->unknown_lost)
        put(t, self, row, act);
    if (t->at_write == f->unknown_write) {
        row->outcome = DS_OUT_UNKNOWN;
        row->new_id = NULL;
    }
    return true;
}

static bool write_rows(ds_destination *self, ds_activity *act, ds_write *writes, size_t n,
                       ds_err *err)
{
    writer *w = (writer *)self;
    ds_memory_table *t;
    bool ok = true;

    ds_memory_tell(w->set.store, "write");
    if (ds_activity_stopping(act))
        return ds_fail(err, DS_ERR_CANCELLED, "stopped");
    ds_crashpoint("memory: before a batch");
    t = ds_memory_lock(w->set.store);
    for (size_t i = 0; ok && i < n; i++)
        ok = write_one(t, self, &writes[i], act, err);
    w->written = true;
    ds_memory_unlock(t);
    ds_crashpoint("memory: after a batch");
    return ok;
}

static ds_record *row_of(const ds_memory_line *line, ds_arena *a)
{
    ds_record *rec = ds_new_in(a, ds_record);

    rec->arena = a;
    rec->primary_key = ds_arena_strdup(a, line->key);
    rec->body = ds_arena_strdup(a, line->body);
    for (size_t i = 0; i < line->props_n; i++)
        ds_record_append(rec, ds_arena_strdup(a, line->props[i].name),
                         ds_memory_copy(a, line->props[i].value));
    return rec;
}

static void find_one(const ds_memory_table *t, const char *key, int64_t visible_ms, ds_found *out,
                     ds_arena *a)
{
    *out = (ds_found){.key = key};
    for (size_t i = 0; i < t->lines_n; i++) {
        const ds_memory_line *line = t->lines[i];

        if (line->archived || !line->key || strcmp(line->key, key) != 0 ||
            line->created_ms > visible_ms)
            continue;
        if (out->n++ == 0) {
            out->id = ds_arena_strdup(a, line->id);
            out->row = row_of(line, a);
        }
    }
}

static bool find(ds_destination *self, ds_activity *act, const char *const *keys, size_t n,
                 ds_found *out, ds_err *err)
{
    writer *w = (writer *)self;
    ds_memory_table *t;
    int64_t visible_ms;
    bool ok;

    ds_memory_tell(w->set.store, "find");
    if (ds_activity_stopping(act))
        return ds_fail(err, DS_ERR_CANCELLED, "stopped");
    t = ds_memory_lock(w->set.store);
    t->counts.finds += (int64_t)n;
    visible_ms = t->faults.lag_ms ? ds_activity_now_ms(act) - t->faults.lag_ms : INT64_MAX;
    ok = ++t->at_find != t->faults.fail_find || fail(t, "look-up", err);
    for (size_t i = 0; ok && i < n; i++)
        find_one(t, keys[i], visible_ms, &out[i], ds_activity_arena(act));
    ds_memory_unlock(t);
    return ok;
}

static bool flush_as(writer *w, ds_activity *act, const char **generation, bool finishing,
                     ds_err *err)
{
    ds_memory_table *t;
    bool ok;

    ds_memory_tell(w->set.store, "flush");
    t = ds_memory_lock(w->set.store);
    t->counts.flushes += !finishing;
    t->counts.finishes += finishing;
    ok = ++t->at_flush != t->faults.fail_flush || fail(t, "flush", err);
    if (ok && w->written) {
        *generation =
            ds_arena_printf(ds_activity_arena(act), "%" PRId64 ".%" PRId64, t->born, ++t->flushes);
        w->written = false;
    }
    ds_memory_unlock(t);
    return ok;
}

static bool flush(ds_destination *self, ds_activity *act, const char **generation, ds_err *err)
{
    return flush_as((writer *)self, act, generation, false, err);
}

static bool finish(ds_destination *self, ds_activity *act, const char **generation, ds_err *err)
{
    return flush_as((writer *)self, act, generation, true, err);
}

/* ---- rows that are gone ---------------------------------------------------------------------- */

static bool take_away(ds_destination *self, const char *const *keys, const char *const *ids,
                      size_t n, bool keep)
{
    writer *w = (writer *)self;
    ds_memory_table *t;

    ds_memory_tell(w->set.store, "remove");
    t = ds_memory_lock(w->set.store);
    for (size_t i = 0; i < n; i++) {
        ds_memory_line *line = ds_memory_find(t, keys[i], ids ? ids[i] : NULL);

        if (!line)
            continue;
        if (keep)
            line->archived = true;
        else
            ds_memory_delete(t, line);
        t->counts.removes++;
        w->written = true;
    }
    ds_memory_unlock(t);
    return true;
}

static bool archive(ds_destination *self, ds_activity *act, const char *const *keys,
                    const char *const *ids, size_t n, ds_err *err)
{
    (void)act;
    (void)err;
    return take_away(self, keys, ids, n, true);
}

static bool remove_rows(ds_destination *self, ds_activity *act, const char *const *keys,
                        const char *const *ids, size_t n, ds_err *err)
{
    (void)act;
    (void)err;
    return take_away(self, keys, ids, n, false);
}

/* ---- what it would cost, were it far away -----------------------------------------------------
 */

#define FINDS_A_CALL 100
#define CALL_MS 10

static void estimate(const ds_destination *self, const ds_work_ahead *work, ds_cost *out)
{
    (void)self;
    ds_cost_add(out, "find", (work->finds + FINDS_A_CALL - 1) / FINDS_A_CALL);
    ds_cost_add(out, "create", work->creates);
    ds_cost_add(out, "update", work->updates);
    ds_cost_add(out, "archive", work->archives);
    ds_cost_add(out, "remove", work->removes);
    out->ms = 0;
    for (size_t i = 0; i < out->n; i++)
        out->ms += out->lines[i].calls * CALL_MS;
}

#define DESTINATION(kind_, promise_, upserts_, settle_)                                            \
    {                                                                                              \
        .kind = (kind_), .help = "a table in this process, for tests", .abi = DS_CONNECTOR_ABI,    \
        .options = options, .instance_size = sizeof(writer), .promise = (promise_),                \
        .settle_ms = (settle_), .upserts = (upserts_), .has_bodies = true, .identity = identity,   \
        .write = write_rows, .find = find, .open = open_destination, .flush = flush,               \
        .finish = finish, .archive = archive, .remove = remove_rows, .estimate = estimate,         \
    }

const ds_destination_ops ds_memory_destination = DESTINATION("memory", DS_PROMISE_A, true, 0);
const ds_destination_ops ds_memory_destination_b =
    DESTINATION("memory-b", DS_PROMISE_B, false, 1000);
const ds_destination_ops ds_memory_destination_c = DESTINATION("memory-c", DS_PROMISE_C, false, 0);
