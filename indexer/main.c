/* aisle-indexer: the batch side of Aisle. */
#include "indexer/base/command.h"
#include "indexer/commands.h"

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

int main(int argc, char **argv)
{
    return command_dispatch("aisle-indexer", commands, argc, argv);
}
