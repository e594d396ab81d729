/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that can be checked without the coordinator is checked first, options within the API's
 * bounds: a mistake in them should not come to light after a million rows were uploaded. Whether
 * the audience has the message's variables is known when its columns are. When a later step fails
 * the audience is there, and the message says how to go on from it.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/campaign_request.h"
#include "cli/cli.h"
#include "cli/command_table.h"
#include "cli/human.h"
#include "cli/upload.h"
#include "cli/watch.h"
#include "common/mem.h"
#include "common/text.h"

static enum err check(const struct arguments *arguments, struct problem *problem)
{
    bool has_file = arguments->operand_count == 1;
    if (has_file == arguments_has(arguments, "audience")) {
        return problem_set(
            problem, ERR_INVALID,
            "%s; tocsin send FILE imports one, tocsin send --audience ID takes one that "
            "is there",
            has_file ? "a file and --audience are both given" : "to whom is missing");
    }
    if (arguments_has(arguments, "draft") && arguments_has(arguments, "strict")) {
        return problem_set(problem, ERR_INVALID,
                           "--strict asks how it ended, and --draft does not begin");
    }
    return upload_check(arguments, problem);
}

/* What the campaign is called when nobody said. */
static char *default_name(const struct arguments *arguments)
{
    const char *name = arguments_value(arguments, "name");
    if (name != NULL) {
        return mem_copy_str(name);
    }
    if (arguments->operand_count == 0) {
        return mem_copy_str(arguments_value(arguments, "audience"));
    }
    struct buf called = {0};
    upload_name_of(&called, arguments->operands[0]);
    char *copy = mem_copy_str(buf_cstr(&called));
    buf_release(&called);
    return copy;
}

/* Adds "audience" to the request: the one that was named, or a new one from the file. */
static enum exit_code choose_audience(struct cli *cli, const struct arguments *arguments,
                                      json_t *request)
{
    const char *named = arguments_value(arguments, "audience");
    json_t *audience = NULL;
    enum exit_code code = EXIT_DONE;
    if (named != NULL) {
        json_object_set_new(request, "audience", json_string(named));
    } else {
        code = upload_run(cli, arguments, arguments->operands[0],
                          arguments_value(arguments, "name"), &audience);
    }
    if (audience != NULL) {
        json_object_set(request, "audience", json_object_get(audience, "id"));
        if (cli->is_json) {
            cli_print_json(cli, audience);
        }
    }
    json_decref(audience);
    return code;
}

static enum exit_code fail_after_import(struct cli *cli, const struct arguments *arguments,
                                        const json_t *request, const struct problem *problem)
{
    enum exit_code code = cli_fail(cli, problem);
    if (arguments->operand_count > 0) {
        fprintf(stderr,
                "tocsin: nothing was sent; the audience is kept, so that it need not be uploaded "
                "again: --audience %s instead of the file\n",
                cli_member_str(request, "audience"));
    }
    return code;
}

/* Makes the campaign, and launches it unless a draft was asked for. */
static enum err make_campaign(struct cli *cli, const struct arguments *arguments,
                              const json_t *request, json_t **campaign, struct problem *problem)
{
    char *body = json_dumps(request, JSON_COMPACT);
    enum err err = client_post(cli->client, "/v1/campaigns", body, campaign, problem);
    free(body);
    if (err == ERR_OK && !arguments_has(arguments, "draft")) {
        struct buf path = {0};
        json_t *launched;
        buf_str(&path, "/v1/campaigns/");
        text_url_encode(&path, slice_str(cli_member_str(*campaign, "id")));
        buf_str(&path, "/launch");
        err = client_post(cli->client, buf_cstr(&path), NULL, &launched, problem);
        buf_release(&path);
        if (err == ERR_OK) {
            json_decref(*campaign);
            *campaign = launched;
        }
    }
    return err;
}

static enum exit_code follow(struct cli *cli, const struct arguments *arguments,
                             const json_t *campaign)
{
    const char *id = cli_member_str(campaign, "id");
    bool is_draft = arguments_has(arguments, "draft");
    bool is_watched = !is_draft && !arguments_has(arguments, "no-watch");
    if (cli->is_quiet || (cli->is_json && !is_watched)) {
        (void)cli_print_plain(cli, campaign);
        (void)fflush(cli->out.file);
    }
    if (is_watched) {
        return watch_campaign(cli, id, arguments_has(arguments, "strict"));
    }
    cli_say(cli,
            is_draft ? "%s is a draft; start it: tocsin campaign launch %s"
                     : "%s is launched; watch it: tocsin campaign watch %s",
            id, id);
    return EXIT_DONE;
}

static enum exit_code send(struct cli *cli, const struct arguments *arguments, json_t *request)
{
    struct problem problem;
    json_t *campaign = NULL;
    enum exit_code code = choose_audience(cli, arguments, request);
    if (code != EXIT_DONE) {
        return code;
    }
    if (make_campaign(cli, arguments, request, &campaign, &problem) == ERR_OK) {
        code = follow(cli, arguments, campaign);
    } else {
        code = fail_after_import(cli, arguments, request, &problem);
    }
    json_decref(campaign);
    return code;
}

static enum err make_request(json_t **request, const struct arguments *arguments,
                             const struct plan_choice *plan, struct problem *problem)
{
    char *name = default_name(arguments);
    enum err err = campaign_request_new(request, arguments, name, plan, problem);
    mem_free(name);
    return err;
}

static enum exit_code run_send(struct cli *cli, const struct arguments *arguments)
{
    struct problem problem;
    struct plan_choice plan = {0};
    json_t *request = NULL;
    enum exit_code code = EXIT_DONE;
    enum err err = check(arguments, &problem);
    if (err == ERR_OK) {
        err = plan_choice_read(&plan, arguments_value(arguments, "plan"), &problem);
    }
    if (err == ERR_OK && plan_choice_look_up(&plan, cli->client, &problem) != ERR_OK) {
        code = cli_fail(cli, &problem);
    } else if (err == ERR_OK) {
        err = make_request(&request, arguments, &plan, &problem);
    }
    if (err == ERR_INVALID) {
        code = cli_usage(&problem);
    } else if (err != ERR_OK) {
        code = cli_fail_here(&problem);
    } else if (request != NULL) {
        code = send(cli, arguments, request);
    }
    plan_choice_release(&plan);
    json_decref(request);
    return code;
}

static const struct option send_options[] = {
    CAMPAIGN_REQUEST_OPTIONS,
    {"name", "NAME", "what the campaign and its audience are called; else the file's name"},
    {"audience", "ID", "an audience that is there already, instead of a file"},
    UPLOAD_OPTIONS,
    {"draft", NULL, "make the campaign, but do not launch it"},
    {"no-watch", NULL, "launch it, and do not stay"},
    WATCH_STRICT_OPTION,
    {NULL, NULL, NULL},
};

const struct command send_commands[] = {
    {
        .name = NULL,
        .operands = "[FILE]",
        .operands_min = 0,
        .operands_max = 1,
        .summary = "import a file, send everybody in it a message, and watch until it is done",
        .details =
            "  tocsin send customers.csv --channel sms \\\n"
            "      --text \"Dear {{first_name}}, your power is back at 18:00.\"\n"
            "  tocsin send list.csv.gz --channel email --subject \"Your account\" \\\n"
            "      --text-file notice.txt --html-file notice.html --priority critical\n"
            "  tocsin send customers.csv --plan 'push 5m > sms 15m > voice' \\\n"
            "      --text-file notice.txt\n"
            "  tocsin send customers.csv --plan night --text-file notice.txt\n"
            "  tocsin send --audience a12 --channel sms --text-file notice.txt --no-watch "
            "--quiet\n"
            "\n"
            "A step of a plan that has a time lasts until the recipient acknowledges or the\n"
            "time is over; one that has none, until a provider has accepted the message. Who\n"
            "cannot be sent to climbs to the next step at once. Text, subject and HTML go to\n"
            "every channel of the plan that takes them.\n"
            "\n"
            "PLAN are steps if there is a > or a blank in it, or it is a channel; a file, as the\n"
            "API has a plan, if there is a / in it, it ends in .json, .yaml or .yml, or it is -;\n"
            "else the name of a plan: tocsin plan list.\n",
        .options = send_options,
        .run = run_send,
    },
    {.run = NULL},
};
