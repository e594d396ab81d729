/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/content/reply_ranges.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

bool reply_ranges_is_asked_for(const char *text)
{
    return text != NULL && strstr(text, "reply_code") != NULL;
}

uint64_t reply_ranges_count(uint32_t slots)
{
    return slots < REPLY_RANGE_MIN ? REPLY_RANGE_MIN : slots;
}

bool reply_ranges_meet(const struct reply_range *a, const struct reply_range *b)
{
    return a->count > 0 && b->count > 0 && a->chars == b->chars && a->first < b->first + b->count &&
           b->first < a->first + a->count;
}

static int compare(const void *left, const void *right)
{
    const struct reply_range *a = left;
    const struct reply_range *b = right;
    if (a->chars != b->chars) {
        return a->chars < b->chars ? -1 : 1;
    }
    return a->first < b->first ? -1 : a->first > b->first;
}

/* Looks through the taken ranges of one length, which are in order. */
static bool find_gap(struct reply_range *range, const struct reply_range *taken, size_t taken_count)
{
    const uint64_t space = reply_code_space(range->chars);
    uint64_t first = 0;
    for (size_t i = 0; i < taken_count; i++) {
        if (taken[i].first >= first && taken[i].first - first >= range->count) {
            break;
        }
        uint64_t end = taken[i].first + taken[i].count;
        first = end > first ? end : first;
    }
    range->first = first;
    return first <= space && space - first >= range->count;
}

bool reply_ranges_choose(struct reply_range *range, uint64_t count, struct reply_range *taken,
                         size_t taken_count)
{
    size_t at = 0;
    if (taken_count > 1) {
        qsort(taken, taken_count, sizeof(*taken), compare);
    }
    for (unsigned chars = REPLY_CODE_CHARS_MIN; chars <= REPLY_CODE_CHARS_MAX; chars++) {
        size_t end = at;
        while (end < taken_count && taken[end].chars == chars) {
            end++;
        }
        *range = (struct reply_range){chars, 0, count};
        if (find_gap(range, taken + at, end - at)) {
            return true;
        }
        at = end;
    }
    *range = (struct reply_range){0};
    return false;
}

struct members {
    uint64_t chars;
    uint64_t first;
    uint64_t count;
};

static enum err read_chars(struct document_reader *reader, json_t *value)
{
    struct members *members = reader->arg;
    return document_integer(reader, value, REPLY_CODE_CHARS_MIN, REPLY_CODE_CHARS_MAX,
                            &members->chars);
}

static enum err read_first(struct document_reader *reader, json_t *value)
{
    struct members *members = reader->arg;
    return document_integer(reader, value, 0, reply_code_space(REPLY_CODE_CHARS_MAX),
                            &members->first);
}

static enum err read_count(struct document_reader *reader, json_t *value)
{
    struct members *members = reader->arg;
    return document_integer(reader, value, 1, REPLY_RANGE_MAX, &members->count);
}

enum err reply_ranges_read(struct document_reader *reader, json_t *value, struct reply_range *range)
{
    static const struct document_field fields[] = {
        {"characters", true, read_chars},
        {"first", true, read_first},
        {"count", true, read_count},
        {NULL, false, NULL},
    };
    struct members members = {0};
    void *arg = reader->arg;
    reader->arg = &members;
    enum err err = document_object(reader, value, fields);
    reader->arg = arg;
    if (err != ERR_OK) {
        return err;
    }
    *range = (struct reply_range){(unsigned)members.chars, members.first, members.count};
    return reply_range_is_sound(range)
               ? ERR_OK
               : document_refuse(reader, ERR_INVALID,
                                 "there are no %" PRIu64 " codes of %u characters from %" PRIu64,
                                 range->count, range->chars, range->first);
}

json_t *reply_ranges_show(const struct reply_range *range)
{
    return json_pack("{s:i, s:I, s:I}", "characters", (int)range->chars, "first",
                     (json_int_t)range->first, "count", (json_int_t)range->count);
}
