/* 04_single_thread.h: a box office with one clerk
 *
 * One thread serves a theatre: it audits long lists of bookings, and it sells seats. No callback
 * ever runs beside another. But while the clerk audits, nobody is served; and while the clerk waits
 * for the bank, others are, and buy. The asyncio twin, with both mistakes still in it:
 *
 *     async def audit(bookings):
 *         return sum(takings(b) for b in bookings)        # no await: nobody else runs
 *
 *     async def sell(self, seats):
 *         if seats > self.seats_left: raise SoldOut
 *         await bank.approve(seats)                       # others run, and they buy
 *         self.seats_left -= seats
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SINGLE_THREAD_H
#define SINGLE_THREAD_H

#include <stdbool.h>
#include <stddef.h>

struct event_base; /* of libevent */

/* ---- audits ---- */

enum { AUDIT_PIECE = 100 }; /* so many bookings are looked at in one turn of the loop, at most */

struct booking {
    int seats;
    int price; /* of each, in cents */
};

struct audit; /* one audit, under way or over; any number of them may be under way at once */

struct audit_order {
    const struct booking *bookings; /* borrowed until the audit is over or freed */
    size_t count;                   /* of the bookings, 0 is allowed */
    long (*takings)(const struct booking *booking, void *arg); /* in cents; slow */
    void (*on_done)(long total, void *arg); /* total in cents, or -ENOMEM; may free the audit */
    void *arg;                              /* for both */
};

/* Has the loop of `base` call takings() once for each booking, and then on_done() once with the
 * sum. Returns at once, before either is called. In one turn of the loop it looks at AUDIT_PIECE
 * bookings at the most. Then it yields: before it goes on, the loop has looked at all timers and
 * descriptors. It does not rest: as long as an audit is under way, the loop does not sleep. If it
 * cannot be called again, for want of memory, on_done() is told -ENOMEM at once. The order is
 * copied. NULL without memory. The caller owns the audit. */
struct audit *audit_start(struct event_base *base, const struct audit_order *order);

/* Frees an audit, also NULL. One that is under way stops, and on_done() is not called. */
void audit_free(struct audit *audit);

/* ---- sales ---- */

struct theatre {
    struct event_base *base; /* borrowed */
    int seats_left;          /* for sale, 0 at the least; a sale under way may hold back its own */
};

enum sale_outcome {
    SALE_SOLD,     /* the bank has agreed, and the seats are the buyer's */
    SALE_SOLD_OUT, /* fewer were left when the buyer asked, or when the bank had answered */
    SALE_REFUSED,  /* the bank has said no */
};

struct sale; /* one sale, under way or over */

struct sale_order {
    int seats;                                             /* at least 1; fewer are never sold */
    int bank_ms;                                           /* how long the bank takes to answer */
    bool card_good;                                        /* what it will answer */
    void (*on_done)(enum sale_outcome outcome, void *arg); /* may free the sale */
    void *arg;
};

/* Sells seats of `theatre`, which outlives the sale. Returns at once; on_done() is called once and
 * later. If fewer seats are left than are wanted, that is at once, and the bank is not asked; else
 * it is when the bank has answered. If the bank says no, and too few seats are left by then, the
 * outcome may be either of the two. A sale that does not end with SALE_SOLD leaves no trace: as
 * many seats are for sale as without it. The order is copied. NULL without memory; then nothing is
 * called. The caller owns the sale. */
struct sale *sale_start(struct theatre *theatre, const struct sale_order *order);

/* Frees a sale, also NULL. One that is under way is given up, on_done() is not called, and it
 * leaves no trace. One that has ended with SALE_SOLD stays sold. */
void sale_free(struct sale *sale);

#endif
