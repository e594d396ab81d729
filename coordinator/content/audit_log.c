/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/content/audit_log.h"

#include <string.h>

#include "common/mem.h"
#include "common/text.h"

#define VERSION  1
#define TEXT_MAX 200 /* bytes of a name, an address, a method, a route, an action */

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
    uint64_t to;
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
    return number >= visit->to && visit->each(visit->arg, &entry) && number > visit->to;
}

enum err audit_log_each(struct ledger *ledger, uint64_t from, uint64_t to, audit_log_fn each,
                        void *arg)
{
    struct visit visit = {to, each, arg, ERR_OK};
    struct buf id = {0};
    if (from < to) {
        return ERR_OK;
    }
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
    enum err err = audit_log_each(ledger, UINT64_MAX, 1, take_newest, log);
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

uint64_t audit_log_oldest(const struct audit_log *log)
{
    return log->oldest;
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

/* The oldest alone first: mostly it is kept. Those before the oldest that must be kept, so that no
 * gap comes to be when the clock was set. */
enum err audit_log_find_kept(struct ledger *ledger, uint64_t oldest, unsigned looks,
                             uint64_t before_ms, uint64_t *keep_from)
{
    struct expiry first = {before_ms, 0};
    struct expiry rest = {before_ms, 0};
    *keep_from = oldest;
    enum err err = audit_log_each(ledger, oldest, oldest, look_at_age, &first);
    if (err != ERR_OK || first.keep_from <= oldest) {
        return err;
    }
    err = audit_log_each(ledger, oldest + looks - 1, oldest, look_at_age, &rest);
    if (err == ERR_OK && rest.keep_from > oldest) {
        *keep_from = rest.keep_from;
    }
    return err;
}

unsigned audit_log_drop(struct audit_log *log, uint64_t keep_from, unsigned most,
                        struct record *record)
{
    unsigned count = 0;
    struct buf key = {0};
    for (; count < most && log->oldest < keep_from && log->oldest < log->newest; log->oldest++) {
        buf_clear(&key);
        ledger_catalogue_key_u64(&key, CATALOGUE_AUDIT, ~log->oldest);
        record_remove(record, buf_view(&key));
        count++;
    }
    buf_release(&key);
    return count;
}
