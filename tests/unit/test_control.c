/* tests/unit/test_control.c - the control socket: its words, its manners, and what it refuses. */
#include "engine_rig.h"

#include "engine/embedded/address.h"
#include <errno.h>
#include <sys/stat.h>

#define ANSWER_TIMEOUT_MS 60000

static void daemon_with(rig *r, size_t rows)
{
    rig_init(r);
    r->options.socket = r->socket;
    rig_rows("all", rows);
    rig_start(r);
    rig_outcome(rig_run(r, 1), DS_PASS_DONE);
}

static const ds_json *ask(const rig *r, const char *request)
{
    const ds_json *answer = NULL;
    ds_err err = DS_ERR_INIT;

    if (!ds_control_call(r->socket, request, ANSWER_TIMEOUT_MS, scratch, &answer, &err))
        fail_msg("%s: %s", request, err.text);
    return answer;
}

/* ---- the words ------------------------------------------------------------------------------- */

static const struct refusal {
    const char *name, *request, *error;
} refusals[] = {
    {"nothing", "", "line 1"},
    {"no JSON", "hello", "unexpected"},
    {"cut JSON", "{\"cmd\":\"ping\"", NULL},
    {"no object", "[1]", "no command \"\""},
    {"no command", "{}", "no command \"\""},
    {"an unknown command", "{\"cmd\":\"dance\"}", "no command \"dance\""},
    {"a command that is no text", "{\"cmd\":[]}", "no command \"\""},
    {"a signal without route", "{\"cmd\":\"signal\",\"event\":{\"type\":\"pause\"}}",
     "\"route\" is missing"},
    {"a signal to an unknown route",
     "{\"cmd\":\"signal\",\"route\":\"x\",\"event\":{\"type\":\"pause\"}}", "no route \"x\""},
    {"a signal to a unit that is no text",
     "{\"cmd\":\"signal\",\"route\":\"a\",\"unit\":[],\"event\":{\"type\":\"pause\"}}", "\"unit\""},
    {"a signal without event", "{\"cmd\":\"signal\",\"route\":\"a\"}", "no event is called \"\""},
    {"an unknown event", "{\"cmd\":\"signal\",\"route\":\"a\",\"event\":{\"type\":\"x\"}}",
     "no event is called \"x\""},
    {"an event that is the engine's own",
     "{\"cmd\":\"signal\",\"route\":\"a\",\"event\":{\"type\":\"pass_ended\"}}",
     "no event is called"},
    {"items that are no list",
     "{\"cmd\":\"signal\",\"route\":\"a\",\"event\":{\"type\":\"sync_now\",\"items\":\"k\"}}",
     "not a list"},
    {"items that are no text",
     "{\"cmd\":\"signal\",\"route\":\"a\",\"event\":{\"type\":\"sync_now\",\"items\":[{}]}}",
     "not text"},
    {"an interval of nothing",
     "{\"cmd\":\"signal\",\"route\":\"a\",\"event\":{\"type\":\"set_interval\"}}", "interval_ms"},
    {"an interval below zero",
     "{\"cmd\":\"signal\",\"route\":\"a\",\"event\":{\"type\":\"set_interval\",\"interval_ms\":-5}"
     "}",
     "interval_ms"},
    {"once with refs that are none", "{\"cmd\":\"once\",\"only\":[7]}", "\"route\" is missing"},
    {"held without verb", "{\"cmd\":\"held\",\"route\":\"a\",\"key\":\"k\"}", "no verb"},
    {"held without key", "{\"cmd\":\"held\",\"verb\":\"retry\",\"route\":\"a\"}", "needs"},
    {"adopt without id", "{\"cmd\":\"held\",\"verb\":\"adopt\",\"route\":\"a\",\"key\":\"k\"}",
     "\"id\""},
};

static rig shared;

static void is_refused(void **state)
{
    const struct refusal *row = *state;
    const ds_json *answer = ask(&shared, row->request);
    const char *error = ds_json_text(answer, "error");

    assert_false(ds_json_bool(answer, "ok"));
    assert_non_null(error);
    if (row->error && !strstr(error, row->error))
        fail_msg("\"%s\" does not say \"%s\"", error, row->error);
}

static void ping_tells_the_process(void **state)
{
    rig r;

    (void)state;
    daemon_with(&r, 1);
    assert_int_equal(ds_json_integer(ask(&r, "{\"cmd\":\"ping\"}"), "pid", 0), getpid());
    rig_end(&r);
}

static void a_signal_is_durable_when_it_is_answered(void **state)
{
    ds_event event = {.type = DS_EV_PAUSE};
    ds_unit_ref ref = {"a", "all"};
    ds_err err = DS_ERR_INIT;
    int64_t units = -1;
    rig r;

    (void)state;
    daemon_with(&r, 1);
    assert_true(ds_control_signal(r.socket, &ref, &event, &units, &err));
    assert_int_equal(units, 1);
    assert_true(rig_unit(&r, "a", "all")->state.paused);
    event = (ds_event){.type = DS_EV_SET_INTERVAL, .interval_ms = 90000};
    ref.unit = NULL;
    assert_true(ds_control_signal(r.socket, &ref, &event, &units, &err));
    assert_int_equal(rig_unit(&r, "a", "all")->state.interval_ms, 90000);
    ref.route = "nobody";
    assert_false(ds_control_signal(r.socket, &ref, &event, &units, &err));
    assert_int_equal(err.kind, DS_ERR_PERMANENT);
    assert_non_null(strstr(err.text, "no route \"nobody\""));
    rig_end(&r);
}

static void a_signal_carries_items(void **state)
{
    static const char *const items[] = {"all-0000", "with \"quotes\" and \xc3\xa4"};
    ds_event event = {.type = DS_EV_SYNC_NOW, .items = items, .items_n = 2};
    ds_unit_ref ref = {"a", "all"};
    ds_err err = DS_ERR_INIT;
    const ds_unit *unit;
    int64_t units;
    rig r;

    (void)state;
    daemon_with(&r, 1);
    rig_signal(&r, "all", DS_EV_PAUSE);
    assert_true(ds_control_signal(r.socket, &ref, &event, &units, &err));
    unit = &rig_unit(&r, "a", "all")->state;
    assert_int_equal(unit->want.items_n, 2);
    assert_string_equal(unit->want.items[1], items[1]);
    rig_end(&r);
}

static void what_runs_is_told(void **state)
{
    const ds_running *running;
    ds_err err = DS_ERR_INIT;
    int64_t pid;
    size_t n;
    gate g;
    rig r;

    (void)state;
    daemon_with(&r, 3);
    assert_true(ds_control_running(r.socket, scratch, &pid, &running, &n, &err));
    assert_int_equal(pid, getpid());
    assert_int_equal(n, 0);
    gate_init(&g, true);
    ds_memory_watch("from-a", gate_seen, &g);
    rig_signal(&r, "all", DS_EV_SYNC_NOW);
    gate_await(&g, 1);
    assert_true(ds_control_running(r.socket, scratch, &pid, &running, &n, &err));
    assert_int_equal(n, 1);
    assert_string_equal(running[0].route, "a");
    assert_string_equal(running[0].unit, "all");
    assert_int_equal(running[0].kind, DS_PASS_FULL);
    assert_int_equal(running[0].since_ms, T0);
    gate_open(&g);
    rig_outcome(rig_run(&r, 2), DS_PASS_DONE);
    rig_end(&r);
}

static void a_held_record_is_changed_through_it(void **state)
{
    ds_err err = DS_ERR_INIT;
    bool found = true;
    rig r;

    (void)state;
    rig_init(&r);
    r.options.socket = r.socket;
    rig_rows("all", 2);
    ds_memory_fail("to-a", &(ds_memory_faults){.hold_key = "all-0001", .hold_reason = "too long"});
    rig_start(&r);
    rig_outcome(rig_run(&r, 1), DS_PASS_PARTIAL);
    assert_true(ds_control_held(r.socket, "drop", "a", "all-0000", NULL, &found, &err));
    assert_false(found);
    assert_true(ds_control_held(r.socket, "retry", "a", "all-0001", NULL, &found, &err));
    assert_true(found);
    assert_true(ds_control_held(r.socket, "drop", "a", "all-0001", NULL, &found, &err));
    assert_true(found);
    assert_int_equal(rig_unit(&r, "a", "all")->held, 0);
    rig_end(&r);
}

/* ---- once through a daemon ------------------------------------------------------------------- */

typedef struct heard {
    seen_run runs[16];
    size_t n;
    size_t hang_up_after;
} heard;

static bool hear_run(void *to, const ds_run_row *run)
{
    heard *h = to;
    seen_run *seen = &h->runs[h->n++];

    seen->run = *run;
    snprintf(seen->unit, sizeof(seen->unit), "%s/%s", run->route, run->unit);
    snprintf(seen->error, sizeof(seen->error), "%s", run->error ? run->error : "");
    return h->n != h->hang_up_after;
}

static void once_through(rig *r, const ds_unit_ref *refs, size_t n, heard *h)
{
    ds_err err = DS_ERR_INIT;

    memset(h, 0, sizeof(*h));
    if (!ds_control_once(r->socket, refs, n, NULL, 0, hear_run, h, &err))
        fail_msg("%s", err.text);
}

static void once_waits_for_the_pass_it_asked_for(void **state)
{
    static const ds_unit_ref whole[] = {{"a", NULL}};
    heard h;
    rig r;

    (void)state;
    daemon_with(&r, 3);
    ds_memory_put("from-a", "all", "new", "{\"Name\":\"new\"}");
    once_through(&r, whole, 1, &h);
    assert_int_equal(h.n, 1);
    rig_outcome(&h.runs[0], DS_PASS_DONE);
    assert_int_equal(h.runs[0].run.totals.created, 1);
    assert_int_equal(h.runs[0].run.totals.unchanged, 3);
    once_through(&r, NULL, 0, &h); /* all there is */
    assert_int_equal(h.n, 1);
    assert_int_equal(h.runs[0].run.totals.unchanged, 4);
    rig_end(&r);
}

static void once_is_not_content_with_a_pass_that_ran_before(void **state)
{
    static const ds_unit_ref whole[] = {{"a", "all"}};
    pthread_t opener;
    heard h;
    gate g;
    rig r;

    (void)state;
    daemon_with(&r, 3);
    gate_init(&g, true);
    ds_memory_watch("from-a", gate_seen, &g);
    rig_signal(&r, "all", DS_EV_SYNC_NOW);
    gate_await(&g, 1);
    ds_memory_put("from-a", "all", "new", "{\"Name\":\"new\"}");
    fake_clock_move(&r.clock, 1000);
    assert_int_equal(
        pthread_create(&opener, NULL, (void *(*)(void *))(void (*)(void))gate_open, &g), 0);
    once_through(&r, whole, 1, &h);
    pthread_join(opener, NULL);
    assert_int_equal(h.n, 1);
    rig_outcome(&h.runs[0], DS_PASS_DONE);
    assert_int_equal(h.runs[0].run.started_ms, T0 + 1000);
    rig_end(&r);
}

static void gate_at_flush(void *to, const char *what)
{
    if (strcmp(what, "flush") == 0)
        gate_seen(to, "page");
}

static void *once_of_all(void *arg)
{
    static const ds_unit_ref whole[] = {{"a", "all"}};
    void *const *both = arg;

    once_through(both[0], whole, 1, both[1]);
    return NULL;
}

/* The pass that runs is past the point where it can be stopped, the next one is asked for, and the
 * pause comes in between. */
static void once_does_not_wait_for_a_pass_that_a_pause_keeps_back(void **state)
{
    pthread_t asker;
    heard h;
    gate g;
    rig r;
    void *both[] = {&r, &h};

    (void)state;
    daemon_with(&r, 3);
    gate_init(&g, true);
    ds_memory_put("from-a", "all", "new", "{\"Name\":\"new\"}");
    ds_memory_watch("to-a", gate_at_flush, &g);
    rig_signal(&r, "all", DS_EV_SYNC_NOW);
    gate_await(&g, 1);
    assert_int_equal(pthread_create(&asker, NULL, once_of_all, both), 0);
    while (!rig_unit(&r, "a", "all")->state.want.any)
        sched_yield();
    rig_signal(&r, "all", DS_EV_PAUSE);
    gate_open(&g);
    pthread_join(asker, NULL);
    assert_int_equal(h.n, 1);
    rig_outcome(&h.runs[0], DS_PASS_PAUSED);
    assert_string_equal(h.runs[0].error, "paused");
    rig_end(&r);
}

static void once_tells_what_cannot_run(void **state)
{
    static const ds_unit_ref refs[] = {{"a", "all"}, {"a", "three"}, {"nobody", NULL}};
    heard h;
    rig r;

    (void)state;
    daemon_with(&r, 1);
    rig_signal(&r, "all", DS_EV_PAUSE);
    once_through(&r, refs, 3, &h);
    assert_int_equal(h.n, 3);
    for (size_t i = 0; i < h.n; i++)
        rig_outcome(&h.runs[i],
                    strcmp(h.runs[i].unit, "a/all") == 0 ? DS_PASS_PAUSED : DS_PASS_FAILED);
    rig_end(&r);
}

static void a_stopping_daemon_ends_the_conversation(void **state)
{
    static const ds_unit_ref whole[] = {{"a", NULL}};
    ds_err err = DS_ERR_INIT;
    heard h = {.n = 0};
    gate g;
    rig r;

    (void)state;
    daemon_with(&r, 3);
    gate_init(&g, false);
    ds_memory_watch("from-a", gate_seen, &g);
    rig_stop(&r);
    assert_false(ds_control_once(r.socket, whole, 1, NULL, 0, hear_run, &h, &err));
    assert_int_equal(err.kind, DS_ERR_TRANSIENT); /* nobody listens: the socket is gone */
    assert_int_equal(access(r.socket, F_OK), -1);
    rig_end(&r);
}

/* ---- manners --------------------------------------------------------------------------------- */

static int connect_raw(const rig *r)
{
    ds_socket_name name;
    ds_err err = DS_ERR_INIT;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(ds_socket_name_of(r->socket, &name, &err));
    assert_int_equal(connect(fd, (const struct sockaddr *)&name.address, sizeof(name.address)), 0);
    ds_socket_name_done(&name);
    return fd;
}

static void send_all(int fd, const char *text, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(fd, text, n, MSG_NOSIGNAL);

        if (sent <= 0)
            return; /* hung up on us: the caller looks at the answer */
        text += sent;
        n -= (size_t)sent;
    }
}

/* Everything until the daemon hangs up, or until `lines` lines are in. */
static char *read_lines(int fd, size_t lines)
{
    size_t n = 0, cap = 1 << 20;
    char *text = ds_arena_zalloc(scratch, cap);

    while (lines > 0 && n + 1 < cap) {
        ssize_t got = recv(fd, text + n, 1, 0);

        if (got <= 0)
            break;
        lines -= text[n] == '\n';
        n++;
    }
    return text;
}

static void many_requests_on_one_line_come_back_in_order(void **state)
{
    DS_AUTO_BUF(out, DS_MIB);
    char *answer;
    int fd;
    rig r;

    (void)state;
    daemon_with(&r, 1);
    fd = connect_raw(&r);
    ds_buf_text(&out, "{\"cmd\":\"ping\"}\n");
    for (int i = 0; i < 100; i++)
        ds_buf_text(&out, "{\"cmd\":\"signal\",\"route\":\"a\",\"unit\":\"all\","
                          "\"event\":{\"type\":\"pause\"}}\n");
    ds_buf_text(&out, "{\"cmd\":\"ping\"}\nnonsense\n");
    send_all(fd, out.data, out.n);
    answer = strtok(read_lines(fd, 103), "\n");
    for (int i = 0; i < 103; i++, answer = strtok(NULL, "\n")) {
        bool ping = i == 0 || i == 101;

        assert_non_null(answer);
        assert_int_equal(strncmp(answer, i == 102 ? "{\"ok\":false" : "{\"ok\":true", 10), 0);
        assert_true(i == 102 || (strstr(answer, "\"pid\"") != NULL) == ping);
        assert_true(i == 102 || (strstr(answer, "\"units\":1") != NULL) == !ping);
    }
    close(fd);
    rig_end(&r);
}

static void a_client_that_has_said_all_still_gets_its_answers(void **state)
{
    static const char request[] =
        "{\"cmd\":\"signal\",\"route\":\"a\",\"event\":{\"type\":\"pause\"}}\n";
    int fd;
    rig r;

    (void)state;
    daemon_with(&r, 1);
    fd = connect_raw(&r);
    send_all(fd, request, sizeof(request) - 1);
    shutdown(fd, SHUT_WR);
    assert_string_equal(read_lines(fd, 2), "{\"ok\":true,\"units\":1}\n"); /* and then the end */
    close(fd);
    rig_end(&r);
}

static void a_request_without_end_is_cut_off(void **state)
{
    char *flood = ds_arena_zalloc(scratch, 2 * DS_MIB);
    char *answer;
    int fd;
    rig r;

    (void)state;
    daemon_with(&r, 1);
    fd = connect_raw(&r);
    memset(flood, 'x', 2 * DS_MIB);
    send_all(fd, flood, 2 * DS_MIB);
    answer = read_lines(fd, 2);
    assert_true(*answer == '\0' || strstr(answer, "longer than") != NULL);
    close(fd);
    assert_true(ds_json_bool(ask(&r, "{\"cmd\":\"ping\"}"), "ok")); /* others do not notice */
    rig_end(&r);
}

/* With every place taken by clients that stay, the next one is told so. */
static void one_too_many_is_told(void **state)
{
    enum { PLACES = 256 };
    static const char ping[] = "{\"cmd\":\"ping\"}\n";
    int fds[PLACES];
    rig r;

    (void)state;
    daemon_with(&r, 1);
    for (int i = 0; i < PLACES; i++) {
        fds[i] = connect_raw(&r);
        send_all(fds[i], ping, sizeof(ping) - 1);
        assert_non_null(strstr(read_lines(fds[i], 1), "\"ok\":true"));
    }
    assert_true(strstr(ds_json_text(ask(&r, "{\"cmd\":\"ping\"}"), "error"), "256 clients"));
    for (int i = 0; i < PLACES; i++)
        close(fds[i]);
    assert_true(ds_json_bool(ask(&r, "{\"cmd\":\"ping\"}"), "ok"));
    rig_end(&r);
}

static void clients_that_hang_up_are_forgotten(void **state)
{
    static const char half[] = "{\"cmd\":\"pi";
    static const char once[] = "{\"cmd\":\"once\"}\n";
    rig r;

    (void)state;
    daemon_with(&r, 1);
    for (int i = 0; i < 400; i++) { /* more than may be there at once */
        int fd = connect_raw(&r);

        if (i % 2)
            send_all(fd, half, sizeof(half) - 1);
        else
            send_all(fd, once, sizeof(once) - 1);
        close(fd);
    }
    assert_true(ds_json_bool(ask(&r, "{\"cmd\":\"ping\"}"), "ok"));
    rig_end(&r);
}

static void the_socket_is_ours_alone(void **state)
{
    struct stat there;
    rig r;

    (void)state;
    daemon_with(&r, 1);
    assert_int_equal(stat(r.socket, &there), 0);
    assert_int_equal(there.st_mode & 0777, 0600);
    rig_end(&r);
}

static void a_dead_daemons_socket_is_replaced(void **state)
{
    ds_socket_name name;
    ds_err err = DS_ERR_INIT;
    int fd;
    rig r;

    (void)state;
    rig_init(&r);
    assert_true(ds_socket_name_of(r.socket, &name, &err));
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&name.address, sizeof(name.address)), 0);
    close(fd); /* the name stays */
    r.options.socket = r.socket;
    rig_start(&r);
    assert_true(ds_json_bool(ask(&r, "{\"cmd\":\"ping\"}"), "ok"));
    rig_end(&r);
}

static void something_else_of_its_name_is_left_alone(void **state)
{
    ds_err err = DS_ERR_INIT;
    rig r;

    (void)state;
    rig_init(&r);
    tmpdir_write(r.dir, "s.db.sock", "mine", 4);
    rig_settle(&r, 0);
    r.options.socket = r.socket;
    assert_null(ds_engine_embedded(r.store, &r.options, &err));
    assert_int_equal(err.kind, DS_ERR_CONFIG);
    assert_non_null(strstr(err.text, "there is something else of this name; move it away"));
    assert_int_equal(access(r.socket, F_OK), 0);
    rig_end(&r);
}

static void nobody_listens(void **state)
{
    const ds_json *answer;
    ds_err err = DS_ERR_INIT;

    (void)state;
    assert_false(ds_control_call("/nonexistent/s.db.sock", "{}", 1000, scratch, &answer, &err));
    assert_int_equal(err.kind, DS_ERR_TRANSIENT);
}

/* ---- long paths ------------------------------------------------------------------------------ */

static void repeat(char *to, char c, size_t n)
{
    memset(to, c, n);
    to[n] = '\0';
}

static void a_short_path_gets_sock_behind_it(void **state)
{
    (void)state;
    assert_string_equal(ds_control_path("/var/lib/x/s.db", scratch), "/var/lib/x/s.db.sock");
    assert_string_equal(ds_control_path("s.db", scratch), "s.db.sock");
}

static void a_long_path_works_too(void **state)
{
    static const size_t names[] = {20, 70, 200};
    char deep[201], name[201];

    (void)state;
    for (size_t i = 0; i < DS_COUNT(names); i++) {
        rig r;

        rig_init(&r);
        ds_store_close(r.store);
        repeat(deep, 'd', 200);
        assert_int_equal(mkdir(tmpdir_file(r.dir, deep), 0700), 0);
        repeat(name, 'n', names[i]);
        r.path = ds_arena_printf(scratch, "%s/%s", tmpdir_file(r.dir, deep), name);
        r.socket = ds_control_path(r.path, scratch);
        r.options.socket = r.socket;
        rig_store_open(&r);
        rig_start(&r);
        assert_true(ds_json_bool(ask(&r, "{\"cmd\":\"ping\"}"), "ok"));
        assert_int_equal(access(r.socket, F_OK), 0);
        assert_int_equal(strncmp(r.socket, tmpdir_path(r.dir), strlen(tmpdir_path(r.dir))), 0);
        rig_stop(&r);
        assert_int_equal(access(r.socket, F_OK), -1);
        rig_end(&r);
    }
}

/* ---- all of them ----------------------------------------------------------------------------- */

static ds_arena *shared_memory;

/* One daemon for the whole table: what it refuses leaves no trace. */
static void open_shared(void **state)
{
    ds_arena *own = scratch;

    (void)state;
    shared_memory = scratch = ds_arena_new();
    daemon_with(&shared, 1);
    scratch = own;
}

static void close_shared(void **state)
{
    ds_arena *own = scratch;

    (void)state;
    scratch = shared_memory;
    rig_end(&shared);
    scratch = own;
    ds_arena_free(shared_memory);
}

int main(void)
{
    add_named("(a daemon)", open_shared);
    add_table(refusals, is_refused);
    add_named("(and its end)", close_shared);
    add_test(ping_tells_the_process);
    add_test(a_signal_is_durable_when_it_is_answered);
    add_test(a_signal_carries_items);
    add_test(what_runs_is_told);
    add_test(a_held_record_is_changed_through_it);
    add_test(once_waits_for_the_pass_it_asked_for);
    add_test(once_is_not_content_with_a_pass_that_ran_before);
    add_test(once_does_not_wait_for_a_pass_that_a_pause_keeps_back);
    add_test(once_tells_what_cannot_run);
    add_test(a_stopping_daemon_ends_the_conversation);
    add_test(many_requests_on_one_line_come_back_in_order);
    add_test(a_client_that_has_said_all_still_gets_its_answers);
    add_test(a_request_without_end_is_cut_off);
    add_test(one_too_many_is_told);
    add_test(clients_that_hang_up_are_forgotten);
    add_test(the_socket_is_ours_alone);
    add_test(a_dead_daemons_socket_is_replaced);
    add_test(something_else_of_its_name_is_left_alone);
    add_test(nobody_listens);
    add_test(a_short_path_gets_sock_behind_it);
    add_test(a_long_path_works_too);
    return run_tests("control socket");
}
