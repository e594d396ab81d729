/* SPDX-License-Identifier: Apache-2.0 */
/* channel_run: one attempt sent many times through a channel, as many at once as it takes. */
#ifndef TOCSIN_BENCH_CHANNEL_RUN_H
#define TOCSIN_BENCH_CHANNEL_RUN_H

#include "bench/curl_floor.h"
#include "worker/channel/channel.h"

/* Failed are those not accepted. Ends the process if the channel cannot be opened. */
struct curl_floor_figures channel_run(const char *adapter, const char *settings,
                                      const struct attempt *attempt, uint64_t count);
/* One line of JSON: the channel between two runs of its floor. `floor_share` is how much of the
 * channel's CPU time the floor takes: 1 is as good as bare. */
void channel_run_print(const struct curl_floor_figures *before,
                       const struct curl_floor_figures *channel,
                       const struct curl_floor_figures *after);

#endif
