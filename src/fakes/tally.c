/* src/fakes/tally.c - counts by route and status, and a ring of the last requests. */
#include "fakes/tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_ROWS 16384
#define LOG_BYTES_MOST (64 * DS_MIB) /* of bodies, together */
#define STATUS_MOST 600

typedef struct row {
    int64_t n;
    int status; /* -1: not answered yet; 0: hung up */
    char *method, *path, *query, *body;
    size_t body_n;
} row;

struct ds_tally {
    const ds_fake_kind *kind;
    int64_t total, unknown, cut, connections;
    size_t in_flight_most;
    int64_t *routes;
    int64_t statuses[STATUS_MOST];
    bool bodies;
    row log[LOG_ROWS];
    size_t bodies_n; /* bytes that are kept */
};

ds_tally *ds_tally_new(const ds_fake_kind *kind)
{
    ds_tally *t = ds_calloc(1, sizeof *t);

    t->kind = kind;
    t->routes = ds_calloc(kind->routes_n + 1, sizeof *t->routes);
    return t;
}

static void clear_row(ds_tally *t, row *r)
{
    t->bodies_n -= r->body_n;
    free(r->method);
    free(r->path);
    free(r->query);
    free(r->body);
    *r = (row){0};
}

void ds_tally_clear(ds_tally *t)
{
    for (size_t i = 0; i < LOG_ROWS; i++)
        clear_row(t, &t->log[i]);
    memset(t->routes, 0, t->kind->routes_n * sizeof *t->routes);
    memset(t->statuses, 0, sizeof t->statuses);
    t->total = t->unknown = t->cut = t->connections = 0;
    t->in_flight_most = 0;
}

void ds_tally_free(ds_tally *t)
{
    if (!t)
        return;
    ds_tally_clear(t);
    free(t->routes);
    free(t);
}

void ds_tally_keep_bodies(ds_tally *t, bool keep)
{
    t->bodies = keep;
}

void ds_tally_connected(ds_tally *t)
{
    t->connections++;
}

int64_t ds_tally_arrived(ds_tally *t, const ds_fake_call *call)
{
    row *r = &t->log[(t->total + 1) % LOG_ROWS];

    t->total++;
    if (call->route)
        t->routes[call->route - t->kind->routes]++;
    else
        t->unknown++;
    t->in_flight_most = DS_MAX(t->in_flight_most, call->in_flight);
    clear_row(t, r);
    r->n = t->total;
    r->status = -1;
    r->method = ds_strdup(call->method);
    r->path = ds_strdup(call->path);
    r->query = ds_strdup(call->query);
    if (t->bodies && call->body_n > 0 && t->bodies_n + call->body_n <= LOG_BYTES_MOST) {
        r->body = ds_calloc(call->body_n + 1, 1);
        r->body_n = call->body_n;
        memcpy(r->body, call->body, call->body_n);
        t->bodies_n += r->body_n;
    }
    return t->total;
}

void ds_tally_ended(ds_tally *t, int64_t number, int status)
{
    row *r = &t->log[number % LOG_ROWS];

    if (status == 0)
        t->cut++;
    else if (status > 0 && status < STATUS_MOST)
        t->statuses[status]++;
    if (r->n == number)
        r->status = status;
}

static void show_count(ds_json_writer *w, const char *name, int64_t n)
{
    ds_json_w_name(w, name);
    ds_json_w_int(w, n);
}

static void show_routes(const ds_tally *t, ds_json_writer *w)
{
    ds_json_w_name(w, "calls");
    ds_json_w_begin_object(w);
    for (size_t i = 0; i < t->kind->routes_n; i++) {
        char name[200];

        snprintf(name, sizeof name, "%s %s", t->kind->routes[i].method, t->kind->routes[i].path);
        if (t->routes[i])
            show_count(w, name, t->routes[i]);
    }
    if (t->unknown)
        show_count(w, "no such route", t->unknown);
    ds_json_w_end_object(w);
}

void ds_tally_show_calls(const ds_tally *t, ds_json_writer *w)
{
    ds_json_w_begin_object(w);
    show_count(w, "total", t->total);
    show_routes(t, w);
    ds_json_w_name(w, "statuses");
    ds_json_w_begin_object(w);
    for (int status = 100; status < STATUS_MOST; status++) {
        char name[8];

        snprintf(name, sizeof name, "%d", status);
        if (t->statuses[status])
            show_count(w, name, t->statuses[status]);
    }
    ds_json_w_end_object(w);
    show_count(w, "cut", t->cut);
    show_count(w, "in_flight_most", (int64_t)t->in_flight_most);
    show_count(w, "connections", t->connections);
    ds_json_w_end_object(w);
}

static void show_row(const row *r, ds_json_writer *w)
{
    ds_json_w_begin_object(w);
    show_count(w, "n", r->n);
    ds_json_w_name(w, "method");
    ds_json_w_text(w, r->method);
    ds_json_w_name(w, "path");
    ds_json_w_text(w, r->path);
    ds_json_w_name(w, "query");
    ds_json_w_text(w, r->query);
    ds_json_w_name(w, "status");
    if (r->status < 0)
        ds_json_w_null(w);
    else
        ds_json_w_int(w, r->status);
    if (r->body) {
        ds_json_w_name(w, "body");
        ds_json_w_text_n(w, r->body, r->body_n);
    }
    ds_json_w_end_object(w);
}

void ds_tally_show_log(const ds_tally *t, ds_json_writer *w)
{
    int64_t first = t->total > LOG_ROWS ? t->total - LOG_ROWS + 1 : 1;

    ds_json_w_begin_list(w);
    for (int64_t n = first; n <= t->total; n++)
        if (t->log[n % LOG_ROWS].n == n)
            show_row(&t->log[n % LOG_ROWS], w);
    ds_json_w_end_list(w);
}
