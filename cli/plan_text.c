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

/* The next word of a step; *at moves behind it. Empty at its end. */
static void next_word(const char **at, char word[WORD_BYTES])
{
    *at += strspn(*at, BLANKS);
    size_t end = strcspn(*at, BLANKS ">");
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
    const char *const *channels = plan_text_channels();
    for (size_t i = 0; channels[i] != NULL; i++) {
        if (strcmp(channels[i], word) == 0) {
            return ERR_OK;
        }
    }
    const char *nearest = text_nearest(word, channels);
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

/* *at moves to the `>` behind the step, or to the end of the text. */
static enum err read_step(json_t *steps, const char **at, unsigned number, struct problem *problem)
{
    char channel[WORD_BYTES];
    char time[WORD_BYTES];
    char often[WORD_BYTES];
    char more[WORD_BYTES];
    uint64_t times = 0;
    next_word(at, channel);
    next_word(at, time);
    next_word(at, often);
    next_word(at, more);
    enum err err = check_channel(channel, number, problem);
    if (err == ERR_OK && time[0] != '\0') {
        err = check_time(time, number, problem);
    }
    if (err == ERR_OK) {
        err = check_times(often, number, time, &times, problem);
    }
    if (err == ERR_OK && more[0] != '\0') {
        err = problem_set(problem, ERR_INVALID,
                          "--plan: step %u: \"%s\" is one word too many; > begins the next step",
                          number, more);
    }
    if (err == ERR_OK) {
        json_t *step = json_pack("{s:s}", "channel", channel);
        if (time[0] != '\0') {
            json_object_set_new(step, "until", json_string("acknowledged"));
            json_object_set_new(step, "within", json_string(time));
        }
        if (times > 0) {
            json_object_set_new(
                step, "repeat",
                json_pack("{s:s, s:I}", "every", time, "times", (json_int_t)times - 1));
        }
        json_array_append_new(steps, step);
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
    if (err == ERR_OK && number > PLAN_TEXT_STEPS_MAX) {
        err = problem_set(problem, ERR_INVALID, "--plan has %u steps; at most %d are allowed",
                          number, PLAN_TEXT_STEPS_MAX);
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

void plan_text_write(struct buf *buf, const json_t *steps)
{
    size_t i;
    json_t *step;
    json_array_foreach(steps, i, step)
    {
        const char *until = json_string_value(json_object_get(step, "until"));
        buf_str(buf, i == 0 ? "" : " > ");
        put_member(buf, step, "channel");
        bool is_until_delivered = until != NULL && strcmp(until, "delivered") == 0;
        if (is_until_delivered || (until != NULL && strcmp(until, "acknowledged") == 0)) {
            buf_u8(buf, ' ');
            put_member(buf, step, "within");
            buf_str(buf, is_until_delivered ? " (until delivered)" : "");
        }
        const json_t *repeat = json_object_get(step, "repeat");
        if (json_is_object(repeat)) {
            buf_printf(buf, " x%" JSON_INTEGER_FORMAT,
                       json_integer_value(json_object_get(repeat, "times")) + 1);
        }
        buf_str(buf, json_is_true(json_object_get(step, "left_out")) ? " (left out)" : "");
    }
}
