/* src/codec/codec.h
 *
 * How the commands `keygen` and `codec-server` reach what they are made of.  Both are a shared
 * object of their own, so that OpenSSL and the HTTP server are mapped by nobody else; it gives out
 * one table under one name.
 *
 * The server speaks the protocol of Temporal's remote codecs, for the Web UI and the official
 * command line, so that operators see in clear what the server of Temporal keeps encrypted:
 *
 *   POST .../decode, .../encode   {"payloads": [{"metadata": {NAME: BASE64}, "data": BASE64}]}
 *                                 answered with as many in the same order
 *   OPTIONS                       what a browser asks before it asks
 */
#ifndef DS_CODEC_CODEC_H
#define DS_CODEC_CODEC_H

#include <durable_sync/base.h>

#define DS_CODEC_LIBRARY "codec-server.so"
#define DS_CODEC_SYMBOL "ds_codec_tools"
#define DS_CODEC_REVISION 1

typedef struct ds_codec_options {
    const char *keys;    /* as ds_codec_open takes them */
    const char *host;    /* an address to listen on, 127.0.0.1 or ::1; others need a token */
    int port;            /* 0: a free one */
    const char *token;   /* of `Authorization: Bearer`; NULL: none is asked for */
    const char *origins; /* whose pages may read answers, commas between */
} ds_codec_options;

typedef struct ds_codec_watch {
    void (*ready)(void *to, int port);           /* it listens */
    void (*said)(void *to, const char *message); /* what an operator should know */
    void *to;
} ds_codec_watch;

typedef struct ds_codec_table {
    int revision; /* another one than DS_CODEC_REVISION: of another release */
    bool (*keygen)(char out[45], ds_err *err);
    /* Serves until SIGTERM or SIGINT. false: DS_ERR_CONFIG, an option is wrong; DS_ERR_TRANSIENT,
     * it cannot listen. */
    bool (*serve)(const ds_codec_options *options, const ds_codec_watch *watch, ds_err *err);
} ds_codec_table;

#endif
