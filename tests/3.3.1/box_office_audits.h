/* box_office_audits.h: the first half of 04_single_thread's suite: audits, turn by turn of the loop
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BOX_OFFICE_AUDITS_H
#define BOX_OFFICE_AUDITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "04_single_thread.h"
#include "suite.h"

enum { ALL_BOOKINGS = 1000, TURNS_AT_MOST = 1000, UNHEARD = -1 };

enum { MADE_ACTIVE, TIMER, SOCKET, BELLS };

/* Somebody who wants to be served while the first booking is looked at. */
struct bell {
    struct event *event;
    struct list *list;
    int heard; /* how many bookings had been looked at when its callback ran */
};

/* One audit, and what has become of it. */
struct list {
    const struct booking *bookings;
    int count;
    struct audit *audit;
    int looks; /* calls of takings() */
    int looked_at[ALL_BOOKINGS];
    int calls;           /* of on_done() */
    long total;          /* of its last call */
    struct audit *freed; /* by on_done(); NULL: none */
    struct bell *bells;  /* BELLS of them; NULL: nobody rings */
    int socket;          /* makes bells[SOCKET] readable */
};

/* The booking k of all: each has takings of its own. */
static const struct booking *all_bookings(void)
{
    static struct booking bookings[ALL_BOOKINGS];

    for (int k = 0; k < ALL_BOOKINGS; k++)
        bookings[k] = (struct booking){.seats = 1 + k % 4, .price = 1000 + k};
    return bookings;
}

static long takings_of(const struct booking *booking)
{
    return (long)booking->seats * booking->price;
}

static void ring(struct list *list)
{
    const struct timeval at_once = {0};

    event_active(list->bells[MADE_ACTIVE].event, 0, 0);
    ck_assert_int_eq(event_add(list->bells[TIMER].event, &at_once), 0);
    ck_assert_int_eq(write(list->socket, "!", 1), 1);
}

static long on_look(const struct booking *booking, void *arg)
{
    struct list *list = arg;
    const ptrdiff_t k = booking - list->bookings;

    if (k < 0 || k >= list->count)
        fail_test("takings() was called for a booking that is not in the list\n"
                  "expected  number 1 to %d\ngot       number %td",
                  list->count, k + 1);
    list->looked_at[k]++;
    if (list->looks++ == 0 && list->bells != NULL)
        ring(list);
    return takings_of(booking);
}

static void on_audit_done(long total, void *arg)
{
    struct list *list = arg;

    list->calls++;
    list->total = total;
    audit_free(list->freed);
}

static void list_audit(struct list *list)
{
    const struct audit_order order = {list->bookings, (size_t)list->count, on_look, on_audit_done,
                                      list};

    list->audit = audit_start(test_base(), &order);
    if (list->audit == NULL)
        fail_test("audit_start() returned NULL for %d bookings", list->count);
    if (list->looks > 0 || list->calls > 0)
        fail_test("takings() and on_done() are for the loop to call: audit_start() must return "
                  "before");
}

static void expect_total(const struct list *list)
{
    long total = 0;

    if (list->calls != 1)
        fail_test("an audit of %d bookings: on_done() should be called once\n"
                  "expected  1 call,  after %d bookings\ngot       %d calls, after %d bookings",
                  list->count, list->count, list->calls, list->looks);
    for (int k = 0; k < list->count; k++) {
        total += takings_of(&list->bookings[k]);
        if (list->looked_at[k] != 1)
            fail_test("an audit of %d bookings: how often was number %d looked at?\n"
                      "expected  once\ngot       %d times",
                      list->count, k + 1, list->looked_at[k]);
    }
    if (list->total != total)
        fail_test("an audit of %d bookings has the wrong total\nexpected  %ld\ngot       %ld",
                  list->count, total, list->total);
}

/* One turn of the loop, which does not sleep. */
static void run_one_turn(void)
{
    ck_assert_int_ge(event_base_loop(test_base(), EVLOOP_ONCE | EVLOOP_NONBLOCK), 0);
}

static void on_bell(evutil_socket_t fd, short what, void *arg)
{
    struct bell *bell = arg;

    (void)fd;
    (void)what;
    bell->heard = bell->list->looks;
}

static void bells_open(struct bell bells[BELLS], struct list *list, int readable)
{
    for (int k = 0; k < BELLS; k++) {
        const bool socket = k == SOCKET;

        bells[k] = (struct bell){.list = list, .heard = UNHEARD};
        bells[k].event = event_new(test_base(), socket ? readable : -1, socket ? EV_READ : 0,
                                   on_bell, &bells[k]);
        ck_assert_ptr_nonnull(bells[k].event);
    }
    ck_assert_int_eq(event_add(bells[SOCKET].event, NULL), 0);
    list->bells = bells;
}

/* It may be after two pieces: in which order those are called who are due in one turn is free. */
static void expect_heard(const struct list *list, int which)
{
    static const char *const WHO[BELLS] = {"an event made active by hand", "a timer", "a socket"};
    const int by_hand = list->bells[MADE_ACTIVE].heard;
    const int heard = list->bells[which].heard;
    char got[64] = "its callback never", note[128] = "";

    if (heard != UNHEARD)
        snprintf(got, sizeof got, "its callback after booking %d", heard);
    if (which != MADE_ACTIVE)
        snprintf(note, sizeof note, "\n(that of %s: after booking %d)", WHO[MADE_ACTIVE], by_hand);
    if (heard == UNHEARD || heard > 2 * AUDIT_PIECE)
        fail_test("%s became due while the first booking was looked at\n"
                  "expected  its callback before booking %d\ngot       %s%s",
                  WHO[which], 2 * AUDIT_PIECE + 1, got, note);
}

START_TEST(who_rings_is_heard)
{
    struct list list = {.bookings = all_bookings(), .count = 950};
    struct bell bells[BELLS];
    int ends[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    list.socket = ends[0];
    bells_open(bells, &list, ends[1]);
    list_audit(&list);
    for (int turn = 0; list.calls == 0 && turn < TURNS_AT_MOST; turn++)
        run_one_turn();
    if (list.looks == 0)
        fail_test("how many of %d bookings were looked at?\nexpected  all\ngot       none",
                  list.count);
    for (int k = 0; k < BELLS; k++)
        expect_heard(&list, k);
    audit_free(list.audit);
    for (int k = 0; k < BELLS; k++)
        event_free(bells[k].event);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

START_TEST(at_most_a_piece_in_a_turn)
{
    struct list list = {.bookings = all_bookings(), .count = 950};

    list_audit(&list);
    for (int turn = 1; list.calls == 0 && turn <= TURNS_AT_MOST; turn++) {
        const int before = list.looks;

        run_one_turn();
        if (list.looks - before > AUDIT_PIECE)
            fail_test("turn %d of the loop: how many bookings were looked at?\n"
                      "expected  %d at the most: others have their turn before the next piece\n"
                      "got       %d",
                      turn, AUDIT_PIECE, list.looks - before);
        if (list.calls == 0 && list.looks == before)
            fail_test("turn %d of the loop: how many bookings were looked at?\n"
                      "expected  some, as %d are left, and it is not to rest\ngot       0",
                      turn, list.count - list.looks);
    }
    if (list.calls == 0)
        fail_test("an audit of %d bookings, after %d turns of the loop\nexpected  over\n"
                  "got       on_done() has not been called",
                  list.count, TURNS_AT_MOST);
    audit_free(list.audit);
}
END_TEST

START_TEST(every_length_is_counted)
{
    static const int COUNTS[] = {250, AUDIT_PIECE, AUDIT_PIECE + 1, AUDIT_PIECE - 1, 1, 0, 1000};

    for (size_t k = 0; k < sizeof COUNTS / sizeof COUNTS[0]; k++) {
        struct list list = {.bookings = all_bookings(), .count = COUNTS[k]};

        list_audit(&list);
        run_loop();
        expect_total(&list);
        if (now_ms() != 0)
            fail_test("an audit of %d bookings began at 0.000 and nobody else had anything to do\n"
                      "expected  over at 0.000\ngot       over at %d.%03d",
                      list.count, now_ms() / 1000, now_ms() % 1000);
        audit_free(list.audit);
    }
}
END_TEST

START_TEST(two_at_once)
{
    struct list a = {.bookings = all_bookings(), .count = 250};
    struct list b = {.bookings = all_bookings() + 500, .count = 430};

    list_audit(&a);
    run_one_turn();
    list_audit(&b);
    run_loop();
    expect_total(&a);
    expect_total(&b);
    audit_free(a.audit);
    audit_free(b.audit);
}
END_TEST

START_TEST(freed_half_way)
{
    struct list kept = {.bookings = all_bookings(), .count = 430};
    struct list freed = {.bookings = all_bookings() + 500, .count = 430};

    list_audit(&kept);
    list_audit(&freed);
    run_one_turn();
    run_one_turn();
    const int looks = freed.looks;
    if (freed.calls > 0)
        fail_test("an audit of %d bookings, after two turns of the loop\n"
                  "expected  under way, and then it is freed\ngot       over, after %d bookings",
                  freed.count, looks);
    audit_free(freed.audit);
    run_loop();
    if (freed.looks != looks || freed.calls != 0)
        fail_test("an audit was freed after %d bookings\n"
                  "expected  no more of them, and on_done() not called\n"
                  "got       %d more, and on_done() called %d times",
                  looks, freed.looks - looks, freed.calls);
    expect_total(&kept);
    audit_free(kept.audit);
    audit_free(NULL);
}
END_TEST

START_TEST(on_done_may_free)
{
    struct list itself = {.bookings = all_bookings(), .count = 250};
    struct list first = {.bookings = all_bookings(), .count = 50};
    struct list second = {.bookings = all_bookings(), .count = 950};

    list_audit(&itself);
    itself.freed = itself.audit;
    list_audit(&first);
    list_audit(&second);
    first.freed = second.audit;
    run_loop();
    expect_total(&itself);
    expect_total(&first);
    ck_assert_int_eq(second.calls, 0);
    audit_free(first.audit);
}
END_TEST

#endif
