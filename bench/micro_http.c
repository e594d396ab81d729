/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     bench_micro_http URL COUNT CONNECTIONS
 *
 * What the http adapter costs beyond libcurl: POSTs of 300 bytes through it, between two runs of
 * bench_floor_http's loop in the same process.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/curl_floor.h"
#include "common/log.h"
#include "worker/channel/channel.h"

#define BODY_BYTES 300

struct micro_http {
    const char *url;
    uint64_t count;
    unsigned connections;
    struct curl_slist *headers;
    char body[BODY_BYTES];
    struct channel *channel;
    struct attempt attempt;
    uint64_t started;
    uint64_t answered;
    uint64_t accepted;
};

static void prepare(void *arg, CURL *easy, unsigned i)
{
    (void)i;
    struct micro_http *micro = arg;
    curl_easy_setopt(easy, CURLOPT_URL, micro->url);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, micro->headers);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, micro->body);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)BODY_BYTES);
}

static struct curl_floor_figures run_floor(struct micro_http *micro)
{
    struct curl_floor floor = {
        .count = micro->count, .connections = micro->connections, .prepare = prepare, .arg = micro};
    return curl_floor_run(&floor);
}

static void start_next(struct micro_http *micro)
{
    micro->started++;
    micro->attempt.id = (uint32_t)micro->started;
    micro->channel->adapter->start(micro->channel, &micro->attempt);
}

static void on_result(void *arg, uint32_t attempt, const struct attempt_result *result)
{
    (void)attempt;
    struct micro_http *micro = arg;
    micro->answered++;
    micro->accepted += result->outcome == OUTCOME_ACCEPTED;
    if (micro->started < micro->count) {
        start_next(micro);
    }
}

static struct channel *open_channel(struct micro_http *micro, uv_loop_t *loop)
{
    char settings[1024];
    snprintf(settings, sizeof(settings),
             "{\"url\":\"%s\",\"connections\":%u,"
             "\"body\":{\"to\":\"{{to}}\",\"reference\":\"{{token}}\",\"text\":\"{{text}}\"}}",
             micro->url, micro->connections);
    struct channel_context context = {.loop = loop, .result = on_result, .arg = micro};
    struct wire_provider provider = {.name = "bench", .adapter = "http", .settings = settings};
    struct channel *channel;
    struct problem problem = {0};
    if (channel_open(&channel, &context, &provider, &problem) != ERR_OK) {
        fprintf(stderr, "bench_micro_http: %s\n", problem.text);
        exit(2);
    }
    return channel;
}

static struct curl_floor_figures run_channel(struct micro_http *micro)
{
    uv_loop_t loop;
    uv_loop_init(&loop);
    micro->channel = open_channel(micro, &loop);
    micro->started = 0;
    micro->answered = 0;
    micro->accepted = 0;
    double cpu_us = curl_floor_cpu_us();
    double from = curl_floor_now_s();
    for (unsigned i = 0; i < micro->connections && micro->started < micro->count; i++) {
        start_next(micro);
    }
    while (micro->answered < micro->count) {
        uv_run(&loop, UV_RUN_ONCE);
    }
    struct curl_floor_figures figures = {
        .count = micro->count,
        .failed = micro->count - micro->accepted,
        .seconds = curl_floor_now_s() - from,
        .cpu_us = curl_floor_cpu_us() - cpu_us,
    };
    micro->channel->adapter->close(micro->channel);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    return figures;
}

/* A body of exactly 300 bytes, as the floor's. */
static void fill_attempt(struct attempt *attempt, char text[BODY_BYTES])
{
    size_t around = strlen("{\"to\":\"\",\"reference\":\"\",\"text\":\"\"}") + 13 + TOKEN_CHARS;
    memset(text, 'x', BODY_BYTES);
    memset(attempt->token, 't', TOKEN_CHARS);
    attempt->endpoint = slice_str("+479000000001");
    attempt->text = slice_of(text, BODY_BYTES - around);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: bench_micro_http URL COUNT CONNECTIONS\n");
        return 2;
    }
    struct micro_http micro = {
        .url = argv[1],
        .count = strtoull(argv[2], NULL, 10),
        .connections = (unsigned)strtoul(argv[3], NULL, 10),
    };
    char text[BODY_BYTES];
    fill_attempt(&micro.attempt, text);
    memset(micro.body, 'x', BODY_BYTES);
    micro.headers = curl_slist_append(NULL, "Content-Type: application/json");
    struct curl_floor_figures before = run_floor(&micro);
    struct curl_floor_figures channel = run_channel(&micro);
    struct curl_floor_figures after = run_floor(&micro);
    double count = (double)micro.count;
    double floor_us = (before.cpu_us + after.cpu_us) / 2 / count;
    printf("{\"count\":%" PRIu64 ",\"failed\":%" PRIu64 ",\"per_s\":%.0f,\"cpu_us\":%.2f,"
           "\"floor_per_s\":%.0f,\"floor_cpu_us\":%.2f,\"floor_share\":%.3f}\n",
           micro.count, channel.failed + before.failed + after.failed, count / channel.seconds,
           channel.cpu_us / count, count * 2 / (before.seconds + after.seconds), floor_us,
           floor_us / (channel.cpu_us / count));
    curl_slist_free_all(micro.headers);
    return channel.failed == 0 ? 0 : 1;
}
