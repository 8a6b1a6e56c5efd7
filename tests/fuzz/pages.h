/* tests/fuzz/pages.h
 *
 * A source read page by page, as the core does it: each page may be the last that this process
 * reads, and a fresh instance goes on from the cursor.  However the pages are cut, the records and
 * the end are the same.
 */
#ifndef TESTS_FUZZ_PAGES_H
#define TESTS_FUZZ_PAGES_H

#include "fuzz/fuzz.h"
#include <durable_sync/source.h>

typedef struct fuzz_source {
    const ds_source_ops *ops;
    const char *settings[6][2]; /* name, value; up to a name of NULL. A value of NULL: not set */
} fuzz_source;

typedef struct fuzz_read {
    const ds_record *const *records;
    size_t n;
    size_t pages;
    bool whole; /* came to its end; else `err` says why not */
    ds_err err;
} fuzz_read;

typedef struct fuzz_how {
    const char *cursor; /* to begin with; NULL: the beginning */
    size_t limit;       /* of a page */
    bool fresh;         /* another instance for each page */
    const char *const *items;
    size_t items_n;
} fuzz_how;

ds_source *fuzz_source_new(const fuzz_source *from);
void fuzz_source_free(ds_source *source);
/* All pages, with the records in `a`; each is looked at. */
fuzz_read fuzz_pages(const fuzz_source *from, const fuzz_how *how, ds_arena *a);
/* Both say the same. */
void fuzz_same(const fuzz_read *one, const fuzz_read *other, ds_arena *a);
/* In one go, in small pages, and in pages each of another instance: the first of them. */
fuzz_read fuzz_every_way(const fuzz_source *from, size_t small, ds_arena *a);

#endif
