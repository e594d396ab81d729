/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim_worker.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/mem.h"
#include "tests/sim/sim.h"

#define ARENA_BYTES 4096
/* A provider that asks to slow down is left alone for so long, if it does not say for how long. */
#define HOLD_MS     1000
#define HOLD_MAX_MS 30000
#define FOLLOW_MS   1000 /* so often it looks at its machine's clock */
#define HOUR_MS     3600000
#define CLOSE_MS    50 /* what is kept by NTP */

static uint64_t machine_ms(const struct sim_worker *worker)
{
    return worker->sim->now_ms + (uint64_t)worker->skew_ms;
}

uint64_t sim_worker_clock_ms(const struct sim_worker *worker)
{
    return wall_clock_now(&worker->clock, worker->sim->now_ms);
}

static uint64_t clock_ms(struct sim_worker *worker)
{
    uint64_t now_ms = worker->sim->now_ms;
    if (now_ms - worker->followed_ms >= FOLLOW_MS) {
        if (wall_clock_follow(&worker->clock, now_ms, machine_ms(worker)) > 0) {
            memset(worker->held_until_ms, 0, sizeof(worker->held_until_ms)); /* it is over */
        }
        worker->followed_ms = now_ms;
    }
    return sim_worker_clock_ms(worker);
}

static void run_soon(struct sim_worker *worker)
{
    uint64_t at_ms = worker->sim->now_ms + dice_below(&worker->sim->dice, 2);
    worker->run_at_ms = at_ms < worker->run_at_ms ? at_ms : worker->run_at_ms;
}

/* ---- Recalls ---- */

static unsigned recall_of(const struct sim_worker *worker, unsigned c, uint32_t ordinal)
{
    return worker->recalls[c] == NULL ? 0 : worker->recalls[c][ordinal];
}

static void note_recall(struct sim_worker *worker, const struct wire_recall *recall)
{
    unsigned c = (unsigned)recall->campaign - 1;
    if (recall->epoch != worker->epoch) {
        return;
    }
    if (worker->recalls[c] == NULL) {
        worker->recalls[c] =
            mem_zalloc(worker->sim->settings.campaigns[c].def.slots, sizeof(uint32_t));
    }
    uint32_t now = recall->step == 0 ? (uint32_t)SIM_RECALL_NOW : 1u << (recall->step - 1);
    worker->recalls[c][recall->page * PAGE_RECIPIENTS + recall->place] |= SIM_RECALL_EVER | now;
    worker->sim->totals->recalls++;
}

static void note_batch(struct sim_worker *worker, const struct wire_batch *batch)
{
    uint32_t *recalls = worker->recalls[batch->campaign - 1];
    for (unsigned i = bitmap_next(&batch->places, 0); recalls != NULL && i < BITMAP_BITS;
         i = bitmap_next(&batch->places, i + 1)) {
        recalls[batch->page * PAGE_RECIPIENTS + i] &= ~(1u << batch->step);
    }
}

static void forget_recalls(struct sim_worker *worker)
{
    for (unsigned c = 0; c < SIM_CAMPAIGNS_MAX; c++) {
        mem_free(worker->recalls[c]);
        worker->recalls[c] = NULL;
    }
}

/* ---- The shell ---- */

static void check_returned(struct sim_worker *worker, const struct wire_outcome_group *group,
                           const struct outcome_run *run)
{
    for (unsigned i = 0; run->reason == REASON_RECALLED && i < run->span; i++) {
        uint32_t ordinal = group->page * PAGE_RECIPIENTS + run->offset + i;
        if (recall_of(worker, (unsigned)group->campaign - 1, ordinal) == 0) {
            sim_fail(worker->sim, "w%u returns place %u of lease %" PRIx64 ", not called back",
                     worker->index, run->offset + i, group->lease);
        }
        worker->sim->totals->recalled++;
    }
}

static void note_group(struct sim_worker *worker, uint64_t seq,
                       const struct wire_outcome_group *group)
{
    struct sim_report *report = mem_zalloc(1, sizeof(*report));
    report->seq = seq;
    report->lease = group->lease;
    report->campaign = (unsigned)group->campaign - 1;
    report->page = group->page;
    for (unsigned r = 0; r < group->run_count; r++) {
        check_returned(worker, group, &group->runs[r]);
        for (unsigned i = 0; i < group->runs[r].span; i++) {
            bitmap_set(&report->places, group->runs[r].offset + i);
            if (group->runs[r].outcome == OUTCOME_ACCEPTED) {
                bitmap_set(&report->accepted, group->runs[r].offset + i);
            }
        }
    }
    report->next = worker->reports;
    worker->reports = report;
}

static void note_outcomes(struct sim_worker *worker, const struct wire_outcomes *outcomes)
{
    if (outcomes->seq <= worker->last_seq) {
        return; /* once more */
    }
    worker->last_seq = outcomes->seq;
    for (unsigned g = 0; g < outcomes->group_count; g++) {
        note_group(worker, outcomes->seq, &outcomes->groups[g]);
    }
}

static bool shell_send(void *arg, const struct wire_message *message)
{
    struct sim_worker *worker = arg;
    if (message->type == WIRE_OUTCOMES) {
        note_outcomes(worker, &message->outcomes);
    }
    buf_clear(&worker->frame);
    wire_encode(message, &worker->frame);
    bool is_sent = sim_net_send(worker->sim, worker->index, SIM_TO_COORDINATOR,
                                buf_view(&worker->frame), slice_of(NULL, 0));
    sim_trace(worker->sim, "w%u says %s%s", worker->index, wire_type_name(message->type),
              is_sent ? "" : ", in vain");
    return is_sent;
}

static enum err shell_open_provider(void *arg, const struct wire_provider *provider,
                                    struct problem *problem)
{
    struct sim_worker *worker = arg;
    if (provider->settings != NULL && worker->fails_to_open) {
        return problem_set(problem, ERR_NOT_FOUND, "the secret is missing");
    }
    return ERR_OK;
}

/* NULL: there is no such provider. */
static const struct sim_provider_settings *provider_of(const struct sim_worker *worker,
                                                       uint8_t provider)
{
    const struct sim_settings *settings = &worker->sim->settings;
    for (unsigned i = 0; i < settings->provider_count; i++) {
        if (settings->providers[i].def.id == provider) {
            return &settings->providers[i];
        }
    }
    return NULL;
}

static uint32_t shell_concurrency(void *arg, uint8_t provider)
{
    const struct sim_provider_settings *settings = provider_of(arg, provider);
    return settings == NULL ? 0 : settings->concurrency;
}

static struct delivery_form shell_form(void *arg, uint8_t provider)
{
    const struct sim_provider_settings *settings = provider_of(arg, provider);
    uint32_t bulk = settings == NULL ? 0 : settings->bulk;
    return (struct delivery_form){.bulk = bulk, .is_merged = bulk > 0};
}

static bool shell_has_room(void *arg, uint8_t provider, const struct merge *merge,
                           struct slice endpoint)
{
    (void)endpoint;
    const struct sim_worker *worker = arg;
    const struct sim_provider_settings *settings = provider_of(worker, provider);
    (void)merge;
    return settings->gathers_max == 0 || worker->gathered[provider] < settings->gathers_max;
}

static void shell_flush(void *arg, uint8_t provider)
{
    ((struct sim_worker *)arg)->gathered[provider] = 0;
}

/* A provider that was not configured for a while is begun with anew. */
static void check_held(const struct sim_worker *worker, uint8_t provider)
{
    const struct sim *sim = worker->sim;
    if (sim->now_ms < worker->held_until_ms[provider] &&
        sim->settings.provider_missing_chance == 0) {
        sim_fail(sim, "w%u starts at provider %u, %u ms before that is over what it asked for",
                 worker->index, provider,
                 (unsigned)(worker->held_until_ms[provider] - sim->now_ms));
    }
}

/* Nobody is started who was called back, whatever lease his batch is of; of a batch that came since
 * then he may be. */
static void check_wanted(const struct sim_worker *worker, const struct attempt *attempt)
{
    const struct sim *sim = worker->sim;
    unsigned c = (unsigned)attempt->campaign - 1;
    if (worker->is_stopped[c]) {
        sim_fail(sim, "w%u starts for c%u, which was stopped", worker->index, c + 1);
    }
    const struct sim_ladder *ladder =
        &sim->journal.campaigns[c].recipients[attempt->ordinal].ladder;
    /* Where messages overtake each other, the welcome may have been said before. */
    if (ladder->is_acknowledged && worker->welcomed_ms > ladder->acknowledged_ms &&
        !sim->settings.is_hostile) {
        sim_fail(sim, "w%u starts c%u/%u, who had acknowledged %" PRIu64 " ms before its welcome",
                 worker->index, c + 1, attempt->ordinal,
                 worker->welcomed_ms - ladder->acknowledged_ms);
    }
    if ((recall_of(worker, c, attempt->ordinal) >> attempt->step & 1) != 0) {
        sim_fail(sim, "w%u starts c%u/%u, who was called back", worker->index, c + 1,
                 attempt->ordinal);
    }
}

/* Tells the provider what the recipient would read. */
static void send_merged(struct sim_worker *worker, const struct attempt *attempt)
{
    const struct merge_part *part = &attempt->merge->text;
    struct buf text = {0};
    (void)buf_reserve(&text, 1);
    for (size_t i = 0; i < part->count; i++) {
        buf_slice(&text, part->pieces[i].literal);
        if (part->pieces[i].slot != MERGE_NO_SLOT) {
            buf_slice(&text, attempt->values[part->pieces[i].slot]);
        }
    }
    struct attempt rendered = *attempt;
    rendered.text = buf_view(&text);
    sim_provider_start(worker->sim, worker->index, &rendered);
    buf_release(&text);
}

static void shell_start(void *arg, const struct attempt *attempt)
{
    struct sim_worker *worker = arg;
    check_held(worker, attempt->provider);
    worker->gathered[attempt->provider]++;
    if (++worker->in_flight[attempt->provider] > shell_concurrency(arg, attempt->provider)) {
        sim_fail(worker->sim, "w%u starts more at provider %u than that takes at a time",
                 worker->index, attempt->provider);
    }
    sim_limits_check_start(worker->sim, attempt->provider);
    check_wanted(worker, attempt);
    sim_control_check_start(worker->sim, worker->index, (unsigned)attempt->campaign - 1);
    sim_quiet_check_start(worker->sim, worker->index, (unsigned)attempt->campaign - 1,
                          attempt->ordinal, attempt->step, attempt->provider);
    if (attempt->merge != NULL) {
        send_merged(worker, attempt);
    } else {
        sim_provider_start(worker->sim, worker->index, attempt);
    }
}

/* ---- Life ---- */

void sim_worker_init(struct sim *sim, unsigned index)
{
    struct sim_worker *worker = &sim->workers[index];
    *worker = (struct sim_worker){.index = index,
                                  .sim = sim,
                                  .up_at_ms = sim->now_ms + dice_below(&sim->dice, 1000),
                                  .run_at_ms = SIM_NEVER_MS};
    (void)snprintf(worker->name, sizeof(worker->name), "w%u", index);
    worker->skew_ms = (int64_t)dice_below(&sim->dice, sim->settings.skew_max_ms * 2 + 1) -
                      (int64_t)sim->settings.skew_max_ms;
    arena_init(&worker->arena, ARENA_BYTES);
}

static void forget_life(struct sim_worker *worker)
{
    delivery_free(worker->delivery);
    worker->delivery = NULL;
    worker->run_at_ms = SIM_NEVER_MS;
    worker->frozen_until_ms = 0;
    worker->is_draining = false;
    sim_queue_release(&worker->answers);
    while (worker->reports != NULL) {
        struct sim_report *report = worker->reports;
        worker->reports = report->next;
        mem_free(report);
    }
}

void sim_worker_release(struct sim_worker *worker)
{
    forget_life(worker);
    forget_recalls(worker);
    arena_release(&worker->arena);
    buf_release(&worker->frame);
}

static void begin_life(struct sim_worker *worker)
{
    struct sim *sim = worker->sim;
    wall_clock_init(&worker->clock, sim->now_ms, machine_ms(worker));
    worker->followed_ms = sim->now_ms;
    worker->instance = dice_roll(&sim->dice) | 1;
    worker->epoch = 0;
    worker->last_seq = 0;
    memset(worker->is_stopped, 0, sizeof(worker->is_stopped));
    forget_recalls(worker);
    memset(worker->in_flight, 0, sizeof(worker->in_flight));
    memset(worker->held_until_ms, 0, sizeof(worker->held_until_ms));
    worker->up_at_ms = SIM_NEVER_MS;
    worker->fails_to_open =
        !sim->is_quiet && dice_chance(&sim->dice, sim->settings.open_failed_chance);
    worker->delivery = delivery_new(
        &(struct delivery_settings){.name = worker->name,
                                    .build = "sim",
                                    .instance = worker->instance,
                                    .outbox_max_bytes = sim->settings.outbox_max_bytes,
                                    .credit_max = sim->settings.credit_max,
                                    .credit_min = sim->settings.credit_min},
        &(struct delivery_shell){worker, shell_send, shell_open_provider, shell_concurrency,
                                 shell_start, shell_flush, shell_form, shell_has_room, NULL});
    sim_trace(sim, "w%u begins as %016" PRIx64, worker->index, worker->instance);
    delivery_connect(worker->delivery, clock_ms(worker));
    worker->run_at_ms = sim->now_ms;
}

static void end_life(struct sim *sim, struct sim_worker *worker, uint32_t down_ms)
{
    forget_life(worker);
    worker->up_at_ms = sim->now_ms + down_ms;
    sim_net_break(sim, worker->index, down_ms);
}

void sim_worker_crash(struct sim *sim, unsigned index, uint32_t down_ms)
{
    struct sim_worker *worker = &sim->workers[index];
    if (worker->delivery == NULL) {
        return;
    }
    sim_trace(sim, "w%u crashes for %u ms", index, down_ms);
    end_life(sim, worker, down_ms);
}

void sim_worker_drain(struct sim *sim, unsigned index)
{
    struct sim_worker *worker = &sim->workers[index];
    if (worker->delivery == NULL || worker->is_draining) {
        return;
    }
    sim_trace(sim, "w%u drains", index);
    worker->is_draining = true;
    delivery_drain(worker->delivery, clock_ms(worker));
    run_soon(worker);
}

void sim_worker_set_clock(struct sim *sim, unsigned index)
{
    int64_t jump_ms = (int64_t)dice_below(&sim->dice, 2 * HOUR_MS + 1) - HOUR_MS;
    sim->workers[index].skew_ms = jump_ms;
    sim_trace(sim, "the clock of w%u is off by %" PRIi64 " ms", index, jump_ms);
}

void sim_worker_mend_clock(struct sim *sim, unsigned index)
{
    struct sim_worker *worker = &sim->workers[index];
    int64_t off_ms = (int64_t)sim_worker_clock_ms(worker) - (int64_t)sim->now_ms;
    bool is_off = worker->delivery != NULL && (off_ms > CLOSE_MS || off_ms < -CLOSE_MS);
    if (is_off || worker->skew_ms > CLOSE_MS || worker->skew_ms < -CLOSE_MS) {
        worker->skew_ms = 0;
        sim_worker_crash(sim, index, 100);
    }
}

/* ---- What happens in it ---- */

uint64_t sim_worker_next_ms(const struct sim_worker *worker)
{
    if (worker->delivery == NULL) {
        return worker->up_at_ms;
    }
    uint64_t next_ms = sim_queue_next_ms(&worker->answers);
    next_ms = worker->run_at_ms < next_ms ? worker->run_at_ms : next_ms;
    return next_ms < worker->frozen_until_ms ? worker->frozen_until_ms : next_ms;
}

static void note_held(struct sim_worker *worker, const struct sim_answer *answer)
{
    uint32_t asked_ms = answer->retry_after_ms > 0 ? answer->retry_after_ms : HOLD_MS;
    uint64_t until_ms = worker->sim->now_ms + (asked_ms < HOLD_MAX_MS ? asked_ms : HOLD_MAX_MS);
    uint64_t *held_ms = &worker->held_until_ms[answer->provider];
    if (answer->outcome == OUTCOME_THROTTLED && until_ms > *held_ms) {
        *held_ms = until_ms;
    }
}

void sim_worker_answer(struct sim *sim, unsigned index, const struct sim_answer *answer)
{
    struct sim_worker *worker = &sim->workers[index];
    worker->in_flight[answer->provider]--;
    note_held(worker, answer);
    delivery_on_result(worker->delivery, answer->attempt,
                       &(struct attempt_result){.outcome = answer->outcome,
                                                .reason = answer->reason,
                                                .retry_after_ms = answer->retry_after_ms,
                                                .ref = slice_str(answer->ref)},
                       clock_ms(worker));
}

/* What lay gathered between two runs could not be called back. */
static void check_sent(const struct sim_worker *worker)
{
    for (unsigned provider = 0; provider < WIRE_PROVIDERS_MAX; provider++) {
        if (worker->gathered[provider] > 0) {
            sim_fail(worker->sim, "w%u leaves %u of provider %u started and not sent",
                     worker->index, worker->gathered[provider], provider);
        }
    }
}

static void run(struct sim *sim, struct sim_worker *worker)
{
    worker->run_at_ms = SIM_NEVER_MS;
    uint32_t wait_ms = delivery_run(worker->delivery, clock_ms(worker));
    check_sent(worker);
    uint64_t at_ms = sim->now_ms + wait_ms;
    worker->run_at_ms = at_ms < worker->run_at_ms ? at_ms : worker->run_at_ms;
    if (delivery_is_done(worker->delivery)) {
        sim_trace(sim, "w%u has drained", worker->index);
        end_life(sim, worker, dice_below(&sim->dice, sim->settings.down_max_ms));
    }
}

void sim_worker_act(struct sim *sim, unsigned index)
{
    struct sim_worker *worker = &sim->workers[index];
    if (worker->delivery == NULL) {
        begin_life(worker);
        return;
    }
    if (sim_queue_next_ms(&worker->answers) <= sim->now_ms) {
        struct sim_answer *answer = sim_queue_take(&worker->answers);
        sim_worker_answer(sim, index, answer);
        mem_free(answer);
        run_soon(worker);
        return;
    }
    run(sim, worker);
}

static void note_stopped(struct sim_worker *worker, const struct wire_message *message)
{
    struct delivery_stats stats;
    delivery_stats(worker->delivery, &stats);
    if (message->type == WIRE_CANCEL && message->cancel.epoch == stats.epoch) {
        worker->is_stopped[message->cancel.campaign - 1] = true;
    } else if (message->type == WIRE_BATCH) {
        worker->is_stopped[message->batch.campaign - 1] = false;
    }
}

void sim_worker_take(struct sim *sim, unsigned index, struct slice frame, struct slice payload)
{
    struct sim_worker *worker = &sim->workers[index];
    struct wire_message message;
    struct problem problem = {0};
    if (worker->delivery == NULL) {
        return;
    }
    arena_reset(&worker->arena);
    enum err err = wire_decode(frame, payload, &worker->arena, &message, &problem);
    if (err != ERR_OK) {
        sim_fail(sim, "w%u cannot read a message: %s", index, problem.text);
    }
    sim_trace(sim, "w%u hears %s", index, wire_type_name(message.type));
    worker->heard_ms = sim->now_ms;
    delivery_on_message(worker->delivery, &message, clock_ms(worker));
    note_stopped(worker, &message);
    worker->joined_ms = message.type == WIRE_WELCOME ? sim->now_ms : worker->joined_ms;
    if (message.type == WIRE_WELCOME && message.welcome.epoch > worker->epoch) {
        worker->epoch = message.welcome.epoch;
        worker->welcomed_ms = sim->now_ms;
    } else if (message.type == WIRE_RECALL) {
        note_recall(worker, &message.recall);
    } else if (message.type == WIRE_BATCH) {
        note_batch(worker, &message.batch);
    }
    run_soon(worker);
}

/* ---- Checks ---- */

void sim_worker_check_durable(struct sim *sim, unsigned index, uint64_t instance, uint64_t seq)
{
    struct sim_worker *worker = &sim->workers[index];
    if (worker->delivery == NULL || worker->instance != instance) {
        return; /* its former life's */
    }
    for (struct sim_report **at = &worker->reports; *at != NULL;) {
        struct sim_report *report = *at;
        if (report->seq != seq) {
            at = &report->next;
            continue;
        }
        if (sim_journal_is_open(&sim->journal, report->lease, &report->places)) {
            sim_fail(sim, "w%u hears that outcomes %" PRIu64 " are durable, but they are not",
                     index, seq);
        }
        sim_journal_check_accepted(sim, report);
        *at = report->next;
        mem_free(report);
    }
}

bool sim_worker_is_idle(const struct sim_worker *worker)
{
    struct delivery_stats stats;
    if (worker->delivery == NULL) {
        return true;
    }
    delivery_stats(worker->delivery, &stats);
    return stats.in_hand == 0 && stats.in_flight == 0 && stats.outbox_bytes == 0;
}
