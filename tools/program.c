/* program.c: the commands run and demo
 *
 * Once the program is there, this process becomes it (exec): terminal, ^C and
 * exit status are the program's own, with nobody in between.
 *
 * SPDX-License-Identifier: MIT
 */
#include "compile.h"
#include "text.h"
#include "workbook.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Has the program that this process becomes preload the library of virtual time. LD_PRELOAD ends at
 * the first space, so it gets the bare name, and LD_LIBRARY_PATH the folder. */
static int preload_virtual_time(struct workbook *workbook)
{
    static const char name[] = "libvirtual_time.so";
    const char *others = getenv("LD_LIBRARY_PATH");
    char *folder = text_format("%s/tests/support", workbook->build);
    char *library = text_format("%s/%s", folder, name);
    char *folders = text_format("%s%s%s", folder, others ? ":" : "", others ? others : "");
    int result = -1;
    if (workbook_built(workbook, library) && setenv("LD_PRELOAD", name, 1) == 0)
        result = setenv("LD_LIBRARY_PATH", folders, 1);
    free(folders);
    free(library);
    free(folder);
    return result;
}

/* Becomes the program at `path`; returns only if it cannot, with an exit status. */
static int become(struct workbook *workbook, char *path, const struct options *options,
                  bool virtual_time)
{
    if (virtual_time && preload_virtual_time(workbook) != 0)
        return STATUS_USAGE;
    if (fflush(stdout) != 0)
        return STATUS_USAGE;
    (void)signal(SIGPIPE, SIG_DFL); /* what is ignored would stay ignored */
    options->program[0] = path;
    (void)execv(path, options->program);
    fprintf(stderr, "workbook: cannot start %s: %s\n", path, strerror(errno));
    return STATUS_USAGE;
}

int command_demo(struct workbook *workbook, const struct options *options)
{
    const struct exercise *program = catalogue_find(&workbook->programs, options->names[0]);
    if (program == NULL)
        return STATUS_USAGE;
    char *path = text_format("%s/chapter-%s/%s", workbook->build, program->section, program->name);
    int status = STATUS_USAGE;
    if (workbook_built(workbook, path))
        status = become(workbook, path, options, !options->real_time);
    free(path);
    return status;
}

/* Compiles the student's file to `path`. Returns an exit status. */
static int compile(struct workbook *workbook, const struct exercise *exercise, const char *path,
                   enum product product)
{
    const char *argv[COMPILE_WORDS];
    struct command command = compile_command(product, exercise, exercise->source, path, NULL, argv);
    struct ended ended;
    int result = process_run(workbook->runner, &command, &ended);
    if (result < 0) {
        if (result != -EINTR)
            fprintf(stderr, "workbook: cannot start %s: %s\n", argv[0], strerror(-result));
        return STATUS_USAGE;
    }
    bool compiled = ended_well(&ended);
    char *reason = ended_reason(&ended);
    fputs(ended.err, stderr);
    if (!compiled)
        fprintf(stderr, "workbook: %s does not compile (%s)\n", exercise->source, reason);
    free(reason);
    ended_clear(&ended);
    return compiled ? STATUS_FULL : STATUS_PART;
}

/* Becomes the grader, which runs one behaviour before the student's eyes, and under a debugger if
 * it is asked to. */
static int become_grade(struct workbook *workbook, const struct exercise *exercise, char *module,
                        const struct options *options)
{
    char *grade = text_format("%s/tests/support/grade", workbook->build);
    char *suite = text_format("%s/tests/check_%s.so", workbook->build, exercise->name);
    char no_fork[] = "--no-fork", which[] = "--behaviour", limit[] = "--cpu=10";
    char *number = text_format("%s", options->behaviour);
    char *argv[] = {grade, no_fork, limit, which, number, suite, module, NULL};
    int status = STATUS_USAGE;
    if (workbook_built(workbook, grade) && workbook_built(workbook, suite)) {
        struct options as_given = *options;
        as_given.program = argv;
        status = become(workbook, grade, &as_given, false);
    }
    free(number);
    free(suite);
    free(grade);
    return status;
}

/* A chapter program is no exercise; people mix them up. */
static void say_if_program(const struct workbook *workbook, const char *name)
{
    for (size_t i = 0; i < workbook->programs.count; i++)
        if (strcasestr(workbook->programs.items[i].name, name)) {
            fprintf(stderr, "workbook: %s is a program of the chapter: ./workbook demo %s\n",
                    workbook->programs.items[i].name, workbook->programs.items[i].name);
            return;
        }
}

int command_run(struct workbook *workbook, const struct options *options)
{
    const struct exercise *exercise = catalogue_find(&workbook->exercises, options->names[0]);
    if (exercise == NULL) {
        say_if_program(workbook, options->names[0]);
        return STATUS_USAGE;
    }
    enum product product = options->behaviour      ? PRODUCT_MODULE
                           : options->virtual_time ? PRODUCT_PLAIN_PROGRAM
                                                   : PRODUCT_PROGRAM;
    char *folder = text_format("%s/run", workbook->build);
    char *path = text_format("%s/%s%s", folder, exercise->name, options->behaviour ? ".so" : "");
    int status = STATUS_USAGE;
    if (folder_make(folder) < 0)
        fprintf(stderr, "workbook: %s: %s\n", folder, strerror(errno));
    else
        status = compile(workbook, exercise, path, product);
    if (status == STATUS_FULL)
        status = options->behaviour ? become_grade(workbook, exercise, path, options)
                                    : become(workbook, path, options, options->virtual_time);
    free(path);
    free(folder);
    return status;
}
