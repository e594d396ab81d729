/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan_table.h"

#include "cli/list.h"

/* {"every":"5m","times":2} as "x3, every 5m": it is sent once, and twice again. */
static json_t *repeat_text(const json_t *repeat)
{
    return json_sprintf("x%" JSON_INTEGER_FORMAT ", every %s",
                        json_integer_value(json_object_get(repeat, "times")) + 1,
                        cli_member_str(repeat, "every"));
}

void plan_table_print(struct cli *cli, const json_t *steps)
{
    static const struct list_column columns[] = {
        {"channel", "channel", LIST_TEXT},
        {"until", "until", LIST_TEXT},
        {"within", "within", LIST_TEXT},
        {"sent", "repeat", LIST_TEXT},
        {"attempts", "attempts", LIST_NUMBER},
        {"backoff", "backoff", LIST_TEXT},
        {"at most", "backoff_max", LIST_TEXT},
        {"on uncertain", "on_uncertain", LIST_TEXT},
        {"if down", "if_down", LIST_TEXT},
        {"provider", "provider", LIST_TEXT},
        {NULL, NULL, LIST_TEXT},
    };
    json_t *shown = json_deep_copy(steps);
    size_t i;
    json_t *step;
    json_array_foreach(shown, i, step)
    {
        const char *channel = json_string_value(json_object_get(step, "channel"));
        if (channel != NULL && json_is_true(json_object_get(step, "with_previous"))) {
            json_object_set_new(step, "channel", json_sprintf("+%s", channel));
        }
        const json_t *repeat = json_object_get(step, "repeat");
        if (json_is_object(repeat)) {
            json_object_set_new(step, "repeat", repeat_text(repeat));
        }
    }
    cli_say(cli, "%s", "");
    list_print_array(cli, shown, columns);
    json_decref(shown);
}
