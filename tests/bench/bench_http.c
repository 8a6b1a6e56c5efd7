/* tests/bench/bench_http.c
 *
 * The network layer before a server of its own in another process: processor time a request, how
 * well the waits of many requests overlap, and in virtual time how much of a limit that nobody
 * tells of is used.  Prints one JSON object.
 */
#include "base/activity.h"
#include "support/budget_world.h"
#include <durable_sync/http.h>

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CLIENTS = 64, MANY = 20000, BATCH = 500, SLOW = 1000, SLOW_MS = 50, IN_FLIGHT = 16 };

static int64_t now_us(void)
{
    return ds_clock_system()->mono_us(ds_clock_system());
}

static void die(const char *what, const char *why)
{
    fprintf(stderr, "bench_http: %s: %s\n", what, why);
    exit(1);
}

/* ---- the server: one answer for each request, after `delay_ms` ---------------------------------
 */

typedef struct client {
    char data[8192];
    size_t n;
    int64_t due_us; /* 0: nothing is asked */
} client;

static void answer(int fd)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                               "Content-Length: 29\r\n\r\n{\"id\":\"0123456789abcdef0123\"}";

    (void)!send(fd, text, sizeof(text) - 1, MSG_NOSIGNAL);
}

static bool request_is_whole(const client *c)
{
    const char *end = memmem(c->data, c->n, "\r\n\r\n", 4);
    const char *length = end ? memmem(c->data, c->n, "Content-Length: ", 16) : NULL;
    size_t body = length && length < end ? strtoul(length + 16, NULL, 10) : 0;

    return end && c->n >= (size_t)(end - c->data) + 4 + body;
}

static int next_wait_ms(const client *clients, nfds_t n)
{
    int64_t next = INT64_MAX, now = now_us();

    for (nfds_t i = 1; i < n; i++)
        next = clients[i].due_us ? DS_MIN(next, clients[i].due_us) : next;
    return next == INT64_MAX ? -1 : (int)DS_MAX((next - now + 999) / 1000, 0);
}

static void take(struct pollfd *from, client *c, int64_t delay_ms)
{
    ssize_t got = read(from->fd, c->data + c->n, sizeof(c->data) - c->n);

    if (got <= 0) {
        close(from->fd);
        from->fd = -1; /* poll leaves it alone */
        return;
    }
    c->n += (size_t)got;
    if (!request_is_whole(c))
        return;
    c->n = 0;
    c->due_us = now_us() + delay_ms * 1000;
}

static _Noreturn void serve(int listener, int64_t delay_ms)
{
    static struct pollfd fds[CLIENTS + 1];
    static client clients[CLIENTS + 1];
    nfds_t n = 1;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    fds[0] = (struct pollfd){.fd = listener, .events = POLLIN};
    for (;;) {
        if (poll(fds, n, next_wait_ms(clients, n)) < 0 && errno != EINTR)
            exit(1);
        for (nfds_t i = 1; i < n; i++) {
            if (fds[i].revents)
                take(&fds[i], &clients[i], delay_ms);
            if (clients[i].due_us && now_us() >= clients[i].due_us) {
                clients[i].due_us = 0;
                answer(fds[i].fd);
            }
        }
        if ((fds[0].revents & POLLIN) && n <= CLIENTS)
            fds[n++] = (struct pollfd){.fd = accept(listener, NULL, NULL), .events = POLLIN};
    }
}

static pid_t start_server(int64_t delay_ms, char *url, size_t url_n)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    pid_t child;

    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, CLIENTS) ||
        getsockname(fd, (struct sockaddr *)&at, &n))
        die("listen", strerror(errno));
    snprintf(url, url_n, "http://127.0.0.1:%d", ntohs(at.sin_port));
    child = fork();
    if (child == 0)
        serve(fd, delay_ms);
    close(fd);
    return child;
}

/* ---- the client --------------------------------------------------------------------------------
 */

static double cpu_us(void)
{
    struct rusage used;

    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

static void send_all(ds_http *http, ds_activity *act, size_t n)
{
    ds_http_request *reqs = ds_arena_zalloc(act->arena, n * sizeof(*reqs));
    ds_err err = DS_ERR_INIT;

    for (size_t i = 0; i < n; i++)
        reqs[i] = (ds_http_request){.method = "POST",
                                    .path = "/v1/pages",
                                    .body = "{\"parent\":{\"id\":\"1\"},\"properties\":{}}",
                                    .body_n = 37,
                                    .endpoint = "POST /v1/pages"};
    if (!ds_http_send(http, act, reqs, n, &err))
        die("send", err.text);
    for (size_t i = 0; i < n; i++) {
        if (reqs[i].status != 200)
            die("a request", reqs[i].err.text);
    }
    ds_arena_reset(act->arena);
}

static void measure(size_t requests, size_t batch, int64_t delay_ms, double *wall_s, double *cpu)
{
    char url[64];
    pid_t server = start_server(delay_ms, url, sizeof(url));
    ds_http_settings settings = {.base_url = url};
    ds_activity act = {.arena = ds_arena_new(), .clock = ds_clock_system(), .route = "bench"};
    ds_err err = DS_ERR_INIT;
    ds_http *http =
        ds_http_open(&act, &(ds_http_setup){.settings = &settings, .in_flight = IN_FLIGHT}, &err);
    int64_t began;
    double before;

    if (!http)
        die("open", err.text);
    send_all(http, &act, IN_FLIGHT); /* the connections are there */
    began = now_us();
    before = cpu_us();
    for (size_t done = 0; done < requests; done += batch)
        send_all(http, &act, batch);
    *wall_s = (double)(now_us() - began) / 1e6;
    *cpu = (cpu_us() - before) / (double)requests;
    ds_http_close(http);
    ds_arena_free(act.arena);
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
}

static void measure_budget(double *used, double *refused, double *least)
{
    budget_world w = {.allowed = 180,
                      .window_ms = 60000,
                      .window_at = 20000,
                      .says_when = true,
                      .answer_ms = 200,
                      .routes = 10,
                      .in_flight = 3,
                      .seed = 1,
                      .window = -1};
    ds_budget *b = ds_budget_new(0, 0);
    int64_t poorest;

    world_run(&w, b, 0, 6 * DS_HOUR_MS);
    ds_budget_free(b);
    poorest = w.served;
    for (size_t i = 0; i < w.routes; i++)
        poorest = DS_MIN(poorest, w.served_by[i]);
    *used = (double)w.served / (180.0 * 360.0);
    *refused = (double)w.refused / (double)w.sent;
    *least = (double)poorest * (double)w.routes / (double)w.served;
}

int main(void)
{
    double wall, cpu, slow_wall, slow_cpu, used, refused, least;

    measure(MANY, BATCH, 0, &wall, &cpu);
    measure(SLOW, SLOW, SLOW_MS, &slow_wall, &slow_cpu);
    measure_budget(&used, &refused, &least);
    printf("{\"requests_a_second\": %.0f, \"cpu_us\": %.1f, \"slow_seconds\": %.3f,"
           " \"slow_ideal\": %.3f, \"slow_cpu_us\": %.1f, \"limit_used\": %.4f,"
           " \"limit_refused\": %.5f, \"least_share\": %.3f}\n",
           MANY / wall, cpu, slow_wall, (double)SLOW * SLOW_MS / 1000 / IN_FLIGHT, slow_cpu, used,
           refused, least);
    return 0;
}
