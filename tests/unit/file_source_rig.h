/* tests/unit/file_source_rig.h - a file source under test. */
#ifndef TESTS_UNIT_FILE_SOURCE_RIG_H
#define TESTS_UNIT_FILE_SOURCE_RIG_H

#include "base/activity.h"
#include "connectors/file/file.h"
#include "support/run.h"
#include "support/tmpdir.h"
#include "support/values.h"

#include <stdlib.h>
#include <string.h>

typedef struct settings {
    const char *path, *key, *format, *items, *delimiter;
} settings;

static DS_UNUSED void set_option(void *instance, const char *name, const char *value)
{
    for (const ds_option *o = ds_file_source.options; value && o->name; o++)
        if (!strcmp(o->name, name))
            memcpy((char *)instance + o->offset, &value, sizeof(value));
}

static DS_UNUSED ds_source *source_new(const settings *s)
{
    ds_source *src = ds_calloc(1, ds_file_source.instance_size);

    src->ops = &ds_file_source;
    set_option(src, "path", s->path);
    set_option(src, "key", s->key ? s->key : "id");
    set_option(src, "format", s->format);
    set_option(src, "items", s->items);
    set_option(src, "delimiter", s->delimiter);
    return src;
}

static DS_UNUSED void source_free(ds_source *src)
{
    if (src)
        ds_file_source.close(src);
    free(src);
}
DS_AUTO_DEFINE(ds_source, source_free)

static DS_UNUSED ds_activity activity(ds_arena *a)
{
    return (ds_activity){.arena = a, .clock = ds_clock_system(), .route = "r", .unit = "all"};
}

/* ---- what a file says, one line a record ----------------------------------------------------- */

static DS_UNUSED void show_record(ds_buf *out, const ds_record *rec)
{
    const char *parser = rec->hold ? strstr(rec->hold, "not JSON: ") : NULL;

    if (parser) /* the parser's own words are not ours to pin down */
        ds_buf_printf(out, "%s held: %.*s...\n", rec->place, (int)(parser - rec->hold) + 9,
                      rec->hold);
    else if (rec->hold)
        ds_buf_printf(out, "%s held: %s\n", rec->place, rec->hold);
    else if (rec->place)
        ds_buf_printf(out, "%s without a good key: %s\n", rec->place,
                      show_props(scratch, rec->props, rec->props_n));
    else
        ds_buf_printf(out, "%s: %s\n", rec->primary_key,
                      show_props(scratch, rec->props, rec->props_n));
}

/* Reads a file to its end; `fresh`: each page by an instance of its own, as after a crash. */
static DS_UNUSED const char *read_all(const settings *s, size_t limit, bool fresh)
{
    DS_AUTO_BUF(out, 64 * DS_MIB);
    DS_AUTO(ds_arena) a = ds_arena_new();
    DS_AUTO(ds_source) src = source_new(s);
    ds_activity act = activity(a);
    ds_fetch want = {.unit = "all", .since_ms = -1, .limit = limit};
    ds_page page;
    ds_err err = DS_ERR_INIT;

    do {
        ds_arena_reset(a);
        ds_page_init(&page, a);
        if (!ds_file_source.fetch_page(src, &act, &want, &page, &err)) {
            ds_buf_printf(&out, "%s: %s\n", ds_err_kind_name(err.kind), err.text);
            break;
        }
        for (size_t i = 0; i < page.records_n; i++)
            show_record(&out, &page.records[i]);
        assert_false(page.restart);
        want.cursor = ds_arena_strdup(scratch, page.next_cursor);
        if (fresh) {
            source_free(src);
            src = source_new(s);
        }
    } while (page.next_cursor);
    return ds_arena_strdup(scratch, out.data ? out.data : "");
}

#endif
