/* check_13_file_read_write.c: the suite of 13_file_read_write, the jukebox
 *
 * SPDX-License-Identifier: MIT
 */
#include "jukebox_disk.h"
#include "jukebox_read_tests.h"

/* ---- the loop ---- */

static void beat(struct source *s)
{
    (void)s;
    trace("beat");
}

static void play_and_end(struct source *s)
{
    tape_play(s, "Blue in Green");
    tape_end(s);
}

START_TEST(the_beat_goes_on)
{
    struct disk d;

    disk_open(&d);
    struct source *tape = tape_new(&d);
    source_load(tape);
    trace("loading");
    at(350, play_and_end, tape);
    for (int ms = 100; ms <= 400; ms += 100)
        at(ms, beat, tape);
    run_loop_for(450);
    expect_told(&d, "0.000  loading\n"
                    "0.100  beat\n"
                    "0.200  beat\n"
                    "0.300  beat\n"
                    "0.350  A: 13 bytes, \"Blue in Green\"\n"
                    "0.400  beat\n");
    disk_close(&d);
}
END_TEST

START_TEST(no_file_is_touched_in_the_loop)
{
    struct disk d;

    disk_open(&d);
    io_forbid_files(true);
    struct source *file = file_new(&d, "So What", 7);
    at(100, source_load, file);
    at(200, source_load, file);
    run_loop_for(300);
    expect_told(&d, "0.100  A: 7 bytes, right\n"
                    "0.200  A: 7 bytes, right\n");
    disk_close(&d);
}
END_TEST

/* ---- the way back ---- */

/* The record on tape A is loaded, and B behind it, before the loop runs on. */
static void load_two_at_once(struct source *s)
{
    struct source *marker = &s->disk->sources[2];

    play_and_end(s);
    if (!worker_has_come_to(marker))
        fail_test("two records are loaded, and the worker does not go on with the third");
}

START_TEST(woken_once_for_several)
{
    struct disk d;

    disk_open(&d);
    struct source *tape = tape_new(&d), *file = file_new(&d, "So What", 7), *last = tape_new(&d);
    tape_play(last, "All ");
    source_load(tape);
    source_load(file);
    source_load(last);
    at(300, load_two_at_once, tape);
    at(500, play_and_end, last);
    run_loop_for(600);
    expect_told(&d, "0.300  A: 13 bytes, \"Blue in Green\"\n"
                    "0.300  B: 7 bytes, right\n"
                    "0.500  C: 17 bytes, \"All Blue in Green\"\n");
    disk_close(&d);
}
END_TEST

/* Told of A: ends tape B, and waits for the worker to come to tape C. */
static void watch_the_worker(struct source *s)
{
    play_and_end(&s->disk->sources[1]);
    if (!worker_has_come_to(&s->disk->sources[2]))
        fail_test("expected  while on_loaded() runs, the worker hands over its record and goes on\n"
                  "got       a worker that waits: is the lock held during the callback?");
    trace("the worker goes on");
}

START_TEST(the_worker_goes_on_meanwhile)
{
    struct disk d;

    disk_open(&d);
    struct source *file = file_new(&d, "So What", 7), *tape = tape_new(&d), *last = tape_new(&d);
    file->then = watch_the_worker;
    tape_play(last, "All ");
    source_load(file);
    source_load(tape);
    source_load(last);
    at(500, play_and_end, last);
    run_loop_for(600);
    expect_told(&d, "0.000  A: 7 bytes, right\n"
                    "0.000  the worker goes on\n"
                    "0.000  B: 13 bytes, \"Blue in Green\"\n"
                    "0.500  C: 17 bytes, \"All Blue in Green\"\n");
    disk_close(&d);
}
END_TEST

static void load_next(struct source *s)
{
    source_load(s + 1);
}

START_TEST(a_callback_may_load_another)
{
    struct disk d;

    disk_open(&d);
    for (int k = 0; k < 3; k++)
        file_new(&d, "So What", 7)->then = k < 2 ? load_next : NULL;
    at(100, source_load, &d.sources[0]);
    run_loop_for(200);
    expect_told(&d, "0.100  A: 7 bytes, right\n"
                    "0.100  B: 7 bytes, right\n"
                    "0.100  C: 7 bytes, right\n");
    disk_close(&d);
}
END_TEST

static void look_at_the_lock(struct source *s)
{
    (void)s;
    if (locks_waker_is_held())
        fail_test(
            "expected  on_woken() waits for the lock, which the worker holds when it wakes the "
            "loop\ngot       a record taken off the queue while the worker holds the lock");
}

/* The worker wakes the loop, and keeps the lock until the loop wants it, or for a while. */
START_TEST(the_queue_is_touched_with_the_lock)
{
    const int long_enough_ms = 300; /* of real time, for a loop that does not want it */
    struct disk d;

    disk_open(&d);
    locks_hold_wakers(long_enough_ms);
    struct source *file = file_new(&d, "So What", 7);
    file->then = look_at_the_lock;
    source_load(file);
    run_loop_for(SOON_MS);
    expect_told(&d, "0.000  A: 7 bytes, right\n");
    disk_close(&d);
}
END_TEST

START_TEST(threads_are_refused)
{
    faults.no_locks = true;
    const int result = jukebox_use_threads();
    const bool refused = !faults.no_locks; /* who wakes the loop by other means asks for none */
    ck_assert_msg(!refused || result == -1,
                  "libevent has no locks to give\nexpected  jukebox_use_threads() gives -1\n"
                  "got       %s",
                  result_text(result));
}
END_TEST

/* ---- the end ---- */

START_TEST(freed_with_records_under_way)
{
    struct disk d;

    disk_open(&d);
    source_load(file_new(&d, "So What", 7));
    run_loop_for(SOON_MS);
    expect_told(&d, "0.000  A: 7 bytes, right\n");
    source_load(file_new(&d, "Blue in Green", 13)); /* may be loaded, or reading, or waiting */
    source_load(file_new(&d, "All Blues", 9));
    disk_close(&d);
    run_loop_for(SOON_MS);
    expect_told(&d, ""); /* nobody is told any more */
    jukebox_free(NULL);
}
END_TEST

static void *end_later(void *arg)
{
    usleep(300 * 1000);
    (void)!write(((struct source *)arg)->tape, "So What", 7);
    tape_end(arg);
    return NULL;
}

START_TEST(freed_while_the_worker_reads)
{
    struct disk d;
    pthread_t deck;

    disk_open(&d);
    struct source *tape = tape_new(&d);
    tape_play(tape, "Miles: ");
    source_load(tape);
    source_load(file_new(&d, "All Blues", 9));
    ck_assert_msg(worker_has_come_to(tape), "the worker does not read what is on the tape");
    ck_assert_int_eq(pthread_create(&deck, NULL, end_later, tape), 0);
    disk_close(&d); /* waits for the tape */
    ck_assert_msg(now_ms() == 300,
                  "the tape goes on until 0.300: when jukebox_free() has come back\n"
                  "expected  0.300: it waits for a read that is under way, to the end of the tape\n"
                  "got       %.3f: does the worker stop reading before the end?",
                  now_ms() / 1e3);
    ck_assert_int_eq(pthread_join(deck, NULL), 0);
    run_loop_for(SOON_MS);
    expect_told(&d, "");
}
END_TEST

static void load_or_not(void *unused)
{
    struct disk d = {.loop = pthread_self()};

    (void)unused;
    ck_assert_int_eq(jukebox_use_threads(), 0);
    d.jukebox = jukebox_new(test_base());
    if (d.jukebox == NULL)
        return;
    struct source *s = file_new(&d, "So What", 7);
    int result = jukebox_load(d.jukebox, s->path, on_told, s);
    run_loop_for(SOON_MS);
    ck_assert_msg(result == 0 || result == -ENOMEM,
                  "expected  jukebox_load() gives 0 or -ENOMEM\ngot       %s", result_text(result));
    disk_close(&d);
}

START_TEST(without_memory)
{
    each_allocation_fails(load_or_not, NULL);
}
END_TEST

Suite *exercise_suite(void)
{
    Suite *s = suite_create("13_file_read_write");

    behaviour(s, "[1] a record is told whole, however it is read",
              "a read gives some bytes, or is interrupted; the end is told by 0 (3.3.2, \"Reading "
              "and writing "
              "files\")",
              files_of_any_size, short_reads_and_signals, a_tape_that_plays_slowly);
    behaviour(s, "[1] what cannot be read is told with its errno",
              "an error in a worker is a result like any other, and goes the same way (3.3.2, "
              "\"Reading and writing files\")",
              what_is_not_there, what_is_too_long, what_is_too_long_and_comes_in_pieces,
              an_error_in_the_middle);
    behaviour(s, "[1] the loop goes on while a record is read",
              "the loop can watch no file: a thread of its own waits for the disk (3.3.2, "
              "\"Reading and writing files\")",
              the_beat_goes_on, no_file_is_touched_in_the_loop);
    behaviour(s, "[1] all that is loaded comes back to the loop's thread",
              "the worker wakes the loop, and the loop, with the lock, fetches all that there is "
              "(3.3.2, \"Reading "
              "and writing files\")",
              woken_once_for_several, the_worker_goes_on_meanwhile, a_callback_may_load_another,
              the_queue_is_touched_with_the_lock, threads_are_refused);
    behaviour(s, "[1] a record is freed once, when nobody needs it any more",
              "a result belongs to one thread at a time, and the last one frees it (3.3.2, "
              "\"Reading and writing files\")",
              freed_with_records_under_way, freed_while_the_worker_reads, without_memory);
    return s;
}
