/* src/fakes/notion/schema.h - the columns of a data source: found, made, changed, shown. */
#ifndef DS_FAKES_NOTION_SCHEMA_H
#define DS_FAKES_NOTION_SCHEMA_H

#include "fakes/notion/workspace.h"

/* By name or by id, percent-encoded or not. NULL: there is none (any more). */
ds_ws_property *ds_ws_property_find(const ds_ws_source *source, const char *name);
bool ds_ws_property_is(const ds_ws_property *property, const char *name);
/* What answers show as its id. */
const char *ds_ws_property_id(const ds_ws_property *property, ds_arena *a);

ds_ws_option *ds_ws_option_find(const ds_ws_property *property, const char *name);
ds_ws_option *ds_ws_option_by_id(const ds_ws_property *property, const char *id);
/* By the number in a cell; NULL: it is gone. */
ds_ws_option *ds_ws_option_at(const ds_ws_property *property, uint16_t number);
ds_ws_option *ds_ws_option_add(ds_ws *ws, ds_ws_property *property, const char *name,
                               const char *color);

/* `columns`: an object of configurations by name. With `first` they are those of a new data source,
 * one of which must be the title. Nothing is changed when false. */
DS_MUST_USE bool ds_ws_columns_check(const ds_ws *ws, const ds_ws_source *source,
                                     const ds_json *columns, bool first, ds_ws_why *why);
void ds_ws_columns_apply(ds_ws *ws, ds_ws_source *source, const ds_json *columns);

/* The member "properties" of a data source, or of a database of the old version. */
void ds_ws_show_columns(const ds_ws *ws, const ds_ws_source *source, bool old, ds_arena *a,
                        ds_json_writer *w);

#endif
