/* src/fakes/notion/query.h
 *
 * Queries over the rows of a data source: filter, order, pages by cursor, the end at `cap` rows.
 *
 * A cursor remembers after which row it stands, by what that row was sorted by then: rows that are
 * edited during a scan move in the order and are met again or not at all, as they moved.  Only so
 * many cursors are remembered; an older one is refused, and so is one that comes back with another
 * filter or order.
 */
#ifndef DS_FAKES_NOTION_QUERY_H
#define DS_FAKES_NOTION_QUERY_H

#include "fakes/notion/workspace.h"

#define DS_WS_PAGE_SIZE 100

typedef struct ds_ws_result {
    ds_ws_page **at; /* in the arena */
    size_t n;
    bool has_more, capped; /* capped: `cap` rows were given, there would be more */
    ds_ws_id next;         /* with has_more */
} ds_ws_result;

/* `body` has the shape of a query. */
DS_MUST_USE bool ds_ws_query(ds_ws *ws, const ds_ws_source *source, const ds_json *body,
                             int64_t now_ms, ds_arena *a, ds_ws_result *result, ds_ws_why *why);
/* Every cursor given so far is refused from now on. */
void ds_ws_forget_cursors(ds_ws *ws);
void ds_ws_free_cursors(ds_ws *ws);

#endif
