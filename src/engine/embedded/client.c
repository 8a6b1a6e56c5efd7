/* src/engine/embedded/client.c
 *
 * The commands' end of the control socket: connect, say one line, read lines.
 */
#include "engine/embedded/address.h"
#include "engine/embedded/words.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES (64 * DS_MIB) /* of an answer: what runs, of thousands of units */
#define CALL_TIMEOUT_MS INT64_C(30000)

typedef struct wire {
    int fd;
    int64_t deadline_ms; /* monotonic; -1: none */
    ds_buf in;
    size_t taken; /* of `in`: lines handed out */
} wire;

static void wire_close(wire *w)
{
    if (w->fd >= 0)
        close(w->fd);
    ds_buf_fini(&w->in);
}

#define WIRE(name)                                                                                 \
    __attribute__((cleanup(wire_close))) wire name = {.fd = -1, .in.max = LINE_MAX_BYTES}

/* ---- the bytes ------------------------------------------------------------------------------- */

static int64_t mono_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool nobody(const char *path, int number, ds_err *err)
{
    return ds_fail(err, DS_ERR_TRANSIENT, "no daemon listens at %s: %s", path, strerror(number));
}

static bool connect_to(wire *w, const char *path, int64_t timeout_ms, ds_err *err)
{
    ds_socket_name name;
    int rc, number;

    w->deadline_ms = timeout_ms < 0 ? -1 : mono_ms() + timeout_ms;
    if (!ds_socket_name_of(path, &name, err))
        return false;
    w->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    rc = w->fd < 0 ? -1
                   : connect(w->fd, (const struct sockaddr *)&name.address, sizeof(name.address));
    number = errno;
    ds_socket_name_done(&name);
    if (rc != 0)
        return nobody(path, number, err);
    if (!ds_socket_trusts(w->fd) && geteuid() != 0)
        return ds_fail(err, DS_ERR_PERMANENT, "%s belongs to another user's process", path);
    return true;
}

static bool went_away(ds_err *err)
{
    return ds_fail(err, DS_ERR_TRANSIENT, "the daemon went away in the middle of the conversation");
}

/* Waits until the socket can be read or written; false: the time is up. */
static bool wait_for(const wire *w, short events, ds_err *err)
{
    struct pollfd fd = {.fd = w->fd, .events = events};
    int rc;

    do {
        int64_t left_ms = w->deadline_ms < 0 ? -1 : DS_MAX(w->deadline_ms - mono_ms(), (int64_t)0);

        rc = poll(&fd, 1, (int)DS_MIN(left_ms, (int64_t)INT32_MAX));
    } while (rc < 0 && errno == EINTR);
    if (rc > 0)
        return true;
    return ds_fail(err, DS_ERR_TRANSIENT, "the daemon did not answer in time");
}

static bool say(wire *w, const char *line, ds_err *err)
{
    size_t n = strlen(line);

    while (n > 0) {
        ssize_t sent = send(w->fd, line, n, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (sent >= 0) {
            line += sent;
            n -= (size_t)sent;
        } else if (errno == EAGAIN || errno == EINTR) {
            if (!wait_for(w, POLLOUT, err))
                return false;
        } else {
            if (errno != EPIPE && errno != ECONNRESET)
                return went_away(err);
            w->deadline_ms = mono_ms(); /* it hung up: if it has said why, that is there by now */
            return true;
        }
    }
    return true;
}

static bool hear(wire *w, ds_err *err)
{
    char bytes[65536];
    ssize_t n;

    if (!wait_for(w, POLLIN, err))
        return false;
    n = recv(w->fd, bytes, sizeof(bytes), 0);
    if (n < 0 && errno == EINTR)
        return true;
    if (n <= 0)
        return went_away(err);
    ds_buf_add(&w->in, bytes, (size_t)n);
    return ds_buf_ok(&w->in, "the daemon's answer", err);
}

/* The next whole line as JSON in `a`; NULL with *err set. */
static const ds_json *next_line(wire *w, ds_arena *a, ds_err *err)
{
    for (;;) {
        const char *from = w->in.data ? w->in.data + w->taken : NULL;
        const char *end = from ? memchr(from, '\n', w->in.n - w->taken) : NULL;

        if (end) {
            w->taken += (size_t)(end - from) + 1;
            return ds_json_read(a, from, (size_t)(end - from), err);
        }
        if (w->taken == w->in.n) {
            ds_buf_clear(&w->in);
            w->taken = 0;
        }
        if (!hear(w, err))
            return NULL;
    }
}

static bool say_line(wire *w, const char *request, ds_err *err)
{
    return say(w, request, err) && say(w, "\n", err);
}

/* ---- conversations --------------------------------------------------------------------------- */

bool ds_control_call(const char *socket_path, const char *request, int64_t timeout_ms, ds_arena *a,
                     const ds_json **answer, ds_err *err)
{
    WIRE(w);

    *answer = NULL;
    if (!connect_to(&w, socket_path, timeout_ms, err) || !say_line(&w, request, err))
        return false;
    *answer = next_line(&w, a, err);
    return *answer != NULL;
}

static bool refused(const ds_json *answer, ds_err *err)
{
    const char *why = ds_json_text(answer, "error");

    ds_fail(err, DS_ERR_PERMANENT, "%s", why ? why : "the daemon's answer is not understood");
    return true;
}

static bool is_refusal(const ds_json *line)
{
    const ds_json *ok = ds_json_get(line, "ok");

    return ok && !ds_json_truth(ok);
}

bool ds_control_follow(const char *socket_path, const char *request,
                       bool (*each)(void *to, const ds_json *line), void *to, ds_err *err)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    bool more = true, last = false;
    WIRE(w);

    if (!connect_to(&w, socket_path, -1, err) || !say_line(&w, request, err))
        return false;
    while (more && !last) {
        const ds_json *line;

        ds_arena_reset(a);
        line = next_line(&w, a, err);
        if (!line || (is_refusal(line) && refused(line, err)))
            return false;
        last = ds_json_bool(line, "end");
        more = each(to, line);
    }
    return true;
}

/* ---- what the commands ask ------------------------------------------------------------------- */

static bool call(const char *socket_path, const ds_buf *request, ds_arena *a,
                 const ds_json **answer, ds_err *err)
{
    if (!ds_buf_ok(request, "the request", err) ||
        !ds_control_call(socket_path, request->data, CALL_TIMEOUT_MS, a, answer, err))
        return false;
    if (ds_json_truth(ds_json_get(*answer, "ok")))
        return true;
    return !refused(*answer, err);
}

static ds_json_writer begin_request(ds_buf *out, const char *cmd)
{
    ds_json_writer w = ds_json_w(out, false);

    ds_json_w_begin_object(&w);
    ds_json_w_name(&w, "cmd");
    ds_json_w_text(&w, cmd);
    return w;
}

static void member(ds_json_writer *w, const char *name, const char *text)
{
    ds_json_w_name(w, name);
    ds_json_w_text(w, text);
}

bool ds_control_signal(const char *socket_path, const ds_unit_ref *ref, const ds_event *event,
                       int64_t *units, ds_err *err)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    DS_AUTO_BUF(request, DS_WORDS_REQUEST_MAX);
    ds_json_writer w = begin_request(&request, "signal");
    const ds_json *answer;

    *units = 0;
    ds_words_ref(&w, ref);
    ds_json_w_name(&w, "event");
    ds_json_w_begin_object(&w);
    ds_words_event(&w, event);
    ds_json_w_end_object(&w);
    ds_json_w_end_object(&w);
    if (!call(socket_path, &request, a, &answer, err))
        return false;
    *units = ds_json_integer(answer, "units", 0);
    return true;
}

bool ds_control_held(const char *socket_path, const char *verb, const char *route, const char *key,
                     const char *id, bool *found, ds_err *err)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    DS_AUTO_BUF(request, DS_WORDS_REQUEST_MAX);
    ds_json_writer w = begin_request(&request, "held");
    const ds_json *answer;

    *found = false;
    member(&w, "verb", verb);
    member(&w, "route", route);
    member(&w, "key", key);
    member(&w, "id", id);
    ds_json_w_end_object(&w);
    if (!call(socket_path, &request, a, &answer, err))
        return false;
    *found = ds_json_bool(answer, "found");
    return true;
}

bool ds_control_running(const char *socket_path, ds_arena *a, int64_t *pid, const ds_running **out,
                        size_t *n, ds_err *err)
{
    DS_AUTO_BUF(request, DS_WORDS_REQUEST_MAX);
    ds_json_writer w = begin_request(&request, "running");
    const ds_json *answer, *list;
    ds_running *all;

    *n = 0;
    *out = NULL;
    ds_json_w_end_object(&w);
    if (!call(socket_path, &request, a, &answer, err))
        return false;
    list = ds_json_get(answer, "running");
    all = ds_arena_alloc(a, (ds_json_size(list) + 1) * sizeof(*all));
    DS_JSON_EACH (list, item) {
        if (!ds_words_read_running(item, &all[(*n)++], err))
            return false;
    }
    *pid = ds_json_integer(answer, "pid", 0);
    *out = all;
    return true;
}

typedef struct listener {
    bool (*each)(void *to, const ds_run_row *run);
    void *to;
    ds_err *err;
    bool failed;
} listener;

static bool hear_run(void *to, const ds_json *line)
{
    listener *l = to;
    const ds_json *json = ds_json_get(line, "run");
    ds_run_row run;

    if (!json)
        return true; /* the end, or what a newer daemon has to say */
    if (ds_words_read_run(json, &run, l->err))
        return l->each(l->to, &run);
    l->failed = true;
    return false;
}

bool ds_control_once(const char *socket_path, const ds_unit_ref *only, size_t only_n,
                     const char *const *items, size_t items_n,
                     bool (*each)(void *to, const ds_run_row *run), void *to, ds_err *err)
{
    DS_AUTO_BUF(request, DS_WORDS_REQUEST_MAX);
    ds_json_writer w = begin_request(&request, "once");
    listener l = {.each = each, .to = to, .err = err};

    ds_json_w_name(&w, "only");
    ds_json_w_begin_list(&w);
    for (size_t i = 0; i < only_n; i++) {
        ds_json_w_begin_object(&w);
        ds_words_ref(&w, &only[i]);
        ds_json_w_end_object(&w);
    }
    ds_json_w_end_list(&w);
    ds_words_items(&w, items, items_n);
    ds_json_w_end_object(&w);
    if (!ds_buf_ok(&request, "the request", err))
        return false;
    return ds_control_follow(socket_path, request.data, hear_run, &l, err) && !l.failed;
}
