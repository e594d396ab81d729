/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/cli.h"
#include "cli/command_table.h"
#include "cli/list.h"
#include "common/text.h"

#define FILTER_OPTIONS                                                                             \
    {"who", "NAME|TOKEN", "only what this person or program did"},                                 \
        {"object", "NAME", "only what was done to it: c7, a3, a plan's or a provider's name"},     \
        {"action", "ACTION", "only this: campaigns.launch, or campaigns for all of theirs"},       \
        {"from", "TIME", "not before, as 2026-11-23T10:00:00Z"},                                   \
    {                                                                                              \
        "to", "TIME", "before this time"                                                           \
    }

static void put_filter(struct buf *path, const struct arguments *arguments)
{
    static const char *const names[] = {"who", "object", "action", "from", "to", "format"};
    const char *mark = "?";
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = arguments_value(arguments, names[i]);
        if (value != NULL) {
            buf_printf(path, "%s%s=", mark, names[i]);
            text_url_encode(path, slice_str(value));
            mark = "&";
        }
    }
}

static enum exit_code run_list(struct cli *cli, const struct arguments *arguments)
{
    static const struct list_column columns[] = {
        {"number", "number", LIST_PLACE}, {"at", "at", LIST_TIME},
        {"who", "name", LIST_TEXT},       {"role", "role", LIST_TEXT},
        {"from", "address", LIST_TEXT},   {"action", "action", LIST_TEXT},
        {"object", "object", LIST_TEXT},  {"what", "summary", LIST_TEXT},
        {"status", "status", LIST_PLACE}, {NULL, NULL, LIST_TEXT},
    };
    struct problem problem;
    struct buf path = {0};
    struct list list = {.columns = columns, .nothing = "Nobody has changed anything."};
    if (arguments_number(arguments, "limit", 1, LIST_LIMIT_MAX, &list.limit, &problem) != ERR_OK) {
        return cli_usage(&problem);
    }
    buf_str(&path, "/v1/audit");
    put_filter(&path, arguments);
    list.path = buf_cstr(&path);
    enum exit_code code = list_print(cli, &list);
    buf_release(&path);
    return code;
}

static enum exit_code run_export(struct cli *cli, const struct arguments *arguments)
{
    struct client_answer answer = {0};
    struct problem problem;
    struct buf path = {0};
    buf_str(&path, "/v1/audit/export");
    put_filter(&path, arguments);
    const struct client_request request = {
        .method = "GET", .path = buf_cstr(&path), .accept = "*/*", .sink = cli->out.file};
    enum err err = client_send(cli->client, &request, &answer, &problem);
    client_answer_release(&answer);
    buf_release(&path);
    return err == ERR_OK ? EXIT_DONE : cli_fail(cli, &problem);
}

static const struct option list_options[] = {FILTER_OPTIONS, LIST_LIMIT_OPTION, {NULL, NULL, NULL}};

static const struct option export_options[] = {
    FILTER_OPTIONS, {"format", "ndjson|csv", "ndjson if nobody says"}, {NULL, NULL, NULL}};

const struct command audit_commands[] = {
    {
        .name = NULL,
        .operands = "",
        .summary = "who did what, the newest first",
        .details = "  tocsin audit --limit 20\n"
                   "  tocsin audit --object c7\n"
                   "  tocsin audit --who anna --action campaigns --from 2026-11-23T00:00:00Z\n",
        .options = list_options,
        .run = run_list,
    },
    {
        .name = "export",
        .operands = "",
        .summary = "the same on standard output, as NDJSON or CSV",
        .details = "  tocsin audit export --format csv >audit.csv\n",
        .options = export_options,
        .run = run_export,
    },
    {.run = NULL},
};
