/* tests/unit/test_activity.c - what a connector is handed, secrets, instances, crash points. */
#include "base/activity.h"
#include "base/crashpoint.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/route.h"
#include "base/secret.h"
#include "support/fake_clock.h"
#include "support/run.h"
#include "support/tmpdir.h"

#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void an_activity_knows_the_time_and_when_to_stop(void **state)
{
    atomic_bool stop = false;
    fake_clock fake;
    ds_activity act = {.arena = scratch, .clock = &fake.clock, .stop = &stop};

    (void)state;
    fake_clock_init(&fake, 5000);
    assert_ptr_equal(ds_activity_arena(&act), scratch);
    assert_int_equal(ds_activity_now_ms(&act), 5000);
    fake_clock_move(&fake, 7);
    assert_int_equal(ds_activity_now_ms(&act), 5007);
    assert_false(ds_activity_stopping(&act));
    stop = true;
    assert_true(ds_activity_stopping(&act));
    act.stop = NULL;
    assert_false(ds_activity_stopping(&act));
}

static void who_waits_is_woken_where_all_that_may_stop_it_rings(void **state)
{
    atomic_bool stop = false, left = false;
    ds_bell first, second, none = {.fd = -1};
    ds_activity act = {.stop = &stop, .left = &left};
    int fds[DS_WAKE_FDS];

    (void)state;
    ds_bell_init(&first);
    ds_bell_init(&second);
    assert_int_equal(ds_activity_wake_fds(&act, fds), 0);
    act.stop_bell = &first;
    assert_int_equal(ds_activity_wake_fds(&act, fds), 0); /* the other one would not be heard */
    act.left_bell = &none;
    assert_int_equal(ds_activity_wake_fds(&act, fds), 0);
    act.left_bell = &second;
    assert_int_equal(ds_activity_wake_fds(&act, fds), 2);
    act.left = NULL;
    assert_int_equal(ds_activity_wake_fds(&act, fds), 1);
    assert_int_equal(poll(&(struct pollfd){.fd = fds[0], .events = POLLIN}, 1, 0), 0);
    ds_bell_ring(&first);
    ds_bell_ring(&first);
    ds_bell_ring(&none);
    assert_int_equal(eventfd_write(fds[0], UINT64_MAX - 3), 0); /* full: two rings are in it */
    ds_bell_ring(&first);
    assert_int_equal(poll(&(struct pollfd){.fd = fds[0], .events = POLLIN}, 1, 0), 1);
    ds_bell_fini(&first);
    ds_bell_fini(&second);
    ds_bell_fini(&none);
}

static void a_lease_is_told_in_milliseconds(void **state)
{
    _Atomic int64_t lease_us;
    fake_clock fake;
    ds_activity act = {.clock = &fake.clock};

    (void)state;
    fake_clock_init(&fake, 5000);
    assert_int_equal(ds_activity_lease_ms(&act), INT64_MAX);
    act.lease_us = &lease_us;
    lease_us = fake.clock.mono_us(&fake.clock) + 1500001;
    assert_int_equal(ds_activity_lease_ms(&act), 1501);
    fake_clock_move(&fake, 1501);
    assert_int_equal(ds_activity_lease_ms(&act), 0);
    assert_true(ds_activity_stopping(&act));
}

static void a_warning_names_route_and_unit(void **state)
{
    ds_activity act = {.arena = scratch, .route = "repos", .unit = "github:acme"};
    tmpdir *dir = tmpdir_new();
    int fd = open(tmpdir_file(dir, "log"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    (void)state;
    ds_log_setup(DS_LOG_INFO, false, fd);
    ds_activity_warn(&act, "%d of %d", 1, 2);
    ds_log_setup(DS_LOG_INFO, false, STDERR_FILENO);
    close(fd);
    assert_non_null(
        strstr(tmpdir_read(dir, "log", NULL),
               " warn connector_warning route=repos unit=github:acme text=\"1 of 2\"\n"));
    tmpdir_free(dir);
}

typedef struct last_kept {
    ds_memory memory;
    bool shared;
    const char *key, *value;
    int calls;
} last_kept;

static const char *recall_last(ds_memory *memory, bool shared, const char *key, ds_arena *a)
{
    last_kept *last = (last_kept *)memory;

    return shared == last->shared && strcmp(key, last->key) == 0 ? ds_arena_strdup(a, last->value)
                                                                 : NULL;
}

static void keep_last(ds_memory *memory, bool shared, const char *key, const char *value)
{
    last_kept *last = (last_kept *)memory;

    *last = (last_kept){.memory = last->memory,
                        .shared = shared,
                        .key = key,
                        .value = value,
                        .calls = last->calls + 1};
}

static void an_activity_recalls_what_was_kept(void **state)
{
    last_kept last = {.memory = {.recall = recall_last, .keep = keep_last}, .key = ""};
    ds_activity act = {.arena = scratch, .memory = &last.memory};
    char *large = ds_arena_alloc(scratch, DS_KEEP_VALUE_MAX + 2);

    (void)state;
    memset(large, 'a', DS_KEEP_VALUE_MAX + 1);
    large[DS_KEEP_VALUE_MAX + 1] = '\0';
    ds_activity_keep(&act, "etag", "abc");
    assert_string_equal(ds_activity_recall(&act, "etag"), "abc");
    assert_null(ds_activity_recall_shared(&act, "etag"));
    ds_activity_keep_shared(&act, "budget", "1");
    assert_string_equal(ds_activity_recall_shared(&act, "budget"), "1");
    ds_activity_keep(&act, "etag", large); /* too large to keep: what was known is forgotten */
    assert_null(last.value);
    ds_activity_keep(&act, large, "1");
    assert_null(ds_activity_recall(&act, large));
    assert_int_equal(last.calls, 3);
    ds_activity_keep(&act, "etag", "abc");
    ds_activity_keep(&act, "etag", NULL); /* the connector says so itself */
    assert_null(ds_activity_recall(&act, "etag"));
    act.memory = NULL;
    ds_activity_keep(&act, "etag", "abc");
    assert_null(ds_activity_recall(&act, "etag"));
}

static void a_limit_is_told_to_who_watches(void **state)
{
    _Atomic int64_t until = 0;
    ds_activity act = {.limited_ms = &until}, unseen = {.route = "repos"};

    (void)state;
    ds_activity_limited(&act, 1234);
    assert_int_equal(atomic_load(&until), 1234);
    ds_activity_limited(&act, 0);
    assert_int_equal(atomic_load(&until), 0);
    ds_activity_limited(&unseen, 1234); /* nobody watches */
}

static void each_call_is_told_to_who_watches(void **state)
{
    _Atomic int64_t asked = 40; /* before an interruption */
    ds_activity act = {.asked = &asked}, unseen = {.route = "repos"};

    (void)state;
    ds_activity_count(&act, "GET /x");
    ds_activity_count(&act, NULL);
    ds_activity_count(&unseen, "GET /x"); /* nobody watches */
    assert_int_equal(atomic_load(&asked), 42);
    assert_int_equal(act.calls, 2);
}

static void its_calls_are_told_by_endpoint(void **state)
{
    ds_activity act = {.route = "repos", .unit = "all"};
    tmpdir *dir = tmpdir_new();
    int fd = open(tmpdir_file(dir, "log"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    (void)state;
    ds_activity_count(&act, "GET /a");
    ds_activity_count(&act, "GET /a");
    ds_log_setup(DS_LOG_DEBUG, false, fd);
    ds_activity_log_calls(&act, "source");
    for (int i = 0; i < 16; i++)
        ds_activity_count(&act, ds_arena_printf(scratch, "PUT /%d", i));
    ds_activity_log_calls(&act, "destination");
    ds_log_setup(DS_LOG_INFO, false, STDERR_FILENO);
    close(fd);
    assert_non_null(
        strstr(tmpdir_read(dir, "log", NULL),
               " debug calls route=repos unit=all side=source endpoint=\"GET /a\" n=2\n"));
    assert_non_null(strstr(tmpdir_read(dir, "log", NULL), "endpoint=\"PUT /14\" n=1\n"));
    assert_null(strstr(tmpdir_read(dir, "log", NULL), "endpoint=\"PUT /15\"")); /* no room */
    tmpdir_free(dir);
}

static void an_activity_knows_which_columns_are_wanted(void **state)
{
    static const char *const names[] = {"id", "title"};
    ds_activity act = {.wanted = names, .wanted_n = 2};
    size_t n;

    (void)state;
    assert_ptr_equal(ds_activity_wanted(&act, &n), names);
    assert_int_equal(n, 2);
    act.wanted = NULL; /* all of them */
    assert_null(ds_activity_wanted(&act, &n));
    assert_int_equal(n, 0);
}

static void an_activity_counts_calls_and_knows_its_route(void **state)
{
    ds_activity act = {.route = "repos", .haste = DS_HASTE_FILL};

    (void)state;
    ds_activity_count(&act, "GET /a");
    ds_activity_count(&act, "GET /b");
    assert_int_equal(act.calls, 2);
    assert_string_equal(act.endpoints[1].endpoint, "GET /b");
    ds_activity_count(&act, NULL);
    assert_string_equal(act.endpoints[2].endpoint, "-");
    for (int i = 0; i < 40; i++)
        ds_activity_count(&act, ds_arena_printf(scratch, "GET /%d", i % 20));
    ds_activity_count(&act, "GET /a");
    assert_int_equal(act.calls, 44);
    assert_int_equal(act.endpoints[0].n, 2);
    assert_int_equal(act.endpoints[15].n, 2);
    assert_string_equal(ds_activity_route(&act), "repos");
    assert_int_equal(ds_activity_haste(&act), DS_HASTE_FILL);
    act.route = NULL;
    assert_string_equal(ds_activity_route(&act), "-");
}

static void the_system_clock_runs(void **state)
{
    ds_clock *clock = ds_clock_system();
    atomic_bool stop = true;
    int64_t before = clock->mono_us(clock);

    (void)state;
    assert_true(clock->now_ms(clock) > INT64_C(1700000000000));
    clock->wait_us(clock, 1, NULL);
    assert_true(clock->mono_us(clock) > before);
    clock->wait_us(clock, 0, NULL);
    clock->wait_us(clock, -1, NULL);
    clock->wait_us(clock, INT64_MAX / 2, &stop); /* returns: it was stopped before */
}

static void a_secret_is_kept_whole(void **state)
{
    ds_secret *secret = ds_secret_new("abc\0def", 7);

    (void)state;
    assert_memory_equal(ds_secret_reveal(secret), "abc\0def", 8);
    ds_secret_free(secret);
    ds_secret_free(NULL);
    assert_null(ds_secret_reveal(NULL));
}

/* ---- instances ------------------------------------------------------------------------------- */

typedef struct thing {
    union {
        ds_source source;
        ds_destination destination;
    } base;
    int setting;
} thing;

static int closed;

static void close_source(ds_source *self)
{
    closed += ((thing *)self)->setting;
}

static void close_destination(ds_destination *self)
{
    closed += ((thing *)self)->setting;
}

static const ds_source_ops source_ops = {.instance_size = sizeof(thing), .close = close_source};
static const ds_destination_ops destination_ops = {.instance_size = sizeof(thing),
                                                   .close = close_destination};

static void instances_are_copies_of_the_settings(void **state)
{
    static const thing settings = {.setting = 7};
    ds_route route = {.name = "repos",
                      .source = &source_ops,
                      .destination = &destination_ops,
                      .source_settings = &settings,
                      .destination_settings = &settings};
    ds_source *src = ds_source_new(&route);
    ds_destination *dst = ds_destination_new(&route);

    (void)state;
    closed = 0;
    assert_ptr_equal(src->ops, &source_ops);
    assert_ptr_equal(dst->ops, &destination_ops);
    assert_string_equal(src->route, "repos");
    assert_string_equal(dst->route, "repos");
    assert_int_equal(((thing *)src)->setting, 7);
    ((thing *)dst)->setting = 70;
    assert_int_equal(settings.setting, 7);
    ds_source_free(src);
    ds_destination_free(dst);
    assert_int_equal(closed, 77);
    ds_source_free(NULL);
    ds_destination_free(NULL);
}

typedef struct keeper {
    thing thing;
    char odd; /* a size that is no multiple of anything */
    ds_secret *token, *password;
} keeper;

static const ds_option keeper_options[] = {
    {.name = "token", .type = DS_OPTION_SECRET, .offset = offsetof(keeper, token)},
    {.name = "password", .type = DS_OPTION_SECRET, .offset = offsetof(keeper, password)},
    {.name = NULL}};
static const ds_source_ops keeper_source = {.instance_size = sizeof(keeper),
                                            .options = keeper_options};
static const ds_destination_ops keeper_destination = {.instance_size = sizeof(keeper),
                                                      .options = keeper_options};

static ds_secret *read_now(const void *from)
{
    const char *const *text = from;

    return *text ? ds_secret_new(*text, strlen(*text)) : NULL;
}

static void assert_token(const ds_route *route, const char *text)
{
    DS_AUTO(ds_source) src = ds_source_new(route);
    DS_AUTO(ds_destination) dst = ds_destination_new(route);

    assert_string_equal(ds_secret_reveal(((keeper *)src)->token), text);
    assert_string_equal(ds_secret_reveal(((keeper *)dst)->token), text);
    assert_string_equal(ds_secret_reveal(((keeper *)src)->password), "stays");
}

static void an_instance_has_the_secrets_of_its_time(void **state)
{
    const char *written = "first";
    keeper settings = {.token = ds_secret_new("first", 5), .password = ds_secret_new("stays", 5)};
    ds_route route = {.source = &keeper_source,
                      .destination = &keeper_destination,
                      .source_settings = &settings,
                      .destination_settings = &settings};

    (void)state;
    ds_secret_may_change(settings.token, read_now, &written);
    assert_token(&route, "first");
    written = "second";
    assert_token(&route, "second");
    written = NULL; /* it cannot be read */
    assert_token(&route, "first");
    ds_secret_free(settings.token);
    ds_secret_free(settings.password);
}

static void instances_without_settings_or_close(void **state)
{
    static const ds_source_ops from = {.instance_size = sizeof(thing)};
    static const ds_destination_ops to = {.instance_size = sizeof(thing)};
    ds_route route = {.source = &from, .destination = &to};
    DS_AUTO(ds_source) src = ds_source_new(&route);
    DS_AUTO(ds_destination) dst = ds_destination_new(&route);

    (void)state;
    assert_int_equal(((thing *)src)->setting, 0);
    assert_int_equal(((thing *)dst)->setting, 0);
}

/* ---- crash points, hashes -------------------------------------------------------------------- */

static const char *crashed_at;

static void note(const char *where)
{
    crashed_at = where;
}

static void a_crash_point_calls_its_hook(void **state)
{
    (void)state;
    crashed_at = NULL;
    ds_crashpoint("nobody listens");
    assert_null(crashed_at);
    ds_crash_hook = note;
    ds_crashpoint("commit");
    ds_crash_hook = NULL;
    assert_string_equal(crashed_at, "commit");
}

/* The hashes are stored: another version of the library must give the same ones. */
static void hashes_are_those_of_xxh3(void **state)
{
    ds_hash none = ds_hash128("", 0), abc = ds_hash128("abc", 3);

    (void)state;
    assert_true(none.high == UINT64_C(0x99aa06d3014798d8) &&
                none.low == UINT64_C(0x6001c324468d497f));
    assert_true(abc.high == UINT64_C(0x06b05ab6733a6185) &&
                abc.low == UINT64_C(0x78af5f94892f3950));
    assert_true(ds_hash64("", 0) == UINT64_C(0x2d06800538d394c2));
    assert_true(ds_hash_same(abc, ds_hash128("abc", 3)));
    assert_false(ds_hash_same(abc, none));
    assert_false(ds_hash_same(abc, (ds_hash){abc.low, 0}));
    assert_false(ds_hash_same(abc, (ds_hash){0, abc.high}));
}

int main(void)
{
    add_test(an_activity_knows_the_time_and_when_to_stop);
    add_test(who_waits_is_woken_where_all_that_may_stop_it_rings);
    add_test(a_lease_is_told_in_milliseconds);
    add_test(a_warning_names_route_and_unit);
    add_test(an_activity_recalls_what_was_kept);
    add_test(an_activity_counts_calls_and_knows_its_route);
    add_test(an_activity_knows_which_columns_are_wanted);
    add_test(a_limit_is_told_to_who_watches);
    add_test(each_call_is_told_to_who_watches);
    add_test(its_calls_are_told_by_endpoint);
    add_test(the_system_clock_runs);
    add_test(a_secret_is_kept_whole);
    add_test(instances_are_copies_of_the_settings);
    add_test(an_instance_has_the_secrets_of_its_time);
    add_test(instances_without_settings_or_close);
    add_test(a_crash_point_calls_its_hook);
    add_test(hashes_are_those_of_xxh3);
    return run_tests("activity");
}
