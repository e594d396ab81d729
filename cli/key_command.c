/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "cli/command_table.h"
#include "cli/list.h"

static const struct list_column columns[] = {
    {"key", "number", LIST_NUMBER},
    {"since", "since", LIST_TIME},
    {"campaigns", "campaigns", LIST_NUMBER},
    {NULL, NULL, LIST_TEXT},
};

static enum exit_code run_list(struct cli *cli, const struct arguments *arguments)
{
    struct list list = {.path = "/v1/keys/delivery", .columns = columns, .nothing = "No key."};
    (void)arguments;
    return list_print(cli, &list);
}

static enum exit_code run_rotate(struct cli *cli, const struct arguments *arguments)
{
    const struct client_request request = {.method = "POST", .path = "/v1/keys/delivery/rotate"};
    (void)arguments;
    return list_print_answer(cli, &request, columns);
}

const struct command key_commands[] = {
    {
        .name = "list",
        .operands = "",
        .summary = "the keys of delivery tokens, and how many campaigns use each",
        .run = run_list,
    },
    {
        .name = "rotate",
        .operands = "",
        .summary = "make a new key for the tokens of the campaigns to come",
        .details =
            "Every campaign keeps the key that was the newest when it was created, so links and\n"
            "receipts that are out already go on working. Create what is still a draft again\n"
            "to give it the new key.\n\n"
            "  tocsin key rotate\n",
        .run = run_rotate,
    },
    {.run = NULL},
};
