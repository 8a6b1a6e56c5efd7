/* src/app/templates.h - first configurations, with everything a reader wants next as comments. */
#ifndef DS_APP_TEMPLATES_H
#define DS_APP_TEMPLATES_H

#include <durable_sync/base.h>

typedef struct ds_template {
    const char *name;
    const char *help;
    const char *route;
    const char *source;      /* the lines of the route's source, indented */
    const char *destination; /* and of its destination */
    const char *sample;      /* file with data to try it on; NULL: none */
    const char *sample_text;
} ds_template;

extern const ds_template ds_templates[]; /* ends with a NULL name */

void ds_template_write(ds_buf *out, const ds_template *t);

#endif
