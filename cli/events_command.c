/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tocsin events: listens, and goes on where it was when the connection breaks, until it is
 * interrupted.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/command_table.h"
#include "cli/event_lines.h"
#include "cli/human.h"
#include "common/interrupt.h"
#include "common/text.h"

#define WAIT_MS      2000
#define EVENT_ID_MAX 32
#define TYPE_PREFIX  "com.tocsin."

struct listening {
    struct cli *cli;
    struct event_lines lines;
    bool has_heard; /* of this answer */
    bool is_bad;    /* what came is no event */
};

/* ---- showing ---- */

static void put_counts(struct buf *line, const json_t *data)
{
    static const char *const states[] = {"waiting",    "leased",       "retrying",  "accepted",
                                         "delivered",  "acknowledged", "uncertain", "failed",
                                         "suppressed", "unreachable",  "expired",   "cancelled"};
    const json_t *counts = json_object_get(data, "counts");
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        uint64_t count = cli_member_count(counts, states[i]);
        if (count > 0) {
            buf_str(line, ", ");
            human_count(line, count);
            buf_printf(line, " %s", states[i]);
        }
    }
}

static void put_list(struct buf *line, const json_t *list)
{
    size_t i;
    const json_t *item;
    json_array_foreach(list, i, item)
    {
        buf_str(line, i == 0 ? "" : ", ");
        human_text(line, slice_str(json_string_value(item)));
    }
}

/* What of the data is worth a line. */
static void put_what(struct buf *line, const char *type, const json_t *data)
{
    if (strncmp(type, "campaign.", 9) == 0) {
        cli_member(line, data, "name");
        buf_str(line, ": ");
        cli_member(line, data, "state");
        put_counts(line, data);
    } else if (strncmp(type, "alarm.", 6) == 0) {
        cli_member(line, data, "alarm");
        buf_str(line, ": ");
        cli_member(line, data, "detail");
    } else if (strcmp(type, "provider.changed") == 0) {
        put_list(line, json_object_get(data, "changed"));
    } else if (strncmp(type, "provider.", 9) == 0) {
        cli_member(line, data, "sent_per_s");
        buf_str(line, " a second, breaker ");
        cli_member(line, data, "breaker");
    } else if (strncmp(type, "worker.", 7) == 0) {
        cli_member(line, data, "rate_per_s");
        buf_str(line, json_object_get(data, "rate_per_s") == NULL ? "" : " a second");
    } else if (strncmp(type, "replies.", 8) == 0) {
        human_plural(line, cli_member_count(data, "count"), "reply", "replies");
    } else {
        cli_member(line, data, "detail");
        cli_member(line, data, "version");
        cli_member(line, data, "hash"); /* of a head */
    }
}

static void show(struct cli *cli, const json_t *event)
{
    struct buf line = {0};
    const char *type = cli_member_str(event, "type");
    if (strncmp(type, TYPE_PREFIX, strlen(TYPE_PREFIX)) == 0) {
        type += strlen(TYPE_PREFIX);
    }
    cli_member(&line, event, "time");
    buf_str(&line, "  ");
    human_text(&line, slice_str(type));
    buf_str(&line, "  ");
    cli_member(&line, event, "subject");
    buf_str(&line, "  ");
    put_what(&line, type, json_object_get(event, "data"));
    buf_u8(&line, '\n');
    cli_print(cli, &line);
    buf_release(&line);
}

static bool on_event(void *arg, struct slice data)
{
    struct listening *listening = arg;
    json_t *event = json_loadb((const char *)data.data, data.len, 0, NULL);
    if (!json_is_object(event)) {
        json_decref(event);
        listening->is_bad = true;
        return false;
    }
    listening->has_heard = true;
    if (listening->cli->is_json) {
        cli_print_json(listening->cli, event);
    } else {
        show(listening->cli, event);
    }
    json_decref(event);
    return fflush(listening->cli->out.file) == 0;
}

/* ---- listening ---- */

static bool on_bytes(void *arg, struct slice bytes)
{
    struct listening *listening = arg;
    bool goes_on = event_lines_take(&listening->lines, bytes, on_event, listening);
    return goes_on && !interrupt_is_asked();
}

static void put_parameter(struct buf *path, const struct arguments *arguments, const char *option)
{
    const char *value = arguments_value(arguments, option);
    if (value != NULL) {
        buf_printf(path, "%s%s=", memchr(path->data, '?', path->len) == NULL ? "?" : "&", option);
        text_url_encode(path, slice_str(value));
    }
}

static enum err listen_once(struct listening *listening, const char *path, struct problem *problem)
{
    struct buf *id = &listening->lines.id;
    const struct client_download download = {.path = path,
                                             .accept = "text/event-stream",
                                             .last_event_id = id->len > 0 ? buf_cstr(id) : NULL,
                                             .on_bytes = on_bytes,
                                             .arg = listening};
    listening->has_heard = false;
    event_lines_begin(&listening->lines);
    enum err err = client_download(listening->cli->client, &download, problem);
    return err;
}

static bool may_come_again(const struct listening *listening, enum err err)
{
    return !listening->is_bad && !interrupt_is_asked() &&
           client_has_answered(listening->cli->client) &&
           (err == ERR_OK || err == ERR_CLOSED || err == ERR_TIMEOUT || err == ERR_BUSY);
}

static enum exit_code listen_on(struct listening *listening, const char *path)
{
    struct problem problem = {0};
    for (;;) {
        enum err err = listen_once(listening, path, &problem);
        if (listening->is_bad) {
            (void)problem_set(&problem, ERR_CORRUPT, "what the coordinator sent is no event");
            return cli_fail_here(&problem);
        }
        if (!may_come_again(listening, err)) {
            err = err == ERR_OK ? ERR_CLOSED : err;
            return cli_fail(listening->cli,
                            err == problem.err ? &problem : &(struct problem){.err = err});
        }
        cli_note(listening->cli, "The connection ended; going on after %s.",
                 listening->lines.id.len == 0 ? "now" : buf_cstr(&listening->lines.id));
        if (!interrupt_sleep_ms(WAIT_MS)) {
            return cli_fail(listening->cli, &(struct problem){.err = ERR_CLOSED});
        }
    }
}

static enum exit_code run_events(struct cli *cli, const struct arguments *arguments)
{
    struct listening listening = {.cli = cli};
    struct buf path = {0};
    const char *after = arguments_value(arguments, "after");
    buf_str(&path, "/v1/events");
    put_parameter(&path, arguments, "campaign");
    put_parameter(&path, arguments, "types");
    if (after != NULL && !text_is_name(slice_str(after), EVENT_ID_MAX)) {
        struct problem problem;
        (void)problem_set(&problem, ERR_INVALID, "--after must be the id of an event, such as e12");
        buf_release(&path);
        return cli_usage(&problem);
    }
    if (after != NULL) {
        buf_str(&listening.lines.id, after);
    }
    enum exit_code code = listen_on(&listening, buf_cstr(&path));
    event_lines_release(&listening.lines);
    buf_release(&path);
    return code;
}

static const struct option events_options[] = {
    {"campaign", "CAMPAIGN", "only what is of this campaign"},
    {"types", "TYPES", "only these: campaign.finished,alarm"},
    {"after", "EVENT", "what happened since this one, too: e12; e0 for all that is kept"},
    {NULL, NULL, NULL},
};

const struct command events_commands[] = {
    {
        .name = NULL,
        .operands = "",
        .summary = "print what happens, as it happens",
        .details = "Until it is interrupted; when the connection breaks it goes on where it was.\n"
                   "With --json each event is a line: CloudEvents 1.0 (docs/events.md).\n\n"
                   "  tocsin events --campaign c1\n"
                   "  tocsin events --types alarm,campaign.finished --json\n",
        .options = events_options,
        .run = run_events,
    },
    {.run = NULL},
};
