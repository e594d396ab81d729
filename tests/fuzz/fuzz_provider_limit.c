/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of a PATCH of a provider. What is understood can be shown and read again, and comes back
 * from the catalogue as it was put; what is refused changes nothing.
 */
#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/content/provider_limits.h"

#define NOW_MS UINT64_C(1700000000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_same(const struct provider_limit *a, const struct provider_limit *b)
{
    const struct quiet_hours *x = &a->quiet_hours;
    const struct quiet_hours *y = &b->quiet_hours;
    return a->rate_per_s == b->rate_per_s && a->burst == b->burst && a->since_ms == b->since_ms &&
           a->concurrency == b->concurrency && a->concurrency_since_ms == b->concurrency_since_ms &&
           a->day_quota == b->day_quota && a->quota_since_ms == b->quota_since_ms &&
           strcmp(a->quota_zone, b->quota_zone) == 0 && a->quiet_since_ms == b->quiet_since_ms &&
           (x->channels == 0) == (y->channels == 0) &&
           (x->channels == 0 || (x->from_min == y->from_min && x->to_min == y->to_min &&
                                 strcmp(x->zone, y->zone) == 0));
}

static void check_document(const struct provider_limit *limit)
{
    struct provider_limit again = {0};
    struct document_problem problem;
    json_t *json = provider_limit_show(limit);
    enum err err = provider_limit_read(&again, json, NOW_MS, &problem);
    assert(provider_limit_is_set(limit) ? err == ERR_OK && is_same(limit, &again) : err != ERR_OK);
    json_decref(json);
}

static void check_catalogue(const struct provider_limit *limit)
{
    struct ledger *ledger = NULL;
    struct provider_limit again;
    struct problem problem;
    if (sodium_init() < 0 || ledger_open(&ledger, store_mem_new(), &problem) != ERR_OK) {
        abort();
    }
    struct record *record = record_new(0, 1, 1);
    provider_limit_put(limit, "g", record);
    enum err err = ledger_write(ledger, record, &problem);
    assert(err == ERR_OK);
    err = provider_limit_load(&again, ledger, "g", &problem);
    assert(err == ERR_OK && is_same(limit, &again));
    record_free(record);
    ledger_close(ledger);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct provider_limit before = {.concurrency = 3, .concurrency_since_ms = NOW_MS};
    struct document_problem problem;
    struct provider_limit limit = before;
    json_t *json = NULL;
    enum err err = document_parse(slice_of(data, size), &json, &problem);
    if (err == ERR_OK) {
        err = provider_limit_read(&limit, json, NOW_MS, &problem);
    }
    if (err == ERR_OK) {
        check_document(&limit);
        check_catalogue(&limit);
    } else {
        assert(problem.problem.text[0] != '\0' && is_same(&limit, &before));
    }
    json_decref(json);
    return 0;
}
