/* src/app/findings.h - what `check` and `doctor` say: a level, where, what, and the remedy. */
#ifndef DS_APP_FINDINGS_H
#define DS_APP_FINDINGS_H

#include "app/out.h"

typedef enum ds_finding_level {
    DS_FINDING_OK,
    DS_FINDING_WARNING,
    DS_FINDING_ERROR
} ds_finding_level;

typedef struct ds_findings {
    const ds_app *app;
    const char *subject; /* name of the member that says where: "route" or "check" */
    ds_buf doc;
    ds_json_writer w;
    size_t errors, warnings;
} ds_findings;

void ds_findings_begin(ds_findings *f, const ds_app *app, const char *list, const char *subject);
/* `where` and `remedy` may be NULL. */
void ds_finding(ds_findings *f, ds_finding_level level, const char *where, const char *remedy,
                const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* 0, or 2 where there was an error. */
int ds_findings_end(ds_findings *f);

#endif
