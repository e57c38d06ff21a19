/* 02_suspend_resume.h: the Collatz sequence, one number at a time
 *
 * From a number n follows n / 2 if it is even, and 3 * n + 1 if it is odd; the sequence ends with
 * the first 1. From 6: 6 3 10 5 16 8 4 2 1. The numbers are not computed ahead: the generator
 * stands still until its caller asks for the next one. The Python twin is
 *
 *     def collatz(n):
 *         while n != 1:
 *             yield n                                     # suspended here, until next() resumes
 *             n = n // 2 if n % 2 == 0 else 3 * n + 1
 *         yield 1
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SUSPEND_RESUME_H
#define SUSPEND_RESUME_H

struct collatz; /* one generator; any number of them may be in use at once */

/* A generator that will yield the sequence from `start` on; collatz_free() it. NULL, with errno
 * EINVAL if start is below 1, ENOMEM without memory. */
struct collatz *collatz_new(int start);

/* Resumes the generator. Returns
 *     1            *value is the next number
 *     0            the sequence has ended, now or at a call before; *value is left alone
 *     -EOVERFLOW   the next number is above INT_MAX, now or at a call before; *value is left alone
 */
int collatz_next(struct collatz *c, int *value);

/* Frees a generator, ended or not, or NULL. */
void collatz_free(struct collatz *c);

#endif
