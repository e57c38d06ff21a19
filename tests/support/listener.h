/* listener.h: servers that do what a script says, however hostile
 *
 * A listener lives on test_base(), on a port of 127.0.0.1. Each connection that it accepts
 * follows a script, an array of steps. A step begins when the one before is done; the last one is
 * STAY, CLOSE, CUT, RESET or REPEAT. Times are virtual. A listener's events do not keep the loop
 * alive, and it is not subject to faults.h.
 *
 * Interface
 *   static const struct step slow[] = {AWAIT_REQUEST,
 *                                      AFTER(100),
 *                                      SEND("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"),
 *                                      DRIP(1000, "{}"),
 *                                      REPEAT};
 *   struct listener *l = listener_open(slow);
 *   ... the learner's side connects to 127.0.0.1:listener_port(l) ...
 *   run_loop();
 *   listener_received(l, 0, NULL)     what came on the first connection
 *   listener_free(l);
 * The same scripts are what TLS servers follow: tls_server.h.
 *
 * The end of the client's bytes ends a script, and its connection is closed; a script that waits
 * for it in AWAIT_END goes on behind it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LISTENER_H
#define LISTENER_H

#include <stdbool.h>
#include <stddef.h>

enum step_kind {
    STEP_STAY,
    STEP_AWAIT_REQUEST,
    STEP_AWAIT_HEAD,
    STEP_AWAIT_BYTES,
    STEP_AWAIT_END,
    STEP_AFTER,
    STEP_AT,
    STEP_SEND,
    STEP_DRIP,
    STEP_FLOOD,
    STEP_STALL,
    STEP_RESUME,
    STEP_CALL,
    STEP_SHUTDOWN,
    STEP_CLOSE,
    STEP_CUT,
    STEP_RESET,
    STEP_REPEAT,
};

/* Made with the macros below. */
struct step {
    enum step_kind kind;
    int ms;
    const char *bytes; /* borrowed */
    size_t n;
    size_t most;
    void (*call)(void *arg);
    void *arg;
};

/* --- waiting --- */

/* What the steps before have not taken: a request's head, with a body as long as Content-Length
 * says; a head; `count` bytes. A chunked body counts as the beginning of the next request. */
#define AWAIT_REQUEST                                                                              \
    {                                                                                              \
        .kind = STEP_AWAIT_REQUEST                                                                 \
    }
#define AWAIT_HEAD                                                                                 \
    {                                                                                              \
        .kind = STEP_AWAIT_HEAD                                                                    \
    }
#define AWAIT_BYTES(count)                                                                         \
    {                                                                                              \
        .kind = STEP_AWAIT_BYTES, .n = (count)                                                     \
    }

/* The client sends no more: it has closed, or shut down its half. */
#define AWAIT_END                                                                                  \
    {                                                                                              \
        .kind = STEP_AWAIT_END                                                                     \
    }

/* So many milliseconds from here, or since the test began. */
#define AFTER(milliseconds)                                                                        \
    {                                                                                              \
        .kind = STEP_AFTER, .ms = (milliseconds)                                                   \
    }
#define AT(milliseconds)                                                                           \
    {                                                                                              \
        .kind = STEP_AT, .ms = (milliseconds)                                                      \
    }

/* --- sending: done when the kernel has taken all --- */

/* A literal, which may hold NUL bytes; any bytes. */
#define SEND(text)                                                                                 \
    {                                                                                              \
        .kind = STEP_SEND, .bytes = (text), .n = sizeof(text) - 1                                  \
    }
#define SEND_BYTES(at, count)                                                                      \
    {                                                                                              \
        .kind = STEP_SEND, .bytes = (at), .n = (count)                                             \
    }

/* One byte at once, and one every `milliseconds`. */
#define DRIP(milliseconds, text)                                                                   \
    {                                                                                              \
        .kind = STEP_DRIP, .ms = (milliseconds), .bytes = (text), .n = sizeof(text) - 1            \
    }

/* The text again and again, as fast as it is taken, or once every `milliseconds`, until `limit`
 * bytes are sent. */
#define FLOOD(limit, text) FLOOD_EVERY(0, limit, text)
#define FLOOD_EVERY(milliseconds, limit, text)                                                     \
    {                                                                                              \
        .kind = STEP_FLOOD, .ms = (milliseconds), .bytes = (text), .n = sizeof(text) - 1,          \
        .most = (limit)                                                                            \
    }

/* --- between --- */

/* Reads nothing from here on, not even the client's end; reads again. */
#define STALL                                                                                      \
    {                                                                                              \
        .kind = STEP_STALL                                                                         \
    }
#define RESUME                                                                                     \
    {                                                                                              \
        .kind = STEP_RESUME                                                                        \
    }

/* Calls a function of the suite's: it may do anything but free the listener. */
#define CALL(function, argument)                                                                   \
    {                                                                                              \
        .kind = STEP_CALL, .call = (function), .arg = (argument)                                   \
    }

/* --- ending --- */

#define SHUTDOWN                                                                                   \
    {                                                                                              \
        .kind = STEP_SHUTDOWN                                                                      \
    } /* sends no more; still reads */
#define CLOSE                                                                                      \
    {                                                                                              \
        .kind = STEP_CLOSE                                                                         \
    } /* with TLS: says so first (close_notify) */
#define CUT                                                                                        \
    {                                                                                              \
        .kind = STEP_CUT                                                                           \
    } /* closes without a word; the same as CLOSE without TLS */
#define RESET                                                                                      \
    {                                                                                              \
        .kind = STEP_RESET                                                                         \
    } /* closes with RST */
#define STAY                                                                                       \
    {                                                                                              \
        .kind = STEP_STAY                                                                          \
    } /* stays open and keeps what comes */
#define REPEAT                                                                                     \
    {                                                                                              \
        .kind = STEP_REPEAT                                                                        \
    } /* from the first step: the next request */

struct listener;

/* Opens a port. Its connections follow `script`, which is borrowed until listener_free(); NULL:
 * they STAY. */
struct listener *listener_open(const struct step *script);

/* The script of connection `k`, in place of the other; call it before that one is accepted. */
void listener_script(struct listener *l, int k, const struct step *script);

/* A port where connecting neither succeeds nor is refused: the kernel drops the attempts. Only one
 * at a time. It has no connections. */
struct listener *listener_open_unanswered(void);

int listener_port(const struct listener *l);

/* Listens no more: connecting is refused. The connections go on. */
void listener_refuse(struct listener *l);

/* --- what happened; connections count from 0, in the order in which they were accepted --- */

int listener_accepted(const struct listener *l);  /* so far */
int listener_open_now(const struct listener *l);  /* closed by neither side */
int listener_most_open(const struct listener *l); /* at one moment, so far */

/* How often a request was taken by AWAIT_REQUEST or AWAIT_HEAD, on all connections. */
int listener_requests(const struct listener *l);

/* What came on connection `k` so far, with a NUL behind it; `n` gets the length. With TLS: the
 * plaintext. Owned by the listener, and valid until the loop runs again. */
const char *listener_received(const struct listener *l, int k, size_t *n);

/* How many bytes of its script connection `k` has handed over to the kernel (or to TLS). */
size_t listener_sent(const struct listener *l, int k);

/* When the client's end on connection `k` was seen, a reset included: in ms; -1: not yet. */
int listener_saw_end_at(const struct listener *l, int k);

/* Closes the port and all connections. NULL is let through. */
void listener_free(struct listener *l);

#endif
