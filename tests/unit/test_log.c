/* tests/unit/test_log.c - lines of the log, in both forms, against what values can hold. */
#include "base/log.h"
#include "base/text.h"
#include "support/run.h"
#include "support/tmpdir.h"
#include <durable_sync/json.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct row {
    const char *name;
    const char *value;
    const char *text; /* behind the time */
    const char *json; /* the value as written; NULL: as in text, quoted */
} rows[] = {
    {"a word", "repos:all", "k=repos:all", "repos:all"},
    {"an empty value", "", "k=\"\"", ""},
    {"no value", NULL, "k=\"\"", ""},
    {"spaces are quoted", "two words", "k=\"two words\"", "two words"},
    {"an equals sign is quoted", "a=b", "k=\"a=b\"", "a=b"},
    {"quotes are escaped", "say \"hi\"", "k=\"say \\\"hi\\\"\"", "say \\\"hi\\\""},
    {"a backslash is escaped", "C:\\x", "k=\"C:\\\\x\"", "C:\\\\x"},
    {"a line break does not break the line", "a\nb", "k=\"a\\nb\"", "a\\nb"},
    {"a carriage return neither", "a\rb", "k=\"a\\u000db\"", "a\\u000db"},
    {"a tab", "a\tb", "k=\"a\\u0009b\"", "a\\u0009b"},
    {"an escape sequence does not reach the terminal", "\x1b[31mred", "k=\\u001b[31mred",
     "\\u001b[31mred"},
    {"nor in its form of one character",
     "\xC2\x9B"
     "31mred",
     "k=\\u009b31mred", "\\u009b31mred"},
    {"a delete character", "a\x7f", "k=a\\u007f", "a\\u007f"},
    {"other letters go through", "caf\xC3\xA9 \xE2\x82\xAC", "k=\"caf\xC3\xA9 \xE2\x82\xAC\"",
     "caf\xC3\xA9 \xE2\x82\xAC"},
    {"a no-break space goes through", "a\xC2\xA0z", "k=a\xC2\xA0z", "a\xC2\xA0z"},
    {"invalid UTF-8 is replaced", "a\xFFz", "k=a\xEF\xBF\xBDz", "a\xEF\xBF\xBDz"},
};

/* What one call writes. */
static const char *logged(tmpdir *dir, bool json, const char *value)
{
    int fd = open(tmpdir_file(dir, "log"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    ds_log_setup(DS_LOG_INFO, json, fd);
    ds_log(DS_LOG_WARN, "event", "k", value, "z", "end", NULL);
    ds_log_setup(DS_LOG_INFO, false, STDERR_FILENO);
    close(fd);
    return tmpdir_read(dir, "log", NULL);
}

static const char *behind_time(const char *line, size_t skip)
{
    size_t n = strcspn(line + skip, " \"");
    int64_t ms;

    assert_true(ds_parse_time(ds_arena_strndup(scratch, line + skip, n), &ms));
    return line + skip + n;
}

static void line(void **state)
{
    const struct row *row = *state;
    tmpdir *dir = tmpdir_new();
    const char *text = logged(dir, false, row->value), *json;

    assert_string_equal(behind_time(text, 0),
                        ds_arena_printf(scratch, " warn event %s z=end\n", row->text));
    json = logged(dir, true, row->value);
    assert_int_equal(strncmp(json, "{\"time\":\"", 9), 0);
    assert_string_equal(
        behind_time(json, 9),
        ds_arena_printf(scratch,
                        "\",\"level\":\"warn\",\"event\":\"event\",\"k\":\"%s\",\"z\":\"end\"}\n",
                        row->json));
    tmpdir_free(dir);
}

static void an_integer_stands_without_quotes(void **state)
{
    tmpdir *dir = tmpdir_new();
    int fd = open(tmpdir_file(dir, "log"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    (void)state;
    for (int json = 0; json < 2; json++) {
        ds_log_setup(DS_LOG_INFO, json, fd);
        ds_log(DS_LOG_WARN, "event", DS_LOG_INT("n"), "-17", "text", "18", NULL);
    }
    ds_log_setup(DS_LOG_INFO, false, STDERR_FILENO);
    close(fd);
    const char *lines = tmpdir_read(dir, "log", NULL);

    assert_non_null(strstr(lines, "event n=-17 text=18\n"));
    assert_non_null(strstr(lines, "\"event\":\"event\",\"n\":-17,\"text\":\"18\"}\n"));
    tmpdir_free(dir);
}

static const struct long_row {
    const char *name;
    size_t n;
    char letter;
    bool there;
} longs[] = {
    {"a long value is there", 8000, 'x', true},
    {"a value that just does not fit is left out", 8150, 'x', false},
    {"a value of a line's length is left out", 8192, 'x', false},
    {"a huge value is left out", 1000000, 'x', false},
    {"escapes count as they are written", 4010, '\n', true},
    {"escapes that do not fit are left out", 4090, '\n', false},
    {"long escapes that do not fit are left out", 1500, '\x1b', false},
};

static void long_value(void **state)
{
    const struct long_row *row = *state;
    char *value = ds_arena_zalloc(scratch, row->n + 1);
    tmpdir *dir = tmpdir_new();

    memset(value, row->letter, row->n);
    for (int json = 0; json < 2; json++) {
        const char *got = logged(dir, json, value);
        ds_err err = DS_ERR_INIT;

        assert_true(strlen(got) <= 8192);
        assert_ptr_equal(strchr(got, '\n'), got + strlen(got) - 1);
        assert_int_equal(strlen(got) > row->n, row->there);
        if (json)
            assert_non_null(ds_json_read(scratch, got, strlen(got), &err));
    }
    tmpdir_free(dir);
}

/* Whatever is around the end of the line, it stays one line. */
static void every_length_around_the_end_of_the_line(void **state)
{
    char value[8201] = "";
    tmpdir *dir = tmpdir_new();

    (void)state;
    memset(value, 'x', 8050);
    for (size_t n = 8050; n < 8200; n++) {
        ds_err err = DS_ERR_INIT;
        const char *got;

        value[n] = 'x';
        got = logged(dir, true, value);
        assert_true(strlen(got) <= 8192);
        assert_non_null(ds_json_read(scratch, got, strlen(got), &err));
    }
    tmpdir_free(dir);
}

static void levels(void **state)
{
    (void)state;
    for (int most = DS_LOG_ERROR; most <= DS_LOG_DEBUG; most++) {
        tmpdir *dir = tmpdir_new();
        int fd = open(tmpdir_file(dir, "log"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        const char *got;

        ds_log_setup((ds_level)most, false, fd);
        for (int level = DS_LOG_ERROR; level <= DS_LOG_DEBUG; level++) {
            assert_int_equal(ds_log_wants((ds_level)level), level <= most);
            ds_log((ds_level)level, "event", NULL);
        }
        ds_log_setup(DS_LOG_INFO, false, STDERR_FILENO);
        close(fd);
        got = tmpdir_read(dir, "log", NULL);
        assert_non_null(strstr(got, " error event\n"));
        assert_int_equal(strstr(got, " warn event\n") != NULL, most >= DS_LOG_WARN);
        assert_int_equal(strstr(got, " info event\n") != NULL, most >= DS_LOG_INFO);
        assert_int_equal(strstr(got, " debug event\n") != NULL, most >= DS_LOG_DEBUG);
        tmpdir_free(dir);
    }
}

static void what_was_set_up_can_be_asked_for(void **state)
{
    ds_level most;
    bool json;
    int fd;

    (void)state;
    ds_log_setup(DS_LOG_DEBUG, true, -1);
    ds_log_settings(&most, &json, &fd);
    ds_log_setup(DS_LOG_INFO, false, STDERR_FILENO);
    assert_int_equal(most, DS_LOG_DEBUG);
    assert_true(json);
    assert_int_equal(fd, -1);
    ds_log_settings(&most, &json, &fd);
    assert_int_equal(most, DS_LOG_INFO);
    assert_false(json);
    assert_int_equal(fd, STDERR_FILENO);
}

static void a_log_that_nobody_reads_stops_nothing(void **state)
{
    (void)state;
    ds_log_setup(DS_LOG_INFO, false, -1);
    ds_log(DS_LOG_ERROR, "event", "k", "v", NULL);
    ds_log_setup(DS_LOG_INFO, false, STDERR_FILENO);
}

static void a_journal_that_is_closed_stops_nothing(void **state)
{
    (void)state;
    setenv("JOURNAL_STREAM", "1:2", 1);
    ds_log_setup(DS_LOG_INFO, false, -1);
    ds_log(DS_LOG_ERROR, "event", NULL);
    unsetenv("JOURNAL_STREAM");
    ds_log_setup(DS_LOG_INFO, false, STDERR_FILENO);
}

/* ---- writes that are cut short ------------------------------------------------------------------
 *
 * Caught by the linker (--wrap). */

static int interrupted; /* so many of the next writes are */
static size_t at_once = SIZE_MAX;

ssize_t __real_write(int fd, const void *bytes, size_t n);
ssize_t __wrap_write(int fd, const void *bytes, size_t n);
ssize_t __wrap_write(int fd, const void *bytes, size_t n)
{
    if (interrupted > 0) {
        interrupted--;
        errno = EINTR;
        return -1;
    }
    return __real_write(fd, bytes, DS_MIN(n, at_once));
}

static void a_line_survives_signals_and_short_writes(void **state)
{
    DS_AUTO(tmpdir) dir = tmpdir_new();
    const char *got;

    (void)state;
    interrupted = 3;
    at_once = 5;
    got = logged(dir, false, "some words");
    at_once = SIZE_MAX;
    assert_int_equal(interrupted, 0);
    assert_string_equal(behind_time(got, 0), " warn event k=\"some words\" z=end\n");
}

/* ---- the journal ----------------------------------------------------------------------------- */

/* The log's file, named as systemd names the journal's end of a service's stderr. */
static int open_journal(tmpdir *dir, unsigned off)
{
    int fd = open(tmpdir_file(dir, "log"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    struct stat st;

    assert_int_equal(fstat(fd, &st), 0);
    setenv("JOURNAL_STREAM",
           ds_arena_printf(scratch, "%llu:%llu", (unsigned long long)st.st_dev,
                           (unsigned long long)st.st_ino + off),
           1);
    return fd;
}

static const char *close_journal(tmpdir *dir, int fd)
{
    ds_log_setup(DS_LOG_INFO, false, STDERR_FILENO);
    unsetenv("JOURNAL_STREAM");
    close(fd);
    return tmpdir_read(dir, "log", NULL);
}

static void the_journal_gets_priorities(void **state)
{
    DS_AUTO(tmpdir) dir = tmpdir_new();
    int fd = open_journal(dir, 0);

    (void)state;
    ds_log_setup(DS_LOG_DEBUG, false, fd);
    ds_log(DS_LOG_ERROR, "one", "k", "v", NULL);
    ds_log(DS_LOG_WARN, "two", NULL);
    ds_log(DS_LOG_INFO, "three", NULL);
    ds_log(DS_LOG_DEBUG, "four", NULL);
    ds_log_words(DS_LOG_ERROR, "a line\n\nand the last");
    assert_string_equal(close_journal(dir, fd), "<3>one k=v\n<4>two\n<6>three\n<7>four\n"
                                                "<3>a line\n<3>\n<3>and the last");
}

static void objects_stay_whole_in_the_journal(void **state)
{
    DS_AUTO(tmpdir) dir = tmpdir_new();
    int fd = open_journal(dir, 0);
    const char *got;
    ds_err err = DS_ERR_INIT;

    (void)state;
    ds_log_setup(DS_LOG_INFO, true, fd);
    ds_log(DS_LOG_INFO, "one", NULL);
    got = close_journal(dir, fd);
    assert_memory_equal(got, "<6>{\"time\":\"", 12);
    assert_non_null(ds_json_read(scratch, got + 3, strlen(got + 3), &err));
}

static void another_file_is_not_the_journal(void **state)
{
    DS_AUTO(tmpdir) dir = tmpdir_new();
    int fd = open_journal(dir, 1);
    const char *got;

    (void)state;
    ds_log_setup(DS_LOG_INFO, false, fd);
    ds_log(DS_LOG_INFO, "one", NULL);
    ds_log_words(DS_LOG_ERROR, "words\n");
    got = close_journal(dir, fd);
    assert_string_equal(behind_time(got, 0), " info one\nwords\n");
}

static void *log_many(void *id)
{
    for (int i = 0; i < 200; i++)
        ds_log(DS_LOG_INFO, "event", "thread", id, "text", "some words", NULL);
    return NULL;
}

static void lines_of_threads_do_not_mix(void **state)
{
    static char ids[4][2] = {"a", "b", "c", "d"};
    tmpdir *dir = tmpdir_new();
    int fd = open(tmpdir_file(dir, "log"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    pthread_t threads[4];
    size_t lines = 0;
    const char *got;

    (void)state;
    ds_log_setup(DS_LOG_INFO, true, fd);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, log_many, ids[i]), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    ds_log_setup(DS_LOG_INFO, false, STDERR_FILENO);
    close(fd);
    got = tmpdir_read(dir, "log", NULL);
    for (const char *end; (end = strchr(got, '\n')) != NULL; got = end + 1, lines++) {
        ds_err err = DS_ERR_INIT;

        if (!ds_json_read(scratch, got, (size_t)(end - got), &err))
            fail_msg("%.*s: %s", (int)(end - got), got, err.text);
    }
    assert_int_equal(lines, 800);
    assert_string_equal(got, "");
    tmpdir_free(dir);
}

int main(void)
{
    add_table(rows, line);
    add_test(an_integer_stands_without_quotes);
    add_table(longs, long_value);
    add_test(every_length_around_the_end_of_the_line);
    add_test(levels);
    add_test(what_was_set_up_can_be_asked_for);
    add_test(a_log_that_nobody_reads_stops_nothing);
    add_test(a_journal_that_is_closed_stops_nothing);
    add_test(a_line_survives_signals_and_short_writes);
    add_test(the_journal_gets_priorities);
    add_test(objects_stay_whole_in_the_journal);
    add_test(another_file_is_not_the_journal);
    add_test(lines_of_threads_do_not_mix);
    return run_tests("log");
}
