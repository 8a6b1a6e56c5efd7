/* src/fakes/github/lists.c
 *
 * Listings that were put in order lately.  A sweep asks for the same one page by page, and ordering
 * a hundred thousand repositories for each page would take longer than to show it.
 */
#include "fakes/github/github.h"

#include <string.h>

ds_gh_repo **ds_gh_list_kept(const ds_gh *g, const char *key, size_t *n)
{
    for (size_t i = 0; i < DS_GH_LISTS; i++) {
        const ds_gh_kept *kept = &g->kept[i];

        if (!kept->arena || kept->revision != g->world->revision || strcmp(kept->key, key) != 0)
            continue;
        *n = kept->n;
        return kept->list;
    }
    return NULL;
}

void ds_gh_list_keep(ds_gh *g, const char *key, ds_gh_repo **list, size_t n)
{
    ds_gh_kept *kept = &g->kept[g->kept_next++ % DS_GH_LISTS];

    if (kept->arena)
        ds_arena_reset(kept->arena);
    else
        kept->arena = ds_arena_new();
    kept->key = ds_arena_strdup(kept->arena, key);
    kept->revision = g->world->revision;
    kept->n = n;
    kept->list = ds_arena_alloc(kept->arena, (n + 1) * sizeof(ds_gh_repo *));
    if (n > 0)
        memcpy(kept->list, list, n * sizeof *list);
}

void ds_gh_lists_free(ds_gh *g)
{
    for (size_t i = 0; i < DS_GH_LISTS; i++)
        ds_arena_free(g->kept[i].arena);
}
