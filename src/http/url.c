/* src/http/url.c
 *
 * Addresses.  Paths are made of what records say, so they are looked at before they are sent: they
 * lead to the API's own host, and no part of them climbs.
 */
#include "http/internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void url_free(CURLU *url)
{
    curl_url_cleanup(url);
}
DS_AUTO_DEFINE(CURLU, url_free)

static const char *part_of(CURLU *url, CURLUPart part, unsigned flags, ds_arena *a)
{
    char *text = NULL;
    const char *copy = NULL;

    if (curl_url_get(url, part, &text, flags) == CURLUE_OK)
        copy = ds_arena_strdup(a, text);
    curl_free(text);
    return copy;
}

static const char *origin_of(CURLU *url, ds_arena *a)
{
    const char *scheme = part_of(url, CURLUPART_SCHEME, 0, a);
    const char *host = part_of(url, CURLUPART_HOST, 0, a);
    const char *port = part_of(url, CURLUPART_PORT, CURLU_NO_DEFAULT_PORT, a);
    char *origin;

    if (!scheme || !host || !*host)
        return NULL;
    origin = ds_arena_printf(a, "%s://%s%s%s", scheme, host, port ? ":" : "", port ? port : "");
    for (char *at = origin; *at; at++)
        *at = (char)(*at >= 'A' && *at <= 'Z' ? *at + 32 : *at);
    return origin;
}

static const char *strip_brackets(const char *host, ds_arena *a)
{
    size_t n = strlen(host);

    return *host == '[' && n > 2 ? ds_arena_strndup(a, host + 1, n - 2) : host;
}

static bool is_localhost(const char *host)
{
    size_t n = strlen(host);

    return strcasecmp(host, "localhost") == 0 ||
           (n > 10 && strcasecmp(host + n - 10, ".localhost") == 0);
}

static bool is_printable(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text <= ' ' || (unsigned char)*text >= 127)
            return false;
    }
    return true;
}

static const char *base_problem(CURLU *url, ds_arena *a)
{
    const char *scheme = part_of(url, CURLUPART_SCHEME, 0, a);

    if (!scheme || (strcasecmp(scheme, "https") != 0 && strcasecmp(scheme, "http") != 0))
        return "begin it with https:// (or http://, to this machine)";
    if (part_of(url, CURLUPART_USER, 0, a) || part_of(url, CURLUPART_PASSWORD, 0, a))
        return "it has a user or a password in it: they belong to the credential's own setting";
    if (part_of(url, CURLUPART_QUERY, 0, a) || part_of(url, CURLUPART_FRAGMENT, 0, a))
        return "leave out what follows ? or #";
    return NULL;
}

bool url_read_base(const char *text, ds_arena *a, url_base *out, ds_err *err)
{
    DS_AUTO(CURLU) url = curl_url();
    const char *problem, *path;
    size_t n;

    *out = (url_base){.origin = NULL};
    if (!url || !is_printable(text) || curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK)
        return ds_fail(err, DS_ERR_CONFIG,
                       "base_url is no address: write https://HOST, and a path where the API has "
                       "one");
    problem = base_problem(url, a);
    if (problem)
        return ds_fail(err, DS_ERR_CONFIG, "base_url cannot be used: %s", problem);
    out->origin = origin_of(url, a);
    if (!out->origin)
        return ds_fail(err, DS_ERR_CONFIG, "base_url names no host");
    out->host = strip_brackets(part_of(url, CURLUPART_HOST, 0, a), a);
    out->is_https = strncmp(out->origin, "https:", 6) == 0;
    address_is_private_text(out->host, &out->is_literal, &out->is_local);
    out->is_local |= is_localhost(out->host);
    path = part_of(url, CURLUPART_PATH, 0, a);
    n = path ? strlen(path) : 0;
    while (n && path[n - 1] == '/')
        n--;
    out->prefix = n ? ds_arena_strndup(a, path, n) : "";
    return true;
}

/* What libcurl would refuse, or speak another protocol with, only once a request is to be sent. */
bool url_is_proxy(const char *text)
{
    DS_AUTO(CURLU) url = curl_url();
    DS_AUTO(ds_arena) a = ds_arena_new_hidden(); /* it may have a password in it */
    const char *scheme, *path;

    if (!url || !is_printable(text) || strncasecmp(text, "http", 4) != 0 ||
        curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK)
        return false;
    scheme = part_of(url, CURLUPART_SCHEME, 0, a);
    path = part_of(url, CURLUPART_PATH, 0, a);
    return scheme && (strcasecmp(scheme, "http") == 0 || strcasecmp(scheme, "https") == 0) &&
           part_of(url, CURLUPART_PORT, 0, a) && (!path || strcmp(path, "/") == 0) &&
           !part_of(url, CURLUPART_QUERY, 0, a) && !part_of(url, CURLUPART_FRAGMENT, 0, a);
}

/* A part of nothing but dots, spelled out or %2e, leads somewhere else than it says. */
static bool climbs(const char *path)
{
    while (*path == '/') {
        size_t n = strcspn(++path, "/?#"), dots = 0, at = 0;

        for (; at < n; dots++) {
            if (path[at] == '.')
                at++;
            else if (n - at >= 3 && strncasecmp(path + at, "%2e", 3) == 0)
                at += 3;
            else
                break;
        }
        if (n && at == n && dots <= 2)
            return true;
        path += n;
    }
    return false;
}

static bool is_path(const char *path)
{
    return (*path == '/' || *path == '?' || !*path) && is_printable(path) && !strchr(path, '#') &&
           !strchr(path, '\\') && !climbs(path);
}

const char *url_of(const url_base *base, const char *path, ds_arena *a, ds_err *err)
{
    size_t n = strlen(base->origin);
    const char *rest = path;
    bool full = strstr(path, "://") && strcspn(path, "/?#") > 0 && path[0] != '/' && path[0] != '?';

    if (full) {
        if (strncasecmp(path, base->origin, n) != 0 || (path[n] && !strchr("/?", path[n]))) {
            ds_fail(err, DS_ERR_PERMANENT, "an address of another host than %s is not asked",
                    base->host);
            return NULL;
        }
        rest = path + n;
    }
    if (!is_path(rest)) {
        ds_fail(err, DS_ERR_PERMANENT, "the path of a request holds what cannot be in one");
        return NULL;
    }
    return ds_arena_printf(a, "%s%s%s", base->origin, full ? "" : base->prefix, rest);
}

const char *url_redirect(const url_base *base, const char *from, const char *location, ds_arena *a)
{
    DS_AUTO(CURLU) url = curl_url();
    const char *origin, *whole;

    if (!url || !is_printable(location) || curl_url_set(url, CURLUPART_URL, from, 0) != CURLUE_OK ||
        curl_url_set(url, CURLUPART_URL, location, 0) != CURLUE_OK ||
        part_of(url, CURLUPART_USER, 0, a))
        return NULL;
    origin = origin_of(url, a);
    if (!origin || strcmp(origin, base->origin) != 0)
        return NULL;
    curl_url_set(url, CURLUPART_FRAGMENT, NULL, 0);
    whole = part_of(url, CURLUPART_URL, 0, a);
    return whole && is_path(whole + strlen(base->origin)) ? whole : NULL;
}

const char *ds_http_escape(ds_arena *a, const char *text)
{
    static const char hex[] = "0123456789ABCDEF";
    char *out = ds_arena_alloc(a, 3 * strlen(text) + 1), *at = out;

    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
            c == '-' || c == '.' || c == '_' || c == '~') {
            *at++ = (char)c;
        } else {
            *at++ = '%';
            *at++ = hex[c >> 4];
            *at++ = hex[c & 15];
        }
    }
    *at = '\0';
    return out;
}
