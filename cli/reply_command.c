/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/command_table.h"
#include "cli/list.h"
#include "common/text.h"

/* An acknowledgement that nobody can be found for is no success. */
static enum exit_code end(struct cli *cli, const json_t *result)
{
    struct problem problem;
    if (strcmp(cli_member_str(result, "result"), "unknown") != 0) {
        return EXIT_DONE;
    }
    (void)problem_set(&problem, ERR_NOT_FOUND, "%s", cli_member_str(result, "detail"));
    return cli_fail(cli, &problem);
}

static enum exit_code run_reply(struct cli *cli, const struct arguments *arguments)
{
    static const struct list_column columns[] = {
        {"result", "result", LIST_TEXT},
        {"class", "class", LIST_TEXT},
        {"reply", "reply", LIST_TEXT},
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
    enum exit_code code = end(cli, result);
    json_decref(result);
    return code;
}

static void put_filter(struct buf *path, const struct arguments *arguments, const char *option)
{
    const char *value = arguments_value(arguments, option);
    if (value != NULL) {
        buf_printf(path, "%s%s=", memchr(path->data, '?', path->len) == NULL ? "?" : "&", option);
        text_url_encode(path, slice_str(value));
    }
}

static enum exit_code run_list(struct cli *cli, const struct arguments *arguments)
{
    static const struct list_column columns[] = {
        {"reply", "id", LIST_TEXT},          {"received", "received", LIST_TIME},
        {"class", "class", LIST_TEXT},       {"result", "result", LIST_TEXT},
        {"channel", "channel", LIST_TEXT},   {"from", "from", LIST_TEXT},
        {"campaign", "campaign", LIST_TEXT}, {"recipient", "recipient", LIST_TEXT},
        {"text", "text", LIST_TEXT},         {NULL, NULL, LIST_TEXT},
    };
    struct problem problem;
    struct buf path = {0};
    struct list list = {.columns = columns, .nothing = "Nobody has replied."};
    if (arguments_number(arguments, "limit", 1, LIST_LIMIT_MAX, &list.limit, &problem) != ERR_OK) {
        return cli_usage(&problem);
    }
    buf_str(&path, "/v1/");
    if (arguments->operand_count > 0) {
        buf_str(&path, "campaigns/");
        text_url_encode(&path, slice_str(arguments->operands[0]));
        buf_u8(&path, '/');
    }
    buf_str(&path, "replies");
    put_filter(&path, arguments, "class");
    put_filter(&path, arguments, "channel");
    put_filter(&path, arguments, "recipient");
    list.path = buf_cstr(&path);
    enum exit_code code = list_print(cli, &list);
    buf_release(&path);
    return code;
}

static const struct option list_options[] = {
    {"class", "other|stop|start|help|ack", "only of this class"},
    {"channel", "CHANNEL", "only those that came by this channel"},
    {"recipient", "KEY", "only those of this recipient"},
    LIST_LIMIT_OPTION,
    {NULL, NULL, NULL},
};

const struct command reply_commands[] = {
    {
        .name = NULL,
        .operands = "CHANNEL FROM TEXT",
        .operands_min = 3,
        .operands_max = 3,
        .summary = "take in what somebody wrote or said back",
        .details =
            "STOP puts the endpoint on the suppression list, START takes it off, ACK and the\n"
            "code of the message acknowledge; everything else is kept, to be read with\n"
            "`tocsin reply list` (its own --help says more).\n\n"
            "  tocsin reply sms +4790000001 \"ACK 7KQ2\"\n",
        .run = run_reply,
    },
    {
        .name = "list",
        .operands = "[CAMPAIGN]",
        .operands_max = 1,
        .summary = "what people sent back, the newest first",
        .details = "  tocsin reply list c1 --class other --limit 20\n"
                   "  tocsin reply list --json >replies.ndjson\n",
        .options = list_options,
        .run = run_list,
    },
    {.run = NULL},
};
