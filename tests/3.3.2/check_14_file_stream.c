/* check_14_file_stream.c: the suite of 14_file_stream, the archive
 *
 * SPDX-License-Identifier: MIT
 */
#include "archive_end_tests.h"
#include "archive_room.h"

/* ---- all bytes ---- */

START_TEST(recordings_of_any_length)
{
    const size_t lengths[] = {1,          PIECE - 1,      PIECE,         PIECE + 1,
                              QUEUE_MOST, QUEUE_MOST + 1, 3 * PIECE + 5, 10 * PIECE,
                              LONG};

    for (size_t k = 0; k < sizeof(lengths) / sizeof(lengths[0]); k++)
        hear_all(lengths[k], "");
}
END_TEST

START_TEST(a_read_gives_less)
{
    faults.files = true;
    faults.max_read = 1000;
    hear_all(3 * PIECE + 5, ", of which a read gives 1000 bytes at the most");
    faults.max_read = 1;
    hear_all(PIECE + 1, ", of which a read gives one byte");
}
END_TEST

START_TEST(a_read_is_interrupted)
{
    faults.files = true;
    faults.eintr_every = 3;
    hear_all(10 * PIECE, "; each third call is interrupted (EINTR)");
    faults.eintr_every = 4;
    faults.eintr_in_a_row = 3;
    hear_all(10 * PIECE, "; three of four calls are interrupted (EINTR)");
}
END_TEST

START_TEST(a_write_takes_less)
{
    faults.max_write = 1;
    hear_all(PIECE / 2, ", of which a write takes one byte");
    faults.max_write = PIECE - 1;
    faults.eagain_every = 3;
    hear_all(10 * PIECE, ", of which a write takes a part, or nothing");
}
END_TEST

/* ---- the queue ---- */

static void expect_most(const struct listener *l, const char *what)
{
    if (l->most_queued > QUEUE_MOST)
        fail_test("%s: bytes in the output buffer\nexpected  %d at the most\ngot       %zu", what,
                  QUEUE_MOST, l->most_queued);
}

START_TEST(a_listener_who_does_not_listen_yet)
{
    struct listener l;
    const int recording = make_recording(LONG);

    listener_start(&l, recording, LONG);
    run_loop_for(PATIENCE_MS / 2);
    expect_most(&l, "1000001 bytes, and nobody takes any");
    expect_told(&l, "1000001 bytes, and nobody takes any", NOT_TOLD);
    listen_to(&l, ALL);
    expect_most(&l, "1000001 bytes, and the listener takes them late");
    expect_heard(&l, "1000001 bytes, taken late", LONG);
    expect_told(&l, "1000001 bytes, taken late", 0);
    listener_free(&l);
    (void)close(recording);
}
END_TEST

/* Nothing leaves: pieces are queued until more than QUEUE_LOW bytes wait. */
START_TEST(the_queue_is_filled_up_at_once)
{
    struct listener l;
    const int recording = make_recording(LONG);

    faults.eagain_every = 1;
    listener_start(&l, recording, LONG);
    for (int turn = 0; turn < IDLE_TURNS; turn++)
        ck_assert_int_ge(event_base_loop(test_base(), EVLOOP_ONCE | EVLOOP_NONBLOCK), 0);
    if (l.most_queued != QUEUE_MOST)
        fail_test("a line that takes nothing: bytes in the output buffer\n"
                  "expected  %d: with %d or fewer, the next piece is queued\ngot       %zu",
                  QUEUE_MOST, QUEUE_LOW, l.most_queued);
    faults.eagain_every = 0;
    listener_free(&l);
    (void)close(recording);
}
END_TEST

/* PIECE bytes leave at a time, so that QUEUE_LOW are left. */
START_TEST(the_next_piece_comes_at_the_mark)
{
    struct listener l;
    const int recording = make_recording(20 * PIECE);

    faults.max_write = PIECE;
    listener_start(&l, recording, 20 * PIECE);
    listen_to(&l, ALL);
    expect_heard(&l, "4096 bytes can be sent at a time", 20 * PIECE);
    if (l.least_queued != QUEUE_LOW)
        fail_test("4096 bytes can be sent at a time: the fewest bytes in the output buffer, while "
                  "the recording has more\nexpected  %d: at %d, the next piece is queued\n"
                  "got       %zu",
                  QUEUE_LOW, QUEUE_LOW, l.least_queued);
    listener_free(&l);
    (void)close(recording);
}
END_TEST

/* 1000 bytes leave at a time: the queue is filled up before it is much below QUEUE_LOW. */
START_TEST(the_queue_does_not_run_dry)
{
    struct listener l;
    const int recording = make_recording(20 * PIECE);

    faults.max_write = 1000;
    listener_start(&l, recording, 20 * PIECE);
    listen_to(&l, ALL);
    expect_heard(&l, "1000 bytes can be sent at a time", 20 * PIECE);
    expect_most(&l, "1000 bytes can be sent at a time");
    if (l.least_queued + 1000 < QUEUE_LOW)
        fail_test("1000 bytes can be sent at a time: the fewest bytes in the output buffer, while "
                  "the recording has more\nexpected  more than %d: at %d, the next piece is "
                  "queued\ngot       %zu",
                  QUEUE_LOW - 1000, QUEUE_LOW, l.least_queued);
    listener_free(&l);
    (void)close(recording);
}
END_TEST

/* ---- done ---- */

/* on_done() frees the listener's bufferevent: what is not sent by then is lost. */
static void hear_until_freed(size_t length, size_t max_write, const char *what)
{
    struct listener l;
    const int recording = make_recording(length);

    faults.max_write = max_write;
    listener_start(&l, recording, length);
    l.frees = true;
    listen_to(&l, ALL);
    expect_told(&l, what, 0);
    run_loop_for(1);
    listen_to(&l, ALL);
    expect_heard(&l, what, length);
    listener_free(&l);
    (void)close(recording);
}

START_TEST(freed_when_it_is_done)
{
    hear_until_freed(100, 0, "100 bytes; on_done() frees the bufferevent");
    hear_until_freed(100, 1, "100 bytes, one at a time; on_done() frees the bufferevent");
    hear_until_freed(3 * PIECE, PIECE / 2, "3 pieces; on_done() frees the bufferevent");
    hear_until_freed(LONG, 0, "1000001 bytes; on_done() frees the bufferevent");
}
END_TEST

START_TEST(not_done_before_all_is_taken)
{
    struct listener l;
    const int recording = make_recording(LONG);

    listener_start(&l, recording, LONG);
    for (int second = 1; second <= 4; second++) {
        listen_to(&l, 150 * 1000);
        run_loop_for(1000);
        expect_told(&l, "1000001 bytes, 150000 of them taken each second", NOT_TOLD);
    }
    listen_to(&l, ALL);
    expect_told(&l, "1000001 bytes, all of them taken", 0);
    expect_heard(&l, "1000001 bytes, all of them taken", LONG);
    run_loop_for(2 * PATIENCE_MS); /* on_done() looks that it is not called again */
    listener_free(&l);
    (void)close(recording);
}
END_TEST

START_TEST(an_empty_recording)
{
    struct listener l;
    const int recording = make_recording(0);

    listener_start(&l, recording, 0);
    expect_told(&l, "an empty recording, and the loop has not run", NOT_TOLD);
    listen_to(&l, ALL);
    expect_told(&l, "an empty recording", 0);
    expect_heard(&l, "an empty recording", 0);
    listener_free(&l);
    (void)close(recording);
}
END_TEST

/* ---- two listeners ---- */

START_TEST(two_listeners_by_turns)
{
    struct listener quick, slow;
    const int recording = make_recording(LONG);

    listener_start(&quick, recording, LONG);
    listener_start(&slow, recording, LONG);
    listen_to(&slow, 1000);
    listen_to(&quick, 300 * 1000);
    listen_to(&slow, 50 * 1000);
    listen_to(&quick, ALL);
    expect_open(recording, "when the quick one of two listeners has heard all");
    expect_heard(&quick, "two listeners, the quick one", LONG);
    expect_told(&quick, "two listeners, the quick one", 0);
    expect_told(&slow, "two listeners, the slow one has taken 51000 bytes", NOT_TOLD);
    listen_to(&slow, ALL);
    expect_heard(&slow, "two listeners, the slow one", LONG);
    expect_told(&slow, "two listeners, the slow one", 0);
    listener_free(&quick);
    listener_free(&slow);
    expect_open(recording, "when both playbacks are freed");
    (void)close(recording);
}
END_TEST

START_TEST(one_after_the_other)
{
    struct listener l;
    const int recording = make_recording(PIECE + 1);

    for (int k = 1; k <= 3; k++) {
        listener_start(&l, recording, PIECE + 1);
        listen_to(&l, ALL);
        expect_heard(&l, k == 1 ? "the first listener" : "a later listener", PIECE + 1);
        listener_free(&l);
        expect_open(recording, "after a playback");
    }
    (void)close(recording);
}
END_TEST

/* The position in the middle is whose the descriptor is. */
START_TEST(others_read_the_descriptor)
{
    struct listener l;
    const int recording = make_recording(10 * PIECE);

    listener_start(&l, recording, 10 * PIECE);
    listen_to(&l, ALL);
    const long before = 5 * PIECE, now = (long)lseek(recording, 0, SEEK_CUR);
    if (now != before)
        fail_test("where the descriptor of the recording is positioned, when all is heard\n"
                  "expected  %ld, as before: others read it, too\ngot       %ld",
                  before, now);
    listener_free(&l);
    (void)close(recording);
}
END_TEST

static void play_once(void *unused)
{
    const int recording = make_recording(PIECE);
    struct listener l;

    (void)unused;
    listener_connect(&l, PIECE);
    l.playback = playback_start(l.stream, recording, on_done, &l);
    if (l.playback != NULL) {
        listen_to(&l, ALL);
        expect_heard(&l, "memory has run out once, and playback_start() has not returned NULL",
                     l.result == 0 ? PIECE : l.taken);
    }
    listener_free(&l);
    (void)close(recording);
}

START_TEST(memory_runs_out)
{
    hear_all(PIECE, "");
    each_allocation_fails(play_once, NULL);
}
END_TEST

Suite *exercise_suite(void)
{
    Suite *s = suite_create("14_file_stream");

    behaviour(
        s, "[1] the whole recording arrives, byte for byte, whatever its length",
        "a read may give fewer bytes than asked for, or be interrupted; only 0 is the end (3.3.2, "
        "\"Streaming\")",
        recordings_of_any_length, a_read_gives_less, a_read_is_interrupted, a_write_takes_less);
    behaviour(
        s, "[1] little of it waits in memory, and the next piece is queued in time",
        "a write only queues; a stream stops reading while much waits to be sent, and goes on "
        "when little is left: the low-water mark (3.3.2, \"Streaming\")",
        a_listener_who_does_not_listen_yet, the_queue_is_filled_up_at_once,
        the_next_piece_comes_at_the_mark, the_queue_does_not_run_dry);
    behaviour(s, "[1] it is done once, by the loop, when the last byte is sent",
              "queued is not sent: the end of the file comes before the end of the output buffer "
              "(3.3.2, \"Streaming\")",
              freed_when_it_is_done, not_done_before_all_is_taken, an_empty_recording);
    behaviour(s, "[1] two listeners hear one recording, each at its own speed, and it stays open",
              "a descriptor has one position for all who read() it, and one owner who closes it "
              "(3.3.2, \"Streaming\")",
              two_listeners_by_turns, one_after_the_other, others_read_the_descriptor);
    behaviour(s, "[1] whoever hangs up or sleeps, whatever fails, it is told, and nothing is left",
              "a stream lives as long as the other side lets it: it needs an end for each way that "
              "a connection can take (3.3.2, \"Streaming\")",
              the_listener_is_borrowed, a_listener_hangs_up, a_listener_says_the_end,
              a_listener_falls_asleep, what_cannot_be_read, a_read_fails_half_way,
              a_piece_cannot_be_queued, freed_at_any_moment, memory_runs_out);
    return s;
}
