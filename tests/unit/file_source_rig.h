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

#endif
