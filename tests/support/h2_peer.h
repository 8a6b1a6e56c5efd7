/* tests/support/h2_peer.h
 *
 * The server's end of an HTTP/2 connection, frame by frame, over a connection of http_server.h: it
 * says exactly what a test tells it, in order or not.  Frames of its own making, so that it can
 * also say what no library would.
 */
#ifndef TESTS_SUPPORT_H2_PEER_H
#define TESTS_SUPPORT_H2_PEER_H

#include "support/http_server.h"

enum {
    H2_DATA,
    H2_HEADERS,
    H2_PRIORITY,
    H2_RST_STREAM,
    H2_SETTINGS,
    H2_PUSH_PROMISE,
    H2_PING,
    H2_GOAWAY,
    H2_WINDOW_UPDATE,
    H2_CONTINUATION
};
enum { H2_END_STREAM = 1, H2_ACK = 1, H2_END_HEADERS = 4 };

typedef struct h2_frame {
    uint8_t type, flags;
    uint32_t stream;
    uint8_t *data; /* until the next one is read */
    size_t n;
} h2_frame;

typedef struct h2_request {
    uint32_t stream;
    char path[256];
    char headers[2048]; /* "name: value\n" of each */
    char block[512];    /* first bytes of the coded headers */
    size_t block_n;
    uint8_t *body; /* what came in DATA, message head and all */
    size_t body_n, body_cap;
    bool whole;
    int64_t window; /* bytes that we may still send */
} h2_request;

typedef struct h2_peer {
    http_conn *c;
    struct nghttp2_hd_inflater *inflater;
    h2_frame frame;
    h2_request *open; /* streams that have begun */
    size_t open_n;
    bool mute_pings;                   /* they are not answered */
    bool keep_windows;                 /* nothing is given back for what was read */
    int pings, acks, resets;           /* that came: pings, answers to ours, RST_STREAMs */
    uint32_t reset_stream, reset_code; /* of the last one */
    bool gone;                         /* the client has said GOAWAY */
    int64_t window, window_of_new;     /* of the connection; of a new stream */
} h2_peer;

void h2_peer_init(h2_peer *p, http_conn *c);
void h2_peer_fini(h2_peer *p);

/* Reads the client's preface and says our settings (one id and value; 0: none). */
bool h2_peer_greet(h2_peer *p, uint16_t setting, uint32_t value);
/* The next frame, the usual ones answered: settings, pings, windows. false: the client hung up. */
bool h2_peer_frame(h2_peer *p);
/* Until a request has come whole. NULL: the client hung up. It stays in `open`. */
h2_request *h2_peer_request(h2_peer *p);
/* Until the client has hung up. */
void h2_peer_drain(h2_peer *p);

void h2_peer_send(h2_peer *p, uint8_t type, uint8_t flags, uint32_t stream, const void *data,
                  size_t n);
/* Pairs of name and value, ended by NULL. */
void h2_peer_headers(h2_peer *p, uint32_t stream, unsigned flags, ...) __attribute__((sentinel));
/* A message behind its five bytes, in frames that fit, as the client lets them come. */
void h2_peer_message(h2_peer *p, uint32_t stream, const void *data, size_t n);
/* Headers, message, trailers: all is well. */
void h2_peer_answer(h2_peer *p, uint32_t stream, const char *text);
/* A refusal in one block. `details` NULL: none. */
void h2_peer_refuse(h2_peer *p, uint32_t stream, const char *status, const char *message,
                    const char *details);
void h2_peer_reset(h2_peer *p, uint32_t stream, uint32_t code);
void h2_peer_goaway(h2_peer *p, uint32_t last, uint32_t code, const char *words);

#endif
