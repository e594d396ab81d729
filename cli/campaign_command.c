/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cli/campaign_request.h"
#include "cli/campaign_set.h"
#include "cli/cli.h"
#include "cli/command_table.h"
#include "cli/json_file.h"
#include "cli/list.h"
#include "cli/plan_choice.h"
#include "cli/plan_table.h"
#include "cli/progress.h"
#include "cli/watch.h"
#include "common/clock.h"
#include "common/mem.h"
#include "common/text.h"

static void put_path(struct buf *path, const char *campaign, const char *verb)
{
    buf_str(path, "/v1/campaigns/");
    text_url_encode(path, slice_str(campaign));
    buf_printf(path, "%s%s", *verb == '\0' ? "" : "/", verb);
}

static enum exit_code run_list(struct cli *cli, const struct arguments *arguments)
{
    static const struct list_column columns[] = {
        {"campaign", "id", LIST_TEXT},
        {"state", "state", LIST_TEXT},
        {"plan", "plan.steps", LIST_PLAN},
        {"recipients", "recipients", LIST_NUMBER},
        {"accepted", "counts.accepted", LIST_NUMBER},
        {"failed", "counts.failed", LIST_NUMBER},
        {"a second", "rate_per_s", LIST_NUMBER},
        {"created", "created_at", LIST_TIME},
        {"name", "name", LIST_TEXT},
        {NULL, NULL, LIST_TEXT},
    };
    struct list list = {.path = "/v1/campaigns",
                        .columns = columns,
                        .nothing = "There is no campaign yet: tocsin send FILE --channel …"};
    (void)arguments;
    return list_print(cli, &list);
}

static void print_without(struct cli *cli, const json_t *campaign)
{
    const json_t *channels = json_object_get(campaign, "without");
    struct buf text = {0};
    size_t i;
    json_t *channel;
    json_array_foreach(channels, i, channel)
    {
        buf_printf(&text, "%s%s", i == 0 ? "without   " : ", ", json_string_value(channel));
    }
    if (text.len > 0) {
        buf_str(&text, "; the plan's steps on it are left out\n");
    }
    cli_print(cli, &text);
    buf_release(&text);
}

/* What spares its recipients, if anything does. */
static void print_respect(struct cli *cli, const json_t *campaign)
{
    const json_t *hours = json_object_get(campaign, "quiet_hours");
    const json_t *cap = json_object_get(campaign, "frequency_cap");
    const json_t *overrides = json_object_get(campaign, "overrides");
    struct buf text = {0};
    if (json_is_object(hours)) {
        size_t i;
        json_t *channel;
        buf_printf(&text, "quiet     %s to %s, %s for whoever has no zone; on",
                   cli_member_str(hours, "from"), cli_member_str(hours, "to"),
                   cli_member_str(hours, "zone"));
        json_array_foreach(json_object_get(hours, "channels"), i, channel)
        {
            buf_printf(&text, "%s %s", i == 0 ? "" : ",", json_string_value(channel));
        }
        buf_str(&text, "\n");
    }
    if (json_is_object(cap)) {
        buf_printf(&text, "cap       %" JSON_INTEGER_FORMAT " messages in %s\n",
                   json_integer_value(json_object_get(cap, "messages")),
                   cli_member_str(cap, "per"));
    }
    if (json_array_size(overrides) > 0) {
        buf_str(&text, "          which it overrides, being critical\n");
    }
    cli_print(cli, &text);
    buf_release(&text);
}

/* Those after the first. */
static void print_rounds(struct cli *cli, const json_t *campaign)
{
    static const struct list_column columns[] = {
        {"round", "round", LIST_NUMBER},
        {"for", "recipients", LIST_NUMBER},
        {"since", "at", LIST_TIME},
        {NULL, NULL, LIST_TEXT},
    };
    const json_t *rounds = json_object_get(campaign, "rounds");
    if (json_array_size(rounds) > 0) {
        cli_say(cli, "%s", "");
        list_print_array(cli, rounds, columns);
    }
}

/* How it stands, then what it is. */
static void print_campaign(struct cli *cli, const json_t *campaign)
{
    static const struct list_column columns[] = {
        {"audience", "audience", LIST_TEXT},
        {"priority", "priority", LIST_TEXT},
        {"at most/s", "rate", LIST_LIMIT},
        {"created", "created_at", LIST_TIME},
        {"launched", "launched_at", LIST_TIME},
        {"ended", "ended_at", LIST_TIME},
        {NULL, NULL, LIST_TEXT},
    };
    struct progress progress;
    struct buf view = {0};
    if (progress_read(&progress, campaign, clock_unix_ms())) {
        struct progress_style style = screen_style(&cli->out);
        progress_add_control(&progress, campaign);
        if (progress_is_over(&progress)) {
            progress_closing(&view, &progress, &style);
        } else {
            progress_view(&view, &progress, &style);
        }
        cli_print(cli, &view);
    }
    list_print_object(cli, campaign, columns);
    print_respect(cli, campaign);
    print_without(cli, campaign);
    plan_table_print(cli, json_object_get(json_object_get(campaign, "plan"), "steps"));
    print_rounds(cli, campaign);
    buf_release(&view);
}

static enum exit_code run_show(struct cli *cli, const struct arguments *arguments)
{
    struct buf path = {0};
    struct problem problem;
    json_t *campaign;
    put_path(&path, arguments->operands[0], "");
    enum err err = client_get(cli->client, buf_cstr(&path), &campaign, &problem);
    buf_release(&path);
    if (err != ERR_OK) {
        return cli_fail(cli, &problem);
    }
    if (!cli_print_plain(cli, campaign)) {
        print_campaign(cli, campaign);
    }
    json_decref(campaign);
    return EXIT_DONE;
}

/* "plan" from --plan, if the file has none of its own. */
static enum err add_plan(json_t *request, const struct arguments *arguments,
                         struct problem *problem)
{
    struct plan_choice choice;
    const char *said = arguments_value(arguments, "plan");
    enum err err = plan_choice_read(&choice, said, problem);
    if (err == ERR_OK && said != NULL) {
        const char *has = json_object_get(request, "channel") != NULL ? "channel" : "plan";
        if (!json_is_object(request) || json_object_get(request, has) != NULL) {
            err =
                problem_set(problem, ERR_INVALID,
                            "--plan is given and %s has a \"%s\" of its own; leave one of them out",
                            arguments->operands[0], has);
        } else {
            json_object_set_new(request, "plan", plan_choice_json(&choice));
        }
    }
    plan_choice_release(&choice);
    return err;
}

static enum exit_code run_create(struct cli *cli, const struct arguments *arguments)
{
    struct problem problem;
    json_t *request = NULL;
    json_t *campaign;
    enum err err =
        json_file_load(&request, arguments->operands[0], CAMPAIGN_MESSAGE_BYTES, &problem);
    if (err == ERR_OK) {
        err = add_plan(request, arguments, &problem);
    }
    if (err != ERR_OK) {
        json_decref(request);
        return cli_fail_here(&problem);
    }
    char *body = json_dumps(request, JSON_COMPACT | JSON_ENCODE_ANY);
    err = client_post(cli->client, "/v1/campaigns", body, &campaign, &problem);
    free(body);
    json_decref(request);
    if (err != ERR_OK) {
        return cli_fail(cli, &problem);
    }
    if (!cli_print_plain(cli, campaign)) {
        const char *id = cli_member_str(campaign, "id");
        cli_say(cli, "%s is a draft; start it: tocsin campaign launch %s", id, id);
    }
    json_decref(campaign);
    return EXIT_DONE;
}

/* Changes a campaign, by one of the verbs that change its state or by a PATCH, and says how it
 * stands then. */
static enum exit_code change_by(struct cli *cli, const struct arguments *arguments,
                                const char *method, const char *verb, const char *body)
{
    struct buf path = {0};
    struct problem problem;
    json_t *campaign;
    put_path(&path, arguments->operands[0], verb);
    const struct client_request request = {.method = method, .path = buf_cstr(&path), .body = body};
    enum err err = client_json(cli->client, &request, &campaign, &problem);
    buf_release(&path);
    if (err != ERR_OK) {
        return cli_fail(cli, &problem);
    }
    if (!cli_print_plain(cli, campaign)) {
        struct progress progress;
        struct buf line = {0};
        if (progress_read(&progress, campaign, clock_unix_ms())) {
            progress_add_control(&progress, campaign);
            progress_line(&line, &progress);
            cli_print(cli, &line);
        }
        buf_release(&line);
    }
    json_decref(campaign);
    return EXIT_DONE;
}

static enum exit_code change(struct cli *cli, const struct arguments *arguments, const char *verb)
{
    return change_by(cli, arguments, "POST", verb, NULL);
}

static enum exit_code run_set(struct cli *cli, const struct arguments *arguments)
{
    struct problem problem;
    json_t *json = NULL;
    enum exit_code code = EXIT_USAGE;
    if (campaign_set_body(&json, arguments, &problem) == ERR_OK) {
        char *body = json_dumps(json, JSON_COMPACT);
        code = change_by(cli, arguments, "PATCH", "", body);
        free(body);
    } else {
        code = cli_usage(&problem);
    }
    json_decref(json);
    return code;
}

static enum exit_code launch(struct cli *cli, const struct arguments *arguments)
{
    const char *at = arguments_value(arguments, "at");
    if (at == NULL) {
        return change(cli, arguments, "launch");
    }
    json_t *json = json_pack("{s:s}", "at", at);
    char *body = json_dumps(json, JSON_COMPACT);
    enum exit_code code = change_by(cli, arguments, "POST", "launch", body);
    free(body);
    json_decref(json);
    return code;
}

static enum exit_code run_launch(struct cli *cli, const struct arguments *arguments)
{
    enum exit_code code = launch(cli, arguments);
    if (code != EXIT_DONE || !arguments_has(arguments, "watch")) {
        return code;
    }
    return watch_campaign(cli, arguments->operands[0], arguments_has(arguments, "strict"));
}

static enum exit_code run_pause(struct cli *cli, const struct arguments *arguments)
{
    return change(cli, arguments, "pause");
}

static enum exit_code run_resume(struct cli *cli, const struct arguments *arguments)
{
    return change(cli, arguments, "resume");
}

static enum exit_code run_cancel(struct cli *cli, const struct arguments *arguments)
{
    return change(cli, arguments, "cancel");
}

/* "failed,uncertain" as the API wants it. */
static char *states_body(const char *text)
{
    json_t *states = json_array();
    for (size_t len = 0; text != NULL; text = text[len] == '\0' ? NULL : text + len + 1) {
        len = strcspn(text, ",");
        json_array_append_new(states, json_stringn(text, len));
    }
    json_t *json = json_pack("{s:o}", "states", states);
    char *body = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return body;
}

static enum exit_code run_retry(struct cli *cli, const struct arguments *arguments)
{
    const char *only = arguments_value(arguments, "only");
    char *body = only == NULL ? NULL : states_body(only);
    enum exit_code code = change_by(cli, arguments, "POST", "retry", body);
    free(body);
    if (code != EXIT_DONE || !arguments_has(arguments, "watch")) {
        return code;
    }
    return watch_campaign(cli, arguments->operands[0], arguments_has(arguments, "strict"));
}

static enum exit_code run_watch(struct cli *cli, const struct arguments *arguments)
{
    return watch_campaign(cli, arguments->operands[0], arguments_has(arguments, "strict"));
}

static const struct option launch_options[] = {
    {"at", "TIME", "begin then: 2026-12-01T08:00:00Z, or with an offset such as +01:00"},
    {"watch", NULL, "stay until it is over"},
    WATCH_STRICT_OPTION,
    {NULL, NULL, NULL},
};

static const struct option create_options[] = {
    {"plan", "PLAN", "if the file has none: 'push 5m > sms', a plan's name, or its file"},
    {NULL, NULL, NULL},
};

static const struct option retry_options[] = {
    {"only", "STATE,…", "of failed, uncertain, unreachable (all three, if not given), expired"},
    {"watch", NULL, "stay until it is over"},
    WATCH_STRICT_OPTION,
    {NULL, NULL, NULL},
};

static const struct option watch_options[] = {
    WATCH_STRICT_OPTION,
    {NULL, NULL, NULL},
};

#define ONE_CAMPAIGN .operands = "CAMPAIGN", .operands_min = 1, .operands_max = 1

const struct command campaign_commands[] = {
    {
        .name = "list",
        .operands = "",
        .summary = "the campaigns there are, newest last",
        .run = run_list,
    },
    {
        .name = "show",
        ONE_CAMPAIGN,
        .summary = "how a campaign stands",
        .run = run_show,
    },
    {
        .name = "create",
        .operands = "FILE",
        .operands_min = 1,
        .operands_max = 1,
        .summary =
            "make a draft from the API's JSON, or the same in YAML (or - for standard input)",
        .details =
            "  {\"name\": \"Outage notice\", \"audience\": \"a12\", \"channel\": \"sms\",\n"
            "   \"content\": {\"sms\": {\"default\": {\"text\": \"Dear {{first_name}}, …\"},\n"
            "                       \"de\": {\"text\": \"Guten Tag {{first_name}}, …\"}}}}\n",
        .options = create_options,
        .run = run_create,
    },
    {
        .name = "launch",
        ONE_CAMPAIGN,
        .summary = "begin to send a draft, or what is scheduled, now or --at a time",
        .options = launch_options,
        .run = run_launch,
    },
    {
        .name = "watch",
        ONE_CAMPAIGN,
        .summary = "stay with a campaign until it is over",
        .details =
            "A live view on a terminal; otherwise a line a second when something changed. It goes\n"
            "on through restarts of the coordinator. Ctrl-C leaves; the campaign goes on.\n",
        .options = watch_options,
        .run = run_watch,
    },
    {
        .name = "pause",
        ONE_CAMPAIGN,
        .summary = "stop sending, within a second; resume goes on",
        .run = run_pause,
    },
    {
        .name = "resume",
        ONE_CAMPAIGN,
        .summary = "go on with a paused campaign",
        .run = run_resume,
    },
    {
        .name = "cancel",
        ONE_CAMPAIGN,
        .summary = "stop for good; who was not reached yet never will be",
        .run = run_cancel,
    },
    {
        .name = "set",
        ONE_CAMPAIGN,
        .summary = "change a campaign, also while it runs",
        .details = "  tocsin campaign set c7 --rate 100\n"
                   "  tocsin campaign set c7 --rate none\n",
        .options = campaign_set_options,
        .run = run_set,
    },
    {
        .name = "retry",
        ONE_CAMPAIGN,
        .summary = "begin another round of a finished campaign for those it did not reach",
        .options = retry_options,
        .run = run_retry,
    },
    {.run = NULL},
};
