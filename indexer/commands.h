#ifndef AISLE_INDEXER_COMMANDS_H
#define AISLE_INDEXER_COMMANDS_H

/* The subcommands of aisle-indexer, one file each (command_NAME.c). argv[0] is the subcommand's name; the result is the
 * exit code, 2 for wrong usage. */
/* A feed is not of a later time than this: what it says would win over updates that are yet to come. */
#define AS_OF_AHEAD_MS 60000

int command_build(int argc, char **argv);
int command_analyze(int argc, char **argv);
int command_dump(int argc, char **argv);
int command_verify(int argc, char **argv);
int command_log(int argc, char **argv);
int command_reconcile(int argc, char **argv);
int command_snapshot(int argc, char **argv);
int command_restore(int argc, char **argv);
int command_apply(int argc, char **argv);
int command_rollback(int argc, char **argv);

#endif
