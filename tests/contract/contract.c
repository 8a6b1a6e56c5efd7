/* tests/contract/contract.c - settings and names, for both suites. */
#include "contract.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct contract_case {
    const char *name;
    void (*test)(const void *c);
    const void *c;
};

static struct contract_case cases[1000];
static size_t cases_n;

static void run_case(void **state)
{
    const struct contract_case *one = *state;

    one->test(one->c);
}

void contract_add(const char *connector, const char *rule, void (*test)(const void *c),
                  const void *c)
{
    size_t n = strlen(connector) + strlen(rule) + 3;
    char *name = ds_calloc(n, 1);

    snprintf(name, n, "%s: %s", connector, rule);
    assert_true(cases_n < DS_COUNT(cases));
    cases[cases_n] = (struct contract_case){name, test, c};
    add_rows(&cases[cases_n++], 1, sizeof(cases[0]), run_case);
}

static void set_field(const ds_option *o, char *field, const char *value)
{
    bool truth = strcmp(value, "true") == 0;
    static ds_secret *secret; /* there is one, the address of the server */
    static const char *item[1];
    ds_texts list;
    int64_t number;

    switch (o->type) {
    case DS_OPTION_BOOL:
        memcpy(field, &truth, sizeof(truth));
        return;
    case DS_OPTION_DURATION:
        assert_true(ds_parse_duration(value, &number));
        memcpy(field, &number, sizeof(number));
        return;
    case DS_OPTION_LIST: /* of one */
        list = (ds_texts){item, 1};
        item[0] = value;
        memcpy(field, &list, sizeof(list));
        return;
    case DS_OPTION_SECRET:
        secret = secret ? secret : ds_secret_new(value, strlen(value));
        memcpy(field, &secret, sizeof(secret));
        return;
    default:
        memcpy(field, &value, sizeof(value));
    }
}

static void set(void *instance, const ds_option *options, const char *name, const char *value)
{
    for (const ds_option *o = options; o->name; o++) {
        if (strcmp(o->name, name) == 0) {
            set_field(o, (char *)instance + o->offset, value);
            return;
        }
    }
    fail_msg("there is no setting \"%s\"", name);
}

static const char *value_of_setting(tmpdir *dir, const char *value)
{
    if (*value == '@')
        return tmpdir_file(dir, value + 1);
    return *value == '$' ? getenv(value + 1) : value;
}

void *contract_instance(const ds_option *options, size_t size, const contract_setting *settings,
                        tmpdir *dir)
{
    void *made = ds_arena_zalloc(scratch, size);

    for (const ds_option *o = options; o->name; o++) {
        if (o->fallback)
            set(made, options, o->name, o->fallback);
    }
    for (size_t i = 0; i < CONTRACT_SETTINGS && settings[i].name; i++) {
        set(made, options, settings[i].name, value_of_setting(dir, settings[i].value));
    }
    return made;
}
