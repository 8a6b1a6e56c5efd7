/* tests/support/http_server.c - see http_server.h. */
#include "support/http_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS 512
#define HEAD_ROOM ((size_t)128 * 1024)

struct http_server {
    http_serve serve;
    void *to;
    int fd;
    char url[64];
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t moved;
    int requests, connections;
    bool ending;
    struct {
        pthread_t thread;
        http_conn conn;
        bool open;
    } at[CONNECTIONS];
};

/* What fails here is the machine's fault, not the test's. */
static void need(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "http_server: %s: %s\n", what, strerror(errno));
    abort();
}

static void *run_connection(void *arg)
{
    http_conn *c = arg;
    http_server *s = c->server;

    s->serve(c);
    pthread_mutex_lock(&s->lock);
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    pthread_mutex_unlock(&s->lock);
    free(c->head);
    free(c->body);
    c->head = c->body = NULL;
    return NULL;
}

static void *run_server(void *arg)
{
    http_server *s = arg;
    int fd;

    while ((fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        /* Else a body waits for the head's acknowledgement, 40 ms for each answer. */
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        pthread_mutex_lock(&s->lock);
        if (s->ending) {
            pthread_mutex_unlock(&s->lock);
            close(fd);
            break;
        }
        need(s->connections < CONNECTIONS, "too many connections");
        http_conn *c = &s->at[s->connections].conn;

        *c = (http_conn){.server = s, .fd = fd, .number = s->connections + 1, .to = s->to};
        need(pthread_create(&s->at[s->connections].thread, NULL, run_connection, c) == 0, "thread");
        s->at[s->connections++].open = true;
        pthread_cond_broadcast(&s->moved);
        pthread_mutex_unlock(&s->lock);
    }
    return NULL;
}

http_server *http_server_new(http_serve serve, void *to)
{
    http_server *s = ds_calloc(1, sizeof(*s));
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(at);

    s->serve = serve;
    s->to = to;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->moved, NULL);
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    need(s->fd >= 0 && bind(s->fd, (struct sockaddr *)&at, sizeof(at)) == 0 &&
             listen(s->fd, CONNECTIONS) == 0 && getsockname(s->fd, (struct sockaddr *)&at, &n) == 0,
         "listen");
    snprintf(s->url, sizeof(s->url), "http://127.0.0.1:%d", ntohs(at.sin_port));
    need(pthread_create(&s->thread, NULL, run_server, s) == 0, "thread");
    return s;
}

void http_server_free(http_server *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    s->ending = true;
    for (int i = 0; i < s->connections; i++) {
        if (s->at[i].conn.fd >= 0)
            shutdown(s->at[i].conn.fd, SHUT_RDWR);
    }
    shutdown(s->fd, SHUT_RDWR); /* accept returns */
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    for (int i = 0; i < s->connections; i++)
        pthread_join(s->at[i].thread, NULL);
    close(s->fd);
    pthread_cond_destroy(&s->moved);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

void http_server_vanish(http_server *s)
{
    shutdown(s->fd, SHUT_RDWR);
    pthread_mutex_lock(&s->lock);
    s->ending = true;
    pthread_mutex_unlock(&s->lock);
}

const char *http_server_url(const http_server *s)
{
    return s->url;
}

static int look(const http_server *s, const int *at)
{
    pthread_mutex_t *lock = &((http_server *)(uintptr_t)s)->lock;
    int n;

    pthread_mutex_lock(lock);
    n = *at;
    pthread_mutex_unlock(lock);
    return n;
}

int http_server_requests(const http_server *s)
{
    return look(s, &s->requests);
}

int http_server_connections(const http_server *s)
{
    return look(s, &s->connections);
}

void http_server_wait(http_server *s, int requests)
{
    pthread_mutex_lock(&s->lock);
    while (s->requests < requests)
        pthread_cond_wait(&s->moved, &s->lock);
    pthread_mutex_unlock(&s->lock);
}

/* ---- for the function that serves -------------------------------------------------------------
 */

static size_t length_of(const char *head)
{
    const char *at = strcasestr(head, "\r\ncontent-length:");

    return at ? (size_t)strtoull(at + 17, NULL, 10) : 0;
}

static bool read_head(http_conn *c)
{
    size_t n = 0;

    free(c->head);
    c->head = ds_calloc(HEAD_ROOM, 1);
    while (n < HEAD_ROOM - 1 && !strstr(c->head, "\r\n\r\n")) {
        if (read(c->fd, c->head + n, 1) != 1)
            return false;
        n++;
    }
    return true;
}

bool http_conn_read(http_conn *c)
{
    size_t n = 0;

    if (!read_head(c))
        return false;
    free(c->body);
    c->body_n = length_of(c->head);
    c->body = ds_calloc(c->body_n + 1, 1);
    while (n < c->body_n) {
        ssize_t got = read(c->fd, c->body + n, c->body_n - n);

        if (got <= 0)
            return false;
        n += (size_t)got;
    }
    pthread_mutex_lock(&c->server->lock);
    c->request = ++c->server->requests;
    pthread_cond_broadcast(&c->server->moved);
    pthread_mutex_unlock(&c->server->lock);
    return true;
}

void http_conn_write(http_conn *c, const void *data, size_t n)
{
    const char *at = data;

    while (n) {
        ssize_t sent = send(c->fd, at, n, MSG_NOSIGNAL);

        if (sent <= 0)
            return; /* the client has had enough */
        at += sent;
        n -= (size_t)sent;
    }
}

void http_conn_say(http_conn *c, const char *fmt, ...)
{
    char text[16 * 1024];
    va_list args;
    int n;

    va_start(args, fmt);
    n = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    need(n >= 0 && (size_t)n < sizeof(text), "too long");
    http_conn_write(c, text, (size_t)n);
}

void http_conn_answer(http_conn *c, int status, const char *headers, const char *body)
{
    http_conn_say(c, "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n%s\r\n", status, strlen(body),
                  headers);
    http_conn_write(c, body, strlen(body));
}

bool http_conn_has(const http_conn *c, const char *text)
{
    return strstr(c->head, text) != NULL;
}

void http_conn_hang(http_conn *c)
{
    char byte;

    while (read(c->fd, &byte, 1) > 0)
        continue;
}

void http_conn_reset(http_conn *c)
{
    struct linger at_once = {.l_onoff = 1};

    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    pthread_mutex_lock(&c->server->lock);
    close(c->fd);
    c->fd = -1;
    pthread_mutex_unlock(&c->server->lock);
}
