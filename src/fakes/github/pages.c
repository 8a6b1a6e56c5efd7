/* src/fakes/github/pages.c - pages of a list and the Link header between them. */
#include "fakes/github/github.h"

#include "base/text.h"

#include <inttypes.h>
#include <string.h>

#define PER_PAGE 30
#define PER_PAGE_MOST 100

/* The query without `page`, ready for another one. */
static const char *other_arguments(const ds_fake_call *call)
{
    const char *at = call->query, *out = "";

    while (*at) {
        size_t n = strcspn(at, "&");

        if (n > 0 && strncmp(at, "page=", 5) != 0 && (n != 4 || strncmp(at, "page", 4) != 0))
            out = ds_arena_printf(call->arena, "%s%.*s&", out, (int)n, at);
        at += n + (at[n] == '&');
    }
    return out;
}

static const char *link_to(const ds_fake_call *call, const char *path, int64_t page,
                           const char *rel)
{
    return ds_arena_printf(call->arena, "<%s%s?%spage=%" PRId64 ">; rel=\"%s\"", call->origin, path,
                           other_arguments(call), page, rel);
}

ds_gh_page ds_gh_page_of(ds_fake_call *call, size_t total, const char *path)
{
    int64_t per_page = ds_fake_query_int(call, "per_page", PER_PAGE);
    int64_t page = DS_MAX(1, ds_fake_query_int(call, "page", 1)), last;
    const char *link = "";

    if (per_page < 1)
        per_page = PER_PAGE;
    per_page = DS_MIN(per_page, PER_PAGE_MOST);
    last = DS_MAX(1, ((int64_t)total + per_page - 1) / per_page);
    page = DS_MIN(page, last + 1); /* behind the last there is nothing, however far */
    if (page > 1)
        link = link_to(call, path, page - 1, "prev");
    if (page < last)
        link = ds_arena_printf(call->arena, "%s%s%s, %s", link, *link ? ", " : "",
                               link_to(call, path, page + 1, "next"),
                               link_to(call, path, last, "last"));
    if (page > 1)
        link = ds_arena_printf(call->arena, "%s, %s", link, link_to(call, path, 1, "first"));
    if (*link)
        ds_fake_set(call, "link", "%s", link);
    return (ds_gh_page){.first = (size_t)DS_MIN((page - 1) * per_page, (int64_t)total),
                        .end = (size_t)DS_MIN(page * per_page, (int64_t)total)};
}

const char *ds_gh_choice(ds_fake_call *call, const char *name, const char *const *allowed)
{
    const char *asked = ds_fake_query(call, name);

    if (!asked || !*asked)
        return allowed[0];
    for (size_t i = 0; allowed[i]; i++)
        if (strcmp(allowed[i], asked) == 0)
            return allowed[i];
    ds_gh_invalid(call, "Search", name);
    return NULL;
}

int64_t ds_gh_query_time(ds_fake_call *call, const char *name)
{
    const char *asked = ds_fake_query(call, name);
    int64_t ms;

    if (!asked || !*asked)
        return 0;
    if (ds_parse_time(asked, &ms) && ms > 0)
        return ds_floor_div(ms, 1000);
    ds_gh_invalid(call, "Search", name);
    return -1;
}
