/* src/codec/server.c
 *
 * libmicrohttpd in a loop of our own on one thread, until a signal ends it.
 */
#include "codec/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define CONNECTIONS_MAX 64
#define HEAD_BYTES_MAX (64 * DS_KIB)
#define BODY_MAX (16 * DS_MIB)
#define ANSWER_MAX (2 * BODY_MAX)
#define IDLE_SECONDS 60

typedef struct call {
    ds_arena *arena;
    ds_buf body;
} call;

/* ---- libmicrohttpd's calls ------------------------------------------------------------------- */

static const struct header {
    const char *name, *value;
} preflight[] = {
    {"Access-Control-Allow-Methods", "POST, OPTIONS"},
    {"Access-Control-Allow-Headers", "content-type, x-namespace, authorization"},
    {"Access-Control-Allow-Private-Network", "true"},
    {"Access-Control-Max-Age", "600"},
};

static void add_headers(struct MHD_Response *response, const ds_codec_reply *reply)
{
    MHD_add_response_header(response, "Cache-Control", "no-store");
    MHD_add_response_header(response, "Vary", "Origin");
    if (reply->body.n)
        MHD_add_response_header(response, "Content-Type",
                                reply->status == 200 ? "application/json" : "text/plain");
    if (reply->status == 401)
        MHD_add_response_header(response, "WWW-Authenticate", "Bearer");
    if (!reply->origin)
        return;
    MHD_add_response_header(response, "Access-Control-Allow-Origin", reply->origin);
    MHD_add_response_header(response, "Access-Control-Allow-Credentials", "true");
    for (size_t i = 0; reply->status == 204 && i < DS_COUNT(preflight); i++)
        MHD_add_response_header(response, preflight[i].name, preflight[i].value);
}

static enum MHD_Result answer(const ds_codec_server *s, call *c, struct MHD_Connection *mhd,
                              const char *method, const char *path)
{
    ds_codec_request request = {
        .method = method,
        .path = path,
        .origin = MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, "Origin"),
        .authorization = MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, "Authorization"),
        .body = c->body.data,
        .body_n = c->body.n,
        .too_large = c->body.overflow,
    };
    ds_codec_reply reply = {.body = {.max = ANSWER_MAX}};
    struct MHD_Response *response;
    enum MHD_Result queued;

    ds_codec_answer(s, &request, c->arena, &reply);
    response =
        MHD_create_response_from_buffer(reply.body.n, reply.body.data, MHD_RESPMEM_MUST_COPY);
    if (!response)
        ds_out_of_memory(reply.body.n);
    add_headers(response, &reply);
    queued = MHD_queue_response(mhd, (unsigned)reply.status, response);
    MHD_destroy_response(response);
    ds_buf_fini(&reply.body);
    return queued;
}

static enum MHD_Result on_request(void *to, struct MHD_Connection *mhd, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *data_n, void **request)
{
    call *c = *request;

    (void)version;
    if (!c) { /* the head is there */
        c = *request = ds_calloc(1, sizeof *c);
        c->arena = ds_arena_new();
        ds_buf_init(&c->body, BODY_MAX);
        return MHD_YES;
    }
    if (*data_n > 0) {
        ds_buf_add(&c->body, data, *data_n);
        *data_n = 0;
        return MHD_YES;
    }
    return answer(to, c, mhd, method, url);
}

static void on_request_end(void *to, struct MHD_Connection *mhd, void **request,
                           enum MHD_RequestTerminationCode code)
{
    call *c = *request;

    (void)to;
    (void)mhd;
    (void)code;
    if (!c)
        return;
    ds_buf_fini(&c->body);
    ds_arena_free(c->arena);
    free(c);
    *request = NULL;
}

/* ---- listening ------------------------------------------------------------------------------- */

typedef union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} address;

static bool read_address(const ds_codec_options *options, address *out, ds_err *err)
{
    *out = (address){.v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)options->port)}};
    if (inet_pton(AF_INET, options->host, &out->v4.sin_addr) == 1)
        return true;
    *out = (address){.v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)options->port)}};
    if (inet_pton(AF_INET6, options->host, &out->v6.sin6_addr) == 1)
        return true;
    return ds_fail(err, DS_ERR_CONFIG, "--host is an address, as 127.0.0.1 or ::1, not \"%.60s\"",
                   options->host);
}

static struct MHD_Daemon *listen_at(ds_codec_server *s, const ds_codec_options *options,
                                    const address *at, ds_err *err)
{
    unsigned flags = MHD_USE_EPOLL | MHD_USE_SUPPRESS_DATE_NO_CLOCK;
    struct MHD_Daemon *daemon;

    if (at->any.sa_family == AF_INET6)
        flags |= MHD_USE_IPv6;
    errno = 0;
    daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_request, s, MHD_OPTION_SOCK_ADDR, &at->any,
                              MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
                              MHD_OPTION_CONNECTION_MEMORY_LIMIT, HEAD_BYTES_MAX,
                              MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
                              MHD_OPTION_NOTIFY_COMPLETED, on_request_end, NULL, MHD_OPTION_END);
    if (!daemon)
        ds_fail(err, DS_ERR_TRANSIENT, "cannot listen on %s port %d: %s", options->host,
                options->port, errno ? strerror(errno) : "refused");
    return daemon;
}

/* ---- the loop -------------------------------------------------------------------------------- */

static bool run(struct MHD_Daemon *daemon, int stop_fd, ds_err *err)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
    MHD_UNSIGNED_LONG_LONG wait = 0;

    if (!info)
        return ds_fail(err, DS_ERR_TRANSIENT, "this libmicrohttpd has no epoll");
    for (;;) {
        struct pollfd fds[] = {{.fd = info->epoll_fd, .events = POLLIN},
                               {.fd = stop_fd, .events = POLLIN}};
        bool timed = MHD_get_timeout(daemon, &wait) == MHD_YES;

        if (poll(fds, DS_COUNT(fds), timed ? (int)DS_MIN(wait, 60000) : -1) < 0 && errno != EINTR)
            return ds_fail(err, DS_ERR_TRANSIENT, "cannot wait for requests: %s", strerror(errno));
        if (fds[1].revents)
            return true;
        if (MHD_run(daemon) != MHD_YES)
            return ds_fail(err, DS_ERR_TRANSIENT, "libmicrohttpd cannot go on");
    }
}

static int signals_fd(ds_err *err)
{
    sigset_t ends;
    int fd;

    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigprocmask(SIG_BLOCK, &ends, NULL); /* before anybody is told that it may be ended */
    fd = signalfd(-1, &ends, SFD_CLOEXEC);
    if (fd < 0)
        ds_fail(err, DS_ERR_TRANSIENT, "cannot wait for signals: %s", strerror(errno));
    return fd;
}

bool ds_codec_serve(const ds_codec_options *options, const ds_codec_watch *watch, ds_err *err)
{
    address at;
    bool known = read_address(options, &at, err);
    DS_AUTO(ds_codec_server) s = known ? ds_codec_server_new(options, watch, err) : NULL;
    struct MHD_Daemon *daemon = s ? listen_at(s, options, &at, err) : NULL;
    const union MHD_DaemonInfo *bound;
    bool ok = false;
    int fd;

    if (!daemon)
        return false;
    fd = signals_fd(err);
    if (fd >= 0) {
        bound = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
        watch->ready(watch->to, bound ? bound->port : options->port);
        ok = run(daemon, fd, err);
        close(fd);
    }
    MHD_stop_daemon(daemon);
    return ok;
}
