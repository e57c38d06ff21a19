/* p5_result_tests.h: the tests of the file that is written, for check_p5_file_processor.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P5_RESULT_TESTS_H
#define P5_RESULT_TESTS_H

#include "p5_file_tests.h"

static const char old_text[] = "what was there before\n";
static const char new_text[] = "1:eno\n2:owt\n3:xis\n";

/* What the calls on files were, by their initials, since it was emptied: "w" a write, "s" fsync(),
 * "c" close(), "r" rename(). Of the worker. */
static struct {
    char calls[256];
    int open;
} noted;

static void note_call(const char *call, const char *path)
{
    size_t n = strlen(noted.calls);
    char initial = strcmp(call, "rename") == 0  ? 'r'
                   : strcmp(call, "fsync") == 0 ? 's'
                   : strstr(call, "write")      ? 'w'
                                                : '\0';

    if (n + 1 < sizeof(noted.calls))
        noted.calls[n] = initial;
    if (initial != 'r')
        return;
    const char *before = text_of("out");
    char one[256], other[256];
    if (strcmp(path, path_of("out")) == 0 && (before == NULL || strcmp(before, old_text) != 0))
        fail_anywhere("right before rename() the result should still be what it was before\n"
                      "expected  %s\ngot       %s",
                      in_quotes(old_text, one, sizeof(one)),
                      in_quotes(before, other, sizeof(other)));
}

static void begin_result(const char *in, const char *out)
{
    open_pool(1, 2);
    write_text("in", in);
    if (out != NULL)
        write_text("out", out);
    memset(&noted, 0, sizeof(noted));
}

static void end_result(void)
{
    faults_clear();
    unlink(path_of("in"));
    unlink(path_of("out"));
    close_pool();
}

START_TEST(the_result_is_there_at_once)
{
    struct outcome o = {.todo = TODO_FILE};

    begin_result("one\ntwo\nsix\n", old_text);
    faults.on_file_call = note_call;
    process(&o, "in", "out", &backwards);
    run_loop();
    faults_clear();
    expect_outcome(&o, 0, 0);
    expect_text("out", new_text, "after file_process()");
    expect_folder(" in out ", "after file_process()");
    const char *renamed = strchr(noted.calls, 'r'), *synced = strrchr(noted.calls, 's');
    const char *written = strrchr(noted.calls, 'w');
    if (renamed == NULL || synced == NULL || written == NULL || synced < written ||
        renamed < synced)
        fail_test("the order of the calls, w: a write, s: fsync(), r: rename()\n"
                  "expected  all w, then s, then r\ngot       %s",
                  noted.calls);
    end_result();
}
END_TEST

START_TEST(the_result_has_the_permissions_of_the_file)
{
    struct outcome o = {.todo = TODO_FILE};
    struct stat st;

    begin_result("one\n", NULL);
    chmod(path_of("in"), 0640);
    process(&o, "in", "out", &backwards);
    run_loop();
    expect_outcome(&o, 0, 0);
    ck_assert_int_eq(stat(path_of("out"), &st), 0);
    if ((st.st_mode & 0777) != 0640)
        fail_test("permissions of the result\nexpected  640, those of the file that is read\n"
                  "got       %o",
                  st.st_mode & 0777);
    end_result();
}
END_TEST

START_TEST(a_file_may_be_replaced_by_its_own_result)
{
    struct outcome o = {.todo = TODO_FILE};

    begin_result("one\ntwo\nsix\n", NULL);
    process(&o, "in", "in", &backwards);
    run_loop();
    expect_outcome(&o, 0, 0);
    expect_text("in", new_text, "after file_process() of a file into itself");
    expect_folder(" in ", "after file_process()");
    end_result();
}
END_TEST

START_TEST(an_empty_file_gives_an_empty_result)
{
    struct outcome o = {.todo = TODO_FILE};

    begin_result("", old_text);
    process(&o, "in", "out", &backwards);
    run_loop();
    expect_outcome(&o, 0, 0);
    expect_text("out", "", "after file_process() of an empty file");
    expect_folder(" in out ", "after file_process() of an empty file");
    end_result();
}
END_TEST

enum { WRITES = 3 }; /* of 18 bytes, in chunks of 8 */

/* The n-th call of its kind fails. */
static void expect_intact_after(const char *call, int n, int error)
{
    struct outcome o = {.todo = TODO_FILE};
    char when[64];

    snprintf(when, sizeof(when), "after %s() number %d failed", call, n);
    begin_result("one\ntwo\nsix\n", old_text);
    faults.fail_call = call;
    faults.fail_at = n;
    faults.fail_errno = error;
    int begun = now_ms();
    process(&o, "in", "out", &backwards);
    run_loop();
    faults_clear();
    if (o.calls == 1 && o.result != -error)
        fail_test("%s: the result\nexpected  %s\ngot       %s", when, result_text(-error),
                  result_text((int)o.result));
    expect_outcome(&o, -error, begun);
    expect_text("out", old_text, when);
    expect_folder(" in out ", when);
    end_result();
}

START_TEST(whatever_fails_the_old_result_is_intact)
{
    expect_intact_after("open", 1, EACCES); /* of the file that is read */
    expect_intact_after("open", 2, EROFS);  /* of the new one */
    expect_intact_after("read", 1, EIO);
    expect_intact_after("read", 2, EIO);
    expect_intact_after("write", 1, EIO);
    expect_intact_after("write", WRITES, ENOSPC); /* what is left at the end */
    expect_intact_after("fsync", 1, EIO);
    expect_intact_after("close", 1, EIO); /* a disk of the network is full */
    expect_intact_after("rename", 1, EBUSY);
}
END_TEST

START_TEST(the_disk_is_full)
{
    struct outcome o = {.todo = TODO_FILE};

    begin_result("one\ntwo\nsix\n", old_text);
    faults.enospc_after = 11;
    process(&o, "in", "out", &backwards);
    run_loop();
    expect_outcome(&o, -ENOSPC, 0);
    expect_text("out", old_text, "after the disk was full");
    expect_folder(" in out ", "after the disk was full");
    end_result();
}
END_TEST

START_TEST(what_cannot_be_read_gives_no_result)
{
    struct outcome o = {.todo = TODO_FILE}, folder = {.todo = TODO_FILE};
    struct file_job none = {.path = path_of("in"), .out_path = path_of("out")};

    begin_result("one\n", NULL);
    process(&o, "missing", "out", &backwards);
    process(&folder, ".", "out", &backwards);
    run_loop();
    expect_outcome(&o, -ENOENT, 0);
    expect_outcome(&folder, -EISDIR, 0);
    expect_folder(" in ", "after a file that is missing, and one that is a folder,");
    REFUSED(-EINVAL, file_process(stage.pool, &none, NULL, on_file, &o, NULL));
    REFUSED(-EINVAL, file_process(stage.pool, &(struct file_job){NULL, NULL}, &backwards, on_file,
                                  &o, NULL));
    end_result();
}
END_TEST

/* Each call takes 10 ms; it is cancelled after k times 10 ms and a bit. True if in time. */
static bool cancel_after(int k)
{
    struct outcome o = {.todo = TODO_FILE};
    char when[64];

    begin_result("one\ntwo\nsix\n", old_text);
    faults.file_ms = 10;
    process(&o, "in", "out", &backwards);
    run_loop_for(10 * k + 5);
    int result = o.calls > 0 ? -EALREADY : op_cancel(o.op), at = now_ms();
    run_loop();
    snprintf(when, sizeof(when), "cancelled after %d ms,", 10 * k + 5);
    if (result == -ENOSYS)
        fail_test("op_cancel() returned -ENOSYS: is it written yet? TODO(6)");
    if (result == 0)
        expect_outcome(&o, -ECANCELED, at);
    else
        ck_assert_int_eq(o.result, 0);
    expect_text("out", result == 0 ? old_text : new_text, when);
    expect_folder(" in out ", when);
    end_result();
    return result == 0;
}

START_TEST(cancelled_at_any_time_it_is_all_or_nothing)
{
    int k = 0;

    while (k < 100 && cancel_after(k))
        k++;
    if (k < 5 || k == 100)
        fail_test("a file whose calls take 60 ms and more, cancelled every 10 ms, in time\n"
                  "expected  some times\ngot       %d times",
                  k);
}
END_TEST

/* rename() takes 100 ms: it is too late. */
static void slow_rename(const char *call, const char *path)
{
    (void)path;
    if (strcmp(call, "rename") == 0)
        usleep(100 * 1000);
}

START_TEST(too_late_to_be_cancelled)
{
    struct outcome o = {.todo = TODO_FILE};

    begin_result("one\ntwo\nsix\n", old_text);
    faults.on_file_call = slow_rename;
    process(&o, "in", "out", &backwards);
    run_loop_for(50);
    int result = op_cancel(o.op);
    run_loop();
    if (result != -EALREADY || o.result != 0)
        fail_test("while rename() is under way nothing can be taken back: op_cancel(), result\n"
                  "expected  -EALREADY, 0\ngot       %s, %s",
                  result_text(result), result_text((int)o.result));
    expect_text("out", new_text, "cancelled too late,");
    end_result();
}
END_TEST

#endif
