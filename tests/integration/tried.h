/* tests/integration/tried.h - what `try` shows of one record, as a line. */
#ifndef TESTS_INTEGRATION_TRIED_H
#define TESTS_INTEGRATION_TRIED_H

#include "tests/integration/memory_world.h"

static struct {
    world *w;
    const char *text;
} tried;

static inline const char *tried_props(const ds_prop *props, size_t n)
{
    const char *all = "";

    for (size_t i = 0; i < n; i++)
        all = ds_arena_printf(tried.w->arena, "%s %s=%s", all, props[i].name,
                              ds_value_text(tried.w->arena, props[i].value));
    return all;
}

static inline void show_tried(void *to, const ds_tried *t)
{
    static const char *const ends[] = {"written", "dropped", "held"};
    const char *made = "";

    (void)to;
    if (!t->source) {
        tried.text = "no such record";
        return;
    }
    if (t->made)
        made = ds_arena_printf(tried.w->arena, " >%s", tried_props(t->made, t->made_n));
    tried.text = ds_arena_printf(
        tried.w->arena, "%s |%s%s |%s: %s%s%s%s",
        t->source->primary_key ? t->source->primary_key : "", tried_props(t->mapped, t->mapped_n),
        made, tried_props(t->props, t->props_n), ends[t->end], t->reason ? " " : "",
        t->reason ? t->reason : "", t->body ? "/" : "");
}

/* "KEY | mapped > made | written: END REASON", a slash behind it where there is a body; what was
 * not reached is empty. NULL: the first that will do. */
static inline const char *try_key(world *w, const char *key)
{
    ds_try_in in = {.route = w->config->routes[0],
                    .unit = "all",
                    .key = key,
                    .clock = &w->clock.base,
                    .stop = &w->stop};
    ds_err err = DS_ERR_INIT;

    tried.w = w;
    tried.text = NULL;
    if (!ds_pass_try(&in, show_tried, NULL, &err))
        return ds_arena_printf(w->arena, "error: %s", err.text);
    return tried.text;
}

#endif
