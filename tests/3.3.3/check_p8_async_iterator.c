/* check_p8_async_iterator.c: the suite of p8_async_iterator, iterators that are put together
 *
 * SPDX-License-Identifier: MIT
 */
#include "p8_buffer_tests.h"
#include "p8_chain_tests.h"
#include "p8_collect_tests.h"
#include "p8_loop_tests.h"
#include "p8_merge_close_tests.h"
#include "p8_range_tests.h"
#include "p8_stream_tests.h"
#include "p8_take_tests.h"

#define STREAM "(3.3.3, \"Stream processing\")"
#define LAZY   "(3.3.3, \"Lazy evaluation\")"
#define MEMORY "(3.3.3, \"Memory efficiency\")"

static void add_sources(Suite *s)
{
    behaviour(s, "[2] a number takes its time when it is asked for, and the end stays",
              "work is done for who waits for it; each next behind the end brings the end " LAZY,
              three_numbers, below_zero_and_seconds, nothing_between, as_far_as_an_int_goes,
              a_long_delay, without_a_delay, numbers_for_who_asks, the_end_stays,
              two_ranges_at_once, range_freed_in_the_answer);
    behaviour(s, "[2] who waits is told of a close first, then those who wait for the close",
              "close is always possible: what it needs is there, and the loop tells it, in order "
              "" STREAM,
              closed_while_it_sleeps, closed_at_rest, closed_when_the_number_is_there,
              closed_behind_the_end, closed_twice, closed_in_the_answer, asked_again_and_again,
              closed_by_two_and_freed_by_the_first, freed_at_any_moment, closed_without_memory,
              a_next_without_memory);
    behaviour(s, "[2] lines are told whole, whatever the pieces that they come in",
              "a line is there with its newline, or with the end; nothing is read for nobody "
              "" STREAM,
              several_at_once, the_last_one_has_no_end, any_bytes, pieces, the_stream_breaks,
              as_long_as_may_be, too_long, too_long_without_an_end, too_long_for_ever, long_lines,
              the_end_comes_with_the_lines, libevent_has_no_memory_for_a_line, no_limit_and_no_room,
              two_readers_at_once, nothing_is_read_for_nobody, lines_closed,
              lines_closed_in_the_answer, lines_freed_in_the_answer, no_memory_for_a_line);
}

static void add_uses(Suite *s)
{
    behaviour(s, "[2] the next item is asked for when the body is done, and at the end it closes",
              "who breaks off, closes: on each way out, once, and then the caller is told " LAZY,
              one_item_after_the_other, as_aclosing, the_body_breaks_off, the_body_fails,
              the_iterator_fails, a_next_is_refused, nothing_has_begun,
              somebody_closes_the_iterator, two_loops_at_once, loop_freed_when_it_ends,
              memory_of_the_loop_is_freed, loop_freed_at_any_moment, a_list_of_items);
    behaviour(
        s, "[2] take asks its source for n items, and not for one more",
        "the end can be known without asking; what was not told is not counted; who waits is told "
        "before the close is " LAZY,
        three_of_many, none_of_many, more_than_there_are, the_source_of_a_take_fails,
        two_takes_at_once, a_refused_next_is_not_counted, a_take_is_closed,
        a_take_is_closed_behind_the_end, a_take_is_freed_in_the_answer);
    behaviour(s, "[2] merge tells items as they come, and one source that fails ends all",
              "each source is asked when somebody waits; what comes when nobody does is kept, one "
              "of each; a close is for all, those that have ended, too " STREAM,
              as_they_come, nine_sources, one_source_or_none, sources_of_different_lengths,
              all_have_something_always, no_more_than_one_of_each, one_fails_all_are_closed,
              an_error_comes_behind_the_items_before_it, one_is_quicker_than_the_turn,
              a_source_is_cancelled, a_source_cannot_be_asked, no_memory_for_a_copy,
              a_merge_is_closed, a_merge_is_closed_with_an_item, a_merge_is_closed_behind_an_error,
              two_merges_at_once, a_merge_is_freed_in_the_answer);
    behaviour(
        s, "[2] a buffer is n items ahead at the most, and all comes in its place",
        "it asks when there is room; the end and errors wait behind the items; who waits is told "
        "before the close is " MEMORY,
        both_work_at_once, so_many_ahead, as_many_as_there_are, the_source_is_quicker_than_the_turn,
        an_error_keeps_its_place, the_end_of_nothing, the_source_cannot_be_asked,
        an_item_cannot_be_copied, a_buffer_is_closed, a_buffer_is_closed_while_it_works_ahead,
        a_buffer_is_freed_in_the_answer, two_buffers_at_once);
}

static void add_chains(Suite *s)
{
    behaviour(
        s, "[2] a second next is refused while one waits, whoever answers that",
        "the slot has room for one, noted when the source has accepted it; what is refused changes "
        "nothing " STREAM,
        one_next_of_a_source, one_next_of_a_take, one_next_of_a_merge, one_next_of_a_buffer,
        one_next_of_a_chain, asked_in_the_answer);
    behaviour(s, "[2] a million items need no more memory, and no more stack, than one",
              "each next is answered by the loop, so that no call stands on another " MEMORY,
              a_million_items, others_have_their_turn);
    behaviour(s, "[2] a close goes down to all sources, and nothing is left, nor anybody waiting",
              "each closes what it has its items from, and tells when that is closed " MEMORY,
              all_of_a_net, closed_down_to_the_sources, told_when_the_slowest_is_closed, ticks,
              a_timeout, many_through_a_merge_and_a_buffer, a_net_is_freed_at_any_moment,
              memory_runs_out);
}

Suite *exercise_suite(void)
{
    Suite *s = suite_create("p8_async_iterator");

    add_sources(s);
    add_uses(s);
    add_chains(s);
    return s;
}
