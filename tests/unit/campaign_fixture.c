/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/campaign_fixture.h"

#include <stdlib.h>

#include "tests/unit/unit.h"

static const struct provider_def providers[] = {
    {.id = 0, .name = "gateway", .channel = CHANNEL_SMS},
    {.id = 1, .name = "relay", .channel = CHANNEL_EMAIL},
    {.id = 2, .name = "backup", .channel = CHANNEL_SMS},
};

static void add_column(struct page_schema *schema, enum page_field field, unsigned rank,
                       const char *name)
{
    struct page_column *column = &schema->columns[schema->count++];
    column->field = field;
    column->rank = rank;
    memcpy(column->name, name, strlen(name) + 1);
}

static void add_audience(struct audience_registry *audiences, uint64_t id, uint64_t accepted)
{
    struct audience_info *info = calloc(1, sizeof(*info));
    info->id = id;
    info->accepted = accepted;
    info->slots = (uint32_t)accepted + 2;
    add_column(&info->schema, PAGE_FIELD_KEY, 0, "id");
    add_column(&info->schema, PAGE_FIELD_PHONE, 0, "phone");
    add_column(&info->schema, PAGE_FIELD_PHONE, 1, "phone.2");
    add_column(&info->schema, PAGE_FIELD_EMAIL, 0, "email");
    add_column(&info->schema, PAGE_FIELD_VARIABLE, 0, "first_name");
    audience_registry_add(audiences, info);
    free(info);
}

int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    fixture->audiences = audience_registry_new();
    add_audience(fixture->audiences, 12, 1000);
    add_audience(fixture->audiences, 13, 0);
    fixture->surroundings = (struct campaign_surroundings){
        .audiences = fixture->audiences, .providers = providers, .provider_count = 3};
    *state = fixture;
    return 0;
}

int teardown(void **state)
{
    struct fixture *fixture = *state;
    campaign_document_free(fixture->document);
    audience_registry_free(fixture->audiences);
    free(fixture);
    return 0;
}

enum err parse(struct fixture *fixture, const char *json)
{
    campaign_document_free(fixture->document);
    enum err err = campaign_document_parse(&fixture->document, slice_str(json),
                                           &fixture->surroundings, &fixture->problem);
    assert_int_equal(err == ERR_OK, fixture->document != NULL);
    return err;
}

void assert_parses(struct fixture *fixture, const char *json)
{
    if (parse(fixture, json) != ERR_OK) {
        fail_msg("%s: %s", fixture->problem.pointer, fixture->problem.problem.text);
    }
}

void assert_refused(struct fixture *fixture, const char *json, const char *pointer,
                    const char *words)
{
    assert_int_not_equal(parse(fixture, json), ERR_OK);
    assert_string_equal(fixture->problem.pointer, pointer);
    if (strstr(fixture->problem.problem.text, words) == NULL) {
        fail_msg("\"%s\" lacks \"%s\"", fixture->problem.problem.text, words);
    }
}
