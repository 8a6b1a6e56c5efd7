/* include/durable_sync/json.h
 *
 * JSON as it comes from outside.  A document and all its texts live in the arena it was read into.
 * Numbers keep their source text until someone asks for a number; nesting stops at 64; bad UTF-8
 * and U+0000 become U+FFFD at the edge, so text is always valid, NUL-terminated UTF-8.
 * Where an object names a member twice, the last one counts.
 */
#ifndef DURABLE_SYNC_JSON_H
#define DURABLE_SYNC_JSON_H

#include <durable_sync/base.h>

#define DS_JSON_DEPTH_MAX 64

typedef struct ds_json ds_json; /* one value of a document; immutable */

/* NULL with DS_ERR_PERMANENT: `line 3, column 7: unexpected character`. */
DS_API DS_MUST_USE const ds_json *ds_json_read(ds_arena *a, const char *text, size_t n,
                                               ds_err *err);
/* The same without a copy, for sources that stream: writes into text[0..n] (text[n] becomes NUL),
 * in memory that lives as long as `a` and has four writable bytes behind the text; the last three
 * of them are left as they were. */
DS_API DS_MUST_USE const ds_json *ds_json_read_insitu(ds_arena *a, char *text, size_t n,
                                                      ds_err *err);

typedef enum ds_json_kind {
    DS_JSON_NULL,
    DS_JSON_BOOL,
    DS_JSON_NUMBER,
    DS_JSON_TEXT,
    DS_JSON_LIST,
    DS_JSON_OBJECT,
} ds_json_kind;

/* All take NULL for "no such value" and answer as for null. */
DS_API ds_json_kind ds_json_kind_of(const ds_json *json);
DS_API size_t ds_json_size(const ds_json *json); /* entries of a list or object, else 0 */
DS_API const ds_json *ds_json_get(const ds_json *object, const char *name); /* NULL: no member */
DS_API const ds_json *ds_json_at(const ds_json *list, size_t index);
/* "owner.login", "labels.0.name": members and list indexes; NULL when any step is missing. A member
 * whose whole name contains dots is found as well. */
DS_API const ds_json *ds_json_path(const ds_json *json, const char *path);
/* RFC 6901: "", "/a/0/b~1c". */
DS_API const ds_json *ds_json_pointer(const ds_json *json, const char *pointer);

DS_API const char *ds_json_str(const ds_json *json, size_t *n); /* text, or a number's own text */
DS_API bool ds_json_truth(const ds_json *json);
DS_API bool ds_json_int(const ds_json *json, int64_t *out); /* false: not an integer of 64 bits */

/* Members by name, for connectors: NULL, false or `other` where missing or of another kind. */
DS_API const char *ds_json_text(const ds_json *object, const char *name);
DS_API bool ds_json_bool(const ds_json *object, const char *name);
DS_API int64_t ds_json_integer(const ds_json *object, const char *name, int64_t other);

typedef struct ds_json_iter {
    const ds_json *next;
    size_t left;
    bool object;
    const char *name; /* of the member just returned; NULL in lists */
    size_t name_n;
} ds_json_iter;

DS_API ds_json_iter ds_json_iterate(const ds_json *json);
DS_API const ds_json *ds_json_next(ds_json_iter *it); /* NULL at the end */

#define DS_JSON_EACH(list, item)                                                                   \
    for (ds_json_iter item##_it = ds_json_iterate(list), *item##_run = &item##_it; item##_run;     \
         item##_run = NULL)                                                                        \
        for (const ds_json *item; (item = ds_json_next(&item##_it)) != NULL;)

/* ---- writing -------------------------------------------------------------------------------- */

/* Commas are the writer's business: ds_json_w_* calls in order make a correct document as long as
 * begin and end pair up. Text is escaped, invalid UTF-8 replaced. */
typedef struct ds_json_writer {
    ds_buf *out;
    int depth;
    bool pretty;                                /* two spaces a level */
    unsigned char first[2 * DS_JSON_DEPTH_MAX]; /* nothing written at this level yet */
    bool after_name;
    bool exact; /* integers beyond +-2^53 as numbers, not as text */
} ds_json_writer;

DS_API ds_json_writer ds_json_w(ds_buf *out, bool pretty);
DS_API void ds_json_w_begin_object(ds_json_writer *w);
DS_API void ds_json_w_end_object(ds_json_writer *w);
DS_API void ds_json_w_begin_list(ds_json_writer *w);
DS_API void ds_json_w_end_list(ds_json_writer *w);
DS_API void ds_json_w_name(ds_json_writer *w, const char *name);
DS_API void ds_json_w_text(ds_json_writer *w, const char *text); /* NULL writes null */
DS_API void ds_json_w_text_n(ds_json_writer *w, const char *text, size_t n);
DS_API void ds_json_w_int(ds_json_writer *w, int64_t number); /* text beyond +-2^53 unless exact */
/* A number by its own text; text beyond +-2^53 unless exact. */
DS_API void ds_json_w_number(ds_json_writer *w, const char *text, size_t n);
DS_API void ds_json_w_raw(ds_json_writer *w, const char *json, size_t n); /* already JSON */
DS_API void ds_json_w_bool(ds_json_writer *w, bool boolean);
DS_API void ds_json_w_null(ds_json_writer *w);
DS_API void ds_json_w_json(ds_json_writer *w, const ds_json *json); /* a whole value */

#endif
