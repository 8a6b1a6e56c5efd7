/* tests/unit/test_store_refusals.c
 *
 * What SQLite and the system refuse the store, in words that say what to do; which of it ends the
 * process, and that the same goes well once it is no longer refused.
 */
#include "store_faults.h"

#include <sys/resource.h>

#include <unistd.h>

/* ---- what SQLite says ------------------------------------------------------------------------ */

static bool run_tx(ds_tx *tx, void *arg, ds_err *err)
{
    const ds_run_row run = {.route = "r", .unit = "all", .started_ms = 1, .ended_ms = 2};

    (void)arg;
    return ds_tx_run_add(tx, &run, err);
}

static const struct code {
    const char *name;
    int code;
    ds_err_kind kind;
    const char *says;
    bool ends; /* the process */
} codes[] = {
    {"no database", SQLITE_NOTADB, DS_ERR_CONFIG, "is damaged or no store", true},
    {"a damaged one", SQLITE_CORRUPT, DS_ERR_CONFIG, "move it away (mv ", true},
    {"a full disk", SQLITE_FULL, DS_ERR_TRANSIENT, "the disk is full", true},
    {"a failed read", SQLITE_IOERR_READ, DS_ERR_TRANSIENT, "reading failed", true},
    {"a short read", SQLITE_IOERR_SHORT_READ, DS_ERR_TRANSIENT, "reading failed", true},
    {"a failed write", SQLITE_IOERR_WRITE, DS_ERR_TRANSIENT, "writing failed", true},
    {"a failed sync", SQLITE_IOERR_FSYNC, DS_ERR_TRANSIENT, "syncing failed", true},
    {"a failed sync of the directory", SQLITE_IOERR_DIR_FSYNC, DS_ERR_TRANSIENT, "syncing failed",
     true},
    {"a failed change of length", SQLITE_IOERR_TRUNCATE, DS_ERR_TRANSIENT,
     "changing its length failed", true},
    {"any other", SQLITE_IOERR_LOCK, DS_ERR_TRANSIENT, "input or output failed", true},
    {"another program's lock", SQLITE_BUSY, DS_ERR_TRANSIENT, "is locked by another program",
     false},
    {"a lock of ours", SQLITE_LOCKED, DS_ERR_TRANSIENT, "is locked by another program", false},
    {"a file that is only to be read", SQLITE_READONLY, DS_ERR_CONFIG,
     "cannot be opened or written", true},
    {"one that cannot be opened", SQLITE_CANTOPEN, DS_ERR_CONFIG, "cannot be opened or written",
     true},
    {"no right", SQLITE_PERM, DS_ERR_CONFIG, "cannot be opened or written", false},
    {"not allowed", SQLITE_AUTH, DS_ERR_CONFIG, "cannot be opened or written", false},
    {"anything else", SQLITE_MISUSE, DS_ERR_PERMANENT, "s.db: ", false},
};

static void a_code_becomes_words(void **state)
{
    const struct code *row = *state;

    for (int step = 1; step <= 2; step++) { /* the transaction's begin, and what is asked in it */
        stand s;

        stand_up(&s);
        faults.code = row->code;
        faults.step = step;
        assert_false(do_tx(&s.f, run_tx, NULL));
        assert_true(faults.hit);
        faults.hit = false;
        assert_int_equal(s.f.err.kind, row->kind);
        if (!strstr(s.f.err.text, row->says))
            fail_msg("%s", s.f.err.text);
        assert_int_equal(s.dead, row->ends);
        stand_down(&s);
    }
}

static void one_that_died_answers_the_same_from_then_on(void **state)
{
    stand s;

    (void)state;
    stand_up(&s);
    faults.code = SQLITE_FULL;
    faults.step = 1;
    assert_false(do_tx(&s.f, run_tx, NULL));
    faults.hit = false;
    assert_true(s.dead);
    assert_false(do_tx(&s.f, run_tx, NULL));
    assert_non_null(strstr(s.f.err.text, "the disk is full"));
    stand_down(&s);
}

/* ---- what the system says -------------------------------------------------------------------- */

static const struct refusal {
    const char *name;
    call call;
    int nth, number;
    ds_err_kind kind;
    const char *says;
} refusals[] = {
    {"a directory that is not there", CALL_OPEN, 1, ENOENT, DS_ERR_CONFIG,
     "its directory does not exist; create it"},
    {"a directory that may not be written", CALL_OPEN, 1, EACCES, DS_ERR_CONFIG,
     "its directory cannot be written (Permission denied)"},
    {"a full disk at the lock", CALL_OPEN, 1, ENOSPC, DS_ERR_TRANSIENT, "the disk is full"},
    {"no descriptor for the lock", CALL_OPEN, 1, EMFILE, DS_ERR_CONFIG,
     "s.db.lock: Too many open files"},
    {"a file system without locks", CALL_FCNTL, 1, ENOLCK, DS_ERR_CONFIG,
     "s.db.lock: No locks available"},
    {"somebody who has not said who", CALL_FCNTL, 1, EAGAIN, DS_ERR_CONFIG,
     "is in use by another process"},
    {"somebody, as other systems say it", CALL_FCNTL, 1, EACCES, DS_ERR_CONFIG,
     "is in use by another process"},
    {"a lock that cannot be emptied", CALL_FTRUNCATE, 1, EIO, DS_ERR_CONFIG,
     "s.db.lock: Input/output error"},
    {"a full disk behind the lock", CALL_PWRITE, 1, ENOSPC, DS_ERR_TRANSIENT, "the disk is full"},
    {"a full disk at the file", CALL_OPEN, 2, ENOSPC, DS_ERR_TRANSIENT, "the disk is full"},
    {"a full share of the disk", CALL_OPEN, 2, EDQUOT, DS_ERR_TRANSIENT, "the disk is full"},
    {"a file that cannot be made", CALL_OPEN, 2, EACCES, DS_ERR_CONFIG,
     "cannot be created: Permission denied; make its directory writable"},
    {"a directory that cannot be opened", CALL_OPEN, 3, EIO, DS_ERR_TRANSIENT,
     "sync its directory: Input/output error"},
    {"a directory that cannot be synced", CALL_FSYNC, 1, EIO, DS_ERR_TRANSIENT,
     "sync its directory: Input/output error"},
    {"no thread for the writer", CALL_THREAD, 1, EAGAIN, DS_ERR_TRANSIENT, "thread"},
    {"nor once the tables are there", CALL_FSYNC, 2, EIO, DS_ERR_TRANSIENT,
     "sync its directory: Input/output error"},
};

static void a_refused_call_says_what_to_do(void **state)
{
    const struct refusal *row = *state;
    fixture f = {.dir = tmpdir_new(), .err = DS_ERR_INIT};

    f.path = tmpdir_file(f.dir, "s.db");
    refused.call = row->call;
    refused.nth = row->nth;
    refused.number = row->number;
    assert_null(ds_store_open(f.path, NULL, &f.err));
    refused.call = CALL_NONE;
    assert_int_equal(f.err.kind, row->kind);
    if (!strstr(f.err.text, row->says))
        fail_msg("%s", f.err.text);
    fixture_open(&f); /* and now it goes */
    fixture_end(&f);
}

/* Somebody else has run it here once, as root perhaps. */
static void a_store_of_another_user(void **state)
{
    fixture f = fixture_new();

    (void)state;
    ds_store_close(f.store);
    refused.call = CALL_OPEN;
    refused.nth = 1;
    refused.number = EACCES;
    assert_null(ds_store_open(f.path, NULL, &f.err));
    refused.call = CALL_NONE;
    assert_says(&f, DS_ERR_CONFIG, "s.db.lock belongs to another user");
    fixture_open(&f);
    fixture_end(&f);
}

/* That passes, and it is no matter of rights. */
static void no_descriptor_for_a_reader(void **state)
{
    fixture f = fixture_new();
    struct rlimit usual, none;
    int next = dup(STDERR_FILENO);

    (void)state;
    assert_true(next > 0);
    close(next);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
    none = (struct rlimit){.rlim_cur = (rlim_t)next, .rlim_max = usual.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_null(ds_reader_open(f.path, &f.err));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
    assert_says(&f, DS_ERR_TRANSIENT,
                "s.db cannot be opened: Too many open files; raise the limit");
    fixture_end(&f);
}

static void an_interrupted_write_goes_on(void **state)
{
    fixture f = {.dir = tmpdir_new(), .err = DS_ERR_INIT};

    (void)state;
    f.path = tmpdir_file(f.dir, "s.db");
    refused.call = CALL_PWRITE;
    refused.nth = 1;
    refused.number = EINTR;
    fixture_open(&f);
    assert_int_equal(ds_store_holder(f.path), getpid());
    fixture_end(&f);
}

/* The one who has it belongs to another user, or is gone just now. */
static void a_holder_that_cannot_be_asked(void **state)
{
    fixture f = fixture_new();

    (void)state;
    refused.call = CALL_KILL;
    refused.nth = 1;
    refused.number = EPERM;
    assert_int_equal(ds_store_holder(f.path), getpid());
    refused.nth = 1;
    refused.number = ESRCH; /* who looks again finds the next */
    assert_int_equal(ds_store_holder(f.path), getpid());
    refused.call = CALL_FCNTL;
    refused.nth = 1;
    refused.number = ENOLCK;
    assert_int_equal(ds_store_holder(f.path), 0);
    refused.call = CALL_NONE;
    fixture_end(&f);
}

static void what_the_system_said_is_told_too(void **state)
{
    stand s;

    (void)state;
    stand_up(&s);
    faults.code = SQLITE_IOERR_WRITE;
    faults.number = EDQUOT;
    faults.step = 1;
    assert_false(do_tx(&s.f, run_tx, NULL));
    faults.hit = false;
    faults.number = 0;
    assert_non_null(strstr(s.f.err.text, "writing failed: Disk quota exceeded; check the disk"));
    stand_down(&s);
}

/* ---- the log into the file ------------------------------------------------------------------- */

static const struct moved {
    const char *name;
    int code;
    bool ends; /* the process */
} moved_rows[] = {
    {"a reader is in the way", SQLITE_BUSY, false},
    {"the disk refuses it", SQLITE_IOERR_FSYNC, true},
};

static void a_log_that_cannot_be_moved(void **state)
{
    const struct moved *row = *state;
    stand s;

    stand_up(&s);
    ds_ledger_close(s.ledger);
    faults.checkpoint = row->code;
    ds_store_close(s.f.store);
    faults.checkpoint = 0;
    assert_int_equal(s.dead, row->ends);
    fixture_open(&s.f); /* what was committed is in the log */
    s.ledger = ledger_of(&s.f, s.row);
    assert_int_equal(begin_of(&s.f, s.ledger).links, 3);
    stand_down(&s);
}

/* ---- a directory in which nothing can be made ------------------------------------------------ */

/* The first look at it fails, as where SQLite cannot make its shared memory. */
static ds_reader *reader_refused(fixture *f, int code)
{
    ds_reader *r;

    f->err = DS_ERR_INIT;
    faults.code = code;
    faults.step = 1;
    r = ds_reader_open(f->path, &f->err);
    assert_true(faults.hit);
    faults.hit = false;
    return r;
}

static void the_file_alone_is_read(void **state)
{
    fixture f = fixture_new();
    const char *id = NULL;
    ds_reader *r;

    (void)state;
    assert_null(reader_refused(&f, SQLITE_CANTOPEN)); /* its log has what the file has not */
    assert_non_null(strstr(f.err.text, "cannot be opened or written"));
    ds_store_close(f.store);
    assert_null(reader_refused(&f, SQLITE_IOERR_READ)); /* reading alone would not help */
    assert_non_null(strstr(f.err.text, "reading failed"));
    ds_reader_close(reader_refused(&f, SQLITE_CANTOPEN)); /* there is no log */
    assert_int_equal(f.err.kind, DS_ERR_NONE);
    tmpdir_write(f.dir, "s.db-wal", "", 0);
    r = reader_refused(&f, SQLITE_CANTOPEN); /* nor is there anything in it */
    must(&f, r);
    must(&f, ds_reader_id(r, scratch, &id, &f.err));
    assert_int_equal(strlen(id), 32);
    ds_reader_close(r);
    tmpdir_write(f.dir, "s.db",
                 "this is no database, and longer than its head of 100 bytes: "
                 "0123456789012345678901234567890123456789",
                 100);
    assert_null(reader_refused(&f, SQLITE_CANTOPEN)); /* the first error is the one */
    assert_non_null(strstr(f.err.text, "cannot be opened or written"));
    tmpdir_free(f.dir);
}

/* ---- one of which nothing came --------------------------------------------------------------- */

static bool is_there(const fixture *f, const char *name)
{
    return access(tmpdir_file(f->dir, name), F_OK) == 0;
}

static void it_leaves_nothing(void **state)
{
    fixture f = fixture_new();

    (void)state;
    ds_store_discard(f.store);
    assert_false(is_there(&f, "s.db"));
    assert_false(is_there(&f, "s.db-wal"));
    assert_false(is_there(&f, "s.db-shm"));
    assert_false(is_there(&f, "s.db.lock"));
    fixture_open(&f);
    fixture_end(&f);
}

static void it_stays_where_somebody_reads_it(void **state)
{
    fixture f = fixture_new();
    ds_reader *r = reader_of(&f);
    const char *id;

    (void)state;
    ds_store_discard(f.store);
    assert_true(is_there(&f, "s.db"));
    must(&f, ds_reader_id(r, scratch, &id, &f.err));
    ds_reader_close(r);
    fixture_open(&f);
    assert_string_equal(ds_store_id(f.store), id);
    fixture_end(&f);
}

/* Between our opening and our locking it, and once more: of two that were refused. */
static void a_lock_that_goes_with_one_is_none(void **state)
{
    fixture f = {.dir = tmpdir_new(), .err = DS_ERR_INIT};

    (void)state;
    f.path = tmpdir_file(f.dir, "s.db");
    gone = tmpdir_file(f.dir, "s.db.lock");
    gone_again = 1;
    fixture_open(&f);
    assert_null(gone);
    assert_int_equal(ds_store_holder(f.path), getpid());
    assert_null(ds_store_open(f.path, NULL, &f.err));
    assert_says(&f, DS_ERR_CONFIG, "is in use by process");
    fixture_end(&f);
}

int main(void)
{
    add_table(codes, a_code_becomes_words);
    add_test(one_that_died_answers_the_same_from_then_on);
    add_table(refusals, a_refused_call_says_what_to_do);
    add_test(a_store_of_another_user);
    add_test(no_descriptor_for_a_reader);
    add_test(an_interrupted_write_goes_on);
    add_test(a_holder_that_cannot_be_asked);
    add_test(what_the_system_said_is_told_too);
    add_table(moved_rows, a_log_that_cannot_be_moved);
    add_test(the_file_alone_is_read);
    add_test(it_leaves_nothing);
    add_test(it_stays_where_somebody_reads_it);
    add_test(a_lock_that_goes_with_one_is_none);
    return run_tests("store refusals");
}
