/* 02_suspend_resume.c: a function with a loop becomes a generator
 *
 * collatz_print() is an ordinary function: whoever calls it gets the whole sequence at once. Turn
 * it into a generator that can be left after each number, and resumed by collatz_next(). The
 * header says what collatz_next() returns; coro.h, at its end, explains the GEN_ macros.
 *
 * Rules of coro.h:
 *   1. What lives across a GEN_YIELD lives in the frame, here struct collatz; a local is lost.
 *   2. One GEN_YIELD on a line.
 *   3. No GEN_YIELD inside a `switch` of your own.
 *
 * SPDX-License-Identifier: MIT
 */
#include "02_suspend_resume.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "coro.h"

/* ---- given: the sequence without a generator ---- */

/* The number after n, or -EOVERFLOW if it is above INT_MAX. */
static int collatz_after(int n)
{
    if (n % 2 == 0)
        return n / 2;
    return n <= (INT_MAX - 1) / 3 ? 3 * n + 1 : -EOVERFLOW;
}

static void collatz_print(int start)
{
    int n;

    for (n = start; n > 1; n = collatz_after(n))
        printf("%d ", n);
    if (n == 1)
        printf("%d\n", n);
    else
        printf("and then a number above INT_MAX\n");
}

/* ---- yours: the generator ---- */

/* The frame. calloc() makes it all zeros. */
struct collatz {
    struct gen gen; /* the line to go on at, and the value last yielded: for the macros */
    int start;
    int n; /* the present number, or -EOVERFLOW: the loop's variable, which outlives each yield */
};

/* Goes on to the next number. True if there is one: it is in c->gen.value. */
static bool collatz_resume(struct collatz *c)
{
    GEN_BEGIN(&c->gen);
    for (c->n = c->start; c->n > 1; c->n = collatz_after(c->n)) {
        GEN_YIELD(&c->gen, c->n); /* leaves the function; the next call goes on right here */
    }
    if (c->n == 1)
        GEN_YIELD(&c->gen, 1);
    GEN_END(&c->gen);
}

int collatz_next(struct collatz *c, int *value)
{
    if (collatz_resume(c)) {
        *value = c->gen.value;
        return 1;
    }
    return c->n < 0 ? c->n : 0; /* the frame is still there after the end, and does not change */
}

/* ---- given: new, free, main ---- */

struct collatz *collatz_new(int start)
{
    struct collatz *c;

    if (start < 1) {
        errno = EINVAL;
        return NULL;
    }
    c = calloc(1, sizeof(*c)); /* sets errno */
    if (c != NULL)
        c->start = start;
    return c;
}

void collatz_free(struct collatz *c)
{
    free(c);
}

/* Prints the sequence from 6 twice: by the ordinary function, and by the generator. */
int main(void)
{
    struct collatz *c = collatz_new(6);
    int value = 0;
    int got;

    if (c == NULL) {
        perror("02_suspend_resume: collatz_new");
        return EXIT_FAILURE;
    }
    collatz_print(6);
    while ((got = collatz_next(c, &value)) == 1)
        printf("%d%s", value, value == 1 ? "\n" : " ");
    collatz_free(c);
    if (got == -ENOSYS)
        fprintf(stderr, "02_suspend_resume: collatz_next() is not written yet: TODO(3), which "
                        "needs TODO(1) and TODO(2)\n");
    else if (value != 1)
        fprintf(stderr, "02_suspend_resume: the generator has not come to 1: TODO(2)\n");
    return got == 0 && value == 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
