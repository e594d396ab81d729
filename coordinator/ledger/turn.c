/* SPDX-License-Identifier: Apache-2.0 */
/*
 *        turn_record            turn_flush                    turn_on_durable
 *   decide ──────► open record ───────────► changelog (0..2) ─────────────────► waiters are called
 *
 * Two records deep: while one is being synced the next waits behind it, and the third gathers. So
 * the disk never idles and a record grows with the load, which is what group commit lives on.
 * Waiters stand in the order of their records, and records become durable in order, so a queue
 * does.
 */
#include "coordinator/ledger/turn.h"

#include <assert.h>
#include <string.h>

#include "common/mem.h"

#define TURN_DEPTH    2    /* records handed over and not yet durable */
#define TURN_AGE_MS   2    /* how long a record gathers when nobody waits */
#define TURN_STALL_MS 1000 /* not durable for longer: something is wrong */
/* When to call again if there is no room: a durable record calls the loop anyway. */
#define TURN_FULL_MS 100

struct turn_waiter {
    uint64_t recno;
    turn_durable_fn fn;
    void *arg;
};

struct turn {
    uint16_t partition;
    uint64_t epoch;
    struct changelog *changelog; /* borrowed */
    struct turn_source source;
    struct record *record;
    uint64_t durable;
    bool has_age;       /* the open record was seen with something in it */
    uint64_t opened_ms; /* when */
    bool is_urgent;
    uint64_t handed_ms[TURN_DEPTH]; /* of record recno, at recno % TURN_DEPTH */
    struct turn_waiter *waiters;    /* [waiter_at, waiter_count) still wait */
    size_t waiter_at;
    size_t waiter_count;
    size_t waiter_cap;
};

struct turn *turn_new(uint16_t partition, uint64_t epoch, uint64_t first_recno)
{
    assert(first_recno > 0);
    struct turn *turn = mem_zalloc(1, sizeof(*turn));
    turn->partition = partition;
    turn->epoch = epoch;
    turn->record = record_new(partition, epoch, first_recno);
    turn->durable = first_recno - 1;
    return turn;
}

void turn_set_changelog(struct turn *turn, struct changelog *changelog)
{
    turn->changelog = changelog;
}

void turn_set_source(struct turn *turn, const struct turn_source *source)
{
    turn->source = *source;
}

void turn_free(struct turn *turn)
{
    if (turn != NULL) {
        record_free(turn->record);
        mem_free(turn->waiters);
        mem_free(turn);
    }
}

struct record *turn_record(struct turn *turn)
{
    return turn->record;
}

uint64_t turn_durable(const struct turn *turn)
{
    return turn->durable;
}

uint64_t turn_open(const struct turn *turn)
{
    return turn->record->recno;
}

static bool turn_is_empty(const struct turn *turn)
{
    return record_is_empty(turn->record) &&
           (turn->source.is_pending == NULL || !turn->source.is_pending(turn->source.arg));
}

uint64_t turn_newest(const struct turn *turn)
{
    return turn_is_empty(turn) ? turn_open(turn) - 1 : turn_open(turn);
}

static uint64_t turn_in_flight(const struct turn *turn)
{
    return turn->record->recno - 1 - turn->durable;
}

/* Under load somebody always waits: the queue never empties, and has to be closed up. */
static void turn_make_room(struct turn *turn)
{
    if (turn->waiter_at > turn->waiter_cap / 2) {
        turn->waiter_count -= turn->waiter_at;
        memmove(turn->waiters, turn->waiters + turn->waiter_at,
                turn->waiter_count * sizeof(*turn->waiters));
        turn->waiter_at = 0;
    } else {
        turn->waiter_cap = turn->waiter_cap == 0 ? 64 : turn->waiter_cap * 2;
        turn->waiters = mem_resize(turn->waiters, turn->waiter_cap, sizeof(*turn->waiters));
    }
}

static void turn_add_waiter(struct turn *turn, struct turn_waiter waiter)
{
    if (turn->waiter_count == turn->waiter_cap) {
        turn_make_room(turn);
    }
    turn->waiters[turn->waiter_count++] = waiter;
}

void turn_when_durable(struct turn *turn, bool urgent, turn_durable_fn fn, void *arg)
{
    uint64_t newest = turn_newest(turn);
    if (newest == turn->durable) {
        fn(arg);
        return;
    }
    turn->is_urgent = turn->is_urgent || (urgent && newest == turn_open(turn));
    turn_add_waiter(turn, (struct turn_waiter){newest, fn, arg});
}

/* How long the open record still gathers. The clock may jump back: then its age begins anew. */
static uint64_t turn_wait_ms(struct turn *turn, uint64_t now_ms)
{
    if (!turn->has_age || now_ms < turn->opened_ms) {
        turn->has_age = true;
        turn->opened_ms = now_ms;
    }
    uint64_t age_ms = now_ms - turn->opened_ms;
    return turn->is_urgent || age_ms >= TURN_AGE_MS ? 0 : TURN_AGE_MS - age_ms;
}

static void turn_hand_over(struct turn *turn, uint64_t now_ms)
{
    struct record *record = turn->record;
    if (turn->source.close != NULL) {
        turn->source.close(turn->source.arg, record);
    }
    record->time_ms = now_ms;
    turn->handed_ms[record->recno % TURN_DEPTH] = now_ms;
    turn->record = record_new(turn->partition, turn->epoch, record->recno + 1);
    turn->has_age = false;
    turn->is_urgent = false;
    turn->changelog->ops->append(turn->changelog, record);
}

int turn_flush(struct turn *turn, uint64_t now_ms)
{
    if (turn_is_empty(turn)) {
        return -1;
    }
    uint64_t wait_ms = turn_wait_ms(turn, now_ms);
    if (wait_ms > 0) {
        return (int)wait_ms;
    }
    if (turn_in_flight(turn) >= TURN_DEPTH) {
        return TURN_FULL_MS;
    }
    turn_hand_over(turn, now_ms);
    return -1;
}

void turn_close(struct turn *turn, uint64_t now_ms)
{
    if (!turn_is_empty(turn)) {
        turn_hand_over(turn, now_ms);
    }
}

void turn_on_durable(void *arg, uint64_t recno)
{
    struct turn *turn = arg;
    assert(recno == turn->durable + 1 && recno < turn_open(turn));
    turn->durable = recno;
    /* A waiter may add waiters, which moves the array. */
    while (turn->waiter_at < turn->waiter_count &&
           turn->waiters[turn->waiter_at].recno <= turn->durable) {
        struct turn_waiter waiter = turn->waiters[turn->waiter_at++];
        waiter.fn(waiter.arg);
    }
}

bool turn_is_stalled(struct turn *turn, uint64_t now_ms, struct problem *problem)
{
    if (turn_in_flight(turn) == 0) {
        return false;
    }
    uint64_t *handed_ms = &turn->handed_ms[(turn->durable + 1) % TURN_DEPTH];
    if (now_ms < *handed_ms) {
        *handed_ms = now_ms; /* the clock was set back */
    }
    if (now_ms - *handed_ms <= TURN_STALL_MS) {
        return false;
    }
    struct changelog_health health;
    turn->changelog->ops->health(turn->changelog, &health);
    if (health.problem.err != ERR_OK) {
        problem_set(problem, health.problem.err, "%s", health.problem.text);
    } else {
        problem_set(problem, ERR_BUSY,
                    "Writes to the ledger have taken more than a second; the disk is too slow.");
    }
    return true;
}
