/* src/fakes/routes.c - which route a path belongs to, and what a request says about itself. */
#include "fakes/server.h"

#include "base/text.h"

#include <string.h>

/* One segment of the pattern at *pattern against one of the path at *path; both step past it. */
static bool take_segment(ds_fake_call *call, const char **pattern, const char **path)
{
    size_t pattern_n = strcspn(*pattern, "/"), path_n = strcspn(*path, "/");
    const char *name = *pattern;

    if (*name == '{') {
        bool rest = pattern_n > 5 && memcmp(name + pattern_n - 4, "...", 3) == 0;
        size_t name_n = pattern_n - (rest ? 5 : 2);

        if (rest)
            path_n = strlen(*path);
        if (path_n == 0 || call->params_n == DS_FAKE_PARAMS_MAX)
            return false;
        call->params[call->params_n].name = ds_arena_strndup(call->arena, name + 1, name_n);
        call->params[call->params_n].value = ds_fake_decode(call->arena, *path, path_n, false);
        call->params_n++;
    } else if (pattern_n != path_n || memcmp(name, *path, path_n) != 0) {
        return false;
    }
    *pattern += pattern_n;
    *path += path_n;
    return true;
}

static bool fits(const char *pattern, ds_fake_call *call)
{
    const char *path = call->path;

    call->params_n = 0;
    while (*pattern == '/' && *path == '/') {
        pattern++;
        path++;
        if (!take_segment(call, &pattern, &path))
            return false;
    }
    return *pattern == '\0' && *path == '\0';
}

static bool method_fits(const char *method, const char *asked)
{
    return strcmp(method, asked) == 0 || (strcmp(method, "GET") == 0 && strcmp(asked, "HEAD") == 0);
}

int ds_route_find(const ds_fake_kind *kind, ds_fake_call *call)
{
    int refusal = 404;

    for (size_t i = 0; i < kind->routes_n; i++) {
        const ds_fake_route *route = &kind->routes[i];

        if (!fits(route->path, call))
            continue;
        if (method_fits(route->method, call->method)) {
            call->route = route;
            return 0;
        }
        refusal = 405;
    }
    call->params_n = 0;
    return refusal;
}

const char *ds_fake_param(const ds_fake_call *call, const char *name)
{
    for (size_t i = 0; i < call->params_n; i++)
        if (strcmp(call->params[i].name, name) == 0)
            return call->params[i].value;
    return "";
}

const char *ds_fake_query(const ds_fake_call *call, const char *name)
{
    const char *at = call->query;

    while (*at) {
        size_t n = strcspn(at, "&"), name_n = 0;

        while (name_n < n && at[name_n] != '=')
            name_n++;
        if (strcmp(ds_fake_decode(call->arena, at, name_n, true), name) == 0) {
            const char *value = name_n < n ? at + name_n + 1 : at + n;

            return ds_fake_decode(call->arena, value, (size_t)(at + n - value), true);
        }
        at += n + (at[n] == '&');
    }
    return NULL;
}

int64_t ds_fake_query_int(const ds_fake_call *call, const char *name, int64_t other)
{
    const char *text = ds_fake_query(call, name);
    int64_t number;

    return text && ds_parse_int(text, &number) ? number : other;
}

const char *ds_fake_header(const ds_fake_call *call, const char *name)
{
    return MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, name);
}
