/* p5_call_tests.h: the tests of afile_*() and of the splitter, for check_p5_file_processor.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P5_CALL_TESTS_H
#define P5_CALL_TESTS_H

#include "p5_stage.h"

/* ---- afile_*() ---- */

/* Starts a call, and runs the loop to its end. */
#define CALL(o, expression)                                                                        \
    do {                                                                                           \
        memset((o), 0, sizeof(*(o)));                                                              \
        START_CALLED((o), TODO_CALLS, #expression, expression);                                    \
        run_loop();                                                                                \
        expect_called(o);                                                                          \
    } while (0)

static void expect_called(const struct outcome *o)
{
    if (o->calls != 1)
        fail_test("%s: its callback\nexpected  1 call\ngot       %d", o->call, o->calls);
}

static void expect_result(const struct outcome *o, int64_t expected)
{
    if (o->result != expected)
        fail_test("%s\nexpected  %s\ngot       %s", o->call, result_text((int)expected),
                  result_text((int)o->result));
}

static int open_file(const char *name, int flags)
{
    struct outcome o;

    CALL(&o, afile_open(stage.pool, path_of(name), flags, 0600, on_afile, &o, NULL));
    if (o.result < 0)
        fail_test("%s\nexpected  a descriptor\ngot       %s", o.call, result_text((int)o.result));
    return (int)o.result;
}

static void close_file(int fd)
{
    struct outcome o;

    CALL(&o, afile_close(stage.pool, fd, on_afile, &o, NULL));
    expect_result(&o, 0);
    if (fcntl(fd, F_GETFD) >= 0)
        fail_test("after afile_close() the descriptor should be gone, and is still open");
}

static void expect_bytes(const struct outcome *o, const char *expected)
{
    expect_result(o, (int64_t)strlen(expected));
    if (o->n != strlen(expected) || memcmp(o->bytes, expected, o->n) != 0)
        fail_test("%s: bytes\nexpected  \"%s\"\ngot       \"%.*s\"", o->call, expected, (int)o->n,
                  o->bytes);
}

/* Writes a text and reads it again, at some offsets. */
static void write_and_read(void)
{
    struct outcome o;
    char text[] = "0123456789abcdefghij";
    int fd = open_file("both", O_RDWR | O_CREAT | O_TRUNC);

    CALL(&o, afile_write_at(stage.pool, fd, text, 20, 0, on_afile, &o, NULL));
    expect_result(&o, 20);
    CALL(&o, afile_write_at(stage.pool, fd, "XYZ", 3, 19, on_afile, &o, NULL));
    expect_result(&o, 3);
    CALL(&o, afile_fsync(stage.pool, fd, on_afile, &o, NULL));
    expect_result(&o, 0);
    CALL(&o, afile_read_at(stage.pool, fd, 22, 0, on_afile, &o, NULL));
    expect_bytes(&o, "0123456789abcdefghiXYZ");
    CALL(&o, afile_read_at(stage.pool, fd, 7, 8, on_afile, &o, NULL));
    expect_bytes(&o, "89abcde");
    CALL(&o, afile_read_at(stage.pool, fd, 100, 17, on_afile, &o, NULL)); /* it ends before */
    expect_bytes(&o, "hiXYZ");
    CALL(&o, afile_read_at(stage.pool, fd, 100, 22, on_afile, &o, NULL));
    expect_bytes(&o, "");
    CALL(&o, afile_read_at(stage.pool, fd, 0, 0, on_afile, &o, NULL));
    expect_bytes(&o, "");
    close_file(fd);
}

START_TEST(what_was_written_is_read)
{
    open_pool(1, 1);
    write_and_read();
    unlink(path_of("both"));
    close_pool();
}
END_TEST

START_TEST(in_pieces_and_interrupted)
{
    open_pool(1, 1);
    faults.files = true;
    for (size_t piece = 1; piece <= 7; piece += 3) {
        faults.max_read = faults.max_write = piece;
        for (int every = 0; every <= 3; every++) {
            faults.eintr_every = every == 1 ? 0 : every;
            write_and_read();
        }
    }
    unlink(path_of("both"));
    close_pool();
}
END_TEST

/* The caller's bytes and path are gone when the call has returned. */
START_TEST(what_was_handed_in_is_copied)
{
    struct outcome o = {.todo = TODO_CALLS};
    char path[128], text[] = "0123456789";

    open_pool(1, 2);
    snprintf(path, sizeof(path), "%s", path_of("copied"));
    START(&o, TODO_CALLS, afile_open(stage.pool, path, O_RDWR | O_CREAT, 0600, on_afile, &o, NULL));
    memset(path, '?', sizeof(path) - 1);
    run_loop();
    int fd = (int)o.result;
    ck_assert_int_ge(fd, 0);
    o.calls = 0;
    START(&o, TODO_CALLS, afile_write_at(stage.pool, fd, text, 10, 0, on_afile, &o, NULL));
    memset(text, '?', sizeof(text) - 1);
    run_loop();
    expect_result(&o, 10);
    expect_text("copied", "0123456789", "after afile_write_at()");
    close_file(fd);
    unlink(path_of("copied"));
    close_pool();
}
END_TEST

START_TEST(errors_of_open_are_told)
{
    struct outcome o;

    open_pool(1, 1);
    CALL(&o, afile_open(stage.pool, path_of("missing"), O_RDONLY, 0, on_afile, &o, NULL));
    expect_result(&o, -ENOENT);
    CALL(&o, afile_open(stage.pool, stage.folder, O_WRONLY, 0, on_afile, &o, NULL));
    expect_result(&o, -EISDIR);
    faults.fail_call = "open"; /* as root there is no other way */
    faults.fail_errno = EACCES;
    CALL(&o, afile_open(stage.pool, stage.folder, O_RDONLY, 0, on_afile, &o, NULL));
    expect_result(&o, -EACCES);
    close_pool();
}
END_TEST

START_TEST(errors_of_the_others_are_told)
{
    struct outcome o;

    open_pool(1, 1);
    int fd = open_file(".", O_RDONLY);
    CALL(&o, afile_read_at(stage.pool, fd, 10, 0, on_afile, &o, NULL));
    expect_result(&o, -EISDIR);
    close_file(fd);
    CALL(&o, afile_read_at(stage.pool, fd, 10, 0, on_afile, &o, NULL));
    expect_result(&o, -EBADF);
    CALL(&o, afile_write_at(stage.pool, fd, "abc", 3, 0, on_afile, &o, NULL));
    expect_result(&o, -EBADF);
    CALL(&o, afile_fsync(stage.pool, fd, on_afile, &o, NULL));
    expect_result(&o, -EBADF);
    close_pool();
}
END_TEST

/* The n-th call fails, behind pieces that went well. */
static void expect_failure(const char *call, int n, int error)
{
    struct outcome o;
    int fd = open_file("file", O_RDWR | O_CREAT);

    faults = (struct faults){.files = true, .max_read = 4, .max_write = 4};
    faults.fail_call = call;
    faults.fail_at = n;
    faults.fail_errno = error;
    if (strcmp(call, "write") == 0)
        CALL(&o, afile_write_at(stage.pool, fd, "0123456789", 10, 0, on_afile, &o, NULL));
    else if (strcmp(call, "read") == 0)
        CALL(&o, afile_read_at(stage.pool, fd, 10, 0, on_afile, &o, NULL));
    else
        CALL(&o, afile_fsync(stage.pool, fd, on_afile, &o, NULL));
    expect_result(&o, -error);
    faults_clear();
    close_file(fd);
}

START_TEST(an_error_behind_some_bytes_is_told)
{
    struct outcome o;

    open_pool(1, 1);
    expect_failure("write", 2, EIO);
    int fd = open_file("file", O_RDWR | O_CREAT);
    faults.enospc_after = 6;
    CALL(&o, afile_write_at(stage.pool, fd, "0123456789", 10, 0, on_afile, &o, NULL));
    expect_result(&o, -ENOSPC);
    faults_clear();
    close_file(fd);
    expect_failure("read", 2, EIO);
    expect_failure("fsync", 1, EIO);
    unlink(path_of("file"));
    close_pool();
}
END_TEST

/* ---- the splitter ---- */

/* What it should give: "[1:text]", "[2!300]" for a line that is too long. */
struct lines {
    char text[512];
    int stop_at; /* the line at which to return 7 */
};

static int note_line(const char *line, size_t n, int64_t number, void *arg)
{
    struct lines *lines = arg;
    size_t used = strlen(lines->text), room = sizeof(lines->text) - used;
    char *to = lines->text + used;

    if (line == NULL) {
        snprintf(to, room, "[%lld!%zu]", (long long)number, n);
    } else {
        int head = snprintf(to, room, "[%lld:", (long long)number);
        for (size_t i = 0; i < n && (size_t)head + i + 2 < room; i++)
            to[(size_t)head + i] = line[i] == '\0' ? '0' : line[i] == '\r' ? 'r' : line[i];
        strcpy(to + head + n, "]");
    }
    return number == lines->stop_at ? 7 : 0;
}

static void expect_lines_in_pieces(const char *bytes, size_t n, size_t max_line,
                                   const char *expected, size_t piece)
{
    struct lines lines = {.text = ""};
    struct splitter *s = splitter_new(max_line, note_line, &lines);
    int result = 0;

    if (s == NULL)
        fail_test("splitter_new() returned NULL: is it written yet? TODO(4)");
    for (size_t at = 0; at < n && result == 0; at += piece) {
        size_t some = n - at < piece ? n - at : piece;
        char *copy = malloc(some); /* of just that size, and gone after the call */
        memcpy(copy, bytes + at, some);
        result = splitter_feed(s, copy, some);
        free(copy);
    }
    result = result == 0 ? splitter_end(s) : result;
    splitter_free(s);
    if (result != 0 || strcmp(lines.text, expected) != 0)
        fail_test(
            "lines of up to %zu bytes, fed in pieces of %zu: [number:line], '\\r' shown as r, "
            "'\\0' as 0\nexpected  %s\ngot       %s",
            max_line, piece, expected, lines.text);
}

static void expect_lines(const char *bytes, size_t n, size_t max_line, const char *expected)
{
    for (size_t piece = n > 0 ? n : 1; piece > 0; piece--)
        expect_lines_in_pieces(bytes, n, max_line, expected, piece);
}

#define LINES(text, max_line, expected)                                                            \
    expect_lines((text), sizeof(text) - 1, (max_line), (expected))

START_TEST(lines_end_with_a_newline)
{
    LINES("one\ntwo\nthree\n", 10, "[1:one][2:two][3:three]");
    LINES("one\n\n\ntwo\n", 10, "[1:one][2:][3:][4:two]");
    LINES("\n", 10, "[1:]");
}
END_TEST

START_TEST(the_last_line_may_have_no_end)
{
    LINES("one\ntwo", 10, "[1:one][2:two]");
    LINES("o", 10, "[1:o]");
    LINES("", 10, "");
}
END_TEST

START_TEST(crlf_is_an_end_too)
{
    LINES("one\r\ntwo\r\n\r\nthree\n", 10, "[1:one][2:two][3:][4:three]");
    LINES("a\rb\r\r\n\r", 10, "[1:arbr][2:r]");
    LINES("\r\n", 10, "[1:]");
    LINES("a\r", 10, "[1:ar]");
}
END_TEST

START_TEST(a_line_may_hold_any_byte)
{
    LINES("a\0b\0\n\0\nc", 10, "[1:a0b0][2:0][3:c]");
}
END_TEST

START_TEST(a_line_that_is_too_long)
{
    LINES("abcd\nabcde\nabcdef\nabc\n", 4, "[1:abcd][2!5][3!6][4:abc]");
    LINES("abcd\r\nabcde\r\nabcd\r", 4, "[1:abcd][2!5][3!5]");
    LINES("abcdefghijklmnop", 4, "[1!16]");
    LINES("abcdefghijk\n\nabcd", 4, "[1!11][2:][3:abcd]");
    LINES("a\n\nbc\n", 1, "[1:a][2:][3!2]");
    LINES("\nb\n", 0, "[1:][2!1]");
}
END_TEST

START_TEST(it_stops_where_it_is_told_to)
{
    for (size_t piece = 1; piece < 9; piece++) {
        struct lines lines = {.stop_at = 2};
        struct splitter *s = splitter_new(10, note_line, &lines);
        ck_assert_ptr_nonnull(s);
        int result = 0;
        for (size_t at = 0; at < 8 && result == 0; at += piece)
            result = splitter_feed(s, &"a\nb\nc\nd\n"[at], 8 - at < piece ? 8 - at : piece);
        splitter_free(s);
        if (result != 7 || strcmp(lines.text, "[1:a][2:b]") != 0)
            fail_test("the second line stops the splitter, with 7\nexpected  7 after [1:a][2:b]\n"
                      "got       %d after %s",
                      result, lines.text);
    }
    struct lines last = {.stop_at = 1};
    struct splitter *s = splitter_new(10, note_line, &last);
    ck_assert_int_eq(splitter_feed(s, "a", 1), 0);
    if (splitter_end(s) != 7)
        fail_test("splitter_end() should return what the function returned for the last line");
    splitter_free(s);
    splitter_free(NULL);
}
END_TEST

START_TEST(it_keeps_no_more_than_a_line)
{
    enum { PIECE = 1024, PIECES = 100, MOST = 4096 };
    struct lines lines = {.text = ""};
    char piece[PIECE];

    memset(piece, 'x', sizeof(piece));
    alloc_watch();
    struct splitter *s = splitter_new(64, note_line, &lines);
    ck_assert_ptr_nonnull(s);
    for (int i = 0; i < PIECES; i++)
        ck_assert_int_eq(splitter_feed(s, piece, PIECE), 0);
    ck_assert_int_eq(splitter_end(s), 0);
    splitter_free(s);
    size_t most = alloc_most();
    if (most > MOST || strcmp(lines.text, "[1!102400]") != 0)
        fail_test("a line of 102,400 bytes, of which 64 are allowed\n"
                  "expected  [1!102400], and at most %d bytes of memory\ngot       %s, and %zu",
                  MOST, lines.text, most);
}
END_TEST

static void feed_without_memory(void *arg)
{
    struct lines lines = {.text = ""};
    struct splitter *s = splitter_new(8, note_line, &lines);
    (void)arg;

    if (s != NULL)
        (void)splitter_feed(s, "abc", 3);
    splitter_free(s);
}

START_TEST(no_memory_for_a_line)
{
    LINES("a\n", 4, "[1:a]");
    each_allocation_fails(feed_without_memory, NULL);
}
END_TEST

#endif
