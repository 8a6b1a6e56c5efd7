/* src/engine/temporal/alone.c
 *
 * A store in a file knows the rows of one worker.  A second one with a file of its own would know
 * none of them, so it runs no pass.  Who is there is read off the server's list of those who asked
 * for work: a worker is on it itself before it reads it, so that of two that come at once, as when
 * the server comes back, the one that came first sees the other and leaves.  One that was killed is
 * still on the list, and is told from one that lives by not asking again.
 */
#include "engine/temporal/remote.h"
#include "engine/temporal/worker.h"

#include "base/log.h"
#include <string.h>

#define LOOK_MS DS_SECOND_MS
#define SEEN_LOOK_MS 50
#define SEEN_WITHIN_MS (10 * DS_SECOND_MS) /* we are; where not, the list is of another part */
#define ASKS_AGAIN_MS (DS_POLL_MS + 10 * DS_SECOND_MS)

/* Until the server answers. False: the worker ends before. */
static bool look(ds_worker *w, ds_arena *a, ds_remote_workers *out)
{
    ds_err away = DS_ERR_INIT; /* the polls tell of it */

    while (!ds_remote_workers_of(w->client, a, out, &away)) {
        w->waits(w);
        if (!ds_worker_rest(w, LOOK_MS))
            return false;
    }
    return true;
}

static size_t self_in(const ds_worker *w, const ds_remote_workers *all)
{
    size_t i = 0;

    while (i < all->n && strcmp(all->identities[i], ds_client_identity(w->client)) != 0)
        i++;
    return i;
}

static bool look_when_seen(ds_worker *w, ds_arena *a, ds_remote_workers *out)
{
    for (int64_t ms = 0; ms < SEEN_WITHIN_MS; ms += SEEN_LOOK_MS) {
        if (!look(w, a, out))
            return false;
        if (self_in(w, out) < out->n)
            return true;
        if (!ds_worker_rest(w, SEEN_LOOK_MS))
            return false;
    }
    return true;
}

/* Whether another one has asked at that time or later; *other is it. */
static bool other_since(const ds_worker *w, const ds_remote_workers *all, int64_t since_ms,
                        const char **other)
{
    size_t self = self_in(w, all);

    for (size_t i = 0; i < all->n; i++) {
        if (i != self && all->asked_ms[i] >= since_ms) {
            *other = all->identities[i];
            return true;
        }
    }
    return false;
}

static bool refuse(const ds_worker *w, const char *other, const char *store, ds_err *err)
{
    return ds_fail(err, DS_ERR_CONFIG,
                   "worker %s asks for work of task queue %s, too, and the store %s is a file, "
                   "which knows the rows of one worker: give all of them one store on a PostgreSQL "
                   "server, `store: postgresql://...`",
                   other, ds_client_settings(w->client)->task_queue, store);
}

/* From which time on another's request tells that it lives: that of our own, else the newest. */
static int64_t first_sign_ms(const ds_worker *w, const ds_remote_workers *all)
{
    size_t self = self_in(w, all);
    int64_t newest_ms = 0;

    if (self < all->n)
        return all->asked_ms[self];
    for (size_t i = 0; i < all->n; i++)
        newest_ms = DS_MAX(newest_ms, all->asked_ms[i]);
    return newest_ms + 1;
}

static void log_wait(const char *other)
{
    ds_log(DS_LOG_INFO, "worker_waits", "text",
           "another worker has asked for work lately; whether it lives shows when it asks again",
           "other", other, NULL);
}

/* Where it is not on the list itself, the list is of another part. */
bool ds_worker_stays_alone(ds_worker *w, const char *store, ds_err *err)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    ds_remote_workers all;
    const char *other = "";
    ds_err away = DS_ERR_INIT; /* the polls tell of it */
    size_t self;

    if (ds_client_is_lost(w->client) || !ds_remote_runners_of(w->client, a, &all, &away))
        return true;
    self = self_in(w, &all);
    if (self == all.n)
        return true;
    if (!w->alone_ms)
        w->alone_ms = all.asked_ms[self];
    return !other_since(w, &all, w->alone_ms, &other) || refuse(w, other, store, err);
}

/* Who asks later than we did was there with us. */
bool ds_worker_is_alone(ds_worker *w, const char *store, bool *alone, ds_err *err)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    ds_remote_workers all;
    const char *other = "";
    int64_t since_ms;

    *alone = false;
    if (!look_when_seen(w, a, &all))
        return true;
    since_ms = first_sign_ms(w, &all);
    if (other_since(w, &all, 0, &other) && !other_since(w, &all, since_ms, &other))
        log_wait(other);
    for (int64_t ms = 0; other_since(w, &all, 0, &other) && ms < ASKS_AGAIN_MS; ms += LOOK_MS) {
        if (other_since(w, &all, since_ms, &other))
            return refuse(w, other, store, err);
        w->waits(w);
        if (!ds_worker_rest(w, LOOK_MS) || !look(w, a, &all))
            return true;
    }
    *alone = true;
    return true;
}
