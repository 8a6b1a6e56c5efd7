/* src/engine/temporal/history.h
 *
 * The history of one run, the way replay reads it: one plain event after the other, arguments as
 * JSON.  The wire's own messages and the codec stay behind ds_history_read.
 */
#ifndef DS_ENGINE_TEMPORAL_HISTORY_H
#define DS_ENGINE_TEMPORAL_HISTORY_H

#include <durable_sync/base.h>
#include <durable_sync/json.h>

/* The numbers of the wire. Others come as they are. */
typedef enum ds_hevent_type {
    DS_HE_STARTED = 1,
    DS_HE_COMPLETED = 2,
    DS_HE_FAILED = 3,
    DS_HE_TIMED_OUT = 4,
    DS_HE_TASK_SCHEDULED = 5,
    DS_HE_TASK_STARTED = 6,
    DS_HE_TASK_COMPLETED = 7,
    DS_HE_TASK_TIMED_OUT = 8,
    DS_HE_TASK_FAILED = 9,
    DS_HE_ACTIVITY_SCHEDULED = 10,
    DS_HE_ACTIVITY_STARTED = 11,
    DS_HE_ACTIVITY_COMPLETED = 12,
    DS_HE_ACTIVITY_FAILED = 13,
    DS_HE_ACTIVITY_TIMED_OUT = 14,
    DS_HE_ACTIVITY_CANCEL_REQUESTED = 15,
    DS_HE_ACTIVITY_CANCELED = 16,
    DS_HE_TIMER_STARTED = 17,
    DS_HE_TIMER_FIRED = 18,
    DS_HE_TIMER_CANCELED = 19,
    DS_HE_CANCEL_REQUESTED = 20,
    DS_HE_CANCELED = 21,
    DS_HE_MARKER = 25,
    DS_HE_SIGNALED = 26,
    DS_HE_TERMINATED = 27,
    DS_HE_CONTINUED_AS_NEW = 28,
    DS_HE_SEARCH_ATTRIBUTES = 40,
    DS_HE_PROPERTIES_MODIFIED = 46,
} ds_hevent_type;

/* All texts and values live in the arena of the task. */
typedef struct ds_hevent {
    int64_t id;
    int64_t at_ms;    /* UTC since 1970 */
    int type;         /* ds_hevent_type, or any other number */
    bool may_ignore;  /* who does not know the type passes it over */
    const char *name; /* of a signal; id of an activity or a timer; NULL: it has none */
    const char *what; /* an activity's type; TASK_COMPLETED: the SDK that says it did it; or NULL */
    int64_t ref;      /* of an activity's events: that of its scheduling */
    /* Of a signal, the run's input, an activity's result or a cancelled one's details. */
    const ds_json *const *args;
    size_t args_n;
    bool unread;            /* there are arguments, and they are no JSON */
    const char *error;      /* ACTIVITY_FAILED, _TIMED_OUT */
    ds_err_kind error_kind; /* of theirs; CANCELLED: the worker was told to stop */
    int64_t bytes;          /* TASK_STARTED: size of the history */
    bool suggests;          /* TASK_STARTED: the server wishes a new run, or has a newer version */
    /* STARTED: as the wire has them, for the next run; or NULL. `search` also of a change of it. */
    const void *memo, *search;
} ds_hevent;

struct Ds__HistoryEvent;

/* The wire's events, their payloads decrypted, as plain ones: out[n], borrowing from them.  false
 * with DS_ERR_CONFIG: one is encrypted and no key opens it (or is not, and must be). */
DS_MUST_USE bool ds_history_read(struct Ds__HistoryEvent *const *events, size_t n, ds_arena *a,
                                 ds_hevent *out, ds_err *err);

#endif
