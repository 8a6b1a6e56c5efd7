/* src/engine/temporal/grpc_internal.h
 *
 * The transport in parts: those who call (grpc.c), the thread that does all input and output
 * (grpc_loop.c), how it comes to a connection (grpc_dial.c) and the bytes of one (grpc_conn.c).
 *
 * A call lies on its caller's stack.  It is in one place at a time: among those that have just come
 * (under the lock), waiting for a connection, in a connection's session, or done (under the lock
 * again); between the first and the last it is the thread's alone.
 */
#ifndef DS_ENGINE_TEMPORAL_GRPC_INTERNAL_H
#define DS_ENGINE_TEMPORAL_GRPC_INTERNAL_H

#include "engine/temporal/h2.h"
#include "engine/temporal/tls.h"

#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>

#define DS_CANCELLED_MAX 8
#define DS_CONNS_MAX ((size_t)64) /* those that drain among them */
#define DS_AGAIN_MOST_MS INT64_C(5000)
#define DS_READ_ONCE (64 * DS_KIB)

typedef enum ds_call_end {
    DS_CALL_RUNS,
    DS_CALL_ANSWERED, /* its `h2.answer` says how */
    DS_CALL_RESET,    /* by `code`; `late`: its deadline had come */
    DS_CALL_LATE,     /* the server said nothing in time */
    DS_CALL_LOST,     /* with its connection, after it was written: `why` */
    DS_CALL_UNSENT,   /* there was no connection for it: `why` */
    DS_CALL_STOPPED,  /* by ds_grpc_hurry or ds_grpc_cancel */
} ds_call_end;

typedef struct ds_call {
    ds_h2_call h2; /* first */
    struct ds_call *next;
    const char *method;
    int64_t timeout_ms;            /* as it was asked for */
    int64_t deadline_ms, grace_ms; /* mono; how long we give the server to say that it came */
    char timeout[24];              /* grpc-timeout */
    unsigned refused;              /* times, on connections that went on */
    ds_call_end end;
    uint32_t code;
    bool late, sent;
    ds_err why;
    bool done; /* under the lock, as `over` is used */
    pthread_cond_t over;
} ds_call;

typedef struct ds_call_list { /* first come, first served */
    ds_call *first, **last;
} ds_call_list;

typedef enum ds_conn_state {
    DS_CONN_CONNECTS,
    DS_CONN_SHAKES, /* hands, in TLS */
    DS_CONN_GREETS, /* waits for the server's settings */
    DS_CONN_UP,
    DS_CONN_DEAD, /* `err` says why */
} ds_conn_state;

typedef struct ds_conn {
    struct ds_conn *next;
    ds_grpc *g;
    ds_conn_state state;
    int fd;
    ds_tls *tls; /* NULL: plain */
    ds_h2 *h2;
    ds_buf out; /* to be written, from out_at on */
    size_t out_at;
    uint64_t flushed; /* bytes of the session that the system has taken */
    bool tls_wants_write, write_wants_read;
    bool heard, was_up, begun, useful; /* a byte came; a call was begun; one was answered */
    int64_t born_ms, limit_ms, heard_ms, pinged_ms, age_ms;
    short ready; /* what poll said */
    ds_err err;
} ds_conn;

typedef struct ds_lookup { /* of the host's addresses, which may take its time */
    pthread_t thread;
    bool running;
    atomic_bool done;
    int failed;                   /* getaddrinfo's code */
    struct addrinfo *list, *next; /* `next` to be tried */
    const char *host, *port;
    int wake;
} ds_lookup;

/* What is sent as `authorization`. Those before stay until the end: calls hold on to them. */
typedef struct ds_key {
    struct ds_key *before;
    char text[]; /* in hidden memory */
} ds_key;

struct ds_grpc {
    ds_arena *arena; /* of the options */
    ds_grpc_options options;
    ds_key *key;              /* the newest; NULL: none. Under the lock */
    int64_t key_at_ms;        /* when it was read, under key_lock */
    pthread_mutex_t key_lock; /* while it is read again: whoever was refused waits for that */
    const char *host, *port;
    int wake; /* eventfd */
    pthread_t thread;

    pthread_mutex_t lock;
    pthread_cond_t idle; /* no callers any more */
    ds_call_list incoming;
    char cancelled[DS_CANCELLED_MAX][64];
    size_t cancelled_n;
    bool hurry, closing;
    size_t callers;
    ds_grpc_tally tally;

    /* the thread's alone */
    ds_call_list waiting;
    ds_conn *conns; /* all */
    size_t conns_n;
    ds_conn *current; /* the one for new calls, which may not be up yet; NULL: none */
    ds_lookup lookup;
    bool wanted; /* a connection, even if no call waits */
    int64_t now_ms, dial_at_ms, ping_ms;
    int64_t down_ms; /* since when those of `tries` were of no use */
    unsigned tries;  /* connections in a row that were of no use */
    uint32_t random;
    ds_err why; /* there is no connection */
    uint8_t *scratch;
};

int64_t ds_mono_ms(void);
void ds_call_list_init(ds_call_list *list);
void ds_call_list_put(ds_call_list *list, ds_call *call);
ds_call *ds_call_list_pop(ds_call_list *list); /* NULL: empty */

/* grpc_loop.c */
void *ds_grpc_run(void *arg); /* the thread */
void ds_grpc_wake(ds_grpc *g);
uint32_t ds_grpc_random(ds_grpc *g); /* spreads what would else happen together */
/* The call is its caller's again. */
void ds_call_finish(ds_grpc *g, ds_call *call, ds_call_end end);
void ds_call_again(ds_grpc *g, ds_call *call); /* waits, before all others */

/* grpc_key.c */
DS_MUST_USE bool ds_key_check(const char *key, ds_err *err); /* that it can be sent */
void ds_key_add(ds_grpc *g, const ds_secret *key);
const ds_key *ds_key_newest(ds_grpc *g);
/* `used` was refused: there is another one now. */
bool ds_key_renewed(ds_grpc *g, const ds_key *used);
/* The text without the key, which a server may repeat. */
const char *ds_key_blot(const ds_key *key, const char *text, ds_arena *a);
void ds_keys_free(ds_grpc *g);

/* grpc_dial.c */
void ds_dial_step(ds_grpc *g);                      /* brings the next connection nearer */
void ds_dial_failed(ds_grpc *g, const ds_err *err); /* one that never came up */
void ds_dial_lost(ds_grpc *g, bool useful);         /* one that had */
void ds_dial_stop(ds_grpc *g);

/* grpc_conn.c */
ds_conn *ds_conn_new(ds_grpc *g, const struct addrinfo *to);
void ds_conn_free(ds_conn *c);
short ds_conn_events(const ds_conn *c); /* to poll for */
void ds_conn_ready(ds_conn *c);         /* goes on by c->ready */
void ds_conn_write(ds_conn *c);
void ds_conn_tend(ds_conn *c);            /* limits, pings, age */
int64_t ds_conn_due_ms(const ds_conn *c); /* when to tend it next */
bool ds_conn_begin(ds_conn *c, ds_call *call);

#endif
