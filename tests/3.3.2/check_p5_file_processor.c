/* check_p5_file_processor.c: the suite of p5_file_processor
 *
 * It sees p5_file_processor.h, and nothing of how the functions are written. The tests stand in the
 * p5_*_tests.h, one subject a file.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "p5_call_tests.h"
#include "p5_cancel_tests.h"
#include "p5_file_tests.h"
#include "p5_many_tests.h"
#include "p5_memory_tests.h"
#include "p5_pool_tests.h"
#include "p5_result_tests.h"

#define FILES_LESSON "(3.3.2, \"Reading and writing files\")"

static void add_pool(Suite *s)
{
    behaviour(
        s, "[2] work is done on workers and callbacks run on the loop's thread",
        "a worker leaves its result where the loop finds it, and wakes the loop " FILES_LESSON,
        threads_are_refused, who_has_no_work_sleeps_until_it_is_woken, work_is_done_on_a_worker,
        a_sleeping_loop_is_woken, all_workers_work_and_each_callback_comes_once,
        the_first_comes_first, a_callback_may_start_the_next, one_without_a_release_or_a_handle);
    behaviour(s, "[1] a full pool says -EAGAIN",
              "a queue without a limit grows until memory runs out (3.3.2, \"Buffering\")",
              no_more_than_max_ops_are_accepted, the_limit_holds_for_files, a_pool_of_nothing);
    behaviour(
        s, "[2] short reads, short writes and EINTR are no errors, and errors keep their errno",
        "a call may do less than it was asked for, and errno is that of the last call "
        "(3.3.1, \"Non-blocking execution\")",
        what_was_written_is_read, in_pieces_and_interrupted, what_was_handed_in_is_copied,
        errors_of_open_are_told, errors_of_the_others_are_told, an_error_behind_some_bytes_is_told);
    behaviour(s, "[3] a stream is cut into lines, whatever the pieces it comes in",
              "the end of a piece is no end of a line (3.3.2, \"Streaming\")",
              lines_end_with_a_newline, the_last_line_may_have_no_end, crlf_is_an_end_too,
              a_line_may_hold_any_byte, a_line_that_is_too_long, it_stops_where_it_is_told_to,
              it_keeps_no_more_than_a_line, no_memory_for_a_line);
}

static void add_files(Suite *s)
{
    behaviour(s, "[3] the loop makes no file call and ticks while a worker waits",
              "a call that may wait belongs on a worker, open() and close() as well " FILES_LESSON,
              the_loops_thread_makes_no_file_call, the_loop_ticks_while_a_worker_waits_for_a_fifo,
              the_loop_ticks_while_the_disk_is_slow, a_silent_fifo_holds_up_one_worker_only,
              who_waits_for_a_fifo_sleeps, a_fifo_and_a_signal, a_file_in_pieces_and_interrupted);
    behaviour(s, "[2] a file of any size takes a few chunks of memory",
              "who reads a file chunk by chunk needs room for a chunk (3.3.2, \"Streaming\")",
              a_file_larger_than_memory, many_lines_many_errors, a_file_that_shrinks);
    behaviour(s, "[2] the result is complete or what it was before",
              "write beside it, fsync(), and rename() " FILES_LESSON, the_result_is_there_at_once,
              the_new_file_lies_beside_it_and_is_nobody_elses, two_at_a_time_for_one_result,
              the_result_has_the_permissions_of_the_file, a_file_may_be_replaced_by_its_own_result,
              whatever_fails_the_old_result_is_intact, the_disk_is_full,
              what_cannot_be_read_gives_no_result, cancelled_at_any_time_it_is_all_or_nothing,
              before_rename_it_can_be_cancelled_and_then_no_more,
              an_empty_file_gives_an_empty_result, permissions_cannot_be_set);
    behaviour(s, "[2] cancelled in a worker, it is told at once and freed when the worker lets go",
              "a thread cannot be stopped: it still uses what it was given " FILES_LESSON,
              cancelled_before_it_has_begun, cancelled_in_a_worker_it_is_told_at_once,
              a_long_work_may_look_whether_it_was_cancelled, cancelled_twice_it_is_told_once,
              what_is_done_is_not_cancelled, a_worker_does_not_wait_for_a_fifo_that_was_cancelled,
              the_next_fifo_is_another_matter, a_file_that_was_opened_too_late_is_closed);
    behaviour(s, "[2] many files are processed k at a time and told in order",
              "start the next when one has ended, and tell what is complete up to here (3.3.1, "
              "\"Task scheduling\")",
              in_the_order_of_the_jobs_two_at_a_time, one_at_a_time, more_at_a_time_than_there_are,
              none_at_all, one_that_fails_disturbs_no_other, its_places_are_its_own,
              its_files_wait_for_their_turn, a_full_pool_does_not_stop_it, what_it_does_not_take,
              cancelled_it_begins_no_other, cancelled_in_each, cancelled_in_each_no_other_is_told,
              shut_down_it_is_finished, no_memory_for_some_of_them);
    behaviour(s, "[1] the pool ends when its work is done, and leaves no thread",
              "who starts a thread joins it, and not before it has ended " FILES_LESSON,
              an_idle_pool_ends, what_was_accepted_is_finished, it_may_be_shut_down_in_a_callback,
              it_waits_for_workers_that_were_cancelled, memory_runs_out);
}

Suite *exercise_suite(void)
{
    Suite *s = suite_create("p5_file_processor");

    add_pool(s);
    add_files(s);
    return s;
}
