/* include/durable_sync/option.h
 *
 * A connector's settings as a table.  From it come parsing, "did you mean", secrets, `durable-sync
 * connectors KIND` and the reference page.  Values are stored into the instance struct at
 * `offset`; texts are borrowed from the configuration, which outlives every instance.
 */
#ifndef DURABLE_SYNC_OPTION_H
#define DURABLE_SYNC_OPTION_H

#include <durable_sync/base.h>

typedef enum ds_option_type {
    DS_OPTION_TEXT,     /* const char * */
    DS_OPTION_PATH,     /* const char *: a path; relative ones are made relative to the file */
    DS_OPTION_SECRET,   /* ds_secret * */
    DS_OPTION_INT,      /* int64_t, within min..max */
    DS_OPTION_BOOL,     /* bool */
    DS_OPTION_DURATION, /* int64_t milliseconds, written 90s, 15m, 12h, 1d */
    DS_OPTION_CHOICE,   /* const char *, one of `choices` (separated by '|') */
    DS_OPTION_LIST,     /* ds_texts */
} ds_option_type;

typedef struct ds_texts {
    const char *const *items;
    size_t n;
} ds_texts;

typedef struct ds_option {
    const char *name; /* as in the configuration */
    ds_option_type type;
    size_t offset;
    bool required;
    const char *env; /* SECRET: environment variable used when the setting is missing */
    /* SECRET: this one holds none (an address without a password): it may be written out in a file
     * that others read. NULL: all do. */
    bool (*harmless)(const char *text);
    const char *choices;  /* CHOICE */
    const char *fallback; /* default, as one would write it; NULL: zero or NULL */
    int64_t min, max;     /* INT, DURATION; both 0: no bounds */
    const char
        *keeps; /* TEXT: a reference ${NAME} of this name is the connector's own: it is left */
    const char *help;   /* one line: what to write here and where to find it */
    const char *one_of; /* of the options that share this word exactly one is given; NULL: none.
                           For the schema and the pages; `validate` is who refuses the others */
} ds_option;

/* Positional forms for the usual cases; write a designated initialiser for the rest. */
#define DS_OPT_TEXT(type_, member, help_)                                                          \
    {                                                                                              \
        .name = #member, .type = DS_OPTION_TEXT, .offset = offsetof(type_, member),                \
        .required = true, .help = (help_)                                                          \
    }
#define DS_OPT_TEXT_OR(type_, member, fallback_, help_)                                            \
    {                                                                                              \
        .name = #member, .type = DS_OPTION_TEXT, .offset = offsetof(type_, member),                \
        .fallback = (fallback_), .help = (help_)                                                   \
    }
#define DS_OPT_PATH(type_, member, help_)                                                          \
    {                                                                                              \
        .name = #member, .type = DS_OPTION_PATH, .offset = offsetof(type_, member),                \
        .required = true, .help = (help_)                                                          \
    }
#define DS_OPT_SECRET(type_, member, env_, help_)                                                  \
    {                                                                                              \
        .name = #member, .type = DS_OPTION_SECRET, .offset = offsetof(type_, member),              \
        .required = true, .env = (env_), .help = (help_)                                           \
    }
#define DS_OPT_BOOL(type_, member, help_)                                                          \
    {                                                                                              \
        .name = #member, .type = DS_OPTION_BOOL, .offset = offsetof(type_, member),                \
        .help = (help_)                                                                            \
    }
#define DS_OPT_CHOICE(type_, member, choices_, fallback_, help_)                                   \
    {                                                                                              \
        .name = #member, .type = DS_OPTION_CHOICE, .offset = offsetof(type_, member),              \
        .choices = (choices_), .fallback = (fallback_), .help = (help_)                            \
    }
#define DS_OPT_END                                                                                 \
    {                                                                                              \
        .name = NULL                                                                               \
    }

#endif
