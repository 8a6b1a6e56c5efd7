/* src/store/names.c - enumerations as the words that are stored. */
#include "store/names.h"

#include <string.h>

static const char *const kinds[] = {
    [DS_PASS_FULL] = "full",
    [DS_PASS_CHANGES] = "changes",
    [DS_PASS_TARGETED] = "targeted",
};

static const char *const outcomes[] = {
    [DS_PASS_DONE] = "done",         [DS_PASS_PARTIAL] = "partial",
    [DS_PASS_FAILED] = "failed",     [DS_PASS_PAUSED] = "paused",
    [DS_PASS_WAITING] = "waiting",   [DS_PASS_CANCELLED] = "cancelled",
    [DS_PASS_APPROVAL] = "approval", [DS_PASS_SLICED] = "sliced",
};

static const char *const events[] = {
    [DS_EV_ENSURE] = "ensure",
    [DS_EV_GONE] = "gone",
    [DS_EV_SYNC_NOW] = "sync_now",
    [DS_EV_TIMER] = "timer",
    [DS_EV_PAUSE] = "pause",
    [DS_EV_RESUME] = "resume",
    [DS_EV_SET_INTERVAL] = "set_interval",
    [DS_EV_APPROVE] = "approve",
    [DS_EV_PASS_ENDED] = "pass_ended",
};

static size_t find(const char *const *words, size_t n, const char *word, size_t other)
{
    for (size_t i = 0; word && i < n; i++) {
        if (strcmp(words[i], word) == 0)
            return i;
    }
    return other;
}

const char *ds_kind_word(ds_pass_kind kind)
{
    return kinds[kind];
}

ds_pass_kind ds_kind_of_word(const char *word)
{
    return (ds_pass_kind)find(kinds, DS_COUNT(kinds), word, DS_PASS_FULL);
}

const char *ds_outcome_word(ds_pass_outcome outcome)
{
    return outcomes[outcome];
}

ds_pass_outcome ds_outcome_of_word(const char *word)
{
    return (ds_pass_outcome)find(outcomes, DS_COUNT(outcomes), word, DS_PASS_FAILED);
}

const char *ds_event_word(ds_event_type type)
{
    return events[type];
}

bool ds_event_of_word(const char *word, ds_event_type *out)
{
    size_t at = find(events, DS_COUNT(events), word, DS_COUNT(events));

    *out = at < DS_COUNT(events) ? (ds_event_type)at : DS_EV_SYNC_NOW;
    return at < DS_COUNT(events);
}
