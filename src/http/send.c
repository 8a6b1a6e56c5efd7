/* src/http/send.c
 *
 * A batch of requests on the calling thread: started in their order as handles, budget and back-off
 * allow, waited for together, each brought to its end.  Who stops the pass wakes the wait; where
 * there is no bell for that it is cut short often enough to notice.  No request outlives the lease.
 */
#include "http/internal.h"

#include <assert.h>
#include <string.h>

#define LOOK_MS INT64_C(50)          /* between two looks, where nobody rings */
#define SLEEP_MS INT64_C(10000)      /* where somebody does */
#define LEASE_LEAST_MS INT64_C(1000) /* with less left no write is begun: it could not end */
#define LIMITED_MOST 20 /* refusals of one request before the wait becomes the engine's */

typedef struct batch {
    ds_http *http;
    ds_activity *act;
    ds_err *err;
    job *jobs;
    size_t n, first; /* none before `first` waits */
    size_t flying, ended;
    int fails;        /* in a row, of requests that had all their tries */
    bool over;        /* something that concerns all: nothing more is started */
    bool limited;     /* it was said that a limit is sat out */
    int64_t opens_ms; /* when the budget that some wait for opens; 0: none does */
    int64_t grace_ms; /* cancelled: until then writes may end; 0: not cancelled */
    struct curl_waitfd bells[DS_WAKE_FDS];
    unsigned bells_n;
} batch;

/* ---- how a request ends -----------------------------------------------------------------------
 */

static void end_job(batch *b, job *j, ds_http_fate fate)
{
    j->req->fate = fate;
    j->state = JOB_ENDED;
    b->ended++;
}

/* Nobody knows: of what changes nothing there is nothing to know. */
static ds_http_fate lost_fate(const job *j)
{
    return j->left && !is_read(j->req->method) ? DS_HTTP_UNKNOWN : DS_HTTP_NOT_SENT;
}

static bool concerns_all(batch *b, const ds_err *err)
{
    if (!b->over)
        *b->err = *err;
    b->over = true;
    return false;
}

/* Half of the wait is fixed and half depends on what is asked, so that those who failed together
 * do not come back together. */
static int64_t backoff_ms(const batch *b, const job *j)
{
    uint64_t hash = UINT64_C(14695981039346656037) + (uint64_t)j->tries;
    const char *texts[] = {ds_activity_route(b->act), j->req->method, j->url};
    int64_t whole = BACKOFF_FIRST_MS << (j->tries - 1);

    for (size_t i = 0; i < DS_COUNT(texts); i++) {
        for (const char *at = texts[i]; *at; at++)
            hash = (hash ^ (unsigned char)*at) * UINT64_C(1099511628211);
    }
    return whole / 2 + (int64_t)(hash >> 33) % (whole / 2);
}

static void again(job *j, int64_t at_ms)
{
    j->state = JOB_WAITS;
    j->not_before_ms = at_ms;
}

/* Failed for now: once more, or for good; and after several of those none of the rest is tried. */
static void failed_for_now(batch *b, job *j, bool safe, ds_http_fate fate, bool host)
{
    const ds_http_request *req = j->req;

    if (safe && j->tries < TRIES && !b->over) {
        again(j, mono_ms() + backoff_ms(b, j));
        return;
    }
    end_job(b, j, fate);
    b->fails++;
    if (b->fails >= FAILS_IN_A_ROW || host)
        concerns_all(b, &req->err);
}

/* ---- answers ----------------------------------------------------------------------------------
 */

static bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* False: it stays what it is. */
static bool follow(batch *b, job *j)
{
    const char *to = ds_http_header_of(&j->req->answer, "location"), *url;

    if (!is_redirect(j->req->status) || !is_read(j->req->method) || !to ||
        j->redirects >= REDIRECTS)
        return false;
    url = url_redirect(&b->http->base, j->url, to, ds_activity_arena(b->act));
    if (!url)
        return false;
    j->url = url;
    j->redirects++;
    again(j, 0);
    return true;
}

static void tell_budget(const job *j, int64_t sent_ms, const ds_http_verdict *v)
{
    ds_budget_news news = {.wait_ms = v->wait_ms,
                           .first_ms = v->first_ms,
                           .limit = v->limit,
                           .remaining = v->remaining,
                           .reset_ms = v->reset_ms};

    if (v->sign == DS_HTTP_LIMITED)
        news.end = DS_BUDGET_REFUSED;
    else if (v->wait_ms >= 0 && (v->sign == DS_HTTP_BUSY || v->sign == DS_HTTP_TRANSIENT))
        news.end = DS_BUDGET_BUSY;
    pool_answer(j->pool, j->cost, sent_ms, mono_ms(), &news);
}

static void limited(batch *b, job *j)
{
    ds_err err = j->req->err;

    if (++j->limited < LIMITED_MOST && !b->over) {
        again(j, 0); /* the budget knows until when */
        return;
    }
    end_job(b, j, lost_fate(j));
    err.kind = DS_ERR_RATE_LIMITED;
    err.retry_after_ms = DS_MINUTE_MS;
    concerns_all(b, &err);
}

static void answered(batch *b, job *j, int64_t sent_ms)
{
    static const ds_err_kind kinds[] = {
        [DS_HTTP_FINE] = DS_ERR_NONE,           [DS_HTTP_LIMITED] = DS_ERR_TRANSIENT,
        [DS_HTTP_BUSY] = DS_ERR_TRANSIENT,      [DS_HTTP_AUTH] = DS_ERR_AUTH,
        [DS_HTTP_TRANSIENT] = DS_ERR_TRANSIENT, [DS_HTTP_PERMANENT] = DS_ERR_PERMANENT,
    };
    ds_http_request *req = j->req;
    bool read = is_read(req->method);
    ds_http_verdict v;

    verdict_of(b->http, &req->answer, ds_activity_now_ms(b->act), ds_activity_arena(b->act), &v);
    tell_budget(j, sent_ms, &v);
    if (v.sign == DS_HTTP_PERMANENT && follow(b, j))
        return;
    if (v.sign != DS_HTTP_FINE)
        fail_answer(&req->err, kinds[v.sign], b->http, req, req->status, v.text);
    b->http->proven |= v.sign == DS_HTTP_FINE || v.sign == DS_HTTP_PERMANENT;
    switch (v.sign) {
    case DS_HTTP_FINE:
    case DS_HTTP_PERMANENT:
        b->fails = 0;
        end_job(b, j, DS_HTTP_ANSWERED);
        break;
    case DS_HTTP_LIMITED:
        limited(b, j);
        break;
    case DS_HTTP_BUSY:
        failed_for_now(b, j, true, lost_fate(j), false);
        break;
    case DS_HTTP_AUTH:
        end_job(b, j, DS_HTTP_ANSWERED);
        concerns_all(b, &req->err);
        break;
    case DS_HTTP_TRANSIENT:
        j->left = true;
        failed_for_now(b, j, req->repeatable || read, read ? DS_HTTP_ANSWERED : DS_HTTP_UNKNOWN,
                       false);
        break;
    }
}

/* ---- one that came to its end without an answer ------------------------------------------------
 */

/* It is no longer on its way, and that is all there is to learn. */
static void tell_budget_nothing(const job *j, const slot *s)
{
    ds_budget_news news = {
        .end = DS_BUDGET_UNKNOWN, .wait_ms = -1, .limit = -1, .remaining = -1, .reset_ms = -1};

    pool_answer(j->pool, j->cost, s->sent_ms, mono_ms(), &news);
}

static void not_answered(batch *b, job *j, const slot *s, CURLcode result)
{
    ds_err *err = &j->req->err;
    ds_http_fate fate;

    j->left |= slot_may_have_left(s);
    fate = lost_fate(j);
    fail_transfer(err, s, result);
    tell_budget_nothing(j, s);
    if (err->kind == DS_ERR_TRANSIENT) {
        failed_for_now(b, j, j->req->repeatable || fate == DS_HTTP_NOT_SENT, fate,
                       is_about_host(result));
        return;
    }
    end_job(b, j, fate);
    if (err->kind == DS_ERR_CONFIG)
        concerns_all(b, err);
}

static void land(batch *b, slot *s, CURLcode result)
{
    job *j = s->job;
    int64_t sent_ms = s->sent_ms;

    curl_multi_remove_handle(b->http->multi, s->easy);
    b->flying--;
    if (!is_read(j->req->method))
        ds_crashpoint("request answered");
    j->req->err = DS_ERR_INIT;
    if (result == CURLE_OK && !s->head_whole)
        result = CURLE_GOT_NOTHING;
    if (result == CURLE_OK && s->cut == CUT_NONE) {
        slot_answer(s, ds_activity_arena(b->act), &j->req->answer);
        j->req->status = j->req->answer.status;
        slot_free_job(s);
        answered(b, j, sent_ms);
        return;
    }
    j->req->answer = (ds_http_answer){.body = ""};
    j->req->status = 0;
    not_answered(b, j, s, result);
    slot_free_job(s);
}

static bool land_all(batch *b)
{
    CURLMsg *message;
    bool any = false;
    int left;

    while ((message = curl_multi_info_read(b->http->multi, &left))) {
        char *from = NULL;

        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &from);
        land(b, (slot *)(void *)from, message->data.result);
        any = true;
    }
    return any;
}

/* ---- starting ---------------------------------------------------------------------------------
 */

static slot *free_slot(ds_http *http)
{
    for (size_t i = 0; i < http->slots_n; i++) {
        if (!http->slots[i].job)
            return &http->slots[i];
    }
    return NULL;
}

static void start_job(batch *b, job *j, int64_t now)
{
    slot *s = free_slot(b->http);

    assert(s); /* who starts one has seen that a place is free */
    if (!s->easy && !slot_init(s, b->http))
        ds_out_of_memory(0);
    j->state = JOB_FLIES;
    j->tries++;
    b->flying++;
    slot_load(s, j);
    s->sent_ms = now;
    if (!is_read(j->req->method))
        ds_crashpoint("request");
    ds_activity_count(b->act, j->req->endpoint ? j->req->endpoint : j->req->method);
    if (curl_multi_add_handle(b->http->multi, s->easy) != CURLM_OK)
        ds_out_of_memory(0);
}

static size_t most_at_once(const ds_http *http)
{
    return http->token && !http->proven ? 1 : http->slots_n;
}

/* Starts what may start now. Until when there is no use in asking again; INT64_MAX: until one that
 * is on its way ends. */
static int64_t start_jobs(batch *b, int64_t now)
{
    const pool_budget *waits = NULL;
    int64_t next = INT64_MAX, wait;

    b->opens_ms = 0;
    for (size_t i = b->first; i < b->n && b->flying < most_at_once(b->http); i++) {
        job *j = &b->jobs[i];

        if (j->state != JOB_WAITS) {
            b->first += i == b->first && j->state == JOB_ENDED;
            continue;
        }
        if (!is_read(j->req->method) && ds_activity_lease_ms(b->act) < LEASE_LEAST_MS) {
            next = DS_MIN(next, now + LOOK_MS); /* it is prolonged, or ends */
            continue;
        }
        if (j->not_before_ms > now || j->pool == waits) {
            next = j->pool == waits ? next : DS_MIN(next, j->not_before_ms);
            continue;
        }
        wait = pool_ask(j->pool, j->cost, now);
        if (wait == 0) {
            start_job(b, j, now);
            continue;
        }
        waits = j->pool;
        b->opens_ms = now + wait;
        next = DS_MIN(next, now + wait);
    }
    return next;
}

/* ---- stopping ---------------------------------------------------------------------------------
 */

/* A read is dropped at once; a write that has left may end within the grace, unless the lease is
 * over: then another may be at work, and must not be overtaken. */
static void cut_off(batch *b, bool all)
{
    for (size_t i = 0; i < b->http->slots_n; i++) {
        slot *s = &b->http->slots[i];
        job *j = s->job;

        if (!j || (!all && !is_read(j->req->method) && slot_may_have_left(s)))
            continue;
        curl_multi_remove_handle(b->http->multi, s->easy);
        b->flying--;
        j->left |= slot_may_have_left(s);
        tell_budget_nothing(j, s);
        end_job(b, j, lost_fate(j));
        ds_fail(&j->req->err, DS_ERR_CANCELLED, "stopped while waiting for %s", b->http->base.host);
        slot_free_job(s);
    }
}

static void notice_stop(batch *b, int64_t now)
{
    ds_err err = DS_ERR_INIT;

    if (!ds_activity_stopping(b->act))
        return;
    if (!b->grace_ms) {
        ds_fail(&err, DS_ERR_CANCELLED, "stopped while waiting for %s", b->http->base.host);
        b->over = false; /* whatever else there was: nobody waits for it any more */
        concerns_all(b, &err);
        b->grace_ms = now + GRACE_MS;
    }
    cut_off(b, now >= b->grace_ms || ds_activity_lease_ms(b->act) == 0);
}

static void wait_elsewhere(batch *b, int64_t wait_ms)
{
    ds_err err = DS_ERR_INIT;

    ds_fail(&err, DS_ERR_RATE_LIMITED, "%s: the rate limit is reached; it opens in %lld s",
            b->http->base.host, (long long)(wait_ms + 999) / 1000);
    err.retry_after_ms = wait_ms;
    concerns_all(b, &err);
}

/* Whoever watches hears that nothing goes out, and until when. */
static void tell_limit(batch *b, int64_t now)
{
    bool limited = b->opens_ms && !b->flying && b->ended < b->n && !b->over;

    if (limited)
        ds_activity_limited(b->act, ds_activity_now_ms(b->act) + b->opens_ms - now);
    else if (b->limited)
        ds_activity_limited(b->act, 0);
    b->limited = limited;
}

/* ---- the batch --------------------------------------------------------------------------------
 */

static bool check_headers(const ds_http_request *req, ds_err *err)
{
    char name[256];

    for (size_t i = 0; i < req->headers_n; i++) {
        if (!header_is_sound(&req->headers[i]))
            return ds_fail(err, DS_ERR_PERMANENT,
                           "%s: a header holds a line break or another character that cannot be "
                           "sent",
                           request_name(req, name, sizeof(name)));
    }
    return true;
}

static void make_job(batch *b, size_t i, ds_http_request *req)
{
    job *j = &b->jobs[i];

    req->fate = DS_HTTP_NOT_SENT;
    req->status = 0;
    req->answer = (ds_http_answer){.body = ""};
    req->err = DS_ERR_INIT;
    *j = (job){.req = req,
               .cost = DS_MAX(req->cost, 1),
               .timeout_ms = req->timeout_ms > 0 ? req->timeout_ms : TIMEOUT_MS,
               .pool = client_pool_of(b->http, b->act, req->pool)};
    j->url = url_of(&b->http->base, req->path, ds_activity_arena(b->act), &req->err);
    if (!j->url || !check_headers(req, &req->err))
        end_job(b, j, DS_HTTP_NOT_SENT);
}

static void hang_bells(batch *b)
{
    int fds[DS_WAKE_FDS] = {0};
    unsigned n = (unsigned)DS_MIN(ds_activity_wake_fds(b->act, fds), (size_t)DS_WAKE_FDS);

    for (unsigned i = 0; i < n; i++)
        b->bells[i] = (struct curl_waitfd){.fd = fds[i], .events = CURL_WAIT_POLLIN};
    b->bells_n = n;
}

/* Until something arrives, something may start, or the pass is to stop. */
static void wait_for_news(batch *b, int64_t until_ms, int64_t now)
{
    bool rings = b->bells_n && !b->grace_ms; /* what has rung goes on ringing */
    int64_t most = rings ? SLEEP_MS : LOOK_MS;

    most = DS_MIN(most, ds_activity_lease_ms(b->act));
    most = DS_MAX(DS_MIN(until_ms - now, most), 1);
    curl_multi_poll(b->http->multi, rings ? b->bells : NULL, rings ? b->bells_n : 0, (int)most,
                    NULL);
}

static void run(batch *b)
{
    while (b->ended < b->n) {
        int64_t now = mono_ms(), next;
        int flying;

        notice_stop(b, now);
        next = b->over ? INT64_MAX : start_jobs(b, now);
        if (!b->flying && next != INT64_MAX && next - now > SIT_OUT_MS)
            wait_elsewhere(b, next - now);
        tell_limit(b, now);
        if (!b->flying && (b->over || b->ended == b->n))
            return;
        curl_multi_perform(b->http->multi, &flying);
        if (!land_all(b))
            wait_for_news(b, next, now);
    }
}

static void leave_pools(batch *b)
{
    for (size_t i = 0; i < b->http->pools_n; i++) {
        pool_give_up(b->http->pools[i].budget);
        pool_keep(b->http->pools[i].budget, b->act);
    }
}

bool ds_http_send(ds_http *http, ds_activity *act, ds_http_request *requests, size_t n, ds_err *err)
{
    batch b = {.http = http, .act = act, .err = err, .n = n};

    b.jobs = ds_arena_alloc(ds_activity_arena(act), (n + 1) * sizeof(*b.jobs));
    for (size_t i = 0; i < n; i++)
        make_job(&b, i, &requests[i]);
    hang_bells(&b);
    run(&b);
    if (b.limited)
        ds_activity_limited(act, 0);
    for (size_t i = 0; i < n; i++) {
        if (b.jobs[i].state != JOB_ENDED)
            requests[i].fate = lost_fate(&b.jobs[i]);
    }
    leave_pools(&b);
    return !b.over;
}
