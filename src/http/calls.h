/* src/http/calls.h - the network layer for a part of the program that maps it only when it needs
 * it: the calls of <durable_sync/http.h> as one table, found by its name.
 */
#ifndef DS_HTTP_CALLS_H
#define DS_HTTP_CALLS_H

#include <durable_sync/http.h>

#define DS_HTTP_LIBRARY "libdurable_sync_http.so"
#define DS_HTTP_CALLS_SYMBOL "ds_http_calls"

typedef struct ds_http_table {
    ds_http *(*open)(ds_activity *act, const ds_http_setup *setup, ds_err *err);
    void (*close)(ds_http *http);
    bool (*send)(ds_http *http, ds_activity *act, ds_http_request *requests, size_t n, ds_err *err);
} ds_http_table;

DS_API extern const ds_http_table ds_http_calls;

#endif
