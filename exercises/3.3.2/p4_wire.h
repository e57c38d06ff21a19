/* p4_wire.h: reads an answer beside evhttp, and believes less; given
 *
 * evhttp 2.1.12 takes an answer apart, but it is generous. A second Content-Length is not looked
 * at, "+5" is a length, 1000 is a status; 103 Early Hints is a whole answer; what follows an answer
 * becomes the next one; a chunk's size may be as long as memory is large; the headers of each 100
 * Continue are kept, and there may be any number of them. So each byte that comes is first seen by
 * a struct wire. What it refuses, evhttp never sees. It knows nothing of sockets or events:
 *
 *     wire_begin(&w, false)         before a request; true: it is a HEAD
 *     wire_take(&w, in, 17, &why)   17 bytes have been added to `in`, by now or by evhttp taken out
 *     wire_is_reusable(&w)          the answer is over, nothing followed, nobody wants to close
 *
 * One thing that RFC 9112 allows is refused, because evhttp does: chunk extensions.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P4_WIRE_H
#define P4_WIRE_H

#include <errno.h>
#include <event2/buffer.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { WIRE_LINE = 8192, WIRE_INTERIM = 16 }; /* bytes of a line; 1xx answers before the answer */
enum { WIRE_CHUNK_DIGITS = 15, WIRE_LENGTH_DIGITS = 18 }; /* such a number fits into an int64_t */

enum wire_state {
    WIRE_DONE, /* nothing is expected */
    WIRE_STATUS,
    WIRE_HEADER,
    WIRE_CHUNK_SIZE,
    WIRE_CHUNK_END, /* the line break behind its bytes */
    WIRE_TRAILER,
    WIRE_COUNTED, /* `left` bytes, of the body or of a chunk */
    WIRE_REST,    /* a body that ends with the connection */
};

struct wire {
    size_t max_headers, max_body; /* to be set once, before the first request */
    enum wire_state state;
    bool is_head;
    size_t pending; /* bytes of a line whose end has not come */
    size_t headers; /* bytes of lines so far */
    size_t body;    /* bytes of body so far, or announced */
    int64_t left;
    int64_t length; /* Content-Length; -1: none */
    int interim;    /* 1xx answers so far */
    int status;
    bool old;       /* HTTP/1.0 */
    bool chunked;   /* Transfer-Encoding: chunked */
    bool has_close; /* in Connection */
    bool has_keep_alive;
    bool folds; /* the next line may go on with this header */
    bool began; /* a byte of an answer has come */
    bool surplus;
    char line[WIRE_LINE];
};

/* ---- lines ---- */

static inline bool wire_is_token(const char *text)
{
    return *text != '\0' && text[strspn(text, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0';
}

/* No control character but the tab; and no NUL, as `n` says where the text ends. */
static inline bool wire_is_value(const char *text, size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (((unsigned char)text[k] < 0x20 && text[k] != '\t') || text[k] == 0x7f)
            return false;
    return true;
}

/* True if the comma-separated `list` has `word`. */
static inline bool wire_has_word(const char *list, const char *word)
{
    const size_t length = strlen(word);

    for (;;) {
        list += strspn(list, ", \t");
        if (*list == '\0')
            return false;
        const size_t n = strcspn(list, ", \t");
        if (n == length && strncasecmp(list, word, n) == 0)
            return true;
        list += n;
    }
}

/* Digits to a number; -1 if there are others, none, or too many. */
static inline int64_t wire_number(const char *text, size_t most, int radix)
{
    const char *digits = radix == 16 ? "0123456789abcdefABCDEF" : "0123456789";
    const size_t n = strspn(text, digits);

    return n == 0 || n > most || text[n] != '\0' ? -1 : strtoll(text, NULL, radix);
}

static inline int wire_status_line(struct wire *w, const char **why)
{
    const char *line = w->line;
    int status = 0;

    *why = "the status line is not one of HTTP/1.0 or HTTP/1.1";
    if (strncmp(line, "HTTP/1.0 ", 9) != 0 && strncmp(line, "HTTP/1.1 ", 9) != 0)
        return -EPROTO;
    for (int k = 9; k < 12; k++) {
        if (line[k] < '0' || line[k] > '9')
            return -EPROTO;
        status = status * 10 + (line[k] - '0');
    }
    if (line[12] != '\0' && line[12] != ' ')
        return -EPROTO;
    *why = "the status is not 100 to 599";
    if (status < 100 || status > 599)
        return -EPROTO;
    *why = "the server changes the protocol, and nobody has asked for it";
    if (status == 101)
        return -EPROTO;
    w->status = status;
    w->old = line[7] == '0';
    w->length = -1;
    w->chunked = w->has_close = w->has_keep_alive = w->folds = false;
    w->state = WIRE_HEADER;
    return 0;
}

/* The headers that say where the answer ends. */
static inline int wire_framing(struct wire *w, const char *name, const char *value,
                               const char **why)
{
    w->folds = false; /* evhttp would read them in another way */
    if (strcasecmp(name, "Content-Length") == 0) {
        *why = "Content-Length comes twice, or is no number";
        if (w->length >= 0)
            return -EPROTO;
        w->length = wire_number(value, WIRE_LENGTH_DIGITS, 10);
        return w->length < 0 ? -EPROTO : 0;
    }
    if (strcasecmp(name, "Transfer-Encoding") == 0) {
        *why = "a Transfer-Encoding other than chunked";
        if (w->chunked || w->old || strcasecmp(value, "chunked") != 0)
            return -EPROTO;
        w->chunked = true;
        return 0;
    }
    if (strcasecmp(name, "Connection") == 0) {
        w->has_close = w->has_close || wire_has_word(value, "close");
        w->has_keep_alive = w->has_keep_alive || wire_has_word(value, "keep-alive");
        return 0;
    }
    w->folds = true;
    return 0;
}

/* A header, or a trailer, which says nothing about the answer. */
static inline int wire_header(struct wire *w, size_t n, const char **why)
{
    char *value = strchr(w->line, ':');

    *why = "a header with a control character in it";
    if (!wire_is_value(w->line, n))
        return -EPROTO;
    *why = "a header that goes on in the next line, and must not";
    if (w->line[0] == ' ' || w->line[0] == '\t')
        return w->folds ? 0 : -EPROTO;
    *why = "a header that is not a name, a colon and a value";
    if (value == NULL)
        return -EPROTO;
    *value++ = '\0';
    if (!wire_is_token(w->line))
        return -EPROTO;
    w->folds = true;
    if (w->state == WIRE_TRAILER)
        return 0;
    value += strspn(value, " \t");
    for (size_t length = strlen(value); length > 0 && strchr(" \t", value[length - 1]); length--)
        value[length - 1] = '\0';
    return wire_framing(w, w->line, value, why);
}

/* The empty line behind the headers: what comes now? */
static inline int wire_headers_end(struct wire *w, const char **why)
{
    *why = "more than 16 interim answers";
    if (w->status < 200) {
        w->state = WIRE_STATUS;
        return ++w->interim > WIRE_INTERIM ? -EPROTO : 0;
    }
    *why = "both a Content-Length and a Transfer-Encoding";
    if (w->chunked && w->length >= 0)
        return -EPROTO;
    w->folds = false;
    if (w->is_head || w->status == 204 || w->status == 304) {
        w->state = WIRE_DONE;
    } else if (w->chunked) {
        w->state = WIRE_CHUNK_SIZE;
    } else if (w->length < 0) {
        w->state = WIRE_REST;
        w->has_close = true;
    } else {
        *why = "the body is longer than the client takes";
        if ((uint64_t)w->length > w->max_body)
            return -EMSGSIZE;
        w->left = w->length;
        w->state = w->left > 0 ? WIRE_COUNTED : WIRE_DONE;
    }
    return 0;
}

static inline int wire_chunk_size(struct wire *w, const char **why)
{
    *why = "a chunk's size is no number";
    w->left = wire_number(w->line, WIRE_CHUNK_DIGITS, 16);
    if (w->left < 0)
        return -EPROTO;
    *why = "the chunks are longer than the client takes";
    if ((uint64_t)w->left > w->max_body - w->body)
        return -EMSGSIZE;
    w->body += (size_t)w->left;
    w->state = w->left > 0 ? WIRE_COUNTED : WIRE_TRAILER;
    return 0;
}

/* A whole line of `n` bytes is in w->line. */
static inline int wire_line(struct wire *w, size_t n, const char **why)
{
    switch (w->state) {
    case WIRE_STATUS:
        *why = "a control character in the status line";
        return wire_is_value(w->line, n) ? wire_status_line(w, why) : -EPROTO;
    case WIRE_CHUNK_SIZE:
        return strlen(w->line) == n ? wire_chunk_size(w, why) : -EPROTO;
    case WIRE_CHUNK_END:
        w->state = WIRE_CHUNK_SIZE;
        *why = "a chunk is longer than its size";
        return n == 0 ? 0 : -EPROTO;
    case WIRE_TRAILER:
        if (n == 0)
            w->state = WIRE_DONE;
        return n == 0 ? 0 : wire_header(w, n, why);
    default: /* WIRE_HEADER */
        return n == 0 ? wire_headers_end(w, why) : wire_header(w, n, why);
    }
}

/* ---- bytes ---- */

/* Takes a line, if its end is there. `*at` is where it begins; what came before `from` has been
 * searched already. */
static inline int wire_take_line(struct wire *w, struct evbuffer *in, size_t *at, size_t from,
                                 const char **why)
{
    struct evbuffer_ptr ptr, end;
    size_t n;

    (void)evbuffer_ptr_set(in, &ptr, from, EVBUFFER_PTR_SET);
    end = evbuffer_search(in, "\n", 1, &ptr);
    n = (end.pos < 0 ? evbuffer_get_length(in) : (size_t)end.pos) - *at;
    *why = "the headers, or a line, are longer than the client takes";
    if (n >= WIRE_LINE || n + 2 > w->max_headers - w->headers)
        return -EMSGSIZE;
    w->pending = end.pos < 0 ? n : 0;
    if (end.pos < 0) {
        *at += n;
        return 0;
    }
    (void)evbuffer_ptr_set(in, &ptr, *at, EVBUFFER_PTR_SET);
    (void)evbuffer_copyout_from(in, &ptr, w->line, n);
    *at += n + 1;
    if (w->state != WIRE_CHUNK_SIZE && w->state != WIRE_CHUNK_END)
        w->headers += n + 2; /* the line break may have been one byte: it counts as two */
    if (n > 0 && w->line[n - 1] == '\r')
        n--;
    w->line[n] = '\0';
    return wire_line(w, n, why);
}

/* `n` bytes of body are there. Returns how many of them belong to it. */
static inline size_t wire_take_body(struct wire *w, size_t n)
{
    if (w->state == WIRE_REST) {
        w->body += n;
        return n;
    }
    if ((uint64_t)w->left < n)
        n = (size_t)w->left;
    w->left -= (int64_t)n;
    if (w->left == 0)
        w->state = w->chunked ? WIRE_CHUNK_END : WIRE_DONE;
    return n;
}

/* `added` bytes were added to the end of `in`. 0, -EPROTO or -EMSGSIZE; with an error, `*why` is
 * a sentence, and nothing may be taken any more. */
static inline int wire_take(struct wire *w, struct evbuffer *in, size_t added, const char **why)
{
    const size_t end = evbuffer_get_length(in);
    size_t from = end - added;
    size_t at = from - w->pending;
    int error = 0;

    w->began = w->began || w->state == WIRE_STATUS;
    while (error == 0 && at < end) {
        if (w->state == WIRE_DONE) {
            w->surplus = true;
            return 0;
        }
        if (w->state == WIRE_COUNTED || w->state == WIRE_REST) {
            at += wire_take_body(w, end - at);
            *why = "the body is longer than the client takes";
            if (w->body > w->max_body)
                error = -EMSGSIZE;
        } else {
            error = wire_take_line(w, in, &at, from > at ? from : at, why);
        }
    }
    return error;
}

static inline void wire_begin(struct wire *w, bool is_head)
{
    w->state = WIRE_STATUS;
    w->is_head = is_head;
    w->pending = w->headers = w->body = 0;
    w->left = 0;
    w->interim = w->status = 0;
    w->began = w->surplus = false;
}

static inline bool wire_is_reusable(const struct wire *w)
{
    return w->state == WIRE_DONE && !w->surplus && !w->has_close && (!w->old || w->has_keep_alive);
}

#endif
