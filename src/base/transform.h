/* src/base/transform.h
 *
 * The seam of transforms: an expression that is run over mapped records.  A pass knows this much
 * and nothing of the language or of where it runs; src/transform/ is the one behind it.
 */
#ifndef DS_BASE_TRANSFORM_H
#define DS_BASE_TRANSFORM_H

#include <durable_sync/activity.h>
#include <durable_sync/record.h>

#define DS_PROGRAM_MAX (256 * DS_KIB) /* bytes of one expression */

typedef struct ds_transform_in {
    const char *key;      /* what the program does to it is refused: it names the record for ever */
    const ds_prop *props; /* none is absent; nested ones are as their source had them */
    size_t n;
    const char *body; /* NULL: absent */
} ds_transform_in;

typedef enum ds_transform_fate {
    DS_TRANSFORM_OPEN, /* not yet run */
    DS_TRANSFORM_KEPT,
    DS_TRANSFORM_DROPPED, /* null, or nothing came out */
    DS_TRANSFORM_HELD,    /* reason */
} ds_transform_fate;

typedef struct ds_transform_out {
    ds_transform_fate fate;
    ds_prop *props; /* KEPT; untouched ones hold just the value that went in */
    size_t n;
    const char *body;
    const char *reason; /* HELD */
} ds_transform_out;

typedef struct ds_transform ds_transform; /* one program for one pass: one thread at a time */

/* What was said of a program: its line and column (0: not known), both from 1. */
typedef void ds_transform_say(void *to, int line, int col, const char *text);

typedef struct ds_transformer {
    /* Each thing that is wrong with the program is said; false with *err: it could not be looked at
     * at all. */
    bool (*check)(const struct ds_transformer *self, const char *program, ds_transform_say *say,
                  void *to, ds_err *err);
    /* Costs nothing until it is used. */
    ds_transform *(*open)(const struct ds_transformer *self, const char *program);
    /* All n of them. What it makes lives in `a`. false: the pass cannot go on. */
    bool (*apply)(ds_transform *t, ds_activity *act, const ds_transform_in *in, size_t n,
                  ds_arena *a, ds_transform_out *out, ds_err *err);
    void (*close)(ds_transform *t);
} ds_transformer;

#endif
