/* tests/fuzz/fuzz_notionbody.c
 *
 * Any text as the body of a page: it becomes blocks, in requests that are JSON and that keep the
 * limits of Notion, and none of the blocks is left out.
 */
#include "fuzz/fuzz.h"

#include "connectors/notion/blocks.h"

#include <string.h>

static void list_fits(const ds_json *list, int depth)
{
    fuzz_must(depth < 3 && ds_json_size(list) <= DS_NOTION_LIST_MAX, "%zu blocks at depth %d",
              ds_json_size(list), depth);
    DS_JSON_EACH (list, block) {
        ds_json_iter it = ds_json_iterate(block);
        const ds_json *content = ds_json_next(&it);

        fuzz_must(ds_json_size(block) == 1, "a block of %zu members", ds_json_size(block));
        DS_JSON_EACH (ds_json_get(content, "rich_text"), run) {
            const char *text = ds_json_text(ds_json_get(run, "text"), "content");

            fuzz_must(text && ds_notion_units(text, strlen(text)) <= DS_NOTION_RUN_UNITS,
                      "a run is too long");
        }
        if (ds_json_get(content, "children"))
            list_fits(ds_json_get(content, "children"), depth + 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    fuzz_input in = {(const char *)data, n};
    size_t raw_n, text_n, from = 0, bytes, top;
    const char *raw = fuzz_rest(&in, a, &raw_n), *json;
    ds_notion_blocks blocks;
    ds_err err = DS_ERR_INIT;

    text_n = strlen(raw);
    raw = ds_utf8_repair(a, raw, &text_n);
    ds_notion_markdown(raw, text_n, a, &blocks);
    while ((json = ds_notion_blocks_next(&blocks, &from, DS_NOTION_ROOM, a, &bytes, &top))) {
        const ds_json *list = ds_json_read(a, json, bytes, &err);

        fuzz_must(list && ds_json_size(list) == top, "%s: %.200s", err.text, json);
        list_fits(list, 0);
    }
    fuzz_must(from == blocks.n, "%zu of %zu blocks", from, blocks.n);
    return 0;
}
