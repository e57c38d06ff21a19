/* replay.c: runs a fuzzer's function on files
 *
 *     replay_NAME FOLDER
 *
 * In the place of libFuzzer, where the compiler has none: what once was found, or was worth keeping
 * because it reaches a place of its own, is tried again by each `meson test`. Ends with 0 if every
 * file of the folder went well and there was one.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

enum { INPUT_MOST = 1024 * 1024 };

static int replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(INPUT_MOST);
    int status = -1;
    if (file == NULL || data == NULL) {
        (void)fprintf(stderr, "replay: %s: %s\n", path, strerror(errno));
        goto cleanup;
    }
    size_t size = fread(data, 1, INPUT_MOST, file);
    uint8_t *exact = malloc(size + (size == 0)); /* a byte too far is seen by ASan */
    if (exact == NULL || ferror(file) || !feof(file)) {
        (void)fprintf(stderr, "replay: %s: it cannot be read whole\n", path);
    } else {
        memcpy(exact, data, size);
        (void)fprintf(stderr, "%s\n", path); /* the last one named is the one that failed */
        status = LLVMFuzzerTestOneInput(exact, size);
    }
    free(exact);

cleanup:
    if (file != NULL)
        (void)fclose(file);
    free(data);
    return status;
}

int main(int argc, char **argv)
{
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    int files = 0, failed = 0;
    if (folder == NULL) {
        (void)fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return EXIT_FAILURE;
    }
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char path[4096];
        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
        files++;
        failed += replay(path) != 0;
    }
    (void)closedir(folder);
    printf("%d files, %d failed\n", files, failed);
    return files > 0 && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
