/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/floor_post.h"

#include <string.h>

static void prepare(void *arg, CURL *easy, unsigned i)
{
    (void)i;
    struct floor_post *post = arg;
    curl_easy_setopt(easy, CURLOPT_URL, post->url);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, post->headers);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, post->body);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)post->body_bytes);
}

void floor_post_init(struct floor_post *post, const char *url, unsigned connections)
{
    *post = (struct floor_post){.url = url, .connections = connections};
    memset(post->small, 'x', FLOOR_POST_BYTES);
    post->body = post->small;
    post->body_bytes = FLOOR_POST_BYTES;
    post->headers = curl_slist_append(NULL, "Content-Type: application/json");
}

void floor_post_release(struct floor_post *post)
{
    curl_slist_free_all(post->headers);
}

struct curl_floor_figures floor_post_run(struct floor_post *post, uint64_t count)
{
    struct curl_floor floor = {
        .count = count, .connections = post->connections, .prepare = prepare, .arg = post};
    return curl_floor_run(&floor);
}
