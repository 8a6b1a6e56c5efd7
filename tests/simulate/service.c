/* tests/simulate/service.c
 *
 * The destination as a service somewhere else: rows in seven styles of API, requests that get lost
 * before or after they were applied, or are applied minutes after everybody has given up.
 */
#include "tests/simulate/sim.h"

#include <string.h>

enum { LATES = 256 };

const api models[7] = {
    {.name = "client id",
     .promise = DS_PROMISE_A,
     .upserts = true,
     .finds = true,
     .by_id = true,
     .generation = true},
    {.name = "unique key",
     .promise = DS_PROMISE_A,
     .upserts = true,
     .finds = true,
     .unique = true,
     .generation = true},
    {.name = "key column",
     .promise = DS_PROMISE_B,
     .finds = true,
     .generation = true,
     .lag_ms = 60000},
    {.name = "external id", .promise = DS_PROMISE_B, .finds = true, .generation = true},
    {.name = "two steps", .promise = DS_PROMISE_C, .finds = true, .two_steps = true},
    {.name = "slug",
     .promise = DS_PROMISE_B,
     .finds = true,
     .renames = true,
     .generation = true,
     .lag_ms = 10000},
    {.name = "listing only", .promise = DS_PROMISE_C},
};

static struct {
    sim_row rows[ROWS];
    size_t n;
    struct {
        request r;
        int64_t at_ms;
    } late[LATES];
    size_t late_n;
    const request *in_flight; /* sent, not applied yet */
} s;

const api *the_model(void)
{
    return &models[w.k.model];
}

void service_start(void)
{
    memset(&s, 0, sizeof(s));
}

sim_row *service_rows(size_t *n)
{
    *n = s.n;
    return s.rows;
}

sim_row *service_row_of(int key, size_t *n)
{
    sim_row *first = NULL;

    *n = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (!s.rows[i].there || s.rows[i].archived || s.rows[i].made_for != key)
            continue;
        first = first ? first : &s.rows[i];
        (*n)++;
    }
    return first;
}

static sim_row *new_row(int key, int made_for)
{
    sim_row *r = &s.rows[s.n];

    if (s.n + 1 >= ROWS) {
        violation("the destination is full: %d rows were made", ROWS);
        s.n = 0;
    }
    *r = (sim_row){.id = (int)s.n + 1, .key = key, .made_for = made_for, .there = true};
    r->shows_ms = w.now_ms + (the_model()->lag_ms ? dice((uint32_t)the_model()->lag_ms) : 0);
    s.n++;
    return r;
}

/* Without a key, with one that no record has, and one that looks like a row of ours. */
void service_add_strangers(void)
{
    static const int keys[STRANGERS] = {-1, KEYS + 5, -1};

    for (size_t i = 0; i < STRANGERS; i++) {
        sim_row *r = &s.rows[s.n++];

        *r = (sim_row){.id = (int)s.n, .key = keys[i], .made_for = -1, .there = true};
        r->by_hand = r->stranger = true;
        r->values[P_NAME] = 800 + r->id;
        r->note = r->values[P_NOTE] = 70 + r->id;
    }
}

void service_note(int64_t number)
{
    sim_row *r = s.n ? &s.rows[(size_t)number % s.n] : NULL;

    if (r)
        r->note = r->values[P_NOTE] = (int)(number % 1000);
}

sim_row *service_add_by_hand(int key)
{
    sim_row *r = new_row(key, key);

    r->by_hand = true;
    r->made_for = key;
    r->shows_ms = 0;
    r->values[P_NAME] = 900 + key;
    return r;
}

/* ---- what a request does --------------------------------------------------------------------- */

static sim_row *by_key(int key)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.rows[i].there && !s.rows[i].archived && s.rows[i].key == key)
            return &s.rows[i];
    return NULL;
}

static sim_row *by_id(int id)
{
    return id > 0 && id <= (int)s.n && s.rows[id - 1].there && !s.rows[id - 1].archived
               ? &s.rows[id - 1]
               : NULL;
}

static void write_values(sim_row *r, const request *q, bool is_new)
{
    for (int i = 0; i < PROPS; i++) {
        if (!q->has[i] || (!is_new && q->only_new[i]))
            continue;
        if (i == P_ORIGIN && !is_new)
            violation("I5: the create-only property of %s was written again", key_text(q->key));
        r->values[i] = q->values[i];
    }
    r->touched = false;
    if (q->has[P_NAME])
        records[q->key].excused_ms = 0;
}

/* What the new row says of its key: nothing before a second step; a slug that is taken gets another
 * one. */
static int key_shown(int key)
{
    const api *m = the_model();

    return m->two_steps || !m->finds || (m->renames && by_key(key)) ? -1 : key;
}

static answer create(const request *q, int *id)
{
    const api *m = the_model();
    sim_row *r = m->by_id || m->unique ? by_key(q->key) : NULL;
    bool is_new = !r;
    size_t n;

    if (r && m->unique)
        return A_CONFLICT;
    if (!r)
        r = new_row(key_shown(q->key), q->key);
    write_values(r, q, is_new);
    *id = r->id;
    (void)service_row_of(q->key, &n);
    if (n > 1)
        violation("I1: %zu rows of %s", n, key_text(q->key));
    return is_new ? A_OK : A_MET;
}

static answer take_away(const request *q)
{
    sim_row *r = by_id(q->id);

    if (!r)
        return A_OK; /* it is not there: done */
    if (r->by_hand)
        violation("I4: a row that a person made was removed, of %s", key_text(q->key));
    if (q->verb == V_ARCHIVE)
        r->archived = true;
    else
        r->there = false;
    return A_OK;
}

static answer carry_out(const request *q, int *id)
{
    sim_row *r = q->verb == V_UPDATE && the_model()->by_id ? by_key(q->key) : by_id(q->id);

    trace("applied", (int64_t)q->verb * 1000 + q->key);
    switch (q->verb) {
    case V_CREATE:
        return create(q, id);
    case V_UPDATE:
        if (!r)
            return A_GONE;
        if (r->made_for != q->key)
            violation("I4: the row of another was written under %s", key_text(q->key));
        write_values(r, q, false);
        *id = r->id;
        return A_OK;
    case V_STAMP:
        if (r)
            r->key = q->key;
        return r ? A_OK : A_GONE;
    case V_REMOVE:
    case V_ARCHIVE:
        return take_away(q);
    }
    return A_OK;
}

static answer apply(const request *q, int *id)
{
    answer a = carry_out(q, id);

    check_strangers();
    return a;
}

/* ---- late ones ------------------------------------------------------------------------------- */

static void apply_later(const request *q)
{
    if (s.late_n == LATES)
        return;
    s.late[s.late_n].r = *q;
    s.late[s.late_n++].at_ms = w.now_ms + dice(LATE_MS);
}

int64_t service_next_late(void)
{
    int64_t next_ms = INT64_MAX;

    for (size_t i = 0; i < s.late_n; i++)
        next_ms = DS_MIN(next_ms, s.late[i].at_ms);
    return next_ms;
}

void service_apply_late(int64_t now_ms)
{
    for (size_t i = 0; i < s.late_n;) {
        request q = s.late[i].r;
        int id = 0;

        if (s.late[i].at_ms > now_ms) {
            i++;
            continue;
        }
        s.late[i] = s.late[--s.late_n];
        trace("late", q.key);
        (void)apply(&q, &id);
    }
}

void service_crashed(void)
{
    if (s.in_flight && dice(2))
        apply_later(s.in_flight);
    s.in_flight = NULL;
}

/* ---- a call ---------------------------------------------------------------------------------- */

/* I8, I11, I13, I15: whether a call may leave at all. */
void limit_call(int host)
{
    pass_run *p = w.top;

    w.counts[host]++;
    if (!p) {
        violation("a call outside of any pass");
        return;
    }
    p->calls++;
    if (!p->other && w.now_ms < w.gate_ms[host])
        violation("I13: host %d was called %lld ms before its Retry-After ended", host,
                  (long long)(w.gate_ms[host] - w.now_ms));
    if (!p->other && w.paused_now && ++p->after_pause > 4)
        violation("I8: %d calls of a pass that is paused", p->after_pause);
    if (p->calls > 20 + w.k.records * 8)
        violation("I15: %d calls in one pass over %d records", p->calls, w.k.records);
}

static void may_write(int key)
{
    pass_run *p = w.top;

    if (p && !p->other && p->epoch != w.epoch)
        violation("I11: %s was written by pass %lld, which %lld has followed", key_text(key),
                  (long long)p->epoch, (long long)w.epoch);
}

/* The other route is told nothing of that: it would wait, which the first one does as well. */
static bool gate(int host, answer *a)
{
    unsigned rate = w.top && w.top->other ? 0 : w.k.rate;

    if (event("429", rate)) {
        w.gate_ms[host] = w.now_ms + 1000 + dice(180000);
        w.gate_told[host] = false;
        *a = A_WAIT;
        return true;
    }
    if (event("401", w.k.auth)) {
        *a = A_AUTH;
        return true;
    }
    if (event("no connection", w.k.fault)) {
        *a = A_NOT_SENT;
        return true;
    }
    return false;
}

static int64_t latency(void)
{
    return 20 + dice(200);
}

answer service_ask(const char *what, ds_activity *act)
{
    answer a;

    (void)act;
    other_between();
    sim_op(what);
    limit_call(1);
    pass_time(latency());
    if (gate(1, &a))
        return a;
    return event("look-up lost", w.k.fault) ? A_UNKNOWN : A_OK;
}

/* Its answer is not awaited any more: whether it arrives, and when, only the service knows. */
static answer lost(const request *q, int *id)
{
    pass_time(TIMEOUT_MS);
    if (event("applied late", w.k.late))
        apply_later(q);
    else if (dice(2))
        (void)apply(q, id);
    *id = 0;
    return A_UNKNOWN;
}

answer service_call(const request *q, int *id)
{
    bool poisoned = w.k.poison && q->key == POISON && q->verb <= V_UPDATE;
    answer a;

    *id = 0;
    other_between();
    limit_call(1);
    may_write(q->key);
    if (q->verb == V_CREATE)
        check_intent_durable(q->key);
    s.in_flight = q;
    sim_op("request");
    pass_time(latency());
    s.in_flight = NULL;
    if (gate(1, &a))
        return a;
    if (event("answer lost", w.k.fault))
        return lost(q, id);
    a = poisoned ? A_REFUSED : apply(q, id);
    sim_op("answer");
    pass_time(latency());
    other_between();
    if (event("suspended", w.k.zombie))
        suspend_here();
    return a;
}

ds_err_kind fail_call(answer a, int host, ds_err *err)
{
    switch (a) {
    case A_WAIT:
        ds_fail(err, DS_ERR_RATE_LIMITED, "HTTP 429");
        err->retry_after_ms = w.gate_ms[host] - w.now_ms;
        break;
    case A_AUTH:
        /* What a careless connector would make of it. */
        ds_fail(err, DS_ERR_AUTH, "HTTP 401%s",
                ds_planted("secret told")
                    ? ds_secret_reveal(
                          ((const sim_source_settings *)the_route()->source_settings)->token)
                    : "");
        err->http_status = 401;
        break;
    case A_OK:
    case A_MET:
    case A_GONE:
    case A_CONFLICT:
    case A_REFUSED:
    case A_UNKNOWN:
    case A_NOT_SENT:
        ds_fail(err, DS_ERR_TRANSIENT, "no answer");
        break;
    }
    return err->kind;
}

/* ---- look-ups -------------------------------------------------------------------------------- */

size_t service_find(int key, const sim_row **first)
{
    size_t n = 0;

    *first = NULL;
    for (size_t i = 0; i < s.n; i++) {
        const sim_row *r = &s.rows[i];

        if (!r->there || r->archived || r->key != key || r->shows_ms > w.now_ms)
            continue;
        *first = *first ? *first : r;
        n++;
    }
    return n;
}
