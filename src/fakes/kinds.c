/* src/fakes/kinds.c - the table of stand-ins, and one that serves until a signal ends it. */
#include "fakes/kinds.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

const ds_fake_kind *const ds_fake_kinds[DS_FAKE_KINDS_N] = {
    &ds_fake_github,
    &ds_fake_notion,
};

bool ds_fakes_serve(const ds_fake_kind *kind, const ds_fake_options *options,
                    void (*ready)(void *to, int port), void *to, ds_err *err)
{
    DS_AUTO(ds_fake_server) server = ds_fake_open(kind, options, err);
    sigset_t ends;
    int fd;
    bool ok;

    if (!server)
        return false;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigprocmask(SIG_BLOCK, &ends, NULL); /* before anybody is told that it may be ended */
    fd = signalfd(-1, &ends, SFD_CLOEXEC);
    if (fd < 0)
        return ds_fail(err, DS_ERR_TRANSIENT, "cannot wait for signals: %s", strerror(errno));
    ready(to, ds_fake_port(server));
    ok = ds_fake_run(server, fd, err);
    close(fd);
    return ok;
}
