/* 11_tcp_echo.h: a calculator that is asked over TCP: a question a line, an answer a line
 *
 *     question         answer
 *     add 2 3          5
 *     sub 2 3          -1
 *     mul 2 3          6
 *     anything else    error: add, sub or mul, and two numbers
 *
 * A number has seven characters at the most. One blank or more stand between the words; blanks,
 * tabs and a carriage return before the first and behind the last make no difference.
 *
 * A question ends with a newline, in whatever pieces its bytes come; each client gets its answers
 * in the order of its questions. A client may say that it sends no more (it closes half of the
 * connection) and still read: what it has sent behind its last newline, if anything, is a question
 * too; it gets all its answers, and then the server closes.
 *
 * A line of more than LINE_MOST bytes, the newline not counted, is refused as soon as that is
 * known: "error: line too long". Nothing behind it is answered, and the server closes when the
 * refusal, and all answers before it, are sent.
 *
 * A client that breaks off does no harm to the others, nor to the process. If no connection can be
 * accepted, for want of descriptors or of memory, the server tries again each ACCEPT_PAUSE_MS. It
 * never ends the loop, which others use as well. The asyncio twin, which asyncio.start_server()
 * runs for each client, is
 *
 *     async def serve(reader, writer):
 *         try:
 *             while line := await reader.readline():      # the last one may lack its newline
 *                 writer.write(answer_to(line))
 *                 await writer.drain()
 *         except ValueError:                              # longer than the reader's limit
 *             writer.write(b"error: line too long\n")
 *         writer.close()                                  # when all is sent
 *
 * One thing is left out here: who sends questions and never reads fills the server's memory with
 * answers. See OUTPUT_MOST in chapter-3.3.2/11_tcp_echo.c, where on_drained() begins to read again;
 * the one that is given here does not.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TCP_ECHO_H
#define TCP_ECHO_H

struct event_base;
struct calc_server;

enum { LINE_MOST = 64, ACCEPT_PAUSE_MS = 100 };

/* A server on 127.0.0.1, served by the loop of `base`, which is borrowed and outlives it. `port` is
 * the one to listen on, 0 for any that is free. From here on the process ignores SIGPIPE. NULL if
 * there is no memory, or the port cannot be had: then nothing is left behind. */
struct calc_server *calc_server_start(struct event_base *base, int port);

/* The port that it listens on. */
int calc_server_port(const struct calc_server *s);

/* How many connections it has: accepted, and not closed yet. */
int calc_server_clients(const struct calc_server *s);

/* Frees a server, also NULL, at any moment, with all its connections: answers that are not sent
 * yet are lost. Not from its own callbacks. */
void calc_server_free(struct calc_server *s);

#endif
