/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line is written by hand into memory that was reserved for the longest one. Recipients of a page
 * mostly share their fate with their neighbours, so a line is put together from parts that are made
 * anew only when they differ from those of the line before:
 *
 *     ordinal · key · [state, step, channel, provider, endpoint] · address · [attempts ... times]
 */
#include "coordinator/report/delivery_rows.h"

#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "common/text.h"
#include "coordinator/content/channel_column.h"
#include "coordinator/report/row_text.h"
#include "proto/outcome.h"

#define PART_MAX 1024 /* bytes of a part; names and sentences are far shorter */

/* What the first part is made of. */
struct standing {
    uint8_t state;
    uint8_t step;
    uint8_t endpoint;
    uint8_t provider;
};

/* And the second. */
struct course {
    uint64_t last_ms;
    uint64_t accepted_ms;
    uint64_t delivered_ms;
    uint64_t acknowledged_ms;
    uint32_t attempts;
    uint16_t reason;
    uint16_t is_uncertain;
};

struct part {
    size_t len;
    uint8_t bytes[PART_MAX];
};

struct delivery_rows {
    enum delivery_format format;
    struct plan plan;
    bool has_pair;
    int columns[CHANNEL_KINDS][CHANNEL_COLUMNS_MAX]; /* of endpoints, by rank; -1: none */
    struct provider_numbers providers;
    struct standing standing;
    struct course course;
    struct part standing_part;
    struct part course_part;
    struct buf scratch;
    struct row_times times;
};

struct delivery_rows *delivery_rows_new(enum delivery_format format, const struct plan *plan,
                                        const struct page_schema *schema,
                                        const struct provider_numbers *providers)
{
    struct delivery_rows *rows = mem_zalloc(1, sizeof(*rows));
    rows->format = format;
    rows->plan = *plan;
    rows->has_pair = plan_has_pair(plan);
    rows->providers = *providers;
    for (enum channel_kind channel = 0; channel < CHANNEL_KINDS; channel++) {
        for (unsigned rank = 0; rank < CHANNEL_COLUMNS_MAX; rank++) {
            rows->columns[channel][rank] =
                page_schema_endpoint(schema, channel_kind_field(channel), rank);
        }
    }
    return rows;
}

void delivery_rows_free(struct delivery_rows *rows)
{
    if (rows != NULL) {
        buf_release(&rows->scratch);
        mem_free(rows);
    }
}

void delivery_rows_head(const struct delivery_rows *rows, struct buf *buf)
{
    if (rows->format == DELIVERY_CSV) {
        buf_str(buf, "ordinal,key,state,step,repeat,channel,provider,endpoint,address,attempts,"
                     "uncertain,reason,detail,at,accepted_at,delivered_at,acknowledged_at\r\n");
    }
}

static unsigned track_of(const struct delivery_rows *rows, const struct recipient_state *state)
{
    return rows->has_pair && plan_is_beside(&rows->plan, state->step);
}

unsigned delivery_rows_pick(const struct delivery_rows *rows, const struct delivery_page *page,
                            const struct delivery_filter *filter, unsigned from,
                            struct bitmap *picked)
{
    unsigned count = 0;
    bitmap_clear_all(picked);
    for (unsigned i = from; i < page->count; i++) {
        const struct recipient_state *state = &page->states[i];
        enum channel_kind channel = rows->plan.steps[state->step].channel;
        if ((filter->states >> state->state & 1) != 0 && (filter->channels >> channel & 1) != 0 &&
            (!filter->has_provider ||
             page->provider[track_of(rows, state)][i] == filter->provider)) {
            bitmap_set(picked, i);
            count++;
        }
    }
    return count;
}

/* ---- the parts ---- */

static void part_take(struct part *part, struct buf *text)
{
    part->len = text->len < PART_MAX ? text->len : PART_MAX;
    memcpy(part->bytes, text->data, part->len);
    buf_clear(text);
}

static void put_json_name(struct buf *text, const char *name)
{
    if (name[0] == '\0') {
        buf_str(text, "null");
        return;
    }
    buf_u8(text, '"');
    text_json_escape(text, slice_str(name));
    buf_u8(text, '"');
}

static void put_csv_value(struct buf *text, const char *value)
{
    uint8_t *to = buf_reserve(text, row_csv_max(strlen(value)));
    text->len += (size_t)(row_csv(to, slice_str(value)) - to);
}

static const char *provider_of(const struct delivery_rows *rows, uint8_t provider)
{
    return provider == DELIVERY_NO_PROVIDER ? ""
                                            : provider_numbers_name(&rows->providers, provider);
}

static void make_standing(struct delivery_rows *rows, const struct standing *standing)
{
    struct buf *text = &rows->scratch;
    const struct plan_step *step = &rows->plan.steps[standing->step];
    const char *state = delivery_state_name((enum delivery_state)standing->state);
    const char *provider = provider_of(rows, standing->provider);
    unsigned written = plan_written(&rows->plan, standing->step) + 1;
    if (rows->format == DELIVERY_CSV) {
        buf_printf(text, ",%s,%u,", state, written);
        if (step->repeats > 0) {
            buf_printf(text, "%u", step->repeat);
        }
        buf_printf(text, ",%s,", channel_kind_name(step->channel));
        put_csv_value(text, provider);
        buf_printf(text, ",%u,", standing->endpoint);
    } else {
        buf_printf(text, ",\"state\":\"%s\",\"step\":%u,", state, written);
        if (step->repeats > 0) {
            buf_printf(text, "\"repeat\":%u,", step->repeat);
        }
        buf_printf(text, "\"channel\":\"%s\",\"provider\":", channel_kind_name(step->channel));
        put_json_name(text, provider);
        buf_printf(text, ",\"endpoint\":%u,\"address\":", standing->endpoint);
    }
    rows->standing = *standing;
    part_take(&rows->standing_part, text);
}

static void put_time(struct delivery_rows *rows, const char *before, uint64_t at_ms,
                     const char *none)
{
    struct buf *text = &rows->scratch;
    bool is_json = rows->format == DELIVERY_NDJSON;
    buf_str(text, before);
    if (at_ms == 0) {
        buf_str(text, none);
        return;
    }
    if (is_json) {
        buf_u8(text, '"');
    }
    uint8_t *to = buf_reserve(text, TEXT_TIME_BYTES);
    row_time(&rows->times, to, at_ms);
    text->len += TEXT_TIME_BYTES;
    if (is_json) {
        buf_u8(text, '"');
    }
}

static void put_course_csv(struct delivery_rows *rows, const struct course *course)
{
    struct buf *text = &rows->scratch;
    buf_u8(text, ',');
    row_put_number(text, course->attempts);
    buf_str(text, course->is_uncertain ? ",true," : ",false,");
    if (course->reason != REASON_NONE) {
        row_put_number(text, course->reason);
        buf_u8(text, ',');
        put_csv_value(text, reason_sentence(course->reason));
    } else {
        buf_u8(text, ',');
    }
    put_time(rows, ",", course->last_ms, "");
    put_time(rows, ",", course->accepted_ms, "");
    put_time(rows, ",", course->delivered_ms, "");
    put_time(rows, ",", course->acknowledged_ms, "");
    buf_str(text, "\r\n");
}

static void put_course_json(struct delivery_rows *rows, const struct course *course)
{
    struct buf *text = &rows->scratch;
    buf_str(text, ",\"attempts\":");
    row_put_number(text, course->attempts);
    buf_str(text, course->is_uncertain ? ",\"uncertain\":true" : ",\"uncertain\":false");
    if (course->reason != REASON_NONE) {
        buf_str(text, ",\"reason\":");
        row_put_number(text, course->reason);
        buf_str(text, ",\"detail\":");
        put_json_name(text, reason_sentence(course->reason));
    } else {
        buf_str(text, ",\"reason\":null,\"detail\":null");
    }
    put_time(rows, ",\"at\":", course->last_ms, "null");
    put_time(rows, ",\"accepted_at\":", course->accepted_ms, "null");
    put_time(rows, ",\"delivered_at\":", course->delivered_ms, "null");
    put_time(rows, ",\"acknowledged_at\":", course->acknowledged_ms, "null");
    buf_str(text, "}\n");
}

static void make_course(struct delivery_rows *rows, const struct course *course)
{
    if (rows->format == DELIVERY_CSV) {
        put_course_csv(rows, course);
    } else {
        put_course_json(rows, course);
    }
    rows->course = *course;
    part_take(&rows->course_part, &rows->scratch);
}

/* ---- a line ---- */

static void know_place(struct delivery_rows *rows, const struct delivery_page *page, unsigned place)
{
    const struct recipient_state *state = &page->states[place];
    unsigned track = track_of(rows, state);
    const struct standing standing = {state->state, state->step, state->endpoint,
                                      page->provider[track][place]};
    const struct course course = {
        .last_ms = page->last_ms[place],
        .accepted_ms = page->accepted_ms[place],
        .delivered_ms = page->delivered_ms[place],
        .acknowledged_ms = page->acknowledged_ms[place],
        .attempts = delivery_attempts(state),
        .reason = page->reason[track][place],
        .is_uncertain = state->uncertain,
    };
    if (rows->standing_part.len == 0 || memcmp(&standing, &rows->standing, sizeof(standing)) != 0) {
        make_standing(rows, &standing);
    }
    if (rows->course_part.len == 0 || memcmp(&course, &rows->course, sizeof(course)) != 0) {
        make_course(rows, &course);
    }
}

static uint8_t *put_part(uint8_t *to, const struct part *part)
{
    memcpy(to, part->bytes, part->len);
    return to + part->len;
}

static uint8_t *put_json_value(uint8_t *to, struct slice value)
{
    *to++ = '"';
    to = row_json(to, value);
    *to++ = '"';
    return to;
}

static void write_line(struct delivery_rows *rows, uint32_t ordinal, struct slice key,
                       struct slice address, struct buf *buf)
{
    static const char begin[] = "{\"ordinal\":";
    static const char of_key[] = ",\"key\":";
    size_t most = 2 * PART_MAX + row_json_max(key.len) + row_json_max(address.len) + 64;
    uint8_t *start = buf_reserve(buf, most);
    uint8_t *to = start;
    if (rows->format == DELIVERY_CSV) {
        to = row_number(to, ordinal);
        *to++ = ',';
        to = row_csv(to, key);
        to = put_part(to, &rows->standing_part);
        to = row_csv(to, address);
    } else {
        memcpy(to, begin, sizeof(begin) - 1);
        to = row_number(to + sizeof(begin) - 1, ordinal);
        memcpy(to, of_key, sizeof(of_key) - 1);
        to = put_json_value(to + sizeof(of_key) - 1, key);
        to = put_part(to, &rows->standing_part);
        if (address.len == 0) {
            memcpy(to, "null", 4);
            to += 4;
        } else {
            to = put_json_value(to, address);
        }
    }
    to = put_part(to, &rows->course_part);
    buf->len += (size_t)(to - start);
}

static struct slice address_of(const struct delivery_rows *rows,
                               const struct recipient_state *state, const struct page_view *sealed)
{
    int column = rows->columns[rows->plan.steps[state->step].channel][state->endpoint];
    return column < 0 ? slice_of(NULL, 0) : page_value(sealed, (unsigned)column);
}

unsigned delivery_rows_write(struct delivery_rows *rows, const struct delivery_page *page,
                             struct page_view *sealed, uint32_t number, const struct bitmap *picked,
                             unsigned from, size_t enough, struct buf *buf, uint64_t *count)
{
    unsigned place = bitmap_next(picked, from);
    for (; place < BITMAP_BITS && buf->len < enough; place = bitmap_next(picked, place + 1)) {
        know_place(rows, page, place);
        page_seek(sealed, place);
        write_line(rows, number * PAGE_RECIPIENTS + place, page_value(sealed, 0),
                   address_of(rows, &page->states[place], sealed), buf);
        (*count)++;
    }
    return place;
}

void delivery_rows_end(const struct delivery_rows *rows, const struct delivery_end *end,
                       struct buf *buf)
{
    const char *state = campaign_state_name(end->state);
    if (rows->format == DELIVERY_CSV) {
        buf_printf(buf, "end,%s,%s,%llu,,,,,,,,,,,,,\r\n", end->campaign, state,
                   (unsigned long long)end->rows);
    } else {
        buf_printf(buf,
                   "{\"end\":true,\"rows\":%llu,\"campaign\":\"%s\",\"campaign_state\":\"%s\","
                   "\"recipients\":%u}\n",
                   (unsigned long long)end->rows, end->campaign, state, end->recipients);
    }
}
