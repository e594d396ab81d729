/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/floor_push.h"

#include <string.h>

static void prepare(void *arg, CURL *easy, unsigned i)
{
    (void)i;
    struct floor_push *push = arg;
    curl_easy_setopt(easy, CURLOPT_URL, push->url);
    curl_easy_setopt(easy, CURLOPT_CAINFO, push->ca_file);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, push->headers);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, push->body);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)FLOOR_PUSH_BYTES);
}

static void prepare_multi(void *arg, CURLM *multi)
{
    const struct floor_push *push = arg;
    curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)push->connections);
    curl_multi_setopt(multi, CURLMOPT_MAX_CONCURRENT_STREAMS, (long)push->streams);
}

void floor_push_init(struct floor_push *push, const char *url, const char *ca_file,
                     unsigned connections, unsigned streams)
{
    *push = (struct floor_push){
        .url = url, .ca_file = ca_file, .connections = connections, .streams = streams};
    memset(push->body, 'x', FLOOR_PUSH_BYTES);
    push->headers = curl_slist_append(NULL, "content-type: application/json");
    push->headers = curl_slist_append(push->headers, "accept:");
    push->headers = curl_slist_append(push->headers, "authorization: Bearer ya29.bench");
}

void floor_push_release(struct floor_push *push)
{
    curl_slist_free_all(push->headers);
}

struct curl_floor_figures floor_push_run(struct floor_push *push, uint64_t count)
{
    struct curl_floor floor = {.count = count,
                               .connections = push->connections * push->streams,
                               .prepare = prepare,
                               .prepare_multi = prepare_multi,
                               .arg = push};
    return curl_floor_run(&floor);
}
