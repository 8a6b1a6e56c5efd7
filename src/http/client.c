/* src/http/client.c - a client: its settings looked at once, its handles kept between requests. */
#include "http/internal.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

/* ---- libcurl, once a process ------------------------------------------------------------------
 */

/* libcurl copies credentials and frees them as they are: its memory is hidden, and wiped as it
 * goes.
 */
static void *hidden_realloc(void *data, size_t n)
{
    void *grown = ds_hidden_alloc(n);

    if (data)
        memcpy(grown, data, DS_MIN(ds_hidden_size(data), n));
    ds_hidden_free(data);
    return grown;
}

static char *hidden_strdup(const char *text)
{
    size_t n = strlen(text) + 1;

    return memcpy(ds_hidden_alloc(n), text, n);
}

static void *hidden_calloc(size_t n, size_t size)
{
    size_t whole;

    return __builtin_mul_overflow(n, size, &whole) ? NULL : ds_hidden_alloc(whole);
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode started;

static void start(void)
{
    started = curl_global_init_mem(CURL_GLOBAL_DEFAULT, ds_hidden_alloc, ds_hidden_free,
                                   hidden_realloc, hidden_strdup, hidden_calloc);
}

bool http_start(void)
{
    pthread_once(&once, start);
    return started == CURLE_OK;
}

int64_t mono_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- settings ---------------------------------------------------------------------------------
 */

bool ds_http_proxy_is_harmless(const char *proxy)
{
    return !strchr(proxy, '@');
}

static bool read_settings(const ds_http_settings *set, ds_arena *a, url_base *base, ds_err *err)
{
    if (!set->base_url)
        return ds_fail(err, DS_ERR_CONFIG, "base_url is missing: the address of the API");
    if (!url_read_base(set->base_url, a, base, err))
        return false;
    if (!base->is_https && !base->is_local && !set->private_network)
        return ds_fail(err, DS_ERR_CONFIG,
                       "base_url is plain http to %s, where others can read the token: write "
                       "https://, or private_network: true where the network is your own",
                       base->host);
    if (set->proxy && !url_is_proxy(ds_secret_reveal(set->proxy)))
        return ds_fail(err, DS_ERR_CONFIG,
                       "proxy is no address of an HTTP proxy: write http://HOST:PORT, or "
                       "http://USER:PASSWORD@HOST:PORT with %%40 for @ in a password");
    return true;
}

bool ds_http_settings_ok(const ds_http_settings *settings, ds_err *err)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    url_base base;

    return read_settings(settings, a, &base, err);
}

static bool is_token(const char *name)
{
    return *name && strspn(name, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == strlen(name);
}

static bool is_value(const char *value)
{
    for (; *value; value++) {
        unsigned char c = (unsigned char)*value;

        if ((c < ' ' && c != '\t') || c == 127)
            return false;
    }
    return true;
}

bool header_is_sound(const ds_http_header *header)
{
    return is_token(header->name) && is_value(header->value);
}

static bool copy_headers(ds_http *http, const ds_http_setup *setup, ds_err *err)
{
    http->headers = ds_arena_alloc(http->arena, (setup->headers_n + 1) * sizeof(*http->headers));
    for (size_t i = 0; i < setup->headers_n; i++) {
        const ds_http_header *from = &setup->headers[i];

        if (!header_is_sound(from))
            return ds_fail(err, DS_ERR_CONFIG, "the header %s cannot be sent as it is",
                           is_token(from->name) ? from->name : "given");
        http->headers[http->headers_n++] = (ds_http_header){
            ds_arena_strdup(http->arena, from->name), ds_arena_strdup(http->arena, from->value)};
    }
    return true;
}

/* ---- the credential ---------------------------------------------------------------------------
 */

static bool make_authorization(ds_http *http, const ds_http_setup *setup, ds_err *err)
{
    const char *token = setup->token ? ds_secret_reveal(setup->token) : NULL;
    const char *head = "Authorization: Bearer ";
    size_t n = token ? strlen(token) : 0, head_n;

    if (!token)
        return true;
    if (!n || !is_value(token) || token[n - 1] == ' ' || *token == ' ')
        return ds_fail(err, DS_ERR_CONFIG,
                       "the token is empty, or holds a blank or a line break that belongs to no "
                       "token: look at how it was copied");
    if (setup->scheme == DS_HTTP_BASIC)
        head = "Authorization: Basic ";
    if (setup->scheme == DS_HTTP_OWN)
        head = ds_arena_printf(http->arena, "%s: ", setup->token_header);
    if (setup->scheme == DS_HTTP_OWN && !is_token(setup->token_header))
        return ds_fail(err, DS_ERR_CONFIG, "the token's header has a name that cannot be sent");
    head_n = strlen(head);
    http->authorization = ds_hidden_alloc(head_n + 2 * n + 8);
    memcpy(http->authorization, head, head_n);
    if (setup->scheme == DS_HTTP_BASIC)
        base64_text(token, n, http->authorization + head_n);
    else
        memcpy(http->authorization + head_n, token, n + 1);
    return true;
}

/* ---- opening and closing ----------------------------------------------------------------------
 */

static bool make_slots(ds_http *http, size_t n)
{
    http->multi = http_start() ? curl_multi_init() : NULL;
    if (!http->multi)
        return false;
    curl_multi_setopt(http->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)n);
    http->slots = ds_calloc(n, sizeof(*http->slots)); /* made ready when one is first needed */
    http->slots_n = n;
    return true;
}

ds_http *ds_http_open(ds_activity *act, const ds_http_setup *setup, ds_err *err)
{
    DS_AUTO(ds_http) http = ds_calloc(1, sizeof(*http));
    const char *ca = setup->settings->ca_file;

    (void)act;
    http->arena = ds_arena_new();
    http->settings = *setup->settings;
    http->token = setup->token;
    http->judge = setup->judge;
    http->allowed = setup->allowed;
    http->allowed_ms = setup->allowed_ms;
    if (!read_settings(setup->settings, http->arena, &http->base, err) ||
        !copy_headers(http, setup, err) || !make_authorization(http, setup, err))
        return NULL;
    if (ca && access(ca, R_OK) != 0) {
        ds_fail(err, DS_ERR_CONFIG, "ca_file %s cannot be read", ca);
        return NULL;
    }
    http->veil = veil_new(setup->token, setup->scheme == DS_HTTP_BASIC, setup->settings->proxy);
    if (!make_slots(http, DS_MIN(DS_MAX(setup->in_flight, (size_t)1), IN_FLIGHT_MAX)))
        ds_out_of_memory(0);
    return DS_TAKE(&http);
}

void ds_http_close(ds_http *http)
{
    if (!http)
        return;
    for (size_t i = 0; i < http->slots_n; i++)
        slot_fini(&http->slots[i]);
    free(http->slots);
    if (http->multi)
        curl_multi_cleanup(http->multi);
    for (size_t i = 0; i < http->pools_n; i++)
        pool_close(http->pools[i].budget);
    ds_hidden_free(http->authorization);
    veil_free(http->veil);
    ds_arena_free(http->arena);
    free(http);
}

pool_budget *client_pool_of(ds_http *http, ds_activity *act, const char *name)
{
    size_t n = http->pools_n, size = sizeof(*http->pools);

    name = name ? name : "";
    for (size_t i = 0; i < n; i++) {
        if (strcmp(http->pools[i].name, name) == 0)
            return http->pools[i].budget;
    }
    http->pools = ds_arena_grow(http->arena, http->pools, n * size, (n + 1) * size);
    http->pools[n].name = ds_arena_strdup(http->arena, name);
    http->pools[n].budget =
        pool_open(act, http->base.origin, http->token, name, http->allowed, http->allowed_ms);
    http->pools_n++;
    return http->pools[n].budget;
}

double ds_http_pace(ds_http *http, ds_activity *act)
{
    return pool_pace(client_pool_of(http, act, NULL));
}
