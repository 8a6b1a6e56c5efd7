/* src/app/service.h - `run` as a service: what the service manager (systemd) hears of the engine.
 */
#ifndef DS_APP_SERVICE_H
#define DS_APP_SERVICE_H

#include "base/notify.h"
#include "engine/engine.h"

typedef struct ds_service {
    ds_notify notify;
    bool stopping;
    ds_health seen; /* at the last pulse of a stop */
} ds_service;

/* Before there are threads or children. Without a manager, nothing happens in all that follows. */
void ds_service_open(ds_service *s);
bool ds_service_is_watched(const ds_service *s);
int64_t ds_service_pulse_ms(const ds_service *s); /* what its watchdog wants; 0: there is none */
void ds_service_tell(ds_service *s, ds_health_why why, const ds_health *health);
void ds_service_close(ds_service *s);

#endif
