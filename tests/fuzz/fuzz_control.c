/* tests/fuzz/fuzz_control.c
 *
 * The control socket: a client says any bytes to a real engine and hangs up its writing end.  Every
 * line is answered by one line of JSON that says ok or why not, in order, passes are told until
 * their end, and the engine lives on.  What a request says writes as words that say the same.
 */
#include "fuzz/fuzz.h"

#include "base/log.h"
#include "connectors/memory/memory.h"
#include "engine/embedded/words.h"
#include "engine/engine.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE_MS 60000 /* an answer that takes longer will not come */

/* ---- an engine for all inputs ---------------------------------------------------------------- */

static struct {
    ds_store *store;
    ds_engine *engine;
    pthread_t thread;
    ds_route route;
    const ds_route *routes[1];
    const char *socket;
    ds_arena *arena;
} stand;

static void *run_engine(void *unused)
{
    ds_err err = DS_ERR_INIT;

    (void)unused;
    fuzz_must(ds_engine_run(stand.engine, &err), "%s", err.text);
    return NULL;
}

static void tear_down(void)
{
    ds_engine_stop(stand.engine);
    pthread_join(stand.thread, NULL);
    ds_engine_free(stand.engine);
    ds_store_close(stand.store);
    ds_memory_drop_all();
    ds_arena_free(stand.arena);
}

static void *settings(size_t size, const char *table)
{
    struct {
        ds_source base;
        ds_memory_settings set;
    } *from = ds_arena_zalloc(stand.arena, size);

    from->set.store = table;
    return from;
}

static void make_route(void)
{
    _Static_assert(sizeof(ds_source) == sizeof(ds_destination), "settings lie behind either");
    stand.route = (ds_route){
        .name = "a",
        .source = &ds_memory_source,
        .source_settings = settings(ds_memory_source.instance_size, "from"),
        .destination = &ds_memory_destination,
        .destination_settings = settings(ds_memory_destination.instance_size, "to"),
        .identity = "to",
        .every_ms = DS_DAY_MS,
        .full_every_ms = DS_DAY_MS,
        .limit_changes = -1,
        .key_signature = "id",
        .fingerprint = "f1",
    };
    stand.routes[0] = &stand.route;
    ds_memory_put("from", "all", "1", "{\"Name\":\"one\"}");
    ds_memory_put("from", "u", "2", "{\"Name\":\"two\"}");
    ds_memory_put_held("from", "u", "line:3", "no record");
}

static void set_up(void)
{
    ds_engine_options options = {.routes = stand.routes, .routes_n = 1};
    ds_err err = DS_ERR_INIT;
    const char *path;

    if (stand.engine)
        return;
    ds_log_setup(DS_LOG_ERROR, false, STDERR_FILENO);
    stand.arena = ds_arena_new();
    path = fuzz_path(stand.arena, "s.db");
    make_route();
    stand.socket = options.socket = ds_control_path(path, stand.arena);
    options.clock = ds_clock_system();
    stand.store = ds_store_open(path, NULL, &err);
    fuzz_must(stand.store, "%s", err.text);
    stand.engine = ds_engine_embedded(stand.store, &options, &err);
    fuzz_must(stand.engine, "%s", err.text);
    fuzz_must(pthread_create(&stand.thread, NULL, run_engine, NULL) == 0, "no thread");
    atexit(tear_down);
}

/* ---- a conversation -------------------------------------------------------------------------- */

static int call(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%.100s", stand.socket);
    fuzz_must(connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0, "%s: %s",
              stand.socket, strerror(errno));
    return fd;
}

/* The fuzzer's own timer interrupts, and calls an input that takes too long a finding. */
static int wait_for(struct pollfd *ready)
{
    int rc;

    do
        rc = poll(ready, 1, PATIENCE_MS);
    while (rc < 0 && errno == EINTR);
    return rc;
}

/* Both ways at once: who does not read is not heard for ever. */
static const char *converse(const char *said, size_t n, ds_arena *a)
{
    DS_AUTO_BUF(heard, 64 * DS_MIB);
    int fd = call();
    size_t sent = 0;

    if (n == 0)
        shutdown(fd, SHUT_WR);
    for (;;) {
        struct pollfd ready = {fd, (short)(POLLIN | (sent < n ? POLLOUT : 0)), 0};
        char bytes[8192];
        ssize_t got;

        fuzz_must(wait_for(&ready) == 1, "no answer to:\n%.*s\nso far:\n%s", (int)n, said,
                  heard.n ? heard.data : "");
        if (ready.revents & POLLOUT) {
            got = send(fd, said + sent, n - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
            sent = got > 0 ? sent + (size_t)got : sent;
            if (got < 0 || sent == n) {
                sent = n;
                shutdown(fd, SHUT_WR);
            }
        }
        if (!(ready.revents & (POLLIN | POLLHUP | POLLERR)))
            continue;
        got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
        if (got <= 0)
            break;
        ds_buf_add(&heard, bytes, (size_t)got);
    }
    close(fd);
    return ds_arena_strndup(a, heard.n ? heard.data : "", heard.n);
}

/* One answer: an object that says ok, or an error with words; `once` has many until its end. */
static const char *take_answer(const char *at, bool *is_run, ds_arena *a)
{
    size_t n = strcspn(at, "\n");
    ds_err err = DS_ERR_INIT;
    const ds_json *json = ds_json_read(a, at, n, &err);
    ds_run_row run;

    fuzz_must(at[n] == '\n', "an answer that breaks off: %s", at);
    fuzz_must(json, "%s: %s", at, err.text);
    *is_run = ds_json_get(json, "run") != NULL;
    if (*is_run)
        fuzz_must(ds_words_read_run(ds_json_get(json, "run"), &run, &err), "%s: %s", at, err.text);
    else
        fuzz_must(ds_json_bool(json, "ok") || ds_json_bool(json, "end") ||
                      (ds_json_text(json, "error") && *ds_json_text(json, "error")),
                  "%s", at);
    return at + n + 1;
}

static void check_answers(const char *said, size_t n, const char *heard, ds_arena *a)
{
    size_t asked = 0, answered = 0;
    bool is_run;

    for (size_t i = 0; i < n; i++)
        asked += said[i] == '\n';
    while (*heard) {
        heard = take_answer(heard, &is_run, a);
        answered += !is_run;
    }
    fuzz_must(asked == answered, "%zu questions, %zu answers", asked, answered);
}

/* ---- words ----------------------------------------------------------------------------------- */

static const ds_json *again(ds_buf *out, ds_arena *a)
{
    ds_err err = DS_ERR_INIT;
    const ds_json *json = ds_json_read(a, out->data, out->n, &err);

    fuzz_must(json, "%s: %s", out->data, err.text);
    return json;
}

static void event_words(const ds_json *json, ds_arena *a)
{
    DS_AUTO_BUF(out, 8 * DS_MIB);
    ds_json_writer w = ds_json_w(&out, false);
    ds_err err = DS_ERR_INIT;
    ds_event event, same;

    if (!ds_words_read_event(json, a, &event, &err)) {
        fuzz_error(&err);
        return;
    }
    ds_json_w_begin_object(&w);
    ds_words_event(&w, &event);
    ds_json_w_end_object(&w);
    fuzz_must(ds_words_read_event(again(&out, a), a, &same, &err), "%s: %s", out.data, err.text);
    fuzz_must(same.type == event.type, "%s", out.data);
    fuzz_must(event.type != DS_EV_SYNC_NOW || same.items_n == event.items_n, "%s", out.data);
    fuzz_must(event.type != DS_EV_SET_INTERVAL || same.interval_ms == event.interval_ms, "%s",
              out.data);
}

static void run_words(const ds_json *json, ds_arena *a)
{
    DS_AUTO_BUF(out, 8 * DS_MIB);
    ds_json_writer w = ds_json_w(&out, false);
    ds_err err = DS_ERR_INIT;
    ds_run_row run, same;

    if (!ds_words_read_run(json, &run, &err)) {
        fuzz_error(&err);
        return;
    }
    ds_json_w_begin_object(&w);
    ds_words_run(&w, &run);
    ds_json_w_end_object(&w);
    fuzz_must(ds_words_read_run(again(&out, a), &same, &err), "%s: %s", out.data, err.text);
    fuzz_must(same.outcome == run.outcome && same.kind == run.kind &&
                  strcmp(same.unit, run.unit) == 0,
              "%s", out.data);
}

static void running_words(const ds_json *json)
{
    ds_err err = DS_ERR_INIT;
    ds_running running;

    if (!ds_words_read_running(json, &running, &err))
        fuzz_error(&err);
}

static void line_words(const char *line, size_t n, ds_arena *a)
{
    ds_err err = DS_ERR_INIT;
    const ds_json *json = ds_json_read(a, line, n, &err);

    event_words(ds_json_get(json, "event"), a);
    run_words(ds_json_get(json, "run"), a);
    DS_JSON_EACH (ds_json_get(json, "running"), item)
        running_words(item);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    fuzz_input in = {(const char *)data, n};
    const char *said = (const char *)data;

    set_up();
    while (in.left) {
        size_t line_n;
        const char *line = fuzz_piece(&in, "\n", a, &line_n);

        line_words(line, line_n, a);
    }
    check_answers(said, n, converse(said, n, a), a);
    return 0;
}
