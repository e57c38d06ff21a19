/* append.c: see append.h
 *
 * SPDX-License-Identifier: MIT
 */
#include "append.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void append(char *out, size_t size, const char *format, ...)
{
    size_t used = strlen(out);
    va_list args;

    va_start(args, format);
    if (used < size)
        vsnprintf(out + used, size - used, format, args);
    va_end(args);
}
