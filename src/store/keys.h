/* src/store/keys.h - an order in which many keys are looked up or written with few page reads. */
#ifndef DS_STORE_KEYS_H
#define DS_STORE_KEYS_H

#include <durable_sync/base.h>

typedef struct ds_key_ref {
    uint64_t head;   /* orders first: the key's first bytes that differ, or a number */
    const char *key; /* orders where the heads are equal; NULL: nothing more to say */
    size_t at;       /* index in the caller's list */
} ds_key_ref;

typedef struct ds_key_order { /* memory that is used again from call to call */
    ds_key_ref *refs;
    size_t n;
    size_t cap;
} ds_key_order;

void ds_key_order_clear(ds_key_order *o, size_t most);
void ds_key_order_add(ds_key_order *o, uint64_t head, const char *key, size_t at);
void ds_key_order_fini(ds_key_order *o);
/* Byte order, as the database compares text. */
void ds_key_order_by_key(ds_key_order *o);
void ds_key_order_by_head(ds_key_order *o);

#endif
