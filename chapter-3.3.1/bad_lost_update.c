/* bad_lost_update.c: WRONG on purpose: a check that is older than a wait
 *
 * asyncio twin, with the same mistake (the balance is 100, and both want 90):
 *     async def withdraw(name, amount):
 *         if amount <= account.balance:       # check,
 *             await approval()                # wait: others run here,
 *             account.balance -= amount       # act
 *     await asyncio.gather(withdraw("A", 90), withdraw("B", 90))
 * Run: ./bad_lost_update
 * Ends when both withdrawals are over.
 * Notice: the balance ends at -80, on one thread, with no two callbacks at the same time. B checks
 * while A waits. The order is fixed, so this happens every time: event_active() starts A and then
 * B, and a common timeout, which is a queue, approves A and then B. Approved the other way round,
 * B would have 10 left, and A -80. Right: check again behind the wait, or take the money before it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static const struct timeval APPROVAL = {.tv_usec = 100 * 1000};

struct account {
    int balance;
    const struct timeval *approval; /* how long one takes: a queue; the base owns it */
};

struct withdrawal {
    const char *name; /* printed with every line; borrowed */
    int amount;
    struct account *account; /* shared with the others; borrowed */
    struct event *asked;     /* runs on_asked(); owned */
    struct event *approved;  /* runs on_approved(); owned */
    bool failed;             /* the approval could not be ordered */
};

static void on_asked(evutil_socket_t fd, short what, void *arg)
{
    struct withdrawal *w = arg;

    (void)fd;   /* this event has no descriptor, */
    (void)what; /* and only one thing can happen to it */
    printf("%s: asks for %d of %d\n", w->name, w->amount, w->account->balance);
    if (w->amount <= w->account->balance)
        w->failed = event_add(w->approved, w->account->approval) != 0;
}

static void on_approved(evutil_socket_t fd, short what, void *arg)
{
    struct withdrawal *w = arg;

    (void)fd;
    (void)what;
    w->account->balance -= w->amount; /* WRONG: the check is 100 ms old */
    printf("%s: gets %d, leaves %d\n", w->name, w->amount, w->account->balance);
}

static int withdrawal_open(struct withdrawal *w, struct event_base *base)
{
    w->asked = evtimer_new(base, on_asked, w);
    w->approved = evtimer_new(base, on_approved, w);
    if (w->asked == NULL || w->approved == NULL)
        return -1;
    event_active(w->asked, EV_TIMEOUT, 0);
    return 0;
}

static void withdrawal_close(struct withdrawal *w)
{
    if (w->approved != NULL)
        event_free(w->approved);
    if (w->asked != NULL)
        event_free(w->asked);
}

int main(void)
{
    struct account account = {.balance = 100};
    struct withdrawal a = {.name = "A", .amount = 90, .account = &account};
    struct withdrawal b = {.name = "B", .amount = 90, .account = &account};
    int status = EXIT_FAILURE;
    struct event_base *base = event_base_new();

    if (base != NULL)
        account.approval = event_base_init_common_timeout(base, &APPROVAL);
    if (account.approval == NULL || withdrawal_open(&a, base) != 0 ||
        withdrawal_open(&b, base) != 0) {
        fprintf(stderr, "bad_lost_update: set-up: out of memory\n");
        goto cleanup;
    }
    if (event_base_dispatch(base) != 1 || a.failed || b.failed) {
        fprintf(stderr, "bad_lost_update: event loop: it ended before its work did\n");
        goto cleanup;
    }
    /* stdout remembers a write that failed: one look here serves every line above. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "bad_lost_update: stdout: cannot write\n");
        goto cleanup;
    }
    status = EXIT_SUCCESS;

cleanup:
    withdrawal_close(&b);
    withdrawal_close(&a);
    if (base != NULL)
        event_base_free(base);
    return status;
}
