/* src/transform/locate.c
 *
 * Where the worker is: durable-sync/ beside the library once installed, the library's own directory
 * where it was built.  No variable and no setting names it: what is started with the daemon's
 * records comes with the daemon.
 */
#include "transform/transform.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *try_at(ds_arena *a, const char *directory, size_t n, const char *name)
{
    const char *path = ds_arena_printf(a, "%.*s/%s", (int)n, directory, name);

    return access(path, X_OK) == 0 ? path : NULL;
}

const char *ds_jq_find_worker(ds_arena *a)
{
    Dl_info here;
    char real[PATH_MAX];
    const char *slash, *found;

    if (!dladdr(&ds_jq_installed, &here) || !realpath(here.dli_fname, real))
        return NULL;
    slash = strrchr(real, '/');
    found = try_at(a, real, (size_t)(slash - real), "durable-sync/durable-sync-jq");
    return found ? found : try_at(a, real, (size_t)(slash - real), "durable-sync-jq");
}
