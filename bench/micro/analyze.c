/*
 * MB/s of the analyzer chain, the fast way and the reference.
 *
 *     analyze [LANGUAGE [STEMMER [fast|reference]]] < FILE    each line of standard input is a text
 *     analyze                                                 (input from a terminal) lines made up here
 */
#include <stdio.h>
#include <unistd.h>

#include "analyzers/analyzer.h"
#include "indexer/base/clock.h"
#include "indexer/base/vec.h"

struct lines {
    VEC(struct str) texts;
    struct buf bytes;
};

static void invent(struct buf *out)
{
    static const char *const words[] = {"wireless", "Headphones",  "with",      "Bluetooth",  "5.0",
                                        "and",      "microphone,", "black",     "WH-1000XM4", "men's",
                                        "t-shirt",  "for",         "the",       "iPhone",     "batteries",
                                        "2-pack",   "15.6\"",      "stainless", "steel",      "(32GB)"};
    uint32_t random = 1;
    for (int i = 0; i < 400000; i++) {
        random = random * 1664525u + 1013904223u;
        buf_append_str(out, str_from(words[(random >> 16) % 20]));
        buf_append_char(out, i % 12 == 11 ? '\n' : ' ');
    }
}

static void read_lines(struct lines *lines)
{
    char block[1 << 16];
    size_t size;
    if (isatty(STDIN_FILENO))
        invent(&lines->bytes);
    else
        while ((size = fread(block, 1, sizeof(block), stdin)) > 0)
            buf_append(&lines->bytes, block, size);
    struct str rest = buf_str(&lines->bytes);
    while (rest.data)
        vec_push(&lines->texts, str_split(&rest, '\n'));
}

typedef enum status analyze_function(struct analysis *, struct str, const struct token **, size_t *);

static void measure(const char *name, analyze_function *way, struct analysis *analysis, const struct lines *lines)
{
    double best = 0;
    size_t tokens_total = 0;
    for (int round = 0; round < 5; round++) {
        uint64_t start = clock_monotonic_ns();
        tokens_total = 0;
        for (size_t i = 0; i < lines->texts.count; i++) {
            const struct token *tokens;
            size_t count;
            if (way(analysis, lines->texts.items[i], &tokens, &count) != STATUS_OK)
                fatal("analysis failed");
            tokens_total += count;
        }
        double rate = (double)lines->bytes.size * 1e3 / (double)(clock_monotonic_ns() - start);
        best = rate > best ? rate : best;
    }
    printf("%-10s %8.1f MB/s  %8.1f M tokens/s  (%zu bytes, %zu texts, %zu tokens, best of 5)\n", name, best,
           best * (double)tokens_total / (double)lines->bytes.size, lines->bytes.size, lines->texts.count,
           tokens_total);
}

int main(int argc, char **argv)
{
    struct lines lines = {0};
    struct error err;
    struct analyzer *analyzer;
    struct analyzer_options options = {.language = argc > 1 ? argv[1] : "en", .stemmer = argc > 2 ? argv[2] : NULL};
    if (analyzer_open(&analyzer, &options, &err) != STATUS_OK)
        fatal("%s", err.message);
    struct analysis *analysis = analysis_new(analyzer);
    if (!analysis)
        fatal("no memory");
    read_lines(&lines);
    if (argc < 4 || strcmp(argv[3], "fast") == 0)
        measure("fast", analyze, analysis, &lines);
    if (argc < 4 || strcmp(argv[3], "reference") == 0)
        measure("reference", analyze_reference, analysis, &lines);
    vec_release(&lines.texts);
    buf_release(&lines.bytes);
    analysis_free(analysis);
    analyzer_close(analyzer);
    return 0;
}
