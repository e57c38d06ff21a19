/* check_23_flow_control.c: the suite of 23_flow_control, the well
 *
 * SPDX-License-Identifier: MIT
 */
#include "spring.h"
#include "spring_cancel_tests.h"

/* ---- a rush, then the pace of the spring ---- */

START_TEST(a_full_well_serves_at_once)
{
    struct well *w = well_open();
    struct person people[] = PEOPLE(w);

    expect_litres(w, "in the beginning", MOST);
    take(&people[0], 6);
    take(&people[1], 4);
    expect_litres(w, "when all 10 are taken, and nobody is told yet", 0);
    trace("all have asked");
    run_loop();
    expect_told("0.000  all have asked\n"
                "0.000  Ann: 6\n"
                "0.000  Bob: 4\n");
    well_free(w);
}
END_TEST

START_TEST(an_empty_one_makes_them_wait)
{
    struct well *w = well_open();
    struct person people[] = PEOPLE(w);

    take(&people[0], 8);
    take(&people[1], 5);
    take(&people[2], 2);
    run_loop();
    expect_told("0.000  Ann: 8\n"
                "0.300  Bob: 5\n"
                "0.500  Cid: 2\n");
    take(&people[0], 10);
    run_loop();
    expect_told("1.500  Ann: 10\n");
    well_free(w);
}
END_TEST

static void take_again(struct person *person)
{
    if (now_ms() < 500)
        take(person, 1);
}

START_TEST(again_and_again)
{
    struct well *w = well_open();
    struct person people[] = PEOPLE(w);

    take(&people[0], 9);
    people[1].then = take_again;
    take(&people[1], 1);
    run_loop();
    expect_told("0.000  Ann: 9\n"
                "0.000  Bob: 1\n"
                "0.100  Bob: 1\n"
                "0.200  Bob: 1\n"
                "0.300  Bob: 1\n"
                "0.400  Bob: 1\n"
                "0.500  Bob: 1\n");
    well_free(w);
}
END_TEST

/* ---- what has come in the meantime ---- */

START_TEST(a_full_well_gets_no_fuller)
{
    struct well *w = well_open();
    struct person people[] = PEOPLE(w);

    run_loop_for(60000);
    expect_litres(w, "after a minute without anybody", MOST);
    take(&people[0], 10);
    take(&people[1], 1);
    run_loop();
    expect_told("60.000  Ann: 10\n"
                "60.100  Bob: 1\n");
    run_loop_for(60000);
    take(&people[0], 10);
    take(&people[1], 1);
    run_loop();
    expect_told("120.100  Ann: 10\n"
                "120.200  Bob: 1\n");
    well_free(w);
}
END_TEST

/* The spring runs on while somebody takes water: who comes between two litres finds a part of the
 * next one, but no part of one that came when the well was full. */
START_TEST(parts_of_a_litre)
{
    struct well *w = well_open();
    struct person people[] = PEOPLE(w);

    run_loop_for(250); /* full: the half litre has run away */
    take(&people[0], 10);
    run_loop_for(270);
    expect_litres(w, "270 ms after it was empty", 2);
    take(&people[0], 2);
    take(&people[1], 1);
    run_loop_for(180);
    take(&people[0], 1);
    take(&people[2], 1);
    run_loop();
    expect_told("0.250  Ann: 10\n"
                "0.520  Ann: 2\n"
                "0.550  Bob: 1\n"
                "0.700  Ann: 1\n"
                "0.750  Cid: 1\n");
    well_free(w);
}
END_TEST

/* Less than a litre's time has passed in the full well, and so it has when it is full again. */
START_TEST(a_full_well_keeps_no_part)
{
    struct well *w = well_open();
    struct person people[] = PEOPLE(w);

    run_loop_for(50);
    take(&people[0], 1);
    run_loop_for(70);
    expect_litres(w, "70 ms after a litre was taken from the full well", 9);
    take(&people[0], 9);
    run_loop_for(960); /* full at 1.050 */
    take(&people[0], 10);
    take(&people[1], 1);
    run_loop();
    expect_told("0.050  Ann: 1\n"
                "0.120  Ann: 9\n"
                "1.080  Ann: 10\n"
                "1.180  Bob: 1\n");
    well_free(w);
}
END_TEST

/* 2^31 milliseconds are 25 days. */
START_TEST(months_of_quiet)
{
    enum { DAYS_23_MS = 2000000000, LITRES_46_DAYS = 66666, LOOKS = 2 };
    struct well *w = well_of(MONTHS_MOST, MONTHS_LITRE_MS);
    struct person ann = person_of(w, "Ann");

    take(&ann, MONTHS_MOST);
    run_loop_for(DAYS_23_MS);
    run_loop_for(DAYS_23_MS);
    for (int k = 0; k < LOOKS; k++) {
        const int got = well_litres(w);
        if (got != LITRES_46_DAYS + k)
            fail_test("well_litres(), %.0f ms after it was empty, a litre each %d ms\n"
                      "expected  %d\ngot       %d",
                      2.0 * DAYS_23_MS + k * MONTHS_LITRE_MS, MONTHS_LITRE_MS, LITRES_46_DAYS + k,
                      got);
        run_loop_for(MONTHS_LITRE_MS);
    }
    expect_told("0.000  Ann: 100000\n");
    well_free(w);
}
END_TEST

START_TEST(to_look_changes_nothing)
{
    struct well *w = well_open();
    struct person people[] = PEOPLE(w);

    take(&people[0], 10);
    for (int k = 1; k <= 30; k++) {
        run_loop_for(40);
        expect_litres(w, "looked at each 40 ms",
                      k * 40 / LITRE_MS < MOST ? k * 40 / LITRE_MS : MOST);
    }
    take(&people[0], 10);
    run_loop();
    expect_told("0.000  Ann: 10\n"
                "1.200  Ann: 10\n");
    well_free(w);
}
END_TEST

/* ---- first come, first served; who can never be served ---- */

START_TEST(a_small_can_behind_a_big_one)
{
    struct well *w = well_open();
    struct person people[] = PEOPLE(w);

    take(&people[0], 5);
    take(&people[1], 8);
    take(&people[2], 1);
    expect_litres(w, "when Bob waits for 8, and Cid behind him for 1", 5);
    run_loop_for(200);
    take(&people[0], 1);
    run_loop();
    expect_told("0.000  Ann: 5\n"
                "0.300  Bob: 8\n"
                "0.400  Cid: 1\n"
                "0.500  Ann: 1\n");
    well_free(w);
}
END_TEST

START_TEST(one_that_never_gets_full)
{
    struct well *w = well_open();
    struct person people[] = PEOPLE(w);

    expect_take(&people[0], MOST + 1, -EMSGSIZE);
    expect_take(&people[0], 0, -EINVAL);
    expect_take(&people[0], -1, -EINVAL);
    expect_litres(w, "when nobody has got anything", MOST);
    take(&people[1], MOST);
    expect_take(&people[0], MOST + 1, -EMSGSIZE);
    run_loop();
    expect_told("0.000  Bob: 10\n");
    well_free(w);
}
END_TEST

/* ---- the loop is woken for those who wait ---- */

enum { EACH = 2 }; /* wake-ups: one for the water, and one to be told */

/* The loop goes round until it has nothing to do, a wake-up each time. */
static int rounds_until_idle(void)
{
    int rounds = 0;

    while (rounds < 10000 && event_base_loop(test_base(), EVLOOP_ONCE) == 0)
        rounds++;
    return rounds;
}

START_TEST(one_wake_up_for_each)
{
    enum { PEOPLE_N = 2 };
    struct well *w = well_open();
    struct person people[] = PEOPLE(w);

    take(&people[0], 10);
    run_loop_for(10);
    take(&people[1], 10);
    take(&people[2], 5);
    const int rounds = rounds_until_idle();
    if (rounds > PEOPLE_N * EACH)
        fail_test("two people wait, for 990 ms and for 500 ms more\n"
                  "expected  at most %d wake-ups: one for the water and one to tell, for each\n"
                  "got       %d wake-ups",
                  PEOPLE_N * EACH, rounds);
    expect_told("0.000  Ann: 10\n"
                "1.000  Bob: 10\n"
                "1.500  Cid: 5\n");
    well_free(w);
}
END_TEST

START_TEST(one_wake_up_after_months)
{
    struct well *w = well_of(MONTHS_MOST, MONTHS_LITRE_MS);
    struct person ann = person_of(w, "Ann"), bob = person_of(w, "Bob");

    take(&ann, MONTHS_MOST);
    run_loop_for(0);
    take(&bob, MONTHS_MOST);
    const int rounds = rounds_until_idle();
    if (rounds > EACH)
        fail_test("one waits for 69 days, which are 6000000000 ms\n"
                  "expected  at most %d wake-ups: one for the water and one to tell\n"
                  "got       %d wake-ups",
                  EACH, rounds);
    expect_told("0.000  Ann: 100000\n"
                "6000000.000  Bob: 100000\n");
    well_free(w);
}
END_TEST

START_TEST(none_for_nobody)
{
    struct well *w = well_open();
    struct person people[] = PEOPLE(w);

    take(&people[0], 10);
    take(&people[1], 10);
    run_loop_for(100);
    expect_cancel(&people[1], "when Bob waits", 0);
    run_loop(); /* ends when there is nothing left to do */
    if (now_ms() > 100)
        fail_test("nobody waits any more at 0.100\nexpected  the loop has nothing to wait for\n"
                  "got       it goes on until %.3f",
                  now_ms() / 1e3);
    expect_told("0.000  Ann: 10\n"
                "0.100  Bob: -ECANCELED\n");
    well_free(w);
}
END_TEST

/* Whoever cannot have a timer is told so, and nobody behind waits without one. */
static void wait_without_memory(void *arg)
{
    struct well *w = well_new(test_base(), MOST, LITRE_MS);
    struct person people[] = PEOPLE(w);

    (void)arg;
    if (w == NULL)
        return;
    take(&people[0], 10);
    take(&people[1], 2);
    take(&people[2], 1);
    run_loop();
    for (int k = 0; k < 3; k++)
        if (people[k].under_way || (people[k].last != 0 && people[k].last != -ENOMEM))
            fail_test("memory has run out once, and %s waits for water\n"
                      "expected  the cb is called with 0 or -ENOMEM\ngot       %s",
                      people[k].name,
                      people[k].under_way ? "no call" : result_text(people[k].last));
    well_free(w);
}

START_TEST(no_timer_to_be_had)
{
    wait_without_memory(NULL);
    expect_trace("0.000  Ann: 10\n"
                 "0.200  Bob: 2\n"
                 "0.300  Cid: 1\n");
    each_allocation_fails(wait_without_memory, NULL);
}
END_TEST

Suite *exercise_suite(void)
{
    Suite *s = suite_create("23_flow_control");

    behaviour(s, "[1] a rush takes what has been saved up, then all go at the pace of the spring",
              "a token bucket lets through at once what it holds, and then what comes in "
              "(3.3.3, \"Flow control\")",
              a_full_well_serves_at_once, an_empty_one_makes_them_wait, again_and_again);
    behaviour(s, "[1] no litre is invented, and none is lost but in a full well",
              "what has come is computed from the time, and the part that is left over counts from "
              "where it began; a full bucket takes nothing (3.3.3, \"Flow control\")",
              a_full_well_gets_no_fuller, parts_of_a_litre, a_full_well_keeps_no_part,
              months_of_quiet, to_look_changes_nothing);
    behaviour(s, "[1] nobody is overtaken, and who could never be served is refused",
              "a small one that overtakes lets a big one starve; one that is too big would hold up "
              "everybody (3.3.3, \"Flow control\")",
              a_small_can_behind_a_big_one, one_that_never_gets_full);
    behaviour(s, "[1] the loop is woken once for each who waits, and for nobody else",
              "when the tokens will be there is known: a timer for that moment, not a look each "
              "now and then; who cannot have one is told so (3.3.3, \"Flow control\")",
              one_wake_up_for_each, one_wake_up_after_months, none_for_nobody, no_timer_to_be_had);
    behaviour(
        s, "[1] who cancels leaves the line, and those behind need not wait for it",
        "each change may serve somebody: when the first one goes, look at the next; the water "
        "is as it was (3.3.3, \"Flow control\")",
        the_next_ones_need_not_wait, the_next_one_waits_for_less, the_last_one_is_cancelled,
        no_water_goes_with_it, freed_while_they_wait);
    return s;
}
