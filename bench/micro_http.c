/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     bench_micro_http URL COUNT CONNECTIONS
 *
 * What the http adapter costs beyond libcurl: POSTs of 300 bytes through it, between two runs of
 * bench_floor_http's loop in the same process.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/channel_run.h"
#include "bench/floor_post.h"

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: bench_micro_http URL COUNT CONNECTIONS\n");
        return 2;
    }
    uint64_t count = strtoull(argv[2], NULL, 10);
    unsigned connections = (unsigned)strtoul(argv[3], NULL, 10);
    char settings[1024];
    snprintf(settings, sizeof(settings),
             "{\"url\":\"%s\",\"connections\":%u,"
             "\"body\":{\"to\":\"{{to}}\",\"reference\":\"{{token}}\",\"text\":\"{{text}}\"}}",
             argv[1], connections);
    struct floor_post post;
    floor_post_init(&post, argv[1], connections);
    /* Its body has as many bytes as the floor's. */
    size_t around = strlen("{\"to\":\"\",\"reference\":\"\",\"text\":\"\"}") + 13 + TOKEN_CHARS;
    struct attempt attempt = {
        .endpoint = slice_str("+479000000001"),
        .text = slice_of(post.body, FLOOR_POST_BYTES - around),
    };
    memset(attempt.token, 't', TOKEN_CHARS);
    struct curl_floor_figures before = floor_post_run(&post, count);
    struct curl_floor_figures channel = channel_run("http", settings, &attempt, count);
    struct curl_floor_figures after = floor_post_run(&post, count);
    channel_run_print(&before, &channel, &after);
    floor_post_release(&post);
    return channel.failed == 0 ? 0 : 1;
}
