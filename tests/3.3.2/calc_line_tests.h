/* calc_line_tests.h: what a line is, and how long it may be: tests for the suite of 11_tcp_echo
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CALC_LINE_TESTS_H
#define CALC_LINE_TESTS_H

#include "calc_office.h"

/* ---- lines ---- */

START_TEST(several_lines_in_one_piece)
{
    struct office o;

    office_open(&o);
    struct peer *p = office_enter(&o);
    send_text(p, 100, "add 2 3\nsub 2 3\nmul 2 3\n\ndiv 2 3\nmul 999999 -999999\n");
    run_loop_for(150);
    expect_answers(p, "six lines at once", "5\n-1\n6\n" UNKNOWN UNKNOWN "-999998000001\n");
    expect_end(p, "six lines at once", false);
    office_close(&o);
}
END_TEST

START_TEST(a_line_in_pieces)
{
    struct office o;

    office_open(&o);
    struct peer *p = office_enter(&o);
    send_text(p, 100, "ad");
    send_text(p, 200, "d 2 3");
    send_text(p, 300, "\nmul 4");
    send_text(p, 400, " 5\n");
    run_loop_for(250);
    expect_answers(p, "\"ad\" and \"d 2 3\", and no newline yet", NO_ANSWER);
    run_loop_for(100);
    expect_answers(p, "\"ad\", \"d 2 3\", \"\\nmul 4\"", "5\n");
    run_loop_for(100);
    expect_answers(p, "\"ad\", \"d 2 3\", \"\\nmul 4\", \" 5\\n\"", "5\n20\n");
    office_close(&o);
}
END_TEST

START_TEST(byte_by_byte)
{
    struct office o;

    office_open(&o);
    struct peer *p = office_enter(&o);
    faults.max_read = 1;
    send_text(p, 100, "add 2 3\nsub 2 3\nmul 2 3\n");
    run_loop_for(150);
    expect_answers(p, "three lines, which come byte by byte", "5\n-1\n6\n");
    office_close(&o);
}
END_TEST

/* What belongs to one client must not be seen at another. */
START_TEST(two_clients_by_turns)
{
    struct office o;

    office_open(&o);
    struct peer *a = office_enter(&o), *b = office_enter(&o);
    send_text(a, 100, "add 2");
    send_text(b, 200, "mul 6 7\nsub 1");
    send_text(a, 300, " 3\n");
    send_text(b, 400, " 1\n");
    run_loop_for(250);
    expect_answers(a, "\"add 2\"", NO_ANSWER);
    expect_answers(b, "\"mul 6 7\\nsub 1\"", "42\n");
    run_loop_for(200);
    expect_answers(a, "\"add 2\" and \" 3\\n\"", "5\n");
    expect_answers(b, "\"mul 6 7\\nsub 1\" and \" 1\\n\"", "42\n0\n");
    office_close(&o);
}
END_TEST

/* So many that they come in several reads, which do not end where a line ends. */
START_TEST(a_thousand_lines)
{
    enum { LINES = 1000 };
    static char questions[LINES * 16 + 1], answers[LINES * 16 + 1];
    size_t asked = 0, answered = 0;
    struct office o;

    for (int k = 0; k < LINES; k++) {
        asked += (size_t)sprintf(questions + asked, "add %d 1\n", k);
        answered += (size_t)sprintf(answers + answered, "%d\n", k + 1);
    }
    office_open(&o);
    struct peer *p = office_enter(&o);
    send_text(p, 100, questions);
    run_loop_for(150);
    expect_answers(p, "1000 lines at once", answers);
    office_close(&o);
}
END_TEST

/* As many lines as one read may bring. Their answers are longer than what one write takes. */
START_TEST(thousands_of_empty_lines)
{
    enum { LINES = 4096, LENGTH = sizeof(UNKNOWN) - 1 };
    static char questions[LINES + 1], answers[LINES * LENGTH + 3];
    struct office o;

    memset(questions, '\n', LINES);
    for (int k = 0; k < LINES; k++)
        memcpy(answers + k * LENGTH, UNKNOWN, LENGTH);
    office_open(&o);
    struct peer *p = office_enter(&o);
    faults.max_write = 1000;
    send_text(p, 100, questions);
    send_text(p, 200, "add 2 3\n");
    run_loop_for(150);
    expect_answers(p, "4096 empty lines at once", answers);
    expect_end(p, "4096 empty lines at once", false);
    run_loop_for(100);
    strcpy(answers + LINES * LENGTH, "5\n");
    expect_answers(p, "4096 empty lines, and later \"add 2 3\\n\"", answers);
    office_close(&o);
}
END_TEST

START_TEST(the_shortest_lines)
{
    struct office o;

    office_open(&o);
    struct peer *p = office_enter(&o);
    send_text(p, 100, "add 2 3\n");
    send_text(p, 200, "\n");
    run_loop_for(250);
    expect_answers(p, "\"add 2 3\\n\" and \"\\n\"", "5\n" UNKNOWN);
    send_text(p, 300, "?\n");
    run_loop_for(100);
    expect_answers(p, "\"add 2 3\\n\", \"\\n\" and \"?\\n\"", "5\n" UNKNOWN UNKNOWN);
    office_close(&o);
}
END_TEST

/* As telnet sends them. The carriage return is a byte of the line. */
START_TEST(carriage_returns)
{
    char line[LINE_MOST + 10];
    struct office o;

    office_open(&o);
    struct peer *p = office_enter(&o);
    send_text(p, 100, " add 2  3\r\n\tmul 2 3 \r\n");
    run_loop_for(150);
    expect_answers(p, "\" add 2  3\\r\\n\\tmul 2 3 \\r\\n\"", "5\n6\n");
    sprintf(line, "add%*d 3\r\n", LINE_MOST - 6, 2); /* 64 bytes and a newline */
    send_text(p, 200, line);
    run_loop_for(100);
    expect_answers(p, "two lines, and one of 64 bytes, the last of which is \\r", "5\n6\n5\n");
    office_close(&o);
}
END_TEST

START_TEST(a_zero_among_the_bytes)
{
    struct office o;

    office_open(&o);
    struct peer *p = office_enter(&o);
    peer_send(p, 100, "add 2 3\0 and 4\nadd 1 1\n", 23);
    run_loop_for(150);
    expect_answers(p, "\"add 2 3\\0 and 4\\nadd 1 1\\n\": the first is no question", UNKNOWN "2\n");
    office_close(&o);
}
END_TEST

/* ---- too long ---- */

/* A line of `n` bytes before its newline, a good one if it is not too long. NUL-terminated. */
static void make_line(char *line, int n)
{
    sprintf(line, "add%*d 3\n", n - 5, 2);
}

/* Sends a line of `n` bytes between two short ones, and the second half of all that later. */
static void send_three_lines(struct peer *p, int n, size_t max_read)
{
    char line[2 * LINE_MOST], all[4 * LINE_MOST];

    make_line(line, n);
    sprintf(all, "sub 3 2\n%sadd 1 1\n", line);
    faults.max_read = max_read;
    send_text(p, 100, all);
}

START_TEST(the_longest_line)
{
    struct office o;

    office_open(&o);
    for (size_t max_read = 0; max_read <= 1; max_read++) {
        struct peer *p = office_enter(&o);
        send_three_lines(p, LINE_MOST, max_read);
        run_loop_for(150);
        expect_answers(p, "lines of 7, 64 and 7 bytes", "1\n5\n2\n");
    }
    office_close(&o);
}
END_TEST

static void one_byte_too_long(size_t max_read, const char *what)
{
    struct office o;

    office_open(&o);
    struct peer *p = office_enter(&o);
    send_three_lines(p, LINE_MOST + 1, max_read);
    run_loop_for(150);
    expect_answers(p, what, "1\n" TOO_LONG);
    expect_end(p, what, true);
    expect_clients(&o, "after a refusal", 0);
    office_close(&o);
}

START_TEST(too_long_in_one_piece)
{
    one_byte_too_long(0, "lines of 7, 65 and 7 bytes at once");
}
END_TEST

START_TEST(too_long_byte_by_byte)
{
    one_byte_too_long(1, "lines of 7, 65 and 7 bytes, which come byte by byte");
}
END_TEST

START_TEST(too_long_by_a_carriage_return)
{
    char line[LINE_MOST + 10];
    struct office o;

    office_open(&o);
    struct peer *p = office_enter(&o);
    sprintf(line, "add%*d 3\r\n", LINE_MOST - 5, 2);
    send_text(p, 100, line);
    run_loop_for(150);
    expect_answers(p, "64 bytes, \\r and \\n: a line of 65 bytes", TOO_LONG);
    office_close(&o);
}
END_TEST

/* What is behind the refused line is longer than a line, too. */
START_TEST(refused_once)
{
    char text[4 * LINE_MOST];
    struct office o;

    office_open(&o);
    struct peer *p = office_enter(&o);
    sprintf(text, "%0*d\n%0*d", LINE_MOST + 8, 7, LINE_MOST + 8, 7);
    send_text(p, 100, text);
    run_loop_for(150);
    expect_answers(p, "72 bytes, a newline and 72 bytes", TOO_LONG);
    expect_end(p, "72 bytes, a newline and 72 bytes", true);
    expect_clients(&o, "after a refusal", 0);
    office_close(&o);
}
END_TEST

START_TEST(too_long_without_an_end)
{
    struct office o;
    char line[2 * LINE_MOST];

    office_open(&o);
    struct peer *p = office_enter(&o);
    make_line(line, LINE_MOST + 2);
    peer_send(p, 100, line, LINE_MOST);
    peer_send(p, 200, line + LINE_MOST, 1);
    run_loop_for(150);
    expect_answers(p, "64 bytes and no newline: the next may be one", NO_ANSWER);
    expect_end(p, "64 bytes and no newline", false);
    run_loop_for(100);
    expect_answers(p, "65 bytes and no newline", TOO_LONG);
    expect_end(p, "65 bytes and no newline", true);
    office_close(&o);
}
END_TEST

START_TEST(a_flood_without_newlines)
{
    static char flood[200 * 1000];
    struct office o;

    memset(flood, '7', sizeof(flood));
    office_open(&o);
    struct peer *p = office_enter(&o);
    peer_send(p, 100, flood, sizeof(flood));
    run_loop_for(150);
    expect_answers(p, "200000 bytes and no newline", TOO_LONG);
    expect_clients(&o, "after a refusal", 0);
    office_close(&o);
}
END_TEST

/* The answers leave byte by byte, and meanwhile the line behind the refused one can be read. */
static void refuse_slowly(size_t max_read, const char *what)
{
    struct office o;

    office_open(&o);
    struct peer *p = office_enter(&o);
    send_three_lines(p, LINE_MOST + 1, max_read);
    faults.max_write = 1;
    run_loop_for(150);
    expect_answers(p, what, "1\n" TOO_LONG);
    expect_end(p, what, true);
    expect_clients(&o, "after a refusal", 0);
    office_close(&o);
}

START_TEST(the_refusal_is_sent_before_the_end)
{
    refuse_slowly(0, "lines of 7, 65 and 7 bytes, and takes one byte at a time");
    refuse_slowly(1, "lines of 7, 65 and 7 bytes byte by byte, and takes one byte at a time");
}
END_TEST

#endif
