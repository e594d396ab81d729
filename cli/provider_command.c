/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/command_table.h"
#include "cli/list.h"
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
        {NULL, NULL, LIST_TEXT},
    };
    struct problem problem;
    json_t *provider = NULL;
    struct buf path = {0};
    buf_str(&path, "/v1/providers/");
    text_url_encode(&path, slice_str(name));
    buf_str(&path, below);
    const struct client_request request = {.method = method, .path = buf_cstr(&path), .body = body};
    enum err err = client_json(cli->client, &request, &provider, &problem);
    buf_release(&path);
    if (err != ERR_OK) {
        return cli_fail(cli, &problem);
    }
    if (cli->is_json) {
        cli_print_json(cli, provider);
    } else if (!cli->is_quiet) {
        list_print_object(cli, provider, columns);
    }
    json_decref(provider);
    return EXIT_DONE;
}

/* Whether it is a sensible number, the API says. */
static enum err read_number(const struct arguments *arguments, const char *option, json_t *body,
                            struct problem *problem)
{
    double number = 0;
    enum err err = arguments_decimal(arguments, option, &number, problem);
    if (err == ERR_OK && arguments_has(arguments, option)) {
        json_object_set_new(body, option, json_real(number));
    }
    return err;
}

static enum exit_code run_set(struct cli *cli, const struct arguments *arguments)
{
    struct problem problem;
    json_t *body = json_object();
    enum err err = ERR_OK;
    if (arguments_value(arguments, "rate") == NULL) {
        err = problem_set(&problem, ERR_INVALID,
                          "say how many a second: --rate 500; the limit of the settings is back "
                          "after tocsin provider reset");
    }
    err = err == ERR_OK ? read_number(arguments, "rate", body, &problem) : err;
    err = err == ERR_OK ? read_number(arguments, "burst", body, &problem) : err;
    char *text = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    enum exit_code code = err == ERR_OK
                              ? change_limit(cli, arguments->operands[0], "PATCH", "", text)
                              : cli_usage(&problem);
    free(text);
    return code;
}

static enum exit_code run_reset(struct cli *cli, const struct arguments *arguments)
{
    return change_limit(cli, arguments->operands[0], "DELETE", "/limit", NULL);
}

static const struct option set_options[] = {
    {"rate", "N", "recipients a second, over all workers"},
    {"burst", "N", "how many may go at once; else one and 30 ms' worth"},
    {NULL, NULL, NULL},
};

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
        .summary = "give a provider another limit, now and for running campaigns",
        .details = "It holds over restarts, in place of the settings', until it is reset.\n\n"
                   "  tocsin provider set gateway --rate 500\n"
                   "  tocsin provider set gateway --rate 500 --burst 20\n",
        .options = set_options,
        .run = run_set,
    },
    {
        .name = "reset",
        .operands = "NAME",
        .operands_min = 1,
        .operands_max = 1,
        .summary = "go back to the limit of the settings",
        .details = "  tocsin provider reset gateway\n",
        .run = run_reset,
    },
    {.run = NULL},
};
