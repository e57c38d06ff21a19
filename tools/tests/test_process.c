/* test_process.c: children on the event base: how they end, and what is kept of their output
 *
 * SPDX-License-Identifier: MIT
 */
#include "../process.h"

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct runner *runner;

static void set_up(void)
{
    runner = runner_new();
    ck_assert_ptr_nonnull(runner);
}

static void tear_down(void)
{
    runner_free(runner);
}

/* Runs a shell script with a limit of 1 s. */
static struct ended run_script(const char *script, size_t output_limit)
{
    char *argv[] = {"sh", "-c", (char *)script, NULL};
    struct command command = {.argv = argv, .limit_s = 1, .output_limit = output_limit};
    struct ended ended;
    ck_assert_int_eq(process_run(runner, &command, &ended), 0);
    return ended;
}

static void assert_reason(const struct ended *ended, const char *reason)
{
    char *got = ended_reason(ended);
    ck_assert_str_eq(got, reason);
    free(got);
}

static double now(void)
{
    struct timespec time;
    ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &time), 0);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

START_TEST(test_output_and_status)
{
    struct ended ended = run_script("echo out; echo err >&2; cat; exit 3", 100);
    ck_assert_str_eq(ended.out, "out\n");
    ck_assert_str_eq(ended.err, "err\n");
    ck_assert(!ended_well(&ended));
    assert_reason(&ended, "exit status 3");
    ended_clear(&ended);
    ended = run_script("true", 100);
    ck_assert(ended_well(&ended));
    ended_clear(&ended);
}
END_TEST

START_TEST(test_signal_is_told)
{
    struct ended ended = run_script("kill -SEGV $$", 100);
    ck_assert(!ended_well(&ended));
    assert_reason(&ended, "signal 11 (Segmentation fault)");
    ended_clear(&ended);
}
END_TEST

START_TEST(test_output_is_bounded_and_the_writer_never_waits)
{
    struct ended ended = run_script("head -c 3000000 /dev/zero | tr '\\0' x; echo end >&2", 1000);
    ck_assert(ended_well(&ended));
    ck_assert_uint_eq(strlen(ended.out), 1000);
    ck_assert_str_eq(ended.err, "end\n");
    ended_clear(&ended);
}
END_TEST

START_TEST(test_limit_ends_even_the_stubborn)
{
    double start = now();
    struct ended ended = run_script("trap '' TERM; while :; do sleep 0.1; done", 100);
    ck_assert(ended.timed_out);
    ck_assert(!ended_well(&ended));
    assert_reason(&ended, "no end within 1 s");
    ck_assert(now() - start >= 1.9); /* the limit, and the grace after SIGTERM */
    ended_clear(&ended);
}
END_TEST

/* A child in the background holds the pipe open: neither it nor the pipe is waited for. */
START_TEST(test_the_group_ends_with_its_leader)
{
    struct ended ended = run_script("sleep 100 & echo $!", 100);
    pid_t orphan = atoi(ended.out);
    ck_assert(ended_well(&ended));
    ck_assert_int_gt(orphan, 0);
    for (int i = 0; i < 100 && kill(orphan, 0) == 0; i++)
        usleep(10000); /* until init reaps it; a zombie that nobody reaps counts as ended */
    char path[64], state = 'Z';
    snprintf(path, sizeof path, "/proc/%d/stat", (int)orphan);
    FILE *stat = fopen(path, "r");
    if (stat != NULL) {
        ck_assert_int_eq(fscanf(stat, "%*d %*s %c", &state), 1);
        fclose(stat);
    }
    ck_assert_int_eq(state, 'Z');
    ended_clear(&ended);
}
END_TEST

/* One that fled from the group cannot be ended, but does not hold us up either. */
START_TEST(test_who_flees_does_not_delay)
{
    struct ended ended = run_script("setsid sleep 3 & sleep 0.2; echo done", 100);
    ck_assert(!ended.timed_out);
    ck_assert_str_eq(ended.out, "done\n");
    ended_clear(&ended);
}
END_TEST

START_TEST(test_what_does_not_exist_is_an_error)
{
    char *argv[] = {"/no/such/program", NULL};
    struct command command = {.argv = argv, .limit_s = 1, .output_limit = 100};
    struct ended ended;
    ck_assert_int_eq(process_run(runner, &command, &ended), -ENOENT);
}
END_TEST

static void never_called(struct ended *ended, void *arg)
{
    (void)ended;
    (void)arg;
    ck_abort_msg("nothing was started");
}

START_TEST(test_after_a_signal_nothing_starts)
{
    struct ended ended;
    char *argv[] = {"sh", "-c", "kill -INT $PPID; sleep 10", NULL};
    struct command command = {.argv = argv, .limit_s = 20, .output_limit = 100};
    double start = now();
    ck_assert_int_eq(process_run(runner, &command, &ended), -EINTR);
    ck_assert_int_eq(runner_interrupted(runner), SIGINT);
    ck_assert_int_eq(process_start(runner, &command, never_called, NULL), -EINTR);
    ck_assert(now() - start < 5);
}
END_TEST

int main(void)
{
    const struct {
        const char *name;
        const TTest *test;
    } tests[] = {
        {"output and status", test_output_and_status},
        {"a signal is told", test_signal_is_told},
        {"output is bounded, the writer never waits",
         test_output_is_bounded_and_the_writer_never_waits},
        {"the limit ends even the stubborn", test_limit_ends_even_the_stubborn},
        {"the group ends with its leader", test_the_group_ends_with_its_leader},
        {"who flees does not delay", test_who_flees_does_not_delay},
        {"what does not exist is an error", test_what_does_not_exist_is_an_error},
        {"after a signal nothing starts", test_after_a_signal_nothing_starts},
    };
    Suite *suite = suite_create("process");
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        TCase *tcase = tcase_create(tests[i].name);
        tcase_add_checked_fixture(tcase, set_up, tear_down);
        tcase_set_timeout(tcase, 20);
        tcase_add_test(tcase, tests[i].test);
        suite_add_tcase(suite, tcase);
    }
    SRunner *srunner = srunner_create(suite);
    srunner_run_all(srunner, CK_NORMAL);
    int failed = srunner_ntests_failed(srunner);
    srunner_free(srunner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
