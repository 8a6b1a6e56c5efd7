/* tests/unit/test_postgresql_sessions.c
 *
 * What can happen to the session of a destination: locks, limits and stops, refused logins, a lost
 * connection and a lost answer.
 */
#include "postgresql_fixture.h"

#include "connectors/postgresql/wire.h"
#include "support/tmpdir.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- troubles -------------------------------------------------------------------------------- */

static bool writes(const char *key)
{
    ds_write row = {.op = DS_OP_CREATE, .key = key};

    return ds_pg_write(&to.base, seam_activity(), &row, 1, &seam_err);
}

static bool flushes(void)
{
    const char *generation = "as it was";
    bool done = ds_pg_flush(&to.base, seam_activity(), &generation, &seam_err);

    assert_int_equal(done, strcmp(generation, "as it was") != 0);
    return done;
}

static void another_programs_change_of_tables_ends_the_pass(void **state)
{
    (void)state;
    begin("CREATE TABLE t (id text PRIMARY KEY, a text)");
    must_open(NULL);
    create("a", "{}");
    finish(NULL);
    sql("DROP TABLE t; CREATE TABLE t (id text PRIMARY KEY, a text)");
    assert_false(writes("k"));
    assert_err(DS_ERR_TRANSIENT, "made the table \"t\" anew meanwhile");
    must_open("1000"); /* the next pass looks again */
    assert_false(opened.continues);
    create("a", "{\"a\": 1}");
    finish(NULL);
    sql("ALTER TABLE t DROP COLUMN a");
    assert_false(ds_pg_write(
        &to.base, seam_activity(),
        &(ds_write){
            .op = DS_OP_CREATE, .key = "b", .props = &(ds_prop){"a", ds_int(1)}, .props_n = 1},
        1, &seam_err));
    assert_err(DS_ERR_TRANSIENT, "the table was changed meanwhile");
    assert_string_equal(query("SELECT * FROM t"), "a");
    end();
}

/* What can come between, with the table or the session, and what is to follow from it. */
static const struct trouble_row {
    const char *name;
    const char *sql; /* of the other session, after a row was written */
    ds_err_kind kind;
    const char *says;
} trouble_rows[] = {
    {"a lock on the row", "BEGIN; INSERT INTO t VALUES ('k')", DS_ERR_TRANSIENT,
     "(another session holds it locked)"},
    {"the session ended by an administrator",
     "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name ="
     " 'durable-sync test'",
     DS_ERR_TRANSIENT, "terminating connection due to administrator command (SQLSTATE 57P01)"},
};

static void trouble(void **state)
{
    const struct trouble_row *row = *state;

    begin("CREATE TABLE t (id text PRIMARY KEY, a text)");
    must_open(NULL);
    create("before", "{\"a\": 1}");
    sql(row->sql);
    assert_false(writes("k"));
    assert_err(row->kind, row->says);
    sql("ROLLBACK");
    assert_false(writes("l")); /* what was reported is gone: nothing goes on */
    assert_err(DS_ERR_TRANSIENT, "what was written before was rolled back");
    assert_false(flushes());
    assert_string_equal(query("SELECT count(*) FROM t"), "0");
    must_open(NULL);
    assert_outcome(create("k", "{\"a\": 1}"), CREATED);
    end();
}

/* ---- deadlocks ------------------------------------------------------------------------------- */

/* The other session has the row "b"; once we wait for it, it asks for "a", which we have: the
 * circle that a route with the opposite order makes. It never looks for one itself, so that we are
 * the one that the server ends. */
static void make_a_circle(void)
{
    sql("SET deadlock_timeout = '1h'; BEGIN; UPDATE t SET b = 'theirs' WHERE id = 'b'");
    assert_true(PQsendQuery(other, "DO $$ BEGIN"
                                   "  WHILE NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted"
                                   "    AND pg_backend_pid() = ANY (pg_blocking_pids(pid))) LOOP"
                                   "    PERFORM pg_sleep(0.01);"
                                   "  END LOOP;"
                                   "  UPDATE t SET b = 'theirs' WHERE id = 'a';"
                                   "END $$; COMMIT"));
}

static void their_end(void)
{
    PGresult *res;

    while ((res = PQgetResult(other))) {
        assert_int_equal(PQresultStatus(res), PGRES_COMMAND_OK);
        PQclear(res);
    }
    assert_string_equal(query("SELECT string_agg(b, ' ') FROM t WHERE id < 'c'"), "theirs theirs");
}

static void write_two(ds_write *rows)
{
    static ds_prop ours = {.name = "a"};

    ours.value = ds_text("ours");

    rows[0] = (ds_write){.op = DS_OP_UPDATE, .key = "b", .props = &ours, .props_n = 1};
    rows[1] = (ds_write){.op = DS_OP_UPDATE, .key = "a", .props = &ours, .props_n = 1};
}

static void a_deadlock_of_a_first_batch_is_tried_again(void **state)
{
    ds_write rows[2];

    (void)state;
    begin(
        "CREATE TABLE t (id text PRIMARY KEY, a text, b text); INSERT INTO t VALUES ('a'), ('b')");
    to.settings.lock_timeout = 60000;
    must_open(NULL);
    write_two(rows);
    make_a_circle();
    put_all(rows, 2);
    assert_outcome(&rows[0], UPDATED);
    assert_outcome(&rows[1], UPDATED);
    finish(NULL);
    their_end();
    assert_string_equal(query("SELECT string_agg(a, ' ') FROM t"), "ours ours");
    end();
}

/* With more in the transaction the core has to know that it is gone. */
static void a_later_ones_ends_the_pass(void **state)
{
    ds_write rows[2];

    (void)state;
    begin(
        "CREATE TABLE t (id text PRIMARY KEY, a text, b text); INSERT INTO t VALUES ('a'), ('b')");
    to.settings.lock_timeout = 60000;
    must_open(NULL);
    create("c", "{\"a\": \"1\"}");
    write_two(rows);
    make_a_circle();
    assert_false(ds_pg_write(&to.base, seam_activity(), rows, 2, &seam_err));
    assert_err(DS_ERR_TRANSIENT, "40P01");
    their_end();
    assert_false(flushes());
    assert_string_equal(query("SELECT count(*) FROM t WHERE a IS NOT NULL"), "0");
    end();
}

/* Two routes with the opposite order wait for each other, and not in a circle. */
static void rows_are_locked_in_the_order_of_their_keys(void **state)
{
    ds_write rows[2];

    (void)state;
    begin("CREATE TABLE t (id text PRIMARY KEY, a text, b text); INSERT INTO t VALUES ('a'), ('b');"
          "CREATE TABLE seen (id text, n serial);"
          "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS"
          " $$ BEGIN INSERT INTO seen VALUES (new.id); RETURN new; END $$;"
          "CREATE TRIGGER note BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION note()");
    must_open(NULL);
    write_two(rows);
    put_all(rows, 2);
    finish(NULL);
    assert_string_equal(query("SELECT id FROM seen ORDER BY n"), "a b");
    end();
}

/* The same for many rows, which go another way. */
static void a_lost_connection_loses_no_row_in_silence(void **state)
{
    ds_write rows[40];

    (void)state;
    begin("CREATE TABLE t (id text PRIMARY KEY, a text)");
    must_open(NULL);
    for (size_t i = 0; i < DS_COUNT(rows); i++)
        rows[i] = (ds_write){.op = DS_OP_CREATE, .key = ds_arena_printf(scratch, "k%zu", i)};
    to.look_first = false;
    assert_true(ds_pg_write(&to.base, seam_activity(), rows, 20, &seam_err));
    sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name ="
        " 'durable-sync test'");
    assert_false(ds_pg_write(&to.base, seam_activity(), rows + 20, 20, &seam_err));
    assert_err(DS_ERR_TRANSIENT, "terminating connection due to administrator command");
    assert_int_equal(rows[20].outcome, DS_OUT_NONE);
    assert_false(flushes());
    must_open(NULL);
    assert_true(ds_pg_write(&to.base, seam_activity(), rows, 40, &seam_err));
    finish(NULL);
    assert_string_equal(query("SELECT count(*) FROM t"), "40");
    end();
}

static void a_locked_table_is_awaited(void **state)
{
    (void)state;
    begin("CREATE TABLE t (id text PRIMARY KEY, a text)");
    must_open(NULL);
    finish(NULL);
    sql("BEGIN; LOCK TABLE t");
    assert_false(writes("k"));
    assert_err(DS_ERR_TRANSIENT,
               "write t: canceling statement due to lock timeout (SQLSTATE 55P03)");
    sql("COMMIT");
    assert_true(writes("k")); /* nothing was lost by it */
    assert_true(flushes());
    end();
}

static void a_statement_has_its_limit(void **state)
{
    (void)state;
    begin("CREATE TABLE t (id text PRIMARY KEY, a text); CREATE FUNCTION f() RETURNS trigger AS $$"
          " BEGIN PERFORM pg_sleep(1000); RETURN NEW; END $$ LANGUAGE plpgsql;"
          "CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()");
    to.settings.statement_timeout = 200;
    must_open(NULL);
    assert_false(writes("k"));
    assert_err(DS_ERR_TRANSIENT, "statement timeout (SQLSTATE 57014)");
    end();
}

static void a_limit_is_one_however_short_it_is(void **state)
{
    ds_pg_settings settings = {.statement_timeout = 1};
    ds_pg db = {.settings = &settings};

    (void)state;
    assert_int_equal(ds_pg_patience_of(&db).most, DS_PG_CONNECT_SLICES);
    settings.statement_timeout = 0;
    assert_int_equal(ds_pg_patience_of(&db).most, 0);
}

/* Sets the stop once the server waits for a lock that nobody gives. */
static void *stop_when_it_waits(void *arg)
{
    PGconn *third = arg;
    const char *waits = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
    PGresult *res = PQexec(third, waits);

    while (PQresultStatus(res) == PGRES_TUPLES_OK && PQntuples(res) == 0) {
        PQclear(res);
        res = PQexec(third, waits);
    }
    PQclear(res);
    atomic_store(&seam_stop, true);
    return NULL;
}

static void a_stop_is_heard_while_the_server_works(void **state)
{
    PGconn *third;
    pthread_t thread;

    (void)state;
    begin("CREATE TABLE t (id text PRIMARY KEY, a text); CREATE FUNCTION f() RETURNS trigger AS $$"
          " BEGIN PERFORM pg_advisory_xact_lock(7); RETURN NEW; END $$ LANGUAGE plpgsql;"
          "CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();"
          "SELECT pg_advisory_lock(7)");
    third = connect_other();
    to.settings.lock_timeout = 600000;
    to.settings.statement_timeout = 600000;
    must_open(NULL);
    assert_int_equal(pthread_create(&thread, NULL, stop_when_it_waits, third), 0);
    assert_false(writes("k"));
    pthread_join(thread, NULL);
    assert_int_equal(seam_err.kind, DS_ERR_CANCELLED);
    PQfinish(third);
    assert_string_equal(query("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT"
                              " granted"),
                        "0"); /* it was cancelled there, too */
    sql("SELECT pg_advisory_unlock(7)");
    assert_string_equal(query("SELECT count(*) FROM t"), "0");
    end();
}

/* ---- logins ---------------------------------------------------------------------------------- */

static const struct login_row {
    const char *name, *url; /* with "&": more of the server's own */
    ds_err_kind kind;
    const char *says;
} login_rows[] = {
    {"no such user", "&user=nobody_here", DS_ERR_AUTH, "role \"nobody_here\" does not exist"},
    {"a user who may not", "&user=locked_out", DS_ERR_AUTH, "is not permitted to log in"},
    {"a wrong password", "&user=guarded&password=wrong", DS_ERR_AUTH,
     "password authentication failed for user \"guarded\""},
    {"no password", "&user=guarded&passfile=/nowhere", DS_ERR_AUTH,
     "the server asks for a password: put it into ~/.pgpass, a service file, or `url`"},
    {"no such database", "&dbname=nowhere", DS_ERR_CONFIG,
     "database \"nowhere\" does not exist (make the database, or correct `url`)"},
    {"a database one may not enter", "&user=outsider", DS_ERR_CONFIG, "permission denied"},
    {"no place left for one", "&user=crowded", DS_ERR_TRANSIENT,
     "too many connections for role \"crowded\""},
    {"nobody listens", "postgresql://u@/d?host=/nowhere&port=5432", DS_ERR_TRANSIENT,
     "/nowhere:5432/d: connect: "},
    {"no such service", "service=nowhere", DS_ERR_CONFIG,
     "definition of service \"nowhere\" not found"},
};

static void login(void **state)
{
    const struct login_row *row = *state;

    begin("DROP ROLE IF EXISTS locked_out, guarded, outsider, crowded; CREATE ROLE locked_out;"
          "CREATE ROLE guarded LOGIN PASSWORD 'right'; CREATE ROLE outsider LOGIN;"
          "CREATE ROLE crowded LOGIN CONNECTION LIMIT 0;"
          "REVOKE CONNECT ON DATABASE postgres FROM PUBLIC;"
          "GRANT CONNECT ON DATABASE postgres TO crowded, guarded, locked_out");
    use_url(*row->url == '&' ? ds_arena_printf(scratch, "%s%s", getenv("DS_PG_URL"), row->url)
                             : row->url);
    assert_false(opens_as(NULL, false));
    assert_err(row->kind, row->says);
    assert_null(strstr(seam_err.text, "wrong"));
    assert_null(strstr(seam_err.text, "LOCATION"));
    sql("GRANT CONNECT ON DATABASE postgres TO PUBLIC;"
        "REVOKE CONNECT ON DATABASE postgres FROM crowded, guarded, locked_out;"
        "DROP ROLE locked_out, guarded, outsider, crowded");
    end();
}

/* It takes connections, or its machine does, and that is all. */
static void a_server_that_says_nothing_is_given_up(void **state)
{
    tmpdir *dir = tmpdir_new();
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)state;
    snprintf(address.sun_path, sizeof(address.sun_path), "%.80s/.s.PGSQL.5432", tmpdir_path(dir));
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 5), 0);
    begin("SELECT 1");
    use_url(
        ds_arena_printf(scratch, "host=%s port=5432 dbname=d connect_timeout=1", tmpdir_path(dir)));
    assert_false(opens_as(NULL, false));
    assert_err(DS_ERR_TRANSIENT, "no answer: see that the server runs and can be reached");
    end();
    close(fd);
    tmpdir_free(dir);
}

/* ---- lost answers ---------------------------------------------------------------------------- */

/* A server in front of the server: it passes on what comes, until a COMMIT is on its way. */
static struct relay {
    tmpdir *dir;
    int listener;
    pthread_t thread;
    _Atomic int mode; /* back to PASS once it was done */
} relay;
enum { PASS, LOSE_THE_COMMIT, LOSE_THE_ANSWER };

static struct sockaddr_un socket_address(const char *folder, const char *port)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(address.sun_path, sizeof(address.sun_path), "%.80s/.s.PGSQL.%.10s", folder, port);
    return address;
}

static int reach_server(void)
{
    struct sockaddr_un address = socket_address(getenv("PGHOST"), getenv("PGPORT"));
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
        abort();
    return fd;
}

/* One way of one connection; false: it has ended, or is made to end. */
static bool pass_on(int from, int to_fd, bool lose)
{
    char block[65536];
    ssize_t n = read(from, block, sizeof(block));

    if (n <= 0 || (lose && memmem(block, (size_t)n, "COMMIT", 6)))
        return false;
    return write(to_fd, block, (size_t)n) == n;
}

static void serve(int client)
{
    int server = reach_server();
    struct pollfd ends[] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
    bool open = true;

    while (open && poll(ends, 2, -1) > 0) {
        if (ends[0].revents)
            open = pass_on(client, server, relay.mode == LOSE_THE_COMMIT);
        if (open && ends[1].revents)
            open = pass_on(server, client, relay.mode == LOSE_THE_ANSWER);
    }
    close(client);
    close(server);
    relay.mode = PASS;
}

static void *relay_run(void *unused)
{
    int client;

    while ((client = accept(relay.listener, NULL, NULL)) >= 0)
        serve(client);
    return unused;
}

static void relay_start(void)
{
    struct sockaddr_un address;

    relay.dir = tmpdir_new();
    relay.mode = PASS;
    address = socket_address(tmpdir_path(relay.dir), "5432");
    relay.listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(relay.listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(relay.listener, 5), 0);
    assert_int_equal(pthread_create(&relay.thread, NULL, relay_run, NULL), 0);
    use_url(ds_arena_printf(scratch, "host=%s port=5432 user=postgres dbname=postgres",
                            tmpdir_path(relay.dir)));
}

static void relay_stop(void)
{
    shutdown(relay.listener, SHUT_RDWR);
    pthread_join(relay.thread, NULL);
    close(relay.listener);
    tmpdir_free(relay.dir);
}

static void a_commit_whose_answer_is_lost_is_looked_up(void **state)
{
    const char *before, *after;

    (void)state;
    begin("CREATE TABLE t (id text PRIMARY KEY, a text)");
    relay_start();
    must_open(NULL);
    before = finish(NULL);
    create("k", "{\"a\": 1}");
    relay.mode = LOSE_THE_ANSWER;
    after = finish(before); /* it was done */
    assert_string_not_equal(after, before);
    assert_string_equal(query("SELECT * FROM t"), "k|1");
    create("l", "{\"a\": 1}"); /* over the new connection */
    after = finish(after);
    ds_postgresql_destination.close(&to.base);
    must_open(after);
    assert_true(opened.continues);
    ds_postgresql_destination.close(&to.base);
    relay_stop();
    assert_string_equal(query("SELECT * FROM t ORDER BY id"), "k|1 l|1");
    end();
}

static void a_commit_that_never_arrived_is_known_too(void **state)
{
    const char *before;

    (void)state;
    begin("CREATE TABLE t (id text PRIMARY KEY, a text)");
    relay_start();
    must_open(NULL);
    before = finish(NULL);
    create("k", "{\"a\": 1}");
    relay.mode = LOSE_THE_COMMIT;
    assert_false(flushes());
    assert_err(DS_ERR_TRANSIENT, "lost the connection");
    assert_false(writes("l"));
    ds_postgresql_destination.close(&to.base);
    assert_string_equal(query("SELECT count(*) FROM t"), "0");
    must_open(before); /* the next pass goes on */
    assert_true(opened.continues);
    create("k", "{\"a\": 1}");
    finish(before);
    ds_postgresql_destination.close(&to.base);
    relay_stop();
    assert_string_equal(query("SELECT * FROM t"), "k|1");
    end();
}

int main(void)
{
    add_table(trouble_rows, trouble);
    add_table(login_rows, login);
    add_test(another_programs_change_of_tables_ends_the_pass);
    add_test(a_lost_connection_loses_no_row_in_silence);
    add_test(a_deadlock_of_a_first_batch_is_tried_again);
    add_test(a_later_ones_ends_the_pass);
    add_test(rows_are_locked_in_the_order_of_their_keys);
    add_test(a_locked_table_is_awaited);
    add_test(a_statement_has_its_limit);
    add_test(a_limit_is_one_however_short_it_is);
    add_test(a_stop_is_heard_while_the_server_works);
    add_test(a_server_that_says_nothing_is_given_up);
    add_test(a_commit_whose_answer_is_lost_is_looked_up);
    add_test(a_commit_that_never_arrived_is_known_too);
    return run_tests("postgresql sessions");
}
