/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/wire_examples.h"

const struct wire_provider example_providers[2] = {
    {0, "null", CHANNEL_SMS, "null", "{}"},
    {63, "pr\xc3\xa9mier", CHANNEL_WEBHOOK, "http", "{\"url\":\"https://example.com\"}"},
};

static const char *const attachments[] = {"recall.pdf", "R\xc3\xbc"
                                                        "ckruf.pdf"};

const struct wire_body example_bodies[2] = {
    {CHANNEL_EMAIL, "de", "Hallo {{name}}", "Text", "<p>Text</p>", 2, attachments},
    {CHANNEL_SMS, "", "", "Hi", "", 0, NULL},
};

static const struct outcome_run runs[] = {
    {0, 100, OUTCOME_ACCEPTED, 0, 0, 1763800000500, {NULL, 0}},
    {100, 1, OUTCOME_DEFERRED, 451, 60000, 1763800000100, {(const uint8_t *)"ref-1", 5}},
    {1023, 1, OUTCOME_UNCERTAIN, REASON_CONNECTION_LOST, 0, 1763800000900, {NULL, 0}},
};

static const struct wire_outcome_group groups[] = {
    {77, 5, 0, 3, runs, 2, 150},
    {78, UINT64_MAX, WIRE_PAGE_NUMBER_MAX, 1, runs, 0, 0},
};

const struct wire_unopened example_unopened[2] = {
    {0, "provider \"sms\": secrets.token: env:SMS_TOKEN is not set"},
    {WIRE_PROVIDERS_MAX - 1, ""},
};

struct wire_message example(enum wire_type type)
{
    static const uint8_t attempts[] = {1, 2, 3};
    static const uint8_t endpoints[] = {0, 9, 255};
    struct wire_message message = {.type = type};
    switch (type) {
    case WIRE_HELLO:
        message.hello = (struct wire_hello){1, 3, "w1/2", UINT64_C(0x1122334455667788), "0.1.0"};
        break;
    case WIRE_WELCOME:
        message.welcome = (struct wire_welcome){1, 9, 2000, 30000, 2, example_providers};
        break;
    case WIRE_REFUSED:
        message.refused = (struct wire_refused){1, 1, "too old"};
        break;
    case WIRE_CREDIT:
        message.credit = (struct wire_credit){.epoch = 9,
                                              .limit = {0, 65536, 0, 7, 0, UINT32_MAX},
                                              .unopened_count = 2,
                                              .unopened = example_unopened};
        break;
    case WIRE_CONTENT_REQUEST:
        message.content_request = (struct wire_content_request){9, 5};
        break;
    case WIRE_CONTENT:
        message.content = (struct wire_content){
            .epoch = 9,
            .campaign = 5,
            .name = "Outage",
            .token_key = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
            .reply_range = {5, 33000000, 500000},
            .trace = {{0x4b, 0xf9, 3}, {7}, true},
            .body_count = 2,
            .bodies = example_bodies};
        message.content.schema =
            (struct page_schema){2, {{PAGE_FIELD_KEY, 0, "id"}, {PAGE_FIELD_PHONE, 0, "phone"}}};
        break;
    case WIRE_BATCH:
        message.batch = (struct wire_batch){.epoch = 9,
                                            .not_after_ms = UINT64_C(1796112000000),
                                            .lease = 77,
                                            .campaign = 5,
                                            .page = 12,
                                            .provider = 3,
                                            .step = 1,
                                            .spread_ms = 1000,
                                            .wait_ms = 20,
                                            .count = 3,
                                            .attempts = attempts,
                                            .endpoints = endpoints,
                                            .page_bytes = slice_str("a sealed page")};
        bitmap_set(&message.batch.places, 0);
        bitmap_set(&message.batch.places, 64);
        bitmap_set(&message.batch.places, 1023);
        break;
    case WIRE_OUTCOMES:
        message.outcomes = (struct wire_outcomes){9, UINT64_MAX, 1, 2, groups};
        break;
    case WIRE_OUTCOMES_DURABLE:
        message.outcomes_durable = (struct wire_outcomes_durable){9, UINT64_MAX, 12};
        break;
    case WIRE_CANCEL:
        message.cancel = (struct wire_cancel){9, 5, true};
        break;
    case WIRE_RECALL:
        message.recall = (struct wire_recall){9, 7, 12, 1023, 16};
        break;
    case WIRE_BEARER:
        message.bearer = (struct wire_bearer){9, 63, "fcm", slice_str("ya29.a0-_x")};
        break;
    case WIRE_DRAIN:
        message.drain = (struct wire_drain){9};
        break;
    case WIRE_HEARTBEAT:
        message.heartbeat = (struct wire_heartbeat){9, 1763800000000, 1000, 64};
        break;
    case WIRE_BYE:
        message.bye = (struct wire_bye){9, UINT64_MAX};
        break;
    case WIRE_TYPES:
        break;
    }
    return message;
}
