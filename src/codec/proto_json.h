/* src/codec/proto_json.h - lists of payloads in protobuf's JSON: bytes are base64. */
#ifndef DS_CODEC_PROTO_JSON_H
#define DS_CODEC_PROTO_JSON_H

#include "engine/temporal/wire.h"
#include <durable_sync/json.h>

/* NULL with DS_ERR_PERMANENT: not that. What has another name is passed over. */
DS_MUST_USE Ds__Payloads *ds_payloads_from_json(const char *text, size_t n, ds_arena *a,
                                                ds_err *err);
void ds_payloads_to_json(const Ds__Payloads *list, ds_buf *out, ds_arena *a);

#endif
