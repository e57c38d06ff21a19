/* check_24_backpressure.c: the suite of 24_backpressure, the loading bay
 *
 * SPDX-License-Identifier: MIT
 */
#include "bay.h"
#include "bay_cancel_tests.h"
#include "belt.h"
#include "timer_guest.h"

#include <limits.h>

/* ---- who is too fast has to wait ---- */

START_TEST(a_fast_producer)
{
    struct belt belt;

    belt_open(&belt);
    run_loop();
    expect_told("0.000  0: is put\n"
                "0.000  1: is put\n"
                "1.000  Fin: gets 0\n"
                "1.000  2: is put\n"
                "2.000  Fin: gets 1\n"
                "2.000  3: is put\n"
                "3.000  Fin: gets 2\n"
                "3.000  4: is put\n"
                "4.000  Fin: gets 3\n"
                "5.000  Fin: gets 4\n");
    if (belt.most_kg != 2)
        fail_test("what was in the bay at the most\nexpected  2 kg\ngot       %d kg", belt.most_kg);
    event_free(belt.pause);
    queue_free(belt.queue);
}
END_TEST

START_TEST(who_waits_does_not_ask)
{
    enum { ROUNDS = 30 };
    struct belt belt;
    int rounds = 0;

    belt_open(&belt);
    while (rounds < 10000 && event_base_loop(test_base(), EVLOOP_ONCE) == 0)
        rounds++;
    if (rounds > ROUNDS)
        fail_test("five crates are put and got, most of them after a wait\n"
                  "expected  at most %d wake-ups: one for each cb, and each pause\n"
                  "got       %d wake-ups",
                  ROUNDS, rounds);
    if (told != 2 * PARCELS)
        fail_test("five crates are put and got\nexpected  %d calls of a cb\ngot       %d",
                  2 * PARCELS, told);
    event_free(belt.pause);
    queue_free(belt.queue);
}
END_TEST

/* What is in the bay and what comes may weigh more than an int holds, together. */
START_TEST(a_bay_for_a_mountain)
{
    struct queue *q = bay_open(INT_MAX);
    struct driver mountain = lorry(q, "mountain", INT_MAX - 10), chair = lorry(q, "chair", 11);

    put(&mountain);
    put(&chair);
    expect_kg(q, "when the chair of 11 kg waits, with room for 10", INT_MAX - 10);
    run_loop_for(1000);
    expect_try_get(q, "when the mountain is in front", "mountain");
    run_loop();
    expect_told("0.000  mountain: is put\n"
                "1.000  chair: is put\n");
    queue_free(q);
}
END_TEST

/* ---- nobody is overtaken ---- */

START_TEST(a_small_one_behind_a_big_one)
{
    struct queue *q = bay_open(100);
    struct driver piano = lorry(q, "piano", 90), safe = lorry(q, "safe", 80);
    struct driver lamp = lorry(q, "lamp", 2), chair = lorry(q, "chair", 5);

    put(&piano);
    put(&safe);
    put(&lamp);
    expect_try_put(&chair, "of 5 kg, with room for 10, when the safe waits for more", -EAGAIN);
    expect_kg(q, "when only the piano fits", 90);
    run_loop_for(1000);
    expect_try_get(q, "when the piano is in front", "piano");
    expect_kg(q, "when the safe and the lamp have come in for the piano", 82);
    run_loop();
    expect_told("0.000  piano: is put\n"
                "1.000  safe: is put\n"
                "1.000  lamp: is put\n");
    queue_free(q);
}
END_TEST

START_TEST(who_only_tries)
{
    struct queue *q = bay_open(100);
    struct driver piano = lorry(q, "piano", 90), table = lorry(q, "table", 20);
    struct driver lamp = lorry(q, "lamp", 10), chair = lorry(q, "chair", 1);

    expect_try_put(&piano, "of 90 kg, into an empty bay for 100", 0);
    expect_try_put(&table, "of 20 kg, with room for 10", -EAGAIN);
    expect_try_put(&lamp, "of 10 kg, with room for 10", 0);
    expect_try_put(&chair, "of 1 kg, into a full bay", -EAGAIN);
    expect_kg(q, "when the bay is full", 100);
    expect_try_get(q, "when the piano is in front", "piano");
    expect_try_get(q, "when the lamp is in front", "lamp");
    expect_try_get(q, "when all is taken away", NULL);
    expect_kg(q, "when all is taken away", 0);
    queue_free(q);
}
END_TEST

START_TEST(who_only_tries_behind_a_mountain)
{
    struct queue *q = bay_open(INT_MAX);
    struct driver mountain = lorry(q, "mountain", INT_MAX - 10), chair = lorry(q, "chair", 11);

    expect_try_put(&mountain, "with room for 10 kg more", 0);
    expect_try_put(&chair, "of 11 kg, with room for 10", -EAGAIN);
    expect_try_get(q, "when the mountain is in front", "mountain");
    expect_try_get(q, "when the chair was not put", NULL);
    queue_free(q);
}
END_TEST

/* A place is the next one's when it becomes free, not when that one is told. */
START_TEST(a_place_is_not_stolen)
{
    struct queue *q = bay_open(10);
    struct driver safe = lorry(q, "safe", 10), stove = lorry(q, "stove", 10);
    struct driver table = lorry(q, "table", 10);

    put(&safe);
    put(&stove);
    run_loop_for(1000);
    expect_try_get(q, "when the safe is in front", "safe");
    expect_try_put(&table, "of 10 kg, when the place is the stove's, which has waited", -EAGAIN);
    put(&table);
    expect_try_get(q, "when the stove has come in for the safe", "stove");
    run_loop();
    expect_told("0.000  safe: is put\n"
                "1.000  stove: is put\n"
                "1.000  table: is put\n");
    queue_free(q);
}
END_TEST

/* ---- nothing is lost, nobody is forgotten ---- */

START_TEST(one_makes_room_for_several)
{
    struct queue *q = bay_open(100);
    struct driver safe = lorry(q, "safe", 100), fin = fork_lift(q, "Fin");
    struct driver small[3] = {lorry(q, "lamp", 10), lorry(q, "chair", 30), lorry(q, "table", 60)};

    put(&safe);
    for (int k = 0; k < 3; k++)
        put(&small[k]);
    run_loop_for(1000);
    get(&fin);
    run_loop_for(1000);
    expect_told("0.000  safe: is put\n"
                "1.000  Fin: gets safe\n"
                "1.000  lamp: is put\n"
                "1.000  chair: is put\n"
                "1.000  table: is put\n");
    expect_try_get(q, "when the lamp is in front", "lamp");
    expect_try_get(q, "when the chair is in front", "chair");
    expect_try_get(q, "when the table is in front", "table");
    queue_free(q);
}
END_TEST

START_TEST(they_wait_for_crates)
{
    struct queue *q = bay_open(10);
    struct driver fins[] = {fork_lift(q, "Fin"), fork_lift(q, "Gus"), fork_lift(q, "Hal")};
    struct driver safe = lorry(q, "safe", 10), stove = lorry(q, "stove", 10);
    struct driver table = lorry(q, "table", 10);

    for (int k = 0; k < 3; k++)
        get(&fins[k]);
    run_loop_for(1000);
    put(&safe);
    expect_try_get(q, "when the safe is Fin's, who has waited", NULL);
    expect_try_put(&stove, "when the safe is not in the bay any more", 0);
    expect_kg(q, "when both are taken by those who have waited", 0);
    put(&table);
    run_loop();
    expect_told("1.000  safe: is put\n"
                "1.000  Fin: gets safe\n"
                "1.000  Gus: gets stove\n"
                "1.000  table: is put\n"
                "1.000  Hal: gets table\n");
    queue_free(q);
}
END_TEST

/* ---- who is told, and who is refused ---- */

START_TEST(too_heavy_for_the_bay)
{
    struct queue *q = bay_open(100);
    struct driver whale = lorry(q, "whale", 101), safe = lorry(q, "safe", 100);

    expect_put(&whale, -EMSGSIZE);
    expect_try_put(&whale, "of 101 kg, with an empty bay for 100", -EMSGSIZE);
    put(&safe);
    expect_put(&whale, -EMSGSIZE);
    expect_try_put(&whale, "of 101 kg, with a full bay for 100", -EMSGSIZE);
    trace("queue_put() has returned");
    run_loop();
    expect_told_in_order("0.000  queue_put() has returned\n"
                         "0.000  safe: is put\n");
    expect_try_get(q, "when the safe is in front", "safe");
    queue_free(q);
}
END_TEST

START_TEST(too_heavy_behind_one_who_waits)
{
    struct queue *q = bay_open(100);
    struct driver whale = lorry(q, "whale", 101), safe = lorry(q, "safe", 100);
    struct driver stove = lorry(q, "stove", 60), fin = fork_lift(q, "Fin");

    put(&safe);
    put(&stove);
    expect_put(&whale, -EMSGSIZE);
    expect_try_put(&whale, "of 101 kg, when the stove waits for room in a bay for 100", -EMSGSIZE);
    get(&fin);
    run_loop();
    expect_told_in_order("0.000  safe: is put\n"
                         "0.000  Fin: gets safe\n"
                         "0.000  stove: is put\n");
    expect_item(&stove, "a queue_put() of the stove that was told 0", &stove.crate);
    queue_free(q);
}
END_TEST

static void free_bay(struct driver *driver)
{
    queue_free(driver->queue);
}

START_TEST(freed_by_the_first_who_is_told)
{
    struct queue *q = bay_open(100);
    struct driver safe = lorry(q, "safe", 100), stove = lorry(q, "stove", 60);
    struct driver fin = fork_lift(q, "Fin");

    safe.then = free_bay;
    put(&safe);
    put(&stove);
    get(&fin);
    run_loop();
    expect_told("0.000  safe: is put\n");
}
END_TEST

static void leave_early(void *arg)
{
    struct queue *q = queue_new(test_base(), 10);
    struct driver safe = lorry(q, "safe", 10), stove = lorry(q, "stove", 10);

    (void)arg;
    if (q != NULL) {
        put(&safe);
        put(&stove);
    }
    queue_free(q); /* nobody has been told yet */
    run_loop();
    expect_trace("");
}

START_TEST(freed_before_anybody_is_told)
{
    leave_early(NULL);
    each_allocation_fails(leave_early, NULL);
}
END_TEST

/* Puts what has been got, until the timer has come. */
static void put_again(struct driver *driver)
{
    if (!guest_is_served(driver->arg))
        put(driver);
}

static void get_again(struct driver *driver)
{
    if (!guest_is_served(driver->arg))
        get(driver);
}

START_TEST(a_timer_is_served_meanwhile)
{
    struct queue *q = bay_open(10);
    struct driver safe = lorry(q, "safe", 10), fin = fork_lift(q, "Fin");
    struct guest guest = {0};

    safe.then = put_again;
    fin.then = get_again;
    safe.arg = fin.arg = &guest;
    put(&safe);
    get(&fin);
    run_loop();
    queue_free(q);
}
END_TEST

Suite *exercise_suite(void)
{
    Suite *s = suite_create("24_backpressure");

    behaviour(s, "[1] who is too fast waits until there is room, and sleeps meanwhile",
              "a limit and a put that waits make the producer as fast as the consumer "
              "(3.3.3, \"Backpressure\")",
              a_fast_producer, who_waits_does_not_ask, a_bay_for_a_mountain);
    behaviour(s, "[1] nobody is overtaken, neither by what is small nor by who only tries",
              "room is not enough: it belongs to the first who waits for it "
              "(3.3.3, \"Backpressure\")",
              a_small_one_behind_a_big_one, who_only_tries, who_only_tries_behind_a_mountain,
              a_place_is_not_stolen);
    behaviour(s, "[1] no crate and no place is left over while somebody waits for it",
              "each change may serve several: look again until nobody can be served "
              "(3.3.3, \"Backpressure\")",
              one_makes_room_for_several, they_wait_for_crates);
    behaviour(
        s, "[1] the loop tells, once, later; what never fits is refused at once",
        "what is too heavy for the empty bay is refused, whatever is in it, and tells nobody; "
        "any other call is told by the loop, in the order in which they end "
        "(3.3.3, \"Backpressure\")",
        too_heavy_for_the_bay, too_heavy_behind_one_who_waits, freed_by_the_first_who_is_told,
        freed_before_anybody_is_told, a_timer_is_served_meanwhile);
    behaviour(s, "[1] who cancels puts nothing, and those behind need not wait for it",
              "when the first in line goes, the next one may fit; one that was served stays so "
              "(3.3.3, \"Backpressure\")",
              the_one_behind_fits, too_late_to_cancel, the_wake_up_is_not_lost,
              a_lorry_in_the_middle, a_fork_lift_in_the_middle);
    return s;
}
