/* src/engine/temporal/settings.c - the configuration's settings, as the transport takes them. */
#include "engine/temporal/settings.h"

#include <string.h>

static ds_secret *key_now(const void *of)
{
    const ds_temporal *t = of;

    return t->api_key_now(t);
}

ds_grpc_options ds_temporal_options(const ds_temporal *t, bool fail_fast)
{
    return (ds_grpc_options){
        .address = t->address,
        .authority = t->authority,
        .namespace_ = t->namespace_,
        .api_key = t->api_key,
        .key_now = t->api_key_now ? key_now : NULL,
        .key_of = t,
        .tls = t->tls,
        .ca_file = t->ca_file,
        .ca_data = t->ca_data,
        .cert_file = t->cert_file,
        .cert_data = t->cert_data,
        .key_file = t->key_file,
        .key_data = t->key_data,
        .server_name = t->server_name,
        .no_verify = t->no_verify,
        .headers = t->headers,
        .headers_n = t->headers_n,
        .fail_fast = fail_fast,
    };
}

const char *ds_temporal_workflow_id(const ds_temporal *t, const char *route, const char *unit,
                                    ds_arena *a)
{
    static const char hole[] = "{route}";
    const char *at = strstr(t->prefix, hole);

    if (!at)
        return ds_arena_printf(a, "%s%s", t->prefix, unit);
    return ds_arena_printf(a, "%.*s%s%s%s", (int)(at - t->prefix), t->prefix, route,
                           at + sizeof(hole) - 1, unit);
}
