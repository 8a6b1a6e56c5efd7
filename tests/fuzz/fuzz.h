/* tests/fuzz/fuzz.h
 *
 * What the fuzz targets share.  A target is one function that takes any bytes and checks what must
 * hold for all of them: not only that nothing crashes, but that what was written reads back the
 * same, that an error says something, that a place to go on leads on.  The same file is linked with
 * libFuzzer (tools/fuzz), and with replay.c, which runs the corpus with the tests.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "base/activity.h"
#include <durable_sync/base.h>
#include <durable_sync/record.h>

/* The target: each file defines it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Ends the process with a word of what does not hold: libFuzzer keeps the input. */
#define fuzz_must(truth, ...)                                                                      \
    do {                                                                                           \
        if (!(truth))                                                                              \
            fuzz_found(__FILE__, __LINE__, #truth, __VA_ARGS__);                                   \
    } while (0)
DS_PRINTF(4, 5)
_Noreturn void fuzz_found(const char *file, int line, const char *truth, const char *fmt, ...);

/* Says why, in text that can be shown. */
void fuzz_error(const ds_err *err);

/* The input, piece by piece: a piece goes up to the separator, which is taken too. */
typedef struct fuzz_input {
    const char *at;
    size_t left;
} fuzz_input;

unsigned fuzz_byte(fuzz_input *in); /* 0 where nothing is left */
/* NUL-terminated, in memory of its own size so that a sanitizer sees a step beyond. */
char *fuzz_piece(fuzz_input *in, const char *separator, ds_arena *a, size_t *n);
char *fuzz_rest(fuzz_input *in, ds_arena *a, size_t *n);
/* Every `mark` in the text becomes `with`. */
const char *fuzz_fill(ds_arena *a, const char *text, const char *mark, const char *with);

/* A directory of this process that is gone when it ends; and a file in it. */
const char *fuzz_dir(void);
const char *fuzz_path(ds_arena *a, const char *name);
void fuzz_put(const char *path, const void *data, size_t n);
const char *fuzz_get(const char *path, ds_arena *a, size_t *n); /* NULL: no such file */

ds_activity fuzz_activity(ds_arena *a);
/* One line that tells all of a record. */
const char *fuzz_show(const ds_record *rec, ds_arena *a);
/* A source hands out nothing that the core could not take. */
void fuzz_record(const ds_record *rec, ds_arena *a);
void fuzz_value(ds_value v);

#endif
