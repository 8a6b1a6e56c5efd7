/* src/base/instance.c
 *
 * One connector instance a pass: a copy of the route's settings.  Secrets that were written anew
 * since the configuration was read are its own; they are noted behind it.
 */
#include "base/route.h"
#include "base/secret.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static size_t secrets_of(const ds_option *options)
{
    size_t n = 0;

    for (; options && options->name; options++)
        n += options->type == DS_OPTION_SECRET;
    return n;
}

static ds_secret **own_secrets(void *instance, size_t size)
{
    size_t align = _Alignof(max_align_t), at = (size + align - 1) / align * align;

    return (ds_secret **)(void *)((char *)instance + at);
}

static void renew_secrets(void *instance, size_t size, const ds_option *options)
{
    ds_secret **own = own_secrets(instance, size);

    for (; options && options->name; options++) {
        char *field = (char *)instance + options->offset;
        ds_secret *known, *now;

        if (options->type != DS_OPTION_SECRET)
            continue;
        memcpy(&known, field, sizeof(known));
        now = ds_secret_renewed(known);
        if (now)
            memcpy(field, &now, sizeof(now));
        *own++ = now;
    }
}

static void *instance_new(size_t size, const void *settings, const ds_option *options)
{
    size_t secrets = secrets_of(options);
    void *instance =
        ds_calloc(1, size + (secrets ? _Alignof(max_align_t) : 0) + secrets * sizeof(ds_secret *));

    if (settings) {
        memcpy(instance, settings, size);
        renew_secrets(instance, size, options);
    }
    return instance;
}

static void instance_free(void *instance, size_t size, const ds_option *options)
{
    ds_secret **own = own_secrets(instance, size);

    for (size_t n = secrets_of(options); n > 0; n--)
        ds_secret_free(*own++);
    free(instance);
}

ds_source *ds_source_new(const ds_route *route)
{
    const ds_source_ops *ops = route->source;
    ds_source *source = instance_new(ops->instance_size, route->source_settings, ops->options);

    source->ops = ops;
    source->route = route->name;
    return source;
}

void ds_source_free(ds_source *source)
{
    const ds_source_ops *ops = source ? source->ops : NULL;

    if (!source)
        return;
    if (ops->close)
        ops->close(source);
    instance_free(source, ops->instance_size, ops->options);
}

ds_destination *ds_destination_new(const ds_route *route)
{
    const ds_destination_ops *ops = route->destination;
    ds_destination *destination =
        instance_new(ops->instance_size, route->destination_settings, ops->options);

    destination->ops = ops;
    destination->route = route->name;
    return destination;
}

void ds_destination_free(ds_destination *destination)
{
    const ds_destination_ops *ops = destination ? destination->ops : NULL;

    if (!destination)
        return;
    if (ops->close)
        ops->close(destination);
    instance_free(destination, ops->instance_size, ops->options);
}
