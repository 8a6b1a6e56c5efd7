/* src/base/crashpoint.c - see crashpoint.h. */
#include "base/crashpoint.h"
#include <durable_sync/base.h>

void (*ds_crash_hook)(const char *where);

void ds_crashpoint(const char *where)
{
    if (ds_crash_hook)
        ds_crash_hook(where);
}
