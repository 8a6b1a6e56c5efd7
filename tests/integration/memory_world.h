/* tests/integration/memory_world.h - a world (world.h) between memory tables, "in" and "out". */
#ifndef TESTS_INTEGRATION_MEMORY_WORLD_H
#define TESTS_INTEGRATION_MEMORY_WORLD_H

#include "connectors/memory/memory.h"
#include "tests/integration/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FROM_FILE "    source: {kind: file, path: in.jsonl, key: id}\n"
#define FROM_MEMORY "    source: {kind: memory, store: in, key: id}\n"
#define TO(kind) "    destination: {kind: " kind ", store: out, key: Id}\n"
#define TO_SQLITE                                                                                  \
    "    destination: {kind: sqlite, path: out.db, table: things, key: Id, create_table: true}\n"
#define FIELDS "    fields: {Name: name, Size: {from: size, as: number}}\n"

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static inline int set_up(void **state)
{
    ds_memory_drop_all();
    *state = world_new();
    return 0;
}

static inline int tear_down(void **state)
{
    world_free(*state);
    return 0;
}

static inline void put(const char *key, const char *name)
{
    char json[128];

    snprintf(json, sizeof(json), "{\"name\": \"%s\", \"size\": 1}", name);
    ds_memory_put("in", "all", key, json);
}

static inline void start(world *w, const char *from, const char *to, const char *extra)
{
    world_config(w, ds_arena_printf(w->arena, "  things:\n%s%s%s%s", from, to, FIELDS, extra));
}

/* JSON lines PREFIX000, PREFIX001, ... */
static inline void lines_from(ds_buf *text, const char *prefix, int from, int to, const char *name)
{
    for (int i = from; i < to; i++)
        ds_buf_printf(text, "{\"id\": \"%s%03d\", \"name\": \"%s\"}\n", prefix, i, name);
}

static inline void lines(ds_buf *text, const char *prefix, int n, const char *name)
{
    lines_from(text, prefix, 0, n, name);
}

/* ---- dying at a chosen place ----------------------------------------------------------------- */

typedef struct place {
    world *w;
    const char *at;
    int left;  /* so many times it is passed */
    bool stop; /* as asked to, at the next record; else as killed, right there */
} place;

static inline void die_there(void *to, const char *what)
{
    place *p = to;

    if (strcmp(what, p->at) != 0 || p->left-- != 0)
        return;
    if (p->stop)
        atomic_store(&p->w->stop, true);
    else
        world_steal(p->w);
}

/* A pass that is killed once the destination has made its writes durable, before the store has. */
static inline void die_after_flush(world *w, int flushes)
{
    place p = {.w = w, .at = "flush", .left = flushes};

    ds_memory_watch("out", die_there, &p);
    assert_int_equal(world_pass(w).outcome, DS_PASS_CANCELLED);
    ds_memory_watch("out", NULL, NULL);
}

static inline void stop_at_write(world *w, int writes)
{
    place p = {.w = w, .at = "write", .left = writes, .stop = true};

    ds_memory_watch("out", die_there, &p);
    assert_int_equal(world_pass(w).outcome, DS_PASS_CANCELLED);
    ds_memory_watch("out", NULL, NULL);
    atomic_store(&w->stop, false);
}

/* ---- units "north" and "south" of one route ------------------------------------------------ */

static inline void put_in(const char *unit, const char *key, const char *name)
{
    char json[128];

    snprintf(json, sizeof(json), "{\"name\": \"%s\"}", name);
    ds_memory_put("in", unit, key, json);
}

static inline const char *pass_of(world *w, const char *unit)
{
    w->unit = unit;
    return world_totals(w);
}

static inline bool mark_gone(ds_job *job, ds_tx *tx, ds_err *err)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    ds_unit_row *north;

    (void)job;
    if (!ds_tx_unit_get(tx, "things", "north", a, &north, err))
        return false;
    north->state.gone = true;
    return ds_tx_unit_save(tx, north, 0, err);
}

static inline void north_is_gone(world *w)
{
    ds_job job = {.run = mark_gone};
    ds_err err = DS_ERR_INIT;

    ds_memory_drop_unit("in", "north");
    assert_true(ds_store_do(w->store, DS_LANE_EVENT, &job, &err));
}

#endif
