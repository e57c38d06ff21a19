/* 01_async_await.h: an espresso machine that never blocks
 *
 * To make an espresso takes three steps, one after the other. Each begins when the one before has
 * ended well, takes its time, and prints a line "MACHINE: text":
 *
 *     when               what           the line             else
 *     at once            begin          "start"
 *     GRIND_MS later     grind          "ground"             "no beans", the result is -ENODATA
 *     HEAT_MS later      heat           "hot"                "no water", the result is -ENODATA
 *     BREW_MS later      brew           "espresso"
 *
 * A step that fails ends the job: the steps behind it do not run. So does a wait that is given up,
 * because somebody cancelled it: then its errno, -ECANCELED, is the result. The asyncio twin is
 *
 *     async def make_espresso(self):
 *         self.say("start")
 *         await asyncio.sleep(0.300); self.grind()        # each may raise
 *         await asyncio.sleep(0.200); self.heat()
 *         await asyncio.sleep(0.250); self.brew()
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ASYNC_AWAIT_H
#define ASYNC_AWAIT_H

enum { GRIND_MS = 300, HEAT_MS = 200, BREW_MS = 250 };
enum { DOSE_G = 18, CUP_ML = 40 }; /* what an espresso takes of beans, and of water */

struct sched;    /* the scheduler of coro.h */
struct espresso; /* one espresso in the making */

struct espresso_order {
    const char *machine; /* in front of every line; borrowed, outlives the espresso */
    int beans_g;         /* in the machine: enough from DOSE_G on */
    int water_ml;        /* in the machine: enough from CUP_ML on */
};

/* How the three steps are written down. It makes no difference that one could see from outside. */
enum espresso_way { BY_CALLBACKS, BY_STATE_MACHINE, BY_COROUTINE };

/* Gets the result: 0, or the negative errno of the step that failed. May free the espresso. */
typedef void (*espresso_cb)(int result, void *arg);

/* Has an espresso made by the loop of `sched`. Returns at once, before anything is printed; later
 * on_done(result, arg) is called exactly once. The order is copied. NULL without memory, and then
 * on_done is never called. The caller owns what is returned. */
struct espresso *espresso_start(struct sched *sched, enum espresso_way way,
                                const struct espresso_order *order, espresso_cb on_done, void *arg);

/* Frees an espresso, also NULL. One that is still in the making stops, and on_done is not called.
 */
void espresso_free(struct espresso *e);

#endif
