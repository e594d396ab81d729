/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/cli.h"
#include "cli/command_table.h"
#include "cli/list.h"
#include "cli/upload.h"
#include "common/text.h"

static enum exit_code run_import(struct cli *cli, const struct arguments *arguments)
{
    struct problem problem;
    json_t *audience;
    if (upload_check(arguments, &problem) != ERR_OK) {
        return cli_usage(&problem);
    }
    enum exit_code code = upload_run(cli, arguments, arguments->operands[0],
                                     arguments_value(arguments, "name"), &audience);
    if (code == EXIT_DONE) {
        (void)cli_print_plain(cli, audience);
    }
    json_decref(audience);
    return code;
}

static enum exit_code run_list(struct cli *cli, const struct arguments *arguments)
{
    static const struct list_column columns[] = {
        {"audience", "id", LIST_TEXT},
        {"recipients", "accepted", LIST_NUMBER},
        {"duplicates", "duplicates", LIST_NUMBER},
        {"refused", "refused", LIST_NUMBER},
        {"created", "created_at", LIST_TIME},
        {"name", "name", LIST_TEXT},
        {NULL, NULL, LIST_TEXT},
    };
    struct list list = {.path = "/v1/audiences",
                        .columns = columns,
                        .nothing = "There is no audience yet: tocsin audience import FILE"};
    (void)arguments;
    return list_print(cli, &list);
}

/* "id, phone, first_name (variable)": how the columns of the file are used. */
static void print_columns(struct cli *cli, const json_t *audience)
{
    struct buf text = {0};
    size_t i;
    json_t *column;
    buf_str(&text, "columns     ");
    json_array_foreach(json_object_get(audience, "columns"), i, column)
    {
        buf_str(&text, i == 0 ? "" : ", ");
        cli_member(&text, column, "name");
        if (strcmp(cli_member_str(column, "name"), cli_member_str(column, "field")) != 0) {
            buf_str(&text, " (");
            cli_member(&text, column, "field");
            buf_str(&text, ")");
        }
    }
    buf_u8(&text, '\n');
    cli_print(cli, &text);
    buf_release(&text);
}

static enum exit_code run_show(struct cli *cli, const struct arguments *arguments)
{
    static const struct list_column columns[] = {
        {"audience", "id", LIST_TEXT},
        {"name", "name", LIST_TEXT},
        {"created", "created_at", LIST_TIME},
        {"rows", "rows", LIST_NUMBER},
        {"accepted", "accepted", LIST_NUMBER},
        {"duplicates", "duplicates", LIST_NUMBER},
        {"refused", "refused", LIST_NUMBER},
        {"reachable", "reachable", LIST_TEXT},
        {"page bytes", "page_bytes", LIST_NUMBER},
        {NULL, NULL, LIST_TEXT},
    };
    struct buf path = {0};
    struct problem problem;
    json_t *audience;
    buf_str(&path, "/v1/audiences/");
    text_url_encode(&path, slice_str(arguments->operands[0]));
    enum err err = client_get(cli->client, buf_cstr(&path), &audience, &problem);
    buf_release(&path);
    if (err != ERR_OK) {
        return cli_fail(cli, &problem);
    }
    if (!cli_print_plain(cli, audience)) {
        list_print_object(cli, audience, columns);
        print_columns(cli, audience);
    }
    json_decref(audience);
    return EXIT_DONE;
}

/* The whole list as CSV, as it comes. */
static enum exit_code print_refusals_csv(struct cli *cli, const char *path)
{
    struct client_answer answer;
    struct problem problem;
    struct client_request request = {
        .method = "GET", .path = path, .accept = "text/csv", .sink = cli->out.file};
    enum err err = client_send(cli->client, &request, &answer, &problem);
    client_answer_release(&answer);
    return err == ERR_OK ? EXIT_DONE : cli_fail(cli, &problem);
}

static enum exit_code run_refusals(struct cli *cli, const struct arguments *arguments)
{
    static const struct list_column columns[] = {
        {"line", "line", LIST_PLACE},
        {"column", "column", LIST_TEXT},
        {"reason", "reason", LIST_TEXT},
        {NULL, NULL, LIST_TEXT},
    };
    struct problem problem;
    struct buf path = {0};
    struct list list = {.columns = columns, .nothing = "No row was refused."};
    if (arguments_number(arguments, "limit", 1, LIST_LIMIT_MAX, &list.limit, &problem) != ERR_OK) {
        return cli_usage(&problem);
    }
    buf_str(&path, "/v1/audiences/");
    text_url_encode(&path, slice_str(arguments->operands[0]));
    buf_str(&path, "/refusals");
    list.path = buf_cstr(&path);
    enum exit_code code = arguments_has(arguments, "csv") ? print_refusals_csv(cli, list.path)
                                                          : list_print(cli, &list);
    buf_release(&path);
    return code;
}

static const struct option import_options[] = {
    {"name", "NAME", "what the audience is called; else the file's name"},
    UPLOAD_OPTIONS,
    {NULL, NULL, NULL},
};

static const struct option refusals_options[] = {
    {"csv", NULL, "as CSV, the whole list"},
    LIST_LIMIT_OPTION,
    {NULL, NULL, NULL},
};

const struct command audience_commands[] = {
    {
        .name = "import",
        .operands = "FILE",
        .operands_min = 1,
        .operands_max = 1,
        .summary = "make an audience of a CSV or NDJSON file (or - for standard input)",
        .details =
            "A file compressed by gzip or zstd is sent as it is. The columns id, email, phone,\n"
            "locale and timezone are known by their names; all others are variables for the\n"
            "message. Nothing is kept of an upload that fails or breaks off.\n\n"
            "  tocsin audience import customers.csv\n"
            "  tocsin audience import list.csv.zst --map id=customer_no,phone=Mobile\n"
            "  tocsin audience import messy.csv --on-error max=100 --name \"Oslo, east\"\n"
            "  export-customers | tocsin audience import - --name tonight --quiet\n",
        .options = import_options,
        .run = run_import,
    },
    {
        .name = "list",
        .operands = "",
        .summary = "the audiences there are",
        .run = run_list,
    },
    {
        .name = "show",
        .operands = "AUDIENCE",
        .operands_min = 1,
        .operands_max = 1,
        .summary = "what is in an audience, and whom it can reach",
        .run = run_show,
    },
    {
        .name = "refusals",
        .operands = "AUDIENCE",
        .operands_min = 1,
        .operands_max = 1,
        .summary = "the rows that were refused, and why",
        .details = "  tocsin audience refusals a12 --csv >to-mend.csv\n",
        .options = refusals_options,
        .run = run_refusals,
    },
    {.run = NULL},
};
