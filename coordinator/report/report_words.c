/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/report_words.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "proto/outcome.h"

const struct report_definition report_definitions[] = {
    {"recipients", "Everybody in the audience, each once. Shares are of recipients unless another "
                   "base is named."},
    {"reached", "Recipients of whom at least one message was accepted by a provider, on any "
                "channel, and did not come back, or of whom a receipt or an acknowledgement came. "
                "Accepted is not read."},
    {"delivered", "Recipients of whom a receipt said that a message arrived. Not every provider "
                  "gives receipts: a low share may mean that nobody can tell."},
    {"acknowledged", "Recipients who said that they know, themselves or through others."},
    {"acknowledged_by", "By what means they said so, the first time: these add up to acknowledged, "
                        "and shares are of it. What others entered was not said by the recipient "
                        "himself."},
    {"not_reached", "Recipients for whom it is over without a message that was accepted for sure: "
                    "failed, suppressed, unreachable, expired, cancelled, and uncertain. Of the "
                    "uncertain some may have been reached."},
    {"states", "Where each recipient stands, in exactly one state: they add up to recipients."},
    {"attempts", "Messages handed to a worker and not given back. Each was accepted, deferred (to "
                 "be tried again), refused or uncertain, overtaken by an acknowledgement "
                 "before its outcome was known, or is still under way. Not counted: what "
                 "was handed back unsent, what a provider turned away to slow down or could not be "
                 "connected for, and what had no endpoint to go to."},
    {"retries", "Attempts that followed a deferred one on the same endpoint."},
    {"uncertain", "Attempts that left without an answer. If the plan says so each is repeated "
                  "with the same token, by which the provider can know it again."},
    {"repeated", "Attempts that repeated an uncertain one."},
    {"bounced", "Messages that were accepted and of which a receipt said later that they did not "
                "arrive. Whoever has no other message is not reached."},
    {"first_word", "From the launch to the first accepted message of a recipient, on any channel. "
                   "50 % means: half of all recipients had theirs by then; nothing is said where "
                   "so many never had one. \"Of these\" counts only who had one."},
    {"receipt", "From the launch to the first receipt that says that a message of the recipient "
                "arrived."},
    {"acknowledgement", "From the launch to the recipient's acknowledgement. \"Answer\" is from "
                        "his first word to it."},
    {"channels", "Messages and people by channel. Who was reached on two channels counts in both, "
                 "so people do not add up. An acknowledgement counts for the step on which the "
                 "recipient stood when it came."},
    {"ladder", "Each step of the plan: who came to it, of whom an attempt was made there, whose "
               "message was accepted, who acknowledged while he stood there, and who went on to a "
               "further step."},
    {"failures", "Times: how often it happened on a step, also where it was made up for later, and "
                 "receipts of failure. People: those not reached, each once, by what ended it."},
    {"rate", "Accepted messages a second: in the busiest second (of long campaigns: in the busiest "
             "of equal parts, whose length is told), and on average from the launch to the last."},
    {"duration", "From the launch to the end, or to now while it runs. Pauses are in it."},
    {"precision", "Times are exact to 0.4 %."},
    {NULL, NULL},
};

static const struct {
    const char *name;
    uint16_t reason; /* whose sentence says it */
} MEANS[REPORT_MEANS] = {
    [REPORT_BY_LINK] = {"link", REASON_BY_LINK},
    [REPORT_BY_REPLY] = {"reply", REASON_BY_REPLY},
    [REPORT_BY_KEY] = {"key", REASON_BY_KEY},
    [REPORT_BY_OTHERS] = {"others", REASON_BY_OTHERS},
    [REPORT_BY_UNKNOWN] = {"unknown", REASON_NONE},
};

const char *report_means_name(enum report_means means)
{
    return means < REPORT_MEANS ? MEANS[means].name : "?";
}

const char *report_means_meaning(enum report_means means)
{
    uint16_t reason = means < REPORT_MEANS ? MEANS[means].reason : REASON_NONE;
    return reason == REASON_NONE ? "the journal of that time did not say" : reason_sentence(reason);
}

const char *report_state_meaning(enum delivery_state state)
{
    static const char *const MEANINGS[DELIVERY_STATES] = {
        [DELIVERY_NONE] = "",
        [DELIVERY_WAITING] = "nothing was sent yet, or the next step is to come",
        [DELIVERY_LEASED] = "with a worker now",
        [DELIVERY_ACCEPTED] = "a provider took the message",
        [DELIVERY_DELIVERED] = "a receipt says that it arrived",
        [DELIVERY_ACKNOWLEDGED] = "the recipient said that he knows",
        [DELIVERY_RETRYING] = "to be tried again",
        [DELIVERY_FAILED] = "no message could be sent, or it came back",
        [DELIVERY_SUPPRESSED] = "must not be sent to",
        [DELIVERY_UNREACHABLE] = "has no endpoint that the plan could use",
        [DELIVERY_EXPIRED] = "the time was over before it could be sent",
        [DELIVERY_CANCELLED] = "the campaign was cancelled before",
        [DELIVERY_UNCERTAIN] = "may or may not have been sent",
    };
    return state < DELIVERY_STATES ? MEANINGS[state] : "?";
}

void report_put_count(struct buf *buf, double count)
{
    char digits[24];
    snprintf(digits, sizeof(digits), "%.0f", fabs(round(count)));
    size_t len = strlen(digits);
    if (round(count) < 0) {
        buf_str(buf, "-");
    }
    for (size_t i = 0; i < len; i++) {
        buf_u8(buf, (uint8_t)digits[i]);
        if ((len - i) % 3 == 1 && i + 1 < len) {
            buf_str(buf, ",");
        }
    }
}

void report_put_share(struct buf *buf, double share)
{
    double percent = share * 100;
    if (percent > 99.9 && percent < 100) {
        percent = 99.9;
    }
    if (percent > 0 && percent < 0.1) {
        buf_str(buf, "< 0.1 %");
    } else {
        buf_printf(buf, "%.1f %%", percent);
    }
}

static void put_two(struct buf *buf, uint64_t seconds, uint64_t large, const char *large_name,
                    uint64_t small, const char *small_name)
{
    buf_printf(buf, "%" PRIu64 " %s", seconds / large, large_name);
    if (seconds % large / small > 0) {
        buf_printf(buf, " %" PRIu64 " %s", seconds % large / small, small_name);
    }
}

void report_put_seconds(struct buf *buf, double seconds)
{
    if (seconds < 0) {
        buf_str(buf, "-");
        seconds = -seconds;
    }
    uint64_t whole = (uint64_t)(seconds + 0.5);
    if (seconds < 0.0005) {
        buf_str(buf, "0 s");
    } else if (seconds < 0.01) {
        buf_printf(buf, "%.0f ms", seconds * 1000);
    } else if (seconds < 10) {
        buf_printf(buf, "%.2f s", seconds);
    } else if (seconds < 59.95) {
        buf_printf(buf, "%.1f s", seconds);
    } else if (whole < 3600) {
        put_two(buf, whole, 60, "min", 1, "s");
    } else if (whole < 86400) {
        put_two(buf, whole, 3600, "h", 60, "min");
    } else {
        put_two(buf, whole, 86400, "d", 3600, "h");
    }
}

void report_put_rate(struct buf *buf, double per_s)
{
    if (fabs(per_s) < 100) {
        buf_printf(buf, "%.1f", per_s);
    } else {
        report_put_count(buf, per_s);
    }
}

void report_put_time(struct buf *buf, const char *time)
{
    uint64_t unix_ms;
    if (strlen(time) != TEXT_TIME_BYTES || !text_time_parse(slice_str(time), &unix_ms)) {
        buf_str(buf, time);
        return;
    }
    buf_slice(buf, slice_of((const uint8_t *)time, 10));
    buf_str(buf, " ");
    buf_slice(buf, slice_of((const uint8_t *)time + 11, 8));
    buf_str(buf, " UTC");
}
