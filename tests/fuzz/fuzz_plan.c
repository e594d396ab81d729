/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan that gets a name. The first byte chooses between JSON and YAML. What is taken reads back
 * from what clients are shown as the same; what is refused must say where and why.
 */
#include <assert.h>
#include <stdlib.h>

#include "common/log.h"
#include "coordinator/content/plan_registry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct provider_def providers[] = {
    {.id = 0, .name = "gateway", .channel = CHANNEL_SMS, .has_receipts = true},
    {.id = 1, .name = "relay", .channel = CHANNEL_EMAIL},
    {.id = 5, .name = "calls", .channel = CHANNEL_VOICE},
};
static const struct provider_group groups[] = {{"all", 7}, {"phones", 5}};
static const struct plan_source around = {
    .providers = providers, .provider_count = 3, .groups = groups, .group_count = 2};

static void check_again(json_t *plan)
{
    struct document_problem problem;
    json_t *again = NULL;
    enum err err = plan_registry_read(&again, plan, "ladder", &around, &problem);
    assert(err == ERR_OK && json_equal(plan, again));
    json_decref(again);
}

static void check_place(const struct document_problem *problem)
{
    assert(problem->problem.text[0] != '\0');
    assert(problem->line == 0 || problem->column > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct document_problem problem = {0};
    json_t *json = NULL;
    json_t *plan = NULL;
    if (size == 0) {
        return 0;
    }
    log_init(LOG_ERROR, 2);
    struct slice text = slice_of(data + 1, size - 1);
    enum err err = data[0] % 2 == 0 ? document_parse(text, &json, &problem)
                                    : document_parse_yaml(text, &json, &problem);
    assert((err == ERR_OK) == (json != NULL));
    if (err == ERR_OK) {
        err = plan_registry_read(&plan, json, "ladder", &around, &problem);
        assert((err == ERR_OK) == (plan != NULL));
    }
    if (err == ERR_OK) {
        check_again(plan);
    } else {
        check_place(&problem);
    }
    json_decref(plan);
    json_decref(json);
    return 0;
}
