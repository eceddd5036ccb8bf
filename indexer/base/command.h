#ifndef AISLE_BASE_COMMAND_H
#define AISLE_BASE_COMMAND_H

/*
 * A program of several commands, each with options of its own (options.h). Called from main, before any thread.
 */
#include <stddef.h>

struct command {
    const char *name;                  /* NULL ends a table */
    int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns the exit code */
    const char *help;                  /* one line */
};

/* Runs the command that argv[1] names, in a locale of UTF-8, and returns its exit code; prints the table for --help and
 * help, and, with exit code 2, when there is no such command. */
int command_dispatch(const char *program, const struct command *commands, int argc, char **argv);

#endif
