/* p5_denied.h: permissions that cannot be set, for check_p5_file_processor.c
 *
 * On a file system that knows none fchmod() fails. Here the kernel's filter for this process makes
 * it fail: there is no way back.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P5_DENIED_H
#define P5_DENIED_H

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define DENY_CALL(nr)                                                                              \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, 1),                                               \
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)

/* From now on chmod() and its like fail in this thread, and in those that it starts, with EPERM.
 * False if the kernel does not do that. */
static bool deny_chmod(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
#ifdef SYS_chmod
        DENY_CALL(SYS_chmod),
#endif
#ifdef SYS_fchmodat2
        DENY_CALL(SYS_fchmodat2),
#endif
        DENY_CALL(SYS_fchmod),
        DENY_CALL(SYS_fchmodat),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 && fchmod(-1, 0600) != 0 &&
           errno == EPERM; /* and not EBADF */
}

#endif
