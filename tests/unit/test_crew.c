/* tests/unit/test_crew.c - the same done for many things, several at a time. */
#include "engine/temporal/crew.h"
#include "support/run.h"

#include <errno.h>
#include <pthread.h>

enum { MANY = 500 };

typedef struct seen {
    atomic_int times[MANY];
    atomic_int all;
    pthread_t caller;
    atomic_int by_others;
    pthread_mutex_t lock;
    pthread_cond_t another;
    int inside;
} seen;

/* Caught by the linker (--wrap). */
static bool no_more_threads;

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                          void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                          void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                          void *arg)
{
    return no_more_threads ? EAGAIN : __real_pthread_create(thread, attr, run, arg);
}

static bool count(void *to, size_t i, ds_arena *a, ds_err *err)
{
    seen *s = to;

    (void)err;
    atomic_fetch_add(&s->times[i], 1);
    atomic_fetch_add(&s->all, ds_arena_strdup(a, "scratch") != NULL);
    if (!pthread_equal(pthread_self(), s->caller))
        atomic_fetch_add(&s->by_others, 1);
    return true;
}

/* Ends when two are at it at once. */
static bool meet(void *to, size_t i, ds_arena *a, ds_err *err)
{
    seen *s = to;

    pthread_mutex_lock(&s->lock);
    s->inside++;
    pthread_cond_broadcast(&s->another);
    while (s->inside < 2)
        pthread_cond_wait(&s->another, &s->lock);
    pthread_mutex_unlock(&s->lock);
    return count(to, i, a, err);
}

static bool fail_at_third(void *to, size_t i, ds_arena *a, ds_err *err)
{
    (void)count(to, i, a, err);
    return i != 2 || ds_fail(err, DS_ERR_TRANSIENT, "number %zu", i);
}

static bool fail_each(void *to, size_t i, ds_arena *a, ds_err *err)
{
    (void)count(to, i, a, err);
    return ds_fail(err, DS_ERR_AUTH, "refused");
}

static bool stop_then(void *to, size_t i, ds_arena *a, ds_err *err)
{
    atomic_bool *stop = to;

    (void)i;
    (void)a;
    (void)err;
    assert_false(atomic_exchange(stop, true));
    return true;
}

static atomic_bool go_on;

static bool work_on(seen *s, bool (*one)(void *, size_t, ds_arena *, ds_err *), size_t n,
                    ds_err *err)
{
    const ds_crew_work work = {.one = one, .to = s, .n = n, .stop = &go_on};

    s->caller = pthread_self();
    return ds_crew_do(&work, err);
}

static void all_are_done_once(void **state)
{
    static seen s = {.lock = PTHREAD_MUTEX_INITIALIZER, .another = PTHREAD_COND_INITIALIZER};
    ds_err err = DS_ERR_INIT;

    (void)state;
    assert_true(work_on(&s, meet, MANY, &err));
    assert_int_equal(s.all, MANY);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(s.times[i], 1);
}

static void one_needs_no_helper_and_none_needs_nobody(void **state)
{
    static seen s;
    ds_err err = DS_ERR_INIT;

    (void)state;
    assert_true(work_on(&s, count, 0, &err));
    assert_int_equal(s.all, 0);
    assert_true(work_on(&s, count, 1, &err));
    assert_int_equal(s.all, 1);
    assert_int_equal(s.by_others, 0);
}

static void without_threads_the_caller_does_it_all(void **state)
{
    static seen s;
    ds_err err = DS_ERR_INIT;

    (void)state;
    no_more_threads = true;
    assert_true(work_on(&s, count, MANY, &err));
    no_more_threads = false;
    assert_int_equal(s.all, MANY);
    assert_int_equal(s.by_others, 0);
    assert_int_equal(err.kind, DS_ERR_NONE);
}

static void a_failure_ends_it(void **state)
{
    static seen s;
    ds_err err = DS_ERR_INIT;

    (void)state;
    no_more_threads = true; /* so that it is known what had begun */
    assert_false(work_on(&s, fail_at_third, MANY, &err));
    no_more_threads = false;
    assert_int_equal(s.all, 3);
    assert_string_equal(err.text, "number 2");
    assert_int_equal(err.kind, DS_ERR_TRANSIENT);
}

static bool is_wrong_at_third(void *to, size_t i, ds_arena *a, ds_err *err)
{
    (void)count(to, i, a, err);
    return i != 2 || ds_fail(err, DS_ERR_PERMANENT, "number %zu", i);
}

static void what_is_wrong_with_one_ends_nothing(void **state)
{
    static seen s;
    ds_err err = DS_ERR_INIT;

    (void)state;
    assert_false(work_on(&s, is_wrong_at_third, MANY, &err));
    assert_int_equal(s.all, MANY);
    assert_string_equal(err.text, "number 2");
}

static void of_many_failures_one_is_told(void **state)
{
    static seen s;
    ds_err err = DS_ERR_INIT;

    (void)state;
    assert_false(work_on(&s, fail_each, MANY, &err));
    assert_true(s.all < MANY);
    assert_string_equal(err.text, "refused");
}

static void stopping_begins_nothing_more(void **state)
{
    atomic_bool stop = false;
    const ds_crew_work work = {.one = stop_then, .to = &stop, .n = MANY, .stop = &stop};
    ds_err err = DS_ERR_INIT;

    (void)state;
    no_more_threads = true;
    assert_true(ds_crew_do(&work, &err));
    no_more_threads = false;
    assert_true(stop);
}

int main(void)
{
    add_test(all_are_done_once);
    add_test(one_needs_no_helper_and_none_needs_nobody);
    add_test(without_threads_the_caller_does_it_all);
    add_test(a_failure_ends_it);
    add_test(what_is_wrong_with_one_ends_nothing);
    add_test(of_many_failures_one_is_told);
    add_test(stopping_begins_nothing_more);
    return run_tests("crew");
}
