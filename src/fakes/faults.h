/* src/fakes/faults.h
 *
 * Faults by rule: what goes wrong with which request.  A rule is one line,
 *
 *     [METHOD] PATH [WHEN...] ACTION...
 *
 *     POST /v1/pages at=3 cut-after            the third such request: applied, then hung up
 *     GET /orgs/acme* every=5 status=502      each fifth
 *     * percent=2 seed=7 cut-after             two in a hundred, the same ones in each run
 *     POST * times=1 delay=5s status=429 retry-after=30
 *
 * PATH is a pattern of the path, `*` in it stands for any text; `*` alone is every request. Without
 * a WHEN a rule strikes each time.  The first rule that strikes is the one that counts, but each
 * counts what it meets.
 *
 *     at=N from=N every=N percent=P times=N     WHEN: all that are given must hold. at, from and
 *                                               every count the requests that match, from 1;
 *                                               times: not more often than that
 *     status=N [retry-after=S] [message=TEXT]   the API's own error of that status; nothing is done
 *     html=N            the page of a proxy, with that status
 *     garbage           done, but answered with bytes that are no JSON though they say so
 *     noise             bytes that are no HTTP, then hung up; nothing is done
 *     cut-before        hung up, nothing done
 *     cut-after         done, then hung up without an answer
 *     truncate[=BYTES]  the answer ends in the middle (or after so many bytes)
 *     slow[=BYTES]      so many bytes (1) of the answer, headers apart, every 20 ms
 *     hang              no answer until /_fake/release, then as if nothing had been
 *     hang-after        done at once, the answer comes at /_fake/release
 *     stale             answered, and the connection hung up when it is used again
 *     delay=DURATION    later, beside any other action or alone
 *     bomb[=MIB]        gzip that becomes so many MiB (64)
 *     redirect=URL      a 302 to there
 *     NAME[=VALUE]      a fault of the kind's own
 *
 * Spaces in a message are written as `_`.
 */
#ifndef DS_FAKES_FAULTS_H
#define DS_FAKES_FAULTS_H

#include "fakes/router.h"

typedef enum ds_fault_what {
    DS_FAULT_NONE,
    DS_FAULT_STATUS,
    DS_FAULT_HTML,
    DS_FAULT_GARBAGE,
    DS_FAULT_NOISE,
    DS_FAULT_CUT_BEFORE,
    DS_FAULT_CUT_AFTER,
    DS_FAULT_TRUNCATE,
    DS_FAULT_SLOW,
    DS_FAULT_HANG,
    DS_FAULT_HANG_AFTER,
    DS_FAULT_STALE,
    DS_FAULT_BOMB,
    DS_FAULT_REDIRECT,
    DS_FAULT_OWN, /* the kind's: name and text */
} ds_fault_what;

typedef struct ds_fault { /* what a rule does */
    ds_fault_what what;
    int64_t number;      /* status, bytes, MiB; -1: not given */
    int64_t retry_after; /* seconds; -1: not given */
    int64_t delay_ms;
    const char *name; /* of the kind's own */
    const char *text; /* message, URL, value of the kind's own; NULL: not given */
} ds_fault;

typedef struct ds_faults ds_faults; /* rules and their counts */

ds_faults *ds_faults_new(void);
void ds_faults_free(ds_faults *f);
/* Adds rules, `;` or line ends between them. `own`: the names of the kind's own faults. false with
 * DS_ERR_CONFIG, which shows the rule; then none is added. */
DS_MUST_USE bool ds_faults_add(ds_faults *f, const char *rules, const char *const *own,
                               ds_err *err);
void ds_faults_clear(ds_faults *f);
/* What happens to this request; what is borrowed lives until the rules change. */
ds_fault ds_faults_choose(ds_faults *f, const char *method, const char *path);
/* The list of {"rule", "met", "struck"}. */
void ds_faults_show(const ds_faults *f, ds_json_writer *w);

#endif
