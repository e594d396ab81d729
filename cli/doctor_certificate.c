/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What would keep clients from the API and from links although the coordinator starts: a
 * certificate that is over, or soon will be, or is for others. Whoever renews certificates does so
 * a month before the end; the alarm TocsinCertificateEnds comes two weeks before.
 */
#include <inttypes.h>
#include <string.h>

#include "cli/doctor.h"
#include "common/clock.h"
#include "common/text.h"

#define HOUR_MS    (UINT64_C(3600) * 1000)
#define DAY_MS     (24 * HOUR_MS)
#define SOON_DAYS  30
#define SHORT_DAYS 7
#define NAMES_TOLD 5
#define RENEW      "put a new one and its key in their places and send the coordinator SIGHUP"

static uint64_t time_of(const json_t *tls, const char *name)
{
    uint64_t at_ms = 0;
    bool is_time = text_time_parse(slice_str(cli_member_str(tls, name)), &at_ms);
    return is_time ? at_ms : 0;
}

static void put_day(struct buf *text, uint64_t at_ms)
{
    char time[TEXT_TIME_BYTES + 1];
    text_time_str(time, at_ms);
    buf_append(text, time, strlen("2026-11-29"));
}

static void put_span(struct buf *text, uint64_t span_ms)
{
    bool is_short = span_ms < 2 * DAY_MS;
    uint64_t count = span_ms / (is_short ? HOUR_MS : DAY_MS);
    buf_printf(text, "%" PRIu64 " %s%s", count, is_short ? "hour" : "day", count == 1 ? "" : "s");
}

static void put_names(struct buf *text, const json_t *names)
{
    size_t count = json_array_size(names);
    for (size_t i = 0; i < count && i < NAMES_TOLD; i++) {
        buf_printf(text, "%s%s", i == 0 ? "" : ", ", json_string_value(json_array_get(names, i)));
    }
    if (count > NAMES_TOLD) {
        buf_printf(text, " and %zu more", count - NAMES_TOLD);
    }
}

/* Whoever signed it may end before it does. */
static enum doctor_result judge_time(const json_t *tls, const char *file, uint64_t now_ms,
                                     struct buf *text)
{
    uint64_t from_ms = time_of(tls, "from");
    uint64_t until_ms = time_of(tls, "until");
    uint64_t signers_ms = time_of(tls, "signers_until");
    const char *whose = "";
    if (signers_ms != 0 && signers_ms < until_ms) {
        until_ms = signers_ms;
        whose = "one that signed it and stands in ";
    }
    buf_printf(text, "listen.tls: %s%s ", whose, file);
    if (now_ms < from_ms) {
        buf_str(text, "is good only from ");
        put_day(text, from_ms);
        buf_str(text, " on, clients refuse it until then; or the clock of this machine is wrong");
        return DOCTOR_FAIL;
    }
    if (until_ms == 0) {
        buf_str(text, "does not say until when it is good");
        return DOCTOR_WARN;
    }
    uint64_t left_ms = until_ms > now_ms ? until_ms - now_ms : 0;
    if (left_ms < SOON_DAYS * DAY_MS) {
        buf_str(text, left_ms == 0 ? "ended on " : "ends on ");
        put_day(text, until_ms);
        if (left_ms > 0) {
            buf_str(text, ", in ");
            put_span(text, left_ms);
        }
        buf_str(text, left_ms == 0                    ? ", clients refuse it; "
                      : left_ms < SHORT_DAYS * DAY_MS ? ", and clients refuse it from then on: now "
                                                      : "; ");
        buf_str(text, RENEW);
        return left_ms == 0 ? DOCTOR_FAIL : DOCTOR_WARN;
    }
    buf_str(text, "and its key can be used, for ");
    put_span(text, left_ms);
    buf_str(text, " more, until ");
    put_day(text, until_ms);
    return DOCTOR_OK;
}

enum doctor_result doctor_judge_certificate(const json_t *tls, const char *file, uint64_t now_ms,
                                            struct buf *text)
{
    const json_t *names = json_object_get(tls, "names");
    const char *not_for = cli_member_str(tls, "not_for");
    const char *result = cli_member_str(tls, "result");
    if (strcmp(result, "ok") != 0) {
        bool is_missing = strcmp(result, "missing") == 0;
        buf_printf(text, "%s%s", cli_member_str(tls, "problem"),
                   is_missing ? "; the coordinator does not start without it" : "");
        return is_missing ? DOCTOR_WARN : DOCTOR_FAIL;
    }
    enum doctor_result judged = judge_time(tls, file, now_ms, text);
    if (json_array_size(names) == 0) {
        buf_str(text, "; it names no host (subjectAltName), and most clients accept it for none");
        return judged == DOCTOR_OK ? DOCTOR_WARN : judged;
    }
    buf_str(text, "; it is for ");
    put_names(text, names);
    if (*not_for != '\0') {
        buf_printf(text,
                   " and not for %s, where public_url leads: right only if something else "
                   "answers there with a certificate of its own",
                   not_for);
        return judged == DOCTOR_OK ? DOCTOR_WARN : judged;
    }
    return judged;
}

void doctor_check_certificate(struct doctor *doctor, const json_t *listening)
{
    const json_t *tls = json_object_get(listening, "tls");
    struct buf text = {0};
    if (tls != NULL) {
        enum doctor_result result = doctor_judge_certificate(
            tls, cli_member_str(listening, "certificate"), clock_unix_ms(), &text);
        doctor_tell(doctor, result, "listen.tls", "%s", buf_cstr(&text));
    }
    buf_release(&text);
}
