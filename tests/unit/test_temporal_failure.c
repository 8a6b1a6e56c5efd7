/* tests/unit/test_temporal_failure.c - our errors as failures, and failures as ours. */
#include "engine/temporal/failure.h"
#include "temporal_fixture.h"

static const struct ours {
    const char *name;
    ds_err_kind kind;
    const char *type;
    bool non_retryable;
} ours[] = {
    {"a refused login", DS_ERR_AUTH, "AuthError", true},
    {"a wrong setting", DS_ERR_CONFIG, "ConfigError", true},
    {"refused for good", DS_ERR_PERMANENT, "PermanentError", true},
    {"told to wait", DS_ERR_RATE_LIMITED, "RateLimited", false},
    {"a network's failure", DS_ERR_TRANSIENT, "TransientError", false},
    {"told to stop", DS_ERR_CANCELLED, "WorkerShutdown", false},
};

static void comes_back(void **state)
{
    const struct ours *row = *state;
    ds_err err = DS_ERR_INIT, back;
    Ds__Failure *f;

    ds_fail(&err, row->kind, "PUT /x: 403");
    err.http_status = 403;
    err.retry_after_ms = row->kind == DS_ERR_RATE_LIMITED ? 61500 : -1;
    f = ds_failure_of(&err, scratch);
    assert_string_equal(f->source, DS_FAILURE_SOURCE);
    assert_int_equal(f->failure_info_case, DS__FAILURE__FAILURE_INFO_APPLICATION_FAILURE_INFO);
    assert_string_equal(f->application_failure_info->type, row->type);
    assert_int_equal(f->application_failure_info->non_retryable, row->non_retryable);
    ds_failure_read(f, &back);
    assert_int_equal(back.kind, row->kind);
    assert_int_equal(back.http_status, 403);
    assert_int_equal(back.retry_after_ms, err.retry_after_ms);
    assert_string_equal(back.text, "PUT /x: 403");
}

static Ds__Failure *plain(const char *message)
{
    Ds__Failure *f = new_message(failure);

    f->message = message ? text(message) : NULL;
    return f;
}

static Ds__Failure *typed(const char *message, const char *type, bool non_retryable)
{
    return ds_failure_new(type, non_retryable, message, scratch);
}

static Ds__Failure *because(Ds__Failure *f, Ds__Failure *cause)
{
    f->cause = cause;
    return f;
}

static Ds__Failure *activity(const char *message)
{
    Ds__Failure *f = plain(message);

    f->failure_info_case = DS__FAILURE__FAILURE_INFO_ACTIVITY_FAILURE_INFO;
    f->activity_failure_info = new_message(activity_failure_info);
    return f;
}

static Ds__Failure *timeout(const char *message)
{
    Ds__Failure *f = plain(message);

    f->failure_info_case = DS__FAILURE__FAILURE_INFO_TIMEOUT_FAILURE_INFO;
    f->timeout_failure_info = new_message(timeout_failure_info);
    return f;
}

static Ds__Failure *cancelled(const char *message)
{
    Ds__Failure *f = plain(message);

    f->failure_info_case = DS__FAILURE__FAILURE_INFO_CANCELED_FAILURE_INFO;
    f->canceled_failure_info = new_message(canceled_failure_info);
    return f;
}

static Ds__Failure *server(bool non_retryable)
{
    Ds__Failure *f = plain("server");

    f->failure_info_case = DS__FAILURE__FAILURE_INFO_SERVER_FAILURE_INFO;
    f->server_failure_info = new_message(server_failure_info);
    f->server_failure_info->has_non_retryable = true;
    f->server_failure_info->non_retryable = non_retryable;
    return f;
}

static Ds__Failure *reset(void)
{
    Ds__Failure *f = plain("reset");

    f->failure_info_case = DS__FAILURE__FAILURE_INFO_RESET_WORKFLOW_FAILURE_INFO;
    f->reset_workflow_failure_info = new_message(reset_workflow_failure_info);
    return f;
}

static Ds__Failure *a_login_far_below(void)
{
    return because(typed("page 3", "SourceError", false),
                   because(typed("fetch", "TransientError", false),
                           typed("token revoked", "AuthError", true)));
}

static Ds__Failure *a_timeout_with_its_last_failure(void)
{
    return because(timeout("activity StartToClose timeout"),
                   typed("slow", "PermanentError", false));
}

static Ds__Failure *a_wrapped_one(void)
{
    return because(activity("Activity task failed."),
                   because(plain("activity error"), typed("403: Forbidden", "ConfigError", true)));
}

static Ds__Failure *a_repeated_one(void)
{
    return because(plain("a"), because(plain(" a\n"), because(plain(""), plain("b"))));
}

static Ds__Failure *a_wrapper_alone(void)
{
    return because(activity("activity error"), plain(NULL));
}

static Ds__Failure *a_wrapper_in_the_middle(void)
{
    return because(plain("pass"), because(plain("activity error"), plain("why")));
}

static Ds__Failure *of_a_type_nobody_knows(void)
{
    return typed("boom", "ValueError", false);
}

static Ds__Failure *of_such_a_type_for_good(void)
{
    return because(typed("boom", "ValueError", true), typed("x", "TransientError", false));
}

static Ds__Failure *a_cancellation(void)
{
    return because(activity("activity error"), cancelled("Cancelled"));
}

static Ds__Failure *of_the_server(void)
{
    return server(false);
}

static Ds__Failure *of_the_server_for_good(void)
{
    return server(true);
}

static Ds__Failure *none(void)
{
    return NULL;
}

static Ds__Failure *without_anything(void)
{
    return plain(NULL);
}

static const struct theirs {
    const char *name;
    Ds__Failure *(*make)(void);
    ds_err_kind kind;
    const char *says;
} theirs[] = {
    {"a refused login counts wherever it is", a_login_far_below, DS_ERR_AUTH,
     "page 3 ← fetch ← token revoked"},
    {"a timeout is passing whatever came before", a_timeout_with_its_last_failure, DS_ERR_TRANSIENT,
     "activity StartToClose timeout ← slow"},
    {"wrappers in front are left out", a_wrapped_one, DS_ERR_CONFIG, "403: Forbidden"},
    {"neighbours that say the same say it once", a_repeated_one, DS_ERR_TRANSIENT, "a ← b"},
    {"a wrapper alone stays", a_wrapper_alone, DS_ERR_TRANSIENT, "activity error"},
    {"and so does one that is not in front", a_wrapper_in_the_middle, DS_ERR_TRANSIENT,
     "pass ← activity error ← why"},
    {"a type nobody knows is passing", of_a_type_nobody_knows, DS_ERR_TRANSIENT, "boom"},
    {"unless it says otherwise", of_such_a_type_for_good, DS_ERR_PERMANENT, "boom ← x"},
    {"a cancellation", a_cancellation, DS_ERR_CANCELLED, "Cancelled"},
    {"the server's own", of_the_server, DS_ERR_TRANSIENT, "server"},
    {"the server's own, for good", of_the_server_for_good, DS_ERR_PERMANENT, "server"},
    {"a reset", reset, DS_ERR_TRANSIENT, "reset"},
    {"none at all", none, DS_ERR_TRANSIENT, "unknown error"},
    {"an empty one", without_anything, DS_ERR_TRANSIENT, "unknown error"},
};

static void is_understood(void **state)
{
    const struct theirs *row = *state;
    const Ds__Failure *f = row->make();
    ds_err err;

    ds_failure_read(f, &err);
    assert_int_equal(err.kind, row->kind);
    assert_string_equal(err.text, row->says);
    assert_string_equal(ds_failure_text(f, scratch), row->says);
}

/* Texts from outside: bad UTF-8 is repaired, and what is too long is cut between characters. */
static void texts_are_kept_in_bounds(void **state)
{
    char *longer = ds_arena_alloc(scratch, 4001);
    Ds__Failure *f = NULL;
    const char *says;

    (void)state;
    assert_string_equal(ds_failure_text(plain("a\xff"), scratch), "a\uFFFD");
    for (size_t i = 0; i < 4000; i += 2)
        memcpy(longer + i, "\u00fc", 2);
    longer[4000] = '\0';
    says = ds_failure_text(plain(longer), scratch);
    assert_int_equal(strlen(says), 1024);
    longer[0] = longer[1] = 'x';
    memmove(longer + 1, longer + 2, 3999);
    says = ds_failure_text(plain(longer), scratch);
    assert_int_equal(strlen(says), 1023);
    for (int i = 0; i < 90; i++)
        f = because(plain(ds_arena_printf(scratch, "%d%.900s", i, longer)), f);
    assert_in_range(strlen(ds_failure_text(f, scratch)), 3000, 4096);
}

static void delays_that_are_none(void **state)
{
    static const struct {
        int64_t seconds;
        int32_t nanos;
        int64_t ms;
    } rows[] = {{0, 0, 0},     {1, 500000000, 1500}, {-1, 0, -1},
                {3, -5, 3000}, {INT64_MAX, 0, -1},   {86400, 999999999, 86400999}};

    (void)state;
    for (size_t i = 0; i < DS_COUNT(rows); i++) {
        Ds__Failure *f = typed("x", "RateLimited", false);
        ds_err err;

        f->application_failure_info->next_retry_delay = seconds(rows[i].seconds);
        f->application_failure_info->next_retry_delay->nanos = rows[i].nanos;
        ds_failure_read(f, &err);
        assert_int_equal(err.retry_after_ms, rows[i].ms);
    }
}

int main(void)
{
    add_table(ours, comes_back);
    add_table(theirs, is_understood);
    add_test(texts_are_kept_in_bounds);
    add_test(delays_that_are_none);
    return run_tests("temporal failure");
}
