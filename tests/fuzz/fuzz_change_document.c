/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of a PATCH of a campaign. What is understood changes something, and what it says of the
 * rate is in its range and survives being written.
 */
#include <assert.h>

#include "coordinator/content/change_document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_rate(double rate_per_s)
{
    struct campaign_def def = {.rate_per_s = rate_per_s};
    struct campaign_change again;
    struct document_problem problem;
    json_t *json = json_object();
    assert(rate_per_s >= 0 && rate_per_s <= CAMPAIGN_RATE_MAX);
    change_document_put(json, &def);
    enum err err = change_document_read(&again, json, &problem);
    assert(rate_per_s <= 0 ? err != ERR_OK : err == ERR_OK && again.rate_per_s == rate_per_s);
    json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct document_problem problem;
    struct campaign_change change;
    json_t *json = NULL;
    enum err err = document_parse(slice_of(data, size), &json, &problem);
    if (err == ERR_OK) {
        err = change_document_read(&change, json, &problem);
    }
    assert(err == ERR_OK || problem.problem.text[0] != '\0');
    if (err == ERR_OK) {
        assert(change.fields != 0 && change.fields < 1u << CAMPAIGN_FIELDS);
        check_rate(change.rate_per_s);
    }
    json_decref(json);
    return 0;
}
