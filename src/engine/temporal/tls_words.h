/* src/engine/temporal/tls_words.h - why TLS failed, in words that say what to do. */
#ifndef DS_ENGINE_TEMPORAL_TLS_WORDS_H
#define DS_ENGINE_TEMPORAL_TLS_WORDS_H

#include <durable_sync/base.h>
#include <openssl/ssl.h>

/* `name`: what the certificate had to be for; `failed_as`: errno. Empties OpenSSL's queue. */
void ds_tls_fail(ds_err *err, SSL *ssl, const char *name, int failed_as);

#endif
