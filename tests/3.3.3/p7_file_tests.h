/* p7_file_tests.h: exits that fail, a file's among them, for check_p7_context_manager.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P7_FILE_TESTS_H
#define P7_FILE_TESTS_H

#include "faults.h"
#include "p7_folder.h"
#include "p7_stack_tests.h"

/* ---- the first error is kept, the other exits run ---- */

START_TEST(the_first_error_is_kept)
{
    struct exit_stack *stack = stack_made();
    struct actor actors[] = {pushed_named("A"), pushed_named("B"), pushed_named("C")};
    struct told told = {.calls = 0};

    for (int k = 0; k < 3; k++)
        push(stack, &actors[k]);
    actors[1].exit.refuses = -EPIPE;
    actors[2].exit.err = -EIO;
    close_stack(stack, 0, &told);
    run_loop();
    expect_trace_in_order("0.000  C.exit: is told 0\n"
                          "0.100  C.exit: ends with -EIO\n"
                          "0.100  B.exit: is told -EIO\n"
                          "0.100  B.exit: returns -EPIPE at once\n"
                          "0.100  A.exit: is told -EIO\n"
                          "0.200  A.exit: ends\n"
                          "0.200  told: -EIO\n");
    exit_stack_free(stack);
    for (int k = 0; k < 3; k++)
        actor_free(&actors[k]);
}
END_TEST

START_TEST(whichever_exit_fails_and_how)
{
    static const enum way exits[] = {WELL, FAILS, REFUSES, SUPPRESSES};
    static const struct ways ways = {{GOES_WELL, GOES_WELL, BODIES, exits, exits}, {1, 1, 4, 4, 4}};

    for (enum form form = NESTED; form <= STACK_SCOPE; form++)
        run_plays(plan_of(form), &ways);
}
END_TEST

/* More of them than calls fit on a stack of C. */
static inline int exit_refused(void *obj, int err, done_cb cb, void *arg)
{
    (void)err;
    (void)cb;
    (void)arg;
    ++*(int *)obj;
    return -EPIPE;
}

START_TEST(very_many_exits)
{
    enum { MANY = 100 * 1000 };
    struct exit_stack *stack = stack_made();
    struct told told = {.quiet = true};
    int calls = 0;

    for (int k = 0; k < MANY; k++)
        if (exit_stack_push(stack, exit_refused, &calls) != 0)
            fail_test("exit_stack_push(), the %d-th time\nexpected  returns 0", k + 1);
    close_stack(stack, -EIO, &told);
    run_loop();
    expect_told(&told, -EIO, "100000 exits that cannot be begun");
    if (calls != MANY)
        fail_test("100000 exits that cannot be begun\nexpected  each is tried once\n"
                  "got       %d calls",
                  calls);
    exit_stack_free(stack);
}
END_TEST

/* ---- a file ---- */

/* Three times the same manager: the body goes well, fails, is cancelled. */
START_TEST(a_file_is_there_for_as_long_as_the_body)
{
    static const char *const after[] = {"after the body", "after a body that fails",
                                        "after a body that was cancelled"};
    struct folder folder;
    int open[2] = {0};

    folder_open(&folder);
    for (int k = 0; k < 3; k++) {
        open[k > 0] = descriptors_count();
        folder.worker.step.err = k == 1 ? -EIO : 0;
        folder_run(&folder, 0);
        run_loop_for(100);
        if (folder_count(&folder) != 1)
            fail_test("during the body\nexpected  1 file in the folder\ngot       %d",
                      folder_count(&folder));
        const struct manager manager = tempfile_scope_manager(folder.file);
        expect_busy(&manager, NULL, "a tempfile_scope that is inside");
        if (k == 2)
            scope_cancel(folder.scope);
        run_loop();
        expect_told(&folder.told, k == 0 ? 0 : k == 1 ? -EIO : -ECANCELED, after[k]);
        expect_gone(&folder, after[k], true, true);
        if (k > 0 && descriptors_count() > open[1])
            fail_test("a tempfile_scope was entered and exited once more\n"
                      "expected  no other descriptors are open than before\n"
                      "got       %d more: enter opens what exit does not close",
                      descriptors_count() - open[1]);
    }
    folder_close(&folder);
    tempfile_scope_free(NULL);
}
END_TEST

/* Who tells first? `body` is what the body tells, `call` fails with -EIO. */
static inline void file_fails(const char *call, int body, int expected)
{
    struct folder folder;
    char what[96];

    folder_open(&folder);
    snprintf(what, sizeof(what), "%s of the file fails with EIO, the body has told %s", call,
             result_text(body));
    folder.worker.step.err = body;
    folder_run(&folder, 0);
    run_loop_for(100);
    faults.fail_call = call;
    faults.fail_errno = EIO;
    run_loop();
    faults_clear();
    expect_told(&folder.told, expected, what);
    expect_gone(&folder, what, strcmp(call, "close") == 0, strcmp(call, "unlink") == 0);
    if (strcmp(call, "unlink") != 0 && fcntl(folder.fd, F_GETFD) >= 0)
        (void)close(folder.fd); /* as the fault has left it */
    folder_close(&folder);
}

static inline void the_first_with_eio(const char *call, const char *path)
{
    (void)path;
    if (strcmp(call, "close") != 0 && strcmp(call, "unlink") != 0)
        return;
    faults.fail_errno = faults.fail_errno == 0 ? EIO : EACCES;
}

/* close() and unlink(), whichever is called first. */
START_TEST(if_both_calls_fail_the_first_error_is_told)
{
    struct folder folder;

    folder_open(&folder);
    folder_run(&folder, 0);
    run_loop_for(100);
    faults.on_file_call = the_first_with_eio;
    faults.fail_call = "l"; /* both have that letter */
    run_loop();
    faults_clear();
    expect_told(&folder.told, -EIO,
                "of close() and unlink(), the first one fails with EIO, the other with EACCES");
    if (fcntl(folder.fd, F_GETFD) >= 0)
        (void)close(folder.fd); /* as the fault has left it */
    folder_close(&folder);
}
END_TEST

START_TEST(what_cannot_be_removed_is_told)
{
    file_fails("unlink", 0, -EIO);
    file_fails("unlink", -ENOSPC, -ENOSPC);
}
END_TEST

START_TEST(what_cannot_be_closed_is_removed_all_the_same)
{
    file_fails("close", 0, -EIO);
    file_fails("close", -ENOSPC, -ENOSPC);
}
END_TEST

/* The body has moved it away. */
START_TEST(a_file_that_is_gone_already)
{
    struct folder folder;

    folder_open(&folder);
    folder_run(&folder, 0);
    run_loop_for(100);
    (void)unlink(folder.left);
    run_loop();
    expect_told(&folder.told, -ENOENT, "the body has removed the file");
    expect_gone(&folder, "the body has removed the file", true, true);
    folder_close(&folder);
}
END_TEST

START_TEST(a_file_that_cannot_be_made)
{
    struct folder folder;

    folder_open(&folder);
    faults.fail_call = "open";
    faults.fail_errno = EMFILE;
    folder_run(&folder, -EMFILE);
    faults_clear();
    expect_gone(&folder, "enter could not make a file", true, false);
    ck_assert_int_eq(rmdir(folder.path), 0);
    folder_run(&folder, -ENOENT);
    run_loop();
    if (folder.told.calls > 0)
        fail_test("enter has returned an error\nexpected  cb is never called\ngot       %d calls",
                  folder.told.calls);
    ck_assert_int_eq(mkdir(folder.path, 0700), 0);
    folder_run(&folder, 0); /* and now it can */
    run_loop();
    expect_told(&folder.told, 0, "a file that could not be made at first");
    folder_close(&folder);
}
END_TEST

/* Two files in one folder, and a third one after them. */
START_TEST(two_files_at_once)
{
    struct folder a, b;

    folder_open(&a);
    folder_open(&b);
    ck_assert_int_eq(rmdir(b.path), 0);
    tempfile_scope_free(b.file);
    snprintf(b.path, sizeof(b.path), "%s", a.path);
    b.file = tempfile_scope_new(test_base(), b.path);
    expect_made(b.file, "tempfile_scope_new()");
    b.worker.step.ms = 50;
    folder_run(&a, 0);
    folder_run(&b, 0);
    run_loop_for(100);
    expect_told(&b.told, 0, "the first of two files in a folder");
    if (folder_count(&a) != 1 || access(a.left, F_OK) != 0)
        fail_test("two files in a folder, one of which was exited\n"
                  "expected  the other one is there\ngot       it is gone");
    run_loop();
    expect_told(&a.told, 0, "the second of two files in a folder");
    expect_gone(&a, "two files were exited", true, true);
    tempfile_scope_free(b.file);
    worker_free(&b.worker);
    folder_close(&a);
}
END_TEST

static inline void free_file(void *file)
{
    tempfile_scope_free(file);
}

START_TEST(a_file_freed_by_cb)
{
    struct folder folder;
    struct last last = {.free = free_file};

    folder_open(&folder);
    last.object = folder.file;
    const struct manager manager = tempfile_scope_manager(folder.file);
    const struct body body = {folder_begin, NULL, &folder};
    EXPECT(scope_run(&manager, &body, on_last_told, &last, NULL), 0, "TODO(9)");
    last.told.may_come = true;
    run_loop();
    expect_told(&last.told, 0, "a tempfile_scope that is freed by cb");
    expect_gone(&folder, "after the body", true, true);
    folder.file = NULL;
    folder_close(&folder);
}
END_TEST

static inline void file_without_memory(void *arg)
{
    struct folder *folder = arg;

    folder->file = tempfile_scope_new(test_base(), folder->path);
    folder->told = (struct told){.quiet = true, .may_come = true};
    if (folder->file == NULL)
        return;
    const struct manager manager = tempfile_scope_manager(folder->file);
    const struct body body = {folder_begin, NULL, folder};
    const int err = scope_run(&manager, &body, on_told, &folder->told, NULL);
    run_loop();
    if (err == 0)
        expect_told(&folder->told, 0, "a tempfile_scope where memory is missing elsewhere");
    expect_gone(folder, "memory was short", true, false);
    tempfile_scope_free(folder->file);
    worker_free(&folder->worker);
    folder->worker.step.event = NULL; /* the next time has another base */
}

START_TEST(no_memory_for_a_file)
{
    struct folder folder;

    folder_open(&folder);
    tempfile_scope_free(folder.file);
    each_allocation_fails(file_without_memory, &folder);
    folder.file = NULL;
    folder_close(&folder);
}
END_TEST

#endif
