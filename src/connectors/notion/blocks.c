/* src/connectors/notion/blocks.c - blocks in a row, and the requests they travel in. */
#include "connectors/notion/blocks.h"

#include <string.h>

#define GROUP_BLOCKS ((size_t)500) /* of one block with all that lies in it */
#define GROUP_BYTES ((size_t)200000)
#define PAYLOAD_BLOCKS ((size_t)1000)
#define AROUND ((size_t)20) /* bytes of braces and "children" around a block */

/* The depth that it can have, wished for `depth`. */
static unsigned possible_depth(const ds_notion_blocks *b, unsigned depth, size_t open_n,
                               unsigned blocks)
{
    depth = DS_MIN(depth, DS_NOTION_DEPTHS - 1);
    if (!b->n || b->group_blocks + blocks > GROUP_BLOCKS || b->group_bytes + open_n > GROUP_BYTES)
        return 0;
    while (depth && (!b->nests[depth - 1] || b->children[depth - 1] >= DS_NOTION_LIST_MAX))
        depth--;
    return depth;
}

void ds_notion_blocks_add(ds_notion_blocks *b, const char *open, size_t open_n, unsigned depth,
                          unsigned blocks, bool nests)
{
    depth = possible_depth(b, depth, open_n, blocks);
    if (b->n == b->cap) {
        size_t cap = b->cap ? b->cap * 2 : 32;

        b->at = ds_arena_grow(b->arena, b->at, b->cap * sizeof(*b->at), cap * sizeof(*b->at));
        b->cap = cap;
    }
    if (!depth)
        b->group_blocks = b->group_bytes = 0;
    else
        b->children[depth - 1]++;
    b->group_blocks += blocks;
    b->group_bytes += open_n + AROUND;
    for (unsigned d = depth; d < DS_NOTION_DEPTHS; d++) {
        b->nests[d] = nests && d == depth;
        b->children[d] = 0;
    }
    b->at[b->n++] = (ds_notion_block){open, open_n, depth, blocks, nests};
}

/* Where the block's own end: the next one that does not lie in it. */
static size_t end_of(const ds_notion_blocks *b, size_t at)
{
    unsigned depth = b->at[at].depth;

    for (at++; at < b->n && b->at[at].depth > depth;)
        at++;
    return at;
}

static void write_one(const ds_notion_blocks *b, size_t at, ds_buf *out)
{
    size_t end = end_of(b, at);
    bool first = true;

    ds_buf_char(out, '{');
    ds_buf_add(out, b->at[at].open, b->at[at].open_n);
    if (end > at + 1)
        ds_buf_text(out, ",\"children\":[");
    for (size_t i = at + 1; i < end; i = end_of(b, i)) {
        if (!first)
            ds_buf_char(out, ',');
        first = false;
        write_one(b, i, out); /* DS_NOTION_DEPTHS at most */
    }
    if (end > at + 1)
        ds_buf_char(out, ']');
    ds_buf_text(out, "}}");
}

static size_t bytes_of(const ds_notion_blocks *b, size_t at, size_t end, size_t *blocks)
{
    size_t bytes = 0;

    *blocks = 0;
    for (size_t i = at; i < end; i++) {
        bytes += b->at[i].open_n + AROUND;
        *blocks += b->at[i].blocks;
    }
    return bytes;
}

const char *ds_notion_blocks_next(const ds_notion_blocks *b, size_t *from, size_t room, ds_arena *a,
                                  size_t *n, size_t *top)
{
    DS_AUTO_BUF(out, DS_MIB);
    size_t blocks = 0, bytes = 2;

    *top = 0;
    ds_buf_char(&out, '[');
    while (*from < b->n && *top < DS_NOTION_LIST_MAX) {
        size_t end = end_of(b, *from), its_blocks, its_bytes;

        its_bytes = bytes_of(b, *from, end, &its_blocks);
        if (bytes + its_bytes > room || blocks + its_blocks > PAYLOAD_BLOCKS)
            break;
        if (*top)
            ds_buf_char(&out, ',');
        write_one(b, *from, &out);
        bytes += its_bytes;
        blocks += its_blocks;
        *from = end;
        ++*top;
    }
    ds_buf_char(&out, ']');
    *n = out.n;
    return *top ? ds_arena_strndup(a, out.data, out.n) : NULL;
}
