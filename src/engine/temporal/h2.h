/* src/engine/temporal/h2.h
 *
 * The frames of one HTTP/2 connection, over nghttp2: bytes in, bytes out, calls in between.  No
 * socket and no clock here, so that a test or a fuzzer can be the server.
 *
 * One thread at a time.  A call belongs to who began it; it is in the session's list from
 * ds_h2_begin until the hook `ended` was called for it or ds_h2_take took it back.
 */
#ifndef DS_ENGINE_TEMPORAL_H2_H
#define DS_ENGINE_TEMPORAL_H2_H

#include "engine/temporal/grpc_answer.h"

typedef struct ds_h2 ds_h2;
typedef struct ds_h2_call ds_h2_call;

struct ds_h2_call {
    /* set by who begins it */
    const ds_grpc_header *headers; /* all of them, :method to the last; borrowed while it runs */
    size_t headers_n;
    const uint8_t *request;
    size_t n;
    ds_answer answer;
    /* the session's */
    ds_h2_call *next, *prev;
    int32_t stream;
    size_t handed;      /* of the request and its head */
    bool framed;        /* its headers went into the bytes to write... */
    uint64_t framed_at; /* ...behind so many others */
};

typedef enum ds_h2_end {
    DS_H2_ANSWERED, /* the server said all it had to say */
    DS_H2_REFUSED,  /* the server has not read it, or it never left: it may be sent again */
    DS_H2_RESET,    /* broken off, by `code` of HTTP/2 */
    DS_H2_WRONG,    /* by us, for what the answer held: answer.wrong */
} ds_h2_end;

/* Called while bytes are read or written. The call is out of the list by then. */
typedef void (*ds_h2_ended)(void *to, ds_h2_call *call, ds_h2_end end, uint32_t code);

struct ds_h2 {
    struct nghttp2_session *session;
    ds_h2_ended ended;
    void *to;
    ds_h2_call *calls;
    size_t open_n;    /* streams, those of calls taken back among them until they are closed */
    bool greeted;     /* the server has sent its settings: it does speak HTTP/2 */
    bool draining;    /* no new calls here */
    unsigned goaways; /* that came */
    bool calm;        /* one of them said that we ask too much */
    bool ping_out;    /* we asked, and there is no answer yet */
    uint64_t written; /* bytes handed out by ds_h2_write */
    char why[200];    /* what was wrong with the server's bytes; "": nothing */
};

ds_h2 *ds_h2_new(ds_h2_ended ended, void *to);
/* Calls still in the list are left as they are: take them first. NULL is fine. */
void ds_h2_free(ds_h2 *h);

/* Another call may begin: the server's limit, a GOAWAY, used-up numbers. */
bool ds_h2_has_room(const ds_h2 *h);
/* false: it cannot, and the session is draining now. */
DS_MUST_USE bool ds_h2_begin(ds_h2 *h, ds_h2_call *call);
/* The call ends without the server: its stream is reset, the hook is not called. */
void ds_h2_take(ds_h2 *h, ds_h2_call *call);
void ds_h2_ping(ds_h2 *h);
void ds_h2_goodbye(ds_h2 *h); /* the bytes to write end with a GOAWAY of ours */

/* Bytes from the server. false: nothing more can come of this connection; `why` may say more. */
DS_MUST_USE bool ds_h2_read(ds_h2 *h, const uint8_t *data, size_t n);
/* Appends what is to be written, until `out` holds `most` or there is no more. false: as above. */
DS_MUST_USE bool ds_h2_write(ds_h2 *h, ds_buf *out, size_t most);

#endif
