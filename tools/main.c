/* main.c: the workbook program
 *
 * It grades exercises, runs programs and keeps the student's progress. Compiler,
 * grader and other children are processes on one libevent loop.
 *   process.c    children on the loop           stream.c     their output
 *   catalogue.c  which exercises there are      compile.c    the compiler's command line
 *   grading.c    source -> verdict, several     verdict.c    the verdict as data
 *                at once                        report.c     in words, as TAP, as JSON
 *   test.c       the command test               progress.c   the commands list and (none)
 *   hints.c      the command hint               program.c    the commands run and demo
 *   verify.c     the command verify             text.c       strings and files
 *   changes.c    what differs from HEAD
 *
 * Environment: WORKBOOK_ROOT and WORKBOOK_BUILD stand in for the source and build
 * folders; NO_COLOR, TERM=dumb: no colours; LC_ALL, LC_MESSAGES, LANG: "ko..."
 * gives Korean hints.
 *
 * SPDX-License-Identifier: MIT
 */
#include "config.h"
#include "text.h"
#include "workbook.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MOST (1024 * 1024) /* bytes of a submission */

static const char usage[] =
    "usage: ./workbook [COMMAND]\n"
    "\n"
    "  (none)                   your progress and the next exercise\n"
    "  list                     all exercises, with your points\n"
    "  test [NAME|SECTION ...]  grade these exercises, or all\n"
    "       --json | --tap      print the verdict for programs\n"
    "       --file FILE NAME    grade FILE ('-': standard input) as the exercise NAME\n"
    "  hint NAME                the next hint; call again for one more\n"
    "  run NAME [ARG ...]       run the program in your exercise file\n"
    "      --virtual            without waiting: each line shows its virtual time\n"
    "      --behaviour K        in its place the K-th behaviour's tests, so that you see them\n"
    "  demo NAME [ARG ...]      run a program of the chapter, each line with its virtual time\n"
    "       --real              in real time\n"
    "  help                     this text\n"
    "\n"
    "for those who write exercises:\n"
    "  verify NAME [--kind solution|skeleton|mutants|sample|alternates]\n"
    "                           check an exercise's suite; prints TAP and exits with 0.\n"
    "                           sample: as many mutants as fail each behaviour twice\n"
    "\n"
    "NAME is any part of a name that fits only one: 01, async. Exit status: 0 when all that was\n"
    "asked for has full points (with --tap: always), 1 when not, 2 when it could not be done.\n";

static int command_help(struct workbook *workbook, const struct options *options)
{
    (void)workbook;
    (void)options;
    return fputs(usage, stdout) < 0 ? STATUS_USAGE : STATUS_FULL;
}

static const struct option long_options[] = {{"json", no_argument, NULL, 'j'},
                                             {"tap", no_argument, NULL, 't'},
                                             {"file", required_argument, NULL, 'f'},
                                             {"virtual", no_argument, NULL, 'v'},
                                             {"real", no_argument, NULL, 'r'},
                                             {"behaviour", required_argument, NULL, 'b'},
                                             {"kind", required_argument, NULL, 'k'},
                                             {"help", no_argument, NULL, 'h'},
                                             {NULL, 0, NULL, 0}};

static const struct entry {
    const char *name;
    int (*run)(struct workbook *workbook, const struct options *options);
    int least, most;   /* how many names it takes */
    const char *takes; /* which options */
    bool runs_program; /* what stands behind NAME is for a program */
} commands[] = {
    {"", command_progress, 0, 0, "", false},          {"list", command_list, 0, 0, "", false},
    {"test", command_test, 0, INT_MAX, "jtf", false}, {"hint", command_hint, 1, 1, "", false},
    {"run", command_run, 1, 1, "vb", true},           {"demo", command_demo, 1, 1, "r", true},
    {"verify", command_verify, 1, 1, "k", false},     {"help", command_help, 0, 0, "", false},
};

/* --- the command line ------------------------------------------------------------------------ */

static const struct entry *find_command(const char *name)
{
    bool help = strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(commands[i].name, help ? "help" : name) == 0)
            return &commands[i];
    fprintf(
        stderr,
        "workbook: there is no command '%s'. To grade an exercise: ./workbook test %s; to watch "
        "a program\nof the chapter: ./workbook demo %s; all commands: ./workbook help\n",
        name, name, name);
    return NULL;
}

/* Whether the workbook has an option of this name, or it ends the options. */
static bool is_option(const char *word)
{
    bool found = strcmp(word, "--") == 0;
    for (const struct option *o = long_options; o->name != NULL && !found; o++)
        found = strncmp(word, "--", 2) == 0 && strcspn(word + 2, "=") == strlen(o->name) &&
                strncmp(word + 2, o->name, strlen(o->name)) == 0;
    return found;
}

/* Reads options, up to the first name where a program is run. Behind that name, an option that the
 * workbook does not have is the program's. False after a message. */
static bool read_options(struct options *options, const struct entry *entry, bool behind_name,
                         int argc, char **argv)
{
    const char *shorts = entry->runs_program ? "+" : "";
    int option;
    while (!(behind_name && optind < argc && !is_option(argv[optind])) &&
           (option = getopt_long(argc, argv, shorts, long_options, NULL)) != -1) {
        if (option == '?')
            return false; /* getopt_long() has said why */
        options->help = options->help || option == 'h';
        if (option != 'h' && strchr(entry->takes, option) == NULL) {
            fprintf(stderr, "workbook: '%s' does not take this option; see ./workbook help\n",
                    entry->name);
            return false;
        }
        options->json = options->json || option == 'j';
        options->tap = options->tap || option == 't';
        options->virtual_time = options->virtual_time || option == 'v';
        options->real_time = options->real_time || option == 'r';
        if (option == 'f')
            options->file = optarg;
        if (option == 'k')
            options->kind = optarg;
        if (option == 'b')
            options->behaviour = optarg;
    }
    return true;
}

/* `argv` begins with the command. False after a message. */
static bool read_command_line(struct options *options, const struct entry *entry, int argc,
                              char **argv)
{
    char program[] = "workbook"; /* the name in messages of getopt_long() */
    argv[0] = program;
    if (!read_options(options, entry, false, argc, argv))
        return false;
    if (options->help)
        return true;
    options->names = argv + optind;
    options->count = argc - optind;
    if (entry->runs_program && options->count > 0) {
        options->count = 1;
        optind++;
        if (!read_options(options, entry, true, argc, argv))
            return false;
        options->program = argv + optind - 1;
    }
    if (options->count < entry->least || options->count > entry->most) {
        fprintf(stderr, "workbook: '%s' takes %s; see ./workbook help\n", entry->name,
                entry->most == 0 ? "no name" : "one name");
        return false;
    }
    if (options->file != NULL && !(options->file_text = file_read(options->file, FILE_MOST))) {
        fprintf(stderr, "workbook: %s: %s\n", options->file,
                errno == EFBIG ? "larger than 1 MiB" : strerror(errno));
        return false;
    }
    return true;
}

/* --- the tree -------------------------------------------------------------------------------- */

bool workbook_built(const struct workbook *workbook, const char *path)
{
    if (access(path, F_OK) == 0)
        return true;
    fprintf(stderr, "workbook: %s is missing: build first, with ninja -C %s\n", path,
            workbook->build);
    return false;
}

/* Enters the source tree and reads what is there. False after a message. */
static bool workbook_open(struct workbook *workbook)
{
    const char *root = getenv("WORKBOOK_ROOT");
    const char *build = getenv("WORKBOOK_BUILD");
    root = root ? root : CONFIG_SOURCE_ROOT;
    build = build ? build : CONFIG_BUILD_ROOT;
    workbook->build = realpath(build, NULL);
    if (workbook->build == NULL || chdir(root) < 0) {
        fprintf(stderr, "workbook: %s: %s\n", workbook->build ? root : build, strerror(errno));
        return false;
    }
    catalogue_scan_exercises(&workbook->exercises);
    catalogue_scan_programs(&workbook->programs);
    workbook->runner = runner_new();
    if (workbook->runner == NULL)
        fputs("workbook: cannot make an event loop\n", stderr);
    return workbook->runner != NULL;
}

static void workbook_close(struct workbook *workbook)
{
    runner_free(workbook->runner);
    catalogue_free(&workbook->exercises);
    catalogue_free(&workbook->programs);
    free(workbook->build);
}

int main(int argc, char **argv)
{
    struct options options = {0};
    struct workbook workbook = {0};
    const struct entry *entry = find_command(argc > 1 ? argv[1] : "");
    int skip = argc > 1 ? 1 : 0;
    int status = STATUS_USAGE;
    (void)signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error of fflush(), told below */
    if (entry != NULL && read_command_line(&options, entry, argc - skip, argv + skip) &&
        workbook_open(&workbook)) {
        status = options.help ? command_help(&workbook, &options) : entry->run(&workbook, &options);
        if (runner_interrupted(workbook.runner) != 0)
            status = STATUS_SIGNAL + runner_interrupted(workbook.runner);
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        if (errno != EPIPE) /* `| head` has seen enough */
            fprintf(stderr, "workbook: cannot write the output: %s\n", strerror(errno));
        status = STATUS_USAGE;
    }
    workbook_close(&workbook);
    free(options.file_text);
    return status;
}
