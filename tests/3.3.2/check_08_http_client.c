/* check_08_http_client.c: the suite of 08_http_client, the weather forecast
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <sys/resource.h>

#include "weather_answers.h"

/* ---- no answer ---- */

START_TEST(nobody_listens)
{
    const struct script script = {.ending = NOBODY_LISTENS};

    ask("nobody listens on the station's port", &script, (struct forecast){.error = -ECONNREFUSED},
        0);
}
END_TEST

START_TEST(a_silent_station)
{
    const struct script mute = {0}, cut = {.first = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
                                                    "{\"max\":31"};

    ask("the station accepts, and never answers", &mute, (struct forecast){.error = -ETIMEDOUT},
        STATION_SILENCE_MS);
    ask("the station falls silent in the middle of its answer", &cut,
        (struct forecast){.error = -ETIMEDOUT}, THINKS_MS + STATION_SILENCE_MS);
}
END_TEST

START_TEST(the_connection_ends)
{
    const struct forecast expected = {.error = -ECONNRESET};
    const struct script scripts[] = {
        {.first = "", .ending = CLOSES},
        {.first = "", .ending = RESETS},
        {.first = "HTTP/1.1 200 OK\r\nContent-Len", .ending = CLOSES},
        {.first = "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" GOOD_BODY, .ending = CLOSES},
        {.first = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n{\"max\":31}\r\n",
         .ending = CLOSES},
        {.first = "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" GOOD_BODY, .ending = RESETS}};

    ask("the station closes instead of answering", &scripts[0], expected, THINKS_MS);
    ask("the station resets the connection instead of answering", &scripts[1], expected, THINKS_MS);
    ask("the station closes in the middle of the headers", &scripts[2], expected, THINKS_MS);
    ask("the station closes before its 99 bytes of body are sent", &scripts[3], expected,
        THINKS_MS);
    ask("the station closes before its last chunk", &scripts[4], expected, THINKS_MS);
    ask("the station resets the connection in the middle of the body", &scripts[5], expected,
        THINKS_MS);
}
END_TEST

START_TEST(it_is_no_http_server)
{
    const struct script script = {.first = "SSH-2.0-OpenSSH_9.2p1\r\n"};

    ask("what answers is no HTTP server: SSH-2.0-OpenSSH_9.2p1", &script,
        (struct forecast){.error = -EPROTO}, THINKS_MS);
}
END_TEST

START_TEST(too_large)
{
    const struct forecast expected = {.error = -EMSGSIZE};
    const struct script announced = {.first = "HTTP/1.1 200 OK\r\nContent-Length: 1025\r\n\r\n"};
    char reply[2 * MOST_FORECAST];
    const struct script sent = {.first = reply, .ending = CLOSES};

    ask("the station announces a body of 1025 bytes", &announced, expected, THINKS_MS);
    snprintf(reply, sizeof(reply), "HTTP/1.0 200 OK\r\n\r\n" GOOD_BODY "%1000s", "");
    ask("the station announces no length, and sends 1028 bytes", &sent, expected, THINKS_MS);
}
END_TEST

/* ---- once, and later ---- */

/* What libevent tells by one callback, and what it tells by two. */
START_TEST(told_once)
{
    const struct {
        const char *what;
        struct script script;
    } cases[] = {
        {"the station answers", {.first = GOOD}},
        {"the station closes behind its answer", {.first = GOOD, .ending = CLOSES}},
        {"nobody listens on the station's port", {.ending = NOBODY_LISTENS}},
        {"the station closes in the middle of the headers",
         {.first = "HTTP/1.1 200", .ending = CLOSES}},
        {"the station never answers", {.ending = STAYS}},
    };

    for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        struct asker a = {0};

        asker_begin(&a, &cases[k].script);
        run_loop_for(LONG_MS);
        if (a.told != 1)
            fail_test("%s\nexpected  the callback, once\ngot       no callback, in %.3f s",
                      cases[k].what, LONG_MS / 1e3);
        asker_end(&a);
    }
}
END_TEST

/* libevent knows at once that there is no connection, and calls back from where it was called. */
START_TEST(no_descriptor_is_left)
{
    const struct script script = {.ending = NOBODY_LISTENS};
    struct rlimit before, none;
    struct asker a = {0};

    station_open(&a, &script);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    asker_ask(&a);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    expect_not_told_inside(&a);
    run_loop_for(LONG_MS);
    if (a.call != NULL && (a.told != 1 || a.forecast.error == 0))
        fail_test("forecast_get() where the process may open no descriptor\n"
                  "expected  the callback, with an error, after it has returned\ngot       %s",
                  a.told == 0 ? "nothing: the callback did not come" : forecast_text(&a.forecast));
    asker_end(&a);
}
END_TEST

/* ---- freed ---- */

/* Frees the call after so many milliseconds, and expects to hear nothing of it. */
static void free_after(const struct script *script, int ms)
{
    struct asker a = {0};

    asker_begin(&a, script);
    if (ms > 0)
        run_loop_for(ms);
    asker_free_call(&a);
    run_loop_for(LONG_MS);
    if (a.told > 0)
        fail_test("freed after %.3f s, before anything was told\nexpected  no callback\n"
                  "got       at %.3f s: %s",
                  ms / 1e3, (a.told_at_ms - a.asked_at_ms) / 1e3, forecast_text(&a.forecast));
    asker_end(&a);
}

START_TEST(freed_half_way)
{
    const struct script refused = {.ending = NOBODY_LISTENS};
    const struct script script = {.first = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"m",
                                  .second = "ax\":31}"};

    free_after(&refused, 0);
    free_after(&script, 0);
    free_after(&script, THINKS_MS / 2);
    free_after(&script, THINKS_MS + PAUSES_MS / 2);
    forecast_free(NULL);
}
END_TEST

START_TEST(freed_in_its_callback)
{
    const struct script scripts[] = {
        {.first = GOOD}, {.first = "", .ending = CLOSES}, {.ending = NOBODY_LISTENS}};

    for (int k = 0; k < 3; k++) {
        struct asker a = {.free_in_callback = true};

        asker_begin(&a, &scripts[k]);
        run_loop_for(LONG_MS);
        if (a.told != 1)
            fail_test("a call that is freed in its callback\nexpected  told once\n"
                      "got       told %d times",
                      a.told);
        asker_end(&a);
    }
}
END_TEST

/* The loop has read the answer, and made the event active that is to tell it: and then this. */
START_TEST(freed_behind_the_answer)
{
    const struct script script = {.first = GOOD};
    struct asker a = {.free_behind_answer = true};

    asker_begin(&a, &script);
    run_loop_for(LONG_MS);
    if (a.call != NULL)
        fail_test("the test itself is wrong: it has not freed the call");
    asker_end(&a);
}
END_TEST

/* The body comes in two pieces, which lie in two places. */
static void ask_without_memory(void *unused)
{
    const struct script script = {
        .first = "HTTP/1.0 200 OK\r\n\r\n{\"m", .second = "ax\":31}", .ending = CLOSES};
    const struct forecast none = {.error = -ENOMEM, .status = 200};
    struct asker a = {0};

    (void)unused;
    station_open(&a, &script);
    asker_ask(&a);
    run_loop_for(2 * (THINKS_MS + PAUSES_MS));
    if (a.call != NULL && (a.told != 1 || (memcmp(&a.forecast, &THIRTY_ONE, sizeof(none)) != 0 &&
                                           memcmp(&a.forecast, &none, sizeof(none)) != 0)))
        fail_test("the answer is a good one, and a call that needs memory gets none:\n"
                  "expected  told once: %s\n"
                  "      or  told once: %s\ngot       %s",
                  forecast_text(&THIRTY_ONE), forecast_text(&none),
                  a.told == 0 ? "nothing: the callback did not come" : forecast_text(&a.forecast));
    asker_end(&a);
}

START_TEST(memory_runs_out)
{
    each_allocation_fails(ask_without_memory, NULL);
}
END_TEST

Suite *exercise_suite(void)
{
    Suite *s = suite_create("08_http_client");

    behaviour(s, "[1] a forecast is told, in whatever pieces it comes",
              "the body lies in an evbuffer, which has a length and no NUL; it is there as long as "
              "the callback lasts (3.3.2, \"HTTP client\")",
              any_number_of_a_thermometer, large_but_not_too_large, until_the_connection_ends,
              in_chunks, byte_after_byte, two_stations_at_once);
    behaviour(s, "[1] an answer that is not as agreed is an error, and keeps its status",
              "any status is an answer, and any JSON has a \"number\": json-c converts and clamps, "
              "and stops at a 0; ask for the status, the end, the type and the range (3.3.2, "
              "\"HTTP client\")",
              another_status, not_json, a_zero_in_the_body, another_member, another_type,
              no_thermometer_shows_it, cut_without_a_length);
    behaviour(s, "[1] where no answer comes, the reason is told",
              "no request at all, or one with code 0, or an error callback before it: each way of "
              "failing looks different (3.3.2, \"HTTP client\")",
              nobody_listens, a_silent_station, the_connection_ends, it_is_no_http_server,
              too_large);
    behaviour(
        s, "[1] all is told once, and never inside forecast_get()",
        "libevent may call back before evhttp_make_request() has returned; the caller is told "
        "by an event of the loop (3.3.2, \"HTTP client\")",
        told_once, no_descriptor_is_left);
    behaviour(s, "[1] it can be freed at any moment, and leaves nothing",
              "a connection does not go with its request, nor an event with the loop, nor a JSON "
              "object with its parser: who made them frees them; and what could not be made is an "
              "error to tell (3.3.2, \"HTTP client\")",
              freed_half_way, freed_in_its_callback, freed_behind_the_answer, memory_runs_out);
    return s;
}
