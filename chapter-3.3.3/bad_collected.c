/* bad_collected.c: a pipeline whose stages collect: each one has a list of all
 *
 * asyncio twin (the same mistake):
 *     chunks = [chunk async for chunk in read()]
 *     doubled = [double(chunk) for chunk in chunks]
 *     small = [keep_small(chunk) for chunk in doubled]
 *     total = sum(sum(chunk) for chunk in small)
 * Run: ./bad_collected
 * Ends when the sum is known: no event is pending then.
 * Notice: the same sum as 21_chunk_pipeline has, at the same time, with 160 times the memory; and
 * nothing is known before all is read.
 *
 * SPDX-License-Identifier: MIT
 */
#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { SIZE = 1024 * 1024, CHUNK = 16 * 1024, LIMIT = 128 };
static const struct timeval READ_TIME = {.tv_usec = 10 * 1000};

struct program {
    struct event *spun;    /* the bytes of a read have come; owned */
    unsigned char *chunks; /* all that were read; owned, as is the next */
    size_t n;              /* so many bytes */
    bool done;
};

/* All is there: one stage after the other, each with a list of its own. */
static void program_sum(struct program *program)
{
    unsigned char *doubled = malloc(program->n), *small = malloc(program->n); /* WRONG */
    long long total = 0;
    size_t kept = 0;

    if (doubled != NULL && small != NULL) {
        for (size_t k = 0; k < program->n; k++)
            doubled[k] = (unsigned char)(2 * program->chunks[k]);
        for (size_t k = 0; k < program->n; k++) {
            if (doubled[k] < LIMIT)
                small[kept++] = doubled[k];
        }
        for (size_t k = 0; k < kept; k++)
            total += small[k];
        printf("sum: %zu of %zu bytes, %lld\n", kept, program->n, total);
        printf("memory: %zu bytes\n", program->n + program->n + kept);
        program->done = true;
    }
    free(doubled);
    free(small);
}

static void on_spun(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;
    unsigned char *longer = realloc(program->chunks, program->n + CHUNK); /* WRONG: they add up */

    (void)fd;
    (void)what;
    if (longer == NULL)
        return;
    program->chunks = longer;
    for (size_t k = 0; k < CHUNK; k++)
        longer[program->n + k] = (unsigned char)(program->n + k);
    program->n += CHUNK;
    if (program->n == SIZE)
        program_sum(program);
    else
        (void)event_add(program->spun, &READ_TIME); /* if it fails, main() says so */
}

int main(void)
{
    struct program program = {0};
    int status = EXIT_FAILURE;
    struct event_base *base = event_base_new();

    if (base != NULL)
        program.spun = evtimer_new(base, on_spun, &program);
    if (program.spun == NULL || event_add(program.spun, &READ_TIME) != 0) {
        fprintf(stderr, "bad_collected: set-up: out of memory\n");
        goto cleanup;
    }
    if (event_base_dispatch(base) != 1 || !program.done) {
        fprintf(stderr, "bad_collected: event loop: it ended before its work did\n");
        goto cleanup;
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "bad_collected: stdout: cannot write\n");
        goto cleanup;
    }
    status = EXIT_SUCCESS;

cleanup:
    if (program.spun != NULL)
        event_free(program.spun);
    free(program.chunks);
    if (base != NULL)
        event_base_free(base);
    return status;
}
