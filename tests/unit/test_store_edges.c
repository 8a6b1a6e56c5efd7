/* tests/unit/test_store_edges.c
 *
 * What a store says of what is not there, of what is too large for it and of files that are odd.
 */
#include "store/lock.h"
#include "store_fixture.h"

#include <fcntl.h>
#include <semaphore.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- no store yet ---------------------------------------------------------------------------- */

static void nothing_is_known_where_there_is_no_store(void **state)
{
    fixture f = {.dir = tmpdir_new(), .err = DS_ERR_INIT};
    const char *text = "";
    const ds_held *of[1];
    ds_link_match match;
    ds_unit_row *units;
    ds_run_row *runs;
    ds_held_row *held;
    ds_link_count *counts;
    const char *const key = "k";
    int64_t version = 7;
    ds_ledger *l;
    ds_reader *r;
    size_t n = 9;

    (void)state;
    f.path = tmpdir_file(f.dir, "none.db");
    r = reader_of(&f);
    must(&f, ds_reader_id(r, scratch, &text, &f.err));
    assert_null(text);
    must(&f, ds_reader_format(r, &version, &f.err));
    assert_int_equal(version, 0);
    must(&f, ds_reader_listing(r, "r", scratch, &text, &f.err));
    assert_null(text);
    must(&f, ds_reader_units(r, NULL, NULL, scratch, &units, &n, &f.err));
    assert_int_equal(n, 0);
    must(&f, ds_reader_runs(r, NULL, NULL, 5, scratch, &runs, &n, &f.err));
    assert_int_equal(n, 0);
    must(&f, ds_reader_held(r, NULL, scratch, &held, &n, &f.err));
    assert_int_equal(n, 0);
    must(&f, ds_reader_link_counts(r, scratch, &counts, &n, &f.err));
    assert_int_equal(n, 0);
    must(&f, ds_reader_quick_check(r, scratch, &text, &f.err));
    assert_null(text);
    l = ds_reader_ledger(r, "r", "all", &f.err);
    must(&f, l);
    must(&f, l->ops->held_of(l, &key, 1, scratch, of, &f.err));
    assert_null(of[0]);
    memset(&match, 1, sizeof(match));
    must(&f, l->ops->match(l, &key, 1, scratch, &match, &f.err));
    assert_null(match.link);
    assert_null(match.claimed_by);
    must(&f, l->ops->recall(l, false, "page", scratch, &text, &f.err));
    assert_null(text);
    ds_ledger_close(l);
    ds_reader_close(r);
    assert_int_equal(access(f.path, F_OK), -1); /* looking makes none */
    tmpdir_free(f.dir);
}

static bool note_listing(ds_tx *tx, void *error, ds_err *err)
{
    return ds_tx_listing_note(tx, "r", error, err);
}

static void a_listing_that_failed_is_told_until_one_goes_well(void **state)
{
    static char error[] = "no folder";
    fixture f = fixture_new();
    ds_reader *r = reader_of(&f);
    const char *text;

    (void)state;
    must(&f, ds_reader_listing(r, "r", scratch, &text, &f.err));
    assert_null(text);
    must(&f, do_tx(&f, note_listing, error));
    must(&f, ds_reader_listing(r, "r", scratch, &text, &f.err));
    assert_string_equal(text, "no folder");
    must(&f, ds_reader_listing(r, "other", scratch, &text, &f.err));
    assert_null(text);
    must(&f, do_tx(&f, note_listing, NULL));
    must(&f, ds_reader_listing(r, "r", scratch, &text, &f.err));
    assert_null(text);
    ds_reader_close(r);
    fixture_end(&f);
}

/* ---- units that are not there ---------------------------------------------------------------- */

static bool start_nobody(ds_tx *tx, void *arg, ds_err *err)
{
    ds_unit_row nobody = {.id = 999};

    (void)arg;
    return ds_tx_activity_start(tx, &nobody, "fp", true, NOW, err);
}

static void a_pass_of_no_unit(void **state)
{
    fixture f = fixture_new();

    (void)state;
    assert_false(do_tx(&f, start_nobody, NULL));
    assert_says(&f, DS_ERR_PERMANENT, "has no unit number 999");
    f.err = DS_ERR_INIT;
    assert_null(ds_store_ledger(f.store, 999, 1, &f.err));
    assert_says(&f, DS_ERR_PERMANENT, "has no unit number 999");
    fixture_end(&f);
}

static void a_unit_without_a_ledger(void **state)
{
    fixture f = fixture_new();
    ds_ledger *l = pass_of(&f, "r", "all");
    ds_link_put puts[] = {LINK(1, "a", 1)};

    (void)state;
    ds_ledger_close(l);
    tamper(&f, "PRAGMA foreign_keys=OFF; DELETE FROM ledger");
    l = ds_store_ledger(f.store, 1, 1, &f.err);
    must(&f, l);
    assert_true(begin_of(&f, l).first); /* as of a unit that is new */
    assert_false(commit_to(&f, l, (ds_commit){PUTS(puts)}));
    assert_says(&f, DS_ERR_PERMANENT, "has no unit number 1");
    ds_ledger_close(l);
    fixture_end(&f);
}

/* The unit belongs to nobody, or to a later pass: this one reads and writes nothing more. */
static void a_pass_that_was_given_up(void **state)
{
    fixture f = fixture_new();
    ds_unit_row *row = start_pass(&f, "r", "all", "fp", true);
    ds_ledger *l = ledger_of(&f, row);
    ds_ledger_begin begin;

    (void)state;
    start_pass(&f, "r", "all", "fp", true);
    assert_false(l->ops->begin(l, scratch, &begin, &f.err));
    assert_says(&f, DS_ERR_CANCELLED, "belongs to another pass now");
    end_pass(&f, row);
    f.err = DS_ERR_INIT;
    assert_false(l->ops->begin(l, scratch, &begin, &f.err));
    assert_says(&f, DS_ERR_CANCELLED, "belongs to another pass now");
    assert_false(commit_to(&f, l, (ds_commit){.generation = "g"}));
    assert_says(&f, DS_ERR_CANCELLED, "belongs to another pass now");
    ds_ledger_close(l);
    fixture_end(&f);
}

static bool last_number(ds_tx *tx, void *arg, ds_err *err)
{
    ds_machine_row row = {.name = "t", .state = "{}", .logic = 1};

    (void)arg;
    return ds_tx_machine_add(tx, "token", &row, 0, err) &&
           ds_db_exec(tx->db, "UPDATE machine SET id = (1 << 23) - 1 WHERE name = 't'", err);
}

static bool add_unit(ds_tx *tx, void *unit, ds_err *err)
{
    ds_unit_row *row;

    return ds_tx_unit_add(tx, "r", unit, NOW, scratch, &row, err);
}

static void more_units_than_there_are_numbers(void **state)
{
    static char unit[] = "one too many";
    fixture f = fixture_new();

    (void)state;
    must(&f, do_tx(&f, last_number, NULL));
    assert_false(do_tx(&f, add_unit, unit));
    assert_says(&f, DS_ERR_PERMANENT, "more than 8388607 units");
    fixture_end(&f);
}

/* ---- too large ------------------------------------------------------------------------------- */

static bool put_large(ds_tx *tx, void *text, ds_err *err)
{
    const ds_event event = {.type = DS_EV_PAUSE, .error = text};

    return ds_tx_inbox_put(tx, "r", "all", &event, NOW, err);
}

static bool save_large(ds_tx *tx, void *text, ds_err *err)
{
    ds_unit_row row = {.id = 1, .state = {.key = "r:all", .last_error = text}};

    return ds_tx_unit_save(tx, &row, 0, err);
}

static void texts_beyond_64_mebibytes(void **state)
{
    size_t n = 64 * DS_MIB;
    char *text = malloc(n + 1);
    fixture f = fixture_new();

    (void)state;
    assert_non_null(text);
    memset(text, 'x', n);
    text[n] = '\0';
    unit_of(&f, "r", "all");
    assert_false(do_tx(&f, put_large, text));
    assert_says(&f, DS_ERR_PERMANENT, "signal");
    assert_false(do_tx(&f, save_large, text));
    assert_says(&f, DS_ERR_PERMANENT, "save r:all: state of a unit");
    free(text);
    fixture_end(&f);
}

static void a_page_of_held_records_without_end(void **state)
{
    fixture f = fixture_new();
    ds_ledger *l = pass_of(&f, "r", "all");
    const ds_held put[] = {{.key = "a", .reason = "x"}, {.key = "b", .reason = "x"}};
    const ds_held *page;
    size_t n;

    (void)state;
    must(&f, commit_to(&f, l, (ds_commit){.held = put, .held_n = 2}));
    must(&f, l->ops->held(l, NULL, SIZE_MAX, scratch, &page, &n, &f.err));
    assert_int_equal(n, 2);
    must(&f, l->ops->held(l, NULL, 0, scratch, &page, &n, &f.err));
    assert_int_equal(n, 2); /* two at least, or it would never come to an end */
    ds_ledger_close(l);
    fixture_end(&f);
}

/* ---- what a commit may say alone ------------------------------------------------------------- */

static void each_thing_known_of_a_destination_alone(void **state)
{
    static const ds_commit alone[] = {{.generation = "g"},    {.identity = "i"},
                                      {.key_signature = "k"}, {.encoder = 3},
                                      {.replace_held = true}, {.drop_links = true}};
    fixture f = fixture_new();
    ds_ledger *l = pass_of(&f, "r", "all");
    ds_ledger_begin begin;

    (void)state;
    for (size_t i = 0; i < DS_COUNT(alone); i++) {
        must(&f, commit_to(&f, l, alone[i]));
        begin = begin_of(&f, l);
        assert_string_equal(begin.generation, "g");
        assert_int_equal(begin.identity != NULL, i >= 1);
        assert_int_equal(begin.key_signature != NULL, i >= 2);
        assert_int_equal(begin.encoder, i >= 3 ? 3 : 0);
        assert_int_equal(begin.first, i != 4);
    }
    ds_ledger_close(l);
    fixture_end(&f);
}

/* Keys that differ only behind the bytes they are sorted by first. */
static void keys_that_begin_alike(void **state)
{
    fixture f = fixture_new();
    ds_ledger *l = pass_of(&f, "r", "all");
    ds_link_put puts[] = {LINK(1, "z", 1), LINK(2, "aaaaaaaaaaaa2", 2), LINK(3, "aaaaaaaaaaaa1", 3),
                          LINK(4, "aaaaaaaaaaaa3", 4)};
    const char *const keys[] = {"aaaaaaaaaaaa3", "z", "aaaaaaaaaaaa1", "aaaaaaaaaaaa1"};
    static const uint64_t want[] = {4, 1, 3, 3};
    ds_link_match match[DS_COUNT(keys)];

    (void)state;
    must(&f, commit_to(&f, l, (ds_commit){PUTS(puts)}));
    must(&f, l->ops->match(l, keys, DS_COUNT(keys), scratch, match, &f.err));
    for (size_t i = 0; i < DS_COUNT(keys); i++)
        assert_int_equal(match[i].link->hash.low, want[i]);
    ds_ledger_close(l);
    fixture_end(&f);
}

static const char *recalled(fixture *f, ds_ledger *l, bool shared, const char *key)
{
    const char *value = "";

    must(f, l->ops->recall(l, shared, key, scratch, &value, &f->err));
    return value;
}

/* What is kept for a unit is its own, what is shared is every unit's; new hashes or no links leave
 * the shared ones alone. */
static void what_connectors_keep(void **state)
{
    static const ds_memo memos[] = {
        {false, "page", "7"}, {true, "etag", "x"}, {false, "page", "8"}, {false, "gone", NULL}};
    static const ds_memo less[] = {{true, "etag", NULL}};
    static const ds_commit ways[] = {{.void_hashes = true}, {.drop_links = true}};
    fixture f = fixture_new();
    ds_ledger *one = pass_of(&f, "r", "one"), *two = pass_of(&f, "r", "two");

    (void)state;
    for (size_t i = 0; i < DS_COUNT(ways); i++) {
        must(&f, commit_to(&f, one, (ds_commit){.memos = memos, .memos_n = DS_COUNT(memos)}));
        assert_string_equal(recalled(&f, one, false, "page"), "8");
        assert_null(recalled(&f, one, false, "gone"));
        assert_null(recalled(&f, two, false, "page"));
        assert_string_equal(recalled(&f, two, true, "etag"), "x");
        must(&f, commit_to(&f, one, ways[i]));
        assert_null(recalled(&f, one, false, "page"));
        assert_string_equal(recalled(&f, one, true, "etag"), "x");
    }
    must(&f, commit_to(&f, two, (ds_commit){.memos = less, .memos_n = 1}));
    assert_null(recalled(&f, one, true, "etag"));
    ds_ledger_close(one);
    ds_ledger_close(two);
    fixture_end(&f);
}

/* ---- adopting what is linked already --------------------------------------------------------- */

typedef struct adoption {
    const char *key, *id;
    bool found;
} adoption;

static bool adopt(ds_tx *tx, void *arg, ds_err *err)
{
    adoption *this = arg;

    return ds_tx_held_adopt(tx, "r", this->key, this->id, &this->found, err);
}

static const char *id_of(fixture *f, ds_ledger *l, const char *key)
{
    ds_link_match match;

    must(f, l->ops->match(l, &key, 1, scratch, &match, &f->err));
    return match.link ? match.link->id : match.claimed_by;
}

static bool adopt_without_links(ds_tx *tx, void *arg, ds_err *err)
{
    return ds_db_exec(tx->db, "DROP TABLE link", err) && adopt(tx, arg, err);
}

/* Its own link makes way. */
static void a_held_record_that_has_a_link(void **state)
{
    fixture f = fixture_new();
    ds_unit_row *row = start_pass(&f, "r", "all", "fp", true);
    ds_ledger *l = ledger_of(&f, row);
    ds_link_put puts[] = {LINK(1, "a", 1)};
    const ds_held held = {.key = "a", .reason = "x"};
    adoption adopted = {"a", "ROW-9", false};

    (void)state;
    must(&f, commit_to(&f, l, (ds_commit){PUTS(puts), .held = &held, .held_n = 1}));
    end_pass(&f, row);
    assert_false(do_tx(&f, adopt_without_links, &adopted));
    assert_says(&f, DS_ERR_PERMANENT, "no such table: link");
    must(&f, do_tx(&f, adopt, &adopted));
    assert_true(adopted.found);
    assert_string_equal(id_of(&f, l, "a"), "ROW-9");
    ds_ledger_close(l);
    l = pass_of(&f, "r", "all");
    assert_int_equal(begin_of(&f, l).links, 1);
    assert_int_equal(begin_of(&f, l).held, 0);
    ds_ledger_close(l);
    fixture_end(&f);
}

/* It was free when it was adopted, and is not any more when the next pass makes a link of it. */
static void an_adoption_that_came_too_late(void **state)
{
    fixture f = fixture_new();
    ds_ledger *first = pass_of(&f, "r", "one"), *second = pass_of(&f, "r", "two");
    ds_link_put puts[] = {LINK(1, "a", 1)};
    const ds_held held = {.key = "a", .reason = "x"};
    adoption adopted = {"a", "ROW-9", false};

    (void)state;
    must(&f, commit_to(&f, first, (ds_commit){.held = &held, .held_n = 1}));
    must(&f, do_tx(&f, adopt, &adopted)); /* a pass is under way: it waits for the next */
    must(&f, commit_to(&f, second, (ds_commit){PUTS(puts)}));
    ds_ledger_close(first);
    first = pass_of(&f, "r", "one");
    assert_string_equal(id_of(&f, first, "a"), "two");
    assert_int_equal(begin_of(&f, first).links, 0);
    assert_int_equal(begin_of(&f, first).held, 0);
    ds_ledger_close(first);
    ds_ledger_close(second);
    fixture_end(&f);
}

/* ---- files ----------------------------------------------------------------------------------- */

/* In a directory where nothing can be written the file alone is read, whatever its name. */
static void an_odd_name_read_alone(void **state)
{
    static const char name[] = "a b%c?d#e&f=g\x01\x7f\xc3\xa4.db";
    fixture f = {.dir = tmpdir_new(), .err = DS_ERR_INIT};
    int64_t version = 0;
    ds_db *db;

    (void)state;
    f.path = tmpdir_file(f.dir, name);
    fixture_open(&f);
    ds_store_close(f.store);
    db = ds_db_open(f.path, DS_DB_IMMUTABLE, &f.err);
    must(&f, db);
    must(&f, ds_db_int(db, "SELECT count(*) FROM meta WHERE key = 'id'", 0, &version, &f.err));
    assert_int_equal(version, 1);
    assert_false(ds_db_exec(db, "DELETE FROM meta", &f.err));
    ds_db_close(db);
    tmpdir_free(f.dir);
}

/* SQLite keeps no log for such a one, as on a file system without shared memory. */
static void a_file_that_takes_no_log(void **state)
{
    tmpdir *dir = tmpdir_new();
    int before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ds_err err = DS_ERR_INIT;

    (void)state;
    assert_int_equal(chdir(tmpdir_path(dir)), 0);
    assert_null(ds_store_open(":memory:", NULL, &err));
    assert_int_equal(fchdir(before), 0);
    close(before);
    assert_int_equal(err.kind, DS_ERR_CONFIG);
    assert_non_null(strstr(err.text, "this file system has no shared memory for SQLite's log"));
    tmpdir_free(dir);
}

/* A lock whose holder has not written its name, or the name of nobody. */
static void a_lock_held_by_nobody_in_particular(void **state)
{
    static const char *const texts[] = {"", "0\n", "-5\n", "99999999999999999\n", "x\n"};
    fixture f = fixture_new();
    const char *lock = tmpdir_file(f.dir, "s.db.lock"), *who;

    (void)state;
    for (size_t i = 0; i < DS_COUNT(texts); i++) {
        int fd = open(lock, O_WRONLY | O_TRUNC | O_CLOEXEC);

        assert_int_equal(write(fd, texts[i], strlen(texts[i])), strlen(texts[i]));
        close(fd);
        assert_int_equal(ds_store_holder(f.path), -1);
        assert_int_equal(ds_store_holder_at(&f.at, scratch, &who), -1);
        assert_string_equal(who, "another process");
    }
    fixture_end(&f);
}

/* ---- the writer ------------------------------------------------------------------------------ */

static bool rest_twice(ds_tx *tx, void *store, ds_err *err)
{
    (void)tx, (void)err;
    ds_store_rest(store);
    ds_store_rest(store); /* the first is on its way still: its writer is here */
    return true;
}

static void a_rest_while_one_is_on_its_way(void **state)
{
    fixture f = fixture_new();

    (void)state;
    must(&f, do_tx(&f, rest_twice, f.store));
    must(&f, do_tx(&f, rest_twice, f.store));
    fixture_end(&f);
}

/* ---- jobs that need not be durable by themselves --------------------------------------------- */

typedef struct level_job {
    ds_job base;
    int64_t level; /* out: of SQLite's `synchronous` */
    sem_t *reached, *gate;
} level_job;

static bool read_level(ds_job *job, ds_tx *tx, ds_err *err)
{
    level_job *l = (level_job *)job;

    if (l->reached)
        sem_post(l->reached);
    if (l->gate)
        sem_wait(l->gate);
    return ds_db_int(tx->db, "PRAGMA synchronous", -1, &l->level, err);
}

static level_job level_of(bool soft)
{
    return (level_job){.base = {.run = read_level, .soft = soft}};
}

enum { FULL = 2, NORMAL = 1 };

static void a_commit_is_waited_for_where_one_of_its_jobs_wants_it(void **state)
{
    fixture f = fixture_new();
    level_job alone[] = {level_of(false), level_of(true), level_of(false)};
    level_job first = level_of(true), soft = level_of(true), hard = level_of(false);
    sem_t reached, gate;

    (void)state;
    for (size_t i = 0; i < DS_COUNT(alone); i++) {
        must(&f, ds_store_do(f.store, DS_LANE_EVENT, &alone[i].base, &f.err));
        assert_int_equal(alone[i].level, alone[i].base.soft ? NORMAL : FULL);
    }
    sem_init(&reached, 0, 0);
    sem_init(&gate, 0, 0);
    first.reached = &reached;
    first.gate = &gate;
    ds_store_submit(f.store, DS_LANE_EVENT, &first.base);
    sem_wait(&reached);
    ds_store_submit(f.store, DS_LANE_EVENT, &soft.base);
    ds_store_submit(f.store, DS_LANE_EVENT, &hard.base);
    sem_post(&gate);
    fixture_end(&f); /* does them all */
    assert_int_equal(first.level, NORMAL);
    assert_int_equal(soft.level, FULL);
    assert_int_equal(hard.level, FULL);
    sem_destroy(&reached);
    sem_destroy(&gate);
}

int main(void)
{
    add_test(nothing_is_known_where_there_is_no_store);
    add_test(a_listing_that_failed_is_told_until_one_goes_well);
    add_test(a_pass_of_no_unit);
    add_test(a_unit_without_a_ledger);
    add_test(a_pass_that_was_given_up);
    add_test(more_units_than_there_are_numbers);
    add_test(texts_beyond_64_mebibytes);
    add_test(a_page_of_held_records_without_end);
    add_test(each_thing_known_of_a_destination_alone);
    add_test(keys_that_begin_alike);
    add_test(what_connectors_keep);
    add_test(a_held_record_that_has_a_link);
    add_test(an_adoption_that_came_too_late);
    add_test(an_odd_name_read_alone);
    add_test(a_file_that_takes_no_log);
    add_test(a_lock_held_by_nobody_in_particular);
    add_test(a_rest_while_one_is_on_its_way);
    add_test(a_commit_is_waited_for_where_one_of_its_jobs_wants_it);
    return run_tests("edges of a store");
}
