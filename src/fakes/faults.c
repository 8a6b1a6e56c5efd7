/* src/fakes/faults.c - rules of what goes wrong: read, counted, chosen. */
#include "fakes/faults.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define RULES_MAX 256
#define RULE_BYTES_MAX 1000
#define WORDS_MAX 16

typedef struct rule {
    const char *text;
    const char *method; /* NULL: any */
    const char *path;
    int64_t at, from, every, times; /* 0: not given */
    int64_t percent;                /* in hundredths; -1: not given */
    int64_t seed;
    ds_fault does;
    int64_t met, struck;
} rule;

struct ds_faults {
    ds_arena *arena; /* of the rules */
    rule *rules[RULES_MAX];
    size_t n;
};

ds_faults *ds_faults_new(void)
{
    ds_faults *f = ds_calloc(1, sizeof *f);

    f->arena = ds_arena_new();
    return f;
}

void ds_faults_free(ds_faults *f)
{
    if (!f)
        return;
    ds_arena_free(f->arena);
    free(f);
}

void ds_faults_clear(ds_faults *f)
{
    ds_arena_reset(f->arena);
    f->n = 0;
}

/* ---- reading --------------------------------------------------------------------------------- */

typedef enum takes { TAKES_NOTHING, MAY_TAKE_NUMBER, TAKES_NUMBER, TAKES_TEXT } takes;

static const struct action {
    const char *name;
    ds_fault_what what;
    takes takes;
    int64_t least, most;
} actions[] = {
    {"status", DS_FAULT_STATUS, TAKES_NUMBER, 200, 599},
    {"html", DS_FAULT_HTML, TAKES_NUMBER, 200, 599},
    {"garbage", DS_FAULT_GARBAGE, TAKES_NOTHING, 0, 0},
    {"noise", DS_FAULT_NOISE, TAKES_NOTHING, 0, 0},
    {"cut-before", DS_FAULT_CUT_BEFORE, TAKES_NOTHING, 0, 0},
    {"cut-after", DS_FAULT_CUT_AFTER, TAKES_NOTHING, 0, 0},
    {"truncate", DS_FAULT_TRUNCATE, MAY_TAKE_NUMBER, 0, INT32_MAX},
    {"slow", DS_FAULT_SLOW, MAY_TAKE_NUMBER, 1, INT32_MAX},
    {"hang", DS_FAULT_HANG, TAKES_NOTHING, 0, 0},
    {"hang-after", DS_FAULT_HANG_AFTER, TAKES_NOTHING, 0, 0},
    {"stale", DS_FAULT_STALE, TAKES_NOTHING, 0, 0},
    {"bomb", DS_FAULT_BOMB, MAY_TAKE_NUMBER, 1, 4096},
    {"redirect", DS_FAULT_REDIRECT, TAKES_TEXT, 0, 0},
};

static bool takes_count(const char *value, int64_t least, int64_t most, int64_t *out)
{
    return value && ds_parse_int(value, out) && *out >= least && *out <= most;
}

/* "2", "0.5", "12.25" as hundredths. */
static bool takes_percent(const char *value, int64_t *out)
{
    const char *dot = value ? strchr(value, '.') : NULL;
    size_t whole_n = dot ? (size_t)(dot - value) : value ? strlen(value) : 0;
    int64_t whole = 0, part = 0;
    char text[8] = "";

    if (whole_n < 1 || whole_n > 3 || (dot && (strlen(dot) < 2 || strlen(dot) > 3)))
        return false;
    memcpy(text, value, whole_n);
    if (!takes_count(text, 0, 100, &whole) || (dot && !takes_count(dot + 1, 0, 99, &part)))
        return false;
    *out = whole * 100 + (dot && dot[2] == '\0' ? part * 10 : part);
    return *out <= 10000;
}

static bool set_when(rule *r, const char *name, const char *value, bool *known)
{
    const struct {
        const char *name;
        int64_t *at;
    } counts[] = {{"at", &r->at}, {"from", &r->from}, {"every", &r->every}, {"times", &r->times}};

    *known = true;
    for (size_t i = 0; i < DS_COUNT(counts); i++)
        if (strcmp(name, counts[i].name) == 0)
            return takes_count(value, 1, INT64_MAX, counts[i].at);
    if (strcmp(name, "percent") == 0)
        return takes_percent(value, &r->percent);
    if (strcmp(name, "seed") == 0)
        return takes_count(value, 0, INT64_MAX, &r->seed);
    if (strcmp(name, "retry-after") == 0)
        return takes_count(value, 0, INT32_MAX, &r->does.retry_after);
    if (strcmp(name, "delay") == 0)
        return value && ds_parse_duration(value, &r->does.delay_ms);
    *known = false;
    return true;
}

static const char *spaces(ds_arena *a, const char *value)
{
    char *text = ds_arena_strdup(a, value);

    for (char *at = text; at && *at; at++)
        if (*at == '_')
            *at = ' ';
    return text;
}

static bool set_action(rule *r, const char *name, const char *value, bool *known)
{
    *known = true;
    for (size_t i = 0; i < DS_COUNT(actions); i++) {
        const struct action *action = &actions[i];

        if (strcmp(name, action->name) != 0)
            continue;
        if (r->does.what != DS_FAULT_NONE)
            return false;
        r->does.what = action->what;
        if (action->takes == TAKES_TEXT) {
            r->does.text = value;
            return value && *value;
        }
        if (!value)
            return action->takes != TAKES_NUMBER;
        return action->takes != TAKES_NOTHING &&
               takes_count(value, action->least, action->most, &r->does.number);
    }
    *known = false;
    return true;
}

static bool set_own(rule *r, const char *name, const char *value, const char *const *own,
                    bool *known)
{
    *known = false;
    for (size_t i = 0; own && own[i]; i++)
        *known = *known || strcmp(name, own[i]) == 0;
    if (!*known)
        return true;
    if (r->does.what != DS_FAULT_NONE)
        return false;
    r->does.what = DS_FAULT_OWN;
    r->does.name = name;
    r->does.text = value ? value : "";
    return true;
}

static bool set_word(ds_faults *f, rule *r, char *word, const char *const *own, ds_err *err)
{
    char *equals = strchr(word, '=');
    const char *value = equals ? equals + 1 : NULL;
    bool known, ok;

    if (equals)
        *equals = '\0';
    if (strcmp(word, "message") == 0) {
        r->does.text = spaces(f->arena, value);
        return value || ds_fail(err, DS_ERR_CONFIG, "message takes a text");
    }
    ok = set_when(r, word, value, &known);
    if (!known)
        ok = set_action(r, word, value, &known);
    if (!known)
        ok = set_own(r, word, value, own, &known);
    if (!known)
        return ds_fail(err, DS_ERR_CONFIG, "\"%.60s\" is no fault", word);
    return ok || ds_fail(err, DS_ERR_CONFIG, "%.60s%s%.60s is a wrong value, or a second fault",
                         word, value ? "=" : "", value ? value : "");
}

static bool is_method(const char *word)
{
    return *word && word[strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0';
}

static bool read_words(ds_faults *f, rule *r, const char *const *own, ds_err *err)
{
    char *words[WORDS_MAX], *save = NULL;
    char *text = ds_arena_strdup(f->arena, r->text);
    size_t n = 0, at = 0;

    for (char *word = strtok_r(text, " \t\r", &save); word; word = strtok_r(NULL, " \t\r", &save)) {
        if (n == WORDS_MAX)
            return ds_fail(err, DS_ERR_CONFIG, "more than %d words", WORDS_MAX);
        words[n++] = word;
    }
    if (n > 1 && (is_method(words[0]) || (strcmp(words[0], "*") == 0 && *words[1] == '/')))
        r->method = *words[at++] == '*' ? NULL : words[0];
    r->path = at < n ? words[at++] : NULL;
    if (!r->path || (*r->path != '/' && *r->path != '*'))
        return ds_fail(err, DS_ERR_CONFIG, "it does not begin with a path: [METHOD] PATH FAULT");
    for (; at < n; at++)
        if (!set_word(f, r, words[at], own, err))
            return false;
    if (r->does.what == DS_FAULT_NONE && r->does.delay_ms == 0)
        return ds_fail(err, DS_ERR_CONFIG, "it does not say what goes wrong");
    return true;
}

static rule *read_rule(ds_faults *f, const char *text, size_t n, const char *const *own,
                       ds_err *err)
{
    rule *r = ds_new_in(f->arena, rule);

    r->text = ds_arena_strndup(f->arena, text, n);
    r->percent = -1;
    r->does = (ds_fault){.number = -1, .retry_after = -1};
    if (n > RULE_BYTES_MAX)
        ds_fail(err, DS_ERR_CONFIG, "longer than %d bytes", RULE_BYTES_MAX);
    else if (read_words(f, r, own, err))
        return r;
    ds_wrap(err, "fault rule \"%.200s\"", r->text);
    return NULL;
}

bool ds_faults_add(ds_faults *f, const char *rules, const char *const *own, ds_err *err)
{
    size_t before = f->n;

    while (*rules) {
        size_t n, end;

        rules += strspn(rules, " \t\r\n;");
        n = end = strcspn(rules, "\n;");
        while (n > 0 && strchr(" \t\r", rules[n - 1]))
            n--;
        if (n > 0 && f->n == RULES_MAX) {
            f->n = before;
            return ds_fail(err, DS_ERR_CONFIG, "more than %d fault rules", RULES_MAX);
        }
        if (n > 0 && !(f->rules[f->n] = read_rule(f, rules, n, own, err))) {
            f->n = before;
            return false;
        }
        f->n += n > 0;
        rules += end;
    }
    return true;
}

/* ---- choosing -------------------------------------------------------------------------------- */

/* `*` stands for any text. */
static bool fits(const char *pattern, const char *text)
{
    const char *star = NULL, *again = NULL;

    while (*text) {
        if (*pattern == '*') {
            star = pattern++;
            again = text;
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star + 1;
            text = ++again;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

static bool strikes(const rule *r)
{
    uint64_t dice = ds_fake_mix((uint64_t)r->seed, (uint64_t)r->met) % 10000;

    return (!r->at || r->met == r->at) && (!r->from || r->met >= r->from) &&
           (!r->every || r->met % r->every == 0) && (!r->times || r->struck < r->times) &&
           (r->percent < 0 || dice < (uint64_t)r->percent);
}

ds_fault ds_faults_choose(ds_faults *f, const char *method, const char *path)
{
    rule *chosen = NULL;

    for (size_t i = 0; i < f->n; i++) {
        rule *r = f->rules[i];

        if ((r->method && strcmp(r->method, method) != 0) || !fits(r->path, path))
            continue;
        r->met++;
        if (!chosen && strikes(r))
            chosen = r;
    }
    if (!chosen)
        return (ds_fault){.what = DS_FAULT_NONE, .number = -1, .retry_after = -1};
    chosen->struck++;
    return chosen->does;
}

void ds_faults_show(const ds_faults *f, ds_json_writer *w)
{
    ds_json_w_begin_list(w);
    for (size_t i = 0; i < f->n; i++) {
        ds_json_w_begin_object(w);
        ds_json_w_name(w, "rule");
        ds_json_w_text(w, f->rules[i]->text);
        ds_json_w_name(w, "met");
        ds_json_w_int(w, f->rules[i]->met);
        ds_json_w_name(w, "struck");
        ds_json_w_int(w, f->rules[i]->struck);
        ds_json_w_end_object(w);
    }
    ds_json_w_end_list(w);
}
