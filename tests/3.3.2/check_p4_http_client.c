/* check_p4_http_client.c: the suite of p4_http_client
 *
 * It sees p4_http_client.h, and nothing of how the functions are written. The tests stand in the
 * p4_*_tests.h, one subject a file.
 *
 * SPDX-License-Identifier: MIT
 */
#include "p4_answer_tests.h"
#include "p4_failure_tests.h"
#include "p4_last_tests.h"
#include "p4_memory_tests.h"
#include "p4_origin_tests.h"
#include "p4_pool_tests.h"
#include "p4_redirect_tests.h"
#include "p4_stale_tests.h"
#include "p4_time_tests.h"
#include "p4_tls_tests.h"
#include "p4_turn_tests.h"

static void add_requests(Suite *s)
{
    behaviour(s, "[1] only what a server can understand is sent, and nothing is smuggled in",
              "a line break in a URL or a header is the end of it for the server (3.3.2, \"HTTP "
              "client\")",
              urls, headers, methods);
    behaviour(s, "[2] a GET gives status, headers and body, and JSON if it is some",
              "the body comes in pieces, and may be anything (3.3.2, \"HTTP client\")",
              json_comes_whole, what_is_no_json, invalid_json, valid_json, trailers_are_no_headers,
              a_request_is_complete, all_headers_are_sent, head_has_no_body, https);
    behaviour(s, "[1] JSON is posted with its type and its length",
              "a request says what its body is, and where it ends (3.3.2, \"HTTP client\")",
              json_is_posted, what_json_cannot_say);
    behaviour(s, "[3] each failure is one error, whatever the server does",
              "evhttp tells failures in four ways (3.3.2, \"HTTP client\")", nobody_listens,
              the_connection_ends, an_answer_comes_too_early, the_status_line_is_bad,
              the_headers_are_bad, the_chunks_are_bad, no_end_of_it, whom_tls_does_not_believe,
              what_is_no_tls);
}

static void add_connections(Suite *s)
{
    behaviour(s, "[2] a connection is kept for the next request, as long as it is good",
              "a connection costs a round trip, or two; and both sides may close it (3.3.2, "
              "\"HTTP client\")",
              one_connection_for_all, the_server_wants_to_close, bytes_behind_an_answer,
              what_nobody_has_read_yet, a_stale_connection_is_no_error_for_get,
              all_connections_are_stale, no_request_is_carried_out_twice,
              only_what_was_stale_is_sent_twice, tls_connections_are_kept);
    behaviour(s, "[3] max_per_host at a time, first come first served, each host for itself",
              "a place that becomes free goes to who has waited longest (3.3.2, \"HTTP client\")",
              two_at_a_time, a_place_becomes_free, nobody_listens_for_many,
              a_slow_host_blocks_no_other, who_is_sent_again_keeps_its_place);
}

static void add_ends(Suite *s)
{
    behaviour(s, "[2] total_ms are all that a call gets, in line and on its way",
              "a timeout of silence never comes where a byte drips (3.3.2, \"HTTP client\")",
              in_total_ms, waiting_counts, a_call_out_of_time_leaves_its_place,
              the_time_begins_anew, the_second_try_has_no_time_of_its_own, in_connect_ms,
              names_are_resolved);
    behaviour(s, "[2] redirects are followed, not for ever and not with everything",
              "a Location is a reference; secrets belong to one host (3.3.2, \"HTTP client\")",
              what_the_method_becomes, where_a_location_leads, what_is_not_followed, a_loop_ends,
              another_error_has_other_words, secrets_stay_at_home, another_name_is_another_host,
              redirects_take_time, redirected_as_its_time_ends, a_redirect_is_a_new_request,
              no_way_back_to_http);
    behaviour(s, "[2] a call that is cancelled ends at once, wherever it is",
              "-ECANCELED is an outcome like any other: once, and by the loop (3.3.2, \"HTTP "
              "client\")",
              cancelled_at_each_turn, cancelled_in_line, a_cancelled_call_leaves_its_place,
              cancelled_in_a_callback, cancelled_in_the_turn_of_its_end,
              cancelled_before_there_is_a_connection);
    behaviour(s, "[2] close waits for what is under way, and leaves nothing",
              "a session ends when all that it has begun has ended (3.3.2, \"HTTP client\")",
              close_waits, closed_in_a_callback, closed_with_nothing_to_do,
              a_call_goes_on_while_closing, a_host_that_nobody_needs_is_freed, memory_runs_out,
              memory_runs_out_for_the_second_try);
}

Suite *exercise_suite(void)
{
    Suite *s = suite_create("p4_http_client");

    add_requests(s);
    add_connections(s);
    add_ends(s);
    return s;
}
