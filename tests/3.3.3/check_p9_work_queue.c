/* check_p9_work_queue.c: the suite of p9_work_queue
 *
 * It sees p9_work_queue.h, and nothing of how the functions are written. The tests stand in the
 * p9_*_tests.h, one subject a file.
 *
 * SPDX-License-Identifier: MIT
 */
#include "p9_count_tests.h"
#include "p9_drain_tests.h"
#include "p9_end_tests.h"
#include "p9_join_tests.h"
#include "p9_order_tests.h"
#include "p9_pause_tests.h"
#include "p9_rate_tests.h"
#include "p9_retry_tests.h"
#include "p9_time_tests.h"
#include "p9_timeout_tests.h"
#include "p9_wait_tests.h"

static void add_jobs(Suite *s)
{
    behaviour(s, "[2] jobs go out as they came, the higher priority first",
              "a job stands in one line at a time, once, and the line is served from its head: "
              "nobody who comes later goes before (3.3.3, \"Work queue\")",
              as_they_came, higher_ones_first, a_high_one_comes_late, each_put_has_its_priority,
              a_priority_that_there_is_not, one_that_is_put_already, two_queues_at_once);
    behaviour(s, "[2] all workers work, never more, and the loop calls them",
              "a worker is free when its job says so, once; what is called back is called by the "
              "loop, and all others get their turn (3.3.3, \"Work queue\")",
              all_workers_work, more_workers_than_jobs, done_inside_run, done_once_too_often,
              a_timer_is_served_meanwhile, nothing_begins_in_a_pause, paused_in_a_callback,
              freed_at_any_moment);
    behaviour(s, "[3] who finds the queue full waits, and each free slot goes to the first in line",
              "hand-off: a slot that becomes free belongs to whoever has waited longest, at once; "
              "who cancels leaves the line (3.3.3, \"Backpressure\")",
              as_fast_as_the_consumer, slots_in_the_order_of_the_puts,
              nobody_takes_the_slot_of_another, two_slots_at_once, nobody_is_told,
              who_cancels_leaves_the_line, what_is_accepted_stays, back_at_the_end_of_the_line,
              to_wait_costs_nothing);
    behaviour(s, "[2] join ends with the last job, not with the empty queue",
              "a job is unfinished until it is over, wherever it is meanwhile "
              "(3.3.3, \"Work queue\")",
              the_jobs_count_not_the_queue, nothing_to_wait_for, jobs_that_come_meanwhile,
              a_join_is_cancelled);
}

static void add_times(Suite *s)
{
    behaviour(s, "[2] what failed is tried again later, then a dead letter, and holds up nobody",
              "a job that waits for its next attempt takes no worker and no slot; when it comes is "
              "known, so a timer is enough (3.3.1, \"Task scheduling\")",
              twice_as_long_each_time, others_are_not_held_up, each_waits_its_own_time,
              back_without_a_slot, back_while_all_are_busy, a_job_knows_its_attempts,
              as_long_as_an_int_goes, dead_letters, one_attempt, retries_come_back_in_a_pause,
              a_join_waits_for_the_next_attempt, no_memory_for_the_timer);
    behaviour(s, "[2] an attempt whose time is over is asked to end, and waited for",
              "to cancel is to ask: the worker is free when the job has ended (3.3.3, \"Cleanup\")",
              it_is_waited_for, each_attempt_has_its_time, the_last_attempt_counts,
              done_however_late, in_time, over_before_anybody_looks, no_way_to_break_it_off,
              attempts_time_out_in_a_pause, a_long_time_and_a_queue_freed_by_cancel,
              no_memory_for_its_timer);
    behaviour(s, "[2] a scheduled job comes at its time, a periodic one without drift",
              "the next time is computed from the last one, not from now; those that are over "
              "become one (3.3.1, \"Task scheduling\")",
              when_its_time_has_come, each_has_its_priority, it_waits_for_a_slot,
              scheduled_ones_are_put_in_a_pause, what_cannot_be_scheduled, a_join_waits_for_no_time,
              no_drift, from_a_time_in_the_past, longer_than_its_period, missed_times_become_one,
              it_fails_and_comes_again, a_very_long_period, no_memory_for_its_time);
    behaviour(s, "[2] shut down, a queue does what it accepted, or cancels it NOW, and tells all",
              "whoever waits is released, what runs is waited for, and the end is told once, last "
              "of all (3.3.3, \"Cleanup\")",
              what_was_accepted_is_done, with_all_its_attempts, paused_after_the_shutdown,
              a_periodic_one_fails_at_the_end, nobody_waits_for_the_shutdown,
              nobody_waits_for_the_shutdown_now, now_what_runs_is_waited_for,
              first_gracefully_then_now, from_a_handler, one_that_runs_is_asked,
              done_before_it_is_asked, asked_before_by_the_timeout, nobody_can_be_asked,
              scheduled_ones_whose_time_has_come, whatever_it_is_doing);
}

static void add_the_rest(Suite *s)
{
    behaviour(s, "[1] no more attempts begin than there are tokens for",
              "a bucket lets through what it holds, then what comes in; how much came is computed "
              "without rounding (3.3.3, \"Flow control\")",
              three_a_second, a_rush_after_a_rest, tokens_come_in_a_pause,
              a_full_bucket_keeps_no_part, attempts_count_not_jobs, a_large_bucket);
    behaviour(s, "[1] the statistics are right at each moment",
              "who changes the state of a job counts it, there and nowhere else "
              "(3.3.3, \"Work queue\")",
              it_counts_at_each_moment, it_counts_what_took_too_long, it_counts_no_time_after_now,
              it_counts_what_was_missed_and_dropped);
    behaviour(s, "[1] the loop sleeps while there is nothing to do",
              "the loop is woken by what happens and at the times that are known, not to look "
              "whether there is something (3.3.3, \"Flow control\")",
              idle_it_sleeps, with_nothing_to_do_it_sleeps, paused_it_waits_for_no_token,
              woken_when_the_time_has_come);
}

Suite *exercise_suite(void)
{
    Suite *s = suite_create("p9_work_queue");

    add_jobs(s);
    add_times(s);
    add_the_rest(s);
    return s;
}
