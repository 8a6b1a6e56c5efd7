/* src/app/meter.c - rows done of rows known, rows a second, time left, calls, what it waits for. */
#include "app/meter.h"

#include "app/out.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BAR 12 /* characters of the bar */

void ds_meter_init(ds_meter *m, const ds_app *app)
{
    *m = (ds_meter){.app = app};
}

void ds_meter_fini(ds_meter *m)
{
    ds_meter_clear(m);
    for (size_t i = 0; i < DS_METER_UNITS; i++)
        free(m->starts[i].key);
}

void ds_meter_clear(ds_meter *m)
{
    if (!m->shown)
        return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    m->shown = false;
}

/* The place of this pass in `starts`; a new one takes a free place, or that of a pass long gone. */
static ds_meter_start *start_of(ds_meter *m, const char *key, const ds_running *pass,
                                int64_t mono_ms)
{
    ds_meter_start *oldest = &m->starts[0];

    for (size_t i = 0; i < DS_METER_UNITS; i++) {
        ds_meter_start *start = &m->starts[i];

        if (start->key && strcmp(start->key, key) == 0)
            return start;
        if (!start->key || (oldest->key && start->mono_ms < oldest->mono_ms))
            oldest = start;
    }
    free(oldest->key);
    *oldest = (ds_meter_start){.key = ds_strdup(key), .mono_ms = mono_ms, .done = pass->done};
    return oldest;
}

static void add_rate(ds_buf *line, ds_arena *a, const ds_meter_start *start, const ds_running *pass,
                     int64_t mono_ms)
{
    int64_t took_ms = mono_ms - start->mono_ms;
    int64_t rows = pass->done - start->done;

    if (took_ms < 500 || rows <= 0)
        return;

    double rate = (double)rows * 1000.0 / (double)took_ms;

    ds_buf_printf(line, "  %s/s", ds_count_text(a, (int64_t)rate));
    if (pass->total > pass->done && rate > 0) {
        int64_t left_s = (int64_t)((double)(pass->total - pass->done) / rate) + 1;

        ds_buf_printf(line, "  %s left", ds_duration_text(a, left_s * DS_SECOND_MS));
    }
}

static void add_bar(ds_buf *line, const ds_running *pass)
{
    if (pass->total <= 0)
        return;

    int full = (int)(DS_MIN(pass->done, pass->total) * BAR / pass->total);

    ds_buf_char(line, '[');
    for (int i = 0; i < BAR; i++)
        ds_buf_char(line, i < full ? '#' : '-');
    ds_buf_text(line, "] ");
}

static const char *wait_text(ds_arena *a, int64_t left_ms)
{
    return ds_duration_text(a, (DS_MAX(left_ms, INT64_C(0)) + 999) / 1000 * 1000);
}

static void describe(ds_buf *line, ds_arena *a, ds_meter *m, const ds_running *pass)
{
    int64_t mono_ms = m->app->clock->mono_us(m->app->clock) / 1000;
    const char *key = ds_arena_printf(a, "%s:%s", pass->route, pass->unit);

    ds_buf_printf(line, "%s  ", ds_safe(a, key));
    add_bar(line, pass);
    ds_buf_text(line, ds_count_text(a, pass->done));
    if (pass->total > 0)
        ds_buf_printf(line, " of %s", ds_count_text(a, pass->total));
    add_rate(line, a, start_of(m, key, pass, mono_ms), pass, mono_ms);
    ds_buf_printf(line, "  %lld+%lld calls", (long long)pass->source_calls,
                  (long long)pass->destination_calls);
    if (pass->limited_ms)
        ds_buf_printf(line, "  waiting: rate limit, %s",
                      wait_text(a, pass->limited_ms - m->app->clock->now_ms(m->app->clock)));
    else if (pass->waiting_ms)
        ds_buf_text(line, "  waiting: pace");
}

static size_t terminal_width(void)
{
    struct winsize size;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 20)
        return 80;
    return size.ws_col;
}

void ds_meter_show(ds_meter *m, const ds_running *running, size_t n)
{
    if (!m->app->progress)
        return;
    if (n == 0) {
        ds_meter_clear(m);
        return;
    }

    DS_AUTO(ds_arena) a = ds_arena_new();
    DS_AUTO_BUF(line, 64 * DS_KIB);

    describe(&line, a, m, &running[0]);
    if (n > 1)
        ds_buf_printf(&line, "  and %zu more", n - 1);
    fprintf(stderr, "\r%s\033[K", ds_safe_cut(a, line.data, terminal_width() - 1));
    fflush(stderr);
    m->shown = true;
}
