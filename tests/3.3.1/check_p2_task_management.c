/* check_p2_task_management.c: the suite of p2_task_management
 *
 * It sees p2_task_management.h and coro.h, and nothing of how the functions are written. The tests
 * stand in the p2_*.h, one subject a file.
 *
 * SPDX-License-Identifier: MIT
 */
#include "p2_cancel_tests.h"
#include "p2_first_tests.h"
#include "p2_gather_tests.h"
#include "p2_last_tests.h"
#include "p2_semaphore_tests.h"
#include "p2_wait_for_tests.h"

static void add_waiting(Suite *s)
{
    behaviour(s, "[2] task_shield passes the result on and keeps a cancellation back",
              "to look on is not to await: who awaits a task hands its cancellation on (3.3.1, "
              "\"async and await\")",
              shield_gives_the_result, shield_sleeps_until_it_is_woken, shield_leaves_on_done_alone,
              shield_of_nothing, inner_goes_on_when_the_shield_is_cancelled, inner_fails_later,
              inner_is_cancelled_by_somebody_else);
    behaviour(s, "[2] task_wait_first ends with the first task and leaves the others alone",
              "look at what you were given, and then look on at all of it at the same time (3.3.1, "
              "\"async and await\")",
              the_first_is_found, wait_first_copies_the_array, wait_first_sleeps_until_it_is_woken,
              wait_first_leaves_on_done_alone, the_others_may_end_after_it_is_gone, two_are_first,
              wait_first_of_what_is_not_allowed, the_first_of_a_hundred);
    behaviour(s, "[2] task_gather gives the results in the order of the tasks",
              "look at what you were given, and then let all run, whatever the order in which they "
              "end (3.3.1, \"async and await\")",
              results_in_the_order_of_the_array, gather_copies_the_array,
              gather_sleeps_until_it_is_woken, gather_leaves_on_done_alone,
              those_that_had_ended_count, gather_of_none, gather_of_what_is_not_allowed,
              two_gathers_of_the_same_tasks);
    behaviour(
        s, "[2] task_gather tells the first failure at its time and the others go on",
        "gather waits and does not manage: a failure cancels nobody, and is heard at its time, "
        "also from a task further back (3.3.1, \"async and await\")",
        the_first_failure_is_told_at_its_time, a_second_failure_changes_nothing,
        two_fail_at_the_same_time, a_cancelled_task_is_a_failure);
    behaviour(s, "[3] task_wait_for cancels what takes too long and waits for its cleanup",
              "cancelling is a request: await its answer (3.3.1, \"Suspension points and "
              "resumption\")",
              in_time, wait_for_sleeps_until_it_is_woken, wait_for_leaves_on_done_alone,
              too_late_is_cancelled_and_awaited, due_at_the_limit, no_time_at_all,
              no_time_for_what_was_cancelled_before, each_has_its_own_limit,
              cancelled_by_its_owner_is_no_timeout, a_timeout_of_a_shield, a_gather_of_timeouts);
}

static void add_cancelling(Suite *s)
{
    behaviour(s, "[3] cancelled at any wait, each ends once, with -ECANCELED",
              "after each wait read why it ended (3.3.1, \"Suspension points and resumption\")",
              before_its_first_step, at_each_turn, twice_at_each_turn, in_the_same_turn,
              once_more_while_they_clean_up, the_limit_comes_while_it_cleans_up,
              through_the_task_that_awaits_it);
    behaviour(s, "[2] a task may refuse its cancellation, and its result counts",
              "cancelling is a request, and a task may ignore it (3.3.1, \"Suspension points and "
              "resumption\")",
              a_refusal_is_no_timeout, a_refusal_may_take_its_time,
              the_refusal_of_others_is_not_its_own);
    behaviour(
        s, "[2] the semaphore hands its permits on, first come, first served",
        "between the wake-up of a task and its step others run, and may take what it was woken "
        "for, or cancel it (3.3.1, \"Task scheduling\")",
        two_at_a_time, each_permit_counts, nobody_overtakes, never_too_many,
        permits_may_come_from_elsewhere, a_cancelled_waiter_leaves_the_queue,
        the_head_is_cancelled_before_the_release, the_head_is_cancelled_after_the_release,
        the_only_one_is_cancelled, no_permit_is_lost);
    behaviour(s, "[1] the task set names the tasks that run and frees each at its end",
              "somebody has to know the tasks that nobody awaits (3.3.1, \"Task scheduling\")",
              the_set_lists_its_tasks, who_has_ended_is_not_listed, the_task_has_the_name,
              tasks_of_the_set_are_cancelled, the_set_is_freed_at_each_turn);
    behaviour(s, "[1] nothing is left over when all is freed half-way or memory runs out",
              "who spawns a task frees it, also one that still waits (3.3.1, \"Coroutines\")",
              freed_at_each_turn, the_scheduler_is_freed_at_each_turn,
              the_semaphore_is_freed_at_each_turn, memory_runs_out_while_tasks_wait,
              memory_runs_out_elsewhere);
}

Suite *exercise_suite(void)
{
    Suite *s = suite_create("p2_task_management");
    add_waiting(s);
    add_cancelling(s);
    return s;
}
