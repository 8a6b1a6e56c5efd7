/* src/base/base64.h - base64 (RFC 4648), as headers, keys and proto-JSON have it. */
#ifndef DS_BASE_BASE64_H
#define DS_BASE_BASE64_H

#include <durable_sync/base.h>

/* The bytes, in `a`; padding may be missing, and the alphabet may be the one of URLs. NULL: it is
 * none. */
DS_MUST_USE uint8_t *ds_base64_read(const char *text, size_t n, ds_arena *a, size_t *out_n);
/* With padding, NUL-terminated. */
char *ds_base64_write(const uint8_t *bytes, size_t n, ds_arena *a);

#endif
