/* tests/fuzz/fuzz_notionread.c
 *
 * What Notion, or somebody who says he is it, may answer: properties become values that the core
 * can take, blocks become text, a stored place reads back as it was.
 *
 * Input: a byte (what it is), then JSON.
 */
#include "fuzz/fuzz.h"

#include "base/text.h"
#include "connectors/notion/body.h"
#include "connectors/notion/notion.h"
#include "connectors/notion/stand.h"

#include <string.h>

static void property_holds(const ds_json *json, ds_arena *a)
{
    static const char *const parts[] = {"end", "name", "person.email", "0.plain_text", ""};

    fuzz_value(ds_notion_value(json, a));
    (void)ds_notion_is_cut(json);
    for (size_t i = 0; i < DS_COUNT(parts); i++)
        fuzz_value(ds_notion_part(json, parts[i], a));
}

/* Blocks with what is within them beside them, as `children` of their content. */
static ds_notion_body_blocks tree_of(const ds_json *list, int depth, ds_arena *a)
{
    ds_notion_body_blocks blocks = {0};

    ds_notion_body_add(&blocks, list, a);
    for (size_t i = 0; i < blocks.n; i++) {
        const ds_json *json = blocks.items[i].json;
        const char *type = ds_json_text(json, "type");
        const ds_json *below = type ? ds_json_get(ds_json_get(json, type), "children") : NULL;

        (void)ds_notion_body_has_below(json);
        if (below && depth < DS_NOTION_BODY_DEPTH)
            blocks.items[i].below = tree_of(below, depth + 1, a);
    }
    return blocks;
}

static void blocks_hold(const ds_json *json, ds_arena *a)
{
    ds_notion_body_blocks blocks = tree_of(json, 1, a);
    DS_AUTO_BUF(out, DS_MIB);
    DS_AUTO_BUF(again, DS_MIB);

    ds_notion_body_text(&blocks, a, &out);
    ds_notion_body_text(&blocks, a, &again);
    fuzz_must(out.overflow == again.overflow, "another end");
    if (out.overflow)
        return;
    fuzz_must(out.n == again.n && (!out.n || memcmp(out.data, again.data, out.n) == 0),
              "the same blocks, another text");
    fuzz_must(!out.n || (out.data[out.n - 1] == '\n' && ds_utf8_ok(out.data, out.n)), "%s",
              out.data);
}

static void place_holds(const char *text, ds_arena *a)
{
    ds_notion_stand stand, again;
    DS_AUTO_BUF(query, 4 * DS_MIB);
    ds_err err = DS_ERR_INIT;
    const char *written;

    if (!ds_notion_stand_read(text, a, &stand))
        return;
    written = ds_notion_stand_text(&stand, a);
    fuzz_must(ds_notion_stand_read(written, a, &again), "%s", written);
    fuzz_must(strcmp(written, ds_notion_stand_text(&again, a)) == 0, "%s", written);
    ds_notion_stand_query(&stand, 100, &query);
    fuzz_must(ds_json_read(a, query.data, query.n, &err), "%s", query.data);
    (void)ds_notion_stand_pass(&stand, "id", "then", "before", a);
    (void)ds_notion_stand_on(&stand, NULL, true);
    (void)ds_notion_stand_again(&stand);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    fuzz_input in = {(const char *)data, n};
    unsigned what = fuzz_byte(&in) % 3;
    ds_err err = DS_ERR_INIT;
    size_t len;
    char *text = fuzz_rest(&in, a, &len);
    const ds_json *json = ds_json_read(a, text, len, &err);

    if (what == 2)
        place_holds(text, a);
    else if (json && what == 1)
        blocks_hold(json, a);
    else if (json)
        property_holds(json, a);
    return 0;
}
