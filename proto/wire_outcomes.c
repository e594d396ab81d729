/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire_outcomes.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "proto/columns.h"

/* Field of the generated group, the largest value it may hold, and where the value goes. */
#define RUN_COLUMN_MAP(X)                                                                          \
    X(offsets, PAGE_RECIPIENTS - 1, run->offset = (uint16_t)value)                                 \
    X(spans, PAGE_RECIPIENTS - 1, run->span = (uint16_t)(value + 1))                               \
    X(outcomes, OUTCOMES - 1, run->outcome = (uint8_t)value)                                       \
    X(reasons, UINT16_MAX, run->reason = (uint16_t)value)                                          \
    X(retry_after_ms, UINT32_MAX, run->retry_after_ms = (uint32_t)value)                           \
    X(at_ms, UINT64_MAX, run->at_ms += value)                                                      \
    X(ref_lengths, OUTCOME_REF_MAX, run->ref.len = (size_t)value)

#define DEFINE_SCATTER(field, max, assign)                                                         \
    static void scatter_##field(struct outcome_run *runs, unsigned count, const uint64_t *values)  \
    {                                                                                              \
        for (unsigned i = 0; i < count; i++) {                                                     \
            struct outcome_run *run = &runs[i];                                                    \
            uint64_t value = values[i];                                                            \
            assign;                                                                                \
        }                                                                                          \
    }
RUN_COLUMN_MAP(DEFINE_SCATTER)
#undef DEFINE_SCATTER

static const struct run_column {
    const char *name;
    size_t field; /* offset of the ProtobufCBinaryData */
    uint64_t max;
    void (*scatter)(struct outcome_run *runs, unsigned count, const uint64_t *values);
} run_columns[] = {
#define RUN_COLUMN(field, max, assign)                                                             \
    {#field, offsetof(Tocsin__OutcomeGroup, field), (max), scatter_##field},
    RUN_COLUMN_MAP(RUN_COLUMN)
#undef RUN_COLUMN
};

/* Fills values[0..count) from a column that is there; false if it is absent or not right. */
static bool take_run_column(struct wire_decoder *decoder, const ProtobufCBinaryData *in,
                            unsigned count, uint64_t max, uint64_t *values, const char *what)
{
    if (in->len == 0) {
        return false;
    }
    struct reader reader = reader_of(slice_of(in->data, in->len));
    if (!columns_get(&reader, values, count) || reader_left(&reader) > 0) {
        wire_decoder_refuse(decoder, ERR_INVALID, "%s is not a column of %u values", what, count);
        return false;
    }
    uint64_t largest = 0;
    for (unsigned i = 0; i < count; i++) {
        largest = values[i] > largest ? values[i] : largest;
    }
    if (largest > max) {
        wire_decoder_refuse(decoder, ERR_INVALID, "%s holds %" PRIu64 ", more than %" PRIu64, what,
                            largest, max);
        return false;
    }
    return true;
}

static void decode_columns(struct wire_decoder *decoder, const Tocsin__OutcomeGroup *in,
                           struct outcome_run *runs, unsigned count)
{
    uint64_t values[WIRE_GROUP_RUNS_MAX];
    for (size_t c = 0; c < sizeof(run_columns) / sizeof(run_columns[0]); c++) {
        const struct run_column *column = &run_columns[c];
        ProtobufCBinaryData data;
        memcpy(&data, (const char *)in + column->field, sizeof(data));
        if (take_run_column(decoder, &data, count, column->max, values, column->name)) {
            column->scatter(runs, count, values);
        }
    }
}

static void check_runs(struct wire_decoder *decoder, struct outcome_run *runs, unsigned count,
                       struct slice refs)
{
    struct reader reader = reader_of(refs);
    for (unsigned i = 0; i < count; i++) {
        struct outcome_run *run = &runs[i];
        if (run->offset + run->span > PAGE_RECIPIENTS) {
            wire_decoder_refuse(decoder, ERR_INVALID,
                                "run %u goes from %u over %u places, past the page's end", i,
                                run->offset, run->span);
        }
        if (run->ref.len > 0) {
            run->ref = reader_bytes(&reader, run->ref.len);
            if (run->span != 1) {
                wire_decoder_refuse(decoder, ERR_INVALID, "run %u has one ref for %u recipients", i,
                                    run->span);
            }
        }
    }
    if (reader.bad || reader_left(&reader) > 0) {
        wire_decoder_refuse(decoder, ERR_INVALID,
                            "the lengths of the refs do not add up to %zu bytes", refs.len);
    }
}

static void decode_group(struct wire_decoder *decoder, const Tocsin__OutcomeGroup *in,
                         unsigned count, struct wire_outcome_group *group)
{
    struct outcome_run *runs = arena_zalloc(decoder->arena, count, sizeof(*runs));
    for (unsigned i = 0; i < count; i++) {
        runs[i].span = 1;
        runs[i].at_ms = in->base_ms;
    }
    decode_columns(decoder, in, runs, count);
    check_runs(decoder, runs, count, slice_of(in->refs.data, in->refs.len));
    group->lease = in->lease;
    group->campaign = in->campaign;
    group->page = (uint32_t)wire_decoder_number(decoder, in->page, 0, WIRE_PAGE_NUMBER_MAX, "page");
    group->run_count = count;
    group->runs = runs;
    group->timed = (uint32_t)wire_decoder_number(decoder, in->timed, 0, PAGE_RECIPIENTS, "timed");
    group->latency_ms = wire_decoder_number(decoder, in->latency_ms, 0, UINT32_MAX, "latency_ms");
}

void wire_outcomes_decode(struct wire_decoder *decoder, const Tocsin__Envelope *envelope,
                          struct wire_message *message)
{
    const Tocsin__Outcomes *in = envelope->outcomes;
    struct wire_outcomes *outcomes = &message->outcomes;
    outcomes->epoch = in->epoch;
    outcomes->instance = in->instance;
    outcomes->seq = in->seq;
    unsigned count = wire_decoder_count(decoder, in->n_groups, WIRE_GROUPS_MAX, "groups");
    struct wire_outcome_group *groups = arena_zalloc(decoder->arena, count, sizeof(*groups));
    unsigned left = WIRE_RUNS_MAX;
    for (unsigned i = 0; i < count && decoder->err == ERR_OK; i++) {
        unsigned max = left < WIRE_GROUP_RUNS_MAX ? left : WIRE_GROUP_RUNS_MAX;
        unsigned runs = wire_decoder_count(decoder, in->groups[i]->run_count, max, "runs");
        decode_group(decoder, in->groups[i], runs, &groups[i]);
        left -= runs;
    }
    outcomes->group_count = count;
    outcomes->groups = groups;
}
