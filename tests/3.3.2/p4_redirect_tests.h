/* p4_redirect_tests.h: answers that lead elsewhere, for check_p4_http_client.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P4_REDIRECT_TESTS_H
#define P4_REDIRECT_TESTS_H

#include "p4_asker.h"

#define MOVED(status, location)                                                                    \
    "HTTP/1.1 " #status " Moved\r\nContent-Length: 3\r\nLocation: " location "\r\n\r\nold"

static const struct http_header SECRET[] = {
    {"Authorization", "Basic xyz"}, {"Cookie", "a=b"},         {"cookie", "c=d"},
    {"Content-Type", "text/plain"}, {"Content-Encoding", "x"}, {"Content-Language", "de"},
    {"Content-Location", "/x"},     {"X-Own", "kept"},         {NULL, NULL}};

/* What came on the first two connections: only one is needed, but that is not the question. */
static inline const char *all_received(const struct listener *l)
{
    static char all[4 * SHOWN];

    snprintf(all, sizeof(all), "%s%s", listener_received(l, 0, NULL),
             listener_accepted(l) > 1 ? listener_received(l, 1, NULL) : "");
    return all;
}

/* The second request, from its request line on; "" if there is none. */
static inline const char *second_request(const struct listener *l)
{
    static const char *const methods[] = {"GET ",   "HEAD ",   "POST ",   "PUT ",
                                          "PATCH ", "DELETE ", "OPTIONS "};
    const char *at = strstr(all_received(l), "\r\n\r\n");

    for (at = at == NULL ? "" : at + 4; *at != '\0'; at++) /* a body */
        for (size_t m = 0; m < sizeof(methods) / sizeof(methods[0]); m++)
            if (strncmp(at, methods[m], strlen(methods[m])) == 0)
                return at;
    return "";
}

static inline const char *second_line(const struct listener *l)
{
    static char line[SHOWN];
    const char *second = second_request(l);

    snprintf(line, sizeof(line), "%.*s", (int)strcspn(second, "\r"), second);
    return line;
}

/* Asks for /a/b?c, gets `first`, and then a 204 for whatever it asks for. */
static struct listener *follow(struct asker *a, enum evhttp_cmd_type method, const char *first)
{
    static const struct step second[] = {AWAIT_REQUEST, SEND("HTTP/1.1 204 -\r\n\r\n"), STAY};
    const struct step script[] = {AWAIT_REQUEST, SEND_BYTES(first, strlen(first)), AWAIT_REQUEST,
                                  SEND("HTTP/1.1 204 -\r\n\r\n"), STAY};
    struct listener *l = listener_open(script);
    const bool body = method != EVHTTP_REQ_GET && method != EVHTTP_REQ_HEAD;

    listener_script(l, 1, second);
    open_client();
    ask_for(a, &(struct http_request){.method = method,
                                      .url = url_of(listener_port(l), "/a/b?c"),
                                      .headers = SECRET,
                                      .body = body ? "body" : NULL,
                                      .body_length = body ? 4 : 0});
    run_loop_for(EVER_MS);
    close_client();
    return l;
}

/* ---- what the method becomes ---- */

static const char *const REDIRECTS[] = {
    "HTTP/1.1 301 -\r\nLocation: /n\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 302 -\r\nLocation: /n\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 303 -\r\nLocation: /n\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 307 -\r\nLocation: /n\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 308 -\r\nLocation: /n\r\nContent-Length: 0\r\n\r\n"};

/* `second` is what followed; it was a GET before if `method` is "GET". */
static void expect_second(const char *what, const char *method, bool becomes_get,
                          const char *second)
{
    const bool has_body = strstr(second, "\r\n\r\nbody") != NULL;
    const bool may_have = strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0;
    const char *about = strstr(second, "\r\nContent-");

    if (may_have && has_body == becomes_get)
        fail_test("%s\nexpected  %s body\ngot       %s body", what, becomes_get ? "no" : "the same",
                  has_body ? "the same" : "no");
    if (becomes_get && about != NULL)
        fail_test("%s: a GET has no header that tells of a body\ngot       %.*s\nin\n%s", what,
                  (int)strcspn(about + 2, "\r"), about + 2, shown(second));
    if (strstr(second, "Authorization: Basic xyz") == NULL || strstr(second, "X-Own") == NULL ||
        (may_have && !becomes_get && strstr(second, "Content-Language: de") == NULL))
        fail_test("%s, to the same host\nexpected  the caller's headers, Authorization with them\n"
                  "got:\n%s",
                  what, shown(second));
}

START_TEST(what_the_method_becomes)
{
    static const struct {
        enum evhttp_cmd_type method;
        const char *name;
        const char *gets; /* "G" where it becomes a GET: behind 301, 302, 303, 307, 308 */
    } rules[] = {{EVHTTP_REQ_GET, "GET", "-----"},        {EVHTTP_REQ_HEAD, "HEAD", "-----"},
                 {EVHTTP_REQ_POST, "POST", "GGG--"},      {EVHTTP_REQ_PUT, "PUT", "--G--"},
                 {EVHTTP_REQ_PATCH, "PATCH", "--G--"},    {EVHTTP_REQ_DELETE, "DELETE", "--G--"},
                 {EVHTTP_REQ_OPTIONS, "OPTIONS", "--G--"}};
    char what[128], line[64];

    for (size_t m = 0; m < sizeof(rules) / sizeof(rules[0]); m++)
        for (size_t k = 0; k < sizeof(REDIRECTS) / sizeof(REDIRECTS[0]); k++) {
            struct asker a = {0};
            struct listener *l = follow(&a, rules[m].method, REDIRECTS[k]);
            const bool gets = rules[m].gets[k] == 'G';
            snprintf(what, sizeof(what), "%s behind a %.3s: the second request", rules[m].name,
                     REDIRECTS[k] + strlen("HTTP/1.1 "));
            snprintf(line, sizeof(line), "%s /n HTTP/1.1", gets ? "GET" : rules[m].name);
            expect_outcome(&a, what, 0, 204, -1);
            expect_text(what, line, second_line(l));
            expect_second(what, rules[m].name, gets, second_request(l));
            listener_free(l);
        }
}
END_TEST

/* ---- where it leads ---- */

START_TEST(where_a_location_leads)
{
    static const struct {
        const char *first, *line;
    } cases[] = {{MOVED(302, "/x/../y?z#f"), "GET /y?z HTTP/1.1"},
                 {MOVED(302, "d"), "GET /a/d HTTP/1.1"},
                 {MOVED(302, "./d/./e"), "GET /a/d/e HTTP/1.1"},
                 {MOVED(302, "../d"), "GET /d HTTP/1.1"},
                 {MOVED(302, "../../../d/.."), "GET / HTTP/1.1"},
                 {MOVED(302, "?q=/../"), "GET /a/b?q=/../ HTTP/1.1"},
                 {MOVED(302, "#f"), "GET /a/b?c HTTP/1.1"},
                 {MOVED(302, ""), "GET /a/b?c HTTP/1.1"},
                 {MOVED(302, "d:e"), ""},
                 {MOVED(302, "./d:e"), "GET /a/d:e HTTP/1.1"}};
    char what[128];

    for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        struct asker a = {0};
        struct listener *l = follow(&a, EVHTTP_REQ_GET, cases[k].first);
        const char *location = strstr(cases[k].first, "Location:");
        snprintf(what, sizeof(what), "/a/b?c leads to another place, \"%.*s\": the second request",
                 (int)strcspn(location, "\r"), location);
        if (*cases[k].line != '\0')
            expect_outcome(&a, what, 0, 204, -1);
        else
            expect_outcome(&a, what, -EPROTO, 302, -1);
        expect_text(what, cases[k].line, second_line(l));
        listener_free(l);
    }
}
END_TEST

START_TEST(what_is_not_followed)
{
    static const struct {
        const char *what, *answer;
        int error, status;
    } cases[] = {{"302 without a Location", "HTTP/1.1 302 -\r\nContent-Length: 0\r\n\r\n", 0, 302},
                 {"304 with a Location", "HTTP/1.1 304 -\r\nLocation: /n\r\n\r\n", 0, 304},
                 {"300 with a Location", MOVED(300, "/n"), 0, 300},
                 {"305 with a Location", MOVED(305, "/n"), 0, 305},
                 {"201 with a Location", MOVED(201, "/n"), 0, 201},
                 {"a Location of another scheme", MOVED(302, "ftp://127.0.0.1/"), -EPROTO, 302},
                 {"a file", MOVED(302, "file:///etc/passwd"), -EPROTO, 302},
                 {"a Location with a password", MOVED(302, "http://u:p@127.0.0.1/"), -EPROTO, 302},
                 {"a Location with a space", MOVED(302, "/a b"), -EPROTO, 302},
                 {"a Location with a port that is none", MOVED(302, "http://127.0.0.1:99999/"),
                  -EPROTO, 302},
                 {"a Location with port 0", MOVED(302, "http://127.0.0.1:0/"), -EPROTO, 302},
                 {"a trailer that says Location",
                  "HTTP/1.1 302 -\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nLocation: /n\r\n\r\n",
                  0, 302}};

    for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        struct asker a = {0};
        struct listener *l = follow(&a, EVHTTP_REQ_GET, cases[k].answer);
        expect_outcome(&a, cases[k].what, cases[k].error, cases[k].status, -1);
        expect_number("requests", 1, listener_requests(l));
        listener_free(l);
    }
}
END_TEST

/* Counted is each that is followed, also where a POST becomes a GET. */
static void loop_ends(enum evhttp_cmd_type method, int most, int requests)
{
    static const struct step script[] = {AWAIT_REQUEST, SEND(MOVED(302, "/")), REPEAT};
    struct http_client_options options = usual_options();
    struct listener *l = listener_open(script);
    struct asker a = {0};
    char what[96];

    options.max_redirects = most;
    open_client_with(options);
    ask_for(&a,
            &(struct http_request){.method = method, .url = url_of(listener_port(l), "/a/b?c")});
    run_loop_for(EVER_MS);
    snprintf(what, sizeof(what), "a loop of redirects behind a %s, with max_redirects %d: requests",
             method == EVHTTP_REQ_GET ? "GET" : "POST", most);
    expect_outcome(&a, what, most < 0 ? 0 : -ELOOP, 302, -1);
    expect_number(what, requests, listener_requests(l));
    close_client();
    listener_free(l);
}

START_TEST(a_loop_ends)
{
    static const int most[] = {0, 1, 3, 12, -1};
    static const int requests[] = {11, 2, 4, 13, 1};

    for (int k = 0; k < 5; k++) {
        loop_ends(EVHTTP_REQ_GET, most[k], requests[k]);
        loop_ends(EVHTTP_REQ_POST, most[k], requests[k]);
    }
}
END_TEST

static const struct step leads_on[] = {AWAIT_REQUEST, SEND(MOVED(302, "/")), REPEAT},
                         leads_nowhere[] = {AWAIT_REQUEST, SEND(MOVED(302, "ftp://a/")), STAY},
                         leads_to_silence[] = {AWAIT_REQUEST, SEND(MOVED(302, "/")), AWAIT_REQUEST,
                                               STAY},
                         leads_to_an_end[] = {AWAIT_REQUEST, SEND(MOVED(302, "/")), AWAIT_REQUEST,
                                              SEND("HTTP/1.1 200 -\r\n"), CLOSE};
static const struct {
    const char *what;
    const struct step *script;
    int error, status;
} failures[] = {{"a loop of redirects", leads_on, -ELOOP, 302},
                {"a redirect to ftp:", leads_nowhere, -EPROTO, 302},
                {"silence behind a redirect", leads_to_silence, -ETIMEDOUT, 0},
                {"the end of the connection behind a redirect", leads_to_an_end, -ECONNRESET, 0}};

/* What `why` says is about this error, and not about one that might have been, or was before. */
START_TEST(another_error_has_other_words)
{
    enum { FAILURES = sizeof(failures) / sizeof(failures[0]) };
    struct asker a[FAILURES] = {{0}};

    for (int k = 0; k < FAILURES; k++) {
        struct listener *l = listener_open(failures[k].script);
        open_client();
        ask(&a[k], l);
        run_loop_for(EVER_MS);
        expect_outcome(&a[k], failures[k].what, failures[k].error, failures[k].status, -1);
        for (int i = 0; i < k; i++)
            if (strcmp(a[i].why, a[k].why) == 0)
                fail_test("`why` of two errors: %s, and %s\nexpected  two texts\n"
                          "got       \"%s\" for both",
                          failures[i].what, failures[k].what, a[k].why);
        close_client();
        listener_free(l);
    }
}
END_TEST

START_TEST(redirects_take_time)
{
    static const struct step script[] = {AWAIT_REQUEST, AFTER(900), SEND(MOVED(302, "/")), REPEAT};

    try_script("a redirect every 0.9 s", script, -ETIMEDOUT, 0, TOTAL_MS);
}
END_TEST

#endif
