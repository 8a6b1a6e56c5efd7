/* tests/unit/test_store_open.c
 *
 * Opening a store: what a new one is like, who may have it, and every file that is refused, with
 * what the person in front of it is told.
 */
#include "store/schema.h"
#include "store_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int64_t pragma(const char *path, const char *sql)
{
    ds_err err = DS_ERR_INIT;
    ds_db *db = ds_db_open(path, DS_DB_READ, &err);
    int64_t value = -1;

    if (!db || !ds_db_int(db, sql, -1, &value, &err))
        fail_msg("%s", err.text);
    ds_db_close(db);
    return value;
}

static mode_t mode_of(const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0)
        fail_msg("no %s", path);
    return st.st_mode & 0777;
}

static bool read_pragmas(ds_tx *tx, void *arg, ds_err *err)
{
    int64_t *out = arg;

    return ds_db_int(tx->db, "PRAGMA synchronous", -1, &out[0], err) &&
           ds_db_int(tx->db, "PRAGMA foreign_keys", -1, &out[1], err) &&
           ds_db_int(tx->db, "PRAGMA wal_autocheckpoint", -1, &out[2], err) &&
           ds_db_int(tx->db, "PRAGMA temp_store", -1, &out[3], err) &&
           ds_db_int(tx->db, "PRAGMA cache_size", 0, &out[4], err) &&
           ds_db_int(tx->db, "PRAGMA mmap_size", 0, &out[5], err);
}

static void a_new_store_is_private_and_durable(void **state)
{
    fixture f = fixture_new();
    int64_t set[6];

    (void)state;
    assert_int_equal(mode_of(f.path), 0600);
    assert_int_equal(mode_of(tmpdir_file(f.dir, "s.db-wal")), 0600);
    assert_int_equal(mode_of(tmpdir_file(f.dir, "s.db.lock")), 0600);
    assert_int_equal(pragma(f.path, "PRAGMA application_id"), DS_STORE_APPLICATION);
    assert_int_equal(pragma(f.path, "PRAGMA user_version"), DS_STORE_VERSION);
    must(&f, do_tx(&f, read_pragmas, set));
    assert_int_equal(set[0], 2); /* FULL */
    assert_int_equal(set[1], 1);
    assert_int_equal(set[2], 0); /* checkpoints are the writer's business */
    assert_int_equal(set[3], 2); /* memory */
    assert_int_equal(set[4], -2048);
    assert_int_equal(set[5], 0);
    fixture_end(&f);
}

static void its_id_stays(void **state)
{
    fixture f = fixture_new(), g = fixture_new();
    char id[64];
    const char *read_id;
    ds_reader *r;

    (void)state;
    snprintf(id, sizeof id, "%s", ds_store_id(f.store));
    assert_int_equal(strspn(id, "0123456789abcdef"), 32);
    assert_int_equal(strlen(id), 32);
    assert_string_not_equal(id, ds_store_id(g.store));
    fixture_reopen(&f);
    assert_string_equal(ds_store_id(f.store), id);
    assert_string_equal(ds_store_path(f.store), f.path);
    r = ds_reader_open(f.path, &f.err);
    must(&f, r);
    must(&f, ds_reader_id(r, scratch, &read_id, &f.err));
    assert_string_equal(read_id, id);
    ds_reader_close(r);
    fixture_end(&f);
    fixture_end(&g);
}

/* ---- who has it ------------------------------------------------------------------------------ */

static void a_second_opener_is_refused(void **state)
{
    fixture f = fixture_new();
    pid_t holder = 0;

    (void)state;
    assert_null(ds_store_open(f.path, &holder, &f.err));
    assert_int_equal(holder, getpid());
    assert_int_equal(f.err.kind, DS_ERR_CONFIG);
    assert_non_null(strstr(f.err.text, ds_arena_printf(scratch, "in use by process %d", getpid())));
    assert_int_equal(ds_store_holder(f.path), getpid());
    ds_store_close(f.store);
    assert_int_equal(ds_store_holder(f.path), 0);
    fixture_open(&f);
    fixture_end(&f);
}

/* A child that holds the store until it is killed; returns when it does. */
static pid_t child_that_holds(const char *path)
{
    int ready[2];
    char byte = 0;
    pid_t child;

    assert_int_equal(pipe(ready), 0);
    child = fork();
    if (child == 0) {
        ds_err err = DS_ERR_INIT;
        ds_store *s = ds_store_open(path, NULL, &err);

        if (write(ready[1], s ? "y" : "n", 1) == 1)
            pause();
        _exit(9);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    assert_int_equal(byte, 'y');
    return child;
}

static void a_killed_process_holds_nothing(void **state)
{
    tmpdir *dir = tmpdir_new();
    fixture f = {.dir = dir, .path = tmpdir_file(dir, "s.db"), .err = DS_ERR_INIT};
    pid_t child = child_that_holds(f.path), holder = 0;

    (void)state;
    assert_null(ds_store_open(f.path, &holder, &f.err));
    assert_int_equal(holder, child);
    assert_int_equal(ds_store_holder(f.path), child);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(ds_store_holder(f.path), 0);
    fixture_open(&f); /* its id is still in the file, the lock is not */
    fixture_end(&f);
}

/* ---- files that are refused ------------------------------------------------------------------ */

static void exec_raw(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    char *text = NULL;

    if (sqlite3_open(path, &db) != SQLITE_OK ||
        sqlite3_exec(db, sql, NULL, NULL, &text) != SQLITE_OK)
        fail_msg("%s", text ? text : "cannot open");
    sqlite3_close(db);
}

static void whole_store(tmpdir *dir)
{
    fixture f = {.dir = dir, .path = tmpdir_file(dir, "s.db")};
    ds_ledger *l;
    ds_link_put *puts = ds_arena_zalloc(scratch, 2000 * sizeof *puts);

    fixture_open(&f);
    l = pass_of(&f, "r", "all");
    for (size_t i = 0; i < 2000; i++)
        puts[i] = (ds_link_put){
            .link = {.seq = (int64_t)i + 1, .key = ds_arena_printf(scratch, "key-%06zu", i)},
            .is_new = true};
    must(&f, commit_to(&f, l, (ds_commit){.puts = puts, .puts_n = 2000}));
    ds_ledger_close(l);
    ds_store_close(f.store);
}

static void is_text(tmpdir *dir)
{
    static const char text[] =
        "this is no database, but long enough to be looked at: 0123456789"
        "0123456789012345678901234567890123456789012345678901234567890123456";

    tmpdir_write(dir, "s.db", text, sizeof text);
}

static void is_overwritten(tmpdir *dir)
{
    char junk[4000];
    int fd;

    whole_store(dir);
    memset(junk, 0x5a, sizeof junk);
    fd = open(tmpdir_file(dir, "s.db"), O_WRONLY);
    assert_int_equal(pwrite(fd, junk, sizeof junk, 100), sizeof junk); /* behind the file's head */
    close(fd);
}

static void is_cut_off(tmpdir *dir)
{
    struct stat st;

    whole_store(dir);
    assert_int_equal(stat(tmpdir_file(dir, "s.db"), &st), 0);
    assert_int_equal(truncate(tmpdir_file(dir, "s.db"), st.st_size / 2 / 4096 * 4096), 0);
}

static void is_cut_within_a_page(tmpdir *dir)
{
    whole_store(dir);
    assert_int_equal(truncate(tmpdir_file(dir, "s.db"), 1000), 0);
}

static void is_newer(tmpdir *dir)
{
    whole_store(dir);
    exec_raw(tmpdir_file(dir, "s.db"), "PRAGMA user_version=999");
}

static void is_another_programs(tmpdir *dir)
{
    exec_raw(tmpdir_file(dir, "s.db"), "CREATE TABLE theirs(x)");
}

static void is_another_programs_by_id(tmpdir *dir)
{
    exec_raw(tmpdir_file(dir, "s.db"), "PRAGMA application_id=77; CREATE TABLE theirs(x)");
}

static void is_another_programs_by_version(tmpdir *dir)
{
    exec_raw(tmpdir_file(dir, "s.db"), "PRAGMA user_version=5; CREATE TABLE t(a); DROP TABLE t");
}

static void is_a_directory(tmpdir *dir)
{
    assert_int_equal(mkdir(tmpdir_file(dir, "s.db"), 0700), 0);
}

static void is_a_dangling_link(tmpdir *dir)
{
    assert_int_equal(symlink("nowhere/at-all", tmpdir_file(dir, "s.db")), 0);
}

static void has_no_id(tmpdir *dir)
{
    whole_store(dir);
    exec_raw(tmpdir_file(dir, "s.db"), "DELETE FROM meta");
}

static const struct refused {
    const char *name;
    void (*make)(tmpdir *dir);
    const char *says[2];
} refused[] = {
    {"text is no store", is_text, {"no store", "move it away (mv "}},
    {"a damaged store", is_overwritten, {"is damaged", "move it away (mv "}},
    {"a store cut in half", is_cut_off, {"is damaged", "move it away (mv "}},
    {"a store cut within its first page", is_cut_within_a_page, {"s.db is", "move it away"}},
    {"a store of a newer version", is_newer, {"written by a newer version", "format 999"}},
    {"a database of another program", is_another_programs, {"another program", "path of its own"}},
    {"another program's, told by its mark",
     is_another_programs_by_id,
     {"another program", "path of its own"}},
    {"another program's, told by its version",
     is_another_programs_by_version,
     {"another program", "path of its own"}},
    {"a directory", is_a_directory, {"cannot be opened", "another path"}},
    {"a link to nowhere", is_a_dangling_link, {"cannot be opened", "another path"}},
    {"a store without its id", has_no_id, {"is damaged", "move it away"}},
};

static void is_refused(void **state)
{
    const struct refused *row = *state;
    tmpdir *dir = tmpdir_new();
    const char *path = tmpdir_file(dir, "s.db");
    ds_err err = DS_ERR_INIT;
    pid_t holder = 7;

    row->make(dir);
    assert_null(ds_store_open(path, &holder, &err));
    assert_int_equal(err.kind, DS_ERR_CONFIG);
    assert_int_equal(holder, 0);
    assert_non_null(strstr(err.text, path));
    for (size_t i = 0; i < 2; i++) {
        if (!strstr(err.text, row->says[i]))
            fail_msg("\"%s\" is not in: %s", row->says[i], err.text);
    }
    assert_int_equal(ds_store_holder(path), 0); /* and lets go of it */
    tmpdir_free(dir);
}

static void another_programs_file_is_not_touched(void **state)
{
    tmpdir *dir = tmpdir_new();
    ds_err err = DS_ERR_INIT;
    const char *before, *after;
    size_t before_n, after_n;

    (void)state;
    is_another_programs(dir);
    before = tmpdir_read(dir, "s.db", &before_n);
    assert_null(ds_store_open(tmpdir_file(dir, "s.db"), NULL, &err));
    after = tmpdir_read(dir, "s.db", &after_n);
    assert_int_equal(before_n, after_n);
    assert_memory_equal(before, after, before_n);
    tmpdir_free(dir);
}

static void paths_that_cannot_be_are_refused(void **state)
{
    tmpdir *dir = tmpdir_new();
    ds_err err = DS_ERR_INIT;

    (void)state;
    tmpdir_write(dir, "file", "x", 1);
    assert_null(ds_store_open(tmpdir_file(dir, "file/s.db"), NULL, &err));
    assert_int_equal(err.kind, DS_ERR_CONFIG);
    assert_non_null(strstr(err.text, "its directory does not exist"));
    assert_null(ds_store_open(tmpdir_file(dir, "none/s.db"), NULL, &err));
    assert_non_null(strstr(err.text, "create it"));
    assert_null(ds_reader_open(tmpdir_file(dir, "file/s.db"), &err));
    assert_int_equal(ds_store_holder(tmpdir_file(dir, "none/s.db")), 0);
    tmpdir_free(dir);
}

static void a_folder_of_somebody_else_says_who_may(void **state)
{
    tmpdir *dir = tmpdir_new();
    const char *path = tmpdir_file(dir, "closed/s.db");
    uid_t user = geteuid();
    ds_err err = DS_ERR_INIT;

    (void)state;
    assert_int_equal(mkdir(tmpdir_file(dir, "closed"), 0), 0);
    if (user == 0)
        assert_int_equal(seteuid(65534), 0); /* root may enter it all the same */
    assert_null(ds_reader_open(path, &err));
    assert_non_null(strstr(err.text, "Permission denied; run this as root"));
    assert_null(ds_store_open(path, NULL, &err));
    assert_non_null(strstr(err.text, "(Permission denied); run this as root"));
    assert_int_equal(seteuid(user), 0);
    tmpdir_free(dir);
}

static void an_empty_file_becomes_a_store(void **state)
{
    tmpdir *dir = tmpdir_new();
    fixture f = {.dir = dir, .path = tmpdir_file(dir, "s.db"), .err = DS_ERR_INIT};
    ds_unit_row *rows;
    ds_reader *r;
    size_t n;

    (void)state;
    tmpdir_write(dir, "s.db", "", 0); /* a first start that broke off */
    r = ds_reader_open(f.path, &f.err);
    must(&f, r);
    must(&f, ds_reader_units(r, NULL, NULL, scratch, &rows, &n, &f.err));
    assert_int_equal(n, 0);
    ds_reader_close(r);
    fixture_open(&f);
    unit_of(&f, "r", "all");
    fixture_end(&f);
}

/* ---- in a child: other rights, or a disk with little room ------------------------------------ */

/* Runs in a child; what it prints on stderr comes back in scratch. Returns its exit status. */
static int in_child(void (*body)(void *arg), void *arg, char **printed)
{
    int fds[2], status;
    size_t n = 0;
    ssize_t got;
    pid_t child;
    char *text = ds_arena_zalloc(scratch, 8192);

    assert_int_equal(pipe(fds), 0);
    child = fork();
    if (child == 0) {
        dup2(fds[1], STDERR_FILENO);
        close(fds[0]);
        close(fds[1]);
        body(arg);
        _exit(0);
    }
    close(fds[1]);
    while (n < 8000 && (got = read(fds[0], text + n, 8000 - n)) > 0)
        n += (size_t)got;
    close(fds[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    *printed = text;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void become_nobody(void)
{
    if (getuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
        _exit(99);
}

static void open_read_only(void *arg)
{
    ds_err err = DS_ERR_INIT;

    become_nobody();
    if (ds_store_open(arg, NULL, &err))
        _exit(1);
    fprintf(stderr, "%s", err.text);
}

static void count_read_only(void *arg)
{
    ds_err err = DS_ERR_INIT;
    ds_arena *a = ds_arena_new();
    ds_link_count *counts;
    size_t n = 0;
    ds_reader *r;

    become_nobody();
    r = ds_reader_open(arg, &err);
    if (!r || !ds_reader_link_counts(r, a, &counts, &n, &err)) {
        fprintf(stderr, "%s", err.text);
        _exit(1);
    }
    ds_reader_close(r);
    ds_arena_free(a);
    _exit(n == 1 ? 0 : 2);
}

static void a_read_only_directory_can_be_read_but_not_written(void **state)
{
    tmpdir *dir = tmpdir_new();
    const char *path = tmpdir_file(dir, "s.db");
    char *printed;
    union {
        const char *in;
        void *out;
    } arg = {path};

    (void)state;
    whole_store(dir);
    assert_int_equal(chmod(path, 0444), 0);
    assert_int_equal(unlink(tmpdir_file(dir, "s.db.lock")), 0);
    assert_int_equal(chmod(tmpdir_path(dir), 0555), 0);
    assert_int_equal(in_child(open_read_only, arg.out, &printed), 0);
    assert_non_null(strstr(printed, "its directory cannot be written"));
    if (in_child(count_read_only, arg.out, &printed) != 0)
        fail_msg("%s", printed);
    assert_int_equal(chmod(tmpdir_path(dir), 0755), 0);
    tmpdir_write(dir, "s.db-wal", "left by a crash", 15);
    assert_int_equal(chmod(tmpdir_path(dir), 0555), 0);
    assert_int_equal(in_child(count_read_only, arg.out, &printed), 1);
    assert_non_null(strstr(printed, "cannot be opened"));
    assert_int_equal(chmod(tmpdir_path(dir), 0755), 0);
    tmpdir_free(dir);
}

static void limit_files_to(rlim_t bytes)
{
    struct rlimit limit = {bytes, bytes};

    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
        _exit(99);
}

static void open_without_room(void *arg)
{
    ds_err err = DS_ERR_INIT;

    limit_files_to(3000);
    if (ds_store_open(arg, NULL, &err))
        _exit(1);
    fprintf(stderr, "%s", err.text);
}

/* A page job that does not fit. The child must end in the writer, not here. */
static void write_without_room(void *arg)
{
    static char sql[] = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE"
                        " i < 100000) INSERT INTO meta SELECT 'k' || i, i FROM n";
    fixture f = {.path = arg, .err = DS_ERR_INIT};

    f.store = ds_store_open(arg, NULL, &f.err);
    limit_files_to(300000);
    if (!f.store || do_tx(&f, exec_in_tx, sql))
        _exit(2);
    _exit(3);
}

static void a_disk_without_room_is_told(void **state)
{
    tmpdir *dir = tmpdir_new();
    fixture f = {.dir = dir, .path = tmpdir_file(dir, "s.db"), .err = DS_ERR_INIT};
    char *printed;
    union {
        const char *in;
        void *out;
    } arg = {f.path};

    (void)state;
    assert_int_equal(in_child(open_without_room, arg.out, &printed), 0);
    assert_non_null(strstr(printed, f.path));
    assert_non_null(strstr(printed, "s.db: writing failed"));
    fixture_open(&f); /* with room it goes on where that broke off */
    unit_of(&f, "r", "all");
    ds_store_close(f.store);
    assert_int_equal(in_child(write_without_room, arg.out, &printed), 1);
    assert_non_null(strstr(printed, "error store_failed"));
    assert_non_null(strstr(printed, "s.db: writing failed"));
    fixture_open(&f);
    assert_int_equal(pragma(f.path, "SELECT count(*) FROM meta"), 1);
    assert_int_equal(pragma(f.path, "SELECT count(*) FROM machine"), 1);
    fixture_end(&f);
}

/* ---- on a machine that somebody else brings ----------------------------------------------------
 */

static bool make_file(const char *path, ds_err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0)
        return ds_fail(err, DS_ERR_TRANSIENT, "%s", strerror(errno));
    close(fd);
    return true;
}

static bool make_none(const char *path, ds_err *err)
{
    return ds_fail(err, DS_ERR_TRANSIENT, "%s: no such machine", path);
}

static bool sync_nothing(const char *path, ds_err *err)
{
    (void)path, (void)err;
    return true;
}

static void another_machine_without_room(void **state)
{
    static const ds_store_host host = {make_none, sync_nothing, 0};
    ds_err err = DS_ERR_INIT;

    (void)state;
    assert_null(ds_store_open_on(&host, "/nowhere/s.db", &err));
    assert_string_equal(err.text, "/nowhere/s.db: no such machine");
}

/* It says how long the log may get before its pages go into the file. */
static void another_machine_has_its_own_limit(void **state)
{
    static const ds_store_host hosts[] = {{make_file, sync_nothing, 0},
                                          {make_file, sync_nothing, 1}};

    (void)state;
    for (size_t i = 0; i < DS_COUNT(hosts); i++) {
        static char sql[] = "INSERT INTO meta VALUES('a', 'in the file')";
        DS_AUTO(tmpdir) dir = tmpdir_new();
        fixture f = {.dir = dir, .path = tmpdir_file(dir, "s.db"), .err = DS_ERR_INIT};
        const char *bytes;
        size_t n;

        f.store = ds_store_open_on(&hosts[i], f.path, &f.err);
        must(&f, f.store != NULL);
        must(&f, do_tx(&f, exec_in_tx, sql));
        bytes = tmpdir_read(dir, "s.db", &n);
        assert_int_equal(memmem(bytes, n, "in the file", 11) != NULL, i == 1);
        ds_store_close(f.store);
    }
}

int main(void)
{
    add_test(a_new_store_is_private_and_durable);
    add_test(its_id_stays);
    add_test(a_second_opener_is_refused);
    add_test(a_killed_process_holds_nothing);
    add_table(refused, is_refused);
    add_test(another_programs_file_is_not_touched);
    add_test(paths_that_cannot_be_are_refused);
    add_test(a_folder_of_somebody_else_says_who_may);
    add_test(an_empty_file_becomes_a_store);
    add_test(a_read_only_directory_can_be_read_but_not_written);
    add_test(a_disk_without_room_is_told);
    add_test(another_machine_without_room);
    add_test(another_machine_has_its_own_limit);
    return run_tests("store open");
}
