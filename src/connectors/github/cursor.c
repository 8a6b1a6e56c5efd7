/* src/connectors/github/cursor.c */
#include "connectors/github/cursor.h"
#include "connectors/github/api.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define REST "rest "
#define GRAPHQL "graphql "

void ds_github_grow(ds_github_place *place)
{
    if (place->n >= DS_GITHUB_BATCH_MOST || ++place->good < 2)
        return;
    place->good = 0;
    place->n = DS_MIN(place->n + (place->n + 1) / 2, DS_GITHUB_BATCH_MOST);
}

bool ds_github_shrink(ds_github_place *place)
{
    if (place->n <= DS_GITHUB_BATCH_LEAST)
        return false;
    place->good = 0;
    place->n = DS_MAX(place->n / 2, DS_GITHUB_BATCH_LEAST);
    return true;
}

const char *ds_github_place_text(const ds_github_place *place, ds_arena *a)
{
    return ds_arena_printf(a, GRAPHQL "%" PRId64 " %" PRId64 " %s", place->n, place->good,
                           place->after ? place->after : "");
}

/* A number of one or two digits with a blank behind it. */
static bool take_number(const char **at, int64_t *out)
{
    size_t n = strspn(*at, "0123456789");

    if (n < 1 || n > 2 || (*at)[n] != ' ')
        return false;
    *out = strtol(*at, NULL, 10);
    *at += n + 1;
    return true;
}

bool ds_github_place_read(const char *text, ds_github_place *out)
{
    const char *at = text + strlen(GRAPHQL);

    if (strncmp(text, GRAPHQL, strlen(GRAPHQL)) != 0 || !take_number(&at, &out->n) ||
        !take_number(&at, &out->good))
        return false;
    out->after = *at ? at : NULL;
    return out->after && out->n >= 1 && out->n <= DS_GITHUB_BATCH_MOST;
}

const char *ds_github_next_of(const ds_github *gh, const char *cursor)
{
    const char *url = cursor + strlen(REST);

    if (strncmp(cursor, REST, strlen(REST)) != 0 || !ds_github_is_ours(gh, url))
        return NULL;
    return url;
}

const char *ds_github_next_text(const char *url, ds_arena *a)
{
    return url ? ds_arena_printf(a, REST "%s", url) : NULL;
}
