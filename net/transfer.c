/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl's multi interface is cheap only if three things are done differently from the manual:
 *
 * - Sockets stay with libuv between requests (transfer_socket.c).
 * - CURLOPT_TIMEOUT_MS and CURLOPT_CONNECTTIMEOUT_MS cost a tree insertion each at every request.
 *   Deadlines are kept here: all of a hub are equally long, so one timer stands at the earliest
 *   that was known when it was set, and few of those whose turn has come are still under way. It
 *   fires about once a timeout, and then looks through what is under way.
 * - Nothing is called back from inside libcurl but what it asks for. What is done is fetched after
 *   curl_multi_socket_action has returned (hub_drain), so that owners may start the next transfer
 *   from on_done. No curl_multi_* function is called in a callback of libcurl.
 *
 * libcurl sends a request a second time, unasked, if a reused connection ends before the first byte
 * of the answer. The provider may have taken the first, and a message that is sent twice must be
 * known as such: the pre-request callback refuses the second try once a byte of the first has left.
 *
 * That holds for HTTP/2 as well. A server may refuse a stream unread (REFUSED_STREAM, or GOAWAY
 * with the number of an earlier one), and libcurl repeats that, too; but it repeats just as
 * silently what was under way on a connection whose session broke, after the server had taken it.
 * libcurl 7.88 tells nobody which it was, so neither is repeated here: both are uncertain.
 */
#include "net/transfer.h"

#include <assert.h>
#include <string.h>

#include "common/mem.h"
#include "net/transfer_socket.h"

/* The receive buffer is allocated anew for every transfer; answers are short. */
#define RECEIVE_BUFFER_BYTES 4096

struct transfer_hub {
    struct transfer_hub_settings settings;
    CURLM *multi;
    struct transfer_sockets sockets;
    uv_timer_t curl_timer;
    uv_timer_t deadline_timer;
    uint64_t deadline_set_ms; /* 0: the timer does not run */
    unsigned timers_open;     /* the hub is freed with the last timer and socket */
    struct transfer *timed;   /* first of those with a deadline */
};

/* --- events for libcurl --- */

static void hub_drain(struct transfer_hub *hub);

static void hub_on_ready(struct transfer_hub *hub, curl_socket_t fd, int flags)
{
    int running;
    CURLMcode code = curl_multi_socket_action(hub->multi, fd, flags, &running);
    assert(code == CURLM_OK);
    hub_drain(hub);
}

static void hub_on_curl_timer(uv_timer_t *timer)
{
    hub_on_ready(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static int hub_on_set_timer(CURLM *multi, long timeout_ms, void *arg)
{
    (void)multi;
    struct transfer_hub *hub = arg;
    if (timeout_ms < 0) {
        uv_timer_stop(&hub->curl_timer);
    } else {
        uv_timer_start(&hub->curl_timer, hub_on_curl_timer, (uint64_t)timeout_ms, 0);
    }
    return 0;
}

/* --- deadlines --- */

static void hub_on_deadline(uv_timer_t *timer);

static void hub_wake_at(struct transfer_hub *hub, uint64_t deadline_ms, uint64_t now_ms)
{
    if (hub->deadline_set_ms == 0 || deadline_ms < hub->deadline_set_ms) {
        hub->deadline_set_ms = deadline_ms;
        uv_timer_start(&hub->deadline_timer, hub_on_deadline,
                       deadline_ms > now_ms ? deadline_ms - now_ms : 0, 0);
    }
}

static void timed_add(struct transfer *transfer)
{
    struct transfer_hub *hub = transfer->hub;
    transfer->before = NULL;
    transfer->next = hub->timed;
    if (hub->timed != NULL) {
        hub->timed->before = transfer;
    }
    hub->timed = transfer;
}

static void timed_remove(struct transfer *transfer)
{
    if (transfer->before != NULL) {
        transfer->before->next = transfer->next;
    } else {
        transfer->hub->timed = transfer->next;
    }
    if (transfer->next != NULL) {
        transfer->next->before = transfer->before;
    }
}

static void transfer_set_deadline(struct transfer *transfer, uint64_t deadline_ms)
{
    struct transfer_hub *hub = transfer->hub;
    if (transfer->deadline_ms == 0) {
        timed_add(transfer);
    }
    transfer->deadline_ms = deadline_ms;
    hub_wake_at(hub, deadline_ms, uv_now(hub->settings.loop));
}

static void transfer_clear_deadline(struct transfer *transfer)
{
    if (transfer->deadline_ms != 0) {
        timed_remove(transfer);
        transfer->deadline_ms = 0;
    }
}

static void transfer_finish(struct transfer *transfer, CURLcode result)
{
    transfer_clear_deadline(transfer);
    transfer->done = true;
    transfer->on_done(transfer, result);
}

static void transfer_on_overdue(struct transfer *transfer)
{
    if (transfer->done) {
        transfer_clear_deadline(transfer);
        transfer->on_event(transfer, TRANSFER_OVERDUE);
    } else {
        transfer_finish(transfer, CURLE_OPERATION_TIMEDOUT);
    }
}

static struct transfer *hub_first_overdue(const struct transfer_hub *hub, uint64_t now_ms)
{
    struct transfer *transfer = hub->timed;
    while (transfer != NULL && transfer->deadline_ms > now_ms) {
        transfer = transfer->next;
    }
    return transfer;
}

static void hub_on_deadline(uv_timer_t *timer)
{
    struct transfer_hub *hub = timer->data;
    uint64_t now_ms = uv_now(timer->loop);
    struct transfer *overdue;
    while ((overdue = hub_first_overdue(hub, now_ms)) != NULL) {
        transfer_on_overdue(overdue);
    }
    hub->deadline_set_ms = 0;
    for (struct transfer *each = hub->timed; each != NULL; each = each->next) {
        hub_wake_at(hub, each->deadline_ms, now_ms);
    }
}

/* --- transfers --- */

static void hub_drain(struct transfer_hub *hub)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(hub->multi, &left)) != NULL) {
        CURLcode result = message->data.result;
        struct transfer *transfer;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
        transfer_finish(transfer, result);
    }
}

/* Of requests to a proxy, too. */
static long request_bytes(const struct transfer *transfer)
{
    long bytes = 0;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &bytes);
    return bytes;
}

bool transfer_has_sent(const struct transfer *transfer)
{
    return transfer->requested && request_bytes(transfer) > transfer->tunnel_bytes;
}

/* Before each request, and before libcurl repeats one on another connection. */
static int transfer_on_request(void *arg, char *peer, /* NOLINT(readability-non-const-parameter) */
                               char *local,           /* NOLINT(readability-non-const-parameter) */
                               int peer_port, int local_port)
{
    (void)peer;
    (void)local;
    (void)peer_port;
    (void)local_port;
    struct transfer *transfer = arg;
    bool is_again = transfer_has_sent(transfer);
    if (!transfer->requested) {
        transfer->requested = true;
        transfer->tunnel_bytes = request_bytes(transfer);
    }
    transfer_set_deadline(transfer, transfer->started_ms + transfer->hub->settings.timeout_ms);
    return is_again ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

void transfer_start(struct transfer *transfer)
{
    struct transfer_hub *hub = transfer->hub;
    assert(!transfer->started);
    transfer->started = true;
    transfer->done = false;
    transfer->dialled = false;
    transfer->refused = false;
    transfer->requested = false;
    transfer->started_ms = uv_now(hub->settings.loop);
    transfer_set_deadline(transfer, transfer->started_ms + hub->settings.connect_timeout_ms);
    CURLMcode code = curl_multi_add_handle(hub->multi, transfer->easy);
    assert(code == CURLM_OK);
}

void transfer_end(struct transfer *transfer)
{
    if (!transfer->started) {
        return;
    }
    transfer_clear_deadline(transfer);
    transfer->started = false;
    transfer->done = false;
    CURLMcode code = curl_multi_remove_handle(transfer->hub->multi, transfer->easy);
    assert(code == CURLM_OK);
}

void transfer_abort(struct transfer *transfer)
{
    if (transfer->started && !transfer->done) {
        transfer_finish(transfer, CURLE_ABORTED_BY_CALLBACK);
    }
}

void transfer_watch(struct transfer *transfer, int uv_events, transfer_event_fn on_event)
{
    curl_socket_t fd = CURL_SOCKET_BAD;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_ACTIVESOCKET, &fd);
    assert(transfer->done);
    transfer->on_event = on_event;
    transfer_socket_hand_over(&transfer->hub->sockets, fd, transfer, uv_events);
}

void transfer_expect(struct transfer *transfer, uint32_t timeout_ms)
{
    assert(transfer->done);
    if (timeout_ms == 0) {
        transfer_clear_deadline(transfer);
    } else {
        transfer_set_deadline(transfer, uv_now(transfer->hub->settings.loop) + timeout_ms);
    }
}

/* Of a name with several addresses the others may still be let through. */
static curl_socket_t transfer_on_open(void *arg, curlsocktype purpose,
                                      struct curl_sockaddr *address)
{
    struct transfer *transfer = arg;
    const struct address_guard *guard = transfer->hub->settings.guard;
    if (guard != NULL && !address_guard_admits(guard, &address->addr)) {
        transfer->refused = !transfer->dialled;
        return CURL_SOCKET_BAD;
    }
    transfer->dialled = true;
    transfer->refused = false;
    return transfer_socket_on_open(&transfer->hub->sockets, purpose, address);
}

static void transfer_secure(CURL *easy, const struct transfer_options *options)
{
    if (options->ca_file != NULL) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, options->ca_file);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    if (options->insecure_tls) {
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
}

void transfer_init(struct transfer *transfer, struct transfer_hub *hub,
                   const struct transfer_options *options, transfer_done_fn on_done)
{
    CURL *easy = curl_easy_init();
    *transfer = (struct transfer){.hub = hub, .easy = easy, .on_done = on_done};
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)RECEIVE_BUFFER_BYTES);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, transfer_on_open);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, transfer_socket_on_close);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, &hub->sockets);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, transfer_on_request);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, options->protocols);
    curl_easy_setopt(easy, CURLOPT_PROXY, options->proxy == NULL ? "" : options->proxy);
    if (options->user != NULL) {
        curl_easy_setopt(easy, CURLOPT_USERNAME, options->user);
        curl_easy_setopt(easy, CURLOPT_PASSWORD, options->password);
    }
    if (options->http2) {
        /* Wait for a connection that is being made, as it may take many requests. */
        curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
    }
    transfer_secure(easy, options);
}

void transfer_release(struct transfer *transfer)
{
    transfer_end(transfer);
    curl_easy_cleanup(transfer->easy);
    transfer->easy = NULL;
}

/* --- the hub --- */

static void hub_free_when_closed(struct transfer_hub *hub)
{
    if (hub->timers_open == 0 && hub->sockets.open == 0) {
        transfer_sockets_release(&hub->sockets);
        mem_free(hub);
    }
}

static void hub_on_timer_closed(uv_handle_t *handle)
{
    struct transfer_hub *hub = handle->data;
    hub->timers_open--;
    hub_free_when_closed(hub);
}

static void hub_timer_init(struct transfer_hub *hub, uv_timer_t *timer)
{
    (void)uv_timer_init(hub->settings.loop, timer);
    timer->data = hub;
    hub->timers_open++;
}

struct transfer_hub *transfer_hub_new(const struct transfer_hub_settings *settings)
{
    CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
    assert(code == CURLE_OK);
    struct transfer_hub *hub = mem_zalloc(1, sizeof(*hub));
    hub->settings = *settings;
    hub->sockets = (struct transfer_sockets){
        .loop = settings->loop,
        .on_ready = hub_on_ready,
        .on_closed = hub_free_when_closed,
        .hub = hub,
        .tally = settings->tally,
    };
    hub_timer_init(hub, &hub->curl_timer);
    hub_timer_init(hub, &hub->deadline_timer);
    hub->multi = curl_multi_init();
    curl_multi_setopt(hub->multi, CURLMOPT_SOCKETFUNCTION, transfer_socket_on_wanted);
    curl_multi_setopt(hub->multi, CURLMOPT_SOCKETDATA, &hub->sockets);
    curl_multi_setopt(hub->multi, CURLMOPT_TIMERFUNCTION, hub_on_set_timer);
    curl_multi_setopt(hub->multi, CURLMOPT_TIMERDATA, hub);
    curl_multi_setopt(hub->multi, CURLMOPT_MAXCONNECTS, (long)settings->connections);
    if (settings->streams > 0) {
        curl_multi_setopt(hub->multi, CURLMOPT_MAX_CONCURRENT_STREAMS, (long)settings->streams);
        curl_multi_setopt(hub->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)settings->connections);
    }
    return hub;
}

void transfer_hub_close(struct transfer_hub *hub)
{
    assert(hub->timed == NULL);
    (void)curl_multi_cleanup(hub->multi);
    uv_close((uv_handle_t *)&hub->curl_timer, hub_on_timer_closed);
    uv_close((uv_handle_t *)&hub->deadline_timer, hub_on_timer_closed);
    curl_global_cleanup();
}
