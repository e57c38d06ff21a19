/* jukebox_read_tests.h: what is read, and what cannot be, for the suite of 13_file_read_write
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef JUKEBOX_READ_TESTS_H
#define JUKEBOX_READ_TESTS_H

#include "jukebox_disk.h"

/* ---- what is read ---- */

START_TEST(files_of_any_size)
{
    static char longest[RECORD_MOST];
    struct disk d;

    for (size_t k = 0; k < sizeof(longest); k++)
        longest[k] = (char)(k % 251); /* 0 is among them */
    disk_open(&d);
    source_load(file_new(&d, "So What", 7));
    source_load(file_new(&d, "", 0));
    source_load(file_new(&d, longest, sizeof(longest)));
    run_loop_for(SOON_MS);
    expect_told(&d, "0.000  A: 7 bytes, right\n"
                    "0.000  B: 0 bytes, right\n"
                    "0.000  C: 65536 bytes, right\n");
    disk_close(&d);
}
END_TEST

START_TEST(short_reads_and_signals)
{
    struct disk d;

    disk_open(&d);
    faults.files = true;
    faults.max_read = 3;
    source_load(file_new(&d, "Freddie Freeloader", 18));
    run_loop_for(SOON_MS);
    expect_told(&d, "0.000  A: 18 bytes, right\n");
    faults.eintr_every = 2;
    source_load(file_new(&d, "Flamenco Sketches", 17));
    run_loop_for(SOON_MS);
    expect_told(&d, "0.100  B: 17 bytes, right\n");
    faults.eintr_every = 4;
    faults.eintr_in_a_row = 3; /* signals may come close upon each other */
    source_load(file_new(&d, "Blue in Green", 13));
    run_loop_for(SOON_MS);
    expect_told(&d, "0.200  C: 13 bytes, right\n");
    disk_close(&d);
}
END_TEST

static void play_so(struct source *s)
{
    tape_play(s, "So ");
}

static void play_what(struct source *s)
{
    tape_play(s, "What");
}

START_TEST(a_tape_that_plays_slowly)
{
    struct disk d;

    disk_open(&d);
    struct source *tape = tape_new(&d);
    source_load(tape);
    at(100, play_so, tape);
    at(300, play_what, tape);
    at(500, tape_end, tape);
    run_loop_for(600);
    expect_told(&d, "0.500  A: 7 bytes, \"So What\"\n");
    disk_close(&d);
}
END_TEST

/* ---- what cannot be read ---- */

START_TEST(what_is_not_there)
{
    struct disk d;

    disk_open(&d);
    path_load(file_new(&d, "", 0), "/no/such/record");
    path_load(file_new(&d, "", 0), "/"); /* a folder can be opened, and not read */
    source_load(file_new(&d, "So What", 7));
    run_loop_for(SOON_MS);
    expect_told(&d, "0.000  A: 0 bytes, -ENOENT\n"
                    "0.000  B: 0 bytes, -EISDIR\n"
                    "0.000  C: 7 bytes, right\n");
    disk_close(&d);
}
END_TEST

START_TEST(what_is_too_long)
{
    static char content[2 * RECORD_MOST];
    struct disk d;

    disk_open(&d);
    source_load(file_new(&d, content, RECORD_MOST + 1));
    source_load(file_new(&d, content, sizeof(content)));
    run_loop_for(SOON_MS);
    expect_told(&d, "0.000  A: 0 bytes, -EFBIG\n"
                    "0.000  B: 0 bytes, -EFBIG\n");
    disk_close(&d);
}
END_TEST

/* 1024 bytes a read: one of them ends at RECORD_MOST, and the room behind that is for one byte. */
START_TEST(what_is_too_long_and_comes_in_pieces)
{
    static char content[2 * RECORD_MOST];
    struct disk d;

    disk_open(&d);
    faults.files = true;
    faults.max_read = 1024;
    source_load(file_new(&d, content, RECORD_MOST));
    source_load(file_new(&d, content, RECORD_MOST + 1));
    source_load(file_new(&d, content, sizeof(content)));
    run_loop_for(SOON_MS);
    expect_told(&d, "0.000  A: 65536 bytes, right\n"
                    "0.000  B: 0 bytes, -EFBIG\n"
                    "0.000  C: 0 bytes, -EFBIG\n");
    disk_close(&d);
}
END_TEST

START_TEST(an_error_in_the_middle)
{
    struct disk d;

    disk_open(&d);
    faults.files = true;
    faults.max_read = 4;
    faults.reset_after = 8;
    source_load(file_new(&d, "Freddie Freeloader", 18));
    run_loop_for(SOON_MS);
    expect_told(&d, "0.000  A: 0 bytes, -ECONNRESET\n");
    disk_close(&d);
}
END_TEST

#endif
