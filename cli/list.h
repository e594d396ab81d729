/* SPDX-License-Identifier: Apache-2.0 */
/*
 * list: the API's lists, page after page, as a table; one JSON object a line with --json, and the
 * first column alone with --quiet.
 */
#ifndef TOCSIN_CLI_LIST_H
#define TOCSIN_CLI_LIST_H

#include "cli/cli.h"
#include "cli/command.h"

/* LIST_RANK: a number from 0, shown from 1. LIST_PLACE: a number that is no amount, to be pasted
 * elsewhere. LIST_LIMIT: a rate or number that was set, 0 for no limit. LIST_RATE: such a rate, or
 * nothing. LIST_UNOPENED: as cli_unopened. LIST_PLAN: a
 * plan's steps, as plan_text has them. */
enum list_kind {
    LIST_TEXT,
    LIST_NUMBER,
    LIST_RANK,
    LIST_PLACE,
    LIST_LIMIT,
    LIST_RATE,
    LIST_TIME,
    LIST_UNOPENED,
    LIST_PLAN
};

struct list_column {
    const char *title;
    const char *member; /* of an item; "counts.accepted" reaches into it */
    enum list_kind kind;
};

struct list {
    const char *path;                  /* "/v1/campaigns", perhaps with a query */
    const struct list_column *columns; /* ends with a title of NULL */
    const char *nothing;               /* what is said of an empty list; NULL for no word */
    uint64_t limit;                    /* items at most; 0 for all */
};

/* The option --limit that commands with long lists take. */
#define LIST_LIMIT_OPTION                                                                          \
    {                                                                                              \
        "limit", "N", "print at most N"                                                            \
    }
#define LIST_LIMIT_MAX UINT64_C(1000000000)

enum exit_code list_print(struct cli *cli, const struct list *list);
/* As an aligned block, what a single object says: one line a column. Not for --json and --quiet. */
void list_print_object(struct cli *cli, const json_t *object, const struct list_column *columns);
/* Makes a request and prints the object that it is answered with, as --json and --quiet want it. */
enum exit_code list_print_answer(struct cli *cli, const struct client_request *request,
                                 const struct list_column *columns);
/* An array as a table, for what is no list of the API. Not for --json and --quiet. */
void list_print_array(struct cli *cli, const json_t *items, const struct list_column *columns);

#endif
