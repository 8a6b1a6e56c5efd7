/* tests/fuzz/fuzz_json.c
 *
 * JSON: what is read writes as text that reads as the same, in place and from a copy; every value
 * is found by its pointer; values become neutral and convert, or say why not.
 *
 * Input: a line (a path, or text to write), then the document.
 */
#include "fuzz/fuzz.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define POINTER_MAX ((size_t)1024) /* of one token, as ds_json_pointer has it */

static const char *written(const ds_json *json, bool pretty, ds_arena *a)
{
    DS_AUTO_BUF(out, 64 * DS_MIB);
    ds_json_writer w = ds_json_w(&out, pretty);

    w.exact = true;
    ds_json_w_json(&w, json);
    return ds_arena_strndup(a, out.data, out.n);
}

static void reads_as(const char *text, const char *same, ds_arena *a)
{
    ds_err err = DS_ERR_INIT;
    const ds_json *json = ds_json_read(a, text, strlen(text), &err);

    fuzz_must(json, "%s: %s", text, err.text);
    fuzz_must(strcmp(written(json, false, a), same) == 0, "%s became %s", same,
              written(json, false, a));
}

/* From memory that ends where it may be written to. */
static void in_place(const char *text, size_t n, const char *same, ds_arena *a)
{
    char *memory = malloc(n + 4);
    ds_err err = DS_ERR_INIT;
    const ds_json *json;

    memcpy(memory, text, n);
    memset(memory + n, '7', 4);
    json = ds_json_read_insitu(a, memory, n, &err);
    fuzz_must(!json == !same, "read in place: %s", err.text);
    if (json)
        fuzz_must(strcmp(written(json, false, a), same) == 0, "in place: %s", same);
    else
        fuzz_error(&err);
    fuzz_must(memcmp(memory + n + 1, "777", 3) == 0, "bytes behind the text changed");
    free(memory);
}

/* ---- pointers -------------------------------------------------------------------------------- */

typedef struct walk {
    const ds_json *root;
    ds_arena *arena;
    int left; /* values still looked at: it takes the square of them */
} walk;

static const char *escaped(ds_arena *a, const char *name)
{
    return fuzz_fill(a, fuzz_fill(a, name, "~", "~0"), "/", "~1");
}

static void each_pointer(walk *w, const ds_json *json, const char *pointer)
{
    ds_json_iter it = ds_json_iterate(json);
    const ds_json *value;

    for (size_t i = 0; (value = ds_json_next(&it)) != NULL && w->left-- > 0; i++) {
        const char *step =
            it.object ? escaped(w->arena, it.name) : ds_arena_printf(w->arena, "%zu", i);
        const char *longer = ds_arena_printf(w->arena, "%s/%s", pointer, step);

        if (it.object && (it.name_n > POINTER_MAX || ds_json_get(json, it.name) != value))
            continue; /* named again further down: the last one counts */
        fuzz_must(ds_json_pointer(w->root, longer) == value, "%s leads elsewhere", longer);
        each_pointer(w, value, longer);
    }
}

/* ---- values ---------------------------------------------------------------------------------- */

static void convert(ds_value v, ds_arena *a)
{
    for (ds_type type = DS_BOOL; type <= DS_DATETIME; type++) {
        ds_err err = DS_ERR_INIT;
        ds_value once, twice;

        if (!ds_value_as(a, v, type, &once, &err)) {
            fuzz_error(&err);
            continue;
        }
        fuzz_value(once);
        fuzz_must(ds_value_as(a, once, type, &twice, &err), "%s", err.text);
        fuzz_must(ds_value_same(once, twice), "%s twice", ds_type_name(type));
    }
}

static void neutral(const ds_json *json, ds_arena *a)
{
    ds_value v = ds_from_json(a, json);
    const char *text = ds_value_text(a, v);

    fuzz_value(v);
    fuzz_must(ds_value_same(v, v) || v.type == DS_NESTED, "not the same as itself");
    fuzz_must(!text || ds_utf8_ok(text, strlen(text)), "%s", text);
    convert(v, a);
}

static void properties(const ds_json *json, const char *path, ds_arena *a)
{
    ds_record rec = {.arena = a};

    ds_record_set_json(&rec, json);
    for (uint32_t i = 0; i < rec.props_n; i++) {
        fuzz_value(rec.props[i].value);
        fuzz_must(ds_record_get(&rec, rec.props[i].name) == &rec.props[i].value, "%s is lost",
                  rec.props[i].name);
    }
    fuzz_value(ds_record_path(&rec, path, a));
}

/* ---- writing --------------------------------------------------------------------------------- */

/* Any bytes as text: what is read back is the text with its bad bytes replaced. */
static void any_text(const char *text, size_t n, ds_arena *a)
{
    DS_AUTO_BUF(out, DS_MIB);
    ds_json_writer w = ds_json_w(&out, false);
    ds_err err = DS_ERR_INIT;
    const ds_json *json;
    size_t fixed_n = n, back_n;
    const char *fixed = ds_utf8_repair(a, text, &fixed_n), *back;

    ds_json_w_text_n(&w, text, n);
    json = ds_json_read(a, out.data, out.n, &err);
    fuzz_must(json, "%s: %s", out.data, err.text);
    back = ds_json_str(json, &back_n);
    fuzz_must(back_n == fixed_n && memcmp(back, fixed, back_n) == 0, "%s became %s", fixed, back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    fuzz_input in = {(const char *)data, n};
    ds_err err = DS_ERR_INIT;
    size_t path_n, text_n;
    const char *path = fuzz_piece(&in, "\n", a, &path_n), *text = fuzz_rest(&in, a, &text_n);
    const ds_json *json = ds_json_read(a, text, text_n, &err);
    const char *same = json ? written(json, false, a) : NULL;

    any_text(path, path_n, a);
    in_place(text, text_n, same, a);
    if (!json) {
        fuzz_error(&err);
        return 0;
    }
    reads_as(same, same, a);
    reads_as(written(json, true, a), same, a);
    each_pointer(&(walk){json, a, 300}, json, "");
    ds_json_path(json, path);
    ds_json_pointer(json, path);
    neutral(json, a);
    properties(json, path, a);
    return 0;
}
