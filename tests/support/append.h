/* append.h: text that grows in an array
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef APPEND_H
#define APPEND_H

#include <stddef.h>

/* Prints behind the text in `out`, an array of `size` bytes; what has no room is cut off. */
void append(char *out, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
