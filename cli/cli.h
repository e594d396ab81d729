/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli: what one call of the program works with, and how it speaks: results on standard output,
 * notes and errors on standard error, errors as "tocsin: what; where; what would be right".
 */
#ifndef TOCSIN_CLI_CLI_H
#define TOCSIN_CLI_CLI_H

#include <jansson.h>
#include <stdbool.h>

#include "cli/command.h"
#include "cli/screen.h"
#include "common/buf.h"
#include "common/err.h"
#include "net/client.h"

struct cli {
    struct client *client;         /* NULL when its settings are wrong, then: */
    struct problem client_problem; /* why */
    bool is_json;
    bool is_quiet;
    struct screen out;   /* standard output: results */
    struct screen notes; /* standard error: what goes on meanwhile */
};

/* has_unicode: as screen_init. Takes --api, --token-file and the rest from the arguments and the
 * environment. */
void cli_init(struct cli *cli, const struct arguments *arguments, bool has_unicode);
void cli_release(struct cli *cli);

/* Prints the problem and says how the program ends: an interrupt comes before all, then what the
 * problem's err means. Only for problems of requests: ERR_CLOSED is an unreachable coordinator. */
enum exit_code cli_fail(struct cli *cli, const struct problem *problem);
/* The same for what is no request: EXIT_ERROR. */
enum exit_code cli_fail_here(const struct problem *problem);
/* The command line is not right. */
enum exit_code cli_usage(const struct problem *problem);

/* A line of a result; nothing with --quiet or --json. */
void cli_say(struct cli *cli, const char *format, ...) PRINTF_LIKE(2, 3);
/* Contents of buf as they are, then emptied; also with --quiet. */
void cli_print(struct cli *cli, struct buf *buf);
void cli_print_json(struct cli *cli, const json_t *json);
/* A line on standard error about what goes on; nothing with --quiet. */
void cli_note(struct cli *cli, const char *format, ...) PRINTF_LIKE(2, 3);

/* Results: the whole JSON with --json; with --quiet the member "id"; else false, and the caller
 * prints its own. */
bool cli_print_plain(struct cli *cli, const json_t *json);

/* A member of an object as text for people, safe for a terminal: strings as they are, numbers with
 * separators, null and absent as "". */
void cli_member(struct buf *buf, const json_t *object, const char *name);
uint64_t cli_member_count(const json_t *object, const char *name);
const char *cli_member_str(const json_t *object, const char *name); /* "" if it is no string */
/* What a provider's member "unopened" (worker to reason) says: "w3 and 2 more cannot open provider
 * …", with the first worker's reason, as they mostly have the same; nothing if it is empty. */
void cli_unopened(struct buf *buf, json_t *unopened);

#endif
