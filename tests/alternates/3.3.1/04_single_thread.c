/* 04_single_thread.c: another right solution: a generator yields between two pieces of an audit,
 * and a sale holds nothing back, but checks again when the bank has answered
 *
 * SPDX-License-Identifier: MIT
 */
#include "04_single_thread.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>

#include "coro.h"

/* ---- audits ---- */

struct audit {
    struct audit_order order;
    struct gen gen;
    size_t next;
    long total;
    struct event *turn; /* resumes the generator; owned */
};

/* True if it is to be resumed in the next turn. */
static bool audit_resume(struct audit *audit)
{
    const struct audit_order *order = &audit->order;

    GEN_BEGIN(&audit->gen);
    while (audit->next < order->count) {
        audit->total += order->takings(&order->bookings[audit->next++], order->arg);
        if (audit->next % AUDIT_PIECE == 0)
            GEN_YIELD(&audit->gen, 0);
    }
    GEN_END(&audit->gen);
}

static int audit_next_turn(struct audit *audit)
{
    const struct timeval at_once = {0};

    return event_add(audit->turn, &at_once) == 0 ? 0 : -ENOMEM;
}

static void on_audit_turn(evutil_socket_t fd, short what, void *arg)
{
    struct audit *audit = arg;
    const bool goes_on = audit_resume(audit);
    const int err = goes_on ? audit_next_turn(audit) : 0;

    (void)fd;
    (void)what;
    if (!goes_on || err != 0)
        audit->order.on_done(err != 0 ? err : audit->total, audit->order.arg);
}

struct audit *audit_start(struct event_base *base, const struct audit_order *order)
{
    struct audit *audit = calloc(1, sizeof(*audit));

    if (audit == NULL)
        return NULL;
    audit->order = *order;
    audit->turn = evtimer_new(base, on_audit_turn, audit);
    if (audit->turn == NULL || audit_next_turn(audit) != 0) {
        audit_free(audit);
        return NULL;
    }
    return audit;
}

void audit_free(struct audit *audit)
{
    if (audit == NULL)
        return;
    if (audit->turn != NULL)
        event_free(audit->turn);
    free(audit);
}

/* ---- sales ---- */

/* One timer does both: after no time it tells that there are too few seats, after the bank's time
 * what the bank has said. */
struct sale {
    struct sale_order order;
    struct theatre *theatre; /* borrowed */
    struct event *answer;    /* owned */
    bool asked;              /* the bank was */
};

static bool sale_fits(const struct sale *sale)
{
    return sale->order.seats <= sale->theatre->seats_left;
}

static void on_answer(evutil_socket_t fd, short what, void *arg)
{
    struct sale *sale = arg;
    enum sale_outcome outcome = SALE_SOLD;

    (void)fd;
    (void)what;
    if (sale->asked && !sale->order.card_good)
        outcome = SALE_REFUSED;
    else if (!sale->asked || !sale_fits(sale))
        outcome = SALE_SOLD_OUT;
    else
        sale->theatre->seats_left -= sale->order.seats;
    sale->order.on_done(outcome, sale->order.arg);
}

struct sale *sale_start(struct theatre *theatre, const struct sale_order *order)
{
    struct sale *sale = calloc(1, sizeof(*sale));
    struct timeval delay = {0};

    if (sale == NULL)
        return NULL;
    sale->order = *order;
    sale->theatre = theatre;
    sale->asked = sale_fits(sale);
    if (sale->asked)
        delay = (struct timeval){order->bank_ms / 1000, order->bank_ms % 1000 * 1000};
    sale->answer = evtimer_new(theatre->base, on_answer, sale);
    if (sale->answer == NULL || event_add(sale->answer, &delay) != 0) {
        sale_free(sale);
        return NULL;
    }
    return sale;
}

void sale_free(struct sale *sale)
{
    if (sale == NULL)
        return;
    if (sale->answer != NULL)
        event_free(sale->answer);
    free(sale);
}
