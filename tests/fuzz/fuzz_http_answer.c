/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A provider that answers anything, under settings that say anything. The input is a JSON object
 * {"rules": [...], "ref": {...}}, a zero, two bytes of status, one of flags, and the body. What is
 * decided of the beginning of a body must hold for all of it, unless the beginning is a JSON
 * document that something follows.
 */
#include <assert.h>
#include <string.h>

#include "common/mem.h"
#include "worker/channel/http_reading.h"
#include "worker/channel/http_rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STATUS_FIRST 200
#define STATUSES     400

struct settings {
    struct http_rules *rules;
    struct http_ref *ref;
};

static struct settings settings_read(struct slice text)
{
    struct settings settings = {NULL, NULL};
    struct problem problem = {0};
    json_t *object = json_loadb((const char *)text.data, text.len, 0, NULL);
    enum err err =
        http_rules_new(&settings.rules, json_object_get(object, "rules"), true, "fuzz", &problem);
    assert(err == ERR_OK ? settings.rules != NULL : problem.text[0] != '\0');
    json_t *ref = json_object_get(object, "ref");
    if (json_is_object(ref)) {
        err = http_ref_new(&settings.ref, ref, "fuzz", &problem);
        assert(err == ERR_OK ? settings.ref != NULL : problem.text[0] != '\0');
    }
    json_decref(object);
    return settings;
}

static struct http_verdict judge(const struct settings *settings, const struct http_answer *answer)
{
    struct http_reading reading;
    http_reading_init(&reading, answer);
    struct http_verdict verdict = http_rules_judge(settings->rules, &reading);
    assert(verdict.outcome < OUTCOMES && verdict.outcome != OUTCOME_RETURNED);
    if (settings->ref != NULL) {
        struct slice ref = http_ref_find(settings->ref, &reading);
        assert(ref.len <= OUTCOME_REF_MAX);
        assert(ref.len == 0 || ref.data != NULL);
    }
    http_reading_release(&reading);
    return verdict;
}

static bool is_json(struct slice body)
{
    json_t *json = json_loadb((const char *)body.data, body.len, JSON_ALLOW_NUL, NULL);
    json_decref(json);
    return json != NULL;
}

static void check(const struct settings *settings, uint16_t status, struct slice body, size_t half)
{
    struct buf whole = {0};
    struct buf beginning = {0};
    buf_slice(&whole, body);
    buf_slice(&beginning, slice_of(body.data, half));
    (void)buf_cstr(&whole);
    (void)buf_cstr(&beginning);
    struct http_answer answer = {
        .status = status,
        .body = buf_view(&beginning),
        .outcome = OUTCOME_UNCERTAIN,
        .reason = REASON_CONNECTION_LOST,
    };
    struct http_verdict early = judge(settings, &answer);
    answer.complete = true;
    answer.body = buf_view(&whole);
    struct http_verdict late = judge(settings, &answer);
    assert(late.reason == (status == 0 ? REASON_CONNECTION_LOST : status));
    assert(early.reason == REASON_CONNECTION_LOST || early.outcome == late.outcome ||
           is_json(buf_view(&beginning)));
    buf_release(&whole);
    buf_release(&beginning);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *zero = size == 0 ? NULL : memchr(data, 0, size);
    size_t rest = zero == NULL ? 0 : size - (size_t)(zero - data) - 1;
    if (rest < 3) {
        return 0;
    }
    struct settings settings = settings_read(slice_of(data, (size_t)(zero - data)));
    if (settings.rules != NULL) {
        unsigned number = (unsigned)(zero[1] << 8 | zero[2]) % (STATUSES + 1);
        uint16_t status = (uint16_t)(number == STATUSES ? 0 : STATUS_FIRST + number);
        struct slice body = slice_of(zero + 4, rest - 3);
        check(&settings, status, body, body.len * zero[3] / 256);
    }
    http_rules_free(settings.rules);
    http_ref_free(settings.ref);
    return 0;
}
