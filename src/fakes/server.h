/* src/fakes/server.h - the inside of the router, shared by its files; kinds see router.h alone. */
#ifndef DS_FAKES_SERVER_H
#define DS_FAKES_SERVER_H

#include "fakes/faults.h"
#include "fakes/router.h"
#include "fakes/tally.h"

#include <microhttpd.h>

typedef struct ds_exchange ds_exchange;

struct ds_fake_server {
    const ds_fake_kind *kind;
    ds_fake_options options;
    ds_arena *arena; /* of the options' texts */
    void *state;
    struct MHD_Daemon *mhd;
    int port;
    ds_faults *faults;
    ds_tally *tally;
    int64_t now_set; /* the clock stands here; -1: it is the real one */
    int64_t latency_ms;
    ds_exchange *waiting; /* those whose connection is suspended */
    size_t in_flight;
    bool stopping; /* what still waits is hung up */
};

typedef enum ds_stage {
    DS_STAGE_HEAD,  /* nothing but the request line is read */
    DS_STAGE_BODY,  /* its body comes in */
    DS_STAGE_DELAY, /* arrived, not yet looked at */
    DS_STAGE_HELD,  /* answered in memory, not yet sent */
    DS_STAGE_SENT,
} ds_stage;

typedef struct ds_link_marks { /* what is remembered of a connection */
    bool stale;                /* to be hung up when it is used again */
} ds_link_marks;

struct ds_exchange { /* one request and its answer */
    ds_fake_call call;
    ds_fake_server *server;
    struct MHD_Connection *mhd;
    const char *target; /* the request line's, whole */
    ds_buf in;
    ds_stage stage;
    bool counted;   /* in in_flight */
    bool malformed; /* the head cannot be trusted */
    bool listed;    /* in the server's waiting list */
    bool hangs;     /* until it is released */
    int64_t due_us; /* by the monotonic clock: when it goes on */
    ds_fault fault;
    int64_t sent_n; /* bytes of a slow or cut body that have left */
    int64_t number; /* in the tally */
    ds_exchange *next, *previous;
};

/* exchange.c */
ds_exchange *ds_exchange_new(ds_fake_server *s, struct MHD_Connection *mhd, const char *target);
void ds_exchange_free(ds_exchange *x);
/* The request is whole, or a wait is over: goes on as far as it can. MHD_NO: hangs up. */
enum MHD_Result ds_exchange_go(ds_exchange *x);
/* Suspends its connection until due_us, or until it is released. */
void ds_exchange_wait(ds_exchange *x, int64_t us);
/* Lets go of one that waits. */
void ds_exchange_wake(ds_exchange *x);

/* routes.c: sets call->route and its params. The status to refuse with: 404, 405; 0: found. */
int ds_route_find(const ds_fake_kind *kind, ds_fake_call *call);

/* send.c: the answer as it stands, or what the rule makes of it. */
enum MHD_Result ds_send_answer(ds_exchange *x);
/* An answer that is not the API's: a proxy's page, a bomb, a redirect. */
void ds_send_stand_in(ds_exchange *x);
/* Bytes that are no HTTP, past libmicrohttpd. */
void ds_send_noise(ds_exchange *x);

/* control.c: false: not one of the router's own. */
bool ds_control_answer(ds_fake_server *s, ds_fake_call *call);

/* server.c */
int64_t ds_fake_now(const ds_fake_server *s);
int64_t ds_fake_mono_us(void);
DS_MUST_USE bool ds_fake_reset(ds_fake_server *s, ds_err *err);

#endif
