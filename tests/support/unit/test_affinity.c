/* test_affinity.c: tests of affinity.h: which thread may call libevent
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "affinity.h"

#include <dlfcn.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/thread.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "unit.h"
#include "verdict.h"
#include "where.h"

static char told[1024]; /* the verdict; "": none */

/* In place of the supervisor; the thread that was caught ends. */
static void catch (const char *message)
{
    snprintf(told, sizeof told, "%s", message);
    pthread_exit(NULL);
}

static void on_nothing(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
}

/* What `thread` is told when it runs with `arg`; this program stands for the learner's module. */
static const char *told_to(void *(*thread)(void *), void *arg)
{
    pthread_t id;

    told[0] = '\0';
    where_set_module(dlopen(NULL, RTLD_NOW));
    verdict_redirect(catch);
    ck_assert_int_eq(pthread_create(&id, NULL, thread, arg), 0);
    ck_assert_int_eq(pthread_join(id, NULL), 0);
    return told;
}

static void *add(void *ev)
{
    event_add(ev, &(struct timeval){1, 0});
    return NULL;
}

static void *activate(void *ev)
{
    event_active(ev, EV_TIMEOUT, 0);
    return NULL;
}

static void *add_bytes(void *buffer)
{
    evbuffer_add(buffer, "bytes", 5);
    return NULL;
}

static void *use_a_buffer(void *unused)
{
    struct evbuffer *mine = evbuffer_new();

    (void)unused;
    evbuffer_add(mine, "bytes", 5);
    evbuffer_add_printf(mine, "%d", 5);
    evbuffer_drain(mine, 2);
    evbuffer_free(mine);
    return NULL;
}

START_TEST(an_event_is_not_another_threads)
{
    struct event_base *base = event_base_new();
    struct event *ev = evtimer_new(base, on_nothing, NULL);

    ck_assert_int_eq(event_add(ev, &(struct timeval){2, 0}), 0); /* on this thread */
    ck_assert_str_eq(told, "");
    ck_assert_ptr_nonnull(strstr(told_to(add, ev), "event_add() was called"));
    event_free(ev);
    event_base_free(base);
}
END_TEST

START_TEST(without_locks_nobody_is_woken)
{
    struct event_base *base = event_base_new();
    struct event *ev = evtimer_new(base, on_nothing, NULL);

    ck_assert_int_eq(evthread_use_pthreads(), 0);
    ck_assert_ptr_nonnull(strstr(told_to(activate, ev), "cannot wake the loop"));
    event_free(ev);
    event_base_free(base);
}
END_TEST

START_TEST(with_locks_the_loop_is_woken)
{
    ck_assert_int_eq(evthread_use_pthreads(), 0);
    struct event_base *base = event_base_new();
    struct event *ev = evtimer_new(base, on_nothing, NULL);

    ck_assert_str_eq(told_to(activate, ev), "");
    event_free(ev);
    event_base_free(base);
}
END_TEST

START_TEST(a_buffer_is_its_makers)
{
    struct evbuffer *buffer = evbuffer_new();

    ck_assert_str_eq(told_to(use_a_buffer, NULL), "");
    ck_assert_ptr_nonnull(strstr(told_to(add_bytes, buffer), "evbuffer_add() was called"));
    evbuffer_free(buffer);
}
END_TEST

Suite *affinity_suite(void)
{
    return UNIT_SUITE("affinity", an_event_is_not_another_threads, without_locks_nobody_is_woken,
                      with_locks_the_loop_is_woken, a_buffer_is_its_makers);
}
