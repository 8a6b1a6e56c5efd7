/* src/fakes/notion/values.h - values of properties: taken from a body, shown in an answer. */
#ifndef DS_FAKES_NOTION_VALUES_H
#define DS_FAKES_NOTION_VALUES_H

#include "fakes/notion/cells.h"
#include "fakes/notion/schema.h"

/* ---- taking (values.c) ----------------------------------------------------------------------- */

/* `values`: an object by name or id, of the right shape. `person`: a hand inside Notion, which may
 * set what the API may not (the result of a formula). Changes nothing. */
DS_MUST_USE bool ds_ws_values_check(const ds_ws *ws, const ds_ws_source *source,
                                    const ds_json *values, bool person, ds_ws_why *why);
/* Values that were checked. Makes the options that are missing. */
void ds_ws_values_apply(ds_ws *ws, ds_ws_source *source, ds_ws_page *page, const ds_json *values,
                        ds_arena *a);

/* ---- showing (show.c) ------------------------------------------------------------------------ */

void ds_ws_show_rich(const ds_ws *ws, const ds_json *list, ds_arena *a, ds_json_writer *w);
void ds_ws_show_rich_text(const ds_ws *ws, const char *json, ds_arena *a, ds_json_writer *w);
/* Many entries: only the first 25, as pages show them. */
void ds_ws_show_value(const ds_ws *ws, const ds_ws_page *page, const ds_ws_property *property,
                      ds_arena *a, ds_json_writer *w);
void ds_ws_show_person(const ds_ws *ws, size_t user, bool whole, ds_json_writer *w);
void ds_ws_show_user(const ds_ws_user *user, bool whole, ds_json_writer *w);
void ds_ws_show_id(const char *name, ds_ws_id id, ds_json_writer *w);
void ds_ws_show_time(const char *name, int64_t ms, ds_json_writer *w);
/* "2026-01-31T09:30:00.000Z", the seconds gone. */
const char *ds_ws_time_text(int64_t ms, char out[32]);

#define DS_WS_SHOWN 25

#endif
