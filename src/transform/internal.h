/* src/transform/internal.h - the client in parts; nothing here knows libjq. */
#ifndef DS_TRANSFORM_INTERNAL_H
#define DS_TRANSFORM_INTERNAL_H

#include "transform/process.h"
#include "transform/transform.h"

/* encode.c: the record behind what is in `out`; false: it does not fit, `out` is as it was. */
DS_MUST_USE bool ds_jq_put_record(ds_buf *out, ds_arena *a, const ds_transform_in *rec);

/* decode.c: the next record's result; false: bytes that make no sense. */
DS_MUST_USE bool ds_jq_take_result(ds_wire_in *in, const ds_transform_in *rec, ds_arena *a,
                                   ds_transform_out *out);

/* message.c: what libjq says of a program, without its noise: "jq: error: syntax error, unexpected
 * $end (Unix shell quoting issues?) at <top-level>, line 1:\n.a |   ".  Not the line that counts
 * them. */
void ds_jq_message(ds_arena *a, const char *program, const char *text, size_t n,
                   ds_transform_say *say, void *to);

#endif
