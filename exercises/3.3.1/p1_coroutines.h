/* p1_coroutines.h: write coroutines, one for each thing that they are good for
 *
 * Each job below is a coroutine of yours. It is started by a call that returns at once; the job
 * itself runs on the event loop, beside all others, and reports its end to a callback. What a job
 * prints goes to standard output, a line at a time, with printf().
 *
 * What holds for every *_start():
 *   - It returns a handle, or NULL when there is not enough memory: then `done` is never called,
 *     nothing has been printed and nothing is left behind.
 *   - Nothing of the job runs inside the call; its first step comes when the loop does.
 *   - `done(result, arg)` is called exactly once, when the job has ended and all that it started
 *     has ended too. The handle is valid until then.
 *   - The number of jobs that run at the same time is not limited, nor how often each is started.
 *   - No call blocks: a job that waits lets all others run.
 *
 * A result is 0 or more, or a negative errno; -ECANCELED when the job was cancelled, -ENOMEM when
 * memory ran out while it ran.
 *
 * The asyncio twin stands beside each job; their lines and times are the same.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P1_COROUTINES_H
#define P1_COROUTINES_H

#include <event2/event.h>
#include <stdbool.h>

struct jobs; /* all jobs of one event loop */
struct job;  /* one of them */

typedef void (*job_done_fn)(int result, void *arg);

/* ---- given ---- */

/* The jobs that will run on `base`, which must outlive them. NULL without memory. */
struct jobs *jobs_new(struct event_base *base);

/* Ends the jobs that still run: they print nothing more, and `done` of each is called with
 * -ECANCELED. Frees all. Not to be called from a `done`. NULL is allowed. */
void jobs_free(struct jobs *jobs);

/* Asks a job to stop. One that has not begun never prints anything. One that waits goes on at once,
 * learns why, and may clean up, also with waits, before it ends. Its `done` is called as always. */
void job_cancel(struct job *job);

static inline bool is_prime(int n)
{
    for (int d = 2; d <= n / d; d++)
        if (n % d == 0)
            return false;
    return n >= 2;
}

/* ---- yours ---- */

/* Prints "Hello", waits 1000 ms, prints "World". Result: 0.
 * Cancelled while it waits: prints nothing more, result -ECANCELED.
 *
 *     async def hello_world():
 *         print("Hello"); await asyncio.sleep(1); print("World")
 */
struct job *hello_world_start(struct jobs *jobs, job_done_fn done, void *arg);

/* Prints "NAME: i" and waits 500 ms, for i = 0 .. n-1, then prints "NAME done". Result: n.
 * Cancelled while it waits: prints nothing more, result -ECANCELED.
 * n >= 0; `name` is borrowed until `done` is called.
 *
 *     async def count_up(name, n):
 *         for i in range(n): print(f"{name}: {i}"); await asyncio.sleep(.5)
 *         print(name, "done"); return n
 */
struct job *count_up_start(struct jobs *jobs, const char *name, int n, job_done_fn done, void *arg);

/* A generator of the Fibonacci numbers 0 1 1 2 3 5 8 ... that are smaller than `limit`, which may
 * be anything up to INT_MAX. It needs no loop.
 * fibonacci_next() puts the next number into *value and returns true; at the end it returns false,
 * leaves *value alone, and does so at every call after that.
 *
 *     def fibonacci(limit):
 *         a, b = 0, 1
 *         while a < limit: yield a; a, b = b, a + b
 */
struct fibonacci;
struct fibonacci *fibonacci_new(int limit); /* NULL without memory */
bool fibonacci_next(struct fibonacci *g, int *value);
void fibonacci_free(struct fibonacci *g); /* NULL is allowed */

/* Counts the prime numbers smaller than `below`. Result: how many there are.
 * It never waits for anything, and so has to let the others run by itself: after every 100 numbers
 * that it has looked at. Cancelled: result -ECANCELED.
 *
 *     async def count_primes(below):
 *         count = 0
 *         for i in range(below):
 *             count += is_prime(i)
 *             if i % 100 == 99: await asyncio.sleep(0)
 *         return count
 */
struct job *count_primes_start(struct jobs *jobs, int below, job_done_fn done, void *arg);

/* Works for `work_ms` without a word. Result: work_ms.
 * Cancelled while it works: prints "NAME cancelled", takes `cleanup_ms` to clean up, prints
 * "NAME cleaned" and ends. Result: -ECANCELED. `name` is borrowed until `done` is called.
 *
 *     async def work(name, work_s, cleanup_s):
 *         try:
 *             await asyncio.sleep(work_s)
 *             return work_s
 *         except asyncio.CancelledError:
 *             print(name, "cancelled")
 *             await asyncio.sleep(cleanup_s)
 *             print(name, "cleaned")
 *             raise
 */
struct job *work_start(struct jobs *jobs, const char *name, int work_ms, int cleanup_ms,
                       job_done_fn done, void *arg);

/* Runs one count_up for each of the `n` elements of `counts`, all at the same time, and waits for
 * all of them, whatever the order in which they end; then prints "gather". Result: the sum of their
 * results. With n = 0 it ends at once, with 0.
 * Cancelled: those that still run print nothing more and have ended, too, when `done` is called.
 * Result: -ECANCELED.
 * The array is copied: the caller's may be gone as soon as the call returns. The names are borrowed
 * until `done` is called.
 *
 *     async def count_all(counts):
 *         results = await asyncio.gather(*(count_up(name, n) for name, n in counts))
 *         print("gather"); return sum(results)
 */
struct count {
    const char *name;
    int n;
};
struct job *count_all_start(struct jobs *jobs, const struct count *counts, int n, job_done_fn done,
                            void *arg);

/* Runs work("w", work_ms, 200) for `limit_ms` (at least 1) at the most.
 * If the work ends in time, the job ends with it. Result: work_ms.
 * If not, cancels the work, waits until it has cleaned up, prints "timeout". Result: -ETIMEDOUT.
 * If the work is due exactly at the limit, either may happen.
 * Cancelled: cancels the work, waits until it has cleaned up, prints nothing, also if the limit
 * comes meanwhile. Result: -ECANCELED. Cancelled when the work cleans up after the limit: this or
 * the timeout.
 *
 *     async def wait_for(work_s, limit_s):
 *         try: return await asyncio.wait_for(work("w", work_s, .2), limit_s)
 *         except asyncio.TimeoutError: print("timeout"); raise
 */
struct job *wait_for_start(struct jobs *jobs, int work_ms, int limit_ms, job_done_fn done,
                           void *arg);

#endif
