/* src/fakes/answer.c - how a kind writes its answer: into memory, sent when all of it is there. */
#include "fakes/router.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define ZIP_LEAST 256 /* smaller bodies gain nothing */

ds_json_writer *ds_fake_json(ds_fake_call *call, int status)
{
    ds_buf_clear(&call->out);
    call->status = status;
    call->type = "application/json; charset=utf-8";
    call->json_out = ds_json_w(&call->out, false);
    call->json_out.exact = true;
    return &call->json_out;
}

void ds_fake_raw(ds_fake_call *call, int status, const char *type, const void *data, size_t n)
{
    ds_buf_clear(&call->out);
    call->status = status;
    call->type = type;
    if (type)
        ds_buf_add(&call->out, data, n);
}

void ds_fake_set(ds_fake_call *call, const char *name, const char *fmt, ...)
{
    char text[8192];
    va_list args;
    size_t i = 0;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    while (i < call->headers_n && strcasecmp(call->headers[i].name, name) != 0)
        i++;
    if (i == DS_FAKE_HEADERS_MAX)
        return;
    call->headers[i].name = ds_arena_strdup(call->arena, name);
    call->headers[i].value = ds_arena_strdup(call->arena, text);
    call->headers_n = DS_MAX(call->headers_n, i + 1);
}

const char *ds_fake_get(const ds_fake_call *call, const char *name)
{
    for (size_t i = 0; i < call->headers_n; i++)
        if (strcasecmp(call->headers[i].name, name) == 0)
            return call->headers[i].value;
    return NULL;
}

bool ds_fake_zips(const ds_fake_call *call)
{
    const char *takes = ds_fake_header(call, "accept-encoding");

    return takes && strcasestr(takes, "gzip") && call->type && call->out.n >= ZIP_LEAST;
}
