/* src/engine/embedded/control.c
 *
 * The daemon's end of the control socket: one thread, one poll loop, many clients.  It never waits
 * for anyone: what takes time (a commit, a pass) is answered by a note when it is through, a client
 * that does not read is dropped, one that asks faster than it is answered is not read for a while.
 * The words are in words.h; who may ask what of whom is in requests.c.
 */
#include "engine/embedded/control.h"

#include "base/log.h"
#include "base/thread.h"
#include "engine/embedded/address.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define CLIENTS_MAX 256
#define OWN_FDS 3 /* in front of the clients' */
#define BACKLOG 64
#define EXHAUSTED_MS 1000 /* without a descriptor for the next client: until it is tried again */
#define READ_BYTES ((size_t)16384)
#define OWED_MAX 1024        /* answers to one client that are under way */
#define OUT_MAX (8 * DS_MIB) /* what a client may leave unread */

/* ---- answers from other threads -------------------------------------------------------------- */

typedef struct answer {
    ds_message message; /* first */
    uint64_t client;
    ds_answer_ends ends;
    char line[];
} answer;

/* The control thread looks up from its poll. */
static void wake(ds_control *c)
{
    const uint64_t one = 1;

    while (write(c->wake_fd, &one, sizeof(one)) < 0) {
        if (errno == EAGAIN)
            return; /* full: it is awake */
        if (errno != EINTR)
            abort(); /* an eventfd that cannot be written is none */
    }
}

void ds_control_answer(ds_control *c, uint64_t client, ds_answer_ends ends, const char *line)
{
    size_t n = strlen(line) + 1;
    answer *made = ds_calloc(1, sizeof(*made) + n);

    made->client = client;
    made->ends = ends;
    memcpy(made->line, line, n);
    pthread_mutex_lock(&c->lock); /* who closes the socket waits for the end of this */
    ds_queue_put(c->answers, 0, &made->message);
    wake(c);
    pthread_mutex_unlock(&c->lock);
}

/* ---- clients --------------------------------------------------------------------------------- */

static ds_client *client_by_id(ds_control *c, uint64_t id)
{
    for (size_t i = 0; i < c->clients_n; i++) {
        if (c->clients[i]->id == id)
            return c->clients[i];
    }
    return NULL; /* it hung up */
}

static void drop_client(ds_client *client)
{
    close(client->fd);
    ds_buf_fini(&client->in);
    ds_buf_fini(&client->out);
    free(client);
}

static void add_client(ds_control *c, int fd)
{
    ds_client *client = ds_calloc(1, sizeof(*client));

    client->fd = fd;
    client->id = ++c->last_id;
    ds_buf_init(&client->in, DS_WORDS_REQUEST_MAX + READ_BYTES);
    ds_buf_init(&client->out, OUT_MAX);
    c->clients = ds_realloc(c->clients, c->clients_n + 1, sizeof(ds_client *));
    c->clients[c->clients_n++] = client;
}

void ds_client_say(ds_client *client, const char *line)
{
    ds_buf_text(&client->out, line);
    ds_buf_char(&client->out, '\n');
    client->gone = client->gone || client->out.overflow; /* it does not read */
}

static void send_out(ds_client *client)
{
    while (client->sent < client->out.n && !client->gone) {
        ssize_t n = send(client->fd, client->out.data + client->sent, client->out.n - client->sent,
                         MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n < 0)
            client->gone = true;
        else
            client->sent += (size_t)n;
    }
    ds_buf_clear(&client->out);
    client->sent = 0;
}

/* ---- new clients ----------------------------------------------------------------------------- */

static void refuse_another_user(int fd)
{
    ds_log(DS_LOG_WARN, "control_refused", "reason", "another user", NULL);
    close(fd);
}

static void refuse_one_too_many(int fd)
{
    ds_client client = {.fd = fd};
    ds_err err = DS_ERR_INIT;

    ds_log(DS_LOG_WARN, "control_refused", "reason", "too many clients", NULL);
    ds_buf_init(&client.out, OUT_MAX);
    ds_fail(&err, DS_ERR_TRANSIENT, "the daemon serves %d clients already: try again", CLIENTS_MAX);
    ds_client_refuse(&client, &err);
    send_out(&client);
    ds_buf_fini(&client.out);
    close(fd);
}

/* Who comes when all places have just been taken waits for the next round: by then those that hung
 * up are gone.  Where all stay, the next is told, one in a round: whoever comes behind it may have
 * seen some of them hang up.  Without a descriptor left it waits: asking for it again at once would
 * spin. */
static void accept_clients(ds_control *c)
{
    bool all_stay = c->clients_n >= CLIENTS_MAX;
    int fd;

    do {
        fd = accept4(c->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0)
            break;
        if (!ds_socket_trusts(fd))
            refuse_another_user(fd);
        else if (all_stay)
            refuse_one_too_many(fd);
        else
            add_client(c, fd);
    } while (c->clients_n < CLIENTS_MAX);
    c->exhausted =
        fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM);
}

/* ---- requests -------------------------------------------------------------------------------- */

/* Answers come in the order of the requests: signals overtake each other nowhere, so they may be
 * many at once; anything else waits until those before it are answered. */
static bool may_be_heard(const ds_client *client, const ds_json *request)
{
    const char *cmd = ds_json_text(request, "cmd");
    bool signal = cmd && strcmp(cmd, "signal") == 0;

    return !client->following && client->owed < OWED_MAX && (client->owed == 0 || signal);
}

static bool hear_line(ds_control *c, ds_client *client, const char *line, size_t n)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    ds_err err = DS_ERR_INIT;
    const ds_json *request = ds_json_read(a, line, n, &err);

    if (!may_be_heard(client, request))
        return false;
    if (!request)
        ds_client_refuse(client, &err);
    else
        ds_request_hear(c, client, request, a);
    return true;
}

static void cut_front(ds_buf *b, size_t n)
{
    if (n == 0)
        return;
    memmove(b->data, b->data + n, b->n - n);
    b->n -= n;
}

static void hear_lines(ds_control *c, ds_client *client)
{
    size_t at = 0;
    const char *end;

    while (!client->gone && at < client->in.n &&
           (end = memchr(client->in.data + at, '\n', client->in.n - at)) != NULL) {
        size_t next = (size_t)(end - client->in.data) + 1;

        if (!hear_line(c, client, client->in.data + at, next - 1 - at))
            break;
        at = next;
    }
    client->stuck = at < client->in.n && memchr(client->in.data + at, '\n', client->in.n - at);
    cut_front(&client->in, at);
}

static void read_in(ds_client *client)
{
    char bytes[READ_BYTES];
    ssize_t n = recv(client->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0) {
        client->gone = true;
    } else if (n == 0) {
        client->ended = true; /* it may still read */
    } else {
        ds_buf_add(&client->in, bytes, (size_t)n);
    }
}

static void refuse_long_line(ds_client *client)
{
    ds_err err = DS_ERR_INIT;

    ds_fail(&err, DS_ERR_PERMANENT, "the request is longer than %zu bytes", DS_WORDS_REQUEST_MAX);
    ds_client_refuse(client, &err);
    send_out(client);
    client->gone = true;
}

/* ---- the loop -------------------------------------------------------------------------------- */

static void take_answers(ds_control *c)
{
    answer *next;

    while ((next = (answer *)ds_queue_take(c->answers, 0)) != NULL) {
        ds_client *client = client_by_id(c, next->client);

        c->owed -= next->ends == DS_ANSWER_ENDS_REQUEST;
        if (client) {
            client->owed -= next->ends == DS_ANSWER_ENDS_REQUEST;
            client->following = client->following && next->ends != DS_ANSWER_ENDS_FOLLOWING;
            ds_client_say(client, next->line);
        }
        free(next);
    }
}

static void serve_client(ds_control *c, ds_client *client, short events)
{
    if (events & (POLLHUP | POLLERR | POLLNVAL))
        client->gone = true;
    else if (events & POLLIN)
        read_in(client);
    if (client->in.overflow)
        refuse_long_line(client);
    else
        hear_lines(c, client);
    send_out(client);
}

/* Said all it wanted, and was told all it asked. */
static bool is_done(const ds_client *client)
{
    return client->gone || (client->ended && client->owed == 0 && !client->following &&
                            !client->stuck && client->out.n == 0);
}

static void drop_done(ds_control *c)
{
    size_t kept = 0;

    for (size_t i = 0; i < c->clients_n; i++) {
        if (is_done(c->clients[i]))
            drop_client(c->clients[i]);
        else
            c->clients[kept++] = c->clients[i];
    }
    c->clients_n = kept;
}

static short wanted(const ds_client *client)
{
    bool reads = !client->ended && !client->stuck;

    return (short)((reads ? POLLIN : 0) | (client->out.n ? POLLOUT : 0));
}

static void serve_once(ds_control *c, struct pollfd *fds)
{
    size_t n = c->clients_n;
    uint64_t ticks;

    fds[0] = (struct pollfd){.fd = c->wake_fd, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = c->exhausted ? -1 : c->listen_fd, .events = POLLIN};
    fds[2] = (struct pollfd){.fd = c->clock_fd, .events = POLLIN};
    for (size_t i = 0; i < n; i++)
        fds[OWN_FDS + i] =
            (struct pollfd){.fd = c->clients[i]->fd, .events = wanted(c->clients[i])};
    if (poll(fds, (nfds_t)n + OWN_FDS, c->exhausted ? EXHAUSTED_MS : -1) < 0)
        return;
    c->exhausted = false;
    if (fds[0].revents && read(c->wake_fd, &ticks, sizeof(ticks)) < 0 && errno != EAGAIN &&
        errno != EINTR)
        abort(); /* an eventfd that cannot be read is none */
    if (fds[2].revents) {
        ds_clock_watch_again(c->clock_fd);
        if (c->engine)
            ds_emb_wake(c->engine);
    }
    take_answers(c);
    for (size_t i = 0; i < n; i++)
        serve_client(c, c->clients[i], fds[OWN_FDS + i].revents);
    drop_done(c);
    if (fds[1].revents)
        accept_clients(c);
}

static void *serve(void *arg)
{
    ds_control *c = arg;
    struct pollfd *fds = ds_calloc(CLIENTS_MAX + OWN_FDS, sizeof(*fds));

    while (!atomic_load(&c->quit))
        serve_once(c, fds);
    free(fds);
    return NULL;
}

/* ---- beginning and end ----------------------------------------------------------------------- */

/* We hold the store: a socket that is there already is what a dead daemon left. */
static bool clear_stale(const char *path, ds_err *err)
{
    struct stat there;

    if (lstat(path, &there) != 0)
        return errno == ENOENT ||
               ds_fail(err, DS_ERR_CONFIG, "control socket %s: %s", path, strerror(errno));
    if (!S_ISSOCK(there.st_mode))
        return ds_fail(err, DS_ERR_CONFIG,
                       "control socket %s: there is something else of this name; move it away",
                       path);
    if (unlink(path) != 0)
        return ds_fail(err, DS_ERR_CONFIG, "control socket %s: %s", path, strerror(errno));
    return true;
}

/* Linux gives the file the mode its socket had before: it is never open to others. */
static bool listen_at(ds_control *c, ds_err *err)
{
    ds_socket_name name;
    bool ok;

    if (!ds_socket_name_of(c->path, &name, err))
        return false;
    ok = clear_stale(name.address.sun_path, err);
    if (ok) {
        c->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        ok =
            c->listen_fd >= 0 && fchmod(c->listen_fd, 0600) == 0 &&
            bind(c->listen_fd, (const struct sockaddr *)&name.address, sizeof(name.address)) == 0 &&
            chmod(name.address.sun_path, 0600) == 0 && listen(c->listen_fd, BACKLOG) == 0;
        if (!ok)
            ds_fail(err, DS_ERR_CONFIG, "control socket %s: %s", c->path, strerror(errno));
    }
    ds_socket_name_done(&name);
    return ok;
}

static ds_control *open_on(ds_engine *e, ds_store *store, const char *path, ds_err *err)
{
    ds_control *c = ds_calloc(1, sizeof(*c));

    c->engine = e;
    c->store = store;
    c->path = ds_strdup(path);
    c->listen_fd = -1;
    c->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    c->clock_fd = ds_clock_watch_open();
    c->answers = ds_queue_new(1);
    pthread_mutex_init(&c->lock, NULL);
    if (c->wake_fd >= 0 && listen_at(c, err))
        return c;
    if (c->wake_fd < 0)
        ds_fail(err, DS_ERR_TRANSIENT, "control socket %s: %s", path, strerror(errno));
    ds_control_close(c);
    return NULL;
}

ds_control *ds_control_open(ds_engine *e, const char *path, ds_err *err)
{
    return open_on(e, e->store, path, err);
}

ds_control *ds_control_of_worker(ds_store *store, const char *path, ds_err *err)
{
    ds_control *c = open_on(NULL, store, path, err);

    if (!c || ds_control_start(c, err))
        return c;
    ds_control_close(c);
    return NULL;
}

bool ds_control_start(ds_control *c, ds_err *err)
{
    if (!c)
        return true;
    if (!ds_thread_start(&c->thread, serve, c, "for the control socket", err))
        return false;
    c->started = true;
    return true;
}

void ds_control_stop(ds_control *c)
{
    if (!c || !c->started)
        return;
    atomic_store(&c->quit, true);
    wake(c);
    pthread_join(c->thread, NULL);
    c->started = false;
}

/* Every request that is under way is answered before its client is let go. */
static void say_the_rest(ds_control *c)
{
    take_answers(c);
    while (c->owed > 0) {
        ds_message *message = ds_queue_take(c->answers, -1);

        ds_queue_put(c->answers, 0, message);
        take_answers(c);
    }
    for (size_t i = 0; i < c->clients_n; i++)
        send_out(c->clients[i]);
}

static void unlink_socket(const ds_control *c)
{
    ds_socket_name name;
    ds_err err = DS_ERR_INIT;

    if (c->listen_fd < 0 || !ds_socket_name_of(c->path, &name, &err))
        return;
    unlink(name.address.sun_path);
    ds_socket_name_done(&name);
}

void ds_control_close(ds_control *c)
{
    if (!c)
        return;
    ds_control_stop(c);
    say_the_rest(c);
    pthread_mutex_lock(&c->lock); /* the last answer's thread is out of here */
    pthread_mutex_unlock(&c->lock);
    unlink_socket(c);
    for (size_t i = 0; i < c->clients_n; i++)
        drop_client(c->clients[i]);
    free(c->clients);
    if (c->listen_fd >= 0)
        close(c->listen_fd);
    if (c->wake_fd >= 0)
        close(c->wake_fd);
    if (c->clock_fd >= 0)
        close(c->clock_fd);
    ds_queue_free(c->answers);
    pthread_mutex_destroy(&c->lock);
    free(c->path);
    free(c);
}
