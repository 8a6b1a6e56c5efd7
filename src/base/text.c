/* src/base/text.c - numbers, durations, nearest names. */
#include "base/text.h"

#include <ctype.h>
#include <string.h>

/* Counts below zero, where there is room for one more than above. */
bool ds_parse_int(const char *text, int64_t *out)
{
    bool negative = *text == '-';
    const char *at = text + negative;
    int64_t number = 0;

    if (!*at)
        return false;
    for (; *at; at++)
        if (*at < '0' || *at > '9' || __builtin_mul_overflow(number, 10, &number) ||
            __builtin_sub_overflow(number, *at - '0', &number))
            return false;
    if (!negative && number == INT64_MIN)
        return false;
    *out = negative ? number : -number;
    return true;
}

static size_t digits_at(const char *text, size_t n)
{
    size_t at = 0;

    while (at < n && isdigit((unsigned char)text[at]))
        at++;
    return at;
}

bool ds_is_number(const char *text, size_t n)
{
    size_t at = n && text[0] == '-', digits = digits_at(text + at, n - at);

    if (!digits || (text[at] == '0' && digits > 1))
        return false;
    at += digits;
    if (at < n && text[at] == '.') {
        digits = digits_at(text + at + 1, n - at - 1);
        if (!digits)
            return false;
        at += 1 + digits;
    }
    if (at < n && (text[at] == 'e' || text[at] == 'E')) {
        at++;
        at += at < n && (text[at] == '+' || text[at] == '-');
        digits = digits_at(text + at, n - at);
        if (!digits)
            return false;
        at += digits;
    }
    return at == n;
}

static const struct {
    const char *suffix;
    int64_t ms;
} duration_units[] = {
    {"w", 7 * DS_DAY_MS}, {"d", DS_DAY_MS},    {"h", DS_HOUR_MS},
    {"m", DS_MINUTE_MS},  {"s", DS_SECOND_MS}, {"ms", 1},
};

static int64_t unit_ms(const char *suffix, size_t n)
{
    for (size_t i = 0; i < DS_COUNT(duration_units); i++)
        if (strlen(duration_units[i].suffix) == n && !strncmp(duration_units[i].suffix, suffix, n))
            return duration_units[i].ms;
    return 0;
}

bool ds_parse_duration(const char *text, int64_t *ms)
{
    int64_t sum = 0;

    if (!*text)
        return false;
    while (*text) {
        size_t digits = digits_at(text, strlen(text)), letters = 0;
        int64_t number = 0, unit;

        while (isalpha((unsigned char)text[digits + letters]))
            letters++;
        unit = unit_ms(text + digits, letters);
        if (!digits || digits > 15 || !unit)
            return false;
        for (size_t i = 0; i < digits; i++)
            number = number * 10 + (text[i] - '0');
        if (number > (INT64_MAX - sum) / unit)
            return false;
        sum += number * unit;
        text += digits + letters;
    }
    *ms = sum;
    return true;
}

const char *ds_duration_text(ds_arena *a, int64_t ms)
{
    DS_AUTO_BUF(out, 256);

    if (ms < 0)
        ms = 0;
    for (size_t i = 1; i < DS_COUNT(duration_units); i++) { /* weeks read badly: days */
        int64_t number = ms / duration_units[i].ms;

        if (number)
            ds_buf_printf(&out, "%lld%s", (long long)number, duration_units[i].suffix);
        ms -= number * duration_units[i].ms;
    }
    return ds_arena_strdup(a, out.n ? out.data : "0s");
}

static bool same_letter(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Letters that must change, be added or dropped to make b of a; swaps count as one change. */
static size_t edit_distance(const char *a, const char *b)
{
    enum { MOST = 64 };
    size_t an = strlen(a), bn = strlen(b);
    size_t rows[3][MOST + 1];

    if (an > MOST || bn > MOST)
        return SIZE_MAX;
    for (size_t j = 0; j <= bn; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= an; i++) {
        size_t *now = rows[i % 3], *last = rows[(i - 1) % 3], *before = rows[(i + 1) % 3];

        now[0] = i;
        for (size_t j = 1; j <= bn; j++) {
            size_t change = last[j - 1] + !same_letter(a[i - 1], b[j - 1]);

            now[j] = DS_MIN(change, DS_MIN(last[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) &&
                same_letter(a[i - 2], b[j - 1]))
                now[j] = DS_MIN(now[j], before[j - 2] + 1);
        }
    }
    return rows[an % 3][bn];
}

const char *ds_nearest(const char *name, const char *const *candidates, size_t n)
{
    const char *best = NULL;
    size_t best_distance = SIZE_MAX, most;

    for (size_t i = 0; i < n; i++) {
        size_t distance = candidates[i] ? edit_distance(name, candidates[i]) : SIZE_MAX;

        if (distance < best_distance) {
            best = candidates[i];
            best_distance = distance;
        }
    }
    most = DS_MAX(strlen(name) / 3, (size_t)1);
    return best && best_distance <= most && best_distance < strlen(name) ? best : NULL;
}
