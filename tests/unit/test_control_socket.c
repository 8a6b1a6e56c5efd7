/* tests/unit/test_control_socket.c
 *
 * The control socket itself: clients that say much, hang up or never stop, its file, long paths.
 */
#include "control_rig.h"

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

int main(void)
{
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
