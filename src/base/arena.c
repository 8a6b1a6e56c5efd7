/* src/base/arena.c
 *
 * Blocks chained newest first, a pointer that moves through the newest one.  After a reset the next
 * round gets one block as large as the last round was, so that page after page in the same arena
 * asks the system for nothing.
 */
#include <durable_sync/base.h>

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIGN ((size_t)16)
#define FIRST_BLOCK (16 * DS_KIB)
#define BLOCK_MOST DS_MIB
#define KEEP_MOST (4 * DS_MIB) /* a reset gives more than this back to the system */

typedef struct block {
    struct block *older;
    size_t size; /* usable bytes behind this head */
    alignas(16) char bytes[];
} block;

struct ds_arena {
    block *newest;
    size_t used; /* of the newest block */
    size_t held; /* of all blocks */
    size_t want; /* size of the next first block: what the last round needed */
    bool hidden;
};

void ds_out_of_memory(size_t n)
{
    fprintf(stderr,
            "durable-sync: out of memory (%zu bytes); the next start goes on from the last "
            "checkpoint\n",
            n);
    abort();
}

void *ds_calloc(size_t n, size_t size)
{
    void *made = calloc(n ? n : 1, size ? size : 1);

    if (!made)
        ds_out_of_memory(size && n > SIZE_MAX / size ? SIZE_MAX : n * size);
    return made;
}

void *ds_realloc(void *block_, size_t n, size_t size)
{
    size_t bytes = n * size;
    void *grown = n && size > SIZE_MAX / n ? NULL : realloc(block_, bytes ? bytes : 1);

    if (!grown)
        ds_out_of_memory(n && size > SIZE_MAX / n ? SIZE_MAX : bytes);
    return grown;
}

char *ds_strdup(const char *text)
{
    size_t n = strlen(text) + 1;

    return memcpy(ds_realloc(NULL, n, 1), text, n);
}

ds_arena *ds_arena_new(void)
{
    return ds_calloc(1, sizeof(ds_arena));
}

ds_arena *ds_arena_new_hidden(void)
{
    ds_arena *a = ds_arena_new();

    a->hidden = true;
    return a;
}

static void free_blocks(const ds_arena *a)
{
    for (block *from = a->newest; from;) {
        block *older = from->older;

        if (a->hidden)
            ds_hidden_free(from);
        else
            free(from);
        from = older;
    }
}

void ds_arena_free(ds_arena *a)
{
    if (!a)
        return;
    free_blocks(a);
    free(a);
}

void ds_arena_reset(ds_arena *a)
{
    bool one = a->newest && !a->newest->older;

    a->used = 0;
    if (one && a->held <= KEEP_MOST)
        return;
    a->want = DS_MIN(a->held, KEEP_MOST); /* the next round fits into one block */
    free_blocks(a);
    a->newest = NULL;
    a->held = 0;
}

static void add_block(ds_arena *a, size_t at_least)
{
    size_t size =
        a->newest ? DS_MIN(a->newest->size * 2, BLOCK_MOST) : DS_MAX(a->want, FIRST_BLOCK);
    block *b;

    size = DS_MAX(size, at_least);
    if (size > SIZE_MAX - sizeof(block))
        ds_out_of_memory(size);
    b = a->hidden ? ds_hidden_alloc(sizeof(block) + size) : malloc(sizeof(block) + size);
    if (!b)
        ds_out_of_memory(size);
    b->older = a->newest;
    b->size = size;
    a->newest = b;
    a->held += size;
    a->used = 0;
}

void *ds_arena_alloc(ds_arena *a, size_t n)
{
    size_t rounded = (n + ALIGN - 1) & ~(ALIGN - 1);
    void *at;

    if (rounded < n)
        ds_out_of_memory(n);
    if (!a->newest || a->newest->size - a->used < rounded)
        add_block(a, rounded);
    at = a->newest->bytes + a->used;
    a->used += rounded;
    return at;
}

void *ds_arena_zalloc(ds_arena *a, size_t n)
{
    return memset(ds_arena_alloc(a, n), 0, n);
}

void *ds_arena_grow(ds_arena *a, void *old, size_t old_n, size_t new_n)
{
    size_t rounded = (old_n + ALIGN - 1) & ~(ALIGN - 1);
    void *made;

    if (old && a->newest && (char *)old + rounded == a->newest->bytes + a->used &&
        new_n <= a->newest->size - (a->used - rounded)) {
        a->used += ((new_n + ALIGN - 1) & ~(ALIGN - 1)) - rounded;
        return old;
    }
    made = ds_arena_alloc(a, new_n);
    if (old)
        memcpy(made, old, DS_MIN(old_n, new_n));
    return made;
}

char *ds_arena_strndup(ds_arena *a, const char *text, size_t n)
{
    char *copy = ds_arena_alloc(a, n + 1);

    memcpy(copy, text, n);
    copy[n] = '\0';
    return copy;
}

char *ds_arena_strdup(ds_arena *a, const char *text)
{
    return text ? ds_arena_strndup(a, text, strlen(text)) : NULL;
}

/* Printed where the next allocation will be, and once more only where that was too short. */
char *ds_arena_printf(ds_arena *a, const char *fmt, ...)
{
    va_list args, again;
    size_t room, n;
    int printed;
    char *text;

    if (!a->newest)
        add_block(a, ALIGN);
    room = a->newest->size - a->used;
    va_start(args, fmt);
    va_copy(again, args);
    printed = vsnprintf(a->newest->bytes + a->used, room, fmt, args);
    va_end(args);
    n = (size_t)DS_MAX(printed, 0);
    text = ds_arena_alloc(a, n + 1);
    if (n >= room)
        vsnprintf(text, n + 1, fmt, again);
    va_end(again);
    text[n] = '\0'; /* it may have failed */
    return text;
}

size_t ds_arena_size(const ds_arena *a)
{
    return a->held;
}

size_t ds_arena_used(const ds_arena *a)
{
    return a->newest ? a->held - a->newest->size + a->used : 0;
}
