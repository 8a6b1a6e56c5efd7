/* src/engine/temporal/codec.h
 *
 * Encryption of payloads, so that a server keeps ciphertext: AES-256-GCM, byte for byte as in the
 * Python program of the same name.  A payload is serialised whole, encrypted, and becomes the data
 * of another one:
 *
 *   metadata  {"encoding": "binary/encrypted"}
 *   data      nonce (12 random bytes), ciphertext, tag (16 bytes)
 *
 * Messages are turned whole: every payload in them but search attributes, which the server must be
 * able to read.
 */
#ifndef DS_ENGINE_TEMPORAL_CODEC_H
#define DS_ENGINE_TEMPORAL_CODEC_H

#include "engine/temporal/wire.h"

typedef struct ds_codec ds_codec;

/* One key, or several with commas between: the first encrypts, all decrypt, in their order. Each is
 * 32 bytes in base64, as ds_codec_keygen makes them; blanks around one are left out. With
 * `required` what comes in clear is refused (below). NULL with DS_ERR_CONFIG: no such keys, or more
 * than 16; the text tells which one is wrong, and nothing of it. */
DS_MUST_USE ds_codec *ds_codec_open(const char *keys, bool required, ds_err *err);
void ds_codec_close(ds_codec *codec); /* wipes the keys; NULL is fine */

DS_AUTO_DEFINE(ds_codec, ds_codec_close)

/* Encrypts every payload in the message. NULL for a codec leaves it as it is. false with
 * DS_ERR_TRANSIENT: the system has no random bytes, or OpenSSL cannot; nothing may be sent then. */
DS_MUST_USE bool ds_codec_encode(const ds_codec *codec, ProtobufCMessage *m, ds_arena *a,
                                 ds_err *err);

/* Decrypts every payload in the message, and the texts of failures that hold theirs encrypted.
 * Never fails, so that one bad payload does not take the rest along: what no key opens stays as it
 * is, and what is in clear though it must not be gets the encoding DS_ENCODING_REFUSED;
 * ds_payload_read says what is wrong with either. The official command line sends signals in clear
 * even where the worker encrypts, so without `required` they pass. NULL for a codec leaves
 * everything as it is. */
void ds_codec_decode(const ds_codec *codec, ProtobufCMessage *m, ds_arena *a);

/* A new key in base64, 44 characters. false with DS_ERR_TRANSIENT: no random bytes. */
DS_MUST_USE bool ds_codec_keygen(char out[45], ds_err *err);

#endif
