/* p4_asker.h: who asks a client for something, and what becomes of it, for check_p4_http_client.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P4_ASKER_H
#define P4_ASKER_H

#include <errno.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "listener.h"
#include "p4_http_client.h"
#include "result_text.h"
#include "suite.h"

enum { TOTAL_MS = 5000, CONNECT_MS = 1000, HEADERS = 4096, BODY = 8192 };
enum { EVER_MS = 4 * TOTAL_MS }; /* by then each call has been told */
enum { SHOWN = 512 };

/* One request, and what its callback was told. */
struct asker {
    struct http_call *call; /* until it has been told */
    bool inside;            /* the function that asks has not returned yet */
    bool told_inside;
    int result; /* of that function */
    int asked_at, told_at, told;
    int error, status;
    char why[128], body[SHOWN], json[SHOWN], header[SHOWN]; /* "" if there is none */
    size_t body_length;
    const char *header_name;                  /* whose value `header` gets; NULL: none */
    void (*then)(struct asker *a, void *arg); /* in the callback, or NULL */
    void *arg;
};

static struct http_client *client;
static int closed; /* calls of on_closed() */

/* ---- the client ---- */

static inline struct http_client_options usual_options(void)
{
    return (struct http_client_options){.base = test_base(),
                                        .total_ms = TOTAL_MS,
                                        .connect_ms = CONNECT_MS,
                                        .max_headers = HEADERS,
                                        .max_body = BODY};
}

static inline void open_client_with(struct http_client_options options)
{
    ck_assert(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
    closed = 0;
    client = http_client_new(&options);
    if (client == NULL)
        fail_test("http_client_new() returned NULL, and there is memory");
}

static inline void open_client(void)
{
    open_client_with(usual_options());
}

static inline void on_closed(void *arg)
{
    (void)arg;
    closed++;
    client = NULL;
}

/* Closes the client, and lets the loop run until that is done. (If it is never done, that is told
 * by the behaviour that asks for it, and by what is left over.) */
static inline void close_client(void)
{
    http_client_close(client, on_closed, NULL);
    for (int ms = 0; ms < EVER_MS && closed == 0; ms += 1000)
        run_loop_for(1000);
    client = NULL;
    ck_assert_int_ge(event_base_loop(test_base(), EVLOOP_NONBLOCK), 0); /* libevent closes late */
}

/* ---- asking ---- */

static inline void keep_answer(struct asker *a, const struct http_response *r)
{
    const char *value = NULL;

    if (r->body != NULL) {
        a->body_length = evbuffer_get_length(r->body);
        const ev_ssize_t n = evbuffer_copyout(r->body, a->body, sizeof(a->body) - 1);
        a->body[n > 0 ? n : 0] = '\0';
    }
    if (r->json != NULL)
        snprintf(a->json, sizeof(a->json), "%s",
                 json_object_to_json_string_ext(r->json, JSON_C_TO_STRING_PLAIN));
    if (r->headers != NULL && a->header_name != NULL)
        value = evhttp_find_header(r->headers, a->header_name);
    snprintf(a->header, sizeof(a->header), "%s", value != NULL ? value : "");
}

static inline void on_asked(const struct http_response *r, void *arg)
{
    struct asker *a = arg;

    a->told_inside = a->told_inside || a->inside; /* to fail here takes a descriptor */
    if (a->told++ > 0)
        fail_test("a callback came twice\nexpected  once: at %.3f s, with %s\n"
                  "got       at %.3f s again: %s",
                  a->told_at / 1e3, result_text(a->error), now_ms() / 1e3, result_text(r->error));
    http_client_cancel(a->call); /* inside its callback it changes nothing */
    a->call = NULL;
    a->told_at = now_ms();
    a->error = r->error;
    a->status = r->status;
    snprintf(a->why, sizeof(a->why), "%s", r->why != NULL ? r->why : "(NULL)");
    keep_answer(a, r);
    if (a->then != NULL)
        a->then(a, a->arg);
}

static inline void note_asked(struct asker *a, int result, const char *what)
{
    a->inside = false;
    a->result = result;
    if (result == -ENOSYS)
        fail_test("%s returned -ENOSYS: is it written yet? TODO(1)", what);
    if (a->told_inside)
        fail_test("%s: its callback came before it returned\nexpected  later, by the loop\n"
                  "got       inside, with %s",
                  what, result_text(a->error));
}

static inline void ask_for(struct asker *a, const struct http_request *request)
{
    a->asked_at = now_ms();
    a->inside = true;
    note_asked(a, http_client_request(client, request, on_asked, a, &a->call),
               "http_client_request()");
}

static inline void ask_url(struct asker *a, const char *url)
{
    a->asked_at = now_ms();
    a->inside = true;
    note_asked(a, http_client_get(client, url, on_asked, a, &a->call), "http_client_get()");
    if (a->result != 0)
        fail_test("http_client_get() of %s\nexpected  0\ngot       %s", url,
                  result_text(a->result));
}

static inline const char *url_of(int port, const char *path)
{
    static char urls[4][SHOWN];
    static int next;
    char *url = urls[next++ % 4];

    snprintf(url, SHOWN, "http://127.0.0.1:%d%s", port, path);
    return url;
}

static inline void ask(struct asker *a, const struct listener *l)
{
    ask_url(a, url_of(listener_port(l), "/"));
}

/* ---- what is expected ---- */

/* `after_ms` counts from when it was asked; -1: at any time. */
static inline void expect_outcome(const struct asker *a, const char *what, int error, int status,
                                  int after_ms)
{
    const int got_after = a->told_at - a->asked_at;
    char when[32] = "", got_when[32] = "";

    if (after_ms >= 0) {
        snprintf(when, sizeof(when), "after %.3f s: ", after_ms / 1e3);
        snprintf(got_when, sizeof(got_when), "after %.3f s: ", got_after / 1e3);
    }
    if (a->told == 0)
        fail_test("%s\nexpected  %serror %s, status %d\ngot       no callback, in %.3f s", what,
                  when, result_text(error), status, (now_ms() - a->asked_at) / 1e3);
    if (a->error == -ENOSYS && error != -ENOSYS)
        fail_test("%s\nexpected  %serror %s, status %d\ngot       -ENOSYS: is it written yet? "
                  "%s",
                  what, when, result_text(error), status, a->why);
    if (a->error != error || a->status != status || (after_ms >= 0 && got_after != after_ms))
        fail_test("%s\nexpected  %serror %s, status %d\ngot       %serror %s, status %d%s%s%s",
                  what, when, result_text(error), status, got_when, result_text(a->error),
                  a->status, a->error != 0 ? " (" : "",
                  a->why[0] != '\0' || a->error == 0 ? a->why : "no why", a->error != 0 ? ")" : "");
    if ((a->why[0] != '\0') != (error != 0) || strpbrk(a->why, "\r\n") != NULL)
        fail_test("%s, error %s: `why`\nexpected  %s\ngot       \"%s\"", what, result_text(error),
                  error != 0 ? "a line of text" : "\"\"", a->why);
}

static inline void expect_text(const char *what, const char *expected, const char *got)
{
    if (strcmp(expected, got) != 0)
        fail_test("%s\nexpected  %s\ngot       %s", what, *expected ? expected : "(nothing)",
                  *got ? got : "(nothing)");
}

/* What came, for a message: without its CRs. */
static inline const char *shown(const char *text)
{
    static char clean[4 * SHOWN];
    size_t n = 0;

    for (; *text != '\0' && n < sizeof(clean) - 1; text++)
        if (*text != '\r')
            clean[n++] = *text;
    clean[n] = '\0';
    return clean;
}

static inline void expect_number(const char *what, long expected, long got)
{
    if (expected != got)
        fail_test("%s\nexpected  %ld\ngot       %ld", what, expected, got);
}

static inline void expect_errno(const char *what, int expected, int got)
{
    if (expected != got)
        fail_test("%s\nexpected  %s\ngot       %s", what, result_text(expected), result_text(got));
}

/* One request to a server that follows a script, from a new client to its end. */
static inline void try_script(const char *what, const struct step *script, int error, int status,
                              int after_ms)
{
    struct asker a = {0};
    struct listener *l = listener_open(script);

    open_client();
    ask(&a, l);
    run_loop_for(EVER_MS);
    expect_outcome(&a, what, error, status, after_ms);
    close_client();
    listener_free(l);
}

/* The same for a whole answer in one piece, which comes 100 ms behind the request; the connection
 * stays open. */
static inline void try_answer(const char *what, const char *answer, size_t n, int error, int status)
{
    const struct step script[] = {AWAIT_REQUEST, AFTER(100), SEND_BYTES(answer, n), STAY};

    try_script(what, script, error, status, 100);
}

#define ANSWER(text) text, sizeof(text) - 1
#define OK_JSON(body, length)                                                                      \
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " #length "\r\n\r"       \
    "\n" body

#endif
