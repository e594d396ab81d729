/* SPDX-License-Identifier: Apache-2.0 */
/* floor_push: POSTs in the form of Firebase's through bare libcurl, as many streams at once as
 * fit on few HTTP/2 connections. */
#ifndef TOCSIN_BENCH_FLOOR_PUSH_H
#define TOCSIN_BENCH_FLOOR_PUSH_H

#include "bench/curl_floor.h"

/* Of a message with the title and the text of bench/cases/h2.py. */
#define FLOOR_PUSH_BYTES 420

struct floor_push {
    const char *url;
    const char *ca_file;
    unsigned connections;
    unsigned streams;
    struct curl_slist *headers;
    char body[FLOOR_PUSH_BYTES];
};

void floor_push_init(struct floor_push *push, const char *url, const char *ca_file,
                     unsigned connections, unsigned streams);
void floor_push_release(struct floor_push *push);
struct curl_floor_figures floor_push_run(struct floor_push *push, uint64_t count);

#endif
