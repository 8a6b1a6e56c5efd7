/* src/engine/temporal/grpc_answer.h
 *
 * What a server says to one call, as it comes in: blocks of headers, data, trailers.  Every byte of
 * it may be hostile.  No input or output here.
 *
 * A unary answer is HEADERS, DATA with one message behind five bytes (a flag that says compressed,
 * and the length), HEADERS with `grpc-status`.  A refusal is often one block that is headers and
 * trailers at once.  A proxy in between may answer in plain HTTP.
 */
#ifndef DS_ENGINE_TEMPORAL_GRPC_ANSWER_H
#define DS_ENGINE_TEMPORAL_GRPC_ANSWER_H

#include "engine/temporal/grpc.h"

#define DS_FRAME_HEAD ((size_t)5)

typedef struct ds_answer {
    size_t max;      /* bytes of its message */
    ds_buf body;     /* the message behind its head, as far as it has come */
    ds_buf message;  /* grpc-message as sent */
    ds_buf details;  /* grpc-status-details-bin as sent */
    int http_status; /* 0: not come yet */
    int status;      /* grpc-status; -1: not seen */
    bool is_grpc;    /* by its content type */
    char type[64];   /* that one, for people */
    bool last;       /* the block that is read ends the answer */
    size_t head_n, head_lines;
    size_t ignored;  /* bytes of a body that is none of gRPC's */
    int wrong;       /* a ds_grpc_status: it cannot be taken any further; 0: it can */
    const char *why; /* then */
} ds_answer;

void ds_answer_init(ds_answer *an, size_t max);
void ds_answer_fini(ds_answer *an);

/* A block of headers begins; `last`: nothing comes behind it. */
void ds_answer_block(ds_answer *an, bool last);
/* These two: false where the answer is not worth reading on, with `wrong` and `why`. */
DS_MUST_USE bool ds_answer_header(ds_answer *an, const uint8_t *name, size_t name_n,
                                  const uint8_t *value, size_t value_n);
DS_MUST_USE bool ds_answer_data(ds_answer *an, const uint8_t *data, size_t n);

/* The server has said all. true: a message, in `a`. false: `out` says why, its texts in `a`. */
DS_MUST_USE bool ds_answer_read(const ds_answer *an, ds_arena *a, const uint8_t **message,
                                size_t *n, ds_grpc_failure *out);

#endif
