/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/channel/kannel_batch.h"

#include <assert.h>

#include "common/mem.h"

void kannel_batches_put(struct kannel_batches *list, struct kannel_batch *batch)
{
    batch->next = NULL;
    if (list->first == NULL) {
        list->first = batch;
    } else {
        list->last->next = batch;
    }
    list->last = batch;
}

struct kannel_batch *kannel_batches_take(struct kannel_batches *list)
{
    struct kannel_batch *batch = list->first;
    if (batch != NULL) {
        list->first = batch->next;
    }
    return batch;
}

struct kannel_batch *kannel_batch_take(struct kannel_batches *shelf)
{
    struct kannel_batch *batch = kannel_batches_take(shelf);
    return batch == NULL ? mem_zalloc(1, sizeof(*batch)) : batch;
}

void kannel_batch_put_back(struct kannel_batches *shelf, struct kannel_batch *batch)
{
    batch->count = 0;
    buf_clear(&batch->text);
    buf_clear(&batch->base);
    buf_clear(&batch->dlr_url);
    kannel_batches_put(shelf, batch);
}

void kannel_batch_free(struct kannel_batch *batch)
{
    if (batch != NULL) {
        mem_free(batch->recipients);
        buf_release(&batch->text);
        buf_release(&batch->base);
        buf_release(&batch->dlr_url);
        mem_free(batch);
    }
}

bool kannel_number_is_valid(struct slice number)
{
    size_t digits = 0;
    for (size_t i = 0; i < number.len; i++) {
        bool is_digit = number.data[i] >= '0' && number.data[i] <= '9';
        if (!is_digit && (i > 0 || number.data[i] != '+')) {
            return false;
        }
        digits += is_digit;
    }
    return digits > 0 && number.len <= KANNEL_NUMBER_MAX;
}

static void take_first(struct kannel_batch *batch, const struct attempt *attempt)
{
    batch->campaign = attempt->campaign;
    batch->step = attempt->step;
    batch->round = attempt->round;
    memcpy(batch->token, attempt->token, TOKEN_CHARS);
    http_link_trace_line(attempt, batch->trace);
}

/* Of all of them from now on. */
static void take_second(struct kannel_batch *batch, const struct attempt *attempt)
{
    const struct token token = {.campaign = attempt->campaign,
                                .ordinal = TOKEN_OF_REQUEST,
                                .step = attempt->step,
                                .round = attempt->round};
    token_write(&token, attempt->token_key, batch->token);
}

void kannel_batch_add(struct kannel_batch *batch, const struct attempt *attempt)
{
    assert(attempt->endpoint.len <= KANNEL_NUMBER_MAX);
    if (batch->count == 0) {
        take_first(batch, attempt);
    } else if (batch->count == 1) {
        take_second(batch, attempt);
    }
    if (batch->count == batch->cap) {
        batch->cap = batch->cap == 0 ? 1 : 2 * batch->cap;
        batch->recipients = mem_resize(batch->recipients, batch->cap, sizeof(*batch->recipients));
    }
    struct kannel_recipient *recipient = &batch->recipients[batch->count++];
    recipient->attempt = attempt->id;
    recipient->len = (uint8_t)attempt->endpoint.len;
    memcpy(recipient->number, attempt->endpoint.data, attempt->endpoint.len);
}

static bool has_number(const struct kannel_batch *batch, struct slice number)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct kannel_recipient *recipient = &batch->recipients[i];
        if (slice_equal(slice_of(recipient->number, recipient->len), number)) {
            return true;
        }
    }
    return false;
}

bool kannel_batch_fits(const struct kannel_batch *batch, const struct attempt *attempt,
                       struct slice text)
{
    return batch->campaign == attempt->campaign && batch->step == attempt->step &&
           batch->round == attempt->round && slice_equal(buf_view(&batch->text), text) &&
           !has_number(batch, attempt->endpoint);
}

void kannel_batch_numbers(const struct kannel_batch *batch, struct buf *buf)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        if (i > 0) {
            buf_u8(buf, ' ');
        }
        buf_append(buf, batch->recipients[i].number, batch->recipients[i].len);
    }
}
