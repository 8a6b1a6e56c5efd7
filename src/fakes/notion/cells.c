/* src/fakes/notion/cells.c - values packed into one block of memory a row. */
#include "fakes/notion/cells.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD 7 /* slot, form, length */

static ds_ws_cell cell_at(const char *at)
{
    ds_ws_cell cell = {.data = at + HEAD, .form = (uint8_t)at[2]};

    memcpy(&cell.slot, at, sizeof(cell.slot));
    memcpy(&cell.n, at + 3, sizeof(cell.n));
    return cell;
}

bool ds_ws_cell_find(const ds_ws_cells *cells, uint16_t slot, ds_ws_cell *cell)
{
    const char *end = cells->data + cells->n;

    for (const char *at = cells->data; at < end; at = cell->data + cell->n) {
        *cell = cell_at(at);
        if (cell->slot == slot)
            return true;
    }
    *cell = (ds_ws_cell){.slot = slot};
    return false;
}

void ds_ws_cell_drop(ds_ws_cells *cells, uint16_t slot)
{
    ds_ws_cell cell;
    size_t from, to;

    if (!ds_ws_cell_find(cells, slot, &cell))
        return;
    from = (size_t)(cell.data - HEAD - cells->data);
    to = from + HEAD + cell.n;
    memmove(cells->data + from, cells->data + to, cells->n - to);
    cells->n -= (uint32_t)(to - from);
}

void ds_ws_cell_put(ds_ws_cells *cells, ds_ws_cell cell)
{
    char *at;

    ds_ws_cell_drop(cells, cell.slot);
    cells->data = ds_realloc(cells->data, cells->n + HEAD + cell.n, 1);
    at = cells->data + cells->n;
    memcpy(at, &cell.slot, sizeof(cell.slot));
    at[2] = (char)cell.form;
    memcpy(at + 3, &cell.n, sizeof(cell.n));
    if (cell.n)
        memcpy(at + HEAD, cell.data, cell.n);
    cells->n += HEAD + cell.n;
}

double ds_ws_cell_real(const ds_ws_cell *cell)
{
    double real;

    memcpy(&real, cell->data, sizeof(real));
    return real;
}

size_t ds_ws_cell_entries(const ds_ws_cell *cell)
{
    return cell->n / (cell->form == DS_WS_IDS ? sizeof(ds_ws_id) : sizeof(uint16_t));
}

uint16_t ds_ws_cell_option(const ds_ws_cell *cell, size_t index)
{
    uint16_t option;

    memcpy(&option, cell->data + index * sizeof(option), sizeof(option));
    return option;
}

ds_ws_id ds_ws_cell_id(const ds_ws_cell *cell, size_t index)
{
    ds_ws_id id;

    memcpy(&id, cell->data + index * sizeof(id), sizeof(id));
    return id;
}

bool ds_ws_cell_run(const ds_ws_cell *cell, size_t *at, const char **text, size_t *n)
{
    uint32_t length;

    if (*at >= cell->n)
        return false;
    memcpy(&length, cell->data + *at, sizeof(length));
    *text = cell->data + *at + sizeof(length);
    *n = length;
    *at += sizeof(length) + length;
    return true;
}

const ds_json *ds_ws_cell_json(const ds_ws_cell *cell, ds_arena *a)
{
    ds_err err = DS_ERR_INIT;

    return ds_json_read(a, cell->data, cell->n, &err); /* we wrote it: it can be read */
}

/* ---- rich text ------------------------------------------------------------------------------- */

/* An item that is text and nothing else; its text in *content. */
static bool is_bare(const ds_json *item, const ds_json **content)
{
    ds_json_iter it = ds_json_iterate(ds_json_get(item, "annotations"));
    const ds_json *dress, *text = ds_json_get(item, "text");

    *content = ds_json_get(text, "content");
    if (!text || ds_json_kind_of(ds_json_get(text, "link")) != DS_JSON_NULL)
        return false;
    while ((dress = ds_json_next(&it)) != NULL)
        if (ds_json_truth(dress) ||
            (ds_json_kind_of(dress) == DS_JSON_TEXT && strcmp(ds_json_str(dress, NULL), "default")))
            return false;
    return true;
}

static bool add_runs(const ds_json *list, ds_buf *out)
{
    DS_JSON_EACH (list, item) {
        const ds_json *content;
        const char *text;
        size_t n;
        uint32_t length;

        if (!is_bare(item, &content))
            return false;
        text = ds_json_str(content, &n);
        length = (uint32_t)n;
        ds_buf_add(out, &length, sizeof(length));
        ds_buf_add(out, text, n);
    }
    return true;
}

ds_ws_cell ds_ws_rich_cell(const ds_json *list, ds_arena *a)
{
    DS_AUTO_BUF(out, 16 * DS_MIB);
    ds_ws_cell cell = {.form = DS_WS_RUNS};

    if (!add_runs(list, &out)) {
        ds_json_writer w = ds_json_w(&out, false);

        ds_buf_clear(&out);
        w.exact = true;
        ds_json_w_json(&w, list);
        cell.form = DS_WS_RICH;
    }
    cell.n = (uint32_t)out.n;
    cell.data = out.n ? memcpy(ds_arena_alloc(a, out.n), out.data, out.n) : NULL;
    return cell;
}

/* The slot that holds a page's title. */
static uint16_t title_slot(const ds_ws_page *page)
{
    const ds_ws_source *source = ds_ws_source_of(page);

    for (uint32_t i = 0; source && i < source->properties_n; i++)
        if (source->properties[i].type == DS_WS_TITLE)
            return source->properties[i].slot;
    return DS_WS_TITLE_SLOT;
}

/* A title inside a text. One that has mentions itself is not followed: they could go in a ring. */
static void add_title(const ds_ws *ws, const ds_ws_page *page, ds_arena *a, ds_buf *out)
{
    ds_ws_cell cell;
    bool bare = ds_ws_cell_find(&page->cells, title_slot(page), &cell) && cell.form == DS_WS_RUNS;

    ds_buf_text(out, bare ? ds_ws_cell_plain(ws, &cell, a) : "Untitled");
}

static void add_mention(const ds_ws *ws, const ds_json *mention, ds_arena *a, ds_buf *out)
{
    const char *ref = ds_json_text(ds_json_get(mention, "page"), "id");
    const char *person = ds_json_text(ds_json_get(mention, "user"), "id");
    const ds_json *date = ds_json_get(mention, "date");
    ds_ws_thing *thing = NULL;
    ds_ws_id id;

    if ((ref && ds_ws_id_read(ref, &id)) || (person && ds_ws_id_read(person, &id)))
        thing = ds_ws_find(ws, id);
    if (date)
        ds_buf_text(out, ds_json_text(date, "start"));
    else if (person)
        ds_buf_printf(out, "@%s",
                      thing && thing->kind == DS_WS_USER ? ((ds_ws_user *)thing)->name
                                                         : "Anonymous");
    else if (thing && thing->kind == DS_WS_PAGE)
        add_title(ws, (ds_ws_page *)thing, a, out);
    else
        ds_buf_text(out, "Untitled");
}

const char *ds_ws_rich_plain(const ds_ws *ws, const ds_json *list, ds_arena *a)
{
    DS_AUTO_BUF(out, 16 * DS_MIB);

    DS_JSON_EACH (list, item) {
        const char *content = ds_json_text(ds_json_get(item, "text"), "content");
        const char *expression = ds_json_text(ds_json_get(item, "equation"), "expression");
        const ds_json *mention = ds_json_get(item, "mention");

        if (mention)
            add_mention(ws, mention, a, &out);
        else
            ds_buf_text(&out, content ? content : expression ? expression : "");
    }
    return ds_arena_strndup(a, out.data ? out.data : "", out.n);
}

const char *ds_ws_cell_plain(const ds_ws *ws, const ds_ws_cell *cell, ds_arena *a)
{
    size_t at = 0, n, sum = 0;
    const char *text;
    char *all;

    if (cell->form == DS_WS_PLAIN)
        return ds_arena_strndup(a, cell->data, cell->n);
    if (cell->form == DS_WS_RICH)
        return ds_ws_rich_plain(ws, ds_ws_cell_json(cell, a), a);
    all = ds_arena_alloc(a, cell->n + 1);
    while (cell->form == DS_WS_RUNS && ds_ws_cell_run(cell, &at, &text, &n)) {
        memcpy(all + sum, text, n);
        sum += n;
    }
    all[sum] = '\0';
    return all;
}

const char *ds_ws_page_title(const ds_ws *ws, const ds_ws_page *page, ds_arena *a)
{
    ds_ws_cell cell;

    return ds_ws_cell_find(&page->cells, title_slot(page), &cell) ? ds_ws_cell_plain(ws, &cell, a)
                                                                  : "";
}

const char *ds_ws_title_text(const ds_ws *ws, const char *title_json, ds_arena *a)
{
    ds_err err = DS_ERR_INIT;

    if (!title_json)
        return "";
    return ds_ws_rich_plain(ws, ds_json_read(a, title_json, strlen(title_json), &err), a);
}

const char *ds_ws_real_text(double real, char out[32])
{
    if (real == 0)
        real = 0; /* no -0 */
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out, 32, "%.*g", digits, real);
        if (strtod(out, NULL) == real)
            break;
    }
    return out;
}
