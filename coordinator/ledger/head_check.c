/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/ledger/head_check.h"

#include <inttypes.h>
#include <string.h>

#include "common/mem.h"
#include "evidence/signed_head.h"

struct head_walk {
    struct ledger *ledger;
    struct damages *damages;
    struct key_statement *keys;
    unsigned key_count;
    uint64_t heads;
};

static bool take_key(void *arg, struct slice id, struct slice value)
{
    struct head_walk *walk = arg;
    struct key_statement statement;
    struct reader reader = reader_of(id);
    uint64_t number = reader_be64(&reader);
    if (key_statement_decode(value, &statement) != ERR_OK || !key_statement_is_good(&statement) ||
        statement.number != number) {
        damages_report(walk->damages, "key %" PRIu64 " of evidence is damaged", number);
        return true;
    }
    walk->keys = mem_resize(walk->keys, (size_t)walk->key_count + 1, sizeof(*walk->keys));
    walk->keys[walk->key_count++] = statement;
    return true;
}

static bool is_stated(const struct head_walk *walk, const struct signed_head *head)
{
    for (unsigned i = 0; i < walk->key_count; i++) {
        if (memcmp(walk->keys[i].key, head->public_key, SIGNING_PUBLIC_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_of_chain(struct ledger *ledger, const struct signed_head *head)
{
    struct key key = key_record(head->partition, head->recno);
    struct store_value value = {0};
    uint8_t hash[HASH_DIGEST_BYTES];
    if (ledger->store->ops->get(ledger->store, STORE_RECORDS, key_view(&key), &value) != ERR_OK) {
        return false;
    }
    chain_hash(hash, value.bytes);
    store_value_release(&value);
    return memcmp(hash, head->hash, HASH_DIGEST_BYTES) == 0;
}

static bool take_head(void *arg, struct slice id, struct slice value)
{
    struct head_walk *walk = arg;
    struct signed_head head;
    struct reader reader = reader_of(id);
    uint64_t recno = reader_be64(&reader);
    walk->heads++;
    if (signed_head_decode(value, &head) != ERR_OK || head.recno != recno ||
        !is_stated(walk, &head) || !signed_head_is_good(&head)) {
        damages_report(walk->damages, "the signed head of record %" PRIu64 " is damaged or forged",
                       recno);
    } else if (!is_of_chain(walk->ledger, &head)) {
        damages_report(walk->damages,
                       "record %" PRIu64 " is not the one that its signed head names: the chain is "
                       "not the one that was signed",
                       recno);
    }
    return true;
}

uint64_t head_check(struct ledger *ledger, struct damages *damages)
{
    struct head_walk walk = {.ledger = ledger, .damages = damages};
    enum err err = ledger_each_entry(ledger, CATALOGUE_EVIDENCE_KEY, take_key, &walk);
    if (err == ERR_OK) {
        err = ledger_each_entry(ledger, CATALOGUE_HEAD, take_head, &walk);
    }
    if (err != ERR_OK) {
        damages_report(damages, "the signed heads cannot be read to their end: %s",
                       err_sentence(err));
    }
    mem_free(walk.keys);
    return walk.heads;
}
