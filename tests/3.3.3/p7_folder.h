/* p7_folder.h: a folder for the files of a tempfile_scope, for check_p7_context_manager.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P7_FOLDER_H
#define P7_FOLDER_H

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "faults.h"
#include "p7_timer_tests.h"

struct folder {
    char path[64];
    struct tempfile_scope *file;
    struct watch watch;
    struct worker worker;
    struct told told;
    struct scope *scope;
    char left[128]; /* the path that the body was given */
    int fd;
};

static inline void folder_remove(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    char name[512];

    while (dir != NULL && (entry = readdir(dir)) != NULL)
        if (entry->d_name[0] != '.' &&
            snprintf(name, sizeof(name), "%s/%s", path, entry->d_name) < (int)sizeof(name))
            (void)unlink(name);
    if (dir != NULL)
        closedir(dir);
    (void)rmdir(path);
}

/* Those of processes that are no more: a test that fails cannot clean up. */
static inline void folders_remove_stale(void)
{
    DIR *dir = opendir("/tmp");
    struct dirent *entry;
    char path[300], process[32];
    int pid;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (sscanf(entry->d_name, "workbook-p7-%d", &pid) != 1)
            continue;
        snprintf(process, sizeof(process), "/proc/%d", pid);
        snprintf(path, sizeof(path), "/tmp/%s", entry->d_name);
        if (access(process, F_OK) != 0)
            folder_remove(path);
    }
    if (dir != NULL)
        closedir(dir);
}

static inline void folder_open(struct folder *folder)
{
    *folder = (struct folder){.worker = worker_named("body")};
    folders_remove_stale();
    snprintf(folder->path, sizeof(folder->path), "/tmp/workbook-p7-%d-XXXXXX", (int)getpid());
    ck_assert_ptr_nonnull(mkdtemp(folder->path));
    folder->file = tempfile_scope_new(test_base(), folder->path);
    expect_made(folder->file, "tempfile_scope_new()");
}

static inline int folder_count(const struct folder *folder)
{
    DIR *dir = opendir(folder->path);
    int n = 0;

    ck_assert_ptr_nonnull(dir);
    while (readdir(dir) != NULL)
        n++;
    closedir(dir);
    return n - 2;
}

/* How many are open. */
static inline int descriptors_count(void)
{
    int n = 0;

    for (int fd = 0; fd < 1024; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

/* The folder is gone after this, whatever is left in it. */
static inline void folder_close(struct folder *folder)
{
    tempfile_scope_free(folder->file);
    worker_free(&folder->worker);
    folder_remove(folder->path);
}

static inline int folder_begin(void *obj, void *value, done_cb cb, void *arg)
{
    struct folder *folder = obj;
    const struct tempfile *file = value;
    struct stat st, named;
    char back[4];

    if (file == NULL || file->path == NULL || file->fd < 0)
        fail_test("the body is begun\nexpected  the value is a struct tempfile with a descriptor "
                  "and a path\ngot       another one");
    snprintf(folder->left, sizeof(folder->left), "%s", file->path);
    folder->fd = file->fd;
    if (strncmp(file->path, folder->path, strlen(folder->path)) != 0 ||
        file->path[strlen(folder->path)] != '/')
        fail_test("the path of the file\nexpected  a new name in %s\ngot       %s", folder->path,
                  file->path);
    if (stat(file->path, &st) != 0 || fstat(file->fd, &named) != 0 || st.st_ino != named.st_ino ||
        st.st_size != 0 || (st.st_mode & 0777) != 0600)
        fail_test("the file\nexpected  an empty one, at its path, for nobody else (0600)\n"
                  "got       another one");
    if (io_raw_write(file->fd, "row\n", 4) != 4 || lseek(file->fd, 0, SEEK_SET) != 0 ||
        io_raw_read(file->fd, back, 4) != 4)
        fail_test("the descriptor of the file\nexpected  it is open for reading and writing");
    return worker_begin(&folder->worker, NULL, cb, arg);
}

static inline void folder_cancel(void *obj)
{
    struct folder *folder = obj;

    step_ask(&folder->worker.step);
}

static inline void folder_run(struct folder *folder, int expected)
{
    const struct manager manager =
        watched(&folder->watch, "tempfile_scope", tempfile_scope_manager(folder->file));
    const struct body body = {folder_begin, folder_cancel, folder};

    expect_run(scope_run(&manager, &body, on_told, &folder->told, &folder->scope), expected,
               folder->told.calls == 0 ? "a tempfile_scope"
                                       : "a tempfile_scope that has been entered and exited before",
               "TODO(9)");
    folder->told = (struct told){.quiet = true};
    folder->told.may_come = true;
}

static inline void expect_gone(const struct folder *folder, const char *when, bool file, bool fd)
{
    if (file && folder_count(folder) != 0)
        fail_test("%s\nexpected  the file is gone from its folder\ngot       it is still there",
                  when);
    if (fd && fcntl(folder->fd, F_GETFD) >= 0)
        fail_test("%s\nexpected  its descriptor is closed\ngot       it is still open", when);
}

#endif
