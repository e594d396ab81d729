/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/command_table.h"
#include "cli/report_text.h"
#include "common/text.h"

static void put_parameter(struct buf *path, const char *name, const char *value)
{
    if (value != NULL) {
        buf_printf(path, "&%s=", name);
        text_url_encode(path, slice_str(value));
    }
}

static void put_path(struct buf *path, const struct arguments *arguments, const char *format)
{
    buf_str(path, "/v1/campaigns/");
    text_url_encode(path, slice_str(arguments->operands[0]));
    buf_printf(path, "/report?format=%s", format);
    put_parameter(path, "compare", arguments_value(arguments, "compare"));
    put_parameter(path, "by", arguments_value(arguments, "by"));
}

/* The report in its form. `format`: text, or one of the API's. */
static enum err fetch(struct cli *cli, const struct arguments *arguments, const char *format,
                      struct buf *text, struct problem *problem)
{
    struct buf path = {0};
    struct client_answer answer = {0};
    bool is_text = strcmp(format, "text") == 0;
    put_path(&path, arguments, is_text ? "json" : format);
    const struct client_request request = {
        .method = "GET", .path = buf_cstr(&path), .accept = "*/*"};
    enum err err = client_send(cli->client, &request, &answer, problem);
    buf_release(&path);
    if (err == ERR_OK && is_text) {
        json_t *document = json_loadb((const char *)answer.body.data, answer.body.len, 0, NULL);
        if (document == NULL) {
            err = problem_set(problem, ERR_IO, "the coordinator's answer is no report");
        } else {
            report_text(text, document, cli->out.has_unicode);
        }
        json_decref(document);
    } else if (err == ERR_OK) {
        buf_slice(text, buf_view(&answer.body));
    }
    client_answer_release(&answer);
    return err;
}

static enum exit_code write_file(struct cli *cli, const char *path, const struct buf *text)
{
    struct problem problem;
    FILE *file = fopen(path, "wb");
    bool is_written = file != NULL && fwrite(text->data, 1, text->len, file) == text->len;
    int failure = errno;
    if (file != NULL && fclose(file) != 0) {
        failure = errno;
        is_written = false;
    }
    if (!is_written) {
        problem_set(&problem, ERR_IO, "%s cannot be written: %s", path, strerror(failure));
        return cli_fail_here(&problem);
    }
    cli_note(cli, "the report is in %s", path);
    return EXIT_DONE;
}

static enum exit_code run(struct cli *cli, const struct arguments *arguments)
{
    const char *format = arguments_value(arguments, "format");
    const char *file = arguments_value(arguments, "output");
    struct buf text = {0};
    struct problem problem;
    enum exit_code code = EXIT_DONE;
    if (format == NULL) {
        format = cli->is_json ? "json" : "text";
    }
    if (fetch(cli, arguments, format, &text, &problem) != ERR_OK) {
        code = cli_fail(cli, &problem);
    } else if (file != NULL && strcmp(file, "-") != 0) {
        code = write_file(cli, file, &text);
    } else {
        cli_print(cli, &text);
    }
    buf_release(&text);
    return code;
}

static const struct option options[] = {
    {"compare", "CAMPAIGN", "this one beside it, with the differences"},
    {"format", "text|json|csv|html", "text if nobody says; html is one page that prints well"},
    {"output", "FILE", "write it there; also -o FILE"},
    {"by", "COLUMN", "group people by a column of the audience"},
    {NULL, NULL, NULL},
};

const struct command report_commands[] = {
    {
        .name = NULL,
        .operands = "CAMPAIGN",
        .operands_min = 1,
        .operands_max = 1,
        .summary = "what became of a campaign: people, times, the ladder, what went wrong",
        .details = "Read from the journal, while the campaign runs or after.\n"
                   "  tocsin report c7\n"
                   "  tocsin report c7 --by region --format html -o c7.html\n"
                   "  tocsin report c7 --compare c5\n",
        .options = options,
        .run = run,
    },
    {.run = NULL},
};
