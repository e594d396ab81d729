/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first byte chooses between a request and the stored form, the rest is JSON. What is taken
 * must read back from its stored form as the same; what is refused must say where and why.
 */
#include <assert.h>
#include <stdlib.h>

#include "common/log.h"
#include "coordinator/content/campaign_document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct provider_def providers[] = {
    {.id = 0, .name = "gateway", .channel = CHANNEL_SMS},
    {.id = 1, .name = "relay", .channel = CHANNEL_EMAIL},
};
static const struct provider_group groups[] = {{"all", 3}, {"mails", 2}};
static const struct page_schema schema = {
    .count = 4,
    .columns = {{PAGE_FIELD_KEY, 0, "id"},
                {PAGE_FIELD_PHONE, 0, "phone"},
                {PAGE_FIELD_EMAIL, 0, "email"},
                {PAGE_FIELD_VARIABLE, 0, "first_name"}},
};

static void check_round_trip(struct campaign_document *document,
                             const struct campaign_surroundings *surroundings)
{
    struct buf stored = {0};
    struct buf again = {0};
    struct problem problem;
    struct campaign_document *loaded;
    struct arena arena;
    struct wire_content content;
    campaign_document_number(document, 7, 1700000000000);
    campaign_document_encode(document, &stored);
    enum err err = campaign_document_load(&loaded, buf_view(&stored), surroundings, &problem);
    assert(err == ERR_OK);
    campaign_document_encode(loaded, &again);
    assert(slice_equal(buf_view(&stored), buf_view(&again)));
    arena_init(&arena, 1024);
    campaign_document_wire(loaded, &schema, 1, &arena, &content);
    assert(content.body_count >= 1);
    arena_release(&arena);
    campaign_document_free(loaded);
    buf_release(&stored);
    buf_release(&again);
}

static struct audience_registry *known_audiences(void)
{
    static struct audience_registry *audiences;
    if (audiences == NULL) {
        struct audience_info *info = calloc(1, sizeof(*info));
        assert(info != NULL);
        log_init(LOG_ERROR, 2);
        audiences = audience_registry_new();
        info->id = 12;
        info->accepted = 100;
        info->slots = 100;
        info->schema = schema;
        audience_registry_add(audiences, info);
        free(info);
    }
    return audiences;
}

/* One plan, "night". */
static const struct plan_registry *known_plans(void)
{
    static struct plan_registry *plans;
    if (plans == NULL) {
        struct record *record = record_new(0, 1, 1);
        json_t *plan = json_loads("{\"steps\":[{\"channel\":\"sms\",\"until\":\"acknowledged\"},"
                                  "{\"channel\":\"email\",\"provider\":\"mails\"}]}",
                                  0, NULL);
        plans = plan_registry_new();
        enum err err = plan_registry_put(plans, "night", plan, 1, record);
        assert(err == ERR_OK);
        record_free(record);
    }
    return plans;
}

static struct campaign_document *take_request(struct slice json,
                                              const struct campaign_surroundings *surroundings)
{
    struct campaign_document *document = NULL;
    struct document_problem problem;
    enum err err = campaign_document_parse(&document, json, surroundings, &problem);
    assert((err == ERR_OK) == (document != NULL));
    assert(err == ERR_OK || problem.problem.text[0] != '\0');
    if (document != NULL) {
        check_round_trip(document, surroundings);
    }
    return document;
}

static struct campaign_document *take_stored(struct slice json,
                                             const struct campaign_surroundings *surroundings)
{
    struct campaign_document *document = NULL;
    struct problem problem = {0};
    enum err err = campaign_document_load(&document, json, surroundings, &problem);
    assert(err == ERR_OK || problem.text[0] != '\0');
    return document;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct campaign_surroundings surroundings = {.audiences = known_audiences(),
                                                       .plans = known_plans(),
                                                       .providers = providers,
                                                       .provider_count = 2,
                                                       .groups = groups,
                                                       .group_count = 2};
    if (size > 0) {
        struct slice json = slice_of(data + 1, size - 1);
        campaign_document_free(data[0] % 2 == 0 ? take_request(json, &surroundings)
                                                : take_stored(json, &surroundings));
    }
    return 0;
}
