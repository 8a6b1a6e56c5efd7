/* src/engine/common/notice_box.h
 *
 * What is stored of one unit and one way of telling people: what they know of it by now, and what
 * is still to be sent, oldest first.
 */
#ifndef DS_ENGINE_COMMON_NOTICE_BOX_H
#define DS_ENGINE_COMMON_NOTICE_BOX_H

#include "store/store.h"
#include <durable_sync/base.h>

#define DS_NOTICE_KIND "notice" /* of machine */
#define DS_NOTICE_LOGIC 1
#define DS_NOTICE_TRY_MS (2 * DS_MINUTE_MS) /* longer than any try */
/* Of who sends one that others could send, too: they take it over when this was not renewed. */
#define DS_NOTICE_LEASE_MS (15 * DS_SECOND_MS)
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
    int64_t lease_ms;           /* until then it is on its way from some process; 0: it is not */
    int64_t lease_of;           /* the sender; 0: nobody */
    const char *base;           /* the change that was seen last, where it may be seen again; "" */
    int64_t base_told;          /* ds_notice_event: what was told of that */
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
/* What became of notice `n`: taken, or tried again later. `err` where it did not arrive. */
void ds_notice_box_outcome(ds_notice_box *box, int64_t n, bool arrived, const ds_err *err,
                           int64_t now_ms);
/* Drops what nobody took for a day: how many. */
size_t ds_notice_box_give_up(ds_notice_box *box, int64_t now_ms);
/* When its machine is to be woken; 0: never. */
int64_t ds_notice_box_due(const ds_notice_box *box, int64_t now_ms);
/* Adds or saves its machine, to be woken then. */
DS_MUST_USE bool ds_notice_box_save(ds_tx *tx, const ds_notice_box *box, ds_machine_row *row,
                                    int64_t due_ms, ds_arena *a, ds_err *err);

#endif
