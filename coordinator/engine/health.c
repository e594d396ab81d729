/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/engine/health.h"

#define FADE_STEPS    8                /* in which a half-life is forgotten */
#define FADE_KEEPS    0.91700404320467 /* 2^(-1/FADE_STEPS) */
#define FADE_ALL      (64 * FADE_STEPS)
#define SEEN_LEAST    0.01 /* below that all is forgotten */
#define SEEN_FOR_BAD  20.0 /* attempts below which errors may be chance */
#define SEEN_FOR_WELL 4.0
#define SLOW_TIMES    4.0 /* the fastest one's latency, and at least so much more: bad */
#define SLOW_MORE_MS  1000.0
#define BRISK_TIMES   2.0 /* up to which it is well */
#define BRISK_MORE_MS 500.0

static const char *const CLASS_WORDS[] = {
#define HEALTH_CLASS_WORD(name, word) word,
    HEALTH_CLASS_MAP(HEALTH_CLASS_WORD)
#undef HEALTH_CLASS_WORD
};

const char *health_class_name(enum health_class health_class)
{
    return health_class < HEALTH_CLASSES ? CLASS_WORDS[health_class] : "?";
}

static bool is_fault(uint16_t reason)
{
    bool is_status = (reason >= 500 && reason < 600) || reason == 421; /* SMTP: going down */
    bool is_link = reason >= REASON_CONNECT_FAILED && reason <= REASON_TIMED_OUT_BEFORE;
    return is_status || is_link || reason == REASON_ANSWER_MALFORMED ||
           reason == REASON_PROVIDER_TROUBLE;
}

/* A customer's own server: the provider has done what it could. */
static bool is_of_endpoint(uint16_t reason)
{
    return reason >= REASON_ADDRESS_REFUSED && reason <= REASON_ENDPOINT_SILENT;
}

static bool is_of_worker(uint16_t reason)
{
    return (reason >= REASON_VARIABLE_MISSING && reason < REASON_CONNECT_FAILED) ||
           reason == REASON_LEASE_EXPIRED || reason == REASON_WORKER_RESTARTED;
}

bool health_class_of(enum outcome outcome, uint16_t reason, enum health_class *health_class)
{
    if (is_of_worker(reason)) {
        return false;
    }
    switch (outcome) {
    case OUTCOME_ACCEPTED:
    case OUTCOME_REJECTED:
        *health_class = HEALTH_ANSWERED;
        return true;
    case OUTCOME_DEFERRED:
        *health_class = is_fault(reason) ? HEALTH_FAULT : HEALTH_ANSWERED;
        return true;
    case OUTCOME_THROTTLED:
        *health_class = HEALTH_THROTTLED;
        return true;
    case OUTCOME_UNCERTAIN:
        *health_class = is_of_endpoint(reason) ? HEALTH_ANSWERED
                        : is_fault(reason)     ? HEALTH_FAULT
                                               : HEALTH_TIMEOUT;
        return true;
    case OUTCOME_MISCONFIGURED:
        *health_class = HEALTH_FAULT;
        return true;
    case OUTCOME_RETURNED:
    case OUTCOMES:
        return false;
    }
    return false;
}

/* ---- Counting ---- */

static void fade(struct health *health, uint64_t now_ms)
{
    const uint64_t step_ms = HEALTH_HALF_MS / FADE_STEPS;
    if (health->faded_ms == 0) {
        health->faded_ms = now_ms;
    }
    uint64_t steps = now_ms > health->faded_ms ? (now_ms - health->faded_ms) / step_ms : 0;
    health->faded_ms += steps * step_ms;
    double keeps = steps > FADE_ALL ? 0 : 1;
    for (uint64_t i = 0; i < steps && keeps > 0; i++) {
        keeps *= FADE_KEEPS;
    }
    for (unsigned c = 0; c < HEALTH_CLASSES; c++) {
        health->seen[c] *= keeps;
    }
    health->latency_ms *= keeps;
    health->timed *= keeps;
}

static double seen(const struct health *health)
{
    double all = 0;
    for (unsigned c = 0; c < HEALTH_CLASSES; c++) {
        all += health->seen[c];
    }
    return all;
}

void health_on_attempts(struct health *health, enum health_class health_class, uint32_t count,
                        uint64_t now_ms)
{
    fade(health, now_ms);
    health->seen[health_class] += count;
}

void health_on_latency(struct health *health, double latency_ms, uint32_t count, uint64_t now_ms)
{
    fade(health, now_ms);
    health->latency_ms += latency_ms * count;
    health->timed += count;
}

double health_share_of(struct health *health, enum health_class health_class, uint64_t now_ms)
{
    fade(health, now_ms);
    double all = seen(health);
    return all < SEEN_LEAST ? 0 : health->seen[health_class] / all;
}

double health_errors(struct health *health, uint64_t now_ms)
{
    return health_share_of(health, HEALTH_FAULT, now_ms) +
           health_share_of(health, HEALTH_TIMEOUT, now_ms) +
           health_share_of(health, HEALTH_THROTTLED, now_ms) / 2;
}

double health_latency_ms(struct health *health, uint64_t now_ms)
{
    fade(health, now_ms);
    return health->timed < SEEN_LEAST ? -1 : health->latency_ms / health->timed;
}

/* ---- Shares ---- */

double health_part(const struct health_member *members, unsigned count, unsigned which)
{
    double all = 0;
    for (unsigned i = 0; i < count; i++) {
        all += members[i].weight;
    }
    return 100.0 * members[which].weight / all;
}

static double least(double part)
{
    return part / 2 < HEALTH_LEAST ? part / 2 : HEALTH_LEAST;
}

/* Of the others that are known; -1: none. */
static double fastest_ms(const struct health_member *members, unsigned count, unsigned which,
                         uint64_t now_ms)
{
    double fastest = -1;
    for (unsigned i = 0; i < count; i++) {
        double ms = health_latency_ms(members[i].health, now_ms);
        if (i != which && ms >= 0 && (fastest < 0 || ms < fastest)) {
            fastest = ms;
        }
    }
    return fastest;
}

/* By more than `times` and more than `more_ms`. */
static bool is_slower(double ms, double fastest_ms, double times, double more_ms)
{
    return ms >= 0 && fastest_ms >= 0 && ms > fastest_ms * times && ms > fastest_ms + more_ms;
}

static void move(const struct health_member *members, unsigned count, unsigned which,
                 uint64_t now_ms)
{
    const struct health_member *member = &members[which];
    struct health *health = member->health;
    double errors = health_errors(health, now_ms);
    double known = seen(health);
    double ms = health_latency_ms(health, now_ms);
    double others_ms = fastest_ms(members, count, which, now_ms);
    double part = health_part(members, count, which);
    bool is_bad = member->is_down ||
                  (known >= SEEN_FOR_BAD &&
                   (errors > HEALTH_BAD || is_slower(ms, others_ms, SLOW_TIMES, SLOW_MORE_MS)));
    bool is_well = !member->is_down && known >= SEEN_FOR_WELL && errors <= HEALTH_WELL &&
                   !is_slower(ms, others_ms, BRISK_TIMES, BRISK_MORE_MS);
    if (is_bad && part - health->lowered > least(part) &&
        now_ms >= health->moved_ms + HEALTH_DOWN_MS) {
        health->lowered += HEALTH_POINTS;
        health->moved_ms = now_ms;
    } else if (is_well && health->lowered > 0 && now_ms >= health->moved_ms + HEALTH_UP_MS) {
        health->lowered -= HEALTH_POINTS;
        health->moved_ms = now_ms;
    }
}

/* What is taken goes to those from whom nothing is, by their weights; if there are none, all have
 * what is left to them, and it counts for more. */
static void tell_shares(struct health_member *members, unsigned count)
{
    double given = 0;
    double well = 0;
    for (unsigned i = 0; i < count; i++) {
        double part = health_part(members, count, i);
        double left = part - members[i].health->lowered;
        members[i].share = left > least(part) ? left : least(part);
        given += members[i].share;
        well += members[i].health->lowered > 0 ? 0 : part;
    }
    for (unsigned i = 0; i < count; i++) {
        bool is_well = !(members[i].health->lowered > 0);
        if (well <= 0) {
            members[i].share *= 100.0 / given;
        } else if (is_well) {
            members[i].share += (100.0 - given) * health_part(members, count, i) / well;
        }
    }
}

void health_review(struct health_member *members, unsigned count, uint64_t now_ms)
{
    for (unsigned i = 0; i < count && count > 1; i++) {
        move(members, count, i, now_ms);
    }
    tell_shares(members, count);
}
