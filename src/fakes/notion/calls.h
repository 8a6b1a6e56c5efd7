/* src/fakes/notion/calls.h - what the functions behind the routes of Notion's stand-in share. */
#ifndef DS_FAKES_NOTION_CALLS_H
#define DS_FAKES_NOTION_CALLS_H

#include "fakes/notion/shape.h"
#include "fakes/notion/values.h"
#include "fakes/router.h"

/* ---- refusing -------------------------------------------------------------------------------- */

/* All answer with Notion's error object. */
void ds_ws_refuse(ds_fake_call *call, const ds_ws_why *why);
DS_PRINTF(4, 5)
void ds_ws_refuse_with(ds_fake_call *call, int status, const char *code, const char *fmt, ...);
/* The code of a status when nothing more is known. */
const char *ds_ws_code_of(int status);
/* The same words in either case: an id that nobody has, one that is not shared. */
void ds_ws_refuse_missing(ds_fake_call *call, const char *what, const char *id);
/* Someone changes what is in the trash. */
bool ds_ws_no_trashed(ds_ws_why *why);

/* ---- reading --------------------------------------------------------------------------------- */

/* The version 2022-06-28, in which a database is the table. */
bool ds_ws_is_old(const ds_fake_call *call);
/* The version 2026-03-11, which has no `archived` and no `after`. */
bool ds_ws_is_newest(const ds_fake_call *call);
/* A version that is taken. */
bool ds_ws_is_version(const char *version);
/* The body, of that shape. NULL: refused. */
const ds_json *ds_ws_body(ds_fake_call *call, const ds_shape *shape);
/* What the path names, of that kind and shared. NULL: refused. `what`: "page". */
void *ds_ws_named(ds_ws *ws, ds_fake_call *call, ds_ws_kind kind, const char *what);
/* The same of an id out of a body. */
void *ds_ws_by_id(ds_ws *ws, ds_fake_call *call, const char *id, ds_ws_kind kind, const char *what);
/* The only data source of a database. NULL: refused, as there are several. */
ds_ws_source *ds_ws_only_source(ds_fake_call *call, const ds_ws_database *base);
/* in_trash or archived; false: neither was given. */
bool ds_ws_trash_asked(const ds_json *body, bool *trashed);

/* page_size and start_cursor of a list that is asked for by GET. */
typedef struct ds_ws_window {
    size_t size;
    const char *start; /* NULL: from the beginning */
} ds_ws_window;
DS_MUST_USE bool ds_ws_window_read(ds_fake_call *call, ds_ws_window *window);
/* Where in a list a cursor stands, which is the id of what comes next; NULL: its beginning. false:
 * refused, as it is none of this list's. */
DS_MUST_USE bool ds_ws_begins_at(const ds_ws *ws, ds_fake_call *call, const ds_ws_list *list,
                                 const char *start, uint32_t *at);
void ds_ws_refuse_cursor(ds_fake_call *call, const char *start);

/* ---- answering ------------------------------------------------------------------------------- */

/* An answer ends with the id of the request. */
ds_json_writer *ds_ws_begin(ds_fake_call *call);
void ds_ws_end(ds_fake_call *call, ds_json_writer *w);
/* A list: results are written between these two. `type`: "block". */
ds_json_writer *ds_ws_begin_list(ds_fake_call *call);
void ds_ws_end_list(ds_fake_call *call, ds_json_writer *w, const char *type, const ds_ws_id *next);
/* The same without the end, for a list that has more to say of itself. */
void ds_ws_close_list(ds_json_writer *w, const char *type, const ds_ws_id *next);

/* ---- things as answers have them ------------------------------------------------------------- */

void ds_ws_show_page(const ds_ws *ws, const ds_ws_page *page, const ds_fake_call *call,
                     ds_json_writer *w); /* pages.c; `filter_properties` of the query counts */
void ds_ws_show_source(const ds_ws *ws, const ds_ws_source *source, const ds_fake_call *call,
                       ds_json_writer *w); /* sources.c */
void ds_ws_show_database(const ds_ws *ws, const ds_ws_database *base, const ds_fake_call *call,
                         ds_json_writer *w); /* databases.c */
void ds_ws_show_block(const ds_ws *ws, const ds_ws_thing *block, const ds_fake_call *call,
                      ds_json_writer *w); /* blocks.c; pages and databases are blocks too */
void ds_ws_show_parent(const ds_ws_thing *thing, bool old, ds_json_writer *w);
/* in_trash, and what it was called before. */
void ds_ws_show_trashed(bool trashed, const ds_fake_call *call, ds_json_writer *w);
/* created_time, last_edited_time; with who it was as well. */
void ds_ws_show_times(const ds_ws_thing *thing, ds_json_writer *w);
void ds_ws_show_stamps(const ds_ws *ws, const ds_ws_thing *thing, ds_json_writer *w);
void ds_ws_show_url(const ds_ws_thing *thing, ds_json_writer *w);
void ds_ws_show_json(const char *name, const char *json, ds_json_writer *w); /* NULL: null */

/* Puts blocks of the right shape below a page or block, from place `at` on. */
void ds_ws_add_blocks(ds_ws *ws, ds_ws_thing *parent, const ds_json *list, uint32_t at,
                      int64_t now_ms);

/* A row, made by whoever. NULL with why set. `values` has its shape. */
ds_ws_page *ds_ws_make_row(ds_ws *ws, ds_ws_source *source, const ds_json *values, bool person,
                           const ds_fake_call *call, ds_ws_why *why);
/* A row changed. */
DS_MUST_USE bool ds_ws_change_row(ds_ws *ws, ds_ws_page *page, const ds_json *values, bool person,
                                  const ds_fake_call *call, ds_ws_why *why);
void ds_ws_trash_page(ds_ws *ws, ds_ws_page *page, bool trashed, uint8_t user, int64_t now_ms);

/* ---- routes ---------------------------------------------------------------------------------- */

typedef void ds_ws_answer(void *state, ds_fake_call *call);

ds_ws_answer ds_ws_create_page, ds_ws_get_page, ds_ws_update_page, ds_ws_get_property;
ds_ws_answer ds_ws_get_block, ds_ws_update_block, ds_ws_delete_block, ds_ws_list_children,
    ds_ws_append_children;
ds_ws_answer ds_ws_create_database, ds_ws_get_database, ds_ws_update_database;
ds_ws_answer ds_ws_create_source, ds_ws_get_source, ds_ws_update_source, ds_ws_list_templates;
ds_ws_answer ds_ws_query_source, ds_ws_query_database;
ds_ws_answer ds_ws_search, ds_ws_list_users, ds_ws_get_user, ds_ws_get_me;
ds_ws_answer ds_ws_side_state, ds_ws_side_rows, ds_ws_side_add, ds_ws_side_edit, ds_ws_side_trash,
    ds_ws_side_columns, ds_ws_side_share, ds_ws_side_settings;

/* What a workspace begins with (seed.c). */
void ds_ws_sow(ds_ws *ws, int64_t rows, int64_t now_ms);

#endif
