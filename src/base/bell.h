/* src/base/bell.h
 *
 * Wakes who waits in poll(2): a descriptor that becomes readable once, and stays so.
 */
#ifndef DS_BASE_BELL_H
#define DS_BASE_BELL_H

typedef struct ds_bell {
    int fd; /* -1: the process has no descriptor left; who waits looks up now and then instead */
} ds_bell;

void ds_bell_init(ds_bell *bell);
void ds_bell_ring(const ds_bell *bell); /* from any thread, as often as one likes */
void ds_bell_fini(ds_bell *bell);       /* once nobody waits any more */

#endif
