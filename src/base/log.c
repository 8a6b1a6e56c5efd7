/* src/base/log.c - one line per event, written with one write(2). */
#include "base/log.h"
#include "base/clock.h"
#include "base/text.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_MOST (8 * DS_KIB)
#define WORDS_MOST (8 * DS_MIB) /* every error of a configuration, with the lines shown */

static struct {
    pthread_mutex_t lock;
    ds_level most;
    bool json;
    bool journal;
    int fd;
} sink = {PTHREAD_MUTEX_INITIALIZER, DS_LOG_INFO, false, false, STDERR_FILENO};

/* The variable is inherited by whoever redirects its stderr elsewhere: the file itself decides. */
static bool is_journal(int fd)
{
    const char *stream = getenv("JOURNAL_STREAM");
    char name[48]; /* two numbers */
    struct stat st;

    if (!stream || fstat(fd, &st) != 0)
        return false;
    snprintf(name, sizeof name, "%llu:%llu", (unsigned long long)st.st_dev,
             (unsigned long long)st.st_ino);
    return strcmp(stream, name) == 0;
}

void ds_log_setup(ds_level most, bool json, int fd)
{
    pthread_mutex_lock(&sink.lock);
    sink.most = most;
    sink.json = json;
    sink.journal = is_journal(fd);
    sink.fd = fd;
    pthread_mutex_unlock(&sink.lock);
}

void ds_log_settings(ds_level *most, bool *json, int *fd)
{
    pthread_mutex_lock(&sink.lock);
    *most = sink.most;
    *json = sink.json;
    *fd = sink.fd;
    pthread_mutex_unlock(&sink.lock);
}

bool ds_log_wants(ds_level level)
{
    bool wants;

    pthread_mutex_lock(&sink.lock);
    wants = level <= sink.most;
    pthread_mutex_unlock(&sink.lock);
    return wants;
}

static const char *level_name(ds_level level)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};

    return names[level];
}

/* Escapes what would break the line or the terminal; valid UTF-8 goes through. */
static void add_escaped(ds_buf *out, const char *text)
{
    size_t n = strlen(text);

    while (n) {
        size_t step = ds_utf8_step(text, n);
        unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\')
            ds_buf_printf(out, "\\%c", c);
        else if (c == '\n')
            ds_buf_text(out, "\\n");
        else if (c < 0x20 || c == 0x7F)
            ds_buf_printf(out, "\\u%04x", c);
        else if (step == 2 && c == 0xC2 &&
                 (unsigned char)text[1] < 0xA0) /* terminals obey these too */
            ds_buf_printf(out, "\\u%04x", (unsigned char)text[1]);
        else if (!step)
            ds_buf_text(out, "\xEF\xBF\xBD");
        else
            ds_buf_add(out, text, step);
        step = DS_MAX(step, (size_t)1);
        text += step;
        n -= step;
    }
}

static void add_pair(ds_buf *out, bool json, const char *name, const char *value)
{
    bool number = *name == *DS_LOG_INT("");
    bool quote = json ? !number : !*value || strpbrk(value, " \t\r\n\"\\=") != NULL;

    name += number;
    ds_buf_printf(out, json ? ",\"%s\":" : " %s=", name);
    if (quote)
        ds_buf_char(out, '"');
    add_escaped(out, value);
    if (quote)
        ds_buf_char(out, '"');
}

static int priority(ds_level level)
{
    static const int as_syslog[] = {3, 4, 6, 7};

    return as_syslog[level];
}

static void begin_line(ds_buf *out, ds_level level, const char *event)
{
    DS_AUTO(ds_arena) scratch = ds_arena_new();
    ds_clock *clock = ds_clock_system();
    const char *time = ds_time_text(scratch, clock->now_ms(clock), false);

    if (sink.journal)
        ds_buf_printf(out, "<%d>", priority(level));
    if (sink.json)
        ds_buf_printf(out, "{\"time\":\"%s\",\"level\":\"%s\",\"event\":\"%s\"", time,
                      level_name(level), event);
    else if (sink.journal)
        ds_buf_text(out, event);
    else
        ds_buf_printf(out, "%s %s %s", time, level_name(level), event);
}

static void write_line(int fd, const ds_buf *line)
{
    size_t at = 0;

    while (at < line->n) {
        ssize_t wrote = write(fd, line->data + at, line->n - at);

        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return; /* nobody reads the log: not a reason to stop syncing */
        at += (size_t)wrote;
    }
}

void ds_log(ds_level level, const char *event, ...)
{
    DS_AUTO_BUF(line, LINE_MOST);
    const char *name;
    va_list args;

    if (!ds_log_wants(level))
        return;
    pthread_mutex_lock(&sink.lock);
    begin_line(&line, level, event);
    va_start(args, event);
    while ((name = va_arg(args, const char *)) != NULL) {
        const char *value = va_arg(args, const char *);
        size_t before = line.n;

        add_pair(&line, sink.json, name, value ? value : "");
        if (line.overflow || line.n + 8 > LINE_MOST) { /* a pair that does not fit is left out */
            line.overflow = false;
            line.n = before;
            break;
        }
    }
    va_end(args);
    ds_buf_text(&line, sink.json ? "}\n" : "\n");
    write_line(sink.fd, &line);
    pthread_mutex_unlock(&sink.lock);
}

void ds_log_words(ds_level level, const char *words)
{
    DS_AUTO_BUF(out, WORDS_MOST);

    pthread_mutex_lock(&sink.lock);
    for (const char *end; *words; words = end) {
        end = words + strcspn(words, "\n");
        end += *end == '\n';
        if (sink.journal)
            ds_buf_printf(&out, "<%d>", priority(level));
        ds_buf_add(&out, words, (size_t)(end - words));
    }
    write_line(sink.fd, &out);
    pthread_mutex_unlock(&sink.lock);
}
