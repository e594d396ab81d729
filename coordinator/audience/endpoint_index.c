/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/audience/endpoint_index.h"

#include <string.h>

#include "common/hash.h"

#define RANK_STEP   UINT64_C(0x9e3779b97f4a7c15) /* odd: no two ranks give the same */
#define EMAIL_BYTES 320

static struct slice lower(struct slice value, uint8_t *to)
{
    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = value.data[i];
        to[i] = c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
    }
    return slice_of(to, value.len);
}

uint64_t endpoint_hash(const uint8_t key[HASH_KEY_BYTES], enum page_field field, struct slice value)
{
    uint8_t of_field[HASH_KEY_BYTES]; /* a key of its own for each field */
    uint8_t email[EMAIL_BYTES];
    memcpy(of_field, key, sizeof(of_field));
    of_field[0] ^= (uint8_t)(0x80u | (unsigned)field);
    if (field == PAGE_FIELD_EMAIL && value.len <= sizeof(email)) {
        value = lower(value, email);
    }
    return hash_keyed64(of_field, value);
}

uint64_t endpoint_hash_at(uint64_t hash, unsigned rank)
{
    return hash ^ rank * RANK_STEP;
}

struct finding {
    endpoint_index_fn each;
    void *arg;
    unsigned rank;
    uint32_t slots;
    bool goes_on;
    enum err err;
};

static bool on_ordinal(void *arg, uint32_t ordinal)
{
    struct finding *finding = arg;
    if (ordinal >= finding->slots) {
        finding->err = ERR_CORRUPT;
        return false;
    }
    finding->goes_on = finding->each(finding->arg, ordinal, finding->rank);
    return finding->goes_on;
}

enum err endpoint_index_find_from(struct ledger *ledger, const struct audience_info *info,
                                  enum page_field field, uint64_t hash, struct endpoint_place from,
                                  endpoint_index_fn each, void *arg)
{
    struct finding finding = {
        .each = each, .arg = arg, .rank = from.rank, .slots = info->slots, .goes_on = true};
    enum err err = ERR_OK;
    for (; err == ERR_OK && finding.goes_on && finding.err == ERR_OK &&
           finding.rank < ENDPOINT_RANKS_MAX &&
           page_schema_endpoint(&info->schema, field, finding.rank) >= 0;
         finding.rank++) {
        err = ledger_lookup_endpoint_from(ledger, info->id, endpoint_hash_at(hash, finding.rank),
                                          finding.rank == from.rank ? from.ordinal : 0, on_ordinal,
                                          &finding);
    }
    return err == ERR_OK ? finding.err : err;
}

enum err endpoint_index_find_hash(struct ledger *ledger, const struct audience_info *info,
                                  enum page_field field, uint64_t hash, endpoint_index_fn each,
                                  void *arg)
{
    return endpoint_index_find_from(ledger, info, field, hash, (struct endpoint_place){0}, each,
                                    arg);
}

enum err endpoint_index_find(struct ledger *ledger, const struct audience_info *info,
                             enum page_field field, struct slice value, endpoint_index_fn each,
                             void *arg)
{
    uint64_t hash = endpoint_hash(ledger_lookup_key(ledger), field, value);
    return endpoint_index_find_hash(ledger, info, field, hash, each, arg);
}
