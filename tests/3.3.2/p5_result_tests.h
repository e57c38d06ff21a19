/* p5_result_tests.h: the tests of the file that is written, for check_p5_file_processor.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P5_RESULT_TESTS_H
#define P5_RESULT_TESTS_H

#include "p5_denied.h"
#include "p5_file_tests.h"

static const char old_text[] = "what was there before\n";
static const char new_text[] = "1:eno\n2:owt\n3:xis\n";

/* What the calls on files were, by their initials, since it was emptied: "w" a write, "s" fsync(),
 * "c" close(), "r" rename(). Of the worker. */
static struct {
    char calls[256];
    char new_name[256]; /* what lay beside "in" and "out" at rename() */
} noted;

/* The file that is going to be "out": any that is not one of the test's own. */
static void note_new_name(void)
{
    DIR *dir = opendir(stage.folder);
    struct dirent *entry;
    char name[sizeof(entry->d_name) + 3];

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        snprintf(name, sizeof(name), " %s ", entry->d_name);
        if (strstr(" . .. in out ", name) == NULL)
            snprintf(noted.new_name, sizeof(noted.new_name), "%s", entry->d_name);
    }
    if (dir != NULL)
        closedir(dir);
}

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
    note_new_name();
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
    open_pool(2, 2);
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

/* "out.", and six more. */
static bool is_new_name(const char *name)
{
    return strncmp(name, "out.", 4) == 0 && strlen(name) == strlen("out.XXXXXX");
}

START_TEST(the_new_file_lies_beside_it_and_is_nobody_elses)
{
    struct outcome o = {.todo = TODO_FILE}, again = {.todo = TODO_FILE};

    begin_result("one\ntwo\nsix\n", old_text);
    faults.on_file_call = note_call;
    process(&o, "in", "out", &backwards);
    run_loop();
    faults_clear();
    expect_outcome(&o, 0, 0);
    if (*noted.new_name == '\0')
        fail_test("right before rename() the new file should lie beside \"out\": from another "
                  "folder, perhaps of another file system, it may not get there\n"
                  "expected  out.XXXXXX\ngot       no such file in that folder");
    if (!is_new_name(noted.new_name))
        fail_test("the name of the new file: out_path, a dot and six characters\n"
                  "expected  out.XXXXXX\ngot       %s",
                  noted.new_name);
    write_text(noted.new_name, "mine\n");
    process(&again, "in", "out", &backwards);
    run_loop();
    expect_outcome(&again, 0, 0);
    expect_text(noted.new_name, "mine\n",
                "a file that had the name of the last new one is somebody's, and must stay:");
    unlink(path_of(noted.new_name));
    end_result();
}
END_TEST

START_TEST(two_at_a_time_for_one_result)
{
    struct outcome one = {.todo = TODO_FILE}, other = {.todo = TODO_FILE};

    begin_result("one\ntwo\nsix\n", old_text);
    write_text("in2", "six\n");
    faults.file_ms = 10;
    process(&one, "in", "out", &backwards);
    process(&other, "in2", "out", &backwards);
    run_loop();
    faults_clear();
    if (one.result != 0 || other.result != 0)
        fail_test("two files are processed at the same time, both into \"out\": each needs a new "
                  "file of its own\nexpected  0 and 0\ngot       %s and %s",
                  result_text((int)one.result), result_text((int)other.result));
    const char *got = text_of("out");
    if (got == NULL || strcmp(got, "1:xis\n") != 0)
        expect_text("out", new_text, "after two file_process() at the same time");
    expect_folder(" in in2 out ", "after two file_process() at the same time");
    unlink(path_of("in2"));
    end_result();
}
END_TEST

START_TEST(the_result_has_the_permissions_of_the_file)
{
    static const mode_t modes[] = {0640, 0777, 0401};

    begin_result("one\n", NULL);
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        struct outcome o = {.todo = TODO_FILE};
        struct stat st;
        chmod(path_of("in"), modes[i]);
        process(&o, "in", "out", &backwards);
        run_loop();
        expect_outcome(&o, 0, 0);
        ck_assert_int_eq(stat(path_of("out"), &st), 0);
        if ((st.st_mode & 0777) != modes[i])
            fail_test("permissions of the result\n"
                      "expected  %03o, those of the file that is read\ngot       %03o",
                      (unsigned)modes[i], st.st_mode & 0777);
    }
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
    if (o.calls == 1 && result != 0 && o.result != 0)
        fail_test("%s op_cancel() was too late, and so the result\nexpected  0\ngot       %s", when,
                  result_text((int)o.result));
    if (result == 0)
        expect_outcome(&o, -ECANCELED, at);
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

/* A call of that name takes 100 ms. */
static const char *slow_call;

static void take_time(const char *call, const char *path)
{
    (void)path;
    if (strcmp(call, slow_call) == 0)
        usleep(100 * 1000);
}

/* Cancelled while the call is under way: what op_cancel() should return, and then the result. */
static void cancel_during(const char *call, int expected, int result)
{
    struct outcome o = {.todo = TODO_FILE};
    bool late = expected != 0;

    begin_result("one\ntwo\nsix\n", old_text);
    slow_call = call;
    faults.on_file_call = take_time;
    process(&o, "in", "out", &backwards);
    run_loop_for(50);
    int got = o.calls > 0 ? -EALREADY : op_cancel(o.op);
    run_loop();
    if (got == -ENOSYS)
        fail_test("op_cancel() returned -ENOSYS: is it written yet? TODO(6)");
    if (got != expected || o.result != result)
        fail_test("while %s() is under way %s: op_cancel(), result\n"
                  "expected  %s, %s\ngot       %s, %s",
                  call, late ? "nothing can be taken back" : "\"out\" is still what it was before",
                  result_text(expected), result_text(result), result_text(got),
                  result_text((int)o.result));
    expect_text("out", late ? new_text : old_text, late ? "cancelled too late," : "cancelled,");
    expect_folder(" in out ", "after op_cancel()");
    end_result();
}

START_TEST(before_rename_it_can_be_cancelled_and_then_no_more)
{
    cancel_during("fsync", 0, -ECANCELED);
    cancel_during("rename", -EALREADY, 0);
}
END_TEST

/* Last of its behaviour: what is denied stays denied in this process. */
START_TEST(permissions_cannot_be_set)
{
    struct outcome o = {.todo = TODO_FILE};

    if (!deny_chmod())
        return; /* nobody can try it here */
    begin_result("one\n", old_text);
    process(&o, "in", "out", &backwards);
    run_loop();
    if (o.calls == 1 && o.result != -EPERM)
        fail_test("the permissions of the new file cannot be set\nexpected  -EPERM\ngot       %s",
                  result_text((int)o.result));
    expect_outcome(&o, -EPERM, 0);
    expect_text("out", old_text, "after fchmod() has failed");
    expect_folder(" in out ", "after fchmod() has failed");
    end_result();
}
END_TEST

#endif
