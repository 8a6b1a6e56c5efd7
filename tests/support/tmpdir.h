/* tests/support/tmpdir.h - a directory that is gone, with all in it, when its owner is done. */
#ifndef TESTS_SUPPORT_TMPDIR_H
#define TESTS_SUPPORT_TMPDIR_H

#include <durable_sync/base.h>

typedef struct tmpdir tmpdir;

/* Under $TMPDIR or /tmp. A failure fails the running test. */
tmpdir *tmpdir_new(void);
void tmpdir_free(tmpdir *dir); /* NULL is fine */
const char *tmpdir_path(const tmpdir *dir);
const char *tmpdir_file(tmpdir *dir, const char *name); /* path of a file in it; dies with `dir` */

/* Writes a whole file and reads one; what is read ends with a NUL and dies with `dir`. */
void tmpdir_write(tmpdir *dir, const char *name, const void *data, size_t n);
const char *tmpdir_read(tmpdir *dir, const char *name, size_t *n);

/* A failing test leaves by longjmp, past this: then the directory stays, to be looked at. */
DS_AUTO_DEFINE(tmpdir, tmpdir_free)

#endif
