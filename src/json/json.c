/* src/json/json.c
 *
 * Reading: a thin layer over yyjson with the arena as its allocator.  Numbers come as raw text, so
 * 1.10 and 9007199254740993 survive.
 */
#include "json/json.h"
#include "base/text.h"

#include <string.h>

#define SPARE 4 /* yyjson reads up to four bytes past the end when it parses in place */

static void *alloc_in(void *arena, size_t n)
{
    return ds_arena_alloc(arena, n);
}

static void *grow_in(void *arena, void *block, size_t old_n, size_t n)
{
    return ds_arena_grow(arena, block, old_n, n);
}

static void leave_in(void *arena, void *block)
{
    (void)arena; /* dies with the arena */
    (void)block;
}

static yyjson_doc *parse(ds_arena *a, char *text, size_t n, yyjson_read_err *problem)
{
    yyjson_alc memory = {alloc_in, grow_in, leave_in, a};
    char behind[SPARE];
    yyjson_doc *doc;

    memcpy(behind, text + n, SPARE);
    memset(text + n, 0, SPARE);
    doc =
        yyjson_read_opts(text, n, YYJSON_READ_INSITU | YYJSON_READ_NUMBER_AS_RAW, &memory, problem);
    memcpy(text + n + 1, behind + 1, SPARE - 1); /* the next line's; text[n] ends a bare number */
    return doc;
}

static const char *problem_text(const yyjson_read_err *problem)
{
    bool empty = problem->code == YYJSON_READ_ERROR_EMPTY_CONTENT ||
                 problem->code == YYJSON_READ_ERROR_INVALID_PARAMETER; /* no bytes at all */

    return empty ? "empty" : problem->msg;
}

static const ds_json *root_of(yyjson_doc *doc)
{
    return (const ds_json *)yyjson_doc_get_root(doc);
}

const ds_json *ds_json_read_insitu(ds_arena *a, char *text, size_t n, ds_err *err)
{
    yyjson_read_err problem = {0};
    yyjson_doc *doc;

    text = ds_json_edge(a, text, &n, err);
    if (!text)
        return NULL;
    doc = parse(a, text, n, &problem);
    if (doc)
        return root_of(doc);
    ds_fail(err, DS_ERR_PERMANENT, "character %zu: %s", problem.pos + 1, problem_text(&problem));
    return NULL;
}

static bool is_character(char c) /* and not the rest of one */
{
    return ((unsigned char)c & 0xC0) != 0x80;
}

const ds_json *ds_json_read(ds_arena *a, const char *text, size_t n, ds_err *err)
{
    char *copy = ds_arena_alloc(a, n + SPARE), *clean;
    yyjson_read_err problem = {0};
    size_t line = 1, col = 1, clean_n = n;
    yyjson_doc *doc;

    memcpy(copy, text, n);
    clean = ds_json_edge(a, copy, &clean_n, err);
    if (!clean)
        return NULL;
    doc = parse(a, clean, clean_n, &problem);
    if (doc)
        return root_of(doc);
    if (clean != copy) /* the place counts in what was parsed: the parser wrote into it, so again */
        text = ds_json_edge(a, (char *)(uintptr_t)text, &n, err);
    for (size_t i = 0; i < problem.pos && i < n; i++) {
        col = text[i] == '\n' ? 1 : col + is_character(text[i]);
        line += text[i] == '\n';
    }
    ds_fail(err, DS_ERR_PERMANENT, "line %zu, column %zu: %s", line, col, problem_text(&problem));
    return NULL;
}

ds_json_kind ds_json_kind_of(const ds_json *json)
{
    switch (json ? unsafe_yyjson_get_type(ds_json_val(json)) : YYJSON_TYPE_NULL) {
    case YYJSON_TYPE_BOOL:
        return DS_JSON_BOOL;
    case YYJSON_TYPE_RAW:
    case YYJSON_TYPE_NUM:
        return DS_JSON_NUMBER;
    case YYJSON_TYPE_STR:
        return DS_JSON_TEXT;
    case YYJSON_TYPE_ARR:
        return DS_JSON_LIST;
    case YYJSON_TYPE_OBJ:
        return DS_JSON_OBJECT;
    default:
        return DS_JSON_NULL;
    }
}

size_t ds_json_size(const ds_json *json)
{
    ds_json_kind kind = ds_json_kind_of(json);

    return kind == DS_JSON_LIST || kind == DS_JSON_OBJECT ? unsafe_yyjson_get_len(ds_json_val(json))
                                                          : 0;
}

ds_json_iter ds_json_iterate(const ds_json *json)
{
    size_t left = ds_json_size(json);

    return (ds_json_iter){.left = left,
                          .object = ds_json_kind_of(json) == DS_JSON_OBJECT,
                          .next = left ? (const ds_json *)(ds_json_val(json) + 1) : NULL};
}

const ds_json *ds_json_next(ds_json_iter *it)
{
    yyjson_val *val;

    if (!it->left)
        return NULL;
    it->left--;
    val = ds_json_val(it->next);
    if (it->object) {
        it->name = unsafe_yyjson_get_str(val);
        it->name_n = unsafe_yyjson_get_len(val);
        val++; /* the value follows its name */
    }
    it->next = it->left ? (const ds_json *)unsafe_yyjson_get_next(val) : NULL;
    return (const ds_json *)val;
}

/* Goes along the values itself: it is asked more often than anything else here, and ds_json_next
 * tells more of each member than is looked at. */
static const ds_json *member(const ds_json *object, const char *name, size_t n)
{
    yyjson_val *key = ds_json_val(object), *found = NULL;

    if (ds_json_kind_of(object) != DS_JSON_OBJECT)
        return NULL;
    for (size_t left = unsafe_yyjson_get_len(key++); left; left--) {
        if (unsafe_yyjson_equals_strn(key, name, n))
            found = key + 1; /* the last one counts */
        key = unsafe_yyjson_get_next(key + 1);
    }
    return (const ds_json *)found;
}

const ds_json *ds_json_get(const ds_json *object, const char *name)
{
    return member(object, name, strlen(name));
}

const ds_json *ds_json_at(const ds_json *list, size_t index)
{
    ds_json_iter it = ds_json_iterate(list);
    const ds_json *value = NULL;

    if (it.object || index >= it.left)
        return NULL;
    for (size_t i = 0; i <= index; i++)
        value = ds_json_next(&it);
    return value;
}

/* An entry by a member's name or a list's index in decimal digits. */
static const ds_json *step(const ds_json *json, const char *name, size_t n)
{
    int64_t index;
    char digits[20];

    if (ds_json_kind_of(json) == DS_JSON_OBJECT)
        return member(json, name, n);
    if (ds_json_kind_of(json) != DS_JSON_LIST || !n || n >= sizeof(digits) || *name == '-')
        return NULL;
    memcpy(digits, name, n);
    digits[n] = '\0';
    return ds_parse_int(digits, &index) ? ds_json_at(json, (size_t)index) : NULL;
}

const ds_json *ds_json_path(const ds_json *json, const char *path)
{
    size_t n = strlen(path);
    const ds_json *whole = json ? step(json, path, n) : NULL;

    if (whole || !json)
        return whole;
    for (const char *dot = strchr(path, '.'); dot; dot = strchr(dot + 1, '.')) {
        const ds_json *inner = step(json, path, (size_t)(dot - path));
        const ds_json *found = inner ? ds_json_path(inner, dot + 1) : NULL;

        if (found)
            return found;
    }
    return NULL;
}

/* One reference token with ~1 and ~0 undone, into name; its length, SIZE_MAX: too long. */
static size_t pointer_token(const char *at, size_t n, char *name, size_t most)
{
    size_t used = 0;

    for (size_t i = 0; i < n; i++) {
        char c = at[i];

        if (c == '~' && i + 1 < n && (at[i + 1] == '0' || at[i + 1] == '1'))
            c = at[++i] == '0' ? '~' : '/';
        if (used == most)
            return SIZE_MAX;
        name[used++] = c;
    }
    return used;
}

const ds_json *ds_json_pointer(const ds_json *json, const char *pointer)
{
    char name[1024];

    while (json && *pointer) {
        size_t n, used;

        if (*pointer != '/')
            return NULL;
        n = strcspn(pointer + 1, "/");
        used = pointer_token(pointer + 1, n, name, sizeof(name));
        json = used == SIZE_MAX ? NULL : step(json, name, used);
        pointer += 1 + n;
    }
    return json;
}

const char *ds_json_str(const ds_json *json, size_t *n)
{
    ds_json_kind kind = ds_json_kind_of(json);

    if (kind != DS_JSON_TEXT && kind != DS_JSON_NUMBER)
        return NULL;
    if (n)
        *n = unsafe_yyjson_get_len(ds_json_val(json));
    return ds_json_val(json)->uni.str;
}

bool ds_json_truth(const ds_json *json)
{
    return ds_json_kind_of(json) == DS_JSON_BOOL && unsafe_yyjson_is_true(ds_json_val(json));
}

bool ds_json_int(const ds_json *json, int64_t *out)
{
    return ds_json_kind_of(json) == DS_JSON_NUMBER && ds_parse_int(ds_json_str(json, NULL), out);
}

const char *ds_json_text(const ds_json *object, const char *name)
{
    return ds_json_str(ds_json_get(object, name), NULL);
}

bool ds_json_bool(const ds_json *object, const char *name)
{
    return ds_json_truth(ds_json_get(object, name));
}

int64_t ds_json_integer(const ds_json *object, const char *name, int64_t other)
{
    int64_t number;

    return ds_json_int(ds_json_get(object, name), &number) ? number : other;
}
