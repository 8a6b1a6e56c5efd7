/* tests/loader/needed.c - the library that a connector needs and that then is not there. */
#include <durable_sync/base.h>

DS_API int ds_needed_by_odd(void);

int ds_needed_by_odd(void)
{
    return 1;
}
