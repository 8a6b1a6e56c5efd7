/* src/app/planning.h - the pass without a write, for `plan` and `explain`; records as shown. */
#ifndef DS_APP_PLANNING_H
#define DS_APP_PLANNING_H

#include "app/app.h"

typedef struct ds_planning {
    ds_app *app;
    ds_reader *reader;
    const ds_route *route;
    const char *unit;
    const char *const *items; /* NULL: all */
    size_t items_n;
    bool everything;
    bool (*each)(void *to, const ds_planned *planned);
    void *to;
} ds_planning;

DS_MUST_USE bool ds_planning_run(const ds_planning *p, ds_plan_result *out, ds_err *err);

/* A value as people read it: text in quotes, null as null, cut to `most` characters. */
const char *ds_value_shown(ds_arena *a, ds_value v, size_t most);

/* Properties, one a line. */
void ds_props_shown(const ds_app *app, ds_arena *a, const ds_prop *props, size_t n);
/* The member `name`: an object of them; null where they are not `there`. */
void ds_w_props(ds_json_writer *w, const char *name, const ds_prop *props, size_t n, bool there);
/* What an update would change: the member `fields`. */
void ds_w_changes(ds_json_writer *w, const ds_planned *planned);

/* What would become of a body, in a line: `line 3: "old" -> "new"`. */
const char *ds_body_shown(ds_arena *a, const ds_body_change *change, size_t most);
/* The member `body`; null where it stays as it is. */
void ds_w_body(ds_json_writer *w, const ds_body_change *change);

#endif
