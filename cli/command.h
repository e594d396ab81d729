/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command: what can be said on the command line, as tables, and the parser and the help that read
 * them.
 *
 * A command group is one file with a table of its commands; `tocsin GROUP COMMAND …`, or `tocsin
 * GROUP …` when the group is a single command (its name is NULL). Global options may stand anywhere
 * before `--`. What is not known is refused with the nearest known word. Nothing here does input or
 * output but for cli_print.
 */
#ifndef TOCSIN_CLI_COMMAND_H
#define TOCSIN_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/err.h"

#define ARGUMENTS_OPERANDS_MAX 4
#define ARGUMENTS_OPTIONS_MAX  64

/* How the program ends. Documented in `tocsin --help` and docs/cli.md: numbers are never reused. */
enum exit_code {
    EXIT_DONE = 0,
    EXIT_ERROR = 1,
    EXIT_USAGE = 2,
    EXIT_UNREACHABLE = 3,
    EXIT_REFUSED = 4,
    EXIT_NOT_ALL_REACHED = 5,
    EXIT_NOT_PROVEN = 6,
    EXIT_NO_KEY = 7,
    EXIT_INTERRUPTED = 130, /* 128 + SIGINT, as shells have it */
};

/* One option. `value` is NULL for a switch, else the word for its value in the help. A value of
 * small letters with bars ("stop|skip") is a list of the only words allowed, and is checked by the
 * parser. A table of options ends with a name of NULL. */
struct option {
    const char *name; /* without the dashes */
    const char *value;
    const char *help;
};

struct cli;
struct arguments;
typedef enum exit_code (*command_run_fn)(struct cli *cli, const struct arguments *arguments);

struct command {
    const char *name;     /* NULL: the group's only command */
    const char *operands; /* "CAMPAIGN KEY", "[FILE]"; "" for none */
    unsigned operands_min;
    unsigned operands_max;
    const char *summary;          /* one line, no full stop */
    const char *details;          /* paragraphs and examples for its help; NULL for none */
    const struct option *options; /* NULL for none but the global ones */
    bool is_offline;              /* runs without a client, or makes do without one */
    command_run_fn run;
};

struct command_group {
    const char *name;
    const char *summary;
    const struct command *commands; /* ends with a `run` of NULL */
};

/* What was said. Points into argv and the tables. */
struct arguments {
    const struct command_group *group; /* NULL: no command was named */
    const struct command *command;     /* NULL: only a group was named */
    const char *operands[ARGUMENTS_OPERANDS_MAX];
    unsigned operand_count;
    const struct option *options[ARGUMENTS_OPTIONS_MAX];
    const char *values[ARGUMENTS_OPTIONS_MAX]; /* NULL for a switch */
    unsigned option_count;
};

/* The options that every command takes. */
extern const struct option command_global_options[];

/* groups: ends with a name of NULL. ERR_INVALID with a problem that says what would be right.
 * Whether enough operands were given is not asked when --help was. */
enum err command_parse(struct arguments *arguments, const struct command_group *groups, int argc,
                       char *const *argv, struct problem *problem) WARN_UNUSED;
bool arguments_has(const struct arguments *arguments, const char *name);
/* The last value given to an option, or NULL. */
const char *arguments_value(const struct arguments *arguments, const char *name);
/* The value given at or after position *at, which moves behind it; NULL when there is no more. */
const char *arguments_next(const struct arguments *arguments, const char *name, unsigned *at);
/* The value as a number; `otherwise` if it was not given. ERR_INVALID. */
enum err arguments_number(const struct arguments *arguments, const char *name, uint64_t min,
                          uint64_t max, uint64_t *number, struct problem *problem) WARN_UNUSED;
/* The value as a number with or without a fraction, which is left as it is if none was given.
 * ERR_INVALID. */
enum err arguments_decimal(const struct arguments *arguments, const char *name, double *number,
                           struct problem *problem) WARN_UNUSED;

/* The help for what was named: the program (group NULL), a group, or a command. */
void command_help(struct buf *buf, const struct command_group *groups,
                  const struct command_group *group, const struct command *command);

#endif
