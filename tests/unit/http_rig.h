/* tests/unit/http_rig.h - a client before a server that does as told; for the tests of http. */
#ifndef TESTS_UNIT_HTTP_RIG_H
#define TESTS_UNIT_HTTP_RIG_H

#include "base/activity.h"
#include "support/http_server.h"
#include "support/run.h"
#include <durable_sync/http.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RIG_TOKEN "tok_3f9c_never_to_be_seen"

typedef struct http_rig {
    http_server *server;
    ds_http *http;
    ds_http_settings settings;
    ds_secret *token;
    ds_activity act;
    atomic_bool stop;
    ds_err err;
} http_rig;

/* The client opens at the server's address; `setup` may be NULL. Anonymous unless asked: with a
 * token the first request goes alone. */
static DS_UNUSED http_rig *rig_new(http_serve serve, const ds_http_setup *setup, bool with_token)
{
    static unsigned routes; /* of its own each, and a token: budgets live as long as the process */
    http_rig *rig = ds_calloc(1, sizeof(*rig));
    ds_http_setup own = setup ? *setup : (ds_http_setup){.in_flight = 1};
    char token[64];

    alarm(100); /* nothing here waits for long; what hangs is to be seen */
    rig->server = http_server_new(serve, rig);
    rig->settings = (ds_http_settings){.base_url = http_server_url(rig->server)};
    rig->act = (ds_activity){
        .arena = scratch, .clock = ds_clock_system(), .stop = &rig->stop, .route = "tests"};
    snprintf(token, sizeof(token), "%s_%u_%d", RIG_TOKEN, ++routes, (int)getpid());
    rig->token = with_token ? ds_secret_new(token, strlen(token)) : NULL;
    rig->err = DS_ERR_INIT;
    own.settings = &rig->settings;
    own.token = rig->token;
    rig->http = ds_http_open(&rig->act, &own, &rig->err);
    assert_string_equal(rig->err.text, "");
    assert_non_null(rig->http);
    return rig;
}

static DS_UNUSED void rig_free(http_rig *rig)
{
    ds_http_close(rig->http);
    http_server_free(rig->server);
    ds_secret_free(rig->token);
    free(rig);
}

static DS_UNUSED bool rig_send(http_rig *rig, ds_http_request *reqs, size_t n)
{
    rig->err = DS_ERR_INIT;
    return ds_http_send(rig->http, &rig->act, reqs, n, &rig->err);
}

static DS_UNUSED ds_http_request get(const char *path)
{
    return (ds_http_request){.method = "GET", .path = path, .repeatable = true};
}

static DS_UNUSED ds_http_request create(const char *body)
{
    return (ds_http_request){
        .method = "POST", .path = "/pages", .body = body, .body_n = strlen(body)};
}

#endif
