/* 07_periodic_timer.h: a metronome that keeps time, whatever its player does
 *
 * Beat n is due n * period_ms after metronome_start(): beat 1 after one period, beat 2 after two.
 * That holds for every n, however long on_beat takes, and whatever else the loop has to do. A loop
 * that is busy may call on_beat late; no beat behind it moves for that:
 *
 *     period 100 ms; on_beat takes 30 ms, but 250 ms for beat 2
 *
 *     ms    100     200     300     400     500     600
 *     n     1       2      (3)     (4)      5       6
 *           |-|     |------ 250 ms -----|   |-|     |-|
 *
 * Beats that are missed are not made up for. When on_beat returns, the metronome waits for the
 * first beat that is still to come. And if others have held up the loop, the beats that have come
 * due meanwhile are one call of on_beat, with the number of the last of them. So n is always the
 * number of periods that have passed since the start, and gaps in n show what was missed.
 *
 * The asyncio twin, on a clock of whole milliseconds:
 *
 *     start = now_ms()
 *     while True:
 *         n = (now_ms() - start) // period_ms + 1
 *         await asyncio.sleep((start + n * period_ms - now_ms()) / 1000)
 *         on_beat((now_ms() - start) // period_ms)
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef PERIODIC_TIMER_H
#define PERIODIC_TIMER_H

struct event_base;
struct metronome; /* any number of them may run in one loop */

/* Called by the loop for beat n. May stop or free the metronome. */
typedef void (*beat_cb)(long long n, void *arg);

/* Starts a metronome with a period of any number of milliseconds from 1 on, days among them. It
 * counts from this call, which may also come from inside a callback. NULL, with errno EINVAL if
 * period_ms is below 1, ENOMEM without memory. The caller frees what is returned. */
struct metronome *metronome_start(struct event_base *base, int period_ms, beat_cb on_beat,
                                  void *arg);

/* From now on on_beat is not called, and nothing of the metronome is left in the loop. */
void metronome_stop(struct metronome *m);

/* Stops and frees a metronome, or NULL, at any moment; before the base is freed. */
void metronome_free(struct metronome *m);

#endif
