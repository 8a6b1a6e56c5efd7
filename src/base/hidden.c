/* src/base/hidden.c
 *
 * Memory for what nobody should find: it is left out of core dumps, held out of swap as far as the
 * system lets one, and wiped when freed.  Blocks of a few sizes, from regions that stay; a large
 * one is a region of its own, of which a few are kept: libcurl takes a buffer for each request.
 */
#include <durable_sync/base.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1 /* which watch over malloc's memory alone */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

#define LEAST ((size_t)64)
#define KINDS ((size_t)10) /* 64 bytes to 32 KiB, heads included */
#define REGION (64 * DS_KIB)
#define LARGE_KEPT 16 /* as many as requests in flight */

typedef union head { /* before what is handed out */
    struct {
        size_t n;    /* bytes, this head included */
        size_t kind; /* of its size; KINDS: it has a region of its own */
    } is;
    union head *next; /* while it is free */
    struct {
        size_t n;
        union head *next;
    } large; /* while it is free and kept */
    max_align_t align;
} head;

static struct {
    pthread_mutex_t lock;
    head *free[KINDS];
    char *region;
    size_t left; /* of the newest region */
    head *large;
    size_t large_n;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void *region_new(size_t n)
{
#ifdef SANITIZED
    return ds_calloc(n, 1);
#else
    void *made = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (made == MAP_FAILED)
        ds_out_of_memory(n);
    (void)!madvise(made, n, MADV_DONTDUMP);
    (void)!mlock(made, n); /* within the limit for it, which small systems set low */
    return made;
#endif
}

static void region_free(void *made, size_t n)
{
#ifdef SANITIZED
    (void)n;
    free(made);
#else
    munmap(made, n);
#endif
}

static size_t kind_of(size_t n)
{
    size_t kind = 0;

#ifdef SANITIZED
    return KINDS; /* each one by itself, so that its bounds are looked at */
#endif
    while (kind < KINDS && LEAST << kind < n)
        kind++;
    return kind;
}

static head *block_take(size_t kind)
{
    size_t n = LEAST << kind;
    head *made;

    pthread_mutex_lock(&pool.lock);
    made = pool.free[kind];
    if (made) {
        pool.free[kind] = made->next;
    } else {
        if (pool.left < n) { /* what is left of the old one stays unused */
            pool.region = region_new(REGION);
            pool.left = REGION;
        }
        pool.left -= n;
        made = (head *)(void *)(pool.region + pool.left);
    }
    pthread_mutex_unlock(&pool.lock);
    return made;
}

/* One of this very size that was kept, else a new one. */
static head *large_take(size_t n)
{
    head **at = &pool.large, *found;

    pthread_mutex_lock(&pool.lock);
    while (*at && (*at)->large.n != n)
        at = &(*at)->large.next;
    found = *at;
    if (found) {
        *at = found->large.next;
        pool.large_n--;
    }
    pthread_mutex_unlock(&pool.lock);
    return found ? found : region_new(n);
}

static bool large_keep(head *block, size_t n)
{
    bool kept;

#ifdef SANITIZED
    (void)block, (void)n;
    return false;
#endif
    pthread_mutex_lock(&pool.lock);
    kept = pool.large_n < LARGE_KEPT;
    if (kept) {
        block->large.n = n;
        block->large.next = pool.large;
        pool.large = block;
        pool.large_n++;
    }
    pthread_mutex_unlock(&pool.lock);
    return kept;
}

void *ds_hidden_alloc(size_t n)
{
    size_t whole, kind;
    head *made;

    if (__builtin_add_overflow(n, sizeof(head), &whole))
        ds_out_of_memory(n);
    kind = kind_of(whole);
    made = kind < KINDS ? block_take(kind) : large_take(whole);
    made->is.n = whole;
    made->is.kind = kind;
    return made + 1;
}

size_t ds_hidden_size(const void *data)
{
    return data ? ((const head *)data - 1)->is.n - sizeof(head) : 0;
}

void ds_hidden_free(void *data)
{
    head *made = data ? (head *)data - 1 : NULL;
    size_t n, kind;

    if (!made)
        return;
    n = made->is.n;
    kind = made->is.kind;
    explicit_bzero(made, n);
    if (kind == KINDS) {
        if (!large_keep(made, n))
            region_free(made, n);
        return;
    }
    pthread_mutex_lock(&pool.lock);
    made->next = pool.free[kind];
    pool.free[kind] = made;
    pthread_mutex_unlock(&pool.lock);
}
