/* src/engine/temporal/codec.c */
#include "engine/temporal/codec.h"

#include "base/base64.h"
#include "engine/temporal/payload.h"
#include "engine/temporal/visit.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#define KEY_N 32
#define NONCE_N 12
#define TAG_N 16
#define KEYS_MAX 16

struct ds_codec {
    bool required;
    size_t n;
    unsigned char keys[KEYS_MAX][KEY_N];
};

/* ---- keys ------------------------------------------------------------------------------------ */

static bool read_key(ds_codec *codec, const char *text, size_t n, ds_err *err)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    size_t key_n = 0;
    uint8_t *key = ds_base64_read(text, n, a, &key_n);
    bool ok = key && key_n == KEY_N;

    if (ok)
        memcpy(codec->keys[codec->n], key, KEY_N);
    if (key)
        OPENSSL_cleanse(key, key_n);
    if (!ok)
        return ds_fail(err, DS_ERR_CONFIG,
                       "key %zu of DURABLE_SYNC_ENC_KEY (or `encryption_key`) is not 32 bytes in "
                       "base64; `durable-sync keygen` makes one",
                       codec->n + 1);
    codec->n++;
    return true;
}

static bool read_keys(ds_codec *codec, const char *keys, ds_err *err)
{
    for (const char *at = keys; at; at = strchr(at, ',')) {
        size_t n;

        at += *at == ',' && at > keys;
        at += strspn(at, " \t\r\n");
        n = strcspn(at, ",");
        while (n && strchr(" \t\r\n", at[n - 1]))
            n--;
        if (codec->n == KEYS_MAX)
            return ds_fail(err, DS_ERR_CONFIG,
                           "DURABLE_SYNC_ENC_KEY (or `encryption_key`) has more than %d keys",
                           KEYS_MAX);
        if (!read_key(codec, at, n, err))
            return false;
    }
    return true;
}

ds_codec *ds_codec_open(const char *keys, bool required, ds_err *err)
{
    DS_AUTO(ds_codec) codec = ds_calloc(1, sizeof *codec);

    codec->required = required;
    return read_keys(codec, keys, err) ? DS_TAKE(&codec) : NULL;
}

void ds_codec_close(ds_codec *codec)
{
    if (!codec)
        return;
    OPENSSL_cleanse(codec->keys, sizeof codec->keys);
    free(codec);
}

bool ds_codec_keygen(char out[45], ds_err *err)
{
    unsigned char key[KEY_N];

    if (RAND_priv_bytes(key, sizeof key) != 1)
        return ds_fail(err, DS_ERR_TRANSIENT, "no random bytes for a key");
    EVP_EncodeBlock((unsigned char *)out, key, sizeof key);
    OPENSSL_cleanse(key, sizeof key);
    return true;
}

/* ---- one payload ----------------------------------------------------------------------------- */

typedef EVP_CIPHER_CTX cipher;

DS_AUTO_DEFINE(cipher, EVP_CIPHER_CTX_free)

/* `out` has room for nonce, text and tag. */
static bool seal(const unsigned char *key, const uint8_t *text, size_t n, uint8_t *out)
{
    DS_AUTO(cipher) c = EVP_CIPHER_CTX_new();
    uint8_t *at = out + NONCE_N;
    int done = 0, rest = 0;

    return c && RAND_bytes(out, NONCE_N) == 1 &&
           EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, out) == 1 &&
           EVP_EncryptUpdate(c, at, &done, text, (int)n) == 1 &&
           EVP_EncryptFinal_ex(c, at + done, &rest) == 1 &&
           EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG_N, at + n) == 1;
}

/* `sealed` is longer than nonce and tag; `out` has room for what is between. */
static bool unseal(const unsigned char *key, const uint8_t *sealed, size_t n, uint8_t *out)
{
    DS_AUTO(cipher) c = EVP_CIPHER_CTX_new();
    uint8_t tag[TAG_N];
    int text_n = (int)(n - NONCE_N - TAG_N), done = 0, rest = 0;

    memcpy(tag, sealed + n - TAG_N, TAG_N);
    return c && EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, sealed) == 1 &&
           EVP_DecryptUpdate(c, out, &done, sealed + NONCE_N, text_n) == 1 &&
           EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG_N, tag) == 1 &&
           EVP_DecryptFinal_ex(c, out + done, &rest) == 1;
}

static bool encrypt(const ds_codec *codec, Ds__Payload *p, ds_arena *a, ds_err *err)
{
    size_t n;
    const uint8_t *text = ds_wire_pack(&p->base, a, &n);
    uint8_t *sealed;

    if (n > INT32_MAX)
        return ds_fail(err, DS_ERR_PERMANENT, "a payload of %zu bytes is not encrypted", n);
    sealed = ds_arena_alloc(a, NONCE_N + n + TAG_N);
    if (!seal(codec->keys[0], text, n, sealed))
        return ds_fail(err, DS_ERR_TRANSIENT, "OpenSSL could not encrypt a payload");
    *p = *ds_payload_raw(DS_ENCODING_ENCRYPTED, sealed, NONCE_N + n + TAG_N, a);
    return true;
}

/* NULL: no key opens it, or what is in it is no payload. */
static Ds__Payload *decrypt(const ds_codec *codec, const Ds__Payload *p, ds_arena *a)
{
    size_t n = p->data.len, text_n = n - NONCE_N - TAG_N;
    uint8_t *text;

    if (n < NONCE_N + TAG_N || n > INT32_MAX)
        return NULL;
    text = ds_arena_alloc(a, text_n);
    for (size_t i = 0; i < codec->n; i++)
        if (unseal(codec->keys[i], p->data.data, n, text))
            return ds_wire_unpack(&ds__payload__descriptor, text, text_n, a);
    return NULL;
}

/* ---- all of a message ------------------------------------------------------------------------ */

typedef struct turn {
    const ds_codec *codec;
    ds_arena *arena;
    ds_err *err;
} turn;

static bool encode_payload(void *to, Ds__Payload *p)
{
    const turn *t = to;

    return encrypt(t->codec, p, t->arena, t->err);
}

static bool decode_payload(void *to, Ds__Payload *p)
{
    const turn *t = to;

    if (ds_payload_is(p, DS_ENCODING_ENCRYPTED)) {
        Ds__Payload *clear = decrypt(t->codec, p, t->arena);

        if (clear)
            *p = *clear;
    } else if (t->codec->required && p->data.len) { /* without data it says nothing */
        *p = *ds_payload_raw(DS_ENCODING_REFUSED, NULL, 0, t->arena);
    }
    return true;
}

/* The Python SDK can keep a failure's words in a payload of their own. */
static bool decode_failure(void *to, Ds__Failure *f)
{
    const turn *t = to;
    ds_err err = DS_ERR_INIT;
    const ds_json *words;

    if (!f->encoded_attributes)
        return true;
    words = ds_payload_read(f->encoded_attributes, t->arena, &err);
    if (ds_json_text(words, "message"))
        f->message = ds_arena_strdup(t->arena, ds_json_text(words, "message"));
    if (ds_json_text(words, "stack_trace"))
        f->stack_trace = ds_arena_strdup(t->arena, ds_json_text(words, "stack_trace"));
    return true;
}

bool ds_codec_encode(const ds_codec *codec, ProtobufCMessage *m, ds_arena *a, ds_err *err)
{
    turn t = {codec, a, err};

    return !codec || ds_visit_payloads(m, &(ds_visitor){encode_payload, NULL, &t});
}

void ds_codec_decode(const ds_codec *codec, ProtobufCMessage *m, ds_arena *a)
{
    turn t = {codec, a, NULL};

    if (codec)
        ds_visit_payloads(m, &(ds_visitor){decode_payload, decode_failure, &t});
}
