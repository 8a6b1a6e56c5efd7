/* src/engine/temporal/payload.h
 *
 * What workflows, signals, queries and activities say to each other: payloads, each a JSON value in
 * the form that Python's json.dumps gives with sorted keys and no blanks, so that the same value is
 * the same bytes whoever wrote it.
 *
 *   {"encoding": "json/plain"}    the value's text, ASCII only
 *   {"encoding": "binary/null"}   nothing: None, null
 *
 * Any JSON is read.  Encryption is not here: codec.h turns whole messages.
 */
#ifndef DS_ENGINE_TEMPORAL_PAYLOAD_H
#define DS_ENGINE_TEMPORAL_PAYLOAD_H

#include "engine/temporal/wire.h"
#include <durable_sync/json.h>

#define DS_PAYLOAD_MAX (2 * DS_MIB) /* of one text; a server refuses larger ones */

/* Encodings as `encoding` names them. */
#define DS_ENCODING_NULL "binary/null"
#define DS_ENCODING_PLAIN "binary/plain"
#define DS_ENCODING_JSON "json/plain"
#define DS_ENCODING_PROTO_JSON "json/protobuf"
#define DS_ENCODING_ENCRYPTED "binary/encrypted"
#define DS_ENCODING_REFUSED "durable-sync/refused" /* never on the wire; codec.h */

/* The payload of a value; NULL and null are binary/null. Lives in `a`. NULL with DS_ERR_PERMANENT:
 * larger than DS_PAYLOAD_MAX. */
DS_MUST_USE Ds__Payload *ds_payload_of(const ds_json *value, ds_arena *a, ds_err *err);
/* Likewise from a text of JSON, whose members may stand in any order. DS_ERR_PERMANENT as well
 * where it is none. */
DS_MUST_USE Ds__Payload *ds_payload_of_text(const char *json, size_t n, ds_arena *a, ds_err *err);
/* A JSON string: summaries, error texts. Cut at a character boundary after `most` bytes. */
Ds__Payload *ds_payload_of_words(const char *words, size_t most, ds_arena *a);
/* A payload as it is, with one encoding and these bytes (borrowed). */
Ds__Payload *ds_payload_raw(const char *encoding, const void *bytes, size_t n, ds_arena *a);

/* What it says. NULL with *err: DS_ERR_CONFIG, it is encrypted and no key that we have opens it,
 * which whoever sets the keys can mend; DS_ERR_PERMANENT, it is no JSON, or in clear where that is
 * refused, which nobody can. NULL for a payload gives null. */
DS_MUST_USE const ds_json *ds_payload_read(const Ds__Payload *p, ds_arena *a, ds_err *err);

/* A list of one, and of as many as there are. */
Ds__Payloads *ds_payloads_of(Ds__Payload *p, ds_arena *a);
void ds_payloads_add(Ds__Payloads *list, Ds__Payload *p, ds_arena *a);
/* Argument `index`; null where there are fewer (or no list). Errors as ds_payload_read. */
DS_MUST_USE const ds_json *ds_payloads_read(const Ds__Payloads *list, size_t index, ds_arena *a,
                                            ds_err *err);

/* A value of the payload's metadata, "" where it has none; NUL-terminated, in `a`. */
const char *ds_payload_meta(const Ds__Payload *p, const char *name, ds_arena *a);
/* Whether its encoding is that one. */
bool ds_payload_is(const Ds__Payload *p, const char *encoding);

/* The value in the form above. Refused (the buffer's overflow) beyond the buffer's cap. */
void ds_python_json(const ds_json *value, ds_buf *out);

#endif
