/* src/app/meter.h - one moving line on a terminal while passes run. */
#ifndef DS_APP_METER_H
#define DS_APP_METER_H

#include "app/app.h"

#define DS_METER_UNITS 16

typedef struct ds_meter_start { /* where a pass stood when it was first seen: for its rate */
    char *key;
    int64_t mono_ms, done;
} ds_meter_start;

typedef struct ds_meter {
    const ds_app *app;
    ds_meter_start starts[DS_METER_UNITS];
    bool shown;
} ds_meter;

void ds_meter_init(ds_meter *m, const ds_app *app);
void ds_meter_show(ds_meter *m, const ds_running *running, size_t n);
void ds_meter_clear(ds_meter *m); /* before anything else is printed */
void ds_meter_fini(ds_meter *m);

#endif
