/* aisle-eval: measures how relevant search results are. */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "bench/relevance/commands.h"

struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
};

static const struct command commands[] = {
    {"score", command_score, "measures of a run from judgments, as trec_eval prints them"},
    {"run", command_run, "queries against a server or an index, to a run file"},
    {"compare", command_compare, "runs or configurations side by side: what changed, and whether it is chance"},
    {"tune", command_tune, "settings that rank better, with what unseen queries say"},
    {"judge", command_judge, "pools what is to be rated, takes ratings in, tells how raters agree"},
    {"replay", command_replay, "logged queries on two configurations: churn, stock, queries without results"},
    {NULL, NULL, NULL},
};

static void print_help(FILE *out)
{
    fputs("usage: aisle-eval COMMAND [options]\n\n", out);
    for (const struct command *c = commands; c->name; c++)
        fprintf(out, "  %-10s %s\n", c->name, c->help);
    fputs("\naisle-eval COMMAND --help tells each one's options.\n", out);
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
        fprintf(stderr, "aisle-eval: there is no command '%s'\n", argv[1]);
    print_help(stderr);
    return 2;
}
