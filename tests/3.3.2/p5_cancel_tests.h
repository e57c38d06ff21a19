/* p5_cancel_tests.h: the tests of op_cancel() and of pool_shutdown(), for check_p5_file_processor.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P5_CANCEL_TESTS_H
#define P5_CANCEL_TESTS_H

#include "p5_file_tests.h"

/* ---- op_cancel() ---- */

START_TEST(cancelled_before_it_has_begun)
{
    struct task first = {.ms = 300}, second = {.ms = 50}, third = {.ms = 20, .result = 3};

    open_pool(1, 3);
    RUN(&first);
    RUN(&second);
    RUN(&third);
    after(100, cancel, &second.o);
    run_loop();
    expect_task(&second, -ECANCELED, 100);
    if (second.begun > 0)
        fail_test("an operation that was cancelled before it had begun was begun all the same");
    if (second.released_at != 100)
        fail_test("no worker uses an operation that was cancelled before it had begun: release()\n"
                  "expected  at 0.100\ngot       at %.3f",
                  second.released_at / 1000.0);
    expect_task(&first, 0, 300);
    expect_task(&third, 3, 320);
    close_pool();
}
END_TEST

/* On the heap: the worker goes on using it, and release() frees it. */
struct heap_task {
    struct task task; /* first */
    struct task *copy;
};

static void release_heap_task(void *arg)
{
    struct heap_task *h = arg;

    release(&h->task);
    *h->copy = h->task;
    memset(h, 0x55, sizeof(*h));
    free(h);
}

START_TEST(cancelled_in_a_worker_it_is_told_at_once)
{
    struct task copy = {.ms = 0};
    struct heap_task *h = calloc(1, sizeof(*h));

    ck_assert_ptr_nonnull(h);
    open_pool(1, 1);
    h->copy = &copy;
    h->task.ms = 500;
    START(&h->task.o, TODO_POOL,
          pool_run(stage.pool, work, on_op, release_heap_task, h, &h->task.o.op));
    after(100, cancel, &h->task.o);
    run_loop_for(450);
    if (copy.released > 0)
        fail_test(
            "at %.3f release() was called while the worker still used what it frees: it works "
            "until 0.500",
            copy.released_at / 1000.0);
    expect_outcome(&h->task.o, -ECANCELED, 100);
    run_loop();
    expect_task(&copy, -ECANCELED, 100);
    if (copy.released_at != 500)
        fail_test("the worker is done at 0.500: release()\nexpected  at 0.500\ngot       at %.3f",
                  copy.released_at / 1000.0);
    close_pool();
}
END_TEST

START_TEST(a_long_work_may_look_whether_it_was_cancelled)
{
    struct task t = {.ms = 500, .looks = true};

    open_pool(1, 1);
    RUN(&t);
    after(105, cancel, &t.o);
    run_loop();
    expect_task(&t, -ECANCELED, 105);
    if (t.released_at != 110)
        fail_test("the work looks at op_cancelled() every 10 ms, and ends when that is true\n"
                  "expected  at 0.110\ngot       at %.3f",
                  t.released_at / 1000.0);
    close_pool();
}
END_TEST

static void cancel_twice(void *arg)
{
    cancel(arg);
    cancel(arg);
}

START_TEST(cancelled_twice_it_is_told_once)
{
    struct task running = {.ms = 200}, waiting = {.ms = 50};

    open_pool(1, 2);
    RUN(&running);
    RUN(&waiting);
    after(100, cancel_twice, &running.o);
    after(100, cancel_twice, &waiting.o);
    run_loop();
    expect_task(&running, -ECANCELED, 100);
    expect_task(&waiting, -ECANCELED, 100);
    close_pool();
}
END_TEST

static void cancel_too_late(struct outcome *o)
{
    struct task *other = o->arg;

    vwait_settle(); /* the other's work is done, and its callback is still to be called */
    int result = op_cancel(other->o.op);
    if (result != -EALREADY)
        fail_test("op_cancel() of an operation whose work is done\nexpected  -EALREADY\n"
                  "got       %s%s",
                  result_text(result), result == -ENOSYS ? ": is it written yet? TODO(6)" : "");
}

START_TEST(what_is_done_is_not_cancelled)
{
    struct task first = {.ms = 10}, second = {.ms = 0, .result = 5};

    open_pool(1, 2);
    first.o.then = cancel_too_late;
    first.o.arg = &second;
    RUN(&first);
    RUN(&second);
    run_loop();
    expect_task(&second, 5, 10);
    close_pool();
}
END_TEST

/* What the FIFO says until then, if anything. */
static void cancel_at_fifo(bool open, const char *text)
{
    struct outcome silent = {.name = NULL}, next = {.name = NULL};
    int begin;

    open_pool(1, 2);
    begin = now_ms();
    write_text("in", "one\n");
    struct fifo_peer *p = fifo_peer_new(path_of("fifo"));
    if (open)
        fifo_peer_open(p, begin + 10);
    if (text != NULL)
        fifo_peer_send(p, begin + 20, text, strlen(text));
    process(&silent, "fifo", "out", &backwards);
    process(&next, "in", NULL, NULL);
    after(100, cancel, &silent);
    run_loop_for(200);
    expect_outcome(&silent, -ECANCELED, begin + 100);
    if (next.calls == 0)
        fail_test("the worker still waits for the FIFO, which was cancelled at 0.100: nobody can "
                  "process the next file\nexpected  the next file at 0.100\ngot       nothing by "
                  "%.3f",
                  now_ms() / 1000.0);
    expect_outcome(&next, 0, begin + 100);
    expect_folder(" in fifo ", "after a FIFO was cancelled");
    fifo_peer_free(p);
    unlink(path_of("in"));
    close_pool();
}

START_TEST(a_worker_does_not_wait_for_a_fifo_that_was_cancelled)
{
    cancel_at_fifo(false, NULL);
    cancel_at_fifo(true, NULL);
    cancel_at_fifo(true, "one\ntw");
}
END_TEST

/* A worker that was woken by a cancellation waits for the next FIFO as for the first. */
START_TEST(the_next_fifo_is_another_matter)
{
    struct outcome silent = {.name = NULL}, next = {.name = NULL};

    limit_cpu_ms(500); /* what has woken a worker once may wake it for ever */
    open_pool(1, 2);
    struct fifo_peer *p = fifo_peer_new(path_of("fifo")), *q = fifo_peer_new(path_of("fifo2"));
    fifo_peer_open(q, 150);
    fifo_peer_send(q, 250, "one\n", 4);
    fifo_peer_close(q, 350);
    process(&silent, "fifo", NULL, NULL);
    process(&next, "fifo2", NULL, NULL);
    after(100, cancel, &silent);
    run_loop();
    expect_outcome(&silent, -ECANCELED, 100);
    expect_outcome(&next, 0, 350);
    expect_counts(&next, 1, 1, 4);
    fifo_peer_free(p);
    fifo_peer_free(q);
    close_pool();
    limit_cpu_ms(0);
}
END_TEST

static void slow_open(const char *call, const char *path)
{
    (void)path;
    if (strcmp(call, "open") == 0)
        usleep(100 * 1000);
}

START_TEST(a_file_that_was_opened_too_late_is_closed)
{
    struct outcome o = {.name = NULL};

    open_pool(1, 1);
    write_text("in", "one\n");
    faults.on_file_call = slow_open;
    START(&o, TODO_CALLS, afile_open(stage.pool, path_of("in"), O_RDONLY, 0, on_afile, &o, &o.op));
    after(50, cancel, &o);
    run_loop();
    faults_clear();
    expect_outcome(&o, -ECANCELED, 50);
    unlink(path_of("in"));
    close_pool();
}
END_TEST

/* ---- pool_shutdown() ---- */

static void expect_no_thread_left(void)
{
    if (vthreads_left() != 0)
        fail_test("after pool_shutdown() all threads should have been joined\nexpected  0 left\n"
                  "got       %d",
                  vthreads_left());
}

static void expect_end(int at)
{
    if (stage.ended != 1 || stage.ended_at != at)
        fail_test("pool_shutdown(): its callback\nexpected  1 call, at %.3f\n"
                  "got       %d, at %.3f",
                  at / 1000.0, stage.ended, stage.ended_at / 1000.0);
    expect_no_thread_left();
}

static void on_refused_end(void *arg)
{
    (void)arg;
    fail_test("the callback of the second pool_shutdown(), which was refused, was called");
}

static void shut_down(void *arg)
{
    int result = pool_shutdown(stage.pool, on_end, arg);

    if (result != 0)
        fail_test("pool_shutdown()\nexpected  0\ngot       %s%s", result_text(result),
                  result == -ENOSYS ? ": is it written yet? TODO(2)" : "");
    if (stage.ended > 0)
        fail_test("the callback of pool_shutdown() was called before the call had returned");
}

START_TEST(an_idle_pool_ends)
{
    open_pool(3, 1);
    shut_down(NULL);
    run_loop();
    expect_end(0);
    open_pool(1, 1);
    after(50, shut_down, NULL);
    run_loop();
    expect_end(50);
    open_pool(1, 1);
    REFUSED(0, pool_shutdown(stage.pool, NULL, NULL)); /* nobody wants to know */
    run_loop();
    expect_no_thread_left();
}
END_TEST

START_TEST(what_was_accepted_is_finished)
{
    struct task tasks[] = {{.ms = 100}, {.ms = 50}, {.ms = 70, .result = 2}};
    struct task late = {.ms = 1};

    open_pool(1, 3);
    for (int i = 0; i < 3; i++)
        RUN(&tasks[i]);
    ticks(2, 90);
    after(30, shut_down, &tasks);
    run_loop_for(40);
    REFUSED(-ESHUTDOWN, pool_run(stage.pool, work, on_op, release, &late, NULL));
    REFUSED(-EALREADY, pool_shutdown(stage.pool, on_refused_end, &late));
    run_loop();
    if (stage.ended == 1 && stage.ended_arg != &tasks)
        fail_test("pool_shutdown() was called again, and refused: the argument of the callback\n"
                  "expected  that of the first call\ngot       %s",
                  stage.ended_arg == &late ? "that of the second" : "another");
    expect_task(&tasks[0], 0, 100);
    expect_task(&tasks[1], 0, 150);
    expect_task(&tasks[2], 2, 220);
    expect_end(220);
    expect_trace("0.090  tick\n0.180  tick\n");
}
END_TEST

static void shut_down_then(struct outcome *o)
{
    (void)o;
    shut_down(NULL);
}

START_TEST(it_may_be_shut_down_in_a_callback)
{
    struct task first = {.ms = 10}, second = {.ms = 20};

    open_pool(2, 2);
    first.o.then = shut_down_then;
    RUN(&first);
    RUN(&second);
    run_loop();
    expect_task(&first, 0, 10);
    expect_task(&second, 0, 20);
    expect_end(20);
    open_pool(1, 1);
    first = (struct task){.ms = 10, .o = {.then = shut_down_then}};
    RUN(&first);
    run_loop();
    expect_end(30);
}
END_TEST

START_TEST(it_waits_for_workers_that_were_cancelled)
{
    struct task t = {.ms = 200};
    struct outcome silent = {.name = NULL};

    open_pool(2, 2);
    struct fifo_peer *p = fifo_peer_new(path_of("fifo"));
    RUN(&t);
    process(&silent, "fifo", NULL, NULL);
    after(50, cancel, &t.o);
    after(60, cancel, &silent);
    after(70, shut_down, NULL);
    run_loop();
    expect_task(&t, -ECANCELED, 50);
    expect_outcome(&silent, -ECANCELED, 60);
    expect_end(200);
    fifo_peer_free(p);
}
END_TEST

#endif
