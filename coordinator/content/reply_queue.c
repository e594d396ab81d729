/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/content/reply_queue.h"

#define VERSION 1

static void id_of(const struct reply_ticket *ticket, struct buf *key)
{
    struct buf id = {0};
    buf_be64(&id, ticket->due_ms);
    buf_be64(&id, ticket->number);
    ledger_catalogue_key(key, CATALOGUE_REPLY_FORWARD, buf_view(&id));
    buf_release(&id);
}

void reply_queue_put(const struct reply_ticket *ticket, struct record *record)
{
    struct buf key = {0};
    const uint8_t value[] = {VERSION, ticket->tries};
    id_of(ticket, &key);
    record_put(record, buf_view(&key), slice_of(value, sizeof(value)));
    buf_release(&key);
}

void reply_queue_remove(const struct reply_ticket *ticket, struct record *record)
{
    struct buf key = {0};
    id_of(ticket, &key);
    record_remove(record, buf_view(&key));
    buf_release(&key);
}

struct reading {
    struct reply_ticket *tickets;
    unsigned room;
    unsigned count;
    enum err err;
};

static bool read_ticket(void *arg, struct slice id, struct slice value)
{
    struct reading *reading = arg;
    struct reader key = reader_of(id);
    struct reader reader = reader_of(value);
    struct reply_ticket *ticket = &reading->tickets[reading->count];
    if (reader_u8(&reader) != VERSION) {
        reading->err = reader.bad ? ERR_CORRUPT : ERR_UNSUPPORTED;
        return false;
    }
    ticket->due_ms = reader_be64(&key);
    ticket->number = reader_be64(&key);
    ticket->tries = reader_u8(&reader);
    reading->err = key.bad || reader.bad ? ERR_CORRUPT : ERR_OK;
    reading->count += reading->err == ERR_OK;
    return reading->err == ERR_OK && reading->count < reading->room;
}

enum err reply_queue_read(struct ledger *ledger, struct reply_ticket *tickets, unsigned room,
                          unsigned *count)
{
    struct reading reading = {.tickets = tickets, .room = room};
    enum err err = ledger_each_entry(ledger, CATALOGUE_REPLY_FORWARD, read_ticket, &reading);
    *count = reading.count;
    return err == ERR_OK ? reading.err : err;
}

static bool count_ticket(void *arg, struct slice id, struct slice value)
{
    uint64_t *count = arg;
    (void)id;
    (void)value;
    (*count)++;
    return true;
}

enum err reply_queue_count(struct ledger *ledger, uint64_t *count)
{
    *count = 0;
    return ledger_each_entry(ledger, CATALOGUE_REPLY_FORWARD, count_ticket, count);
}
