/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/command_table.h"
#include "cli/list.h"

static enum exit_code run_reply(struct cli *cli, const struct arguments *arguments)
{
    static const struct list_column columns[] = {
        {"result", "result", LIST_TEXT},
        {"campaign", "campaign", LIST_TEXT},
        {"recipient", "recipient", LIST_TEXT},
        {"code", "code", LIST_TEXT},
        {NULL, NULL, LIST_TEXT},
    };
    struct problem problem;
    json_t *result = NULL;
    json_t *reply = json_pack("{s:s, s:s, s:s}", "channel", arguments->operands[0], "from",
                              arguments->operands[1], "text", arguments->operands[2]);
    if (reply == NULL) {
        (void)problem_set(&problem, ERR_INVALID, "CHANNEL, FROM and TEXT must be UTF-8");
        return cli_usage(&problem);
    }
    char *body = json_dumps(reply, JSON_COMPACT);
    json_decref(reply);
    const struct client_request request = {.method = "POST", .path = "/v1/replies", .body = body};
    enum err err = client_json(cli->client, &request, &result, &problem);
    free(body);
    if (err != ERR_OK) {
        return cli_fail(cli, &problem);
    }
    if (cli->is_json) {
        cli_print_json(cli, result);
    } else if (!cli->is_quiet) {
        list_print_object(cli, result, columns);
    }
    json_decref(result);
    return EXIT_DONE;
}

const struct command reply_commands[] = {
    {
        .name = NULL,
        .operands = "CHANNEL FROM TEXT",
        .operands_min = 3,
        .operands_max = 3,
        .summary = "take in what somebody wrote or said back",
        .details =
            "Acknowledges for whoever has the code of the message and the endpoint that the\n"
            "reply came from.\n\n"
            "  tocsin reply sms +4790000001 \"ACK 7KQ2\"\n",
        .run = run_reply,
    },
    {.run = NULL},
};
