#ifndef AISLE_BENCH_RELEVANCE_COMMANDS_H
#define AISLE_BENCH_RELEVANCE_COMMANDS_H

/* The subcommands of aisle-eval, one file each (command_NAME.c). argv[0] is the subcommand's name; the result is the
 * exit code, 2 for wrong usage where --help says nothing else. */
#include "indexer/base/buf.h"

int command_score(int argc, char **argv);
int command_run(int argc, char **argv);
int command_compare(int argc, char **argv);
int command_tune(int argc, char **argv);
int command_judge(int argc, char **argv);
int command_replay(int argc, char **argv);
int command_shoppers(int argc, char **argv);
int command_clicks(int argc, char **argv);

/* Writes what a command made to `path`, or to standard output when it is NULL or "-". */
MUST_CHECK enum status command_write(const char *path, const struct buf *text, struct error *err);

#endif
