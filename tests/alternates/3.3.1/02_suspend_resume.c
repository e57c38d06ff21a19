/* 02_suspend_resume.c: another right solution: the state written out, without macros
 *
 * SPDX-License-Identifier: MIT
 */
#include "02_suspend_resume.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>

struct collatz {
    int n;      /* the number yielded last; 0 when the sequence has ended, or -EOVERFLOW */
    bool begun; /* before, n is the first number, and not yet yielded */
};

static int collatz_after(int n)
{
    if (n == 1)
        return 0;
    if (n % 2 == 0)
        return n / 2;
    return n <= (INT_MAX - 1) / 3 ? 3 * n + 1 : -EOVERFLOW;
}

struct collatz *collatz_new(int start)
{
    struct collatz *c;

    if (start < 1) {
        errno = EINVAL;
        return NULL;
    }
    c = calloc(1, sizeof(*c)); /* sets errno */
    if (c != NULL)
        c->n = start;
    return c;
}

int collatz_next(struct collatz *c, int *value)
{
    if (c->begun && c->n > 0)
        c->n = collatz_after(c->n);
    c->begun = true;
    if (c->n <= 0)
        return c->n;
    *value = c->n;
    return 1;
}

void collatz_free(struct collatz *c)
{
    free(c);
}
