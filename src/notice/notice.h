/* src/notice/notice.h - the two ways by which a notice leaves: a POST and a command. */
#ifndef DS_NOTICE_NOTICE_H
#define DS_NOTICE_NOTICE_H

#include "base/clock.h"
#include "base/notice.h"
#include "http/calls.h"

#define DS_NOTICE_LIMIT_MS (30 * DS_SECOND_MS) /* of one try */

typedef struct ds_notice_post {
    const char *url;        /* whole; may be a secret as such */
    const ds_secret *token; /* sent as a bearer's; NULL: none */
    const char *ca_file;    /* NULL: the system's */
    bool private_network;
} ds_notice_post;

/* All live in `a`; what is handed in is borrowed. NULL with CONFIG where the address or the token
 * cannot be used. */
DS_MUST_USE ds_notice_channel *ds_notice_by_post(const ds_http_table *http,
                                                 const ds_notice_post *post, ds_clock *clock,
                                                 ds_arena *a, ds_err *err);
/* argv[0] is looked for in PATH where it holds no slash; ended by NULL. It runs in `dir`, with
 * PATH, HOME, USER and LOGNAME as ours, LANG as C.UTF-8, and nothing else in its environment. */
ds_notice_channel *ds_notice_by_command(const char *const *argv, const char *dir, ds_arena *a);

#endif
