/* guard.c: see guard.h
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "guard.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#include "real.h"
#include "suite.h"
#include "vclock.h"
#include "verdict.h"
#include "where.h"

static enum guard_stage stage = GUARD_OFF;

void guard_set_stage(enum guard_stage now)
{
    stage = now;
}

/* --- the kernel's filter --- */

#if defined(__x86_64__)
#define MACHINE     AUDIT_ARCH_X86_64
#define FOREIGN_BIT 0x40000000 /* the x32 calls */
#elif defined(__aarch64__)
#define MACHINE     AUDIT_ARCH_AARCH64
#define FOREIGN_BIT 0x80000000 /* none */
#endif

#define LOAD(field)        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define REFUSE             BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)
#define ALLOW              BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define SKIP_UNLESS(nr, n) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, (n))
#define SKIP_IF(nr, n)     BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), (n), 0)
#define ARG0               args[0] /* the low half: both supported machines are little-endian */

/* A system call that is refused whatever its arguments. */
#define REFUSE_CALL(nr) SKIP_UNLESS(nr, 1), REFUSE

/* A system call whose first argument must be this process. */
#define ONLY_MYSELF(nr, self)                                                                      \
    SKIP_UNLESS(nr, 4), LOAD(ARG0), SKIP_IF((unsigned)(self), 1), REFUSE, ALLOW

#ifdef MACHINE

static int install_filter(pid_t self, pid_t parent)
{
    struct sock_filter filter[] = {
        /* The same numbers mean other calls in the machine's other modes: none of those. */
        LOAD(arch),
        SKIP_IF(MACHINE, 1),
        REFUSE,
        LOAD(nr),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, FOREIGN_BIT, 0, 1),
        REFUSE,
#ifdef SYS_fork
        REFUSE_CALL(SYS_fork),
        REFUSE_CALL(SYS_vfork),
#endif
        REFUSE_CALL(SYS_execve),
        REFUSE_CALL(SYS_execveat),
        REFUSE_CALL(SYS_setsid),
        REFUSE_CALL(SYS_setpgid),
        REFUSE_CALL(SYS_tkill),
        REFUSE_CALL(SYS_process_vm_writev),
        REFUSE_CALL(SYS_pidfd_send_signal),
        ONLY_MYSELF(SYS_kill, self),
        ONLY_MYSELF(SYS_tgkill, self),
        ONLY_MYSELF(SYS_rt_sigqueueinfo, self),
        /* clone3's flags lie in memory, out of a filter's sight: glibc then falls back to clone. */
        SKIP_UNLESS(SYS_clone3, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        /* clone: threads share memory; a new process does not. */
        SKIP_UNLESS(SYS_clone, 4),
        LOAD(ARG0),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_VM, 1, 0),
        REFUSE,
        ALLOW,
        /* ptrace: the leak check traces its own threads, never the supervisor. */
        SKIP_UNLESS(SYS_ptrace, 4),
        LOAD(args[1]),
        SKIP_UNLESS((unsigned)parent, 1),
        REFUSE,
        ALLOW,
        ALLOW,
    };
    struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return -1;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

#else

static int install_filter(pid_t self, pid_t parent)
{
    (void)self;
    (void)parent;
    return -1; /* system calls have other numbers here: nobody has tried */
}

#endif

/* --- limits --- */

static void limit(int resource, rlim_t soft, rlim_t hard)
{
    struct rlimit want = {soft, hard};

    (void)setrlimit(resource, &want); /* a lower limit already in force is as good */
}

/* Private writable memory mapped so far, in bytes: with a sanitizer that is terabytes of address
 * space, so the limit counts from here. */
static rlim_t data_in_use(void)
{
    unsigned long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");

    if (f) {
        if (fscanf(f, "%*u %*u %*u %*u %*u %lu", &pages) != 1)
            pages = 0;
        fclose(f);
    }
    return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

/* Has it used the CPU for most of that time? Then it does not wait in a call. */
static bool is_running(int wall_seconds)
{
    struct rusage used;

    return getrusage(RUSAGE_SELF, &used) == 0 &&
           2 * (used.ru_utime.tv_sec + used.ru_stime.tv_sec) >= wall_seconds;
}

static void on_cpu_limit(int signal, siginfo_t *info, void *context)
{
    const long many_moments = 10000;
    char place[256] = "";
    const ucontext_t *uc = context;
    void *pc = NULL;

    (void)signal;
#if defined(__x86_64__)
    pc = (void *)uc->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
    pc = (void *)uc->uc_mcontext.pc;
#else
    (void)uc;
#endif
    where_interrupted(pc, place, sizeof place);
    const char *noticed = problem_first(); /* a sleep in that loop, say */
    const char *newline = noticed ? "\n" : "";
    if (!noticed)
        noticed = "";
    if (info->si_code == SI_QUEUE && !is_running(info->si_value.sival_int)) {
        /* by the supervisor, with the limit of real time */
        bool known = strncmp(place, PLACE_CALL, strlen(PLACE_CALL)) == 0;
        verdict_end(VERDICT_TIMEOUT, "%s%s" WALL_LIMIT_TEXT "%s%s", noticed, newline,
                    info->si_value.sival_int, known ? ", " : "", known ? place : "");
    }
    if (vclock_moments() > many_moments)
        verdict_end(VERDICT_TIMEOUT,
                    "%s%sthe loop is woken again and again, %ld times until %.3f, and no end is in "
                    "sight: does a timer look whether there is something to do? The limit of CPU "
                    "time ran out %s",
                    noticed, newline, vclock_moments(), (double)vclock_now() / 1e9, place);
    verdict_end(VERDICT_TIMEOUT, "%s%san endless loop: the limit of CPU time ran out %s", noticed,
                newline, place);
}

/* abort(), as by a failed assert(), whose words stand on stderr already. */
static void on_abort(int signal)
{
    char place[256];

    (void)signal;
    verdict_end(VERDICT_ABORTED, "the program gave up: abort() was called %s",
                where_called(place, sizeof place));
}

static int limit_seconds; /* of CPU time; 0: there is no limit */

void guard_limit_cpu(int seconds)
{
    struct sigaction action = {.sa_sigaction = on_cpu_limit, .sa_flags = SA_SIGINFO | SA_ONSTACK};

    sigaction(SIGXCPU, &action, NULL);
    sigaction(SIGPROF, &action, NULL);
    limit(RLIMIT_CPU, (rlim_t)seconds, (rlim_t)seconds + 2);
    limit_seconds = seconds;
}

EXPORT void limit_cpu_ms(int ms)
{
    const int slow = 5; /* where all is slow, as under valgrind, the limit is higher than that */
    const struct itimerval left = {.it_value = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000}};

    if (limit_seconds > 0 && limit_seconds <= slow)
        (void)setitimer(ITIMER_PROF, &left, NULL);
}

int guard_install(int cpu_seconds, long memory_mib)
{
    const rlim_t mib = 1024 * 1024;

    guard_limit_cpu(cpu_seconds);
    signal(SIGABRT, on_abort);
    limit(RLIMIT_CORE, 0, 0);
    limit(RLIMIT_FSIZE, 256 * mib, 256 * mib);
    rlim_t data = data_in_use() + (rlim_t)memory_mib * mib;
    limit(RLIMIT_DATA, data, data);
    return install_filter(getpid(), getppid());
}

/* --- functions that a graded program has no business with --- */

REAL_FUNCTION(void, exit, (int));
REAL_FUNCTION(void, _exit, (int));
REAL_FUNCTION(int, kill, (pid_t, int));
REAL_FUNCTION(pid_t, fork, (void));
REAL_FUNCTION(pid_t, setsid, (void));

static bool guarding(void)
{
    return stage != GUARD_OFF && verdict_is_open();
}

static void ended_early(const char *call, int status)
{
    char place[256];

    where_called(place, sizeof place);
    if (stage == GUARD_LOADING)
        verdict_end(VERDICT_CHEATING,
                    "%s(%d) was called %s before any test ran, while the program was loaded (a "
                    "constructor): nothing was graded",
                    call, status, place);
    verdict_end(VERDICT_BROKEN,
                "%s(%d) was called %s: the program ended before the test did. Code that others "
                "call reports an error to its caller; only main ends the program",
                call, status, place);
}

EXPORT void exit(int status)
{
    if (guarding())
        ended_early("exit", status);
    REAL(exit)(status);
    __builtin_unreachable();
}

EXPORT void _exit(int status)
{
    if (guarding())
        ended_early("_exit", status);
    REAL(_exit)(status);
    __builtin_unreachable();
}

EXPORT void _Exit(int status)
{
    _exit(status);
}

EXPORT void quick_exit(int status)
{
    _exit(status);
}

EXPORT int kill(pid_t pid, int signal)
{
    char place[256];

    if (guarding() && pid != getpid())
        verdict_end(VERDICT_CHEATING,
                    "kill(%d, %d) was called %s: a graded program may signal itself only", (int)pid,
                    signal, where_called(place, sizeof place));
    return REAL(kill)(pid, signal);
}

EXPORT pid_t fork(void)
{
    char place[256];

    if (guarding())
        verdict_end(VERDICT_CHEATING,
                    "fork() was called %s: a graded program may not start processes",
                    where_called(place, sizeof place));
    return REAL(fork)();
}

EXPORT pid_t setsid(void)
{
    char place[256];

    if (guarding())
        verdict_end(VERDICT_CHEATING,
                    "setsid() was called %s: a graded program may not leave the grader's group",
                    where_called(place, sizeof place));
    return REAL(setsid)();
}

/* --- symbols --- */

void guard_check_symbols(void *handle)
{
    static const char *const reserved[] = {
        "epoll_wait",
        "epoll_pwait",
        "clock_gettime",
        "gettimeofday",
        "time",
        "sleep",
        "usleep",
        "nanosleep",
        "poll",
        "select",
        "read",
        "write",
        "readv",
        "writev",
        "recv",
        "send",
        "close",
        "exit",
        "_exit",
        "fork",
        "kill",
        "malloc",
        "calloc",
        "realloc",
        "free",
        "strdup",
        "pthread_create",
        "pthread_mutex_lock",
        "pthread_mutex_unlock",
        "trace",
        "expect_trace",
        "run_loop",
        "test_base",
        "now_ms",
        "setjmp",
        "longjmp",
        "event_base_loop",
        "memcmp",
        "strcmp",
        "event_base_dispatch",
        "_ck_assert_failed",
        "_mark_point",
        "expect_trace_in_order",
        "behaviour_add",
        "event_base_new",
        "event_base_free",
    };
    const struct link_map *map = handle;

    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
        Dl_info info;
        void *symbol = dlsym(handle, reserved[i]);
        if (symbol && dladdr(symbol, &info) != 0 && info.dli_fbase == (void *)map->l_addr)
            verdict_end(VERDICT_CHEATING,
                        "the program defines %s() itself: that name belongs to the system or to "
                        "the grader. Give your function another name, or make it static",
                        reserved[i]);
    }
}
