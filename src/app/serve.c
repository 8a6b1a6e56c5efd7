/* src/app/serve.c
 *
 * The engine runs on the main thread; a thread of its own waits for signals, so that no signal
 * handler ever touches the engine's state.
 */
#include "app/serve.h"

#include "app/notices.h"
#include "app/temporal.h"
#include "base/log.h"
#include "base/thread.h"
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a thread's heap may keep at its end of memory that is free.  By itself this grows with what
 * was freed once, and a daemon would sleep on megabytes that a pass needed. */
#define FREE_MOST ((int)(128 * DS_KIB))

#define STORE_TRY_SECONDS 2

typedef struct watcher {
    pthread_t thread;
    sigset_t set;
    ds_engine *engine;
    atomic_bool over;
    atomic_int first; /* the signal that asked for the end */
} watcher;

/* What a process that holds credentials should not offer: files others may read, more rights than
 * it has. */
static void harden(void)
{
    umask(077);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static void *watch(void *arg)
{
    watcher *w = arg;

    for (;;) {
        int number = 0;

        if (sigwait(&w->set, &number) != 0)
            continue;
        if (atomic_load(&w->over))
            return NULL;

        int none = 0;
        bool first = atomic_compare_exchange_strong(&w->first, &none, number);

        ds_log(DS_LOG_INFO, first ? "run_stopping" : "run_hurried", "signal", sigabbrev_np(number),
               NULL);
        ds_engine_stop(w->engine);
    }
}

static bool is_ignored(int number)
{
    struct sigaction now;

    return sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

/* One that is ignored would be heard all the same once it is blocked: nohup says that it is not. */
static void block_signals(watcher *w)
{
    sigemptyset(&w->set);
    sigaddset(&w->set, SIGINT);
    sigaddset(&w->set, SIGTERM);
    if (!is_ignored(SIGHUP))
        sigaddset(&w->set, SIGHUP);
    sigaddset(&w->set, SIGUSR1); /* ours: wakes the watcher at the end */
    pthread_sigmask(SIG_BLOCK, &w->set, NULL);
}

/* Whether a signal came within that time. */
static bool stopped_within(watcher *w, int seconds)
{
    const struct timespec time = {.tv_sec = seconds};
    int number = sigtimedwait(&w->set, NULL, &time);

    if (number <= 0)
        return false;
    atomic_store(&w->first, number);
    ds_log(DS_LOG_INFO, "run_stopping", "signal", sigabbrev_np(number), NULL);
    return true;
}

/* A daemon waits for a server that is away. NULL with *code, which is DONE where a signal ended the
 * wait. */
static ds_store *open_store(const ds_app *app, const ds_serve *what, watcher *w, int *code)
{
    bool told = false;

    for (;;) {
        ds_err err = DS_ERR_INIT;
        ds_store_at at;
        pid_t holder = 0;
        ds_store *store = NULL;

        if (ds_app_store(app, &at, &err))
            store = ds_store_open_at(&at, &holder, &err);
        if (store)
            return store;
        if (what->once || !at.driver || err.kind != DS_ERR_TRANSIENT) {
            *code = ds_app_store_failed(app, &err, holder != 0);
            return NULL;
        }
        if (!told)
            ds_log(DS_LOG_WARN, "store_away", "error", err.text, NULL);
        told = true;
        if (stopped_within(w, STORE_TRY_SECONDS))
            return NULL;
    }
}

typedef struct ticking {
    ds_meter *meter;
    const ds_serve *what;
} ticking;

static void on_tick(void *to, ds_engine *engine)
{
    const ticking *t = to;
    DS_AUTO(ds_arena) a = ds_arena_new();
    const ds_running *running;
    size_t n = ds_engine_running(engine, a, &running);

    if (!n)
        n = ds_engine_sitting(engine, a, &running);
    ds_meter_show(t->meter, running, n);
}

static void on_ended(void *to, const ds_run_row *run)
{
    const ticking *t = to;

    if (t->what->ended)
        t->what->ended(t->what->to, run);
}

static void on_health(void *to, ds_health_why why, const ds_health *health)
{
    const ticking *t = to;

    ds_service_tell(t->what->service, why, health);
}

static bool drive(ds_engine *engine, watcher *w, ds_err *err)
{
    w->engine = engine;
    if (!ds_thread_start(&w->thread, watch, w, "that hears signals", err))
        return false;

    bool ok = ds_engine_run(engine, err);

    atomic_store(&w->over, true);
    pthread_kill(w->thread, SIGUSR1);
    pthread_join(w->thread, NULL);
    return ok;
}

static bool run_engine(ds_app *app, ds_store *store, const ds_serve *what, watcher *w, ds_err *err)
{
    ds_notices notices;
    ticking tick = {.meter = what->meter, .what = what};
    bool watched = what->service && ds_service_is_watched(what->service);
    ds_engine_options options = {
        .routes = app->config->routes,
        .routes_n = app->config->routes_n,
        .clock = app->clock,
        .socket = what->once ? NULL : ds_control_path(app->config->store_local, app->arena),
        .once = what->once,
        .only = what->only,
        .only_n = what->only_n,
        .items = what->items,
        .items_n = what->items_n,
        .pass_ended = on_ended,
        .tick = what->meter && app->progress ? on_tick : NULL,
        .health = watched ? on_health : NULL,
        .pulse_ms = watched ? ds_service_pulse_ms(what->service) : 0,
        .notices = &notices,
        .to = &tick,
    };
    ds_store_host_of host = {.notifier = NULL};
    DS_AUTO(ds_engine) engine = NULL;

    if (!ds_app_notices(app, &notices, err))
        return false;
    engine = ds_app_is_temporal(app) ? ds_app_temporal(app, store, &options, &host, err)
                                     : ds_engine_embedded(store, &options, err);

    bool ok = engine && drive(engine, w, err);

    ds_host_close(&host);
    return ok;
}

/* With --json, stdout is one document: what a destination prints meanwhile goes to stderr. Returns
 * the real stdout, to be put back; -1: nothing was changed. */
static int set_stdout_aside(const ds_app *app)
{
    if (!app->json)
        return -1;
    fflush(stdout);

    int kept = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);

    if (kept >= 0)
        dup2(STDERR_FILENO, STDOUT_FILENO);
    return kept;
}

static void put_stdout_back(int kept)
{
    if (kept < 0)
        return;
    fflush(stdout);
    dup2(kept, STDOUT_FILENO);
    close(kept);
}

static bool is_file_to_be(const ds_app *app)
{
    return !app->config->store_url && access(app->config->store_path, F_OK) != 0;
}

int ds_serve_run(ds_app *app, const ds_serve *what, int *stopped_by)
{
    watcher w = {.engine = NULL};
    ds_err err = DS_ERR_INIT;
    int code = DS_EXIT_DONE;

    *stopped_by = 0;
    block_signals(&w);
    harden();
    mallopt(M_ARENA_MAX, 1); /* what one thread gives back the others may use */
    if (!what->once)
        mallopt(M_TRIM_THRESHOLD, FREE_MOST);

    bool made = is_file_to_be(app);
    DS_AUTO(ds_store) store = open_store(app, what, &w, &code);

    if (!store) {
        *stopped_by = atomic_load(&w.first);
        return code;
    }

    int kept = set_stdout_aside(app);
    bool ok = ds_app_left_no_store(app, &err) && run_engine(app, store, what, &w, &err);

    put_stdout_back(kept);
    *stopped_by = atomic_load(&w.first);
    if (what->meter)
        ds_meter_clear(what->meter);
    if (ok)
        return DS_EXIT_DONE;
    if (made && ds_app_store_knows_nothing(app))
        ds_store_discard(DS_TAKE(&store));
    ds_app_fail(app, &err);
    return err.kind == DS_ERR_CONFIG ? DS_EXIT_USAGE : DS_EXIT_FAILED;
}
