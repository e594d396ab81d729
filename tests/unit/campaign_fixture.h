/* SPDX-License-Identifier: Apache-2.0 */
/*
 * campaign_fixture: what a campaign's document may refer to, and a document that is read with it.
 */
#ifndef TOCSIN_TESTS_UNIT_CAMPAIGN_FIXTURE_H
#define TOCSIN_TESTS_UNIT_CAMPAIGN_FIXTURE_H

#include "coordinator/content/campaign_document.h"

struct fixture {
    struct audience_registry *audiences;
    struct campaign_surroundings surroundings;
    struct campaign_document *document;
    struct document_problem problem;
};

#define HEAD    "{\"name\":\"Outage\",\"audience\":\"a12\",\"channel\":\"sms\""
#define CONTENT ",\"content\":{\"sms\":{\"text\":\"Dear {{first_name}}, {{token}}\"}}}"

#define LADDER                                                                                     \
    "{\"name\":\"Outage\",\"audience\":\"a12\",\"plan\":{\"steps\":[{\"channel\":\"sms\","         \
    "\"provider\":"                                                                                \
    "\"gateway\",\"until\":\"acknowledged\",\"within\":\"90s\"},{\"channel\":\"email\"}]}"

#define BOTH ",\"content\":{\"sms\":{\"text\":\"a\"},\"email\":{\"subject\":\"s\",\"text\":\"b\"}}}"

int setup(void **state);
int teardown(void **state);
enum err parse(struct fixture *fixture, const char *json);
void assert_parses(struct fixture *fixture, const char *json);
void assert_refused(struct fixture *fixture, const char *json, const char *pointer,
                    const char *words);

#endif
