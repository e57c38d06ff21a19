/* check_victim.c: a suite for the attacks to be graded by
 *
 * SPDX-License-Identifier: MIT
 */
#include "faults.h"
#include "suite.h"
#include "vclock.h"
#include "victim.h"

static void on_done(void *arg)
{
    ++*(int *)arg;
}

START_TEST(times_are_right)
{
    int done = 0;

    ck_assert_int_eq(victim_start(test_base(), on_done, &done), 0);
    run_loop();
    expect_trace("0.000  begin\n"
                 "0.500  end\n");
}
END_TEST

START_TEST(done_once)
{
    int done = 0;

    /* A suite can ask for these, too; a program without descriptors does not notice. */
    faults.max_read = 1;
    io_forbid_files(true);
    vclock_expect_outside(0);
    vclock_livelock_limit(0);
    ck_assert_int_eq(victim_start(test_base(), on_done, &done), 0);
    run_loop();
    ck_assert_msg(done == 1, "done was called %d times instead of once", done);
}
END_TEST

Suite *exercise_suite(void)
{
    Suite *s = suite_create("victim");

    behaviour(s, "[3] prints at the right times", "time", times_are_right);
    behaviour(s, "[2] calls done exactly once", "once", done_once);
    return s;
}
