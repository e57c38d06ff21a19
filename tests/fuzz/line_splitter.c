/* line_splitter.c: any bytes, in any pieces, for the line splitter of p5_file_processor
 *
 * The first byte of the input says in which pieces the others arrive, the second one how long a
 * line may be; the others are the stream. The splitter must find the lines that a second, plain one
 * finds in the whole stream at once.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fuzz.h"
#include "p5_file_processor.h"

#include <stdlib.h>
#include <string.h>

struct lines {
    const uint8_t *at, *end; /* what the plain splitter has not seen yet */
    size_t max_line;
    int64_t number;
    int stop_at; /* the callback returns something else than 0 there; 0: nowhere */
};

/* The next line of the stream, of *n bytes, and where the one behind it begins. */
static const uint8_t *plain_line(const struct lines *s, size_t *n, const uint8_t **next)
{
    const uint8_t *newline = memchr(s->at, '\n', (size_t)(s->end - s->at));
    const uint8_t *end = newline != NULL ? newline : s->end;
    *next = newline != NULL ? newline + 1 : s->end;
    if (newline != NULL && end > s->at && end[-1] == '\r')
        end--; /* without a newline behind it, it belongs to the line */
    *n = (size_t)(end - s->at);
    return s->at;
}

static int on_line(const char *line, size_t n, int64_t number, void *arg)
{
    struct lines *s = arg;
    size_t expected_n;
    const uint8_t *next, *expected;
    must(s->at < s->end); /* no line more than there are */
    expected = plain_line(s, &expected_n, &next);
    must(n == expected_n && number == ++s->number);
    must((line == NULL) == (n > s->max_line));
    must(line == NULL || memcmp(line, expected, n) == 0);
    s->at = next;
    return s->stop_at != 0 && number == s->stop_at ? 7 : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct lines s = {
        .at = data + 2, .end = data + size, .max_line = data[1] & 0x3f, .stop_at = data[1] >> 6};
    struct splitter *splitter = splitter_new(s.max_line, on_line, &s);
    must(splitter != NULL);
    size_t step = data[0] == 0 ? size : data[0];
    int result = 0;
    for (size_t k = 2; k < size && result == 0; k += step) {
        size_t n = size - k < step ? size - k : step;
        char *piece = malloc(n); /* gone when the next one comes */
        must(piece != NULL);
        memcpy(piece, data + k, n);
        result = splitter_feed(splitter, piece, n);
        free(piece);
    }
    if (result == 0)
        result = splitter_end(splitter);
    must(result == (s.stop_at != 0 && s.number == s.stop_at ? 7 : 0));
    must(result != 0 || s.at == s.end); /* and no line fewer */
    splitter_free(splitter);
    return 0;
}
