/* src/engine/embedded/address.c
 *
 * A socket's name has room for 107 bytes, a path may be longer.  The socket stays beside the store
 * in any case: a long path is reached through its opened directory, a long name is replaced by a
 * hash of itself.
 */
#include "engine/embedded/address.h"

#include "base/hash.h"
#include "engine/engine.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NAME_MAX_BYTES (sizeof(((struct sockaddr_un *)0)->sun_path) - 1)
#define SHORT_NAME_BYTES ((size_t)70) /* leaves room for /proc/self/fd/2147483647/ */

static size_t directory_length(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? (size_t)(slash - path) + 1 : 0;
}

const char *ds_control_path(const char *store_path, ds_arena *a)
{
    size_t dir_n = directory_length(store_path), n = strlen(store_path);
    const char *name = store_path + dir_n;

    if (n + 5 <= NAME_MAX_BYTES || strlen(name) + 5 <= SHORT_NAME_BYTES)
        return ds_arena_printf(a, "%s.sock", store_path);
    return ds_arena_printf(a, "%.*s%016llx.sock", (int)dir_n, store_path,
                           (unsigned long long)ds_hash64(name, strlen(name)));
}

static bool through_directory(const char *path, ds_socket_name *out, ds_err *err)
{
    size_t dir_n = directory_length(path);
    char directory[4096];
    int n;

    if (dir_n >= sizeof(directory))
        return ds_fail(err, DS_ERR_CONFIG, "control socket: its path is too long: %.100s...", path);
    snprintf(directory, sizeof(directory), "%.*s", (int)dir_n, dir_n ? path : "./");
    out->directory = open(dir_n ? directory : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (out->directory < 0)
        return ds_fail(err, errno == ENOENT ? DS_ERR_TRANSIENT : DS_ERR_CONFIG,
                       "control socket: open %s: %s", directory, strerror(errno));
    n = snprintf(out->address.sun_path, sizeof(out->address.sun_path), "/proc/self/fd/%d/%s",
                 out->directory, path + dir_n);
    if ((size_t)n < sizeof(out->address.sun_path))
        return true;
    ds_socket_name_done(out);
    return ds_fail(err, DS_ERR_CONFIG, "control socket: its name is too long: %.100s...",
                   path + dir_n);
}

bool ds_socket_name_of(const char *path, ds_socket_name *out, ds_err *err)
{
    *out = (ds_socket_name){.address.sun_family = AF_UNIX, .directory = -1};
    if (strlen(path) > NAME_MAX_BYTES)
        return through_directory(path, out, err);
    memcpy(out->address.sun_path, path, strlen(path) + 1);
    return true;
}

void ds_socket_name_done(ds_socket_name *name)
{
    if (name->directory >= 0)
        close(name->directory);
    name->directory = -1;
}

bool ds_socket_trusts(int fd)
{
    struct ucred peer;
    socklen_t n = sizeof(peer);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) != 0)
        return false;
    return peer.uid == 0 || peer.uid == geteuid();
}
