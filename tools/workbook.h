/* workbook.h: what all commands share, and the commands
 *
 * While it works, the program stands in the root of the source tree, so that
 * paths in messages are short and mean the same to the student's shell.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef WORKBOOK_H
#define WORKBOOK_H

#include "catalogue.h"
#include "process.h"

enum {
    STATUS_FULL = 0,    /* all that was asked for has full points */
    STATUS_PART = 1,    /* not all */
    STATUS_USAGE = 2,   /* a usage or set-up error */
    STATUS_SIGNAL = 128 /* and the signal's number is added */
};

struct options {
    char **names; /* what the command is about */
    int count;
    char **program; /* run, demo: the program's argv; its first word is to be set */
    bool json, tap, virtual_time, real_time, help;
    const char *file, *kind, *behaviour;
    char *file_text; /* what is in `file` */
};

struct workbook {
    char *build;                /* the build folder, absolute */
    struct catalogue exercises; /* in the order of the course */
    struct catalogue programs;  /* of the chapters */
    struct runner *runner;
};

/* Each returns an exit status. */
int command_progress(struct workbook *workbook, const struct options *options);
int command_list(struct workbook *workbook, const struct options *options);
int command_test(struct workbook *workbook, const struct options *options);
int command_hint(struct workbook *workbook, const struct options *options);
int command_run(struct workbook *workbook, const struct options *options);
int command_demo(struct workbook *workbook, const struct options *options);
int command_verify(struct workbook *workbook, const struct options *options);

/* True if a file of the build is there; else says on stderr what makes it. */
bool workbook_built(const struct workbook *workbook, const char *path);

#endif
