/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/command_table.h"
#include "cli/list.h"
#include "cli/provider_request.h"
#include "common/text.h"

static enum exit_code run_list(struct cli *cli, const struct arguments *arguments)
{
    static const struct list_column columns[] = {
        {"provider", "name", LIST_TEXT},
        {"channel", "channel", LIST_TEXT},
        {"adapter", "adapter", LIST_TEXT},
        {"breaker", "breaker", LIST_TEXT},
        {"share %", "share", LIST_NUMBER},
        {"of", "part", LIST_NUMBER},
        {"sent/s", "sent_per_s", LIST_NUMBER},
        {"may/s", "rate_now_per_s", LIST_LIMIT},
        {"limit/s", "rate_per_s", LIST_LIMIT},
        {"outcomes", "outcomes", LIST_TEXT},
        {"why", "breaker_reason", LIST_TEXT},
        {"workers", "unopened", LIST_UNOPENED},
        {NULL, NULL, LIST_TEXT},
    };
    struct list list = {
        .path = "/v1/providers", .columns = columns, .nothing = "No provider is configured."};
    (void)arguments;
    return list_print(cli, &list);
}

/* Whatever holds it back now. */
static void print_why(struct cli *cli, const json_t *provider)
{
    static const struct list_column columns[] = {
        {"held back by", "reason", LIST_TEXT},
        {"since", "since", LIST_TIME},
        {"until", "until", LIST_TIME},
        {"", "detail", LIST_TEXT},
        {NULL, NULL, LIST_TEXT},
    };
    const json_t *why = json_object_get(provider, "why");
    if (json_array_size(why) > 0) {
        cli_say(cli, "%s", "");
        list_print_array(cli, why, columns);
    }
}

static enum exit_code run_show(struct cli *cli, const struct arguments *arguments)
{
    static const struct list_column columns[] = {
        {"provider", "name", LIST_TEXT},
        {"channel", "channel", LIST_TEXT},
        {"adapter", "adapter", LIST_TEXT},
        {"weight", "weight", LIST_NUMBER},
        {"% by weight", "part", LIST_NUMBER},
        {"% now", "share", LIST_NUMBER},
        {"throttled", "health.throttled", LIST_NUMBER},
        {"faults", "health.fault", LIST_NUMBER},
        {"timeouts", "health.timeout", LIST_NUMBER},
        {"latency ms", "health.latency_ms", LIST_NUMBER},
        {"breaker", "breaker", LIST_TEXT},
        {"why", "breaker_reason", LIST_TEXT},
        {"paused until", "paused_until", LIST_TIME},
        {"today", "quota.used", LIST_NUMBER},
        {"at most a day", "quota.per_day", LIST_LIMIT},
        {"quiet from", "quiet_hours.from", LIST_TIME},
        {"quiet until", "quiet_hours.until", LIST_TIME},
        {"sent/s", "sent_per_s", LIST_NUMBER},
        {"may/s", "rate_now_per_s", LIST_LIMIT},
        {"limit/s", "rate_per_s", LIST_LIMIT},
        {"under way", "under_way", LIST_NUMBER},
        {"at most", "concurrency", LIST_LIMIT},
        {"outcomes", "outcomes", LIST_TEXT},
        {"workers", "unopened", LIST_UNOPENED},
        {NULL, NULL, LIST_TEXT},
    };
    struct problem problem;
    json_t *provider = NULL;
    struct buf path = {0};
    buf_str(&path, "/v1/providers/");
    text_url_encode(&path, slice_str(arguments->operands[0]));
    enum err err = client_get(cli->client, buf_cstr(&path), &provider, &problem);
    buf_release(&path);
    if (err != ERR_OK) {
        return cli_fail(cli, &problem);
    }
    if (!cli_print_plain(cli, provider)) {
        list_print_object(cli, provider, columns);
        print_why(cli, provider);
    }
    json_decref(provider);
    return EXIT_DONE;
}

static enum exit_code change_limit(struct cli *cli, const char *name, const char *method,
                                   const char *below, const char *body)
{
    static const struct list_column columns[] = {
        {"provider", "name", LIST_TEXT},
        {"limit/s", "rate_per_s", LIST_LIMIT},
        {"may/s", "rate_now_per_s", LIST_LIMIT},
        {"settings' limit/s", "limit.settings.rate", LIST_LIMIT},
        {"set by hand", "limit.override.since", LIST_TIME},
        {"under way at most", "concurrency", LIST_LIMIT},
        {"set by hand", "limit.override.concurrency_since", LIST_TIME},
        {"at most a day", "quota.per_day", LIST_LIMIT},
        {"set by hand", "limit.override.quota_since", LIST_TIME},
        {"quiet from", "quiet_hours.from", LIST_TIME},
        {"quiet until", "quiet_hours.until", LIST_TIME},
        {"set by hand", "limit.override.quiet_hours_since", LIST_TIME},
        {NULL, NULL, LIST_TEXT},
    };
    struct buf path = {0};
    buf_str(&path, "/v1/providers/");
    text_url_encode(&path, slice_str(name));
    buf_str(&path, below);
    const struct client_request request = {.method = method, .path = buf_cstr(&path), .body = body};
    enum exit_code code = list_print_answer(cli, &request, columns);
    buf_release(&path);
    return code;
}

static enum exit_code run_set(struct cli *cli, const struct arguments *arguments)
{
    struct problem problem;
    json_t *request = NULL;
    if (provider_request_new(&request, arguments, &problem) != ERR_OK) {
        return cli_usage(&problem);
    }
    char *text = json_dumps(request, JSON_COMPACT);
    json_decref(request);
    enum exit_code code = change_limit(cli, arguments->operands[0], "PATCH", "", text);
    free(text);
    return code;
}

static enum exit_code run_reset(struct cli *cli, const struct arguments *arguments)
{
    return change_limit(cli, arguments->operands[0], "DELETE", "/limit", NULL);
}

const struct command provider_commands[] = {
    {
        .name = "list",
        .operands = "",
        .summary = "the providers, their limits, speed and health",
        .run = run_list,
    },
    {
        .name = "show",
        .operands = "NAME",
        .operands_min = 1,
        .operands_max = 1,
        .summary = "one provider: its share of its channel, and the errors that move it",
        .run = run_show,
    },
    {
        .name = "set",
        .operands = "NAME",
        .operands_min = 1,
        .operands_max = 1,
        .summary = "give a provider other limits, now and for running campaigns",
        .details = "They hold over restarts, in place of the settings', until they are reset;\n"
                   "what is not named stays as it is. In place of a number or of hours, none says\n"
                   "that there is no such limit, and settings takes the settings' own back.\n\n"
                   "  tocsin provider set gateway --rate 500 --burst 20\n"
                   "  tocsin provider set gateway --concurrency 40 --quota 10000/Europe/Oslo\n"
                   "  tocsin provider set gateway --quiet-hours 22:00-07:00/Europe/Oslo\n"
                   "  tocsin provider set gateway --quota none --quiet-hours settings\n",
        .options = provider_request_options,
        .run = run_set,
    },
    {
        .name = "reset",
        .operands = "NAME",
        .operands_min = 1,
        .operands_max = 1,
        .summary = "go back to the limits of the settings",
        .details = "  tocsin provider reset gateway\n",
        .run = run_reset,
    },
    {.run = NULL},
};
