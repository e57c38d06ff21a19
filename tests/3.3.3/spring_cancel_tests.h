/* spring_cancel_tests.h: who cancels, and a well that is freed, for the suite of 23_flow_control
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SPRING_CANCEL_TESTS_H
#define SPRING_CANCEL_TESTS_H

#include "spring.h"

START_TEST(the_next_ones_need_not_wait)
{
    struct well *w = well_open();
    struct person people[] = PEOPLE(w);

    take(&people[0], 5);
    take(&people[1], 9);
    take(&people[2], 3);
    run_loop_for(100);
    take(&people[0], 2);
    expect_cancel(&people[1], "when Bob waits for 9 litres, Cid and Ann behind him for 3 and 2", 0);
    expect_cancel(&people[1], "a second time, before Bob is told", -EALREADY);
    expect_litres(w, "when Cid and Ann have got 3 and 2 of 6 litres, and Bob none", 1);
    run_loop();
    expect_told("0.000  Ann: 5\n"
                "0.100  Bob: -ECANCELED\n"
                "0.100  Cid: 3\n"
                "0.100  Ann: 2\n");
    well_free(w);
}
END_TEST

START_TEST(the_next_one_waits_for_less)
{
    struct well *w = well_open();
    struct person people[] = PEOPLE(w);

    take(&people[0], 10);
    take(&people[1], 9);
    take(&people[2], 3);
    run_loop_for(100);
    expect_cancel(&people[1], "when Bob waits", 0);
    run_loop_for(300);
    expect_told("0.000  Ann: 10\n"
                "0.100  Bob: -ECANCELED\n"
                "0.300  Cid: 3\n");
    expect_cancel(&people[2], "when Cid was told", -EALREADY);
    take(&people[0], 1);
    expect_cancel(&people[0], "when the litre is Ann's, and she is not told yet", -EALREADY);
    run_loop();
    expect_told("0.400  Ann: 1\n");
    well_free(w);
}
END_TEST

START_TEST(the_last_one_is_cancelled)
{
    struct well *w = well_open();
    struct person people[] = PEOPLE(w);

    take(&people[0], 10);
    take(&people[1], 4);
    take(&people[2], 3);
    run_loop_for(100);
    expect_cancel(&people[2], "when Cid waits behind Bob", 0);
    run_loop();
    expect_told("0.000  Ann: 10\n"
                "0.100  Cid: -ECANCELED\n"
                "0.400  Bob: 4\n");
    well_free(w);
}
END_TEST

/* Who cancels between two litres takes no part of the next one along. */
START_TEST(no_water_goes_with_it)
{
    struct well *w = well_open();
    struct person people[] = PEOPLE(w);

    take(&people[0], 10);
    take(&people[1], 5);
    run_loop_for(250);
    expect_cancel(&people[1], "when Bob waits, 250 ms after the well was empty", 0);
    expect_litres(w, "when Bob has cancelled", 2);
    take(&people[2], 3);
    run_loop();
    expect_told("0.000  Ann: 10\n"
                "0.250  Bob: -ECANCELED\n"
                "0.300  Cid: 3\n");
    well_free(w);
}
END_TEST

static void free_well(struct person *person)
{
    well_free(person->well);
}

START_TEST(freed_while_they_wait)
{
    struct well *w = well_open();
    struct person people[] = PEOPLE(w);

    people[0].then = free_well;
    take(&people[0], 5);
    take(&people[1], 5);
    take(&people[2], 5);
    run_loop();
    expect_told("0.000  Ann: 5\n");
    well_free(NULL);
}
END_TEST

#endif
