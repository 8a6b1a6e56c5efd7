/* src/base/hash.c - XXH3, inlined from libxxhash's header. */
#define XXH_INLINE_ALL
#include "base/hash.h"

#include <xxhash.h>

ds_hash ds_hash128(const void *data, size_t n)
{
    XXH128_hash_t h = XXH3_128bits(data, n);

    return (ds_hash){.low = h.low64, .high = h.high64};
}

uint64_t ds_hash64(const void *data, size_t n)
{
    return XXH3_64bits(data, n);
}
