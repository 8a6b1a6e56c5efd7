/* tests/simulate/heap.c
 *
 * The simulated process's memory.  The linker sends every allocation of the product and of SQLite
 * here (--wrap, SQLITE_CONFIG_MALLOC); a crash leaves by longjmp, and what the process had is given
 * back as a whole.
 */
#include "tests/simulate/sim.h"

#include <stdlib.h>
#include <string.h>

typedef struct block { /* before what is handed out */
    struct block *next, *before;
    size_t n, unused;
} block;

static block all = {.next = &all, .before = &all};
static size_t used, most;

void *__real_malloc(size_t n);
void *__real_realloc(void *at, size_t n);
void __real_free(void *at);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *at, size_t n);
void __wrap_free(void *at);

void *__wrap_malloc(size_t n)
{
    block *b = __real_malloc(sizeof(*b) + n);

    if (!b)
        abort();
    b->n = n;
    b->next = all.next;
    b->before = &all;
    b->next->before = b;
    all.next = b;
    used += n;
    most = DS_MAX(most, used);
    return b + 1;
}

void __wrap_free(void *at)
{
    block *b = at ? (block *)at - 1 : NULL;

    if (!b)
        return;
    b->next->before = b->before;
    b->before->next = b->next;
    used -= b->n;
    __real_free(b);
}

void *__wrap_calloc(size_t n, size_t size)
{
    void *made = __wrap_malloc(n * size);

    return memset(made, 0, n * size);
}

void *__wrap_realloc(void *at, size_t n)
{
    void *made = __wrap_malloc(n);

    if (at)
        memcpy(made, at, DS_MIN(n, ((block *)at - 1)->n));
    __wrap_free(at);
    return made;
}

/* Secrets as well: they are this process's. */
void *__wrap_ds_hidden_alloc(size_t n);
void __wrap_ds_hidden_free(void *at);

void *__wrap_ds_hidden_alloc(size_t n)
{
    return __wrap_calloc(n, 1);
}

void __wrap_ds_hidden_free(void *at)
{
    __wrap_free(at);
}

void heap_drop(void)
{
    while (all.next != &all)
        __wrap_free(all.next + 1);
}

size_t heap_peak(void)
{
    return most;
}

void heap_peak_again(void)
{
    most = used;
}

void *keep_realloc(void *at, size_t n)
{
    void *made = __real_realloc(at, n);

    if (!made)
        abort();
    return made;
}
