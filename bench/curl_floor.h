/* SPDX-License-Identifier: Apache-2.0 */
/*
 * curl_floor: as many transfers as asked for, as fast as libcurl can make them: a pool of easy
 * handles on one multi handle, driven by epoll without anything in between. Descriptors stay in the
 * epoll set between two transfers, there are no timeouts, and answers are not kept.
 */
#ifndef TOCSIN_BENCH_CURL_FLOOR_H
#define TOCSIN_BENCH_CURL_FLOOR_H

#include <curl/curl.h>
#include <stdint.h>

struct curl_floor_figures {
    uint64_t count;
    uint64_t failed;
    double seconds;
    double cpu_us; /* user and system, of this process, in all */
};

struct curl_floor {
    uint64_t count;
    unsigned connections; /* and transfers at once; with HTTP/2 only the latter */
    /* Sets up the multi handle; may be NULL. */
    void (*prepare_multi)(void *arg, CURLM *multi);
    /* Sets up the easy handle number i; once for each connection. */
    void (*prepare)(void *arg, CURL *easy, unsigned i);
    /* Before each transfer of handle i; may be NULL. */
    void (*again)(void *arg, unsigned i);
    void *arg;
};

struct curl_floor_figures curl_floor_run(const struct curl_floor *floor);
/* One line of JSON on standard output. */
void curl_floor_print(const struct curl_floor_figures *figures);

/* CPU time of this process until now, in microseconds. */
double curl_floor_cpu_us(void);
double curl_floor_now_s(void);

#endif
