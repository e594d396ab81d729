/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan_text.h"

#include <stdlib.h>
#include <string.h>

#include "cli/human.h"
#include "common/text.h"

#define BLANKS        " \t\r\n"
#define WORD_MAX      32 /* bytes; a longer word is none of ours, and is cut to be told */
#define CUT           "…"
#define WORD_BYTES    (WORD_MAX + sizeof(CUT))
#define WITHIN_MIN_MS UINT64_C(1000)
#define WITHIN_MAX_MS (UINT64_C(30) * 24 * 3600 * 1000)

const char *const *plan_text_channels(void)
{
    static const char *const channels[] = {"email", "sms",     "voice", "push",
                                           "chat",  "webhook", NULL};
    return channels;
}

bool plan_text_is_channel(struct slice word)
{
    const char *const *channel = plan_text_channels();
    while (*channel != NULL && !slice_is(word, *channel)) {
        channel++;
    }
    return *channel != NULL;
}

/* The next word of a step; *at moves behind it. Empty at its end. */
static void next_word(const char **at, char word[WORD_BYTES])
{
    *at += strspn(*at, BLANKS);
    size_t end = strcspn(*at, BLANKS ">+");
    size_t len = end < WORD_MAX ? end : WORD_MAX;
    while (len < end && len > 0 && ((*at)[len] & 0xc0) == 0x80) {
        len--;
    }
    memcpy(word, *at, len);
    memcpy(word + len, len < end ? CUT : "", len < end ? sizeof(CUT) : 1);
    *at += end;
}

static enum err check_channel(const char *word, unsigned number, struct problem *problem)
{
    if (plan_text_is_channel(slice_str(word))) {
        return ERR_OK;
    }
    const char *nearest = text_nearest(word, plan_text_channels());
    if (word[0] == '\0') {
        return problem_set(
            problem, ERR_INVALID,
            "--plan: step %u is empty; steps are such as 'push 5m > sms 15m > voice'", number);
    }
    if (nearest != NULL) {
        return problem_set(problem, ERR_INVALID,
                           "--plan: step %u: there is no channel \"%s\"; did you mean \"%s\"?",
                           number, word, nearest);
    }
    return problem_set(
        problem, ERR_INVALID,
        "--plan: step %u: there is no channel \"%s\"; a step begins with email, sms, "
        "voice, push, chat or webhook",
        number, word);
}

static enum err check_time(const char *word, unsigned number, struct problem *problem)
{
    uint64_t ms;
    if (!text_duration_ms(slice_str(word), &ms)) {
        return problem_set(problem, ERR_INVALID,
                           "--plan: step %u: \"%s\" is no time such as 30s, 5m or 2h; > begins the "
                           "next step",
                           number, word);
    }
    if (ms < WITHIN_MIN_MS || ms > WITHIN_MAX_MS) {
        return problem_set(problem, ERR_INVALID,
                           "--plan: step %u cannot last %s; it may be from 1s to 30d", number,
                           word);
    }
    return ERR_OK;
}

/* "x3": three times in all. */
static enum err check_times(const char *word, unsigned number, const char *time, uint64_t *times,
                            struct problem *problem)
{
    *times = 0;
    if (word[0] == '\0') {
        return ERR_OK;
    }
    if (word[0] != 'x' || word[1] == '\0' || strspn(word + 1, "0123456789") != strlen(word + 1)) {
        return problem_set(problem, ERR_INVALID,
                           "--plan: step %u: \"%s\" is no number of times such as x3, and nothing "
                           "else stands behind the time; > begins the next step",
                           number, word);
    }
    *times = strtoull(word + 1, NULL, 10);
    if (*times < 2 || *times > PLAN_TEXT_TIMES_MAX) {
        return problem_set(problem, ERR_INVALID,
                           "--plan: step %u cannot be sent \"%s\"; x2 to x%d, every %s", number,
                           word, PLAN_TEXT_TIMES_MAX, time);
    }
    return ERR_OK;
}

/* Behind a channel: the one that starts together with it. */
static enum err read_beside(const char **at, char beside[WORD_BYTES], unsigned number,
                            struct problem *problem)
{
    beside[0] = '\0';
    *at += strspn(*at, BLANKS);
    if (**at != '+') {
        return ERR_OK;
    }
    (*at)++;
    next_word(at, beside);
    enum err err = check_channel(beside, number, problem);
    *at += strspn(*at, BLANKS);
    if (err == ERR_OK && **at == '+') {
        err = problem_set(problem, ERR_INVALID,
                          "--plan: step %u: two channels at once are the most, such as "
                          "'push+sms 5m'",
                          number);
    }
    return err;
}

/* One beside takes its time from the step before. */
static void add_step(json_t *steps, const char *channel, const char *time, uint64_t times,
                     bool is_beside)
{
    json_t *step = json_pack("{s:s}", "channel", channel);
    if (is_beside) {
        json_object_set_new(step, "with_previous", json_true());
    } else if (time[0] != '\0') {
        json_object_set_new(step, "until", json_string("acknowledged"));
        json_object_set_new(step, "within", json_string(time));
    }
    if (times > 0) {
        json_object_set_new(step, "repeat",
                            json_pack("{s:s, s:I}", "every", time, "times", (json_int_t)times - 1));
    }
    json_array_append_new(steps, step);
}

static enum err check_end(const char *more, char at, unsigned number, struct problem *problem)
{
    if (more[0] != '\0') {
        return problem_set(problem, ERR_INVALID,
                           "--plan: step %u: \"%s\" is one word too many; > begins the next step",
                           number, more);
    }
    if (at == '+') {
        return problem_set(problem, ERR_INVALID,
                           "--plan: step %u: + stands between two channels, before their time, "
                           "such as 'push+sms 5m'",
                           number);
    }
    return ERR_OK;
}

/* *at moves to the `>` behind the step, or to the end of the text. */
static enum err read_step(json_t *steps, const char **at, unsigned number, struct problem *problem)
{
    char channel[WORD_BYTES];
    char beside[WORD_BYTES];
    char time[WORD_BYTES];
    char often[WORD_BYTES];
    char more[WORD_BYTES];
    uint64_t times = 0;
    next_word(at, channel);
    enum err err = check_channel(channel, number, problem);
    if (err == ERR_OK) {
        err = read_beside(at, beside, number, problem);
    }
    if (err != ERR_OK) {
        return err;
    }
    next_word(at, time);
    next_word(at, often);
    next_word(at, more);
    if (time[0] != '\0') {
        err = check_time(time, number, problem);
    }
    if (err == ERR_OK) {
        err = check_times(often, number, time, &times, problem);
    }
    if (err == ERR_OK) {
        err = check_end(more, **at, number, problem);
    }
    if (err == ERR_OK) {
        add_step(steps, channel, time, times, false);
    }
    if (err == ERR_OK && beside[0] != '\0') {
        add_step(steps, beside, time, times, true);
    }
    return err;
}

enum err plan_text_read(json_t **steps, const char *text, struct problem *problem)
{
    enum err err = ERR_OK;
    unsigned number = 0;
    *steps = json_array();
    do {
        number++;
        err = read_step(*steps, &text, number, problem);
    } while (err == ERR_OK && *text++ == '>');
    if (err == ERR_OK && json_array_size(*steps) > PLAN_TEXT_STEPS_MAX) {
        err = problem_set(problem, ERR_INVALID, "--plan has %zu steps; at most %d are allowed",
                          json_array_size(*steps), PLAN_TEXT_STEPS_MAX);
    }
    if (err != ERR_OK) {
        json_decref(*steps);
        *steps = NULL;
    }
    return err;
}

static void put_member(struct buf *buf, const json_t *step, const char *name)
{
    const char *text = json_string_value(json_object_get(step, name));
    human_text(buf, slice_str(text == NULL ? "?" : text));
}

static const char *member(const json_t *step, const char *name)
{
    const char *text = json_string_value(json_object_get(step, name));
    return text == NULL ? "" : text;
}

static bool is_beside(const json_t *step)
{
    return json_is_true(json_object_get(step, "with_previous"));
}

static bool is_left_out(const json_t *step)
{
    return json_is_true(json_object_get(step, "left_out"));
}

static bool has_time(const json_t *step)
{
    return strcmp(member(step, "until"), "delivered") == 0 ||
           strcmp(member(step, "until"), "acknowledged") == 0;
}

/* The time of both stands behind the second one, which may have it from the first. */
static bool are_alike(const json_t *step, const json_t *beside)
{
    const json_t *repeat = json_object_get(step, "repeat");
    const json_t *other = json_object_get(beside, "repeat");
    if (is_left_out(step) || is_left_out(beside) ||
        json_is_object(repeat) != json_is_object(other) ||
        (json_is_object(repeat) && json_equal(repeat, other) == 0)) {
        return false;
    }
    if (json_object_get(beside, "until") == NULL) {
        return true;
    }
    return has_time(step) == has_time(beside) &&
           (!has_time(step) || (strcmp(member(step, "until"), member(beside, "until")) == 0 &&
                                strcmp(member(step, "within"), member(beside, "within")) == 0));
}

static void put_time(struct buf *buf, const json_t *step)
{
    if (has_time(step)) {
        buf_u8(buf, ' ');
        put_member(buf, step, "within");
        buf_str(buf, strcmp(member(step, "until"), "delivered") == 0 ? " (until delivered)" : "");
    }
    const json_t *repeat = json_object_get(step, "repeat");
    if (json_is_object(repeat)) {
        buf_printf(buf, " x%" JSON_INTEGER_FORMAT,
                   json_integer_value(json_object_get(repeat, "times")) + 1);
    }
}

void plan_text_write(struct buf *buf, const json_t *steps)
{
    size_t i;
    json_t *step;
    json_array_foreach(steps, i, step)
    {
        const json_t *next = json_array_get(steps, i + 1);
        const json_t *before = i == 0 ? NULL : json_array_get(steps, i - 1);
        bool is_first_alike = is_beside(next) && are_alike(step, next);
        bool is_second_alike = before != NULL && is_beside(step) && are_alike(before, step);
        buf_str(buf, i == 0 ? "" : is_second_alike ? "+" : is_beside(step) ? " + " : " > ");
        put_member(buf, step, "channel");
        if (!is_first_alike) {
            put_time(buf, is_second_alike ? before : step);
        }
        buf_str(buf, is_left_out(step) ? " (left out)" : "");
    }
}
