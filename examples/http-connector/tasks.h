/* What source and destination share: where the task lists are, and how their API speaks. */
#ifndef TASKS_H
#define TASKS_H

#include <durable_sync/connector.h>
#include <durable_sync/http.h>

struct tasks_api {
    ds_http_settings http; /* base_url, ca_file, proxy, private_network: DS_HTTP_OPTIONS */
    ds_secret *token;
};

#define TASKS_API_OPTIONS(type_)                                                                   \
    DS_HTTP_OPTIONS(type_, api.http, "http://127.0.0.1:8080"),                                     \
    {                                                                                              \
        .name = "token", .type = DS_OPTION_SECRET, .offset = offsetof(type_, api.token),           \
        .required = true, .env = "TASKS_TOKEN",                                                    \
        .help = "any text: the server that comes with this example takes each"                     \
    }

/* NULL with `err` set. */
ds_http *tasks_open(const struct tasks_api *api, ds_activity *act, ds_err *err);

/* The answer of a GET; NULL with `err` set. */
const ds_json *tasks_get(ds_http *http, ds_activity *act, const char *path, const char *endpoint,
                         ds_err *err);
/* Sets `notes` of each task on the page, which costs a call where a task has changed. */
bool tasks_add_notes(ds_http *http, ds_activity *act, const char *list, ds_page *page, ds_err *err);

extern const ds_source_ops tasks_source;
extern const ds_destination_ops tasks_destination;

#endif
