/* tests/fuzz/fuzz_toml.c - a profile that others wrote: read within its limits, or refused with its
 * line and none of its text. */
#include "fuzz/fuzz.h"

#include "base/text.h"
#include "config/toml.h"
#include <string.h>

static void check_item(const ds_toml_item *item)
{
    fuzz_must(item->path_n >= 1 && item->path_n <= DS_TOML_DEPTH_MAX, "%zu", item->path_n);
    fuzz_must(item->line >= 1, "%d", item->line);
    fuzz_must(ds_utf8_ok(item->text, strlen(item->text)), "%s", item->text);
    for (size_t i = 0; i < item->path_n; i++)
        fuzz_must(ds_utf8_ok(item->path[i], strlen(item->path[i])), "%s", item->path[i]);
    if (item->kind == DS_TOML_TRUTH)
        fuzz_must(!strcmp(item->text, "true") || !strcmp(item->text, "false"), "%s", item->text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    ds_toml doc;
    ds_err err;

    if (!ds_toml_read((const char *)data, n, a, &doc, &err)) {
        fuzz_error(&err);
        fuzz_must(strstr(err.text, "line ") == err.text || strstr(err.text, "UTF-8"), "%s",
                  err.text);
    }
    for (size_t i = 0; i < doc.n; i++)
        check_item(&doc.items[i]);
    ds_toml_wipe(&doc);
    return 0;
}
