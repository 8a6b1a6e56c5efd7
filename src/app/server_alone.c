/* src/app/server_alone.c
 *
 * A store in a file knows the rows of one worker.  A second one with a file of its own would know
 * none of them, so it does not begin.  A worker that was killed is still on the server's list of
 * those who asked for work: it is told from one that lives by not asking again.
 */
#include "app/server.h"

#include "base/log.h"
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ASKS_AGAIN_SECONDS 40 /* a poll lasts thirty */

/* Of an earlier life in the same container, perhaps. */
static bool is_ours(const char *identity)
{
    char host[80] = "localhost", ours[160];

    gethostname(host, sizeof(host) - 1);
    snprintf(ours, sizeof(ours), "%d@%s", (int)getpid(), host);
    return strcmp(identity, ours) == 0;
}

/* NULL: there is none, or the server cannot be asked; then the worker waits for it, too. */
static const char *other_worker(const ds_server *s, int64_t *asked_ms)
{
    ds_remote_workers workers;
    ds_err ignored = DS_ERR_INIT;

    if (!s->table->workers(s->client, s->app->arena, &workers, &ignored))
        return NULL;
    *asked_ms = workers.last_ms;
    for (size_t i = 0; i < workers.n; i++) {
        if (!is_ours(workers.identities[i]))
            return workers.identities[i];
    }
    return NULL;
}

/* The other worker if it lives, else NULL. */
static const char *wait_for_sign(const ds_server *s)
{
    int64_t first_ms = 0, asked_ms;
    const char *other = other_worker(s, &first_ms);

    if (other)
        ds_log(
            DS_LOG_INFO, "worker_waits", "text",
            "another worker has asked for work lately; whether it lives shows when it asks again",
            "other", other, NULL);
    for (int i = 0; other && i < ASKS_AGAIN_SECONDS; i++) {
        nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
        other = other_worker(s, &asked_ms);
        if (other && asked_ms > first_ms)
            return other;
    }
    return NULL;
}

int ds_server_alone(ds_app *app)
{
    const ds_config *config = app->config;
    const char *other = NULL;
    ds_err err = DS_ERR_INIT;
    ds_server s;

    if (!config->temporal || config->store_url)
        return DS_EXIT_DONE;
    if (ds_server_open(app, &s, &err))
        other = wait_for_sign(&s);
    ds_server_close(&s);
    if (!other)
        return err.kind ? ds_app_fail(app, &err) : DS_EXIT_DONE;
    return ds_app_refuse(app,
                         "worker %s asks for work of task queue %s, too, and the store %s is a "
                         "file, which knows the rows of one worker: give all of them one store on "
                         "a PostgreSQL server, `store: postgresql://...`",
                         other, config->temporal->task_queue, config->store_path);
}
