"""Disks of a test's own: small ones, full ones, ones whose power is cut. They are mounted in a mount
namespace that ends with this process, so nobody else sees them."""
import ctypes
import fcntl
import functools
import os
import struct
import subprocess

CLONE_NEWNS = 0x00020000
SHUTDOWN = 0x8004587d  # the file system stops at once
NO_LOG_FLUSH = 2       # and what it had not yet written is gone, as when the power is cut


@functools.cache
def why_no_disks():
    """None, or why disks cannot be mounted here without anybody else seeing them."""
    if os.geteuid() != 0:
        return "only root may mount a disk"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0:
        return "no mount namespace: " + os.strerror(ctypes.get_errno())
    made = subprocess.run(["mount", "--make-rprivate", "/"], capture_output=True, text=True,
                          check=False)
    return made.stderr.strip() or "mount failed" if made.returncode else None


def cut_power(path):
    """From now on the disk that `path` is on fails every call; only a new mount gets it back."""
    fd = os.open(path, os.O_RDONLY)
    try:
        fcntl.ioctl(fd, SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
    finally:
        os.close(fd)


class Image:
    """A file with an ext4 in it, mounted at `at`."""

    def __init__(self, file, at):
        self.file, self.at = file, at
        with open(file, "wb") as made:
            made.truncate(64 << 20)
        subprocess.run(["/sbin/mke2fs", "-q", "-t", "ext4", file], check=True, capture_output=True)
        at.mkdir()

    def mount(self):
        """None, or why it cannot be mounted here."""
        done = subprocess.run(["mount", "-o", "loop", self.file, self.at], capture_output=True,
                              text=True, check=False)
        return done.stderr.strip() or None if done.returncode else None

    def umount(self):
        subprocess.run(["umount", self.at], check=True)
