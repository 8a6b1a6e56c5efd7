/* src/transform/worker.h - the parts of durable-sync-jq, a program of its own. */
#ifndef DS_TRANSFORM_WORKER_H
#define DS_TRANSFORM_WORKER_H

#include "transform/wire.h"

#include <jq.h>
#include <jv.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define DS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define DS_SANITIZED 1
#endif
#endif
#ifndef DS_SANITIZED
#define DS_SANITIZED 0
#endif

/* worker_fence.c: limits first, system calls last. Both answer with DS_FENCE_ bits. */
uint32_t ds_fence_limits(void);
uint32_t ds_fence_calls(void);

/* worker_values.c */
typedef struct ds_worker_record {
    jv key, props, body; /* as they came; body null where there is none */
    bool has_body;
} ds_worker_record;

/* The next record of a batch, or invalid where its bytes are. */
jv ds_worker_take(ds_wire_in *in, ds_worker_record *rec);
void ds_worker_record_free(ds_worker_record *rec);
/* What the program made of it, as the result of the record. Consumes `made`. */
void ds_worker_put(ds_buf *out, const ds_worker_record *rec, jv made);
void ds_worker_hold(ds_buf *out, const char *reason);

#endif
