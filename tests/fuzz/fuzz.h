/* fuzz.h: what the fuzzers share
 *
 * Each file beside this one defines the function that libFuzzer calls, again and again, with bytes
 * that it makes up (https://llvm.org/docs/LibFuzzer.html). An input that breaks a `must()`, or that
 * a sanitizer complains about, ends the run and is kept in a file.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Ends the run if `condition` does not hold; unlike assert() in every build. */
#define must(condition) ((condition) ? (void)0 : must_failed(__FILE__, __LINE__, #condition))

static inline void must_failed(const char *file, int line, const char *condition)
{
    (void)fprintf(stderr, "%s:%d: this does not hold: %s\n", file, line, condition);
    abort();
}

/* Runs the code under test on `size` bytes at `data`. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
