/* test_ledger.c: tests of ledger.h
 *
 * SPDX-License-Identifier: MIT
 */
#include "ledger.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

static char text[1024];

START_TEST(new_descriptors_are_named)
{
    ledger_start();
    ck_assert_int_eq(ledger_new_descriptors(text, sizeof text), 0);
    ck_assert_str_eq(text, "");
    int fd = open("/dev/null", O_RDONLY);
    ck_assert_int_eq(ledger_new_descriptors(text, sizeof text), 1);
    ck_assert_ptr_nonnull(strstr(text, "(/dev/null)"));
    close(fd);
    ck_assert_int_eq(ledger_new_descriptors(text, sizeof text), 0);
}
END_TEST

static void on_nothing(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
}

START_TEST(pending_events_are_described)
{
    struct event_base *base = event_base_new();
    struct event *timer = evtimer_new(base, on_nothing, NULL);
    struct event *signal = evsignal_new(base, SIGUSR1, on_nothing, NULL);

    ck_assert_int_eq(ledger_pending_events(base, text, sizeof text), 0);
    event_add(timer, &(struct timeval){1, 500000});
    event_add(signal, NULL);
    ck_assert_int_eq(ledger_pending_events(base, text, sizeof text), 2);
    ck_assert_ptr_nonnull(strstr(text, "timer for"));
    ck_assert_ptr_nonnull(strstr(text, "due at 1.500"));
    ck_assert_ptr_nonnull(strstr(text, "signal 10 for"));
    event_del(timer);
    event_active(timer, EV_TIMEOUT, 0);
    ck_assert_int_eq(ledger_pending_events(base, text, sizeof text), 2);
    ck_assert_ptr_nonnull(strstr(text, ", active"));
    ck_assert_ptr_null(strstr(text, "due at"));
    event_free(timer);
    event_free(signal);
    event_base_free(base);
}
END_TEST

static int depth_inside;

static void note_depth(evutil_socket_t fd, short what, void *base)
{
    (void)fd;
    (void)what;
    depth_inside = ledger_loop_depth();
    ck_assert_ptr_eq(ledger_current_base(), base);
}

START_TEST(the_loop_is_known_to_run)
{
    struct event_base *base = event_base_new();

    ck_assert_int_eq(ledger_loop_depth(), 0);
    event_base_once(base, -1, EV_TIMEOUT, note_depth, base, NULL);
    event_base_dispatch(base);
    ck_assert_int_eq(depth_inside, 1);
    ck_assert_int_eq(ledger_loop_depth(), 0);
    event_base_free(base);
}
END_TEST

Suite *ledger_suite(void)
{
    return UNIT_SUITE("ledger", new_descriptors_are_named, pending_events_are_described,
                      the_loop_is_known_to_run);
}
