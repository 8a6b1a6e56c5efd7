/* src/base/secret.h
 *
 * Secrets that others may write anew while we run: an app's token that lives an hour, a password
 * that was replaced.
 */
#ifndef DS_BASE_SECRET_H
#define DS_BASE_SECRET_H

#include <durable_sync/base.h>

/* What it is now, the caller's; NULL: that cannot be told. On any thread. */
typedef ds_secret *ds_secret_now(const void *from);
/* `from` lives as long as the secret. */
void ds_secret_may_change(ds_secret *secret, ds_secret_now *now, const void *from);
/* The caller's. NULL: it is what it was, or cannot be told. */
ds_secret *ds_secret_renewed(const ds_secret *secret);

DS_AUTO_DEFINE(ds_secret, ds_secret_free)

#endif
