/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first byte says whether there is a second frame. What is decoded without error must survive
 * being encoded and decoded again, to the same bytes: the decoder lets nothing through that the
 * encoder could not have written.
 */
#include <assert.h>
#include <stdlib.h>

#include "proto/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_run_right(const struct outcome_run *run)
{
    return run->span >= 1 && run->offset + run->span <= PAGE_RECIPIENTS &&
           run->outcome < OUTCOMES && run->ref.len <= OUTCOME_REF_MAX &&
           (run->ref.len == 0 || run->span == 1);
}

static void check_outcomes(const struct wire_outcomes *outcomes)
{
    assert(outcomes->group_count <= WIRE_GROUPS_MAX);
    for (unsigned g = 0; g < outcomes->group_count; g++) {
        const struct wire_outcome_group *group = &outcomes->groups[g];
        assert(group->run_count <= WIRE_GROUP_RUNS_MAX);
        for (unsigned r = 0; r < group->run_count; r++) {
            assert(is_run_right(&group->runs[r]));
        }
    }
}

static void check_batch(const struct wire_batch *batch)
{
    assert(batch->count >= 1 && batch->count <= PAGE_RECIPIENTS);
    assert(bitmap_count(&batch->places) == batch->count);
    assert(batch->provider < WIRE_PROVIDERS_MAX);
    unsigned sum = 0;
    for (unsigned i = 0; i < batch->count; i++) {
        sum += batch->attempts == NULL ? 0 : batch->attempts[i];
        sum += batch->endpoints == NULL ? 0 : batch->endpoints[i];
    }
    assert(sum <= 2 * 255 * PAGE_RECIPIENTS);
}

static void check(const struct wire_message *message)
{
    assert(message->type < WIRE_TYPES);
    if (message->type == WIRE_OUTCOMES) {
        check_outcomes(&message->outcomes);
    } else if (message->type == WIRE_BATCH) {
        check_batch(&message->batch);
    }
}

/* Encodes what was decoded into `out` and decodes that. */
static void encode_again(const struct wire_message *message, struct slice payload,
                         struct arena *arena, struct buf *out, struct wire_message *again)
{
    struct problem problem;
    wire_encode(message, out);
    enum err err = wire_decode(buf_view(out), payload, arena, again, &problem);
    assert(err == ERR_OK);
    check(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct slice frame = slice_of(data + 1, size - 1);
    struct slice payload = slice_of("page", data[0] & 1 ? 4 : 0);
    struct arena arena;
    struct problem problem = {0};
    struct wire_message message;
    arena_init(&arena, 4096);
    enum err err = wire_decode(frame, payload, &arena, &message, &problem);
    if (err == ERR_OK) {
        struct wire_message again;
        struct wire_message third;
        struct buf first = {0};
        struct buf second = {0};
        check(&message);
        encode_again(&message, payload, &arena, &first, &again);
        encode_again(&again, payload, &arena, &second, &third);
        assert(slice_equal(buf_view(&first), buf_view(&second)));
        buf_release(&first);
        buf_release(&second);
    } else {
        assert(problem.err == err && problem.text[0] != '\0');
        assert(arena.used_bytes <= 2 * size + 4000000);
    }
    arena_release(&arena);
    return 0;
}
