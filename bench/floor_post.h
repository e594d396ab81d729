/* SPDX-License-Identifier: Apache-2.0 */
/* floor_post: POSTs of 300 bytes through bare libcurl, over kept connections. */
#ifndef TOCSIN_BENCH_FLOOR_POST_H
#define TOCSIN_BENCH_FLOOR_POST_H

#include "bench/curl_floor.h"

#define FLOOR_POST_BYTES 300

struct floor_post {
    const char *url;
    unsigned connections;
    struct curl_slist *headers;
    char body[FLOOR_POST_BYTES];
};

void floor_post_init(struct floor_post *post, const char *url, unsigned connections);
void floor_post_release(struct floor_post *post);
struct curl_floor_figures floor_post_run(struct floor_post *post, uint64_t count);

#endif
