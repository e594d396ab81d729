/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/campaign_set.h"

#include <string.h>

#include "cli/campaign_stop.h"

#define WEIGHT_MAX 1000
#define RATE_LEAST 0.001
#define RATE_MAX   10e6

const struct option campaign_set_options[] = {
    {"rate", "N", "at most so many a second of this campaign; none: only the providers' limits"},
    {"priority", "critical|high|normal|bulk",
     "critical overtakes everything; normal is what a campaign has that says nothing"},
    {"weight", "N",
     "share among campaigns of the same priority (1 to 1000); 1 is as if nothing had been said"},
    {"not-after", "TIME", "nobody is sent to from then on, or so long after it began (6h); none"},
    {"stop-if-failed", "N|P%[/OF]",
     "pause when more fail: 100, or 5% of those tried; none. Both rules are set anew: one that "
     "is not given is taken away"},
    {"stop-if-complained", "N|P%[/OF]",
     "the same for complaints; both rules are set anew, a --stop-if-failed that is not given "
     "is taken away"},
    {NULL, NULL, NULL},
};

enum err campaign_set_rate(json_t *body, const struct arguments *arguments, struct problem *problem)
{
    const char *text = arguments_value(arguments, "rate");
    double rate = 0;
    if (text == NULL) {
        return ERR_OK;
    }
    if (strcmp(text, "none") == 0) {
        json_object_set_new(body, "rate", json_null());
        return ERR_OK;
    }
    enum err err = arguments_decimal(arguments, "rate", &rate, problem);
    if (err == ERR_OK && (rate < RATE_LEAST || rate > RATE_MAX)) {
        err = problem_set(problem, ERR_INVALID,
                          "--rate cannot be \"%.64s\"; it is from 0.001 to 10000000 a second, or "
                          "none; to send nothing, pause the campaign",
                          text);
    }
    if (err == ERR_OK) {
        json_object_set_new(body, "rate", json_real(rate));
    }
    return err;
}

/* A word, or `none`, which is null. */
static void put_word(json_t *body, const char *member, const char *text)
{
    if (text != NULL) {
        json_object_set_new(body, member,
                            strcmp(text, "none") == 0 ? json_null() : json_string(text));
    }
}

static bool is_none(const struct arguments *arguments, const char *option)
{
    const char *text = arguments_value(arguments, option);
    return text != NULL && strcmp(text, "none") == 0;
}

/* All rules at once, as the API has them; one that is `none` is left out. */
static enum err put_stop_rules(json_t *body, const struct arguments *arguments,
                               struct problem *problem)
{
    bool is_no_failed = is_none(arguments, "stop-if-failed");
    bool is_no_complained = is_none(arguments, "stop-if-complained");
    if (is_no_failed || is_no_complained) {
        json_object_set_new(body, "stop_rules", json_null());
    }
    return campaign_stop_put(body, arguments, problem);
}

enum err campaign_set_body(json_t **body, const struct arguments *arguments,
                           struct problem *problem)
{
    *body = json_object();
    uint64_t weight = 0;
    put_word(*body, "priority", arguments_value(arguments, "priority"));
    put_word(*body, "not_after", arguments_value(arguments, "not-after"));
    enum err err = campaign_set_rate(*body, arguments, problem);
    if (err == ERR_OK) {
        err = arguments_number(arguments, "weight", 1, WEIGHT_MAX, &weight, problem);
    }
    if (err == ERR_OK && weight > 0) {
        json_object_set_new(*body, "weight", json_integer((json_int_t)weight));
    }
    if (err == ERR_OK) {
        err = put_stop_rules(*body, arguments, problem);
    }
    if (err == ERR_OK && json_object_size(*body) == 0) {
        err = problem_set(
            problem, ERR_INVALID,
            "say what is to change, such as --rate 100, --priority high or --not-after 6h");
    }
    return err;
}
