/* src/engine/temporal/grpc.c - calls, from the side of those who make them. */
#include "engine/temporal/grpc_internal.h"

#include "base/hostport.h"
#include "base/thread.h"
#include "engine/temporal/grpc_status.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define SERVICE "/temporal.api.workflowservice.v1.WorkflowService/"
#define HEADERS_OF_OURS 12
#define HEADERS_MAX ((size_t)40) /* of the settings' own */
#define GRACE_MS INT64_C(1000)   /* for the server to say itself that the deadline has come */
#define LONGEST_MS INT64_C(99999999)

/* ---- settings -------------------------------------------------------------------------------- */

static bool is_plain_text(const char *value)
{
    for (; *value; value++) {
        if ((unsigned char)*value < ' ' || *value == 127)
            return false;
    }
    return true;
}

static bool is_header(const ds_grpc_header *h)
{
    return *h->name &&
           strspn(h->name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == strlen(h->name) &&
           strncmp(h->name, "grpc-", 5) != 0 && is_plain_text(h->value);
}

static bool check_key(const ds_grpc *g, ds_err *err)
{
    const char *key = ds_secret_reveal(g->options.api_key);

    if (!key)
        return true;
    if (!ds_key_check(key, err))
        return false;
    return g->options.tls || ds_host_is_local(g->host) ||
           ds_fail(err, DS_ERR_CONFIG,
                   "the API key would go to %s in plain text, where others can read it: set tls: "
                   "true",
                   g->host);
}

static bool check(ds_grpc *g, ds_err *err)
{
    const ds_grpc_options *o = &g->options;

    if (!ds_hostport_read(o->address, "7233", g->arena, &g->host, &g->port))
        return ds_fail(err, DS_ERR_CONFIG, "\"%s\" is no address: expected HOST:PORT", o->address);
    if (!check_key(g, err))
        return false;
    if (o->headers_n > HEADERS_MAX)
        return ds_fail(err, DS_ERR_CONFIG, "more than %zu headers of one's own", HEADERS_MAX);
    for (size_t i = 0; i < o->headers_n; i++) {
        if (!is_header(&o->headers[i]))
            return ds_fail(err, DS_ERR_CONFIG, "the header \"%s\" cannot be sent as it is",
                           is_plain_text(o->headers[i].name) ? o->headers[i].name : "?");
    }
    if (!is_plain_text(o->namespace_ ? o->namespace_ : "") || !is_plain_text(o->authority))
        return ds_fail(err, DS_ERR_CONFIG,
                       "the namespace or the authority holds a control character");
    return !o->tls || ds_tls_check(o, err);
}

static ds_secret *copy_secret(const ds_secret *from)
{
    const char *text = ds_secret_reveal(from);

    return text ? ds_secret_new(text, strlen(text)) : NULL;
}

static void set_usual(ds_grpc_options *o)
{
    o->connect_ms = o->connect_ms ? o->connect_ms : 10 * DS_SECOND_MS;
    o->ping_ms = o->ping_ms ? o->ping_ms : 30 * DS_SECOND_MS;
    o->pong_ms = o->pong_ms ? o->pong_ms : 15 * DS_SECOND_MS;
    o->age_ms = o->age_ms ? o->age_ms : 10 * DS_MINUTE_MS;
    o->again_ms = o->again_ms ? o->again_ms : 100;
    o->down_ms = o->down_ms ? o->down_ms : 3 * DS_SECOND_MS; /* a mere restart is not told */
    o->key_ms = o->key_ms ? o->key_ms : DS_MINUTE_MS;
    o->answer_max = o->answer_max ? o->answer_max : 64 * DS_MIB;
}

static void copy_options(ds_grpc *g, const ds_grpc_options *from)
{
    ds_grpc_options *o = &g->options;
    ds_grpc_header *headers = ds_arena_alloc(g->arena, (from->headers_n + 1) * sizeof(*headers));

    *o = *from;
    o->address = ds_arena_strdup(g->arena, from->address);
    o->authority = ds_arena_strdup(g->arena, from->authority ? from->authority : from->address);
    o->namespace_ = ds_arena_strdup(g->arena, from->namespace_);
    o->ca_file = ds_arena_strdup(g->arena, from->ca_file);
    o->cert_file = ds_arena_strdup(g->arena, from->cert_file);
    o->key_file = ds_arena_strdup(g->arena, from->key_file);
    o->server_name = ds_arena_strdup(g->arena, from->server_name);
    o->api_key = copy_secret(from->api_key);
    o->ca_data = copy_secret(from->ca_data);
    o->cert_data = copy_secret(from->cert_data);
    o->key_data = copy_secret(from->key_data);
    for (size_t i = 0; i < from->headers_n; i++)
        headers[i] = (ds_grpc_header){ds_arena_strdup(g->arena, from->headers[i].name),
                                      ds_arena_strdup(g->arena, from->headers[i].value)};
    o->headers = headers;
    set_usual(o);
}

/* ---- opening and closing --------------------------------------------------------------------- */

static void drop_secret(const ds_secret *secret)
{
    ds_secret *ours;

    memcpy(&ours, &secret, sizeof(ours)); /* copy_secret's */
    ds_secret_free(ours);
}

static void free_all(ds_grpc *g)
{
    drop_secret(g->options.api_key);
    drop_secret(g->options.ca_data);
    drop_secret(g->options.cert_data);
    drop_secret(g->options.key_data);
    ds_keys_free(g);
    if (g->wake >= 0)
        close(g->wake);
    pthread_mutex_destroy(&g->lock);
    pthread_mutex_destroy(&g->key_lock);
    pthread_cond_destroy(&g->idle);
    ds_arena_free(g->arena);
    free(g->scratch);
    free(g);
}

static bool start(ds_grpc *g, ds_err *err)
{
    if (!check(g, err))
        return false;
    if (g->options.api_key)
        ds_key_add(g, g->options.api_key);
    g->lookup.host = g->host;
    g->lookup.port = g->port;
    g->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (g->wake < 0)
        return ds_fail(err, DS_ERR_TRANSIENT, "no eventfd: %s", strerror(errno));
    return ds_thread_start(&g->thread, ds_grpc_run, g, "for the connection to Temporal", err);
}

ds_grpc *ds_grpc_open(const ds_grpc_options *options, ds_err *err)
{
    ds_grpc *g = ds_calloc(1, sizeof(*g));

    g->arena = ds_arena_new();
    g->scratch = ds_calloc(DS_READ_ONCE, 1);
    g->wake = -1;
    pthread_mutex_init(&g->lock, NULL);
    pthread_mutex_init(&g->key_lock, NULL);
    pthread_cond_init(&g->idle, NULL);
    copy_options(g, options);
    ds_call_list_init(&g->incoming);
    ds_call_list_init(&g->waiting);
    g->why = DS_ERR_INIT;
    g->wanted = true;
    g->ping_ms = g->options.ping_ms;
    g->random = (uint32_t)ds_mono_ms() * 2654435761u ^ (uint32_t)getpid();
    g->random |= 1; /* any number but 0 */
    if (start(g, err))
        return g;
    free_all(g);
    return NULL;
}

void ds_grpc_hurry(ds_grpc *g)
{
    pthread_mutex_lock(&g->lock);
    g->hurry = true;
    pthread_mutex_unlock(&g->lock);
    ds_grpc_wake(g);
}

void ds_grpc_cancel(ds_grpc *g, const char *method)
{
    pthread_mutex_lock(&g->lock);
    if (g->cancelled_n < DS_CANCELLED_MAX)
        strncpy(g->cancelled[g->cancelled_n++], method, sizeof(g->cancelled[0]) - 1);
    pthread_mutex_unlock(&g->lock);
    ds_grpc_wake(g);
}

void ds_grpc_close(ds_grpc *g)
{
    if (!g)
        return;
    pthread_mutex_lock(&g->lock);
    g->hurry = g->closing = true;
    ds_grpc_wake(g);
    while (g->callers)
        pthread_cond_wait(&g->idle, &g->lock);
    pthread_mutex_unlock(&g->lock);
    (void)pthread_join(g->thread, NULL);
    free_all(g);
}

void ds_grpc_tally_of(ds_grpc *g, ds_grpc_tally *out)
{
    pthread_mutex_lock(&g->lock);
    *out = g->tally;
    pthread_mutex_unlock(&g->lock);
}

/* ---- one call -------------------------------------------------------------------------------- */

static void add_header(ds_call *call, ds_grpc_header *headers, const char *name, const char *value)
{
    if (value)
        headers[call->h2.headers_n++] = (ds_grpc_header){name, value};
}

static void set_headers(const ds_grpc *g, ds_call *call, const ds_key *key, ds_arena *a)
{
    ds_grpc_header *to = ds_arena_alloc(a, (HEADERS_OF_OURS + g->options.headers_n) * sizeof(*to));
    const char *path =
        *call->method == '/' ? call->method : ds_arena_printf(a, SERVICE "%s", call->method);

    call->h2.headers = to;
    add_header(call, to, ":method", "POST");
    add_header(call, to, ":scheme", g->options.tls ? "https" : "http");
    add_header(call, to, ":authority", g->options.authority);
    add_header(call, to, ":path", path);
    add_header(call, to, "te", "trailers");
    add_header(call, to, "content-type", "application/grpc");
    add_header(call, to, "user-agent", "durable-sync/" DS_VERSION);
    add_header(call, to, "grpc-timeout", call->timeout);
    add_header(call, to, "client-name", "durable-sync-c");
    add_header(call, to, "client-version", DS_VERSION);
    add_header(call, to, "temporal-namespace", g->options.namespace_);
    add_header(call, to, "authorization", key ? key->text : NULL);
    for (size_t i = 0; i < g->options.headers_n; i++)
        add_header(call, to, g->options.headers[i].name, g->options.headers[i].value);
}

static bool is_stopped(const ds_grpc *g, const char *method)
{
    for (size_t i = 0; i < g->cancelled_n; i++) {
        if (!strcmp(g->cancelled[i], method))
            return true;
    }
    return g->hurry;
}

/* Hands it to the thread and waits until it is ours again. */
static void carry_out(ds_grpc *g, ds_call *call)
{
    pthread_mutex_lock(&g->lock);
    g->tally.calls++;
    if (is_stopped(g, call->method)) {
        call->end = DS_CALL_STOPPED;
        call->done = true;
    } else {
        ds_call_list_put(&g->incoming, call);
        ds_grpc_wake(g);
    }
    while (!call->done)
        pthread_cond_wait(&call->over, &g->lock);
    pthread_mutex_unlock(&g->lock);
}

static void enter(ds_grpc *g)
{
    pthread_mutex_lock(&g->lock);
    g->callers++;
    pthread_mutex_unlock(&g->lock);
}

/* The last that a caller does with `g`, which may be gone behind it. */
static void leave(ds_grpc *g, bool fine)
{
    pthread_mutex_lock(&g->lock);
    g->tally.failed += !fine;
    if (!--g->callers)
        pthread_cond_signal(&g->idle);
    pthread_mutex_unlock(&g->lock);
}

/* Of a call without an answer. */
static void failure_of(const ds_call *call, ds_arena *a, ds_grpc_failure *out)
{
    *out = (ds_grpc_failure){.status = DS_GRPC_UNAVAILABLE, .text = "", .detail_type = ""};
    switch (call->end) {
    case DS_CALL_RESET:
        ds_grpc_of_reset(call->code, call->late, out);
        break;
    case DS_CALL_LATE:
        out->status = DS_GRPC_DEADLINE_EXCEEDED;
        out->text = "no answer in time";
        out->sent = call->sent;
        break;
    case DS_CALL_LOST:
        out->text = ds_arena_printf(a, "the connection was lost after the request had left: %s",
                                    call->why.text);
        out->sent = true;
        break;
    case DS_CALL_UNSENT:
        out->text = ds_arena_printf(a, "not sent: %s", call->why.text);
        break;
    case DS_CALL_STOPPED:
    case DS_CALL_RUNS:
    case DS_CALL_ANSWERED:
        out->status = DS_GRPC_CANCELLED;
        out->text = "stopped";
        out->sent = call->sent;
        break;
    }
}

static bool result_of(const ds_grpc *g, const ds_call *call, const ds_key *key, ds_arena *a,
                      const uint8_t **answer, size_t *answer_n, ds_grpc_failure *failure,
                      ds_err *err)
{
    ds_grpc_scene scene = {g->options.address, g->options.namespace_, call->method, key != NULL};

    *failure = (ds_grpc_failure){.text = "", .detail_type = ""};
    if (call->end == DS_CALL_ANSWERED) {
        if (ds_answer_read(&call->h2.answer, a, answer, answer_n, failure))
            return true;
    } else {
        failure_of(call, a, failure);
    }
    if (call->end == DS_CALL_UNSENT && call->why.kind == DS_ERR_CONFIG)
        return ds_fail(err, DS_ERR_CONFIG, "%s: %s", g->options.address, call->why.text);
    failure->text = ds_key_blot(key, failure->text, a);
    return ds_grpc_fail(err, &scene, failure);
}

bool ds_grpc_call(ds_grpc *g, const char *method, const uint8_t *request, size_t n,
                  int64_t timeout_ms, ds_arena *a, const uint8_t **answer, size_t *answer_n,
                  ds_grpc_failure *failure, ds_err *err)
{
    int64_t time_ms = DS_MIN(DS_MAX(timeout_ms, INT64_C(1)), LONGEST_MS);
    int64_t deadline_ms = ds_mono_ms() + time_ms;
    ds_grpc_failure own = {0};
    const ds_key *key;
    bool fine, again;

    failure = failure ? failure : &own;
    enter(g);
    do {
        ds_call call = {.method = method,
                        .h2 = {.request = request, .n = n},
                        .why = DS_ERR_INIT,
                        .timeout_ms = time_ms,
                        .deadline_ms = deadline_ms,
                        .grace_ms = DS_MIN(GRACE_MS, time_ms)};

        key = ds_key_newest(g);
        ds_answer_init(&call.h2.answer, g->options.answer_max);
        set_headers(g, &call, key, a);
        pthread_cond_init(&call.over, NULL);
        carry_out(g, &call);
        pthread_cond_destroy(&call.over);
        fine = result_of(g, &call, key, a, answer, answer_n, failure, err);
        ds_answer_fini(&call.h2.answer);
        again = !fine && failure->status == DS_GRPC_UNAUTHENTICATED && ds_key_renewed(g, key);
    } while (again);
    leave(g, fine);
    return fine;
}
