/* check_09_http_server.c: the suite of 09_http_server, the drawbridge
 *
 * SPDX-License-Identifier: MIT
 */
#include "bridge_last_tests.h"
#include "faults.h"
#include "ship_client.h"

/* ---- what is in a reply ---- */

/* Asks on a connection that is open. */
static struct reply ask_next(struct client *c, const char *method, const char *path,
                             const char *sent, int status, const char *body)
{
    struct reply r;

    client_send(c, now_ms(), method, path, sent != NULL ? JSON_TYPE : "", sent);
    run_loop_for(AT_ONCE_MS);
    r = expect_typed_reply(c, status, body);
    expect_no_more(c, NULL);
    return r;
}

static void ask_of_type(struct client *c, const char *type, const char *sent, int status)
{
    client_send(c, now_ms(), "POST", "/ships", type, sent);
    run_loop_for(AT_ONCE_MS);
    (void)expect_typed_reply(c, status, ANY_ERROR);
    expect_no_more(c, NULL);
}

START_TEST(a_list_as_json)
{
    struct bridge *b = open_bridge();
    struct client c;

    client_open(&c, b);
    (void)ask_next(&c, "GET", "/ships", NULL, 200, "[]");
    (void)ask_next(&c, "GET", "/ships?order=age", NULL, 200, "[]");
    client_close(&c);
    free_bridge(b);
}
END_TEST

/* The body of a reply to a HEAD would be the beginning of the next reply. */
START_TEST(head_is_get_without_a_body)
{
    struct bridge *b = open_bridge();
    struct client c;
    struct reply head, get;

    client_open(&c, b);
    client_send(&c, 100, "HEAD", "/ships", "", NULL);
    client_send(&c, 200, "GET", "/ships", "", NULL);
    run_loop_for(300);
    head = expect_typed_reply(&c, 200, "");
    get = expect_typed_reply(&c, 200, "[]");
    if (head.length != get.length)
        fail_test("the header Content-Length\nexpected  of HEAD as of GET: %ld\ngot       %ld",
                  get.length, head.length);
    client_close(&c);
    free_bridge(b);
}
END_TEST

START_TEST(one_request_after_the_other)
{
    struct bridge *b = open_bridge();
    struct client c;

    client_open(&c, b);
    (void)ask_next(&c, "GET", "/ships", NULL, 200, "[]");
    (void)ask_next(&c, "GET", "/boats", NULL, 404, ANY_ERROR);
    (void)ask_next(&c, "PUT", "/ships", "{}", 405, ANY_ERROR);
    (void)ask_next(&c, "POST", "/ships", "[]", 400, ANY_ERROR);
    ask_of_type(&c, "Content-Type: text/plain\r\n", ADA, 415);
    client_send(&c, 400, "GET", "/ships", "", NULL); /* these two are in one packet */
    client_send(&c, 400, "GET", "/boats", "", NULL);
    snprintf(c.requested[5], sizeof(c.requested[5]),
             "GET /ships, behind five requests on that connection");
    run_loop_for(400);
    (void)expect_typed_reply(&c, 200, "[]");
    (void)expect_typed_reply(&c, 404, ANY_ERROR);
    expect_no_more(&c, NULL);
    client_close(&c);
    free_bridge(b);
}
END_TEST

/* Nobody has said that headers must be short. */
START_TEST(headers_of_a_browser)
{
    struct bridge *b = open_bridge();
    struct client c;
    char headers[2200];
    int n = snprintf(headers, sizeof(headers),
                     "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101\r\n"
                     "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
                     "Accept-Language: ko,en-US;q=0.7,en;q=0.3\r\nCookie: crumbs=%01500d\r\n",
                     7);

    client_open(&c, b);
    client_send(&c, 100, "GET", "/ships", headers, NULL);
    snprintf(c.requested[0], sizeof(c.requested[0]), "GET /ships with %d bytes of headers", n);
    run_loop_for(200);
    (void)expect_typed_reply(&c, 200, "[]");
    client_close(&c);
    free_bridge(b);
}
END_TEST

START_TEST(byte_after_byte)
{
    struct bridge *b = open_bridge();
    struct client c;

    faults.max_read = 1;
    faults.max_write = 1;
    client_open(&c, b);
    (void)ask_next(&c, "POST", "/ships", "{\"name\":", 400, ANY_ERROR);
    (void)ask_next(&c, "GET", "/ships", NULL, 200, "[]");
    client_close(&c);
    free_bridge(b);
}
END_TEST

/* ---- a ship ---- */

START_TEST(answered_when_it_has_passed)
{
    struct bridge *b = open_bridge();
    struct client c;

    client_open(&c, b);
    client_send(&c, 500, "POST", "/ships", JSON_TYPE, ADA);
    run_loop_for(500 + RAISE_MS - 10);
    expect_no_more(&c, "the ship passes at 2.500");
    run_loop_for(10 + AT_ONCE_MS);
    (void)expect_reply(&c, 201, ADA);
    client_send(&c, now_ms(), "GET", "/ships", "", NULL);
    run_loop_for(5000);
    (void)expect_reply(&c, 200, "[" ADA "]");
    expect_no_more(&c, NULL);
    client_close(&c);
    free_bridge(b);
}
END_TEST

START_TEST(others_are_served_meanwhile)
{
    struct bridge *b = open_bridge();
    struct client ada, bob;

    client_open(&ada, b);
    client_open(&bob, b);
    client_send(&ada, 100, "POST", "/ships", JSON_TYPE, ADA);
    client_send(&bob, 1000, "POST", "/ships", JSON_TYPE, BOB);
    run_loop_for(1500);
    expect_ships(b, "[]");
    run_loop_for(950); /* 2.500 */
    expect_ships(b, "[" ADA "]");
    (void)expect_reply(&ada, 201, ADA);
    expect_no_more(&bob, "this ship passes at 3.000");
    run_loop_for(1000);
    (void)expect_reply(&bob, 201, BOB);
    expect_ships(b, "[" ADA "," BOB "]");
    client_close(&ada);
    client_close(&bob);
    free_bridge(b);
}
END_TEST

/* In JSON these are told with an escape, and more may be said of a ship than its name. */
START_TEST(any_name)
{
    static const char SHIP[] = "{\"name\":\"The \\\"Quote\\\" \\\\ \\n \\u00e9 \\ud83d\\udea2 %s\","
                               "\"masts\":[1,2.5,null]}";
    struct bridge *b = open_bridge();
    struct client c;
    char list[200];

    client_open(&c, b);
    client_send(&c, 100, "POST", "/ships", "Content-Type: Application/JSON; charset=utf-8\r\n",
                SHIP);
    run_loop_for(100 + RAISE_MS + AT_ONCE_MS);
    (void)expect_reply(&c, 201, SHIP);
    snprintf(list, sizeof(list), "[%s]", SHIP);
    expect_ships(b, list);
    client_close(&c);
    free_bridge(b);
}
END_TEST

/* A second request is in the same packet as the first: it has its turn after the reply. */
START_TEST(the_next_request_waits_too)
{
    struct bridge *b = open_bridge();
    struct client c;

    client_open(&c, b);
    client_send(&c, 100, "POST", "/ships", JSON_TYPE, ADA);
    client_send(&c, 100, "GET", "/ships", "", NULL);
    run_loop_for(1000);
    expect_no_more(&c, "the ship passes at 2.100, and replies come in the order of the requests");
    run_loop_for(2000);
    (void)expect_reply(&c, 201, ADA);
    (void)expect_reply(&c, 200, "[" ADA "]");
    expect_no_more(&c, NULL);
    client_close(&c);
    free_bridge(b);
}
END_TEST

/* ---- what is wrong with a request ---- */

START_TEST(another_path)
{
    struct bridge *b = open_bridge();

    (void)ask(b, "GET", "/boats", "", NULL, 404, ANY_ERROR);
    (void)ask(b, "GET", "/", "", NULL, 404, ANY_ERROR);
    (void)ask(b, "GET", "/ships/", "", NULL, 404, ANY_ERROR);
    (void)ask(b, "GET", "/ships/1", "", NULL, 404, ANY_ERROR);
    (void)ask(b, "POST", "/ship", JSON_TYPE, ADA, 404, ANY_ERROR);
    (void)ask(b, "HEAD", "/boats", "", NULL, 404, "");
    (void)ask(b, "PATCH", "/boats", "", NULL, 404, ANY_ERROR);
    free_bridge(b);
}
END_TEST

START_TEST(another_method)
{
    static const char *const METHODS[] = {"DELETE", "PUT", "PATCH", "OPTIONS"};
    struct bridge *b = open_bridge();

    for (int k = 0; k < 4; k++) {
        struct reply r = ask(b, METHODS[k], "/ships", JSON_TYPE, ADA, 405, ANY_ERROR);

        for (const char *method = "GET"; method != NULL; method = *method == 'G'   ? "HEAD"
                                                                  : *method == 'H' ? "POST"
                                                                                   : NULL)
            if (strstr(r.allow, method) == NULL || strlen(r.allow) > 20)
                fail_test("%s /ships: the header Allow of the 405\nexpected  GET, HEAD, POST\n"
                          "got       %s",
                          METHODS[k], r.allow[0] != '\0' ? r.allow : "none");
    }
    expect_ships(b, "[]");
    free_bridge(b);
}
END_TEST

START_TEST(another_type)
{
    struct bridge *b = open_bridge();

    (void)ask(b, "POST", "/ships", "Content-Type: text/plain\r\n", ADA, 415, ANY_ERROR);
    (void)ask(b, "POST", "/ships", "Content-Type: application/json-seq\r\n", ADA, 415, ANY_ERROR);
    (void)ask(b, "POST", "/ships", "", ADA, 415, ANY_ERROR);
    (void)ask(b, "POST", "/ships", "Content-Type: text/plain\r\n", "Ada", 415, ANY_ERROR);
    (void)ask(b, "POST", "/ships", "Content-Type: text/plain\r\n", NULL, 415, ANY_ERROR);
    run_loop_for(2 * RAISE_MS);
    expect_ships(b, "[]");
    free_bridge(b);
}
END_TEST

/* Behind a ship there is a 0 byte, and more. */
static void ask_with_a_zero(struct bridge *b)
{
    static const char REQUEST[] = "POST /ships HTTP/1.1\r\nHost: bridge\r\n" JSON_TYPE
                                  "Content-Length: 19\r\n\r\n" ADA "\0 Eve";
    struct client c = {.requests = 1, .requested = {"POST /ships " ADA ", a 0 byte, and \" Eve\""}};

    c.peer = peer_connect(bridge_port(b));
    peer_send(c.peer, now_ms(), REQUEST, sizeof(REQUEST) - 1);
    run_loop_for(AT_ONCE_MS);
    (void)expect_reply(&c, 400, ANY_ERROR);
    client_close(&c);
}

START_TEST(no_ship)
{
    static const char *const BODIES[] = {"",
                                         "Ada",
                                         "[" ADA "]",
                                         "{}",
                                         "{\"name\":\"\"}",
                                         "{\"name\":7}",
                                         "{\"name\":\"Ada\"",
                                         "\"",
                                         "{'name':'Ada'}",
                                         ADA ADA,
                                         "{\"name\":\"\xff\"}"};
    struct bridge *b = open_bridge();

    for (size_t k = 0; k < sizeof(BODIES) / sizeof(BODIES[0]); k++)
        (void)ask(b, "POST", "/ships", JSON_TYPE, BODIES[k], 400, ANY_ERROR);
    (void)ask(b, "POST", "/ships", JSON_TYPE, NULL, 400, ANY_ERROR);
    ask_with_a_zero(b);
    run_loop_for(2 * RAISE_MS);
    expect_ships(b, "[]");
    free_bridge(b);
}
END_TEST

/* JSON of `n` bytes. */
static const char *json_of(int n)
{
    static char text[BODY_MAX + 100];

    snprintf(text, sizeof(text), "\"%0*d\"", n - 2, 7);
    return text;
}

START_TEST(too_large)
{
    struct bridge *b = open_bridge();
    struct client c;

    (void)ask(b, "POST", "/ships", JSON_TYPE, json_of(BODY_MAX + 1), 413, ANY_BODY);
    (void)ask(b, "POST", "/ships", JSON_TYPE, json_of(BODY_MAX), 400, ANY_ERROR); /* no ship */
    /* in pieces, with no word on how many there will be */
    client_open(&c, b);
    client_send(&c, 100, "POST", "/ships", JSON_TYPE "Transfer-Encoding: chunked\r\n", NULL);
    snprintf(c.requested[0], sizeof(c.requested[0]), "POST /ships, 1280 bytes in five chunks");
    for (int at_ms = 200; at_ms <= 600; at_ms += 100) {
        char chunk[BODY_MAX];

        snprintf(chunk, sizeof(chunk), "100\r\n%256d\r\n", at_ms);
        peer_send(c.peer, at_ms, chunk, strlen(chunk));
    }
    run_loop_for(1000);
    (void)expect_reply(&c, 413, ANY_BODY);
    client_close(&c);
    free_bridge(b);
}
END_TEST

Suite *exercise_suite(void)
{
    Suite *s = suite_create("09_http_server");

    behaviour(
        s, "[1] a reply says its type and length, and carries JSON",
        "headers tell a client what a body is and where it ends; a HEAD gets the headers of a "
        "GET (3.3.2, \"HTTP server\")",
        a_list_as_json, head_is_get_without_a_body, one_request_after_the_other,
        headers_of_a_browser, byte_after_byte);
    behaviour(
        s, "[1] a ship gets one reply, when it has passed",
        "a callback may return without an answer: the request is held, others are served, and "
        "a timer answers it (3.3.2, \"HTTP server\")",
        answered_when_it_has_passed, others_are_served_meanwhile, any_name,
        the_next_request_waits_too);
    behaviour(
        s, "[1] the status says what is wrong with a request",
        "a path, a method, a type, a body and a size are refused in different ways, so that a "
        "client knows what to mend (3.3.2, \"HTTP server\")",
        another_path, another_method, another_type, no_ship, too_large);
    behaviour(s, "[1] a client that leaves does not spare the reply",
              "a request is answered exactly once, whether anybody listens or not: that frees it, "
              "and closes the connection; one that asks for nothing is closed after a time (3.3.2, "
              "\"HTTP server\")",
              it_closes, it_resets, it_sends_no_more, two_of_three_leave, it_is_silent);
    behaviour(
        s, "[1] it can be stopped or freed at any moment, and leaves nothing",
        "no new connections, then the requests that are held, then the server, then the base; "
        "and each call that needs memory says whether it got it (3.3.2, \"HTTP server\")",
        stopped_while_a_ship_waits, freed_at_any_moment, a_port_that_is_taken, no_memory);
    return s;
}
