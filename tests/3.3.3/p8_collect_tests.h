/* p8_collect_tests.h: aiter_collect(), which is given, over your for_each: tests for
 * check_p8_async_iterator.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P8_COLLECT_TESTS_H
#define P8_COLLECT_TESTS_H

#include <stdlib.h>

#include "p8_source.h"

static void on_collected(int result, void *arg)
{
    (void)arg;
    trace("list: %s", result_text(result));
}

/* `of` items, `max` of them wanted, copy `fails_at` fails: what is in the list then. */
static void expect_list(int of, int max, int fails_at, int asks, const char *items,
                        const char *timeline)
{
    struct source s;
    struct collect list;
    struct aiter *it = source_open(&s, "s", 0, of, 100);
    void *copied[8];
    char got[64] = "";

    scene("aiter_collect(), %d items, max = %d%s", of, max, fails_at > 0 ? ", a copy fails" : "");
    copies = 0;
    copies_fail_at = fails_at;
    s.refuse_at = 1;
    s.refuse = -ENOMEM; /* and nothing has begun */
    const int error =
        max > 0 ? aiter_collect(&list, it, copied, max, copy_int, on_collected, NULL) : -ENOMEM;
    s.asks = s.refuse_at = 0;
    if (error != -ENOMEM ||
        aiter_collect(&list, it, copied, max, copy_int, on_collected, NULL) != 0)
        fail_test("aiter_collect(): with a next that is refused, and again\n"
                  "expected  -ENOMEM, and 0\ngot       something else: is aiter_for_each() written "
                  "yet? TODO(2)");
    run_loop();
    expect_story(timeline);
    expect_asks(&s, asks);
    expect_count("a list is complete: calls of the close of its iterator", 1, s.closes);
    for (int i = 0; i < list.n; i++) {
        const size_t used = strlen(got);

        snprintf(got + used, sizeof(got) - used, " %d", *(int *)copied[i]);
        free(copied[i]);
    }
    if (strcmp(got, items) != 0)
        fail_test("aiter_collect(): the items\nexpected %s\ngot      %s", items, got);
    aiter_free(it);
}

START_TEST(a_list_of_items)
{
    expect_list(3, 8, 0, 4, " 0 1 2", "0.300  list: 0\n");
    expect_list(9, 3, 0, 3, " 0 1 2", "0.600  list: 0\n");
    expect_list(9, 8, 2, 2, " 0", "0.800  list: -ENOMEM\n");
    expect_list(9, 0, 0, 0, "", "0.800  list: 0\n");
    expect_list(9, -1, 0, 0, "", "0.800  list: 0\n");
}
END_TEST

#endif
