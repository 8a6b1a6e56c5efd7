/* src/http/address.c
 *
 * Which addresses are not the open network's.  Looked at where the connection is made, not where a
 * name is written: a name may lead anywhere, and elsewhere the next time.
 */
#include "http/internal.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

typedef struct range {
    const char *net;
    int bits;
} range;

/* RFC 6890 and those after it. */
static const range v4[] = {
    {"0.0.0.0", 8},      {"10.0.0.0", 8},     {"100.64.0.0", 10}, {"127.0.0.0", 8},
    {"169.254.0.0", 16}, {"172.16.0.0", 12},  {"192.0.0.0", 24},  {"192.0.2.0", 24},
    {"192.88.99.0", 24}, {"192.168.0.0", 16}, {"198.18.0.0", 15}, {"198.51.100.0", 24},
    {"203.0.113.0", 24}, {"224.0.0.0", 4},    {"240.0.0.0", 4},
};
/* What is not here is global unicast, 2000::/3. */
static const range v6[] = {
    {"2001::", 23},
    {"2001:db8::", 32},
    {"3fff::", 20},
};
/* An IPv4 address in its clothes: mapped, NAT64 (two forms), 6to4; and where it begins. */
static const struct {
    range range;
    int at;
} dressed[] = {
    {{"::ffff:0:0", 96}, 12},  {{"::", 96}, 12},    {{"64:ff9b::", 96}, 12},
    {{"64:ff9b:1::", 48}, 12}, {{"2002::", 16}, 2},
};

static bool is_within(const unsigned char *address, const unsigned char *net, int bits)
{
    int whole = bits / 8, rest = bits % 8;

    if (memcmp(address, net, (size_t)whole) != 0)
        return false;
    return !rest || (address[whole] ^ net[whole]) >> (8 - rest) == 0;
}

static bool in_ranges(int family, const unsigned char *address, const range *ranges, size_t n)
{
    unsigned char net[16];

    for (size_t i = 0; i < n; i++) {
        inet_pton(family, ranges[i].net, net);
        if (is_within(address, net, ranges[i].bits))
            return true;
    }
    return false;
}

static bool v4_is_private(const unsigned char *address)
{
    return in_ranges(AF_INET, address, v4, DS_COUNT(v4));
}

static bool v6_is_private(const unsigned char *address)
{
    static const unsigned char global[16] = {0x20};

    for (size_t i = 0; i < DS_COUNT(dressed); i++) {
        if (in_ranges(AF_INET6, address, &dressed[i].range, 1))
            return v4_is_private(address + dressed[i].at) || i == 1;
    }
    return !is_within(address, global, 3) || in_ranges(AF_INET6, address, v6, DS_COUNT(v6));
}

bool address_is_private(const struct sockaddr *address)
{
    struct sockaddr_in in;
    struct sockaddr_in6 in6;

    switch (address->sa_family) {
    case AF_INET:
        memcpy(&in, address, sizeof(in));
        return v4_is_private((const unsigned char *)&in.sin_addr);
    case AF_INET6:
        memcpy(&in6, address, sizeof(in6));
        return v6_is_private(in6.sin6_addr.s6_addr);
    default:
        return true;
    }
}

bool address_is_private_text(const char *text, bool *is_literal, bool *is_loopback)
{
    unsigned char address[16];

    *is_literal = true;
    if (inet_pton(AF_INET, text, address) == 1) {
        *is_loopback = address[0] == 127;
        return v4_is_private(address);
    }
    if (inet_pton(AF_INET6, text, address) == 1) {
        *is_loopback = memcmp(address, (const unsigned char[16]){[15] = 1}, 16) == 0;
        return v6_is_private(address);
    }
    *is_literal = *is_loopback = false;
    return false;
}

void address_text(const struct sockaddr *address, char *out, size_t n)
{
    struct sockaddr_in in;
    struct sockaddr_in6 in6;

    snprintf(out, n, "another kind of address");
    if (address->sa_family == AF_INET) {
        memcpy(&in, address, sizeof(in));
        inet_ntop(AF_INET, &in.sin_addr, out, (socklen_t)n);
    } else if (address->sa_family == AF_INET6) {
        memcpy(&in6, address, sizeof(in6));
        inet_ntop(AF_INET6, &in6.sin6_addr, out, (socklen_t)n);
    }
}
