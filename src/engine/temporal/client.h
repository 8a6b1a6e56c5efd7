/* src/engine/temporal/client.h
 *
 * Calls to one namespace of a server, messages in and out, encrypted where there are keys; and what
 * a client does with the workflow of a unit.  Any number of threads.
 */
#ifndef DS_ENGINE_TEMPORAL_CLIENT_H
#define DS_ENGINE_TEMPORAL_CLIENT_H

#include "engine/temporal/carry.h"
#include "engine/temporal/codec.h"
#include "base/temporal.h"
#include "engine/temporal/grpc.h"
#include "engine/temporal/wire.h"
#include <stdatomic.h>
#include <time.h>

#define DS_WORKFLOW_TYPE "SourceSyncWorkflow"
#define DS_CALL_MS (10 * DS_SECOND_MS)
/* How long a worker's request for work may last: so often one that lives is heard of at least. */
#define DS_POLL_MS (30 * DS_SECOND_MS)
#define DS_PASS_POLL_MS (5 * DS_SECOND_MS) /* and one for a pass */

typedef struct ds_client ds_client;

/* Copies nothing: the settings outlive it. Does not wait for the server. `impatient`: a person
 * waits, so a server that is away fails a call within seconds. */
DS_MUST_USE ds_client *ds_client_open(const ds_temporal *settings, bool impatient, ds_err *err);
void ds_client_close(ds_client *c);
DS_AUTO_DEFINE(ds_client, ds_client_close)

const ds_temporal *ds_client_settings(const ds_client *c);
const char *ds_client_identity(const ds_client *c);
ds_grpc *ds_client_grpc(ds_client *c);
/* The server does not answer: logged once until it does. A connection that cannot be made says so
 * itself, of a client that is not impatient. */
void ds_client_lost(ds_client *c, const ds_err *why);
bool ds_client_is_lost(const ds_client *c);
/* Waits that long, or until ds_client_hurry: false. */
bool ds_client_wait(ds_client *c, int64_t ms);
/* Every call and wait ends now. */
void ds_client_hurry(ds_client *c);
/* What attributes.h keeps here; 0 at first. */
unsigned ds_client_attributes(const ds_client *c);
void ds_client_set_attributes(ds_client *c, unsigned which);

/* One call: encrypted, packed, sent, again where that is safe and makes sense for `patience_ms` in
 * all (0: once); the answer unpacked and decrypted in `a`. `request` is changed. *failure as of the
 * last try; may be NULL. */
typedef struct ds_call {
    const char *method;
    const ProtobufCMessageDescriptor *answer; /* NULL: nothing of it is read */
    int64_t timeout_ms, patience_ms;
} ds_call;
DS_MUST_USE bool ds_client_call(ds_client *c, const ds_call *call, ProtobufCMessage *request,
                                ds_arena *a, void **answer, ds_grpc_failure *failure, ds_err *err);

/* What came packed inside an answer. */
void ds_client_decode(const ds_client *c, ProtobufCMessage *m, ds_arena *a);

/* ---- a unit's workflow ----------------------------------------------------------------------- */

const char *ds_client_id(const ds_client *c, ds_arena *a, const char *route, const char *unit);
Ds__WorkflowExecution *ds_client_execution(const char *id, ds_arena *a);
/* What lists show of it. */
Ds__Memo *ds_client_memo(const ds_carry *carry, const char *word, ds_arena *a);

/* Starts it, or leaves the one that runs alone (*started false). */
DS_MUST_USE bool ds_client_start(ds_client *c, const char *id, const ds_carry *carry, bool *started,
                                 ds_err *err);
/* `json`: its one argument; NULL: none. *found false: there is none that runs. */
DS_MUST_USE bool ds_client_signal(ds_client *c, const char *id, const char *name, const char *json,
                                  bool *found, ds_err *err);
/* The same by what a person says: sync, pause, resume, interval, approve. */
DS_MUST_USE bool ds_client_tell(ds_client *c, const char *id, const ds_event *event, bool *found,
                                ds_err *err);
/* The call failed since there is no such workflow, or none that runs: then `err` is none. */
bool ds_client_is_missing(const ds_grpc_failure *failure, ds_err *err);
/* *answer NULL: there is no such workflow. */
DS_MUST_USE bool ds_client_query(ds_client *c, const char *id, const char *query, ds_arena *a,
                                 const ds_json **answer, ds_err *err);
/* *out NULL: there is no such workflow. */
DS_MUST_USE bool ds_client_describe(ds_client *c, const char *id, ds_arena *a,
                                    Ds__DescribeWorkflowExecutionResponse **out, ds_err *err);

typedef struct ds_listed { /* a unit's workflow that runs, as the server's lists have it */
    const char *id, *unit;
    const char *config; /* as its memo has it; NULL: none */
    const char *word;
} ds_listed;
/* Of one route. Lists of a server lag behind by seconds. */
DS_MUST_USE bool ds_client_list(ds_client *c, const char *route, ds_arena *a, ds_listed **out,
                                size_t *n, ds_err *err);
/* NULL: the memo has none of that name. */
const Ds__Payload *ds_client_memo_field(const Ds__Memo *memo, const char *name);
/* One text of a memo; NULL: none, or none that can be read. */
const char *ds_client_memo_text(const Ds__Memo *memo, const char *name, ds_arena *a);

/* That long from now on the clock that nobody sets, for pthread_cond_timedwait. */
struct timespec ds_steady_in(int64_t ms);

/* ---- small parts of messages ----------------------------------------------------------------- */

Ds__Duration *ds_duration_of(int64_t ms, ds_arena *a);
Ds__TaskQueue *ds_task_queue_of(const ds_client *c, ds_arena *a);
/* Of a JSON text that we wrote ourselves. */
DS_MUST_USE Ds__Payloads *ds_payloads_of_text(const ds_buf *json, ds_arena *a, ds_err *err);
const char *ds_deployment_name(void); /* Worker Versioning: whose build ids these are */
Ds__WorkerDeploymentOptions *ds_deployment_of(const ds_client *c, ds_arena *a); /* NULL: none */

#endif
