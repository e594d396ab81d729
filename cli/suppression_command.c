/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/cli.h"
#include "cli/command_table.h"
#include "cli/list.h"
#include "cli/upload.h"
#include "common/text.h"

/* Whom a command is about: CHANNEL ENDPOINT, or --contact KEY, perhaps with --channel. */
struct subject {
    const char *channel; /* NULL: all */
    const char *endpoint;
    const char *contact;
};

static enum err read_subject(const struct arguments *arguments, struct subject *subject,
                             struct problem *problem)
{
    *subject = (struct subject){.channel = arguments_value(arguments, "channel"),
                                .contact = arguments_value(arguments, "contact")};
    bool is_endpoint = arguments->operand_count == 2;
    if ((subject->contact != NULL) == is_endpoint || arguments->operand_count == 1 ||
        (is_endpoint && subject->channel != NULL)) {
        return problem_set(problem, ERR_INVALID,
                           "name a channel and an endpoint, as \"sms +491701234567\", or a contact "
                           "by --contact KEY, perhaps with --channel");
    }
    if (is_endpoint) {
        subject->channel = arguments->operands[0];
        subject->endpoint = arguments->operands[1];
    }
    return ERR_OK;
}

static void entry_path(const struct subject *subject, struct buf *path)
{
    buf_str(path, "/v1/suppressions/");
    if (subject->contact != NULL) {
        buf_str(path, subject->channel == NULL ? "contact" : "contact.");
    }
    if (subject->channel != NULL) {
        text_url_encode(path, slice_str(subject->channel));
    }
    buf_u8(path, '/');
    text_url_encode(path,
                    slice_str(subject->contact != NULL ? subject->contact : subject->endpoint));
}

static const struct list_column ENTRY_COLUMNS[] = {
    {"channel", "channel", LIST_TEXT}, {"endpoint", "endpoint", LIST_TEXT},
    {"contact", "contact", LIST_TEXT}, {"reason", "reason", LIST_TEXT},
    {"source", "source", LIST_TEXT},   {"at", "at", LIST_TIME},
    {"until", "until", LIST_TIME},     {NULL, NULL, LIST_TEXT},
};

static void print_entry(struct cli *cli, const json_t *entry)
{
    if (cli->is_json) {
        cli_print_json(cli, entry);
    } else if (!cli->is_quiet) {
        list_print_object(cli, entry, ENTRY_COLUMNS);
    }
}

static enum exit_code run_add(struct cli *cli, const struct arguments *arguments)
{
    struct subject subject;
    struct problem problem;
    json_t *entry = NULL;
    if (read_subject(arguments, &subject, &problem) != ERR_OK) {
        return cli_usage(&problem);
    }
    const char *reason = arguments_value(arguments, "reason");
    const char *source = arguments_value(arguments, "source");
    json_t *body = json_pack("{s:s*, s:s*, s:s*, s:s, s:s}", "channel", subject.channel, "endpoint",
                             subject.endpoint, "contact", subject.contact, "reason",
                             reason == NULL ? "manual" : reason, "source",
                             source == NULL ? "tocsin suppression add" : source);
    char *text = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    if (text == NULL) {
        problem_set(&problem, ERR_INVALID, "what was given is no UTF-8");
        return cli_usage(&problem);
    }
    enum err err = client_post(cli->client, "/v1/suppressions", text, &entry, &problem);
    free(text);
    if (err != ERR_OK) {
        return cli_fail(cli, &problem);
    }
    print_entry(cli, entry);
    json_decref(entry);
    return EXIT_DONE;
}

static enum exit_code run_remove(struct cli *cli, const struct arguments *arguments)
{
    struct subject subject;
    struct problem problem;
    json_t *entry = NULL;
    struct buf path = {0};
    if (read_subject(arguments, &subject, &problem) != ERR_OK) {
        return cli_usage(&problem);
    }
    entry_path(&subject, &path);
    const struct client_request request = {.method = "DELETE", .path = buf_cstr(&path)};
    enum err err = client_json(cli->client, &request, &entry, &problem);
    buf_release(&path);
    if (err != ERR_OK) {
        return cli_fail(cli, &problem);
    }
    cli_say(cli, "Taken off the list.");
    print_entry(cli, entry);
    json_decref(entry);
    return EXIT_DONE;
}

static enum exit_code run_check(struct cli *cli, const struct arguments *arguments)
{
    struct subject subject;
    struct problem problem;
    json_t *entry = NULL;
    struct buf path = {0};
    if (read_subject(arguments, &subject, &problem) != ERR_OK) {
        return cli_usage(&problem);
    }
    entry_path(&subject, &path);
    enum err err = client_get(cli->client, buf_cstr(&path), &entry, &problem);
    buf_release(&path);
    if (err == ERR_NOT_FOUND) {
        cli_say(cli, "Not on the list.");
        return EXIT_ERROR;
    }
    if (err != ERR_OK) {
        return cli_fail(cli, &problem);
    }
    print_entry(cli, entry);
    json_decref(entry);
    return EXIT_DONE;
}

static enum exit_code run_list(struct cli *cli, const struct arguments *arguments)
{
    struct problem problem;
    struct buf path = {0};
    const char *channel = arguments_value(arguments, "channel");
    const char *reason = arguments_value(arguments, "reason");
    struct list list = {.columns = ENTRY_COLUMNS, .nothing = "Nobody is on the list."};
    if (arguments_number(arguments, "limit", 1, LIST_LIMIT_MAX, &list.limit, &problem) != ERR_OK) {
        return cli_usage(&problem);
    }
    buf_str(&path, "/v1/suppressions");
    if (channel != NULL) {
        buf_str(&path, "?channel=");
        text_url_encode(&path, slice_str(channel));
    }
    if (reason != NULL) {
        buf_printf(&path, "%sreason=%s", channel == NULL ? "?" : "&", reason);
    }
    list.path = buf_cstr(&path);
    enum exit_code code = list_print(cli, &list);
    buf_release(&path);
    return code;
}

static void report_import(struct cli *cli, const json_t *answer)
{
    struct buf text = {0};
    size_t i;
    json_t *refusal;
    buf_str(&text, "rows ");
    cli_member(&text, answer, "rows");
    buf_str(&text, ", new on the list ");
    cli_member(&text, answer, "added");
    buf_str(&text, ", refused ");
    cli_member(&text, answer, "refused");
    buf_u8(&text, '\n');
    json_array_foreach(json_object_get(answer, "refusals"), i, refusal)
    {
        buf_str(&text, "  row ");
        cli_member(&text, refusal, "row");
        buf_str(&text, ": ");
        cli_member(&text, refusal, "reason");
        buf_u8(&text, '\n');
    }
    cli_print(cli, &text);
    buf_release(&text);
}

static enum exit_code run_import(struct cli *cli, const struct arguments *arguments)
{
    const char *on_error = arguments_value(arguments, "on-error");
    json_t *answer = NULL;
    struct buf path = {0};
    buf_printf(&path, "/v1/suppressions/import?on_error=%s", on_error == NULL ? "stop" : on_error);
    enum exit_code code = upload_file(cli, arguments->operands[0], buf_cstr(&path),
                                      arguments_value(arguments, "format"), &answer);
    buf_release(&path);
    if (code == EXIT_DONE && cli->is_json) {
        cli_print_json(cli, answer);
    } else if (code == EXIT_DONE && !cli->is_quiet) {
        report_import(cli, answer);
    }
    json_decref(answer);
    return code;
}

static enum exit_code run_export(struct cli *cli, const struct arguments *arguments)
{
    struct client_answer answer;
    struct problem problem;
    const struct client_request request = {.method = "GET",
                                           .path = "/v1/suppressions/export",
                                           .accept = "text/csv",
                                           .sink = cli->out.file};
    (void)arguments;
    enum err err = client_send(cli->client, &request, &answer, &problem);
    client_answer_release(&answer);
    return err == ERR_OK ? EXIT_DONE : cli_fail(cli, &problem);
}

#define REASONS "opt_out|complaint|bounced|invalid|legal|manual"
#define SUBJECT_OPTIONS                                                                            \
    {"contact", "KEY", "a contact in place of an endpoint"},                                       \
    {                                                                                              \
        "channel", "CHANNEL", "with --contact: only on this channel"                               \
    }

static const struct option add_options[] = {
    SUBJECT_OPTIONS,
    {"reason", REASONS, "why; manual if it is not said"},
    {"source", "TEXT", "who said so"},
    {NULL, NULL, NULL},
};

static const struct option subject_options[] = {
    SUBJECT_OPTIONS,
    {NULL, NULL, NULL},
};

static const struct option list_options[] = {
    {"channel", "CHANNEL", "only those of this channel"},
    {"reason", REASONS, "only those for this reason"},
    LIST_LIMIT_OPTION,
    {NULL, NULL, NULL},
};

static const struct option import_options[] = {
    {"on-error", "stop|skip", "at a row that is no entry: stop (the default), or leave it out"},
    {"format", "csv|ndjson", "when the name does not say it"},
    {NULL, NULL, NULL},
};

const struct command suppression_commands[] = {
    {
        .name = "add",
        .operands = "[CHANNEL ENDPOINT]",
        .operands_max = 2,
        .summary = "send nothing more to an endpoint, or to a contact",
        .details = "It holds at once, in campaigns that run as well, and for critical ones.\n\n"
                   "  tocsin suppression add sms +491701234567 --reason opt_out\n"
                   "  tocsin suppression add --contact C1002 --reason legal --source \"case 12\"\n",
        .options = add_options,
        .run = run_add,
    },
    {
        .name = "remove",
        .operands = "[CHANNEL ENDPOINT]",
        .operands_max = 2,
        .summary = "take an entry off the list; it counts from the next launch on",
        .details = "  tocsin suppression remove email anna@example.org\n",
        .options = subject_options,
        .run = run_remove,
    },
    {
        .name = "check",
        .operands = "[CHANNEL ENDPOINT]",
        .operands_max = 2,
        .summary = "is it on the list? Ends with 0 if it is, with 1 if it is not",
        .details = "  tocsin suppression check sms +491701234567\n",
        .options = subject_options,
        .run = run_check,
    },
    {
        .name = "list",
        .operands = "",
        .summary = "the entries, by channel",
        .options = list_options,
        .run = run_list,
    },
    {
        .name = "import",
        .operands = "FILE",
        .operands_min = 1,
        .operands_max = 1,
        .summary = "put all entries of a CSV or NDJSON file on the list",
        .details = "The columns are reason, and channel and endpoint or contact, and perhaps\n"
                   "source. Importing a file twice does no harm.\n\n"
                   "  tocsin suppression import opted-out.csv\n"
                   "  tocsin suppression import old-list.ndjson.zst --on-error skip\n",
        .options = import_options,
        .run = run_import,
    },
    {
        .name = "export",
        .operands = "",
        .summary = "the whole list as CSV, as an import takes it",
        .details = "  tocsin suppression export >list.csv\n",
        .run = run_export,
    },
    {.run = NULL},
};
