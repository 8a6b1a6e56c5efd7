/* src/transform/worker_fence.c
 *
 * What stands around a worker before it sees an expression: limits on memory, time, files and core
 * dumps, no way to more rights, and a filter that lets through nothing but reading and writing its
 * one socket, memory, and leaving.  Where the kernel refuses the filter, the worker goes on behind
 * the rest, and says so.
 *
 * Under a sanitizer there is neither the limit on memory nor the filter: its shadow memory is
 * larger than any limit, and it calls what it likes.
 */
#include "transform/worker.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MEMORY_MAX (512 * DS_MIB)
#define CPU_MAX                                                                                    \
    ((rlim_t)600) /* seconds; only where nobody watches: the daemon's own limit is 250 ms a record \
                   */

static bool limit(int what, rlim_t most)
{
    const struct rlimit both = {most, most};

    return setrlimit((__rlimit_resource_t)what, &both) == 0;
}

uint32_t ds_fence_limits(void)
{
    uint32_t fence = 0;

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
        fence |= DS_FENCE_NO_NEW_PRIVS;
    if (!DS_SANITIZED && limit(RLIMIT_AS, MEMORY_MAX))
        fence |= DS_FENCE_MEMORY;
    (void)!limit(RLIMIT_CPU, CPU_MAX);
    (void)!limit(RLIMIT_CORE, 0); /* records are nobody's business */
    (void)!limit(RLIMIT_NOFILE, DS_WIRE_WATCH + 1);
    (void)!limit(RLIMIT_FSIZE, 0);
    return fence;
}

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define OUR_ARCH AUDIT_ARCH_RISCV64
#endif

#if defined(OUR_ARCH) && !DS_SANITIZED

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define LOAD_ARG(nth)                                                                              \
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, /* the low half: both machines have it first */             \
             (uint32_t)(offsetof(struct seccomp_data, args) + (nth) * sizeof(uint64_t)))
#define ANSWER(value) BPF_STMT(BPF_RET | BPF_K, (value))
#define REFUSE ANSWER(SECCOMP_RET_ERRNO | 1 /* EPERM */)
/* Allowed as it is. */
#define ALLOW(call) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 1), ANSWER(SECCOMP_RET_ALLOW)
/* Allowed where the argument is `value`. */
#define ALLOW_WITH(call, nth, value)                                                               \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 4), LOAD_ARG(nth),                              \
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, 1), ANSWER(SECCOMP_RET_ALLOW), REFUSE
/* Allowed where the argument has none of the bits. */
#define ALLOW_WITHOUT(call, nth, bits)                                                             \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 4), LOAD_ARG(nth),                              \
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (bits), 1, 0), ANSWER(SECCOMP_RET_ALLOW), REFUSE

uint32_t ds_fence_calls(void)
{
    struct sock_filter rules[] = {
        LOAD(arch),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCH, 1, 0),
        ANSWER(SECCOMP_RET_KILL_PROCESS),
        LOAD(nr),
        ALLOW_WITH(__NR_read, 0, DS_WIRE_SOCKET),
        ALLOW_WITH(__NR_write, 0, DS_WIRE_SOCKET),
        ALLOW(__NR_brk),
        ALLOW_WITHOUT(__NR_mmap, 2, PROT_EXEC),
        ALLOW_WITHOUT(__NR_mprotect, 2, PROT_EXEC),
        ALLOW(__NR_munmap),
        ALLOW(__NR_mremap),
        ALLOW(__NR_madvise),
        ALLOW(__NR_futex),
        ALLOW(__NR_clock_gettime), /* where the vDSO has no clock */
        ALLOW(__NR_gettimeofday),
        ALLOW(__NR_getrandom),
        ALLOW(__NR_rt_sigreturn),
        ALLOW(__NR_rt_sigprocmask), /* abort() */
        ALLOW(__NR_rt_sigaction),
        ALLOW(__NR_getpid),
        ALLOW(__NR_gettid),
        ALLOW_WITH(__NR_tgkill, 0, (uint32_t)getpid()),
        ALLOW(__NR_restart_syscall),
        ALLOW(__NR_exit),
        ALLOW(__NR_exit_group),
        REFUSE,
    };
    struct sock_fprog filter = {.len = DS_COUNT(rules), .filter = rules};

    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0 ? DS_FENCE_SECCOMP : 0;
}

#else

uint32_t ds_fence_calls(void)
{
    return 0;
}

#endif
