/* src/fakes/server.c
 *
 * libmicrohttpd in a loop of our own on one thread: its epoll descriptor, the descriptor that says
 * stop, and the earliest of what waits.
 */
#include "fakes/server.h"

#include "base/clock.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CONNECTIONS_MAX 1024
#define HEAD_BYTES_MAX (128 * DS_KIB) /* of a connection: request line and headers */

int64_t ds_fake_now(const ds_fake_server *s)
{
    ds_clock *clock = ds_clock_system();

    return s->now_set >= 0 ? s->now_set : clock->now_ms(clock);
}

int64_t ds_fake_mono_us(void)
{
    ds_clock *clock = ds_clock_system();

    return clock->mono_us(clock);
}

/* ---- libmicrohttpd's calls ------------------------------------------------------------------- */

static void *on_request_line(void *to, const char *target, struct MHD_Connection *mhd)
{
    return ds_exchange_new(to, mhd, target);
}

/* The path is decoded by the routes, segment by segment. */
static size_t leave_escapes(void *to, struct MHD_Connection *mhd, char *text)
{
    (void)to;
    (void)mhd;
    return strlen(text);
}

typedef struct lengths {
    int hosts, lengths, encodings;
} lengths;

static enum MHD_Result count_length(void *to, enum MHD_ValueKind kind, const char *name,
                                    const char *value)
{
    lengths *n = to;

    (void)kind;
    (void)value;
    n->hosts += strcasecmp(name, "host") == 0;
    n->lengths += strcasecmp(name, "content-length") == 0;
    n->encodings += strcasecmp(name, "transfer-encoding") == 0;
    return MHD_YES;
}

/* What different readers could understand differently is not read at all. */
static bool is_malformed(struct MHD_Connection *mhd)
{
    lengths n = {0};

    MHD_get_connection_values(mhd, MHD_HEADER_KIND, count_length, &n);
    return n.hosts != 1 || n.lengths > 1 || n.encodings > 1 || (n.lengths && n.encodings);
}

static enum MHD_Result on_request(void *to, struct MHD_Connection *mhd, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *data_n, void **request)
{
    ds_exchange *x = *request;

    (void)to;
    (void)url;
    (void)version;
    if (x->stage == DS_STAGE_HEAD) {
        x->stage = DS_STAGE_BODY;
        x->call.method = ds_arena_strdup(x->call.arena, method);
        x->malformed = is_malformed(mhd);
        return MHD_YES;
    }
    if (*data_n > 0) {
        ds_buf_add(&x->in, data, *data_n);
        *data_n = 0;
        return MHD_YES;
    }
    return ds_exchange_go(x);
}

static void on_request_end(void *to, struct MHD_Connection *mhd, void **request,
                           enum MHD_RequestTerminationCode code)
{
    (void)to;
    (void)mhd;
    (void)code;
    ds_exchange_free(*request);
    *request = NULL;
}

static void on_connection(void *to, struct MHD_Connection *mhd, void **marks,
                          enum MHD_ConnectionNotificationCode code)
{
    ds_fake_server *s = to;

    (void)mhd;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *marks = ds_calloc(1, sizeof(ds_link_marks));
        ds_tally_connected(s->tally);
    } else {
        free(*marks);
        *marks = NULL;
    }
}

/* ---- opening and closing --------------------------------------------------------------------- */

static bool listen_at(ds_fake_server *s, ds_err *err)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)s->options.port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_SUPPRESS_DATE_NO_CLOCK;
    const union MHD_DaemonInfo *info;

    errno = 0;
    s->mhd = MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, s, MHD_OPTION_SOCK_ADDR, &address,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        HEAD_BYTES_MAX, MHD_OPTION_URI_LOG_CALLBACK, on_request_line, s,
        MHD_OPTION_UNESCAPE_CALLBACK, leave_escapes, s, MHD_OPTION_NOTIFY_COMPLETED, on_request_end,
        s, MHD_OPTION_NOTIFY_CONNECTION, on_connection, s, MHD_OPTION_END);
    if (!s->mhd)
        return ds_fail(err, DS_ERR_TRANSIENT, "cannot listen on 127.0.0.1:%d: %s", s->options.port,
                       errno ? strerror(errno) : "refused");
    info = MHD_get_daemon_info(s->mhd, MHD_DAEMON_INFO_BIND_PORT);
    s->port = info ? info->port : s->options.port;
    return true;
}

static void copy_options(ds_fake_server *s, const ds_fake_options *options)
{
    s->options = *options;
    s->options.seed = ds_arena_strdup(s->arena, options->seed);
    s->options.faults = ds_arena_strdup(s->arena, options->faults);
    s->options.limit = ds_arena_strdup(s->arena, options->limit);
    s->options.now = ds_arena_strdup(s->arena, options->now);
}

bool ds_fake_reset(ds_fake_server *s, ds_err *err)
{
    const ds_fake_options *options = &s->options;
    void *state;

    s->now_set = -1;
    if (options->now && !ds_parse_time(options->now, &s->now_set))
        return ds_fail(err, DS_ERR_CONFIG, "\"%.60s\" is no time; one is 2026-01-01T00:00:00Z",
                       options->now);
    ds_faults_clear(s->faults);
    if (options->faults && !ds_faults_add(s->faults, options->faults, s->kind->faults, err))
        return false;
    state = s->kind->open(options, ds_fake_now(s), err);
    if (!state)
        return false;
    if (s->state)
        s->kind->close(s->state);
    s->state = state;
    s->latency_ms = options->latency_ms;
    ds_tally_clear(s->tally);
    for (ds_exchange *x = s->waiting; x; x = x->next)
        x->hangs = false;
    return true;
}

ds_fake_server *ds_fake_open(const ds_fake_kind *kind, const ds_fake_options *options, ds_err *err)
{
    ds_fake_server *s = ds_calloc(1, sizeof *s);

    s->kind = kind;
    s->arena = ds_arena_new();
    s->faults = ds_faults_new();
    s->tally = ds_tally_new(kind);
    copy_options(s, options);
    if (ds_fake_reset(s, err) && listen_at(s, err))
        return s;
    ds_fake_close(s);
    return NULL;
}

static void wake_all(ds_fake_server *s)
{
    s->stopping = true;
    while (s->waiting)
        ds_exchange_wake(s->waiting);
    MHD_run(s->mhd);
}

void ds_fake_close(ds_fake_server *s)
{
    if (!s)
        return;
    if (s->mhd) {
        wake_all(s); /* libmicrohttpd may not be stopped while something is suspended */
        MHD_stop_daemon(s->mhd);
    }
    if (s->state)
        s->kind->close(s->state);
    ds_tally_free(s->tally);
    ds_faults_free(s->faults);
    ds_arena_free(s->arena);
    free(s);
}

int ds_fake_port(const ds_fake_server *s)
{
    return s->port;
}

void *ds_fake_state(ds_fake_server *s)
{
    return s->state;
}

/* ---- the loop -------------------------------------------------------------------------------- */

/* Milliseconds until something is due, rounded up; -1: until something happens. */
static int wait_ms(const ds_fake_server *s)
{
    MHD_UNSIGNED_LONG_LONG own = 0;
    int64_t now = ds_fake_mono_us(), least = INT64_MAX;

    for (const ds_exchange *x = s->waiting; x; x = x->next)
        if (!x->hangs)
            least = DS_MIN(least, DS_MAX(0, (x->due_us - now + 999) / 1000));
    if (MHD_get_timeout(s->mhd, &own) == MHD_YES)
        least = DS_MIN(least, (int64_t)DS_MIN(own, 60000));
    return least == INT64_MAX ? -1 : (int)DS_MIN(least, 60000);
}

static void wake_due(ds_fake_server *s)
{
    int64_t now = ds_fake_mono_us();

    for (ds_exchange *x = s->waiting, *next; x; x = next) {
        next = x->next;
        if (!x->hangs && x->due_us <= now)
            ds_exchange_wake(x);
    }
}

bool ds_fake_run(ds_fake_server *s, int stop_fd, ds_err *err)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(s->mhd, MHD_DAEMON_INFO_EPOLL_FD);

    if (!info)
        return ds_fail(err, DS_ERR_TRANSIENT, "this libmicrohttpd has no epoll");
    for (;;) {
        struct pollfd fds[] = {{.fd = info->epoll_fd, .events = POLLIN},
                               {.fd = stop_fd, .events = POLLIN}};

        if (poll(fds, DS_COUNT(fds), wait_ms(s)) < 0 && errno != EINTR)
            return ds_fail(err, DS_ERR_TRANSIENT, "cannot wait for requests: %s", strerror(errno));
        if (fds[1].revents)
            return true;
        wake_due(s);
        if (MHD_run(s->mhd) != MHD_YES)
            return ds_fail(err, DS_ERR_TRANSIENT, "libmicrohttpd cannot go on");
    }
}
