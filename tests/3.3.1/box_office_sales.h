/* box_office_sales.h: the second half of 04_single_thread's suite: sales that overlap
 *
 * A sale has two steps: the buyer asks, and the bank answers. A schedule is an order of the steps
 * of a few sales; each step has 10 virtual milliseconds to itself, so that nothing is left to
 * chance. All schedules are run: if sales can disturb each other, one of them shows it, in every
 * run.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BOX_OFFICE_SALES_H
#define BOX_OFFICE_SALES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "04_single_thread.h"
#include "suite.h"

enum { MOST_BUYERS = 4, STEP_MS = 10, BANK_MS = 20 };

struct office;

struct buyer {
    char name; /* 'A' and so on */
    int seats; /* that the buyer wants */
    bool card_good;
    struct office *office;
    struct sale *sale;
    int calls; /* of on_done() */
    enum sale_outcome outcome;
    int told_at;         /* ms */
    struct buyer *freed; /* by on_done(): whose sale; NULL: nobody's */
};

struct office {
    struct theatre theatre;
    int seats;  /* at first */
    int fewest; /* seats left, ever */
    int buyer_count;
    struct buyer buyers[MOST_BUYERS];
    int begin_ms;
    char log[2048]; /* the timeline, for messages */
};

/* How many seats there are, and how many each buyer wants; a minus: with a card that is refused. */
struct scenario {
    int seats;
    int wants[MOST_BUYERS]; /* 0 behind the last buyer */
};

static const char *outcome_text(enum sale_outcome outcome)
{
    return outcome == SALE_SOLD       ? "SALE_SOLD"
           : outcome == SALE_SOLD_OUT ? "SALE_SOLD_OUT"
           : outcome == SALE_REFUSED  ? "SALE_REFUSED"
                                      : "no outcome at all";
}

/* Adds a line to the timeline, `later_ms` from now, and has a look at the seats. */
__attribute__((format(printf, 3, 4))) static void office_log(struct office *office, int later_ms,
                                                             const char *format, ...)
{
    const int ms = now_ms() - office->begin_ms + later_ms;
    const size_t used = strlen(office->log);
    char text[128];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    snprintf(office->log + used, sizeof office->log - used, "\n  %d.%03d  %s", ms / 1000, ms % 1000,
             text);
    if (office->theatre.seats_left < office->fewest)
        office->fewest = office->theatre.seats_left;
}

static void buyer_free(struct buyer *buyer)
{
    sale_free(buyer->sale);
    buyer->sale = NULL;
}

static void on_sale_done(enum sale_outcome outcome, void *arg)
{
    struct buyer *buyer = arg;
    struct office *office = buyer->office;

    buyer->calls++;
    buyer->outcome = outcome;
    buyer->told_at = now_ms();
    if (outcome == SALE_SOLD)
        office_log(office, 0, "%c has bought %d: %d left", buyer->name, buyer->seats,
                   office->theatre.seats_left);
    else
        office_log(office, 0, "%c is told %s: %d left", buyer->name, outcome_text(outcome),
                   office->theatre.seats_left);
    if (buyer->freed != NULL)
        buyer_free(buyer->freed);
}

static void office_open(struct office *office, const struct scenario *scenario)
{
    *office = (struct office){.theatre = {.base = test_base(), .seats_left = scenario->seats},
                              .seats = scenario->seats,
                              .fewest = scenario->seats,
                              .begin_ms = now_ms()};
    for (int k = 0; k < MOST_BUYERS && scenario->wants[k] != 0; k++) {
        const int wants = scenario->wants[k];

        office->buyers[office->buyer_count++] = (struct buyer){.name = (char)('A' + k),
                                                               .seats = wants < 0 ? -wants : wants,
                                                               .card_good = wants > 0,
                                                               .office = office};
    }
}

static void buyer_ask(struct buyer *buyer, int bank_ms)
{
    const struct sale_order order = {buyer->seats, bank_ms, buyer->card_good, on_sale_done, buyer};

    office_log(buyer->office, 0, "%c asks for %d: %d left", buyer->name, buyer->seats,
               buyer->office->theatre.seats_left);
    buyer->sale = sale_start(&buyer->office->theatre, &order);
    if (buyer->sale == NULL)
        fail_test("sale_start() returned NULL, for a sale of %d", buyer->seats);
}

static void office_close(struct office *office)
{
    for (int k = 0; k < office->buyer_count; k++)
        sale_free(office->buyers[k].sale);
}

/* ---- what must hold in the end ---- */

static void expect_told_once(const struct office *office, const struct buyer *buyer)
{
    if (buyer->calls != 1)
        fail_test("on_done() of a sale should be called once\n"
                  "expected  %c: 1 call\ngot       %c: %d calls\n"
                  "what happened, with %d for sale at first:%s",
                  buyer->name, buyer->name, buyer->calls, office->seats, office->log);
}

static void expect_not_told(const struct buyer *buyer)
{
    if (buyer->calls != 0)
        fail_test("on_done() was called for %c's sale, which had been freed", buyer->name);
}

static void expect_outcome(const struct office *office, const struct buyer *buyer,
                           enum sale_outcome outcome, int at_ms)
{
    expect_told_once(office, buyer);
    if (buyer->outcome != outcome || buyer->told_at != at_ms)
        fail_test("the sale to %c\nexpected  %s at 0.%03d\ngot       %s at 0.%03d\n"
                  "what happened, with %d for sale at first:%s",
                  buyer->name, outcome_text(outcome), at_ms, outcome_text(buyer->outcome),
                  buyer->told_at, office->seats, office->log);
}

static void expect_seats_left(const struct office *office, const char *when, int seats)
{
    if (office->theatre.seats_left != seats)
        fail_test("%s: how many seats are left?\nexpected  %d\ngot       %d\n"
                  "what happened, with %d for sale at first:%s",
                  when, seats, office->theatre.seats_left, office->seats, office->log);
}

/* The seats sold are those that are gone, and were never more than there are. */
static void expect_right_count(const struct office *office)
{
    int sold = 0;

    for (int k = 0; k < office->buyer_count; k++)
        if (office->buyers[k].outcome == SALE_SOLD)
            sold += office->buyers[k].seats;
    if (sold > office->seats || office->fewest < 0)
        fail_test(
            "a seat was sold twice\n"
            "expected  at most %d sold, never below 0 left\n"
            "got       %d sold, %d left at the fewest\nwhat happened, with %d for sale at first:%s",
            office->seats, sold, office->fewest, office->seats, office->log);
    expect_seats_left(office, "when all was over", office->seats - sold);
}

/* Nobody was sent away without a reason. */
static void expect_fair(const struct office *office, const struct buyer *buyer, bool all_cards_good)
{
    const int left = office->theatre.seats_left;

    if (buyer->outcome == (buyer->card_good ? SALE_REFUSED : SALE_SOLD))
        fail_test("the card of %c is %s\nexpected  not %s\ngot       %s\n"
                  "what happened, with %d for sale at first:%s",
                  buyer->name, buyer->card_good ? "good" : "bad", outcome_text(buyer->outcome),
                  outcome_text(buyer->outcome), office->seats, office->log);
    if (all_cards_good && buyer->outcome == SALE_SOLD_OUT && buyer->seats <= left)
        fail_test("%c wanted %d seats, and %d were left when all was over\n"
                  "expected  SALE_SOLD\ngot       SALE_SOLD_OUT\nwhat happened, with %d for sale "
                  "at first:%s",
                  buyer->name, buyer->seats, left, office->seats, office->log);
}

static void expect_right_sales(const struct office *office)
{
    bool all_cards_good = true;

    for (int k = 0; k < office->buyer_count; k++) {
        expect_told_once(office, &office->buyers[k]);
        all_cards_good = all_cards_good && office->buyers[k].card_good;
    }
    expect_right_count(office);
    for (int k = 0; k < office->buyer_count; k++)
        expect_fair(office, &office->buyers[k], all_cards_good);
}

/* ---- schedules ---- */

/* Who makes a step, in order: the first one of a buyer is to ask, the second the bank's answer. */
struct schedule {
    int length;
    int who[2 * MOST_BUYERS];
};

static void run_step(struct office *office, const struct schedule *schedule, int step)
{
    struct buyer *buyer = &office->buyers[schedule->who[step]];

    if (buyer->sale == NULL) {
        int answer = step + 1;

        while (schedule->who[answer] != schedule->who[step])
            answer++;
        buyer_ask(buyer, (answer - step) * STEP_MS + STEP_MS / 2);
    } else if (buyer->calls == 0) {
        office_log(office, STEP_MS / 2, "due: the bank's %s to %c", buyer->card_good ? "yes" : "no",
                   buyer->name);
    }
    run_loop_for(STEP_MS);
}

static void run_schedule(const struct scenario *scenario, const struct schedule *schedule)
{
    struct office office;

    office_open(&office, scenario);
    for (int step = 0; step < schedule->length; step++)
        run_step(&office, schedule, step);
    run_loop();
    expect_right_sales(&office);
    office_close(&office);
}

/* Runs every schedule that begins with `schedule` and makes each buyer's `steps` besides. */
static void run_all_schedules(const struct scenario *scenario, struct schedule *schedule,
                              int steps[MOST_BUYERS])
{
    bool complete = true;

    for (int k = 0; k < MOST_BUYERS; k++) {
        if (steps[k] == 0)
            continue;
        complete = false;
        steps[k]--;
        schedule->who[schedule->length++] = k;
        run_all_schedules(scenario, schedule, steps);
        schedule->length--;
        steps[k]++;
    }
    if (complete)
        run_schedule(scenario, schedule);
}

/* 90 orders of six steps, for each scenario. */
START_TEST(three_sales_in_every_order)
{
    static const struct scenario SCENARIOS[] = {
        {3, {2, 2, 2}}, {6, {1, 2, 3}}, {4, {1, 2, 3}}, {4, {-3, 2, 2}}, {2, {2, -2, -1}}};

    for (size_t k = 0; k < sizeof SCENARIOS / sizeof SCENARIOS[0]; k++) {
        struct schedule schedule = {0};
        int steps[MOST_BUYERS] = {2, 2, 2};

        run_all_schedules(&SCENARIOS[k], &schedule, steps);
    }
}
END_TEST

/* All ask before the bank answers one of them: 24 orders of its answers. */
START_TEST(four_answers_in_every_order)
{
    static const struct scenario SCENARIOS[] = {{5, {2, 2, 2, 2}}, {10, {1, 2, 3, 4}}};

    for (size_t k = 0; k < sizeof SCENARIOS / sizeof SCENARIOS[0]; k++) {
        struct schedule schedule = {4, {0, 1, 2, 3}};
        int steps[MOST_BUYERS] = {1, 1, 1, 1};

        run_all_schedules(&SCENARIOS[k], &schedule, steps);
    }
}
END_TEST

/* Their order is libevent's affair: it must not matter. */
START_TEST(four_answers_at_the_same_time)
{
    struct office office;

    office_open(&office, &(struct scenario){5, {2, 2, 2, 2}});
    for (int k = 0; k < office.buyer_count; k++)
        buyer_ask(&office.buyers[k], BANK_MS);
    run_loop();
    expect_right_sales(&office);
    office_close(&office);
}
END_TEST

#endif
