/* src/base/notice.h - what is told to people, and by which ways it leaves. */
#ifndef DS_BASE_NOTICE_H
#define DS_BASE_NOTICE_H

#include <durable_sync/base.h>
#include <stdatomic.h>

typedef enum ds_notice_event {
    DS_NOTICE_PAUSED = 1,   /* a unit has paused */
    DS_NOTICE_APPROVAL = 2, /* it waits for `approve` */
    DS_NOTICE_HELD = 4,     /* it holds more records than were told of */
    DS_NOTICE_RECOVERED = 8 /* a pass ended well, and nothing of the above is left */
} ds_notice_event;

#define DS_NOTICE_EVENTS "paused|approval|held|recovered" /* in that order */
#define DS_NOTICE_CHANNELS 2                              /* at most */

typedef struct ds_notice_channel {
    const char *name; /* "url", "command": stored with what is still to be sent */
    /* Hands over one notice: `text` is its JSON, `id` is in it too. false: it did not arrive, or
     * nobody knows; err->retry_after_ms may say how long to wait, CANCELLED that `stop` was set.
     * No secret in err->text. One call at a time, on a thread of the channel's own. */
    bool (*send)(struct ds_notice_channel *self, const char *text, const char *id,
                 const atomic_bool *stop, ds_err *err);
} ds_notice_channel;

typedef struct ds_notices {
    unsigned on; /* ds_notice_event */
    ds_notice_channel *channels[DS_NOTICE_CHANNELS];
    size_t n;
} ds_notices;

#endif
