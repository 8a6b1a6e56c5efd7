/* src/connectors/sqlite/guess.h - which of the names that exist was probably meant. */
#ifndef DS_CONNECTORS_SQLITE_GUESS_H
#define DS_CONNECTORS_SQLITE_GUESS_H

#include <durable_sync/base.h>

typedef struct ds_guess {
    const char *wanted;
    const char *best; /* borrowed from ds_guess_try; NULL: none is near */
    size_t distance;
} ds_guess;

ds_guess ds_guess_for(const char *wanted);
void ds_guess_try(ds_guess *guess, const char *candidate);
const char *ds_guess_text(const ds_guess *guess, ds_arena *a); /* `; did you mean "x"?` or "" */

#endif
