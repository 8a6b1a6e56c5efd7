/* src/engine/common/notifier.c
 *
 * What is recorded for people leaves.  When something is due, and until when it is somebody's, is
 * told by the store's clock: a lease by one's own would be none for a process whose clock is ahead,
 * and outlive its holder for one whose clock is behind.
 */
#include "engine/common/notifier.h"

#include "base/crashpoint.h"
#include "base/log.h"
#include "base/thread.h"
#include "engine/common/news.h"
#include "engine/common/notice_box.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#define LOOK_MS (5 * DS_SECOND_MS) /* for what others recorded, and did not live to send */
#define LOOKED_AT ((size_t)64)
#define RENEW_MS (3 * DS_SECOND_MS)
#define NUMBER_BITS 52 /* of a sender: JSON keeps so many */

typedef struct sender {
    struct ds_notifier *of;
    ds_notice_channel *channel;
    pthread_t thread;
    uint64_t heard;   /* of the notifier's calls */
    int64_t wait_ms;  /* until something is due that is known; 0: nothing is */
    int64_t number;   /* among the senders of all processes */
    atomic_bool stop; /* what is on its way is to end */
    /* under the notifier's lock: what is on its way */
    int64_t machine; /* 0: nothing */
    int64_t n;       /* of the notice */
} sender;

struct ds_notifier {
    ds_store *store;
    ds_clock *clock;
    atomic_bool stops;
    pthread_mutex_t lock;
    pthread_cond_t called;
    uint64_t calls; /* under `lock` */
    sender senders[DS_NOTICE_CHANNELS];
    size_t senders_n;
    pthread_t keeper; /* of their leases */
    bool keeps;
};

/* ---- in the store ---------------------------------------------------------------------------- */

typedef struct taking { /* one notice: taken, then what became of it */
    ds_job job;         /* first */
    const ds_notifier *of;
    const char *channel;
    int64_t by; /* the sender's number */
    ds_arena *a;
    /* out of the first, into the second */
    int64_t machine; /* 0: nothing is due, and wait_ms tells how long it is until something is */
    int64_t wait_ms;
    const char *unit;
    ds_notice notice;
    bool arrived;
    ds_err sent;
    size_t lost;
    int64_t failures;
} taking;

static bool look_at_clock(const taking *t, ds_tx *tx, int64_t *now_ms, ds_err *err)
{
    ds_clock *own = t->of->clock;

    return ds_tx_now(tx, own->now_ms(own), now_ms, err);
}

static bool read_box(const taking *t, ds_tx *tx, int64_t id, ds_machine_row **row,
                     ds_notice_box *box, ds_err *err)
{
    return ds_tx_machine_lock(tx, DS_NOTICE_KIND, id, NULL, err) &&
           ds_tx_machine_get(tx, DS_NOTICE_KIND, id, NULL, t->a, row, err) &&
           ds_notice_box_read(*row, t->a, box, err);
}

/* It may be another's since it was found to be due: a lease is a time to come. */
static bool take_one(taking *t, ds_tx *tx, int64_t id, int64_t now, ds_err *err)
{
    ds_machine_row *row;
    ds_notice_box box;

    if (!read_box(t, tx, id, &row, &box, err))
        return false;
    if (!row || box.lease_ms > now)
        return true;
    t->unit = ds_news_of_unit(row->name, t->channel);
    t->lost = ds_notice_box_give_up(&box, now);
    box.lease_ms = box.lease_of = 0;
    if (box.queue_n && box.retry_ms <= now) {
        t->machine = id;
        t->notice = box.queue[0];
        box.lease_ms = now + DS_NOTICE_LEASE_MS;
        box.lease_of = t->by;
    }
    return ds_notice_box_save(tx, &box, row, ds_notice_box_due(&box, now), t->a, err);
}

static bool take_due(ds_job *job, ds_tx *tx, ds_err *err)
{
    taking *t = (taking *)job;
    int64_t now, next_ms;
    const int64_t *ids;
    size_t n;

    t->machine = 0;
    t->lost = 0;
    if (!look_at_clock(t, tx, &now, err) ||
        !ds_tx_machines_due_of(tx, DS_NOTICE_KIND, ds_news_names_of(t->channel, t->a), now,
                               LOOKED_AT, t->a, &ids, &n, &next_ms, err))
        return false;
    t->wait_ms = next_ms ? DS_MAX(next_ms - now, 1) : 0;
    for (size_t i = 0; i < n && !t->machine; i++) {
        if (!take_one(t, tx, ids[i], now, err))
            return false;
    }
    return true;
}

/* Where another has it by now, that one tells what became of its own try. */
static bool put_back(ds_job *job, ds_tx *tx, ds_err *err)
{
    taking *t = (taking *)job;
    ds_machine_row *row;
    ds_notice_box box;
    int64_t now;
    bool ours;

    if (!look_at_clock(t, tx, &now, err) || !read_box(t, tx, t->machine, &row, &box, err))
        return false;
    ours = box.lease_of == t->by;
    if (!row || (!ours && !t->arrived))
        return true;
    ds_notice_box_outcome(&box, t->notice.n, t->arrived, &t->sent, now);
    if (ours)
        box.lease_ms = box.lease_of = 0;
    t->failures = box.failures;
    return ds_notice_box_save(tx, &box, row, ds_notice_box_due(&box, now), t->a, err);
}

/* *arrived stays false where the lease is another's. */
static bool renew(ds_job *job, ds_tx *tx, ds_err *err)
{
    taking *t = (taking *)job;
    ds_machine_row *row;
    ds_notice_box box;
    int64_t now;

    if (!look_at_clock(t, tx, &now, err) || !read_box(t, tx, t->machine, &row, &box, err))
        return false;
    t->arrived = row && box.lease_of == t->by;
    if (!t->arrived)
        return true;
    box.lease_ms = now + DS_NOTICE_LEASE_MS;
    return ds_notice_box_save(tx, &box, row, ds_notice_box_due(&box, now), t->a, err);
}

/* ---- one notice ------------------------------------------------------------------------------ */

static void log_outcome(const taking *t)
{
    if (t->arrived)
        ds_log(DS_LOG_INFO, "notice_sent", "by", t->channel, "unit", t->unit, NULL);
    else if (t->sent.kind != DS_ERR_CANCELLED && t->failures == 1)
        ds_log(DS_LOG_WARN, "notice_failed", "by", t->channel, "unit", t->unit, "error",
               t->sent.text, "text", "it is tried again for a day", NULL);
}

static bool on_store(const ds_notifier *n, taking *t, bool (*run)(ds_job *, ds_tx *, ds_err *))
{
    ds_err err = DS_ERR_INIT;

    t->job = (ds_job){.run = run};
    if (ds_store_do(n->store, DS_LANE_EVENT, &t->job, &err))
        return true;
    if (!atomic_load(&n->stops))
        ds_log(DS_LOG_WARN, "notice_not_recorded", "by", t->channel, "error", err.text, NULL);
    return false;
}

/* machine 0: nothing is on its way any more. */
static void set_on_its_way(sender *s, int64_t machine, int64_t number)
{
    ds_notifier *n = s->of;

    pthread_mutex_lock(&n->lock);
    s->machine = machine;
    s->n = number;
    atomic_store(&s->stop, atomic_load(&n->stops));
    pthread_mutex_unlock(&n->lock);
}

static void send(sender *s, taking *t)
{
    set_on_its_way(s, t->machine, t->notice.n);
    ds_crashpoint("notice sent");
    t->arrived = s->channel->send(s->channel, t->notice.text, t->notice.id, &s->stop, &t->sent);
    ds_crashpoint("notice arrived");
    set_on_its_way(s, 0, 0);
}

/* True: there may be another one at once. */
static bool send_one(sender *s)
{
    ds_notifier *n = s->of;
    DS_AUTO(ds_arena) a = ds_arena_new();
    taking t = {.of = n, .channel = s->channel->name, .by = s->number, .a = a, .sent = DS_ERR_INIT};

    if (!on_store(n, &t, take_due))
        return false;
    if (t.lost)
        ds_log(DS_LOG_WARN, "notice_given_up", "by", t.channel, "unit", t.unit, "text",
               "it could not be sent for a day", NULL);
    s->wait_ms = t.wait_ms;
    if (!t.machine)
        return false;
    send(s, &t);
    if (!on_store(n, &t, put_back))
        return false;
    log_outcome(&t);
    return true;
}

/* ---- leases ---------------------------------------------------------------------------------- */

static struct timespec steady_in(int64_t ms)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_nsec += (long)(ms % DS_SECOND_MS * 1000000);
    at.tv_sec += ms / DS_SECOND_MS + at.tv_nsec / 1000000000;
    at.tv_nsec %= 1000000000;
    return at;
}

/* A try that takes long stays ours; one that another has taken up meanwhile ends. */
static void keep_lease(sender *s)
{
    ds_notifier *n = s->of;
    taking t = {.of = n, .channel = s->channel->name, .by = s->number};

    pthread_mutex_lock(&n->lock);
    t.machine = s->machine;
    t.notice.n = s->n;
    pthread_mutex_unlock(&n->lock);
    if (!t.machine)
        return;

    DS_AUTO(ds_arena) a = ds_arena_new();

    t.a = a;
    if (!on_store(n, &t, renew) || t.arrived)
        return;
    pthread_mutex_lock(&n->lock);
    if (s->machine == t.machine && s->n == t.notice.n)
        atomic_store(&s->stop, true);
    pthread_mutex_unlock(&n->lock);
}

static void *keep(void *arg)
{
    ds_notifier *n = arg;
    struct timespec until = steady_in(RENEW_MS);

    pthread_mutex_lock(&n->lock);
    while (!atomic_load(&n->stops)) {
        if (pthread_cond_timedwait(&n->called, &n->lock, &until) != ETIMEDOUT)
            continue;
        pthread_mutex_unlock(&n->lock);
        for (size_t i = 0; i < n->senders_n; i++)
            keep_lease(&n->senders[i]);
        until = steady_in(RENEW_MS);
        pthread_mutex_lock(&n->lock);
    }
    pthread_mutex_unlock(&n->lock);
    return NULL;
}

/* ---- the threads ----------------------------------------------------------------------------- */

static void rest(sender *s)
{
    ds_notifier *n = s->of;
    int64_t ms = s->wait_ms ? DS_MIN(s->wait_ms, LOOK_MS) : LOOK_MS;
    struct timespec until = steady_in(ms);

    pthread_mutex_lock(&n->lock);
    while (n->calls == s->heard && !atomic_load(&n->stops) &&
           pthread_cond_timedwait(&n->called, &n->lock, &until) != ETIMEDOUT)
        continue;
    s->heard = n->calls;
    pthread_mutex_unlock(&n->lock);
}

static void *run(void *arg)
{
    sender *s = arg;

    while (!atomic_load(&s->of->stops)) {
        if (!send_one(s))
            rest(s);
    }
    return NULL;
}

static int64_t random_number(void)
{
    uint64_t number = 0;

    if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
        abort(); /* nothing of this program works without */
    return (int64_t)(number >> (64 - NUMBER_BITS)) + 1;
}

ds_notifier *ds_notifier_start(ds_store *store, const ds_notices *notices, ds_clock *clock,
                               ds_err *err)
{
    ds_notifier *n = ds_calloc(1, sizeof(*n));
    pthread_condattr_t steady;

    n->store = store;
    n->clock = clock ? clock : ds_clock_system();
    pthread_mutex_init(&n->lock, NULL);
    pthread_condattr_init(&steady);
    pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    pthread_cond_init(&n->called, &steady);
    pthread_condattr_destroy(&steady);
    for (size_t i = 0; i < notices->n; i++) {
        sender *s = &n->senders[i];

        s->of = n;
        s->channel = notices->channels[i];
        s->number = random_number();
        if (!ds_thread_start(&s->thread, run, s, "that tells people", err)) {
            ds_notifier_stop(n);
            return NULL;
        }
        n->senders_n++;
    }
    n->keeps = ds_thread_start(&n->keeper, keep, n, "that keeps what is told from others", err);
    if (n->keeps)
        return n;
    ds_notifier_stop(n);
    return NULL;
}

static void call(ds_notifier *n)
{
    pthread_mutex_lock(&n->lock);
    n->calls++;
    pthread_cond_broadcast(&n->called);
    pthread_mutex_unlock(&n->lock);
}

void ds_notifier_hurry(ds_notifier *n)
{
    if (n)
        call(n);
}

void ds_notifier_stop(ds_notifier *n)
{
    if (!n)
        return;
    pthread_mutex_lock(&n->lock);
    atomic_store(&n->stops, true);
    for (size_t i = 0; i < n->senders_n; i++)
        atomic_store(&n->senders[i].stop, true);
    pthread_mutex_unlock(&n->lock);
    call(n);
    for (size_t i = 0; i < n->senders_n; i++)
        pthread_join(n->senders[i].thread, NULL);
    if (n->keeps)
        pthread_join(n->keeper, NULL);
    pthread_cond_destroy(&n->called);
    pthread_mutex_destroy(&n->lock);
    free(n);
}
