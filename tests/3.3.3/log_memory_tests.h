/* log_memory_tests.h: memory runs out: tests for the suite of 19_async_lines
 *
 * Each of them looks at one function only: whatever else has failed then is left alone.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LOG_MEMORY_TESTS_H
#define LOG_MEMORY_TESTS_H

#include "log_reader.h"

/* A keeper of few words. False: there was no memory for an iterator. */
static bool keeper_arrives(struct keeper *k)
{
    *k = (struct keeper){.quiet = true, .habit = ASKS_AGAIN};
    k->fd = peer_pair(&k->lighthouse);
    k->entries = entries_new(test_base(), k->fd);
    if (k->entries != NULL)
        return true;
    (void)close(k->fd); /* it is still ours */
    peer_free(k->lighthouse);
    return false;
}

static void ask_twice(void *unused)
{
    struct keeper k;

    (void)unused;
    if (!keeper_arrives(&k))
        return;
    k.habit = RESTS;
    light(&k, now_ms(), "fog\n");
    keeper_ask(&k);
    if (k.refused != 0) {
        const int first = k.refused;

        keeper_ask(&k);
        run_loop_for(100);
        if (first != -ENOMEM || k.refused != 0 || k.items != 1)
            fail_test("entries_next() when memory has run out, and once more\n"
                      "expected  -ENOMEM, then 0, and an entry: nobody waits, and there is memory\n"
                      "got       %s, then %s, and %d entries",
                      result_text(first), result_text(k.refused), k.items);
    }
    keeper_leave(&k);
}

START_TEST(a_next_without_memory)
{
    each_allocation_fails(ask_twice, NULL);
}
END_TEST

static void read_once(void *unused)
{
    struct keeper k;
    const int began = now_ms();

    (void)unused;
    if (!keeper_arrives(&k))
        return;
    light(&k, began + 100, "fog\nsail"); /* the last line has no end */
    peer_shutdown(k.lighthouse, began + 200);
    keeper_ask(&k);
    run_loop_for(300);
    const int items = k.items, got = k.got;
    if (k.refused == 0 && got != -ENOMEM && (got != ITER_END || items != 2))
        fail_test("memory has run out once while a next waits: the keeper is told of\n"
                  "expected  2 entries, then ITER_END; or -ENOMEM, in place of what is missing\n"
                  "got       %d entries, then %s",
                  items, k.told < k.asked ? "nothing: he waits" : got_text(got));
    if (k.refused == 0) {
        keeper_ask(&k);
        run_loop_for(100);
        if (k.refused == 0 && (k.got != got || k.items != items))
            fail_test("memory has run out once while a next waits, and the keeper asks again\n"
                      "expected  %s, then %s\ngot       %s, then %s",
                      got_text(got), got_text(got), got_text(got),
                      k.items != items ? "an entry" : got_text(k.got));
    }
    keeper_leave(&k);
}

START_TEST(no_memory_to_wait)
{
    each_allocation_fails(read_once, NULL);
}
END_TEST

static void close_once(void *unused)
{
    struct keeper k;

    (void)unused;
    if (!keeper_arrives(&k))
        return;
    keeper_ask(&k);
    run_loop_for(50);
    if (k.refused == 0 && k.told == 0) {
        keeper_close(&k);
        run_loop_for(50);
        if (k.told == 0 || k.got != -ECANCELED)
            fail_test("entries_close() while a next waits, and there is no memory: it is told\n"
                      "expected  -ECANCELED: close needs no memory\ngot       %s",
                      k.told == 0 ? "nothing: it waits for ever" : result_text(k.got));
    }
    keeper_leave(&k);
}

START_TEST(closed_without_memory)
{
    each_allocation_fails(close_once, NULL);
}
END_TEST

#endif
