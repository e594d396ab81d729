/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/command_table.h"
#include "cli/list.h"
#include "common/text.h"

static const struct list_column COLUMNS[] = {
    {"subscription", "id", LIST_TEXT},
    {"name", "name", LIST_TEXT},
    {"url", "url", LIST_TEXT},
    {"state", "state", LIST_TEXT},
    {"told", "told", LIST_TEXT},
    {"behind", "behind", LIST_NUMBER},
    {"delivered", "delivered", LIST_NUMBER},
    {"failed tries", "failed_tries", LIST_NUMBER},
    {"dead letters", "dead_letters", LIST_NUMBER},
    {"next try", "next_try_at", LIST_TIME},
    {"why", "why", LIST_TEXT},
    {NULL, NULL, LIST_TEXT},
};

static const struct list_column LETTER_COLUMNS[] = {
    {"event", "id", LIST_TEXT},
    {"type", "type", LIST_TEXT},
    {"last try", "last_try_at", LIST_TIME},
    {"tries", "tries", LIST_NUMBER},
    {"status", "status", LIST_PLACE},
    {NULL, NULL, LIST_TEXT},
};

static void put_path(struct buf *path, const char *id, const char *more)
{
    buf_str(path, "/v1/subscriptions/");
    text_url_encode(path, slice_str(id));
    buf_str(path, more);
}

/* Sends a request about one of them, and prints what is answered. The body is freed. */
static enum exit_code ask(struct cli *cli, const char *method, const char *id, const char *more,
                          json_t *take_body)
{
    struct buf path = {0};
    char *body = take_body == NULL ? NULL : json_dumps(take_body, JSON_COMPACT);
    json_decref(take_body);
    put_path(&path, id, more);
    const struct client_request request = {.method = method, .path = buf_cstr(&path), .body = body};
    enum exit_code code = list_print_answer(cli, &request, COLUMNS);
    free(body);
    buf_release(&path);
    return code;
}

/* ---- create, rotate: with a secret ---- */

static enum exit_code print_secret(struct cli *cli, const json_t *answer)
{
    struct problem problem;
    struct buf line = {0};
    const char *secret = json_string_value(json_object_get(answer, "secret"));
    if (secret == NULL) { /* the answer got lost, and was given again from what is kept */
        (void)problem_set(&problem, ERR_CLOSED,
                          "it is done, but the answer that had the key got lost: make another "
                          "(tocsin subscription rotate %s --overlap 0s)",
                          cli_member_str(answer, "id"));
        return cli_fail_here(&problem);
    }
    if (cli->is_json) {
        cli_print_json(cli, answer);
        return EXIT_DONE;
    }
    if (!cli->is_quiet) {
        list_print_object(cli, answer, COLUMNS);
        cli_say(cli, "%s", "The key that requests are signed with, which is shown this once:");
    }
    buf_printf(&line, "%s\n", secret);
    cli_print(cli, &line);
    buf_release(&line);
    return EXIT_DONE;
}

static enum exit_code ask_secret(struct cli *cli, const char *path, json_t *take_body)
{
    struct problem problem;
    json_t *answer = NULL;
    char *body = take_body == NULL ? NULL : json_dumps(take_body, JSON_COMPACT);
    json_decref(take_body);
    if (body == NULL) {
        (void)problem_set(&problem, ERR_INVALID, "what was given is no UTF-8");
        return cli_usage(&problem);
    }
    enum err err = client_post(cli->client, path, body, &answer, &problem);
    free(body);
    enum exit_code code = err == ERR_OK ? print_secret(cli, answer) : cli_fail(cli, &problem);
    json_decref(answer);
    return code;
}

/* Words with commas between them; NULL: none were given. */
static json_t *words(const char *text)
{
    json_t *list = text == NULL ? NULL : json_array();
    while (text != NULL) {
        size_t len = strcspn(text, ",");
        json_array_append_new(list, json_stringn(text, len));
        text = text[len] == ',' ? text + len + 1 : NULL;
    }
    return list;
}

static enum exit_code run_create(struct cli *cli, const struct arguments *arguments)
{
    json_t *body =
        json_pack("{s:s, s:s, s:o*, s:o*}", "name", arguments->operands[0], "url",
                  arguments->operands[1], "types", words(arguments_value(arguments, "types")),
                  "campaigns", words(arguments_value(arguments, "campaigns")));
    return ask_secret(cli, "/v1/subscriptions", body);
}

static enum exit_code run_rotate(struct cli *cli, const struct arguments *arguments)
{
    struct buf path = {0};
    put_path(&path, arguments->operands[0], "/rotate");
    enum exit_code code =
        ask_secret(cli, buf_cstr(&path),
                   json_pack("{s:s*}", "overlap", arguments_value(arguments, "overlap")));
    buf_release(&path);
    return code;
}

/* ---- the others ---- */

static enum exit_code run_list(struct cli *cli, const struct arguments *arguments)
{
    (void)arguments;
    const struct list list = {
        .path = "/v1/subscriptions", .columns = COLUMNS, .nothing = "No subscription."};
    return list_print(cli, &list);
}

static enum exit_code run_show(struct cli *cli, const struct arguments *arguments)
{
    return ask(cli, "GET", arguments->operands[0], "", NULL);
}

static enum exit_code run_pause(struct cli *cli, const struct arguments *arguments)
{
    return ask(cli, "PATCH", arguments->operands[0], "", json_pack("{s:s}", "state", "paused"));
}

static enum exit_code run_resume(struct cli *cli, const struct arguments *arguments)
{
    return ask(cli, "PATCH", arguments->operands[0], "", json_pack("{s:s}", "state", "active"));
}

static enum exit_code run_delete(struct cli *cli, const struct arguments *arguments)
{
    return ask(cli, "DELETE", arguments->operands[0], "", NULL);
}

static enum exit_code run_letters(struct cli *cli, const struct arguments *arguments)
{
    struct problem problem;
    struct buf path = {0};
    struct list list = {.columns = LETTER_COLUMNS, .nothing = "No dead letter."};
    if (arguments_number(arguments, "limit", 1, LIST_LIMIT_MAX, &list.limit, &problem) != ERR_OK) {
        return cli_usage(&problem);
    }
    put_path(&path, arguments->operands[0], "/dead-letters");
    list.path = buf_cstr(&path);
    enum exit_code code = list_print(cli, &list);
    buf_release(&path);
    return code;
}

static enum exit_code run_redeliver(struct cli *cli, const struct arguments *arguments)
{
    struct problem problem;
    struct buf path = {0};
    json_t *answer = NULL;
    put_path(&path, arguments->operands[0], "/dead-letters/redeliver");
    enum err err = client_post(cli->client, buf_cstr(&path), NULL, &answer, &problem);
    buf_release(&path);
    if (err != ERR_OK) {
        return cli_fail(cli, &problem);
    }
    if (cli->is_json) {
        cli_print_json(cli, answer);
    } else {
        cli_say(cli, "%llu of them are sent again%s.",
                (unsigned long long)cli_member_count(answer, "redelivering"),
                json_is_true(json_object_get(answer, "more")) ? "; there are more" : "");
    }
    json_decref(answer);
    return EXIT_DONE;
}

static const struct option create_options[] = {
    {"types", "TYPES", "only these: campaign.finished,alarm"},
    {"campaigns", "CAMPAIGNS", "only what is of these: c1,c2"},
    {NULL, NULL, NULL},
};

static const struct option rotate_options[] = {
    {"overlap", "DURATION", "how long the present key signs too: 24h if it is not said"},
    {NULL, NULL, NULL},
};

static const struct option letters_options[] = {LIST_LIMIT_OPTION, {NULL, NULL, NULL}};

#define ONE .operands = "SUBSCRIPTION", .operands_min = 1, .operands_max = 1

const struct command subscription_commands[] = {
    {.name = "create",
     .operands = "NAME URL",
     .operands_min = 2,
     .operands_max = 2,
     .summary = "tell a receiver of events by signed webhooks",
     .details = "Requests are signed by Standard Webhooks 1.0; the key is shown once.\n\n"
                "  tocsin subscription create desk https://desk.example/hook --types alarm\n",
     .options = create_options,
     .run = run_create},
    {.name = "list",
     .operands = "",
     .summary = "who is told, and how far each is",
     .run = run_list},
    {.name = "show", ONE, .summary = "one of them", .run = run_show},
    {.name = "pause", ONE, .summary = "send nothing more until it is resumed", .run = run_pause},
    {.name = "resume",
     ONE,
     .summary = "go on where it was; also after the receiver answered 410",
     .run = run_resume},
    {.name = "rotate",
     ONE,
     .summary = "sign with a new key, which is shown once",
     .options = rotate_options,
     .run = run_rotate},
    {.name = "delete",
     ONE,
     .summary = "tell it no more, and forget its dead letters",
     .run = run_delete},
    {.name = "dead-letters",
     ONE,
     .summary = "what could not be told",
     .options = letters_options,
     .run = run_letters},
    {.name = "redeliver", ONE, .summary = "send its dead letters again", .run = run_redeliver},
    {.run = NULL},
};
