/* src/config/secret.c
 *
 * Secrets: held apart from all other settings, hidden from every line shown, wiped with the
 * configuration.  One that is written out in the file is accepted only where nobody else can read
 * the file.
 */
#include "base/secret.h"
#include "config/load.h"

#include <string.h>

ds_secret *ds_load_keep_secret(ds_load *ld, const char *text)
{
    struct ds_secrets *all = ld->secrets;

    if (all->n == all->cap) {
        size_t cap = all->cap ? all->cap * 2 : 4;

        all->items = ds_arena_grow(ld->arena, all->items, all->cap * sizeof(ds_secret *),
                                   cap * sizeof(ds_secret *));
        all->cap = cap;
    }
    return all->items[all->n++] = ds_secret_new(text, strlen(text));
}

static void wipe_later(ds_load *ld, ds_node *node)
{
    if (ld->wipe_n == ld->wipe_cap) {
        size_t cap = ld->wipe_cap ? ld->wipe_cap * 2 : 4;

        ld->wipe = ds_arena_grow(ld->arena, ld->wipe, ld->wipe_cap * sizeof(ds_node *),
                                 cap * sizeof(ds_node *));
        ld->wipe_cap = cap;
    }
    ld->wipe[ld->wipe_n++] = node;
}

void ds_load_secret_name(ds_load *ld, const char *name, size_t n)
{
    if (ld->names_n == ld->names_cap) {
        size_t cap = ld->names_cap ? ld->names_cap * 2 : 4;

        ld->names = ds_arena_grow(ld->arena, ld->names, ld->names_cap * sizeof(*ld->names),
                                  cap * sizeof(*ld->names));
        ld->names_cap = cap;
    }
    ld->names[ld->names_n++] = ds_arena_strndup(ld->arena, name, n);
}

/* Those of ${NAME} and ${NAME:-default}; another form names none. */
static void note_names(ds_load *ld, const char *raw)
{
    while ((raw = strstr(raw, "${"))) {
        raw += 2;
        ds_load_secret_name(ld, raw, strcspn(raw, ":}"));
    }
}

typedef struct origin { /* of a secret that other programs may write anew */
    const ds_secret *raw;
    const char *dir;
} origin;

static ds_secret *read_again(const void *from)
{
    const origin *of = from;

    return ds_reference_now(ds_secret_reveal(of->raw), of->dir);
}

/* A file is read by each pass. A command is not run by each: it may be slow, or ask somebody. */
static void follow(ds_load *ld, ds_secret *secret, const char *raw)
{
    origin *of;

    if (!ds_reference_may_change(raw) || strstr(raw, "${command:"))
        return;
    of = ds_new_in(ld->arena, origin);
    *of = (origin){ds_load_keep_secret(ld, raw), ld->dir};
    ds_secret_may_change(secret, read_again, of);
}

bool ds_read_secret(ds_load *ld, const ds_member *m, bool (*harmless)(const char *text),
                    ds_secret **out)
{
    ds_node *node = m->value;
    const char *text;

    ds_node_hide(ld->issues, node);
    if (node->kind != DS_NODE_SCALAR)
        return ds_expected(ld, m, "text, best as ${NAME} or ${file:PATH}");
    text = ds_node_is_null(node) ? "" : ds_node_text(ld, node);
    wipe_later(ld, node);
    note_names(ld, node->raw);
    if (!text)
        return false;
    if (!*text)
        return ds_issue(ld->issues, node->at, "%s: expected a secret, found an empty one", m->name);
    if (!node->from_away && ld->others_read && !(harmless && harmless(text)))
        return ds_issue(
            ld->issues, node->at,
            "%s is written out in a file that others may read: run chmod 600 %s, or write "
            "${NAME} or ${file:PATH} here",
            m->name, ld->path);
    *out = ds_load_keep_secret(ld, text);
    follow(ld, *out, node->raw);
    return true;
}
