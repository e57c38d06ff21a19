/* ship_client.h: those who ask the drawbridge, for the suite of 09_http_server
 *
 * A client writes its requests as text, on one connection, and takes the replies from it in order.
 * ask() is a client for one request, which is answered at once.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SHIP_CLIENT_H
#define SHIP_CLIENT_H

#include <dirent.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "09_http_server.h"
#include "peer.h"
#include "suite.h"

#define JSON_TYPE   "Content-Type: application/json\r\n"
#define ADA         "{\"name\":\"Ada\"}"
#define BOB         "{\"name\":\"Bob\"}"
#define ANY_ERROR   "{\"error\":\"...\"}" /* an error in whatever words */
#define ANY_BODY    NULL                  /* of whatever type */
#define REPLIES_MAX 8

enum { AT_ONCE_MS = 50 }; /* what is answered at once has come by then */

struct client {
    struct peer *peer;                /* owned */
    size_t taken;                     /* so many bytes of what came were replies */
    int replies;                      /* so many replies were taken */
    int requests;                     /* so many were sent, or are in the script */
    char requested[REPLIES_MAX][160]; /* each in a line, for messages */
};

struct reply {
    int status;
    char type[80];   /* Content-Type, or "" */
    char allow[80];  /* Allow, or "" */
    long length;     /* Content-Length, or -1 */
    char text[4000]; /* the body */
};

/* A bridge on any free port. */
static inline struct bridge *open_bridge(void)
{
    struct bridge *b = bridge_open(test_base(), 0);

    if (b == NULL)
        fail_test("bridge_open() with port 0, which is any free one\n"
                  "expected  a bridge\ngot       NULL");
    if (bridge_port(b) <= 0)
        fail_test("bridge_port()\nexpected  the number of its port\ngot       %d", bridge_port(b));
    return b;
}

/* Frees a bridge. libevent closes a connection at the next turn of the loop. */
static inline void free_bridge(struct bridge *b)
{
    bridge_free(b);
    ck_assert_int_ge(event_base_loop(test_base(), EVLOOP_NONBLOCK), 0);
}

static inline void client_open(struct client *c, const struct bridge *b)
{
    *c = (struct client){.peer = peer_connect(bridge_port(b))};
}

static inline void client_close(struct client *c)
{
    peer_free(c->peer);
    c->peer = NULL;
}

/* Sends a request at `at_ms`: `headers` are whole lines; `body` may be NULL for none. */
static inline void client_send(struct client *c, int at_ms, const char *method, const char *path,
                               const char *headers, const char *body)
{
    char text[4000], length[60] = "", more[40] = "";
    int n;

    ck_assert_int_lt(c->requests, REPLIES_MAX);
    if (body != NULL)
        snprintf(length, sizeof(length), "Content-Length: %zu\r\n", strlen(body));
    if (body != NULL && strlen(body) > 60)
        snprintf(more, sizeof(more), "..., %zu bytes", strlen(body));
    n = snprintf(text, sizeof(text), "%s %s HTTP/1.1\r\nHost: bridge\r\n%s%s\r\n%s", method, path,
                 headers, length, body != NULL ? body : "");
    ck_assert_int_lt(n, (int)sizeof(text));
    peer_send(c->peer, at_ms, text, (size_t)n);
    snprintf(c->requested[c->requests++], sizeof(c->requested[0]), "%s %s%s%.*s%s%.*s%s", method,
             path, *headers != '\0' && strcmp(headers, JSON_TYPE) != 0 ? ", " : "",
             strcmp(headers, JSON_TYPE) != 0 ? (int)strcspn(headers, "\r") : 0, headers,
             body != NULL ? " " : "", 60, body != NULL ? body : "", more);
}

/* Copies the value of a header line that is among the `n` bytes of `head`; "" if there is none. */
static inline void copy_header(const char *head, size_t n, const char *name, char *out, size_t size)
{
    const char *line = head, *end = head + n;

    out[0] = '\0';
    while (line != NULL && line < end) {
        if (strncasecmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':') {
            line += strlen(name) + 1;
            line += strspn(line, " \t");
            snprintf(out, size, "%.*s", (int)strcspn(line, "\r\n"), line);
            return;
        }
        line = strstr(line, "\r\n");
        line = line != NULL ? line + 2 : NULL;
    }
}

/* The first line of what has come and was not taken, for messages. */
static inline const char *first_line(const struct client *c)
{
    static char line[100];
    size_t n;
    const char *bytes = peer_received(c->peer, &n) + c->taken;

    snprintf(line, sizeof(line), "%.*s", (int)strcspn(bytes, "\r\n"), bytes);
    return line[0] != '\0'         ? line
           : peer_saw_end(c->peer) ? "a connection that is closed"
                                   : "nothing";
}

/* Takes the next reply from what has come. To a HEAD come none of the bytes of its length. `what`
 * it should be is for the message if nothing has come. */
static inline struct reply client_take(struct client *c, bool to_head, const char *what)
{
    const char *request = c->requested[c->replies];
    struct reply r = {.length = -1};
    size_t total;
    const char *head = peer_received(c->peer, &total) + c->taken;
    const char *body = strstr(head, "\r\n\r\n");
    char digits[30];

    if (body == NULL || sscanf(head, "HTTP/1.1 %d", &r.status) != 1)
        fail_test("%s\nexpected  %s, by %.3f\ngot       %s", request, what, now_ms() / 1e3,
                  first_line(c));
    body += 4;
    copy_header(head, (size_t)(body - head), "Content-Type", r.type, sizeof(r.type));
    copy_header(head, (size_t)(body - head), "Allow", r.allow, sizeof(r.allow));
    copy_header(head, (size_t)(body - head), "Content-Length", digits, sizeof(digits));
    if (digits[0] == '\0')
        fail_test("%s\nexpected  a Content-Length with the %d\ngot       none", request, r.status);
    r.length = strtol(digits, NULL, 10);
    if (!to_head) {
        if ((long)strlen(body) < r.length)
            fail_test("%s\nexpected  %ld bytes: the reply has \"Content-Length: %ld\"\n"
                      "got       %zu bytes",
                      request, r.length, r.length, strlen(body));
        snprintf(r.text, sizeof(r.text), "%.*s", (int)r.length, body);
        body += r.length;
    }
    c->taken = (size_t)(body - (head - c->taken));
    c->replies++;
    if (*body != '\0' && strncmp(body, "HTTP/1.", 7) != 0)
        fail_test("%s\nexpected  a reply that ends with its %s\ngot       %d, and %zu bytes more: "
                  "\"%s\"",
                  request, to_head ? "headers" : "body", r.status, strlen(body), first_line(c));
    return r;
}

static inline bool same_json(const char *a, const char *b)
{
    struct json_object *first = json_tokener_parse(a), *second = json_tokener_parse(b);
    bool same = first != NULL && json_object_equal(first, second);

    json_object_put(first);
    json_object_put(second);
    return same;
}

/* {"error":"..."}, and some words. */
static inline bool is_error(const char *text)
{
    struct json_object *json = json_tokener_parse(text), *words = NULL;
    bool is = json != NULL && json_object_is_type(json, json_type_object) &&
              json_object_object_get_ex(json, "error", &words) &&
              json_object_get_string_len(words) > 0;

    json_object_put(json);
    return is;
}

/* Writes text as it is to be shown: its first line, and of that what is ASCII as it is. Valid until
 * the next call. */
static inline const char *shown(const char *text)
{
    static char line[4 * 200];
    size_t used = 0;

    for (int k = 0; k < 200 && text[k] != '\0' && text[k] != '\n'; k++)
        used += (size_t)snprintf(line + used, sizeof(line) - used,
                                 text[k] >= ' ' && text[k] <= '~' ? "%c" : "\\%o",
                                 (unsigned char)text[k]);
    line[used] = '\0';
    return line;
}

/* Fails if `r` is another reply: `body` is JSON, or ANY_ERROR, or "" for any. */
static inline void compare_reply(const char *request, const struct reply *r, int status,
                                 const char *body)
{
    if (r->status != status ||
        !(*body == '\0' || (strcmp(body, ANY_ERROR) == 0 && is_error(r->text)) ||
          same_json(r->text, body)))
        fail_test("%s\nexpected  %d %s\ngot       %d %s", request, status, body, r->status,
                  shown(r->text));
}

/* Fails if a reply does not say that it is JSON. */
static inline void expect_json_type(const char *request, const struct reply *r)
{
    if (strncasecmp(r->type, "application/json", 16) != 0 || strchr("; ", r->type[16]) == NULL)
        fail_test("%s: the header Content-Type of the %d\nexpected  application/json\n"
                  "got       %s",
                  request, r->status, r->type[0] != '\0' ? r->type : "none");
}

/* Takes a reply, and fails if it is another: `body` is JSON, or ANY_ERROR, or ANY_BODY. */
static inline struct reply expect_reply(struct client *c, int status, const char *body)
{
    const char *request = c->requested[c->replies];
    bool to_head = strncmp(request, "HEAD ", 5) == 0;
    struct reply r;
    char what[300];

    if (body == ANY_BODY || to_head)
        body = "";
    snprintf(what, sizeof(what), *body != '\0' ? "%d %s" : "%d", status, body);
    r = client_take(c, to_head, what);
    compare_reply(request, &r, status, body);
    return r;
}

/* The same, which says besides that it is JSON. */
static inline struct reply expect_typed_reply(struct client *c, int status, const char *body)
{
    const char *request = c->requested[c->replies];
    struct reply r = expect_reply(c, status, body);

    expect_json_type(request, &r);
    return r;
}

/* Fails if more has come than what was taken; `why` is why a request has no reply yet. */
static inline void expect_no_more(const struct client *c, const char *why)
{
    size_t n;

    (void)peer_received(c->peer, &n);
    if (n > c->taken && c->replies < c->requests)
        fail_test("%s\nexpected  no reply at %.3f: %s\ngot       %s", c->requested[c->replies],
                  now_ms() / 1e3, why != NULL ? why : "it has one", first_line(c));
    if (n > c->taken)
        fail_test("%s\nexpected  one reply\ngot       a second one behind it: %s",
                  c->requested[c->replies - 1], first_line(c));
}

/* One request on a connection of its own, answered at once. */
static inline struct reply ask(const struct bridge *b, const char *method, const char *path,
                               const char *headers, const char *sent, int status, const char *body)
{
    struct client c;
    struct reply r;

    client_open(&c, b);
    client_send(&c, now_ms(), method, path, headers, sent);
    run_loop_for(AT_ONCE_MS);
    r = expect_reply(&c, status, body);
    expect_no_more(&c, NULL);
    client_close(&c);
    return r;
}

static inline void expect_ships(const struct bridge *b, const char *list)
{
    (void)ask(b, "GET", "/ships", "", NULL, 200, list);
}

/* How many descriptors are open. */
static inline int count_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int n = 0;

    ck_assert_ptr_nonnull(folder);
    while (readdir(folder) != NULL)
        n++;
    (void)closedir(folder);
    return n;
}

#endif
