/* test_faults.c: tests of faults.h
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "faults.h"

#include <dlfcn.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/thread.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "ledger.h"
#include "unit.h"
#include "vclock.h"
#include "verdict.h"
#include "where.h"

static int fds[2];

static void make_pair(void)
{
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
}

static void close_pair(void)
{
    close(fds[0]);
    close(fds[1]);
}

START_TEST(reads_and_writes_are_cut)
{
    char bytes[16];
    struct iovec v[2] = {{bytes, 3}, {bytes + 3, 3}};

    make_pair();
    faults.max_write = 5;
    ck_assert_int_eq(write(fds[1], "0123456789", 10), 5);
    ck_assert_int_eq(send(fds[1], "56789", 5, 0), 5);
    faults.max_read = 1;
    ck_assert_int_eq(read(fds[0], bytes, sizeof bytes), 1);
    ck_assert_int_eq(recv(fds[0], bytes, sizeof bytes, 0), 1);
    faults.max_read = 4;
    ck_assert_int_eq(readv(fds[0], v, 2), 4);
    ck_assert_int_eq(memcmp(bytes, "2345", 4), 0);
    ck_assert_int_eq(faults_calls(), 5);
    close_pair();
}
END_TEST

START_TEST(datagrams_come_whole_or_not_at_all)
{
    char bytes[16];
    struct iovec v = {bytes, sizeof bytes};
    struct msghdr message = {.msg_iov = &v, .msg_iovlen = 1};

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, fds), 0);
    faults.max_read = faults.max_write = 1;
    ck_assert_int_eq(sendto(fds[1], "0123", 4, 0, NULL, 0), 4);
    ck_assert_int_eq(sendto(fds[1], "", 0, 0, NULL, 0), 0);
    ck_assert_int_eq(sendmsg(fds[1], &message, 0), 16);
    faults.eagain_every = 4;
    errno = 0;
    ck_assert_int_eq(recvfrom(fds[0], bytes, sizeof bytes, 0, NULL, NULL), -1);
    ck_assert_int_eq(errno, EAGAIN);
    ck_assert_int_eq(recvfrom(fds[0], bytes, sizeof bytes, 0, NULL, NULL), 4);
    ck_assert_int_eq(recvfrom(fds[0], bytes, sizeof bytes, 0, NULL, NULL), 0);
    ck_assert_int_eq(recvmsg(fds[0], &message, 0), 16);
    ck_assert_uint_eq(message.msg_iovlen, 1);
    ck_assert_ptr_eq(message.msg_iov, &v);
    close_pair();
}
END_TEST

START_TEST(messages_on_a_stream_are_cut)
{
    char bytes[16];
    struct iovec v[2] = {{bytes, 3}, {bytes + 3, 3}};
    struct msghdr message = {.msg_iov = v, .msg_iovlen = 2};

    make_pair();
    memcpy(bytes, "012345", 6);
    faults.max_write = 4;
    ck_assert_int_eq(sendmsg(fds[1], &message, 0), 4);
    faults.max_read = 2;
    ck_assert_int_eq(recvmsg(fds[0], &message, 0), 2);
    ck_assert_int_eq(recvfrom(fds[0], bytes, sizeof bytes, 0, NULL, NULL), 2);
    ck_assert_int_eq(memcmp(bytes, "23", 2), 0);
    faults.eintr_every = 1;
    ck_assert_int_eq(sendmsg(fds[1], &message, 0), -1);
    ck_assert_int_eq(recvmsg(fds[0], &message, 0), -1);
    ck_assert_int_eq(errno, EINTR);
    close_pair();
}
END_TEST

START_TEST(errors_come_as_asked)
{
    char byte;
    int again = 0, interrupted = 0;

    make_pair();
    faults.eagain_every = 3;
    faults.eintr_every = 4;
    for (int i = 0; i < 12; i++) {
        if (write(fds[1], "x", 1) == 1)
            continue;
        again += errno == EAGAIN;
        interrupted += errno == EINTR;
    }
    ck_assert_int_eq(again, 3); /* calls 3, 6, 9; the 12th is both, and EINTR wins */
    ck_assert_int_eq(interrupted, 3);
    faults_clear();
    faults.reset_after = 2;
    ck_assert_int_eq(read(fds[0], &byte, 1), 1);
    ck_assert_int_eq(read(fds[0], &byte, 1), 1);
    ck_assert_int_eq(read(fds[0], &byte, 1), -1);
    ck_assert_int_eq(errno, ECONNRESET);
    close_pair();
}
END_TEST

START_TEST(a_silent_peer_never_answers)
{
    char byte;

    make_pair();
    ck_assert_int_eq(write(fds[1], "x", 1), 1);
    faults.silent = true;
    ck_assert_int_eq(read(fds[0], &byte, 1), -1);
    ck_assert_int_eq(errno, EAGAIN);
    faults.silent = false;
    ck_assert_int_eq(read(fds[0], &byte, 1), 1);
    close_pair();
}
END_TEST

START_TEST(some_calls_fail)
{
    char byte = 'x';

    make_pair();
    faults.failing_writes = 2;
    faults.write_error = ENOBUFS;
    for (int i = 0; i < 2; i++) {
        errno = 0;
        ck_assert_int_eq(send(fds[1], &byte, 1, 0), -1);
        ck_assert_int_eq(errno, ENOBUFS);
    }
    ck_assert_int_eq(send(fds[1], &byte, 1, 0), 1);
    faults.failing_reads = 1;
    faults.read_error = ENOMEM;
    ck_assert_int_eq(recv(fds[0], &byte, 1, 0), -1);
    ck_assert_int_eq(errno, ENOMEM);
    ck_assert_int_eq(recv(fds[0], &byte, 1, 0), 1);
    close_pair();
}
END_TEST

START_TEST(accept_runs_out_of_descriptors)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(listener, 1), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    vclock_stop(); /* a blocking connect is this test's, not the learner's */
    ck_assert_int_eq(connect(client, (struct sockaddr *)&address, length), 0);
    vclock_start();
    faults.emfile_accepts = 2;
    for (int i = 0; i < 2; i++) {
        faults.accept_error = i == 0 ? 0 : ENOMEM;
        ck_assert_int_eq(accept(listener, NULL, NULL), -1);
        ck_assert_int_eq(errno, i == 0 ? EMFILE : ENOMEM);
    }
    int accepted = accept(listener, NULL, NULL);
    ck_assert_int_ge(accepted, 0);
    close(accepted);
    close(client);
    close(listener);
}
END_TEST

static int reads;

static void on_read(struct bufferevent *bev, void *arg)
{
    (void)arg;
    reads++;
    if (evbuffer_get_length(bufferevent_get_input(bev)) == 18)
        bufferevent_disable(bev, EV_READ);
}

START_TEST(libevent_reads_one_byte_at_a_time)
{
    struct event_base *base = event_base_new();

    make_pair();
    struct bufferevent *bev = bufferevent_socket_new(base, fds[0], 0);
    bufferevent_setcb(bev, on_read, NULL, NULL, NULL);
    bufferevent_enable(bev, EV_READ);
    ck_assert_int_eq(write(fds[1], "one message, whole", 18), 18);
    faults.max_read = 1;
    event_base_dispatch(base);
    ck_assert_int_eq(reads, 18);
    bufferevent_free(bev);
    event_base_free(base);
    close_pair();
}
END_TEST

START_TEST(the_harness_itself_is_spared)
{
    char bytes[4];

    make_pair();
    faults.max_read = faults.max_write = 1;
    ck_assert_int_eq(io_raw_write(fds[1], "abcd", 4), 4);
    ck_assert_int_eq(io_raw_read(fds[0], bytes, 4), 4);
    close_pair();
}
END_TEST

static void read_file(evutil_socket_t fd, short what, void *arg)
{
    char byte;

    (void)fd;
    (void)what;
    ck_assert_int_eq(read(*(int *)arg, &byte, 1), 1);
}

static const char *problem_of_reading(bool forbidden)
{
    char path[] = "/tmp/workbook-XXXXXX";
    int file = mkstemp(path);
    struct event_base *base = event_base_new();

    ck_assert_int_ge(file, 0);
    unlink(path);
    ck_assert_int_eq(write(file, "x", 1), 1);
    ck_assert_int_eq(lseek(file, 0, SEEK_SET), 0);
    io_forbid_files(forbidden);
    event_base_once(base, -1, EV_TIMEOUT, read_file, &file, NULL);
    event_base_dispatch(base);
    event_base_free(base);
    close(file);
    return problem_first();
}

START_TEST(files_on_the_loop_thread_are_told)
{
    ck_assert_ptr_null(problem_of_reading(false));
    const char *told = problem_of_reading(true);
    ck_assert_ptr_nonnull(told);
    ck_assert_ptr_nonnull(strstr(told, "read() on a file"));
}
END_TEST

static char blocked_call[32];

static void on_blocked(const char *call, int fd)
{
    (void)fd;
    strcpy(blocked_call, call);
    io_raw_write(fds[1], "x", 1); /* or the real call would wait */
}

START_TEST(a_read_that_would_wait_is_told)
{
    char byte;

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    vclock_hooks.blocked = on_blocked;
    ck_assert_int_eq(io_raw_write(fds[1], "x", 1), 1);
    ck_assert_int_eq(read(fds[0], &byte, 1), 1); /* ready: no wait */
    ck_assert_str_eq(blocked_call, "");
    ck_assert_int_eq(read(fds[0], &byte, 1), 1);
    ck_assert_str_eq(blocked_call, "read");
    close_pair();
}
END_TEST

START_TEST(errors_of_other_kinds)
{
    char byte;

    make_pair();
    faults.eintr_every = 4;
    faults.eintr_in_a_row = 3;
    for (int call = 1; call <= 8; call++) {
        const bool interrupted = call % 4 != 3;
        ck_assert_int_eq(write(fds[1], "x", 1), interrupted ? -1 : 1);
        ck_assert(!interrupted || errno == EINTR);
    }
    faults.eintr_every = 0;
    faults.write_errno = EPIPE;
    ck_assert_int_eq(write(fds[1], "x", 1), -1);
    ck_assert_int_eq(errno, EPIPE);
    ck_assert_int_eq(read(fds[0], &byte, 1), 1);
    faults.reset_after = 1;
    faults.reset_errno = EIO;
    ck_assert_int_eq(read(fds[0], &byte, 1), -1);
    ck_assert_int_eq(errno, EIO);
    close_pair();
}
END_TEST

/* This program stands for the learner's module. */
START_TEST(calls_of_libevent_fail)
{
    struct evbuffer *b = evbuffer_new();

    where_set_module(dlopen(NULL, RTLD_NOW));
    faults.queueing_fails = 2;
    ck_assert_int_eq(evbuffer_add(b, "x", 1), 0);
    ck_assert_int_eq(evbuffer_add(b, "x", 1), -1);
    ck_assert_int_eq(evbuffer_add(b, "x", 1), 0);
    ck_assert_uint_eq(evbuffer_get_length(b), 2);
    faults.no_locks = true;
    ck_assert_int_eq(evthread_use_pthreads(), -1);
    ck_assert(!faults.no_locks);
    ck_assert_int_eq(evthread_use_pthreads(), 0);
    evbuffer_free(b);
}
END_TEST

Suite *faults_suite(void)
{
    return UNIT_SUITE("faults", reads_and_writes_are_cut, datagrams_come_whole_or_not_at_all,
                      messages_on_a_stream_are_cut, errors_come_as_asked,
                      a_silent_peer_never_answers, some_calls_fail, accept_runs_out_of_descriptors,
                      libevent_reads_one_byte_at_a_time, the_harness_itself_is_spared,
                      files_on_the_loop_thread_are_told, a_read_that_would_wait_is_told,
                      errors_of_other_kinds, calls_of_libevent_fail);
}
