/* aisle-eval: measures how relevant search results are. */
#include "bench/relevance/commands.h"
#include "indexer/base/command.h"

static const struct command commands[] = {
    {"score", command_score, "measures of a run from judgments, as trec_eval prints them"},
    {"run", command_run, "queries against a server or an index, to a run file"},
    {"compare", command_compare, "runs or configurations side by side: what changed, and whether it is chance"},
    {"tune", command_tune, "settings that rank better, with what unseen queries say"},
    {"judge", command_judge, "pools what is to be rated, takes ratings in, tells how raters agree"},
    {"replay", command_replay, "logged queries on two configurations: churn, stock, queries without results"},
    {"shoppers", command_shoppers, "simulated shoppers before a server: what it learns of their clicks"},
    {"clicks", command_clicks, "judgments from what shoppers clicked, apart from where it was shown"},
    {NULL, NULL, NULL},
};

int main(int argc, char **argv)
{
    return command_dispatch("aisle-eval", commands, argc, argv);
}
