/* archive_end_tests.h: how a playback can end, for the suite of 14_file_stream
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ARCHIVE_END_TESTS_H
#define ARCHIVE_END_TESTS_H

#include "archive_room.h"

/* ---- other ends ---- */

START_TEST(a_listener_hangs_up)
{
    struct listener bad, good;
    const int recording = make_recording(LONG);

    listener_start(&bad, recording, LONG);
    listener_start(&good, recording, LONG);
    listen_to(&bad, 1000);
    expect_told(&bad, "1000 bytes are heard", NOT_TOLD);
    listener_hang_up(&bad);
    run_loop_for(1);
    expect_told(&bad, "the listener has hung up", -ECONNRESET);
    listen_to(&good, ALL);
    expect_heard(&good, "the other listener has hung up", LONG);
    listener_free(&bad);
    listener_free(&good);
    (void)close(recording);
}
END_TEST

/* The other listener's side is closed for writing only: the line itself is whole. */
START_TEST(a_listener_says_the_end)
{
    struct listener l;
    const int recording = make_recording(LONG);

    listener_connect(&l, LONG);
    ck_assert_int_eq(bufferevent_enable(l.stream, EV_READ), 0);
    l.enabled = bufferevent_get_enabled(l.stream);
    l.playback = playback_start(l.stream, recording, on_done, &l);
    listen_to(&l, 1000);
    expect_told(&l, "1000 bytes are heard", NOT_TOLD);
    ck_assert_int_eq(shutdown(l.fd, SHUT_WR), 0);
    run_loop_for(1);
    expect_told(&l, "reading is enabled, and finds the end (BEV_EVENT_EOF)", -ECONNRESET);
    listener_free(&l);
    (void)close(recording);
}
END_TEST

START_TEST(a_listener_falls_asleep)
{
    struct listener l;
    const int recording = make_recording(LONG);

    listener_start(&l, recording, LONG);
    l.frees = true;
    for (int k = 0; k < 5; k++) { /* slow, but awake */
        listen_to(&l, 100 * 1000);
        run_loop_for(PATIENCE_MS - 1000);
        expect_told(&l, "the listener takes 100000 bytes each 29 s", NOT_TOLD);
    }
    run_loop_for(PATIENCE_MS);
    expect_told(&l, "the listener has taken nothing for more than 30 s", -ETIMEDOUT);
    listener_free(&l);
    (void)close(recording);
}
END_TEST

START_TEST(what_cannot_be_read)
{
    char name[] = "/tmp/check_14_file_stream.XXXXXX";
    const int made = mkstemp(name), recording = open(name, O_WRONLY);
    struct listener l;

    ck_assert_int_ge(made, 0);
    ck_assert_int_ge(recording, 0);
    ck_assert_int_eq(unlink(name), 0);
    for (int k = 0; k < 2; k++) {
        listener_start(&l, recording, 0);
        l.frees = k == 0;
        listen_to(&l, ALL);
        expect_told(&l, "a recording that is open for writing only", -EBADF);
        listener_free(&l);
    }
    (void)close(recording);
    (void)close(made);
}
END_TEST

/* What is lent comes back. */
START_TEST(the_listener_is_borrowed)
{
    for (int k = 0; k < 4; k++) {
        const bool early = k >= 2;
        struct listener l;
        const int recording = make_recording(LONG);

        listener_start(&l, recording, LONG); /* reading is enabled for every second one */
        listen_to(&l, early ? 1000 : ALL);
        const size_t queued = evbuffer_get_length(bufferevent_get_output(l.stream));
        playback_free(l.playback);
        l.playback = NULL;
        const size_t left = evbuffer_get_length(bufferevent_get_output(l.stream));
        expect_as_lent(&l, early ? "freed before it is done" : "done and freed");
        if (left != queued)
            fail_test("bytes in the output buffer, after playback_free()\n"
                      "expected  %zu, as before: the bufferevent is borrowed\ngot       %zu",
                      queued, left);
        listener_free(&l);
        (void)close(recording);
    }
}
END_TEST

/* Or the recording is not read by this process, but by the kernel. */
static void expect_error_or_all(const struct listener *l, const char *what, int error)
{
    expect_told(l, what, l->result == 0 ? 0 : error);
    expect_heard(l, what, l->result == 0 ? l->length : l->taken);
}

START_TEST(a_read_fails_half_way)
{
    struct listener l;
    const int recording = make_recording(10 * PIECE);

    faults.files = true;
    faults.reset_after = 3 * PIECE;
    faults.reset_errno = EIO;
    listener_start(&l, recording, 10 * PIECE);
    listen_to(&l, ALL);
    expect_error_or_all(&l, "a read fails (EIO) after 3 pieces", -EIO);
    listener_free(&l);
    (void)close(recording);
}
END_TEST

START_TEST(a_piece_cannot_be_queued)
{
    for (int n = 1; n <= 4; n++) {
        char what[64];
        struct listener l;
        const int recording = make_recording(3 * PIECE + 5);

        (void)sprintf(what, "no memory to queue piece %d", n);
        faults.queueing_fails = n;
        listener_start(&l, recording, 3 * PIECE + 5);
        listen_to(&l, ALL);
        faults.queueing_fails = 0;
        expect_error_or_all(&l, what, -ENOMEM);
        listener_free(&l);
        (void)close(recording);
    }
}
END_TEST

START_TEST(freed_at_any_moment)
{
    const int recording = make_recording(LONG);
    struct listener l;

    for (int turns = 0; turns < 4; turns++) {
        listener_start(&l, recording, LONG);
        for (int k = 0; k < turns; k++)
            ck_assert_int_ge(event_base_loop(test_base(), EVLOOP_NONBLOCK), 0);
        playback_free(l.playback);
        l.playback = NULL;
        listen_to(&l, ALL);
        run_loop_for(2 * PATIENCE_MS);
        expect_told(&l, "the playback was freed before it was done", NOT_TOLD);
        listener_free(&l);
    }
    playback_free(NULL);
    hear_all(PIECE, ", after others that were broken off");
    (void)close(recording);
}
END_TEST

#endif
