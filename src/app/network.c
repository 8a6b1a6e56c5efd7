/* src/app/network.c
 *
 * Hosts and certificate authorities, as `doctor` looks at them: without a login, so that it is
 * plain whether the way there is at fault. Whether an API lets somebody in is for `check`.
 */
#include "app/network.h"

#include "base/hostport.h"
#include "base/route.h"
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define AUTHORITIES "/etc/ssl/certs/ca-certificates.crt" /* libcurl's and OpenSSL's on Debian */
#define CONNECT_MS 5000

typedef struct host {
    const char *name, *port; /* "api.github.com", "443" */
    bool is_secure;          /* https, by the system's authorities */
    bool by_proxy;           /* which alone can tell whether it answers */
} host;

typedef struct hosts {
    ds_arena *arena;
    host *items; /* different ones */
    size_t n, cap;
} hosts;

/* A text or a secret among a side's settings; NULL: it has none of that name, or it is not set. */
static const void *setting(const ds_option *options, const void *settings, const char *name)
{
    const void *value = NULL;

    for (const ds_option *o = options; o && o->name; o++)
        if (!strcmp(o->name, name) && o->type <= DS_OPTION_SECRET)
            memcpy(&value, (const char *)settings + o->offset, sizeof(value));
    return value;
}

static void add_host(hosts *all, const host *one)
{
    for (host *known = all->items; known < all->items + all->n; known++)
        if (!strcmp(known->name, one->name) && !strcmp(known->port, one->port) &&
            known->by_proxy == one->by_proxy) {
            known->is_secure |= one->is_secure;
            return;
        }
    if (all->n == all->cap) {
        size_t cap = all->cap ? 2 * all->cap : 8;

        all->items =
            ds_arena_grow(all->arena, all->items, all->cap * sizeof(host), cap * sizeof(host));
        all->cap = cap;
    }
    all->items[all->n++] = *one;
}

static void add_side(hosts *all, const ds_option *options, const void *settings)
{
    const char *url = setting(options, settings, "base_url"), *at = url ? strstr(url, "://") : NULL;
    bool is_https = url && !strncasecmp(url, "https:", 6);
    host one = {.is_secure = is_https && !setting(options, settings, "ca_file"),
                .by_proxy = setting(options, settings, "proxy") != NULL};

    if (at && ds_hostport_read(ds_arena_strndup(all->arena, at + 3, strcspn(at + 3, "/")),
                               is_https ? "443" : "80", all->arena, &one.name, &one.port))
        add_host(all, &one);
}

/* 0, or what errno says of this address. */
static int try_address(const struct addrinfo *to)
{
    int fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct pollfd wait = {.fd = fd, .events = POLLOUT};
    int problem = 0;
    socklen_t size = sizeof(problem);

    if (fd < 0)
        return errno;
    if (connect(fd, to->ai_addr, to->ai_addrlen) != 0)
        problem = errno;
    if (problem == EINPROGRESS) {
        if (poll(&wait, 1, CONNECT_MS) != 1)
            problem = ETIMEDOUT;
        else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &size) != 0)
            problem = errno;
    }
    close(fd);
    return problem;
}

/* NULL: it answers. Else why it does not. */
static const char *unreachable(const host *one)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    int problem = getaddrinfo(one->name, one->port, &hints, &list);

    if (problem)
        return gai_strerror(problem);
    for (const struct addrinfo *to = list; to; to = to->ai_next)
        if ((problem = try_address(to)) == 0)
            break;
    freeaddrinfo(list);
    return problem ? strerror(problem) : NULL;
}

static void check_host(ds_findings *f, const host *one)
{
    const char *why = one->by_proxy ? NULL : unreachable(one);

    if (one->by_proxy)
        ds_finding(f, DS_FINDING_OK, "network", NULL, "%s port %s: by a proxy, `check` asks it",
                   one->name, one->port);
    else if (why)
        ds_finding(f, DS_FINDING_ERROR, "network",
                   "look at this machine's network, name servers and firewall, and at `base_url`",
                   "%s port %s: %s", one->name, one->port, why);
    else
        ds_finding(f, DS_FINDING_OK, "network", NULL, "%s port %s answers", one->name, one->port);
}

/* How many there are; -1 where they cannot be read. */
static int count_authorities(const char *path)
{
    FILE *file = fopen(path, "re");
    char line[256];
    int n = 0;

    if (!file)
        return -1;
    while (fgets(line, sizeof line, file))
        n += !strncmp(line, "-----BEGIN CERTIFICATE", 22);
    fclose(file);
    return n;
}

static void check_authorities(ds_findings *f)
{
    int n = count_authorities(AUTHORITIES);

    if (n > 0)
        ds_finding(f, DS_FINDING_OK, "tls", NULL, "%d certificate authorities in " AUTHORITIES, n);
    else
        ds_finding(f, DS_FINDING_WARNING, "tls",
                   "install the package ca-certificates, or name a `ca_file`",
                   "no certificate authority in " AUTHORITIES ": no https address can be trusted");
}

void ds_network_check(const ds_app *app, ds_findings *f)
{
    hosts all = {.arena = app->arena};
    bool is_secure = false;

    for (size_t i = 0; i < app->config->routes_n; i++) {
        const ds_route *route = app->config->routes[i];

        add_side(&all, route->source->options, route->source_settings);
        add_side(&all, route->destination->options, route->destination_settings);
    }
    for (size_t i = 0; i < all.n; i++)
        is_secure |= all.items[i].is_secure;
    if (is_secure)
        check_authorities(f);
    for (size_t i = 0; i < all.n; i++)
        check_host(f, &all.items[i]);
}
