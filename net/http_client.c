/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request is an easy handle with its buffers; a client has as many as it may have connections (or
 * streams on them), and whatever does not change is set on them once. Of libcurl's options, those
 * that it copies (the URL) are set anew only where they differ from request to request.
 */
#include "net/http_client.h"

#include <assert.h>
#include <curl/curl.h>
#include <strings.h>

#include "common/mem.h"
#include "net/transfer.h"

/* libcurl asks for leave (Expect: 100-continue, a second of waiting) to send more than this. */
#define EXPECT_BYTES 1048576

struct http_request {
    struct transfer transfer; /* first: callbacks get it */
    struct http_client *client;
    struct http_request *next_idle;
    uint32_t tag;
    struct buf url;
    struct buf body;
    struct slice lent; /* in place of the body, if there is any */
    struct buf answer;
    struct curl_slist *own_headers; /* linked in front of the client's */
};

struct http_client {
    struct transfer_hub *hub;
    struct transfer_tally *tally; /* NULL: nothing is counted */
    http_client_answer_fn on_answer;
    void *arg;
    bool has_body;
    bool has_url;
    struct buf body;   /* of the answer that is being handed over */
    struct buf header; /* its header of interest */
    char *answer_header;
    struct curl_slist *headers;
    uint32_t request_count;
    struct http_request *requests;
    struct http_request *idle; /* the last used first: its connection is the warmest */
};

static size_t request_on_body(char *bytes, size_t size, size_t count, void *arg)
{
    struct http_request *request = arg;
    size_t len = size * count;
    size_t room = HTTP_ANSWER_MAX_BYTES - request->answer.len;
    buf_append(&request->answer, bytes, len < room ? len : room);
    return len <= room ? len : 0; /* 0 ends the transfer with CURLE_WRITE_ERROR */
}

static void request_recycle(struct http_request *request)
{
    buf_clear(&request->url);
    buf_clear(&request->body);
    request->lent = slice_of(NULL, 0);
    if (request->own_headers != NULL) {
        struct curl_slist *last = request->own_headers;
        while (last->next != request->client->headers) {
            last = last->next;
        }
        last->next = NULL;
        curl_slist_free_all(request->own_headers);
        request->own_headers = NULL;
        curl_easy_setopt(request->transfer.easy, CURLOPT_HTTPHEADER, request->client->headers);
    }
    request->next_idle = request->client->idle;
    request->client->idle = request;
}

/* What it means that no answer came. A proxy that opens no tunnel (RFC 9110 section 9.3.6) refuses
 * all requests alike with 4xx: its credentials, or a host that it does not let through. */
static struct transfer_failure request_failure(const struct http_request *request, CURLcode result)
{
    long proxy_status = 0;
    (void)curl_easy_getinfo(request->transfer.easy, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
    if (!request->transfer.requested && proxy_status >= 400 && proxy_status <= 499) {
        return (struct transfer_failure){OUTCOME_MISCONFIGURED, (enum reason)proxy_status};
    }
    if (request->transfer.refused) {
        return (struct transfer_failure){OUTCOME_REJECTED, REASON_ADDRESS_REFUSED};
    }
    return transfer_failure_of(result, transfer_has_sent(&request->transfer));
}

static void request_read_answer(struct http_request *request, CURLcode result,
                                struct http_answer *answer)
{
    CURL *easy = request->transfer.easy;
    long status = 0;
    curl_off_t retry_after_s = 0;
    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    if (status >= 200 && status < 600) { /* a lone 1xx is no answer */
        answer->status = (uint16_t)status;
    }
    if (status >= 300) {
        (void)curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry_after_s);
    }
    if (retry_after_s > 0) {
        answer->retry_after_ms =
            retry_after_s < 86400 ? (uint32_t)retry_after_s * 1000 : 86400 * 1000;
    }
    answer->complete = result == CURLE_OK;
    long connects = 0;
    (void)curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connects);
    answer->connected = connects > 0;
    struct transfer_failure failure = request_failure(request, result);
    answer->outcome = failure.outcome;
    answer->reason = failure.reason;
    struct curl_header *header;
    if (request->client->answer_header != NULL &&
        curl_easy_header(easy, request->client->answer_header, 0, CURLH_HEADER, -1, &header) ==
            CURLHE_OK) {
        buf_clear(&request->client->header);
        buf_str(&request->client->header, header->value);
        answer->header = buf_cstr(&request->client->header);
    }
}

/* The request is free before the answer is told, so that the next can be sent from there. */
static void request_count(const struct http_request *request, struct transfer_tally *tally)
{
    CURL *easy = request->transfer.easy;
    long head_sent = 0;
    long head_received = 0;
    curl_off_t sent = 0;
    curl_off_t received = 0;
    (void)curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &head_sent);
    (void)curl_easy_getinfo(easy, CURLINFO_HEADER_SIZE, &head_received);
    (void)curl_easy_getinfo(easy, CURLINFO_SIZE_UPLOAD_T, &sent);
    (void)curl_easy_getinfo(easy, CURLINFO_SIZE_DOWNLOAD_T, &received);
    tally->sent_bytes += (uint64_t)head_sent + (uint64_t)sent;
    tally->received_bytes += (uint64_t)head_received + (uint64_t)received;
}

static void request_on_done(struct transfer *transfer, CURLcode result)
{
    struct http_request *request = (struct http_request *)transfer;
    struct http_client *client = request->client;
    (void)buf_cstr(&request->answer);
    struct http_answer answer = {
        .tag = request->tag, .body = buf_view(&request->answer), .request = request};
    request_read_answer(request, result, &answer);
    struct buf spare = client->body;
    client->body = request->answer;
    request->answer = spare;
    if (client->tally != NULL) {
        request_count(request, client->tally);
    }
    transfer_end(transfer);
    request_recycle(request);
    client->on_answer(client->arg, &answer);
}

/* ALPN settles it for https, and a server may settle on HTTP/1.1. */
static long request_version(const struct http_client_settings *settings)
{
    bool is_plain = settings->url != NULL && strncasecmp(settings->url, "http:", 5) == 0;
    return !settings->http2 ? CURL_HTTP_VERSION_1_1
           : is_plain       ? CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE
                            : CURL_HTTP_VERSION_2TLS;
}

static void request_init(struct http_request *request, struct http_client *client,
                         const struct http_client_settings *settings)
{
    struct transfer_options options = {
        .protocols = settings->https_only ? "https" : "http,https",
        .ca_file = settings->ca_file,
        .insecure_tls = settings->insecure_tls,
        .proxy = settings->proxy,
        .user = settings->user,
        .password = settings->password,
        .http2 = settings->http2,
    };
    transfer_init(&request->transfer, client->hub, &options, request_on_done);
    request->client = client;
    CURL *easy = request->transfer.easy;
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, request_version(settings));
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, client->headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, request_on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, request);
    if (settings->aws_sigv4 != NULL) {
        curl_easy_setopt(easy, CURLOPT_AWS_SIGV4, settings->aws_sigv4);
    }
    if (settings->has_body) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
    }
    if (strcmp(settings->method, settings->has_body ? "POST" : "GET") != 0) {
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, settings->method);
    }
    if (settings->url != NULL) {
        curl_easy_setopt(easy, CURLOPT_URL, settings->url);
    }
}

struct http_client *http_client_new(const struct http_client_settings *settings)
{
    struct http_client *client = mem_zalloc(1, sizeof(*client));
    client->hub = transfer_hub_new(&(struct transfer_hub_settings){
        .loop = settings->loop,
        .connections = settings->connections,
        .streams = settings->http2 ? settings->streams : 0,
        .connect_timeout_ms = settings->connect_timeout_ms,
        .timeout_ms = settings->timeout_ms,
        .guard = settings->guard,
        .tally = settings->tally,
    });
    client->tally = settings->tally;
    client->on_answer = settings->on_answer;
    client->arg = settings->arg;
    client->has_body = settings->has_body;
    client->has_url = settings->url != NULL;
    client->answer_header = mem_copy_str(settings->answer_header);
    for (size_t i = 0; settings->headers != NULL && settings->headers[i] != NULL; i++) {
        client->headers = curl_slist_append(client->headers, settings->headers[i]);
    }
    client->request_count = settings->connections * (settings->http2 ? settings->streams : 1);
    client->requests = mem_zalloc(client->request_count, sizeof(struct http_request));
    for (uint32_t i = 0; i < client->request_count; i++) {
        request_init(&client->requests[i], client, settings);
        request_recycle(&client->requests[i]);
    }
    return client;
}

void http_client_close(struct http_client *client)
{
    for (uint32_t i = 0; i < client->request_count; i++) {
        transfer_abort(&client->requests[i].transfer);
    }
    for (uint32_t i = 0; i < client->request_count; i++) {
        struct http_request *request = &client->requests[i];
        transfer_release(&request->transfer);
        buf_release(&request->url);
        buf_release(&request->body);
        buf_release(&request->answer);
    }
    transfer_hub_close(client->hub);
    curl_slist_free_all(client->headers);
    buf_release(&client->body);
    buf_release(&client->header);
    mem_free(client->answer_header);
    mem_free(client->requests);
    mem_free(client);
}

struct http_request *http_client_take(struct http_client *client)
{
    struct http_request *request = client->idle;
    assert(request != NULL);
    client->idle = request->next_idle;
    return request;
}

void http_request_drop(struct http_request *request)
{
    request_recycle(request);
}

struct buf *http_request_url(struct http_request *request)
{
    return &request->url;
}

struct buf *http_request_body(struct http_request *request)
{
    return &request->body;
}

void http_request_lend(struct http_request *request, struct slice body)
{
    request->lent = body;
}

void http_request_header(struct http_request *request, const char *line)
{
    struct curl_slist *node = curl_slist_append(NULL, line);
    node->next = request->own_headers == NULL ? request->client->headers : request->own_headers;
    request->own_headers = node;
}

void http_request_send(struct http_request *request, uint32_t tag)
{
    CURL *easy = request->transfer.easy;
    request->tag = tag;
    buf_clear(&request->answer);
    struct slice body = request->lent;
    if (body.len == 0) {
        body = slice_of((const uint8_t *)buf_cstr(&request->body), request->body.len);
    }
    if (body.len >= EXPECT_BYTES) {
        http_request_header(request, "Expect:");
    }
    if (!request->client->has_url) {
        curl_easy_setopt(easy, CURLOPT_URL, buf_cstr(&request->url));
    }
    if (request->own_headers != NULL) {
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, request->own_headers);
    }
    if (request->client->has_body) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, (const char *)body.data);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)body.len);
    }
    transfer_start(&request->transfer);
}

const char *http_client_header(const struct http_answer *answer, const char *name)
{
    struct curl_header *header = NULL;
    CURL *easy = answer->request->transfer.easy;
    return curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK ? header->value
                                                                                   : NULL;
}

bool http_client_url_is_valid(const char *url)
{
    CURLU *parsed = curl_url();
    char *scheme = NULL;
    char *host = NULL;
    bool is_valid = curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
                    curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                    curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
                    (strcasecmp(scheme, "http") == 0 || strcasecmp(scheme, "https") == 0);
    curl_free(scheme);
    curl_free(host);
    curl_url_cleanup(parsed);
    return is_valid;
}
