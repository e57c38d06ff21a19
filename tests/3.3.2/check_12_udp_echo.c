/* check_12_udp_echo.c: the suite of 12_udp_echo, the collector of weather readings
 *
 * SPDX-License-Identifier: MIT
 */
#include "field_failure_tests.h"
#include "weather_field.h"

/* ---- readings ---- */

START_TEST(each_datagram_is_a_reading)
{
    struct field f;

    field_open(&f);
    station_say(&f, 0, "north 21.5");
    station_say(&f, 0, "n");
    station_say(&f, 0, "north 21.6, north 21.7");
    run_loop_for(SOON_MS);
    expect_told(&f, "three datagrams of 10, 1 and 22 bytes",
                "\"north 21.5\", \"n\", \"north 21.6, north 21.7\"");
    expect_answers(&f, 0, "three datagrams", "\"ok 1\", \"ok 2\", \"ok 3\"");
    expect_counts(&f, "three datagrams", 3, 0, 0);
    field_close(&f);
}
END_TEST

START_TEST(each_station_gets_its_own_answers)
{
    struct field f;

    field_open(&f);
    for (int round = 0; round < 2; round++) {
        station_say(&f, 0, "north");
        station_say(&f, 1, "south");
        station_say(&f, 0, "north");
        station_say(&f, 2, "west");
        run_loop_for(SOON_MS);
        expect_told(&f, "stations 0, 1, 0 and 2", "\"north\", \"south\", \"north\", \"west\"");
        expect_answers(&f, 0, "stations 0, 1, 0 and 2",
                       round == 0 ? "\"ok 1\", \"ok 3\"" : "\"ok 5\", \"ok 7\"");
        expect_answers(&f, 1, "stations 0, 1, 0 and 2", round == 0 ? "\"ok 2\"" : "\"ok 6\"");
        expect_answers(&f, 2, "stations 0, 1, 0 and 2", round == 0 ? "\"ok 4\"" : "\"ok 8\"");
    }
    field_close(&f);
}
END_TEST

START_TEST(any_bytes)
{
    struct field f;

    field_open(&f);
    station_send(&f, 0, "a\0b\n\377", 5);
    station_send(&f, 0, "\0", 1);
    station_send(&f, 0, "c", 1);
    run_loop_for(SOON_MS);
    expect_told(&f, "three datagrams of 5, 1 and 1 bytes, with 0 among them",
                "\"a\\0b\\12\\377\", \"\\0\", \"c\"");
    station_say(&f, 0, " north\n");
    station_say(&f, 0, "\r\n");
    run_loop_for(SOON_MS);
    expect_told(&f, "\" north\\12\" and \"\\15\\12\": a datagram has no newline of its own to drop",
                "\" north\\12\", \"\\15\\12\"");
    field_close(&f);
}
END_TEST

/* ---- how many at a call ---- */

static void all_at_one_call(int n, const char *what)
{
    struct field f;

    field_open(&f);
    for (int k = 0; k < n; k++)
        station_say(&f, 0, "north");
    run_one_turn();
    expect_counts(&f, what, n, 0, 0);
    field_close(&f);
}

START_TEST(all_that_have_come)
{
    all_at_one_call(3, "3 datagrams were there, and the loop has called once");
    all_at_one_call(BATCH_MOST, "8 datagrams were there, and the loop has called once");
}
END_TEST

static void send_long(const struct field *f, int station, size_t n)
{
    static char bytes[60000];

    memset(bytes, 'x', sizeof(bytes));
    ck_assert_uint_le(n, sizeof(bytes));
    station_send(f, station, bytes, n);
}

/* Readings, probes and long ones by turns, if `kind` is ANY; else all of one kind. */
enum kind { READING, PROBE, TOO_LONG, ANY };

static void send_some(const struct field *f, enum kind kind, int n)
{
    for (int k = 0; k < n; k++) {
        const enum kind this = kind == ANY ? (enum kind)((k + 1) % ANY) : kind;

        if (this == TOO_LONG)
            send_long(f, 1, READING_MOST + 1);
        else
            station_say(f, 1, this == PROBE ? "" : "south");
    }
}

/* What comes behind a datagram without bytes, or a long one, is taken by the same call. */
START_TEST(whatever_has_come)
{
    struct field f;

    field_open(&f);
    send_some(&f, ANY, 6);
    run_one_turn();
    expect_counts(&f,
                  "an empty datagram, a long one, a reading, and the same again; the loop has "
                  "called once",
                  2, 2, 2);
    field_close(&f);
}
END_TEST

/* An empty datagram, and a long one, is one of the eight. */
START_TEST(eight_of_any_kind)
{
    static const char *const WHAT[] = {"20 readings were there", "20 empty datagrams were there",
                                       "20 datagrams that are too long were there",
                                       "20 datagrams of all kinds were there"};

    for (int kind = READING; kind <= ANY; kind++) {
        struct field f;

        field_open(&f);
        send_some(&f, (enum kind)kind, 20);
        run_one_turn();
        const struct collector_counts got = collector_counts(f.collector);
        if (got.readings + got.probes + got.too_long != BATCH_MOST)
            fail_test("%s, and the loop has called once: datagrams that were taken\n"
                      "expected  %d, of whatever kind\n"
                      "got       %ld: readings %ld, probes %ld, too long %ld",
                      WHAT[kind], BATCH_MOST, got.readings + got.probes + got.too_long,
                      got.readings, got.probes, got.too_long);
        field_close(&f);
    }
}
END_TEST

START_TEST(the_rest_at_the_next_call)
{
    struct field f;

    field_open(&f);
    for (int k = 0; k < 2 * BATCH_MOST + 3; k++)
        station_say(&f, 0, "north");
    for (int turn = 1; turn <= 3; turn++) {
        char what[80];
        sprintf(what, "19 datagrams were there, and the loop has called %d time%s", turn,
                turn > 1 ? "s" : "");
        run_one_turn();
        expect_counts(&f, what, turn < 3 ? turn * BATCH_MOST : 2 * BATCH_MOST + 3, 0, 0);
    }
    field_close(&f);
}
END_TEST

/* For each reading another one comes: who takes all that there are does not return. */
START_TEST(a_station_that_never_stops)
{
    struct field f;

    field_open(&f);
    f.refills = 100;
    station_say(&f, 0, "again");
    run_one_turn();
    const long taken = collector_counts(f.collector).readings;
    if (taken < 1 || taken > BATCH_MOST)
        fail_test("whenever a reading is taken another one comes, and the loop has called once: "
                  "readings\nexpected  1 to %d\ngot       %ld",
                  BATCH_MOST, taken);
    field_close(&f);
}
END_TEST

/* ---- empty datagrams ---- */

START_TEST(a_probe_is_answered)
{
    struct field f;

    field_open(&f);
    station_say(&f, 1, "");
    run_loop_for(SOON_MS);
    expect_told(&f, "an empty datagram", "");
    expect_answers(&f, 1, "an empty datagram", "\"\"");
    expect_counts(&f, "an empty datagram", 0, 1, 0);
    station_say(&f, 1, "south");
    run_loop_for(SOON_MS);
    expect_answers(&f, 1, "an empty datagram, and later \"south\"", "\"ok 1\"");
    field_close(&f);
}
END_TEST

START_TEST(probes_among_readings)
{
    struct field f;

    field_open(&f);
    station_say(&f, 0, "north");
    station_say(&f, 1, "");
    station_say(&f, 0, "");
    station_say(&f, 1, "south");
    run_loop_for(SOON_MS);
    expect_told(&f, "four datagrams at once, two of them empty", "\"north\", \"south\"");
    expect_answers(&f, 0, "\"north\" and an empty datagram", "\"ok 1\", \"\"");
    expect_answers(&f, 1, "an empty datagram and \"south\"", "\"\", \"ok 2\"");
    expect_counts(&f, "four datagrams at once, two of them empty", 2, 2, 0);
    field_close(&f);
}
END_TEST

/* ---- too long ---- */

START_TEST(the_longest_reading)
{
    struct field f;

    field_open(&f);
    send_long(&f, 0, READING_MOST);
    run_loop_for(SOON_MS);
    expect_answers(&f, 0, "a datagram of 64 bytes", "\"ok 1\"");
    expect_counts(&f, "a datagram of 64 bytes", 1, 0, 0);
    field_close(&f);
}
END_TEST

START_TEST(one_byte_too_long)
{
    struct field f;

    field_open(&f);
    send_long(&f, 0, READING_MOST + 1);
    run_loop_for(SOON_MS);
    expect_told(&f, "a datagram of 65 bytes", "");
    expect_answers(&f, 0, "a datagram of 65 bytes", "\"too long\"");
    expect_counts(&f, "a datagram of 65 bytes", 0, 0, 1);
    field_close(&f);
}
END_TEST

/* The rest of a datagram that was cut is gone: it must not come as the next one. */
START_TEST(long_ones_among_others)
{
    struct field f;

    field_open(&f);
    station_say(&f, 0, "north");
    send_long(&f, 1, 60000);
    station_say(&f, 0, "s");
    send_long(&f, 1, 2 * READING_MOST);
    station_say(&f, 0, "n");
    run_loop_for(SOON_MS);
    expect_told(&f, "five datagrams, two of them too long", "\"north\", \"s\", \"n\"");
    expect_answers(&f, 0, "\"north\", \"s\" and \"n\"", "\"ok 1\", \"ok 2\", \"ok 3\"");
    expect_answers(&f, 1, "60000 bytes, and 128", "\"too long\", \"too long\"");
    expect_counts(&f, "five datagrams, two of them too long", 3, 0, 2);
    field_close(&f);
}
END_TEST

/* ---- nothing is left ---- */

START_TEST(freed_with_datagrams_under_way)
{
    struct field f;

    field_open(&f);
    for (int k = 0; k < 2 * BATCH_MOST; k++)
        station_say(&f, 0, "north");
    run_one_turn();
    f.told[0] = '\0';
    field_close(&f);
    run_loop_for(SOON_MS);
    expect_told(&f, "freed with 8 datagrams on the socket", "");
    collector_free(NULL);
}
END_TEST

START_TEST(a_port_that_is_taken)
{
    struct field f;

    field_open(&f);
    if (collector_start(test_base(), collector_port(f.collector), on_reading, &f) != NULL)
        fail_test("collector_start() on the port of another collector\nexpected  NULL\n"
                  "got       a collector");
    field_close(&f);
}
END_TEST

/* A collector that is given out collects; one that cannot is NULL. */
static void collect_once(void *unused)
{
    struct field f = {.stations = {-1, -1, -1}};

    (void)unused;
    f.collector = collector_start(test_base(), 0, on_reading, &f);
    if (f.collector != NULL) {
        field_connect(&f);
        station_say(&f, 0, "north");
        run_loop_for(SOON_MS);
        expect_told(&f, "memory has run out once, and collector_start() has not returned NULL",
                    "\"north\"");
    }
    field_close(&f);
}

START_TEST(memory_runs_out)
{
    collect_once(NULL);
    each_allocation_fails(collect_once, NULL);
}
END_TEST

Suite *exercise_suite(void)
{
    Suite *s = suite_create("12_udp_echo");

    behaviour(s, "[1] each datagram is one reading, and its answer goes to who has sent it",
              "UDP keeps the bounds of a datagram, and each one brings its sender's address: there "
              "is no connection that would know it (3.3.2, \"UDP\")",
              each_datagram_is_a_reading, each_station_gets_its_own_answers, any_bytes);
    behaviour(s, "[1] all that has come is taken at one call, but eight at the most",
              "one call may stand for many datagrams; what is left over makes the loop call again, "
              "when the others had their turn (3.3.2, \"UDP\")",
              all_that_have_come, whatever_has_come, eight_of_any_kind, the_rest_at_the_next_call,
              a_station_that_never_stops);
    behaviour(s, "[1] an empty datagram is a datagram, not the end",
              "with UDP there is no end: 0 is a length like any other, to receive and to send "
              "(3.3.2, \"UDP\")",
              a_probe_is_answered, probes_among_readings);
    behaviour(s, "[1] a datagram that is too long is told apart, not taken for a reading",
              "what does not fit into the buffer is lost, and only MSG_TRUNC tells (3.3.2, "
              "\"UDP\")",
              the_longest_reading, one_byte_too_long, long_ones_among_others);
    behaviour(s, "[1] whatever fails, it goes on; when it is freed, nothing is left",
              "a call that fails says something about one datagram, not about the socket (3.3.2, "
              "\"UDP\")",
              ready_was_a_hint, a_signal_interrupts, nothing_waits_for_an_answer,
              no_room_for_an_answer, an_error_is_not_the_end, a_station_is_gone,
              freed_with_datagrams_under_way, a_port_that_is_taken, memory_runs_out);
    return s;
}
