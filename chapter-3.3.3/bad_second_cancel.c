/* bad_second_cancel.c: WRONG on purpose: each request to cancel begins the cleanup
 *
 * asyncio twin, with the same mistake:
 *     def cancel():                                    # the user has clicked
 *         asyncio.create_task(give_seat_back())        # and clicks once more
 * Run: ./bad_second_cancel
 * Ends when the user has been told: no event is pending then.
 * Notice: the seat is given back twice, so that there are more free seats than seats. And the user
 * is told 100 ms after the last click, not after the first: who clicks on and on waits for ever.
 *
 * SPDX-License-Identifier: MIT
 */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

enum { SEATS = 10 };

static const struct timeval FIRST_CLICK = {.tv_usec = 300 * 1000};
static const struct timeval NEXT_CLICK = {.tv_usec = 50 * 1000};
static const struct timeval GIVE_BACK = {.tv_usec = 100 * 1000};

struct program {
    struct event_base *base;  /* owned */
    struct event *clicked;    /* calls on_clicked(); owned */
    struct event *given_back; /* calls on_given_back(); owned */
    int clicks;               /* so far */
    int free_seats;           /* of SEATS */
    int failed;               /* calls of event_add() */
};

static void on_clicked(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;

    (void)fd;   /* a timer has no descriptor, */
    (void)what; /* and only one thing can happen to it */
    program->clicks++;
    puts("user: cancel");
    program->free_seats++; /* WRONG: without asking whether that was done before */
    printf("hall: %d of %d seats are free\n", program->free_seats, SEATS);
    program->failed += event_add(program->given_back, &GIVE_BACK) != 0;
    if (program->clicks == 1)
        program->failed += event_add(program->clicked, &NEXT_CLICK) != 0;
}

static void on_given_back(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    puts("user: is told that it is cancelled");
}

static int program_open(struct program *program)
{
    program->base = event_base_new();
    if (program->base == NULL)
        return -1;
    program->clicked = evtimer_new(program->base, on_clicked, program);
    program->given_back = evtimer_new(program->base, on_given_back, program);
    if (program->clicked == NULL || program->given_back == NULL)
        return -1;
    return event_add(program->clicked, &FIRST_CLICK);
}

static void program_close(struct program *program)
{
    if (program->given_back != NULL)
        event_free(program->given_back);
    if (program->clicked != NULL)
        event_free(program->clicked);
    if (program->base != NULL)
        event_base_free(program->base);
}

int main(void)
{
    struct program program = {.free_seats = SEATS};
    int status = EXIT_FAILURE;

    if (program_open(&program) != 0) {
        fprintf(stderr, "bad_second_cancel: set-up: out of memory\n");
        goto cleanup;
    }
    program.free_seats--;
    printf("hall: %d of %d seats are free\n", program.free_seats, SEATS);
    if (event_base_dispatch(program.base) != 1 || program.failed > 0) {
        fprintf(stderr, "bad_second_cancel: event loop: it ended before its work did\n");
        goto cleanup;
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "bad_second_cancel: stdout: cannot write\n");
        goto cleanup;
    }
    status = EXIT_SUCCESS;

cleanup:
    program_close(&program);
    return status;
}
