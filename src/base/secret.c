/* src/base/secret.c - a text that no format prints, no core dump holds, wiped when freed. */
#include <durable_sync/base.h>

#include <string.h>

struct ds_secret {
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
