/* tests/unit/test_notify.c - words to a service manager, which here is a socket of the test's. */
#include "base/notify.h"
#include "support/run.h"
#include "support/tmpdir.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Binds what NOTIFY_SOCKET then names. */
static int listen_as(const char *name)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    size_t n = strlen(name) + (name[0] == '/');
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    memcpy(at.sun_path, name, strlen(name));
    if (name[0] == '@')
        at.sun_path[0] = '\0';
    assert_int_equal(
        bind(fd, (struct sockaddr *)&at, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)),
        0);
    setenv("NOTIFY_SOCKET", name, 1);
    return fd;
}

static const char *heard(int fd)
{
    char *text = ds_arena_zalloc(scratch, 2048);

    if (recv(fd, text, 2047, MSG_DONTWAIT) < 0)
        return NULL;
    return text;
}

static void says_what_it_is_told(const char *name)
{
    int fd = listen_as(name);
    ds_notify n;

    ds_notify_open(&n);
    assert_true(n.fd >= 0);
    ds_notify_send(&n, "READY=1\nSTATUS=%d units", 3);
    ds_notify_send(&n, "STOPPING=1");
    assert_string_equal(heard(fd), "READY=1\nSTATUS=3 units");
    assert_string_equal(heard(fd), "STOPPING=1");
    assert_null(heard(fd));
    ds_notify_close(&n);
    ds_notify_close(&n);
    ds_notify_send(&n, "READY=1");
    assert_null(heard(fd));
    close(fd);
}

static void to_a_path(void **state)
{
    DS_AUTO(tmpdir) dir = tmpdir_new();

    (void)state;
    says_what_it_is_told(tmpdir_file(dir, "notify"));
}

static void to_an_abstract_name(void **state)
{
    (void)state;
    says_what_it_is_told(ds_arena_printf(scratch, "@durable-sync-test-%d", (int)getpid()));
}

static void a_manager_that_is_gone_stops_nothing(void **state)
{
    DS_AUTO(tmpdir) dir = tmpdir_new();
    ds_notify n;

    (void)state;
    setenv("NOTIFY_SOCKET", tmpdir_file(dir, "nobody"), 1);
    ds_notify_open(&n);
    ds_notify_send(&n, "READY=1");
    ds_notify_close(&n);
}

/* What is no message is not sent: an empty one, and one that would be cut. */
static void only_whole_messages_are_sent(void **state)
{
    int fd = listen_as(ds_arena_printf(scratch, "@durable-sync-test-%d", (int)getpid()));
    ds_notify n;

    (void)state;
    ds_notify_open(&n);
    ds_notify_send(&n, "%s", "");
    ds_notify_send(&n, "STATUS=%2000d", 1);
    ds_notify_send(&n, "READY=1");
    assert_string_equal(heard(fd), "READY=1");
    assert_null(heard(fd));
    ds_notify_close(&n);
    close(fd);
}

static int interrupted; /* so many of the next messages are; caught by the linker (--wrap) */

ssize_t __real_sendto(int fd, const void *text, size_t n, int flags, const struct sockaddr *to,
                      socklen_t to_n);
ssize_t __wrap_sendto(int fd, const void *text, size_t n, int flags, const struct sockaddr *to,
                      socklen_t to_n);
ssize_t __wrap_sendto(int fd, const void *text, size_t n, int flags, const struct sockaddr *to,
                      socklen_t to_n)
{
    if (interrupted > 0) {
        interrupted--;
        errno = EINTR;
        return -1;
    }
    return __real_sendto(fd, text, n, flags, to, to_n);
}

static void a_signal_loses_no_message(void **state)
{
    int fd = listen_as(ds_arena_printf(scratch, "@durable-sync-test-%d", (int)getpid()));
    ds_notify n;

    (void)state;
    ds_notify_open(&n);
    interrupted = 2;
    ds_notify_send(&n, "READY=1");
    assert_int_equal(interrupted, 0);
    assert_string_equal(heard(fd), "READY=1");
    assert_null(heard(fd));
    ds_notify_close(&n);
    close(fd);
}

static void children_inherit_nothing(void **state)
{
    ds_notify n;

    (void)state;
    setenv("NOTIFY_SOCKET", "@durable-sync-test", 1);
    setenv("WATCHDOG_USEC", "5", 1);
    setenv("WATCHDOG_PID", "5", 1);
    ds_notify_open(&n);
    assert_null(getenv("NOTIFY_SOCKET"));
    assert_null(getenv("WATCHDOG_USEC"));
    assert_null(getenv("WATCHDOG_PID"));
    ds_notify_close(&n);
}

static const struct row {
    const char *name;
    const char *socket, *usec, *pid; /* pid "me": ours; NULL: not set */
    bool listens;
    int64_t watchdog_us;
} rows[] = {
    {"nobody asked", NULL, NULL, NULL, false, 0},
    {"a watchdog without a socket", NULL, "1000000", NULL, false, 0},
    {"an empty name", "", "1000000", NULL, false, 0},
    {"a socket without a watchdog", "@x", NULL, NULL, true, 0},
    {"a watchdog", "@x", "1000000", NULL, true, 1000000},
    {"a watchdog for us", "@x", "1000000", "me", true, 1000000},
    {"a watchdog for another process", "@x", "1000000", "1", true, 0},
    {"a process that is no number", "@x", "1000000", "me too", true, 0},
    {"a time that is no number", "@x", "1s", NULL, true, 0},
    {"a time without a digit", "@x", "", NULL, true, 0},
    {"a time of nothing", "@x", "0", NULL, true, 0},
    {"a time below nothing", "@x", "-5", NULL, true, 0},
    {"a time beyond 64 bits", "@x", "99999999999999999999", NULL, true, 0},
    {"a relative path", "run/notify", NULL, NULL, false, 0},
    {"a socket of a virtual machine", "vsock:2:1234", NULL, NULL, false, 0},
    {"half a name", "@", NULL, NULL, false, 0},
    {"a name that is too long",
     "/123456789/123456789/123456789/123456789/123456789/123456789/123456789/123456789/123456789/"
     "123456789/1234567",
     NULL, NULL, false, 0},
};

static void put(const char *name, const char *value)
{
    if (value)
        setenv(name, value, 1);
    else
        unsetenv(name);
}

static void environment(void **state)
{
    const struct row *row = *state;
    char me[24];
    ds_notify n;

    snprintf(me, sizeof me, "%d", (int)getpid());
    put("NOTIFY_SOCKET", row->socket);
    put("WATCHDOG_USEC", row->usec);
    put("WATCHDOG_PID", row->pid && strcmp(row->pid, "me") == 0 ? me : row->pid);
    ds_notify_open(&n);
    assert_int_equal(n.fd >= 0, row->listens);
    assert_int_equal(n.watchdog_us, row->watchdog_us);
    ds_notify_send(&n, "READY=1");
    ds_notify_close(&n);
}

int main(void)
{
    add_table(rows, environment);
    add_test(to_a_path);
    add_test(to_an_abstract_name);
    add_test(a_manager_that_is_gone_stops_nothing);
    add_test(only_whole_messages_are_sent);
    add_test(a_signal_loses_no_message);
    add_test(children_inherit_nothing);
    return run_tests("notify");
}
