/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/head_signer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include "coordinator/report/signing_file.h"

#define MODULE      "evidence"
#define PARTITION   0
#define APART_MS    1000 /* between two heads, whatever is asked for */
#define FILE_NAME   "evidence.key"
#define KIND_OFFSET 2 /* in a key of the catalogue: behind the partition */

struct head_signer {
    struct ledger *ledger;
    char *path;
    char *next_path;
    struct signing_key key;
    struct key_statement statement; /* the newest */
    bool is_new;                    /* the statement is in no record yet */
    bool is_rotating;               /* it is in one that is not durable yet */
    uint64_t every_ms;
    uint64_t last_ms; /* when the last head was signed, or the start */
    uint64_t newest;  /* record that it signs */
    struct signed_head head;
    uint64_t put_in;    /* record that it is in */
    uint64_t wanted;    /* record that must be signed; 0: none */
    uint64_t campaigns; /* that have ended since */
    uint64_t campaign;  /* the last of them */
};

/* ---- the key ---- */

struct newest_statement {
    struct key_statement statement;
    enum err err;
};

static bool take_statement(void *arg, struct slice id, struct slice value)
{
    struct newest_statement *newest = arg;
    (void)id;
    newest->err = key_statement_decode(value, &newest->statement);
    return newest->err == ERR_OK;
}

static bool is_key(const struct signing_key *key, const struct key_statement *statement)
{
    return memcmp(key->public_key, statement->key, SIGNING_PUBLIC_BYTES) == 0;
}

/* The one beside it is of a rotation that a crash broke off: it counts if its statement does. */
static bool take_next(struct head_signer *signer, const struct key_statement *statement)
{
    struct problem problem;
    struct signing_key next;
    bool is_it = statement->number > 0 &&
                 signing_file_read(signer->next_path, &next, &problem) == ERR_OK &&
                 is_key(&next, statement) && rename(signer->next_path, signer->path) == 0;
    if (is_it) {
        signer->key = next;
    }
    signing_key_wipe(&next);
    return is_it;
}

static void tell(const struct head_signer *signer, const char *event)
{
    struct buf text = {0};
    text_base64url(&text, slice_of(signer->key.public_key, SIGNING_PUBLIC_BYTES));
    LOG_I(MODULE, event, "number=%" PRIu32 " public_key=%s file=\"%s\"", signer->statement.number,
          buf_cstr(&text), signer->path);
    buf_release(&text);
}

/* The key in use is not the one that was stated last: it is stated, and the lost one cannot sign
 * that. */
static void state_anew(struct head_signer *signer, uint64_t now_ms)
{
    if (signer->statement.number > 0) {
        memcpy(signer->statement.before, signer->statement.key, SIGNING_PUBLIC_BYTES);
        LOG_W(MODULE, "key_lost",
              "number=%" PRIu32 " why=\"%s is not the key that the ledger names: whoever trusts "
              "that one has to be given the new public key\"",
              signer->statement.number, signer->path);
    }
    signer->statement.number++;
    signer->statement.since_ms = now_ms;
    key_statement_sign(&signer->statement, &signer->key, NULL);
    signer->is_new = true;
}

static enum err open_key(struct head_signer *signer, uint64_t now_ms, struct problem *problem)
{
    struct newest_statement newest = {.err = ERR_OK};
    enum err err =
        ledger_each_entry(signer->ledger, CATALOGUE_EVIDENCE_KEY, take_statement, &newest);
    err = err == ERR_OK ? newest.err : err;
    if (err != ERR_OK) {
        return problem_set(problem, err, "the keys of evidence in the ledger cannot be read: %s",
                           err_sentence(err));
    }
    signer->statement = newest.statement;
    err = signing_file_read(signer->path, &signer->key, problem);
    if ((err == ERR_OK && is_key(&signer->key, &signer->statement)) ||
        take_next(signer, &signer->statement)) {
        (void)unlink(signer->next_path);
        tell(signer, "key");
        return ERR_OK;
    }
    if (err == ERR_NOT_FOUND) {
        err = signing_file_make(signer->path, &signer->key, problem);
    }
    if (err == ERR_OK) {
        state_anew(signer, now_ms);
        tell(signer, "key_made");
    }
    return err;
}

static bool take_newest_head(void *arg, struct slice id, struct slice value)
{
    struct reader reader = reader_of(id);
    (void)value;
    *(uint64_t *)arg = reader_be64(&reader);
    return true;
}

enum err head_signer_open(struct head_signer **out, struct ledger *ledger, const char *data_dir,
                          uint64_t every_ms, uint64_t now_ms, struct problem *problem)
{
    struct head_signer *signer = mem_zalloc(1, sizeof(*signer));
    struct buf path = {0};
    signer->ledger = ledger;
    signer->every_ms = every_ms;
    signer->last_ms = now_ms;
    buf_printf(&path, "%s/%s", data_dir, FILE_NAME);
    signer->path = mem_copy_str(buf_cstr(&path));
    buf_str(&path, ".next");
    signer->next_path = mem_copy_str(buf_cstr(&path));
    buf_release(&path);
    enum err err = open_key(signer, now_ms, problem);
    if (err == ERR_OK) {
        err = ledger_each_entry(ledger, CATALOGUE_HEAD, take_newest_head, &signer->newest);
        signer->put_in = signer->newest;
        if (err != ERR_OK) {
            (void)problem_set(problem, err, "the signed heads in the ledger cannot be read: %s",
                              err_sentence(err));
        }
    }
    if (err != ERR_OK) {
        head_signer_free(signer);
        signer = NULL;
    }
    *out = signer;
    return err;
}

void head_signer_free(struct head_signer *signer)
{
    if (signer == NULL) {
        return;
    }
    signing_key_wipe(&signer->key);
    mem_free(signer->path);
    mem_free(signer->next_path);
    mem_free(signer);
}

static void put_statement(const struct head_signer *signer, struct record *record)
{
    struct buf key = {0};
    struct buf value = {0};
    ledger_catalogue_key_u64(&key, CATALOGUE_EVIDENCE_KEY, signer->statement.number);
    key_statement_encode(&signer->statement, &value);
    record_put(record, buf_view(&key), buf_view(&value));
    buf_release(&key);
    buf_release(&value);
}

void head_signer_begin(struct head_signer *signer, struct record *record)
{
    if (signer->is_new) {
        put_statement(signer, record);
        signer->is_new = false;
    }
}

/* ---- heads ---- */

void head_signer_look(struct head_signer *signer, const struct record *record)
{
    for (size_t i = 0; i < record->entry_count; i++) {
        const struct record_entry *entry = &record->entries[i];
        if (entry->kind != RECORD_PUT) {
            continue;
        }
        struct slice key = record_key(record, entry);
        if (key.len > KIND_OFFSET && key.data[KIND_OFFSET] == CATALOGUE_CAMPAIGN_END) {
            struct reader reader =
                reader_of(slice_of(key.data + KIND_OFFSET + 1, key.len - KIND_OFFSET - 1));
            signer->campaign = reader_be64(&reader);
            signer->campaigns++;
            head_signer_want(signer, record->recno);
        }
    }
}

void head_signer_want(struct head_signer *signer, uint64_t recno)
{
    if (recno > signer->newest && recno > signer->wanted) {
        signer->wanted = recno;
    }
}

static void sign_head(struct head_signer *signer, const struct ledger_head *at, uint64_t now_ms,
                      struct record *record)
{
    struct buf key = {0};
    struct buf value = {0};
    struct signed_head head = {.partition = PARTITION,
                               .recno = at->recno,
                               .campaign = signer->campaigns == 1 ? signer->campaign : 0,
                               .time_ms = now_ms};
    memcpy(head.hash, at->hash, HASH_DIGEST_BYTES);
    signed_head_sign(&head, &signer->key);
    ledger_catalogue_key_u64(&key, CATALOGUE_HEAD, head.recno);
    signed_head_encode(&head, &value);
    record_put(record, buf_view(&key), buf_view(&value));
    buf_release(&key);
    buf_release(&value);
    signer->head = head;
    signer->last_ms = now_ms;
    signer->newest = at->recno;
    signer->put_in = record->recno;
    if (at->recno >= signer->wanted) {
        signer->wanted = 0;
        signer->campaigns = 0;
    }
}

static bool is_after(uint64_t now_ms, uint64_t then_ms, uint64_t ms)
{
    return now_ms < then_ms || now_ms - then_ms >= ms; /* a clock that was set back is no reason */
}

uint32_t head_signer_run(struct head_signer *signer, uint64_t now_ms, struct record *record)
{
    struct ledger_head at;
    bool is_apart = is_after(now_ms, signer->last_ms, APART_MS) || signer->newest == 0;
    bool is_time = signer->every_ms > 0 && is_after(now_ms, signer->last_ms, signer->every_ms);
    if (signer->wanted == 0 && !is_time) {
        uint64_t left_ms = signer->last_ms + signer->every_ms - now_ms;
        return signer->every_ms == 0 || left_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)left_ms;
    }
    if (!is_apart) {
        return (uint32_t)(APART_MS - (now_ms - signer->last_ms));
    }
    ledger_head(signer->ledger, PARTITION, &at);
    bool is_there = signer->wanted > 0 && at.recno >= signer->wanted;
    if (is_there || (is_time && at.recno > signer->put_in)) {
        sign_head(signer, &at, now_ms, record);
    }
    return UINT32_MAX; /* what is wanted comes with the next record that is durable */
}

void head_signer_stop(struct head_signer *signer, uint64_t now_ms, struct record *record)
{
    struct ledger_head at;
    ledger_head(signer->ledger, PARTITION, &at);
    if (at.recno > signer->newest) {
        sign_head(signer, &at, now_ms, record);
    }
}

uint64_t head_signer_newest(const struct head_signer *signer)
{
    return signer->newest;
}

const struct signed_head *head_signer_head(const struct head_signer *signer)
{
    return &signer->head;
}

uint64_t head_signer_put_in(const struct head_signer *signer)
{
    return signer->put_in;
}

/* ---- the key, from outside ---- */

const struct signing_key *head_signer_key(const struct head_signer *signer)
{
    return &signer->key;
}

const struct key_statement *head_signer_statement(const struct head_signer *signer)
{
    return &signer->statement;
}

enum err head_signer_rotate(struct head_signer *signer, uint64_t now_ms, struct record *record,
                            struct problem *problem)
{
    struct signing_key next;
    if (signer->is_rotating) {
        return problem_set(problem, ERR_CONFLICT,
                           "a new key is just being made; ask again when that was answered");
    }
    enum err err = signing_file_make(signer->next_path, &next, problem);
    if (err != ERR_OK) {
        return err;
    }
    signer->statement.number++;
    signer->statement.since_ms = now_ms;
    key_statement_sign(&signer->statement, &next, &signer->key);
    signer->key = next;
    signing_key_wipe(&next);
    put_statement(signer, record);
    signer->is_rotating = true;
    tell(signer, "key_rotated");
    return ERR_OK;
}

void head_signer_rotated(struct head_signer *signer)
{
    signer->is_rotating = false;
    if (rename(signer->next_path, signer->path) != 0) {
        LOG_E(MODULE, "key_not_kept",
              "file=\"%s\" err=%s why=\"the new key is in %s; the next "
              "start tries again\"",
              signer->path, err_name(err_from_errno(errno)), signer->next_path);
    }
}

bool head_signer_is_rotating(const struct head_signer *signer)
{
    return signer->is_rotating;
}
