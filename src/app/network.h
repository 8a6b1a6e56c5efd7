/* src/app/network.h - what `doctor` says of the hosts that routes talk to. */
#ifndef DS_APP_NETWORK_H
#define DS_APP_NETWORK_H

#include "app/findings.h"

/* A finding for each host and port that a `base_url` of the configuration names: whether it answers
 * a connection, within five seconds for each of its addresses. Nothing is sent. Where one of them
 * is https, one on the certificate authorities of the system before them. */
void ds_network_check(const ds_app *app, ds_findings *f);

#endif
