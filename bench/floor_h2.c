/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     bench_floor_h2 URL CA_FILE COUNT CONNECTIONS STREAMS
 *
 * The least that a push message through libcurl's HTTP/2 costs.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench/floor_push.h"

int main(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "usage: bench_floor_h2 URL CA_FILE COUNT CONNECTIONS STREAMS\n");
        return 2;
    }
    struct floor_push push;
    floor_push_init(&push, argv[1], argv[2], (unsigned)strtoul(argv[4], NULL, 10),
                    (unsigned)strtoul(argv[5], NULL, 10));
    struct curl_floor_figures figures = floor_push_run(&push, strtoull(argv[3], NULL, 10));
    curl_floor_print(&figures);
    floor_push_release(&push);
    return figures.failed == 0 ? 0 : 1;
}
