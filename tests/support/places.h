/* places.h: from offsets in the learner's module to functions, files and lines
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef PLACES_H
#define PLACES_H

#include <stddef.h>

/* Replaces in `text` the references of where.h, and the frames "(MODULE+0x1a2b)" of a sanitizer's
 * report that names no lines (clang's), by what addr2line finds in `module`. References stay as
 * they are if it cannot be run. `size` is that of the array. */
void places_resolve(char *text, size_t size, const char *module);

/* "/home/ada/workbook/exercises/x.c" -> "exercises/x.c" in the workbook's folder. */
const char *places_without_folder(const char *path);

#endif
