/* SPDX-License-Identifier: Apache-2.0 */
/*
 *   loop's thread                       committer thread
 *   append ──► waiting ──► (all that wait, up to a limit) ──► digests, chain, one synced batch
 *   durable() ◄── uv_async ◄──────────────────────────────── written up to record n
 *
 * Group commit: whatever has gathered while the disk was busy is written and synced together; each
 * record keeps its own header. If a batch fails it is tried again, the oldest record first, until
 * it succeeds: after 20 ms, then twice as long each time up to a second. The failure stands in the
 * health meanwhile.
 *
 * Records are numbered without gaps, so all that the threads tell each other is two numbers: what
 * was appended and what is written. A handle that is closed must outlive the loop's turn: memory
 * goes in its close callback.
 */
#include <assert.h>
#include <inttypes.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "coordinator/ledger/changelog.h"

/* Records in one batch, and about how many bytes of them. */
#define GROUP_RECORDS_MAX 64
#define GROUP_BYTES_MAX   (8u << 20)
#define RETRY_FIRST_MS    20
#define RETRY_MAX_MS      1000

struct changelog_local {
    struct changelog changelog;
    struct ledger *ledger;
    changelog_durable_fn durable;
    void *arg;
    uint64_t told; /* of the loop's thread: the record that `durable` was last called for */
    uv_async_t written_async;
    uv_thread_t committer;

    uv_mutex_t lock; /* everything below */
    uv_cond_t changed;
    struct record **records; /* [first, first + count) of a ring: appended, not yet written */
    size_t first;
    size_t count;
    size_t cap;
    bool has_begun;   /* `written` is known: from the first record on */
    uint64_t written; /* the newest record that is durable */
    bool is_closing;
    struct changelog_health health;
};

static struct changelog_local *changelog_local_of(struct changelog *changelog)
{
    return (struct changelog_local *)changelog;
}

/* --- the ring, under the lock --- */

static void ring_grow(struct changelog_local *local)
{
    size_t cap = local->cap == 0 ? 8 : local->cap * 2;
    struct record **records = mem_zalloc(cap, sizeof(struct record *));
    for (size_t i = 0; i < local->count; i++) {
        records[i] = local->records[(local->first + i) % local->cap];
    }
    mem_free(local->records);
    local->records = records;
    local->first = 0;
    local->cap = cap;
}

static void ring_push(struct changelog_local *local, struct record *record)
{
    if (local->count == local->cap) {
        ring_grow(local);
    }
    local->records[(local->first + local->count) % local->cap] = record;
    local->count++;
}

/* Copies the oldest records into group without taking them out: they stay until they are durable.
 */
static size_t ring_peek(const struct changelog_local *local,
                        const struct record *group[GROUP_RECORDS_MAX])
{
    size_t count = 0;
    size_t bytes = 0;
    while (count < local->count && count < GROUP_RECORDS_MAX && bytes < GROUP_BYTES_MAX) {
        const struct record *record = local->records[(local->first + count) % local->cap];
        bytes += record->bytes.len;
        group[count++] = record;
    }
    return count;
}

static struct record *ring_pop(struct changelog_local *local)
{
    struct record *record = local->records[local->first];
    local->first = (local->first + 1) % local->cap;
    local->count--;
    return record;
}

/* --- the committer's thread --- */

/* The next group; 0 when there is nothing left and the changelog closes. */
static size_t committer_wait(struct changelog_local *local,
                             const struct record *group[GROUP_RECORDS_MAX])
{
    uv_mutex_lock(&local->lock);
    while (local->count == 0 && !local->is_closing) {
        uv_cond_wait(&local->changed, &local->lock);
    }
    size_t count = ring_peek(local, group);
    uv_mutex_unlock(&local->lock);
    return count;
}

static void committer_failed(struct changelog_local *local, const struct problem *problem,
                             uint64_t retry_ms)
{
    uv_mutex_lock(&local->lock);
    bool is_first = local->health.problem.err == ERR_OK;
    local->health.problem = *problem;
    uv_mutex_unlock(&local->lock);
    if (is_first) {
        LOG_E("changelog", "stalled", "err=%s reason=\"%s\"", err_name(problem->err),
              problem->text);
    }
    uv_sleep((unsigned)retry_ms);
}

static void committer_done(struct changelog_local *local, size_t count, uint64_t us)
{
    struct record *written[GROUP_RECORDS_MAX];
    uv_mutex_lock(&local->lock);
    bool was_stalled = local->health.problem.err != ERR_OK;
    local->health.problem = (struct problem){0};
    local->health.sync_us_total += us;
    histogram_add(&local->health.sync, &HISTOGRAM_US, us, 1);
    for (size_t i = 0; i < count; i++) {
        written[i] = ring_pop(local);
        local->written = written[i]->recno;
        local->health.records++;
        local->health.bytes += written[i]->bytes.len;
        histogram_add(&local->health.sizes, &HISTOGRAM_BYTES, written[i]->bytes.len, 1);
    }
    uv_mutex_unlock(&local->lock);
    uv_async_send(&local->written_async);
    if (was_stalled) {
        LOG_I("changelog", "goes_on", "recno=%" PRIu64, written[count - 1]->recno);
    }
    for (size_t i = 0; i < count; i++) {
        record_free(written[i]);
    }
}

static void committer_run(void *arg)
{
    struct changelog_local *local = arg;
    const struct record *group[GROUP_RECORDS_MAX];
    uint64_t retry_ms = RETRY_FIRST_MS;
    size_t count;
    while ((count = committer_wait(local, group)) > 0) {
        struct problem problem = {0};
        uint64_t since_us = clock_monotonic_us();
        if (ledger_write_group(local->ledger, group, count, &problem) == ERR_OK) {
            committer_done(local, count, clock_monotonic_us() - since_us);
            retry_ms = RETRY_FIRST_MS;
        } else {
            committer_failed(local, &problem, retry_ms);
            retry_ms = retry_ms * 2 > RETRY_MAX_MS ? RETRY_MAX_MS : retry_ms * 2;
        }
    }
}

/* --- the loop's thread --- */

static void changelog_local_on_written(uv_async_t *async)
{
    struct changelog_local *local = async->data;
    uv_mutex_lock(&local->lock);
    uint64_t written = local->written;
    uv_mutex_unlock(&local->lock);
    while (local->told < written && !uv_is_closing((uv_handle_t *)async)) {
        local->durable(local->arg, ++local->told);
    }
}

static void changelog_local_append(struct changelog *changelog, struct record *take_record)
{
    struct changelog_local *local = changelog_local_of(changelog);
    uv_mutex_lock(&local->lock);
    assert(!local->is_closing);
    if (!local->has_begun) {
        local->has_begun = true;
        local->written = take_record->recno - 1; /* the first one says where it goes on */
        local->told = local->written;
    }
    assert(take_record->recno == local->written + local->count + 1);
    ring_push(local, take_record);
    uv_cond_signal(&local->changed);
    uv_mutex_unlock(&local->lock);
}

static void changelog_local_health(struct changelog *changelog, struct changelog_health *health)
{
    struct changelog_local *local = changelog_local_of(changelog);
    uv_mutex_lock(&local->lock);
    *health = local->health;
    health->in_flight = (unsigned)local->count;
    uv_mutex_unlock(&local->lock);
}

static void changelog_local_on_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

static void changelog_local_close(struct changelog *changelog)
{
    struct changelog_local *local = changelog_local_of(changelog);
    uv_mutex_lock(&local->lock);
    local->is_closing = true;
    uv_cond_signal(&local->changed);
    uv_mutex_unlock(&local->lock);
    uv_thread_join(&local->committer);
    uv_mutex_destroy(&local->lock);
    uv_cond_destroy(&local->changed);
    mem_free(local->records);
    uv_close((uv_handle_t *)&local->written_async, changelog_local_on_closed);
}

static const struct changelog_ops changelog_local_ops = {
    .append = changelog_local_append,
    .health = changelog_local_health,
    .close = changelog_local_close,
};

struct changelog *changelog_local_new(struct ledger *ledger, uv_loop_t *loop,
                                      changelog_durable_fn durable, void *arg)
{
    struct changelog_local *local = mem_zalloc(1, sizeof(*local));
    local->changelog.ops = &changelog_local_ops;
    local->ledger = ledger;
    local->durable = durable;
    local->arg = arg;
    local->written_async.data = local;
    int failed = uv_async_init(loop, &local->written_async, changelog_local_on_written);
    failed |= uv_mutex_init(&local->lock);
    failed |= uv_cond_init(&local->changed);
    failed |= uv_thread_create(&local->committer, committer_run, local);
    assert(!failed);
    return &local->changelog;
}
