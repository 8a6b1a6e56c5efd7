/* src/base/instance.c - one connector instance a pass: a copy of the route's settings. */
#include "base/route.h"

#include <stdlib.h>
#include <string.h>

ds_source *ds_source_new(const ds_route *route)
{
    ds_source *source = ds_calloc(1, route->source->instance_size);

    if (route->source_settings)
        memcpy(source, route->source_settings, route->source->instance_size);
    source->ops = route->source;
    source->route = route->name;
    return source;
}

void ds_source_free(ds_source *source)
{
    if (!source)
        return;
    if (source->ops->close)
        source->ops->close(source);
    free(source);
}

ds_destination *ds_destination_new(const ds_route *route)
{
    ds_destination *destination = ds_calloc(1, route->destination->instance_size);

    if (route->destination_settings)
        memcpy(destination, route->destination_settings, route->destination->instance_size);
    destination->ops = route->destination;
    destination->route = route->name;
    return destination;
}

void ds_destination_free(ds_destination *destination)
{
    if (!destination)
        return;
    if (destination->ops->close)
        destination->ops->close(destination);
    free(destination);
}
