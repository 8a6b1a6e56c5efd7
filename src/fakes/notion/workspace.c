/* src/fakes/notion/workspace.c - things: their making, their ids, the table that finds them. */
#include "fakes/notion/workspace.h"

#include "base/hash.h"
#include "fakes/notion/query.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool ds_ws_no(ds_ws_why *why, int status, const char *code, const char *fmt, ...)
{
    va_list args;

    why->status = status;
    why->code = code;
    va_start(args, fmt);
    vsnprintf(why->text, sizeof(why->text), fmt, args);
    va_end(args);
    return false;
}

bool ds_ws_invalid(ds_ws_why *why, const char *fmt, ...)
{
    va_list args;

    why->status = 400;
    why->code = "validation_error";
    va_start(args, fmt);
    vsnprintf(why->text, sizeof(why->text), fmt, args);
    va_end(args);
    return false;
}

/* ---- ids ------------------------------------------------------------------------------------- */

static int nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool ds_ws_id_read(const char *text, ds_ws_id *id)
{
    size_t n = strlen(text), digits = 0;
    bool dashed = n == 36;

    if (!dashed && n != 32)
        return false;
    for (size_t i = 0; i < n; i++) {
        bool dash = dashed && (i == 8 || i == 13 || i == 18 || i == 23);
        int four = nibble(text[i]);

        if (dash ? text[i] != '-' : four < 0)
            return false;
        if (dash)
            continue;
        id->b[digits / 2] = (uint8_t)(digits % 2 ? id->b[digits / 2] | four : four << 4);
        digits++;
    }
    return true;
}

const char *ds_ws_id_text(ds_ws_id id, char out[DS_WS_ID_TEXT])
{
    static const char hex[] = "0123456789abcdef";
    char *to = out;

    for (size_t i = 0; i < sizeof(id.b); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *to++ = '-';
        *to++ = hex[id.b[i] >> 4];
        *to++ = hex[id.b[i] & 15];
    }
    *to = '\0';
    return out;
}

bool ds_ws_id_same(ds_ws_id a, ds_ws_id b)
{
    return !memcmp(a.b, b.b, sizeof(a.b));
}

static ds_ws_id id_of(const void *data, size_t n)
{
    ds_hash hash = ds_hash128(data, n);
    ds_ws_id id;

    memcpy(id.b, &hash.high, 8);
    memcpy(id.b + 8, &hash.low, 8);
    id.b[6] = (uint8_t)((id.b[6] & 0x0F) | 0x40); /* a uuid of version 4 */
    id.b[8] = (uint8_t)((id.b[8] & 0x3F) | 0x80);
    return id;
}

ds_ws_id ds_ws_new_id(ds_ws *ws)
{
    uint64_t from[2] = {ws->seed, ++ws->made};

    return id_of(from, sizeof(from));
}

ds_ws_id ds_ws_named_id(const ds_ws *ws, const char *name)
{
    DS_AUTO_BUF(from, DS_KIB);

    ds_buf_printf(&from, "%llu %s", (unsigned long long)ws->seed, name);
    return id_of(from.data, from.n);
}

/* ---- the table ------------------------------------------------------------------------------- */

static size_t place_of(const ds_ws *ws, ds_ws_id id)
{
    size_t at;

    memcpy(&at, id.b + 8, sizeof(at)); /* an id is a hash */
    for (at &= ws->table_cap - 1; ws->table[at]; at = (at + 1) & (ws->table_cap - 1))
        if (ds_ws_id_same(ws->table[at]->id, id))
            break;
    return at;
}

static void grow_table(ds_ws *ws)
{
    ds_ws_thing **old = ws->table;
    size_t old_cap = ws->table_cap;

    ws->table_cap = old_cap ? old_cap * 2 : 1024;
    ws->table = ds_calloc(ws->table_cap, sizeof(*ws->table));
    for (size_t i = 0; i < old_cap; i++)
        if (old[i])
            ws->table[place_of(ws, old[i]->id)] = old[i];
    free(old);
}

ds_ws_thing *ds_ws_find(const ds_ws *ws, ds_ws_id id)
{
    return ws->table_cap ? ws->table[place_of(ws, id)] : NULL;
}

/* A thing of `size` bytes with its head filled in. */
static void *new_thing(ds_ws *ws, size_t size, ds_ws_kind kind, ds_ws_id id, ds_ws_thing *parent)
{
    ds_ws_thing *thing = ds_calloc(1, size);

    if (ws->table_n * 2 >= ws->table_cap)
        grow_table(ws);
    thing->id = id;
    thing->kind = (uint8_t)kind;
    thing->serial = ++ws->serials;
    thing->parent = parent;
    assert(!ds_ws_find(ws, id));
    ws->table[place_of(ws, id)] = thing;
    ws->table_n++;
    ws->generation++;
    return thing;
}

static void made_by(ds_ws_thing *thing, uint8_t user, int64_t now_ms)
{
    thing->created_by = thing->edited_by = user;
    thing->created_ms = thing->edited_ms = now_ms;
}

/* ---- lists ----------------------------------------------------------------------------------- */

void ds_ws_list_insert(ds_ws_list *list, uint32_t at, ds_ws_thing *thing)
{
    if (list->n == list->cap) {
        list->cap = list->cap ? list->cap * 2 : 4;
        list->at = ds_realloc(list->at, list->cap, sizeof(ds_ws_thing *));
    }
    at = DS_MIN(at, list->n);
    memmove(list->at + at + 1, list->at + at, (list->n - at) * sizeof(ds_ws_thing *));
    list->at[at] = thing;
    list->n++;
}

void ds_ws_list_add(ds_ws_list *list, ds_ws_thing *thing)
{
    ds_ws_list_insert(list, list->n, thing);
}

uint32_t ds_ws_list_find(const ds_ws_list *list, const ds_ws_thing *thing)
{
    uint32_t at = 0;

    while (at < list->n && list->at[at] != thing)
        at++;
    return at;
}

ds_ws_list *ds_ws_children(ds_ws_thing *thing)
{
    if (thing->kind == DS_WS_PAGE)
        return &((ds_ws_page *)thing)->children;
    return thing->kind == DS_WS_BLOCK ? &((ds_ws_block *)thing)->children : NULL;
}

/* ---- making ---------------------------------------------------------------------------------- */

ds_ws_page *ds_ws_add_page(ds_ws *ws, ds_ws_id id, ds_ws_thing *parent, uint8_t user,
                           int64_t now_ms)
{
    ds_ws_page *page = new_thing(ws, sizeof(*page), DS_WS_PAGE, id, parent);
    ds_ws_source *source = ds_ws_source_of(page);

    made_by(&page->thing, user, now_ms);
    if (source) {
        page->number = ++source->numbers;
        ds_ws_list_add(&source->rows, &page->thing);
        return page;
    }
    ds_ws_list_add(&ws->pages, &page->thing);
    if (parent && ds_ws_children(parent))
        ds_ws_list_add(ds_ws_children(parent), &page->thing);
    return page;
}

ds_ws_block *ds_ws_add_block(ds_ws *ws, const char *type, ds_ws_thing *parent, uint32_t at,
                             int64_t now_ms)
{
    ds_ws_block *block = new_thing(ws, sizeof(*block), DS_WS_BLOCK, ds_ws_new_id(ws), parent);
    ds_ws_list *list;

    block->type = type;
    made_by(&block->thing, DS_WS_BOT, now_ms);
    list = ds_ws_children(parent);
    assert(list); /* blocks stand in pages and blocks alone */
    ds_ws_list_insert(list, at, &block->thing);
    return block;
}

ds_ws_database *ds_ws_add_database(ds_ws *ws, ds_ws_id id, ds_ws_thing *parent, int64_t now_ms)
{
    ds_ws_database *base = new_thing(ws, sizeof(*base), DS_WS_DATABASE, id, parent);

    made_by(&base->thing, DS_WS_BOT, now_ms);
    ds_ws_list_add(&ws->databases, &base->thing);
    if (parent && ds_ws_children(parent))
        ds_ws_list_add(ds_ws_children(parent), &base->thing);
    return base;
}

ds_ws_source *ds_ws_add_source(ds_ws *ws, ds_ws_id id, ds_ws_database *parent, int64_t now_ms)
{
    ds_ws_source *source = new_thing(ws, sizeof(*source), DS_WS_SOURCE, id, &parent->thing);

    made_by(&source->thing, DS_WS_BOT, now_ms);
    ds_ws_list_add(&parent->sources, &source->thing);
    return source;
}

ds_ws_user *ds_ws_add_user(ds_ws *ws, const char *name, const char *email)
{
    ds_ws_user *user = new_thing(ws, sizeof(*user), DS_WS_USER, ds_ws_named_id(ws, name), NULL);

    user->name = ds_strdup(name);
    user->email = email ? ds_strdup(email) : NULL;
    ds_ws_list_add(&ws->users, &user->thing);
    return user;
}

/* ---- what becomes of them -------------------------------------------------------------------- */

ds_ws_source *ds_ws_source_of(const ds_ws_page *page)
{
    ds_ws_thing *parent = page->thing.parent;

    return parent && parent->kind == DS_WS_SOURCE ? (ds_ws_source *)parent : NULL;
}

ds_ws_source *ds_ws_first_source(const ds_ws_database *base)
{
    for (uint32_t i = 0; i < base->sources.n; i++)
        if (!base->sources.at[i]->trashed)
            return (ds_ws_source *)base->sources.at[i];
    return (ds_ws_source *)base->sources.at[0];
}

bool ds_ws_is_hidden(const ds_ws_thing *thing)
{
    while (thing && !thing->hidden)
        thing = thing->parent;
    return thing != NULL;
}

bool ds_ws_is_trashed(const ds_ws_thing *thing)
{
    while (thing && !thing->trashed)
        thing = thing->parent;
    return thing != NULL;
}

void ds_ws_touch(ds_ws *ws, ds_ws_thing *thing, uint8_t user, int64_t now_ms)
{
    ws->generation++;
    for (;; thing = thing->parent) {
        thing->edited_by = user;
        thing->edited_ms = now_ms;
        if (thing->kind != DS_WS_BLOCK)
            return; /* the page on which a block stands is the last */
    }
}

/* The first version that queries have not caught up with stays the one that they see. */
void ds_ws_remember(ds_ws *ws, ds_ws_page *page, bool created, int64_t now_ms)
{
    ds_ws_before *before = page->before;

    if (!ws->limits.lag_ms || !ds_ws_source_of(page) || (before && before->until_ms > now_ms))
        return;
    if (!before)
        before = page->before = ds_calloc(1, sizeof(*before));
    free(before->cells.data);
    before->cells = (ds_ws_cells){.n = page->cells.n};
    if (page->cells.n) {
        before->cells.data = ds_calloc(1, page->cells.n);
        memcpy(before->cells.data, page->cells.data, page->cells.n);
    }
    before->edited_ms = page->thing.edited_ms;
    before->trashed = page->thing.trashed;
    before->absent = created;
    before->until_ms = now_ms + ws->limits.lag_ms;
}

char *ds_ws_keep_json(const ds_json *json)
{
    DS_AUTO_BUF(out, 16 * DS_MIB);
    ds_json_writer w = ds_json_w(&out, false);

    if (ds_json_kind_of(json) == DS_JSON_NULL)
        return NULL;
    w.exact = true;
    ds_json_w_json(&w, json);
    return ds_strdup(out.data);
}

void ds_ws_show_typed(const ds_json *value, ds_json_writer *w)
{
    ds_json_iter it = ds_json_iterate(value);
    const ds_json *member;

    if (ds_json_kind_of(value) != DS_JSON_OBJECT) {
        ds_json_w_json(w, value);
        return;
    }
    ds_json_w_begin_object(w);
    while ((member = ds_json_next(&it)) != NULL) {
        if (!strcmp(it.name, "type"))
            continue;
        ds_json_w_name(w, "type");
        ds_json_w_text(w, it.name);
        ds_json_w_name(w, it.name);
        ds_json_w_json(w, member);
    }
    ds_json_w_end_object(w);
}

char *ds_ws_keep_typed(const ds_json *value)
{
    DS_AUTO_BUF(out, DS_MIB);
    ds_json_writer w = ds_json_w(&out, false);

    if (ds_json_kind_of(value) == DS_JSON_NULL)
        return NULL;
    ds_ws_show_typed(value, &w);
    return ds_strdup(out.data);
}

/* ---- opening and closing --------------------------------------------------------------------- */

ds_ws *ds_ws_open(uint64_t seed)
{
    ds_ws *ws = ds_calloc(1, sizeof(*ws));

    ws->seed = seed;
    ws->limits.cap = 10000;
    return ws;
}

static void free_page(ds_ws_page *page)
{
    free(page->cells.data);
    if (page->before)
        free(page->before->cells.data);
    free(page->before);
    free(page->icon);
    free(page->cover);
    free(page->children.at);
}

static void free_source(ds_ws_source *source)
{
    for (uint32_t i = 0; i < source->properties_n; i++) {
        ds_ws_property *p = &source->properties[i];

        for (uint32_t j = 0; j < p->options_n; j++) {
            free(p->options[j].id);
            free(p->options[j].name);
            free(p->options[j].description);
        }
        free(p->options);
        free(p->id);
        free(p->name);
        free(p->description);
        free(p->config);
    }
    free(source->properties);
    free(source->title);
    free(source->description);
    free(source->rows.at);
}

static void free_database(ds_ws_database *base)
{
    free(base->title);
    free(base->description);
    free(base->icon);
    free(base->cover);
    free(base->sources.at);
}

static void free_thing(ds_ws_thing *thing)
{
    switch ((ds_ws_kind)thing->kind) {
    case DS_WS_PAGE:
        free_page((ds_ws_page *)thing);
        break;
    case DS_WS_BLOCK:
        free(((ds_ws_block *)thing)->content);
        free(((ds_ws_block *)thing)->children.at);
        break;
    case DS_WS_DATABASE:
        free_database((ds_ws_database *)thing);
        break;
    case DS_WS_SOURCE:
        free_source((ds_ws_source *)thing);
        break;
    case DS_WS_USER:
        free(((ds_ws_user *)thing)->name);
        free(((ds_ws_user *)thing)->email);
        break;
    }
    free(thing);
}

void ds_ws_close(ds_ws *ws)
{
    if (!ws)
        return;
    for (size_t i = 0; i < ws->table_cap; i++)
        if (ws->table[i])
            free_thing(ws->table[i]);
    ds_ws_free_cursors(ws);
    free(ws->table);
    free(ws->users.at);
    free(ws->databases.at);
    free(ws->pages.at);
    free(ws->token);
    free(ws);
}
