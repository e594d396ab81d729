/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     bench_floor_http URL COUNT CONNECTIONS
 *
 * The least that a POST of 300 bytes through libcurl costs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/curl_floor.h"

#define BODY_BYTES 300

struct floor_http {
    const char *url;
    struct curl_slist *headers;
    char body[BODY_BYTES];
};

static void prepare(void *arg, CURL *easy, unsigned i)
{
    (void)i;
    struct floor_http *http = arg;
    curl_easy_setopt(easy, CURLOPT_URL, http->url);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, http->headers);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, http->body);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)BODY_BYTES);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: bench_floor_http URL COUNT CONNECTIONS\n");
        return 2;
    }
    struct floor_http http = {.url = argv[1]};
    memset(http.body, 'x', BODY_BYTES);
    http.headers = curl_slist_append(NULL, "Content-Type: application/json");
    struct curl_floor floor = {
        .count = strtoull(argv[2], NULL, 10),
        .connections = (unsigned)strtoul(argv[3], NULL, 10),
        .prepare = prepare,
        .arg = &http,
    };
    struct curl_floor_figures figures = curl_floor_run(&floor);
    curl_floor_print(&figures);
    curl_slist_free_all(http.headers);
    return figures.failed == 0 ? 0 : 1;
}
