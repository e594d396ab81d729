/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "cli/command_table.h"
#include "cli/list.h"

static enum exit_code run_list(struct cli *cli, const struct arguments *arguments)
{
    static const struct list_column columns[] = {
        {"worker", "name", LIST_TEXT},
        {"connected", "connected", LIST_TEXT},
        {"leases", "leases", LIST_NUMBER},
        {"outcomes", "outcomes", LIST_NUMBER},
        {"a second", "rate_per_s", LIST_NUMBER},
        {"in hand", "in_hand", LIST_TEXT},
        {"credit", "credit", LIST_TEXT},
        {"last heard", "last_heard_at", LIST_TIME},
        {NULL, NULL, LIST_TEXT},
    };
    struct list list = {.path = "/v1/workers",
                        .columns = columns,
                        .nothing = "No worker has ever connected: is tocsin-worker running?"};
    (void)arguments;
    return list_print(cli, &list);
}

const struct command worker_commands[] = {
    {
        .name = "list",
        .operands = "",
        .summary = "the workers, connected or gone, and what they have in hand",
        .run = run_list,
    },
    {.run = NULL},
};
