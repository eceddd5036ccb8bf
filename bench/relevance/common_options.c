#include "bench/relevance/common_options.h"

size_t common_options_rows(struct common_options *c, unsigned wanted, struct option_row *rows, size_t count)
{
    const struct option_row all[COMMON_ROWS] = {
        {"queries", OPTION_TEXT, &c->queries, "FILE", 0, 0, NULL, "queries: their ids and texts"},
        {"grades", OPTION_TEXT, &c->grades, "WORD=N,...", 0, 0, NULL,
         "what words stand for in CSV and JSON judgments: Exact=2,Partial=1"},
        {"output", OPTION_TEXT, &c->output, "FILE", 0, 0, NULL, "where it goes; standard output"},
        {"level|l", OPTION_INT, &c->level, "N", 0, 0, NULL, "the lowest grade that is relevant"},
        {"hits", OPTION_INT, &c->hits, "N", 1, 1000, NULL, "results of a query that are asked for"},
        {"threads", OPTION_INT, &c->threads, "N", 0, 64, NULL, "queries at once, when asking; 0: one a processor"},
        {"rounds", OPTION_INT, &c->rounds, "N", 100, 10000000, NULL, "of bootstrap and randomization"},
        {"seed", OPTION_INT, &c->seed, "N", 0, 0, NULL, "of all that is random: the same seed, the same numbers"},
    };
    c->level = 1;
    c->hits = 100;
    c->rounds = 10000;
    c->seed = 1;
    for (size_t i = 0; i < COMMON_ROWS; i++) {
        if (wanted >> i & 1)
            rows[count++] = all[i];
    }
    return count;
}
