/* aisle-indexer analyze: what a text becomes in the index and in a query. */
#include <stdio.h>
#include <stdlib.h>

#include "analyzers/analyzer.h"
#include "indexer/base/json.h"
#include "indexer/base/options.h"
#include "indexer/commands.h"

static const char *const kind_names[] = {"word", "part", "split"};

static void print_table(const struct token *tokens, size_t count, struct buf *out)
{
    buf_literal(out, "position  bytes        kind   token\n");
    for (size_t i = 0; i < count; i++) {
        char place[32];
        snprintf(place, sizeof(place), "%u-%u", tokens[i].start, tokens[i].end);
        buf_printf(out, "%8u  %-11s  %-5s  " STR_FMT "%s\n", tokens[i].position, place, kind_names[tokens[i].kind],
                   STR_ARG(tokens[i].text), tokens[i].stop ? "  (stop word)" : "");
    }
}

static void print_json(const struct token *tokens, size_t count, struct buf *out)
{
    buf_append_char(out, '[');
    for (size_t i = 0; i < count; i++) {
        buf_printf(out, "%s\n  {\"token\":", i ? "," : "");
        json_write_string(out, tokens[i].text);
        buf_literal(out, ",\"surface\":");
        json_write_string(out, tokens[i].surface);
        buf_printf(out, ",\"position\":%u,\"start\":%u,\"end\":%u,\"kind\":\"%s\",\"stop\":%s}", tokens[i].position,
                   tokens[i].start, tokens[i].end, kind_names[tokens[i].kind], tokens[i].stop ? "true" : "false");
    }
    buf_append(out, count ? "\n]\n" : "]\n", count ? 3 : 2);
}

/* The text of the command line, its words joined by spaces; without any, or for '-', standard input. */
static enum status read_text(int count, char **words, struct buf *text, struct error *err)
{
    if (count > 0 && strcmp(words[0], "-") != 0) {
        for (int i = 0; i < count; i++)
            buf_printf(text, "%s%s", i ? " " : "", words[i]);
        return STATUS_OK;
    }
    char block[4096];
    size_t size;
    while ((size = fread(block, 1, sizeof(block), stdin)) > 0 && !text->failed)
        buf_append(text, block, size);
    if (ferror(stdin))
        return error_errno(err, "cannot read standard input");
    return STATUS_OK;
}

static enum status print_tokens(const struct analyzer_options *chain, struct str text, bool json, struct error *err)
{
    struct analyzer *analyzer = NULL;
    struct analysis *analysis = NULL;
    struct buf out = BUF_EMPTY;
    const struct token *tokens;
    size_t count;
    enum status status = analyzer_open(&analyzer, chain, err);
    if (status != STATUS_OK)
        goto out;
    analysis = analysis_new(analyzer);
    status = analysis ? analyze(analysis, text, &tokens, &count) : STATUS_LIMIT;
    if (status != STATUS_OK) {
        error_set(err, status, "cannot analyze the text: memory or ICU data is missing");
        goto out;
    }
    if (json)
        print_json(tokens, count, &out);
    else
        print_table(tokens, count, &out);
    fwrite(out.data, 1, out.size, stdout);
    if (fflush(stdout) != 0)
        status = error_errno(err, "cannot write to standard output");
out:
    buf_release(&out);
    analysis_free(analysis);
    analyzer_close(analyzer);
    return status;
}

int command_analyze(int argc, char **argv)
{
    struct error err = {0};
    struct analyzer_options chain = {0};
    bool json = false;
    int count = 0;
    struct buf text = BUF_EMPTY;
    const struct option_row rows[] = {
        {"language", OPTION_TEXT, &chain.language, "LANG", 0, 0, NULL, "ISO 639-1 code; without it no language at all"},
        {"stemmer", OPTION_CHOICE, &chain.stemmer, "S", 0, 0, "default|light|snowball|none", "how endings go"},
        {"json", OPTION_FLAG, &json, NULL, 0, 0, NULL, "a JSON array instead of a table"},
    };
    const struct options options = {"aisle-indexer analyze [--language LANG] [--stemmer S] [--json] [TEXT|-]",
                                    "Prints the tokens of a text, with their positions and the bytes they stand for. "
                                    "Without TEXT, or for '-', the text is standard input.",
                                    rows, sizeof(rows) / sizeof(*rows)};
    buf_init(&text, 1u << 21);
    enum status status = options_parse(&options, argc, argv, &count, &err);
    if (status == STATUS_OK)
        status = read_text(count, argv + 1, &text, &err);
    if (status == STATUS_OK && text.failed)
        status = error_set(&err, STATUS_LIMIT, "the text is longer than 2 MiB");
    if (status == STATUS_OK)
        status = print_tokens(&chain, buf_str(&text), json, &err);
    buf_release(&text);
    if (status == STATUS_OK)
        return 0;
    fprintf(stderr, "aisle-indexer analyze: %s\n", err.message);
    return status == STATUS_INPUT ? 2 : 3;
}
