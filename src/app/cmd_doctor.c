/* src/app/cmd_doctor.c - the machine, the store, permissions, the clock, hosts: each with its
 * remedy. */
#include "app/commands.h"
#include "app/findings.h"
#include "app/network.h"
#include "app/server.h"
#include "base/text.h"
#include "transform/transform.h"
#include "store/driver.h"
#include <durable_sync/durable_sync.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <unistd.h>

#define ERRORS_MAX (4 * DS_MIB)
#define MEMORY_LOW ((int64_t)(64 * DS_MIB))
#define DISK_LOW ((int64_t)(256 * DS_MIB))
#define CLOCK_SANE_MS INT64_C(1735689600000) /* 2025-01-01: an older time is a clock never set */

typedef struct doctor {
    ds_app *app;
    ds_findings f;
} doctor;

static void check_machine(doctor *d)
{
    struct utsname name;
    int64_t page = sysconf(_SC_PAGESIZE);
    int64_t memory = sysconf(_SC_PHYS_PAGES) * page;
    int64_t unused = sysconf(_SC_AVPHYS_PAGES) * page;
    ds_arena *a = d->app->arena;

    if (uname(&name) == 0)
        ds_finding(&d->f, DS_FINDING_OK, "machine", NULL, "%s %s on %s, %ld cores", name.sysname,
                   name.release, name.machine, sysconf(_SC_NPROCESSORS_ONLN));
    ds_finding(&d->f, unused < MEMORY_LOW ? DS_FINDING_WARNING : DS_FINDING_OK, "memory",
               unused < MEMORY_LOW ? "give it more memory, or stop something" : NULL,
               "%s unused of %s", ds_bytes_text(a, unused), ds_bytes_text(a, memory));
}

static void check_clock(doctor *d)
{
    int64_t now_ms = d->app->clock->now_ms(d->app->clock);
    const char *now = ds_time_text(d->app->arena, now_ms / 1000 * 1000, false);
    struct timex state = {.modes = 0};

    if (now_ms < CLOCK_SANE_MS)
        ds_finding(&d->f, DS_FINDING_ERROR, "clock", "set the clock: timedatectl set-ntp true",
                   "it says %s, which cannot be", now);
    else if (adjtimex(&state) == TIME_ERROR)
        ds_finding(&d->f, DS_FINDING_WARNING, "clock",
                   "timedatectl set-ntp true, unless the host of this container does it",
                   "%s; nothing keeps it in step with the world's", now);
    else
        ds_finding(&d->f, DS_FINDING_OK, "clock", NULL, "%s, kept in step", now);
}

static void check_versions(doctor *d)
{
    ds_finding(&d->f, DS_FINDING_OK, "program", NULL, "durable-sync %s, SQLite %s, libyaml %s",
               ds_version(), ds_store_library(), ds_config_library());
}

/* Each connector of a folder that would be loaded from there is loaded, as a route would. */
static void check_folder(doctor *d, const ds_loader_folder *folder)
{
    size_t good = 0;

    for (size_t i = 0; i < folder->kinds_n; i++) {
        const char *kind = folder->kinds[i];
        ds_err err = DS_ERR_INIT;
        bool there = ds_connectors_have(d->app->connectors, kind, &err);

        if (there && ds_loader_path(d->app->loader, kind))
            good++;
        else if (there)
            ds_finding(&d->f, DS_FINDING_WARNING, "connectors",
                       "take it away, or name the kind otherwise",
                       "%s/%s.so is never loaded: %s is built in", folder->path, kind, kind);
        else
            ds_finding(&d->f, DS_FINDING_WARNING, "connectors",
                       "mend the file or take it away; a route of this kind cannot run", "%s",
                       err.text);
    }
    ds_finding(&d->f, DS_FINDING_OK, "connectors", NULL, "%s: %zu connector%s", folder->path, good,
               good == 1 ? "" : "s");
}

static void check_connectors(doctor *d)
{
    size_t n;
    const ds_loader_folder *folders = ds_loader_folders(d->app->loader, d->app->arena, &n);

    for (size_t i = 0; i < n; i++) {
        const ds_loader_folder *folder = &folders[i];

        if (folder->problem)
            ds_finding(&d->f, DS_FINDING_WARNING, "connectors",
                       "nothing is loaded from there until this is mended", "%s: %s", folder->path,
                       folder->problem);
        else if (folder->exists)
            check_folder(d, folder);
        else if (folder->asked_for)
            ds_finding(&d->f, DS_FINDING_WARNING, "connectors",
                       "make the folder, or take it out of $" DS_LOADER_VARIABLE,
                       "%s does not exist", folder->path);
    }
}

/* What `transform` runs in, and what stands around it. */
static void check_worker(doctor *d)
{
    ds_err err = DS_ERR_INIT;
    ds_jq_facts facts;
    const char *open;

    if (!ds_jq_look(&ds_jq_installed, d->app->arena, &facts, &err)) {
        ds_finding(&d->f, DS_FINDING_WARNING, "transform",
                   "install durable-sync whole; routes without `transform` do not need it", "%s",
                   err.text);
        return;
    }
    open = !facts.calls        ? "its system calls are not filtered: this kernel refuses seccomp"
           : !facts.memory     ? "its memory has no limit"
           : !facts.privileges ? "it may gain rights: no_new_privs is refused"
                               : NULL;
    if (open)
        ds_finding(&d->f, DS_FINDING_WARNING, "transform",
                   "run transforms of people you trust only, or use another kernel",
                   "libjq %s in %s; %s", facts.libjq, facts.worker, open);
    else
        ds_finding(&d->f, DS_FINDING_OK, "transform", NULL,
                   "libjq %s in %s, fenced: system calls, memory, rights", facts.libjq,
                   facts.worker);
}

/* A file that holds records of others is its owner's alone. */
static void check_mode(doctor *d, const char *what, const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return;
    if (st.st_mode & (S_IRWXG | S_IRWXO))
        ds_finding(&d->f, DS_FINDING_WARNING, what,
                   ds_arena_printf(d->app->arena, "chmod 600 %s", path),
                   "%s may be read by others (mode %03o)", path, st.st_mode & 0777U);
    else
        ds_finding(&d->f, DS_FINDING_OK, what, NULL, "%s is its owner's alone", path);
}

/* Others may read it, as a service's user of its own must: it is read only where no secret is
 * written out in it.  Who may write it runs commands. */
static void check_config_mode(doctor *d, const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return;
    if (st.st_mode & (S_IWGRP | S_IWOTH))
        ds_finding(&d->f, DS_FINDING_WARNING, "configuration",
                   ds_arena_printf(d->app->arena, "chmod go-w %s", path),
                   "%s may be written by others (mode %03o), who can have commands run by it", path,
                   st.st_mode & 0777U);
    else if (st.st_mode & (S_IRGRP | S_IROTH))
        ds_finding(&d->f, DS_FINDING_OK, "configuration", NULL,
                   "%s may be read by others; no secret is written out in it", path);
    else
        ds_finding(&d->f, DS_FINDING_OK, "configuration", NULL, "%s is its owner's alone", path);
}

static bool check_config(doctor *d)
{
    DS_AUTO_BUF(errors, ERRORS_MAX);

    d->app->connectors->compile = true;
    if (ds_app_config_errors(d->app, &errors)) {
        if (errors.data)
            errors.data[strcspn(errors.data, "\n")] = '\0';
        ds_finding(&d->f, DS_FINDING_ERROR, "configuration", "`check` says all that is wrong", "%s",
                   errors.data ? errors.data : "it cannot be read");
        return false;
    }
    ds_finding(&d->f, DS_FINDING_OK, "configuration", NULL, "%s: %zu route%s, %zu account%s",
               d->app->config->path, d->app->config->routes_n,
               d->app->config->routes_n == 1 ? "" : "s", d->app->config->accounts_n,
               d->app->config->accounts_n == 1 ? "" : "s");
    check_config_mode(d, d->app->config->path);
    return true;
}

/* Into an array: with sanitizers gcc holds a pointer that access() was given to be NULL perhaps. */
static void directory_of(const char *path, char out[PATH_MAX])
{
    const char *slash = strrchr(path, '/');

    snprintf(out, PATH_MAX, "%s", slash ? path : ".");
    if (slash && (size_t)(slash - path) < PATH_MAX)
        out[DS_MAX(slash - path, 1)] = '\0'; /* a longer one is refused by its length */
}

static void check_disk(doctor *d, const char *path)
{
    char directory[PATH_MAX];
    struct statvfs disk;
    ds_arena *a = d->app->arena;

    directory_of(path, directory);
    if (access(directory, W_OK | X_OK) != 0)
        ds_finding(&d->f, DS_FINDING_ERROR, "disk",
                   "run this as root or as the user it belongs to, or set `store`",
                   "nothing can be written in %s: %s", directory, strerror(errno));
    if (statvfs(directory, &disk) != 0)
        return;

    int64_t left = (int64_t)(disk.f_bavail * disk.f_frsize);
    bool low = left < DISK_LOW;

    ds_finding(&d->f, low ? DS_FINDING_WARNING : DS_FINDING_OK, "disk",
               low ? "make room, or set `store` to another disk" : NULL, "%s free in %s",
               ds_bytes_text(a, left), directory);
}

static void check_store_content(doctor *d, ds_reader *reader)
{
    ds_arena *a = d->app->arena;
    int64_t format = 0, links = 0;
    const char *finding = NULL;
    ds_link_count *counts;
    size_t n = 0;
    ds_err err = DS_ERR_INIT;

    if (!ds_reader_format(reader, &format, &err) ||
        !ds_reader_quick_check(reader, a, &finding, &err) ||
        !ds_reader_link_counts(reader, a, &counts, &n, &err)) {
        ds_finding(&d->f, DS_FINDING_ERROR, "store", NULL, "%s", err.text);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        links += counts[i].links;
        if (!ds_config_route(d->app->config, counts[i].route))
            ds_finding(&d->f, DS_FINDING_WARNING, "store",
                       "nothing is lost: a route of that name finds them again",
                       "%s links of route %s, which is not in the configuration",
                       ds_count_text(a, counts[i].links), counts[i].route);
    }
    if (finding)
        ds_finding(&d->f, DS_FINDING_ERROR, "store",
                   "stop the daemon, move the file away: links are made anew by look-up",
                   "damaged: %s", finding);
    else
        ds_finding(&d->f, DS_FINDING_OK, "store", NULL, "sound, format %" PRId64 ", %s links",
                   format, ds_count_text(a, links));
}

static bool check_file(doctor *d, const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0) {
        ds_finding(&d->f, DS_FINDING_OK, "store", NULL, "%s does not exist yet", path);
        return false;
    }
    ds_finding(&d->f, DS_FINDING_OK, "store", NULL, "%s, %s", path,
               ds_bytes_text(d->app->arena, st.st_size));
    check_mode(d, "store", path);
    return true;
}

static void check_server(doctor *d)
{
    ds_err err = DS_ERR_INIT;
    ds_store_at at;

    if (ds_app_store(d->app, &at, &err)) /* else reading it says why not */
        ds_finding(&d->f, DS_FINDING_OK, "store", NULL, "%s, schema %s, by %s", at.path, at.schema,
                   at.driver->library(d->app->arena));
}

static void check_store(doctor *d)
{
    const ds_config *config = d->app->config;
    ds_err err = DS_ERR_INIT;
    const char *who;

    check_disk(d, config->store_local);
    if (config->store_url)
        check_server(d);
    else if (!check_file(d, config->store_path))
        return;
    who = ds_app_holder(d->app);
    if (who && config->store_url && ds_app_is_temporal(d->app)) /* workers hold it together */
        ds_finding(&d->f, DS_FINDING_ERROR, "store",
                   "stop it: a store is a daemon's or the workers'",
                   "held by %s for engine embedded: no worker can use it", who);
    else if (who)
        ds_finding(&d->f, DS_FINDING_OK, "store", NULL, "held by %s", who);
    else
        ds_finding(&d->f, DS_FINDING_OK, "store", NULL, "no daemon holds it");

    DS_AUTO(ds_reader) reader = ds_app_reader(d->app, &err);

    if (!reader)
        ds_finding(&d->f, DS_FINDING_ERROR, "store", NULL, "%s", err.text);
    else
        check_store_content(d, reader);
}

int ds_cmd_doctor(ds_app *app)
{
    doctor d = {.app = app};

    ds_findings_begin(&d.f, app, "checks", "check");
    check_versions(&d);
    check_worker(&d);
    check_machine(&d);
    check_clock(&d);
    check_connectors(&d);
    if (check_config(&d)) {
        check_store(&d);
        ds_network_check(app, &d.f);
        ds_server_check(app, &d.f, "temporal");
    }
    return ds_findings_end(&d.f);
}
