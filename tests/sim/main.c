/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     sim [--seeds N] [--first S] [--verbose]
 *
 * Plays N seeds from S on. Progress goes to standard error; the exit code is 1 at the first broken
 * promise.
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/log.h"
#include "tests/sim/sim.h"

#define PROGRESS_SEEDS 100

static double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void print_states(const uint64_t counts[DELIVERY_STATES])
{
    for (unsigned s = DELIVERY_WAITING; s < DELIVERY_STATES; s++) {
        if (counts[s] > 0) {
            fprintf(stderr, "%s %" PRIu64 " ", delivery_state_name((enum delivery_state)s),
                    counts[s]);
        }
    }
}

static void print_suppressions(const struct sim_totals *totals)
{
    fprintf(stderr,
            "\nsuppressions asked for: all %" PRIu64 ", a channel %" PRIu64 ", an endpoint %" PRIu64
            "; bars %" PRIu64 ", before anything was sent %" PRIu64
            ", starts of earlier leases after it %" PRIu64 "\nsuppressed while: ",
            totals->suppressions[0], totals->suppressions[1], totals->suppressions[2], totals->bars,
            totals->suppressed_unsent, totals->starts_barred);
    print_states(totals->suppressed_as);
}

static void print_totals(const struct sim_totals *totals, uint64_t seeds, double took_s)
{
    static const char *const FAULTS[SIM_FAULTS] = {
        "coordinator crashes", "coordinator freezes", "clock jumps", "worker crashes",
        "worker freezes",      "worker drains",       "link breaks", "clocks of workers set"};
    fprintf(stderr,
            "%" PRIu64 " seeds, %" PRIu64 " steps in %.1f s\n"
            "starts %" PRIu64 ", marks %" PRIu64 ", duplicates %" PRIu64
            " (all marked), records %" PRIu64 ", replays compared %" PRIu64 "\n"
            "campaigns finished %" PRIu64 ", cancelled %" PRIu64 "; messages lost %" PRIu64 "\n",
            seeds, totals->steps, took_s, totals->starts, totals->marks, totals->duplicates,
            totals->records, totals->replays, totals->finished, totals->cancelled, totals->lost);
    for (unsigned fault = 0; fault < SIM_FAULTS; fault++) {
        fprintf(stderr, "%s %" PRIu64 "%s", FAULTS[fault], totals->faults[fault],
                fault + 1 < SIM_FAULTS ? ", " : "\nrecipients: ");
    }
    print_states(totals->by_state);
    fprintf(stderr, "\nacknowledged while: ");
    print_states(totals->acknowledged_as);
    fprintf(stderr, "in campaigns that are: ");
    for (unsigned s = 0; s < CAMPAIGN_STATES; s++) {
        fprintf(stderr, "%s %" PRIu64 " ", campaign_state_name((enum campaign_state)s),
                totals->acknowledged_in[s]);
    }
    fprintf(stderr, "late %" PRIu64 " ", totals->acknowledged_late);
    fprintf(stderr,
            "\nstarts of earlier leases after it: %" PRIu64 "; recalls %" PRIu64
            ", returned for them %" PRIu64 ", after a lease was given up %" PRIu64,
            totals->starts_after, totals->recalls, totals->recalled, totals->lost_recalls);
    fprintf(stderr,
            "\nleases between quiet hours %" PRIu64 ", between a provider's %" PRIu64
            ", people seen held %" PRIu64 ", capped %" PRIu64
            "; campaigns with somebody due %" PRIu64 ", with nobody %" PRIu64,
            totals->quiet_leases, totals->quiet_provider_leases, totals->holds, totals->capped,
            totals->due_now, totals->due_later);
    print_suppressions(totals);
    sim_control_print(&totals->control);
    sim_health_print(&totals->health);
    sim_receipts_print(&totals->receipts);
    fprintf(stderr, "\nlimits changed %" PRIu64 ", starts at a provider's concurrency %" PRIu64,
            totals->limit_changes, totals->most_under_way);
    fprintf(stderr,
            ", leases at a campaign's own rate %" PRIu64 ", runs with several priorities %" PRIu64,
            totals->own_rate_leases, totals->overtakes);
    fprintf(stderr, "\npairs of steps come to %" PRIu64, totals->pairs);
    sim_retry_print(&totals->retry);
    fprintf(stderr, "\ndays of quotas %" PRIu64 ", used up %" PRIu64, totals->days.days,
            totals->days.used_up);
    fprintf(stderr, "\nended on step: ");
    for (unsigned step = 0; step < SIM_STEPS_MAX; step++) {
        fprintf(stderr, "%u %" PRIu64 " ", step, totals->by_step[step]);
    }
    fprintf(stderr,
            "\nslowest: %.1f s after the last fault (seed %" PRIu64
            "); starts ran %.1f s ahead of a rate (seed %" PRIu64 ")\n",
            (double)totals->slowest_ms / 1000.0, totals->slowest_seed, totals->overshoot_s,
            totals->overshoot_seed);
}

int main(int argc, char **argv)
{
    uint64_t seeds = 100;
    uint64_t first = 1;
    bool is_verbose = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--verbose") == 0) {
            is_verbose = true;
        } else if (strcmp(argv[i], "--seeds") == 0 && i + 1 < argc) {
            seeds = strtoull(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--first") == 0 && i + 1 < argc) {
            first = strtoull(argv[++i], NULL, 10);
        } else {
            fprintf(stderr, "usage: sim [--seeds N] [--first S] [--verbose]\n");
            return 2;
        }
    }
    if (sodium_init() < 0) {
        return EXIT_FAILURE;
    }
    /* Cores complain of what they are put through; only who looks on wants to read it. */
    log_init(is_verbose ? LOG_DEBUG : LOG_ERROR, is_verbose ? 2 : -1);
    struct sim_totals totals = {0};
    double began_s = seconds();
    for (uint64_t seed = first; seed < first + seeds; seed++) {
        sim_play(seed, is_verbose, &totals);
        if ((seed - first + 1) % PROGRESS_SEEDS == 0) {
            fprintf(stderr, "%" PRIu64 " seeds, %.1f s\n", seed - first + 1, seconds() - began_s);
        }
    }
    print_totals(&totals, seeds, seconds() - began_s);
    return EXIT_SUCCESS;
}
