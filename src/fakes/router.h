/* src/fakes/router.h
 *
 * The router that the stand-ins of APIs share: an HTTP server on loopback whose answers come from
 * functions, with the faults that a real API has.  A stand-in (github/, notion/) is one
 * ds_fake_kind: its routes, its state, and how it words an error.
 *
 * One thread serves all connections: a function that answers is never entered twice at once, and a
 * state needs no lock.  Latency and hanging answers are waited for without holding up the others.
 *
 * What one request goes through:
 *
 *     arrived    counted; the fault rules choose (faults.h)
 *     waited     --latency, a rule's `delay` or `hang`
 *     cut        rules that hang up before anything is done
 *     before     the kind's own gate: login, version, limits. It may answer at once
 *     answer     the function of the route
 *     after      the kind's headers: ETag, what is left of a limit
 *     sent       as JSON or as it is, gzip where asked for; or what a rule makes of it
 *
 * Everything below /_fake/ is the stand-in's own side door, without faults, latency or limits:
 *
 *     GET  /_fake/calls     what was asked for, by route and by status
 *     GET  /_fake/log       the last requests; after POST {"bodies": true} with their bodies
 *     GET  /_fake/faults    the rules, how often each met a request and struck
 *     POST /_fake/faults    {"rules": ["POST /v1/pages at=3 cut-after"], "add": false}
 *     POST /_fake/release   lets go of what hangs
 *     POST /_fake/reset     the state of the beginning; counts and rules as well
 *     GET  /_fake/clock     the time of the stand-in
 *     POST /_fake/clock     {"now": "2026-01-01T00:00:00Z"} sets it, {"advance": "90s"} moves it;
 *                           it then stands until it is moved again. {"now": null}: the real time
 *     POST /_fake/latency   {"ms": 50}
 *
 * and what a kind's own routes have below it.
 */
#ifndef DS_FAKES_ROUTER_H
#define DS_FAKES_ROUTER_H

#include <durable_sync/base.h>
#include <durable_sync/json.h>

#define DS_FAKE_PARAMS_MAX 8
#define DS_FAKE_HEADERS_MAX 32
#define DS_FAKE_BODY_MAX (16 * DS_MIB)   /* of a request; beyond it 413 */
#define DS_FAKE_ANSWER_MAX (64 * DS_MIB) /* what a kind may write */

typedef struct ds_fake_server ds_fake_server;
typedef struct ds_fake_call ds_fake_call;

/* ---- a kind of stand-in ---------------------------------------------------------------------- */

typedef struct ds_fake_route {
    const char *method; /* "GET" answers HEAD too */
    const char *path;   /* "/repos/{owner}/{repo}/issues/{number}": {name} stands for one segment, a
                           last {name...} for all that is left. The first that fits counts */
    void (*answer)(void *state, ds_fake_call *call);
    int use; /* the kind's own: a group, a price */
} ds_fake_route;

/* What a stand-in is started with. Texts are NULL where not given. */
typedef struct ds_fake_options {
    int port;           /* of 127.0.0.1; 0: a free one */
    const char *seed;   /* "rows=1000,seed=7": what is there at the beginning */
    const char *faults; /* rules, `;` between them */
    const char *limit;  /* "core=5000,...": in the kind's words */
    const char *now;    /* the clock stands at this time; NULL: the real time */
    int64_t latency_ms;
    bool log; /* each request is a line on stderr */
} ds_fake_options;

typedef struct ds_fake_kind {
    const char *name; /* "github" */
    const ds_fake_route *routes;
    size_t routes_n;
    /* The state of the beginning, also after /_fake/reset. NULL with DS_ERR_CONFIG: an option that
     * cannot be. `now_ms`: the clock at that moment. */
    void *(*open)(const ds_fake_options *options, int64_t now_ms, ds_err *err);
    void (*close)(void *state);
    /* Runs before the route's function, also where there is none (call->route NULL); false: it has
     * answered itself. It comes before the rules' `status` and the kind's own faults too. NULL:
     * nothing to see to. */
    bool (*before)(void *state, ds_fake_call *call);
    /* Runs after it, and after `refuse` and `fault`. NULL: nothing to add. */
    void (*after)(void *state, ds_fake_call *call);
    /* An error in the API's own form: no such route (404), or not with this method (405), a body
     * that is no JSON (400), too large (413), a rule that says `status=N`. `text` NULL: what the
     * API says with that status. */
    void (*refuse)(void *state, ds_fake_call *call, int status, const char *text);
    /* Faults that only this API has, named in rules as `NAME` or `NAME=VALUE` ("" without one):
     * answers as the API does then, instead of the route. */
    void (*fault)(void *state, ds_fake_call *call, const char *name, const char *value);
    const char *const *faults; /* their names, NULL at the end; NULL: none */
    const char *help; /* what `seed`, `limit` and the faults take, for the command's help */
} ds_fake_kind;

/* ---- a request ------------------------------------------------------------------------------- */

struct ds_fake_call {
    const char *method;
    const char *path;   /* as sent, without the query */
    const char *query;  /* as sent, behind the "?"; "" */
    const char *origin; /* "http://127.0.0.1:4711", as the client named us */
    const char *body;   /* NUL-terminated; "" */
    size_t body_n;
    const ds_json *json;        /* the body, whatever it says of itself; NULL: it has none */
    const ds_fake_route *route; /* NULL: no route has this path */
    int64_t now_ms;             /* by the stand-in's clock */
    size_t in_flight;           /* requests that were being answered when it came, with it */
    ds_arena *arena;            /* dies with the request */

    /* The answer, by the functions below. */
    int status;
    ds_buf out;
    ds_json_writer json_out;
    const char *type; /* content type; NULL: no body */
    struct {
        const char *name, *value;
    } headers[DS_FAKE_HEADERS_MAX];
    size_t headers_n;

    struct { /* of the path, decoded */
        const char *name, *value;
    } params[DS_FAKE_PARAMS_MAX];
    size_t params_n;
    void *connection; /* the router's */
};

/* A part of the path by its name in the pattern, decoded. Never NULL for a name of the pattern. */
const char *ds_fake_param(const ds_fake_call *call, const char *name);
/* The first value of that name in the query, decoded; NULL: it has none. */
const char *ds_fake_query(const ds_fake_call *call, const char *name);
/* A header, whatever its case; NULL: not sent. */
const char *ds_fake_header(const ds_fake_call *call, const char *name);
/* A whole number of the query; `other` where there is none or it is no number. */
int64_t ds_fake_query_int(const ds_fake_call *call, const char *name, int64_t other);

/* ---- an answer ------------------------------------------------------------------------------- */

/* Begins a JSON answer, dropping what was written before; headers stay. Integers beyond 2^53 are
 * numbers. */
ds_json_writer *ds_fake_json(ds_fake_call *call, int status);
/* A body as it is. `type` NULL: without a body (204, 304). */
void ds_fake_raw(ds_fake_call *call, int status, const char *type, const void *data, size_t n);
/* Sets a header, replacing one of that name. The value is copied. */
DS_PRINTF(3, 4)
void ds_fake_set(ds_fake_call *call, const char *name, const char *fmt, ...);
/* What was set so far; NULL: nothing. */
const char *ds_fake_get(const ds_fake_call *call, const char *name);
/* The body will be sent gzipped: the client takes it and it is worth it. */
bool ds_fake_zips(const ds_fake_call *call);

/* ---- small things kinds need ----------------------------------------------------------------- */

/* "rows=1000,seed=7": the number of a name; `other` where it is not there. false with
 * DS_ERR_CONFIG: it is there and no number from 0 on, or the text is not of that form. */
DS_MUST_USE bool ds_fake_setting(const char *text, const char *name, int64_t other, int64_t *out,
                                 ds_err *err);
/* Refuses names that are not in `names` (NULL at the end), with the nearest one. */
DS_MUST_USE bool ds_fake_settings_known(const char *text, const char *what,
                                        const char *const *names, ds_err *err);
/* Well mixed bits of two numbers: pseudo-random data that is the same in each run. */
uint64_t ds_fake_mix(uint64_t a, uint64_t b);
/* "ada lovelace" of "ada%20lovelace" or "ada+lovelace" (`plus`: of a query). Invalid UTF-8 is
 * repaired. */
const char *ds_fake_decode(ds_arena *a, const char *text, size_t n, bool plus);

/* ---- a server -------------------------------------------------------------------------------- */

/* Listens once it returns. `kind` outlives it, options are read in here. NULL with DS_ERR_CONFIG: a
 * rule or option that cannot be; or DS_ERR_TRANSIENT: the port is taken. */
DS_MUST_USE ds_fake_server *ds_fake_open(const ds_fake_kind *kind, const ds_fake_options *options,
                                         ds_err *err);
int ds_fake_port(const ds_fake_server *s);
/* Serves on this thread until `stop_fd` can be read (an eventfd, a signalfd, a pipe). */
DS_MUST_USE bool ds_fake_run(ds_fake_server *s, int stop_fd, ds_err *err);
/* Only when it does not run. */
void ds_fake_close(ds_fake_server *s);
DS_AUTO_DEFINE(ds_fake_server, ds_fake_close)

/* The kind's state, for routes that are called from outside the loop in tests. */
void *ds_fake_state(ds_fake_server *s);

#endif
