/* aisle-indexer: the batch side of Aisle. */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "indexer/commands.h"

struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
};

static const struct command commands[] = {
    {"build", command_build, "builds an index from product feeds and publishes it"},
    {"analyze", command_analyze, "show what a text becomes: tokens, positions, offsets"},
    {"dump", command_dump, "show what a shard file holds: chunks, terms, objects"},
    {"verify", command_verify, "check every byte of shard files or of a data directory"},
    {"apply", command_apply, "apply a partial feed: changed products, prices, stock, deletions"},
    {"reconcile", command_reconcile, "compare an export of stock and prices with an index, and fix what differs"},
    {"rollback", command_rollback, "put the generation before the present one back into service"},
    {"snapshot", command_snapshot, "back up a data directory, also while a server runs on it"},
    {"restore", command_restore, "make a data directory of a backup, as of any moment that its log reaches"},
    {"log", command_log, "list, check and repair the update log"},
    {NULL, NULL, NULL},
};

static void print_help(FILE *out)
{
    fputs("usage: aisle-indexer COMMAND [options]\n\n", out);
    for (const struct command *c = commands; c->name; c++)
        fprintf(out, "  %-10s %s\n", c->name, c->help);
    fputs("\naisle-indexer COMMAND --help tells each one's options.\n", out);
}

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
        print_help(stdout);
        return 0;
    }
    for (const struct command *c = commands; c->name && argc >= 2; c++) {
        if (strcmp(c->name, argv[1]) == 0)
            return c->run(argc - 1, argv + 1);
    }
    if (argc >= 2)
        fprintf(stderr, "aisle-indexer: there is no command '%s'\n", argv[1]);
    print_help(stderr);
    return 2;
}
