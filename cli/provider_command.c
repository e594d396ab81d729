/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "cli/command_table.h"
#include "cli/list.h"

static enum exit_code run_list(struct cli *cli, const struct arguments *arguments)
{
    static const struct list_column columns[] = {
        {"provider", "name", LIST_TEXT},
        {"channel", "channel", LIST_TEXT},
        {"adapter", "adapter", LIST_TEXT},
        {"breaker", "breaker", LIST_TEXT},
        {"sent/s", "sent_per_s", LIST_NUMBER},
        {"may/s", "rate_now_per_s", LIST_LIMIT},
        {"limit/s", "rate_per_s", LIST_LIMIT},
        {"outcomes", "outcomes", LIST_TEXT},
        {"why", "breaker_reason", LIST_TEXT},
        {"workers", "unopened", LIST_UNOPENED},
        {NULL, NULL, LIST_TEXT},
    };
    struct list list = {
        .path = "/v1/providers", .columns = columns, .nothing = "No provider is configured."};
    (void)arguments;
    return list_print(cli, &list);
}

const struct command provider_commands[] = {
    {
        .name = "list",
        .operands = "",
        .summary = "the providers, their limits, speed and health",
        .run = run_list,
    },
    {.run = NULL},
};
