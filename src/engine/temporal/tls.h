/* src/engine/temporal/tls.h
 *
 * TLS of a connection to a Temporal server, over OpenSSL: TLS 1.2 or newer, ALPN "h2", the server's
 * certificate and name verified, a certificate of our own where there is one.  Files are read again
 * for each connection, so that one that was renewed needs no restart.
 */
#ifndef DS_ENGINE_TEMPORAL_TLS_H
#define DS_ENGINE_TEMPORAL_TLS_H

#include "engine/temporal/grpc.h"

typedef struct ds_tls ds_tls; /* of one connection */

typedef enum ds_tls_step {
    DS_TLS_DONE,
    DS_TLS_WANTS_READ,
    DS_TLS_WANTS_WRITE,
    DS_TLS_CLOSED, /* by the other side, in order or not */
    DS_TLS_FAILED, /* `err` says why, in words that help */
} ds_tls_step;

/* For a connected socket that does not block, `host` as it was asked for. CONFIG: a file cannot be
 * read or holds none of what it should. */
DS_MUST_USE ds_tls *ds_tls_new(const ds_grpc_options *options, const char *host, int fd,
                               ds_err *err);
/* The settings alone: whether ds_tls_new would take them. */
DS_MUST_USE bool ds_tls_check(const ds_grpc_options *options, ds_err *err);
void ds_tls_free(ds_tls *tls); /* says goodbye where it can; NULL is fine */

DS_AUTO_DEFINE(ds_tls, ds_tls_free)

/* FAILED: CONFIG where no later attempt could do better, else TRANSIENT. */
DS_MUST_USE ds_tls_step ds_tls_shake(ds_tls *tls, ds_err *err);
DS_MUST_USE ds_tls_step ds_tls_read(ds_tls *tls, void *data, size_t most, size_t *n, ds_err *err);
DS_MUST_USE ds_tls_step ds_tls_write(ds_tls *tls, const void *data, size_t n, size_t *written,
                                     ds_err *err);

#endif
