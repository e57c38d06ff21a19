/* check_p6_websocket_server.c: the suite of p6_websocket_server
 *
 * SPDX-License-Identifier: MIT
 */
#include "p6_close_tests.h"
#include "p6_closing_tests.h"
#include "p6_frame_tests.h"
#include "p6_handshake_tests.h"
#include "p6_last_tests.h"
#include "p6_memory_tests.h"
#include "p6_ping_tests.h"
#include "p6_queue_tests.h"
#include "p6_rule_tests.h"

Suite *exercise_suite(void)
{
    Suite *s = suite_create("p6_websocket_server");

    behaviour(s, "[2] the handshake: who asks rightly gets a WebSocket, others get a status",
              "a WebSocket begins as an HTTP request; its answer shows that the server has "
              "understood (3.3.2, \"WebSocket\")",
              accept_of_the_rfc, as_others_write_it, requests_that_are_refused, another_version,
              the_first_line_that_fits, who_may_come_is_for_the_program, a_page_for_browsers,
              a_request_in_pieces, a_request_that_does_not_come, who_leaves_before_the_handshake,
              memory_runs_out);
    behaviour(
        s, "[3] frames of any length, in any pieces, and back again",
        "bytes come in portions that do not end where frames do: what is known so far belongs "
        "into the connection (3.3.2, \"WebSocket\")",
        lengths, byte_by_byte, pieces_of_997_bytes, cut_at_each_place, many_in_one_piece,
        right_behind_the_request, freed_inside_of_a_frame);
    behaviour(s, "[2] what nobody may send is answered with 1002, and then with nothing",
              "a header is what a stranger says (3.3.2, \"WebSocket\")", bits_and_opcodes,
              frames_without_mask, control_frames, lengths_that_are_wrong, fragments_of_nothing,
              refused_in_pieces, refused_and_stays);
    behaviour(s, "[2] fragments are one message, with control frames in between",
              "a message is told once, whole; a control frame is no part of it (3.3.2, "
              "\"WebSocket\")",
              fragments_are_joined, a_message_is_not_told_before_its_end, a_ping_in_between,
              empty_fragments, many_fragments_byte_by_byte);
    behaviour(s, "[2] pings are answered, and who answers none is gone",
              "a connection that is silent may be broken: only an answer tells (3.3.2, "
              "\"WebSocket\")",
              pings_are_answered, pongs_are_ignored, who_is_silent_is_gone, who_answers_stays,
              who_sends_something_else_stays, a_sign_before_the_ping_is_none, no_pings_at_all,
              control_frames_in_pieces, who_sends_slowly_stays, a_long_wait_for_a_pong);
    behaviour(s, "[2] both sides close, and on_close is told once how",
              "a Close frame is answered with one, and nothing is sent behind it (3.3.2, "
              "\"WebSocket\")",
              codes_that_are_answered, codes_that_nobody_may_send, a_close_of_one_byte,
              longest_reason, all_is_sent_before_the_end, a_client_vanishes, the_client_answers,
              the_client_never_answers, the_client_leaves_without_an_answer,
              the_client_does_not_close_its_socket, what_ws_close_returns, a_close_in_pieces,
              a_close_inside_of_a_message, who_closes_and_stays, answers_of_all_kinds,
              wrong_frames_in_place_of_an_answer, an_answer_in_pieces,
              data_while_closing_takes_no_memory, a_close_behind_a_queue);
    behaviour(s, "[2] texts are UTF-8, and nothing is longer than max_message",
              "a header is what a stranger says: believe neither its length nor its text (3.3.2, "
              "\"WebSocket\")",
              texts_that_are_right, texts_that_are_wrong, wrong_before_its_end,
              binaries_are_not_looked_at, messages_that_are_too_big, fragments_that_are_too_big,
              just_not_too_big, a_promise_takes_no_memory, no_memory_for_a_message);
    behaviour(s, "[3] a client that does not read harms nobody, and takes max_queue bytes at most",
              "who writes faster than the other one reads fills memory (3.3.2, \"Buffering\")",
              all_or_those_of_a_path, what_ws_send_returns, one_does_not_read, a_full_queue,
              a_message_longer_than_the_queue, a_broadcast_with_one_full_queue, a_burst_of_answers,
              exactly_max_queue, a_large_queue);
    behaviour(s, "[1] a handler may close any connection, its own too",
              "a callback runs in the middle of somebody's loop: what it ends must still be there "
              "when it returns (3.3.2, \"TCP\")",
              closed_by_its_own_message, closed_by_the_message_of_another, at_the_opening,
              at_the_end_of_another);
    behaviour(s, "[1] the server stops when the last client has been closed",
              "an orderly end says so to everybody, and waits, but not for ever (3.3.2, "
              "\"WebSocket\")",
              nobody_is_there, all_are_closed_and_waited_for, one_never_answers,
              freed_before_it_has_stopped, stopped_in_a_handler, those_who_are_closing);
    return s;
}
