/* src/base/hash.h - XXH3; the only place that knows libxxhash. */
#ifndef DS_BASE_HASH_H
#define DS_BASE_HASH_H

#include "base/ledger.h"

ds_hash ds_hash128(const void *data, size_t n);
uint64_t ds_hash64(const void *data, size_t n);

static inline bool ds_hash_same(ds_hash a, ds_hash b)
{
    return a.low == b.low && a.high == b.high;
}

#endif
