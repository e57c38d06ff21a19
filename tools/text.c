/* text.c: see text.h
 *
 * SPDX-License-Identifier: MIT
 */
#include "text.h"

#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDERS_OPEN 16 /* descriptors that nftw() may hold */

static void *or_end(void *memory)
{
    if (memory == NULL) {
        fputs("workbook: out of memory\n", stderr);
        exit(2);
    }
    return memory;
}

void *memory_new(size_t count, size_t size)
{
    return or_end(calloc(count > 0 ? count : 1, size));
}

char *text_format(const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    va_end(arguments);
    return or_end(text);
}

char *text_copy(const char *bytes, size_t length)
{
    char *copy = memory_new(length + 1, 1);
    memcpy(copy, bytes, length);
    return copy;
}

char *file_read(const char *path, size_t limit)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    if (file == NULL)
        return NULL;
    char *text = memory_new(limit + 2, 1);
    size_t length = fread(text, 1, limit + 1, file);
    int error = ferror(file) ? errno : length > limit ? EFBIG : 0;
    if (file != stdin)
        (void)fclose(file); /* nothing was written through it */
    text[length] = '\0';
    if (error == 0)
        return text;
    free(text);
    errno = error;
    return NULL;
}

int file_write(const char *path, const char *text)
{
    char *folder = text_copy(path, (size_t)(strrchr(path, '/') - path));
    char *beside = text_format("%s.%ld", path, (long)getpid());
    FILE *file = folder_make(folder) == 0 ? fopen(beside, "we") : NULL;
    bool written = file != NULL && fputs(text, file) >= 0;
    if (file != NULL && fclose(file) != 0)
        written = false;
    if (written && rename(beside, path) < 0)
        written = false;
    int error = errno;
    if (!written && file != NULL)
        (void)unlink(beside); /* what failed above is the error to tell */
    free(beside);
    free(folder);
    errno = error;
    return written ? 0 : -1;
}

int folder_make(const char *path)
{
    char *part = text_format("%s/", path);
    int result = 0;
    for (char *slash = strchr(part + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        result = mkdir(part, 0777) == 0 || errno == EEXIST ? 0 : -1;
        *slash = '/';
    }
    free(part);
    return result;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    (void)remove(path); /* a file that cannot go leaves its folder behind, and no more */
    return 0;
}

void folder_remove(const char *path)
{
    (void)nftw(path, remove_one, FOLDERS_OPEN, FTW_DEPTH | FTW_PHYS);
}
