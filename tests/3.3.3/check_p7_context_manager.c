/* check_p7_context_manager.c: the suite of p7_context_manager
 *
 * It sees p7_context_manager.h, and nothing of how the functions are written. The tests stand in the
 * p7_*_tests.h, one subject a file.
 *
 * SPDX-License-Identifier: MIT
 */
#include "p7_cancel_tests.h"
#include "p7_file_tests.h"
#include "p7_limit_tests.h"
#include "p7_lock_end_tests.h"
#include "p7_pop_tests.h"
#include "p7_refusal_tests.h"
#include "p7_scope_tests.h"
#include "p7_stack_tests.h"
#include "p7_timeout_tests.h"
#include "p7_timer_tests.h"

static void add_scopes(Suite *s)
{
    behaviour(s, "[2] if enter fails neither body nor exit runs, and outer scopes do exit",
              "exit is owed if and only if enter has succeeded; when cb is called, nothing is left "
              "of the scope (3.3.3, \"Resource management\")",
              manager_and_body_are_copied, a_scope_that_is_not_entered,
              a_scope_that_cannot_be_begun, the_inner_one_is_not_entered,
              whichever_enter_fails_and_how, cb_may_begin_the_next_one, it_is_freed_before_cb,
              no_memory_for_a_scope);
    behaviour(s, "[2] enter, body, exit: each is begun when the one before has ended",
              "a scope goes forward with each callback, and from the loop alone "
              "(3.3.3, \"Resource management\")",
              enter_body_exit, a_timer_of_1_50_s, a_body_that_keeps_the_loop_busy,
              two_timers_at_once, a_timer_is_entered_once_at_a_time, a_timer_freed_by_cb,
              no_memory_for_a_timer, a_timer_freed_when_the_loop_does_not_run);
    behaviour(s, "[2] exit runs once, after success, error, cancellation and interruption",
              "there is one way out, and a cancellation takes it like any error "
              "(3.3.3, \"Cleanup\")",
              a_body_that_fails, a_body_that_is_cancelled, a_body_that_is_interrupted,
              however_it_ends_it_is_exited_once, two_scopes_at_once,
              it_is_known_whether_somebody_has_cancelled, who_cannot_be_asked_is_awaited,
              freed_when_the_loop_does_not_run);
}

static void add_stacks(Suite *s)
{
    behaviour(
        s, "[3] nested or on a stack: the last in is the first out, told how the error stands",
        "an exit is owed as soon as enter has succeeded, and runs in reverse; what it tells "
        "or returns is what the next one outside is told; who is busy refuses, and nothing has "
        "changed (3.3.3, \"Errors in a scope\")",
        the_last_one_in_is_the_first_one_out, who_suppresses_hides_it_from_those_outside,
        each_is_told_how_it_stands, what_it_returns_is_what_it_tells, a_bare_exit,
        a_busy_stack_refuses, a_stack_that_is_being_entered_refuses,
        what_could_not_be_entered_is_not_owed, no_memory_for_an_exit, two_stacks_at_once,
        freed_in_each_callback, used_again, a_stack_freed_when_the_loop_does_not_run);
    behaviour(s, "[3] cancelled during enter, body, exit, twice: asked, awaited, exited, told",
              "to cancel is to ask; an exit is not asked, and a request that comes during one is "
              "told behind it; who has answered is not asked for it again (3.3.3, \"Cleanup\")",
              cancelled_during_an_enter, cancelled_during_an_enter_that_succeeds_all_the_same,
              cancelled_during_an_exit, a_late_request_is_not_suppressed,
              cancelled_twice_and_suppressed_once, at_any_moment_whatever_happens,
              cancelled_before_the_first_exit, an_enter_that_cannot_be_asked,
              an_idle_stack_is_not_cancelled, what_comes_after_it_knows_nothing_of_it,
              who_is_asked_may_end_with_another_error,
              a_stack_is_used_again_after_a_cancelled_enter, each_request_is_passed_on,
              to_ask_needs_no_memory, a_refused_call_takes_no_request_back);
    behaviour(s, "[2] pop_all() hands over what is owed, and an empty stack is closed later",
              "an exit has one owner at a time, and a callback comes from the loop, also if there "
              "is nothing to do; a stack is inside until its scope is left (3.3.3, \"Resource "
              "management\")",
              the_other_one_owes_it, and_nothing_else_is_common_to_them, a_busy_one_is_left_alone,
              it_needs_no_memory, an_empty_stack_is_closed_later, freed_before_it_is_told,
              a_stack_closed_in_the_body_is_still_entered, what_was_popped_outlives_the_scope,
              a_stack_freed_by_cb);
}

static void add_managers(Suite *s)
{
    behaviour(s, "[2] a timeout asks the body to end in time, awaits it, and leaves no timer",
              "a timeout is a cancellation with another reason; its timer goes as soon as it has "
              "nothing to say any more (3.3.3, \"Cleanup\")",
              the_body_is_asked_to_end_in_time, a_body_that_ends_early_leaves_no_timer,
              a_body_that_was_asked_ends_as_it_likes, what_is_inside_is_exited_first,
              the_wish_of_somebody_else_stays_what_it_is, a_timeout_is_used_again,
              two_limits_at_once, a_limit_of_some_seconds, a_timeout_freed_by_cb,
              no_time_at_all_and_very_much, a_limit_in_a_stack,
              a_limit_in_a_stack_that_is_over_at_once, a_timeout_that_is_refused_goes_on,
              the_exits_are_not_limited, without_a_scope_there_is_nobody_to_interrupt,
              no_memory_for_a_timeout, a_timeout_freed_when_the_loop_does_not_run);
    behaviour(s,
              "[2] a lock is handed on in the order of coming, and who gives up leaves the queue",
              "what becomes free goes to who waits, never to who comes later; who waits no longer "
              "is not in the way (3.3.3, \"Work queue\")",
              one_at_a_time_in_the_order_of_their_coming, who_gives_up_has_left_the_queue,
              all_of_them_give_up, who_gives_up_when_it_is_his_turn_passes_it_on,
              who_comes_later_does_not_get_it_first, released_by_an_error_and_taken_again,
              a_lock_scope_is_entered_once_at_a_time, who_waits_costs_nothing, no_memory_for_a_lock,
              freed_by_cb_the_others_go_on, a_lock_freed_when_the_loop_does_not_run);
    behaviour(s, "[2] an exit that fails: the first error is kept, and the other exits run",
              "a cleanup that fails hides no error, and keeps nothing else from being cleaned up "
              "(3.3.3, \"Errors in a scope\")",
              the_first_error_is_kept, whichever_exit_fails_and_how, very_many_exits,
              a_file_is_there_for_as_long_as_the_body, what_cannot_be_removed_is_told,
              what_cannot_be_closed_is_removed_all_the_same,
              if_both_calls_fail_the_first_error_is_told, a_file_that_is_gone_already,
              a_file_that_cannot_be_made, two_files_at_once, a_file_freed_by_cb,
              no_memory_for_a_file);
}

Suite *exercise_suite(void)
{
    Suite *s = suite_create("p7_context_manager");

    add_scopes(s);
    add_stacks(s);
    add_managers(s);
    return s;
}
