/* src/fakes/github/gql.h
 *
 * GraphQL documents, read: operations, fragments, fields with arguments, aliases, directives and
 * variables.  Type definitions are no part of it.  Everything lives in the arena; texts are
 * NUL-terminated UTF-8.
 */
#ifndef DS_FAKES_GITHUB_GQL_H
#define DS_FAKES_GITHUB_GQL_H

#include <durable_sync/base.h>

#define DS_GQL_TEXT_MAX (256 * DS_KIB) /* of a document */
#define DS_GQL_DEPTH_MAX 40            /* of selections, lists and objects in each other */

typedef struct ds_gql_place {
    int line, column; /* from 1 */
} ds_gql_place;

typedef enum ds_gql_kind {
    DS_GQL_NULL,
    DS_GQL_BOOL,
    DS_GQL_INT,
    DS_GQL_FLOAT,
    DS_GQL_STRING,
    DS_GQL_ENUM,
    DS_GQL_LIST,
    DS_GQL_OBJECT,
    DS_GQL_VARIABLE,
} ds_gql_kind;

typedef struct ds_gql_value { /* a link in a list where it is in one */
    ds_gql_kind kind;
    const char *text; /* string, enum's name, number as written, variable's name */
    bool truth;
    const struct ds_gql_value *items; /* of a list: the first */
    const struct ds_gql_arg *members; /* of an object: the first */
    struct ds_gql_value *next;
} ds_gql_value;

typedef struct ds_gql_arg { /* an argument, or a member of an object */
    const char *name;
    const ds_gql_value *value;
    struct ds_gql_arg *next;
} ds_gql_arg;

typedef struct ds_gql_directive {
    const char *name;
    const ds_gql_arg *args;
    struct ds_gql_directive *next;
} ds_gql_directive;

typedef enum ds_gql_sort { DS_GQL_FIELD, DS_GQL_SPREAD, DS_GQL_INLINE } ds_gql_sort;

typedef struct ds_gql_selection {
    ds_gql_sort sort;
    const char *key;  /* of a field: its alias, or its name */
    const char *name; /* of a field or of the fragment that is spread */
    const char *type; /* of an inline fragment: its condition; NULL: none */
    const ds_gql_arg *args;
    const ds_gql_directive *directives;
    const struct ds_gql_selection *selections; /* the first; NULL: none */
    ds_gql_place place;
    struct ds_gql_selection *next;
} ds_gql_selection;

typedef struct ds_gql_variable {
    const char *name;
    const char *type;          /* the innermost name: "String" of [String!]! */
    bool required, list;       /* by the outermost ! and [ */
    const ds_gql_value *value; /* the default as read; NULL: none */
    ds_gql_place place;
    struct ds_gql_variable *next;
} ds_gql_variable;

typedef struct ds_gql_operation {
    const char *kind; /* "query", "mutation", "subscription" */
    const char *name; /* NULL: it has none */
    ds_gql_variable *variables;
    const ds_gql_selection *selections;
    struct ds_gql_operation *next;
} ds_gql_operation;

typedef struct ds_gql_fragment {
    const char *name, *type;
    const ds_gql_selection *selections;
    ds_gql_place place;
    struct ds_gql_fragment *next;
} ds_gql_fragment;

typedef struct ds_gql_document {
    ds_gql_operation *operations; /* the first; at least one */
    ds_gql_fragment *fragments;
} ds_gql_document;

/* NULL with DS_ERR_PERMANENT, and where it went wrong. */
DS_MUST_USE ds_gql_document *ds_gql_parse(ds_arena *a, const char *text, size_t n,
                                          ds_gql_place *place, ds_err *err);

/* ---- gql_lex.c: the words of a document ------------------------------------------------------ */

typedef enum ds_gql_word {
    DS_GQL_END,
    DS_GQL_NAME,
    DS_GQL_NUMBER,      /* whole */
    DS_GQL_REAL,        /* with a point or an exponent */
    DS_GQL_TEXT,        /* a string; text is what it stands for */
    DS_GQL_SPREAD_WORD, /* ... */
    DS_GQL_SIGN,        /* one of !$&()*:=@[]{|} as text */
    DS_GQL_WRONG,       /* text says what is wrong */
} ds_gql_word;

typedef struct ds_gql_lexer {
    ds_arena *arena;
    const char *text;
    size_t n, at;
    size_t line_at; /* where the line begins */
    int line;
    ds_gql_word word; /* the one at hand */
    const char *value;
    ds_gql_place place;
} ds_gql_lexer;

/* Steps to the next word. */
void ds_gql_next(ds_gql_lexer *l);

#endif
