/* p5_file_tests.h: the tests of file_process(): the loop's thread, memory, the result, for
 * check_p5_file_processor.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P5_FILE_TESTS_H
#define P5_FILE_TESTS_H

#include "p5_works.h"

/* A line_fn: the line backwards, with its number. */
static int line_backwards(const char *line, size_t n, int64_t number, struct line_out *out,
                          void *arg)
{
    char text[64];
    int error = 0;

    if (pthread_equal(pthread_self(), stage.thread))
        fail_anywhere("line_fn ran on the loop's thread, and not on a worker");
    if (n > 0 && line[0] == '!')
        return -EBADMSG; /* this one has an error */
    if (arg != NULL)
        ++*(int *)arg;
    snprintf(text, sizeof(text), "%lld:", (long long)number);
    error = line_write(out, text, strlen(text));
    while (n > 0 && error == 0)
        error = line_write(out, &line[--n], 1);
    return error != 0 ? error : line_write(out, "\n", 1);
}

static const struct file_options backwards = {.chunk = 8, .max_line = 6, .line = line_backwards};

/* Starts the processing of a file of the folder; out: NULL, or the name of the result. */
static void process(struct outcome *o, const char *in, const char *out,
                    const struct file_options *options)
{
    struct file_job job = {path_of(in), out != NULL ? path_of(out) : NULL};

    snprintf(o->text, sizeof(o->text), "file_process() of \"%s\"%s%s%s", in,
             out != NULL ? " into \"" : "", out != NULL ? out : "", out != NULL ? "\"" : "");
    START_CALLED(o, TODO_FILE, o->text,
                 file_process(stage.pool, &job, options, on_file, o, &o->op));
}

static void expect_counts(const struct outcome *o, int64_t lines, int64_t words, int64_t bytes)
{
    const struct file_report *r = &o->report;

    if (r->lines != lines || r->words != words || r->bytes != bytes)
        fail_test("%s: report\nexpected  lines %lld, words %lld, bytes %lld\n"
                  "got       lines %lld, words %lld, bytes %lld",
                  o->call, (long long)lines, (long long)words, (long long)bytes,
                  (long long)r->lines, (long long)r->words, (long long)r->bytes);
}

/* So many lines have an error; the last of those that are noted is that of `line`. */
static void expect_errors(const struct outcome *o, int64_t n, int64_t line, int error,
                          const char *why)
{
    const struct file_report *r = &o->report;
    int64_t last = r->n_errors < FILE_ERRORS_MOST ? r->n_errors : FILE_ERRORS_MOST;
    struct line_error got = last > 0 ? r->errors[last - 1] : (struct line_error){0, 0};

    if (r->n_errors != n || got.line != line || got.error != error)
        fail_test("%s: errors in the report: %s\n"
                  "expected  %lld, the last that is noted: %s in line %lld\n"
                  "got       %lld%s%s%s%.0lld",
                  o->call, why, (long long)n, result_text(error), (long long)line,
                  (long long)r->n_errors, last > 0 ? ", the last that is noted: " : "",
                  last > 0 ? result_text(got.error) : "", last > 0 ? " in line " : "",
                  (long long)got.line);
}

/* ---- the loop's thread ---- */

struct scene {
    struct outcome open, read, file, close;
    int fd;
};

static void close_it(struct outcome *o)
{
    struct scene *s = o->arg;
    START(&s->close, TODO_CALLS, afile_close(stage.pool, s->fd, on_afile, &s->close, &s->close.op));
}

static void read_it(struct outcome *o)
{
    struct scene *s = o->arg;

    s->fd = (int)o->result;
    s->read.then = close_it;
    s->read.arg = s;
    START(&s->read, TODO_CALLS,
          afile_read_at(stage.pool, s->fd, 5, 0, on_afile, &s->read, &s->read.op));
}

static void begin_scene(void *arg)
{
    struct scene *s = arg;

    s->open.then = read_it;
    s->open.arg = s;
    START(&s->open, TODO_CALLS,
          afile_open(stage.pool, path_of("in"), O_RDONLY, 0, on_afile, &s->open, &s->open.op));
    process(&s->file, "in", "out", &backwards);
}

START_TEST(the_loops_thread_makes_no_file_call)
{
    struct scene s = {.fd = -1};

    open_pool(2, 4);
    write_text("in", "one\ntwo\n");
    io_forbid_files(true);
    after(10, begin_scene, &s);
    run_loop();
    io_forbid_files(false);
    expect_outcome(&s.file, 0, 10);
    expect_outcome(&s.close, 0, 10);
    expect_text("out", "1:eno\n2:owt\n", "after file_process()");
    unlink(path_of("in"));
    unlink(path_of("out"));
    close_pool();
}
END_TEST

START_TEST(the_loop_ticks_while_a_worker_waits_for_a_fifo)
{
    struct outcome o = {.name = "file"};

    open_pool(1, 1);
    struct fifo_peer *p = fifo_peer_new(path_of("fifo"));
    fifo_peer_open(p, 150);
    fifo_peer_send(p, 220, "one tw", 6);
    fifo_peer_send(p, 330, "o\n\nthree", 8);
    fifo_peer_close(p, 430);
    ticks(5, 100);
    process(&o, "fifo", NULL, NULL);
    run_loop();
    expect_trace("0.100  tick\n0.200  tick\n0.300  tick\n0.400  tick\n0.430  file: 0\n"
                 "0.500  tick\n");
    expect_outcome(&o, 0, 430);
    expect_counts(&o, 2, 3, 14);
    fifo_peer_free(p);
    close_pool();
}
END_TEST

/* The disk takes 30 ms for each call: five reads of a file of 4 chunks, the last of them empty. */
START_TEST(the_loop_ticks_while_the_disk_is_slow)
{
    struct outcome o = {.name = "file"};
    const struct file_options chunks = {.chunk = 4};

    open_pool(1, 1);
    write_text("in", "one\ntwo\nsix\nten\n");
    faults.file_ms = 30;
    ticks(4, 40);
    process(&o, "in", NULL, &chunks);
    run_loop_for(70);
    int64_t bytes = op_bytes(o.op);
    if (bytes != 8)
        fail_test("at 0.070 two chunks of 4 bytes have been read: op_bytes()\nexpected  8\n"
                  "got       %lld",
                  (long long)bytes);
    run_loop();
    expect_counts(&o, 4, 4, 16);
    expect_trace("0.040  tick\n0.080  tick\n0.120  tick\n0.150  file: 0\n0.160  tick\n");
    unlink(path_of("in"));
    close_pool();
}
END_TEST

START_TEST(a_silent_fifo_holds_up_one_worker_only)
{
    struct outcome silent = {.name = "fifo"}, o = {.name = "file"};

    open_pool(2, 2);
    write_text("in", "one\n");
    struct fifo_peer *p = fifo_peer_new(path_of("fifo"));
    fifo_peer_open(p, 700);
    fifo_peer_close(p, 800); /* without a word */
    process(&silent, "fifo", NULL, NULL);
    process(&o, "in", NULL, NULL);
    run_loop();
    expect_outcome(&o, 0, 0);
    expect_outcome(&silent, 0, 800);
    expect_counts(&silent, 0, 0, 0);
    fifo_peer_free(p);
    unlink(path_of("in"));
    close_pool();
}
END_TEST

/* A worker that waits for a FIFO is woken by the FIFO, or by op_cancel(), and by nothing else. */
START_TEST(who_waits_for_a_fifo_sleeps)
{
    struct outcome o = {.name = NULL};

    open_pool(1, 1);
    struct fifo_peer *p = fifo_peer_new(path_of("fifo"));
    process(&o, "fifo", NULL, NULL);
    run_loop_for(10);
    if (wakes_by_itself())
        fail_test("a worker waits for a FIFO that says nothing\n"
                  "expected  it sleeps until there is something to read\n"
                  "got       it wakes up again and again, and looks");
    fifo_peer_open(p, now_ms() + 10);
    fifo_peer_close(p, now_ms() + 20);
    run_loop();
    expect_outcome(&o, 0, now_ms());
    fifo_peer_free(p);
    close_pool();
}
END_TEST

/* A signal comes while a worker waits; and what poll() has promised is not there after all. */
START_TEST(a_fifo_and_a_signal)
{
    struct outcome o = {.name = NULL};

    open_pool(1, 1);
    struct fifo_peer *p = fifo_peer_new(path_of("fifo"));
    faults.eagain_every = 2;
    process(&o, "fifo", NULL, NULL);
    run_loop_for(10);
    interrupt_workers();
    run_loop_for(10);
    if (o.calls > 0)
        fail_test("a signal came while a worker waited for a FIFO\n"
                  "expected  it waits on\ngot       %s",
                  result_text((int)o.result));
    fifo_peer_send(p, 100, "one tw", 6);
    fifo_peer_send(p, 200, "o\n", 2);
    fifo_peer_send(p, 300, "three", 5);
    fifo_peer_close(p, 400);
    run_loop();
    if (o.result == -EAGAIN)
        fail_test("poll() said that the FIFO could be read, and read() answered EAGAIN\n"
                  "expected  it is waited for again\ngot       -EAGAIN as the result");
    expect_outcome(&o, 0, 400);
    expect_counts(&o, 1, 3, 13);
    fifo_peer_free(p);
    close_pool();
}
END_TEST

START_TEST(a_file_in_pieces_and_interrupted)
{
    open_pool(1, 1);
    write_text("in", "one\r\n!two\n\nlonger than that\nthre");
    for (int every = 2; every <= 4; every++) {
        struct outcome o = {.todo = TODO_FILE};
        faults =
            (struct faults){.files = true, .max_read = 3, .max_write = 2, .eintr_every = every};
        process(&o, "in", "out", &backwards);
        run_loop();
        faults_clear();
        expect_outcome(&o, 0, 0);
        expect_counts(&o, 4, 6, 32);
        expect_text("out", "1:eno\n3:\n5:erht\n", "after file_process()");
        const struct file_report *r = &o.report;
        if (r->n_errors != 2 || r->errors[0].line != 2 || r->errors[0].error != -EBADMSG ||
            r->errors[1].line != 4 || r->errors[1].error != -EMSGSIZE)
            fail_test("line_fn did not take line 2, and line 4 was too long\n"
                      "expected  2 errors: -EBADMSG in 2, -EMSGSIZE in 4\n"
                      "got       %lld: %s in %lld, %s in %lld",
                      (long long)r->n_errors, result_text(r->errors[0].error),
                      (long long)r->errors[0].line, result_text(r->errors[1].error),
                      (long long)r->errors[1].line);
    }
    unlink(path_of("in"));
    unlink(path_of("out"));
    close_pool();
}
END_TEST

/* ---- memory ---- */

static void write_hole(const char *name, off_t n)
{
    int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ftruncate(fd, n), 0);
    close(fd);
}

static void expect_memory(size_t chunk, const char *what)
{
    size_t most = alloc_most();

    if (most > 4 * chunk)
        fail_test("%s: memory in use at a time, with chunks of %zu bytes\n"
                  "expected  at most %zu bytes\ngot       %zu bytes",
                  what, chunk, 4 * chunk, most);
}

START_TEST(a_file_larger_than_memory)
{
    enum { CHUNK_BYTES = 64 * 1024 };
    const off_t size = (off_t)16 << 20;
    const struct file_options options = {.chunk = CHUNK_BYTES, .line = line_backwards};
    struct outcome o = {.todo = TODO_FILE};

    open_pool(1, 1);
    write_hole("in", size);
    alloc_watch();
    process(&o, "in", "out", &options);
    run_loop();
    expect_memory(CHUNK_BYTES, "a file of 16 MiB that is a single line");
    expect_outcome(&o, 0, 0);
    expect_counts(&o, 0, 0, size);
    expect_errors(&o, 1, 1, -EMSGSIZE, "its one line is longer than max_line");
    unlink(path_of("in"));
    unlink(path_of("out"));
    close_pool();
}
END_TEST

START_TEST(many_lines_many_errors)
{
    enum { LINES_ = 20000, CHUNK_BYTES = 4096 };
    const struct file_options options = {
        .chunk = CHUNK_BYTES, .max_line = 6, .line = line_backwards};
    struct outcome o = {.todo = TODO_FILE};
    char *text = malloc(LINES_ * 6);

    ck_assert_ptr_nonnull(text);
    for (int i = 0; i < LINES_; i++)
        memcpy(text + i * 6, i % 2 == 0 ? "a bcd\n" : "!errs\n", 6);
    open_pool(1, 1);
    write_file("in", text, LINES_ * 6);
    free(text);
    alloc_watch();
    process(&o, "in", "out", &options);
    run_loop();
    expect_memory(CHUNK_BYTES, "20,000 lines, half of them with errors");
    expect_outcome(&o, 0, 0);
    expect_counts(&o, LINES_, LINES_ + LINES_ / 2, LINES_ * 6);
    expect_errors(&o, LINES_ / 2, 2 * FILE_ERRORS_MOST, -EBADMSG,
                  "line_fn did not take every second line");
    unlink(path_of("in"));
    unlink(path_of("out"));
    close_pool();
}
END_TEST

/* Another program cuts the file off while it is read: at the third read. */
static atomic_int reads;

static void shrink(const char *call, const char *path)
{
    (void)path;
    if ((strcmp(call, "read") == 0 || strcmp(call, "pread") == 0) && ++reads == 3 &&
        truncate(path_of("in"), 5) != 0)
        fail_anywhere("truncate() failed");
}

START_TEST(a_file_that_shrinks)
{
    struct outcome o = {.todo = TODO_FILE};

    open_pool(1, 1);
    write_text("in", "one\ntwo\nsix\nten\n!\nend\n");
    reads = 0;
    faults.on_file_call = shrink;
    process(&o, "in", "out", &backwards);
    run_loop();
    faults_clear();
    expect_outcome(&o, 0, 0);
    expect_counts(&o, 4, 4, 16); /* two chunks of 8 */
    expect_text("out", "1:eno\n2:owt\n3:xis\n4:net\n", "after a file that shrank");
    unlink(path_of("in"));
    unlink(path_of("out"));
    close_pool();
}
END_TEST

#endif
