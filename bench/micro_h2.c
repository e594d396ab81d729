/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     bench_micro_h2 ORIGIN CA_FILE COUNT CONNECTIONS STREAMS
 *
 * What the adapter of Firebase costs beyond libcurl: messages through it, between two runs of
 * bench_floor_h2's loop in the same process.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/channel_run.h"
#include "bench/floor_push.h"

#define PROJECT   "bench"
#define TITLE     "Outage of our service"
#define TOKEN_LEN 142 /* as Firebase gives them */

int main(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "usage: bench_micro_h2 ORIGIN CA_FILE COUNT CONNECTIONS STREAMS\n");
        return 2;
    }
    uint64_t count = strtoull(argv[3], NULL, 10);
    unsigned connections = (unsigned)strtoul(argv[4], NULL, 10);
    unsigned streams = (unsigned)strtoul(argv[5], NULL, 10);
    char settings[1024];
    char url[512];
    char endpoint[TOKEN_LEN];
    char text[] = "We expect it to be over by 18:00.";
    snprintf(settings, sizeof(settings),
             "{\"url\":\"%s\",\"project\":\"" PROJECT "\",\"service_account\":\"env:NONE\","
             "\"ca_file\":\"%s\",\"connections\":%u,\"streams\":%u}",
             argv[1], argv[2], connections, streams);
    snprintf(url, sizeof(url), "%s/v1/projects/" PROJECT "/messages:send", argv[1]);
    memset(endpoint, 'e', sizeof(endpoint));
    struct attempt attempt = {
        .endpoint = slice_of(endpoint, sizeof(endpoint)),
        .subject = slice_str(TITLE),
        .text = slice_str(text),
        .campaign = 1,
    };
    memset(attempt.token, 't', TOKEN_CHARS);
    struct floor_push push;
    floor_push_init(&push, url, argv[2], connections, streams);
    struct curl_floor_figures before = floor_push_run(&push, count);
    struct curl_floor_figures channel = channel_run("fcm", settings, &attempt, count);
    struct curl_floor_figures after = floor_push_run(&push, count);
    channel_run_print(&before, &channel, &after);
    floor_push_release(&push);
    return channel.failed == 0 ? 0 : 1;
}
