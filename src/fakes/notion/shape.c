/* src/fakes/notion/shape.c - a body against its table, and Notion's words for the difference. */
#include "fakes/notion/shape.h"

#include "base/text.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_LISTS_MAX 3
#define BLOCKS_MAX 1000
#define BLOCKS_EACH 100

typedef struct check {
    ds_buf path; /* where we are */
    ds_ws_why *why;
    int block_lists; /* around us */
    int blocks;      /* seen in the whole body */
} check;

size_t ds_utf16_length(const char *text, size_t n)
{
    size_t units = 0;

    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];

        units += (c & 0xC0) != 0x80; /* each character once, at its first byte */
        units += c >= 0xF0;          /* beyond the first plane: a pair */
    }
    return units;
}

/* ---- times ----------------------------------------------------------------------------------- */

static bool digits(const char **at, int n, int64_t *number)
{
    *number = 0;
    for (int i = 0; i < n; i++, (*at)++) {
        if (!isdigit((unsigned char)**at))
            return false;
        *number = *number * 10 + (**at - '0');
    }
    return true;
}

static bool character(const char **at, char c)
{
    return **at == c && (*at)++;
}

static bool is_date(int64_t year, int64_t month, int64_t day)
{
    int64_t y, m, d;

    if (month < 1 || month > 12 || day < 1)
        return false;
    ds_date_from_days(ds_days_from_date(year, month, day), &y, &m, &d);
    return y == year && m == month && d == day;
}

static bool read_offset(const char **at, int64_t *minutes)
{
    int64_t hours, rest, sign = **at == '-' ? -1 : 1;

    *minutes = 0;
    if (character(at, 'Z'))
        return true;
    if (**at != '+' && **at != '-')
        return false;
    (*at)++;
    if (!digits(at, 2, &hours))
        return false;
    character(at, ':');
    if (!digits(at, 2, &rest) || hours > 14 || rest > 59)
        return false;
    *minutes = sign * (hours * 60 + rest);
    return true;
}

static bool read_clock(const char **at, ds_ws_time *time)
{
    int64_t hour, minute, second = 0, offset = 0, scale = 100;

    if (!digits(at, 2, &hour) || !character(at, ':') || !digits(at, 2, &minute))
        return false;
    if (character(at, ':') && !digits(at, 2, &second))
        return false;
    if (hour > 23 || minute > 59 || second > 59)
        return false;
    if (character(at, '.')) {
        if (!isdigit((unsigned char)**at))
            return false;
        for (; isdigit((unsigned char)**at); (*at)++, scale /= 10)
            time->ms += (**at - '0') * scale;
    }
    time->zone = **at != '\0';
    if (time->zone && !read_offset(at, &offset))
        return false;
    time->ms += ((hour * 60 + minute - offset) * 60 + second) * DS_SECOND_MS;
    time->clock = true;
    return true;
}

bool ds_ws_time_read(const char *text, ds_ws_time *time)
{
    const char *at = text;
    int64_t year, month, day;

    *time = (ds_ws_time){0};
    if (!digits(&at, 4, &year) || !character(&at, '-') || !digits(&at, 2, &month) ||
        !character(&at, '-') || !digits(&at, 2, &day) || !is_date(year, month, day))
        return false;
    time->ms = ds_days_from_date(year, month, day) * DS_DAY_MS;
    if (!*at)
        return true;
    if (!character(&at, 'T') && !character(&at, ' '))
        return false;
    return read_clock(&at, time) && !*at;
}

/* ---- words ----------------------------------------------------------------------------------- */

/* A value as Notion quotes it: JSON, cut where it gets long. */
static void quote(ds_buf *out, const ds_json *json)
{
    DS_AUTO_BUF(text, 64 * DS_KIB);
    ds_json_writer w = ds_json_w(&text, false);

    if (!json) {
        ds_buf_text(out, "`undefined`");
        return;
    }
    w.exact = true;
    ds_json_w_json(&w, json);
    if (text.n > 120) {
        size_t cut = 120;

        while (cut && ((unsigned char)text.data[cut] & 0xC0) == 0x80)
            cut--;
        ds_buf_printf(out, "`%.*s...`", (int)cut, text.data);
    } else {
        ds_buf_printf(out, "`%s`", text.data ? text.data : "");
    }
}

/* "body.page_size should be a number, instead was `"10"`." */
static bool should_be(check *c, const char *what, const ds_json *json)
{
    DS_AUTO_BUF(was, DS_KIB);

    quote(&was, json);
    return ds_ws_invalid(c->why, "body failed validation: %s should be %s, instead was %s.",
                         c->path.data, what, was.data);
}

static bool within(check *c, const ds_shape *shape, double number, const char *of)
{
    if (shape->max != 0 && number > shape->max)
        return ds_ws_invalid(c->why,
                             "body failed validation: %s%s should be ≤ `%.15g`, instead was "
                             "`%.15g`.",
                             c->path.data, of, shape->max, number);
    if (number < shape->min)
        return ds_ws_invalid(c->why,
                             "body failed validation: %s%s should be ≥ `%.15g`, instead was "
                             "`%.15g`.",
                             c->path.data, of, shape->min, number);
    return true;
}

/* Steps to a member or an entry; `back` takes the step back. */
static size_t step_name(check *c, const char *name)
{
    size_t before = c->path.n;

    ds_buf_char(&c->path, '.');
    ds_buf_text(&c->path, name);
    return before;
}

static size_t step_index(check *c, size_t index)
{
    size_t before = c->path.n;

    ds_buf_printf(&c->path, "[%zu]", index);
    return before;
}

static void back(check *c, size_t before)
{
    c->path.n = before;
    c->path.data[before] = '\0';
}

/* ---- scalars --------------------------------------------------------------------------------- */

static bool check_text(check *c, const ds_shape *shape, const ds_json *json)
{
    const char *text;
    size_t n;

    if (ds_json_kind_of(json) != DS_JSON_TEXT)
        return should_be(c, "a string", json);
    if (shape->max == 0 && shape->min == 0)
        return true;
    text = ds_json_str(json, &n);
    return within(c, shape, (double)ds_utf16_length(text, n), ".length");
}

static bool check_number(check *c, const ds_shape *shape, const ds_json *json)
{
    double number;

    if (ds_json_kind_of(json) != DS_JSON_NUMBER)
        return should_be(c, "a number", json);
    number = strtod(ds_json_str(json, NULL), NULL);
    if (!isfinite(number))
        return should_be(c, "a finite number", json);
    if (shape->whole && floor(number) < number)
        return should_be(c, "a whole number", json);
    return shape->max == 0 || within(c, shape, number, "");
}

static bool check_word(check *c, const ds_shape *shape, const ds_json *json)
{
    DS_AUTO_BUF(words, 4 * DS_KIB);
    bool text = ds_json_kind_of(json) == DS_JSON_TEXT;

    for (size_t i = 0; shape->words[i]; i++) {
        if (text && !strcmp(shape->words[i], ds_json_str(json, NULL)))
            return true;
        ds_buf_printf(&words, "%s`\"%s\"`",
                      !i                    ? ""
                      : shape->words[i + 1] ? ", "
                                            : ", or ",
                      shape->words[i]);
    }
    return should_be(c, words.data, json);
}

static bool check_id(check *c, const ds_json *json)
{
    ds_ws_id id;

    if (ds_json_kind_of(json) == DS_JSON_TEXT && ds_ws_id_read(ds_json_str(json, NULL), &id))
        return true;
    return should_be(c, "a valid uuid", json);
}

static bool is_relative(const ds_json *json)
{
    for (size_t i = 0; ds_shape_relative[i]; i++)
        if (!strcmp(ds_shape_relative[i], ds_json_str(json, NULL)))
            return true;
    return false;
}

static bool check_time(check *c, const ds_shape *shape, const ds_json *json)
{
    ds_ws_time time;
    bool text = ds_json_kind_of(json) == DS_JSON_TEXT;

    if (text && shape->kind == DS_SHAPE_WHEN && is_relative(json))
        return true;
    if (text && ds_ws_time_read(ds_json_str(json, NULL), &time))
        return true;
    return should_be(c, "a valid ISO 8601 date string", json);
}

/* ---- lists and objects ----------------------------------------------------------------------- */

static bool check_any(check *c, const ds_shape *shape, const ds_json *json);

static bool check_list(check *c, const ds_shape *shape, const ds_json *json)
{
    size_t index = 0;

    if (ds_json_kind_of(json) != DS_JSON_LIST)
        return should_be(c, "an array", json);
    if (!within(c, shape, (double)ds_json_size(json), ".length"))
        return false;
    DS_JSON_EACH (json, entry) {
        size_t before = step_index(c, index++);

        if (!check_any(c, shape->item, entry))
            return false;
        back(c, before);
    }
    return true;
}

static bool check_blocks(check *c, const ds_json *json)
{
    static const ds_shape blocks = {DS_SHAPE_LIST, .max = BLOCKS_EACH, .item = &ds_shape_block};
    bool good;

    if (c->block_lists == BLOCK_LISTS_MAX)
        return should_be(c, "not present", json);
    c->blocks += (int)DS_MIN(ds_json_size(json), (size_t)BLOCKS_MAX);
    if (c->blocks > BLOCKS_MAX)
        return ds_ws_invalid(c->why,
                             "body failed validation: the body has more than %d blocks at %s.",
                             BLOCKS_MAX, c->path.data);
    c->block_lists++;
    good = check_list(c, &blocks, json);
    c->block_lists--;
    return good;
}

static bool check_map(check *c, const ds_shape *shape, const ds_json *json)
{
    ds_json_iter it = ds_json_iterate(json);
    const ds_json *value;

    if (ds_json_kind_of(json) != DS_JSON_OBJECT)
        return should_be(c, "an object", json);
    while ((value = ds_json_next(&it)) != NULL) {
        size_t before = step_name(c, it.name);

        if (!check_any(c, shape->item, value))
            return false;
        back(c, before);
    }
    return true;
}

static const ds_member *member_of(const ds_shape *shape, const char *name)
{
    for (size_t i = 0; i < shape->n; i++)
        if (!strcmp(shape->members[i].name, name))
            return &shape->members[i];
    return NULL;
}

static bool only_known(check *c, const ds_shape *shape, const ds_json *json)
{
    ds_json_iter it = ds_json_iterate(json);
    const ds_json *value;

    while ((value = ds_json_next(&it)) != NULL) {
        if (member_of(shape, it.name))
            continue;
        step_name(c, it.name);
        return should_be(c, "not present", value);
    }
    return true;
}

/* None of the variants is there: each of them would mend it. */
static bool no_variant(check *c, const ds_shape *shape)
{
    DS_AUTO_BUF(all, DS_KIB);
    size_t variants = 0;

    for (size_t i = 0; i < shape->n; i++) {
        if (shape->members[i].need != DS_VARIANT)
            continue;
        ds_buf_printf(&all, "%s%s.%s should be defined, instead was `undefined`.",
                      variants ? "\n" : "", c->path.data, shape->members[i].name);
        variants++;
    }
    return ds_ws_invalid(c->why, "body failed validation%s%s", variants > 1 ? ". Fix one:\n" : ": ",
                         all.data ? all.data : "");
}

static bool check_variants(check *c, const ds_shape *shape, const ds_json *json)
{
    const ds_json *type = ds_json_get(json, "type");
    const char *chosen = NULL;
    bool any = false;

    for (size_t i = 0; i < shape->n; i++) {
        const ds_member *m = &shape->members[i];
        const ds_json *value = m->need == DS_VARIANT ? ds_json_get(json, m->name) : NULL;

        any |= m->need == DS_VARIANT;
        if (value && chosen) {
            step_name(c, m->name);
            return should_be(c, "not present", value);
        }
        if (value)
            chosen = m->name;
    }
    if (any && !chosen && !shape->may_lack)
        return no_variant(c, shape);
    if (chosen && type &&
        (ds_json_kind_of(type) != DS_JSON_TEXT || strcmp(ds_json_str(type, NULL), chosen))) {
        char wanted[80];

        snprintf(wanted, sizeof(wanted), "`\"%s\"`", chosen);
        step_name(c, "type");
        return should_be(c, wanted, type);
    }
    return true;
}

static bool check_object(check *c, const ds_shape *shape, const ds_json *json)
{
    if (ds_json_kind_of(json) != DS_JSON_OBJECT)
        return should_be(c, "an object", json);
    if (!only_known(c, shape, json) || !check_variants(c, shape, json))
        return false;
    for (size_t i = 0; i < shape->n; i++) {
        const ds_member *m = &shape->members[i];
        const ds_json *value = ds_json_get(json, m->name);
        size_t before = step_name(c, m->name);

        if (!value && m->need == DS_REQUIRED)
            return should_be(c, "defined", NULL);
        if (value && !check_any(c, m->shape, value))
            return false;
        back(c, before);
    }
    return true;
}

static bool check_either(check *c, const ds_json *json)
{
    static const ds_shape text = {.kind = DS_SHAPE_TEXT};
    static const ds_shape texts = {DS_SHAPE_LIST, .max = 100, .item = &text};

    return ds_json_kind_of(json) == DS_JSON_LIST ? check_list(c, &texts, json)
                                                 : check_text(c, &text, json);
}

static bool check_any(check *c, const ds_shape *shape, const ds_json *json)
{
    if (shape->nullable && ds_json_kind_of(json) == DS_JSON_NULL)
        return true;
    switch (shape->kind) {
    case DS_SHAPE_ANY:
        return true;
    case DS_SHAPE_BOOL:
        return ds_json_kind_of(json) == DS_JSON_BOOL || should_be(c, "a boolean", json);
    case DS_SHAPE_TRUE:
        return (ds_json_kind_of(json) == DS_JSON_BOOL && ds_json_truth(json)) ||
               should_be(c, "`true`", json);
    case DS_SHAPE_NUMBER:
        return check_number(c, shape, json);
    case DS_SHAPE_TEXT:
        return check_text(c, shape, json);
    case DS_SHAPE_WORD:
        return check_word(c, shape, json);
    case DS_SHAPE_ID:
        return check_id(c, json);
    case DS_SHAPE_TIME:
    case DS_SHAPE_WHEN:
        return check_time(c, shape, json);
    case DS_SHAPE_LIST:
        return check_list(c, shape, json);
    case DS_SHAPE_BLOCKS:
        return check_blocks(c, json);
    case DS_SHAPE_MAP:
        return check_map(c, shape, json);
    case DS_SHAPE_OBJECT:
        return check_object(c, shape, json);
    case DS_SHAPE_EITHER:
        return check_either(c, json);
    }
    return false;
}

bool ds_shape_check(const ds_shape *shape, const ds_json *json, const char *where, ds_ws_why *why)
{
    check c = {.why = why};
    bool good;

    ds_buf_init(&c.path, 4 * DS_KIB); /* what does not fit is cut: a name has no end */
    ds_buf_text(&c.path, where);
    good = json ? check_any(&c, shape, json) : should_be(&c, "defined", NULL);
    ds_buf_fini(&c.path);
    return good;
}
