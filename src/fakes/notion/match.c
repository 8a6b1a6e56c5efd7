/* src/fakes/notion/match.c - filters held against rows. */
#include "fakes/notion/filter_internal.h"

#include "fakes/notion/shape.h"

#include <stdlib.h>
#include <string.h>

/* ---- text ------------------------------------------------------------------------------------ */

/* One character of valid UTF-8 and how long it is. */
static uint32_t decode(const unsigned char *at, size_t *n)
{
    uint32_t c = at[0];

    *n = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
    if (*n == 1)
        return c;
    c &= 0x7Fu >> *n;
    for (size_t i = 1; i < *n; i++)
        c = c << 6 | (at[i] & 0x3F);
    return c;
}

/* The small letter of the alphabets that have two cases in the simple way. */
static uint32_t lower(uint32_t c)
{
    if ((c >= 'A' && c <= 'Z') || (c >= 0xC0 && c <= 0xDE && c != 0xD7) ||
        (c >= 0x391 && c <= 0x3A9) || (c >= 0x410 && c <= 0x42F))
        return c + 32;
    if (c >= 0x400 && c <= 0x40F)
        return c + 80;
    if ((c >= 0x100 && c <= 0x137 && c != 0x130) || (c >= 0x14A && c <= 0x177))
        return c | 1;
    if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E))
        return c + (c & 1);
    return c;
}

const char *ds_ws_fold(const char *text, ds_arena *a)
{
    size_t length = strlen(text), n;
    char *out = ds_arena_alloc(a, length + 1), *to = out;

    for (const unsigned char *at = (const unsigned char *)text; *at; at += n) {
        uint32_t small = lower(decode(at, &n));

        if (n == 1) {
            *to++ = (char)small;
        } else if (n == 2) { /* a pair of letters is of one length, these alphabets through */
            *to++ = (char)(0xC0 | small >> 6);
            *to++ = (char)(0x80 | (small & 0x3F));
        } else {
            memcpy(to, at, n);
            to += n;
        }
    }
    *to = '\0';
    return out;
}

static bool text_meets(const ds_ws_condition *c, const char *folded)
{
    size_t n = strlen(folded), wanted_n;

    if (c->op == DS_OP_EMPTY || c->op == DS_OP_FILLED)
        return (n == 0) == (c->op == DS_OP_EMPTY);
    if (c->set_cap)
        return c->set[ds_ws_set_place(c, folded)] != NULL;
    wanted_n = strlen(c->text);
    switch (c->op) {
    case DS_OP_EQUALS:
        return !strcmp(folded, c->text);
    case DS_OP_DIFFERS:
        return strcmp(folded, c->text) != 0;
    case DS_OP_CONTAINS:
        return strstr(folded, c->text) != NULL;
    case DS_OP_LACKS:
        return strstr(folded, c->text) == NULL;
    case DS_OP_STARTS:
        return !strncmp(folded, c->text, wanted_n);
    case DS_OP_ENDS:
        return n >= wanted_n && !strcmp(folded + n - wanted_n, c->text);
    default:
        return false;
    }
}

/* ---- numbers, boxes -------------------------------------------------------------------------- */

static bool number_meets(const ds_ws_condition *c, bool empty, double real)
{
    if (c->op == DS_OP_EMPTY || c->op == DS_OP_FILLED)
        return empty == (c->op == DS_OP_EMPTY);
    if (empty)
        return c->op == DS_OP_DIFFERS;
    switch (c->op) {
    case DS_OP_EQUALS:
        return real >= c->real && real <= c->real;
    case DS_OP_DIFFERS:
        return real < c->real || real > c->real;
    case DS_OP_ABOVE:
        return real > c->real;
    case DS_OP_BELOW:
        return real < c->real;
    case DS_OP_ABOVE_OR_EQUAL:
        return real >= c->real;
    case DS_OP_BELOW_OR_EQUAL:
        return real <= c->real;
    default:
        return false;
    }
}

static bool box_meets(const ds_ws_condition *c, bool yes)
{
    return (yes == c->yes) == (c->op == DS_OP_EQUALS);
}

/* ---- times ----------------------------------------------------------------------------------- */

static bool time_meets(const ds_ws_condition *c, bool empty, int64_t ms)
{
    if (c->op == DS_OP_EMPTY || c->op == DS_OP_FILLED)
        return empty == (c->op == DS_OP_EMPTY);
    if (empty)
        return false;
    switch (c->op) {
    case DS_OP_EQUALS:
    case DS_OP_WITHIN:
        return ms >= c->from_ms && ms < c->until_ms;
    case DS_OP_BEFORE:
        return ms < c->from_ms;
    case DS_OP_AFTER:
        return ms >= c->until_ms;
    case DS_OP_ON_OR_BEFORE:
        return ms < c->until_ms;
    case DS_OP_ON_OR_AFTER:
        return ms >= c->from_ms;
    default:
        return false;
    }
}

/* A cell or a result that is a date: its start. */
static bool start_of(const ds_json *date, int64_t *ms)
{
    const char *start = ds_json_text(date, "start");
    ds_ws_time time;

    if (!start || !ds_ws_time_read(start, &time))
        return false;
    *ms = time.ms;
    return true;
}

/* ---- options, references --------------------------------------------------------------------- */

static bool has_option(const ds_ws_condition *c, const ds_ws_cell *cell, bool *empty)
{
    bool found = false;

    *empty = true;
    for (size_t i = 0; cell->form == DS_WS_OPTIONS && i < ds_ws_cell_entries(cell); i++) {
        uint16_t number = ds_ws_cell_option(cell, i);

        *empty &= ds_ws_option_at(c->property, number) == NULL;
        for (size_t j = 0; j < c->options_n; j++)
            found |= c->options[j] == number;
    }
    return found;
}

static bool has_id(const ds_ws_condition *c, const ds_ws_cell *cell, bool *empty)
{
    bool found = false;

    *empty = cell->form != DS_WS_IDS || !ds_ws_cell_entries(cell);
    for (size_t i = 0; !*empty && i < ds_ws_cell_entries(cell); i++)
        found |= ds_ws_id_same(ds_ws_cell_id(cell, i), c->id);
    return found;
}

/* What has something or not, whatever it is. */
static bool having_meets(const ds_ws_condition *c, bool empty, bool found)
{
    switch (c->op) {
    case DS_OP_EMPTY:
        return empty;
    case DS_OP_FILLED:
        return !empty;
    case DS_OP_EQUALS:
    case DS_OP_CONTAINS:
        return found;
    default:
        return !found;
    }
}

/* ---- conditions ------------------------------------------------------------------------------ */

/* The result of a formula or a rollup, set by hand. */
static bool result_meets(const ds_ws_condition *c, const ds_ws_cell *cell, ds_arena *a)
{
    const ds_json *result = cell->form == DS_WS_JSON ? ds_ws_cell_json(cell, a) : NULL;
    const ds_json *number = ds_json_get(result, "number");
    const char *text = ds_json_text(result, "string");
    int64_t ms = 0;
    bool dated;

    switch (c->as) {
    case DS_WS_NUMBER:
        return number_meets(
            c, ds_json_kind_of(number) != DS_JSON_NUMBER,
            number ? strtod(ds_json_str(number, NULL) ? ds_json_str(number, NULL) : "0", NULL) : 0);
    case DS_WS_CHECKBOX:
        return box_meets(c, ds_json_bool(result, "boolean"));
    case DS_WS_DATE:
        dated = start_of(ds_json_get(result, "date"), &ms);
        return time_meets(c, !dated, ms);
    default:
        return text_meets(c, ds_ws_fold(text ? text : "", a));
    }
}

static bool stamp_meets(const ds_ws_condition *c, const ds_ws_row *row)
{
    return time_meets(
        c, false,
        ds_ws_minute(c->as == DS_WS_EDITED_TIME ? row->edited_ms : row->page->thing.created_ms));
}

static bool user_meets(const ds_ws_condition *c, const ds_ws *ws, const ds_ws_row *row)
{
    size_t user =
        c->as == DS_WS_CREATED_BY ? row->page->thing.created_by : row->page->thing.edited_by;

    return having_meets(c, false, ds_ws_id_same(ws->users.at[user]->id, c->id));
}

static bool cell_meets(const ds_ws_condition *c, const ds_ws *ws, const ds_ws_row *row, ds_arena *a)
{
    ds_ws_cell cell;
    bool filled = ds_ws_cell_find(row->cells, c->property->slot, &cell), empty, found;
    int64_t ms = 0;

    if (c->property->type == DS_WS_FORMULA || c->property->type == DS_WS_ROLLUP)
        return result_meets(c, &cell, a);
    switch (c->as) {
    case DS_WS_NUMBER:
        return number_meets(c, !filled, filled ? ds_ws_cell_real(&cell) : 0);
    case DS_WS_UNIQUE_ID:
        return number_meets(c, false, row->page->number);
    case DS_WS_CHECKBOX:
        return box_meets(c, filled);
    case DS_WS_SELECT:
    case DS_WS_STATUS:
    case DS_WS_MULTI_SELECT:
        found = has_option(c, &cell, &empty);
        return having_meets(c, empty, found);
    case DS_WS_PEOPLE:
    case DS_WS_RELATION:
        found = has_id(c, &cell, &empty);
        return having_meets(c, empty, found);
    case DS_WS_FILES:
        return having_meets(c, !filled, false);
    case DS_WS_DATE:
        filled = filled && start_of(ds_ws_cell_json(&cell, a), &ms);
        return time_meets(c, !filled, ms);
    default:
        return text_meets(c, ds_ws_fold(filled ? ds_ws_cell_plain(ws, &cell, a) : "", a));
    }
}

static bool one_meets(const ds_ws_condition *c, const ds_ws *ws, const ds_ws_row *row, ds_arena *a)
{
    if (c->as == DS_WS_CREATED_TIME || c->as == DS_WS_EDITED_TIME)
        return stamp_meets(c, row);
    if (c->as == DS_WS_CREATED_BY || c->as == DS_WS_EDITED_BY)
        return user_meets(c, ws, row);
    return cell_meets(c, ws, row, a);
}

bool ds_ws_filter_meets(const ds_ws_filter *filter, const ds_ws *ws, ds_ws_row row, ds_arena *a)
{
    bool any = false;

    switch (filter->kind) {
    case DS_FILTER_ALL:
        return true;
    case DS_FILTER_ONE:
        return one_meets(&filter->one, ws, &row, a);
    case DS_FILTER_AND:
        for (size_t i = 0; i < filter->n; i++)
            if (!ds_ws_filter_meets(filter->parts[i], ws, row, a))
                return false;
        return true;
    case DS_FILTER_OR:
        for (size_t i = 0; i < filter->n && !any; i++)
            any = ds_ws_filter_meets(filter->parts[i], ws, row, a);
        return any;
    }
    return false;
}
