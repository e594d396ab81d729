/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/campaign_respect.h"

#include <string.h>

#include "common/slice.h"
#include "common/text.h"

#define MESSAGES_MAX 100
#define PER_MIN_MS   (UINT64_C(60) * 1000)
#define PER_MAX_MS   (UINT64_C(366) * 24 * 3600 * 1000)
#define CLOCK_CHARS  5
#define DAY_MIN      1440

static bool is_none(const char *text)
{
    return strcmp(text, "none") == 0;
}

/* "07:30"; "24:00" is midnight. */
static bool is_clock(const char *text, size_t len, uint64_t *minutes)
{
    uint64_t hour = 0;
    uint64_t minute = 0;
    bool is_right =
        len == CLOCK_CHARS && text[2] == ':' && text_number(slice_of(text, 2), 0, 24, &hour) &&
        text_number(slice_of(text + 3, 2), 0, 59, &minute) && hour * 60 + minute <= DAY_MIN;
    *minutes = (hour * 60 + minute) % DAY_MIN;
    return is_right;
}

enum err campaign_respect_hours(json_t *request, const char *text, struct problem *problem)
{
    if (is_none(text)) {
        json_object_set_new(request, "quiet_hours", json_string(text));
        return ERR_OK;
    }
    const char *dash = strchr(text, '-');
    const char *slash = strchr(text, '/');
    const char *end = slash == NULL ? text + strlen(text) : slash;
    uint64_t from = 0;
    uint64_t to = 0;
    if (dash == NULL || dash > end || !is_clock(text, (size_t)(dash - text), &from) ||
        !is_clock(dash + 1, (size_t)(end - dash - 1), &to) || from == to ||
        (slash != NULL && slash[1] == '\0')) {
        return problem_set(
            problem, ERR_INVALID,
            "--quiet-hours cannot be \"%s\"; it is two different times of the day and perhaps "
            "a time zone, such as 22:00-07:00 or 22:00-07:00/Europe/Oslo, or none",
            text);
    }
    json_t *hours = json_pack("{s:s#, s:s#}", "from", text, (int)(dash - text), "to", dash + 1,
                              (int)(end - dash - 1));
    if (slash != NULL) {
        json_object_set_new(hours, "zone", json_string(slash + 1));
    }
    json_object_set_new(request, "quiet_hours", hours);
    return ERR_OK;
}

static enum err put_frequency_cap(json_t *request, const char *text, struct problem *problem)
{
    if (is_none(text)) {
        json_object_set_new(request, "frequency_cap", json_string(text));
        return ERR_OK;
    }
    const char *slash = strchr(text, '/');
    uint64_t messages = 0;
    uint64_t ms = 0;
    if (slash == NULL ||
        !text_number(slice_of(text, (size_t)(slash - text)), 1, MESSAGES_MAX, &messages) ||
        !text_duration_ms(slice_str(slash + 1), &ms) || ms < PER_MIN_MS || ms > PER_MAX_MS) {
        return problem_set(
            problem, ERR_INVALID,
            "--frequency-cap cannot be \"%s\"; it is a number of messages, up to 100, and "
            "a time, 1m to 366d, such as 3/7d, or none",
            text);
    }
    json_object_set_new(
        request, "frequency_cap",
        json_pack("{s:I, s:s}", "messages", (json_int_t)messages, "per", slash + 1));
    return ERR_OK;
}

enum err campaign_respect_put(json_t *request, const struct arguments *arguments,
                              struct problem *problem)
{
    const char *hours = arguments_value(arguments, "quiet-hours");
    const char *cap = arguments_value(arguments, "frequency-cap");
    enum err err = hours == NULL ? ERR_OK : campaign_respect_hours(request, hours, problem);
    if (err == ERR_OK && cap != NULL) {
        err = put_frequency_cap(request, cap, problem);
    }
    return err;
}
