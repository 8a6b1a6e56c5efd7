/* src/app/notices.c - from `notify` in the configuration to the ways by which people are told. */
#include "app/notices.h"

#include "notice/notice.h"

static ds_notice_channel *by_post(ds_app *app, const ds_notify_to *notify, ds_err *err)
{
    const ds_notice_post post = {.url = ds_secret_reveal(notify->url),
                                 .token = notify->token,
                                 .ca_file = notify->ca_file,
                                 .private_network = notify->private_network};
    const ds_http_table *http =
        ds_loader_part(app->loader, DS_HTTP_LIBRARY, DS_HTTP_CALLS_SYMBOL, err);
    ds_notice_channel *channel =
        http ? ds_notice_by_post(http, &post, app->clock, app->arena, err) : NULL;

    if (!channel)
        ds_wrap(err, "notify: url");
    return channel;
}

bool ds_app_notices(ds_app *app, ds_notices *out, ds_err *err)
{
    const ds_notify_to *notify = app->config->notify;

    *out = (ds_notices){.n = 0};
    if (!notify)
        return true;
    out->on = notify->on;
    if (notify->url) {
        out->channels[out->n] = by_post(app, notify, err);
        if (!out->channels[out->n++])
            return false;
    }
    if (notify->command)
        out->channels[out->n++] = ds_notice_by_command(notify->command, notify->dir, app->arena);
    return true;
}
