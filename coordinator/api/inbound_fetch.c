/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/inbound_fetch.h"

#include "common/mem.h"
#include "net/http_client.h"

#define FETCHES    8
#define CONNECT_MS 3000
#define TIMEOUT_MS 5000

struct fetch {
    inbound_fetched_fn fetched; /* NULL: free, or nobody waits any more */
    void *arg;
    bool is_under_way;
};

struct inbound_fetcher {
    struct http_client *client;
    struct fetch fetches[FETCHES];
};

static void on_answer(void *arg, const struct http_answer *answer)
{
    struct inbound_fetcher *fetcher = arg;
    struct fetch done = fetcher->fetches[answer->tag];
    bool is_good = answer->status / 100 == 2 && answer->complete;
    fetcher->fetches[answer->tag] = (struct fetch){0};
    if (done.fetched != NULL) {
        done.fetched(done.arg, is_good ? answer->body : slice_str(""));
    }
}

struct inbound_fetcher *inbound_fetcher_new(uv_loop_t *loop, const char *ca_file)
{
    static const char *const headers[] = {NULL};
    struct inbound_fetcher *fetcher = mem_zalloc(1, sizeof(*fetcher));
    const struct http_client_settings settings = {
        .loop = loop,
        .on_answer = on_answer,
        .arg = fetcher,
        .connections = FETCHES,
        .connect_timeout_ms = CONNECT_MS,
        .timeout_ms = TIMEOUT_MS,
        .method = "GET",
        .headers = headers,
        .ca_file = ca_file,
    };
    fetcher->client = http_client_new(&settings);
    return fetcher;
}

void inbound_fetcher_close(struct inbound_fetcher *fetcher)
{
    if (fetcher != NULL) {
        http_client_close(fetcher->client);
        mem_free(fetcher);
    }
}

bool inbound_fetch(struct inbound_fetcher *fetcher, const char *url, inbound_fetched_fn fetched,
                   void *arg)
{
    for (uint32_t i = 0; i < FETCHES; i++) {
        if (fetcher->fetches[i].is_under_way) {
            continue;
        }
        struct http_request *request = http_client_take(fetcher->client);
        fetcher->fetches[i] = (struct fetch){.fetched = fetched, .arg = arg, .is_under_way = true};
        buf_str(http_request_url(request), url);
        http_request_send(request, i);
        return true;
    }
    return false;
}

void inbound_fetch_forget(struct inbound_fetcher *fetcher, const void *arg)
{
    for (unsigned i = 0; fetcher != NULL && i < FETCHES; i++) {
        if (fetcher->fetches[i].arg == arg) {
            fetcher->fetches[i].fetched = NULL;
        }
    }
}
