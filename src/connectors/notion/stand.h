/* src/connectors/notion/stand.h
 *
 * Where a pass stands among a table's rows: it reads them by the time of their last edit, so that a
 * row which changes meanwhile moves to the end and is met again, never passed by.
 *
 * One query gives 10,000 rows at most, and its cursors do not live for ever.  In both cases another
 * query goes on from the last row: first with the rest of that row's minute, by the time they were
 * created, then with all later minutes.  Nothing here does I/O.
 */
#ifndef DS_CONNECTORS_NOTION_STAND_H
#define DS_CONNECTORS_NOTION_STAND_H

#include <durable_sync/json.h>

#define DS_NOTION_SEEN_MAX ((size_t)1000) /* ids that are remembered; more are read again */
#define DS_NOTION_CAP INT64_C(10000)      /* rows that one query gives in all */

typedef struct ds_notion_stand {
    const char *from; /* last edited at or after this; NULL: whenever */
    bool after;       /* after it */
    const char *made; /* last edited within the minute `from` alone, created at or after this; NULL:
                         not so */
    const char *at;   /* Notion's own cursor; NULL: the query begins */
    int64_t served;   /* rows that this query has given */

    const char *edited, *created; /* the last row's; NULL: there was none */
    const char **seen;            /* ids without dashes of the rows with these times */
    size_t seen_n, seen_cap;
    int64_t refused; /* cursors that were, since the last row that was new */
} ds_notion_stand;

/* The place in a cursor's text; NULL text: the beginning. In `a`. false: it is none. */
DS_MUST_USE bool ds_notion_stand_read(const char *text, ds_arena *a, ds_notion_stand *out);
const char *ds_notion_stand_text(const ds_notion_stand *place, ds_arena *a);
/* The body of the query: filter, order, cursor. */
void ds_notion_stand_query(const ds_notion_stand *place, size_t rows, ds_buf *out);

/* A row came by. false: it had come before. */
bool ds_notion_stand_pass(ds_notion_stand *place, const char *id, const char *edited,
                          const char *created, ds_arena *a);

typedef enum ds_notion_way {
    DS_NOTION_ON,    /* there is more */
    DS_NOTION_END,   /* that was all */
    DS_NOTION_STUCK, /* more rows have the same two times than a query gives */
} ds_notion_way;

/* An answer has been read. `next`: its cursor, NULL where it has none; `cut`: not since all is
 * there. */
ds_notion_way ds_notion_stand_on(ds_notion_stand *place, const char *next, bool cut);
/* The cursor is not taken any more: on from the last row. STUCK: it happens again and again. */
ds_notion_way ds_notion_stand_again(ds_notion_stand *place);

#endif
