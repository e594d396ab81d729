/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/plan_fixture.h"

#include <stdlib.h>

#include "coordinator/content/plan_document.h"
#include "tests/unit/unit.h"

static const struct provider_def providers[] = {
    {.id = 0, .name = "gateway", .channel = CHANNEL_SMS},
    {.id = 1, .name = "relay", .channel = CHANNEL_EMAIL},
    {.id = 2, .name = "backup", .channel = CHANNEL_SMS, .has_receipts = true},
};

static const struct page_schema schema = {
    .count = 5,
    .columns = {{PAGE_FIELD_KEY, 0, "id"},
                {PAGE_FIELD_PHONE, 0, "phone"},
                {PAGE_FIELD_PHONE, 1, "phone.2"},
                {PAGE_FIELD_EMAIL, 0, "email"},
                {PAGE_FIELD_WEBHOOK, 0, "webhook"}},
};

/* backup and relay; gateway and backup; relay alone. */
static const struct provider_group groups[] = {{"spare", 6}, {"phones", 5}, {"mails", 2}};

void reading_release(struct reading *reading)
{
    free(reading->view);
}

enum err read_plan_without(struct reading *reading, const char *json, unsigned without)
{
    json_t *object;
    json_t *view = NULL;
    struct document_reader reader;
    *reading = (struct reading){.plan = {.without = (uint8_t)without}};
    assert_int_equal(document_parse(slice_str(json), &object, &reading->problem), ERR_OK);
    document_reader_init(&reader, &reading->problem, NULL);
    const struct plan_source source = {
        .channel = json_object_get(object, "channel"),
        .plan = json_object_get(object, "plan"),
        .schema = &schema,
        .providers = providers,
        .provider_count = 3,
        .groups = groups,
        .group_count = 3,
    };
    enum err err = plan_document_read(&reader, &source, &reading->plan, &view);
    reading->view = json_dumps(view, JSON_COMPACT);
    json_decref(view);
    json_decref(object);
    return err;
}

enum err read_plan(struct reading *reading, const char *json)
{
    return read_plan_without(reading, json, 0);
}

void assert_reads(struct reading *reading, const char *json)
{
    if (read_plan(reading, json) != ERR_OK) {
        fail_msg("%s: %s", reading->problem.pointer, reading->problem.problem.text);
    }
}
