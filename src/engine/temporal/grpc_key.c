/* src/engine/temporal/grpc_key.c - the API key, and the one that takes its place. */
#include "engine/temporal/grpc_internal.h"

#include <string.h>

static const char head[] = "Bearer ";

bool ds_key_check(const char *key, ds_err *err)
{
    bool fine = *key;

    for (const char *c = key; *c; c++)
        fine = fine && (unsigned char)*c > ' ' && *c != 127;
    return fine || ds_fail(err, DS_ERR_CONFIG,
                           "the API key is empty, or holds a blank or a line break that belongs to "
                           "none: look at how it was copied");
}

void ds_key_add(ds_grpc *g, const ds_secret *key)
{
    const char *text = ds_secret_reveal(key);
    ds_key *made = ds_hidden_alloc(sizeof(*made) + sizeof(head) + strlen(text));

    memcpy(made->text, head, sizeof(head));
    memcpy(made->text + sizeof(head) - 1, text, strlen(text) + 1);
    pthread_mutex_lock(&g->lock);
    made->before = g->key;
    g->key = made;
    pthread_mutex_unlock(&g->lock);
}

const ds_key *ds_key_newest(ds_grpc *g)
{
    const ds_key *key;

    pthread_mutex_lock(&g->lock);
    key = g->key;
    pthread_mutex_unlock(&g->lock);
    return key;
}

/* Reads it; true where it is another one that can be sent. */
static bool read_again(ds_grpc *g, const ds_key *used)
{
    ds_secret *now = g->options.key_now(g->options.key_of);
    const char *text = ds_secret_reveal(now);
    ds_err ignored = DS_ERR_INIT;
    bool other =
        text && ds_key_check(text, &ignored) && strcmp(text, used->text + sizeof(head) - 1) != 0;

    if (other)
        ds_key_add(g, now);
    ds_secret_free(now);
    return other;
}

bool ds_key_renewed(ds_grpc *g, const ds_key *used)
{
    bool other;
    int64_t now_ms = ds_mono_ms();

    if (!used || !g->options.key_now)
        return false;
    pthread_mutex_lock(&g->key_lock);
    other = ds_key_newest(g) != used;
    if (!other && (!g->key_at_ms || now_ms - g->key_at_ms >= g->options.key_ms)) {
        g->key_at_ms = now_ms;
        other = read_again(g, used);
    }
    pthread_mutex_unlock(&g->key_lock);
    return other;
}

static const char *blot(const char *secret, const char *text, ds_arena *a)
{
    DS_AUTO_BUF(out, 64 * DS_KIB);
    const char *at;

    if (!strstr(text, secret))
        return text;
    while ((at = strstr(text, secret))) {
        ds_buf_add(&out, text, (size_t)(at - text));
        ds_buf_text(&out, "[secret]");
        text = at + strlen(secret);
    }
    ds_buf_text(&out, text);
    return ds_arena_strndup(a, out.data, out.n);
}

const char *ds_key_blot(const ds_key *key, const char *text, ds_arena *a)
{
    for (; key; key = key->before)
        text = blot(key->text + sizeof(head) - 1, text, a);
    return text;
}

void ds_keys_free(ds_grpc *g)
{
    while (g->key) {
        ds_key *key = g->key;

        g->key = key->before;
        ds_hidden_free(key);
    }
}
