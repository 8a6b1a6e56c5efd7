/* src/engine/embedded/control.h - what the socket's loop and its requests share. */
#ifndef DS_ENGINE_EMBEDDED_CONTROL_H
#define DS_ENGINE_EMBEDDED_CONTROL_H

#include "engine/embedded/internal.h"
#include "engine/embedded/words.h"

typedef struct ds_client {
    int fd;
    uint64_t id; /* never used again for another */
    ds_buf in, out;
    size_t sent;    /* of `out` */
    size_t owed;    /* requests under way */
    bool following; /* `once`: lines come until its end */
    bool stuck;     /* has a whole line in `in` that must wait */
    bool ended;     /* says nothing more */
    bool gone;      /* to be dropped */
} ds_client;

struct ds_control {
    ds_engine *engine; /* NULL: of a worker, whose units live elsewhere */
    ds_store *store;
    char *path;
    int listen_fd, wake_fd;
    int clock_fd; /* clock_watch.c: the thread that waits for descriptors waits for it as well */
    pthread_t thread;
    bool started;
    bool exhausted; /* no descriptor was left for the next client */
    atomic_bool quit;
    pthread_mutex_t lock; /* held by whoever hands in an answer */
    ds_queue *answers;
    ds_client **clients;
    size_t clients_n;
    uint64_t last_id;
    size_t owed; /* requests under way, of clients that hung up as well */
};

/* What an answer is the end of. */
typedef enum ds_answer_ends {
    DS_ANSWER_ENDS_NOTHING,
    DS_ANSWER_ENDS_REQUEST,
    DS_ANSWER_ENDS_FOLLOWING,
} ds_answer_ends;

/* From any thread. */
void ds_control_answer(ds_control *c, uint64_t client, ds_answer_ends ends, const char *line);

/* On the socket's thread. */
void ds_client_say(ds_client *client, const char *line);
void ds_client_refuse(ds_client *client, const ds_err *err);
void ds_request_hear(ds_control *c, ds_client *client, const ds_json *request, ds_arena *a);

#endif
