/* include/durable_sync/base.h
 *
 * What every part of durable-sync and every connector stands on: attributes, errors, an arena,
 * a growable buffer with a cap, secrets.  libc only.
 *
 * Ownership in one sentence: what is made in an arena dies with the arena, what has a _new or
 * _open is released by its _free or _close, and everything else is borrowed.
 */
#ifndef DURABLE_SYNC_BASE_H
#define DURABLE_SYNC_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DS_API __attribute__((visibility("default")))
#define DS_MUST_USE __attribute__((warn_unused_result))
#define DS_PRINTF(fmt_at, args_at) __attribute__((format(printf, fmt_at, args_at), nonnull(fmt_at)))
#define DS_UNUSED __attribute__((unused))

#define DS_KIB ((size_t)1024)
#define DS_MIB ((size_t)1024 * 1024)
#define DS_SECOND_MS INT64_C(1000)
#define DS_MINUTE_MS INT64_C(60000)
#define DS_HOUR_MS INT64_C(3600000)
#define DS_DAY_MS INT64_C(86400000)

#define DS_MAX(a, b) ((a) > (b) ? (a) : (b))
#define DS_MIN(a, b) ((a) < (b) ? (a) : (b))
#define DS_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Cleanup declared beside the thing: `DS_AUTO(ds_links) links = ds_links_open(...)` closes it on
 * every way out of the scope.  DS_TAKE hands ownership out and leaves NULL behind. */
#define DS_AUTO_DEFINE(type, close)                                                                \
    static inline DS_UNUSED void type##_auto_close(type **held)                                    \
    {                                                                                              \
        close(*held);                                                                              \
    }
#define DS_AUTO(type) __attribute__((cleanup(type##_auto_close))) type *
#define DS_TAKE(held)                                                                              \
    __extension__({                                                                                \
        __typeof__(*(held)) ds_taken_ = *(held);                                                   \
        *(held) = NULL;                                                                            \
        ds_taken_;                                                                                 \
    })

/* ---- errors: one kind per reaction ---------------------------------------------------------- */

typedef enum ds_err_kind {
    DS_ERR_NONE = 0,
    DS_ERR_CONFIG,       /* a setting is wrong or missing: stop, tell the operator, no retry */
    DS_ERR_AUTH,         /* the credential itself refused: pause for a person */
    DS_ERR_RATE_LIMITED, /* told to slow down: wait retry_after_ms; not a failed attempt */
    DS_ERR_TRANSIENT,    /* network, 5xx, database busy: retry, backing off with jitter */
    DS_ERR_PERMANENT,    /* refused for good (one object forbidden, too large): no retry */
    DS_ERR_CANCELLED,    /* we were asked to stop: unwind quietly, log nothing */
} ds_err_kind;

typedef struct ds_err {
    ds_err_kind kind;
    int http_status;        /* 0 when no HTTP response was involved */
    int64_t retry_after_ms; /* -1 when the other side named no delay */
    char text[512];         /* outermost context first, root cause last, joined by ": " */
} ds_err;

#define DS_ERR_INIT ((ds_err){.kind = DS_ERR_NONE, .retry_after_ms = -1})

/* Both return false, so that `return ds_fail(...)` and `return ds_wrap(...)` read well.
 * ds_fail sets kind and text; ds_wrap prepends what we were doing and keeps the kind.
 * Text longer than the field is cut at a character boundary. */
DS_API DS_PRINTF(3, 4) bool ds_fail(ds_err *err, ds_err_kind kind, const char *fmt, ...);
DS_API DS_PRINTF(2, 3) bool ds_wrap(ds_err *err, const char *fmt, ...);
DS_API const char *ds_err_kind_name(ds_err_kind kind); /* "config", "auth", ... */

/* ---- arena: many small allocations that die together ---------------------------------------- */

typedef struct ds_arena ds_arena;

/* Allocation never fails: the process aborts when memory is gone, and a restart resumes from the
 * last checkpoint.  Sizes that the outside chooses are capped before they come here. */
DS_API ds_arena *ds_arena_new(void);
DS_API ds_arena *ds_arena_new_hidden(void); /* its blocks are ds_hidden_alloc's, below */
DS_API void ds_arena_free(ds_arena *a);  /* NULL is fine */
DS_API void ds_arena_reset(ds_arena *a); /* empties it, keeps up to 4 MiB for the next round */
DS_API void *ds_arena_alloc(ds_arena *a, size_t n);  /* 16-byte aligned, not cleared */
DS_API void *ds_arena_zalloc(ds_arena *a, size_t n); /* cleared */
/* Grows (or copies) a block that was `old_n` bytes; in place when it is the newest one. */
DS_API void *ds_arena_grow(ds_arena *a, void *block, size_t old_n, size_t new_n);
DS_API char *ds_arena_strdup(ds_arena *a, const char *text);            /* NULL gives NULL */
DS_API char *ds_arena_strndup(ds_arena *a, const char *text, size_t n); /* adds the NUL */
DS_API DS_PRINTF(2, 3) char *ds_arena_printf(ds_arena *a, const char *fmt, ...);
DS_API size_t ds_arena_size(const ds_arena *a); /* bytes held from the system... */
DS_API size_t ds_arena_used(const ds_arena *a); /* ...and of those given out since the last reset */

#define ds_new_in(arena, type) ((type *)ds_arena_zalloc((arena), sizeof(type)))

DS_AUTO_DEFINE(ds_arena, ds_arena_free)

/* Heap memory outside any arena: aborts when memory is gone. Release with free(). */
DS_API void *ds_calloc(size_t n, size_t size);
DS_API void *ds_realloc(void *block, size_t n, size_t size);
/* How they abort: with a line on stderr. For what another library had no memory for. */
DS_API _Noreturn void ds_out_of_memory(size_t n);
DS_API char *ds_strdup(const char *text);

/* ---- buffer: grows up to a cap given when it is made ----------------------------------------- */

typedef struct ds_buf {
    char *data;    /* always NUL-terminated once anything was added; NULL before */
    size_t n;      /* bytes used, without the NUL */
    size_t cap;    /* bytes allocated */
    size_t max;    /* never more than this */
    bool overflow; /* sticky: something did not fit */
} ds_buf;

DS_API void ds_buf_init(ds_buf *b, size_t max);
DS_API void ds_buf_fini(ds_buf *b);  /* releases the memory; the buffer may be used again */
DS_API void ds_buf_clear(ds_buf *b); /* keeps the memory */
DS_API void ds_buf_add(ds_buf *b, const void *data, size_t n);
DS_API void ds_buf_text(ds_buf *b, const char *text);
DS_API void ds_buf_char(ds_buf *b, char c);
DS_API DS_PRINTF(2, 3) void ds_buf_printf(ds_buf *b, const char *fmt, ...);
/* false with DS_ERR_PERMANENT when anything was refused for the cap. */
DS_API DS_MUST_USE bool ds_buf_ok(const ds_buf *b, const char *what, ds_err *err);

static inline void ds_buf_auto_fini(ds_buf *b)
{
    ds_buf_fini(b);
}
#define DS_AUTO_BUF(name, max_bytes)                                                               \
    __attribute__((cleanup(ds_buf_auto_fini))) ds_buf name = {.max = (max_bytes)}

/* ---- text ----------------------------------------------------------------------------------- */

/* Valid UTF-8 without NUL: the text itself, or a repaired copy in `a`, U+FFFD for each bad byte. */
DS_API const char *ds_utf8_repair(ds_arena *a, const char *text, size_t *n);
/* The candidate that differs least from `name`, in a third of its letters at most (in one where
 * there are but two to five); NULL: none. For "did you mean". */
DS_API const char *ds_nearest(const char *name, const char *const *candidates, size_t n);

/* ---- secrets: cannot be printed by accident, wiped when freed -------------------------------- */

typedef struct ds_secret ds_secret;

DS_API ds_secret *ds_secret_new(const char *text, size_t n);
DS_API void ds_secret_free(ds_secret *secret);
DS_API const char *ds_secret_reveal(const ds_secret *secret); /* borrowed; only where it is sent */

/* Memory for what holds a secret beside these: in no core dump, not swapped out where the system
 * allows that, cleared when it is handed out and wiped when it is freed. Aborts when memory is
 * gone. */
DS_API void *ds_hidden_alloc(size_t n);
DS_API size_t ds_hidden_size(const void *data); /* as asked for; 0 of NULL */
DS_API void ds_hidden_free(void *data);         /* NULL is fine */

/* ---- where a crash test may stop the process ------------------------------------------------- */

/* Call it before and after every durable step and every outgoing write. Does nothing in a release
 * build; in a test build it counts, and at the chosen count leaves with _exit(86). */
DS_API void ds_crashpoint(const char *where);

#endif
