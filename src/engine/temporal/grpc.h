/* src/engine/temporal/grpc.h
 *
 * Unary gRPC calls to one server over one HTTP/2 connection that keeps itself up.  Any number of
 * threads call and wait at once; one thread inside does all input and output.
 *
 * What a caller may rely on:
 *  - Every call ends: by its answer, by its deadline (the server is told it, and a clock of our own
 *    watches too), or by ds_grpc_hurry.
 *  - A call waits for the connection, as long as its deadline lets it.  What was never written to a
 *    connection, what the server refused unread (REFUSED_STREAM) and what lies beyond the last
 *    stream of a GOAWAY is sent again without a word.  A server that goes away every few minutes is
 *    routine: running calls end on the old connection, new ones begin on the next.
 *  - A poll ("Poll...") that the connection comes too late for ends as UNAVAILABLE, not sent: the
 *    server would refuse it for the two seconds it has left.
 *  - A call that was written and then lost its connection fails as UNAVAILABLE with `sent`: the
 *    caller knows whether to repeat it is safe.
 *  - Success is only what ended with "grpc-status: 0" and holds exactly one message.
 */
#ifndef DS_ENGINE_TEMPORAL_GRPC_H
#define DS_ENGINE_TEMPORAL_GRPC_H

#include "base/temporal.h"
#include <durable_sync/base.h>

typedef struct ds_grpc ds_grpc;

/* The codes of gRPC. */
typedef enum ds_grpc_status {
    DS_GRPC_OK = 0,
    DS_GRPC_CANCELLED = 1,
    DS_GRPC_UNKNOWN = 2,
    DS_GRPC_INVALID_ARGUMENT = 3,
    DS_GRPC_DEADLINE_EXCEEDED = 4,
    DS_GRPC_NOT_FOUND = 5,
    DS_GRPC_ALREADY_EXISTS = 6,
    DS_GRPC_PERMISSION_DENIED = 7,
    DS_GRPC_RESOURCE_EXHAUSTED = 8,
    DS_GRPC_FAILED_PRECONDITION = 9,
    DS_GRPC_ABORTED = 10,
    DS_GRPC_OUT_OF_RANGE = 11,
    DS_GRPC_UNIMPLEMENTED = 12,
    DS_GRPC_INTERNAL = 13,
    DS_GRPC_UNAVAILABLE = 14,
    DS_GRPC_DATA_LOSS = 15,
    DS_GRPC_UNAUTHENTICATED = 16
} ds_grpc_status;

typedef ds_temporal_header ds_grpc_header;

typedef struct ds_grpc_options {
    const char *address;      /* host:port, [v6]:port; without a port 7233 */
    const char *authority;    /* what is sent as :authority; NULL: the address */
    const char *namespace_;   /* sent as temporal-namespace with each call; NULL: not */
    const ds_secret *api_key; /* sent as a bearer; NULL: none. Refused over plain text, except to
                                 this machine itself */
    /* Reads the key again, after the server has refused it; at most once in key_ms. A call that was
     * refused is made again with a key that is another one. NULL: the key never changes. Called on
     * the thread of the call; the answer is the transport's to free, NULL: it cannot be read. */
    ds_secret *(*key_now)(const void *of);
    const void *key_of;
    bool tls;                 /* else plain HTTP/2 */
    const char *ca_file;      /* PEM, in place of the system's roots; NULL: those */
    const ds_secret *ca_data; /* the same as text; never both */
    const char *cert_file;    /* PEM, our own certificate and what it is signed by; NULL: none */
    const ds_secret *cert_data;
    const char *key_file; /* PEM, its key */
    const ds_secret *key_data;
    const char *server_name;       /* asked for (SNI) and verified; NULL: the address's host */
    bool no_verify;                /* the server's certificate is not looked at: tests only */
    const ds_grpc_header *headers; /* sent with each call */
    size_t headers_n;
    /* A connection that cannot be made fails the calls that wait for it at once: for commands.
     * Else they wait for a later one, as long as their deadline lets them: for a worker. */
    bool fail_fast;
    /* None could be made for down_ms, and here is why: again each time until there is one. Called
     * on a thread of the transport, which is not to be kept. NULL: nobody is told. */
    void (*down)(void *to, const ds_err *why);
    void *down_to;
    /* 0 everywhere: the usual. */
    int64_t connect_ms; /* for one address of the host, to its first words in HTTP/2 (10 s) */
    int64_t ping_ms;    /* a connection silent for so long is asked whether it lives (30 s) */
    int64_t pong_ms;    /* and is dead so long after (15 s) */
    int64_t age_ms;     /* calls begin on a new one after this (10 min); names are looked up again,
                           certificates read again */
    int64_t again_ms;   /* first pause after a connection that failed, doubled up to 5 s (100 ms) */
    int64_t down_ms;    /* before `down` is called (3 s) */
    int64_t key_ms;     /* between two looks at the key (1 min) */
    size_t answer_max;  /* bytes of one answer (64 MiB) */
} ds_grpc_options;

/* Why a call failed; in the call's arena. */
typedef struct ds_grpc_failure {
    int status;              /* ds_grpc_status; never OK */
    const char *text;        /* the server's own words, or ours; "" where there are none */
    const char *detail_type; /* "NamespaceNotFoundFailure": the last part of its type; "": none */
    const uint8_t *detail;   /* that message */
    size_t detail_n;
    bool sent;     /* the server may have seen the request: it may have been applied */
    bool answered; /* the server said so itself, in gRPC's own words */
} ds_grpc_failure;

/* Does not wait for the connection, which is begun. CONFIG: the settings cannot be used (no such
 * address, files that cannot be read, a key over plain text). Copies what it is given. */
DS_MUST_USE ds_grpc *ds_grpc_open(const ds_grpc_options *options, ds_err *err);

/* One call. `method` is the bare name ("PollWorkflowTaskQueue"), or a whole path where it begins
 * with '/' ("/grpc.health.v1.Health/Check"). `timeout_ms` is at least 1. The answer lies in `a`;
 * *answer_n is 0 where the message is empty. From any thread.
 *
 * false: *failure (may be NULL) says why in gRPC's terms, and `err` in ours:
 *   CONFIG      namespace missing; certificate or protocol that cannot work without a change
 *   AUTH        UNAUTHENTICATED, PERMISSION_DENIED
 *   RATE_LIMITED RESOURCE_EXHAUSTED, except a message that is too large
 *   CANCELLED   ds_grpc_hurry, ds_grpc_cancel
 *   TRANSIENT   UNAVAILABLE, DEADLINE_EXCEEDED and what else may pass by itself
 *   PERMANENT   everything else */
DS_MUST_USE bool ds_grpc_call(ds_grpc *g, const char *method, const uint8_t *request, size_t n,
                              int64_t timeout_ms, ds_arena *a, const uint8_t **answer,
                              size_t *answer_n, ds_grpc_failure *failure, ds_err *err);

/* Calls of this method under way end as CANCELLED now, and later ones at once: polls that are not
 * wanted any more. At most 8 methods. From any thread. */
void ds_grpc_cancel(ds_grpc *g, const char *method);
/* The same for all calls. */
void ds_grpc_hurry(ds_grpc *g);
/* Ends what is under way and waits for those who called. NULL is fine. */
void ds_grpc_close(ds_grpc *g);

DS_AUTO_DEFINE(ds_grpc, ds_grpc_close)

/* Whether and when to repeat a call that failed for the `tries`-th time (1, ...), as the official
 * clients do: -1: not; else milliseconds to wait first. `poll`: a poll for tasks, repeated for
 * ever, its deadline is no failure. `random` spreads those that failed together. Pure. */
int64_t ds_grpc_again_ms(const ds_grpc_failure *failure, bool poll, unsigned tries,
                         uint32_t random);

/* What this connection has seen, for logs and metrics; from any thread. */
typedef struct ds_grpc_tally {
    uint64_t connections; /* made */
    uint64_t refused;     /* that could not be made */
    uint64_t goaways, lost;
    uint64_t calls, failed, resent;
} ds_grpc_tally;
void ds_grpc_tally_of(ds_grpc *g, ds_grpc_tally *out);

const char *ds_grpc_status_name(int status); /* "NOT_FOUND"; "STATUS 99" is "UNKNOWN" */

#endif
