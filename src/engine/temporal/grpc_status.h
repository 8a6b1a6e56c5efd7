/* src/engine/temporal/grpc_status.h - what a failed call means: gRPC's codes in our own terms. */
#ifndef DS_ENGINE_TEMPORAL_GRPC_STATUS_H
#define DS_ENGINE_TEMPORAL_GRPC_STATUS_H

#include "engine/temporal/grpc.h"

typedef struct ds_grpc_scene { /* for the words: who was asked for what */
    const char *address, *namespace_, *method;
    bool has_key;
} ds_grpc_scene;

/* A stream that was ended by RST_STREAM, without any answer; `late`: its deadline had come. */
void ds_grpc_of_reset(uint32_t code, bool late, ds_grpc_failure *out);

/* Sets kind and text. False, so that `return ds_grpc_fail(...)` reads well. */
bool ds_grpc_fail(ds_err *err, const ds_grpc_scene *scene, const ds_grpc_failure *failure);

#endif
