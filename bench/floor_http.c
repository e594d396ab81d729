/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     bench_floor_http URL COUNT CONNECTIONS
 *
 * The least that a POST of 300 bytes through libcurl costs.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench/floor_post.h"

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: bench_floor_http URL COUNT CONNECTIONS\n");
        return 2;
    }
    struct floor_post post;
    floor_post_init(&post, argv[1], (unsigned)strtoul(argv[3], NULL, 10));
    struct curl_floor_figures figures = floor_post_run(&post, strtoull(argv[2], NULL, 10));
    curl_floor_print(&figures);
    floor_post_release(&post);
    return figures.failed == 0 ? 0 : 1;
}
