/* tests/integration/script.h
 *
 * A source whose pages a test writes down, with all that a page may say and the memory tables do
 * not: that it starts over, bodies, records that have no place.
 */
#ifndef TESTS_INTEGRATION_SCRIPT_H
#define TESTS_INTEGRATION_SCRIPT_H

#include "tests/integration/memory_world.h"

#define FROM_SCRIPT "    source: {kind: script}\n"

typedef struct scripted { /* a record */
    const char *key, *name, *body;
    const char *hold; /* it cannot be read */
} scripted;

typedef struct script_page {
    scripted records[3]; /* up to the first one without a name */
    bool restart, fails;
} script_page;

/* What the next passes read. */
static struct {
    const script_page *pages;
    size_t n;
    bool refuses; /* to be opened */
} script;

#define SCRIPT(...)                                                                                \
    do {                                                                                           \
        static const script_page pages_[] = {__VA_ARGS__};                                         \
        script.pages = pages_;                                                                     \
        script.n = DS_COUNT(pages_);                                                               \
    } while (0)

static inline void script_record(const scripted *from, ds_page *page)
{
    ds_record *rec = ds_page_add(page);

    rec->primary_key = from->key;
    rec->body = from->body;
    rec->hold = from->hold;
    ds_record_set(rec, "name", ds_text(from->name));
}

static inline bool script_fetch(ds_source *self, ds_activity *act, const ds_fetch *want,
                                ds_page *page, ds_err *err)
{
    size_t at = want->cursor ? strtoul(want->cursor, NULL, 10) : 0;
    const script_page *now = &script.pages[at];

    (void)self, (void)act;
    if (now->fails)
        return ds_fail(err, DS_ERR_TRANSIENT, "page %zu fails", at);
    for (size_t i = 0; i < DS_COUNT(now->records) && now->records[i].name; i++)
        script_record(&now->records[i], page);
    page->restart = now->restart;
    page->next_cursor = at + 1 < script.n ? ds_arena_printf(page->arena, "%zu", at + 1) : NULL;
    return true;
}

static inline bool script_open(ds_source *self, ds_activity *act, ds_err *err)
{
    (void)self, (void)act;
    return !script.refuses || ds_fail(err, DS_ERR_AUTH, "the door is shut");
}

static inline bool script_units(ds_source *self, ds_activity *act, ds_units *units, ds_err *err)
{
    return ds_one_unit(self, act, units, err);
}

static const ds_option script_options[] = {DS_OPT_END};

static const ds_source_ops script_source = {.kind = "script",
                                            .help = "pages as a test has written them down",
                                            .abi = DS_CONNECTOR_ABI,
                                            .options = script_options,
                                            .instance_size = sizeof(ds_source),
                                            .units = script_units,
                                            .fetch_page = script_fetch,
                                            .open = script_open};

#endif
