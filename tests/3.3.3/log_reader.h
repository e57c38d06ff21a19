/* log_reader.h: a lighthouse, and a keeper who reads its log, for the suite of 19_async_lines
 *
 * The lighthouse is a peer with a script (peer.h). The keeper asks for an entry; what he is told is
 * a line of the timeline. In the call he does what the test has told him to do.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LOG_READER_H
#define LOG_READER_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "19_async_lines.h"
#include "faults.h"
#include "peer.h"
#include "result_text.h"
#include "suite.h"
#include "vclock.h"

/* What the keeper does when he is told: ASKS_AGAIN is for items only; ASKS_ON, whatever he is told,
 * until that was `enough` times. */
enum keeper_habit { RESTS, ASKS_AGAIN, ASKS_ON, CLOSES, FREES };

struct keeper {
    struct entries *entries; /* owned; NULL: freed */
    struct peer *lighthouse; /* owned */
    int fd;                  /* the iterator's */
    enum keeper_habit habit;
    bool quiet;  /* nothing goes to the timeline */
    bool asking; /* in entries_next() or entries_close() */
    int asked, told, items, enough;
    int got;       /* what he was told last */
    int refused;   /* what entries_next() returned last */
    size_t length; /* of the last entry */
};

static inline void keeper_arrive(struct keeper *k)
{
    vclock_livelock_limit(20 * 1000); /* one that spins is soon told */
    memset(k, 0, sizeof(*k));
    k->fd = peer_pair(&k->lighthouse);
    k->entries = entries_new(test_base(), k->fd);
    if (k->entries == NULL)
        fail_test("entries_new() returned NULL, with memory enough");
}

static inline void keeper_leave(struct keeper *k)
{
    entries_free(k->entries);
    k->entries = NULL;
    peer_free(k->lighthouse);
}

static inline void light(struct keeper *k, int at_ms, const char *text)
{
    peer_send(k->lighthouse, at_ms, text, strlen(text));
}

static inline void keeper_ask(struct keeper *k);

/* An entry for the timeline: in quotes if its blanks, or a '\r', would not be seen there. Valid
 * until the next call. */
static inline const char *entry_text(const char *entry)
{
    static char text[128];
    const size_t length = strlen(entry);
    const bool quoted = length > 0 && (entry[0] <= ' ' || entry[length - 1] <= ' ' ||
                                       strpbrk(entry, "\r\t") != NULL);
    size_t n = (size_t)sprintf(text, "%s", quoted ? "\"" : "");

    for (; *entry != '\0' && n + 8 < sizeof(text); entry++)
        n += (size_t)sprintf(text + n,
                             *entry == '\r'   ? "\\r"
                             : *entry == '\t' ? "\\t"
                                              : "%c",
                             *entry);
    (void)sprintf(text + n, "%s", quoted ? "\"" : "");
    return text;
}

static inline const char *got_text(int got)
{
    return got == ITER_END ? "ITER_END" : result_text(got);
}

static inline void on_entry(int got, void *item, void *arg)
{
    struct keeper *k = arg;

    if (k->asking)
        fail_test("cb was called inside entries_next() or entries_close()\n"
                  "expected  a call by the loop, later\n"
                  "got       a call before the caller goes on");
    k->told++;
    if (k->told > k->asked)
        fail_test("answers, after entries_next() was called %d times\nexpected  %d\ngot       %d, "
                  "the last with %s",
                  k->asked, k->asked, k->told, result_text(got));
    if ((got == ITER_ITEM) != (item != NULL))
        fail_test("cb was called with got = %s\nexpected  %s\ngot       %s", result_text(got),
                  got == ITER_ITEM ? "an entry" : "no item", item != NULL ? "an item" : "NULL");
    k->got = got;
    k->items += got == ITER_ITEM;
    k->length = got == ITER_ITEM ? strlen(item) : 0;
    if (!k->quiet)
        trace(got == ITER_ITEM ? "entry: %s" : "told: %s",
              got == ITER_ITEM ? entry_text(item) : got_text(got));
    if ((k->habit == ASKS_AGAIN && got == ITER_ITEM) ||
        (k->habit == ASKS_ON && k->told < k->enough))
        keeper_ask(k);
    else if (k->habit == CLOSES)
        entries_close(k->entries);
    if (k->habit == FREES) {
        entries_free(k->entries);
        k->entries = NULL;
    }
}

/* Asks; what is refused is a line of the timeline. */
static inline void keeper_ask(struct keeper *k)
{
    k->asked++;
    k->asking = true;
    const int error = entries_next(k->entries, on_entry, k);
    k->asking = false;
    k->refused = error;
    if (error != 0) {
        k->asked--;
        k->got = error;
        trace("refused: %s", result_text(error));
    }
}

static inline void keeper_close(struct keeper *k)
{
    k->asking = true;
    entries_close(k->entries);
    k->asking = false;
}

/* Reads on until something else than an entry comes. */
static inline void keeper_reads_all(struct keeper *k)
{
    k->habit = ASKS_AGAIN;
    keeper_ask(k);
    run_loop();
}

/* `text` comes in 0.1 s, the end in 0.2 s; one who reads on has this timeline. */
static inline void read_all(const char *text, const char *timeline)
{
    struct keeper k;

    keeper_arrive(&k);
    light(&k, now_ms() + 100, text);
    peer_shutdown(k.lighthouse, now_ms() + 200);
    keeper_reads_all(&k);
    expect_trace_in_order(timeline);
    keeper_leave(&k);
}

/* Asks three times, each time when the answer is there. */
static inline void ask_three_times(struct keeper *k)
{
    for (int round = 0; round < 3; round++) {
        keeper_ask(k);
        run_loop_for(100);
    }
}

static inline void expect_unread(const struct keeper *k, const char *when, int expected)
{
    int got = 0; /* bytes that wait in the iterator's socket */

    if (ioctl(k->fd, FIONREAD, &got) != 0)
        fail_test("%s: the iterator's socket\nexpected  open: entries_free() closes it\n"
                  "got       closed",
                  when);
    if (got != expected)
        fail_test("%s: bytes that are sent, and not read\nexpected  %d\ngot       %d", when,
                  expected, got);
}

#endif
