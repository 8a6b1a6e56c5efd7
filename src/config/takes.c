/* src/config/takes.c - in a few words, what a key of the tables takes: for people. */
#include "base/text.h"
#include "config/tables.h"

#include <string.h>

const char *ds_choices_text(const char *choices, ds_arena *a)
{
    const char *list = "";

    for (const char *at = choices; *at;) {
        size_t n = strcspn(at, "|");
        bool last = !at[n];

        list = ds_arena_printf(a, "%s%s%.*s", list,
                               at == choices ? ""
                               : last        ? " or "
                                             : ", ",
                               (int)n, at);
        at += n + !last;
    }
    return list;
}

static const char *duration_takes(int64_t min, int64_t max, ds_arena *a)
{
    if (!min && !max)
        return "a duration: 90s, 15m, 12h, 1d";
    return ds_arena_printf(a, "a duration from %s to %s", ds_duration_text(a, min),
                           ds_duration_text(a, max));
}

static const char *shape_takes(const ds_shape *shape, ds_arena *a)
{
    if (shape->takes)
        return shape->takes;
    return shape->choices ? ds_choices_text(shape->choices, a) : "text";
}

const char *ds_key_takes(const ds_key *key, ds_arena *a)
{
    switch (key->type) {
    case DS_KEY_MEMBER:
    case DS_KEY_TEXT:
        return key->shape ? shape_takes(key->shape, a) : "text";
    case DS_KEY_DURATION:
        return duration_takes(key->min, key->max, a);
    case DS_KEY_CHOICE:
        return ds_choices_text(key->choices, a);
    }
    return ""; /* GCOVR_EXCL_LINE the switch has every type, and the compiler sees to that */
}

const char *ds_option_takes(const ds_option *option, ds_arena *a)
{
    switch (option->type) {
    case DS_OPTION_TEXT:
        return "text";
    case DS_OPTION_PATH:
        return "a path";
    case DS_OPTION_SECRET:
        return "a secret, best as ${NAME} or ${file:PATH}";
    case DS_OPTION_INT:
        if (!option->min && !option->max)
            return "a whole number";
        return ds_arena_printf(a, "a whole number from %lld to %lld", (long long)option->min,
                               (long long)option->max);
    case DS_OPTION_BOOL:
        return "true or false";
    case DS_OPTION_DURATION:
        return duration_takes(option->min, option->max, a);
    case DS_OPTION_CHOICE:
        return ds_choices_text(option->choices, a);
    case DS_OPTION_LIST:
        return "a list of texts";
    }
    return ""; /* GCOVR_EXCL_LINE the switch has every type, and the compiler sees to that */
}
