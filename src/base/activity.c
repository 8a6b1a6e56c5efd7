/* src/base/activity.c - what connectors may ask of the pass that called them. */
#include "base/activity.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>

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

static bool lease_is_over(const ds_activity *act)
{
    return act->lease_us && act->clock->mono_us(act->clock) >= atomic_load(act->lease_us);
}

int64_t ds_activity_lease_ms(ds_activity *act)
{
    int64_t left_us;

    if (!act->lease_us)
        return INT64_MAX;
    left_us = atomic_load(act->lease_us) - act->clock->mono_us(act->clock);
    return left_us > 0 ? (left_us + 999) / 1000 : 0;
}

size_t ds_activity_wake_fds(ds_activity *act, int *out)
{
    const atomic_bool *flags[DS_WAKE_FDS] = {act->stop, act->left};
    const ds_bell *bells[DS_WAKE_FDS] = {act->stop_bell, act->left_bell};
    size_t n = 0;

    for (size_t i = 0; i < DS_WAKE_FDS; i++) {
        if (!flags[i])
            continue;
        if (!bells[i] || bells[i]->fd < 0)
            return 0; /* one that is not heard of: who waits has to look up for it */
        out[n++] = bells[i]->fd;
    }
    return n;
}

bool ds_activity_stopping(ds_activity *act)
{
    return is_set(act->stop) || is_set(act->left) || lease_is_over(act);
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

void ds_activity_count(ds_activity *act, const char *endpoint)
{
    act->calls++;
    if (act->asked)
        atomic_fetch_add_explicit(act->asked, 1, memory_order_relaxed);
    endpoint = endpoint ? endpoint : "-";
    for (size_t i = 0; i < DS_ENDPOINTS_COUNTED; i++) {
        ds_endpoint_calls *at = &act->endpoints[i];

        if (!at->endpoint)
            at->endpoint = endpoint;
        if (strcmp(at->endpoint, endpoint) == 0) {
            at->n++;
            return;
        }
    }
}

void ds_activity_limited(ds_activity *act, int64_t until_ms)
{
    if (act->limited_ms)
        atomic_store_explicit(act->limited_ms, until_ms, memory_order_relaxed);
}

void ds_activity_log_calls(const ds_activity *act, const char *side)
{
    char n[24];

    for (size_t i = 0; i < DS_ENDPOINTS_COUNTED && act->endpoints[i].endpoint; i++) {
        snprintf(n, sizeof(n), "%lld", (long long)act->endpoints[i].n);
        ds_log(DS_LOG_DEBUG, "calls", "route", act->route, "unit", act->unit, "side", side,
               "endpoint", act->endpoints[i].endpoint, DS_LOG_INT("n"), n, NULL);
    }
}

const char *ds_activity_route(ds_activity *act)
{
    return act->route ? act->route : "-";
}

ds_haste ds_activity_haste(ds_activity *act)
{
    return act->haste;
}

const char *const *ds_activity_wanted(ds_activity *act, size_t *n)
{
    *n = act->wanted ? act->wanted_n : 0;
    return act->wanted;
}

/* ---- the small memory ------------------------------------------------------------------------ */

static const char *recall(ds_activity *act, bool shared, const char *key)
{
    if (!act->memory || strlen(key) > DS_KEEP_KEY_MAX)
        return NULL;
    return act->memory->recall(act->memory, shared, key, act->arena);
}

static void keep(ds_activity *act, bool shared, const char *key, const char *value)
{
    if (!act->memory || strlen(key) > DS_KEEP_KEY_MAX)
        return;
    if (value && strlen(value) > DS_KEEP_VALUE_MAX)
        value = NULL; /* what was known before is no longer true */
    act->memory->keep(act->memory, shared, key, value);
}

const char *ds_activity_recall(ds_activity *act, const char *key)
{
    return recall(act, false, key);
}

void ds_activity_keep(ds_activity *act, const char *key, const char *value)
{
    keep(act, false, key, value);
}

const char *ds_activity_recall_shared(ds_activity *act, const char *key)
{
    return recall(act, true, key);
}

void ds_activity_keep_shared(ds_activity *act, const char *key, const char *value)
{
    keep(act, true, key, value);
}
