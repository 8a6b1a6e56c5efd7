/* src/connectors/notion/encode.c
 *
 * What a column is set to.  The type is the column's as it is now; a value that does not fit it is
 * refused with a reason, never bent.
 */
#include "connectors/notion/encode.h"

#include <stdlib.h>
#include <string.h>

#define OPTION_UNITS ((size_t)100)
#define SHORT_UNITS ((size_t)200) /* email, phone_number */
#define FILE_NAME_UNITS ((size_t)100)
#define TEXT_UNITS (DS_NOTION_RUN_UNITS * DS_NOTION_LIST_MAX)
#define CELL_MAX (8 * DS_MIB)
#define SAFE_INTEGER (INT64_C(1) << 53)

typedef struct coder {
    const ds_notion_column *column;
    const ds_notion_policy *policy;
    ds_arena *a;
    ds_json_writer w;
    bool cut;
} coder;

/* "a" of a value that may be long. */
static const char *quoted(ds_arena *a, const char *text)
{
    size_t n = ds_notion_prefix(text, strlen(text), 60);

    return ds_arena_printf(a, "\"%.*s%s\"", (int)n, text, text[n] ? "..." : "");
}

static void member(coder *c, const char *name, const char *text)
{
    ds_json_w_name(&c->w, name);
    ds_json_w_text(&c->w, text);
}

static void object_of(coder *c, const char *name, const char *text)
{
    ds_json_w_begin_object(&c->w);
    member(c, name, text);
    ds_json_w_end_object(&c->w);
}

/* ---- texts ----------------------------------------------------------------------------------- */

static const char *put_text(coder *c, ds_value v)
{
    const char *text = ds_value_text(c->a, v);
    size_t n = text ? strlen(text) : 0;
    size_t most = c->policy->overflow == DS_NOTION_HOLD ? DS_NOTION_RUN_UNITS : TEXT_UNITS;
    size_t fits = ds_notion_prefix(text, n, most);

    if (fits < n && c->policy->overflow != DS_NOTION_TRUNCATE)
        return ds_arena_printf(c->a, "the text has %zu characters, the most is %zu",
                               ds_notion_units(text, n), most);
    c->cut = fits < n;
    ds_json_w_begin_list(&c->w);
    ds_notion_runs(&c->w, text, fits);
    ds_json_w_end_list(&c->w);
    return NULL;
}

/* One short text that cannot be cut and still be true; "" is no value. */
static const char *put_short(coder *c, ds_value v)
{
    const char *text = ds_value_text(c->a, v);
    size_t most = c->column->type == DS_NOTION_URL ? DS_NOTION_URL_UNITS : SHORT_UNITS;

    if (text && ds_notion_units(text, strlen(text)) > most)
        return ds_arena_printf(c->a, "%s has more than %zu characters", quoted(c->a, text), most);
    ds_json_w_text(&c->w, text && *text ? text : NULL);
    return NULL;
}

/* ---- numbers, booleans ----------------------------------------------------------------------- */

/* Notion keeps a double: whole numbers beyond 2^53 come back as another one. */
static bool is_exact(ds_value v)
{
    double number;

    if (v.type == DS_INT)
        return v.as.integer >= -SAFE_INTEGER && v.as.integer <= SAFE_INTEGER;
    number = strtod(v.as.text, NULL);
    return number <= (double)SAFE_INTEGER && number >= -(double)SAFE_INTEGER;
}

static const char *put_number(coder *c, ds_value v)
{
    ds_err err = DS_ERR_INIT;
    ds_value number;

    if (v.type == DS_TEXT && !v.n)
        v = DS_VALUE_NULL;
    if (v.type == DS_NULL) {
        ds_json_w_null(&c->w);
        return NULL;
    }
    if (v.type == DS_BOOL)
        v = ds_int(v.as.boolean);
    if (!ds_value_as(c->a, v, DS_NUMBER, &number, &err))
        return ds_arena_strdup(c->a, err.text);
    if (!is_exact(number))
        return ds_arena_printf(c->a, "%s would be rounded: Notion keeps 53 bits of a number",
                               quoted(c->a, ds_value_text(c->a, number)));
    if (number.type == DS_INT)
        ds_json_w_int(&c->w, number.as.integer);
    else
        ds_json_w_number(&c->w, number.as.text, number.n);
    return NULL;
}

static const char *put_checkbox(coder *c, ds_value v)
{
    ds_err err = DS_ERR_INIT;
    ds_value boolean;

    if (v.type == DS_NULL || (v.type == DS_TEXT && !v.n))
        v = ds_bool(false); /* a box is never empty */
    if (!ds_value_as(c->a, v, DS_BOOL, &boolean, &err))
        return ds_arena_strdup(c->a, err.text);
    ds_json_w_bool(&c->w, boolean.as.boolean);
    return NULL;
}

/* ---- dates ----------------------------------------------------------------------------------- */

/* As it will be read: 05.250 seconds are 05.25, or each look would find another time. */
static bool read_time(coder *c, ds_value v, ds_value *out, ds_err *err)
{
    bool day = v.type == DS_DATE || (v.type == DS_TEXT && v.n == 10);

    if (!ds_value_as(c->a, v, day ? DS_DATE : DS_DATETIME, out, err))
        return false;
    *out = ds_notion_time(out->as.text, c->a);
    return true;
}

/* "START/END", as a range is read. NULL: it is none. */
static const char *slash_of(ds_value v)
{
    return v.type == DS_TEXT ? strchr(v.as.text, '/') : NULL;
}

static const char *put_date(coder *c, ds_value v)
{
    const char *slash = slash_of(v);
    ds_value start = v, end = DS_VALUE_NULL;
    ds_err err = DS_ERR_INIT;

    if (v.type == DS_NULL || (v.type == DS_TEXT && !v.n)) {
        ds_json_w_null(&c->w);
        return NULL;
    }
    if (slash) {
        start = ds_text(ds_arena_strndup(c->a, v.as.text, (size_t)(slash - v.as.text)));
        end = ds_text(slash + 1);
    }
    if (!read_time(c, start, &start, &err) ||
        (end.type != DS_NULL && !read_time(c, end, &end, &err)))
        return ds_arena_strdup(c->a, err.text);
    ds_json_w_begin_object(&c->w);
    member(c, "start", start.as.text);
    member(c, "end", end.type == DS_NULL ? NULL : end.as.text);
    ds_json_w_end_object(&c->w);
    return NULL;
}

/* ---- options --------------------------------------------------------------------------------- */

static bool has_option(const ds_notion_column *c, const char *name)
{
    DS_JSON_EACH (c->options, option) {
        const char *there = ds_json_text(option, "name");

        if (there && strcmp(there, name) == 0)
            return true;
    }
    return false;
}

static const char *no_option(const coder *c, const char *name)
{
    DS_AUTO_BUF(list, 240);

    DS_JSON_EACH (c->column->options, option)
        ds_buf_printf(&list, "%s%.60s", list.n ? ", " : "", ds_json_text(option, "name"));
    return ds_arena_printf(c->a, "it has no option %s%s%s", quoted(c->a, name),
                           list.n ? "; it has " : "", list.n ? list.data : "");
}

static const char *option_problem(const coder *c, const char *name)
{
    bool grows = c->column->type != DS_NOTION_STATUS && c->policy->create_options;

    if (ds_notion_units(name, strlen(name)) > OPTION_UNITS)
        return ds_arena_printf(c->a, "option %s has more than %zu characters", quoted(c->a, name),
                               OPTION_UNITS);
    if (has_option(c->column, name))
        return NULL;
    if (strchr(name, ','))
        return ds_arena_printf(c->a, "option %s has a comma, which Notion does not allow",
                               quoted(c->a, name));
    return grows ? NULL : no_option(c, name);
}

static const char *put_option(coder *c, ds_value v)
{
    const char *name = ds_value_text(c->a, v), *problem;

    if (v.type == DS_LIST && v.n > 1)
        return ds_arena_printf(c->a, "a list of %u does not fit into one option", v.n);
    if (!name || !*name) {
        ds_json_w_null(&c->w);
        return NULL;
    }
    problem = option_problem(c, name);
    if (!problem)
        object_of(c, "name", name);
    return problem;
}

/* ---- lists ----------------------------------------------------------------------------------- */

static void trim(const char **begin, const char **end)
{
    while (*begin < *end && **begin == ' ')
        (*begin)++;
    while (*end > *begin && (*end)[-1] == ' ')
        (*end)--;
}

/* The entries of a list; of a text what stands between its commas. */
static const char *const *entries_of(const coder *c, ds_value v, size_t *n)
{
    const char *text, **entries;
    size_t most = 1;

    *n = v.n;
    if (v.type == DS_LIST)
        return v.as.list;
    text = ds_value_text(c->a, v);
    if (!text)
        text = "";
    for (const char *p = text; *p; p++)
        most += *p == ',';
    entries = ds_arena_alloc(c->a, most * sizeof(*entries));
    *n = 0;
    for (const char *begin = text;;) {
        const char *comma = strchr(begin, ','), *end = comma ? comma : begin + strlen(begin);
        const char *from = begin;

        trim(&from, &end);
        if (end > from)
            entries[(*n)++] = ds_arena_strndup(c->a, from, (size_t)(end - from));
        if (!comma)
            return entries;
        begin = comma + 1;
    }
}

typedef const char *(*put_entry)(coder *c, const char *text);

static bool is_before(const char *const *entries, size_t n, const char *text)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(entries[i], text) == 0)
            return true;
    return false;
}

/* Each entry once, in their order. */
static const char *put_list(coder *c, ds_value v, put_entry put)
{
    size_t n, written = 0;
    const char *const *entries = entries_of(c, v, &n);

    ds_json_w_begin_list(&c->w);
    for (size_t i = 0; i < n; i++) {
        const char *problem;

        if (!*entries[i] || is_before(entries, DS_MIN(i, 10 * DS_NOTION_LIST_MAX), entries[i]))
            continue;
        if (written == DS_NOTION_LIST_MAX) {
            if (c->policy->overflow != DS_NOTION_TRUNCATE)
                return ds_arena_printf(c->a,
                                       "the list has %zu entries, Notion takes %zu in a write", n,
                                       DS_NOTION_LIST_MAX);
            c->cut = true;
            break;
        }
        problem = put(c, entries[i]);
        if (problem)
            return problem;
        written++;
    }
    ds_json_w_end_list(&c->w);
    return NULL;
}

static const char *put_name(coder *c, const char *text)
{
    const char *problem = option_problem(c, text);

    if (!problem)
        object_of(c, "name", text);
    return problem;
}

static const char *put_person(coder *c, const char *text)
{
    const char *id = ds_notion_id(text, c->a);

    if (!id)
        return ds_arena_printf(c->a, "%s is no id of a user", quoted(c->a, text));
    ds_json_w_begin_object(&c->w);
    member(c, "object", "user");
    member(c, "id", id);
    ds_json_w_end_object(&c->w);
    return NULL;
}

static const char *put_page(coder *c, const char *text)
{
    const char *id = ds_notion_id(text, c->a);

    if (!id)
        return ds_arena_printf(c->a, "%s is neither id nor address of a page", quoted(c->a, text));
    object_of(c, "id", id);
    return NULL;
}

static const char *file_name(const coder *c, const char *url)
{
    size_t n = strcspn(url, "?#"), begin;

    while (n && url[n - 1] == '/')
        n--;
    for (begin = n; begin && url[begin - 1] != '/';)
        begin--;
    return ds_arena_strndup(c->a, url + begin,
                            ds_notion_prefix(url + begin, n - begin, FILE_NAME_UNITS));
}

static const char *put_file(coder *c, const char *text)
{
    if (!ds_notion_is_web(text))
        return ds_arena_printf(c->a, "%s is no address that Notion can link to",
                               quoted(c->a, text));
    ds_json_w_begin_object(&c->w);
    member(c, "name", file_name(c, text));
    ds_json_w_name(&c->w, "external");
    object_of(c, "url", text);
    ds_json_w_end_object(&c->w);
    return NULL;
}

/* ---- places ---------------------------------------------------------------------------------- */

static const char *put_place(coder *c, ds_value v)
{
    static const char *const names[] = {"name", "address", "google_place_id", "aws_place_id"};
    const char *text = ds_value_text(c->a, v);
    ds_err err = DS_ERR_INIT;
    const ds_json *place, *lat, *lon;

    if (!text || !*text) {
        ds_json_w_null(&c->w);
        return NULL;
    }
    place = ds_json_read(c->a, text, strlen(text), &err);
    lat = ds_json_get(place, "lat");
    lon = ds_json_get(place, "lon");
    if (ds_json_kind_of(lat) != DS_JSON_NUMBER || ds_json_kind_of(lon) != DS_JSON_NUMBER)
        return ds_arena_printf(c->a, "%s is no place: {\"lat\": 1.5, \"lon\": 2.5}",
                               quoted(c->a, text));
    ds_json_w_begin_object(&c->w);
    ds_json_w_name(&c->w, "lat");
    ds_json_w_json(&c->w, lat);
    ds_json_w_name(&c->w, "lon");
    ds_json_w_json(&c->w, lon);
    for (size_t i = 0; i < DS_COUNT(names); i++)
        if (ds_json_text(place, names[i]))
            member(c, names[i], ds_json_text(place, names[i]));
    ds_json_w_end_object(&c->w);
    return NULL;
}

/* ---- all of them ----------------------------------------------------------------------------- */

static const char *put(coder *c, ds_value v)
{
    switch (c->column->type) {
    case DS_NOTION_TITLE:
    case DS_NOTION_RICH_TEXT:
        return put_text(c, v);
    case DS_NOTION_NUMBER:
        return put_number(c, v);
    case DS_NOTION_CHECKBOX:
        return put_checkbox(c, v);
    case DS_NOTION_SELECT:
    case DS_NOTION_STATUS:
        return put_option(c, v);
    case DS_NOTION_MULTI_SELECT:
        return put_list(c, v, put_name);
    case DS_NOTION_DATE:
        return put_date(c, v);
    case DS_NOTION_PEOPLE:
        return put_list(c, v, put_person);
    case DS_NOTION_RELATION:
        return put_list(c, v, put_page);
    case DS_NOTION_URL:
    case DS_NOTION_EMAIL:
    case DS_NOTION_PHONE:
        return put_short(c, v);
    case DS_NOTION_FILES:
        return put_list(c, v, put_file);
    case DS_NOTION_PLACE:
        return put_place(c, v);
    default:
        return ds_arena_printf(c->a, "it is a %s, which Notion fills in by itself",
                               c->column->type_name);
    }
}

const char *ds_notion_encode(const ds_notion_column *column, ds_value v,
                             const ds_notion_policy *policy, ds_arena *a, ds_notion_cell *out)
{
    DS_AUTO_BUF(text, CELL_MAX);
    coder c = {.column = column, .policy = policy, .a = a, .w = ds_json_w(&text, false)};
    const char *problem;

    ds_json_w_begin_object(&c.w);
    ds_json_w_name(&c.w, column->type_name);
    problem = put(&c, v);
    if (problem)
        return problem;
    ds_json_w_end_object(&c.w);
    if (text.overflow)
        return "the value is too large";
    *out =
        (ds_notion_cell){.json = ds_arena_strndup(a, text.data, text.n), .n = text.n, .cut = c.cut};
    return NULL;
}

/* ---- keys ------------------------------------------------------------------------------------ */

bool ds_notion_can_be_key(ds_notion_type type)
{
    return type == DS_NOTION_TITLE || type == DS_NOTION_RICH_TEXT || type == DS_NOTION_NUMBER ||
           type == DS_NOTION_URL;
}

const char *ds_notion_key_problem(const ds_notion_column *c, const char *key, ds_arena *a)
{
    ds_value number;

    if (c->type != DS_NOTION_NUMBER)
        return NULL;
    number = ds_number(key, strlen(key));
    if (number.type == DS_INT && is_exact(number) && strcmp(ds_value_text(a, number), key) == 0)
        return NULL;
    return ds_arena_printf(a, "column \"%s\" is a number, and would give back another key than %s",
                           c->name, quoted(a, key));
}
