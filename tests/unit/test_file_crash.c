/* tests/unit/test_file_crash.c
 *
 * The file destination through interruptions: generations, journals left behind, other hands in the
 * file, and a kill at every durable step.
 */
#include "base/crashpoint.h"
#include "connectors/file/index.h"
#include "support/leave.h"
#include "unit/file_rig.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *content(tmpdir *dir)
{
    return access(tmpdir_file(dir, "a.jsonl"), F_OK) == 0 ? tmpdir_read(dir, "a.jsonl", NULL)
                                                          : "(none)";
}

static void put(tmpdir *dir, const char *text)
{
    tmpdir_write(dir, "a.jsonl", text, strlen(text));
}

static const char *journal_in(tmpdir *dir)
{
    DIR *folder = opendir(tmpdir_path(dir));
    const char *name = NULL;

    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        if (strstr(entry->d_name, "durable-sync-journal"))
            name = ds_arena_strdup(scratch, entry->d_name);
    closedir(folder);
    return name;
}

/* ---- what a generation is worth -------------------------------------------------------------- */

/* A story in short: each letter one thing that happens.
 *   o open and expect to go on      O open and expect not to
 *   w write a row     r write it again       f flush       e finish
 *   c close           ! the end without a close
 *   k the core forgets what it learned since the letter before (its commit was lost)
 *   x edit by hand    d delete      p put an old copy back    j delete the journal
 *   t tear its end    b change a byte in its last line */
static const struct story {
    const char *name, *letters;
} stories[] = {
    {"nothing is known at first", "Oc"},
    {"after a pass it goes on", "Owecoecoec"},
    {"even after one that wrote nothing", "Oecoec"},
    {"after an edit it does not", "OwecxOec"},
    {"but after a pass over the edit it does", "OwecxOecoec"},
    {"after a deletion it does not", "OwecdOec"},
    {"an old copy is noticed", "OwecpOec"},
    {"a flush goes on without finish", "Owfcoec"},
    {"two flushes go on", "Owfcowfcoecoec"},
    {"a flush the core did not hear of goes on from what it knows", "Owfcowfkcoecoec"},
    {"entries never flushed do not matter", "Owfcowcoec"},
    {"a journal that is deleted is missed", "OwfcjOec"},
    {"a torn end that was not flushed does not matter", "Owfcowrctoec"},
    {"a torn end that was flushed is missed", "OwfctOec"},
    {"a damaged line that was flushed is missed", "OwfcbOec"},
    {"an edit under a waiting journal is noticed", "OwfcxOecoec"},
    {"a deletion under a waiting journal is noticed", "OwecowfcdOec"},
    {"a finish the core did not hear of goes on while the journal is there", "Owecowfwek!oecoec"},
    {"and after it is gone all is looked at again", "OwecowfwekcOecoec"},
};

typedef struct telling {
    tmpdir *dir;
    rig r;
    const char *heard; /* generation before the last thing */
    int written;
} telling;

static ds_destination *abandoned[8]; /* as a killed process leaves them, and within reach */
static size_t abandoned_n;

static void tear_journal(tmpdir *dir)
{
    const char *path = tmpdir_file(dir, journal_in(dir));
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(truncate(path, st.st_size - 3), 0);
}

static void damage_journal(tmpdir *dir)
{
    const char *name = journal_in(dir);
    size_t n;
    char *text = ds_arena_strdup(scratch, tmpdir_read(dir, name, &n));

    assert_int_equal(text[n - 3], '1'); /* of "x":1} and a newline */
    text[n - 3] = '7';
    tmpdir_write(dir, name, text, n);
}

static void rewrite(tmpdir *dir, const char *text)
{
    assert_int_equal(unlink(tmpdir_file(dir, "a.jsonl")), 0);
    put(dir, text);
}

static void tell_file(telling *t, char letter)
{
    if (letter == 'x')
        put(t->dir, "{\"id\":\"hand\"}\n");
    else if (letter == 'p')
        rewrite(t->dir, "{\"id\":\"old\"}\n");
    else if (letter == 'd')
        unlink(t->r.path);
    else if (letter == 'j')
        assert_int_equal(unlink(tmpdir_file(t->dir, journal_in(t->dir))), 0);
    else if (letter == 't')
        tear_journal(t->dir);
    else if (letter == 'b')
        damage_journal(t->dir);
    else
        fail_msg("no such letter: %c", letter);
}

static void tell(telling *t, char letter)
{
    const char *before = t->r.generation;

    if (letter == 'k') {
        t->r.generation = t->heard;
        return;
    }
    if (letter == 'o' || letter == 'O') {
        assert_true(rig_open(&t->r));
        assert_int_equal(t->r.out.continues, letter == 'o');
    } else if (letter == 'w') {
        rig_step(&t->r, ds_arena_printf(scratch, "+w%d {\"x\":1}", t->written++));
    } else if (letter == 'r') { /* looks it up, which takes it out of memory */
        rig_step(&t->r, ds_arena_printf(scratch, "=w%d {\"x\":1}", t->written - 1));
    } else if (letter == 'f') {
        assert_true(rig_flush(&t->r));
    } else if (letter == 'e') {
        assert_true(rig_finish(&t->r));
    } else if (letter == 'c') {
        rig_close(&t->r);
    } else if (letter == '!') {
        abandoned[abandoned_n++] = t->r.dst;
        t->r.dst = NULL;
    } else {
        tell_file(t, letter);
    }
    t->heard = before;
}

static void tells(void **state)
{
    const struct story *row = *state;
    DS_AUTO(tmpdir) dir = tmpdir_new();
    telling t = {.dir = dir, .r = {.path = tmpdir_file(dir, "a.jsonl")}};

    for (const char *letter = row->letters; *letter; letter++)
        tell(&t, *letter);
    if (t.r.dst)
        rig_close(&t.r);
}

/* Written, and out of memory, but never flushed: nobody counts on it. */
static void what_was_never_flushed_is_no_part_of_the_file(void **state)
{
    DS_AUTO(tmpdir) dir = tmpdir_new();
    rig r = {.path = tmpdir_file(dir, "a.jsonl")};

    (void)state;
    assert_string_equal(rig_pass(&r, "+a {\"x\":1}\n+b {\"x\":1}"), "CC");
    assert_true(rig_open(&r));
    assert_string_equal(rig_steps(&r, "=a {\"x\":2}\nf\n=b {\"x\":2}\n+c {\"x\":2}\n+c {\"x\":3}"),
                        "UfUCUa");
    rig_close(&r);
    assert_string_equal(rig_pass(&r, "=b {\"x\":1}"), ".");
    assert_string_equal(content(dir), "{\"id\":\"a\",\"x\":2}\n{\"id\":\"b\",\"x\":1}\n");
}

/* ---- other hands ----------------------------------------------------------------------------- */

static void an_edit_during_the_pass_stays(void **state)
{
    DS_AUTO(tmpdir) dir = tmpdir_new();
    rig r = {.path = tmpdir_file(dir, "a.jsonl")};

    (void)state;
    put(dir, "{\"id\":\"a\",\"x\":1}\n{\"id\":\"b\",\"x\":1}\n");
    assert_true(rig_open(&r));
    assert_string_equal(rig_steps(&r, "+a {\"x\":1}\n+b {\"x\":2}\n+c {\"x\":3}"), ".aUaC");
    put(dir, "{\"id\":\"a\",\"x\":9}\n{\"id\":\"b\",\"x\":1,\"mine\":1}\n{\"id\":\"h\"}\n");
    assert_true(rig_finish(&r));
    rig_close(&r);
    assert_string_equal(content(dir), "{\"id\":\"a\",\"x\":9}\n{\"id\":\"b\",\"x\":2,\"mine\":1}\n"
                                      "{\"id\":\"h\"}\n{\"id\":\"c\",\"x\":3}\n");
    /* What was found unchanged may no longer be: the next pass compares it again. */
    assert_true(rig_open(&r));
    assert_false(r.out.continues);
    assert_string_equal(rig_steps(&r, "=a {\"x\":1}\n=b {\"x\":2}\n=c {\"x\":3}"), "U..");
    assert_true(rig_finish(&r));
    rig_close(&r);
    assert_true(rig_open(&r));
    assert_true(r.out.continues);
    rig_close(&r);
}

static void a_row_made_by_hand_in_the_meantime_is_one_row(void **state)
{
    DS_AUTO(tmpdir) dir = tmpdir_new();
    rig r = {.path = tmpdir_file(dir, "a.jsonl")};

    (void)state;
    assert_true(rig_open(&r));
    assert_string_equal(rig_steps(&r, "+a {\"x\":1,\"!o\":1}"), "C");
    put(dir, "{\"id\":\"a\",\"o\":5}\n");
    assert_true(rig_finish(&r));
    rig_close(&r);
    assert_string_equal(content(dir), "{\"id\":\"a\",\"o\":5,\"x\":1}\n");
}

static tmpdir *edited;

static void edit_while_merged(const char *where)
{
    if (edited && strstr(where, "new file"))
        rewrite(edited, "{\"id\":\"a\",\"x\":1,\"mine\":2}\n");
    edited = NULL;
}

static void an_edit_during_the_merge_stays(void **state)
{
    DS_AUTO(tmpdir) dir = tmpdir_new();
    rig r = {.path = tmpdir_file(dir, "a.jsonl")};

    (void)state;
    put(dir, "{\"id\":\"a\",\"x\":1}\n");
    assert_true(rig_open(&r));
    assert_string_equal(rig_steps(&r, "=a {\"x\":2}\nf"), "Uf");
    edited = dir;
    ds_crash_hook = edit_while_merged;
    assert_true(rig_finish(&r));
    ds_crash_hook = NULL;
    rig_close(&r);
    assert_string_equal(content(dir), "{\"id\":\"a\",\"x\":2,\"mine\":2}\n");
    assert_true(rig_open(&r));
    assert_false(r.out.continues);
    rig_close(&r);
}

static void two_owners_write_side_by_side(void **state)
{
    DS_AUTO(tmpdir) dir = tmpdir_new();
    const char *path = tmpdir_file(dir, "a.jsonl");
    rig a = {.path = path, .owner = "store/r/one"}, b = {.path = path, .owner = "store/r/two"};

    (void)state;
    assert_true(rig_open(&a) && rig_open(&b));
    assert_string_equal(rig_steps(&a, "+a {\"x\":1}\nf"), "Cf");
    assert_string_equal(rig_steps(&b, "+b {\"x\":2}\nf"), "Cf");
    assert_true(rig_finish(&a) && rig_finish(&b));
    rig_close(&a);
    rig_close(&b);
    assert_string_equal(content(dir), "{\"id\":\"a\",\"x\":1}\n{\"id\":\"b\",\"x\":2}\n");
    assert_string_equal(rig_pass(&a, "=a {\"x\":1}"), ".");
    assert_string_equal(rig_pass(&b, "=b {\"x\":2}"), ".");
    assert_null(journal_in(dir));
}

static void a_journal_for_other_settings_is_dropped(void **state)
{
    DS_AUTO(tmpdir) dir = tmpdir_new();
    rig r = {.path = tmpdir_file(dir, "a.jsonl")};

    (void)state;
    assert_true(rig_open(&r));
    assert_string_equal(rig_steps(&r, "+a {\"x\":1}\nf"), "Cf");
    rig_close(&r);
    r.key = "key";
    assert_true(rig_open(&r));
    assert_false(r.out.continues);
    assert_string_equal(rig_steps(&r, "+a {\"x\":1}"), "C");
    assert_true(rig_finish(&r));
    rig_close(&r);
    assert_string_equal(content(dir), "{\"key\":\"a\",\"x\":1}\n");
}

static void a_journal_of_rubbish_is_dropped(void **state)
{
    DS_AUTO(tmpdir) dir = tmpdir_new();
    static const char rubbish[] = "\0\xFF{}\n\n0123456789abcdef\t{}\t{}\n";
    rig r = {.path = tmpdir_file(dir, "a.jsonl")};

    (void)state;
    assert_true(rig_open(&r));
    assert_string_equal(rig_steps(&r, "+a {\"x\":1}\nf"), "Cf");
    rig_close(&r);
    tmpdir_write(dir, journal_in(dir), rubbish, sizeof(rubbish) - 1);
    assert_true(rig_open(&r));
    assert_false(r.out.continues);
    assert_string_equal(rig_steps(&r, "+a {\"x\":1}"), "C");
    assert_true(rig_finish(&r));
    rig_close(&r);
    assert_string_equal(content(dir), "{\"id\":\"a\",\"x\":1}\n");
}

/* Lines with the right checksum that no program of ours has written. */
static const struct entry_row {
    const char *name, *body;
} unsound[] = {
    {"an entry whose properties are no JSON", "{\"k\":\"a\"}\t{\"x\":}"},
    {"an entry whose properties are no object", "{\"k\":\"a\"}\t[1]"},
    {"an entry with space where a brace belongs", "{\"k\":\"a\"}\t {\"x\":1}"},
    {"an entry of nothing that has room for something", "{\"k\":\"a\"}\t{ }"},
    {"an entry without properties", "{\"k\":\"a\"}\t"},
    {"an entry that sets the key", "{\"k\":\"a\"}\t{\"id\":\"b\"}"},
    {"an entry whose key is said otherwise", "{\"k\":\"a\",\"kv\":\"5\"}\t{\"x\":1}"},
    {"an entry whose key is no JSON", "{\"k\":\"a\",\"kv\":\"a}\"}\t{\"x\":1}"},
};

static void an_unsound_entry_ends_the_journal(void **state)
{
    const struct entry_row *row = *state;
    DS_AUTO(tmpdir) dir = tmpdir_new();
    rig r = {.path = tmpdir_file(dir, "a.jsonl")};
    const char *line = ds_arena_printf(
        scratch, "%016llx\t%s\n",
        (unsigned long long)ds_file_checksum(row->body, strlen(row->body)), row->body);
    const char *text, *name;
    size_t n;

    assert_true(rig_open(&r));
    assert_string_equal(rig_steps(&r, "+b {\"x\":2}\nf"), "Cf");
    rig_close(&r);
    name = journal_in(dir);
    text = ds_arena_printf(scratch, "%s%s", tmpdir_read(dir, name, &n), line);
    tmpdir_write(dir, name, text, strlen(text));
    r.generation = ds_arena_printf(scratch, "j:absent:%zu", strlen(text));
    assert_true(rig_open(&r));
    assert_false(r.out.continues);
    assert_true(rig_finish(&r));
    rig_close(&r);
    assert_string_equal(content(dir), "{\"id\":\"b\",\"x\":2}\n");
}

/* ---- a kill at every durable step ------------------------------------------------------------ */

#define KEYS_MOST 16
#define KILLED 86

/* What the core would remember: written durably at each commit. */
typedef struct memory {
    char generation[128]; /* "": none */
    size_t cursor;        /* records handled in the pass that is under way */
    struct link {
        char key[16];
        bool made, valid;
        uint64_t said; /* hash of what was last written */
    } links[KEYS_MOST];
    size_t links_n;
} memory;

static const struct scenario {
    const char *name, *file, *before;
    const char *records; /* "KEY {...}", one a line */
    const char *removed; /* a key to remove at the end; NULL */
    const char *after;
    const char *made; /* keys whose rows are ours in the end, in the records' order */
} scenarios[] = {
    {"kill: a first pass into lines", "a.jsonl", NULL, "a {\"x\":1}\nb {\"x\":2}\nc {\"x\":3}",
     NULL, "{\"id\":\"a\",\"x\":1}\n{\"id\":\"b\",\"x\":2}\n{\"id\":\"c\",\"x\":3}\n", "abc"},
    {"kill: a mixed pass over lines", "a.jsonl",
     "{\"id\":\"b\",\"x\":1,\"mine\":[ 1 "
     "]}\n{\"id\":\"hand\"}\n{\"id\":\"c\",\"x\":3}\n{\"id\":\"z\"}\n",
     "a {\"x\":1}\nb {\"x\":2}\nc {\"x\":3}\nd {\"x\":4}", "z",
     "{\"id\":\"b\",\"x\":2,\"mine\":[ 1 ]}\n{\"id\":\"hand\"}\n{\"id\":\"c\",\"x\":3}\n"
     "{\"id\":\"a\",\"x\":1}\n{\"id\":\"d\",\"x\":4}\n",
     "ad"},
    {"kill: a mixed pass over a list", "a.json", "[ {\"id\":\"z\"}, {\"id\":\"b\",\"x\":1} ]",
     "a {\"x\":1}\nb {\"x\":2}", "z", "[ {\"id\":\"b\",\"x\":2}, {\"id\":\"a\",\"x\":1} ]", "a"},
    {"kill: a mixed pass over CSV", "a.csv", "id,mine\nb,1\nz,2\n", "a {\"x\":1}\nb {\"x\":2}", "z",
     "id,mine,x\nb,1,2\na,,1\n", "a"},
};

static struct link *link_of(memory *m, const char *key)
{
    for (size_t i = 0; i < m->links_n; i++)
        if (!strcmp(m->links[i].key, key))
            return &m->links[i];
    return NULL;
}

static memory remember(tmpdir *dir)
{
    memory m = {0};
    size_t n;
    const char *data;

    if (access(tmpdir_file(dir, "memory"), F_OK) == 0) {
        data = tmpdir_read(dir, "memory", &n);
        memcpy(&m, data, DS_MIN(n, sizeof(m)));
    }
    return m;
}

static void commit(tmpdir *dir, memory *m, const rig *r)
{
    ds_crashpoint("commit");
    snprintf(m->generation, sizeof(m->generation), "%s", r->generation ? r->generation : "");
    tmpdir_write(dir, "memory-new", m, sizeof(*m));
    assert_int_equal(rename(tmpdir_file(dir, "memory-new"), tmpdir_file(dir, "memory")), 0);
    ds_crashpoint("commit");
}

/* Writes one record as the core would; the letters go to *done. */
static void write_record(rig *r, memory *m, const char *line, ds_buf *done)
{
    const char *space = strchr(line, ' ');
    const char *key = ds_arena_strndup(scratch, line, (size_t)(space - line)), *letter;
    struct link *link = link_of(m, key);
    uint64_t said = 5381;

    for (const char *c = space; *c; c++)
        said = said * 33 + (unsigned char)*c;
    if (link && link->valid && link->said == said)
        return;
    letter = rig_step(r, ds_arena_printf(scratch, "%c%s", link ? '=' : '+', line));
    ds_buf_text(done, letter);
    if (!link)
        link = &m->links[m->links_n++];
    snprintf(link->key, sizeof(link->key), "%s", key);
    link->made = link->made || *letter == 'C';
    link->valid = true;
    link->said = said;
}

/* A pass, resumed where the last commit left it; every second record is followed by a commit. */
static void run_pass(tmpdir *dir, const struct scenario *sc, ds_buf *done)
{
    memory m = remember(dir);
    rig r = {.path = tmpdir_file(dir, sc->file), .generation = *m.generation ? m.generation : NULL};
    char *text = ds_arena_strdup(scratch, sc->records), *left = text;
    size_t at = 0;

    r.generation = ds_arena_strdup(scratch, r.generation);
    assert_true(rig_open(&r));
    for (size_t i = 0; i < m.links_n && !r.out.continues; i++)
        m.links[i].valid = false;
    for (char *line = strtok_r(text, "\n", &left); line; line = strtok_r(NULL, "\n", &left)) {
        if (at++ < m.cursor)
            continue;
        write_record(&r, &m, line, done);
        m.cursor = at;
        if (at % 2)
            continue;
        assert_true(rig_flush(&r));
        commit(dir, &m, &r);
    }
    if (sc->removed)
        assert_string_equal(rig_step(&r, ds_arena_printf(scratch, "-%s", sc->removed)), "-");
    assert_true(rig_finish(&r));
    m.cursor = 0;
    commit(dir, &m, &r);
    rig_close(&r);
}

static int steps_left;

static void kill_at(const char *where)
{
    (void)where;
    if (--steps_left == 0)
        leave(KILLED);
}

/* In a child that is killed at that step; false: it was, true: it came to its end before. */
static bool run_and_kill(tmpdir *dir, const struct scenario *sc, int step)
{
    pid_t child = fork();
    int status;

    if (!child) {
        DS_AUTO_BUF(done, DS_KIB);

        steps_left = step;
        ds_crash_hook = kill_at;
        run_pass(dir, sc, &done);
        leave(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == KILLED);
    return WEXITSTATUS(status) == 0;
}

static void assert_end(tmpdir *dir, const struct scenario *sc)
{
    memory m = remember(dir);
    const char *made = "";

    assert_string_equal(tmpdir_read(dir, sc->file, NULL), sc->after);
    for (size_t i = 0; i < m.links_n; i++)
        if (m.links[i].made)
            made = ds_arena_printf(scratch, "%s%s", made, m.links[i].key);
    assert_string_equal(made, sc->made);
}

/* A start after the kills picks up, and those after it change nothing. */
static void recover(tmpdir *dir, const struct scenario *sc)
{
    DS_AUTO_BUF(done, DS_KIB);
    struct stat before, after;

    run_pass(dir, sc, &done);
    assert_end(dir, sc);
    assert_int_equal(stat(tmpdir_file(dir, sc->file), &before), 0);
    ds_buf_clear(&done);
    run_pass(dir, sc, &done);
    run_pass(dir, sc, &done);
    assert_end(dir, sc);
    assert_int_equal(strspn(done.data ? done.data : "", "."), done.n);
    assert_int_equal(stat(tmpdir_file(dir, sc->file), &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_null(journal_in(dir));
    assert_int_not_equal(access(tmpdir_file(dir, ".a.jsonl.durable-sync-tmp"), F_OK), 0);
}

static tmpdir *begin(const struct scenario *sc)
{
    tmpdir *dir = tmpdir_new();

    if (sc->before)
        tmpdir_write(dir, sc->file, sc->before, strlen(sc->before));
    return dir;
}

static void survives_a_kill_at_every_step(void **state)
{
    const struct scenario *sc = *state;
    bool finished = false;

    for (int step = 1; !finished; step++) {
        DS_AUTO(tmpdir) dir = begin(sc);

        assert_in_range(step, 1, 100);
        finished = run_and_kill(dir, sc, step);
        recover(dir, sc);
    }
}

static void survives_a_second_kill(void **state)
{
    const struct scenario *sc = *state;
    bool finished = false;

    for (int step = 1; !finished; step++) {
        DS_AUTO(tmpdir) dir = begin(sc);

        assert_in_range(step, 1, 100);
        finished = run_and_kill(dir, sc, step);
        run_and_kill(dir, sc, step * 5 % 13 + 1); /* somewhere else */
        recover(dir, sc);
    }
}

int main(void)
{
    add_table(stories, tells);
    add_table(scenarios, survives_a_kill_at_every_step);
    add_rows(&scenarios[1], 1, sizeof(scenarios[0]), survives_a_second_kill);
    add_test(what_was_never_flushed_is_no_part_of_the_file);
    add_test(an_edit_during_the_pass_stays);
    add_test(a_row_made_by_hand_in_the_meantime_is_one_row);
    add_test(an_edit_during_the_merge_stays);
    add_test(two_owners_write_side_by_side);
    add_test(a_journal_for_other_settings_is_dropped);
    add_test(a_journal_of_rubbish_is_dropped);
    add_table(unsound, an_unsound_entry_ends_the_journal);
    return run_tests("file destination, interrupted");
}
