/* src/fakes/notion/filter.c - filters read: their shape, their columns, what they compare with. */
#include "fakes/notion/filter_internal.h"

#include "base/hash.h"
#include "base/text.h"
#include "fakes/notion/shape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NESTING_MAX 2
#define ENTRIES_MAX 100
#define SET_FROM 4 /* so many texts to compare with are worth a set */

typedef struct reader {
    const ds_ws *ws;
    const ds_ws_source *source;
    int64_t now_ms;
    ds_arena *a;
    ds_ws_why *why;
} reader;

/* ---- operators ------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    ds_ws_operator op;
} operators[] = {
    {"equals", DS_OP_EQUALS},
    {"does_not_equal", DS_OP_DIFFERS},
    {"contains", DS_OP_CONTAINS},
    {"does_not_contain", DS_OP_LACKS},
    {"starts_with", DS_OP_STARTS},
    {"ends_with", DS_OP_ENDS},
    {"greater_than", DS_OP_ABOVE},
    {"less_than", DS_OP_BELOW},
    {"greater_than_or_equal_to", DS_OP_ABOVE_OR_EQUAL},
    {"less_than_or_equal_to", DS_OP_BELOW_OR_EQUAL},
    {"before", DS_OP_BEFORE},
    {"after", DS_OP_AFTER},
    {"on_or_before", DS_OP_ON_OR_BEFORE},
    {"on_or_after", DS_OP_ON_OR_AFTER},
    {"is_empty", DS_OP_EMPTY},
    {"is_not_empty", DS_OP_FILLED},
};

/* The one operator of a condition whose shape is right, and what it compares with. */
static ds_ws_operator operator_of(const ds_json *condition, const ds_json **operand)
{
    for (size_t i = 0; i < DS_COUNT(operators); i++) {
        *operand = ds_json_get(condition, operators[i].name);
        if (*operand)
            return operators[i].op;
    }
    return DS_OP_WITHIN;
}

/* ---- times ----------------------------------------------------------------------------------- */

static int64_t midnight(int64_t ms)
{
    return ds_floor_div(ms, DS_DAY_MS) * DS_DAY_MS;
}

/* The same day some months on, or the last one of that month. */
static int64_t months_on(int64_t ms, int64_t months)
{
    int64_t year, month, day, y, m, d;

    ds_date_from_days(ds_floor_div(ms, DS_DAY_MS), &year, &month, &day);
    month += months;
    year += ds_floor_div(month - 1, 12);
    month -= ds_floor_div(month - 1, 12) * 12;
    for (;; day--) {
        ds_date_from_days(ds_days_from_date(year, month, day), &y, &m, &d);
        if (m == month)
            return ds_days_from_date(year, month, day) * DS_DAY_MS;
    }
}

/* "today" and its like: a day, as so many days and months from today. */
static bool relative_day(const char *word, int64_t now_ms, int64_t *from_ms)
{
    static const struct {
        const char *word;
        int days, months;
    } words[] = {
        {"today", 0, 0},
        {"tomorrow", 1, 0},
        {"yesterday", -1, 0},
        {"one_week_ago", -7, 0},
        {"one_week_from_now", 7, 0},
        {"one_month_ago", 0, -1},
        {"one_month_from_now", 0, 1},
    };

    for (size_t i = 0; i < DS_COUNT(words); i++)
        if (!strcmp(words[i].word, word)) {
            *from_ms = words[i].months ? months_on(now_ms, words[i].months)
                                       : midnight(now_ms) + words[i].days * DS_DAY_MS;
            return true;
        }
    return false;
}

static void read_when(const reader *r, const ds_json *operand, ds_ws_condition *c)
{
    const char *text = ds_json_str(operand, NULL);
    ds_ws_time time;

    if (relative_day(text, r->now_ms, &c->from_ms)) {
        c->until_ms = c->from_ms + DS_DAY_MS;
        return;
    }
    if (!ds_ws_time_read(text, &time))
        return; /* the shape saw to it */
    c->from_ms = time.ms;
    c->until_ms = time.ms + (time.clock ? 1 : DS_DAY_MS);
}

/* this_week, past_month, ...: spans that end or begin today. */
static void read_span(const reader *r, const ds_json *condition, ds_ws_condition *c)
{
    int64_t today = midnight(r->now_ms);
    int64_t weekday = ds_weekday(ds_floor_div(r->now_ms, DS_DAY_MS));
    static const struct {
        const char *name;
        int months, days;
    } spans[] = {{"past_week", 0, -7}, {"past_month", -1, 0}, {"past_year", -12, 0},
                 {"next_week", 0, 7},  {"next_month", 1, 0},  {"next_year", 12, 0}};

    if (ds_json_get(condition, "this_week")) {
        c->from_ms = today - weekday * DS_DAY_MS;
        c->until_ms = c->from_ms + 7 * DS_DAY_MS;
        return;
    }
    for (size_t i = 0; i < DS_COUNT(spans); i++) {
        int64_t other;

        if (!ds_json_get(condition, spans[i].name))
            continue;
        other =
            spans[i].months ? months_on(today, spans[i].months) : today + spans[i].days * DS_DAY_MS;
        c->from_ms = DS_MIN(today, other);
        c->until_ms = DS_MAX(today, other) + DS_DAY_MS;
    }
}

/* ---- what is compared with ------------------------------------------------------------------- */

/* Names or ids; what no option has is no error, it meets nothing. */
static void read_options(const reader *r, const ds_json *operand, ds_ws_condition *c)
{
    bool list = ds_json_kind_of(operand) == DS_JSON_LIST;
    size_t most = list ? ds_json_size(operand) : 1, n = 0;
    uint16_t *numbers = ds_arena_alloc(r->a, (most + 1) * sizeof(*numbers));

    for (size_t i = 0; i < most; i++) {
        const char *name = ds_json_str(list ? ds_json_at(operand, i) : operand, NULL);
        ds_ws_option *option = ds_ws_option_find(c->property, name);

        if (!option)
            option = ds_ws_option_by_id(c->property, name);
        if (option)
            numbers[n++] = option->number;
    }
    c->options = numbers;
    c->options_n = n;
}

static bool read_id(const reader *r, const ds_json *operand, ds_ws_condition *c)
{
    const char *text = ds_json_str(operand, NULL);

    if (c->as != DS_WS_RELATION && !strcmp(text, "me")) {
        c->id = r->ws->users.at[DS_WS_BOT]->id;
        return true;
    }
    return ds_ws_id_read(text, &c->id) ||
           ds_ws_invalid(r->why,
                         "body failed validation: body.filter.%s should be a valid uuid or `me`, "
                         "instead was `\"%s\"`.",
                         ds_ws_type_names[c->as], text);
}

static bool read_operand(const reader *r, const ds_json *condition, const ds_json *operand,
                         ds_ws_condition *c)
{
    if (c->op == DS_OP_WITHIN)
        read_span(r, condition, c);
    if (!operand || c->op == DS_OP_EMPTY || c->op == DS_OP_FILLED)
        return true;
    switch (c->as) {
    case DS_WS_NUMBER:
    case DS_WS_UNIQUE_ID:
        c->real = strtod(ds_json_str(operand, NULL), NULL);
        return true;
    case DS_WS_CHECKBOX:
        c->yes = ds_json_truth(operand);
        return true;
    case DS_WS_SELECT:
    case DS_WS_STATUS:
    case DS_WS_MULTI_SELECT:
        read_options(r, operand, c);
        return true;
    case DS_WS_DATE:
    case DS_WS_CREATED_TIME:
    case DS_WS_EDITED_TIME:
        read_when(r, operand, c);
        return true;
    case DS_WS_PEOPLE:
    case DS_WS_CREATED_BY:
    case DS_WS_EDITED_BY:
    case DS_WS_RELATION:
        return read_id(r, operand, c);
    default:
        c->text = ds_ws_fold(ds_json_str(operand, NULL), r->a);
        return true;
    }
}

/* ---- one condition --------------------------------------------------------------------------- */

static ds_ws_filter *new_filter(const reader *r)
{
    return ds_new_in(r->a, ds_ws_filter);
}

static ds_ws_type type_named(const ds_json *leaf)
{
    for (size_t type = 0; type < DS_WS_TYPES; type++)
        if (ds_json_get(leaf, ds_ws_type_names[type]))
            return (ds_ws_type)type;
    return DS_WS_TYPES;
}

/* Within a formula or a rollup: what the result is compared as. */
static const ds_json *inner_condition(const ds_json *condition, ds_ws_type *as)
{
    static const struct {
        const char *name;
        ds_ws_type as;
    } results[] = {{"string", DS_WS_RICH_TEXT},
                   {"checkbox", DS_WS_CHECKBOX},
                   {"number", DS_WS_NUMBER},
                   {"date", DS_WS_DATE}};

    for (size_t i = 0; i < DS_COUNT(results); i++)
        if (ds_json_get(condition, results[i].name)) {
            *as = results[i].as;
            return ds_json_get(condition, results[i].name);
        }
    return condition;
}

/* Old clients ask any text column as rich_text; a title may be asked so as well. */
static bool fits(ds_ws_type column, ds_ws_type filter)
{
    return column == filter || (filter == DS_WS_RICH_TEXT && column == DS_WS_TITLE);
}

static const ds_ws_filter *read_property(const reader *r, const ds_json *leaf, const char *where)
{
    ds_ws_filter *f = new_filter(r);
    ds_ws_condition *c = &f->one;
    const ds_json *condition, *operand;
    const char *name = ds_json_text(leaf, "property");

    if (!ds_shape_check(&ds_shape_property_filter, leaf, where, r->why))
        return NULL;
    c->as = type_named(leaf);
    c->property = ds_ws_property_find(r->source, name);
    if (!c->property) {
        ds_ws_invalid(r->why, "Could not find property with name or id: %s", name);
        return NULL;
    }
    if (!fits(c->property->type, c->as)) {
        ds_ws_invalid(r->why, "database property %s does not match filter %s",
                      ds_ws_type_names[c->property->type], ds_ws_type_names[c->as]);
        return NULL;
    }
    condition = inner_condition(ds_json_get(leaf, ds_ws_type_names[c->as]), &c->as);
    c->op = operator_of(condition, &operand);
    f->kind = DS_FILTER_ONE;
    return read_operand(r, condition, operand, c) ? f : NULL;
}

static const ds_ws_filter *read_timestamp(const reader *r, const ds_json *leaf, const char *where)
{
    ds_ws_filter *f = new_filter(r);
    const ds_json *condition, *operand;
    const char *name = ds_json_text(leaf, "timestamp");

    if (!ds_shape_check(&ds_shape_timestamp_filter, leaf, where, r->why))
        return NULL;
    condition = ds_json_get(leaf, name);
    if (!condition) {
        ds_ws_invalid(r->why,
                      "body failed validation: %s.%s should be defined, instead was `undefined`.",
                      where, name);
        return NULL;
    }
    f->kind = DS_FILTER_ONE;
    f->one.edited = !strcmp(name, "last_edited_time");
    f->one.as = f->one.edited ? DS_WS_EDITED_TIME : DS_WS_CREATED_TIME;
    f->one.op = operator_of(condition, &operand);
    return read_operand(r, condition, operand, &f->one) ? f : NULL;
}

/* ---- groups ---------------------------------------------------------------------------------- */

size_t ds_ws_set_place(const ds_ws_condition *c, const char *text)
{
    size_t at = ds_hash64(text, strlen(text)) & (c->set_cap - 1);

    while (c->set[at] && strcmp(c->set[at], text) != 0)
        at = (at + 1) & (c->set_cap - 1);
    return at;
}

static bool is_text_equals(const ds_ws_filter *f, const ds_ws_filter *like)
{
    return f->kind == DS_FILTER_ONE && f->one.op == DS_OP_EQUALS && f->one.text &&
           f->one.property == like->one.property && f->one.as == like->one.as;
}

/* Many texts, one column: a set in place of its parts. */
static const ds_ws_filter *as_set(const reader *r, const ds_ws_filter *const *parts, size_t n)
{
    ds_ws_filter *f;

    if (n < SET_FROM)
        return NULL;
    for (size_t i = 0; i < n; i++)
        if (!is_text_equals(parts[i], parts[0]))
            return NULL;
    f = new_filter(r);
    *f = *parts[0];
    f->one.set_cap = 16;
    while (f->one.set_cap < n * 2)
        f->one.set_cap *= 2;
    f->one.set = ds_arena_zalloc(r->a, f->one.set_cap * sizeof(char *));
    for (size_t i = 0; i < n; i++)
        f->one.set[ds_ws_set_place(&f->one, parts[i]->one.text)] = parts[i]->one.text;
    return f;
}

static const ds_ws_filter *read_any(const reader *r, const ds_json *filter, const char *where,
                                    int depth);

static const ds_ws_filter *read_group(const reader *r, const ds_json *filter, const char *name,
                                      const char *where, int depth)
{
    const ds_json *list = ds_json_get(filter, name);
    const ds_ws_filter **parts, *set;
    ds_ws_filter *f = new_filter(r);
    static const ds_shape any = {.kind = DS_SHAPE_ANY};
    static const ds_shape entries = {.kind = DS_SHAPE_LIST, .max = ENTRIES_MAX, .item = &any};
    size_t n = 0;

    where = ds_arena_printf(r->a, "%s.%s", where, name);
    if (!ds_shape_check(&entries, list, where, r->why))
        return NULL;
    if (depth >= NESTING_MAX || ds_json_size(filter) != 1) {
        ds_ws_invalid(r->why,
                      "body failed validation: %s should be not present: a filter has "
                      "%s.",
                      where,
                      depth >= NESTING_MAX ? "at most two levels of `and` and `or`"
                                           : "`and` or `or` and nothing beside it");
        return NULL;
    }
    parts = ds_arena_alloc(r->a, (ds_json_size(list) + 1) * sizeof(ds_ws_filter *));
    DS_JSON_EACH (list, entry) {
        parts[n] = read_any(r, entry, ds_arena_printf(r->a, "%s[%zu]", where, n), depth + 1);
        if (!parts[n++])
            return NULL;
    }
    set = !strcmp(name, "or") ? as_set(r, parts, n) : NULL;
    f->kind = !strcmp(name, "or") ? DS_FILTER_OR : DS_FILTER_AND;
    f->parts = parts;
    f->n = n;
    return set ? set : f;
}

static const ds_ws_filter *read_any(const reader *r, const ds_json *filter, const char *where,
                                    int depth)
{
    if (ds_json_get(filter, "or"))
        return read_group(r, filter, "or", where, depth);
    if (ds_json_get(filter, "and"))
        return read_group(r, filter, "and", where, depth);
    if (ds_json_get(filter, "timestamp"))
        return read_timestamp(r, filter, where);
    return read_property(r, filter, where);
}

const ds_ws_filter *ds_ws_filter_read(const ds_ws *ws, const ds_ws_source *source,
                                      const ds_json *filter, int64_t now_ms, ds_arena *a,
                                      ds_ws_why *why)
{
    reader r = {.ws = ws, .source = source, .now_ms = now_ms, .a = a, .why = why};

    if (!filter)
        return new_filter(&r); /* DS_FILTER_ALL */
    return read_any(&r, filter, "body.filter", 0);
}
