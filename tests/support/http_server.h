/* tests/support/http_server.h
 *
 * A server on loopback that does what a test tells it, byte by byte: a thread for each connection
 * runs the test's own function over it.  It may answer, be silent, send half, or hang up.
 */
#ifndef TESTS_SUPPORT_HTTP_SERVER_H
#define TESTS_SUPPORT_HTTP_SERVER_H

#include <durable_sync/base.h>
#include <stdatomic.h>

typedef struct http_server http_server;

typedef struct http_conn { /* one connection, on a thread of its own */
    http_server *server;
    int fd;
    int number;  /* of the connection: 1, 2, ... */
    int request; /* number of the request just read, over all connections */
    char *head;  /* of it: the request line and the headers */
    char *body;
    size_t body_n;
    void *to; /* as given to http_server_new */
} http_conn;

typedef void (*http_serve)(http_conn *c);

http_server *http_server_new(http_serve serve, void *to);
void http_server_free(http_server *s); /* ends every connection and joins every thread */
const char *http_server_url(const http_server *s);
int http_server_requests(const http_server *s); /* read in full so far */
int http_server_connections(const http_server *s);
void http_server_vanish(http_server *s); /* from a connection's function: takes no more of them */
/* Waits until that many requests were read; an alarm ends the test program if they never come. */
void http_server_wait(http_server *s, int requests);

/* For the function that serves. Reads the next request; false: the client has hung up. */
bool http_conn_read(http_conn *c);
void http_conn_write(http_conn *c, const void *data, size_t n);
DS_PRINTF(2, 3) void http_conn_say(http_conn *c, const char *fmt, ...);
/* A whole answer with its length; `headers` are whole lines, each with its end. */
void http_conn_answer(http_conn *c, int status, const char *headers, const char *body);
bool http_conn_has(const http_conn *c, const char *text); /* in the request's head */
void http_conn_hang(http_conn *c);                        /* until the client has hung up */
void http_conn_reset(http_conn *c);                       /* hangs up without ceremony: RST */

#endif
