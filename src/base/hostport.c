/* src/base/hostport.c - "host:port" as people write it. */
#include "base/hostport.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static bool is_port(const char *text)
{
    size_t n = strlen(text);

    return n && n <= 5 && strspn(text, "0123456789") == n && atoi(text) > 0 && atoi(text) < 65536;
}

/* Where the host ends; *port where one is written. NULL: brackets that do not close. */
static const char *host_end(const char *text, const char **port)
{
    const char *colon = strchr(text, ':'), *close;

    if (*text == '[') {
        close = strchr(text, ']');
        if (!close || (close[1] && close[1] != ':'))
            return NULL;
        if (close[1])
            *port = close + 2;
        return close;
    }
    if (!colon || strchr(colon + 1, ':')) /* two of them: IPv6 without a port */
        return text + strlen(text);
    *port = colon + 1;
    return colon;
}

bool ds_hostport_read(const char *text, const char *usual, ds_arena *a, const char **host,
                      const char **port)
{
    const char *end;

    *port = usual;
    end = host_end(text, port);
    text += *text == '[';
    if (!end || end <= text || !is_port(*port))
        return false;
    *port = ds_arena_strdup(a, *port);
    *host = ds_arena_strndup(a, text, (size_t)(end - text));
    for (const char *c = *host; *c; c++) {
        if ((unsigned char)*c <= ' ' || *c == 127 || strchr("/@[]?#\"'", *c))
            return false;
    }
    return true;
}

bool ds_host_is_local(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;

    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    if (inet_pton(AF_INET6, host, &v6) == 1)
        return IN6_IS_ADDR_LOOPBACK(&v6);
    return !strcmp(host, "localhost");
}
