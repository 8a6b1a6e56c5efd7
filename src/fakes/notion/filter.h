/* src/fakes/notion/filter.h
 *
 * Filters of queries: read and checked against the columns once, then held against rows.  Text is
 * compared without regard to case, times to the minute, and a long `or` over one text column (many
 * keys looked up in one query) is one look into a set.
 */
#ifndef DS_FAKES_NOTION_FILTER_H
#define DS_FAKES_NOTION_FILTER_H

#include "fakes/notion/cells.h"
#include "fakes/notion/schema.h"

typedef struct ds_ws_filter ds_ws_filter;

/* What a row looks like to a query: as it is, or as it was a while ago. */
typedef struct ds_ws_row {
    const ds_ws_page *page;
    const ds_ws_cells *cells;
    int64_t edited_ms;
} ds_ws_row;

/* `filter` NULL: everything. NULL with why set: refused. Lives in `a`. */
const ds_ws_filter *ds_ws_filter_read(const ds_ws *ws, const ds_ws_source *source,
                                      const ds_json *filter, int64_t now_ms, ds_arena *a,
                                      ds_ws_why *why);
/* `a` is for the moment. */
bool ds_ws_filter_meets(const ds_ws_filter *filter, const ds_ws *ws, ds_ws_row row, ds_arena *a);

/* Without case: small letters. */
const char *ds_ws_fold(const char *text, ds_arena *a);

#endif
