/* text.h: strings and whole files
 *
 * The tool lives for one command and holds little, so memory that runs out ends
 * it: what makes a string never returns NULL, and callers stay readable. Every
 * string returned is the caller's to free.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>

void *memory_new(size_t count, size_t size); /* zeroed */
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *text_copy(const char *bytes, size_t length); /* with a NUL behind them */

/* Reads all of `path`, or of standard input for "-", and puts a NUL behind it. NULL with errno
 * set: EFBIG when it is longer than `limit`. */
char *file_read(const char *path, size_t limit);

/* Writes a file beside `path` and renames it, so that no reader ever sees half of it. Makes the
 * folders above. Returns 0, or -1 with errno set. */
int file_write(const char *path, const char *text);

int folder_make(const char *path);    /* with those above it; 0, or -1 with errno set */
void folder_remove(const char *path); /* with all that is in it, as far as it can */

#endif
