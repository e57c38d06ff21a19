/* p5_many_tests.h: the tests of file_process_many(), for check_p5_file_processor.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P5_MANY_TESTS_H
#define P5_MANY_TESTS_H

#include "p5_file_tests.h"

enum { FILES = 5 };

/* Files of 1 to 5 chunks of 2 bytes, and what was told of them. */
struct many {
    struct outcome o;
    struct file_job jobs[FILES];
    int n_told;
    int told[FILES];                     /* the numbers, in the order of each() */
    void (*then)(struct many *m, int i); /* called in each(), or NULL */
    struct op *op;
};

static const struct file_options pairs = {.chunk = 2};

static void on_each(int i, int result, const struct file_report *report, void *arg)
{
    struct many *m = arg;

    if (!pthread_equal(pthread_self(), stage.thread))
        fail_anywhere("each() ran on a worker, not on the loop's thread");
    if (!m->o.returned || m->o.calls > 0 || m->n_told == FILES)
        fail_test("each() was called for job %d %s", i,
                  !m->o.returned ? "before file_process_many() had returned"
                                 : "after the callback of the whole, or for too many");
    if ((report != NULL) != (result == 0))
        fail_test("each() was told that job %d has %s\nexpected  report %s\ngot       report %s", i,
                  result_text(result), result == 0 ? "the counts" : "NULL",
                  report != NULL ? "not NULL" : "NULL");
    m->told[m->n_told++] = i;
    trace("%d: %s%s", i, result_text(result),
          result == 0 && report->bytes != 2 * m->jobs[i].path[strlen(m->jobs[i].path) - 1] - 2 * '0'
              ? ", with the report of another file"
              : "");
    if (m->then != NULL)
        m->then(m, i);
}

static void on_all(int result, void *arg)
{
    struct many *m = arg;

    trace("all: %s", result_text(result));
    note_outcome(&m->o, result);
}

/* Files named "0" ... of so many chunks; "9" is missing. */
static void make_jobs(struct many *m, const char *chunks)
{
    memset(m, 0, sizeof(*m));
    for (int i = 0; chunks[i] != '\0'; i++) {
        static char paths[FILES][128];
        char name[2] = {chunks[i], '\0'};
        if (chunks[i] != '9')
            write_file(name, "xxxxxxxxxx", 2 * (size_t)(chunks[i] - '0'));
        snprintf(paths[i], sizeof(paths[i]), "%s", path_of(name));
        m->jobs[i].path = paths[i];
    }
}

static void start_many(struct many *m, int n, int concurrency)
{
    START(
        &m->o, TODO_MANY,
        file_process_many(stage.pool, m->jobs, n, concurrency, &pairs, on_each, on_all, m, &m->op));
    m->o.op = m->op;
}

static void end_many(void)
{
    faults_clear();
    for (int i = 0; i < 10; i++)
        unlink(path_of((char[]){(char)('0' + i), '\0'}));
    close_pool();
}

/* Each read takes 10 ms, and a file of c chunks has c + 1 of them. Files that are only read need no
 * other call that takes its time, unless closing them does. */
static void slow_reads(void)
{
    faults.file_ms = 10;
    faults.on_file_call = NULL;
}

START_TEST(in_the_order_of_the_jobs_two_at_a_time)
{
    struct many m;

    open_pool(4, 4);
    make_jobs(&m, "41231");
    slow_reads();
    start_many(&m, 5, 2);
    run_loop();
    /* 0 ends at 50; 1 at 20; 2 from 20 to 50; 3 and 4 begin at 50: at 90, and at 70 */
    expect_trace_in_order("0.050  0: 0\n0.050  1: 0\n0.050  2: 0\n0.090  3: 0\n0.090  4: 0\n"
                          "0.090  all: 0\n");
    end_many();
}
END_TEST

START_TEST(one_at_a_time)
{
    struct many m;

    open_pool(4, 1);
    make_jobs(&m, "213");
    slow_reads();
    start_many(&m, 3, 1);
    run_loop();
    expect_trace_in_order("0.030  0: 0\n0.050  1: 0\n0.090  2: 0\n0.090  all: 0\n");
    end_many();
}
END_TEST

START_TEST(more_at_a_time_than_there_are)
{
    struct many m;

    open_pool(4, 3);
    make_jobs(&m, "321");
    slow_reads();
    start_many(&m, 3, 100);
    run_loop();
    expect_trace_in_order("0.040  0: 0\n0.040  1: 0\n0.040  2: 0\n0.040  all: 0\n");
    end_many();
}
END_TEST

START_TEST(none_at_all)
{
    struct many m;

    open_pool(1, 1);
    make_jobs(&m, "");
    start_many(&m, 0, 2);
    run_loop();
    expect_outcome(&m.o, 0, 0);
    end_many();
}
END_TEST

START_TEST(one_that_fails_disturbs_no_other)
{
    struct many m;

    open_pool(2, 2);
    make_jobs(&m, "19192");
    slow_reads();
    start_many(&m, 5, 2);
    run_loop();
    expect_trace_in_order("0.020  0: 0\n0.020  1: -ENOENT\n0.020  2: 0\n0.020  3: -ENOENT\n"
                          "0.050  4: 0\n0.050  all: 2\n");
    end_many();
}
END_TEST

/* What came before is begun before, what came after is begun after. */
START_TEST(its_files_wait_for_their_turn)
{
    struct many m;
    struct task first = {.ms = 10, .o.name = "first"}, second = {.ms = 10, .o.name = "second"};
    struct task last = {.ms = 10, .o.name = "last"};

    open_pool(1, 5);
    make_jobs(&m, "12");
    slow_reads();
    RUN(&first);
    RUN(&second);
    start_many(&m, 2, 2);
    RUN(&last);
    run_loop();
    expect_trace_in_order("0.010  first: 0\n0.020  second: 0\n0.040  0: 0\n0.070  1: 0\n"
                          "0.070  all: 0\n0.080  last: 0\n");
    end_many();
}
END_TEST

static struct task others[FILES];

/* Takes each place that it can get. */
static void take_places(struct many *m, int i)
{
    (void)m;
    while (pool_run(stage.pool, work, on_op, release, &others[i], &others[i].o.op) == 0)
        i = (i + 1) % FILES;
}

START_TEST(its_places_are_its_own)
{
    struct many m;
    struct task t = {.ms = 10};

    open_pool(2, 3);
    make_jobs(&m, "11111");
    RUN(&t);
    REFUSED(-EAGAIN,
            file_process_many(stage.pool, m.jobs, 5, 3, &pairs, on_each, on_all, &m, NULL));
    start_many(&m, 5, 2);
    REFUSED(-EAGAIN, pool_run(stage.pool, work, on_op, release, &others[0], NULL));
    run_loop();
    expect_trace_in_order("0.000  0: 0\n0.000  1: 0\n0.000  2: 0\n0.000  3: 0\n0.000  4: 0\n"
                          "0.000  all: 0\n");
    end_many();
}
END_TEST

/* Others take what becomes free, and the rest of the files go on. */
START_TEST(a_full_pool_does_not_stop_it)
{
    struct many m;

    open_pool(2, 2);
    make_jobs(&m, "12312");
    memset(others, 0, sizeof(others));
    for (int i = 0; i < FILES; i++)
        others[i].o = (struct outcome){.call = "pool_run()", .returned = true};
    start_many(&m, 5, 1);
    m.then = take_places;
    run_loop();
    expect_outcome(&m.o, 0, 0);
    if (m.n_told != FILES)
        fail_test("other operations take each place that becomes free: calls of each()\n"
                  "expected  %d\ngot       %d",
                  FILES, m.n_told);
    end_many();
}
END_TEST

START_TEST(what_it_does_not_take)
{
    struct many m;

    open_pool(1, 2);
    make_jobs(&m, "111");
    start_many(&m, 1, 1); /* it is written */
    run_loop();
    REFUSED(-EINVAL, file_process_many(stage.pool, m.jobs, -1, 1, NULL, on_each, on_all, &m, NULL));
    REFUSED(-EINVAL, file_process_many(stage.pool, m.jobs, 2, 0, NULL, on_each, on_all, &m, NULL));
    m.jobs[1].path = NULL;
    REFUSED(-EINVAL, file_process_many(stage.pool, m.jobs, 3, 1, NULL, on_each, on_all, &m, NULL));
    m.jobs[1] = (struct file_job){"a", "b"};
    REFUSED(-EINVAL, file_process_many(stage.pool, m.jobs, 3, 1, NULL, on_each, on_all, &m, NULL));
    end_many();
}
END_TEST

static void cancel_many(void *arg)
{
    struct many *m = arg;
    cancel(&m->o);
}

START_TEST(cancelled_it_begins_no_other)
{
    struct many m;

    open_pool(2, 2);
    make_jobs(&m, "14141");
    struct fifo_peer *p = fifo_peer_new(path_of("7"));
    m.jobs[2].path = strdup(path_of("7")); /* says nothing */
    slow_reads();
    start_many(&m, 5, 2);
    after(35, cancel_many, &m);
    run_loop();
    expect_trace_in_order("0.020  0: 0\n0.035  all: -ECANCELED\n");
    if (now_ms() > 60)
        fail_test("no file should be begun after op_cancel() at 0.035\nexpected  the end of the "
                  "loop by 0.060\ngot       %.3f",
                  now_ms() / 1000.0);
    free((char *)m.jobs[2].path);
    fifo_peer_free(p);
    end_many();
}
END_TEST

static void cancel_in_each(struct many *m, int i)
{
    if (i == 1)
        cancel(&m->o);
}

START_TEST(cancelled_in_each)
{
    struct many m;

    open_pool(2, 2);
    make_jobs(&m, "21111");
    slow_reads();
    m.then = cancel_in_each;
    start_many(&m, 5, 2);
    run_loop();
    expect_trace_in_order("0.030  0: 0\n0.030  1: 0\n0.030  all: -ECANCELED\n");
    end_many();
}
END_TEST

/* The first file is the last that ends: then all are told at once, and the first one cancels. */
static void cancel_in_the_first(struct many *m, int i)
{
    if (i == 0)
        cancel(&m->o);
}

START_TEST(cancelled_in_each_no_other_is_told)
{
    struct many m;

    open_pool(3, 3);
    make_jobs(&m, "411");
    slow_reads();
    m.then = cancel_in_the_first;
    start_many(&m, 3, 3);
    run_loop_for(35);
    int64_t bytes = op_bytes(m.o.op);
    if (bytes != 10)
        fail_test("at 0.035 three chunks of the first file and one of each other have been read: "
                  "op_bytes() of file_process_many()\nexpected  10\ngot       %lld",
                  (long long)bytes);
    run_loop();
    expect_trace_in_order("0.050  0: 0\n0.050  all: -ECANCELED\n");
    end_many();
}
END_TEST

static void shut_down_if_written(void *written)
{
    *(bool *)written = pool_shutdown(stage.pool, on_end, NULL) != -ENOSYS;
}

START_TEST(shut_down_it_is_finished)
{
    struct many m;
    bool written;

    open_pool(2, 2);
    make_jobs(&m, "21112");
    slow_reads();
    start_many(&m, 5, 1);
    after(15, shut_down_if_written, &written);
    run_loop();
    if (!written)
        return; /* that is another behaviour's */
    expect_trace_in_order("0.030  0: 0\n0.050  1: 0\n0.070  2: 0\n0.090  3: 0\n0.120  4: 0\n"
                          "0.120  all: 0\n");
    ck_assert_int_eq(stage.ended, 1);
    stage.ended = 0;
    open_pool(1, 1);
    end_many();
}
END_TEST

#endif
