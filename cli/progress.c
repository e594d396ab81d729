/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/human.h"
#include "cli/plan_text.h"

#define COUNT_MAX ((json_int_t)1 << 40)

struct state_row {
    const char *word;
    enum progress_part part;
};

static const struct state_row state_rows[PROGRESS_STATES] = {
#define STATE_ROW(name, word, part) [PROGRESS_##name] = {word, PROGRESS_##part},
    PROGRESS_STATE_MAP(STATE_ROW)
#undef STATE_ROW
};

const char *progress_state_name(enum progress_state state)
{
    return state_rows[state].word;
}

enum progress_part progress_state_part(enum progress_state state)
{
    return state_rows[state].part;
}

/* ---- reading the API's JSON ---- */

/* At most COUNT_MAX, so that no sum overflows, whatever answered. */
static uint64_t member_count(const json_t *object, const char *name)
{
    json_int_t value = json_integer_value(json_object_get(object, name));
    if (value < 0) {
        return 0;
    }
    return value > COUNT_MAX ? COUNT_MAX : (uint64_t)value;
}

static const char *member_str(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

static double member_number(const json_t *object, const char *name, double otherwise)
{
    const json_t *value = json_object_get(object, name);
    return json_is_number(value) ? json_number_value(value) : otherwise;
}

static bool member_time(const json_t *object, const char *name, uint64_t *unix_ms)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL && human_time_parse(text, unix_ms);
}

/* Copies foreign text, made safe, cut at a character if it is longer. */
static void copy_text(char *into, size_t max, const char *text)
{
    struct buf safe = {0};
    human_text(&safe, slice_str(text));
    size_t len = safe.len;
    if (len > max) {
        len = max;
        while (len > 0 && (safe.data[len] & 0xc0) == 0x80) {
            len--;
        }
    }
    if (len > 0) {
        memcpy(into, safe.data, len);
    }
    into[len] = '\0';
    buf_release(&safe);
}

static void member_text(char *into, size_t max, const json_t *object, const char *name)
{
    copy_text(into, max, member_str(object, name));
}

static void progress_read_counts(struct progress *progress, json_t *counts)
{
    uint64_t known = 0;
    uint64_t all = 0;
    for (unsigned i = 0; i < PROGRESS_STATES; i++) {
        progress->counts[i] = member_count(counts, state_rows[i].word);
        known += progress->counts[i];
    }
    const char *name;
    json_t *value;
    json_object_foreach(counts, name, value)
    {
        all += member_count(counts, name);
    }
    progress->other = all - known;
}

static void read_plan(struct progress *progress, const json_t *campaign)
{
    struct buf text = {0};
    plan_text_write(&text, json_object_get(json_object_get(campaign, "plan"), "steps"));
    copy_text(progress->plan, PROGRESS_PLAN_MAX, buf_cstr(&text));
    buf_release(&text);
}

/* In how many seconds; below 0: not, or not in future. */
static double member_in_s(const json_t *object, const char *name, uint64_t now_unix_ms)
{
    uint64_t at_ms;
    if (!member_time(object, name, &at_ms) || at_ms < now_unix_ms) {
        return -1;
    }
    return (double)(at_ms - now_unix_ms) / 1000;
}

static void read_ladder(struct progress *progress, const json_t *ladder, uint64_t now_unix_ms)
{
    size_t i;
    json_t *json;
    size_t count = json_array_size(ladder);
    if (count < 2 || count > PROGRESS_RUNGS) {
        return;
    }
    json_array_foreach(ladder, i, json)
    {
        struct progress_rung *rung = &progress->rungs[progress->rung_count++];
        rung->step = (unsigned)member_count(json, "step");
        rung->repeat = (unsigned)member_count(json, "repeat");
        rung->is_beside = json_is_true(json_object_get(json, "with_previous"));
        member_text(rung->channel, PROGRESS_WORD_MAX, json, "channel");
        rung->open = member_count(json, "open");
        rung->next_s = member_in_s(json, "next_at", now_unix_ms);
        for (unsigned s = 0; s < PROGRESS_STATES; s++) {
            rung->counts[s] = member_count(json_object_get(json, "counts"), state_rows[s].word);
        }
    }
}

bool progress_read(struct progress *progress, const json_t *campaign, uint64_t now_unix_ms)
{
    json_t *counts = json_object_get(campaign, "counts");
    *progress = (struct progress){.time_left_s = -1, .elapsed_s = -1};
    member_text(progress->id, PROGRESS_WORD_MAX, campaign, "id");
    member_text(progress->name, PROGRESS_NAME_MAX, campaign, "name");
    read_plan(progress, campaign);
    member_text(progress->state, PROGRESS_WORD_MAX, campaign, "state");
    if (progress->id[0] == '\0' || progress->state[0] == '\0' || !json_is_object(counts)) {
        return false;
    }
    progress->recipients = member_count(campaign, "recipients");
    progress->open = member_count(campaign, "open");
    progress->repeated = member_count(campaign, "repeated");
    progress->rate_per_s = member_number(campaign, "rate_per_s", 0);
    progress->time_left_s = member_number(campaign, "time_left_s", -1);
    progress_read_counts(progress, counts);
    read_ladder(progress, json_object_get(campaign, "ladder"), now_unix_ms);
    progress->next_climb_s = member_in_s(campaign, "next_climb_at", now_unix_ms);
    uint64_t launched_ms;
    uint64_t ended_ms = now_unix_ms;
    if (member_time(campaign, "launched_at", &launched_ms)) {
        (void)member_time(campaign, "ended_at", &ended_ms);
        /* Two machines' clocks may differ: a campaign cannot have ended before its launch. */
        progress->elapsed_s = ended_ms < launched_ms ? 0 : (double)(ended_ms - launched_ms) / 1000;
    }
    return true;
}

void progress_add_notice(struct progress *progress, const char *text)
{
    if (text[0] != '\0' && progress->notice_count < PROGRESS_NOTICES) {
        copy_text(progress->notices[progress->notice_count++], PROGRESS_NOTICE_MAX, text);
    }
}

static void notice_of_provider(struct buf *buf, const json_t *provider)
{
    const char *name = member_str(provider, "name");
    const char *breaker = json_string_value(json_object_get(provider, "breaker"));
    const char *reason = json_string_value(json_object_get(provider, "breaker_reason"));
    double rate = member_number(provider, "rate_per_s", 0);
    double now = member_number(provider, "rate_now_per_s", rate);
    double part = member_number(provider, "part", 0);
    double share = member_number(provider, "share", part);
    if (breaker != NULL && strcmp(breaker, "closed") != 0) {
        buf_printf(buf, "%s: breaker %s%s%s", name, breaker, reason == NULL ? "" : ", ",
                   reason == NULL ? "" : reason);
    } else if (rate > 0 && now < 0.98 * rate) {
        buf_printf(buf, "%s: slowed down by the provider to ", name);
        human_rate(buf, now);
        buf_str(buf, " of ");
        human_rate(buf, rate);
        buf_str(buf, " a second");
    } else if (share < part - 0.5) {
        buf_printf(buf, "%s: does badly, and gets %.0f %% of %s instead of %.0f %%", name, share,
                   member_str(provider, "channel"), part);
    }
}

/* Is the channel a word of the plan? */
static bool plan_has(const struct progress *progress, const char *channel)
{
    size_t len = strlen(channel);
    const char *word = progress->plan;
    while (*word != '\0' && (strncmp(word, channel, len) != 0 || strcspn(word, " ") != len)) {
        word += strcspn(word, " ");
        word += strspn(word, " ");
    }
    return *word != '\0';
}

void progress_add_providers(struct progress *progress, const json_t *providers)
{
    size_t i;
    json_t *provider;
    json_array_foreach(providers, i, provider)
    {
        const char *channel = json_string_value(json_object_get(provider, "channel"));
        if (channel != NULL && plan_has(progress, channel)) {
            struct buf notice = {0};
            notice_of_provider(&notice, provider);
            progress_add_notice(progress, buf_cstr(&notice));
            buf_clear(&notice);
            cli_unopened(&notice, json_object_get(provider, "unopened"));
            progress_add_notice(progress, buf_cstr(&notice));
            buf_release(&notice);
        }
    }
}

bool progress_is_stalled(const struct progress *progress)
{
    return strcmp(progress->state, "running") == 0 && progress->counts[PROGRESS_LEASED] == 0 &&
           progress->counts[PROGRESS_WAITING] > 0;
}

/* Has the worker something of the channel in hand, or would it take some? */
static bool worker_sends(const json_t *worker, const char *channel)
{
    return member_count(json_object_get(worker, "credit"), channel) > 0 ||
           member_count(json_object_get(worker, "in_hand"), channel) > 0;
}

/* How many connected workers there are, or of them those that send on the channel. */
static unsigned count_workers(const json_t *workers, const char *channel)
{
    unsigned count = 0;
    size_t i;
    json_t *worker;
    json_array_foreach(workers, i, worker)
    {
        count += json_is_true(json_object_get(worker, "connected")) &&
                 (channel == NULL || worker_sends(worker, channel));
    }
    return count;
}

void progress_add_workers(struct progress *progress, const json_t *workers)
{
    if (count_workers(workers, NULL) == 0) {
        progress_add_notice(progress, "no worker is connected; nothing is sent until one is");
        return;
    }
    for (const char *const *channel = plan_text_channels(); *channel != NULL; channel++) {
        if (plan_has(progress, *channel) && count_workers(workers, *channel) == 0) {
            struct buf notice = {0};
            buf_printf(&notice, "no connected worker can send on %s", *channel);
            progress_add_notice(progress, buf_cstr(&notice));
            buf_release(&notice);
        }
    }
}

/* ---- sums ---- */

/* The member's text behind some words. */
static void add_member(struct progress *progress, const json_t *campaign, const char *member,
                       const char *before)
{
    const char *value = json_string_value(json_object_get(campaign, member));
    if (value != NULL) {
        struct buf text = {0};
        buf_printf(&text, "%s %s", before, value);
        progress_add_notice(progress, buf_cstr(&text));
        buf_release(&text);
    }
}

static void add_round(struct progress *progress, const json_t *campaign)
{
    const json_t *rounds = json_object_get(campaign, "rounds");
    const json_t *last = json_array_get(rounds, json_array_size(rounds) - 1);
    if (json_is_object(last)) {
        struct buf text = {0};
        buf_printf(&text, "round %lld, since %s, for ",
                   (long long)json_integer_value(json_object_get(last, "round")),
                   json_string_value(json_object_get(last, "at")));
        human_plural(&text, (uint64_t)json_integer_value(json_object_get(last, "recipients")),
                     "person", "people");
        progress_add_notice(progress, buf_cstr(&text));
        buf_release(&text);
    }
}

void progress_add_control(struct progress *progress, const json_t *campaign)
{
    const json_t *stopped = json_object_get(campaign, "stopped");
    const char *by = json_string_value(json_object_get(stopped, "by"));
    add_round(progress, campaign);
    add_member(progress, campaign, "starts_at", "begins at");
    add_member(progress, campaign, "superseded_by", "superseded by");
    if (!progress_is_over(progress)) {
        add_member(progress, campaign, "expires_at", "sends nothing from");
    }
    if (by != NULL) {
        struct buf text = {0};
        buf_printf(&text, "stopped itself: %lld of %lld %s; resume goes on",
                   (long long)json_integer_value(json_object_get(stopped, "count")),
                   (long long)json_integer_value(json_object_get(stopped, "of")), by);
        progress_add_notice(progress, buf_cstr(&text));
        buf_release(&text);
    }
}

uint64_t progress_sum(const struct progress *progress)
{
    uint64_t sum = progress->other;
    for (unsigned i = 0; i < PROGRESS_STATES; i++) {
        sum += progress->counts[i];
    }
    return sum;
}

uint64_t progress_part(const struct progress *progress, enum progress_part part)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < PROGRESS_STATES; i++) {
        sum += state_rows[i].part == part ? progress->counts[i] : 0;
    }
    return sum;
}

uint64_t progress_not_reached(const struct progress *progress)
{
    return progress_part(progress, PROGRESS_LOST) + progress_part(progress, PROGRESS_DOUBTFUL) +
           progress->other;
}

uint64_t progress_settled(const struct progress *progress)
{
    uint64_t ended = progress_part(progress, PROGRESS_REACHED) + progress_not_reached(progress);
    return ended - (progress->open < ended ? progress->open : ended);
}

bool progress_is_over(const struct progress *progress)
{
    return strcmp(progress->state, "finished") == 0 ||
           (strcmp(progress->state, "cancelled") == 0 && progress->counts[PROGRESS_LEASED] == 0);
}

bool progress_is_same(const struct progress *a, const struct progress *b)
{
    return strcmp(a->state, b->state) == 0 && a->repeated == b->repeated && a->open == b->open &&
           a->recipients == b->recipients && a->other == b->other &&
           memcmp(a->counts, b->counts, sizeof(a->counts)) == 0;
}

void progress_line(struct buf *buf, const struct progress *progress)
{
    uint64_t settled = progress_settled(progress);
    buf_printf(buf, "%s %s: ", progress->id, progress->state);
    human_count(buf, settled);
    buf_str(buf, " of ");
    human_count(buf, progress->recipients);
    buf_str(buf, " settled (");
    human_percent(buf, settled, progress->recipients);
    buf_str(buf, ")");
    if (!progress_is_over(progress)) {
        buf_str(buf, ", ");
        human_rate(buf, progress->rate_per_s);
        buf_str(buf, "/s");
    }
    if (progress->time_left_s >= 0 && !progress_is_over(progress)) {
        buf_str(buf, ", ");
        human_duration(buf, progress->time_left_s);
        buf_str(buf, " left");
    }
    if (progress->open > 0) {
        buf_str(buf, ", ");
        human_plural(buf, progress->open, "acknowledgement", "acknowledgements");
        buf_str(buf, " awaited");
    }
    const char *between = "; ";
    for (unsigned i = 0; i < PROGRESS_STATES; i++) {
        if (progress->counts[i] > 0) {
            buf_printf(buf, "%s%s ", between, state_rows[i].word);
            human_count(buf, progress->counts[i]);
            between = ", ";
        }
    }
    for (unsigned i = 0; i < progress->notice_count; i++) {
        buf_printf(buf, "; %s", progress->notices[i]);
    }
    buf_u8(buf, '\n');
}
