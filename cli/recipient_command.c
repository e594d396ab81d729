/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/cli.h"
#include "cli/command_table.h"
#include "cli/human.h"
#include "cli/list.h"
#include "cli/table.h"
#include "common/text.h"

/* What an event's `due_at` is: the next try, or the end of the wait for an acknowledgement. NULL:
 * it is at once. */
static const char *due_words(const json_t *event)
{
    const char *name = cli_member_str(event, "event");
    if (strcmp(name, "climbed") == 0) {
        return NULL;
    }
    bool is_sent = strcmp(name, "accepted") == 0 || strcmp(name, "held") == 0;
    return is_sent ? "acknowledgement awaited until " : "again at ";
}

/* Codes of a provider are those of HTTP and SMTP. */
static bool is_own_reason(const json_t *value)
{
    return json_is_integer(value) && json_integer_value(value) >= 600;
}

/* "provider answered; HTTP or SMTP 503; ref 4711": what an event says besides its name. */
static void put_event_details(struct buf *buf, const json_t *event)
{
    const struct {
        const char *member;
        const char *before;
    } members[] = {{"provider", "by "},          {"detail", ""},     {"field", ""},
                   {"repeat", "repeat "},        {"repeats", "of "}, {"reason", "code "},
                   {"due_at", due_words(event)}, {"ref", "ref "}};
    const char *between = "";
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        const json_t *value = json_object_get(event, members[i].member);
        if (is_own_reason(value)) {
            continue; /* the sentence says it */
        }
        if (json_is_integer(value)) {
            /* A code is a name, not an amount. */
            buf_printf(buf, "%s%s%" JSON_INTEGER_FORMAT, between, members[i].before,
                       json_integer_value(value));
            between = ", ";
        } else if (json_string_length(value) > 0 && members[i].before != NULL) {
            buf_printf(buf, "%s%s", between, members[i].before);
            cli_member(buf, event, members[i].member);
            between = ", ";
        }
    }
}

static void print_timeline(struct cli *cli, const json_t *timeline)
{
    struct table table;
    struct buf text = {0};
    size_t i;
    json_t *event;
    table_init(&table);
    table_column(&table, "at", false);
    table_column(&table, "event", false);
    table_column(&table, "", false);
    json_array_foreach(timeline, i, event)
    {
        cli_member(&text, event, "at");
        table_cell(&table, buf_view(&text));
        buf_clear(&text);
        cli_member(&text, event, "event");
        table_cell(&table, buf_view(&text));
        buf_clear(&text);
        put_event_details(&text, event);
        table_cell(&table, buf_view(&text));
        buf_clear(&text);
    }
    if (i > 0) {
        buf_u8(&text, '\n');
        table_put(&table, &text);
        cli_print(cli, &text);
    }
    table_release(&table);
    buf_release(&text);
}

/* Whoever waits for the end of his quiet hours. */
static void print_held(struct cli *cli, const json_t *recipient)
{
    const char *until = cli_member_str(recipient, "held_until");
    if (until[0] != '\0') {
        struct buf text = {0};
        buf_printf(&text, "held       by quiet hours until %s\n", until);
        cli_print(cli, &text);
        buf_release(&text);
    }
}

static enum exit_code run_show(struct cli *cli, const struct arguments *arguments)
{
    static const struct list_column columns[] = {
        {"recipient", "key", LIST_TEXT},       {"state", "state", LIST_TEXT},
        {"step", "step", LIST_NUMBER},         {"endpoint", "endpoint", LIST_RANK},
        {"repeat", "repeat", LIST_NUMBER},     {"of", "repeats", LIST_NUMBER},
        {"attempts", "attempts", LIST_NUMBER}, {"uncertain", "uncertain", LIST_TEXT},
        {"place", "ordinal", LIST_RANK},       {NULL, NULL, LIST_TEXT},
    };
    struct buf path = {0};
    struct problem problem;
    json_t *recipient;
    buf_str(&path, "/v1/campaigns/");
    text_url_encode(&path, slice_str(arguments->operands[0]));
    buf_str(&path, "/recipients/");
    text_url_encode(&path, slice_str(arguments->operands[1]));
    enum err err = client_get(cli->client, buf_cstr(&path), &recipient, &problem);
    buf_release(&path);
    if (err != ERR_OK) {
        return cli_fail(cli, &problem);
    }
    if (!cli_print_plain(cli, recipient)) {
        list_print_object(cli, recipient, columns);
        print_held(cli, recipient);
        print_timeline(cli, json_object_get(recipient, "timeline"));
    }
    json_decref(recipient);
    return EXIT_DONE;
}

static enum exit_code run_list(struct cli *cli, const struct arguments *arguments)
{
    static const struct list_column columns[] = {
        {"recipient", "key", LIST_TEXT},       {"state", "state", LIST_TEXT},
        {"attempts", "attempts", LIST_NUMBER}, {"endpoint", "endpoint", LIST_RANK},
        {"uncertain", "uncertain", LIST_TEXT}, {NULL, NULL, LIST_TEXT},
    };
    struct problem problem;
    struct buf path = {0};
    const char *state = arguments_value(arguments, "state");
    struct list list = {.columns = columns, .nothing = "There is no such recipient."};
    if (arguments_number(arguments, "limit", 1, LIST_LIMIT_MAX, &list.limit, &problem) != ERR_OK) {
        return cli_usage(&problem);
    }
    buf_str(&path, "/v1/campaigns/");
    text_url_encode(&path, slice_str(arguments->operands[0]));
    buf_str(&path, "/recipients");
    if (state != NULL) {
        buf_printf(&path, "?state=%s", state); /* one of the words below */
    }
    list.path = buf_cstr(&path);
    enum exit_code code = list_print(cli, &list);
    buf_release(&path);
    return code;
}

/* What is written as no key of a customer would be; --key and --channel say it where that is wrong.
 */
static bool looks_like_endpoint(const char *text)
{
    return text[0] == '+' || text[0] == '{' || strchr(text, '@') != NULL ||
           strstr(text, "://") != NULL;
}

static enum exit_code run_find(struct cli *cli, const struct arguments *arguments)
{
    static const struct list_column columns[] = {
        {"campaign", "campaign", LIST_TEXT},
        {"name", "campaign_name", LIST_TEXT},
        {"recipient", "key", LIST_TEXT},
        {"state", "state", LIST_TEXT},
        {"attempts", "attempts", LIST_NUMBER},
        {"accepted", "accepted_at", LIST_TIME},
        {"last", "last_event.event", LIST_TEXT},
        {"at", "last_event.at", LIST_TIME},
        {NULL, NULL, LIST_TEXT},
    };
    struct problem problem;
    struct buf path = {0};
    const char *channel = arguments_value(arguments, "channel");
    const char *campaign = arguments_value(arguments, "campaign");
    bool is_key = arguments_has(arguments, "key");
    bool is_endpoint = channel != NULL || (!is_key && looks_like_endpoint(arguments->operands[0]));
    struct list list = {.columns = columns};
    if (arguments_number(arguments, "limit", 1, LIST_LIMIT_MAX, &list.limit, &problem) != ERR_OK) {
        return cli_usage(&problem);
    }
    if (is_key && channel != NULL) {
        (void)problem_set(&problem, ERR_INVALID, "a key has no channel: leave out --channel");
        return cli_usage(&problem);
    }
    list.nothing = is_endpoint ? "No campaign has a recipient with this endpoint (--key looks for "
                                 "it as a recipient's key)."
                               : "No campaign has a recipient with this key (--channel looks for "
                                 "it as an endpoint).";
    buf_printf(&path, "/v1/recipients?%s=", is_endpoint ? "endpoint" : "key");
    text_url_encode(&path, slice_str(arguments->operands[0]));
    if (channel != NULL) {
        buf_printf(&path, "&channel=%s", channel); /* one of the words below */
    }
    if (campaign != NULL) {
        buf_str(&path, "&campaign=");
        text_url_encode(&path, slice_str(campaign));
    }
    list.path = buf_cstr(&path);
    enum exit_code code = list_print(cli, &list);
    buf_release(&path);
    return code;
}

static const struct option find_options[] = {
    {"key", NULL, "it is a recipient's key, whatever it looks like"},
    {"channel", "email|sms|voice|push|chat|webhook", "it is an endpoint of this channel"},
    {"campaign", "CAMPAIGN", "only in this one"},
    LIST_LIMIT_OPTION,
    {NULL, NULL, NULL},
};

static const struct option list_options[] = {
    {"state",
     "waiting|leased|accepted|delivered|acknowledged|retrying|failed|suppressed|unreachable|"
     "expired|"
     "cancelled|uncertain",
     "only those in this state"},
    LIST_LIMIT_OPTION,
    {NULL, NULL, NULL},
};

const struct command recipient_commands[] = {
    {
        .name = "show",
        .operands = "CAMPAIGN KEY",
        .operands_min = 2,
        .operands_max = 2,
        .summary = "all that happened to one recipient in a campaign",
        .details = "  tocsin recipient show c7 customer-4711\n",
        .run = run_show,
    },
    {
        .name = "list",
        .operands = "CAMPAIGN",
        .operands_min = 1,
        .operands_max = 1,
        .summary = "the recipients of a campaign, or those in one state",
        .details = "  tocsin recipient list c7 --state failed\n"
                   "  tocsin recipient list c7 --state uncertain --quiet >keys.txt\n",
        .options = list_options,
        .run = run_list,
    },
    {
        .name = "find",
        .operands = "KEY|ENDPOINT",
        .operands_min = 1,
        .operands_max = 1,
        .summary = "what was sent to a person, over all campaigns",
        .details = "Of each campaign, the newest first, where the recipient with this key or this\n"
                   "endpoint stands; `tocsin recipient show` tells the rest.\n\n"
                   "  tocsin recipient find customer-4711\n"
                   "  tocsin recipient find +4790000001\n"
                   "  tocsin recipient find Anna@Example.org --json\n",
        .options = find_options,
        .run = run_find,
    },
    {.run = NULL},
};
