/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/campaign_set.h"

#include <string.h>

const struct option campaign_set_options[] = {
    {"rate", "N", "at most so many a second of this campaign; none: only the providers' limits"},
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
    if (err == ERR_OK) {
        json_object_set_new(body, "rate", json_real(rate));
    }
    return err;
}

enum err campaign_set_body(json_t **body, const struct arguments *arguments,
                           struct problem *problem)
{
    *body = json_object();
    enum err err = campaign_set_rate(*body, arguments, problem);
    if (err == ERR_OK && json_object_size(*body) == 0) {
        err = problem_set(problem, ERR_INVALID,
                          "say what is to change, such as --rate 100 or --rate none");
    }
    return err;
}
