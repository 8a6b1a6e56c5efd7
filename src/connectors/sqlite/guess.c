/* src/connectors/sqlite/guess.c - the name that takes the fewest changes, if it takes few. */
#include "connectors/sqlite/guess.h"

#include <ctype.h>
#include <string.h>

enum { NAME_MOST = 64 }; /* longer names are not typed by hand */

ds_guess ds_guess_for(const char *wanted)
{
    /* A third of the letters may differ, one in a short name. */
    return (ds_guess){.wanted = wanted, .distance = DS_MAX(strlen(wanted) / 3, (size_t)1) + 1};
}

/* Letters to insert, drop or change, case aside: one row of the table at a time. */
static size_t changes_between(const char *a, const char *b)
{
    size_t row[NAME_MOST + 1], n = strlen(b);

    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t corner = row[0];

        row[0] = i + 1;
        for (size_t j = 0; j < n; j++) {
            bool same = tolower((unsigned char)a[i]) == tolower((unsigned char)b[j]);
            size_t changed = corner + !same;

            corner = row[j + 1];
            row[j + 1] = DS_MIN(changed, DS_MIN(row[j], corner) + 1);
        }
    }
    return row[n];
}

void ds_guess_try(ds_guess *guess, const char *candidate)
{
    size_t distance;

    if (strlen(candidate) > NAME_MOST || strlen(guess->wanted) > NAME_MOST)
        return;
    distance = changes_between(guess->wanted, candidate);
    if (distance >= guess->distance)
        return;
    guess->distance = distance;
    guess->best = candidate;
}

const char *ds_guess_text(const ds_guess *guess, ds_arena *a)
{
    return guess->best ? ds_arena_printf(a, "; did you mean \"%s\"?", guess->best) : "";
}
