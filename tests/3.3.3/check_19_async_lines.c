/* check_19_async_lines.c: the suite of 19_async_lines, the lighthouse's log
 *
 * SPDX-License-Identifier: MIT
 */
#include "log_close_tests.h"
#include "log_memory_tests.h"

/* ---- entries ---- */

START_TEST(several_at_once)
{
    read_all("fog\nsail to the north\n 2 gulls #\n", "0.100  entry: fog\n"
                                                     "0.100  entry: sail to the north\n"
                                                     "0.100  entry: \" 2 gulls #\"\n"
                                                     "0.200  told: ITER_END\n");
}
END_TEST

START_TEST(in_pieces)
{
    struct keeper k;

    keeper_arrive(&k);
    light(&k, 100, "fo");
    light(&k, 200, "g");
    light(&k, 300, "\nsail\nst");
    light(&k, 400, "orm\n");
    peer_shutdown(k.lighthouse, 500);
    keeper_reads_all(&k);
    expect_trace_in_order("0.300  entry: fog\n"
                          "0.300  entry: sail\n"
                          "0.400  entry: storm\n"
                          "0.500  told: ITER_END\n");
    keeper_leave(&k);
}
END_TEST

/* The two bytes of an end come in two pieces: no empty line, and no '\r', may be made of it. */
START_TEST(a_divided_end)
{
    struct keeper k;

    keeper_arrive(&k);
    light(&k, 100, "fog\r");
    light(&k, 200, "\nsail\r\nstorm\n");
    peer_shutdown(k.lighthouse, 300);
    keeper_reads_all(&k);
    expect_trace_in_order("0.200  entry: fog\n"
                          "0.200  entry: sail\n"
                          "0.200  entry: storm\n"
                          "0.300  told: ITER_END\n");
    keeper_leave(&k);
}
END_TEST

START_TEST(byte_by_byte)
{
    faults.max_read = 1;
    read_all("fog\r\n#\r\nsail\n\n# a\nx\n", "0.100  entry: fog\n"
                                             "0.100  entry: sail\n"
                                             "0.100  entry: x\n"
                                             "0.200  told: ITER_END\n");
}
END_TEST

START_TEST(interrupted)
{
    faults.eintr_every = 2;
    faults.eagain_every = 3;
    read_all("fog\nsail\n", "0.100  entry: fog\n0.100  entry: sail\n0.200  told: ITER_END\n");
}
END_TEST

START_TEST(remarks_and_empty_lines)
{
    read_all("# a\n\n#\n\r\nfog\n\n# b\n# c\nsail\n# d\n", "0.100  entry: fog\n"
                                                           "0.100  entry: sail\n"
                                                           "0.200  told: ITER_END\n");
}
END_TEST

/* What an entry is, and no more: the rest of the line is handed out as it came. */
START_TEST(blanks_and_carriage_returns_count)
{
    read_all("  # gulls\n \n\tgale\t\nsail  \r\nfo\rg\nstorm\r\r\n",
             "0.100  entry: \"  # gulls\"\n"
             "0.100  entry: \" \"\n"
             "0.100  entry: \"\\tgale\\t\"\n"
             "0.100  entry: \"sail  \"\n"
             "0.100  entry: \"fo\\rg\"\n"
             "0.100  entry: \"storm\\r\"\n"
             "0.200  told: ITER_END\n");
}
END_TEST

/* A line may be of any length. */
START_TEST(a_long_entry)
{
    enum { LENGTH = 100 * 1000 };
    static char text[LENGTH + 1];
    struct keeper k;

    memset(text, 'x', LENGTH);
    text[LENGTH] = '\n';
    keeper_arrive(&k);
    k.quiet = true;
    peer_send(k.lighthouse, 100, text, sizeof(text));
    keeper_ask(&k);
    run_loop_for(200);
    if (k.items == 0)
        fail_test("a line of %d bytes\nexpected  an entry\ngot       %s", LENGTH,
                  k.told == 0 ? "no answer" : result_text(k.got));
    if (k.length != LENGTH)
        fail_test("a line of %d bytes\nexpected  an entry of %d bytes\n"
                  "got       an entry of %zu bytes",
                  LENGTH, LENGTH, k.length);
    keeper_leave(&k);
}
END_TEST

/* More than a read brings, so that reads end in the middle of an entry. */
START_TEST(a_long_night)
{
    enum { ENTRIES = 2000 };
    static char text[ENTRIES * 16];
    struct keeper k;
    size_t n = 0;

    for (int i = 0; i < ENTRIES; i++)
        n += (size_t)sprintf(text + n, "entry %d\n", i);
    keeper_arrive(&k);
    k.quiet = true;
    peer_send(k.lighthouse, 100, text, n);
    peer_shutdown(k.lighthouse, 200);
    keeper_reads_all(&k);
    if (k.items != ENTRIES || k.got != ITER_END)
        fail_test("a log of %d entries\nexpected  %d entries, then 0 (ITER_END)\n"
                  "got       %d entries, then %s",
                  ENTRIES, ENTRIES, k.items, result_text(k.got));
    keeper_leave(&k);
}
END_TEST

/* ---- the end ---- */

START_TEST(the_last_line_has_no_end)
{
    read_all("fog\nsail", "0.100  entry: fog\n0.200  entry: sail\n0.200  told: ITER_END\n");
    read_all("#\nx", "0.400  entry: x\n0.400  told: ITER_END\n");
    read_all("gale\r", "0.600  entry: gale\n0.600  told: ITER_END\n"); /* half of an end */
    read_all("x\n\r", "0.700  entry: x\n0.800  told: ITER_END\n");
}
END_TEST

START_TEST(the_last_line_is_a_remark)
{
    read_all("fog\n# the end", "0.100  entry: fog\n0.200  told: ITER_END\n");
    read_all("", "0.400  told: ITER_END\n");
}
END_TEST

START_TEST(the_end_stays)
{
    struct keeper k;

    keeper_arrive(&k);
    light(&k, 0, "fog\n");
    peer_shutdown(k.lighthouse, 10);
    ask_three_times(&k);
    expect_trace("0.000  entry: fog\n0.100  told: ITER_END\n0.200  told: ITER_END\n");
    keeper_leave(&k);
}
END_TEST

START_TEST(an_error_stays)
{
    struct keeper k;

    keeper_arrive(&k);
    faults.reset_after = 7;
    light(&k, 0, "fog\nsai");
    light(&k, 50, "l\n");
    ask_three_times(&k);
    expect_trace("0.000  entry: fog\n"
                 "0.100  told: -ECONNRESET\n"
                 "0.200  told: -ECONNRESET\n");
    keeper_leave(&k);
}
END_TEST

/* The line breaks while the keeper is busy: first come the entries that are there. */
START_TEST(entries_before_an_error)
{
    struct keeper k;

    keeper_arrive(&k);
    faults.reset_after = 15;
    light(&k, 0, "fog\nsail\nst");
    light(&k, 20, "orm\n\n\n\n\n\n");
    light(&k, 200, "gale\n"); /* never read */
    keeper_ask(&k);
    run_loop_for(100);
    keeper_reads_all(&k);
    expect_trace("0.000  entry: fog\n"
                 "0.100  entry: sail\n"
                 "0.100  entry: storm\n"
                 "0.200  told: -ECONNRESET\n");
    keeper_leave(&k);
}
END_TEST

/* ---- asking ---- */

START_TEST(one_at_a_time)
{
    struct keeper k;

    keeper_arrive(&k);
    light(&k, 100, "fog\nsail\n");
    keeper_ask(&k);
    keeper_ask(&k);
    run_loop_for(50);
    keeper_ask(&k);
    run_loop_for(100);
    keeper_ask(&k); /* this one is there */
    keeper_ask(&k);
    run_loop_for(100);
    expect_trace_in_order("0.000  refused: -EBUSY\n"
                          "0.050  refused: -EBUSY\n"
                          "0.100  entry: fog\n"
                          "0.150  refused: -EBUSY\n"
                          "0.150  entry: sail\n");
    keeper_leave(&k);
}
END_TEST

/* Nobody is answered who has not asked. */
START_TEST(one_answer_for_each)
{
    struct keeper k;

    keeper_arrive(&k);
    light(&k, 100, "fog\nsail\nstorm\n");
    keeper_ask(&k);
    run_loop_for(200);
    keeper_ask(&k);
    run_loop_for(200);
    expect_trace("0.100  entry: fog\n0.200  entry: sail\n");
    keeper_leave(&k);
}
END_TEST

/* A timer of no time at all, which is due at each turn of the loop. */
struct sea {
    struct event *wave;
    int waves;
};

static void on_wave(evutil_socket_t fd, short what, void *arg)
{
    static const struct timeval at_once = {0};
    struct sea *sea = arg;

    (void)fd;
    (void)what;
    sea->waves++;
    ck_assert_int_eq(event_add(sea->wave, &at_once), 0);
}

enum { ANSWERS = 200 };

/* Asks, and then on in each answer; `what` says what is there to be told. */
static void expect_turns(struct keeper *k, const char *what)
{
    struct sea sea = {0};

    sea.wave = evtimer_new(test_base(), on_wave, &sea);
    k->quiet = true;
    k->habit = ASKS_ON;
    k->told = k->asked = 0;
    k->enough = ANSWERS;
    on_wave(-1, EV_TIMEOUT, &sea);
    keeper_ask(k);
    while (k->told < ANSWERS && sea.waves < 10 * ANSWERS)
        ck_assert_int_ge(event_base_loop(test_base(), EVLOOP_ONCE), 0);
    event_free(sea.wave);
    if (k->told < ANSWERS || sea.waves < ANSWERS / 2)
        fail_test("%s, and a timer is due at each turn of the loop: calls of the timer, until the "
                  "keeper has been answered %d times\nexpected  about %d\n"
                  "got       %d, and %d answers",
                  what, ANSWERS, ANSWERS, sea.waves, k->told);
}

START_TEST(others_have_their_turn)
{
    char text[ANSWERS * 2];
    struct keeper k;

    for (int i = 0; i < ANSWERS; i++)
        memcpy(text + 2 * i, "x\n", 2);
    keeper_arrive(&k);
    peer_send(k.lighthouse, 0, text, sizeof(text));
    run_loop_for(1);
    expect_turns(&k, "200 entries are there");
    keeper_leave(&k);
}
END_TEST

START_TEST(others_have_their_turn_behind_the_end)
{
    struct keeper k;

    keeper_arrive(&k);
    peer_shutdown(k.lighthouse, 0);
    keeper_ask(&k);
    run_loop_for(1);
    expect_turns(&k, "the stream has ended, and the keeper asks on");
    keeper_leave(&k);
}
END_TEST

/* ---- nothing is read that nobody asks for ---- */

START_TEST(nobody_asks)
{
    struct keeper k;

    keeper_arrive(&k);
    light(&k, 100, "fog\nsail\n");
    run_loop_for(200);
    expect_unread(&k, "nobody has asked yet", 9);
    keeper_ask(&k);
    run_loop_for(100);
    expect_trace("0.200  entry: fog\n");
    light(&k, 400, "storm\n");
    run_loop_for(200);
    expect_unread(&k, "the keeper has been answered, and has not asked again", 6);
    keeper_ask(&k);
    run_loop_for(100);
    expect_unread(&k, "the keeper has asked, and the entry had been read before", 6);
    keeper_ask(&k);
    run_loop_for(100);
    expect_unread(&k, "the keeper has asked for all entries", 0);
    expect_trace("0.500  entry: sail\n0.600  entry: storm\n");
    keeper_leave(&k);
}
END_TEST

Suite *exercise_suite(void)
{
    Suite *s = suite_create("19_async_lines");

    behaviour(s, "[1] an entry comes when it is complete, in whatever pieces its bytes come",
              "a stream has no borders: the iterator makes items of its bytes, and keeps what is "
              "not one yet (3.3.3, \"Stream processing\")",
              several_at_once, in_pieces, a_divided_end, byte_by_byte, interrupted,
              remarks_and_empty_lines, blanks_and_carriage_returns_count, a_long_entry,
              a_long_night);
    behaviour(s, "[1] what ends it comes behind the last entry, and to each next from then on",
              "the end of the stream is the end of its last line, too; ITER_END and errors stay, "
              "-ENOMEM like any other (3.3.3, \"Stream processing\")",
              the_last_line_has_no_end, the_last_line_is_a_remark, the_end_stays, an_error_stays,
              entries_before_an_error, no_memory_to_wait);
    behaviour(s, "[1] one next waits at a time, and the loop answers it once, later",
              "whoever asks goes on before the answer comes, and so does the loop: a timer of no "
              "time, not a call. A next that is refused has changed nothing (3.3.3, \"Stream "
              "processing\")",
              one_at_a_time, one_answer_for_each, a_next_without_memory, others_have_their_turn,
              others_have_their_turn_behind_the_end);
    behaviour(
        s, "[1] nothing is read for which nobody has asked",
        "an iterator is pulled: it reads while somebody waits, and otherwise leaves the bytes "
        "to the kernel, which slows the sender down (3.3.3, \"Stream processing\")",
        nobody_asks);
    behaviour(s, "[1] closed or freed at any moment, it leaves nobody waiting and nothing behind",
              "close is always possible, and who waits is told -ECANCELED; free tells nobody "
              "(3.3.3, \"Stream processing\")",
              closed_while_one_waits, closed_before_the_answer, closed_after_the_end,
              closed_after_an_error, closed_in_the_answer, closed_without_memory,
              freed_in_the_answer, freed_at_any_moment);
    return s;
}
