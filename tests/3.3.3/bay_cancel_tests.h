/* bay_cancel_tests.h: who cancels, for the suite of 24_backpressure
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BAY_CANCEL_TESTS_H
#define BAY_CANCEL_TESTS_H

#include "bay.h"

START_TEST(the_one_behind_fits)
{
    struct queue *q = bay_open(100);
    struct driver piano = lorry(q, "piano", 90), safe = lorry(q, "safe", 80);
    struct driver lamp = lorry(q, "lamp", 2), chair = lorry(q, "chair", 5);

    put(&piano);
    put(&safe);
    put(&lamp);
    put(&chair);
    run_loop_for(1000);
    expect_cancel(&safe, "when the safe waits, and a lamp and a chair behind it would fit", 0);
    expect_cancel(&safe, "a second time, before the lorry is told", -EALREADY);
    expect_kg(q, "when the lamp and the chair have come in, and the safe has not", 97);
    run_loop();
    expect_told("0.000  piano: is put\n"
                "1.000  safe: -ECANCELED\n"
                "1.000  lamp: is put\n"
                "1.000  chair: is put\n");
    expect_item(&safe, "a queue_put() of the safe that was told -ECANCELED", &safe.crate);
    expect_cancel(&lamp, "when the lorry was told that the lamp is put", -EALREADY);
    queue_free(q);
}
END_TEST

START_TEST(too_late_to_cancel)
{
    struct queue *q = bay_open(10);
    struct driver safe = lorry(q, "safe", 10), fin = fork_lift(q, "Fin");
    struct driver gus = fork_lift(q, "Gus");

    get(&fin);
    get(&gus);
    put(&safe);
    expect_cancel(&fin, "when the safe is Fin's, who is not told yet", -EALREADY);
    expect_cancel(&safe, "when the safe is put, and its lorry not told yet", -EALREADY);
    expect_cancel(&gus, "when Gus waits for a crate", 0);
    run_loop();
    expect_told("0.000  safe: is put\n"
                "0.000  Fin: gets safe\n"
                "0.000  Gus: -ECANCELED\n");
    expect_item(&gus, "a queue_get() that was told -ECANCELED", NULL);
    queue_free(q);
}
END_TEST

/* Those who have left are not served, those who have not are. */
START_TEST(the_wake_up_is_not_lost)
{
    struct queue *q = bay_open(10);
    struct driver safe = lorry(q, "safe", 10), stove = lorry(q, "stove", 10);
    struct driver table = lorry(q, "table", 10);

    put(&safe);
    put(&stove);
    put(&table);
    run_loop_for(1000);
    expect_cancel(&stove, "when the stove waits in front of the table", 0);
    expect_try_get(q, "when the safe is in front", "safe");
    run_loop_for(1000);
    expect_try_get(q, "when the table has come in for the safe", "table");
    expect_try_get(q, "when the stove was never put", NULL);
    run_loop();
    expect_told("0.000  safe: is put\n"
                "1.000  stove: -ECANCELED\n"
                "1.000  table: is put\n");
    queue_free(q);
}
END_TEST

START_TEST(a_lorry_in_the_middle)
{
    struct queue *q = bay_open(10);
    struct driver safe = lorry(q, "safe", 10), stove = lorry(q, "stove", 10);
    struct driver table = lorry(q, "table", 10), lamp = lorry(q, "lamp", 10);

    put(&safe);
    put(&stove);
    put(&table);
    put(&lamp);
    expect_cancel(&table, "when the table waits, between the stove and the lamp", 0);
    expect_try_get(q, "when the safe is in front", "safe");
    expect_try_get(q, "when the stove has come in for the safe", "stove");
    expect_try_get(q, "when the lamp has come in for the stove", "lamp");
    expect_try_get(q, "when the table was never put", NULL);
    run_loop();
    expect_told("0.000  safe: is put\n"
                "0.000  table: -ECANCELED\n"
                "0.000  stove: is put\n"
                "0.000  lamp: is put\n");
    queue_free(q);
}
END_TEST

START_TEST(a_fork_lift_in_the_middle)
{
    struct queue *q = bay_open(10);
    struct driver fins[] = {fork_lift(q, "Fin"), fork_lift(q, "Gus"), fork_lift(q, "Hal")};
    struct driver safe = lorry(q, "safe", 10), stove = lorry(q, "stove", 10);

    for (int k = 0; k < 3; k++)
        get(&fins[k]);
    expect_cancel(&fins[1], "when Gus waits, between Fin and Hal", 0);
    put(&safe);
    put(&stove);
    run_loop();
    expect_told("0.000  Gus: -ECANCELED\n"
                "0.000  safe: is put\n"
                "0.000  Fin: gets safe\n"
                "0.000  stove: is put\n"
                "0.000  Hal: gets stove\n");
    queue_free(q);
}
END_TEST

#endif
