/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/content/provider_limits.h"

#include "common/buf.h"

#define VERSION    1
#define RATE_LEAST 0.001
#define THOUSAND   1000.0

/* ---- document ---- */

struct body {
    struct provider_limit limit;
    bool has_rate;
    bool has_burst;
};

static enum err read_rate(struct document_reader *reader, json_t *value)
{
    struct body *body = reader->arg;
    body->has_rate = true;
    return document_number(
        reader, value, RATE_LEAST, PROVIDER_RATE_MAX,
        " (recipients per second), or null for the limit of the settings; to send "
        "nothing, pause the campaigns",
        &body->limit.rate_per_s);
}

static enum err read_burst(struct document_reader *reader, json_t *value)
{
    struct body *body = reader->arg;
    body->has_burst = true;
    return document_number(reader, value, 1, PROVIDER_RATE_MAX,
                           " (recipients at once); left out, it is one and 30 ms' worth",
                           &body->limit.burst);
}

enum err provider_limit_read(struct provider_limit *limit, json_t *json, uint64_t now_ms,
                             struct document_problem *problem)
{
    static const struct document_field fields[] = {
        {"rate", false, read_rate},
        {"burst", false, read_burst},
        {NULL, false, NULL},
    };
    struct body body = {0};
    struct document_reader reader;
    document_reader_init(&reader, problem, &body);
    enum err err = document_object(&reader, json, fields);
    if (err != ERR_OK) {
        return err;
    }
    if (json_object_get(json, "rate") == NULL) {
        return document_refuse(&reader, ERR_INVALID,
                               "needs \"rate\": recipients per second, or null for the limit of "
                               "the settings");
    }
    if (body.has_burst && !body.has_rate) {
        return document_refuse(&reader, ERR_INVALID,
                               "has a \"burst\" beside a \"rate\" of null: the settings' limit has "
                               "its own");
    }
    *limit = body.limit;
    limit->since_ms = body.has_rate ? now_ms : 0;
    return ERR_OK;
}

/* ---- catalogue ---- */

static enum err decode(struct provider_limit *limit, struct slice bytes)
{
    struct reader reader = reader_of(bytes);
    uint8_t version = reader_u8(&reader);
    double rate = (double)reader_u64(&reader) / THOUSAND;
    double burst = (double)reader_u64(&reader) / THOUSAND;
    uint64_t since_ms = reader_u64(&reader);
    if (version > VERSION) {
        return ERR_NEWER_VERSION;
    }
    if (version != VERSION || reader.bad || reader_left(&reader) > 0 || rate < RATE_LEAST ||
        rate > PROVIDER_RATE_MAX || burst > PROVIDER_RATE_MAX || since_ms == 0) {
        return ERR_CORRUPT;
    }
    *limit = (struct provider_limit){rate, burst, since_ms};
    return ERR_OK;
}

enum err provider_limit_load(struct provider_limit *limit, struct ledger *ledger, const char *name,
                             struct problem *problem)
{
    struct store_value value = {0};
    *limit = (struct provider_limit){0};
    enum err err = ledger_catalogue_get(ledger, CATALOGUE_PROVIDER, slice_str(name), &value);
    if (err == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    if (err == ERR_OK) {
        err = decode(limit, value.bytes);
        store_value_release(&value);
    }
    return err == ERR_OK ? ERR_OK
                         : problem_set(problem, err,
                                       "the catalogue's limit of provider %s cannot be read: %s",
                                       name, err_sentence(err));
}

void provider_limit_put(const struct provider_limit *limit, const char *name, struct record *record)
{
    struct buf key = {0};
    struct buf value = {0};
    ledger_catalogue_key(&key, CATALOGUE_PROVIDER, slice_str(name));
    if (limit->since_ms == 0) {
        record_remove(record, buf_view(&key));
    } else {
        buf_u8(&value, VERSION);
        buf_u64(&value, (uint64_t)(limit->rate_per_s * THOUSAND + 0.5));
        buf_u64(&value, (uint64_t)(limit->burst * THOUSAND + 0.5));
        buf_u64(&value, limit->since_ms);
        record_put(record, buf_view(&key), buf_view(&value));
    }
    buf_release(&key);
    buf_release(&value);
}
