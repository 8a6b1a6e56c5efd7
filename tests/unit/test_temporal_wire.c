/* tests/unit/test_temporal_wire.c
 *
 * Messages as they go over the wire.  The bytes of the first table were made by protobuf's own
 * runtime from the published schema.
 */
#include "temporal_fixture.h"

static const ProtobufCMessage *poll(void)
{
    Ds__PollWorkflowTaskQueueRequest *m = new_message(poll_workflow_task_queue_request);

    m->namespace_ = text("default");
    m->task_queue = normal_queue("durable-sync");
    m->identity = text("42@host");
    return &m->base;
}

static Ds__Command *start_timer(void)
{
    Ds__Command *c = new_message(command);
    Ds__StartTimerCommandAttributes *timer = new_message(start_timer_command_attributes);

    c->has_command_type = true;
    c->command_type = DS__COMMAND_TYPE__COMMAND_TYPE_START_TIMER;
    c->attributes_case = DS__COMMAND__ATTRIBUTES_START_TIMER_COMMAND_ATTRIBUTES;
    c->start_timer_command_attributes = timer;
    timer->timer_id = text("1");
    timer->start_to_fire_timeout = seconds(900);
    return c;
}

static const ProtobufCMessage *timer(void)
{
    return &start_timer()->base;
}

static const ProtobufCMessage *labelled_timer(void)
{
    Ds__Command *c = start_timer();

    c->user_metadata = new_message(user_metadata);
    c->user_metadata->summary = json_payload("\"next sync\"");
    return &c->base;
}

static const ProtobufCMessage *completion(void)
{
    Ds__RespondWorkflowTaskCompletedRequest *m =
        new_message(respond_workflow_task_completed_request);
    Ds__Command *c = start_timer();

    m->has_task_token = true;
    m->task_token = bytes_of("tok");
    m->n_commands = 1;
    m->commands = ds_arena_alloc(scratch, sizeof(void *));
    m->commands[0] = c;
    m->identity = text("42@host");
    m->namespace_ = text("default");
    m->sdk_metadata = new_message(workflow_task_completed_metadata);
    m->sdk_metadata->sdk_name = text("durable-sync-c");
    m->sdk_metadata->sdk_version = text("0.1.0");
    m->capabilities = new_message(respond_workflow_task_completed_request__capabilities);
    m->capabilities->has_discard_speculative_workflow_task_with_events = true;
    m->capabilities->discard_speculative_workflow_task_with_events = true;
    return &m->base;
}

static const ProtobufCMessage *query_answer(void)
{
    Ds__RespondWorkflowTaskCompletedRequest *m =
        new_message(respond_workflow_task_completed_request);
    Ds__RespondWorkflowTaskCompletedRequest__QueryResultsEntry *entry =
        new_message(respond_workflow_task_completed_request__query_results_entry);

    m->n_query_results = 1;
    m->query_results = ds_arena_alloc(scratch, sizeof(void *));
    m->query_results[0] = entry;
    entry->key = text("q1");
    entry->value = new_message(workflow_query_result);
    entry->value->has_result_type = true;
    entry->value->result_type = DS__QUERY_RESULT_TYPE__QUERY_RESULT_TYPE_ANSWERED;
    entry->value->answer = json_payloads("true");
    return &m->base;
}

static const ProtobufCMessage *activity(void)
{
    Ds__Command *c = new_message(command);
    Ds__ScheduleActivityTaskCommandAttributes *a =
        new_message(schedule_activity_task_command_attributes);
    Ds__RetryPolicy *retry = new_message(retry_policy);

    c->has_command_type = true;
    c->command_type = DS__COMMAND_TYPE__COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK;
    c->attributes_case = DS__COMMAND__ATTRIBUTES_SCHEDULE_ACTIVITY_TASK_COMMAND_ATTRIBUTES;
    c->schedule_activity_task_command_attributes = a;
    a->activity_id = text("1");
    a->activity_type = new_message(activity_type);
    a->activity_type->name = text("sync_page");
    a->task_queue = normal_queue("durable-sync");
    a->start_to_close_timeout = seconds(600);
    a->heartbeat_timeout = seconds(60);
    a->retry_policy = retry;
    retry->initial_interval = seconds(1);
    retry->has_backoff_coefficient = true;
    retry->backoff_coefficient = 2.0;
    retry->has_maximum_attempts = true;
    retry->maximum_attempts = 5;
    retry->n_non_retryable_error_types = 1;
    retry->non_retryable_error_types = ds_arena_alloc(scratch, sizeof(char *));
    retry->non_retryable_error_types[0] = text("AuthError");
    return &c->base;
}

static const ProtobufCMessage *again(void)
{
    Ds__Command *c = new_message(command);
    Ds__ContinueAsNewWorkflowExecutionCommandAttributes *a =
        new_message(continue_as_new_workflow_execution_command_attributes);

    c->has_command_type = true;
    c->command_type = DS__COMMAND_TYPE__COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION;
    c->attributes_case =
        DS__COMMAND__ATTRIBUTES_CONTINUE_AS_NEW_WORKFLOW_EXECUTION_COMMAND_ATTRIBUTES;
    c->continue_as_new_workflow_execution_command_attributes = a;
    a->workflow_type = new_message(workflow_type);
    a->workflow_type->name = text("SourceSyncWorkflow");
    a->task_queue = normal_queue("durable-sync");
    a->input = json_payloads("{}");
    a->has_initiator = true;
    a->initiator = DS__CONTINUE_AS_NEW_INITIATOR__CONTINUE_AS_NEW_INITIATOR_WORKFLOW;
    a->has_initial_versioning_behavior = true;
    a->initial_versioning_behavior =
        DS__CONTINUE_AS_NEW_VERSIONING_BEHAVIOR__CONTINUE_AS_NEW_VERSIONING_BEHAVIOR_AUTO_UPGRADE;
    return &c->base;
}

static const ProtobufCMessage *fired(void)
{
    Ds__HistoryEvent *e = new_message(history_event);

    e->has_event_id = e->has_event_type = true;
    e->event_id = 7;
    e->event_time = new_message(timestamp);
    e->event_time->has_seconds = e->event_time->has_nanos = true;
    e->event_time->seconds = 1700000000;
    e->event_time->nanos = 5000;
    e->event_type = DS__EVENT_TYPE__EVENT_TYPE_TIMER_FIRED;
    e->attributes_case = DS__HISTORY_EVENT__ATTRIBUTES_TIMER_FIRED_EVENT_ATTRIBUTES;
    e->timer_fired_event_attributes = new_message(timer_fired_event_attributes);
    e->timer_fired_event_attributes->timer_id = text("1");
    e->timer_fired_event_attributes->has_started_event_id = true;
    e->timer_fired_event_attributes->started_event_id = 5;
    return &e->base;
}

static const ProtobufCMessage *failure(void)
{
    Ds__Failure *f = new_message(failure), *cause = new_message(failure);
    Ds__ActivityFailureInfo *info = new_message(activity_failure_info);
    Ds__ApplicationFailureInfo *application = new_message(application_failure_info);

    f->message = text("activity error");
    f->cause = cause;
    f->failure_info_case = DS__FAILURE__FAILURE_INFO_ACTIVITY_FAILURE_INFO;
    f->activity_failure_info = info;
    info->has_scheduled_event_id = info->has_started_event_id = info->has_retry_state = true;
    info->scheduled_event_id = 5;
    info->started_event_id = 6;
    info->activity_type = new_message(activity_type);
    info->activity_type->name = text("sync_page");
    info->activity_id = text("1");
    info->retry_state = DS__RETRY_STATE__RETRY_STATE_NON_RETRYABLE_FAILURE;
    cause->message = text("token revoked");
    cause->failure_info_case = DS__FAILURE__FAILURE_INFO_APPLICATION_FAILURE_INFO;
    cause->application_failure_info = application;
    application->type = text("AuthError");
    application->has_non_retryable = application->non_retryable = true;
    return &f->base;
}

static const struct golden {
    const char *name;
    const ProtobufCMessage *(*make)(void);
    const char *hex;
} golden[] = {
    {"a poll", poll, "0a0764656661756c7412100a0c64757261626c652d73796e6310011a07343240686f7374"},
    {"a timer", timer, "08031a080a01311203088407"},
    {"a timer with a label", labelled_timer,
     "08031a080a01311203088407ea12270a250a160a08656e636f64696e67120a6a736f6e2f706c61696e120b226e"
     "6578742073796e6322"},
    {"a task that is done", completion,
     "0a03746f6b120c08031a080a013112030884071a07343240686f73744a0764656661756c7462171a0e64757261"
     "626c652d73796e632d632205302e312e3072020801"},
    {"the answer to a query", query_answer,
     "422a0a0271311224080112200a1e0a160a08656e636f64696e67120a6a736f6e2f706c61696e120474727565"},
    {"an activity", activity,
     "080112470a0131120b0a0973796e635f7061676522100a0c64757261626c652d73796e6310014a0308d8045202"
     "083c5a1a0a02080111000000000000004020052a09417574684572726f72"},
    {"a new run", again,
     "080a5a4d0a140a12536f7572636553796e63576f726b666c6f7712100a0c64757261626c652d73796e6310011a"
     "1e0a1c0a160a08656e636f64696e67120a6a736f6e2f706c61696e12027b7d4001800101"},
    {"an event", fired, "080712090880e2cfaa061088271812aa01050a01311005"},
    {"a failure with a cause", failure,
     "0a0e6163746976697479206572726f72221e0a0d746f6b656e207265766f6b65642a0d0a09417574684572726f"
     "7210015a1608051006220b0a0973796e635f706167652a01313002"},
};

/* Our bytes are those, and those read and written again are the same. */
static void is_golden(void **state)
{
    const struct golden *row = *state;
    const ProtobufCMessage *m = row->make();
    size_t n;
    const uint8_t *bytes = unhex(row->hex, &n);
    ProtobufCMessage *back = ds_wire_unpack(m->descriptor, bytes, n, scratch);

    assert_string_equal(packed_hex(m), row->hex);
    assert_non_null(back);
    assert_string_equal(packed_hex(back), row->hex);
}

static const struct hostile {
    const char *name;
    const ProtobufCMessageDescriptor *d;
    const char *hex;
    bool taken;
} hostile[] = {
    {"nothing is an empty message", &ds__failure__descriptor, "", true},
    {"a field nobody knows stays", &ds__failure__descriptor, "c23e03616263", true},
    {"a length beyond the end", &ds__failure__descriptor, "0a05616263", false},
    {"a length near 2^64", &ds__failure__descriptor, "0affffffffffffffffff01", false},
    {"a number of eleven bytes", &ds__timestamp__descriptor, "0880808080808080808080808001", false},
    {"a number that ends too early", &ds__timestamp__descriptor, "08ff", false},
    {"a key that ends too early", &ds__timestamp__descriptor, "ff", false},
    {"a field of number 0", &ds__timestamp__descriptor, "0001", false},
    {"a field beyond the largest number", &ds__timestamp__descriptor, "f8ffffff1f01", false},
    {"a group", &ds__failure__descriptor, "0b0c", false},
    {"a wire type there is none of", &ds__failure__descriptor, "0e", false},
    {"fixed numbers that nobody knows", &ds__failure__descriptor,
     "c53e01020304c13e0102030405060708", true},
    {"fixed numbers cut short", &ds__failure__descriptor, "c53e010203", false},
    {"eight bytes cut short", &ds__failure__descriptor, "c13e01020304050607", false},
    {"a text that is no UTF-8", &ds__failure__descriptor, "0a02c328", false},
    {"bytes that are no UTF-8 are fine as bytes", &ds__any__descriptor, "1202c328", true},
    {"a known field of another wire type", &ds__failure__descriptor, "0801", false},
    {"a negative enum", &ds__timeout_failure_info__descriptor, "08ffffffffffffffffff01", true},
    {"an enum of another age", &ds__timeout_failure_info__descriptor, "0863", true},
    {"a list of numbers that is not packed",
     &ds__workflow_task_started_event_attributes__descriptor, "40014002", true},
    {"a list that is packed", &ds__workflow_task_started_event_attributes__descriptor, "42020102",
     true},
};

static void bytes_from_outside(void **state)
{
    const struct hostile *row = *state;
    size_t n;
    const uint8_t *bytes = unhex(row->hex, &n);
    ProtobufCMessage *m = ds_wire_unpack(row->d, bytes, n, scratch);

    assert_int_equal(m != NULL, row->taken);
}

static void unknown_fields_are_written_back(void **state)
{
    size_t n;
    const uint8_t *bytes = unhex("0a0178c23e03616263", &n);
    ProtobufCMessage *m = ds_wire_unpack(&ds__failure__descriptor, bytes, n, scratch);

    (void)state;
    assert_non_null(m);
    assert_string_equal(packed_hex(m), "0a0178c23e03616263");
}

static void a_set_but_empty_member_is_one(void **state)
{
    size_t n;
    const uint8_t *bytes = unhex("2a00", &n);
    Ds__Failure *m = ds_wire_unpack(&ds__failure__descriptor, bytes, n, scratch);

    (void)state;
    assert_non_null(m);
    assert_int_equal(m->failure_info_case, DS__FAILURE__FAILURE_INFO_APPLICATION_FAILURE_INFO);
    assert_string_equal(packed_hex(&m->base), "2a00");
}

/* A chain of `depth` causes, the innermost empty. */
static const uint8_t *chain(unsigned depth, size_t *n)
{
    uint8_t *bytes = ds_arena_alloc(scratch, 0);

    *n = 0;
    for (unsigned i = 0; i < depth; i++) {
        uint8_t *outer = ds_arena_alloc(scratch, *n + 11);
        size_t at = 0, left = *n;

        outer[at++] = 0x22;
        for (; left >= 0x80; left >>= 7)
            outer[at++] = (uint8_t)(left | 0x80);
        outer[at++] = (uint8_t)left;
        memcpy(outer + at, bytes, *n);
        *n += at;
        bytes = outer;
    }
    return bytes;
}

static void causes_end_somewhere(void **state)
{
    size_t n;
    const uint8_t *bytes = chain(DS_WIRE_DEPTH_MAX, &n);

    (void)state;
    assert_non_null(ds_wire_unpack(&ds__failure__descriptor, bytes, n, scratch));
    bytes = chain(DS_WIRE_DEPTH_MAX + 1, &n);
    assert_null(ds_wire_unpack(&ds__failure__descriptor, bytes, n, scratch));
    bytes = chain(3000, &n);
    assert_null(ds_wire_unpack(&ds__failure__descriptor, bytes, n, scratch));
}

/* Two bytes of the wire for each empty event: a megabyte of them would take half a gigabyte. */
static void memory_is_counted(void **state)
{
    size_t n = DS_MIB;
    uint8_t *bytes = ds_arena_alloc(scratch, n);

    (void)state;
    for (size_t i = 0; i < n; i += 2) {
        bytes[i] = 0x0a;
        bytes[i + 1] = 0;
    }
    assert_null(ds_wire_unpack(&ds__history__descriptor, bytes, n, scratch));
    assert_true(ds_arena_size(scratch) < 64 * DS_MIB);
    assert_non_null(ds_wire_unpack(&ds__history__descriptor, bytes, 100, scratch));
}

int main(void)
{
    add_table(golden, is_golden);
    add_table(hostile, bytes_from_outside);
    add_test(unknown_fields_are_written_back);
    add_test(a_set_but_empty_member_is_one);
    add_test(causes_end_somewhere);
    add_test(memory_is_counted);
    return run_tests("temporal wire");
}
