#include "indexer/base/command.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

static void print_help(FILE *out, const char *program, const struct command *commands)
{
    fprintf(out, "usage: %s COMMAND [options]\n\n", program);
    for (const struct command *c = commands; c->name; c++) {
        fprintf(out, "  %-10s %s\n", c->name, c->help);
    }
    fprintf(out, "\n%s COMMAND --help tells each one's options.\n", program);
}

int command_dispatch(const char *program, const struct command *commands, int argc, char **argv)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
        print_help(stdout, program, commands);
        return 0;
    }
    for (const struct command *c = commands; c->name && argc >= 2; c++) {
        if (strcmp(c->name, argv[1]) == 0) {
            return c->run(argc - 1, argv + 1);
        }
    }
    if (argc >= 2) {
        fprintf(stderr, "%s: there is no command '%s'\n", program, argv[1]);
    }
    print_help(stderr, program, commands);
    return 2;
}
