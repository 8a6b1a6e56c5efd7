/* src/config/issues.h
 *
 * What is wrong with a configuration: collected while it is read, written all at once, each with
 * its line and a caret.  Texts that may be secret are hidden from the lines that are shown.
 */
#ifndef DS_CONFIG_ISSUES_H
#define DS_CONFIG_ISSUES_H

#include "base/route.h"
#include <durable_sync/base.h>

#define DS_ISSUES_SHOWN ((size_t)50)

typedef struct ds_issues ds_issues;

/* `text` is the file's, borrowed; path NULL: there is no file, issues are their text alone.
 */
ds_issues *ds_issues_new(ds_arena *a, const char *path, const char *text, size_t n);
/* Settings whose values are not to be shown, ended by NULL; borrowed. */
void ds_issues_secret_names(ds_issues *is, const char *const *names);
size_t ds_issues_count(const ds_issues *is);

/* `at` line 0: about the file as a whole. Both return false, so that `return ds_issue(...)` reads
 * well. A pair shows the line of `first` as well. */
DS_PRINTF(3, 4) bool ds_issue(ds_issues *is, ds_at at, const char *fmt, ...);
DS_PRINTF(4, 5) bool ds_issue_pair(ds_issues *is, ds_at at, ds_at first, const char *fmt, ...);

/* What lies between is shown as [secret], whenever it was named: before an issue or after it. */
void ds_issues_hide(ds_issues *is, ds_at from, ds_at to);
/* Wherever a message has this text, or how it begins, it shows `as` in its place. Both are
 * borrowed; what is too short to tell anything is left. */
void ds_issues_mask(ds_issues *is, const char *text, const char *as);
/* For a file that could not be parsed: guesses by the names on the lines that will be shown. */
void ds_issues_hide_guessed(ds_issues *is);
/* The name is one of these settings, or says that its value is a secret: "db_password". */
bool ds_issues_is_secret(const ds_issues *is, const char *name);
/* The line without its end; NULL: there is none. */
const char *ds_issues_line(const ds_issues *is, int line, size_t *n);
/* The place of a byte of the file. */
ds_at ds_issues_at(const ds_issues *is, size_t offset);
bool ds_issues_line_has(const ds_issues *is, int line, const char *part);

/* In the order of the file, equal ones once, at most DS_ISSUES_SHOWN. */
void ds_issues_write(ds_issues *is, ds_buf *out);

#endif
