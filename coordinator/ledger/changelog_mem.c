/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>

#include "common/mem.h"
#include "coordinator/ledger/changelog.h"

struct changelog_mem {
    struct changelog changelog;
    struct ledger *ledger;
    changelog_durable_fn durable;
    void *arg;
    struct record **records; /* appended and not yet written, oldest first */
    size_t count;
    size_t cap;
    struct changelog_health health;
};

static struct changelog_mem *changelog_mem_of(struct changelog *changelog)
{
    return (struct changelog_mem *)changelog;
}

static void changelog_mem_append(struct changelog *changelog, struct record *take_record)
{
    struct changelog_mem *mem = changelog_mem_of(changelog);
    if (mem->count == mem->cap) {
        mem->cap = mem->cap == 0 ? 4 : mem->cap * 2;
        mem->records = mem_resize(mem->records, mem->cap, sizeof(struct record *));
    }
    mem->records[mem->count++] = take_record;
}

static void changelog_mem_health(struct changelog *changelog, struct changelog_health *health)
{
    struct changelog_mem *mem = changelog_mem_of(changelog);
    *health = mem->health;
    health->in_flight = (unsigned)mem->count;
}

/* Writes the oldest record and forgets it; false if there is none or the store failed. */
static bool changelog_mem_write(struct changelog_mem *mem, uint64_t *recno)
{
    if (mem->count == 0) {
        return false;
    }
    struct record *record = mem->records[0];
    if (ledger_write(mem->ledger, record, &mem->health.problem) != ERR_OK) {
        return false;
    }
    mem->health.problem = (struct problem){0};
    mem->health.records++;
    mem->health.bytes += record->bytes.len;
    histogram_add(&mem->health.sizes, &HISTOGRAM_BYTES, record->bytes.len, 1);
    mem->count--;
    memmove(&mem->records[0], &mem->records[1], mem->count * sizeof(struct record *));
    *recno = record->recno;
    record_free(record);
    return true;
}

void changelog_mem_crash(struct changelog *changelog)
{
    struct changelog_mem *mem = changelog_mem_of(changelog);
    while (mem->count > 0) {
        record_free(mem->records[--mem->count]);
    }
}

static void changelog_mem_close(struct changelog *changelog)
{
    struct changelog_mem *mem = changelog_mem_of(changelog);
    uint64_t recno;
    while (changelog_mem_write(mem, &recno)) {
    }
    changelog_mem_crash(changelog);
    mem_free(mem->records);
    mem_free(mem);
}

static const struct changelog_ops changelog_mem_ops = {
    .append = changelog_mem_append,
    .health = changelog_mem_health,
    .close = changelog_mem_close,
};

struct changelog *changelog_mem_new(struct ledger *ledger, changelog_durable_fn durable, void *arg)
{
    struct changelog_mem *mem = mem_zalloc(1, sizeof(*mem));
    mem->changelog.ops = &changelog_mem_ops;
    mem->ledger = ledger;
    mem->durable = durable;
    mem->arg = arg;
    return &mem->changelog;
}

bool changelog_mem_step(struct changelog *changelog)
{
    struct changelog_mem *mem = changelog_mem_of(changelog);
    uint64_t recno;
    if (!changelog_mem_write(mem, &recno)) {
        return false;
    }
    mem->durable(mem->arg, recno);
    return true;
}
