/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/channel_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct run {
    struct channel *channel;
    struct attempt attempt;
    uint64_t count;
    uint64_t started;
    uint64_t answered;
    uint64_t accepted;
};

static void start_next(struct run *run)
{
    run->started++;
    run->attempt.id = (uint32_t)run->started;
    run->channel->adapter->start(run->channel, &run->attempt);
}

static void on_result(void *arg, uint32_t attempt, const struct attempt_result *result)
{
    (void)attempt;
    struct run *run = arg;
    run->answered++;
    run->accepted += result->outcome == OUTCOME_ACCEPTED;
    if (run->started < run->count) {
        start_next(run);
    }
}

static void open_channel(struct run *run, uv_loop_t *loop, const char *adapter,
                         const char *settings)
{
    struct channel_context context = {.loop = loop, .result = on_result, .arg = run};
    struct wire_provider provider = {.name = "bench", .adapter = adapter, .settings = settings};
    struct problem problem = {0};
    if (channel_open(&run->channel, &context, &provider, &problem) != ERR_OK) {
        fprintf(stderr, "bench: %s\n", problem.text);
        exit(2); /* NOLINT(concurrency-mt-unsafe): there is one thread */
    }
}

struct curl_floor_figures channel_run(const char *adapter, const char *settings,
                                      const struct attempt *attempt, uint64_t count)
{
    struct run run = {.attempt = *attempt, .count = count};
    uv_loop_t loop;
    uv_loop_init(&loop);
    open_channel(&run, &loop, adapter, settings);
    if (run.channel->adapter->set_bearer != NULL) {
        run.channel->adapter->set_bearer(run.channel, adapter, slice_str("ya29.bench"));
    }
    uint32_t concurrency = run.channel->adapter->concurrency(run.channel);
    double cpu_us = curl_floor_cpu_us();
    double from = curl_floor_now_s();
    for (uint32_t i = 0; i < concurrency && run.started < count; i++) {
        start_next(&run);
    }
    while (run.answered < count) {
        uv_run(&loop, UV_RUN_ONCE);
    }
    struct curl_floor_figures figures = {
        .count = count,
        .failed = count - run.accepted,
        .seconds = curl_floor_now_s() - from,
        .cpu_us = curl_floor_cpu_us() - cpu_us,
    };
    run.channel->adapter->close(run.channel);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    return figures;
}

void channel_run_print(const struct curl_floor_figures *before,
                       const struct curl_floor_figures *channel,
                       const struct curl_floor_figures *after)
{
    double count = (double)channel->count;
    double floor_us = (before->cpu_us + after->cpu_us) / 2 / count;
    printf("{\"count\":%" PRIu64 ",\"failed\":%" PRIu64 ",\"per_s\":%.0f,\"cpu_us\":%.2f,"
           "\"floor_per_s\":%.0f,\"floor_cpu_us\":%.2f,\"floor_share\":%.3f}\n",
           channel->count, channel->failed + before->failed + after->failed,
           count / channel->seconds, channel->cpu_us / count,
           count * 2 / (before->seconds + after->seconds), floor_us,
           floor_us / (channel->cpu_us / count));
}
