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

enum { ALL_BOOKINGS = 1000, TURNS_AT_MOST = 1000, UNHEARD = -1, STOPS_AT = 150 };

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
    const char *beside;  /* other audits there were, in words for messages; NULL: none */
    struct audit *freed; /* by on_done(); NULL: none */
    struct list *stops;  /* at booking STOPS_AT: this one's audit is freed; NULL: none */
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

    if (list->count == 0)
        fail_test("the list is empty: how often was takings() called?\nexpected  never\n"
                  "got       a first time");
    if (k < 0 || k >= list->count)
        fail_test("takings() was called for a booking that is not in the list\n"
                  "expected  number 1 to %d\ngot       number %td",
                  list->count, k + 1);
    list->looked_at[k]++;
    if (list->looks++ == 0 && list->bells != NULL)
        ring(list);
    if (list->looks == STOPS_AT && list->stops != NULL) {
        audit_free(list->stops->audit);
        list->stops->audit = NULL;
    }
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
    const char *beside = list->beside != NULL ? list->beside : "";
    long total = 0;

    if (list->calls != 1)
        fail_test("an audit of %d bookings%s: on_done() should be called once\n"
                  "expected  1 call,  after %d bookings\ngot       %d calls, after %d bookings",
                  list->count, beside, list->count, list->calls, list->looks);
    for (int k = 0; k < list->count; k++) {
        total += takings_of(&list->bookings[k]);
        if (list->looked_at[k] != 1)
            fail_test("an audit of %d bookings%s: how often was number %d looked at?\n"
                      "expected  once\ngot       %d times",
                      list->count, beside, k + 1, list->looked_at[k]);
    }
    if (list->total != total)
        fail_test("an audit of %d bookings%s: what is the total?\nexpected  %ld\n"
                  "got       %ld",
                  list->count, beside, total, list->total);
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
    const int heard = list->bells[which].heard;
    char got[64] = "not before the audit was over";

    if (heard != UNHEARD)
        snprintf(got, sizeof got, "when %d had been looked at", heard);
    if (heard == UNHEARD || heard > 2 * AUDIT_PIECE)
        fail_test("%s became due while booking 1 of %d was looked at: when was it served?\n"
                  "expected  when %d had been looked at, at the latest\ngot       %s",
                  WHO[which], list->count, 2 * AUDIT_PIECE, got);
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

        list.beside = k > 0 ? ", after other audits" : NULL;
        list_audit(&list);
        run_loop();
        expect_total(&list);
        audit_free(list.audit);
    }
}
END_TEST

START_TEST(a_total_may_be_large)
{
    static const struct booking BOOKINGS[] = {{3, 1000000000}, {1, 1}};
    struct list list = {.bookings = BOOKINGS, .count = 2};

    list.beside = ", whose total does not fit into an int";
    list_audit(&list);
    run_loop();
    expect_total(&list);
    audit_free(list.audit);
}
END_TEST

START_TEST(two_at_once)
{
    struct list a = {.bookings = all_bookings(), .count = 250};
    struct list b = {.bookings = all_bookings() + 500, .count = 430};

    a.beside = b.beside = ", while another audit was under way";
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

/* Another audit frees it, in the midst of a piece of its own. */
START_TEST(freed_half_way)
{
    struct list freed = {.bookings = all_bookings() + 500, .count = 430};
    struct list kept = {.bookings = all_bookings(), .count = 430, .stops = &freed};

    kept.beside = ", which frees another one";
    list_audit(&kept);
    list_audit(&freed);
    run_loop();
    expect_total(&kept);
    if (freed.looks == freed.count || freed.calls != 0)
        fail_test("an audit of %d bookings was freed when another one was at booking %d\n"
                  "expected  it stops half-way, and on_done() is not called\n"
                  "got       %d were looked at, and on_done() was called %d times",
                  freed.count, STOPS_AT, freed.looks, freed.calls);
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
