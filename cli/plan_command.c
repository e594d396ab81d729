/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/command_table.h"
#include "cli/list.h"
#include "cli/plan_choice.h"
#include "cli/plan_table.h"
#include "common/text.h"

static enum exit_code run_list(struct cli *cli, const struct arguments *arguments)
{
    static const struct list_column columns[] = {
        {"plan", "name", LIST_TEXT},
        {"steps", "steps", LIST_PLAN},
        {"changed", "modified_at", LIST_TIME},
        {NULL, NULL, LIST_TEXT},
    };
    struct list list = {.path = "/v1/plans",
                        .columns = columns,
                        .nothing = "There is no plan yet: tocsin plan set NAME --plan …"};
    (void)arguments;
    return list_print(cli, &list);
}

/* Sends a request about one plan; *plan is the caller's. */
static enum err ask(struct cli *cli, const char *method, const char *name, const char *body,
                    json_t **plan, struct problem *problem)
{
    struct buf path = {0};
    buf_str(&path, "/v1/plans/");
    text_url_encode(&path, slice_str(name));
    const struct client_request request = {.method = method, .path = buf_cstr(&path), .body = body};
    enum err err = client_json(cli->client, &request, plan, problem);
    buf_release(&path);
    return err;
}

static enum exit_code show(struct cli *cli, const char *method, const char *name, const char *body,
                           const char *done)
{
    static const struct list_column columns[] = {
        {"plan", "name", LIST_TEXT},
        {"steps", "steps", LIST_PLAN},
        {"changed", "modified_at", LIST_TIME},
        {NULL, NULL, LIST_TEXT},
    };
    struct problem problem;
    json_t *plan = NULL;
    if (ask(cli, method, name, body, &plan, &problem) != ERR_OK) {
        return cli_fail(cli, &problem);
    }
    if (cli->is_json) {
        cli_print_json(cli, plan);
    } else if (!cli->is_quiet) {
        if (done != NULL) {
            cli_say(cli, "%s", done);
        }
        list_print_object(cli, plan, columns);
        plan_table_print(cli, json_object_get(plan, "steps"));
    }
    json_decref(plan);
    return EXIT_DONE;
}

static enum exit_code run_show(struct cli *cli, const struct arguments *arguments)
{
    return show(cli, "GET", arguments->operands[0], NULL, NULL);
}

static enum exit_code run_delete(struct cli *cli, const struct arguments *arguments)
{
    return show(cli, "DELETE", arguments->operands[0], NULL,
                "Deleted; campaigns that were made with it keep their copy.");
}

static enum err read_choice(struct plan_choice *choice, const struct arguments *arguments,
                            struct problem *problem)
{
    const char *steps = arguments_value(arguments, "plan");
    const char *file = arguments_value(arguments, "file");
    *choice = (struct plan_choice){0};
    if ((steps == NULL) == (file == NULL)) {
        return problem_set(
            problem, ERR_INVALID, "%s; say --plan 'push 5m > sms 15m > voice', or --file FILE",
            steps == NULL ? "the plan is missing" : "--plan and --file are both given");
    }
    enum err err = file != NULL ? plan_choice_read_file(choice, file, problem)
                                : plan_choice_read(choice, steps, problem);
    if (err == ERR_OK && choice->kind == PLAN_CHOICE_NAME) {
        err = problem_set(problem, ERR_INVALID,
                          "--plan: \"%.64s\" are no steps such as 'push 5m > sms 15m > voice'; to "
                          "store a copy of a plan: tocsin plan show %.64s --json >plan.json, then "
                          "--file plan.json",
                          steps, steps);
    }
    return err;
}

static enum exit_code run_set(struct cli *cli, const struct arguments *arguments)
{
    struct plan_choice choice;
    struct problem problem;
    enum err err = read_choice(&choice, arguments, &problem);
    if (err != ERR_OK) {
        plan_choice_release(&choice);
        return err == ERR_INVALID ? cli_usage(&problem) : cli_fail_here(&problem);
    }
    json_t *plan = plan_choice_json(&choice);
    char *body = json_dumps(plan, JSON_COMPACT);
    enum exit_code code = show(cli, "PUT", arguments->operands[0], body, NULL);
    free(body);
    json_decref(plan);
    plan_choice_release(&choice);
    return code;
}

static const struct option set_options[] = {
    {"plan", "STEPS", "the plan: 'push 5m > sms 15m > voice'"},
    {"file", "FILE",
     "a file with the plan as the API has it, JSON or .yaml (or - for standard input)"},
    {NULL, NULL, NULL},
};

#define ONE_PLAN .operands = "NAME", .operands_min = 1, .operands_max = 1

const struct command plan_commands[] = {
    {
        .name = "list",
        .operands = "",
        .summary = "the plans that have a name",
        .run = run_list,
    },
    {
        .name = "show",
        ONE_PLAN,
        .summary = "one of them, step by step",
        .run = run_show,
    },
    {
        .name = "set",
        ONE_PLAN,
        .summary = "store a plan under a name, in place of the one that has it",
        .details = "Campaigns take a copy when they are made: those that are there keep theirs.\n\n"
                   "  tocsin plan set night --plan 'push 5m > sms 15m > voice'\n"
                   "  tocsin plan set night --file night.yaml\n"
                   "  tocsin send customers.csv --plan night --text-file notice.txt\n",
        .options = set_options,
        .run = run_set,
    },
    {
        .name = "delete",
        ONE_PLAN,
        .summary = "remove a plan; campaigns keep the copy they took",
        .run = run_delete,
    },
    {.run = NULL},
};
