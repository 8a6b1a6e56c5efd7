/* src/engine/embedded/address.h - where the control socket is, for both of its ends. */
#ifndef DS_ENGINE_EMBEDDED_ADDRESS_H
#define DS_ENGINE_EMBEDDED_ADDRESS_H

#include <durable_sync/base.h>
#include <sys/socket.h>
#include <sys/un.h>

typedef struct ds_socket_name {
    struct sockaddr_un address;
    int directory; /* keeps a long path short while the name is used; -1: not needed */
} ds_socket_name;

DS_MUST_USE bool ds_socket_name_of(const char *path, ds_socket_name *out, ds_err *err);
void ds_socket_name_done(ds_socket_name *name);

/* Whoever is at the other end may talk to us: root, or the user we are. */
bool ds_socket_trusts(int fd);

#endif
