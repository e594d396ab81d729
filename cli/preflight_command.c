/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/command_table.h"
#include "cli/list.h"
#include "common/clock.h"
#include "common/text.h"

/* "18:00" -> the next time that the clock here shows this. */
static bool next_clock_time(const char *text, uint64_t now_ms, uint64_t *at_ms)
{
    uint64_t hour;
    uint64_t minute;
    const char *colon = strchr(text, ':');
    if (colon == NULL || strlen(colon + 1) != 2 ||
        !text_number(slice_of(text, (size_t)(colon - text)), 0, 23, &hour) ||
        !text_number(slice_str(colon + 1), 0, 59, &minute)) {
        return false;
    }
    for (int day = 0; day < 3; day++) {
        time_t now = (time_t)(now_ms / 1000);
        struct tm local;
        if (localtime_r(&now, &local) == NULL) {
            return false;
        }
        local.tm_mday += day;
        local.tm_hour = (int)hour;
        local.tm_min = (int)minute;
        local.tm_sec = 0;
        local.tm_isdst = -1;
        time_t then = mktime(&local);
        if (then > now) {
            *at_ms = (uint64_t)then * 1000;
            return true;
        }
    }
    return false;
}

/* {"by":...} or NULL; owned by the caller (free). */
static enum err request_body(const struct arguments *arguments, char **body,
                             struct problem *problem)
{
    const char *by = arguments_value(arguments, "by");
    uint64_t at_ms;
    char time[TEXT_TIME_BYTES + 1];
    *body = NULL;
    if (by == NULL) {
        return ERR_OK;
    }
    if (!next_clock_time(by, clock_unix_ms(), &at_ms) && !text_time_parse(slice_str(by), &at_ms)) {
        return problem_set(problem, ERR_INVALID,
                           "--by must be a time of the day here, such as 18:00, or a time with its "
                           "offset, such as 2026-12-01T18:00:00Z, not \"%.64s\"",
                           by);
    }
    text_time_str(time, at_ms);
    json_t *json = json_pack("{s:s}", "by", time);
    *body = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return ERR_OK;
}

static void print_steps(struct cli *cli, const json_t *preflight)
{
    static const struct list_column columns[] = {
        {"step", "step", LIST_NUMBER},
        {"again", "repeat", LIST_NUMBER},
        {"channel", "channel", LIST_TEXT},
        {"people", "people", LIST_NUMBER},
        {"suppressed", "suppressed", LIST_NUMBER},
        {"capped", "capped", LIST_NUMBER},
        {"incomplete", "incomplete", LIST_NUMBER},
        {"can be sent", "sendable", LIST_NUMBER},
        {"begin here", "first", LIST_NUMBER},
        {"speed", "speed", LIST_TEXT},
        {"a second", "rate_per_s", LIST_RATE},
        {"takes s", "send_s", LIST_NUMBER},
        {NULL, NULL, LIST_TEXT},
    };
    list_print_array(cli, json_object_get(preflight, "steps"), columns);
}

static void put_line(struct buf *text, const json_t *object, const char *label, const char *name)
{
    buf_printf(text, "%-14s", label);
    cli_member(text, object, name);
    buf_str(text, "\n");
}

static void put_people(struct buf *text, const json_t *preflight)
{
    const json_t *sms = json_object_get(preflight, "sms");
    put_line(text, preflight, "people", "people");
    put_line(text, preflight, "reachable", "reachable");
    put_line(text, preflight, "incomplete", "incomplete");
    put_line(text, preflight, "suppressed", "suppressed");
    put_line(text, preflight, "capped", "capped");
    put_line(text, preflight, "unreachable", "unreachable");
    if (json_is_object(sms)) {
        put_line(text, sms, "sms of 1 part", "one");
        put_line(text, sms, "of 2 parts", "two");
        put_line(text, sms, "of 3 or more", "three_or_more");
        put_line(text, sms, "parts in all", "parts");
    }
}

static void put_deadlines(struct buf *text, const json_t *preflight)
{
    size_t i;
    json_t *deadline;
    json_array_foreach(json_object_get(preflight, "deadlines"), i, deadline)
    {
        buf_printf(text, "%-14s%s: ", cli_member_str(deadline, "deadline"),
                   cli_member_str(deadline, "at"));
        cli_member(text, deadline, "late");
        buf_str(text, " too late\n");
    }
}

static void put_sayings(struct buf *text, const json_t *sayings, const char *label)
{
    size_t i;
    json_t *saying;
    json_array_foreach(sayings, i, saying)
    {
        buf_printf(text, "%s: ", label);
        cli_member(text, saying, "detail");
        buf_str(text, "\n");
    }
}

static void print_preflight(struct cli *cli, const json_t *preflight)
{
    struct buf text = {0};
    put_people(&text, preflight);
    put_deadlines(&text, preflight);
    buf_str(&text, "\n");
    cli_print(cli, &text);
    print_steps(cli, preflight);
    buf_str(&text, "\n");
    put_sayings(&text, json_object_get(preflight, "problems"), "problem");
    put_sayings(&text, json_object_get(preflight, "warnings"), "warning");
    if (json_array_size(json_object_get(preflight, "problems")) == 0) {
        buf_printf(&text, "It can be launched: tocsin campaign launch %s\n",
                   cli_member_str(preflight, "campaign"));
    }
    cli_print(cli, &text);
    buf_release(&text);
}

static enum exit_code list_unreachable(struct cli *cli, const char *campaign)
{
    struct buf path = {0};
    struct client_answer answer = {0};
    struct problem problem;
    buf_str(&path, "/v1/campaigns/");
    text_url_encode(&path, slice_str(campaign));
    buf_str(&path, cli->is_json ? "/unreachable?format=ndjson" : "/unreachable");
    const struct client_request request = {
        .method = "GET", .path = buf_cstr(&path), .accept = "*/*", .sink = cli->out.file};
    enum err err = client_send(cli->client, &request, &answer, &problem);
    client_answer_release(&answer);
    buf_release(&path);
    return err == ERR_OK ? EXIT_DONE : cli_fail(cli, &problem);
}

static enum exit_code run(struct cli *cli, const struct arguments *arguments)
{
    struct buf path = {0};
    struct problem problem;
    json_t *preflight;
    char *body;
    if (arguments_has(arguments, "unreachable")) {
        return list_unreachable(cli, arguments->operands[0]);
    }
    if (request_body(arguments, &body, &problem) != ERR_OK) {
        return cli_usage(&problem);
    }
    buf_str(&path, "/v1/campaigns/");
    text_url_encode(&path, slice_str(arguments->operands[0]));
    buf_str(&path, "/preflight");
    enum err err = client_post(cli->client, buf_cstr(&path), body, &preflight, &problem);
    buf_release(&path);
    free(body);
    if (err != ERR_OK) {
        return cli_fail(cli, &problem);
    }
    bool has_problems = json_array_size(json_object_get(preflight, "problems")) > 0;
    if (cli->is_json) {
        cli_print_json(cli, preflight);
    } else if (!cli->is_quiet) {
        print_preflight(cli, preflight);
    }
    json_decref(preflight);
    return has_problems ? EXIT_ERROR : EXIT_DONE;
}

static const struct option options[] = {
    {"by", "TIME", "who is sent to too late for it: 18:00, or 2026-12-01T18:00:00Z"},
    {"unreachable", NULL, "print who has no endpoint, as CSV (NDJSON with --json), and no more"},
    {NULL, NULL, NULL},
};

const struct command preflight_commands[] = {
    {
        .name = NULL,
        .operands = "CAMPAIGN",
        .operands_min = 1,
        .operands_max = 1,
        .summary = "what a draft would meet if it were launched now",
        .details =
            "Counts, on the coordinator, whom each step reaches, who cannot be reached, what is\n"
            "missing, how many short messages the texts become, and how long it takes at today's\n"
            "limits. Sends nothing. Exit status 1 if it cannot work.\n"
            "  tocsin preflight c7 --by 18:00 && tocsin campaign launch c7\n"
            "  tocsin preflight c7 --unreachable >by-post.csv\n",
        .options = options,
        .run = run,
    },
    {.run = NULL},
};
