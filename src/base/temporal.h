/* src/base/temporal.h - where a Temporal server is and how it is spoken to, as plain data: the
 * configuration fills it, the engine reads it.  All of it lives in the configuration. */
#ifndef DS_BASE_TEMPORAL_H
#define DS_BASE_TEMPORAL_H

#include <durable_sync/base.h>

#define DS_TEMPORAL_OLDEST "1.20" /* the server's version: the first that changes memos */

typedef struct ds_temporal_header {
    const char *name; /* lower case */
    const char *value;
} ds_temporal_header;

typedef struct ds_temporal {
    const char *address;   /* host:port */
    const char *authority; /* NULL: the address */
    const char *namespace_, *task_queue;
    const char *prefix;       /* of workflow ids; {route} stands for the route's name */
    const char *build_id;     /* NULL: the workers are not versioned */
    const ds_secret *api_key; /* NULL: none */
    /* Reads it again, where it comes from a file, a credential or a command, so that a new one
     * needs no restart. NULL: it comes from elsewhere. Answers NULL where it cannot be read; the
     * caller frees it. From any thread. */
    ds_secret *(*api_key_now)(const struct ds_temporal *t);
    const char *api_key_from, *dir; /* for that: ${file:PATH}, and what PATH is relative to */
    bool tls;
    /* PEM, a file or the text of one, or neither. */
    const char *ca_file;
    const ds_secret *ca_data;
    const char *cert_file;
    const ds_secret *cert_data;
    const char *key_file;
    const ds_secret *key_data;
    const char *server_name; /* NULL: the address's host */
    bool no_verify;
    const ds_temporal_header *headers; /* of one's own, with each call */
    size_t headers_n;
    const ds_secret *encryption_key; /* commas between several; NULL: payloads are in clear */
    bool encryption_required;        /* clear payloads are refused */
} ds_temporal;

#endif
