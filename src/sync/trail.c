/* src/sync/trail.c
 *
 * Where a source was told to go on.  One that names the same place again and again would be read
 * for ever, each of its records counted anew, so a place that comes a second time ends the reading.
 * A circle of many pages is found with two cursors kept: the last one, and one that is left behind
 * after 1, 2, 4, 8, ... pages, which whoever goes round must meet.  One that begins anew may name
 * them all again, so often that is counted.
 */
#include "sync/internal.h"

#include <string.h>

#define CURSOR_MAX (64 * DS_KIB)
#define RESTARTS_MOST 32 /* in one pass; what is read changes now and then, not with each page */

static void leave_mark(trail *t)
{
    ds_buf_clear(&t->mark);
    ds_buf_text(&t->mark, t->cursor.data);
    t->marked = true;
    t->pages = 0;
}

void trail_init(trail *t, const char *from)
{
    *t = (trail){.stretch = 1};
    ds_buf_init(&t->cursor, CURSOR_MAX);
    ds_buf_init(&t->mark, CURSOR_MAX);
    if (from) {
        ds_buf_text(&t->cursor, from);
        leave_mark(t);
    }
}

void trail_fini(trail *t)
{
    ds_buf_fini(&t->cursor);
    ds_buf_fini(&t->mark);
}

static bool goes_on(trail *t, const ds_source *src, const ds_page *page, ds_err *err)
{
    const char *next = page->next_cursor;

    if (page->restart && ++t->restarts > RESTARTS_MOST)
        return ds_fail(err, DS_ERR_TRANSIENT,
                       "%s began anew %d times in one pass: what it reads changes faster than it "
                       "can be read",
                       src->ops->kind, RESTARTS_MOST);
    if (page->restart) { /* the places before are of something that is no more */
        t->marked = false;
        t->stretch = 1;
        return true;
    }
    if (!t->marked || (strcmp(next, t->cursor.data) && strcmp(next, t->mark.data)))
        return true;
    return ds_fail(err, DS_ERR_PERMANENT,
                   "%s gave the cursor \"%.100s\" a second time: its pages would never end; this "
                   "is a fault of the connector or of the service it reads",
                   src->ops->kind, next);
}

bool trail_follow(trail *t, const ds_source *src, const ds_page *page, ds_arena *a, ds_err *err)
{
    const char *next = ds_arena_strdup(a, page->next_cursor); /* it may point into the last one */

    if (!goes_on(t, src, page, err))
        return false;
    ds_buf_clear(&t->cursor);
    ds_buf_text(&t->cursor, next);
    if (!ds_buf_ok(&t->cursor, "the source's cursor", err))
        return false;
    if (!t->marked) {
        leave_mark(t);
    } else if (++t->pages == t->stretch) {
        leave_mark(t);
        t->stretch *= 2;
    }
    return true;
}
