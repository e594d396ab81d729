/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits of a provider that are right one by one and senseless together: the coordinator takes
 * them, and the operator wonders later why it is slow. Warnings only.
 */
#include <inttypes.h>
#include <stdio.h>

#include "cli/doctor.h"

#define DAY_MIN      1440
#define OPEN_LEAST   60    /* minutes a day: less was hardly meant */
#define ANSWER_LEAST 0.002 /* seconds: no provider answers faster than that */

static bool minute_of(const char *text, unsigned *minute)
{
    unsigned hours;
    unsigned minutes;
    if (sscanf(text, "%2u:%2u", &hours, &minutes) != 2 || hours > 23 || minutes > 59) {
        return false;
    }
    *minute = hours * 60 + minutes;
    return true;
}

/* In how many minutes of a day it may send. */
static unsigned open_minutes(const json_t *provider)
{
    const json_t *quiet = json_object_get(provider, "quiet_hours");
    unsigned from;
    unsigned to;
    if (!minute_of(cli_member_str(quiet, "from"), &from) ||
        !minute_of(cli_member_str(quiet, "to"), &to)) {
        return DAY_MIN;
    }
    return (from + DAY_MIN - to) % DAY_MIN;
}

void doctor_check_limits(struct doctor *doctor, const json_t *provider)
{
    const char *name = cli_member_str(provider, "name");
    double rate = json_number_value(json_object_get(provider, "rate"));
    double concurrency = (double)cli_member_count(provider, "concurrency");
    double quota = (double)cli_member_count(provider, "quota");
    unsigned open_min = open_minutes(provider);
    double most = rate * 60 * open_min;
    if (open_min < OPEN_LEAST) {
        doctor_tell(doctor, DOCTOR_WARN, "providers",
                    "provider %s: its quiet_hours leave %u minutes a day to send in", name,
                    open_min);
    }
    if (rate > 0 && quota > most) {
        doctor_tell(doctor, DOCTOR_WARN, "providers",
                    "provider %s: its quota of %.0f a day is never reached: at its rate of %g a "
                    "second%s it is %.0f at most",
                    name, quota, rate, open_min < DAY_MIN ? ", outside its quiet_hours," : "",
                    most);
    }
    if (rate > 0 && concurrency > 0 && concurrency < rate * ANSWER_LEAST) {
        doctor_tell(doctor, DOCTOR_WARN, "providers",
                    "provider %s: with a concurrency of %.0f it comes to its rate of %g a second "
                    "only if each answer takes less than %.3g ms",
                    name, concurrency, rate, concurrency / rate * 1000);
    }
}
