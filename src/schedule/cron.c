/* src/schedule/cron.c - reading a cron expression. */
#include "schedule/cron.h"

#include "base/text.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define FIELDS 5
#define BLANKS " \t"
#define SHOWN_MAX 40 /* bytes of a wrong word that are shown */

typedef struct field {
    const char *name;
    int least, most;
    const char *const *names; /* of `least`, `least` + 1, ...; NULL: it has none */
    size_t names_n;
} field;

typedef struct word { /* a part of the expression */
    const char *text;
    size_t n;
} word;

static const char *const month_names[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                          "jul", "aug", "sep", "oct", "nov", "dec"};
static const char *const weekday_names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

static const field fields[FIELDS] = {
    {"minute", 0, 59, NULL, 0},
    {"hour", 0, 23, NULL, 0},
    {"day of the month", 1, 31, NULL, 0},
    {"month", 1, 12, month_names, DS_COUNT(month_names)},
    {"day of the week", 0, 7, weekday_names, DS_COUNT(weekday_names)},
};

static const struct {
    const char *name, *stands_for;
} nicknames[] = {
    {"@hourly", "0 * * * *"},   {"@daily", "0 0 * * *"},   {"@midnight", "0 0 * * *"},
    {"@weekly", "0 0 * * 0"},   {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"},
    {"@annually", "0 0 1 1 *"},
};

/* ---- one item of a list ---------------------------------------------------------------------- */

static int shown(word w)
{
    return (int)DS_MIN(w.n, (size_t)SHOWN_MAX);
}

/* What is left of `at` in the first part. */
static word cut(word *w, char at)
{
    const char *found = memchr(w->text, at, w->n);
    word first = {w->text, found ? (size_t)(found - w->text) : w->n};
    size_t gone = first.n + (found != NULL);

    w->text += gone;
    w->n -= gone;
    return first;
}

static bool is_digits(word w)
{
    for (size_t i = 0; i < w.n; i++) {
        if (!isdigit((unsigned char)w.text[i]))
            return false;
    }
    return w.n > 0;
}

static bool by_name(const field *f, word w, int *out)
{
    for (size_t i = 0; i < f->names_n; i++) {
        if (strlen(f->names[i]) == w.n && strncasecmp(f->names[i], w.text, w.n) == 0) {
            *out = f->least + (int)i;
            return true;
        }
    }
    return false;
}

static bool value(const field *f, word w, int *out, ds_err *err)
{
    int number = 0;

    if (by_name(f, w, out))
        return true;
    if (!is_digits(w))
        return ds_fail(err, DS_ERR_CONFIG, "%s: \"%.*s\" is no number%s%s%s", f->name, shown(w),
                       w.text, f->names_n ? " and no name (" : "", f->names_n ? f->names[0] : "",
                       f->names_n ? ", ... in three letters)" : "");
    for (size_t i = 0; i < w.n && number <= f->most; i++)
        number = number * 10 + (w.text[i] - '0');
    if (number < f->least || number > f->most)
        return ds_fail(err, DS_ERR_CONFIG, "%s: %.*s is not within %d and %d", f->name, shown(w),
                       w.text, f->least, f->most);
    *out = number;
    return true;
}

/* "*", "3" or "1-5"; *single: it is the second. Sunday may end a range, as 7. */
static bool range(const field *f, word w, int *from, int *to, bool *single, ds_err *err)
{
    word first = w, whole = w;

    *single = false;
    if (w.n == 1 && *w.text == '*') {
        *from = f->least;
        *to = f->most;
        return true;
    }
    *single = !memchr(w.text, '-', w.n);
    if (!*single)
        first = cut(&w, '-');
    if (!*single && (first.n == 0 || w.n == 0))
        return ds_fail(err, DS_ERR_CONFIG,
                       "%s: \"%.*s\" is a range with an end missing; write both, as in 1-5",
                       f->name, shown(whole), whole.text);
    if (!value(f, first, from, err) || !value(f, w, to, err))
        return false;
    if (*to == 0 && *from > 0 && f->names == weekday_names)
        *to = 7;
    return *from <= *to ||
           ds_fail(err, DS_ERR_CONFIG, "%s: %.*s runs backwards; write the two ends as a list",
                   f->name, shown(whole), whole.text);
}

/* A step that takes but the first of its range is another thing than was meant: there is no "every
 * 90 minutes". */
static bool step_of(const field *f, word w, int from, int to, int *step, ds_err *err)
{
    int span = to - from - (f->names == weekday_names && from == 0 && to == 7);

    if (!is_digits(w))
        return ds_fail(err, DS_ERR_CONFIG, "%s: the step \"%.*s\" is no number", f->name, shown(w),
                       w.text);
    *step = 0;
    for (size_t i = 0; i < w.n && *step <= f->most; i++)
        *step = *step * 10 + (w.text[i] - '0');
    if (*step < 1 || *step > span)
        return ds_fail(err, DS_ERR_CONFIG,
                       "%s: a step of %.*s is not within 1 and %d, so many as there are from %d "
                       "to %d",
                       f->name, shown(w), w.text, span, from, from + span);
    return true;
}

static bool item(const field *f, word w, uint64_t *set, ds_err *err)
{
    word whole = w, of = cut(&w, '/');
    bool stepped = of.n < whole.n, single;
    int from = 0, to = 0, step = 1;

    if (whole.n == 0)
        return ds_fail(err, DS_ERR_CONFIG, "%s: an empty place in the list", f->name);
    if (of.n == 0)
        return ds_fail(err, DS_ERR_CONFIG, "%s: the step of %.*s has no range; write *%.*s",
                       f->name, shown(whole), whole.text, shown(whole), whole.text);
    if (!range(f, of, &from, &to, &single, err))
        return false;
    if (stepped && single)
        return ds_fail(err, DS_ERR_CONFIG, "%s: the step of %.*s has no range; write %.*s-%d/%.*s",
                       f->name, shown(whole), whole.text, shown(of), of.text,
                       f->most - (f->names == weekday_names), shown(w), w.text);
    if (stepped && !step_of(f, w, from, to, &step, err))
        return false;
    for (int i = from; i <= to; i += step)
        *set |= UINT64_C(1) << i;
    return true;
}

static bool list(const field *f, word w, uint64_t *set, ds_err *err)
{
    const char *end = w.text + w.n;

    *set = 0;
    for (;;) {
        word next = cut(&w, ',');

        if (!item(f, next, set, err))
            return false;
        if (next.text + next.n == end) /* no comma behind it */
            return true;
    }
}

/* ---- the whole ------------------------------------------------------------------------------- */

static const char *full_form(const char *text, ds_err *err)
{
    const char *names[DS_COUNT(nicknames)], *near;

    if (*text != '@')
        return text;
    for (size_t i = 0; i < DS_COUNT(nicknames); i++) {
        if (strcasecmp(nicknames[i].name, text) == 0)
            return nicknames[i].stands_for;
        names[i] = nicknames[i].name;
    }
    near = ds_nearest(text, names, DS_COUNT(names));
    ds_fail(err, DS_ERR_CONFIG, "unknown \"%.40s\"%s%s%s", text,
            near ? "; did you mean \""
                 : "; there are @hourly, @daily, @weekly, @monthly and @yearly",
            near ? near : "", near ? "\"?" : "");
    return NULL;
}

static bool split(const char *text, word *words, ds_err *err)
{
    size_t n = 0;

    for (text += strspn(text, BLANKS); *text; text += strspn(text, BLANKS)) {
        word next = {text, strcspn(text, BLANKS)};

        if (n < FIELDS)
            words[n] = next;
        n++;
        text += next.n;
    }
    return n == FIELDS ||
           ds_fail(err, DS_ERR_CONFIG,
                   "found %zu field%s and not 5: minute, hour, day of the month, month, day of the "
                   "week%s",
                   n, n == 1 ? "" : "s", n == 6 ? " (there are no seconds)" : "");
}

/* Some month is long enough for some day of it. Any weekday falls on any day in the end. */
static bool ever_comes(const ds_cron *c)
{
    static const int lengths[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    if (!c->any_day && !c->any_weekday)
        return true; /* the weekday alone will do */
    for (int month = 1; month <= 12; month++) {
        uint32_t has = (uint32_t)((UINT64_C(2) << lengths[month - 1]) - 2);

        if (c->months >> month & 1 && c->days & has)
            return true;
    }
    return false;
}

bool ds_cron_parse(const char *text, ds_cron *out, ds_err *err)
{
    word words[FIELDS] = {0};
    uint64_t sets[FIELDS] = {0};

    *out = (ds_cron){0};
    if (strlen(text) > DS_CRON_BYTES_MAX)
        return ds_fail(err, DS_ERR_CONFIG, "more than %zu bytes", DS_CRON_BYTES_MAX);
    text = full_form(text, err);
    if (!text || !split(text, words, err))
        return false;
    for (size_t i = 0; i < FIELDS; i++) {
        if (!list(&fields[i], words[i], &sets[i], err))
            return false;
    }
    *out = (ds_cron){
        .minutes = sets[0],
        .hours = (uint32_t)sets[1],
        .days = (uint32_t)sets[2],
        .months = (uint32_t)sets[3],
        .weekdays = (uint32_t)((sets[4] | sets[4] >> 7) & 0x7f),
        .any_day = *words[2].text == '*',
        .any_weekday = *words[4].text == '*',
    };
    return ever_comes(out) ||
           ds_fail(err, DS_ERR_CONFIG, "it never comes: no month of these has such a day");
}
