/* SPDX-License-Identifier: Apache-2.0 */
/* floor_post: POSTs through bare libcurl, over kept connections; of 300 bytes unless told. */
#ifndef TOCSIN_BENCH_FLOOR_POST_H
#define TOCSIN_BENCH_FLOOR_POST_H

#include "bench/curl_floor.h"

#define FLOOR_POST_BYTES 300

struct floor_post {
    const char *url;
    unsigned connections;
    struct curl_slist *headers;
    char small[FLOOR_POST_BYTES];
    const char *body; /* `small`, until another one is put here */
    size_t body_bytes;
};

void floor_post_init(struct floor_post *post, const char *url, unsigned connections);
void floor_post_release(struct floor_post *post);
struct curl_floor_figures floor_post_run(struct floor_post *post, uint64_t count);

#endif
