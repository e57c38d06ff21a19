/* check_03_nonblocking.c: the suite of 03_nonblocking, the barcode scanner
 *
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>

#include "faults.h"
#include "till.h"

/* ---- the bytes ---- */

START_TEST(told_when_they_come)
{
    struct till till = {0};
    struct peer *p = till_open_peer(&till);

    peer_send(p, 100, "4006381", 7);
    peer_send(p, 250, "333931", 6);
    peer_send(p, 900, "97801", 5);
    run_loop_for(1000);
    expect_told(&till, "\n  0.100  4006381\n  0.250  333931\n  0.900  97801");
    till_close(&till);
}
END_TEST

START_TEST(byte_after_byte)
{
    struct till till = {0};
    struct peer *p = till_open_peer(&till);

    faults.max_read = 1;
    peer_send(p, 100, "4006381333931 9780131103627", 27);
    run_loop_for(1000);
    expect_told(&till, "\n  0.100  4006381333931 9780131103627");
    till_close(&till);
}
END_TEST

START_TEST(any_bytes_from_a_pipe)
{
    struct till till = {0};
    char bytes[600];
    int ends[2];

    fill(bytes, sizeof(bytes), 1, 256); /* 0 is among them */
    ck_assert_int_eq(pipe(ends), 0);
    till.line = ends[0];
    till.far = ends[1];
    till_listen(&till);
    ck_assert_int_eq(write(till.far, bytes, sizeof(bytes)), sizeof(bytes));
    run_loop_for(100);
    expect_bytes(&till, bytes, sizeof(bytes));
    till_close(&till);
}
END_TEST

/* ---- nothing to read ---- */

/* Two tills listen to one line. Both are woken, and one of them finds that the bytes are gone. */
START_TEST(another_was_faster)
{
    struct till tills[2] = {{0}};

    tills[1].line = dup(till_open_pair(&tills[0])); /* the same line under another number */
    tills[1].far = -1;
    till_listen(&tills[1]);
    for (int k = 0; k < 3; k++) {
        till_send(&tills[0], "12345", 5);
        run_loop_for(100);
    }
    for (int k = 0; k < 2; k++)
        if (tills[k].why != NOT_ENDED)
            fail_test("two tills listen to one line: one finds the bytes, the other finds nothing\n"
                      "expected  both go on waiting\ngot       on_end(%s) at %.3f",
                      result_text(tills[k].why), tills[k].ended_at_ms / 1e3);
    if (tills[0].n + tills[1].n != 15)
        fail_test("bytes that two tills on one line were told, together\n"
                  "expected  15\ngot       %zu",
                  tills[0].n + tills[1].n);
    till_close(&tills[1]);
    till_close(&tills[0]);
}
END_TEST

/* Listens to a code, byte after byte, while every second read answers with a fault. */
static void listen_through(int *fault)
{
    struct till till = {0};

    (void)till_open_pair(&till);
    till_send(&till, "4006381333931", 13);
    faults.max_read = 1;
    *fault = 2;
    run_loop_for(100);
    faults = (struct faults){0};
    expect_told(&till, "\n  0.000  4006381333931");
    till_close(&till);
}

START_TEST(ready_was_a_hint)
{
    listen_through(&faults.eagain_every);
}
END_TEST

START_TEST(a_signal_interrupts)
{
    listen_through(&faults.eintr_every);
}
END_TEST

/* ---- the budget ---- */

/* Lets the loop look at the descriptors once, and call what is ready. */
static void run_one_turn(void)
{
    ck_assert_int_ge(event_base_loop(test_base(), EVLOOP_ONCE | EVLOOP_NONBLOCK), 0);
}

static void run_turn_on_budget(struct till *till, int turn)
{
    size_t before = till->n;

    run_one_turn();
    if (till->n - before > SCAN_BUDGET)
        fail_test("bytes taken off the line in turn %d of the loop, while all others waited\n"
                  "expected  %d at the most\ngot       %zu",
                  turn, SCAN_BUDGET, till->n - before);
}

START_TEST(a_flood_is_taken_in_portions)
{
    struct till till = {0};
    char bytes[FLOOD];

    fill(bytes, sizeof(bytes), 'A', 58);
    (void)till_open_pair(&till);
    till_send(&till, bytes, sizeof(bytes));
    for (int turn = 1; turn <= FLOOD && till.n < FLOOD; turn++)
        run_turn_on_budget(&till, turn);
    expect_bytes(&till, bytes, sizeof(bytes));
    till_close(&till);
}
END_TEST

/* Whatever is read, as much comes again: who reads until nothing is left does not return. */
START_TEST(a_scanner_that_never_stops)
{
    struct till till = {.refill = true};

    (void)till_open_pair(&till);
    till_send(&till, "4006381333931 ", 14);
    for (int turn = 1; turn <= 20; turn++)
        run_turn_on_budget(&till, turn);
    if (till.n == 0)
        fail_test("20 turns of the loop, with bytes on the line at each\n"
                  "expected  on_bytes()\ngot       nothing");
    till_close(&till);
}
END_TEST

/* ---- the end ---- */

START_TEST(unplugged_behind_the_last_bytes)
{
    struct till till = {0};
    char bytes[2 * SCAN_BUDGET + 20];

    fill(bytes, sizeof(bytes), 'A', 58);
    (void)till_open_pair(&till);
    till_send(&till, bytes, sizeof(bytes));
    till_unplug(&till);
    for (int turn = 1; turn <= 1000 && till.why == NOT_ENDED; turn++)
        run_one_turn();
    expect_bytes(&till, bytes, sizeof(bytes));
    if (till.why == NOT_ENDED)
        fail_test(
            "the line ended after %zu bytes; then the loop looked 1000 times, and each time a "
            "read() gave 0\nexpected  on_end(0)\ngot       nothing",
            sizeof(bytes));
    if (till.why != 0)
        fail_test("the line ended after %zu bytes\nexpected  on_end(0)\ngot       on_end(%s)",
                  sizeof(bytes), result_text(till.why));
    run_loop(); /* ends at once: the line is no event of the loop any more */
    till_close(&till);
}
END_TEST

START_TEST(unplugged_after_a_silence)
{
    struct till till = {0};
    struct peer *p = till_open_peer(&till);

    faults.max_read = 2;
    peer_send(p, 100, "97801", 5);
    peer_close(p, 3600000);
    run_loop();
    expect_told(&till, "\n  0.100  97801\n  3600.000  on_end(0)");
    till_close(&till);
}
END_TEST

START_TEST(the_line_breaks)
{
    struct till till = {0};
    struct peer *p = till_open_peer(&till);

    peer_send(p, 100, "97801", 5);
    peer_send(p, 300, "3", 1);
    run_loop_for(200);
    faults.reset_after = 5; /* from now on each read says ECONNRESET */
    run_loop();
    expect_told(&till, "\n  0.100  97801\n  0.300  on_end(-ECONNRESET)");
    till_close(&till);
}
END_TEST

/* Who closes a socket of a pair without having read it resets the other: that one's reads give what
 * is there, then say ECONNRESET, once, and from then on give 0. */
START_TEST(the_line_breaks_behind_the_last_bytes)
{
    struct till till = {0};

    (void)till_open_pair(&till);
    ck_assert_int_eq(send(till.line, "?", 1, MSG_NOSIGNAL), 1);
    till_send(&till, "97801", 5);
    till_unplug(&till);
    run_loop();
    expect_told_when(&till,
                     "bytes are on the line, and behind them an error, which one read() reports: "
                     "those after it give 0",
                     "\n  0.000  97801\n  0.000  on_end(-ECONNRESET)");
    till_close(&till);
}
END_TEST

/* ---- free at any moment ---- */

START_TEST(freed_by_on_bytes)
{
    struct till till = {.free_on_bytes = true};
    char bytes[3 * SCAN_BUDGET];

    fill(bytes, sizeof(bytes), 'A', 58);
    (void)till_open_pair(&till);
    till_send(&till, bytes, sizeof(bytes));
    run_loop();
    if (till.n < 1 || till.n > SCAN_BUDGET)
        fail_test("bytes told to a till that frees the scanner in on_bytes()\n"
                  "expected  those of one call, 1 to %d\ngot       %zu",
                  SCAN_BUDGET, till.n);
    const ssize_t left = recv(till.line, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (left != (ssize_t)(sizeof(bytes) - till.n))
        fail_test("after scanner_free(): what can still be read from the line?\n"
                  "expected  the other %zu bytes\ngot       %s",
                  sizeof(bytes) - till.n, left < 0 ? strerror(errno) : "another number of bytes");
    till_close(&till);
}
END_TEST

START_TEST(freed_by_on_end)
{
    struct till till = {.free_on_end = true};

    (void)till_open_pair(&till);
    till_unplug(&till);
    run_loop();
    expect_told(&till, "\n  0.000  on_end(0)");
    till_close(&till);
}
END_TEST

START_TEST(freed_before_the_loop_runs)
{
    struct till till = {0};

    (void)till_open_pair(&till);
    till_send(&till, "4006", 4);
    till_free_scanner(&till);
    scanner_free(NULL);
    run_loop();
    expect_told(&till, "");
    till_close(&till);
}
END_TEST

START_TEST(lines_that_cannot_be_read)
{
    const struct scanner_calls calls = {on_bytes, on_end};
    int file = open("/dev/null", O_RDONLY);

    if (scanner_start(test_base(), -1, &calls, NULL) != NULL)
        fail_test("scanner_start() with fd = -1, which cannot be made non-blocking\n"
                  "expected  NULL\ngot       a scanner");
    if (scanner_start(test_base(), file, &calls, NULL) != NULL)
        fail_test("scanner_start() with /dev/null, which the loop cannot watch\n"
                  "expected  NULL\ngot       a scanner");
    close(file);
}
END_TEST

static void listen_once(void *unused)
{
    const struct scanner_calls calls = {on_bytes, on_end};
    int ends[2];

    (void)unused;
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    scanner_free(scanner_start(test_base(), ends[0], &calls, NULL));
    close(ends[0]);
    close(ends[1]);
}

START_TEST(no_memory)
{
    each_allocation_fails(listen_once, NULL);
}
END_TEST

Suite *exercise_suite(void)
{
    Suite *s = suite_create("03_nonblocking");

    behaviour(s, "[1] all bytes are told when they come, in order",
              "the loop calls when there is something to read; a read gives what is there, and its "
              "result says how much that is (3.3.1, \"Non-blocking execution\")",
              told_when_they_come, byte_after_byte, any_bytes_from_a_pipe);
    behaviour(s, "[1] finding nothing on the line neither blocks nor ends",
              "a non-blocking read says EAGAIN where a blocking one would wait; that is no error, "
              "nor is EINTR (3.3.1, \"Non-blocking execution\")",
              another_was_faster, ready_was_a_hint, a_signal_interrupts);
    behaviour(s, "[1] a flood does not hold up the others",
              "a piece of work between two waits is short: what is left over can wait for the next "
              "turn of the loop (3.3.1, \"Non-blocking execution\")",
              a_flood_is_taken_in_portions, a_scanner_that_never_stops);
    behaviour(
        s, "[1] the end is told once, behind the last byte",
        "0 is the end, not \"nothing yet\", and the line is ready for ever; -1 is an error, told "
        "as "
        "-errno: the next call may change errno, and the next read() may "
        "give 0 (3.3.1, \"Non-blocking execution\")",
        unplugged_behind_the_last_bytes, unplugged_after_a_silence, the_line_breaks,
        the_line_breaks_behind_the_last_bytes);
    behaviour(
        s, "[1] it can be freed at any moment, and leaves nothing",
        "the callback that it calls may free the scanner: nothing of it is touched after that "
        "call; of one that was refused nothing stays (3.3.1, \"Non-blocking execution\")",
        freed_by_on_bytes, freed_by_on_end, freed_before_the_loop_runs, lines_that_cannot_be_read,
        no_memory);
    return s;
}
