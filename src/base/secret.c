/* src/base/secret.c - a text that no format prints, no core dump holds, wiped when freed. */
#include "base/secret.h"

#include <string.h>

struct ds_secret {
    ds_secret_now *now; /* NULL: it stays as it is */
    const void *from;
    size_t n;
    char text[];
};

ds_secret *ds_secret_new(const char *text, size_t n)
{
    ds_secret *secret = ds_hidden_alloc(sizeof(*secret) + n + 1);

    secret->n = n;
    memcpy(secret->text, text, n);
    return secret;
}

void ds_secret_free(ds_secret *secret)
{
    ds_hidden_free(secret);
}

const char *ds_secret_reveal(const ds_secret *secret)
{
    return secret ? secret->text : NULL;
}

void ds_secret_may_change(ds_secret *secret, ds_secret_now *now, const void *from)
{
    secret->now = now;
    secret->from = from;
}

ds_secret *ds_secret_renewed(const ds_secret *secret)
{
    DS_AUTO(ds_secret) now = secret && secret->now ? secret->now(secret->from) : NULL;

    if (!now || strcmp(now->text, secret->text) == 0)
        return NULL;
    return DS_TAKE(&now);
}
