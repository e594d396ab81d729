/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan_table.h"

#include "cli/list.h"

void plan_table_print(struct cli *cli, const json_t *steps)
{
    static const struct list_column columns[] = {
        {"channel", "channel", LIST_TEXT},
        {"until", "until", LIST_TEXT},
        {"within", "within", LIST_TEXT},
        {"attempts", "attempts", LIST_NUMBER},
        {"backoff", "backoff", LIST_TEXT},
        {"at most", "backoff_max", LIST_TEXT},
        {"on uncertain", "on_uncertain", LIST_TEXT},
        {"if down", "if_down", LIST_TEXT},
        {"provider", "provider", LIST_TEXT},
        {NULL, NULL, LIST_TEXT},
    };
    cli_say(cli, "%s", "");
    list_print_array(cli, steps, columns);
}
