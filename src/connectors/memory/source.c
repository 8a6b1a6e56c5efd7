/* src/connectors/memory/source.c - rows of a named table as records. */
#include "connectors/memory/table.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef struct reader {
    ds_source base;
    ds_memory_settings set;
} reader;

static const ds_option options[] = {
    {.name = "store",
     .type = DS_OPTION_TEXT,
     .offset = offsetof(reader, set.store),
     .required = true,
     .help = "name of the table in this process"},
    {.name = "key",
     .type = DS_OPTION_TEXT,
     .offset = offsetof(reader, set.key),
     .help = "told back in the route's key signature"},
    DS_OPT_END,
};

static bool units(ds_source *self, ds_activity *act, ds_units *out, ds_err *err)
{
    reader *r = (reader *)self;
    ds_memory_table *t = ds_memory_lock(r->set.store);
    bool none = t->units_n == 0;

    for (size_t i = 0; i < t->units_n; i++)
        ds_units_add(out, t->units[i]);
    ds_memory_unlock(t);
    return !none || ds_one_unit(self, act, out, err);
}

static bool is_wanted(const ds_memory_line *line, const ds_fetch *want, int64_t after)
{
    if (line->archived || line->seq <= after || strcmp(line->unit, want->unit) != 0)
        return false;
    if (want->since_ms >= 0 && line->changed_ms < want->since_ms)
        return false;
    for (size_t i = 0; want->items && i < want->items_n; i++) {
        if (line->key && strcmp(line->key, want->items[i]) == 0)
            return true;
    }
    return !want->items;
}

static void add(const ds_memory_line *line, ds_page *page)
{
    ds_record *rec = ds_page_add(page);
    ds_arena *a = page->arena;

    if (line->hold) {
        ds_record_hold(rec, ds_arena_strdup(a, line->place), "%s", line->hold);
        return;
    }
    rec->primary_key = ds_arena_strdup(a, line->key);
    rec->place = ds_arena_printf(a, "row:%" PRId64, line->seq);
    rec->body = ds_arena_strdup(a, line->body);
    for (size_t i = 0; i < line->props_n; i++)
        ds_record_append(rec, ds_arena_strdup(a, line->props[i].name),
                         ds_memory_copy(a, line->props[i].value));
}

/* The cursor is the number of the last row handed out. */
static void fill(ds_memory_table *t, const ds_fetch *want, ds_page *page)
{
    size_t limit = t->faults.page_rows ? DS_MIN(t->faults.page_rows, want->limit) : want->limit;
    int64_t after = want->cursor ? strtoll(want->cursor, NULL, 10) : 0, last = after;
    int64_t total = 0;

    for (size_t i = 0; i < t->lines_n; i++) {
        total += is_wanted(t->lines[i], want, 0);
        if (!is_wanted(t->lines[i], want, after))
            continue;
        if (page->records_n < limit) {
            add(t->lines[i], page);
            last = t->lines[i]->seq;
        } else if (!page->next_cursor) {
            page->next_cursor = ds_arena_printf(page->arena, "%" PRId64, last);
        }
    }
    page->total_hint = total;
    page->calls = 1;
}

static bool fetch_page(ds_source *self, ds_activity *act, const ds_fetch *want, ds_page *page,
                       ds_err *err)
{
    reader *r = (reader *)self;
    ds_memory_table *t;
    bool ok = true;

    ds_memory_tell(r->set.store, "page");
    if (ds_activity_stopping(act))
        return ds_fail(err, DS_ERR_CANCELLED, "stopped");
    t = ds_memory_lock(r->set.store);
    t->counts.pages++;
    if (++t->at_page == t->faults.fail_page) {
        ok = ds_fail(err, t->faults.kind, "page %" PRId64 " fails", t->at_page);
        err->retry_after_ms = t->faults.retry_after_ms;
    } else {
        fill(t, want, page);
        if (want->cursor && t->faults.stuck_page && t->at_page >= t->faults.stuck_page)
            page->next_cursor = want->cursor;
    }
    ds_memory_unlock(t);
    return ok;
}

static bool open_source(ds_source *self, ds_activity *act, ds_err *err)
{
    reader *r = (reader *)self;
    ds_memory_table *t = ds_memory_lock(r->set.store);

    (void)act;
    (void)err;
    t->counts.opens++;
    ds_memory_unlock(t);
    return true;
}

static bool always(const ds_source *self)
{
    (void)self;
    return true;
}

#define SOURCE(kind_, changes_)                                                                    \
    {                                                                                              \
        .kind = (kind_), .help = "a table in this process, for tests", .abi = DS_CONNECTOR_ABI,    \
        .options = options, .instance_size = sizeof(reader), .units = units,                       \
        .fetch_page = fetch_page, .open = open_source, .lists_changes = (changes_),                \
        .targets_items = true,                                                                     \
    }

const ds_source_ops ds_memory_source = SOURCE("memory", NULL);
const ds_source_ops ds_memory_source_changes = SOURCE("memory-changes", always);
