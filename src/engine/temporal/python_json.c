/* src/engine/temporal/python_json.c
 *
 * JSON as Python's json.dumps(value, sort_keys=True, separators=(",", ":")) writes it: members in
 * the order of their names' code points (which is that of UTF-8's bytes), every character beyond
 * printable ASCII as \uXXXX, numbers as they were written.
 */
#include "base/text.h"
#include "engine/temporal/payload.h"

#include <stdlib.h>
#include <string.h>

typedef struct member {
    const char *name;
    size_t name_n;
    size_t at; /* its place in the object: of two with one name the later counts */
    const ds_json *value;
} member;

static uint32_t code_point(const char *text, size_t step)
{
    static const unsigned char head_mask[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t point = (unsigned char)text[0] & head_mask[step];

    for (size_t i = 1; i < step; i++)
        point = point << 6 | ((unsigned char)text[i] & 0x3F);
    return point;
}

static void add_unit(ds_buf *out, uint32_t unit)
{
    ds_buf_printf(out, "\\u%04x", unit);
}

static void add_escaped(ds_buf *out, uint32_t point)
{
    static const char plain[] = "\"\\\n\r\t\f\b", letters[] = "\"\\nrtfb";
    const char *found = point && point < 0x80 ? strchr(plain, (int)point) : NULL;

    if (found) {
        ds_buf_char(out, '\\');
        ds_buf_char(out, letters[found - plain]);
    } else if (point >= 0x10000) {
        add_unit(out, 0xD800 + ((point - 0x10000) >> 10));
        add_unit(out, 0xDC00 + ((point - 0x10000) & 0x3FF));
    } else {
        add_unit(out, point);
    }
}

static bool is_as_it_is(char c)
{
    return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

static void add_string(ds_buf *out, const char *text, size_t n)
{
    ds_buf_char(out, '"');
    for (size_t at = 0; at < n;) {
        size_t run = at, step;

        while (run < n && is_as_it_is(text[run]))
            run++;
        ds_buf_add(out, text + at, run - at);
        at = run;
        if (at == n)
            break;
        step = ds_utf8_step(text + at, n - at); /* ds_json holds nothing but UTF-8 */
        add_escaped(out, step ? code_point(text + at, step) : 0xFFFD);
        at += step ? step : 1;
    }
    ds_buf_char(out, '"');
}

static int by_name(const void *left, const void *right)
{
    const member *l = left, *r = right;
    int order = memcmp(l->name, r->name, DS_MIN(l->name_n, r->name_n));

    if (!order)
        order = (l->name_n > r->name_n) - (l->name_n < r->name_n);
    return order ? order : (l->at > r->at) - (l->at < r->at);
}

static bool same_name(const member *l, const member *r)
{
    return l->name_n == r->name_n && memcmp(l->name, r->name, l->name_n) == 0;
}

static void add_object(ds_buf *out, const ds_json *object)
{
    ds_json_iter it = ds_json_iterate(object);
    size_t n = it.left;
    member *members = ds_calloc(n, sizeof *members);
    const char *comma = "";

    for (size_t i = 0; i < n; i++) {
        members[i].value = ds_json_next(&it);
        members[i].name = it.name;
        members[i].name_n = it.name_n;
        members[i].at = i;
    }
    qsort(members, n, sizeof *members, by_name);
    ds_buf_char(out, '{');
    for (size_t i = 0; i < n; i++) {
        if (i + 1 < n && same_name(&members[i], &members[i + 1]))
            continue;
        ds_buf_text(out, comma);
        add_string(out, members[i].name, members[i].name_n);
        ds_buf_char(out, ':');
        ds_python_json(members[i].value, out);
        comma = ",";
    }
    ds_buf_char(out, '}');
    free(members);
}

static void add_list(ds_buf *out, const ds_json *list)
{
    const char *comma = "";

    ds_buf_char(out, '[');
    DS_JSON_EACH (list, item) {
        ds_buf_text(out, comma);
        ds_python_json(item, out);
        comma = ",";
    }
    ds_buf_char(out, ']');
}

/* As deep as ds_json goes, DS_JSON_DEPTH_MAX. */
void ds_python_json(const ds_json *value, ds_buf *out)
{
    size_t n;
    const char *text = ds_json_str(value, &n);

    switch (ds_json_kind_of(value)) {
    case DS_JSON_NULL:
        ds_buf_text(out, "null");
        break;
    case DS_JSON_BOOL:
        ds_buf_text(out, ds_json_truth(value) ? "true" : "false");
        break;
    case DS_JSON_NUMBER:
        ds_buf_add(out, text, n);
        break;
    case DS_JSON_TEXT:
        add_string(out, text, n);
        break;
    case DS_JSON_LIST:
        add_list(out, value);
        break;
    case DS_JSON_OBJECT:
        add_object(out, value);
        break;
    }
}
