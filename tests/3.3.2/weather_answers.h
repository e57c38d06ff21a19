/* weather_answers.h: what a station answers, good and bad
 *
 * The tests of the first two behaviours of 08_http_client, and how a station is asked.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef WEATHER_ANSWERS_H
#define WEATHER_ANSWERS_H

#include <errno.h>

#include "faults.h"
#include "weather_station.h"

/* Longer than any request lasts, and then some: whatever comes too often has time to come. */
enum { LONG_MS = 3 * STATION_SILENCE_MS };
#define GOOD_BODY "{\"city\": \"Seoul\", \"max\": 31}"
#define GOOD      "HTTP/1.1 200 OK\r\nContent-Length: 28\r\n\r\n" GOOD_BODY

static const struct forecast THIRTY_ONE = {.status = 200, .celsius = 31};

/* Asks a station with a script, and compares what becomes of it. */
static void ask(const char *what, const struct script *script, struct forecast expected,
                int after_ms)
{
    struct asker a = {0};

    asker_begin(&a, script);
    run_loop_for(LONG_MS);
    expect_forecast(&a, what, &expected, after_ms);
    asker_end(&a);
}

/* The station answers in one piece, and leaves the connection to the client. */
static void ask_for(const char *status_line, const char *body, struct forecast expected)
{
    char reply[512], what[512];
    const struct script script = {.first = reply};

    snprintf(reply, sizeof(reply), "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s", status_line,
             strlen(body), body);
    snprintf(what, sizeof(what), "the station answers %s, with a body of %zu bytes: %s",
             status_line, strlen(body), body);
    ask(what, &script, expected, THINKS_MS);
}

/* ---- a forecast ---- */

START_TEST(any_number_of_a_thermometer)
{
    static const struct {
        const char *body;
        int celsius;
    } cases[] = {
        {GOOD_BODY, 31},
        {"{\"max\":-7}", -7},
        {"{\"max\":0}", 0},
        {" {\"max\" : 8 , \"min\": {\"max\": 3}}\r\n\t ", 8},
    };

    for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++)
        ask_for("200 OK", cases[k].body,
                (struct forecast){.status = 200, .celsius = cases[k].celsius});
}
END_TEST

/* A body of so many bytes, most of them blanks: MOST_FORECAST is not too many. */
static void ask_for_blanks(int n)
{
    char reply[2 * MOST_FORECAST], what[100];
    const struct script script = {.first = reply};

    snprintf(reply, sizeof(reply), "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n{%*s\"max\":31}",
             n, n - 10, "");
    snprintf(what, sizeof(what), "a body of %d bytes: {, %d blanks, \"max\":31}", n, n - 10);
    ask(what, &script, THIRTY_ONE, THINKS_MS);
}

START_TEST(large_but_not_too_large)
{
    ask_for_blanks(MOST_FORECAST / 2);
    ask_for_blanks(MOST_FORECAST / 2 + 1);
    ask_for_blanks(MOST_FORECAST - 1);
    ask_for_blanks(MOST_FORECAST);
}
END_TEST

START_TEST(until_the_connection_ends)
{
    const struct script script = {
        .first = "HTTP/1.0 200 OK\r\n\r\n{\"max\":", .second = "31}", .ending = CLOSES};

    ask("the station says no length, and closes behind its answer", &script, THIRTY_ONE,
        THINKS_MS + PAUSES_MS);
}
END_TEST

START_TEST(in_chunks)
{
    const struct script script = {.first = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                           "8\r\n{\"max\":3\r\n",
                                  .second = "2\r\n1}\r\n0\r\n\r\n"};

    ask("the station answers in two chunks, {\"max\":3 and 1}", &script, THIRTY_ONE,
        THINKS_MS + PAUSES_MS);
}
END_TEST

START_TEST(byte_after_byte)
{
    const struct script script = {.first = GOOD};

    faults.max_read = 1;
    ask("the answer comes byte after byte", &script, THIRTY_ONE, THINKS_MS);
}
END_TEST

START_TEST(two_stations_at_once)
{
    const struct script fast = {.first = GOOD};
    const struct script slow = {.first = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
                                .second = "{\"max\":-7}"};
    const struct forecast minus_seven = {.status = 200, .celsius = -7};
    struct asker askers[2] = {{0}};

    asker_begin(&askers[0], &slow);
    asker_begin(&askers[1], &fast);
    run_loop_for(LONG_MS);
    expect_forecast(&askers[0], "two stations are asked; this one is slow", &minus_seven,
                    THINKS_MS + PAUSES_MS);
    expect_forecast(&askers[1], "two stations are asked; this one is fast", &THIRTY_ONE, THINKS_MS);
    asker_end(&askers[0]);
    asker_end(&askers[1]);
}
END_TEST

/* ---- not as agreed ---- */

START_TEST(another_status)
{
    ask_for("404 Not Found", GOOD_BODY, (struct forecast){.error = -EIO, .status = 404});
    ask_for("500 Internal Server Error", "<html></html>",
            (struct forecast){.error = -EIO, .status = 500});
    ask_for("201 Created", GOOD_BODY, (struct forecast){.error = -EIO, .status = 201});
    ask_for("203 Non-Authoritative Information", GOOD_BODY,
            (struct forecast){.error = -EIO, .status = 203});
    ask_for("301 Moved Permanently", "", (struct forecast){.error = -EIO, .status = 301});
    ask_for("204 No Content", "", (struct forecast){.error = -EIO, .status = 204});
}
END_TEST

/* All with 200, and none of them is a forecast, beside one that is. */
static void expect_bad_bodies(const char *const bodies[])
{
    ask_for("200 OK", GOOD_BODY, THIRTY_ONE);
    for (int k = 0; bodies[k] != NULL; k++)
        ask_for("200 OK", bodies[k], (struct forecast){.error = -EBADMSG, .status = 200});
}

START_TEST(not_json)
{
    static const char *const bodies[] = {
        "<html>31</html>",          "",  " ", "{\"max\":31", "{\"max\":3", "{\"max\":31} and sunny",
        "{\"max\":31}{\"max\":32}", NULL};

    expect_bad_bodies(bodies);
}
END_TEST

/* A string in C ends at a 0. A body does not. */
START_TEST(a_zero_in_the_body)
{
    static const struct {
        const char *text;
        const char *body;
        int n;
    } cases[] = {
        {"{\"max\":31}, and a 0 byte", "{\"max\":31}", 11},
        {"{\"max\":31}, a 0 byte, and \" and sunny\"", "{\"max\":31}\0 and sunny", 21},
        {"{\"max\":31}, a 0 byte, and {\"max\":32}", "{\"max\":31}\0{\"max\":32}", 21},
        {"{\"max\":3, a 0 byte, and 1}", "{\"max\":3\0001}", 11},
        {"a 0 byte, and {\"max\":31}", "\0{\"max\":31}", 11},
    };

    for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        char reply[256], what[160];
        int head = snprintf(reply, sizeof(reply), "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n",
                            cases[k].n);
        const struct script script = {.first = reply, .first_length = (size_t)(head + cases[k].n)};

        memcpy(reply + head, cases[k].body, (size_t)cases[k].n);
        snprintf(what, sizeof(what), "the station answers 200 OK, with a body of %d bytes: %s",
                 cases[k].n, cases[k].text);
        ask(what, &script, (struct forecast){.error = -EBADMSG, .status = 200}, THINKS_MS);
    }
}
END_TEST

START_TEST(another_member)
{
    static const char *const bodies[] = {
        "{\"maximum\":31}", "{\"ma\":31}",          "{\"MAX\":31}", "{\"Max\":31}",
        "{\" max\":31}",    "{\"a\":{\"max\":31}}", "{\"\":31}",    NULL};

    expect_bad_bodies(bodies);
}
END_TEST

START_TEST(another_type)
{
    static const char *const bodies[] = {"{\"max\":\"31\"}",
                                         "{\"max\":31.0}",
                                         "{\"max\":null}",
                                         "{\"max\":true}",
                                         "{\"max\":[31]}",
                                         "{\"max\":{}}",
                                         "{\"min\":31}",
                                         "{}",
                                         "[31]",
                                         "[{\"max\":31}]",
                                         "\"max\"",
                                         "31",
                                         "null",
                                         NULL};

    expect_bad_bodies(bodies);
}
END_TEST

/* It shows the first three. Some of the others are 31 in a variable that is too small. */
START_TEST(no_thermometer_shows_it)
{
    static const char *const bodies[] = {"{\"max\":61}",          "{\"max\":-91}",
                                         "{\"max\":287}",         "{\"max\":4294967327}",
                                         "{\"max\":-4294967265}", "{\"max\":18446744073709551647}",
                                         "{\"max\":99999999999}", NULL};

    ask_for("200 OK", "{\"max\":-1}", (struct forecast){.status = 200, .celsius = -1});
    ask_for("200 OK", "{\"max\":60}", (struct forecast){.status = 200, .celsius = 60});
    ask_for("200 OK", "{\"max\":-90}", (struct forecast){.status = 200, .celsius = -90});
    expect_bad_bodies(bodies);
}
END_TEST

START_TEST(cut_without_a_length)
{
    const struct script script = {.first = "HTTP/1.0 200 OK\r\n\r\n{\"max\":3", .ending = CLOSES};

    ask("the station says no length, and closes in the middle: 200, and {\"max\":3", &script,
        (struct forecast){.error = -EBADMSG, .status = 200}, THINKS_MS);
}
END_TEST

#endif
