/* tests/fuzz/fuzz_rows.c
 *
 * A list of rows inside a JSON document as a source: where the whole document is sound, its rows
 * are those that reading it at once gives; however the pages are cut.
 *
 * Input: one byte (records of a small page), a line (`items`; empty: not set), then the document.
 */
#include "fuzz/pages.h"

#include "base/text.h"
#include "connectors/file/file.h"

#include <string.h>

/* The member of that name where it is named once; else which one is meant is open. */
static const ds_json *only_member(const ds_json *object, const char *name)
{
    ds_json_iter it = ds_json_iterate(object);
    const ds_json *value, *found = NULL;

    if (!it.object)
        return NULL;
    while ((value = ds_json_next(&it)) != NULL) {
        if (strcmp(it.name, name) != 0)
            continue;
        if (found)
            return NULL;
        found = value;
    }
    return found;
}

/* The list that `items` leads to; NULL: it does not, or it is open whether it does. */
static const ds_json *list_at(const ds_json *doc, const char *items, ds_arena *a)
{
    if (items && *items != '/') {
        doc = *items ? only_member(doc, items) : doc;
        items = NULL;
    }
    while (doc && items && *items) {
        size_t n = strcspn(items + 1, "/");
        const char *step = ds_arena_strndup(a, items, n + 1);
        const char *name = fuzz_fill(a, fuzz_fill(a, step + 1, "~1", "/"), "~0", "~");

        doc = ds_json_kind_of(doc) == DS_JSON_OBJECT ? only_member(doc, name)
                                                     : ds_json_pointer(doc, step);
        items += n + 1;
    }
    return ds_json_kind_of(doc) == DS_JSON_LIST ? doc : NULL;
}

static void must_be_rows(const fuzz_read *all, const ds_json *list, ds_arena *a)
{
    size_t i = 0;

    fuzz_must(all->whole, "%s", all->err.text);
    fuzz_must(all->n == ds_json_size(list), "%zu records of %zu", all->n, ds_json_size(list));
    DS_JSON_EACH (list, row) {
        const ds_record *rec = all->records[i++];
        ds_record same = {.arena = a, .primary_key = rec->primary_key, .place = rec->place};

        if (ds_json_kind_of(row) != DS_JSON_OBJECT) {
            fuzz_must(rec->hold, "no object, and not held: %s", fuzz_show(rec, a));
            continue;
        }
        if (rec->hold)
            continue; /* its key is no text */
        ds_record_set_json(&same, row);
        fuzz_must(strcmp(fuzz_show(rec, a), fuzz_show(&same, a)) == 0, "%s", fuzz_show(rec, a));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    fuzz_input in = {(const char *)data, n};
    size_t small = fuzz_byte(&in) % 7 + 1;
    size_t line_n;
    const char *line = fuzz_piece(&in, "\n", a, &line_n);
    const char *items = line_n ? ds_utf8_repair(a, line, &line_n) : NULL; /* as settings are */
    const char *path = fuzz_path(a, "a.json");
    fuzz_source from = {&ds_file_source, {{"path", path}, {"key", "id"}, {"items", items}}};
    ds_err err = DS_ERR_INIT;
    const ds_json *doc = ds_json_read(a, in.left ? in.at : "", in.left, &err), *list;
    fuzz_read all;

    fuzz_put(path, in.at, in.left);
    all = fuzz_every_way(&from, small, a);
    list = list_at(doc, items, a);
    if (list)
        must_be_rows(&all, list, a);
    return 0;
}
