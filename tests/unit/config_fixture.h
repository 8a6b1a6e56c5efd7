/* tests/unit/config_fixture.h - a text as a configuration: sound, or refused and why. */
#ifndef TESTS_UNIT_CONFIG_FIXTURE_H
#define TESTS_UNIT_CONFIG_FIXTURE_H

#include "config/config.h"
#include "config/load.h"
#include "support/fake_connectors.h"
#include "support/run.h"

#include <stdlib.h>
#include <string.h>

#define DESTINATION "    destination: {kind: sqlite, path: o.db, table: t, key: code}\n"
#define ENDS "    source: {kind: file, path: a.jsonl, key: id}\n" DESTINATION
#define ROUTE(rest) "routes:\n  r:\n" ENDS rest
#define API(rest) "routes:\n  r:\n" DESTINATION "    source:\n      kind: api\n" rest
#define LISTED_API(rest) API("      list_id: l\n" rest)

/* What is said about a text that is wrong. */
static inline const char *refused_by(const ds_connectors *c, const char *text, size_t n)
{
    DS_AUTO_BUF(errors, 8 * DS_MIB);

    assert_null(ds_config_parse("t.yaml", text, n, "/", c, &errors));
    assert_true(errors.n > 0);
    return ds_arena_strndup(scratch, errors.data, errors.n);
}

static inline const char *first_line(const char *block)
{
    return ds_arena_strndup(scratch, block, strcspn(block, "\n"));
}

static inline const char *refused(const char *text)
{
    return refused_by(&fake_connectors, text, strlen(text));
}

/* Parses what must be right; else what is said fails the test. The caller frees it. */
static inline ds_config *sound_for(const ds_connectors *c, const char *text)
{
    DS_AUTO_BUF(errors, 8 * DS_MIB);
    ds_config *config = ds_config_parse("t.yaml", text, strlen(text), "/", c, &errors);

    if (!config)
        fail_msg("%s", errors.data);
    return config;
}

static inline ds_config *sound(const char *text)
{
    return sound_for(&fake_connectors, text);
}

static inline const fake_api *api_of(const ds_config *config)
{
    return config->routes[0]->source_settings;
}

/* Text that is made in a loop. */
static inline const char *taken(ds_buf *text)
{
    const char *copy = ds_arena_strndup(scratch, text->data, text->n);

    ds_buf_fini(text);
    return copy;
}

#endif
