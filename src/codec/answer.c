/* src/codec/answer.c
 *
 * One request and its answer, without the network.  Who may have one: somebody with the token,
 * where there is one; and of pages in a browser only those of the origins named.  A page that
 * resolves its own name to this machine sends that name as its origin, and is refused by it.
 */
#include "codec/proto_json.h"
#include "codec/server.h"
#include "engine/temporal/codec.h"
#include "engine/temporal/payload.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BEARER "Bearer "
#define ORIGINS_MAX 16

struct ds_codec_server {
    const ds_codec_options *options;
    const ds_codec_watch *watch;
    ds_codec *codec;
    ds_arena *arena;
    const char *origins[ORIGINS_MAX];
    size_t origins_n;
};

static bool read_origins(ds_codec_server *s, const char *list, ds_err *err)
{
    for (const char *at = list; at && *at; at += *at == ',') {
        size_t n = strcspn(at, ",");

        if (s->origins_n == ORIGINS_MAX)
            return ds_fail(err, DS_ERR_CONFIG, "--origin has more than %d origins", ORIGINS_MAX);
        if ((strncmp(at, "http://", 7) != 0 && strncmp(at, "https://", 8) != 0) ||
            memchr(strchr(at, '/') + 2, '/', n - (size_t)(strchr(at, '/') + 2 - at)))
            return ds_fail(err, DS_ERR_CONFIG,
                           "an origin is a scheme, a host and a port, as http://localhost:8233, "
                           "not \"%.*s\"",
                           (int)DS_MIN(n, (size_t)80), at);
        s->origins[s->origins_n++] = ds_arena_strndup(s->arena, at, n);
        at += n;
    }
    return true;
}

static bool is_loopback(const char *host)
{
    return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0;
}

ds_codec_server *ds_codec_server_new(const ds_codec_options *options, const ds_codec_watch *watch,
                                     ds_err *err)
{
    DS_AUTO(ds_codec_server) s = ds_calloc(1, sizeof *s);

    s->options = options;
    s->watch = watch;
    s->arena = ds_arena_new();
    if (!options->token && !is_loopback(options->host)) {
        ds_fail(err, DS_ERR_CONFIG,
                "on %.60s everybody could read; set DURABLE_SYNC_CODEC_TOKEN to a secret that "
                "callers show as a Bearer token, or say where it is with --token",
                options->host);
        return NULL;
    }
    s->codec = ds_codec_open(options->keys, false, err);
    return s->codec && read_origins(s, options->origins, err) ? DS_TAKE(&s) : NULL;
}

void ds_codec_server_free(ds_codec_server *s)
{
    if (!s)
        return;
    ds_codec_close(s->codec);
    ds_arena_free(s->arena);
    free(s);
}

/* ---- who may --------------------------------------------------------------------------------- */

static const char *allowed_origin(const ds_codec_server *s, const char *origin)
{
    for (size_t i = 0; origin && i < s->origins_n; i++)
        if (strcmp(s->origins[i], origin) == 0)
            return s->origins[i];
    return NULL;
}

/* In a time that does not tell how much of it is right. */
static bool is_token(const char *shown, const char *token)
{
    size_t n = strlen(token), shown_n = strlen(shown);
    unsigned char other = shown_n != n;

    for (size_t i = 0; i < n; i++)
        other |= (unsigned char)(token[i] ^ shown[i < shown_n ? i : 0]);
    return !other;
}

static bool has_token(const ds_codec_server *s, const char *authorization)
{
    if (!s->options->token)
        return true;
    return authorization && strncasecmp(authorization, BEARER, strlen(BEARER)) == 0 &&
           is_token(authorization + strlen(BEARER), s->options->token);
}

/* ---- the answer ------------------------------------------------------------------------------ */

static void say(ds_codec_reply *out, int status, const char *text)
{
    out->status = status;
    ds_buf_clear(&out->body);
    ds_buf_printf(&out->body, "%s\n", text);
}

static bool ends_with(const char *path, const char *end)
{
    size_t n = strlen(path), end_n = strlen(end);

    return n >= end_n && strcmp(path + n - end_n, end) == 0;
}

static void count_closed(const ds_codec_server *s, const Ds__Payloads *list, ds_arena *a)
{
    size_t closed = 0;

    for (size_t i = 0; i < list->n_payloads; i++)
        closed += ds_payload_is(list->payloads[i], DS_ENCODING_ENCRYPTED);
    if (closed)
        s->watch->said(s->watch->to, ds_arena_printf(a, "no key opens %zu of %zu payloads", closed,
                                                     list->n_payloads));
}

static void turn(const ds_codec_server *s, const ds_codec_request *r, bool decode, ds_arena *a,
                 ds_codec_reply *out)
{
    ds_err err = DS_ERR_INIT;
    Ds__Payloads *list = ds_payloads_from_json(r->body ? r->body : "", r->body_n, a, &err);

    if (!list) {
        say(out, 400, err.text);
        return;
    }
    if (decode) {
        ds_codec_decode(s->codec, &list->base, a);
        count_closed(s, list, a);
    } else if (!ds_codec_encode(s->codec, &list->base, a, &err)) {
        say(out, 500, err.text);
        return;
    }
    out->status = 200;
    ds_payloads_to_json(list, &out->body, a);
    if (!ds_buf_ok(&out->body, "the answer", &err))
        say(out, 413, err.text);
}

void ds_codec_answer(const ds_codec_server *s, const ds_codec_request *r, ds_arena *a,
                     ds_codec_reply *out)
{
    bool decode = ends_with(r->path, "/decode");

    out->origin = allowed_origin(s, r->origin);
    if (r->origin && !out->origin)
        say(out, 403, "pages of this origin may not read here; --origin names those that may");
    else if (!decode && !ends_with(r->path, "/encode"))
        say(out, 404, "there are /decode and /encode");
    else if (strcmp(r->method, "OPTIONS") == 0)
        out->status = 204;
    else if (strcmp(r->method, "POST") != 0)
        say(out, 405, "only POST");
    else if (!has_token(s, r->authorization))
        say(out, 401, "the token is missing, or another one");
    else if (r->too_large)
        say(out, 413, "the body is too large");
    else
        turn(s, r, decode, a, out);
}
