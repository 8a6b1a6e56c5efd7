/* src/base/queue.h - messages between threads: many put, one takes. */
#ifndef DS_BASE_QUEUE_H
#define DS_BASE_QUEUE_H

#include <durable_sync/base.h>

typedef struct ds_queue ds_queue;

/* Messages are structs that embed ds_message as their first member; the queue owns none. */
typedef struct ds_message {
    struct ds_message *next;
} ds_message;

ds_queue *ds_queue_new(int lanes); /* lane 0 is emptied before lane 1, ... at most 4 */
void ds_queue_free(ds_queue *q);
void ds_queue_put(ds_queue *q, int lane, ds_message *message);
/* Oldest message of the first lane that has one; waits until `deadline_mono_ms` (CLOCK_MONOTONIC
 * in ms; -1: for ever; 0: not at all). NULL: time is up, or the queue was closed and is empty. */
ds_message *ds_queue_take(ds_queue *q, int64_t deadline_mono_ms);
void ds_queue_close(ds_queue *q); /* wakes takers; puts after it are still taken */

DS_AUTO_DEFINE(ds_queue, ds_queue_free)

#endif
