/* check_11_tcp_echo.c: the suite of 11_tcp_echo, the calculator
 *
 * SPDX-License-Identifier: MIT
 */
#include "calc_line_tests.h"

/* ---- half of the connection is closed ---- */

/* Sends `text`, and at once that this is all; expects `answers`, then the end. */
static void ask_and_shut_down(const char *text, const char *what, const char *answers)
{
    struct office o;

    office_open(&o);
    struct peer *p = office_enter(&o);
    send_text(p, 100, text);
    peer_shutdown(p, 100);
    run_loop_for(150);
    expect_answers(p, what, answers);
    expect_end(p, what, true);
    expect_clients(&o, "after a client's last answer", 0);
    office_close(&o);
}

START_TEST(whole_lines_before_the_end)
{
    ask_and_shut_down("add 2 3\nmul 2 3\n", "two lines and no more", "5\n6\n");
}
END_TEST

START_TEST(a_last_line_without_newline)
{
    ask_and_shut_down("add 2 3\nmul 2 3", "\"add 2 3\\nmul 2 3\" and no more", "5\n6\n");
}
END_TEST

START_TEST(the_longest_last_line)
{
    char line[2 * LINE_MOST];

    make_line(line, LINE_MOST);
    line[LINE_MOST] = '\0';
    ask_and_shut_down(line, "64 bytes without newline, and no more", "5\n");
    faults.max_read = 1;
    ask_and_shut_down(line, "64 bytes without newline, byte by byte, and no more", "5\n");
}
END_TEST

START_TEST(a_last_line_of_one_byte)
{
    ask_and_shut_down("add 2 3\n?", "\"add 2 3\\n?\" and no more", "5\n" UNKNOWN);
    ask_and_shut_down("?", "\"?\" and no more", UNKNOWN);
}
END_TEST

START_TEST(no_question_at_all)
{
    ask_and_shut_down("", "nothing, and no more", NO_ANSWER);
}
END_TEST

START_TEST(answers_under_way_at_the_end)
{
    faults.max_write = 2;
    ask_and_shut_down("add 2 3\nwhat\nmul 999999 2",
                      "three questions and no more, and takes 2 bytes at a time",
                      "5\n" UNKNOWN "1999998\n");
}
END_TEST

START_TEST(silence_is_no_end)
{
    struct office o;

    office_open(&o);
    struct peer *p = office_enter(&o);
    send_text(p, 100, "add 2");
    send_text(p, 3600 * 1000, " 3\n");
    peer_shutdown(p, 3600 * 1000 + 100);
    run_loop_for(3600 * 1000 + 50);
    expect_answers(p, "a line, with an hour in between", "5\n");
    expect_end(p, "a line, with an hour in between", false);
    run_loop_for(100);
    expect_end(p, "a line, and no more", true);
    office_close(&o);
}
END_TEST

/* ---- a client breaks off ---- */

/* One client does `harm`; the other, who asks before and after it, must not notice. */
static void beside_one_who_asks(void (*harm)(struct peer *p), const char *when)
{
    struct office o;

    office_open(&o);
    struct peer *bad = office_enter(&o), *good = office_enter(&o);
    send_text(good, 50, "add 2 3\nadd 2");
    harm(bad);
    send_text(good, 300, " 2\n");
    run_loop_for(350);
    expect_answers(good, "\"add 2 3\\nadd 2\" and \" 2\\n\" beside one who broke off", "5\n4\n");
    expect_clients(&o, when, 1);
    office_close(&o);
}

static void reset_inside_a_line(struct peer *p)
{
    send_text(p, 100, "mul 2");
    peer_reset(p, 200);
}

START_TEST(one_is_reset)
{
    beside_one_who_asks(reset_inside_a_line, "when one of two was reset");
}
END_TEST

/* The first answer reaches a socket that is closed, which sends a reset; the second one is then
 * written to a broken connection. */
static void close_before_the_answers(struct peer *p)
{
    faults.max_write = 2;
    send_text(p, 100, "what\nwhat\nwhat\nwhat\nwhat\n");
    peer_close(p, 100);
}

START_TEST(one_does_not_wait_for_its_answers)
{
    beside_one_who_asks(close_before_the_answers, "when one of two closed before its answers");
}
END_TEST

/* It says that it sends no more, so the server is finishing when the reset comes. */
static void reset_while_finishing(struct peer *p)
{
    faults.max_write = 1;
    send_text(p, 100, "what\nwhat");
    peer_shutdown(p, 100);
    peer_reset(p, 100);
}

START_TEST(one_is_reset_when_it_has_all_but_its_answers)
{
    beside_one_who_asks(reset_while_finishing, "when one of two was reset");
}
END_TEST

START_TEST(many_come_and_go)
{
    struct office o;

    office_open(&o);
    for (int k = 0; k < MOST_CLIENTS; k++) {
        struct peer *p = office_enter(&o);
        send_text(p, 10 * k, k % 2 == 0 ? "add 1 1\n" : "add");
        peer_close(p, 10 * k + 15);
    }
    run_loop_for(10 * MOST_CLIENTS + 50);
    expect_clients(&o, "when all 24 have come and gone", 0);
    office_close(&o);
}
END_TEST

START_TEST(freed_with_clients_in_all_states)
{
    struct office o;

    office_open(&o);
    faults.max_write = 1;
    faults.eagain_every = 2; /* so that answers are still unsent */
    for (int k = 0; k < 4; k++) {
        struct peer *p = office_enter(&o);
        send_text(p, 10, k == 0 ? "add" : "what\nwhat\nwhat\n");
        if (k == 2)
            peer_shutdown(p, 10);
        if (k == 3)
            send_three_lines(p, LINE_MOST + 1, 0);
    }
    run_loop_for(5);
    for (int turn = 0; turn < 20; turn++) {
        ck_assert_int_ge(event_base_loop(test_base(), EVLOOP_ONCE), 0);
    }
    calc_server_free(NULL);
    office_close(&o);
}
END_TEST

/* ---- nothing can be accepted ---- */

/* accept() fails for more reasons than one, and libevent tells of each in the same way. */
static void cannot_accept(int error, const char *why)
{
    enum { FAILURES = 500 };
    struct office o;

    office_open(&o);
    const int began_ms = now_ms();
    faults.accept_error = error;
    faults.emfile_accepts = FAILURES;
    struct peer *p = office_enter(&o);
    send_text(p, 0, "add 2 3\n");
    run_loop_for(10 * ACCEPT_PAUSE_MS + ACCEPT_PAUSE_MS / 2);
    const int tries = FAILURES - faults.emfile_accepts, ran_ms = now_ms() - began_ms;
    if (ran_ms < 10 * ACCEPT_PAUSE_MS)
        fail_test("%s, and a client waits to be accepted: how long the loop ran\n"
                  "expected  as long as others need it\ngot       %.3f s: the server has ended it",
                  why, ran_ms / 1e3);
    if (tries > 11)
        fail_test("%s, and a client waits to be accepted:\n"
                  "how often accept() was tried in 1.050 s\nexpected  11\ngot       %d%s",
                  why, tries, tries == FAILURES ? " or more" : "");
    faults.emfile_accepts = 0;
    run_loop_for(ACCEPT_PAUSE_MS);
    expect_answers(p, "\"add 2 3\\n\", and could not be accepted for a second", "5\n");
    office_close(&o);
}

START_TEST(a_pause_after_each_failure)
{
    cannot_accept(EMFILE, "no descriptor is left (EMFILE)");
    cannot_accept(ENFILE, "no descriptor is left in the whole system (ENFILE)");
    cannot_accept(ENOMEM, "the kernel has no memory (ENOMEM)");
}
END_TEST

START_TEST(it_goes_on_after_a_pause)
{
    struct office o;

    office_open(&o);
    struct peer *early = office_enter(&o);
    run_loop_for(50);
    for (int round = 0; round < 2; round++) {
        faults.emfile_accepts = 1;
        struct peer *late = office_enter(&o);
        send_text(late, 0, "add 2 3\n");
        send_text(early, 0, "mul 2 3\n");
        run_loop_for(ACCEPT_PAUSE_MS / 2);
        expect_answers(early, "\"mul 2 3\\n\", while another could not be accepted",
                       round == 0 ? "6\n" : "6\n6\n");
        expect_answers(late, "\"add 2 3\\n\", in the pause after a failure", NO_ANSWER);
        run_loop_for(ACCEPT_PAUSE_MS);
        expect_answers(late, "\"add 2 3\\n\", when the pause after a failure is over", "5\n");
    }
    office_close(&o);
}
END_TEST

START_TEST(freed_in_a_pause)
{
    struct office o;

    office_open(&o);
    faults.emfile_accepts = 1;
    (void)office_enter(&o);
    run_loop_for(ACCEPT_PAUSE_MS / 2);
    office_close(&o);
    run_loop_for(ACCEPT_PAUSE_MS);
}
END_TEST

START_TEST(a_port_that_is_taken)
{
    struct office o;

    office_open(&o);
    if (calc_server_start(test_base(), calc_server_port(o.server)) != NULL)
        fail_test("calc_server_start() on the port of another server\nexpected  NULL\n"
                  "got       a server");
    office_close(&o);
}
END_TEST

/* Whatever cannot be had, a client is answered, or told that there will be no answer. */
static void ask_once(void *unused)
{
    struct calc_server *s = calc_server_start(test_base(), 0);

    (void)unused;
    if (s == NULL)
        return;
    faults.emfile_accepts = 1;
    struct peer *p = peer_connect(calc_server_port(s));
    send_text(p, now_ms(), "add 2 3\nadd 2");
    peer_shutdown(p, now_ms());
    run_loop_for(3 * ACCEPT_PAUSE_MS);
    if (!peer_saw_end(p))
        fail_test("memory has run out once, and 0.3 s later a client who has connected has neither "
                  "answer nor end:\nthe server does not accept any more");
    calc_server_free(s);
    run_loop_for(1);
    peer_free(p);
}

START_TEST(memory_runs_out)
{
    each_allocation_fails(ask_once, NULL);
}
END_TEST

Suite *exercise_suite(void)
{
    Suite *s = suite_create("11_tcp_echo");

    behaviour(s, "[1] each line is answered when its newline has come, in whatever pieces",
              "TCP carries bytes, not messages: a read may bring a part of a line, or many lines "
              "(3.3.2, \"TCP\")",
              several_lines_in_one_piece, a_line_in_pieces, byte_by_byte, two_clients_by_turns,
              a_thousand_lines, thousands_of_empty_lines, the_shortest_lines, carriage_returns,
              a_zero_among_the_bytes);
    behaviour(s, "[1] a line that is too long is refused, and the refusal arrives before the end",
              "a limit holds whether or not the newline has come; bufferevent_free() throws away "
              "what is not sent (3.3.2, \"TCP\")",
              the_longest_line, too_long_in_one_piece, too_long_byte_by_byte,
              too_long_by_a_carriage_return, refused_once, too_long_without_an_end,
              a_flood_without_newlines, the_refusal_is_sent_before_the_end);
    behaviour(s, "[1] who sends no more gets all answers, the last line's too, and then the end",
              "an end is one flag of several in `what`, and closes one direction: what came before "
              "it is still in the input buffer, and the client still reads (3.3.2, \"TCP\")",
              whole_lines_before_the_end, a_last_line_without_newline, the_longest_last_line,
              a_last_line_of_one_byte, no_question_at_all, answers_under_way_at_the_end,
              silence_is_no_end);
    behaviour(s, "[1] a client that breaks off harms nobody, and nothing of it stays",
              "a broken connection is an event of that connection alone; one function unlinks, "
              "closes and frees it, once (3.3.2, \"TCP\")",
              one_is_reset, one_does_not_wait_for_its_answers,
              one_is_reset_when_it_has_all_but_its_answers, many_come_and_go,
              freed_with_clients_in_all_states);
    behaviour(s, "[1] when nothing can be accepted it pauses, serves the others, and goes on",
              "a client that cannot be accepted stays in the queue, so the listener is ready for "
              "ever: the loop has to look away for a while (3.3.2, \"TCP\")",
              a_pause_after_each_failure, it_goes_on_after_a_pause, freed_in_a_pause,
              a_port_that_is_taken, memory_runs_out);
    return s;
}
