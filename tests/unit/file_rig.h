/* tests/unit/file_rig.h
 *
 * A file destination under test, with writes in a notation short enough for a table:
 *   "+k {...}"  create      "=k {...}"  update      "-k"  remove      "f"  flush
 * A property named !x is written at creation only, ~x only along with others.
 */
#ifndef TESTS_UNIT_FILE_RIG_H
#define TESTS_UNIT_FILE_RIG_H

#include "base/activity.h"
#include "connectors/file/file.h"
#include "support/run.h"
#include "support/tmpdir.h"
#include "support/values.h"

#include <stdlib.h>
#include <string.h>

typedef struct rig {
    const char *path;           /* settings */
    const char *key;            /* NULL: "id" */
    const char *owner;          /* NULL: "me" */
    const char *const *columns; /* NULL-terminated; NULL: none */
    const char *generation;     /* as the core knows it; in `scratch` */
    ds_destination *dst;
    ds_open_out out;
    ds_activity act;
    ds_err err;
} rig;

static DS_UNUSED void rig_option(rig *r, const char *name, const char *value)
{
    for (const ds_option *o = ds_file_destination.options; value && o->name; o++)
        if (!strcmp(o->name, name))
            memcpy((char *)r->dst + o->offset, &value, sizeof(value));
}

static DS_UNUSED bool rig_open_as(rig *r, bool reading_only)
{
    ds_column columns[16] = {0};
    ds_open_in in = {.owner = r->owner ? r->owner : "me",
                     .generation = r->generation,
                     .columns = columns,
                     .reading_only = reading_only};

    for (; r->columns && r->columns[in.columns_n]; in.columns_n++)
        columns[in.columns_n].name = r->columns[in.columns_n];
    r->act = (ds_activity){.arena = scratch, .clock = ds_clock_system(), .route = "r", .unit = "u"};
    r->err = DS_ERR_INIT;
    r->dst = ds_calloc(1, ds_file_destination.instance_size);
    r->dst->ops = &ds_file_destination;
    rig_option(r, "path", r->path);
    rig_option(r, "key", r->key ? r->key : "id");
    return ds_file_destination.open(r->dst, &r->act, &in, &r->out, &r->err);
}

static DS_UNUSED bool rig_open(rig *r)
{
    return rig_open_as(r, false);
}

static DS_UNUSED void rig_close(rig *r)
{
    ds_file_destination.close(r->dst);
    free(r->dst);
    r->dst = NULL;
}

static DS_UNUSED bool rig_flush(rig *r)
{
    return ds_file_destination.flush(r->dst, &r->act, &r->generation, &r->err);
}

static DS_UNUSED bool rig_finish(rig *r)
{
    return ds_file_destination.finish(r->dst, &r->act, &r->generation, &r->err);
}

/* The properties of a write, with the marks of their names taken off. */
static DS_UNUSED void rig_props(ds_write *w, const char *json)
{
    ds_record *rec = record_of(scratch, json);
    uint8_t *how = ds_arena_zalloc(scratch, rec->props_n + 1);

    for (uint32_t i = 0; i < rec->props_n; i++) {
        how[i] = rec->props[i].name[0] == '!'   ? DS_HOW_ONLY_NEW
                 : rec->props[i].name[0] == '~' ? DS_HOW_ALONG
                                                : DS_HOW_ALWAYS;
        rec->props[i].name += how[i] != DS_HOW_ALWAYS;
    }
    w->props = rec->props;
    w->props_n = rec->props_n;
    w->how = how;
}

/* One step: C created, U updated, . unchanged, H held, with an 'a' behind where a row was adopted;
 * - for a removal, f for a flush, E for a failure. */
static DS_UNUSED const char *rig_step(rig *r, const char *step)
{
    static const char letters[] = {
        [DS_OUT_NONE] = '0',      [DS_OUT_CREATED] = 'C', [DS_OUT_UPDATED] = 'U',
        [DS_OUT_UNCHANGED] = '.', [DS_OUT_HELD] = 'H',    [DS_OUT_UNKNOWN] = '?'};
    const char *space = strchr(step, ' ');
    const char *key =
        ds_arena_strndup(scratch, step + 1, space ? (size_t)(space - step) - 1 : strlen(step + 1));
    ds_write w = {
        .op = *step == '=' ? DS_OP_UPDATE : DS_OP_CREATE, .key = key, .is_number = *step == '#'};

    if (*step == 'f')
        return rig_flush(r) ? "f" : "E";
    if (*step == '-')
        return ds_file_destination.remove(r->dst, &r->act, &key, NULL, 1, &r->err) ? "-" : "E";
    rig_props(&w, space + 1);
    if (!ds_file_destination.write(r->dst, &r->act, &w, 1, &r->err))
        return "E";
    return ds_arena_printf(scratch, "%c%s", letters[w.outcome], w.adopted ? "a" : "");
}

/* Steps, one a line; the letters of all. */
static DS_UNUSED const char *rig_steps(rig *r, const char *steps)
{
    const char *letters = "";
    char *text = ds_arena_strdup(scratch, steps), *left = text;

    for (char *step = strtok_r(text, "\n", &left); step; step = strtok_r(NULL, "\n", &left))
        letters = ds_arena_printf(scratch, "%s%s", letters, rig_step(r, step));
    return letters;
}

/* A whole pass; the letters, or fails the test. */
static DS_UNUSED const char *rig_pass(rig *r, const char *steps)
{
    const char *letters;

    if (!rig_open(r))
        fail_msg("open: %s", r->err.text);
    letters = rig_steps(r, steps);
    if (!rig_finish(r))
        fail_msg("finish: %s", r->err.text);
    rig_close(r);
    return letters;
}

#endif
