/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/content/audit_log.h"

#include <string.h>

#include "common/mem.h"
#include "common/text.h"

#define VERSION        1
#define EXPIRE_AT_ONCE 256
#define TEXT_MAX       200 /* bytes of a name, an address, a method, a route, an action */

struct audit_log {
    struct ledger *ledger;
    uint64_t newest; /* 0: there was none */
    uint64_t oldest; /* none with a smaller number is kept */
};

/* ---- one entry ---- */

static void put_text(struct buf *value, struct slice text, size_t max)
{
    size_t bad_at = 0;
    if (text.len > max) {
        text.len = max;
    }
    if (!text_is_utf8(text, &bad_at)) {
        text.len = bad_at;
    }
    buf_blob(value, text);
}

void audit_entry_encode(const struct audit_entry *entry, struct buf *value)
{
    buf_u8(value, VERSION);
    buf_u64(value, entry->at_ms);
    buf_u64(value, entry->token);
    buf_u16(value, entry->status);
    put_text(value, entry->kind, TEXT_MAX);
    put_text(value, entry->role, TEXT_MAX);
    put_text(value, entry->name, TEXT_MAX);
    put_text(value, entry->address, TEXT_MAX);
    put_text(value, entry->method, TEXT_MAX);
    put_text(value, entry->route, TEXT_MAX);
    put_text(value, entry->object, AUDIT_OBJECT_MAX);
    put_text(value, entry->action, TEXT_MAX);
    put_text(value, entry->summary, AUDIT_SUMMARY_MAX);
}

enum err audit_entry_decode(struct slice value, struct audit_entry *entry)
{
    struct reader reader = reader_of(value);
    uint8_t version = reader_u8(&reader);
    if (!reader.bad && version != VERSION) {
        return ERR_UNSUPPORTED;
    }
    entry->at_ms = reader_u64(&reader);
    entry->token = reader_u64(&reader);
    entry->status = reader_u16(&reader);
    entry->kind = reader_blob(&reader);
    entry->role = reader_blob(&reader);
    entry->name = reader_blob(&reader);
    entry->address = reader_blob(&reader);
    entry->method = reader_blob(&reader);
    entry->route = reader_blob(&reader);
    entry->object = reader_blob(&reader);
    entry->action = reader_blob(&reader);
    entry->summary = reader_blob(&reader);
    return reader.bad || reader_left(&reader) > 0 ? ERR_CORRUPT : ERR_OK;
}

/* ---- reading ---- */

struct visit {
    audit_log_fn each;
    void *arg;
    enum err err;
};

static bool visit_entry(void *arg, struct slice id, struct slice value)
{
    struct visit *visit = arg;
    struct audit_entry entry;
    struct reader reader = reader_of(id);
    uint64_t number = ~reader_be64(&reader);
    visit->err =
        reader.bad || reader_left(&reader) > 0 ? ERR_CORRUPT : audit_entry_decode(value, &entry);
    if (visit->err != ERR_OK) {
        return false;
    }
    entry.number = number;
    return visit->each(visit->arg, &entry);
}

enum err audit_log_each(struct ledger *ledger, uint64_t from, audit_log_fn each, void *arg)
{
    struct visit visit = {each, arg, ERR_OK};
    struct buf id = {0};
    buf_be64(&id, ~from);
    enum err err =
        ledger_each_entry_from(ledger, CATALOGUE_AUDIT, buf_view(&id), visit_entry, &visit);
    buf_release(&id);
    return err == ERR_OK ? visit.err : err;
}

/* ---- life ---- */

static bool take_newest(void *arg, const struct audit_entry *entry)
{
    struct audit_log *log = arg;
    log->newest = entry->number;
    return false;
}

static enum err is_there(const struct audit_log *log, uint64_t number, bool *there)
{
    struct store_value value = {0};
    struct buf id = {0};
    buf_be64(&id, ~number);
    enum err err = ledger_catalogue_get(log->ledger, CATALOGUE_AUDIT, buf_view(&id), &value);
    *there = err == ERR_OK;
    store_value_release(&value);
    buf_release(&id);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Numbers have no gaps between the oldest and the newest. */
static enum err find_oldest(struct audit_log *log)
{
    uint64_t low = 1; /* the oldest is not below */
    uint64_t high = log->newest;
    enum err err = ERR_OK;
    while (err == ERR_OK && low < high) {
        uint64_t middle = low + (high - low) / 2;
        bool there = false;
        err = is_there(log, middle, &there);
        if (there) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    log->oldest = low;
    return err;
}

enum err audit_log_open(struct audit_log **out, struct ledger *ledger, struct problem *problem)
{
    struct audit_log *log = mem_zalloc(1, sizeof(*log));
    log->ledger = ledger;
    log->oldest = 1;
    enum err err = audit_log_each(ledger, UINT64_MAX, take_newest, log);
    if (err == ERR_OK && log->newest > 0) {
        err = find_oldest(log);
    }
    if (err != ERR_OK) {
        audit_log_free(log);
        *out = NULL;
        return problem_set(problem, err, "the audit log cannot be read: %s", err_sentence(err));
    }
    *out = log;
    return ERR_OK;
}

void audit_log_free(struct audit_log *log)
{
    mem_free(log);
}

uint64_t audit_log_count(const struct audit_log *log)
{
    return log->newest + 1 - log->oldest;
}

uint64_t audit_log_add(struct audit_log *log, const struct audit_entry *entry,
                       struct record *record)
{
    struct buf key = {0};
    struct buf value = {0};
    log->newest++;
    ledger_catalogue_key_u64(&key, CATALOGUE_AUDIT, ~log->newest);
    audit_entry_encode(entry, &value);
    record_put(record, buf_view(&key), buf_view(&value));
    buf_release(&key);
    buf_release(&value);
    return log->newest;
}

/* ---- the end of an entry ---- */

struct expiry {
    uint64_t before_ms;
    uint64_t keep_from; /* the oldest that is looked at and kept; 0: none was looked at */
};

static bool look_at_age(void *arg, const struct audit_entry *entry)
{
    struct expiry *expiry = arg;
    if (expiry->keep_from == 0) {
        expiry->keep_from = entry->number + 1; /* nothing of those behind is known */
    }
    if (entry->at_ms >= expiry->before_ms) {
        expiry->keep_from = entry->number;
    }
    return true;
}

/* Those before the oldest that must be kept, so that no gap comes to be when the clock was set. */
void audit_log_expire(struct audit_log *log, uint64_t before_ms, struct record *record)
{
    if (log->oldest > log->newest) {
        return;
    }
    uint64_t last = log->oldest + EXPIRE_AT_ONCE - 1;
    last = last < log->newest ? last : log->newest;
    struct expiry expiry = {before_ms, 0};
    if (audit_log_each(log->ledger, last, look_at_age, &expiry) != ERR_OK) {
        return; /* it is said by whoever wants to read it */
    }
    for (; log->oldest < expiry.keep_from && log->oldest < log->newest; log->oldest++) {
        struct buf key = {0};
        ledger_catalogue_key_u64(&key, CATALOGUE_AUDIT, ~log->oldest);
        record_remove(record, buf_view(&key));
        buf_release(&key);
    }
}
