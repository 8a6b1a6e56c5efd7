/* src/app/service.c
 *
 * READY, STATUS, STOPPING and signs of life.  A stop may take longer than the manager's patience as
 * long as the passes that drain get on: each pulse that finds them further asks for more time.
 * One that hangs asks for nothing and is killed, which is what a crash is made safe for.
 */
#include "app/service.h"

#define EXTEND_US (30 * 1000 * (int64_t)DS_SECOND_MS)

void ds_service_open(ds_service *s)
{
    *s = (ds_service){.stopping = false};
    ds_notify_open(&s->notify);
}

bool ds_service_is_watched(const ds_service *s)
{
    return s->notify.fd >= 0;
}

/* Twice as often as it must be, so that one that is late does no harm. */
int64_t ds_service_pulse_ms(const ds_service *s)
{
    return s->notify.watchdog_us ? DS_MAX(s->notify.watchdog_us / 2000, (int64_t)1) : 0;
}

static void extend(ds_service *s, const ds_health *health)
{
    if (health->work != s->seen.work || health->running != s->seen.running)
        ds_notify_send(&s->notify, "EXTEND_TIMEOUT_USEC=%lld", (long long)EXTEND_US);
    s->seen = *health;
}

static void tell_status(const ds_service *s, const char *before, const ds_health *health)
{
    ds_notify_send(&s->notify, "%sSTATUS=%zu unit%s, %zu running%s", before, health->units,
                   health->units == 1 ? "" : "s", health->running, s->stopping ? ", stopping" : "");
}

void ds_service_tell(ds_service *s, ds_health_why why, const ds_health *health)
{
    switch (why) {
    case DS_HEALTH_LIVE:
        tell_status(s, "READY=1\n", health);
        break;
    case DS_HEALTH_CHANGED:
        tell_status(s, "", health);
        break;
    case DS_HEALTH_STOPPING:
        s->stopping = true;
        s->seen = *health;
        tell_status(s, "STOPPING=1\n", health);
        break;
    case DS_HEALTH_PULSE:
        if (s->notify.watchdog_us)
            ds_notify_send(&s->notify, "WATCHDOG=1");
        if (s->stopping)
            extend(s, health);
        break;
    }
}

void ds_service_close(ds_service *s)
{
    ds_notify_close(&s->notify);
}
