/* src/app/out.c - text for people: without control characters, in columns. */
#include "app/out.h"

#include "base/text.h"
#include <assert.h>
#include <string.h>
#include <unistd.h>

/* C0, DEL and the C1 controls (U+0080 to U+009F, two bytes each), and what turns text around. */
static size_t control_at(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;

    if (at[0] < 0x20 || at[0] == 0x7f)
        return 1;
    if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f)
        return 2;
    if (at[0] == 0xe2 && at[1] == 0x80 && at[2] >= 0xaa && at[2] <= 0xae)
        return 3;
    if (at[0] == 0xe2 && at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9)
        return 3;
    return 0;
}

static bool is_clean(const char *text)
{
    for (; *text; text++)
        if (control_at(text))
            return false;
    return true;
}

const char *ds_safe(ds_arena *a, const char *text)
{
    if (!text || is_clean(text))
        return text;

    char *copy = ds_arena_alloc(a, strlen(text) + 1);
    size_t n = 0;

    while (*text) {
        size_t control = control_at(text);

        if (!control) {
            copy[n++] = *text++;
            continue;
        }
        copy[n++] = *text == '\n' || *text == '\t' || *text == '\r' ? ' ' : '?';
        text += control;
    }
    copy[n] = '\0';
    return copy;
}

static bool starts_character(char c)
{
    return ((unsigned char)c & 0xc0) != 0x80;
}

size_t ds_text_width(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += starts_character(*text);
    return n;
}

const char *ds_safe_cut(ds_arena *a, const char *text, size_t most)
{
    if (!text || ds_text_width(text) <= most)
        return ds_safe(a, text);

    size_t seen = 0, n = 0;

    for (; text[n]; n++) {
        seen += starts_character(text[n]);
        if (seen > most - 3)
            break;
    }
    return ds_safe(a, ds_arena_printf(a, "%.*s...", (int)n, text));
}

const char *ds_count_text(ds_arena *a, int64_t n)
{
    char digits[32], grouped[48];
    size_t length = (size_t)snprintf(digits, sizeof digits, "%lld", (long long)n);
    size_t to = 0;

    for (size_t i = 0; i < length; i++) {
        if (i && digits[i - 1] != '-' && (length - i) % 3 == 0)
            grouped[to++] = ',';
        grouped[to++] = digits[i];
    }
    return ds_arena_strndup(a, grouped, to);
}

const char *ds_bytes_text(ds_arena *a, int64_t n)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    double size = (double)n;
    size_t unit = 0;

    while (size >= 1024 && unit + 1 < DS_COUNT(units)) {
        size /= 1024;
        unit++;
    }
    if (unit == 0)
        return ds_arena_printf(a, "%lld bytes", (long long)n);
    return ds_arena_printf(a, "%.1f %s", size, units[unit]);
}

const char *ds_said(ds_arena *a, const char *fmt, va_list args)
{
    char text[1024];
    size_t n;

    vsnprintf(text, sizeof text, fmt, args);
    n = strlen(text); /* what was cut may end within a character */
    return ds_utf8_repair(a, ds_arena_strndup(a, text, n), &n);
}

const char *ds_paint(const ds_app *app, ds_color color)
{
    static const char *const codes[] = {"\033[0m",  "\033[1m",  "\033[2m",
                                        "\033[31m", "\033[32m", "\033[33m"};

    return app->color ? codes[color] : "";
}

void ds_table_init(ds_table *t, ds_arena *a, const char *const *heads, size_t columns)
{
    assert(columns <= DS_TABLE_COLUMNS);
    *t = (ds_table){.arena = a, .heads = heads, .columns = columns};
}

void ds_table_row(ds_table *t, ds_color color, const char *const *cells)
{
    if (t->rows == t->cap) {
        size_t cap = t->cap ? 2 * t->cap : 32;

        t->cells = ds_arena_grow(t->arena, t->cells, t->cap * t->columns * sizeof *t->cells,
                                 cap * t->columns * sizeof *t->cells);
        t->colors =
            ds_arena_grow(t->arena, t->colors, t->cap * sizeof *t->colors, cap * sizeof *t->colors);
        t->cap = cap;
    }
    t->colors[t->rows] = color;
    for (size_t i = 0; i < t->columns; i++)
        t->cells[t->rows * t->columns + i] =
            cells[i] && *cells[i] ? ds_arena_strdup(t->arena, ds_safe(t->arena, cells[i])) : "-";
    t->rows++;
}

static void print_row(const ds_table *t, const char *const *cells, const size_t *widths,
                      const char *before, const char *after, bool first_only)
{
    for (size_t i = 0; i < t->columns; i++) {
        bool painted = *before && (!first_only || i == 0);
        size_t pad = widths[i] - ds_text_width(cells[i]);

        printf("%s%s%s", painted ? before : "", cells[i], painted ? after : "");
        if (i + 1 < t->columns)
            printf("%*s", (int)(pad + 2), "");
    }
    putchar('\n');
}

void ds_table_print(const ds_table *t, const ds_app *app)
{
    size_t widths[DS_TABLE_COLUMNS];

    for (size_t i = 0; i < t->columns; i++) {
        widths[i] = ds_text_width(t->heads[i]);
        for (size_t row = 0; row < t->rows; row++)
            widths[i] = DS_MAX(widths[i], ds_text_width(t->cells[row * t->columns + i]));
    }

    const char *plain = ds_paint(app, DS_PLAIN);

    if (!app->quiet)
        print_row(t, t->heads, widths, ds_paint(app, DS_DIM), plain, false);
    for (size_t row = 0; row < t->rows; row++) {
        ds_color color = t->colors[row];

        print_row(t, &t->cells[row * t->columns], widths,
                  color == DS_PLAIN ? "" : ds_paint(app, color), plain, true);
    }
}
