/* src/engine/embedded/notice_box.h
 *
 * What is stored of one unit and one way of telling people: what they know of it by now, and what
 * is still to be sent, oldest first.
 */
#ifndef DS_ENGINE_EMBEDDED_NOTICE_BOX_H
#define DS_ENGINE_EMBEDDED_NOTICE_BOX_H

#include "store/store.h"
#include <durable_sync/base.h>

#define DS_NOTICE_LOGIC 1
#define DS_NOTICES_KEPT ((size_t)64) /* that wait; more push out the oldest */

typedef struct ds_notice {
    int64_t n;     /* counts up within the box */
    int64_t at_ms; /* of the change */
    const char *id, *event, *text;
} ds_notice;

typedef struct ds_notice_box {
    bool trouble;               /* something was told that a good pass has not ended yet */
    int64_t held;               /* records, as people know */
    int64_t next;               /* the next notice's n */
    int64_t failures, retry_ms; /* of the oldest one */
    ds_notice *queue;
    size_t queue_n;
} ds_notice_box;

/* row NULL: an empty one. PERMANENT where the state is not what was written. */
DS_MUST_USE bool ds_notice_box_read(const ds_machine_row *row, ds_arena *a, ds_notice_box *box,
                                    ds_err *err);
/* As row->state, in `a`. */
DS_MUST_USE bool ds_notice_box_write(const ds_notice_box *box, ds_machine_row *row, ds_arena *a,
                                     ds_err *err);
/* At its end; true: the oldest was pushed out. */
bool ds_notice_box_put(ds_notice_box *box, ds_notice notice);
void ds_notice_box_take(ds_notice_box *box); /* the oldest */

#endif
