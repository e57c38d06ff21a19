/* faults.h: what a network does to a program, on demand
 *
 * The harness stands in front of read, write, readv, writev, recv, send,
 * recvfrom, sendto, recvmsg, sendmsg, accept and accept4. A fault applies to
 * sockets and pipes (with `files`, to regular files too), whoever makes the
 * call: libevent's bufferevents or the learner's own code; but a datagram is
 * never cut. All faults end with the test.
 *
 * The same place sees calls that would block: see io_forbid_files() and the
 * rules at `vclock_hooks.blocked`.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FAULTS_H
#define FAULTS_H

#include <stdbool.h>
#include <stddef.h>

struct faults {
    size_t max_read;    /* bytes a read gives at the most; 1 is "one byte at a time"; 0: no limit */
    size_t max_write;   /* bytes a write takes at the most; 0: no limit */
    int eagain_every;   /* every n-th call answers EAGAIN; 0: none */
    int eintr_every;    /* every n-th call answers EINTR; 0: none */
    int eintr_in_a_row; /* so many calls do, each time; 0: one */
    size_t reset_after; /* ECONNRESET once so many bytes were read; 0: never */
    int reset_errno;    /* of reset_after, in place of ECONNRESET; 0: that */
    int write_errno;    /* each write to a socket or pipe fails with it; 0: none does */
    int queueing_fails; /* the n-th bufferevent_write() or evbuffer_add() that the learner's code
                         * makes from now on fails, for want of memory; 0: none does */
    bool no_locks;      /* evthread_use_pthreads() fails once, and makes this false */
    int emfile_accepts; /* so many next accepts answer EMFILE */
    int accept_error;   /* or this errno, if it is not 0 */
    int failing_reads;  /* so many next reads answer `read_error` */
    int read_error;     /* an errno */
    int failing_writes; /* so many next writes answer `write_error` */
    int write_error;    /* an errno */
    bool silent;        /* reads answer EAGAIN for ever: the peer never answers */
    bool files;         /* the limits hold for regular files too */
    /* Of regular files; calls that take a path: those of the learner's code. */
    int file_ms;         /* a worker's read, write or fsync takes so much virtual time */
    size_t enospc_after; /* the disk is full once so many bytes were written; 0: never */
    /* The fail_at-th call of this name (0: each) fails with fail_errno: "open", "read" (pread, too),
     * "write", "fsync", "close", "rename", "unlink"; NULL: none does. */
    const char *fail_call;
    int fail_at, fail_errno;
    /* Called before each such call, on its thread, with its path or NULL. */
    void (*on_file_call)(const char *call, const char *path);
};

/* The faults in force; a test sets its members. */
extern struct faults faults;

/* No faults; called before every test. */
void faults_clear(void);

/* How often the learner's side read or wrote since faults_clear(). */
long faults_calls(void);

/* Regular files may not be opened, read, written, synced, closed, renamed or unlinked by the
 * learner on the loop thread while the loop runs. */
void io_forbid_files(bool forbid);

/* The harness's own reads and writes: straight to the kernel, no faults, no rules. */
long io_raw_write(int fd, const void *bytes, size_t n);
long io_raw_read(int fd, void *bytes, size_t n);

#endif
