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

#endif
