/* src/base/activity.c - what connectors may ask of the pass that called them. */
#include "base/activity.h"
#include "base/log.h"

#include <stdio.h>

ds_arena *ds_activity_arena(ds_activity *act)
{
    return act->arena;
}

int64_t ds_activity_now_ms(ds_activity *act)
{
    return act->clock->now_ms(act->clock);
}

static bool is_set(const atomic_bool *flag)
{
    return flag && atomic_load_explicit(flag, memory_order_relaxed);
}

bool ds_activity_stopping(ds_activity *act)
{
    return is_set(act->stop) || is_set(act->left);
}

void ds_activity_warn(ds_activity *act, const char *fmt, ...)
{
    char text[1024];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    ds_log(DS_LOG_WARN, "connector_warning", "route", act->route, "unit", act->unit, "text", text,
           NULL);
}
