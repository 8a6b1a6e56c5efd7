/* tests/fuzz/pages.c - see pages.h. */
#include "fuzz/pages.h"

#include <stdlib.h>
#include <string.h>

#define PAGES_MOST ((size_t)100000) /* more of them: it goes round in circles */

ds_source *fuzz_source_new(const fuzz_source *from)
{
    ds_source *source = ds_calloc(1, from->ops->instance_size);

    source->ops = from->ops;
    source->route = "r";
    for (size_t i = 0; from->settings[i][0]; i++) {
        const char *value = from->settings[i][1];

        for (const ds_option *o = from->ops->options; value && o->name; o++) {
            if (strcmp(o->name, from->settings[i][0]) == 0)
                memcpy((char *)source + o->offset, &value, sizeof(value));
        }
    }
    return source;
}

void fuzz_source_free(ds_source *source)
{
    if (source && source->ops->close)
        source->ops->close(source);
    free(source);
}

static bool open_source(ds_source *source, ds_activity *act, ds_err *err)
{
    return (!source->ops->validate || source->ops->validate(source, err)) &&
           (!source->ops->open || source->ops->open(source, act, err));
}

static void take_page(fuzz_read *read, const ds_page *page, ds_arena *a)
{
    const ds_record **all = (const ds_record **)(uintptr_t)read->records;

    fuzz_must(page->restart == false || read->n == 0, "starts over though nothing has changed");
    all = ds_arena_grow(a, all, read->n * sizeof(*all), (read->n + page->records_n) * sizeof(*all));
    for (size_t i = 0; i < page->records_n; i++) {
        fuzz_record(&page->records[i], a);
        all[read->n++] = &page->records[i];
    }
    read->records = all;
    read->pages++;
    fuzz_must(read->pages < PAGES_MOST, "%zu pages and no end", read->pages);
}

fuzz_read fuzz_pages(const fuzz_source *from, const fuzz_how *how, ds_arena *a)
{
    fuzz_read read = {.err = DS_ERR_INIT};
    ds_activity act = fuzz_activity(a);
    ds_fetch want = {.unit = "all",
                     .cursor = how->cursor,
                     .items = how->items,
                     .items_n = how->items_n,
                     .since_ms = -1,
                     .limit = how->limit};
    ds_source *source = fuzz_source_new(from);
    bool ok = open_source(source, &act, &read.err);

    while (ok && !read.whole) {
        ds_page *page = ds_new_in(a, ds_page);

        ds_page_init(page, a);
        ok = from->ops->fetch_page(source, &act, &want, page, &read.err);
        if (!ok)
            break;
        take_page(&read, page, a);
        want.cursor = page->next_cursor;
        read.whole = !want.cursor;
        if (how->fresh && want.cursor) {
            fuzz_source_free(source);
            source = fuzz_source_new(from);
            ok = open_source(source, &act, &read.err);
        }
    }
    if (!ok)
        fuzz_error(&read.err);
    fuzz_source_free(source);
    return read;
}

void fuzz_same(const fuzz_read *one, const fuzz_read *other, ds_arena *a)
{
    for (size_t i = 0; i < DS_MIN(one->n, other->n); i++)
        fuzz_must(strcmp(fuzz_show(one->records[i], a), fuzz_show(other->records[i], a)) == 0,
                  "record %zu: %s\n%s", i, fuzz_show(one->records[i], a),
                  fuzz_show(other->records[i], a));
    fuzz_must(one->n == other->n, "%zu records (%s), %zu records (%s)", one->n, one->err.text,
              other->n, other->err.text);
    fuzz_must(one->whole == other->whole, "%s, %s", one->err.text, other->err.text);
    fuzz_must(one->whole ||
                  (one->err.kind == other->err.kind && strcmp(one->err.text, other->err.text) == 0),
              "%s\n%s", one->err.text, other->err.text);
}

fuzz_read fuzz_every_way(const fuzz_source *from, size_t small, ds_arena *a)
{
    fuzz_read all = fuzz_pages(from, &(fuzz_how){.limit = 100000}, a);
    size_t limit = DS_MAX(small, all.n / 64); /* opening anew is not free */
    fuzz_read paged = fuzz_pages(from, &(fuzz_how){.limit = limit}, a);
    fuzz_read anew = fuzz_pages(from, &(fuzz_how){.limit = limit, .fresh = true}, a);

    fuzz_same(&all, &paged, a);
    fuzz_same(&all, &anew, a);
    return all;
}
